//! How long mails are kept: classes, rules, open assessments, legal holds, what is due; and invoices.

use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};
use uuid::Uuid;

use crate::Timestamp;

/// From when on a period counts.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum RetentionStart {
    /// The day of the mail.
    Received,
    /// The end of its calendar year.
    YearReceived,
    /// The date of the invoice in it; without one, the day of the mail.
    Document,
    /// The end of that calendar year.
    YearOfDocument,
}

/// A retention class.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct RetentionClass {
    /// Number.
    pub key: i64,
    /// Word of a class every installation begins with: `letters`, `vouchers`, `books`, `applications`, `unlimited`.
    pub preset: Option<String>,
    /// Name; empty: the usual one of the preset.
    pub name: String,
    /// Months it lasts; null: without end.
    pub months: Option<u32>,
    /// Months for banks, insurers and investment firms, where that is longer.
    pub bank_months: Option<u32>,
    /// From when on.
    pub start: RetentionStart,
}

/// A new or changed retention class.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct RetentionClassRequest {
    /// Name; may be empty for a preset only.
    #[schema(max_length = 100)]
    pub name: String,
    /// Months it lasts, 1 to 1200; null: without end.
    #[serde(default)]
    pub months: Option<u32>,
    /// Months for banks, insurers and investment firms.
    #[serde(default)]
    pub bank_months: Option<u32>,
    /// From when on; fixed once mails are of the class.
    pub start: RetentionStart,
}

/// A rule that gives a retention class. Every list that is not empty must have one that fits.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct RetentionRule {
    /// Number.
    pub key: i64,
    /// Name.
    pub name: String,
    /// Number of the class.
    pub class: i64,
    /// What it looks at.
    pub conditions: RetentionConditions,
}

/// Which mails a rule is for.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields, default)]
pub struct RetentionConditions {
    /// Kinds of mail, as in lists.
    #[schema(max_items = 20)]
    pub kinds: Vec<String>,
    /// Keys of tags.
    #[schema(max_items = 100)]
    pub tags: Vec<i64>,
    /// Keys of accounts.
    #[schema(max_items = 100)]
    pub accounts: Vec<Uuid>,
    /// Kinds of records it is filed under: contact, order, quote, item.
    #[schema(max_items = 4)]
    pub records: Vec<String>,
    /// Senders: addresses, or `@domain`.
    #[schema(max_items = 200)]
    pub senders: Vec<String>,
    /// There is an invoice in it that was recognised.
    pub invoice: bool,
}

/// A new or changed rule.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct RetentionRuleRequest {
    /// Name.
    #[schema(min_length = 1, max_length = 100)]
    pub name: String,
    /// Number of the class.
    pub class: i64,
    /// What it looks at; at least one condition.
    pub conditions: RetentionConditions,
}

/// Years whose assessment is open: mails of them do not fall due.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct OpenYears {
    /// Number.
    pub key: i64,
    /// Number of the only class that is meant; null: all.
    pub class: Option<i64>,
    /// First year.
    pub from: i32,
    /// Last year.
    pub to: i32,
    /// Why.
    pub reason: String,
    /// Since when.
    pub since: Timestamp,
}

/// An assessment that is open.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct OpenYearsRequest {
    /// Number of the only class that is meant; null: all.
    #[serde(default)]
    pub class: Option<i64>,
    /// First year.
    #[schema(minimum = 1900, maximum = 2200)]
    pub from: i32,
    /// Last year.
    #[schema(minimum = 1900, maximum = 2200)]
    pub to: i32,
    /// Why.
    #[schema(min_length = 1, max_length = 500)]
    pub reason: String,
}

/// Everything that is set about retention.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct RetentionState {
    /// Zone in which days begin.
    pub zone: String,
    /// The organisation is a bank, an insurer or an investment firm.
    pub bank: bool,
    /// Classes, presets first.
    pub classes: Vec<RetentionClass>,
    /// Rules, in the order they were made.
    pub rules: Vec<RetentionRule>,
    /// Open assessments.
    pub open_years: Vec<OpenYears>,
}

/// What is set about retention as a whole.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct RetentionSettingsRequest {
    /// Zone in which days begin, as IANA names it.
    #[schema(max_length = 100)]
    pub zone: String,
    /// The organisation is a bank, an insurer or an investment firm.
    pub bank: bool,
}

/// What the rules would do with mails that are here.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct RetentionPreview {
    /// Mails looked at, the newest.
    pub looked: u64,
    /// There are more.
    pub more: bool,
    /// Rules that would change something.
    pub rules: Vec<RetentionPreviewRule>,
}

/// What a rule would do.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct RetentionPreviewRule {
    /// Number of the rule.
    pub rule: i64,
    /// Mails it would give another class.
    pub mails: u64,
}

