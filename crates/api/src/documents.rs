//! Addresses of contacts that their source does not name, what numbers look like, and folders for documents.

use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};
use uuid::Uuid;

use crate::{LinkedRecord, Timestamp};

/// What an address is to a contact.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum AddressUse {
    /// It writes from there.
    Own,
    /// Somebody else's, who answers while it is away.
    Deputy,
}

/// What a person has said of an address.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum AddressDecision {
    /// Nothing yet, or it is taken back.
    #[default]
    Proposed,
    /// It is one.
    Confirmed,
    /// It is none, and is not to be proposed again.
    Rejected,
}

/// The mail that taught an address.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct TaughtBy {
    /// Its id.
    pub mail_id: Uuid,
    /// Its subject; may be empty.
    pub subject: String,
    /// Effective date.
    pub date: Timestamp,
}

/// An address of a contact that its source does not name.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct ExtraAddress {
    /// The contact.
    pub record: LinkedRecord,
    /// The address.
    pub address: String,
    /// What it is to the contact.
    pub used: AddressUse,
    /// What a person has said.
    pub state: AddressDecision,
    /// The mail that taught it; null if a person typed it, or the caller may not read that mail.
    pub mail: Option<TaughtBy>,
    /// When it was proposed or typed.
    pub at: Timestamp,
    /// Name of who decided, if still known.
    pub user: Option<String>,
    /// When.
    pub decided: Option<Timestamp>,
}

/// Which of them.
#[derive(Clone, Debug, Default, Deserialize, IntoParams)]
#[serde(deny_unknown_fields, default)]
#[into_params(parameter_in = Query)]
pub struct ExtraAddressQuery {
    /// Of which a person has said this.
    #[param(inline)]
    pub state: AddressDecision,
    /// `next` of the page before.
    pub cursor: Option<String>,
    /// How many, at most 200.
    #[param(default = 50, minimum = 1, maximum = 200)]
    pub limit: Option<u32>,
}

/// A page of them.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct ExtraAddressPage {
    /// The latest first.
    pub items: Vec<ExtraAddress>,
    /// Cursor of the next page.
    pub next: Option<String>,
}

/// What a person says of an address.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct AddressDecisionRequest {
    /// What it is to the contact.
    pub used: AddressUse,
    /// `proposed` takes back what was said, and forgets what was typed.
    pub state: AddressDecision,
}

/// What numbers of a kind look like: upper case letters and signs for themselves, `d` for a digit, `l` for a letter.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NumberMask {
    /// `contact`, `order`, `quote`, `item`.
    pub kind: String,
    /// Such as `B-dddd-ddddd`.
    #[schema(min_length = 1, max_length = 40)]
    pub mask: String,
}

/// A mask that was learnt.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct LearntMask {
    /// The mask.
    pub mask: String,
    /// How many numbers look like it.
    pub count: u64,
    /// Some of them, at most three.
    pub examples: Vec<String>,
}

/// What the numbers of a kind look like.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct LearntMasks {
    /// `contact`, `order`, `quote`, `item`.
    pub kind: String,
    /// How many numbers there are.
    pub of: u64,
    /// The most frequent first.
    pub masks: Vec<LearntMask>,
}

/// What numbers look like.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct LearntMaskList {
    /// One entry a kind.
    pub items: Vec<LearntMasks>,
}

/// A folder for documents.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct DocumentFolder {
    /// Its key.
    pub key: i64,
    /// Key of the folder it lies in; null at the top.
    pub parent: Option<i64>,
    /// Kind of the records that have it; null: all.
    pub kind: Option<String>,
    /// Its name.
    pub name: String,
}

/// All folders.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct DocumentFolderList {
    /// By name.
    pub items: Vec<DocumentFolder>,
}

/// A new folder, or another name of one.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct DocumentFolderRequest {
    /// Its name.
    #[schema(min_length = 1, max_length = 100)]
    pub name: String,
    /// Key of the folder it is to lie in; a folder stays where it is.
    #[serde(default)]
    pub parent: Option<i64>,
    /// Kind of the records that have it; a folder keeps its kind, and has that of the one it lies in.
    #[serde(default)]
    pub kind: Option<String>,
}

/// A folder of a record.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct RecordFolder {
    /// The folder.
    pub folder: DocumentFolder,
    /// How many mails and attachments of the record lie in it, without those below it.
    pub documents: u64,
}

/// Folders that a record has.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct RecordFolderList {
    /// By name.
    pub items: Vec<RecordFolder>,
}

/// A mail, or an attachment of it, in a folder of a record.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Document {
    /// Kind of the record.
    pub kind: String,
    /// Number of the record.
    pub number: String,
    /// Number of the attachment; null: the whole mail.
    pub part: Option<String>,
    /// Key of the folder.
    pub folder: i64,
    /// Name of who filed it, if still known.
    pub user: Option<String>,
    /// When.
    pub at: Timestamp,
}

/// Where a mail and its attachments are filed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct DocumentList {
    /// By record.
    pub items: Vec<Document>,
}

/// Files something in a folder of a record, or takes it out.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct DocumentFilingRequest {
    /// The mail.
    pub mail_id: Uuid,
    /// Number of the attachment; null: the whole mail.
    #[serde(default)]
    pub part: Option<String>,
    /// Key of the folder.
    pub folder: i64,
    /// In, or out.
    pub filed: bool,
}
