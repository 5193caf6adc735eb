//! Mails of an account that are not archived.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// What an exclusion looks at.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum ExclusionKind {
    /// Folders by name, with those below them; they are not even opened. `/` between levels. Not for POP3.
    Folder,
    /// Addresses and domains (with those below them) of `From` and `Sender`.
    Sender,
    /// What a spam filter marked: `X-Spam-Flag`, `X-Spam-Status` or `X-Spam` with `yes`, or the keyword `$Junk`. Without values.
    Spam,
    /// `Sensitivity` is private, personal, confidential or company-confidential, or the subject holds one of the values.
    Private,
    /// Addresses and domains in whatever role: sender, recipient, copy, envelope.
    WorksCouncil,
}

/// A rule by which mails of an account are not archived, and not written anywhere.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Exclusion {
    /// Unique within the account.
    pub name: String,
    /// What it looks at.
    pub kind: ExclusionKind,
    /// What it looks for.
    pub values: Vec<String>,
    /// Mails at the source that it excludes, as far as is known; of mails that others bring, all it has excluded so far.
    pub mails: u64,
}

/// Exclusions of an account; the first that fits is the one that counts a mail.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct ExclusionList {
    /// In their order.
    pub items: Vec<Exclusion>,
}

/// An exclusion to be kept.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ExclusionRequest {
    /// Unique within the account.
    #[schema(max_length = 100)]
    pub name: String,
    /// What it looks at.
    pub kind: ExclusionKind,
    /// What it looks for; the more values, the more is excluded.
    #[serde(default)]
    #[schema(max_items = 1000)]
    pub values: Vec<String>,
}

/// All exclusions of an account.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ExclusionsRequest {
    /// In their order.
    #[schema(max_items = 50)]
    pub items: Vec<ExclusionRequest>,
}
