//! Rows as `COPY … (FORMAT binary)` sends them: the fields' bytes, without a copy and without an allocation for each.
//!
//! Every statement is short: a range of positions or a page of keys. Nothing here holds a snapshot open between two.

use bytes::{Buf as _, Bytes};
use futures_util::TryStreamExt as _;
use tokio_postgres::Client;
use uuid::Uuid;

use super::error::VerifyError;

/// The signature, the flags and the length of the header's extension.
const HEADER: usize = 19;
/// What ends the rows.
const TRAILER: [u8; 2] = [0xff, 0xff];

/// The rows of one statement, each the bytes of its fields.
#[derive(Debug, Default)]
pub(super) struct Rows(Vec<Bytes>);

impl Rows {
    pub(super) fn iter(&self) -> impl Iterator<Item = &[u8]> {
        self.0.iter().map(|row| &**row)
    }

    pub(super) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

/// Reads all rows of a query.
pub(super) async fn rows(client: &Client, query: &str) -> Result<Rows, VerifyError> {
    let statement = format!("COPY ({query}) TO STDOUT (FORMAT binary)");
    let mut parts: Vec<Bytes> = client.copy_out(&statement).await?.try_collect().await?;
    if let Some(first) = parts.first_mut() {
        first.advance(HEADER.min(first.len()));
    }
    parts.retain(|part| !part.is_empty() && **part != TRAILER);
    Ok(Rows(parts))
}

/// The fields of one row, in order.
#[derive(Debug, Clone, Copy)]
pub(super) struct Fields<'a> {
    rest: &'a [u8],
    table: &'static str,
}

impl<'a> Fields<'a> {
    /// The fields of a row of this table.
    pub(super) fn of(row: &'a [u8], table: &'static str) -> Result<Self, VerifyError> {
        let (_, rest) = row.split_first_chunk::<2>().ok_or(VerifyError::Row(table))?;
        Ok(Self { rest, table })
    }

    /// What was not read yet.
    pub(super) const fn rest(&self) -> &'a [u8] {
        self.rest
    }

    /// The next field; none if it is NULL.
    pub(super) fn optional(&mut self) -> Result<Option<&'a [u8]>, VerifyError> {
        let (length, rest) = self.rest.split_first_chunk::<4>().ok_or(VerifyError::Row(self.table))?;
        self.rest = rest;
        let Ok(length) = usize::try_from(i32::from_be_bytes(*length)) else { return Ok(None) };
        let (field, rest) = rest.split_at_checked(length).ok_or(VerifyError::Row(self.table))?;
        self.rest = rest;
        Ok(Some(field))
    }

    pub(super) fn bytes(&mut self) -> Result<&'a [u8], VerifyError> {
        self.optional()?.ok_or(VerifyError::Row(self.table))
    }

    fn fixed<const N: usize>(&mut self) -> Result<[u8; N], VerifyError> {
        self.bytes()?.try_into().map_err(|_| VerifyError::Row(self.table))
    }

    pub(super) fn text(&mut self) -> Result<&'a str, VerifyError> {
        std::str::from_utf8(self.bytes()?).map_err(|_| VerifyError::Row(self.table))
    }

    pub(super) fn i64(&mut self) -> Result<i64, VerifyError> {
        Ok(i64::from_be_bytes(self.fixed()?))
    }

    pub(super) fn i32(&mut self) -> Result<i32, VerifyError> {
        Ok(i32::from_be_bytes(self.fixed()?))
    }

    pub(super) fn i16(&mut self) -> Result<i16, VerifyError> {
        Ok(i16::from_be_bytes(self.fixed()?))
    }

    pub(super) fn uuid(&mut self) -> Result<Uuid, VerifyError> {
        Ok(Uuid::from_bytes(self.fixed()?))
    }

    pub(super) fn optional_uuid(&mut self) -> Result<Option<Uuid>, VerifyError> {
        let Some(bytes) = self.optional()? else { return Ok(None) };
        let bytes = bytes.try_into().map_err(|_| VerifyError::Row(self.table))?;
        Ok(Some(Uuid::from_bytes(bytes)))
    }
}

/// The elements of a one-dimensional array without NULLs, each of `N` bytes; none if it is another one.
pub(super) fn elements<const N: usize>(array: &[u8]) -> Option<impl Iterator<Item = &[u8; N]>> {
    let (dimensions, rest) = array.split_first_chunk::<4>()?;
    let (nulls, rest) = rest.split_first_chunk::<4>()?;
    let (_kind, rest) = rest.split_first_chunk::<4>()?;
    let (_length, rest) = rest.split_first_chunk::<4>()?;
    let (_bound, mut rest) = rest.split_first_chunk::<4>()?;
    let plain = i32::from_be_bytes(*dimensions) == 1 && i32::from_be_bytes(*nulls) == 0;
    plain.then(|| {
        std::iter::from_fn(move || {
            let (_length, after) = rest.split_first_chunk::<4>()?;
            let (element, after) = after.split_first_chunk::<N>()?;
            rest = after;
            Some(element)
        })
    })
}

/// Rows as Postgres would send them.
#[cfg(test)]
pub(super) mod testing {
    use super::{Bytes, Rows};

    pub(in crate::verify) fn row(fields: &[Option<&[u8]>]) -> Bytes {
        let mut row = u16::try_from(fields.len()).unwrap().to_be_bytes().to_vec();
        for field in fields {
            let length = field.map_or(-1, |field| i32::try_from(field.len()).unwrap());
            row.extend_from_slice(&length.to_be_bytes());
            row.extend_from_slice(field.unwrap_or_default());
        }
        Bytes::from(row)
    }

    pub(in crate::verify) fn array(elements: &[&[u8]]) -> Vec<u8> {
        let count = i32::try_from(elements.len()).unwrap();
        let mut array: Vec<u8> = [1, 0, 0, count, 1].into_iter().flat_map(i32::to_be_bytes).collect();
        for element in elements {
            array.extend_from_slice(&i32::try_from(element.len()).unwrap().to_be_bytes());
            array.extend_from_slice(element);
        }
        array
    }

    pub(in crate::verify) fn rows(rows: Vec<Bytes>) -> Rows {
        Rows(rows)
    }
}
