//! Microsoft Graph: reads the mails of an account over HTTPS, and marks, moves and removes those it is told to.
//!
//! Written from the public documentation and tried against a server written from it, not yet against a real tenant.
//!
//! | file | what it does |
//! | --- | --- |
//! | `json` | answers as values; unknown fields are passed by, a missing id is an error; no I/O |
//! | `refusal` | what a status and its words mean; no I/O |
//! | `client` | requests with a token, refreshed once where the server refuses it; links of this server only |
//! | `folders` | which folders there are, and what each is for |
//! | `download` | octets of mails as they come, a few at once |
//! | `fetcher` | an account, run after run: the delta query of each folder, page by page |
//! | `change` | marks, moves, deletes and sends |
//! | `check` | the test of settings, step by step |
//!
//! A mail is known by its immutable id, which stays when it is moved; a folder by its own id, which always stays. The link a
//! page ends with is handed over behind the mails of the page: whoever keeps it makes them durable first.
//!
//! Source: Microsoft Graph REST API v1.0: "Get incremental changes to messages in a folder", "Obtain immutable identifiers
//! for Outlook resources", "Get MIME content of a message", "Microsoft Graph throttling guidance", "Error responses".

mod change;
mod check;
mod client;
mod download;
mod fetcher;
mod folders;
mod json;
mod refusal;

pub use check::test_settings;
pub use fetcher::{Fetcher, Wanted};
