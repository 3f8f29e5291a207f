//! Parquet: logical types for times, days, ids and documents; row groups of bounded size, each gone once it is written.
//!
//! The footer says what the file stands for, under the keys `chajipoa.model`, `chajipoa.ledger`, `chajipoa.epoch`,
//! `chajipoa.position` and `chajipoa.rows`.

use std::sync::Arc;

use chrono::NaiveDate;
use parquet::{
    basic::{Compression, LogicalType, Repetition, TimeUnit, Type as Physical},
    data_type::{
        BoolType, ByteArray, ByteArrayType, DataType, DoubleType, FixedLenByteArray, FixedLenByteArrayType,
        Int32Type, Int64Type,
    },
    errors::ParquetError,
    file::{
        metadata::KeyValue,
        properties::WriterProperties,
        writer::{SerializedColumnWriter, SerializedFileWriter},
    },
    schema::types::{Type, TypePtr},
};

use super::{
    ExportError, Manifest,
    cell::{Cell, Column, Kind},
    format::Encoder,
};

/// A row group is written when it has so many rows …
const GROUP_ROWS: usize = 20_000;
/// … or so many bytes of text.
const GROUP_BYTES: usize = 8 << 20;
const ID_BYTES: i32 = 16;
const UNIX_EPOCH: NaiveDate = match NaiveDate::from_ymd_opt(1970, 1, 1) {
    Some(day) => day,
    None => NaiveDate::MIN,
};

/// A Parquet file.
pub(super) struct Parquet {
    writer: SerializedFileWriter<Vec<u8>>,
    columns: Vec<Gathered>,
    rows: usize,
    bytes: usize,
}

/// The values of a column that wait for their row group, and for each row whether it has one.
struct Gathered {
    values: Values,
    present: Vec<i16>,
}

enum Values {
    Bool(Vec<bool>),
    Int(Vec<i32>),
    Long(Vec<i64>),
    Double(Vec<f64>),
    Id(Vec<FixedLenByteArray>),
    Text(Vec<ByteArray>),
}

impl Parquet {
    pub(super) fn new(columns: &[Column], manifest: &Manifest) -> Result<Self, ExportError> {
        let properties = WriterProperties::builder()
            .set_compression(Compression::SNAPPY)
            .set_created_by("chajipoa".to_owned())
            .set_key_value_metadata(Some(footer(manifest)))
            .build();
        let writer = SerializedFileWriter::new(Vec::new(), schema(columns)?, Arc::new(properties))?;
        let columns = columns.iter().map(|column| Gathered::new(column.kind)).collect();
        Ok(Self { writer, columns, rows: 0, bytes: 0 })
    }

    fn take(&mut self, row: Vec<Cell>) -> Result<(), ExportError> {
        for (column, cell) in self.columns.iter_mut().zip(row) {
            self.bytes = self.bytes.saturating_add(column.push(cell)?);
        }
        self.rows = self.rows.saturating_add(1);
        if self.rows >= GROUP_ROWS || self.bytes >= GROUP_BYTES {
            self.write_group()?;
        }
        Ok(())
    }

    fn write_group(&mut self) -> Result<(), ExportError> {
        if self.rows == 0 {
            return Ok(());
        }
        let mut group = self.writer.next_row_group()?;
        for gathered in &mut self.columns {
            let mut column = group.next_column()?.ok_or_else(|| ExportError::written("a column too many"))?;
            gathered.write(&mut column)?;
            column.close()?;
        }
        group.close()?;
        (self.rows, self.bytes) = (0, 0);
        Ok(())
    }

    /// What is written and has not left.
    fn leaving(&mut self) -> Result<Vec<u8>, ExportError> {
        self.writer.flush().map_err(ExportError::written)?;
        Ok(std::mem::take(self.writer.inner_mut()))
    }
}

impl Encoder for Parquet {
    fn rows(&mut self, rows: Vec<Vec<Cell>>) -> Result<Vec<u8>, ExportError> {
        for row in rows {
            self.take(row)?;
        }
        self.leaving()
    }

    fn end(&mut self) -> Result<Vec<u8>, ExportError> {
        self.write_group()?;
        self.writer.finish()?;
        self.leaving()
    }
}

impl From<ParquetError> for ExportError {
    fn from(error: ParquetError) -> Self {
        Self::written(error)
    }
}

impl Gathered {
    fn new(kind: Kind) -> Self {
        let values = match kind {
            Kind::Bool => Values::Bool(Vec::new()),
            Kind::Short | Kind::Int | Kind::Day => Values::Int(Vec::new()),
            Kind::Long | Kind::Time => Values::Long(Vec::new()),
            Kind::Double => Values::Double(Vec::new()),
            Kind::Id => Values::Id(Vec::new()),
            Kind::Text | Kind::Json => Values::Text(Vec::new()),
        };
        Self { values, present: Vec::new() }
    }

