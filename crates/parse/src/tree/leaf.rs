//! Leaves: decoded piece by piece, hashed, and kept as far as they are text.

use aws_lc_rs::digest::{self, SHA256};
use model::{Sha256, TransferEncoding};

use crate::body::digest::BodyDigest;
use crate::body::transfer;

/// A leaf after transfer decoding.
pub(super) struct ReadLeaf<'a> {
    pub(super) octets: u64,
    pub(super) sha256: Sha256,
    /// The first octets, decoded.
    pub(super) kept: std::borrow::Cow<'a, [u8]>,
    pub(super) clean: bool,
}

pub(super) fn read_leaf<'a>(
    encoding: TransferEncoding,
    body: &'a [u8],
    keep: usize,
    is_text: bool,
    mut body_digest: Option<&mut BodyDigest>,
) -> ReadLeaf<'a> {
    let mut context = digest::Context::new(&SHA256);
    let mut octets = 0_u64;
    let mut kept = Vec::new();
    if let Some(digest) = &mut body_digest {
        digest.begin();
    }
    let clean = transfer::decode(encoding, body, |piece| {
        context.update(piece);
        octets += piece.len() as u64;
        if is_text && let Some(digest) = &mut body_digest {
            digest.text(piece);
        }
        if encoding != TransferEncoding::Identity && kept.len() < keep {
            kept.extend_from_slice(&piece[..piece.len().min(keep - kept.len())]);
        }
        true
    });
    let sha256 = sha256_of(context);
    match body_digest {
        Some(digest) if is_text => digest.end_text(),
        Some(digest) => digest.leaf(&sha256),
        None => {}
    }
    let kept = match encoding {
        TransferEncoding::Identity => body[..body.len().min(keep)].into(),
        _ => kept.into(),
    };
    ReadLeaf { octets, sha256, kept, clean }
}

pub(crate) fn sha256_of(context: digest::Context) -> Sha256 {
    let mut octets = [0; 32];
    octets.copy_from_slice(context.finish().as_ref());
    Sha256(octets)
}
