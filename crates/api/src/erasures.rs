//! Erasing mails on request, and everything about one person.

use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};
use uuid::Uuid;

use crate::Timestamp;

/// Why the law wants it: GDPR Art. 17 (1) a to f.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum ErasureBasis {
    /// No longer necessary (a).
    NotNecessary,
    /// Consent was withdrawn (b).
    ConsentWithdrawn,
    /// The person objects (c).
    Objection,
    /// Processed unlawfully (d).
    Unlawful,
    /// Another law demands it (e).
    LegalObligation,
    /// Services offered to a child (f).
    Child,
}

impl ErasureBasis {
    /// Its word.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::NotNecessary => "not_necessary",
            Self::ConsentWithdrawn => "consent_withdrawn",
            Self::Objection => "objection",
            Self::Unlawful => "unlawful",
            Self::LegalObligation => "legal_obligation",
            Self::Child => "child",
        }
    }
}

/// Which mails would be erased.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ErasureSearch {
    /// Mails from, to or about this address.
    #[schema(min_length = 1, max_length = 320)]
    pub address: String,
}

/// How a mail has to do with a person.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum ErasureAbout {
    /// Its header names the address.
    Header,
    /// The address stands in its text or in an attachment.
    Text,
}

/// A mail that would be erased.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct ErasureMail {
    /// The mail.
    pub mail_id: Uuid,
    /// How it has to do with the person.
    pub about: ErasureAbout,
    /// Its date; null before it is filed.
    pub date: Option<Timestamp>,
    /// Its subject; null if you may not read it.
    pub subject: Option<String>,
    /// Why it may not be erased; null if it may.
    pub kept: Option<String>,
}

/// What would be erased.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct ErasurePreview {
    /// All mails found.
    pub total: u64,
    /// Those of them that may not be erased.
    pub kept: u64,
    /// At most 2,000 of them, in the order they came.
    pub items: Vec<ErasureMail>,
}

/// What is to be erased.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ErasureRequest {
    /// Mails.
    #[schema(min_items = 1, max_items = 2000)]
    pub mails: Vec<Uuid>,
    /// Why.
    pub basis: ErasureBasis,
    /// What is to be remembered of the request.
    #[serde(default)]
    #[schema(max_length = 1000)]
    pub note: String,
}

/// An erasure.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Erasure {
    /// Its number.
    pub key: i64,
    /// When it began.
    pub begun: Timestamp,
    /// When everything was gone; null while that is not so.
    pub ended: Option<Timestamp>,
    /// Id or name of who did it.
    pub actor: String,
    /// Name of that user; null if it is none, or gone.
    pub name: Option<String>,
    /// Word of the legal basis.
    pub basis: String,
    /// What was said about it.
    pub note: String,
    /// Mails that are gone.
    pub erased: u64,
    /// Mails that were refused.
    pub refused: u64,
    /// Attachments that stay because other mails have them.
    pub shared: u64,
    /// Files of attachments, outside the archive, that are still there; at most 1,000.
    pub files: Vec<ErasedFile>,
}

/// A file of an attachment of an erased mail.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct ErasedFile {
    /// Where it is.
    pub path: String,
    /// Why it could not be removed yet, a word and what the system says; null: people changed it, so it is left.
    pub error: Option<String>,
}

/// Erasures, newest first.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct ErasurePage {
    /// This page.
    pub items: Vec<Erasure>,
    /// `before` of the next page; null at the end.
    pub next: Option<i64>,
}

/// Which page of erasures.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct ErasureQuery {
    /// Numbers below this.
    #[serde(default)]
    pub before: Option<i64>,
    /// At most so many, 1 to 200; 50 if not given.
    #[serde(default)]
    pub limit: Option<u32>,
}

/// About whom.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct PersonQuery {
    /// The address.
    pub address: String,
}
