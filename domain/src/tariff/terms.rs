//! The numbers of a price list. Every one is a field, none a constant; the standard ones are the defaults.

use serde::{Deserialize, Deserializer, Serialize, Serializer};

use crate::{Money, Time, ids::TariffId, values::Name};

/// What renting costs and how long it may last. Minutes and days are whole and positive unless noted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Terms {
    /// A rental of at most this length costs nothing.
    pub free_minutes: i64,
    /// So many rentals per customer and business day have free minutes.
    pub free_rentals_per_day: u32,
    /// The length of a unit of usage.
    pub unit_minutes: i64,
    /// The price of each started unit.
    pub unit_price: Money,
    /// The most that usage costs in each block of 24 hours from the start.
    pub daily_cap: Money,
    /// How long a rental lasts before it is overdue.
    pub term_minutes: i64,
    /// The fee for each started 24 hours after the due time.
    pub late_fee_per_day: Money,
    /// How long after the due time the bank counts as sold.
    pub sale_after_minutes: i64,
    /// What a bank costs that does not come back.
    pub replacement_fee: Money,
    /// How many days after the sale a return still gives the replacement fee back.
    pub recovery_days: i64,
    /// The deposit balance that a start needs.
    pub deposit: Money,
    /// The most minutes by which a rental can be extended in all.
    pub extension_max_minutes: i64,
    /// The share of value added tax in every price, in percent.
    pub vat_percent: u32,
}

impl Terms {
    /// The standard tariff.
    pub const STANDARD: Terms = Terms {
        free_minutes: 5,
        free_rentals_per_day: 2,
        unit_minutes: 30,
        unit_price: Money::tzs(500),
        daily_cap: Money::tzs(5_000),
        term_minutes: 1_440,
        late_fee_per_day: Money::tzs(1_000),
        sale_after_minutes: 4_320,
        replacement_fee: Money::tzs(45_000),
        recovery_days: 30,
        deposit: Money::tzs(10_000),
        extension_max_minutes: 4_320,
        vat_percent: 18,
    };
}

/// One version of a tariff, whole, as a rental carries it. In JSON its numbers stand beside its name.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Tariff {
    /// Which tariff.
    pub tariff_id: TariffId,
    /// Which version of it, from 1.
    pub version: u32,
    /// Its name.
    pub name: Name,
    /// From when on it is in force.
    pub effective_from: Time,
    /// Its numbers.
    pub terms: Terms,
}

/// The JSON of a tariff, its members written out: `flatten` would take every one of them through a map, on each start
/// that is recorded and each event that is read.
macro_rules! tariff_json {
    ($($term:ident: $type:ty),+ $(,)?) => {
        #[derive(Serialize)]
        struct Written<'a> {
            tariff_id: TariffId,
            version: u32,
            name: &'a Name,
            effective_from: Time,
            $($term: $type,)+
        }

        #[derive(Deserialize)]
        #[cfg_attr(test, derive(schemars::JsonSchema))]
        struct Read {
            tariff_id: TariffId,
            version: u32,
            name: Name,
            effective_from: Time,
            $($term: $type,)+
        }

        impl Serialize for Tariff {
            fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                let Tariff { tariff_id, version, name, effective_from, terms: Terms { $($term,)+ } } = self;
                let (tariff_id, version, effective_from) = (*tariff_id, *version, *effective_from);
                Written { tariff_id, version, name, effective_from, $($term: *$term,)+ }.serialize(serializer)
            }
        }

        impl<'de> Deserialize<'de> for Tariff {
            fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                let Read { tariff_id, version, name, effective_from, $($term,)+ } = Read::deserialize(deserializer)?;
                Ok(Tariff { tariff_id, version, name, effective_from, terms: Terms { $($term,)+ } })
            }
        }
    };
}

tariff_json! {
    free_minutes: i64, free_rentals_per_day: u32, unit_minutes: i64, unit_price: Money, daily_cap: Money,
    term_minutes: i64, late_fee_per_day: Money, sale_after_minutes: i64, replacement_fee: Money, recovery_days: i64,
    deposit: Money, extension_max_minutes: i64, vat_percent: u32,
}

#[cfg(test)]
impl schemars::JsonSchema for Tariff {
    fn schema_name() -> std::borrow::Cow<'static, str> {
        "Tariff".into()
    }

    fn json_schema(generator: &mut schemars::SchemaGenerator) -> schemars::Schema {
        Read::json_schema(generator)
    }
}
