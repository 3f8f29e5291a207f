//! Fields in Postgres' binary form, and the two shapes they are gathered in: rows for `COPY`, columns for
//! `unnest`.
//!
//! A field is written as its length and its bytes; both shapes use exactly that, so one encoding serves the
//! live loop and the rebuild.

use std::error::Error;

use bytes::{BufMut, Bytes, BytesMut};
use chrono::{DateTime, NaiveDate, Utc};
use tokio_postgres::types::{FromSql, FromSqlOwned, IsNull, ToSql, Type, to_sql_checked};
use uuid::Uuid;

/// Microseconds between 1970 and 2000, where Postgres begins to count.
const EPOCH_MICROS: i64 = 946_684_800_000_000;
const NULL: i32 = -1;
const COPY_HEADER: &[u8] = b"PGCOPY\n\xff\r\n\0\0\0\0\0\0\0\0\0";
const COPY_TRAILER: i16 = -1;

/// A value that is a column of a row.
pub(crate) trait Field: FromSqlOwned {
    /// Its type in SQL.
    const SQL: &'static str;
    /// Its type's number in the catalogue.
    const OID: u32;

    /// Appends its length and its bytes.
    fn put(&self, out: &mut Vec<u8>);
}

fn put_bytes(out: &mut Vec<u8>, bytes: &[u8]) {
    // A field of two gigabytes cannot be made: events are at most 64 KiB.
    out.put_i32(i32::try_from(bytes.len()).unwrap_or(NULL));
    out.put_slice(bytes);
}

macro_rules! fixed {
    ($($type:ty, $sql:literal, $oid:literal, |$value:ident| $bytes:expr;)*) => {
        $(impl Field for $type {
            const SQL: &'static str = $sql;
            const OID: u32 = $oid;

            fn put(&self, out: &mut Vec<u8>) {
                let $value = self;
                put_bytes(out, &$bytes);
            }
        })*
    };
}

fixed! {
    bool, "boolean", 16, |value| [u8::from(*value)];
    i64, "bigint", 20, |value| value.to_be_bytes();
    i16, "smallint", 21, |value| value.to_be_bytes();
    i32, "integer", 23, |value| value.to_be_bytes();
    f64, "double precision", 701, |value| value.to_be_bytes();
    NaiveDate, "date", 1082, |value| days_since_2000(*value).to_be_bytes();
    DateTime<Utc>, "timestamptz", 1184,
        |value| value.timestamp_micros().saturating_sub(EPOCH_MICROS).to_be_bytes();
    Uuid, "uuid", 2950, |value| *value.as_bytes();
}

fn days_since_2000(date: NaiveDate) -> i32 {
    const FIRST: NaiveDate = match NaiveDate::from_ymd_opt(2000, 1, 1) {
        Some(date) => date,
        None => NaiveDate::MIN,
    };
    i32::try_from(date.signed_duration_since(FIRST).num_days()).unwrap_or(i32::MAX)
}

impl Field for String {
    const SQL: &'static str = "text";
    const OID: u32 = 25;

    fn put(&self, out: &mut Vec<u8>) {
        put_bytes(out, self.as_bytes());
    }
}

impl<T: Field> Field for Option<T> {
    const SQL: &'static str = T::SQL;
    const OID: u32 = T::OID;

    fn put(&self, out: &mut Vec<u8>) {
        match self {
            Some(value) => value.put(out),
            None => out.put_i32(NULL),
        }
    }
}

/// A JSON document as text, kept as `jsonb`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Json(pub(crate) String);

impl Json {
    /// The document of a value.
    pub(crate) fn of<T: serde::Serialize>(value: &T) -> Self {
        #[expect(clippy::expect_used, reason = "plain structs of strings, integers and times always encode")]
        Self(serde_json::to_string(value).expect("plain data is valid JSON"))
    }
}

/// The version that stands before a `jsonb` in binary form.
const JSONB_VERSION: u8 = 1;

impl Field for Json {
    const SQL: &'static str = "jsonb";
    const OID: u32 = 3802;

    fn put(&self, out: &mut Vec<u8>) {
        out.put_i32(i32::try_from(self.0.len().saturating_add(1)).unwrap_or(NULL));
        out.put_u8(JSONB_VERSION);
        out.put_slice(self.0.as_bytes());
    }
}

impl<'a> FromSql<'a> for Json {
    fn from_sql(_: &Type, raw: &'a [u8]) -> Result<Self, Box<dyn Error + Sync + Send>> {
        match raw.split_first() {
            Some((&JSONB_VERSION, text)) => Ok(Self(std::str::from_utf8(text)?.to_owned())),
            Some(_) | None => Err("unknown form of jsonb".into()),
        }
    }

    fn accepts(ty: &Type) -> bool {
        *ty == Type::JSONB
    }
}

