//! Checkpoints as text, their signatures, and the keys.

use std::{fs, os::unix::fs::PermissionsExt as _};

use uuid::Uuid;

use crate::{
    LedgerIdentity,
    tree::{CheckpointKeys, CheckpointText, NoteError, SignedNote, TextError, VerifierKey},
};

/// The example of Go's package `sumdb/note`, which the specification descends from.
const GO_KEY: &str = "PeterNeumann+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW";
const GO_NOTE: &str = "If you think cryptography is the answer to your problem,\n\
    then you don't know what your problem is.\n\n\
    — PeterNeumann x08go/ZJkuBS9UG/SffcvIAQxVBtiFupLLr8pAcElZInNIuGUgYN1FFYC2pZSNXgKvqfqdngotpRZb6KE6RyyBwJnAM=\n";

fn identity() -> LedgerIdentity {
    LedgerIdentity { ledger_id: Uuid::from_u128(42), epoch: 3 }
}

fn text() -> CheckpointText {
    CheckpointText::new(identity(), 1_042, [5; 32])
}

#[test]
fn a_note_of_others_verifies_and_is_written_as_it_was() {
    let key = VerifierKey::parse(GO_KEY).unwrap();
    assert_eq!(key.to_string(), GO_KEY);
    let note = SignedNote::parse(GO_NOTE).unwrap();
    assert_eq!(note.to_string(), GO_NOTE);
    assert!(note.verify(&[key]).unwrap().ends_with("your problem is.\n"));
}

#[test]
fn a_checkpoint_has_the_text_of_the_specification() {
    let written = text().to_string();
    let expected = "chajipoa/00000000-0000-0000-0000-00000000002a/3\n1042\n\
        BQUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFBQU=\n";
    assert_eq!(written, expected);
    assert_eq!(CheckpointText::parse(&written), Ok(text()));
    assert_eq!(text().identity(), Some(identity()));
    let extended = format!("{written}something further\n");
    assert_eq!(CheckpointText::parse(&extended).unwrap().to_string(), extended);
}

#[test]
fn another_form_of_checkpoint_is_refused() {
    let root = "BQUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFBQUFBQU=";
    for (text, error) in [
        (format!("o\n1\n{root}"), TextError::Lines),
        ("o\n1\n".to_owned(), TextError::Lines),
        (format!("\n1\n{root}\n"), TextError::Origin),
        (format!("o\n01\n{root}\n"), TextError::Size),
        (format!("o\n+1\n{root}\n"), TextError::Size),
        (format!("o\n-1\n{root}\n"), TextError::Size),
        ("o\n1\nBQU=\n".to_owned(), TextError::Root),
        (format!("o\n1\n{root}\n\nx\n"), TextError::Extension),
    ] {
        assert_eq!(CheckpointText::parse(&text), Err(error), "{text:?}");
    }
}

#[test]
fn one_altered_byte_of_a_note_is_noticed() {
    let directory = tempfile::tempdir().unwrap();
    let keys = CheckpointKeys::open_or_create(directory.path()).unwrap();
    let origin = text().origin;
    let verifiers = keys.verifiers(&origin);
    let note = SignedNote::sign(text().to_string(), &[&keys.signer(&origin).unwrap()]).to_string();
    let read = SignedNote::parse(&note).unwrap();
    assert_eq!(read.verify(&verifiers), Ok(text().to_string().as_str()));
    for at in 0..note.len() {
        let mut bytes = note.clone().into_bytes();
        bytes[at] ^= 1;
        let refused = String::from_utf8(bytes).is_ok_and(|altered| {
            SignedNote::parse(&altered).is_ok_and(|note| note.verify(&verifiers).is_ok())
        });
        assert!(!refused, "byte {at} of {note}");
    }
}

#[test]
fn a_signature_of_a_stranger_is_left_alone_and_is_not_enough() {
    let (own, other) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let own = CheckpointKeys::open_or_create(own.path()).unwrap();
    let other = CheckpointKeys::open_or_create(other.path()).unwrap();
    let origin = text().origin;
    let signers = [own.signer(&origin).unwrap(), other.signer(&origin).unwrap()];
    let both = SignedNote::sign(text().to_string(), &[&signers[1], &signers[0]]);
    assert!(both.verify(&own.verifiers(&origin)).is_ok());
    let alone = SignedNote::sign(text().to_string(), &[&signers[1]]);
    assert_eq!(alone.verify(&own.verifiers(&origin)), Err(NoteError::Unsigned));
    let elsewhere = CheckpointText::origin_of(LedgerIdentity { epoch: 4, ..identity() });
    assert_eq!(both.verify(&own.verifiers(&elsewhere)), Err(NoteError::Unsigned), "a fork has another name");
}

#[test]
fn another_form_of_note_or_key_is_refused() {
    for note in
        ["", "a\n", "a\n\n", "a\n\nb\n", "a\n\n— n x\n", "a\n\n— n AAAAAA==\n", "a\t\n\n— n AAAAAAA=\n"]
    {
        assert_eq!(SignedNote::parse(note), Err(NoteError::Form), "{note:?}");
    }
    assert!(SignedNote::parse("a\n\n— n AAAAAAA=\n").is_ok());
    for (key, error) in [
        ("", NoteError::KeyForm),
        ("PeterNeumann+c74f20a3", NoteError::KeyForm),
        ("PeterNeumann+c74f20a3+ARpc", NoteError::KeyForm),
        ("PeterNeumann+c74f20a4+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW", NoteError::KeyHash),
        ("Peter+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW", NoteError::KeyHash),
        ("PeterNeumann+c74f20a3+Ahpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW", NoteError::KeyForm),
    ] {
        assert_eq!(VerifierKey::parse(key), Err(error), "{key}");
    }
}

#[test]
fn a_rotation_keeps_what_was_signed_verifiable_and_forgets_how_to_sign() {
    let directory = tempfile::tempdir().unwrap();
    let origin = text().origin;
    let first = CheckpointKeys::open_or_create(directory.path()).unwrap();
    let note = SignedNote::sign(text().to_string(), &[&first.signer(&origin).unwrap()]);
    let second = CheckpointKeys::rotate(directory.path()).unwrap();
    let third = CheckpointKeys::rotate(directory.path()).unwrap();
    assert_eq!(third.verifiers(&origin).len(), 3);
    assert!(note.verify(&third.verifiers(&origin)).is_ok());
    let present = third.signer(&origin).unwrap();
    assert_eq!(third.verifiers(&origin).first(), Some(present.verifier()));
    assert_ne!(second.signer(&origin).unwrap().verifier(), present.verifier());
    let mut names: Vec<_> = fs::read_dir(directory.path().join("checkpoint")).unwrap().collect();
    names.sort_by_key(|entry| entry.as_ref().unwrap().file_name());
    let names = names.into_iter().map(|entry| entry.unwrap());
    let found: Vec<_> = names
        .map(|entry| {
            (entry.file_name().into_string().unwrap(), entry.metadata().unwrap().permissions().mode() & 0o777)
        })
        .collect();
    let expected = ["1.pub", "2.pub", "3.pk8"].map(|name| (name.to_owned(), 0o600));
    assert_eq!(found, expected);
}
