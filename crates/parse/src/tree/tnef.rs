//! `winmail.dat`: its files are parts of the mail, below the part that holds it.

use aws_lc_rs::digest;
use model::{Disposition, Part, PartRole, Span, TransferEncoding};
use outlook::tnef;

use super::{Flowed, Walk, join_number, sha256_of};
use crate::body::transfer;

/// Whether a part is one by what the mail says of it; whether it really is, its octets say.
pub(super) fn is_named(part: &Part) -> bool {
    matches!(part.content_type.as_str(), "application/ms-tnef" | "application/vnd.ms-tnef")
        || part.name.as_deref().is_some_and(|name| name.eq_ignore_ascii_case("winmail.dat"))
}

impl Walk<'_> {
    /// Adds the files of part `index`, and its text if the mail has had none so far.
    pub(super) fn tnef(&mut self, index: usize, body: &[u8]) {
        let around = self.parts[index].clone();
        // Nothing is read of one that goes beyond: its files would be cut off.
        if around.octets > self.nested_octets_left as u64 {
            return;
        }
        let decoded = transfer::decode_all(around.encoding, body, self.nested_octets_left);
        let Some(unpacked) = tnef::unpacked(&decoded, self.nested_octets_left) else { return };
        self.nested_octets_left = self.nested_octets_left.saturating_sub(decoded.len());
        let has_text = self.parts.iter().any(|part| {
            part.role == PartRole::Body
                && part.message_depth == around.message_depth
                && part.text.as_ref().is_some_and(|text| !text.trim().is_empty())
        });
        let text_at = unpacked.files.len();
        let text = unpacked.text.filter(|_| !has_text);
        let files = unpacked.files.into_iter().enumerate().map(|(at, file)| (at, file, PartRole::Attachment));
        for (at, file, role) in files.chain(text.map(|text| (text_at, text, PartRole::Body))) {
            if self.parts.len() >= self.limits.parts_max {
                return;
            }
            let mut context = digest::Context::new(&digest::SHA256);
            context.update(&file.content);
            let mut part = Part {
                number: join_number(&around.number, at + 1),
                parent: Some(index as u32),
                message_depth: around.message_depth,
                role,
                content_type: file.content_type,
                charset: None,
                name: file.name,
                content_id: file.content_id,
                disposition: Disposition::Attachment,
                encoding: TransferEncoding::Identity,
                octets: file.content.len() as u64,
                sha256: Some(sha256_of(context)),
                body_at: Span { at: at as u64, len: file.content.len() as u64 },
                header_section: Vec::new(),
                text: None,
            };
            if role == PartRole::Body {
                part.disposition = Disposition::Absent;
                part.charset = Some("utf-8".to_owned());
                let most = self.limits.part_text_octets_max.min(self.text_octets_left);
                let text = String::from_utf8_lossy(&file.content[..file.content.len().min(most)]);
                self.text_octets_left -= text.len().min(self.text_octets_left);
                part.text = Some(text.replace('\0', "\u{fffd}"));
            }
            self.nested_octets_left = self.nested_octets_left.saturating_sub(file.content.len());
            self.flowed.push(Flowed::default());
            self.parts.push(part);
        }
    }
}

/// Content of a part inside a TNEF stream.
pub(crate) fn content(stream: &[u8], part: &Part, octets_max: usize) -> Option<Vec<u8>> {
    let mut unpacked = tnef::unpacked(stream, usize::MAX)?;
    let at = usize::try_from(part.body_at.at).ok()?;
    let mut content = if at == unpacked.files.len() {
        unpacked.text?.content
    } else {
        (at < unpacked.files.len()).then(|| unpacked.files.swap_remove(at).content)?
    };
    if content.len() as u64 != part.octets {
        return None;
    }
    content.truncate(octets_max);
    Some(content)
}
