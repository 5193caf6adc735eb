//! What mails are linked to, and the pages people correct it on.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};
use uuid::Uuid;

use crate::{ExtraAddress, Kind, MessageRow, Timestamp};

/// A record as it is shown beside a mail.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct LinkedRecord {
    /// `contact`, `order`, `quote`, `item`.
    pub kind: String,
    /// Its number in the ERP.
    pub number: String,
    /// Its name; may be empty.
    pub name: String,
    /// Whether it is active.
    pub active: bool,
    /// Date of an order or quote.
    pub date: Option<Timestamp>,
    /// State in the ERP's words; may be empty.
    pub state: String,
    /// Its page in the ERP (http, https); null if there is none.
    pub url: Option<String>,
    /// Further fields, by name.
    pub extra: BTreeMap<String, String>,
    /// The last whole run of its source did not name it.
    pub vanished: bool,
}

/// A link of a mail, or one that was removed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct RecordLink {
    /// The record.
    pub record: LinkedRecord,
    /// How the mail came to it: `history`, `address`, `address+reference`, `two references`, `with order`, `with quote`,
    /// `only item`, `contact`, `person`, `signed reference`.
    pub how: String,
    /// `rule` or `person`.
    pub by: String,
    /// Name of the person who set it, if it was one and is still known.
    pub user: Option<String>,
    /// When it was set.
    pub at: Timestamp,
    /// When a person removed it; such a link is not set again by a rule.
    pub removed: Option<Timestamp>,
    /// Name of that person, if still known.
    pub remover: Option<String>,
}

/// A record a mail may belong to; a person decides.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct LinkSuggestion {
    /// The record.
    pub record: LinkedRecord,
    /// `number`: a single number of it stands in the mail of a stranger; `reference`: a signed reference does; `one of
    /// several` that were found; `deputy`: a deputy of it wrote the mail.
    pub why: String,
}

/// A way out of the program, with the values of a mail filled in.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Jump {
    /// Name.
    pub name: String,
    /// Address.
    pub url: String,
}

/// What a message is linked to.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct MessageLinks {
    /// `linked`, `inherited`, `ambiguous`, `none`: what the rules decided; null: they have not looked at it.
    pub outcome: Option<String>,
    /// A person has decided; rules leave it alone.
    pub person: bool,
    /// Its sender is new to its thread, or to everything.
    pub stranger: bool,
    /// Links, by kind and number.
    pub links: Vec<RecordLink>,
    /// Links a person removed.
    pub removed: Vec<RecordLink>,
    /// Records it may belong to.
    pub suggestions: Vec<LinkSuggestion>,
    /// Numbers in it that look like those of a kind and are none that is known.
    pub unknown: Vec<RecordName>,
    /// Ways out, those whose values are there.
    pub jumps: Vec<Jump>,
}

/// Everything about a record but its mails.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct RecordSheet {
    /// The record.
    pub record: LinkedRecord,
    /// Addresses; the first one is the one to write to.
    pub addresses: Vec<String>,
    /// Addresses that its source does not name: confirmed, rejected, or proposed by mails that the caller may read.
    pub added: Vec<ExtraAddress>,
    /// Further numbers it is known by.
    pub references: Vec<String>,
    /// Number of its contact.
    pub contact: Option<String>,
    /// Number of its quote.
    pub quote: Option<String>,
    /// Numbers of its items.
    pub items: Vec<String>,
}

/// What records are looked for.
#[derive(Clone, Debug, Default, Deserialize, IntoParams)]
#[serde(deny_unknown_fields, default)]
#[into_params(parameter_in = Query)]
pub struct LinkableQuery {
    /// Beginning of a number, of a word of a name or of an address.
    pub text: String,
    /// Only `contact`, `order`, `quote` or `item`.
    pub kind: Option<String>,
    /// How many, at most 200.
    #[param(default = 50, minimum = 1, maximum = 200)]
    pub limit: Option<u32>,
}

/// Records that were found.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct LinkableList {
    /// The best first.
    pub items: Vec<RecordSheet>,
}

/// Kind and number of a record.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct RecordName {
    /// `contact`, `order`, `quote`, `item`.
    pub kind: String,
    /// Number in the ERP.
    pub number: String,
}

