//! Signed notes (C2SP signed-note) with Ed25519: a text, an empty line, and a line per signature.
//!
//! A key has a name, and a hash over name and key that says which of several of that name has signed. Signatures of
//! unknown keys are left alone, as the specification asks; one of a known key that is wrong refuses the note.

use std::fmt;

use base64::{Engine as _, engine::general_purpose::STANDARD};
use ring::{
    digest::{Context, SHA256},
    signature::{ED25519, Ed25519KeyPair, KeyPair as _, UnparsedPublicKey},
};

/// The byte that says Ed25519 in a key's text and hash.
const ED25519_TYPE: u8 = 0x01;

/// What a signature line begins with.
const SIGNATURE_PREFIX: &str = "— ";

/// Longer notes are refused unread.
const MAX_BYTES: usize = 1 << 20;

/// Notes with more signatures are refused.
const MAX_SIGNATURES: usize = 100;

/// Why a note or a key is not accepted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum NoteError {
    /// It is no signed note.
    #[error("this is no signed note: a text, an empty line, and lines that begin with an em dash")]
    Form,
    /// A key's text has another form.
    #[error("this is no verifier key: name+8 hex digits+base64 of an Ed25519 key")]
    KeyForm,
    /// The hash in a key's text does not fit name and key.
    #[error("the verifier key's hash does not fit its name and its bytes")]
    KeyHash,
    /// None of the known keys has signed it.
    #[error("none of the known keys has signed this note")]
    Unsigned,
    /// A known key's signature is wrong.
    #[error("a signature under a known key is wrong: text or signature were altered")]
    Wrong,
}

/// One signature of a note.
#[derive(Debug, Clone, PartialEq, Eq)]
struct NoteSignature {
    name: String,
    key_hash: [u8; 4],
    bytes: Vec<u8>,
}

/// A text with its signatures.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SignedNote {
    text: String,
    signatures: Vec<NoteSignature>,
}

impl SignedNote {
    /// Signs a text, which ends with a newline.
    #[must_use]
    pub fn sign(text: String, signers: &[&Signer]) -> Self {
        let signatures = signers.iter().map(|signer| signer.sign(&text)).collect();
        Self { text, signatures }
    }

    /// Reads a note, without asking whether it is signed by anybody in particular.
    ///
    /// # Errors
    /// It has another form.
    pub fn parse(note: &str) -> Result<Self, NoteError> {
        let control = |c: char| c != '\n' && (c < ' ' || c == '\u{7f}');
        if note.len() > MAX_BYTES || note.contains(control) {
            return Err(NoteError::Form);
        }
        let (text, lines) = note.rsplit_once("\n\n").ok_or(NoteError::Form)?;
        let lines = lines.strip_suffix('\n').ok_or(NoteError::Form)?;
        let signatures: Option<Vec<NoteSignature>> = lines.split('\n').map(signature).collect();
        let signatures = signatures.filter(|all| all.len() <= MAX_SIGNATURES).ok_or(NoteError::Form)?;
        Ok(Self { text: format!("{text}\n"), signatures })
    }

    /// What was signed, its last newline included. Nothing is known about it before [`Self::verify`].
    #[must_use]
    pub fn text(&self) -> &str {
        &self.text
    }

    /// The text, if one of these keys has signed it, and none of them wrongly.
    ///
    /// # Errors
    /// None has, or a signature is wrong.
    pub fn verify(&self, keys: &[VerifierKey]) -> Result<&str, NoteError> {
        let mut signed = false;
        for signature in &self.signatures {
            let made_it = |key: &&VerifierKey| key.name == signature.name && key.hash() == signature.key_hash;
            let Some(key) = keys.iter().find(made_it) else { continue };
            let public = UnparsedPublicKey::new(&ED25519, key.public);
            public.verify(self.text.as_bytes(), &signature.bytes).map_err(|_| NoteError::Wrong)?;
            signed = true;
        }
        if signed { Ok(&self.text) } else { Err(NoteError::Unsigned) }
    }
}

