
-- What analysts read of this model: exactly this.
REVOKE ALL ON read_model.inventory_position, read_model.slot, read_model.station, read_model.device FROM chajipoa_analyst;
GRANT SELECT ON read_model.inventory_position, read_model.slot, read_model.station, read_model.device TO chajipoa_analyst;
