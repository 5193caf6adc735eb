//! Decides under which records of an ERP a mail is filed, and says why.
//!
//! In: facts of a mail, what the earlier mails of its thread are filed under, a [`Directory`] of records, settings. Out:
//! links, suggestions, and a trace of every step. It keeps nothing, reads no database and never guesses: what is not
//! unique is not linked.

mod address;
mod number;

pub use address::normal_address;
pub use number::normal_number;
