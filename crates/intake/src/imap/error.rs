//! What can go wrong with a mailbox server, by what a person can do about it.

use std::io;

use connect::ConnectError;
use connect::oauth::Needs;

use crate::sasl::NoToken;

/// No mail from this server now. Texts are for the log; people get theirs by [`ImapError::key`].
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ImapError {
    /// No connection: name, TCP or TLS; the source says which and why.
    #[error(transparent)]
    Connect(#[from] ConnectError),
    /// The password would cross the network readable.
    #[error("no encryption to {host}: the password is not sent")]
    Insecure {
        /// Host.
        host: String,
    },
    /// Not a server of the protocol, or one that takes no connections now.
    #[error("no greeting of a mailbox server, but: {words}")]
    Greeting {
        /// What it said instead, or empty.
        words: String,
        /// It greeted as IMAP servers do, and then said goodbye.
        is_bye: bool,
    },
    /// STARTTLS is not offered, or was refused.
    #[error("the server does not begin TLS: {words}")]
    NoStartTls {
        /// Its words; empty if it does not offer it.
        words: String,
    },
    /// Octets in the clear behind the answer to STARTTLS: somebody on the way may be pushing in commands.
    #[error("octets in the clear followed the answer to STARTTLS")]
    Injected,
    /// No way to log in with what the account has is offered.
    #[error("the server offers no login that fits, only: {}", mechanisms.join(" "))]
    NoLogin {
        /// SASL mechanisms it offers.
        mechanisms: Vec<String>,
    },
    /// There is no token to log in with.
    #[error(transparent)]
    NoToken(#[from] NoToken),
    /// Name or password is wrong, or the account may not log in.
    #[error("login refused: {words}")]
    LoginRefused {
        /// Code of RFC 5530, such as `AUTHENTICATIONFAILED`.
        code: Option<String>,
        /// The server's words.
        words: String,
    },
    /// With SCRAM both sides show that they know the password, and the server did not.
    #[error("the server does not show that it knows the password")]
    Unproved,
    /// The server said `NO` or `BAD` to a command.
    #[error("{command} refused: {words}")]
    Refused {
        /// The command.
        command: &'static str,
        /// Code of RFC 5530.
        code: Option<String>,
        /// The server's words.
        words: String,
        /// `BAD`: it did not understand.
        is_bad: bool,
    },
    /// The server said goodbye.
    #[error("the server ended the connection: {words}")]
    Bye {
        /// Its words.
        words: String,
    },
    /// The connection ended without a word.
    #[error("the connection ended while {}", during.as_str())]
    Closed {
        /// What was going on.
        during: During,
    },
    /// The connection broke.
    #[error("the connection broke while {}", during.as_str())]
    Broken {
        /// What was going on.
        during: During,
        /// The system's words.
        #[source]
        source: io::Error,
    },
    /// The server says nothing more.
    #[error("no answer within {seconds} s while {}", during.as_str())]
    Timeout {
        /// What was going on.
        during: During,
        /// How long was waited.
        seconds: u64,
    },
    /// The server speaks, but not as the protocol says, and it cannot be understood.
    #[error("the server's answer cannot be understood: {what}")]
    Protocol {
        /// What is wrong, a few words.
        what: String,
    },
    /// The server wants to be left alone for a while (HTTP 429, 503 with `Retry-After`).
    #[error("the server wants to be left alone for a while: {words}")]
    Throttled {
        /// How long, if it says so.
        seconds: Option<u64>,
        /// Its words.
        words: String,
    },
    /// The token is good, but does not allow this (HTTP 403): permissions are missing, or an administrator's consent.
    #[error("the permissions are not enough: {words}")]
    Forbidden {
        /// The server's words.
        words: String,
    },
    /// An answer of HTTP that is no success.
    #[error("the server answered {status}: {words}")]
    Status {
        /// HTTP status.
        status: u16,
        /// The server's words.
        words: String,
    },
    /// The server names an address of another one, and the token is not sent there.
    #[error("the server refers to another one, {host}: nothing is sent there")]
    Foreign {
        /// The other.
        host: String,
    },
    /// Packing was agreed (COMPRESS), and what the server sends cannot be unpacked. The next connection goes without.
    #[error("what the server packs cannot be unpacked, while {}", during.as_str())]
    Unpackable {
        /// What was going on.
        during: During,
    },
    /// Whoever takes the mail is gone.
    #[error("nobody takes the mail")]
    Abandoned,
}

/// What was going on when a connection ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum During {
    /// Waiting for the greeting.
    Greeting,
    /// From there to the end of the login.
    Login,
    /// Listing mailboxes.
    List,
    /// Opening or asking about a mailbox.
    Mailbox,
    /// Fetching mail.
    Fetch,
    /// Marking, moving or removing mail.
    Change,
    /// Waiting for news.
    Idle,
}

impl During {
    /// A few words for the log.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Greeting => "waiting for the greeting",
            Self::Login => "logging in",
            Self::List => "listing mailboxes",
            Self::Mailbox => "opening a mailbox",
            Self::Fetch => "fetching mail",
            Self::Change => "changing mails",
            Self::Idle => "waiting for news",
        }
    }
}

