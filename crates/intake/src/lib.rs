//! Fetches mail: out of files ([`files`]), from mailboxes over IMAP ([`imap`]), POP3 ([`pop3`]) and Microsoft Graph ([`graph`]), and
//! takes what others bring over SMTP and LMTP ([`smtp`]).
//!
//! In: paths, or the settings and cursors of a mailbox. Out: the octets of each mail, exactly, with what its source
//! says of it (position, mailbox, received time, flags), handed to the caller in the order of the source; and every
//! failure as a typed reason. Nothing is held in memory as a whole beyond 1 MiB. The crate does not parse mail, store
//! it, know accounts or the archive, and never changes anything at the source.

mod civil;
mod connection;
pub mod files;
pub mod graph;
pub mod imap;
mod line;
pub mod pop3;
mod sasl;
pub mod smtp;

pub use connection::{Connection, Stage};
pub use sasl::{Credential, Login, NoToken, TokenSource};
