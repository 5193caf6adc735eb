//! Text of PDF.

use lopdf::{Document, Error};

use super::Buffer;
use crate::outcome::Reason;

/// Pages that are read.
const PAGES_MAX: usize = 5_000;
/// Decompressed content of one page with its fonts, octets.
const PAGE_OCTETS_MAX: usize = 32 << 20;

pub(crate) fn read(octets: &[u8], text: &mut Buffer) -> Result<(), Reason> {
    let document = Document::load_mem(octets).map_err(|error| reason(&error))?;
    // What an empty password opens is open after loading.
    if document.is_encrypted() && document.encryption_state.is_none() {
        return Err(Reason::Encrypted);
    }
    let pages = document.get_pages();
    if pages.is_empty() {
        return Err(Reason::Broken);
    }
    let mut failed = None;
    for number in pages.keys().take(PAGES_MAX) {
        match document.extract_text_with_limit(&[*number], PAGE_OCTETS_MAX) {
            Ok(page) => text.push(&page),
            Err(error) => failed = Some(reason(&error)),
        }
        text.line();
        if text.is_full() {
            return Ok(());
        }
    }
    failed.map_or(Ok(()), Err)
}

fn reason(error: &Error) -> Reason {
    match error {
        Error::Decryption(_) | Error::InvalidPassword | Error::AlreadyEncrypted => Reason::Encrypted,
        Error::Decompress(_) => Reason::TooLarge,
        _ => Reason::Broken,
    }
}
