//! What can go wrong on the way to another host, by what a person can do about it.

use std::io;
use std::path::PathBuf;

use model::{Sha256, UnixMillis};

use crate::CertificateFacts;

/// The step at which a connection failed, in the order of the way.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Step {
    /// Finding the host's addresses.
    Name,
    /// TCP connection.
    Connect,
    /// TLS handshake.
    Tls,
}

impl Step {
    /// `name`, `connect` or `tls`.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Name => "name",
            Self::Connect => "connect",
            Self::Tls => "tls",
        }
    }
}

/// No connection.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ConnectError {
    /// The host name is no host name.
    #[error("`{host}` is not a host name")]
    BadName {
        /// As given.
        host: String,
    },
    /// No such host.
    #[error("host {host} is not known")]
    NameNotFound {
        /// Host asked for.
        host: String,
        /// The resolver's words.
        #[source]
        source: io::Error,
    },
    /// The name server does not answer.
    #[error("the name server gives no answer about {host}")]
    NameServer {
        /// Host asked for.
        host: String,
        /// The resolver's words.
        #[source]
        source: io::Error,
    },
    /// The address is not one to connect to (see [`crate::Guard`]).
    #[error("{host} has no address that may be asked")]
    Forbidden {
        /// Host asked for.
        host: String,
    },
    /// Nothing listens there.
    #[error("{host} refuses connections on port {port}")]
    Refused {
        /// Host.
        host: String,
        /// Port.
        port: u16,
    },
    /// No way there, or another trouble of the network.
    #[error("{host} port {port} cannot be reached")]
    Unreachable {
        /// Host.
        host: String,
        /// Port.
        port: u16,
        /// The system's words.
        #[source]
        source: io::Error,
    },
    /// No answer in time.
    #[error("{host} port {port} gave no answer within {seconds} s (step {})", step.as_str())]
    Timeout {
        /// Host.
        host: String,
        /// Port.
        port: u16,
        /// What was waited for.
        step: Step,
        /// How long.
        seconds: u64,
    },
    /// The handshake failed.
    #[error("no TLS with {host} port {port}: {fault}")]
    Tls {
        /// Host.
        host: String,
        /// Port.
        port: u16,
        /// Why.
        fault: TlsFault,
    },
}

impl ConnectError {
    /// Where on the way it failed.
    pub const fn step(&self) -> Step {
        match self {
            Self::BadName { .. }
            | Self::NameNotFound { .. }
            | Self::NameServer { .. }
            | Self::Forbidden { .. } => Step::Name,
            Self::Refused { .. } | Self::Unreachable { .. } => Step::Connect,
            Self::Timeout { step, .. } => *step,
            Self::Tls { .. } => Step::Tls,
        }
    }

    /// Stable key of the sentence for people.
    pub const fn key(&self) -> &'static str {
        match self {
            Self::BadName { .. } => "connect-bad-name",
            Self::NameNotFound { .. } => "connect-name-not-found",
            Self::NameServer { .. } => "connect-name-server",
            Self::Forbidden { .. } => "connect-forbidden",
            Self::Refused { .. } => "connect-refused",
            Self::Unreachable { .. } => "connect-unreachable",
            Self::Timeout { .. } => "connect-timeout",
            Self::Tls { fault, .. } => fault.key(),
        }
    }

    /// Whether trying again without a change by a person can help.
    pub const fn is_transient(&self) -> bool {
        match self {
            // A name that is gone is often a name server in trouble, a refusal a restart: both pass.
            Self::NameNotFound { .. }
            | Self::NameServer { .. }
            | Self::Refused { .. }
            | Self::Unreachable { .. }
            | Self::Timeout { .. } => true,
            Self::Tls { fault, .. } => matches!(fault, TlsFault::Broken { .. }),
            Self::BadName { .. } | Self::Forbidden { .. } => false,
        }
    }
}

/// Why there is no TLS.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum TlsFault {
    /// The certificate was good once.
    #[error("the certificate of {certificate} has expired")]
    Expired {
        /// What was shown; `not_after` says since when.
        certificate: Box<CertificateFacts>,
    },
    /// The certificate is for the future, or the clock here is wrong.
    #[error("the certificate of {certificate} is not valid yet")]
    NotYetValid {
        /// What was shown; `not_before` says from when.
        certificate: Box<CertificateFacts>,
        /// Time here.
        now: UnixMillis,
    },
    /// Signed by nobody trusted here; `certificate.self_issued`: by itself. Trust its issuer's certificate, or pin it.
    #[error("the issuer of the certificate is not trusted: {certificate}")]
    UnknownIssuer {
        /// What was shown.
        certificate: Box<CertificateFacts>,
    },
    /// A certificate of another host.
    #[error("the certificate is for {}, not for this host", presented.join(", "))]
    WrongHost {
        /// Host names it is for; may be empty.
        presented: Vec<String>,
        /// What was shown.
        certificate: Box<CertificateFacts>,
    },
    /// Not the pinned certificate or key.
    #[error("the certificate is not the pinned one: {certificate}")]
    PinMismatch {
        /// What was shown.
        certificate: Box<CertificateFacts>,
        /// What was pinned.
        pin: Sha256,
    },
    /// Not usable for another reason.
    #[error("the certificate is not usable: {reason}")]
    BadCertificate {
        /// What was shown.
        certificate: Box<CertificateFacts>,
        /// In the words of the TLS library.
        reason: String,
    },
    /// The other side does not speak TLS on this port.
    #[error("the other side does not speak TLS here")]
    NotTls,
    /// No TLS 1.2 or 1.3, or no algorithm in common.
    #[error("the other side speaks no TLS that is still safe: {reason}")]
    Outdated {
        /// In the words of the TLS library.
        reason: String,
    },
    /// The connection broke in the handshake.
    #[error("the connection broke during the handshake: {reason}")]
    Broken {
        /// The system's words.
        reason: String,
    },
    /// Anything else.
    #[error("{reason}")]
    Other {
        /// In the words of the TLS library.
        reason: String,
    },
}

