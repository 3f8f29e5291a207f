ALTER TABLE {schema}.station ADD CONSTRAINT station_pk PRIMARY KEY (station_id);
ALTER TABLE {schema}.slot ADD CONSTRAINT slot_pk PRIMARY KEY (station_id, slot);
ALTER TABLE {schema}.device ADD CONSTRAINT device_pk PRIMARY KEY (device_id);
