//! Says what is blind or about to be.
//!
//! In: facts about accounts, mailboxes, the queue, the index and the disk, and the time. Out: conditions (what, where, how bad,
//! since when), how an account goes on after an error, and what of a mailbox is not here. Asks nobody, keeps nothing,
//! executes nothing, and has no clock.

mod condition;
mod ledger;
mod proving;
mod quiet;
mod retry;

pub use condition::{
    AccountFacts, BackupFacts, Condition, Expiring, ExpiryKind, Facts, FilesFacts, Kind, Limits,
    MailboxFacts, Queue, Quota, RemoteFacts, ScannerFacts, Severity, Trouble, judge,
};
pub use ledger::{LedgerRow, Ours, Reason, Tally};
pub use proving::{
    CheckpointMailFacts, KeyringFacts, LogFacts, ProofFacts, RecoveryFacts, StampFacts, WitnessFacts,
};
pub use quiet::{Quiet, WEEKS, quiet};
pub use retry::{ErrorClass, Next, is_throttling, next, wait_ms};