impl TlsFault {
    /// Stable key of the sentence for people.
    pub const fn key(&self) -> &'static str {
        match self {
            Self::Expired { .. } => "tls-expired",
            Self::NotYetValid { .. } => "tls-not-yet-valid",
            Self::UnknownIssuer { .. } => "tls-unknown-issuer",
            Self::WrongHost { .. } => "tls-wrong-host",
            Self::PinMismatch { .. } => "tls-pin-mismatch",
            Self::BadCertificate { .. } => "tls-bad-certificate",
            Self::NotTls => "tls-not-spoken",
            Self::Outdated { .. } => "tls-outdated",
            Self::Broken { .. } => "tls-broken",
            Self::Other { .. } => "tls-other",
        }
    }

    /// The certificate that was shown, if it came so far.
    pub fn certificate(&self) -> Option<&CertificateFacts> {
        match self {
            Self::Expired { certificate }
            | Self::NotYetValid { certificate, .. }
            | Self::UnknownIssuer { certificate }
            | Self::WrongHost { certificate, .. }
            | Self::PinMismatch { certificate, .. }
            | Self::BadCertificate { certificate, .. } => Some(certificate),
            _ => None,
        }
    }
}

/// A trust setting that cannot be used.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum TrustError {
    /// The system has no certificates of authorities (package `ca-certificates`).
    #[error("the system trusts no certificate authority: {reason}")]
    NoSystemStore {
        /// What was tried.
        reason: String,
    },
    /// The text holds no certificate in PEM form.
    #[error("no certificate found: a PEM text with BEGIN CERTIFICATE is needed")]
    NoCertificate,
    /// A certificate that cannot be read.
    #[error("certificate {number} is unreadable")]
    BadCertificate {
        /// From 1.
        number: usize,
    },
    /// Not a SHA-256.
    #[error("`{text}` is not a SHA-256: 64 hexadecimal digits")]
    BadPin {
        /// As given.
        text: String,
    },
}

/// The server's own certificate or key cannot be used.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ServerTlsError {
    /// A file cannot be read.
    #[error("cannot read {}", at.display())]
    Read {
        /// Which.
        at: PathBuf,
        /// Why.
        #[source]
        source: io::Error,
    },
    /// The file holds no PEM certificate.
    #[error("{} holds no certificate", at.display())]
    NoCertificate {
        /// Which.
        at: PathBuf,
    },
    /// The file holds no PEM private key.
    #[error("{} holds no private key", at.display())]
    NoKey {
        /// Which.
        at: PathBuf,
    },
    /// The key is of a kind that is not supported, or broken.
    #[error("the private key in {} is not usable: {reason}", at.display())]
    BadKey {
        /// Which.
        at: PathBuf,
        /// In the words of the TLS library.
        reason: String,
    },
    /// Certificate and key do not belong together; the first certificate must be the server's own.
    #[error("the key in {} does not belong to the first certificate in {}", key.display(), certificate.display())]
    Mismatch {
        /// Certificate file.
        certificate: PathBuf,
        /// Key file.
        key: PathBuf,
    },
}

/// Nothing was fetched.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum FetchError {
    /// Not an address of the web, or one with a name and password in it.
    #[error("not a usable web address")]
    Url,
    /// Neither http nor https, or a port that is not one of the web.
    #[error("only http and https on their usual ports are fetched")]
    Scheme,
    /// No connection; [`ConnectError::Forbidden`] for private addresses.
    #[error(transparent)]
    Connect(#[from] ConnectError),
    /// The other side did not speak HTTP as it should, or the connection broke.
    #[error("the answer could not be read")]
    Http(#[source] hyper::Error),
    /// An answer other than 200.
    #[error("the answer was {status}")]
    Status {
        /// HTTP status.
        status: u16,
    },
    /// Sent on and on.
    #[error("sent on more than {max} times")]
    TooManyRedirects {
        /// How often is allowed.
        max: u8,
    },
    /// Bigger than allowed.
    #[error("more than {max_octets} octets")]
    TooLarge {
        /// How much is allowed.
        max_octets: u64,
    },
    /// An address of another server than the one that is asked: nothing was sent there.
    #[error("the address is of another server: {host}")]
    Foreign {
        /// Its host.
        host: String,
    },
    /// Not what was asked for.
    #[error("not an image of a known kind")]
    NotAnImage,
    /// No answer in time.
    #[error("no answer within {seconds} s")]
    Timeout {
        /// How long.
        seconds: u64,
    },
}

impl FetchError {
    /// Whether trying again without a change by a person can help.
    pub const fn is_transient(&self) -> bool {
        match self {
            Self::Connect(error) => error.is_transient(),
            Self::Http(_) | Self::Timeout { .. } => true,
            Self::Status { status } => *status >= 500 || *status == 429,
            _ => false,
        }
    }
}
