//! What can be taken away: the documented views of the four read models, and the events.

use crate::{read::Source, statements::exported};

/// One thing to export.
#[derive(Debug)]
pub struct Dataset {
    /// Its name: that of its view in `read_model`, or `events`.
    pub name: &'static str,
    /// Whether analysts may have it: exactly what their login reads.
    pub analysts: bool,
    pub(crate) source: Source,
    /// The columns that tell its rows apart, in the order of the file.
    pub(super) key: &'static [&'static str],
    pub(super) rows: Rows,
}

/// From what the rows at a position are read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Rows {
    /// Events of the ledger.
    Events,
    /// A view whose rows are written once.
    Written,
    /// The versions of a table's rows.
    Versions(&'static str),
    /// A statement of its own, which looks up a row by its key.
    Made(&'static str),
    /// A statement of its own that looks at everything for any of its rows.
    MadeWhole(&'static str),
}

const fn of(source: Source, name: &'static str, key: &'static [&'static str], rows: Rows) -> Dataset {
    Dataset { name, analysts: true, source, key, rows }
}

const fn for_finance(dataset: Dataset) -> Dataset {
    Dataset { analysts: false, ..dataset }
}

/// Everything that can be taken away, by name within its model.
pub static DATASETS: &[Dataset] = &[
    of(Source::Rentals, "rental", &["rental_id"], Rows::Versions("rental")),
    of(Source::Rentals, "journey", &["rental_id"], Rows::Made(exported::JOURNEY)),
    of(Source::Rentals, "daily_station", &["station_id", "day"], Rows::MadeWhole(exported::DAILY_STATION)),
    of(Source::Rentals, "tariff", &["tariff_id", "version"], Rows::Made(exported::TARIFF)),
    of(Source::Billing, "balance", &["customer_id"], Rows::Made(exported::BALANCE)),
    of(Source::Billing, "charge", &["rental_id"], Rows::Versions("charge")),
    of(Source::Billing, "payment", &["payment_id"], Rows::Versions("payment")),
    for_finance(of(
        Source::Billing,
        "payment_reference",
        &["payment_id"],
        Rows::Made(exported::PAYMENT_REFERENCE),
    )),
    for_finance(of(Source::Billing, "receipt", &["receipt_id"], Rows::Versions("receipt"))),
    for_finance(of(Source::Billing, "refund", &["refund_id"], Rows::Versions("refund"))),
    of(Source::Billing, "refund_course", &["refund_id"], Rows::Versions("refund")),
    for_finance(of(Source::Billing, "approval", &["approval_id"], Rows::Versions("approval"))),
    for_finance(of(Source::Billing, "statement_break", &["break_id"], Rows::Versions("statement_break"))),
    for_finance(of(Source::Billing, "movement", &["position"], Rows::Written)),
    of(Source::Billing, "journal", &["position", "line"], Rows::Written),
    of(Source::Billing, "late_posting", &["position", "line"], Rows::Written),
    for_finance(of(Source::Billing, "period", &["until"], Rows::Written)),
    of(Source::Billing, "statement", &["customer_id", "position"], Rows::Written),
    of(Source::Billing, "account", &["account"], Rows::MadeWhole(exported::ACCOUNT)),
    of(Source::Billing, "account_day", &["account", "booking_day"], Rows::MadeWhole(exported::ACCOUNT_DAY)),
    of(Source::Billing, "account_total", &["position", "account"], Rows::Written),
    of(Source::Inventory, "station", &["station_id"], Rows::MadeWhole(exported::STATION)),
    of(Source::Inventory, "slot", &["station_id", "slot"], Rows::MadeWhole(exported::SLOT)),
    of(Source::Inventory, "device", &["device_id"], Rows::Versions("device")),
    of(Source::Cases, "review", &["position", "number"], Rows::Written),
    for_finance(of(Source::Ledger, "events", &["position"], Rows::Events)),
];

impl Dataset {
    /// The one of this name.
    ///
    /// # Errors
    /// There is none; says which there are.
    pub fn named(name: &str) -> Result<&'static Self, String> {
        DATASETS.iter().find(|dataset| dataset.name == name).ok_or_else(|| {
            let names: Vec<&str> = DATASETS.iter().map(|dataset| dataset.name).collect();
            format!("{name:?} cannot be exported; there are {}", names.join(", "))
        })
    }

    /// Whether it is the ledger itself.
    #[must_use]
    pub fn is_events(&self) -> bool {
        self.rows == Rows::Events
    }

    /// The read model it belongs to; the ledger for events.
    #[must_use]
    pub const fn model(&self) -> &'static str {
        match self.source {
            Source::Rentals => "rentals",
            Source::Billing => "billing",
            Source::Inventory => "inventory",
            Source::Cases => "cases",
            Source::Ledger => "ledger",
        }
    }

    /// What has a row for each row at the position `$1`, with these columns.
    pub(super) fn known(&self, columns: &str) -> String {
        match self.rows {
            Rows::Events => String::new(),
            Rows::Written => {
                format!("(SELECT {columns} FROM read_model.{} WHERE position <= $1)", self.name)
            }
            Rows::Versions(table) => format!(
                "(SELECT {columns} FROM read_model.{table}_version \
                 WHERE position <= $1 AND (until IS NULL OR until > $1))"
            ),
            Rows::Made(sql) | Rows::MadeWhole(sql) => format!("({sql})"),
        }
    }
}
