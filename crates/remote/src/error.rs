//! What can go wrong with a store, by what the operator can do about it.

use std::io;
use std::path::PathBuf;

/// Why the store did not do what was asked.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// Not `https://host[:port]`, nor `http` on this machine.
    #[error("not a usable address of a store")]
    Endpoint,
    /// No name of a bucket.
    #[error("not a usable name of a bucket")]
    Bucket,
    /// A folder with other characters than letters, digits, `-`, `_`, `.` and `/`.
    #[error("not a usable folder")]
    Prefix,
    /// No answer: name, connection, TLS, silence.
    #[error("the store does not answer")]
    Unreachable {
        /// At which step.
        #[source]
        source: Box<dyn std::error::Error + Send + Sync>,
    },
    /// The key is unknown, wrong, or may not do this.
    #[error("the store refuses the key ({text})")]
    Denied {
        /// The store's words.
        text: String,
    },
    /// There is no such bucket.
    #[error("there is no such bucket")]
    NoBucket,
    /// Another installation keeps its files in this folder.
    #[error("another installation uses this folder of the bucket")]
    Foreign,
    /// Any other answer.
    #[error("the store refuses ({text})")]
    Refused {
        /// The store's words.
        text: String,
    },
    /// A file is not what it was when it was noted.
    #[error("file {} is not what was noted of it", path.display())]
    Changed {
        /// Which.
        path: PathBuf,
    },
    /// A local file cannot be read or written.
    #[error("cannot read or write {}", path.display())]
    File {
        /// Which.
        path: PathBuf,
        /// What the system says.
        #[source]
        source: io::Error,
    },
}

impl Error {
    /// Whether the same call may succeed later without anything being changed here.
    pub const fn is_transient(&self) -> bool {
        matches!(self, Self::Unreachable { .. } | Self::Refused { .. } | Self::File { .. })
    }

    /// Stable key of the text for users.
    pub const fn key(&self) -> &'static str {
        match self {
            Self::Endpoint => "remote-endpoint",
            Self::Bucket => "remote-bucket",
            Self::Prefix => "remote-prefix",
            Self::Unreachable { .. } => "remote-unreachable",
            Self::Denied { .. } => "remote-denied",
            Self::NoBucket => "remote-no-bucket",
            Self::Foreign => "remote-foreign",
            Self::Refused { .. } => "remote-refused",
            Self::Changed { .. } | Self::File { .. } => "remote-file",
        }
    }
}

/// An error of the library.
pub(crate) fn of(error: object_store::Error) -> Error {
    use object_store::Error as From;
    let text = chain(&error);
    match error {
        From::PermissionDenied { .. } | From::Unauthenticated { .. } => Error::Denied { text: words(&text) },
        _ if text.contains("NoSuchBucket") => Error::NoBucket,
        _ if text.contains("HTTP error") || text.contains("error sending request") => {
            Error::Unreachable { source: Box::new(error) }
        }
        _ => Error::Refused { text: words(&text) },
    }
}

/// An answer that refuses.
pub(crate) fn of_answer(status: u16, body: &str) -> Error {
    let text = match (element(body, "Code"), element(body, "Message")) {
        (Some(code), Some(message)) => format!("{code}: {message}"),
        (Some(code), None) => code.to_owned(),
        _ => format!("HTTP {status}"),
    };
    match status {
        _ if body.contains("NoSuchBucket") => Error::NoBucket,
        401 | 403 => Error::Denied { text },
        _ => Error::Refused { text },
    }
}

/// The store's words in a text of the library: code and message, if it has them.
fn words(text: &str) -> String {
    match (element(text, "Code"), element(text, "Message")) {
        (Some(code), Some(message)) => format!("{code}: {message}"),
        _ => text.chars().filter(|c| !c.is_control()).take(300).collect(),
    }
}

/// Content of the first element of a name, if it is plain text.
pub(crate) fn element<'a>(xml: &'a str, name: &str) -> Option<&'a str> {
    let from = xml.find(&format!("<{name}>"))? + name.len() + 2;
    let inner = &xml[from..];
    let (inner, end) = match inner.strip_prefix("<![CDATA[") {
        Some(inner) => (inner, "]]>"),
        None => (inner, "<"),
    };
    Some(inner[..inner.find(end)?].trim()).filter(|text| !text.is_empty() && text.len() <= 300)
}

fn chain(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(inner) = cause {
        let more = inner.to_string();
        if !text.contains(&more) {
            text.push_str(": ");
            text.push_str(&more);
        }
        cause = inner.source();
    }
    text
}
