//! The head of the log (C2SP tlog-checkpoint).

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

use crate::note::{NoteError, PublicKey, SigningKey, opened, parts};
use crate::tree::Hash;

/// How many leaves there are, and the root over them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Checkpoint {
    /// Name of the log.
    pub origin: String,
    /// Leaves.
    pub size: u64,
    /// Over them.
    pub root: Hash,
}

impl Checkpoint {
    /// The signed note.
    pub fn sign(&self, key: &SigningKey) -> String {
        key.sign(&format!("{}\n{}\n{}\n", self.origin, self.size, STANDARD.encode(self.root)))
    }

    /// Reads a note that `key` signed.
    ///
    /// # Errors
    /// Those of [`opened`]; `Form` too if the text is no checkpoint, or of another log.
    pub fn open(note: &[u8], key: &PublicKey) -> Result<Self, NoteError> {
        let checkpoint = Self::read(opened(note, key)?).ok_or(NoteError::Form)?;
        if checkpoint.origin == key.name() { Ok(checkpoint) } else { Err(NoteError::Form) }
    }

    /// The name of the log that a note says to be of; nothing is checked.
    pub fn origin_of(note: &[u8]) -> Option<String> {
        Self::read(parts(note).ok()?.0).map(|checkpoint| checkpoint.origin)
    }

    /// Reads the text of a note; lines behind the third are not looked at.
    pub fn read(text: &str) -> Option<Self> {
        let mut lines = text.split('\n');
        let (origin, digits, root) = (lines.next()?, lines.next()?, lines.next()?);
        let size: u64 = digits.parse().ok()?;
        let root = STANDARD.decode(root).ok()?.try_into().ok()?;
        let plain = !origin.is_empty() && size.to_string() == digits && lines.next().is_some();
        plain.then(|| Self { origin: origin.to_owned(), size, root })
    }
}
