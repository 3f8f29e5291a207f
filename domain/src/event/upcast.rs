//! Versions of events that are recorded no more, and what each becomes when it is read.
//!
//! Stored bytes never change, so every version stays readable for ever. An older one is read as the struct it was
//! written from and raised to the next version, from there to the one after that, until it is an [`Event`] of today:
//! all that reads events goes through [`Event::decode`] and knows only today's. What a step fills in follows from the old
//! fields alone; what does not follow from them is left out, never guessed.

use serde::Deserialize;

use super::{
    CorrectedStage, CorrectionCause, Event, Place, RentalCorrected, RentalExtended, ReturnEvidence, Review,
};
use crate::{
    Time,
    ids::{CustomerId, DeviceId, RentalId},
    purse::{Credited, Debited},
    rating::{Charge, Posted},
    timing,
};

macro_rules! older_versions {
    ($(
        $(#[$doc:meta])*
        $struct:ident was $type:ident v $version:literal {
            $($(#[$attribute:meta])* $field:ident: $field_type:ty,)*
        }
        |$old:ident| $next:expr;
    )*) => {
        $(
            $(#[$doc])*
            #[derive(Deserialize)]
            #[cfg_attr(test, derive(schemars::JsonSchema))]
            struct $struct { $($(#[$attribute])* $field: $field_type,)* }

            impl From<$struct> for Event {
                fn from($old: $struct) -> Event {
                    Event::from($next)
                }
            }
        )*

        /// Types and versions that are read and recorded no more.
        pub(super) const OLDER: &[(&str, i16)] = &[$((stringify!($type), $version)),*];

        /// Reads an older version; nothing where type and version are none of them.
        pub(super) fn decode(event_type: &str, version: i16, payload: &[u8]) -> Option<Result<Event, String>> {
            let read = match (event_type, version) {
                $((stringify!($type), $version) => serde_json::from_slice::<$struct>(payload).map(Event::from),)*
                (_, _) => return None,
            };
            Some(read.map_err(|error| error.to_string()))
        }

        #[cfg(test)]
        pub(super) fn schemas() -> Vec<(&'static str, i16, crate::schema::Described)> {
            vec![$((stringify!($type), $version, crate::schema::described::<$struct>())),*]
        }
    };
}

older_versions! {
    /// The due time moved. It said by how much and where to, not from where.
    RentalExtendedV1 was RentalExtended v 1 {
        rental_id: RentalId, customer_id: CustomerId, minutes: i64, due_at: Time,
    }
    |old| RentalExtended {
        rental_id: old.rental_id,
        customer_id: old.customer_id,
        minutes: old.minutes,
        previous_due_at: timing::plus_minutes(old.due_at, old.minutes.saturating_neg()),
        due_at: old.due_at,
    };
    /// The bill of a closed rental was made anew, by what came to be known of its return. Staff could not do so yet.
    RentalCorrectedV1 was RentalCorrected v 1 {
        rental_id: RentalId, customer_id: CustomerId, device_id: DeviceId, stage: CorrectedStage,
        #[serde(default)] ended_at: Option<Time>,
        cause: CorrectionCause, reversed: Posted, credited: Credited, charge: Charge, debited: Debited,
        #[serde(default)] evidence: Option<ReturnEvidence>,
        #[serde(default)] docked: Option<Place>,
        #[serde(default)] review: Vec<Review>,
    }
    |old| RentalCorrected {
        rental_id: old.rental_id,
        customer_id: old.customer_id,
        device_id: old.device_id,
        stage: old.stage,
        ended_at: old.ended_at,
        cause: old.cause,
        reversed: old.reversed,
        credited: old.credited,
        charge: old.charge,
        debited: old.debited,
        evidence: old.evidence,
        docked: old.docked,
        review: old.review,
        started_at: None,
        approval_id: None,
        approved_by: None,
        reason: None,
    };
}
