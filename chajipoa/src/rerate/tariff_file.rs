//! A tariff as a file: TOML or JSON, each field by its name, absent ones as in the standard tariff.

use std::{fs, io, path::Path};

use domain::{
    Money, Rejection,
    tariff::{Terms, check},
};
use serde_json::{Map, Value};

/// Why a file is no tariff.
#[derive(Debug, thiserror::Error)]
pub enum TariffFileError {
    /// It cannot be read.
    #[error("the tariff's file cannot be read")]
    File(#[source] io::Error),
    /// It is neither TOML nor JSON.
    #[error("the tariff's file is not {0}: {1}")]
    Form(&'static str, String),
    /// A field is none of a tariff's.
    #[error("{field} is no field of a tariff; the fields are {}", FIELDS.join(", "))]
    Unknown {
        /// Its name.
        field: String,
    },
    /// A field has another kind of value.
    #[error("{field} has to be a whole number of {unit}, not {value}")]
    Value {
        /// Its name.
        field: &'static str,
        /// What is counted.
        unit: &'static str,
        /// What stands there.
        value: Value,
    },
    /// A field's number is not one that may be published.
    #[error("{field} is out of bounds: no tariff could be published with it")]
    Bounds {
        /// Its name.
        field: &'static str,
    },
}

macro_rules! fields {
    ($($field:ident: $unit:literal = $read:ident;)*) => {
        /// The fields of a tariff.
        const FIELDS: &[&str] = &[$(stringify!($field)),*];

        fn terms(values: &Map<String, Value>) -> Result<Terms, TariffFileError> {
            let mut terms = Terms::STANDARD;
            for (field, value) in values {
                match field.as_str() {
                    $(stringify!($field) => {
                        terms.$field = $read(value).ok_or_else(|| TariffFileError::Value {
                            field: stringify!($field), unit: $unit, value: value.clone(),
                        })?;
                    })*
                    "name" => {}
                    _ => return Err(TariffFileError::Unknown { field: field.clone() }),
                }
            }
            Ok(terms)
        }
    };
}

fields! {
    free_minutes: "minutes" = whole;
    free_rentals_per_day: "rentals" = count;
    unit_minutes: "minutes" = whole;
    unit_price: "shillings" = money;
    daily_cap: "shillings" = money;
    term_minutes: "minutes" = whole;
    late_fee_per_day: "shillings" = money;
    sale_after_minutes: "minutes" = whole;
    replacement_fee: "shillings" = money;
    recovery_days: "days" = whole;
    deposit: "shillings" = money;
    extension_max_minutes: "minutes" = whole;
    vat_percent: "percent" = count;
}

fn whole(value: &Value) -> Option<i64> {
    value.as_i64()
}

fn count(value: &Value) -> Option<u32> {
    value.as_u64().and_then(|count| u32::try_from(count).ok())
}

fn money(value: &Value) -> Option<Money> {
    value.as_i64().and_then(Money::new)
}

/// Reads a tariff's file. A name may stand in it and is left alone.
///
/// # Errors
/// It cannot be read, or is no tariff: the field at fault is named.
pub fn read(path: &Path) -> Result<Terms, TariffFileError> {
    let text = fs::read_to_string(path).map_err(TariffFileError::File)?;
    let json = path.extension().is_some_and(|ending| ending.eq_ignore_ascii_case("json"))
        || text.trim_start().starts_with('{');
    parse(&text, json)
}

fn parse(text: &str, json: bool) -> Result<Terms, TariffFileError> {
    let values: Map<String, Value> = if json {
        serde_json::from_str(text).map_err(|error| TariffFileError::Form("JSON", error.to_string()))?
    } else {
        toml::from_str(text).map_err(|error| TariffFileError::Form("TOML", error.to_string()))?
    };
    let terms = terms(&values)?;
    match check(&terms) {
        Ok(()) => Ok(terms),
        Err(Rejection::TariffTermsInvalid { field }) => Err(TariffFileError::Bounds { field }),
        Err(_) => Err(TariffFileError::Bounds { field: "a field" }),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn absent_fields_are_those_of_the_standard_tariff() {
        let wanted = Terms { unit_price: Money::tzs(700), unit_minutes: 20, ..Terms::STANDARD };
        assert_eq!(parse("name = \"Busy\"\nunit_price = 700\nunit_minutes = 20\n", false).unwrap(), wanted);
        assert_eq!(parse(r#"{"unit_price": 700, "unit_minutes": 20}"#, true).unwrap(), wanted);
        assert_eq!(parse("", false).unwrap(), Terms::STANDARD);
    }

    #[test]
    fn every_field_of_a_tariff_can_be_set() {
        let written = serde_json::to_value(Terms::STANDARD).unwrap();
        let fields: Vec<&str> = written.as_object().unwrap().keys().map(String::as_str).collect();
        let mut listed = FIELDS.to_vec();
        listed.sort_unstable();
        let mut fields = fields;
        fields.sort_unstable();
        assert_eq!(fields, listed);
        assert_eq!(parse(&written.to_string(), true).unwrap(), Terms::STANDARD);
    }

    #[test]
    fn what_is_wrong_is_named() {
        let said = |text: &str| parse(text, false).unwrap_err().to_string();
        assert!(
            said("unit_prise = 5").starts_with("unit_prise is no field of a tariff"),
            "{}",
            said("unit_prise = 5")
        );
        assert_eq!(said("unit_price = 5.5"), "unit_price has to be a whole number of shillings, not 5.5");
        assert_eq!(said("unit_price = -5"), "unit_price has to be a whole number of shillings, not -5");
        assert_eq!(
            said("vat_percent = \"18\""),
            "vat_percent has to be a whole number of percent, not \"18\""
        );
        assert_eq!(
            said("unit_minutes = 0"),
            "unit_minutes is out of bounds: no tariff could be published with it"
        );
        assert!(
            said("unit_minutes").starts_with("the tariff's file is not TOML"),
            "{}",
            said("unit_minutes")
        );
        assert!(parse("{", true).unwrap_err().to_string().starts_with("the tariff's file is not JSON"));
    }
}
