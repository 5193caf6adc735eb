//! What is blind or about to be, and completeness of mailboxes.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};
use uuid::Uuid;

use crate::Timestamp;

/// How bad something is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum Severity {
    /// Mail is not seen, or is about to be lost sight of: somebody has to act.
    Critical,
    /// It will come to that, or may have.
    Warning,
}

/// Something that is wrong.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Condition {
    /// The same as long as it lasts.
    pub id: String,
    /// `account.failing`, `account.silent`, `account.quiet`, `mailbox.incomplete`, `mailbox.full`, `certificate.expiring`,
    /// `consent.expiring`, `secret.expiring`, `disk.low`, `index.behind`, `queue.stuck`, `quarantine.growing`,
    /// `scanner.down`, `backup.old`, `remote.behind`, `recovery.missing`, `keyring.damaged`, `log.stopped`, `stamps.missing`, `checkpoint.unsent`,
    /// `witness.refused`, `witness.behind` or `files.failing`.
    pub kind: String,
    /// How bad.
    pub severity: Severity,
    /// What, a sentence in the caller's language.
    pub what: String,
    /// What to do, in the caller's language.
    pub to_do: String,
    /// Where: an account; null if it is about the whole server.
    pub account: Option<Uuid>,
    /// Since when, as far as is known.
    pub since: Timestamp,
    /// When it was found first.
    pub first_seen: Timestamp,
    /// When it was found last.
    pub last_seen: Timestamp,
    /// When it was over; null as long as it lasts.
    pub ended: Option<Timestamp>,
    /// The values in the sentences.
    pub details: BTreeMap<String, String>,
}

/// What is wrong, and what was lately.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct DoctorReport {
    /// Nothing is wrong.
    pub ok: bool,
    /// Worst first. Administrators: all; others: those of accounts they may read.
    pub conditions: Vec<Condition>,
    /// The last ones that are over.
    pub ended: Vec<Condition>,
}

/// A mailbox as compared with its server.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Ledger {
    /// Key of the mailbox.
    pub mailbox: Uuid,
    /// Its name, for display.
    pub name: String,
    /// When it was compared.
    pub at: Timestamp,
    /// Mails at the source.
    pub source: u64,
    /// Of these archived and read.
    pub archived: u64,
    /// Nobody knows why they are not here: a gap.
    pub missing: u64,
    /// They could not be fetched.
    pub failed: u64,
    /// Archived, but they could not be read.
    pub quarantined: u64,
    /// Left at the source by a named rule.
    pub excluded: u64,
    /// Not fetched yet.
    pub pending: u64,
    /// Archived, and no longer at the source.
    pub gone: u64,
}

/// The mailboxes of an account as compared with their server.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct LedgerList {
    /// Those that are fetched and were compared, by name.
    pub items: Vec<Ledger>,
}

/// Which rows of a ledger.
#[derive(Clone, Debug, Default, Deserialize, IntoParams)]
#[serde(deny_unknown_fields, default)]
#[into_params(parameter_in = Query)]
pub struct LedgerQuery {
    /// `next` of the page before.
    pub cursor: Option<String>,
    /// How many, at most 200.
    #[param(default = 50, minimum = 1, maximum = 200)]
    pub limit: Option<u32>,
}

/// Why mails of the source are not in the archive.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum LedgerReason {
    /// Nobody knows: a gap.
    Missing,
    /// It could not be fetched.
    Failed,
    /// Archived, but it could not be read.
    Quarantined,
    /// By a named rule.
    Excluded,
    /// Not yet.
    Pending,
}

/// Mails that are not in the archive for one reason.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct LedgerRow {
    /// Why.
    pub reason: LedgerReason,
    /// First UID (RFC 9051 §2.3.1.1); null without UIDs.
    pub first: Option<u32>,
    /// Last UID; null without UIDs.
    pub last: Option<u32>,
    /// The server's name for the mail (POP3 UIDL); null with UIDs.
    pub name: Option<String>,
}

/// A page of a ledger.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct LedgerPage {
    /// By place in the mailbox; at most 10,000 in all.
    pub items: Vec<LedgerRow>,
    /// Cursor of the next page; null at the end.
    pub next: Option<String>,
}

/// What is fetched anew.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct FetchedAnew {
    /// Mails that are asked for again.
    pub count: u64,
}
