//! What an operation is.

use utoipa::openapi::path::Parameter;

/// HTTP method.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Method {
    /// Reads.
    Get,
    /// Makes, or starts something.
    Post,
    /// Sets.
    Put,
    /// Changes parts.
    Patch,
    /// Removes.
    Delete,
}

impl Method {
    /// The word of RFC 9110 §9.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Get => "GET",
            Self::Post => "POST",
            Self::Put => "PUT",
            Self::Patch => "PATCH",
            Self::Delete => "DELETE",
        }
    }
}

/// Who may call an operation. What mail it may show is a matter of the accounts granted, besides this.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Access {
    /// Anybody.
    Public,
    /// Who is logged in.
    SignedIn,
    /// Administrators and agents.
    Worker,
    /// Administrators.
    Administrator,
    /// Administrators and auditors.
    Log,
}

impl Access {
    /// The word in the description (`x-access`).
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Public => "public",
            Self::SignedIn => "signed_in",
            Self::Worker => "worker",
            Self::Administrator => "administrator",
            Self::Log => "log",
        }
    }

    /// Whether a user of this role may.
    pub const fn allows(self, role: model::Role) -> bool {
        use model::Role::{Administrator, Agent, Auditor};
        match self {
            Self::Public | Self::SignedIn => true,
            Self::Worker => matches!(role, Administrator | Agent),
            Self::Administrator => matches!(role, Administrator),
            Self::Log => matches!(role, Administrator | Auditor),
        }
    }
}

/// What is sent or answered.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Body {
    /// Nothing.
    Empty,
    /// JSON of this schema.
    Json(&'static str),
    /// A form with files, of this schema.
    Multipart(&'static str),
    /// Octets of this media type.
    Octets(&'static str),
}

/// One operation of the API.
#[derive(Clone, Copy, Debug)]
pub struct Operation {
    /// Method.
    pub method: Method,
    /// Path with `{parameters}`, as axum and OpenAPI write it.
    pub path: &'static str,
    /// `operationId`.
    pub id: &'static str,
    /// Group in the description.
    pub tag: &'static str,
    /// Who may.
    pub access: Access,
    /// A sentence.
    pub summary: &'static str,
    /// Parameters of the query.
    pub query: fn() -> Vec<Parameter>,
    /// What is sent.
    pub request: Body,
    /// Status of success.
    pub status: u16,
    /// What is answered then.
    pub answer: Body,
    /// Failures that are particular to it, besides those of all.
    pub failures: &'static [u16],
}

impl Operation {
    /// Whether it only reads, or changes nothing but the caller's own login: auditors may.
    pub fn changes_nothing(&self) -> bool {
        self.method == Method::Get
            || matches!(self.id, "LOG_IN" | "LOG_OUT" | "CHANGE_PROFILE" | "CHECK_SUPPRESSION")
    }

    /// Whether what it shows of mails keeps to the dates a scope may have. The others are not for whoever sees only mail of
    /// some time.
    pub fn keeps_to_period(&self) -> bool {
        const IDS: [&str; 34] = [
            "SESSION",
            "LOG_OUT",
            "CHANGE_PROFILE",
            "MESSAGES",
            "MESSAGE",
            "MESSAGE_RAW",
            "MESSAGE_FRAME",
            "MESSAGE_PART",
            "IMAGE",
            "THREAD",
            "SEARCH",
            "EXPORT",
            "EXPORT_CHECK",
            "MEDIA",
            "EXPORT_MEDIA",
            "CHECK_MEDIA_EXPORT",
            "TAGS",
            "MESSAGE_LINKS",
            "JUMP_TEMPLATES",
            "ACCOUNTS",
            "MAILBOXES",
            "GROUPS",
            "NOTICES",
            "APPROVALS",
            "DELAYED_APPROVALS",
            "EVENTS",
            "EVENT_WORDS",
            "EXPORT_EVENTS",
            "PROCEDURES",
            "PROCEDURE",
            "PROOF",
            "DOCTOR",
            "STATUS",
            "LIVE",
        ];
        self.access == Access::Public || IDS.contains(&self.id)
    }
}
