//! Text of attachments, and the parsing of large mails, in a child process with limits.
//!
//! In: the octets of a mail with its parsed message, a large mail as a stream, or a file of Outlook. Out: the text of each attachment, or
//! why there is none; the mails that were made of what is in the file. Documents of others are hostile: what reads PDF, office formats and RTF runs in a child that
//! limits its own memory and processor time, and is killed if it falls silent; a crash there costs one document, never
//! the server. This crate does not decide what is dangerous (no scan), keeps nothing, and fetches nothing.
//!
//! The child is the same program, started with arguments that lead to [`child::run`]. It is kept for many documents,
//! ends by itself when it has had nothing to do for a while, and speaks frames on standard input and output. A file of Outlook gets a
//! child of its own, whose standard input the file is.

mod attachments;
mod authentication;
mod cache;
pub mod child;
mod clamd;
mod container;
mod examiner;
mod extract;
mod frame;
mod job;
mod outcome;
mod process;
mod sniff;
mod spam;
mod talk;
mod unpack;
mod wire;

pub use authentication::{
    AuthResult, Authentication, Authenticator, DkimSignature, NameServerError, NameServers, Origin, Stated,
};
pub use clamd::{AddressError, Clamd, ScanError, Scanned, ScannerAddress};
pub use container::{ContainerEntry, ContainerError, ContainerWhat};
pub use examiner::{Examiner, LargeMail, MailError, Options, PartText};
pub use outcome::{Document, Limits, Outcome, Reason, Text};
pub use spam::{FilterAddress, FilterError, SpamFilter, SpamMark, milli};

#[cfg(test)]
mod tests;