/// A legal hold.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct LegalHold {
    /// Number.
    pub key: i64,
    /// Name of the case.
    pub name: String,
    /// Why.
    pub reason: String,
    /// Which mails, as typed into the search box.
    pub query: String,
    /// Since when.
    pub since: Timestamp,
    /// Who opened it.
    pub actor: String,
    /// Mails held.
    pub mails: u64,
    /// Mails are still being compared with the query.
    pub looking: bool,
    /// When it was lifted.
    pub lifted: Option<Timestamp>,
    /// Who lifted it.
    pub lifter: Option<String>,
    /// Why.
    pub lift_reason: Option<String>,
}

/// All legal holds.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct LegalHoldList {
    /// Open ones first.
    pub items: Vec<LegalHold>,
}

/// A new legal hold.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct LegalHoldRequest {
    /// Name of the case.
    #[schema(min_length = 1, max_length = 100)]
    pub name: String,
    /// Why.
    #[schema(min_length = 1, max_length = 500)]
    pub reason: String,
    /// Which mails, as typed into the search box.
    #[schema(min_length = 1, max_length = 1000)]
    pub query: String,
}

/// Which mails a query means.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct HoldPreviewRequest {
    /// As typed into the search box.
    #[schema(min_length = 1, max_length = 1000)]
    pub query: String,
}

/// How many they are.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct HoldPreview {
    /// Messages that match now.
    pub messages: u64,
}

/// Why something ends.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct HoldLiftRequest {
    /// Why.
    #[schema(min_length = 1, max_length = 500)]
    pub reason: String,
}

/// Mails of a class whose period began in a year.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct DueYear {
    /// Number of the class.
    pub class: i64,
    /// The year.
    pub year: i32,
    /// Mails.
    pub mails: u64,
    /// Mails that are due; some of them may be held for a case.
    pub due: u64,
    /// Last day on which the last of them is kept, `YYYY-MM-DD`; null: without end, or an assessment is open.
    pub until: Option<String>,
    /// An assessment is open.
    pub suspended: bool,
}

/// What falls due when.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct DueYearList {
    /// By class and year.
    pub items: Vec<DueYear>,
}

/// Which mails that are due.
#[derive(Clone, Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
pub struct DueQuery {
    /// Number of the class.
    pub class: i64,
    /// Year in which the period began.
    pub year: i32,
    /// `next` of the page before.
    pub cursor: Option<String>,
    /// Rows, 1 to 200; 50 unless asked otherwise.
    pub limit: Option<u32>,
}

/// Which mails that are due are to be released.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct DueReleaseRequest {
    /// Number of the class.
    pub class: i64,
    /// Year in which the period began.
    pub year: i32,
    /// For whoever decides.
    #[serde(default)]
    #[schema(max_length = 1000)]
    pub note: String,
}

/// A mail that is due.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct DueKeptMail {
    /// Its id.
    pub mail: Uuid,
    /// Last day on which it had to be kept, `YYYY-MM-DD`.
    pub until: String,
    /// It is held for a case, and stays.
    pub held: bool,
    /// Subject; null if the caller may not read it.
    pub subject: Option<String>,
    /// Address of the author, likewise.
    pub from: Option<String>,
    /// Its date, likewise.
    pub date: Option<Timestamp>,
}

/// Mails that are due.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct DueKeptPage {
    /// Earliest first.
    pub items: Vec<DueKeptMail>,
    /// Cursor of the next page; null at the end.
    pub next: Option<String>,
}

/// A retention class chosen by a person.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct RetentionChange {
    /// Mails whose messages are meant; those the caller may not read are left out.
    #[schema(min_items = 1, max_items = 500)]
    pub mails: Vec<Uuid>,
    /// Number of the class; null: they need none.
    pub class: Option<i64>,
    /// Why.
    #[schema(min_length = 1, max_length = 500)]
    pub reason: String,
}

/// The retention class of a mail.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct KeptClass {
    /// The class; null: a person said that it needs none.
    pub class: Option<RetentionClass>,
    /// Last day on which it is kept, `YYYY-MM-DD`; null: without end, an assessment is open, or there is no class.
    pub until: Option<String>,
    /// An assessment is open.
    pub suspended: bool,
    /// Name of the rule that gave it; null: a person.
    pub rule: Option<String>,
    /// Why a person chose it.
    pub reason: String,
    /// When.
    pub at: Timestamp,
}

/// An invoice that was recognised.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct MailInvoice {
    /// Number of the part it stands in.
    pub part: String,
    /// `ubl`, `cii` or `zugferd`.
    pub form: String,
    /// Its number.
    pub number: String,
    /// Date of issue, `YYYY-MM-DD`.
    pub date: Option<String>,
    /// Sum with tax, as a decimal; empty if it is not said.
    pub total: String,
    /// Code of the currency; empty if it is not said.
    pub currency: String,
    /// Name of the seller; empty if it is not said.
    pub seller: String,
}

/// A case a mail is held for.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct HoldName {
    /// Number.
    pub key: i64,
    /// Name.
    pub name: String,
}

/// How long a message is kept, and why.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct MessageKeeping {
    /// Of its mails, each once.
    pub classes: Vec<KeptClass>,
    /// Open cases it is held for.
    pub holds: Vec<HoldName>,
    /// Invoices in it.
    pub invoices: Vec<MailInvoice>,
}
