//! End to end: the real program on real files, killed, starved and misled.
#![expect(clippy::unwrap_used, reason = "tests stop at the first surprise")]

mod archive;
mod backup;
mod bad_input;
mod clock;
mod commands;
mod corpus;
mod crash;
mod disk_full;
mod doctor;
mod erase;
mod erp;
mod exclusions;
mod export;
mod feedback;
mod format;
mod graph;
mod imap;
mod import;
mod link;
mod pop3;
mod postgres;
mod retention;
mod smtp;
mod support;
