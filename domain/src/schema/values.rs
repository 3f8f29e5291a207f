//! Schemas of the values that read themselves: what their constructors accept.

use std::borrow::Cow;

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};

use crate::{
    Money,
    values::{
        CapacityMah, Degrees, Minutes, Name, Percent, ProviderReference, Reason, Serial, SlotCount,
        SlotNumber, StationCode,
    },
};

macro_rules! described {
    ($($type:ident: $schema:tt;)*) => {
        $(
            impl JsonSchema for $type {
                fn schema_name() -> Cow<'static, str> {
                    stringify!($type).into()
                }

                fn json_schema(_: &mut SchemaGenerator) -> Schema {
                    json_schema!($schema)
                }
            }
        )*
    };
}

described! {
    Money: {"description": "Whole Tanzanian shillings, never negative.", "type": "integer", "minimum": 0};
    Serial: {"description": "What is printed on a power bank.", "type": "string", "pattern": "^[A-Za-z0-9._-]{3,40}$"};
    StationCode: {"description": "The short code of a station.", "type": "string", "pattern": "^[A-Za-z0-9._-]{1,40}$"};
    Name: {"description": "A name for people to read.", "type": "string", "minLength": 1, "maxLength": 200, "pattern": "\\S"};
    Reason: {"description": "Why somebody did something.", "type": "string", "maxLength": 200};
    ProviderReference: {
        "description": "The provider's own id of a transaction.", "type": "string", "pattern": "^[!-~]{1,128}$"
    };
    SlotNumber: {"description": "A slot, counted from 1.", "type": "integer", "minimum": 1, "maximum": 200};
    Percent: {"description": "How full a battery is.", "type": "integer", "minimum": 0, "maximum": 100};
    SlotCount: {"description": "How many slots a station has.", "type": "integer", "minimum": 1, "maximum": 200};
    CapacityMah: {
        "description": "What a battery holds, in mAh.", "type": "integer", "minimum": 100, "maximum": 1_000_000
    };
    Minutes: {"description": "A length of time in minutes.", "type": "integer", "minimum": 1, "maximum": 525_600};
}

impl<const MAX: i32> JsonSchema for Degrees<MAX> {
    fn inline_schema() -> bool {
        true
    }

    fn schema_name() -> Cow<'static, str> {
        format!("Degrees{MAX}").into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({"type": "number", "minimum": -MAX, "maximum": MAX})
    }
}
