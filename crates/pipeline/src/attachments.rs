//! Text of attachments, for the index.

use examine::{Examiner, Options, PartText};
use model::Message;

use crate::core::Core;

/// The reader of attachments; without a child it reads plain text and HTML only.
pub(crate) fn examiner(child: Option<Vec<String>>) -> Option<Examiner> {
    child.map(|arguments| Examiner::new(Options::this_program(arguments)))
}

/// Texts by number of the part.
pub(crate) fn texts(core: &Core, octets: &[u8], message: &Message) -> Vec<(String, String)> {
    match &core.examiner {
        Some(examiner) if message.parts.len() > 1 => found(examiner.attachments(octets, message)),
        _ => Vec::new(),
    }
}

/// What has text; what has none is no fault of the mail.
pub(crate) fn found(parts: Vec<PartText>) -> Vec<(String, String)> {
    parts.into_iter().filter_map(|part| Some((part.number, part.outcome.text()?.to_owned()))).collect()
}
