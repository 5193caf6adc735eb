//! Octets to message, facts and defects.
//!
//! In: the octets of one mail and [`Limits`]. Out: [`Parsed`], the message with its MIME tree and body text,
//! what is wrong with it, and what linking needs to know of it. It never fails and never panics: wrong mail is
//! normal mail. It does not decide what kind of mail it is (`classify`), makes no safe HTML (`render`), reads
//! no attachments' text and opens no archives (`examine`) but `winmail.dat`, whose files are parts of the mail, and has no clock and no files.

mod body;
mod defects;
mod effective_date;
mod facts;
pub mod header;
mod limits;
mod message;
mod preview;
pub mod report;
mod tree;

pub use effective_date::{Times, effective_date};
pub use limits::Limits;
pub use message::{Parsed, head, header_of, header_section, parse, part_content, places, read};
pub use preview::preview;

/// Text of an HTML document as people read it, at most `octets_max` octets: blocks on lines of their own, without
/// scripts, styles and comments.
pub fn html_text(html: &str, octets_max: usize) -> String {
    body::html::text(html, octets_max).0
}

#[cfg(test)]
mod tests;
