//! Text of attachments, for the index.

use examine::{Examiner, Options, PartText};
use model::{Invoice, Message};

use crate::core::Core;

/// Invoices of one mail that are kept.
const INVOICES_MAX: usize = 20;

/// The reader of attachments; without a child it reads plain text and HTML only.
pub(crate) fn examiner(child: Option<Vec<String>>) -> Option<Examiner> {
    child.map(|arguments| Examiner::new(Options::this_program(arguments)))
}

/// What was read of the attachments of a mail, by number of the part.
#[derive(Debug, Default)]
pub(crate) struct Found {
    pub(crate) texts: Vec<(String, String)>,
    pub(crate) invoices: Vec<(String, Invoice)>,
}

/// What is in the attachments.
pub(crate) fn read(core: &Core, octets: &[u8], message: &Message) -> Found {
    match &core.examiner {
        Some(examiner) if message.parts.len() > 1 => found(examiner.attachments(octets, message)),
        _ => Found::default(),
    }
}

/// What has text; what has none is no fault of the mail.
pub(crate) fn found(parts: Vec<PartText>) -> Found {
    let invoice = |part: &PartText| Some((part.number.clone(), part.outcome.invoice()?.clone()));
    let invoices = parts.iter().filter_map(invoice).take(INVOICES_MAX).collect();
    let text = |part: PartText| Some((part.number, part.outcome.text()?.to_owned()));
    Found { invoices, texts: parts.into_iter().filter_map(text).collect() }
}
