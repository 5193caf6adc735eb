//! Files of Outlook and Exchange to mails.
//!
//! In: the octets of a MSG or TNEF file, or of a PST/OST file through [`pst::ReadAt`]. Out: [`Item`]s, which [`compose`] makes into
//! octets of RFC 5322: the same octets for the same item each time, so that importing twice doubles nothing. It never panics,
//! takes what is readable of what is damaged, and reads no encrypted file. It opens no files, and knows nothing of archives, accounts
//! or what a mail means.

mod cells;
mod codepage;
mod compose;
mod item;
mod msg;
mod property;
pub mod pst;
mod rtf;
pub mod tnef;

pub use compose::compose;
pub use item::{Attachment, Content, Item};
pub use msg::{MsgError, msg};
pub use property::{Properties, Value};

/// Embedded items inside one another that are read.
pub(crate) const DEPTH_MAX: usize = 8;

#[cfg(test)]
mod tests;
