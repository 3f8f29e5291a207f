//! How the books survive a restart: a line for each change in `azampay.ndjson`, the last of an id is what stands.
//!
//! Keeps true: a line is in the file before what it says is told; a file with a line that is not ours stops the start and
//! is left alone; a last line that was cut is dropped. It is written anew at each start, so it grows with one run only. Callbacks
//! that were on their way at the end are lost, as with any provider.

use std::fs;
use std::io::{self, Write as _};
use std::path::Path;
use std::sync::{Mutex, PoisonError};

use serde::{Deserialize, Serialize};

use super::book::{Book, Disbursement, Entry, Prompt};

const NAME: &str = "azampay.ndjson";

/// What a line says.
#[derive(Debug, Clone, Copy, Serialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum Line<'a> {
    Prompt(&'a Prompt),
    Disbursement(&'a Disbursement),
    Entry(&'a Entry),
}

#[derive(Deserialize)]
#[serde(rename_all = "snake_case")]
enum Kept {
    Prompt(Prompt),
    Disbursement(Disbursement),
    Entry(Entry),
}

/// The file, open for more.
#[derive(Debug)]
pub(super) struct File(Mutex<fs::File>);

impl File {
    /// Reads what was kept in this folder into `book`.
    ///
    /// # Errors
    /// The file cannot be used, or holds something else.
    pub(super) fn open(folder: &Path, book: &mut Book) -> io::Result<File> {
        fs::create_dir_all(folder)?;
        let path = folder.join(NAME);
        let text = match fs::read_to_string(&path) {
            Ok(text) => text,
            Err(error) if error.kind() == io::ErrorKind::NotFound => String::new(),
            Err(error) => return Err(error),
        };
        read(&text, book)?;
        let anew = folder.join(format!("{NAME}.new"));
        fs::write(&anew, written(book)?)?;
        fs::rename(&anew, &path)?;
        Ok(File(Mutex::new(fs::OpenOptions::new().append(true).open(&path)?)))
    }

    pub(super) fn append(&self, line: &Line<'_>) {
        let mut file = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let written = serde_json::to_vec(line).map_err(io::Error::other).and_then(|mut bytes| {
            bytes.push(b'\n');
            file.write_all(&bytes)
        });
        if let Err(error) = written {
            tracing::error!(%error, "the provider's books cannot be kept; a restart will not know what happened since");
        }
    }
}

fn read(text: &str, book: &mut Book) -> io::Result<()> {
    // What stands behind the last line's end was never finished.
    let whole = text.rfind('\n').map_or("", |end| text.get(..end).unwrap_or_default());
    for line in whole.lines() {
        match serde_json::from_str(line).map_err(|error| io::Error::new(io::ErrorKind::InvalidData, error))? {
            Kept::Prompt(prompt) => book.prompts.put(prompt),
            Kept::Disbursement(paid) => book.disbursements.put(paid),
            Kept::Entry(entry) => book.entries.put(entry),
        }
    }
    Ok(())
}

fn written(book: &Book) -> io::Result<Vec<u8>> {
    let lines = book.prompts.iter().map(Line::Prompt);
    let lines = lines.chain(book.disbursements.iter().map(Line::Disbursement));
    let mut bytes = Vec::new();
    for line in lines.chain(book.entries.iter().map(Line::Entry)) {
        serde_json::to_writer(&mut bytes, &line)?;
        bytes.push(b'\n');
    }
    Ok(bytes)
}
