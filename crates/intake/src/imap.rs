//! `IMAP4rev1` and `IMAP4rev2` client.

pub(crate) mod utf7;
