//! What is asked, and what comes of it.

use std::sync::Arc;
use std::time::Duration;

use model::Invoice;

/// One document to be read.
#[derive(Clone, Copy, Debug)]
pub struct Document<'a> {
    /// File name, if it has one; only its ending counts.
    pub name: Option<&'a str>,
    /// Media type as the mail says, lower case.
    pub content_type: &'a str,
    /// All of it, after transfer decoding.
    pub octets: &'a [u8],
}

/// What came of a document.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// It has text.
    Text(Text),
    /// It is of a kind without text, or has none: an image, a scanned page, an archive.
    NoText,
    /// It could not be read.
    Failed(Reason),
}

impl Outcome {
    /// The text, if there is some.
    pub fn text(&self) -> Option<&str> {
        match self {
            Self::Text(text) => Some(&text.text),
            Self::NoText | Self::Failed(_) => None,
        }
    }

    /// The invoice, if there is one.
    pub const fn invoice(&self) -> Option<&Invoice> {
        match self {
            Self::Text(text) => text.invoice.as_ref(),
            Self::NoText | Self::Failed(_) => None,
        }
    }
}

impl Outcome {
    /// Cut to what is left of the text of a mail, which it is taken from.
    pub(crate) fn within(self, octets_left: &mut usize) -> Self {
        match self {
            Self::Text(text) => {
                let text = text.cut(*octets_left);
                *octets_left -= text.text.len();
                if text.text.is_empty() { Self::Failed(Reason::TooLarge) } else { Self::Text(text) }
            }
            other => other,
        }
    }
}

/// Text of a document.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Text {
    /// UTF-8, lines end with `\n`, table cells are parted by tabs; no other control characters.
    pub text: Arc<str>,
    /// There was more than the limits allow.
    pub truncated: bool,
    /// The invoice that the document is, or has in it.
    pub invoice: Option<Invoice>,
}

/// Why a document could not be read.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, thiserror::Error)]
#[non_exhaustive]
pub enum Reason {
    /// It took too long.
    #[error("reading took too long")]
    Timeout,
    /// It took too much memory.
    #[error("reading took too much memory")]
    Memory,
    /// The reader broke down.
    #[error("the reader broke down")]
    Crash,
    /// It is protected by a password.
    #[error("it is protected by a password")]
    Encrypted,
    /// It is not what it says, or damaged.
    #[error("it is damaged")]
    Broken,
    /// It is larger than what is read.
    #[error("it is too large")]
    TooLarge,
    /// The child process cannot be started; the system's words are in the log.
    #[error("the reading process cannot be started")]
    NoChild,
}

impl Reason {
    /// Stable word for database and page.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Timeout => "timeout",
            Self::Memory => "memory",
            Self::Crash => "crash",
            Self::Encrypted => "encrypted",
            Self::Broken => "broken",
            Self::TooLarge => "too_large",
            Self::NoChild => "no_child",
        }
    }

    /// Whether trying again later can help.
    pub const fn is_transient(self) -> bool {
        matches!(self, Self::NoChild)
    }
}

/// Bounds of reading.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// Processor time for one document, or for parsing one large mail; whole seconds.
    pub cpu_seconds: u32,
    /// The same by the clock, as a last resort: counted from the last sign of life of the child.
    pub silence: Duration,
    /// All documents of one mail together, by the clock; what is left then counts as [`Reason::Timeout`].
    pub mail: Duration,
    /// Memory of the child beyond what it has at its start, octets of address space.
    pub memory_octets: u64,
    /// Larger documents are not read.
    pub document_octets: u64,
    /// Text of one document, octets.
    pub text_octets: usize,
    /// Text of all documents of one mail, octets.
    pub mail_text_octets: usize,
}

impl Default for Limits {
    /// 5 s of processor time (20 s of silence, 30 s a mail), 512 MB, documents of 64 MB, text of 256 kB and 1 MB.
    fn default() -> Self {
        Self {
            cpu_seconds: 5,
            silence: Duration::from_secs(20),
            mail: Duration::from_secs(30),
            memory_octets: 512 << 20,
            document_octets: 64 << 20,
            text_octets: 256 << 10,
            mail_text_octets: 1 << 20,
        }
    }
}
