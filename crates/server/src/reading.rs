//! Opening a mail: its octets from the archive, taken apart.

use std::panic::{AssertUnwindSafe, catch_unwind};

use axum::http::StatusCode;
use model::{Message, Part, PartRole};
use parse::{Limits, Parsed};
use store::MailOctets;
use tracing::error;

use crate::State;
use crate::media;
use crate::problem::Failure;

/// Of a longer mail only the beginning is read where it is shown: text and HTML stand before attachments.
pub(crate) const SHOWN_OCTETS_MAX: u64 = 8 << 20;

/// A mail, or the beginning of one.
pub(crate) struct Opened {
    /// Octets from the first on.
    pub(crate) octets: Vec<u8>,
    /// All of them.
    pub(crate) whole: bool,
    /// What they say; nothing if a parser gave up.
    pub(crate) message: Message,
}

impl Opened {
    /// For showing: at most `octets_max` octets. Blocks.
    pub(crate) fn beginning(state: &State, mail: &MailOctets, octets_max: u64) -> Result<Self, Failure> {
        if mail.octets <= octets_max {
            return Self::all(state, mail);
        }
        let len = usize::try_from(octets_max).unwrap_or(usize::MAX);
        let octets = state.archive().read_range(mail.location, 0, len).map_err(unreadable)?;
        Ok(Self { message: parsed(&octets), octets, whole: false })
    }

    /// Every octet. Blocks; memory as large as the mail.
    pub(crate) fn all(state: &State, mail: &MailOctets) -> Result<Self, Failure> {
        let octets = state.archive().read_all(mail.location, mail.octets).map_err(unreadable)?;
        Ok(Self { message: parsed(&octets), octets, whole: true })
    }

    /// The HTML a person reads: the first HTML part of the mail itself that is body.
    pub(crate) fn html(&self) -> Option<&str> {
        let body = |part: &&Part| {
            part.message_depth == 0 && part.role == PartRole::Body && part.content_type == "text/html"
        };
        self.message
            .parts
            .iter()
            .find(body)
            .and_then(|part| part.text.as_deref())
            .filter(|html| !html.trim().is_empty())
    }

    /// Attachments and attached mails, with their place in [`Message::parts`]; not those inside attached mails.
    pub(crate) fn attachments(&self) -> impl Iterator<Item = (usize, &Part)> {
        let listed = |part: &Part| {
            part.message_depth == 0 && matches!(part.role, PartRole::Attachment | PartRole::Message)
        };
        self.message.parts.iter().enumerate().filter(move |(_, part)| listed(part))
    }

    /// Content of a part, at most `octets_max` octets of it.
    pub(crate) fn content(&self, index: usize, octets_max: usize) -> Option<Vec<u8>> {
        parse::part_content(&self.octets, &self.message.parts, index, octets_max)
    }

    /// What a part really is.
    pub(crate) fn content_type(&self, index: usize, part: &Part) -> String {
        if part.role == PartRole::Message {
            return "message/rfc822".to_owned();
        }
        let head = self.content(index, media::HEAD_OCTETS).unwrap_or_default();
        media::content_type(&head, &part.content_type)
    }
}

/// A panic of the parser is an entry in the log and an empty message: the mail is listed, and its octets can be had.
fn parsed(octets: &[u8]) -> Message {
    let parsed = catch_unwind(AssertUnwindSafe(|| parse::parse(octets, &Limits::default())));
    parsed.map_or_else(
        |_| {
            error!(mail.size_octets = octets.len(), "the parser gave up on a mail");
            Message::default()
        },
        |Parsed { message, .. }| message,
    )
}

/// The archive has not got what the database says: that is for the operator.
pub(crate) fn unreadable(error: archive::Error) -> Failure {
    Failure::new(StatusCode::INTERNAL_SERVER_ERROR, "original-missing").because(error)
}
