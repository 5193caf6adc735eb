//! Which parts of a mail have text besides its body, and where that comes from.

use model::{Message, Part, PartRole, TransferEncoding};

use crate::extract::{self, extract};
use crate::outcome::{Limits, Outcome, Reason};
use crate::sniff::{self, Kind};

/// Parts inside encoded messages that are read: each of them needs the whole message decoded again.
const INSIDE_ENCODED_MAX: usize = 20;
/// Parts of one mail that are looked at.
const PARTS_MAX: usize = 2_000;

/// What is known of a part without the child.
#[derive(Debug)]
pub(crate) enum Piece {
    /// All.
    Known(Outcome),
    /// That it is for the child to read.
    Document(Kind),
}

/// Looks at the parts of one mail.
#[derive(Debug)]
pub(crate) struct Parts<'a> {
    octets: &'a [u8],
    message: &'a Message,
    limits: Limits,
    inside_encoded: usize,
}

impl<'a> Parts<'a> {
    /// `octets`: those that `message` was made from.
    pub(crate) const fn new(octets: &'a [u8], message: &'a Message, limits: Limits) -> Self {
        Self { octets, message, limits, inside_encoded: 0 }
    }

    /// Parts with text of their own: attachments, and the bodies of attached mails.
    pub(crate) fn indices(&self) -> impl Iterator<Item = usize> + use<'a> {
        let of_interest = |part: &Part| match part.role {
            PartRole::Attachment => true,
            PartRole::Body => part.message_depth > 0,
            _ => false,
        };
        let parts = &self.message.parts;
        (0..parts.len()).filter(move |index| of_interest(&parts[*index])).take(PARTS_MAX)
    }

    /// What is known of a part.
    pub(crate) fn piece(&mut self, index: usize) -> Piece {
        let part = &self.message.parts[index];
        if let Some(text) = &part.text
            && !["%PDF-", "{\\rtf"].iter().any(|start| text.starts_with(start))
        {
            return Piece::Known(self.of_text(part, text));
        }
        if part.octets > self.limits.document_octets {
            return Piece::Known(Outcome::Failed(Reason::TooLarge));
        }
        if self.is_inside_encoded(part) {
            self.inside_encoded += 1;
            if self.inside_encoded > INSIDE_ENCODED_MAX {
                return Piece::Known(Outcome::Failed(Reason::TooLarge));
            }
        }
        let Some(head) = self.content(index, sniff::HEAD_OCTETS) else {
            return Piece::Known(Outcome::NoText);
        };
        match sniff::kind(part.name.as_deref(), &part.content_type, &head) {
            Kind::Other => Piece::Known(Outcome::NoText),
            // Decoding a charset and folding white space needs no child.
            kind @ (Kind::Plain | Kind::Html) => {
                let content = self.content(index, 4 << 20).unwrap_or_default();
                Piece::Known(extract(kind, &content, self.limits.text_octets))
            }
            kind => Piece::Document(kind),
        }
    }

    /// The whole content of a part.
    pub(crate) fn document(&self, index: usize) -> Vec<u8> {
        let max = usize::try_from(self.limits.document_octets).unwrap_or(usize::MAX);
        self.content(index, max).unwrap_or_default()
    }

    fn content(&self, index: usize, octets_max: usize) -> Option<Vec<u8>> {
        parse::part_content(self.octets, &self.message.parts, index, octets_max)
    }

    fn of_text(&self, part: &Part, text: &str) -> Outcome {
        let text_octets = self.limits.text_octets;
        if matches!(part.content_type.as_str(), "text/html" | "application/xhtml+xml") {
            extract::outcome(&parse::html_text(text, text_octets.saturating_mul(2)), text_octets)
        } else {
            extract::outcome(text, text_octets)
        }
    }

    fn is_inside_encoded(&self, part: &Part) -> bool {
        let mut around = part.parent;
        while let Some(parent) = around.and_then(|index| self.message.parts.get(index as usize)) {
            // The files of a winmail.dat are taken out anew each time, too.
            let is_packed = parent.role == PartRole::Attachment;
            if is_packed
                || (parent.role == PartRole::Message && parent.encoding != TransferEncoding::Identity)
            {
                return true;
            }
            around = parent.parent;
        }
        false
    }
}
