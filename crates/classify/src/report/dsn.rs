//! Delivery reports (RFC 3464).

use model::{Action, Kind, Message, RecipientReport, ReversePath, Source, Verdict};
use parse::report::dsn::{PerMessage, PerRecipient, delivery_status};
use parse::report::status::StatusClass;

use super::{parts_of, place};
use crate::judge::{Places, Sources, judge, judge_all};
use crate::own_text::{OwnText, own_text};
use crate::source::{self, prose};
use crate::{evidence, in_field, original, phrase};

const TYPES: [&str; 2] = ["message/delivery-status", "message/global-delivery-status"];

/// Bytes of a diagnostic text that are kept.
const DIAGNOSTIC_BYTES_MAX: usize = 2_000;

/// Recipients for each of whom the text is searched.
const PROSE_RECIPIENTS_MAX: usize = 20;

/// Recipients reported.
const RECIPIENTS_MAX: usize = 10_000;

/// Any message/delivery-status part of the mail itself: `OpenSMTPD` puts it in multipart/mixed.
pub(crate) fn verdict(message: &Message) -> Option<Verdict> {
    let mut read: Vec<(PerRecipient, PerMessage, &str)> = Vec::new();
    let mut evidence_of = Vec::new();
    for (part, text) in parts_of(message, &TYPES) {
        let report = delivery_status(text);
        evidence_of.push(evidence("dsn.part", place(part)));
        let room = RECIPIENTS_MAX.saturating_sub(read.len());
        let number = part.number.as_str();
        let recipients = report.per_recipient.into_iter().take(room);
        read.extend(recipients.map(|one| (one, report.per_message.clone(), number)));
    }
    if evidence_of.is_empty() || is_forwarded(message) {
        return None;
    }
    if message.reverse_path == Some(ReversePath::Null) {
        evidence_of.push(in_field("return_path.null", "Return-Path"));
    }
    let own = own_text(message);
    let sole = read.len() == 1;
    let silent = read.iter().any(|(one, ..)| one.diagnostic_code.is_none());
    let told =
        if silent && read.len() <= PROSE_RECIPIENTS_MAX { prose::reports(message, &own) } else { Vec::new() };
    let mut words = None;
    let mut reports = Vec::new();
    for (one, per_message, number) in &read {
        let mut report = fields_of(one, per_message);
        if report.action.is_none() {
            let words = words.get_or_insert_with(|| phrase::in_text(own.lower()));
            report.action = Some(guessed_action(one, words));
        }
        let names = report.recipient.as_deref().unwrap_or_default();
        let prose = if read.len() <= PROSE_RECIPIENTS_MAX {
            prose::about(message, &own, names, sole)
        } else {
            String::new()
        };
        let sources = Sources {
            field: one.status,
            literal: one.status_literal.as_deref().unwrap_or_default(),
            diagnostic: one.diagnostic_code.as_deref().unwrap_or_default(),
            prose: &prose,
            places: Places { fields: Some((*number, lines_of(one))), own: Some(&own) },
        };
        judge_all(&mut report, &sources, &mut evidence_of);
        if report.diagnostic.is_none() && matches!(report.action, Some(Action::Failed | Action::Delayed)) {
            report.diagnostic =
                told.iter().find(|t| t.recipient == report.recipient).and_then(|t| t.diagnostic.clone());
        }
        reports.push(report);
    }
    // A report without recipients may name them in its text or in the header section.
    if reports.is_empty() {
        reports = prose::reports(message, &own);
        if reports.is_empty() {
            reports = super::failed_recipients::reports(message);
        }
        for report in &mut reports {
            let action = report.action.unwrap_or(Action::Failed);
            judge(report, action, "", &own, &mut evidence_of);
        }
    }
    name_from_text(message, &own, &mut reports);
    Some(Verdict {
        kind: kind(&reports),
        confidence: if read.is_empty() { 0.8 } else { 1.0 },
        source: Some(Source("rfc3464")),
        reports,
        original: original::with_envelope(
            original::of(message).or_else(|| original::in_text(own.returned)),
            read.first().map(|(_, per_message, _)| per_message),
        ),
        evidence: evidence_of,
        ..Verdict::default()
    })
}