/// Kinds of [`ImapError`], for counters and for the state of an account.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Class {
    /// Finding the host.
    Name,
    /// TCP connection.
    Connect,
    /// Encryption and its trust.
    Tls,
    /// Not an IMAP server.
    Greeting,
    /// Where the token comes from.
    Token,
    /// Name, password, way of logging in.
    Login,
    /// The server said no.
    Refused,
    /// The connection ended.
    Closed,
    /// Silence.
    Timeout,
    /// Not understood.
    Protocol,
    /// Ended from here.
    Abandoned,
}

impl Class {
    /// `name`, `connect`, `tls`, `greeting`, `token`, `login`, `refused`, `closed`, `timeout`, `protocol` or `abandoned`.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Name => "name",
            Self::Connect => "connect",
            Self::Tls => "tls",
            Self::Greeting => "greeting",
            Self::Token => "token",
            Self::Login => "login",
            Self::Refused => "refused",
            Self::Closed => "closed",
            Self::Timeout => "timeout",
            Self::Protocol => "protocol",
            Self::Abandoned => "abandoned",
        }
    }
}

/// Codes by which a server says that it is not about this request, and later may be better.
///
/// Source: RFC 5530; `THROTTLED` and `LIMIT` as used by large providers.
const TRANSIENT_CODES: [&str; 5] = ["UNAVAILABLE", "INUSE", "LIMIT", "THROTTLED", "SERVERBUG"];

pub(crate) fn is_transient_code(code: Option<&str>) -> bool {
    code.is_some_and(|code| TRANSIENT_CODES.contains(&code))
}

impl ImapError {
    /// What kind of trouble it is.
    pub const fn class(&self) -> Class {
        match self {
            Self::Connect(error) => match error.step() {
                connect::Step::Name => Class::Name,
                connect::Step::Connect => Class::Connect,
                connect::Step::Tls => Class::Tls,
            },
            Self::Insecure { .. } | Self::NoStartTls { .. } | Self::Injected => Class::Tls,
            Self::Greeting { .. } => Class::Greeting,
            Self::NoToken(_) => Class::Token,
            Self::NoLogin { .. } | Self::LoginRefused { .. } | Self::Unproved => Class::Login,
            Self::Refused { .. } | Self::Throttled { .. } | Self::Forbidden { .. } => Class::Refused,
            Self::Bye { .. } | Self::Closed { .. } | Self::Broken { .. } => Class::Closed,
            Self::Timeout { .. } => Class::Timeout,
            Self::Protocol { .. } | Self::Unpackable { .. } | Self::Status { .. } | Self::Foreign { .. } => {
                Class::Protocol
            }
            Self::Abandoned => Class::Abandoned,
        }
    }

