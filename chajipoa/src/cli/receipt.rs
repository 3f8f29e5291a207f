//! `chajipoa receipt verify`: does a receipt hold, without asking anybody?

use std::{fs, path::Path, process::ExitCode};

use ledger::tree::VerifierKey;
use query_api::receipt::{self, Proved};
use serde_json::json;

use super::{Failure, arguments::ReceiptCommand, say};

/// Verifies; 1 where it does not hold.
pub(super) fn run(command: ReceiptCommand, as_json: bool) -> Result<ExitCode, Failure> {
    let ReceiptCommand::Verify { file, key } = command;
    let keys = keys(&key)?;
    let bytes = fs::read(&file)
        .map_err(|error| Failure::misuse(format!("{} cannot be read: {error}", file.display())))?;
    match receipt::verify(&bytes, &keys) {
        Ok(proved) => {
            say(as_json, &json!({"holds": true, "proved": proved, "in_words": proved.in_words()}), || {
                told(&proved)
            })?;
            Ok(ExitCode::SUCCESS)
        }
        Err(disproved) => {
            let why = super::failure::chain(&disproved);
            say(as_json, &json!({"holds": false, "why": why}), || {
                format!("the receipt does not hold: {why}")
            })?;
            Ok(ExitCode::FAILURE)
        }
    }
}

fn told(proved: &Proved) -> String {
    let lines = proved.in_words().into_iter().map(|line| format!("  {line}"));
    std::iter::once("the receipt holds:".to_owned()).chain(lines).collect::<Vec<_>>().join("\n")
}

/// A key as it is, or the file that holds some, one a line.
fn keys(given: &str) -> Result<Vec<VerifierKey>, Failure> {
    let path = Path::new(given);
    let text = if path.is_file() {
        fs::read_to_string(path)
            .map_err(|error| Failure::misuse(format!("{given} cannot be read: {error}")))?
    } else {
        given.to_owned()
    };
    let lines = text.lines().map(str::trim).filter(|line| !line.is_empty());
    let keys: Result<Vec<VerifierKey>, Failure> = lines
        .map(|line| {
            VerifierKey::parse(line).map_err(|error| Failure::misuse(format!("--key {line}: {error}")))
        })
        .collect();
    match keys? {
        none if none.is_empty() => Err(Failure::misuse(format!("there is no key in {given}"))),
        keys => Ok(keys),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_is_a_text_or_the_file_that_holds_it() {
        let key = VerifierKey::new("chajipoa/0190a6f0-0000-7000-8000-000000000001/1", [7; 32]).unwrap();
        assert_eq!(keys(&key.to_string()).unwrap(), std::slice::from_ref(&key));
        let file = tempfile::NamedTempFile::new().unwrap();
        fs::write(file.path(), format!("\n{key}\n")).unwrap();
        assert_eq!(keys(file.path().to_str().unwrap()).unwrap(), [key]);
        fs::write(file.path(), "").unwrap();
        assert!(keys(file.path().to_str().unwrap()).is_err());
        assert!(keys("no key").is_err());
    }
}
