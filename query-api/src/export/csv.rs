//! CSV after RFC 4180: a line of names, lines that end with CR LF, quotes where they are needed.

use csv::{Terminator, Writer, WriterBuilder};

use super::{
    ExportError,
    cell::{Cell, Column},
    format::Encoder,
};

/// A file of comma-separated values.
pub(super) struct Csv {
    /// The line of names, until it has left.
    names: Vec<u8>,
}

impl Csv {
    pub(super) fn new(columns: &[Column]) -> Result<Self, ExportError> {
        let mut writer = writer();
        writer.write_record(columns.iter().map(|column| &column.name)).map_err(ExportError::written)?;
        Ok(Self { names: finished(writer)? })
    }
}

fn writer() -> Writer<Vec<u8>> {
    WriterBuilder::new().terminator(Terminator::CRLF).from_writer(Vec::new())
}

fn finished(writer: Writer<Vec<u8>>) -> Result<Vec<u8>, ExportError> {
    writer.into_inner().map_err(|error| ExportError::written(error.into_error()))
}

impl Encoder for Csv {
    fn rows(&mut self, rows: Vec<Vec<Cell>>) -> Result<Vec<u8>, ExportError> {
        let mut writer = writer();
        for row in rows {
            writer.write_record(row.iter().map(Cell::text)).map_err(ExportError::written)?;
        }
        Ok([std::mem::take(&mut self.names), finished(writer)?].concat())
    }

    fn end(&mut self) -> Result<Vec<u8>, ExportError> {
        Ok(std::mem::take(&mut self.names))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::export::cell::Kind;

    #[test]
    fn names_come_once_and_quotes_where_they_are_needed() {
        let columns = ["a", "b"].map(|name| Column::named(name, Kind::Text));
        let mut csv = Csv::new(&columns).unwrap();
        let row = || vec![Cell::Text("x, \"y\"\nz".to_owned()), Cell::Null];
        let written = [csv.rows(vec![row()]).unwrap(), csv.rows(vec![row()]).unwrap(), csv.end().unwrap()];
        let line = "\"x, \"\"y\"\"\nz\",\r\n";
        assert_eq!(String::from_utf8(written.concat()).unwrap(), format!("a,b\r\n{line}{line}"));
    }

    #[test]
    fn a_file_without_rows_still_has_its_names() {
        let mut csv = Csv::new(&[Column::named("a", Kind::Text)]).unwrap();
        assert_eq!(csv.end().unwrap(), b"a\r\n");
    }
}
