//! Exports: every row of a model, or every event, as a file in a format that other programs read.
//!
//! Keeps true: a file stands for exactly one position, however long it takes to read it; its rows are counted before
//! the first leaves, and one that comes out short, or meets the switch to another version of its model, ends in an
//! error and never like a whole one. Rows are read by ranges of their key in short statements, so no snapshot stays
//! open, no connection is held while a reader is slow, and memory holds a page and a row group, not the file.
//!
//! - [`Dataset`]: what can be taken away, and from what its rows at a position are read;
//! - [`Export`]: one file in the making, chunk by chunk.

mod cell;
mod csv;
mod dataset;
mod error;
mod events;
mod format;
mod ndjson;
mod pages;
mod parquet;
mod running;

pub use dataset::{DATASETS, Dataset};
pub use error::ExportError;
pub use format::Format;
pub use running::{Export, Manifest, Order};
