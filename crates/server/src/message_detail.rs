//! One message as the reader shows it.

use std::collections::HashMap;

use api::{Authentication, Defect, HeaderField, MessageDetail, Part, Placement, Stretch, Twin, Verdict};
use inspect::Policy;
use model::{AccountId, Address, PartRole, Position};
use render::Limits;
use store::{AddressRole, ExaminedPart, PlacementRow};

use crate::reading::Opened;
use crate::{attachments, frame, groups};

/// Text shown, octets of UTF-8: more than anybody reads, and less than a page can bear.
const TEXT_OCTETS_MAX: usize = 512 << 10;

/// What is known of attachments and origin.
pub(crate) struct Known<'a> {
    /// What is held.
    pub(crate) policy: Policy,
    /// Of each attachment.
    pub(crate) examined: &'a [ExaminedPart],
    /// Of the mail.
    pub(crate) authentication: Option<Authentication>,
}

/// Joins what the database keeps with what the octets say.
pub(crate) fn shown(
    kept: &store::MessageDetail,
    opened: &Opened,
    names: &HashMap<AccountId, String>,
    known: &Known<'_>,
    full: bool,
) -> MessageDetail {
    let of = |role: AddressRole| -> Vec<api::Address> {
        kept.addresses
            .iter()
            .filter(|(r, _)| *r == role)
            .map(|(_, address): &(_, Address)| address.into())
            .collect()
    };
    let (text, text_cut) = text(opened);
    let html = opened.html();
    let verdict = kept.verdict.clone().unwrap_or_default();
    let from = of(AddressRole::From);
    let sender = of(AddressRole::Sender).into_iter().next();
    MessageDetail {
        mail_id: kept.row.mail_id.uuid(),
        thread_id: kept.row.thread_id.uuid(),
        message_id: kept.row.message_id.as_ref().map(|id| id.as_str().to_owned()),
        subject: Some(kept.row.subject.clone()).filter(|subject| !subject.is_empty()),
        sender: sender
            .filter(|sender| from.iter().all(|from| !from.address.eq_ignore_ascii_case(&sender.address))),
        from,
        reply_to: of(AddressRole::ReplyTo),
        to: of(AddressRole::To),
        cc: of(AddressRole::Cc),
        bcc: of(AddressRole::Bcc),
        date: kept.row.date.into(),
        written: opened.message.date.map(Into::into),
        octets: kept.octets.octets,
        sha256: kept.octets.sha256.to_string(),
        tags: kept.row.tags.iter().map(crate::tags::shown).collect(),
        kind: kept.row.kind.into(),
        verdict: Verdict::from(&verdict),
        unread: kept.row.unread,
        spam: kept.row.suspicion.as_ref().map(crate::spam::shown),
        deleted: kept.row.deleted.map(Into::into),
        groups: kept.row.groups.iter().map(|group| groups::explained(group, names)).collect(),
        text,
        text_cut,
        has_html: html.is_some(),
        remote_images: html.is_some_and(|html| frame::has_remote_images(html, Limits::default())),
        attachments: attachments(kept, opened, html.unwrap_or_default(), known),
        placements: kept.placements.iter().map(|row| placement(row, names)).collect(),
        twins: kept
            .twins
            .iter()
            .map(|twin| Twin {
                mail_id: twin.mail_id.uuid(),
                octets: twin.octets,
                sha256: twin.sha256.to_string(),
            })
            .collect(),
        defects: kept.defects.iter().map(|d| Defect { kind: d.kind.as_str().to_owned(), at: d.at }).collect(),
        authentication: known.authentication.clone(),
        quarantine_reason: kept.quarantine_reason.clone(),
        headers: if full { headers(opened) } else { Vec::new() },
    }
}

fn headers(opened: &Opened) -> Vec<HeaderField> {
    let fields = opened.message.header_section.iter();
    fields.map(|field| HeaderField { name: field.name.clone(), body: field.body.clone() }).collect()
}

fn text(opened: &Opened) -> (Vec<Stretch>, bool) {
    let body = &opened.message.body;
    let mut left = TEXT_OCTETS_MAX;
    let mut stretches = Vec::new();
    let mut cut = false;
    for (kind, span) in &body.stretches {
        let at = usize::try_from(span.at).unwrap_or(usize::MAX);
        let end = at.saturating_add(usize::try_from(span.len).unwrap_or(usize::MAX));
        let Some(text) = body.text.get(at..end) else { continue };
        let shown = &text[..text.floor_char_boundary(left.min(text.len()))];
        cut |= shown.len() < text.len();
        left -= shown.len();
        if !shown.is_empty() {
            stretches.push(Stretch { kind: (*kind).into(), text: shown.to_owned() });
        }
    }
    (stretches, cut || (!opened.whole && opened.attachments().next().is_none()))
}

/// Of a mail that was read as a whole, typed by content; of a longer one as the database knows them.
fn attachments(kept: &store::MessageDetail, opened: &Opened, html: &str, known: &Known<'_>) -> Vec<Part> {
    let part = |number: &str,
                name: Option<&String>,
                role,
                content_type,
                octets,
                sha256: Option<model::Sha256>,
                inline| {
        let hold = attachments::hold(&known.policy, role, number, &kept.parts, known.examined);
        Part {
            number: number.to_owned(),
            name: name.cloned(),
            content_type,
            octets,
            sha256: sha256.map(|sha256| sha256.to_string()),
            blocked: hold.as_ref().is_some_and(|hold| hold.released.is_none()),
            hold,
            inline,
        }
    };
    if opened.whole {
        let listed = opened.attachments().map(|(index, of)| {
            let shown_inside = of.content_id.as_ref().is_some_and(|id| html.contains(&format!("cid:{id}")));
            let octets = if of.role == PartRole::Message { of.body_at.len } else { of.octets };
            let content_type = opened.content_type(index, of);
            part(&of.number, of.name.as_ref(), of.role, content_type, octets, of.sha256, shown_inside)
        });
        return listed.collect();
    }
    let messages: Vec<String> = kept
        .parts
        .iter()
        .filter(|part| part.role == PartRole::Message)
        .map(|part| format!("{}.", part.number))
        .collect();
    let listed = kept.parts.iter().filter(|part| {
        matches!(part.role, PartRole::Attachment | PartRole::Message)
            && !messages.iter().any(|outer| part.number.starts_with(outer))
    });
    listed
        .map(|of| {
            let content_type = crate::media::content_type(&[], &of.content_type);
            part(&of.number, of.name.as_ref(), of.role, content_type, of.octets, of.sha256, false)
        })
        .collect()
}

fn placement(row: &PlacementRow, names: &HashMap<AccountId, String>) -> Placement {
    let (uid_validity, uid, locator) = place(&row.position);
    Placement {
        account: row.account.uuid(),
        account_name: names.get(&row.account).cloned().unwrap_or_default(),
        mailbox: row.mailbox_name.clone(),
        uid_validity,
        uid,
        locator,
        fetched: row.fetched.into(),
        gone: row.gone.map(Into::into),
    }
}

/// UIDVALIDITY and UID, or a locator.
pub(crate) fn place(position: &Position) -> (Option<u32>, Option<u32>, Option<String>) {
    match position {
        Position::Imap { uid_validity, uid } => (Some(*uid_validity), Some(*uid), None),
        Position::Unique { unique_id } => (None, None, Some(unique_id.clone())),
        Position::File { locator } => (None, None, Some(locator.clone())),
    }
}