/// `— <name> <base64 of key hash and signature>`.
fn signature(line: &str) -> Option<NoteSignature> {
    let (name, encoded) = line.strip_prefix(SIGNATURE_PREFIX)?.split_once(' ')?;
    let decoded = STANDARD.decode(encoded).ok()?;
    let (key_hash, bytes) = decoded.split_first_chunk::<4>()?;
    let sound = is_name(name) && !bytes.is_empty();
    sound.then(|| NoteSignature { name: name.to_owned(), key_hash: *key_hash, bytes: bytes.to_vec() })
}

fn is_name(name: &str) -> bool {
    !name.is_empty() && !name.contains(|c: char| c.is_whitespace() || c == '+')
}

impl fmt::Display for SignedNote {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "{}", self.text)?;
        self.signatures.iter().try_for_each(|signature| {
            let bytes = [signature.key_hash.as_slice(), &signature.bytes].concat();
            writeln!(f, "{SIGNATURE_PREFIX}{} {}", signature.name, STANDARD.encode(bytes))
        })
    }
}

/// A key that verifies, with its name. Its text (`vkey`) is `<name>+<8 hex digits>+<base64 of 0x01 and the key>`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct VerifierKey {
    name: String,
    public: [u8; 32],
}

impl VerifierKey {
    /// A key under a name; none where the name is empty or has a space or a plus.
    #[must_use]
    pub fn new(name: &str, public: [u8; 32]) -> Option<Self> {
        is_name(name).then(|| Self { name: name.to_owned(), public })
    }

    /// Reads a key's text.
    ///
    /// # Errors
    /// It has another form, or its hash does not fit.
    pub fn parse(text: &str) -> Result<Self, NoteError> {
        let mut parts = text.trim().splitn(3, '+');
        let mut part = || parts.next().ok_or(NoteError::KeyForm);
        let (name, hash, encoded) = (part()?, part()?, part()?);
        let bytes = STANDARD.decode(encoded).map_err(|_| NoteError::KeyForm)?;
        let (kind, public) = bytes.split_first().ok_or(NoteError::KeyForm)?;
        let public = public.try_into().map_err(|_| NoteError::KeyForm)?;
        let key = Self::new(name, public).filter(|_| *kind == ED25519_TYPE).ok_or(NoteError::KeyForm)?;
        if hex::encode(key.hash()) == hash { Ok(key) } else { Err(NoteError::KeyHash) }
    }

    /// The name it signs under: the origin of the checkpoints.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The Ed25519 public key.
    #[must_use]
    pub const fn public(&self) -> &[u8; 32] {
        &self.public
    }

    /// Which of the keys of its name it is: the first four bytes of SHA-256 over name, newline, 0x01 and key.
    #[must_use]
    pub fn hash(&self) -> [u8; 4] {
        let mut context = Context::new(&SHA256);
        context.update(self.name.as_bytes());
        context.update(&[b'\n', ED25519_TYPE]);
        context.update(&self.public);
        context.finish().as_ref().first_chunk::<4>().copied().unwrap_or_default()
    }
}

impl fmt::Display for VerifierKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let bytes = [[ED25519_TYPE].as_slice(), &self.public].concat();
        write!(f, "{}+{}+{}", self.name, hex::encode(self.hash()), STANDARD.encode(bytes))
    }
}

/// A key that signs, with its name.
pub struct Signer {
    pair: Ed25519KeyPair,
    verifier: VerifierKey,
}

impl fmt::Debug for Signer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Signer").field("verifier", &self.verifier).finish_non_exhaustive()
    }
}

impl Signer {
    /// A signing key from its PKCS#8 bytes; none where they are not those of an Ed25519 key, or the name is none.
    #[must_use]
    pub fn new(name: &str, pkcs8: &[u8]) -> Option<Self> {
        let pair = Ed25519KeyPair::from_pkcs8(pkcs8).ok()?;
        let public = pair.public_key().as_ref().try_into().ok()?;
        Some(Self { pair, verifier: VerifierKey::new(name, public)? })
    }

    /// The key that verifies what this one signs.
    #[must_use]
    pub const fn verifier(&self) -> &VerifierKey {
        &self.verifier
    }

    fn sign(&self, text: &str) -> NoteSignature {
        NoteSignature {
            name: self.verifier.name.clone(),
            key_hash: self.verifier.hash(),
            bytes: self.pair.sign(text.as_bytes()).as_ref().to_vec(),
        }
    }
}