/// Words with a fixed meaning, kept as text.
macro_rules! words {
    ($(#[$doc:meta])* $name:ident { $($variant:ident = $word:literal,)+ }) => {
        $(#[$doc])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq)]
        #[allow(clippy::enum_variant_names, reason = "the words are those of the domain")]
        pub(crate) enum $name { $($variant,)+ }

        impl $name {
            /// The word.
            pub(crate) const fn as_str(self) -> &'static str {
                match self { $(Self::$variant => $word,)+ }
            }
        }

        impl $crate::table::Field for $name {
            const SQL: &'static str = "text";
            const OID: u32 = 25;

            fn put(&self, out: &mut Vec<u8>) {
                $crate::table::put_text(out, self.as_str());
            }
        }

        impl<'a> tokio_postgres::types::FromSql<'a> for $name {
            fn from_sql(
                _: &tokio_postgres::types::Type,
                raw: &'a [u8],
            ) -> Result<Self, Box<dyn std::error::Error + Sync + Send>> {
                $(if raw == $word.as_bytes() { return Ok(Self::$variant); })+
                Err(concat!("not a word of ", stringify!($name)).into())
            }

            fn accepts(ty: &tokio_postgres::types::Type) -> bool {
                *ty == tokio_postgres::types::Type::TEXT
            }
        }
    };
}
pub(crate) use words;

/// Appends a text.
pub(crate) fn put_text(out: &mut Vec<u8>, text: &str) {
    put_bytes(out, text.as_bytes());
}

/// Where rows are written, field by field.
pub(crate) trait Sink {
    /// A row of so many fields begins.
    fn row(&mut self, fields: i16);
    /// The buffer that takes the next field.
    fn next(&mut self) -> &mut Vec<u8>;
}

/// How many bytes go in one message: larger ones only make the connection's buffer grow and shrink.
const PART: usize = 128 << 10;

/// Rows in the form of a binary `COPY`, in parts that are sent as they are.
#[derive(Debug)]
pub(crate) struct CopyRows {
    parts: Vec<Bytes>,
    bytes: Vec<u8>,
    rows: u64,
}

impl CopyRows {
    /// No rows yet.
    pub(crate) fn new() -> Self {
        Self { parts: Vec::new(), bytes: COPY_HEADER.to_vec(), rows: 0 }
    }

    /// How many rows it holds.
    pub(crate) const fn rows(&self) -> u64 {
        self.rows
    }

    /// About how many bytes it holds.
    pub(crate) fn size(&self) -> usize {
        self.parts.len().saturating_mul(PART).saturating_add(self.bytes.len())
    }

    /// Ends the stream, hands it out and begins anew.
    pub(crate) fn take(&mut self) -> Vec<Bytes> {
        self.bytes.put_i16(COPY_TRAILER);
        let mut ended = std::mem::replace(self, Self::new());
        ended.parts.push(Bytes::from(ended.bytes));
        ended.parts
    }
}

impl Sink for CopyRows {
    fn row(&mut self, fields: i16) {
        self.rows = self.rows.saturating_add(1);
        if self.bytes.len() >= PART {
            // The last row may have gone a little beyond; the next one will as well.
            let room = Vec::with_capacity(self.bytes.capacity());
            self.parts.push(Bytes::from(std::mem::replace(&mut self.bytes, room)));
        }
        self.bytes.put_i16(fields);
    }

    fn next(&mut self) -> &mut Vec<u8> {
        &mut self.bytes
    }
}

/// Rows turned into one array per column.
#[derive(Debug)]
pub(crate) struct Columns {
    oids: &'static [u32],
    columns: Vec<Vec<u8>>,
    at: usize,
    rows: i32,
    overflow: Vec<u8>,
}

impl Columns {
    /// No rows yet, for columns of these types.
    pub(crate) fn new(oids: &'static [u32]) -> Self {
        let columns = oids.iter().map(|_| Vec::new()).collect();
        Self { oids, columns, at: 0, rows: 0, overflow: Vec::new() }
    }

    /// How many rows it holds.
    pub(crate) const fn rows(&self) -> i32 {
        self.rows
    }

    /// The arrays, one per column.
    pub(crate) fn into_arrays(self) -> Vec<Array> {
        let rows = self.rows;
        self.oids.iter().zip(self.columns).map(|(oid, fields)| Array::new(*oid, rows, &fields)).collect()
    }
}

impl Sink for Columns {
    fn row(&mut self, _: i16) {
        self.rows = self.rows.saturating_add(1);
        self.at = 0;
    }

    fn next(&mut self) -> &mut Vec<u8> {
        let column = self.columns.get_mut(self.at);
        self.at = self.at.saturating_add(1);
        column.unwrap_or(&mut self.overflow)
    }
}

/// A one-dimensional array in binary form.
#[derive(Debug)]
pub(crate) struct Array(BytesMut);

impl Array {
    fn new(oid: u32, rows: i32, fields: &[u8]) -> Self {
        let mut bytes = BytesMut::with_capacity(fields.len().saturating_add(20));
        bytes.put_i32(1); // dimensions
        bytes.put_i32(1); // may hold nulls
        bytes.put_u32(oid);
        bytes.put_i32(rows);
        bytes.put_i32(1); // lower bound
        bytes.put_slice(fields);
        Self(bytes)
    }
}

impl ToSql for Array {
    fn to_sql(&self, _: &Type, out: &mut BytesMut) -> Result<IsNull, Box<dyn Error + Sync + Send>> {
        out.extend_from_slice(&self.0);
        Ok(IsNull::No)
    }

    fn accepts(_: &Type) -> bool {
        true
    }

    to_sql_checked!();
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_field_is_its_length_and_its_bytes() {
        let mut out = Vec::new();
        7_i16.put(&mut out);
        None::<i64>.put(&mut out);
        "ab".to_owned().put(&mut out);
        Json("1".to_owned()).put(&mut out);
        assert_eq!(out, [0, 0, 0, 2, 0, 7, 255, 255, 255, 255, 0, 0, 0, 2, b'a', b'b', 0, 0, 0, 2, 1, b'1']);
    }

    #[test]
    fn times_and_dates_count_from_the_year_2000() {
        let mut out = Vec::new();
        DateTime::from_timestamp_micros(EPOCH_MICROS + 5).unwrap().put(&mut out);
        NaiveDate::from_ymd_opt(2000, 1, 3).unwrap().put(&mut out);
        assert_eq!(out, [0, 0, 0, 8, 0, 0, 0, 0, 0, 0, 0, 5, 0, 0, 0, 4, 0, 0, 0, 2]);
    }
}
