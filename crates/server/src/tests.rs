//! Routes as a whole, in process, over a real data directory.

mod account_sets;
mod accounts;
mod attachments;
mod bounces;
mod deletion;
mod doctor;
mod documents;
mod exports;
mod files;
mod groups;
mod imports;
mod links;
mod listen;
mod live;
mod messages;
mod oauth;
mod outgoing;
mod people;
mod records;
mod rights;
mod texts;
mod tokens;
mod watch;
mod what_if;
mod world;
