//! Signed notes with Ed25519 (C2SP signed-note).

use aws_lc_rs::signature::{ED25519, Ed25519KeyPair, KeyPair as _, UnparsedPublicKey};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

const ALGORITHM: u8 = 1;
pub(crate) const DASH: &str = "— ";
/// Octets of a note at most.
const NOTE_MAX: usize = 1 << 20;

/// Why a note is not believed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum NoteError {
    /// It is no signed note, or no key line.
    #[error("not in the form of a signed note")]
    Form,
    /// The key has not signed it.
    #[error("not signed by this key")]
    OtherKey,
    /// The signature does not fit the text.
    #[error("the signature is wrong")]
    Signature,
}

/// The key that checks a log's notes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PublicKey {
    name: String,
    octets: [u8; 32],
}

/// The id of a key for this kind of signature.
pub(crate) fn key_id(algorithm: u8, name: &str, octets: &[u8; 32]) -> [u8; 4] {
    let digest = crate::sha256(&[name.as_bytes(), b"\n", &[algorithm], octets].concat()).0;
    [digest[0], digest[1], digest[2], digest[3]]
}

/// A name has no white space and no plus sign.
pub(crate) fn is_name(name: &str) -> bool {
    !name.is_empty() && !name.contains(|c: char| c.is_whitespace() || c == '+')
}

/// `<name>+<id>+<key>`.
pub(crate) fn key_line(algorithm: u8, name: &str, octets: &[u8; 32]) -> String {
    let id = u32::from_be_bytes(key_id(algorithm, name, octets));
    let key = STANDARD.encode([&[algorithm], octets.as_slice()].concat());
    format!("{name}+{id:08x}+{key}")
}

/// Name and key of such a line; white space around it does not matter.
///
/// # Errors
/// `Form`, also if the id is not that of the key.
pub(crate) fn read_key_line(algorithm: u8, line: &str) -> Result<(String, [u8; 32]), NoteError> {
    let mut parts = line.trim().splitn(3, '+');
    let (Some(name), Some(_id), Some(key)) = (parts.next(), parts.next(), parts.next()) else {
        return Err(NoteError::Form);
    };
    let key = STANDARD.decode(key).map_err(|_| NoteError::Form)?;
    let Some((found, octets)) = key.split_first().filter(|_| is_name(name)) else {
        return Err(NoteError::Form);
    };
    let octets: [u8; 32] = octets.try_into().map_err(|_| NoteError::Form)?;
    let is_same = *found == algorithm && key_line(algorithm, name, &octets) == line.trim();
    if is_same { Ok((name.to_owned(), octets)) } else { Err(NoteError::Form) }
}

impl PublicKey {
    /// The name that stands in signatures and, in checkpoints, is the origin.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The 32 octets.
    pub const fn octets(&self) -> &[u8; 32] {
        &self.octets
    }

    /// `<name>+<id>+<key>`.
    pub fn line(&self) -> String {
        key_line(ALGORITHM, &self.name, &self.octets)
    }

    /// Reads such a line; white space around it does not matter.
    ///
    /// # Errors
    /// `Form`, also if the id is not that of the key.
    pub fn of_line(line: &str) -> Result<Self, NoteError> {
        let (name, octets) = read_key_line(ALGORITHM, line)?;
        Ok(Self { name, octets })
    }
}

/// The key that signs a log's notes.
pub struct SigningKey {
    pair: Ed25519KeyPair,
    public: PublicKey,
}

impl std::fmt::Debug for SigningKey {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_tuple("SigningKey").field(&self.public).finish()
    }
}

impl SigningKey {
    /// From its 32 secret octets.
    ///
    /// # Errors
    /// `Form` if the name has white space or a plus sign.
    pub fn of_seed(name: &str, seed: &[u8; 32]) -> Result<Self, NoteError> {
        let pair = Ed25519KeyPair::from_seed_unchecked(seed).map_err(|_| NoteError::Form)?;
        let octets = pair.public_key().as_ref().try_into().map_err(|_| NoteError::Form)?;
        if !is_name(name) {
            return Err(NoteError::Form);
        }
        Ok(Self { pair, public: PublicKey { name: name.to_owned(), octets } })
    }

    /// What checks its signatures.
    pub const fn public(&self) -> &PublicKey {
        &self.public
    }

    /// The note with this text, which ends with a line end.
    pub fn sign(&self, text: &str) -> String {
        let signature = self.pair.sign(text.as_bytes());
        let id = key_id(ALGORITHM, &self.public.name, &self.public.octets);
        let signed = STANDARD.encode([id.as_slice(), signature.as_ref()].concat());
        format!("{text}\n{DASH}{} {signed}\n", self.public.name)
    }
}

/// Text and signature lines of a note.
pub(crate) fn parts(note: &[u8]) -> Result<(&str, &str), NoteError> {
    let note = std::str::from_utf8(note).map_err(|_| NoteError::Form)?;
    if note.len() > NOTE_MAX || note.chars().any(|c| c < ' ' && c != '\n') {
        return Err(NoteError::Form);
    }
    let at = note.rfind("\n\n").ok_or(NoteError::Form)?;
    let (text, signatures) = (&note[..=at], &note[at + 2..]);
    if signatures.is_empty() || !signatures.ends_with('\n') {
        return Err(NoteError::Form);
    }
    Ok((text, signatures))
}

/// Names that stand in the signatures of a note, believed or not.
pub fn signers(note: &[u8]) -> Vec<String> {
    let Ok((_, signatures)) = parts(note) else { return Vec::new() };
    let name = |line: &str| line.strip_prefix(DASH)?.split_once(' ').map(|(name, _)| name.to_owned());
    signatures.lines().filter_map(name).collect()
}

/// The text of a note, its signature by `key` checked.
///
/// # Errors
/// `Form`, `OtherKey`, `Signature`.
pub fn opened<'a>(note: &'a [u8], key: &PublicKey) -> Result<&'a str, NoteError> {
    let (text, signatures) = parts(note)?;
    let mut outcome = Err(NoteError::OtherKey);
    for line in signatures.lines() {
        let line = line.strip_prefix(DASH).ok_or(NoteError::Form)?;
        let (name, octets) = line.split_once(' ').ok_or(NoteError::Form)?;
        let octets = STANDARD.decode(octets).map_err(|_| NoteError::Form)?;
        let Some((id, signature)) = octets.split_first_chunk::<4>() else { return Err(NoteError::Form) };
        if name != key.name || *id != key_id(ALGORITHM, &key.name, &key.octets) {
            continue;
        }
        let checked = UnparsedPublicKey::new(&ED25519, &key.octets).verify(text.as_bytes(), signature);
        match checked {
            Ok(()) => outcome = Ok(text),
            Err(_) => return Err(NoteError::Signature),
        }
    }
    outcome
}
