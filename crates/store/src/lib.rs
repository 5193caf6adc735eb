//! The relational database: accounts, mails, lists, people, log; the only crate with SQL.
//!
//! In: typed values (batches of intake and filing, settings, users); ids and times come from the caller.
//! Out: typed rows, pages, counts, each under a [`model::Scope`] where mail is shown. One statement text
//! serves SQLite (embedded) and PostgreSQL 15 and newer; calls block, so async callers use a thread for
//! them. It does not parse, decide about threads or kinds (it asks a [`ThreadAssigner`]) or about addresses (it asks
//! `standing`), keep octets of mails, encrypt, or read the clock.

mod account_sets;
mod accounts;
mod address_search;
mod addresses;
mod anchoring;
mod api_tokens;
mod approvals;
mod attachment_files;
mod authentications;
mod bounce_rules;
mod changes;
mod checkpoint;
mod clock;
mod codec;
mod conditions;
mod db;
mod detail;
mod documents;
mod entries;
mod erasing;
mod erasures;
mod erp_sources;
mod error;
mod events;
mod examination;
mod exclusions;
mod exports;
mod extra_addresses;
mod feedback;
mod feedback_days;
mod filing;
mod groups;
mod holds;
mod import_entries;
mod import_list;
mod intake;
mod invoices;
mod keeping;
mod kept;
mod keys;
mod ledgers;
mod link_acts;
mod link_blocklist;
mod link_codec;
mod link_statistics;
mod links;
mod lists;
mod log_leaves;
mod mailboxes;
mod mailing_lists;
mod manual_queue;
mod marked;
mod media;
mod message_links;
mod message_states;
mod migrate;
mod notices;
mod oauth_attempts;
mod oauth_clients;
mod oauth_grants;
mod originals;
mod outgoing;
mod people;
mod placements;
mod postgres;
mod procedures;
mod put_back;
mod record_find;
mod record_mails;
mod records;
mod remote_storage;
mod replay;
mod retention;
mod rows;
mod rule_firings;
mod runs;
mod sealed;
mod senders;
mod sessions;
mod settings;
mod shared_objects;
mod smtp_accounts;
mod snapshot;
mod sorting;
mod source_actions;
mod sql;
mod sqlite;
mod standing_events;
mod standings;
mod status;
mod store;
mod streams;
mod suppressions;
mod suspicions;
mod tags;
mod thread;
mod value;
mod webhooks;
mod what_if;
mod work;

#[cfg(test)]
mod tests;

