//! Dangerous attachments: policy, scanner, what is held; who mails are from.

use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};
use uuid::Uuid;

use crate::Timestamp;

/// Why an attachment is held.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum HoldReason {
    /// The policy holds what was found in it.
    Policy,
    /// Nobody has looked at it, or the scanner has not, yet.
    Waiting,
    /// The scanner found malware.
    Malware,
    /// The scanner could not scan it.
    Unscanned,
}

/// Something found in an attachment.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct AttachmentFinding {
    /// Class of the policy, such as `macros`.
    pub class: String,
    /// Path inside an archive; empty for the attachment itself.
    pub at: String,
}

/// Who let a held attachment through.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct AttachmentRelease {
    /// When.
    pub at: Timestamp,
    /// Why, in that person's words.
    pub reason: String,
}

/// What is known of an attachment that is or was held.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct AttachmentHold {
    /// Why.
    pub reason: HoldReason,
    /// What was found, what the policy holds first.
    pub findings: Vec<AttachmentFinding>,
    /// What the scanner found, or its words; null without.
    pub signature: Option<String>,
    /// Version of scanner and signatures; null if it was not scanned.
    pub scanner: Option<String>,
    /// When it was scanned.
    pub scanned: Option<Timestamp>,
    /// Version of the policy that decided.
    pub policy: i64,
    /// Somebody let it through: everybody who may read the mail gets it.
    pub released: Option<AttachmentRelease>,
}

/// A class of the policy.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct AttachmentClass {
    /// Its word.
    pub class: String,
    /// Attachments of this class are held.
    pub hold: bool,
}

/// State of the scanner.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct ScannerStatus {
    /// It answered when it was asked last.
    pub reachable: bool,
    /// Engine, number and date of its signatures, when it answered last.
    pub version: Option<String>,
    /// Why it does not answer.
    pub error: Option<String>,
    /// What it calls the EICAR test file; null if it does not know it, or was not asked.
    pub test_file: Option<String>,
    /// When it was asked.
    pub asked: Option<Timestamp>,
}

/// Settings of attachments and of the check of origins, and how things stand.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct AttachmentSettings {
    /// Version of the policy; goes up with each change.
    pub version: i64,
    /// Every class, in the order to show.
    pub policy: Vec<AttachmentClass>,
    /// Path of a socket or `host:port`; null: nothing is scanned.
    pub scanner: Option<String>,
    /// Who mails are from is checked.
    pub authenticate: bool,
    /// Name servers to ask; empty: those of the system.
    pub name_servers: Vec<String>,
    /// Hosts whose `Received` fields are believed.
    pub trusted_hosts: Vec<String>,
    /// Names (`authserv-id`) of hosts whose `Authentication-Results` are believed.
    pub authserv_ids: Vec<String>,
    /// Spam filter that is asked: `rspamd://host:port` or `spamd://host:port`; null: none.
    pub spam_filter: Option<String>,
    /// How the scanner is.
    pub status: ScannerStatus,
    /// Mails whose attachments nobody has looked at yet; ends at 10,000.
    pub unseen: u64,
    /// Mails with attachments that wait for the scanner; ends at 10,000.
    pub waiting: u64,
    /// Held attachments, released ones too; ends at 10,000.
    pub held: u64,
}

/// New settings; what is null stays.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields, default)]
pub struct AttachmentSettingsChange {
    /// Classes to change; others stay.
    pub policy: Option<Vec<AttachmentClass>>,
    /// Path of a socket or `host:port`; empty: nothing is scanned.
    pub scanner: Option<String>,
    /// Whether to check who mails are from.
    pub authenticate: Option<bool>,
    /// Addresses, with or without port.
    pub name_servers: Option<Vec<String>>,
    /// Names, or `*.example.org`.
    pub trusted_hosts: Option<Vec<String>>,
    /// Names, or `*.example.org`.
    pub authserv_ids: Option<Vec<String>>,
    /// `rspamd://host:port` or `spamd://host:port`; empty: none is asked.
    pub spam_filter: Option<String>,
}

/// A spam filter to try.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct SpamFilterTest {
    /// `rspamd://host:port` or `spamd://host:port`.
    pub spam_filter: String,
}