    /// Stable key of the sentence for people; those of `connect` for what failed there.
    pub fn key(&self) -> &'static str {
        match self {
            Self::Connect(error) => error.key(),
            Self::Insecure { .. } => "imap-insecure",
            Self::Greeting { is_bye: false, .. } => "imap-greeting",
            Self::Greeting { is_bye: true, .. } => "imap-greeting-bye",
            Self::NoStartTls { .. } => "imap-no-starttls",
            Self::Injected => "imap-injected",
            Self::NoLogin { .. } => "imap-no-login",
            Self::NoToken(_) => "imap-no-token",
            Self::LoginRefused { code, .. } => match code.as_deref() {
                Some("EXPIRED") => "imap-password-expired",
                Some("PRIVACYREQUIRED") => "imap-privacy-required",
                code if is_transient_code(code) => "imap-login-unavailable",
                _ => "imap-login-refused",
            },
            Self::Unproved => "imap-unproved",
            Self::Refused { .. } => "imap-refused",
            Self::Bye { .. } => "imap-bye",
            Self::Closed { .. } | Self::Broken { .. } => "imap-closed",
            Self::Timeout { .. } => "imap-timeout",
            Self::Protocol { .. } => "imap-protocol",
            Self::Throttled { .. } => "graph-throttled",
            Self::Forbidden { .. } => "graph-forbidden",
            Self::Status { .. } => "graph-status",
            Self::Foreign { .. } => "graph-foreign",
            Self::Unpackable { .. } => "imap-unpackable",
            Self::Abandoned => "imap-abandoned",
        }
    }

    /// The server's own words, if it said any.
    pub fn words(&self) -> Option<&str> {
        let (Self::Greeting { words, .. }
        | Self::NoToken(NoToken { words, .. })
        | Self::NoStartTls { words }
        | Self::LoginRefused { words, .. }
        | Self::Refused { words, .. }
        | Self::Throttled { words, .. }
        | Self::Forbidden { words }
        | Self::Status { words, .. }
        | Self::Bye { words }) = self
        else {
            return None;
        };
        (!words.is_empty()).then_some(words)
    }

    /// Whether trying again without a change by a person can help.
    pub fn is_transient(&self) -> bool {
        match self {
            Self::Connect(error) => error.is_transient(),
            Self::Greeting { is_bye, .. } => *is_bye,
            Self::NoToken(no_token) => no_token.needs == Needs::Retry,
            Self::LoginRefused { code, .. } => is_transient_code(code.as_deref()),
            Self::Refused { is_bad, .. } => !is_bad,
            Self::Status { status, .. } => *status >= 500,
            Self::Throttled { .. }
            | Self::Bye { .. }
            | Self::Closed { .. }
            | Self::Broken { .. }
            | Self::Timeout { .. }
            | Self::Protocol { .. }
            | Self::Unpackable { .. } => true,
            Self::Insecure { .. }
            | Self::Forbidden { .. }
            | Self::Foreign { .. }
            | Self::NoStartTls { .. }
            | Self::Injected
            | Self::NoLogin { .. }
            | Self::Unproved
            | Self::Abandoned => false,
        }
    }
}

/// Why one mail could not be fetched while others could.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum MailFault {
    /// The server said `NO` or `BAD`.
    #[error("the server refuses it: {words}")]
    Refused {
        /// Its words.
        words: String,
    },
    /// The server lists it and sends nothing.
    #[error("the server lists it, but does not send it")]
    NotSent,
    /// The connection ends, or cannot be understood any more, each time it is asked for.
    #[error("no connection outlives it: {words}")]
    Breaks {
        /// How it ended.
        words: String,
    },
}

impl MailFault {
    /// Stable key of the sentence for people; `words` is the parameter of those that have any.
    pub const fn key(&self) -> &'static str {
        match self {
            Self::Refused { .. } => "fetch-refused",
            Self::NotSent => "fetch-not-sent",
            Self::Breaks { .. } => "fetch-breaks",
        }
    }

    /// The words of the variant, if it has any.
    pub fn words(&self) -> Option<&str> {
        match self {
            Self::Refused { words } | Self::Breaks { words } => Some(words),
            Self::NotSent => None,
        }
    }
}
