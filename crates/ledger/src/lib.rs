//! The format of the log that proves the archive, as functions of values.
//!
//! In: events, hashes and octets of files, in any state. Out: leaves, tiles, checkpoints and proofs, or what is wrong with
//! them. Decoding is total: any octets give a value or an error. This crate reads no files, has no clock, makes no random
//! numbers, and knows neither the database nor where a key lies.
//!
//! # Leaves
//!
//! Each event is a leaf of 51 octets: what happened stands in its payload, of which the leaf holds a salted digest only, so
//! that an erased payload leaves a value nobody can link, and every older proof holds. See [`Leaf`].
//!
//! # The folder `log`
//!
//! | file | what |
//! | --- | --- |
//! | `key.pub` | the public key, one line in the form of a signed note's verifier key |
//! | `checkpoint` | the newest checkpoint, a signed note |
//! | `tile/<level>/<n>`, `tile/entries/<n>` | the tree and its leaves, C2SP tlog-tiles; see [`Tile`] |
//! | `open/<n>` | salt and payload of leaves that say nothing of people, a line of JSON each; see [`Opened`] |
//! | `payload/*.pay` | salts and payloads of all leaves, sealed; see [`payload`] |
//! | `timestamps/<size>.note`, `<size>-<n>.tsr` | anchors: checkpoints kept for good, and what time stamp authorities answered |
//! | `keys` | the private key and that of the payloads, sealed to the master key; no part of the proof |
//!
//! Sources: RFC 9162 §2.1, C2SP tlog-tiles, signed-note, tlog-checkpoint.

mod checkpoint;
mod cosignature;
mod evidence;
mod leaf;
mod note;
pub mod payload;
mod tile;
mod tree;

pub use checkpoint::Checkpoint;
pub use cosignature::{AddCheckpoint, CosigningKey, WitnessKey, cosigned};
pub use evidence::{Evidence, EvidenceError, Opened, Proven};
pub use leaf::{Kind, LEAF_LEN, Leaf, SALT_LEN, commitment};
pub use note::{NoteError, PublicKey, SigningKey, opened, signers};
pub use tile::{Builder, TILE_WIDTH, Tile, entries, entries_path, entry, node};
pub use tree::{
    Hash, consistency, empty_root, inclusion, is_consistent, is_included, leaf_hash, node_hash, root,
};

use model::Sha256;

/// SHA-256 of octets.
pub fn sha256(octets: &[u8]) -> Sha256 {
    let mut digest = [0; 32];
    digest.copy_from_slice(aws_lc_rs::digest::digest(&aws_lc_rs::digest::SHA256, octets).as_ref());
    Sha256(digest)
}

#[cfg(test)]
mod tests;
