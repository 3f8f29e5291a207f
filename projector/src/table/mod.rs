//! Tables of a read model as the fold sees them: rows in memory, written behind it.
//!
//! [`Keyed`] holds rows that change, and hands out every version that they had; [`Appended`] holds rows that are
//! written once. Both keep no more than they are
//! told to, know nothing of events and do no input or output: they say what to fetch and hand out what to write.

mod any;
mod appended;
mod bloom;
mod field;
mod keyed;
mod past;
mod row;

pub(crate) use any::{AnyTable, Changes};
pub(crate) use appended::Appended;
pub(crate) use field::{Array, Columns, CopyRows, Field, Json, Sink, put_text, words};
pub(crate) use keyed::Keyed;
pub(crate) use row::{Changing, Row, Table, count, row};

/// An event that does not fit the rows it meets. The projection stops at it.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Impossible {
    /// A row that has to be there is not.
    #[error("{table} {key} is not there")]
    Absent {
        /// The table.
        table: &'static str,
        /// The row's key.
        key: String,
    },
    /// A row that must not be there is.
    #[error("{table} {key} is there already")]
    Present {
        /// The table.
        table: &'static str,
        /// The row's key.
        key: String,
    },
    /// The fold touched a row that it had not asked for: a defect of the projection.
    #[error("{table} {key} was not asked for")]
    NotLoaded {
        /// The table.
        table: &'static str,
        /// The row's key.
        key: String,
    },
    /// A number does not fit.
    #[error("{0} is out of range")]
    OutOfRange(&'static str),
}
