//! NDJSON: one JSON object a line, every column in it, documents as they were written.

use super::{
    ExportError,
    cell::{Cell, Column},
    format::Encoder,
};

/// A file of JSON objects.
pub(super) struct Ndjson {
    /// `"name":` of each column.
    names: Vec<Vec<u8>>,
}

impl Ndjson {
    pub(super) fn new(columns: &[Column]) -> Result<Self, ExportError> {
        let name = |column: &Column| -> Result<Vec<u8>, ExportError> {
            let mut name = serde_json::to_vec(&column.name).map_err(ExportError::written)?;
            name.push(b':');
            Ok(name)
        };
        Ok(Self { names: columns.iter().map(name).collect::<Result<_, _>>()? })
    }
}

/// Appends a value.
fn put(out: &mut Vec<u8>, cell: &Cell) -> Result<(), ExportError> {
    match cell {
        Cell::Null => out.extend_from_slice(b"null"),
        Cell::Bool(_) | Cell::Int(_) => out.extend_from_slice(cell.text().as_bytes()),
        Cell::Double(value) => serde_json::to_writer(out, value).map_err(ExportError::written)?,
        Cell::Time(_) | Cell::Day(_) | Cell::Id(_) | Cell::Text(_) => {
            serde_json::to_writer(out, &cell.text()).map_err(ExportError::written)?;
        }
        // Between its parts a document may have line ends; within a text it cannot.
        Cell::Json(text) => {
            out.extend(text.bytes().map(|byte| if byte == b'\n' || byte == b'\r' { b' ' } else { byte }));
        }
    }
    Ok(())
}

impl Encoder for Ndjson {
    fn rows(&mut self, rows: Vec<Vec<Cell>>) -> Result<Vec<u8>, ExportError> {
        let mut out = Vec::new();
        for row in rows {
            for (number, (name, cell)) in self.names.iter().zip(&row).enumerate() {
                out.push(if number == 0 { b'{' } else { b',' });
                out.extend_from_slice(name);
                put(&mut out, cell)?;
            }
            out.extend_from_slice(b"}\n");
        }
        Ok(out)
    }

    fn end(&mut self) -> Result<Vec<u8>, ExportError> {
        Ok(Vec::new())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::export::cell::Kind;

    #[test]
    fn a_row_is_one_line_whatever_its_texts_and_documents_hold() {
        let columns = [("a", Kind::Text), ("b", Kind::Json), ("c", Kind::Long), ("d", Kind::Id)];
        let columns = columns.map(|(name, kind)| Column::named(name, kind));
        let row = vec![
            Cell::Text("x\ny \"z\"".to_owned()),
            Cell::Json("{\"k\":\n 1}".to_owned()),
            Cell::Int(i64::MAX),
            Cell::Null,
        ];
        let written = Ndjson::new(&columns).unwrap().rows(vec![row]).unwrap();
        let expected = "{\"a\":\"x\\ny \\\"z\\\"\",\"b\":{\"k\":  1},\"c\":9223372036854775807,\"d\":null}\n";
        assert_eq!(String::from_utf8(written).unwrap(), expected);
    }
}
