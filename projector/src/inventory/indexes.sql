-- The bank in a slot.
CREATE INDEX device_at ON {schema}.device (station_id, slot) WHERE station_id IS NOT NULL;
-- Stations near a place.
CREATE INDEX station_by_latitude ON {schema}.station (latitude, longitude);
-- The bank of a printed serial.
CREATE INDEX device_by_serial ON {schema}.device (serial);
-- The banks that stood at a station.
CREATE INDEX device_past_at ON {schema}.device_past (station_id, position) WHERE station_id IS NOT NULL;