/// What a spam filter answered.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct SpamFilterTried {
    /// What it says of GTUBE, the mail that every filter takes for spam; null if there is no answer.
    pub mark: Option<SpamMark>,
    /// Why there is none: its words, or the system's.
    pub error: Option<String>,
}

/// A scanner to try.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ScannerTest {
    /// Path of a socket or `host:port`.
    pub scanner: String,
}

/// What to scan again.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields, default)]
pub struct RescanRequest {
    /// This mail; null: every attachment.
    pub mail_id: Option<Uuid>,
}

/// Why a held attachment is let through.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ReleaseRequest {
    /// In words; the log keeps it.
    #[schema(min_length = 1, max_length = 500)]
    pub reason: String,
}

/// Which page.
#[derive(Clone, Debug, Default, Deserialize, IntoParams)]
#[serde(deny_unknown_fields, default)]
#[into_params(parameter_in = Query)]
pub struct HeldQuery {
    /// `next` of the page before.
    pub cursor: Option<String>,
    /// How many, at most 200.
    #[param(default = 50, minimum = 1, maximum = 200)]
    pub limit: Option<u32>,
}

/// A held attachment.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct HeldAttachment {
    /// The mail it belongs to.
    pub mail_id: Uuid,
    /// Its subject; null if the caller may not read the mail.
    pub subject: Option<String>,
    /// Number of the part.
    pub number: String,
    /// File name.
    pub name: Option<String>,
    /// After transfer decoding.
    pub octets: u64,
    /// Why, and whether somebody let it through.
    pub hold: AttachmentHold,
    /// The caller may read the mail.
    pub readable: bool,
}

/// A page of held attachments, newest mail first.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct HeldPage {
    /// Newest mail first.
    pub items: Vec<HeldAttachment>,
    /// Cursor of the next page; null at the end.
    pub next: Option<String>,
}

/// A result in the words of RFC 8601: `none`, `pass`, `fail`, `softfail`, `neutral`, `temperror`, `permerror`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "lowercase")]
pub enum AuthResult {
    /// Nothing to check.
    #[default]
    None,
    /// True.
    Pass,
    /// False.
    Fail,
    /// Probably false.
    SoftFail,
    /// Cannot be judged.
    Neutral,
    /// Not at present.
    TempError,
    /// Faulty record or signature.
    PermError,
}

/// A signature (RFC 6376).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct DkimSignature {
    /// Result.
    pub result: AuthResult,
    /// Domain that signs.
    pub domain: String,
    /// Name of its key.
    pub selector: String,
    /// Why it did not pass, in English; empty otherwise.
    pub reason: String,
}

/// What a host that is believed found out when it took the mail (RFC 8601).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct StatedResult {
    /// Its name.
    pub by: String,
    /// `spf`, `dkim`, `dmarc` or `arc`.
    pub method: String,
    /// Result.
    pub result: AuthResult,
    /// Domain it is about; empty if it was not said.
    pub domain: String,
}

/// What a spam filter says of a mail.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct SpamMark {
    /// `rspamd`, `spamassassin`, or the header field in which another filter said it.
    pub by: String,
    /// It is spam.
    pub is_spam: bool,
    /// Points; null if they were not said.
    pub score: Option<f64>,
    /// So many make it spam.
    pub required: Option<f64>,
}

/// Who a mail is really from, as checked when it came. Where that was not possible, as a host that is believed says.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct Authentication {
    /// When.
    pub checked: Timestamp,
    /// SPF (RFC 7208); `none` where it is not known who handed the mail over.
    pub spf: AuthResult,
    /// Domain SPF was asked of; empty if it was not.
    pub spf_domain: String,
    /// Address of the client SPF was asked about.
    pub client: Option<String>,
    /// Every signature.
    pub dkim: Vec<DkimSignature>,
    /// DMARC (RFC 7489).
    pub dmarc: AuthResult,
    /// The author's domain; empty if it has no DMARC record.
    pub dmarc_domain: String,
    /// What it wants done with what fails: `none`, `quarantine`, `reject`; empty without a record.
    pub dmarc_policy: String,
    /// Whether the chain of ARC seals (RFC 8617) is whole.
    pub arc: AuthResult,
    /// What hosts that are believed found out.
    pub stated: Vec<StatedResult>,
    /// What a spam filter says of it; null if none was asked or left a mark.
    pub spam: Option<SpamMark>,
}
