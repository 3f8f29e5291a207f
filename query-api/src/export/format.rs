//! The formats, and what each of them does with rows.

use std::{fmt, str::FromStr};

use serde::Deserialize;
use utoipa::ToSchema;

use super::{
    ExportError, Manifest,
    cell::{Cell, Column},
    csv::Csv,
    ndjson::Ndjson,
    parquet::Parquet,
};

/// How a file is written.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum Format {
    /// Comma-separated, RFC 4180, with a line of names.
    #[default]
    Csv,
    /// One JSON object a line.
    Ndjson,
    /// Apache Parquet.
    Parquet,
}

/// Writes rows into bytes.
pub(super) trait Encoder: Send {
    /// Takes rows and gives the bytes that are ready.
    fn rows(&mut self, rows: Vec<Vec<Cell>>) -> Result<Vec<u8>, ExportError>;
    /// The end of a whole file.
    fn end(&mut self) -> Result<Vec<u8>, ExportError>;
}

impl Format {
    /// Every format.
    pub const ALL: [Self; 3] = [Self::Csv, Self::Ndjson, Self::Parquet];

    /// Its name, which ends files too.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Csv => "csv",
            Self::Ndjson => "ndjson",
            Self::Parquet => "parquet",
        }
    }

    /// Its media type.
    #[must_use]
    pub const fn media_type(self) -> &'static str {
        match self {
            Self::Csv => "text/csv; charset=utf-8; header=present",
            Self::Ndjson => "application/x-ndjson",
            Self::Parquet => "application/vnd.apache.parquet",
        }
    }

    pub(super) fn encoder(
        self,
        columns: &[Column],
        manifest: &Manifest,
    ) -> Result<Box<dyn Encoder>, ExportError> {
        Ok(match self {
            Self::Csv => Box::new(Csv::new(columns)?),
            Self::Ndjson => Box::new(Ndjson::new(columns)?),
            Self::Parquet => Box::new(Parquet::new(columns, manifest)?),
        })
    }
}

impl fmt::Display for Format {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl FromStr for Format {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let found = Self::ALL.into_iter().find(|format| format.as_str() == text);
        found.ok_or_else(|| format!("{text:?} is no format; there are csv, ndjson and parquet"))
    }
}
