//! The rows of the read model `cases`.

use domain::Time;
use uuid::Uuid;

use crate::table::row;

row! {
    /// Why a person has to look at an event.
    ReviewRow in "review" (insert_only)
    key { position: i64, number: i16, }
    columns {
        code: String,
        kind: String,
        subject_kind: String,
        subject_id: Uuid,
        customer_id: Option<Uuid>,
        device_id: Option<Uuid>,
        station_id: Option<Uuid>,
        occurred_at: Time,
        recorded_at: Time,
    }
}
