//! The way of a mail: the only place that joins intake, archive, store, index and the pure steps.
//!
//! In: a data directory, paths to import, accounts to fetch. Out: mails that are durable, filed and findable; what was
//! found wrong; news for pages. It decides the order of things and what is taken up again after a crash. It has no SQL,
//! no sockets of its own, no routes and no settings file, and shows nothing to people.

mod allowance;
mod approvals;
mod attachments;
mod authentication;
mod backup;
mod blocking;
mod budget;
mod checkpoint_mail;
mod clock;
mod containers;
mod core;
mod durable;
mod engine;
mod erasure;
mod erp;
mod error;
mod examination;
mod exclusions;
mod export;
mod feed;
mod feedback;
mod fetch;
mod files;
mod flow;
mod follow;
mod four_eyes;
mod import;
mod large;
mod ledger;
mod linking;
mod live;
mod looked;
mod news;
mod notify;
mod oauth;
mod outgoing;
mod pool;
mod proving;
mod put_back;
mod read;
mod rebuild;
mod recovery;
mod recovery_key;
mod rekey;
mod remote;
mod replay;
mod retention;
mod run;
mod rush;
pub mod samples;
mod search;
mod sending;
mod source;
mod spam;
mod steps;
mod supervisor;
mod taken;
mod texts;
mod trouble;
mod verify;
mod watch;
mod what_if;

pub use self::erp::{
    ASK_PERCENT, ChangedField, ChangedRecord, DavBook, DavOptions, ErpNote, ErpOptions, ErpOutcome,
    ErpPreview, ErpQuery, ErpRunner, ErpTake, ErpTrial, FileOptions, QueryTrial, SqlOptions, SqlTls,
    Vanishing, asks, erp_folder, note_import, preview, run_source, stored, try_source, vanish,
};
pub use self::export::{ExportOf, Exported};
pub use ::export::tree::{Field as FileField, PATTERN_MAX as FILE_PATTERN_MAX, PatternError};
pub use ::ledger::sha256;
pub use ::remote::{Error as RemoteError, Lock as RemoteLock};
pub use approvals::{
    APPROVAL_DELAY_MS, ApprovalFault, Ask, EXPORT_OPEN_MS, Person, due as approval_due,
    fault_of as approval_fault,
};
pub use backup::{BackedUp, BackupFault, BackupOptions, LastBackup, check_backup, restore, snapshots};
pub use budget::CONNECTIONS_PER_SERVER;
pub use checkpoint_mail::{
    CHECKPOINT_ADDRESSES_MAX, CheckpointMail, CheckpointMailError, CheckpointMailState, Every,
};
pub use engine::{BATCH_OCTETS, BATCH_OCTETS_ALONE, DATA_FORMAT, DATABASE_FILE, Engine, Options};
pub use erasure::{About, Basis, ERASE_MAX, Erased, ErasureRequest, PersonMails};
pub use error::{Error, Result};
pub use examination::{ExaminationSettings, ScannerState, SettingsError};
pub use examine::{AuthResult, Authentication, SpamMark};
pub use exclusions::{ExclusionFault, checked_exclusions};
pub use feed::Counts;
pub use files::{FileExample, FileSettings, FileSettingsError, FilesState, LeftFile};
pub use four_eyes::{ExportLimit, ExportWish};
pub use import::{Import, Step};
pub use linking::{LinkSettings, Sending};
pub use news::News;
pub use oauth::{DeviceCode, Linked, OauthOptions, Tokens, oauth_secret_field};
pub use outgoing::{Outgoing, OutgoingOptions, ResolveSmtp, webhook_field};
pub use proving::{
    ADD_CHECKPOINT_MAX, AUTHORITIES_MAX, Authority, LogState, StampTrouble, Stamping, StampingError,
    WITNESSED_MAX, WITNESSES_MAX, WantedWitness, WitnessError, WitnessState, WitnessedError, Witnesses,
    Witnessing,
};
pub use put_back::PutBackOf;
pub use recovery::Recovered;
pub use recovery_key::restore_master_key;
pub use rekey::{erp_field, smtp_field};
pub use remote::{
    REMOTE_NAME_MAX, RemoteChecked, RemoteSettings, RemoteState, RemoteStep, RemoteStorage, RemoteTested,
};
pub use search::{Answer, Asked, Hit};
pub use sending::SendingServer;
pub use supervisor::{Resolve, Supervisor};
pub use taken::Taking;
pub use verify::{Fault, Verified};
pub use what_if::{Activated, Agreement, TRIED_MAX, Tried, WhatIf};

/// An error and all its causes, in one line, for the log.
pub fn chain(error: &(dyn std::error::Error + 'static)) -> String {
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(inner) = cause {
        text.push_str(": ");
        text.push_str(&inner.to_string());
        cause = inner.source();
    }
    text
}