/// Lines of a recipient's fields: the first one, that of `Status`, that of `Diagnostic-Code`.
fn lines_of(one: &PerRecipient) -> [usize; 3] {
    let status = one.status_line.unwrap_or(one.line);
    [one.line, status, one.diagnostic_line.unwrap_or(status)]
}

/// A person sends a report on: no multipart/report, an author, and an answer's or a forward's subject.
fn is_forwarded(message: &Message) -> bool {
    let root = message.parts.first().is_some_and(|part| part.content_type == "multipart/report");
    let subject = message.subject.as_deref().unwrap_or_default().trim_start().to_lowercase();
    let sent_on =
        ["fwd:", "fw:", "wg:", "re:", "aw:", "tr:", "rv:"].iter().any(|word| subject.starts_with(word));
    !root && sent_on && !source::is_daemon(message) && message.reverse_path != Some(ReversePath::Null)
}

/// `Final-Recipient` without a domain, or none: the text or the other field may have the address.
fn name_from_text(message: &Message, own: &OwnText<'_>, reports: &mut [RecipientReport]) {
    let [report] = reports else { return };
    if report.recipient.as_deref().is_some_and(|address| address.contains('@')) {
        return;
    }
    if let Some(original) = report.original_recipient.clone().filter(|address| address.contains('@')) {
        report.recipient = Some(original);
        return;
    }
    // A file or a command that the mail was delivered to is no recipient.
    let local = report.recipient.clone().filter(|name| !name.starts_with(['/', '|'])).unwrap_or_default();
    let named = prose::reports(message, own).into_iter().filter_map(|named| named.recipient);
    let listed = super::failed_recipients::reports(message).into_iter().filter_map(|named| named.recipient);
    if let Some(address) =
        named.chain(listed).find(|a| local.is_empty() || a.split('@').next() == Some(&local))
    {
        report.recipient = Some(address);
    }
}

/// The action where the field is missing: by the class of the code, then by the words of the text.
fn guessed_action(one: &PerRecipient, words: &phrase::Said) -> Action {
    match one.status.map(|status| status.class) {
        Some(StatusClass::Success) => Action::Delivered,
        Some(StatusClass::Permanent) => Action::Failed,
        Some(StatusClass::Transient) if words.gave_up.is_none() => Action::Delayed,
        _ if words.delayed.is_some() && words.gave_up.is_none() => Action::Delayed,
        _ => Action::Failed,
    }
}

/// One failure makes a bounce, whatever became of the other recipients.
fn kind(reports: &[RecipientReport]) -> Kind {
    let any = |action: Action| reports.iter().any(|report| report.action == Some(action));
    if any(Action::Failed) {
        Kind::Bounce
    } else if any(Action::Delayed) {
        Kind::Delay
    } else if any(Action::Delivered) {
        Kind::Delivered
    } else if any(Action::Relayed) {
        Kind::Relayed
    } else if any(Action::Expanded) {
        Kind::Expanded
    } else if reports.iter().any(|r| r.status.as_deref().is_some_and(|s| s.starts_with('4'))) {
        Kind::Delay
    } else if !reports.is_empty()
        && reports.iter().all(|r| r.status.as_deref().is_some_and(|s| s.starts_with('2')))
    {
        Kind::Delivered
    } else {
        Kind::Bounce
    }
}

/// The fields of one recipient as a report.
pub(crate) fn fields_of(recipient: &PerRecipient, per_message: &PerMessage) -> RecipientReport {
    let diagnostic = recipient.diagnostic_code.as_deref().unwrap_or_default();
    RecipientReport {
        recipient: recipient.final_recipient.clone().or_else(|| recipient.original_recipient.clone()),
        original_recipient: recipient.original_recipient.clone(),
        action: recipient.action,
        status_literal: recipient.status_literal.clone(),
        diagnostic: (!diagnostic.is_empty()).then(|| cut(diagnostic)),
        remote_mta: recipient.remote_mta.clone(),
        reporting_mta: per_message.reporting_mta.clone(),
        last_attempt: recipient.last_attempt,
        retry_until: recipient.retry_until,
        ..RecipientReport::default()
    }
}

fn cut(text: &str) -> String {
    text[..text.floor_char_boundary(DIAGNOSTIC_BYTES_MAX)].to_owned()
}
