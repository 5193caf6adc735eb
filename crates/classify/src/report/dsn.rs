//! Delivery reports (RFC 3464).

use model::{Action, Kind, Message, Permanence, RecipientReport, ReversePath, Source, Verdict};
use parse::report::dsn::{PerMessage, PerRecipient, delivery_status};
use parse::report::status::{EnhancedStatus, StatusClass, find_enhanced_status, find_reply_code};

use super::{parts_of, place};
use crate::{evidence, in_field, original};

const TYPES: [&str; 2] = ["message/delivery-status", "message/global-delivery-status"];

/// Bytes of a diagnostic text that are kept.
const DIAGNOSTIC_BYTES_MAX: usize = 2_000;

/// Recipients reported.
const RECIPIENTS_MAX: usize = 10_000;

/// Any message/delivery-status part of the mail itself: `OpenSMTPD` puts it in multipart/mixed.
pub(crate) fn verdict(message: &Message) -> Option<Verdict> {
    let mut reports = Vec::new();
    let mut evidence_of = Vec::new();
    for (part, text) in parts_of(message, &TYPES) {
        let report = delivery_status(text);
        evidence_of.push(evidence("dsn.part", place(part)));
        for recipient in &report.per_recipient {
            if reports.len() < RECIPIENTS_MAX {
                reports.push(recipient_report(recipient, &report.per_message));
            }
        }
    }
    if evidence_of.is_empty() {
        return None;
    }
    if message.reverse_path == Some(ReversePath::Null) {
        evidence_of.push(in_field("return_path.null", "Return-Path"));
    }
    let mut verdict = Verdict {
        kind: kind(&reports),
        confidence: if reports.is_empty() { 0.7 } else { 1.0 },
        source: Some(Source("rfc3464")),
        reports,
        original: original::of(message),
        evidence: evidence_of,
        ..Verdict::default()
    };
    // A report without recipients may name them in the header section.
    if verdict.reports.is_empty() {
        verdict.reports = super::failed_recipients::reports(message);
    }
    Some(verdict)
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

fn recipient_report(recipient: &PerRecipient, per_message: &PerMessage) -> RecipientReport {
    let diagnostic = recipient.diagnostic_code.as_deref().unwrap_or_default();
    let status = effective(recipient, diagnostic);
    let comment = recipient.status_literal.as_deref().unwrap_or_default();
    RecipientReport {
        recipient: recipient.final_recipient.clone().or_else(|| recipient.original_recipient.clone()),
        original_recipient: recipient.original_recipient.clone(),
        action: recipient.action,
        status: status.map(|status| status.to_string()),
        status_literal: recipient.status_literal.clone(),
        smtp_code: find_reply_code(diagnostic).or_else(|| find_reply_code(comment)),
        reason: None,
        permanence: permanence(status),
        diagnostic: (!diagnostic.is_empty()).then(|| cut(diagnostic)),
        remote_mta: recipient.remote_mta.clone(),
        reporting_mta: per_message.reporting_mta.clone(),
    }
}

/// The more specific of the `Status` field and the code in the diagnostic; Exim always writes `5.0.0`. The
/// field wins if they say equally much.
fn effective(recipient: &PerRecipient, diagnostic: &str) -> Option<EnhancedStatus> {
    let in_text = find_enhanced_status(diagnostic).map(|(status, _)| status);
    match (recipient.status, in_text) {
        (Some(field), Some(text)) if text.specificity() > field.specificity() => Some(text),
        (field, text) => field.or(text),
    }
}

/// What a code alone says of the address (not of the mail).
pub(crate) fn permanence(status: Option<EnhancedStatus>) -> Permanence {
    let Some(status) = status else { return Permanence::Unknown };
    match (status.class, status.subject, status.detail) {
        // No such mailbox, no such domain, moved, null MX, host unknown.
        (StatusClass::Permanent, 1, 1 | 2 | 3 | 6 | 10) | (StatusClass::Permanent, 4, 4) => {
            Permanence::Permanent
        }
        (StatusClass::Success, ..) | (StatusClass::Permanent, _, 0) => Permanence::Unknown,
        _ => Permanence::Temporary,
    }
}

fn cut(text: &str) -> String {
    text[..text.floor_char_boundary(DIAGNOSTIC_BYTES_MAX)].to_owned()
}
