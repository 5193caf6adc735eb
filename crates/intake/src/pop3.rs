//! POP3 client: reads the mails of an account, and removes those it is told to.
//!
//! | file | what it does |
//! | --- | --- |
//! | `talk` | commands out, answers in; octets of a mail in pieces, dots taken off |
//! | `open` | from the greeting to a login |
//! | `list` | which mails there are, and what each is called |
//! | `retrieve` | RETR, several on the way at once |
//! | `remove` | DELE and QUIT |
//! | `drive` | a session: procedures on a `line::Line`, which has the sockets and the clock |
//! | `fetcher` | an account, run after run |
//! | `check` | the test of settings, step by step |
//!
//! A session locks the mailbox and its numbers mean nothing outside of it: each run has one of its own, and what is to be
//! removed is removed in it, by the names of RFC 1939 §7 (`UIDL`), or by a digest where a server has none.
//!
//! Source: RFC 1939, RFC 2449, RFC 2595, RFC 3206, RFC 5034.

mod check;
mod drive;
mod fetcher;
mod list;
mod open;
mod rehearse;
mod remove;
mod retrieve;
mod talk;

pub use check::test_settings;
pub use fetcher::{Fetcher, MAILBOX, Removed};
#[doc(hidden)]
pub use rehearse::rehearse;

#[cfg(test)]
mod tests;