/// Where a removal holds.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum Remember {
    /// On this message.
    #[default]
    Mail,
    /// In the whole thread, its earlier and its later mails.
    Thread,
    /// On later mails of the addresses that connect it with the record.
    Address,
}

/// How a link is removed.
#[derive(Clone, Copy, Debug, Default, Deserialize, IntoParams)]
#[serde(deny_unknown_fields, default)]
#[into_params(parameter_in = Query)]
pub struct RemoveLinkQuery {
    /// Where it holds.
    #[param(inline)]
    pub remember: Remember,
}

/// Links set and removed on several messages.
#[derive(Clone, Debug, Default, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields, default)]
pub struct LinksChange {
    /// Mails whose messages are meant; those the caller may not read are left out.
    #[schema(max_items = 500)]
    pub mails: Vec<Uuid>,
    /// Records to link.
    #[schema(max_items = 50)]
    pub set: Vec<RecordName>,
    /// Records not to be linked; also a way to reject a suggestion.
    #[schema(max_items = 50)]
    pub remove: Vec<RecordName>,
    /// Where a removal holds.
    pub remember: Remember,
    /// They need no link: what they have is removed, and they leave the import list.
    pub none: bool,
}

/// What became of it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct LinksChanged {
    /// Messages meant.
    pub messages: u64,
    /// Key to take it back with, for an hour.
    pub undo: Uuid,
}

/// A record named in a step.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct LinkStep {
    /// `S1`, `R`, `S2a`, … as in the manual.
    pub step: String,
    /// Addresses or numbers it looked at, separated by commas; of the history how many earlier mails.
    pub looked_at: String,
    /// Numbers of the records it found.
    pub found: Vec<String>,
    /// `linked`, `inherited`, `ambiguous`, `none`, `forward`, `denied`.
    pub outcome: String,
}

/// Why a message is linked as it is.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct LinkTrace {
    /// What the rules decided; null: they have not looked at it.
    pub outcome: Option<String>,
    /// A person has decided since.
    pub person: bool,
    /// Every step taken, in order.
    pub steps: Vec<LinkStep>,
}

/// Which mails of a record.
#[derive(Clone, Debug, Default, Deserialize, IntoParams)]
#[serde(deny_unknown_fields, default)]
#[into_params(parameter_in = Query)]
pub struct RecordMailQuery {
    /// Stands in the subject, whatever its case.
    pub text: Option<String>,
    /// Not before.
    pub from: Option<String>,
    /// Before this time.
    pub until: Option<String>,
    /// Only with (or without) attachments.
    pub has_attachment: Option<bool>,
    /// Only of this kind.
    #[param(inline)]
    pub kind: Option<Kind>,
    /// Only what lies in this folder or below it.
    pub folder: Option<i64>,
    /// `next` of the page before.
    pub cursor: Option<String>,
    /// How many, at most 200.
    #[param(default = 50, minimum = 1, maximum = 200)]
    pub limit: Option<u32>,
}

/// An attachment of a mail of a record.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct RecordAttachment {
    /// Its mail.
    pub mail_id: Uuid,
    /// Number of the part.
    pub part: String,
    /// File name.
    pub name: Option<String>,
    /// Media type, as declared.
    pub content_type: String,
    /// Size.
    pub octets: u64,
    /// Subject of the mail; may be empty.
    pub subject: String,
    /// Effective date of the mail.
    pub date: Timestamp,
}

/// Attachments of a record's mails.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct RecordAttachmentPage {
    /// Those of the newest mail first.
    pub items: Vec<RecordAttachment>,
    /// Cursor of the next page.
    pub next: Option<String>,
    /// All of them.
    pub total: u64,
}

/// Why mails wait on the import list.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum OpenReason {
    /// More than one order.
    #[default]
    Order,
    /// More than one quote.
    Quote,
    /// More than one contact.
    Contact,
    /// Nothing certain, but a suggestion.
    Suggested,
    /// Nothing found.
    None,
    /// It could not be taken apart.
    Quarantined,
}

