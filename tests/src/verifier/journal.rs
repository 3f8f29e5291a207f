//! What clients were answered: one line of JSON for each sending, in the order in which the answers came.

use std::fs::File;
use std::io::{self, BufRead as _, BufReader, Write as _};
use std::path::Path;

use serde::{Deserialize, Serialize};
use uuid::Uuid;

/// One sending of a command and what came back.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Said {
    /// The command.
    pub command_id: Uuid,
    /// Who sent it: `role:subject`.
    pub actor: String,
    /// The body as sent.
    pub sent: String,
    /// The status; 0 where no whole answer came.
    pub status: u16,
    /// The body of the answer, byte for byte.
    pub answer: String,
}

impl Said {
    /// Whether the answer says that the command has its effect.
    #[must_use]
    pub const fn acknowledged(&self) -> bool {
        matches!(self.status, 200..=202)
    }

    /// Whether the answer says for good that it has none. 409 speaks of another body under this id.
    #[must_use]
    pub const fn refused(&self) -> bool {
        matches!(self.status, 400..=408 | 410..=428 | 430..=499)
    }
}

/// All sendings.
#[derive(Debug, Clone, Default)]
pub struct Journal(pub Vec<Said>);

impl Journal {
    /// Reads a journal from a file of lines.
    ///
    /// # Errors
    /// The file cannot be read, or a line is no sending. A last line that was cut short is left out.
    pub fn read(path: &Path) -> io::Result<Self> {
        let lines: Vec<String> = BufReader::new(File::open(path)?).lines().collect::<Result<_, _>>()?;
        let mut said = Vec::with_capacity(lines.len());
        for (number, line) in (1..).zip(&lines) {
            match serde_json::from_str(line) {
                Ok(one) => said.push(one),
                Err(_) if number == lines.len() => {}
                Err(error) => return Err(io::Error::other(format!("line {number}: {error}"))),
            }
        }
        Ok(Self(said))
    }

    /// Writes a journal to a file.
    ///
    /// # Errors
    /// The file cannot be written.
    pub fn write(&self, path: &Path) -> io::Result<()> {
        let mut file = io::BufWriter::new(File::create(path)?);
        for said in &self.0 {
            serde_json::to_writer(&mut file, said)?;
            file.write_all(b"\n")?;
        }
        file.flush()
    }
}
