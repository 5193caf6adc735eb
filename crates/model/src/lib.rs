//! The nouns of the project: what the other crates hand to each other.
//!
//! In and out: plain values. Types here have constructors and readers, no behaviour: they do not parse,
//! decide, store or serialise. JSON lives in `api`, rows in `store`, the archive's bytes in `proof`.

mod activity;
mod address;
mod day;
mod ids;
mod invoice;
mod message;
mod origin;
mod record;
mod scope;
mod time;
mod verdict;

pub use activity::Activity;
pub use address::{Address, ReversePath};
pub use day::Day;
pub use ids::{
    AccountId, ApiTokenId, ApprovalId, ErpRunId, ErpSourceId, EventId, ImportRunId, MailId, MailboxId,
    MessageId, OauthClientId, OauthGrantId, ObjectId, OutgoingId, RemoteId, SegmentId, Sha256, SmtpAccountId,
    ThreadId, UserId, WebhookId,
};
pub use invoice::{Invoice, InvoiceForm};
pub use message::{
    BodyText, Defect, DefectKind, Disposition, Found, HeaderField, MailFacts, Message, NumberToken, Part,
    PartRole, Place, Span, TextKind, TransferEncoding,
};
pub use origin::{Client, Envelope, Flags, Location, Position, Provenance};
pub use record::{How, RecordKey, RecordKind};
pub use scope::{Period, Role, Scope};
pub use time::UnixMillis;
pub use verdict::{
    Action, AutoReply, Complaint, Evidence, Kind, Original, Permanence, Receipt, RecipientReport, ReturnPath,
    Source, Verdict,
};
