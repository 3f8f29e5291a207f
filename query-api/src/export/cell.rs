//! A value of a row, of one of the types that read models and events have.

use chrono::{DateTime, NaiveDate, SecondsFormat, Utc};
use tokio_postgres::{
    Row,
    types::{FromSql, Type},
};
use uuid::Uuid;

use super::ExportError;

/// The type of a column.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    Bool,
    Short,
    Int,
    Long,
    Double,
    Time,
    Day,
    Id,
    Text,
    Json,
}

/// A column of a file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Column {
    pub(super) name: String,
    pub(super) kind: Kind,
}

/// A value.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Cell {
    Null,
    Bool(bool),
    Int(i64),
    Double(f64),
    Time(DateTime<Utc>),
    Day(NaiveDate),
    Id(Uuid),
    Text(String),
    /// A document as it was written.
    Json(String),
}

impl Column {
    /// The column of a statement.
    pub(super) fn of(column: &tokio_postgres::Column) -> Result<Self, ExportError> {
        let name = column.name().to_owned();
        let kinds = [
            (Type::BOOL, Kind::Bool),
            (Type::INT2, Kind::Short),
            (Type::INT4, Kind::Int),
            (Type::INT8, Kind::Long),
            (Type::FLOAT8, Kind::Double),
            (Type::TIMESTAMPTZ, Kind::Time),
            (Type::DATE, Kind::Day),
            (Type::UUID, Kind::Id),
            (Type::TEXT, Kind::Text),
            (Type::JSONB, Kind::Json),
            (Type::JSON, Kind::Json),
        ];
        let kind = kinds.iter().find(|(ty, _)| ty == column.type_()).map(|(_, kind)| *kind);
        kind.map(|kind| Self { name: name.clone(), kind }).ok_or(ExportError::Column(name))
    }

    /// One of an event.
    pub(super) fn named(name: &str, kind: Kind) -> Self {
        Self { name: name.to_owned(), kind }
    }

    /// Its type in SQL.
    pub(super) const fn sql(&self) -> &'static str {
        match self.kind {
            Kind::Bool => "boolean",
            Kind::Short => "smallint",
            Kind::Int => "integer",
            Kind::Long => "bigint",
            Kind::Double => "double precision",
            Kind::Time => "timestamptz",
            Kind::Day => "date",
            Kind::Id => "uuid",
            Kind::Text => "text",
            Kind::Json => "jsonb",
        }
    }

    /// Its value in a row.
    pub(super) fn read(&self, row: &Row, at: usize) -> Result<Cell, ExportError> {
        let cell = match self.kind {
            Kind::Bool => row.try_get::<_, Option<bool>>(at)?.map(Cell::Bool),
            Kind::Short => row.try_get::<_, Option<i16>>(at)?.map(|value| Cell::Int(value.into())),
            Kind::Int => row.try_get::<_, Option<i32>>(at)?.map(|value| Cell::Int(value.into())),
            Kind::Long => row.try_get::<_, Option<i64>>(at)?.map(Cell::Int),
            Kind::Double => row.try_get::<_, Option<f64>>(at)?.map(Cell::Double),
            Kind::Time => row.try_get::<_, Option<DateTime<Utc>>>(at)?.map(Cell::Time),
            Kind::Day => row.try_get::<_, Option<NaiveDate>>(at)?.map(Cell::Day),
            Kind::Id => row.try_get::<_, Option<Uuid>>(at)?.map(Cell::Id),
            Kind::Text => row.try_get::<_, Option<String>>(at)?.map(Cell::Text),
            Kind::Json => row.try_get::<_, Option<Document>>(at)?.map(|Document(text)| Cell::Json(text)),
        };
        Ok(cell.unwrap_or(Cell::Null))
    }
}

impl Cell {
    /// As text: empty where there is no value, times with microseconds in UTC.
    pub(super) fn text(&self) -> String {
        match self {
            Self::Null => String::new(),
            Self::Bool(value) => value.to_string(),
            Self::Int(value) => value.to_string(),
            Self::Double(value) => value.to_string(),
            Self::Time(value) => value.to_rfc3339_opts(SecondsFormat::Micros, true),
            Self::Day(value) => value.to_string(),
            Self::Id(value) => value.to_string(),
            Self::Text(value) | Self::Json(value) => value.clone(),
        }
    }
}

/// The text of `json` and `jsonb`, whose binary form has a version before it.
struct Document(String);

const JSONB_VERSION: u8 = 1;

impl<'a> FromSql<'a> for Document {
    fn from_sql(ty: &Type, raw: &'a [u8]) -> Result<Self, Box<dyn std::error::Error + Sync + Send>> {
        let text = if *ty == Type::JSONB { raw.strip_prefix(&[JSONB_VERSION]) } else { Some(raw) };
        let text = text.ok_or("a jsonb of a version that is not known")?;
        Ok(Self(std::str::from_utf8(text)?.to_owned()))
    }

    fn accepts(ty: &Type) -> bool {
        *ty == Type::JSONB || *ty == Type::JSON
    }
}
