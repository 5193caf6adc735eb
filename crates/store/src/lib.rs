//! The relational database: accounts, mails, lists, people, log; the only crate with SQL.
//!
//! In: typed values (batches of intake and filing, settings, users); ids and times come from the caller.
//! Out: typed rows, pages, counts, each under a [`model::Scope`] where mail is shown. One statement text
//! serves SQLite (embedded) and PostgreSQL 15 and newer; calls block, so async callers use a thread for
//! them. It does not parse, decide about threads or kinds (it asks a [`ThreadAssigner`]), keep octets of
//! mails, encrypt, or read the clock.

mod accounts;
mod addresses;
mod changes;
mod checkpoint;
mod codec;
mod db;
mod detail;
mod entries;
mod error;
mod events;
mod filing;
mod intake;
mod keys;
mod lists;
mod mailboxes;
mod migrate;
mod people;
mod placements;
mod postgres;
mod rows;
mod runs;
mod sessions;
mod settings;
mod sql;
mod sqlite;
mod status;
mod store;
mod streams;
mod thread;
mod value;
mod work;

#[cfg(test)]
mod tests;

pub use accounts::{Account, AccountError, AccountKind, AccountState, NewAccount, Tls};
pub use addresses::AddressRole;
pub use changes::{Change, IndexState, IndexedMessage, IndexedPart};
pub use detail::{MailOctets, MessageDetail, PlacementRow, StoredPart};
pub use error::{Result, StoreError};
pub use events::{Event, EventFilter};
pub use filing::{Filed, MessageKey, NewPart};
pub use intake::{Intake, IntakeItem, IntakeOutcome, SegmentCommit};
pub use lists::{ListFilter, ListOrder, ListPage, ListStart, MessageCursor};
pub use mailboxes::{Cursor, Mailbox, MailboxListing};
pub use people::{NewUser, User, UserPatch};
pub use placements::{LeftOut, LeftOutRow};
pub use rows::MessageRow;
pub use runs::{ImportFailure, ImportRun, RunDelta};
pub use sessions::{Session, Throttle};
pub use status::{AccountCounters, Counters};
pub use store::{Database, Store};
pub use streams::{MailLine, ObjectRow, ThreadLine};
pub use thread::{NodeHash, ThreadAnswer, ThreadAssigner, ThreadMail, ThreadWork};
pub use work::{FailedStep, Quarantined, Received, ResetProgress};