pub use account_sets::{Companions, SharedSettings, Unfit};
pub use accounts::{
    Account, AccountError, AccountKind, AccountState, Handled, Handling, MailboxRole, NewAccount, Tls,
};
pub use address_search::{ContactName, FoundCursor};
pub use addresses::AddressRole;
pub use anchoring::{AnchorSecretId, Witness, WitnessSaid, WitnessedLog};
pub use api_tokens::{ApiToken, NewApiToken};
pub use approvals::{Approval, ApprovalFilter, ApprovalKind, ApprovalState, Decision, NewApproval};
pub use attachment_files::{
    AttachmentFile, AttachmentFolder, ErasedFile, ErasedFileState, FileCounts, FileRow, FileState, FileWork,
    MailFiles,
};
pub use authentications::{CheckedMail, UncheckedMail};
pub use bounce_rules::BounceRules;
pub use changes::{Change, IndexState, IndexedMessage, IndexedPart};
pub use conditions::{Arrivals, KeptCondition, NewCondition};
pub use detail::{MailOctets, MessageDetail, PlacementRow, StoredPart};
pub use documents::{Document, DocumentFolder, FOLDER_LEVELS_MAX, FOLDERS_MAX, Filing, FolderRefusal};
pub use erasures::{ERASED, ErasedMark, ErasedObject, Erasure, ErasureStep, NewErasure, erased_mark};
pub use erp_sources::{ErpRun, ErpSource, ErpSourceKind, ErpSums, NewErpRun, NewErpSource};
pub use error::{Result, StoreError};
pub use events::{Event, EventCursor, EventFilter};
pub use examination::{
    DueMail, ExaminationCounts, ExaminationTask, ExaminedMail, ExaminedPart, HeldPart, HeldState, Judge,
    Release, ScanState,
};
pub use exclusions::{Exclusion, ExclusionKind};
pub use exports::{MailAbout, any_held};
pub use extra_addresses::{ExtraAddress, ExtraAddressCursor, ExtraAddressState, ExtraAddresses, TaughtBy};
pub use feedback::{Evidence, FeedbackProgress, VerifyReference};
pub use feedback_days::{FeedbackCount, SumBy};
pub use filing::{Filed, MessageKey, NewPart};
pub use groups::{Group, NewGroup};
pub use holds::{Hold, NewHold};
pub use import_entries::{DuplicateOf, EntryFate, EntryOutcome, ImportEntry, NewEntry, ReasonCount};
pub use import_list::{OpenFilter, OpenMail, OpenPage, OpenReason};
pub use intake::{Intake, IntakeItem, IntakeOutcome, SegmentCommit};
pub use keeping::{AfterFetch, Keeping};
pub use kept::{Keeps, KeptMail, KeptProgress, RulesPreview};
pub use ledgers::Ledger;
pub use link_acts::{LinkActor, LinkUndo, LinkWish, LinksChanged, Remember};
pub use link_blocklist::BlockedEntry;
pub use link_statistics::{HowCount, LinkStatistics};
pub use links::{Decided, Draft, LinkRow, Linking, Relinked};
pub use lists::{ListFilter, ListOrder, ListPage, ListStart, MessageCursor};
pub use log_leaves::{Extent, NewLeaf, SegmentToLog};
pub use mailboxes::{Cursor, Mailbox, MailboxListing};
pub use mailing_lists::{ListMember, MailingList};
pub use manual_queue::{QueueRow, Resolution};
pub use media::{MediaCursor, MediaFilter, MediaKind, MediaPage, MediaRow};
pub use message_links::{LinkedRecord, MessageLink, MessageLinks};
pub use message_states::Hidden;
pub use notices::{Gathering, NoticeChannel};
pub use oauth_attempts::OauthAttempt;
pub use oauth_clients::{NewOauthClient, OauthClient, OauthService};
pub use oauth_grants::{AccountGrant, GrantKind, GrantTrouble, NewOauthGrant, OauthGrant, Renewed};
pub use outgoing::{Attempt, Channel, NewOutgoing, Outgoing, OutgoingState};
pub use people::{NewUser, User, UserLimits, UserPatch};
pub use placements::{LeftOut, LeftOutRow, kept_name};
pub use procedures::Procedure;
pub use put_back::PutBackMail;
pub use record_mails::{AttachmentCursor, RecordAttachment, RecordFilter, RecordMails};
pub use records::{KnownRecord, Record, RecordChanges};
pub use remote_storage::{RemotePlace, RemoteSegment, RemoteStorage};
pub use replay::Replayed;
pub use retention::{
    DueCursor, DueKeptMail, DueYear, NamedClass, OpenYears, RETENTION_NAME_MAX, Retention, RetentionSettings,
    Rule,
};
pub use rows::MessageRow;
pub use runs::{ImportRun, RunCounts};
pub use sealed::SealedField;
pub use senders::{SenderCursor, SenderFilter, SenderOrder, SenderRow};
pub use sessions::{Session, Throttle};
pub use shared_objects::SharedObject;
pub use smtp_accounts::{NewSmtpAccount, SendingKind, SmtpAccount};
pub use snapshot::restore_dump;
pub use sorting::{MessageGroup, SortedBy, SortingRule};
pub use source_actions::{DueAction, SourceAction, SourceActionRow, SourceOutcome, SourceState};
pub use standing_events::AddressEvent;
pub use standings::{AddressCursor, AddressRow, DryRun, HistoryRow, TriedAddress};
pub use status::{AccountCounters, Counters};
pub use store::{Database, Store};
pub use streams::{MailLine, ObjectRow, ThreadLine};
pub use suppressions::{Checked, NewSuppression, Suppression};
pub use suspicions::{SpamSaid, Suspicion};
pub use tags::Tag;
pub use thread::{NodeHash, ThreadAnswer, ThreadAssigner, ThreadMail, ThreadWork};
pub use webhooks::{NewWebhook, Webhook};
pub use what_if::{Change as LinkChange, Judged, LinkBatch, Replay, State as LinkState};
pub use work::{FailedStep, Quarantined, Received, ResetProgress};
