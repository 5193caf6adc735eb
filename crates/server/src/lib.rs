//! The web server: API, sessions, rights, live updates, the page.
//!
//! In: an open data directory ([`pipeline::Engine`]), something that works in the background ([`Background`]), and what
//! the operator sets ([`Options`]). Out: answers to requests by the table [`api::OPERATIONS`], each under the rights of
//! its caller. It has no SQL, does not fetch or file mail, decides nothing about mails, and reads no settings file.
//!
//! A request passes, from the outside in: who is at the other end (`client`), a line in the log (`trace`), security
//! headers (`headers`), problem details for whatever fails (`problem`), whether it comes from our own page (`origin`),
//! a stop for panics, and for each operation its rights (`rights`), a memory for repeated requests (`idempotency`) and
//! a time limit (`router`).

mod account_sets;
mod account_settings;
mod account_state;
mod accounts;
mod addresses;
mod anchoring;
mod approvals;
mod assets;
mod attachment_files;
mod attachment_list;
mod attachments;
mod background;
mod bounces;
mod client;
mod cookie;
mod counters;
mod csv;
mod deletion;
mod disk;
mod disposition;
mod doctor;
mod documents;
mod erasures;
mod erp_sources;
mod events;
mod exclusions;
mod exports;
mod extra_addresses;
mod extract;
mod frame;
mod groups;
mod headers;
mod health;
mod holds;
mod idempotency;
mod import_list;
mod import_report;
mod imports;
mod jumps;
mod keeping;
mod lang;
mod link_blocklist;
mod link_undo;
mod links;
mod listen;
mod lists;
mod live;
mod media;
mod message_detail;
mod messages;
mod notifications;
mod oauth;
mod oauth_clients;
mod options;
mod origin;
mod password;
mod piped;
mod problem;
mod procedure;
mod proof;
mod put_back;
mod quarantine;
mod reading;
mod record_mails;
mod record_zip;
mod records;
mod recovery_key;
mod retention;
mod rights;
mod router;
mod search;
mod senders;
mod session;
mod setup;
mod smtp_accounts;
mod source_actions;
mod spam;
mod state;
mod status;
mod storage;
mod suppression;
mod tags;
mod throttle;
mod tokens;
mod trace;
mod upload;
mod users;
mod webhooks;
mod what_if;

#[cfg(test)]
mod tests;

pub use account_settings::{AccountOptions, PASSWORD_FIELD};
pub use assets::{Files, WebFile, embedded};
pub use attachment_files::file_words;
pub use background::{
    Background, BackgroundError, ImportJob, Pending, TestCredential, TestSettings, Tested, TestedStep,
};
pub use client::Peer;
pub use connect::{Network, NetworkError};
pub use csv::line as csv_line;
pub use doctor::{ConditionText, condition_text};
pub use exports::supplier;
pub use import_report::{REPORT_COLUMNS, place_of, report_line};
pub use lang::sentence;
pub use listen::{Bound, ListenError, bind};
pub use options::{Clock, Options, TlsFiles};
pub use password::{PASSWORD_CHARACTERS_MIN, PasswordError, hash_password};
pub use procedure::{MadeBy, ProcedureError, make_procedure, procedure_file};
pub use router::router;
pub use session::ORGANISATION;
pub use smtp_accounts::sending_server;
pub use state::{Parts, StartError, State};

/// Version of this program.
const VERSION: &str = env!("CARGO_PKG_VERSION");
