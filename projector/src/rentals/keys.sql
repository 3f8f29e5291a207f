ALTER TABLE {schema}.rental ADD CONSTRAINT rental_pk PRIMARY KEY (rental_id);
ALTER TABLE {schema}.tariff ADD CONSTRAINT tariff_pk PRIMARY KEY (tariff_id, version);
ALTER TABLE {schema}.tariff_retired ADD CONSTRAINT tariff_retired_pk PRIMARY KEY (tariff_id);
