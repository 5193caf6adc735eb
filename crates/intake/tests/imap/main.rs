//! The IMAP and POP3 clients against a real Dovecot, against recorded sessions, and against servers that do not behave.
#![allow(clippy::unwrap_used, clippy::expect_used, missing_docs, reason = "tests")]

mod append;
mod change;
mod courier;
mod dovecot;
mod notify;
mod packed;
mod peers;
mod pop3;
mod sessions;
mod support;
