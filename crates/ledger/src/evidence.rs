//! What is handed to somebody who is to believe one event: payload, leaf and path, as JSON.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde::{Deserialize, Serialize};

use crate::checkpoint::Checkpoint;
use crate::leaf::{Leaf, SALT_LEN, commitment};
use crate::tree::{Hash, is_included, leaf_hash};

const VERSION: u32 = 1;
/// Steps of a path at most: a tree has fewer than 2⁶⁴ leaves.
const PATH_MAX: usize = 64;

/// Why evidence proves nothing.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum EvidenceError {
    /// It cannot be read, or a later version wrote it.
    #[error("not readable")]
    Form,
    /// Salt and payload are not those of the leaf.
    #[error("the payload is not that of the leaf")]
    Payload,
    /// The path does not lead to the checkpoint.
    #[error("the leaf is not in the log")]
    NotIncluded,
}

/// Salt and payload of a leaf that lies open, a line of JSON: `{"index":7,"salt":"…","payload":"…"}`, the salt in base64.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Opened {
    /// Its index.
    pub index: u64,
    /// In base64.
    pub salt: String,
    /// JSON, exactly as committed to.
    pub payload: String,
}

impl Opened {
    /// Of these octets; `None` if the payload is no text.
    pub fn of(index: u64, salt: &[u8; SALT_LEN], payload: &[u8]) -> Option<Self> {
        let payload = std::str::from_utf8(payload).ok()?.to_owned();
        Some(Self { index, salt: STANDARD.encode(salt), payload })
    }

    /// The line, its end included.
    pub fn line(&self) -> String {
        serde_json::to_string(self).unwrap_or_default() + "\n"
    }

    /// Reads a line.
    pub fn of_line(line: &str) -> Option<Self> {
        serde_json::from_str(line).ok()
    }

    /// What salt and payload come to; `None` if the salt cannot be read.
    pub fn commitment(&self) -> Option<[u8; 32]> {
        let salt: [u8; SALT_LEN] = STANDARD.decode(&self.salt).ok()?.try_into().ok()?;
        Some(commitment(&salt, self.payload.as_bytes()))
    }
}

/// Evidence of one event, a document of JSON. Octets stand in base64.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Evidence {
    /// 1.
    pub version: u32,
    /// File beside it whose SHA-256 the payload names as `sha256`.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub file: Option<String>,
    /// File beside it that holds the checkpoint.
    pub checkpoint: String,
    /// The leaf, its salt and its payload.
    pub leaf: String,
    /// 16 octets.
    pub salt: String,
    /// JSON, exactly as committed to.
    pub payload: String,
    /// From the leaf up.
    pub path: Vec<String>,
}

/// What evidence proves.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Proven {
    /// The leaf.
    pub leaf: Leaf,
    /// Its payload.
    pub payload: serde_json::Value,
}

impl Evidence {
    /// Of these values; `None` if the payload is no text.
    pub fn of(
        leaf: &Leaf,
        salt: &[u8; SALT_LEN],
        payload: &[u8],
        path: &[Hash],
        checkpoint: &str,
        file: Option<&str>,
    ) -> Option<Self> {
        Some(Self {
            version: VERSION,
            file: file.map(str::to_owned),
            checkpoint: checkpoint.to_owned(),
            leaf: STANDARD.encode(leaf.encode()),
            salt: STANDARD.encode(salt),
            payload: std::str::from_utf8(payload).ok()?.to_owned(),
            path: path.iter().map(|hash| STANDARD.encode(hash)).collect(),
        })
    }

    /// The document.
    pub fn text(&self) -> String {
        serde_json::to_string_pretty(self).unwrap_or_default() + "\n"
    }

    /// Reads a document.
    pub fn of_text(text: &[u8]) -> Option<Self> {
        serde_json::from_slice(text).ok().filter(|evidence: &Self| evidence.version == VERSION)
    }

    /// Checks it against a checkpoint that is believed.
    ///
    /// # Errors
    /// What does not fit.
    pub fn check(&self, checkpoint: &Checkpoint) -> Result<Proven, EvidenceError> {
        let octets = |text: &str| STANDARD.decode(text).map_err(|_| EvidenceError::Form);
        let leaf = octets(&self.leaf)?;
        let leaf = Leaf::decode(&leaf).ok_or(EvidenceError::Form)?;
        let salt: [u8; SALT_LEN] = octets(&self.salt)?.try_into().map_err(|_| EvidenceError::Form)?;
        if commitment(&salt, self.payload.as_bytes()) != leaf.commitment {
            return Err(EvidenceError::Payload);
        }
        if self.path.len() > PATH_MAX {
            return Err(EvidenceError::Form);
        }
        let mut path = Vec::with_capacity(self.path.len());
        for hash in &self.path {
            path.push(Hash::try_from(octets(hash)?).map_err(|_| EvidenceError::Form)?);
        }
        let hash = leaf_hash(&leaf.encode());
        if !is_included(leaf.index, checkpoint.size, hash, &path, &checkpoint.root) {
            return Err(EvidenceError::NotIncluded);
        }
        let payload = serde_json::from_str(&self.payload).map_err(|_| EvidenceError::Form)?;
        Ok(Proven { leaf, payload })
    }
}
