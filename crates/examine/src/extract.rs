//! Text out of documents: runs in the child, on hostile input.

mod buffer;
mod invoice;
mod office;
mod pdf;
mod plain;
mod rtf;
mod sheet;
mod xml;

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;

pub(crate) use buffer::Buffer;
pub(crate) use plain::{html, plain};

use model::Invoice;

use crate::outcome::{Outcome, Reason, Text};
use crate::sniff::Kind;

/// Decompressed octets of one document.
const INFLATED_OCTETS_MAX: u64 = 128 << 20;

/// Reads a document. A panic of a reader counts as [`Reason::Crash`].
pub(crate) fn extract(kind: Kind, octets: &[u8], text_octets: usize) -> Outcome {
    let read = catch_unwind(AssertUnwindSafe(|| {
        let mut text = Buffer::new(text_octets);
        let mut invoice = None;
        let read = match kind {
            Kind::Other => Ok(()),
            Kind::Plain => {
                invoice = invoice::of_xml(octets);
                plain(octets, &mut text);
                Ok(())
            }
            Kind::Html => {
                html(octets, &mut text);
                Ok(())
            }
            Kind::Pdf => pdf::read(octets, &mut text, &mut invoice),
            Kind::Office => office::read(octets, &mut text),
            Kind::Rtf => {
                rtf::read(octets, &mut text);
                Ok(())
            }
            Kind::Compound => sheet::read_compound(octets, &mut text),
        };
        (read, text, invoice)
    }));
    match read {
        Err(_) => Outcome::Failed(Reason::Crash),
        // What was read before the damage is worth having.
        Ok((read, text, invoice)) => match (with_invoice(text.finish(), invoice), read) {
            (Some(text), _) => Outcome::Text(text),
            (None, Ok(())) => Outcome::NoText,
            (None, Err(reason)) => Outcome::Failed(reason),
        },
    }
}

/// A text with the invoice the document is; of one without text, its number is the text.
fn with_invoice(text: Option<Text>, invoice: Option<Invoice>) -> Option<Text> {
    let number = invoice.as_ref().map(|invoice| Arc::from(invoice.number.as_str()));
    let text = text.or_else(|| number.map(|text| Text { text, truncated: false, invoice: None }));
    text.map(|text| Text { invoice, ..text })
}

/// A text as an outcome.
pub(crate) fn outcome(text: &str, text_octets: usize) -> Outcome {
    let mut buffer = Buffer::new(text_octets);
    buffer.push(text);
    with_invoice(buffer.finish(), invoice::of_xml(text.as_bytes())).map_or(Outcome::NoText, Outcome::Text)
}

impl Text {
    /// Cut to `octets_max`.
    pub(crate) fn cut(self, octets_max: usize) -> Self {
        if self.text.len() <= octets_max {
            return self;
        }
        let mut end = octets_max;
        while !self.text.is_char_boundary(end) {
            end -= 1;
        }
        Self { text: Arc::from(&self.text[..end]), truncated: true, invoice: self.invoice }
    }
}