    /// Takes a value; how many bytes of text it holds.
    fn push(&mut self, cell: Cell) -> Result<usize, ExportError> {
        if cell == Cell::Null {
            self.present.push(0);
            return Ok(0);
        }
        self.present.push(1);
        let mut bytes = 0;
        match (&mut self.values, cell) {
            (Values::Bool(values), Cell::Bool(value)) => values.push(value),
            (Values::Int(values), Cell::Int(value)) => {
                values.push(i32::try_from(value).map_err(ExportError::written)?);
            }
            (Values::Int(values), Cell::Day(day)) => {
                let days = day.signed_duration_since(UNIX_EPOCH).num_days();
                values.push(i32::try_from(days).map_err(ExportError::written)?);
            }
            (Values::Long(values), Cell::Int(value)) => values.push(value),
            (Values::Long(values), Cell::Time(value)) => values.push(value.timestamp_micros()),
            (Values::Double(values), Cell::Double(value)) => values.push(value),
            (Values::Id(values), Cell::Id(value)) => {
                values.push(ByteArray::from(value.as_bytes().to_vec()).into());
            }
            (Values::Text(values), Cell::Text(value) | Cell::Json(value)) => {
                bytes = value.len();
                values.push(ByteArray::from(value.into_bytes()));
            }
            (_, cell) => return Err(ExportError::written(format!("{cell:?} is not of its column's type"))),
        }
        Ok(bytes)
    }

    fn write(&mut self, column: &mut SerializedColumnWriter<'_>) -> Result<(), ExportError> {
        let present = std::mem::take(&mut self.present);
        match &mut self.values {
            Values::Bool(values) => batch::<BoolType>(column, values, &present),
            Values::Int(values) => batch::<Int32Type>(column, values, &present),
            Values::Long(values) => batch::<Int64Type>(column, values, &present),
            Values::Double(values) => batch::<DoubleType>(column, values, &present),
            Values::Id(values) => batch::<FixedLenByteArrayType>(column, values, &present),
            Values::Text(values) => batch::<ByteArrayType>(column, values, &present),
        }
    }
}

fn batch<T: DataType>(
    column: &mut SerializedColumnWriter<'_>,
    values: &mut Vec<T::T>,
    present: &[i16],
) -> Result<(), ExportError> {
    let values = std::mem::take(values);
    column.typed::<T>().write_batch(&values, Some(present), None)?;
    Ok(())
}

fn schema(columns: &[Column]) -> Result<TypePtr, ExportError> {
    let fields =
        columns.iter().map(|column| Ok(Arc::new(field(column)?))).collect::<Result<_, ExportError>>()?;
    Ok(Arc::new(Type::group_type_builder("row").with_fields(fields).build()?))
}

fn field(column: &Column) -> Result<Type, ExportError> {
    let (physical, logical) = match column.kind {
        Kind::Bool => (Physical::BOOLEAN, None),
        Kind::Short => (Physical::INT32, Some(LogicalType::integer(16, true))),
        Kind::Int => (Physical::INT32, Some(LogicalType::integer(32, true))),
        Kind::Long => (Physical::INT64, Some(LogicalType::integer(64, true))),
        Kind::Double => (Physical::DOUBLE, None),
        Kind::Time => (Physical::INT64, Some(LogicalType::timestamp(true, TimeUnit::MICROS))),
        Kind::Day => (Physical::INT32, Some(LogicalType::Date)),
        Kind::Id => (Physical::FIXED_LEN_BYTE_ARRAY, Some(LogicalType::Uuid)),
        Kind::Text => (Physical::BYTE_ARRAY, Some(LogicalType::String)),
        Kind::Json => (Physical::BYTE_ARRAY, Some(LogicalType::Json)),
    };
    let builder = Type::primitive_type_builder(&column.name, physical)
        .with_repetition(Repetition::OPTIONAL)
        .with_logical_type(logical);
    let builder = if column.kind == Kind::Id { builder.with_length(ID_BYTES) } else { builder };
    Ok(builder.build()?)
}

fn footer(manifest: &Manifest) -> Vec<KeyValue> {
    let pair = |key: &str, value: String| KeyValue::new(format!("chajipoa.{key}"), value);
    vec![
        pair("model", manifest.model.to_owned()),
        pair("ledger", manifest.ledger_id.to_string()),
        pair("epoch", manifest.epoch.to_string()),
        pair("position", manifest.position.to_string()),
        pair("rows", manifest.rows.to_string()),
    ]
}