/// Which mails of the import list.
#[derive(Clone, Debug, Default, Deserialize, IntoParams)]
#[serde(deny_unknown_fields, default)]
#[into_params(parameter_in = Query)]
pub struct ImportListQuery {
    /// Of this reason; without it only the groups are answered.
    #[param(inline)]
    pub reason: Option<OpenReason>,
    /// Only of this kind.
    #[param(inline)]
    pub kind: Option<Kind>,
    /// Also mails that our own accounts wrote.
    pub own: bool,
    /// `next` of the page before.
    pub cursor: Option<String>,
    /// How many, at most 200.
    #[param(default = 50, minimum = 1, maximum = 200)]
    pub limit: Option<u32>,
}

/// Mails that wait for the same reason.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct ImportGroup {
    /// The reason.
    pub reason: OpenReason,
    /// How many.
    pub count: u64,
    /// There are more; they were not all counted.
    pub more: bool,
}

/// A mail that waits.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct ImportItem {
    /// Its row.
    pub message: MessageRow,
    /// Records it may belong to.
    pub suggestions: Vec<LinkSuggestion>,
    /// Its sender is new to its thread, or to everything.
    pub stranger: bool,
    /// When it came here.
    pub since: Timestamp,
}

/// The import list: what linking could not decide and no person has yet.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct ImportListPage {
    /// All reasons; quarantined mails are listed under `/quarantine`.
    pub groups: Vec<ImportGroup>,
    /// Mails of the reason asked for, the latest first; may be fewer than asked for although there are more.
    pub items: Vec<ImportItem>,
    /// Cursor of the next page.
    pub next: Option<String>,
}

/// An entry of the blocklist of linking.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct BlockedEntry {
    /// `local@domain`, or a domain with everything below it.
    pub entry: String,
    /// Why; may be empty.
    pub note: String,
    /// Name of the person who added it, if still known.
    pub user: Option<String>,
    /// When.
    pub at: Timestamp,
}

/// Addresses and domains that linking ignores.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct LinkBlocklist {
    /// By entry.
    pub items: Vec<BlockedEntry>,
    /// Ignored without being on the list: addresses of accounts, users and senders.
    pub automatic: Vec<String>,
}

/// A new entry of the blocklist, or a new note of one.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct BlockedEntryRequest {
    /// An address, or a domain with everything below it.
    #[schema(min_length = 1, max_length = 320)]
    pub entry: String,
    /// Why.
    #[serde(default)]
    #[schema(max_length = 500)]
    pub note: String,
}

/// Over which period.
#[derive(Clone, Copy, Debug, Default, Deserialize, IntoParams)]
#[serde(deny_unknown_fields, default)]
#[into_params(parameter_in = Query)]
pub struct LinkStatisticsQuery {
    /// Days back from now, at most 3660.
    #[param(default = 30, minimum = 1, maximum = 3660)]
    pub days: Option<u32>,
}

/// Links that rules set in one way.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct LinkHowCount {
    /// The way, as in links.
    pub how: String,
    /// Links.
    pub links: u64,
    /// Of those, removed by a person.
    pub removed: u64,
}

/// How well linking does, over the mails that came here within a period.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct LinkStatistics {
    /// Days back from now.
    pub days: u32,
    /// Mails linked to something found for them.
    pub linked: u64,
    /// Mails that an earlier one handed its links to.
    pub inherited: u64,
    /// Mails that more than one record would fit.
    pub ambiguous: u64,
    /// Mails nothing was found for.
    pub none: u64,
    /// Mails with a link a person set.
    pub by_hand: u64,
    /// Mails of which a person removed a link that a rule had set.
    pub corrected: u64,
    /// Mails a person said need no link.
    pub needless: u64,
    /// By the way rules came to their links.
    pub hows: Vec<LinkHowCount>,
}

/// A way out of the program. Variables: `#EMAIL#`, `#NAME#`, `#CONTACT#`, `#ORDER#`, `#QUOTE#`, `#SUBJECT#`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct JumpTemplate {
    /// Name.
    pub name: String,
    /// Address with variables; their values are percent-encoded.
    pub template: String,
}

/// All ways out, in their order.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct JumpTemplates {
    /// At most 20.
    #[schema(max_items = 20)]
    pub items: Vec<JumpTemplate>,
}

/// A new contact from the mail of a stranger, handed to the ERP.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ContactProposalRequest {
    /// Name.
    #[schema(min_length = 1, max_length = 200)]
    pub name: String,
    /// Address.
    #[schema(min_length = 3, max_length = 320)]
    pub address: String,
}
