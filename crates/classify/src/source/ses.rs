//! Notices of Amazon SES through SNS: JSON in a mail.

use model::{Action, Kind, Message, Original, RecipientReport, Source, Verdict};

use crate::evidence;
use crate::judge::judge;
use crate::own_text::OwnText;

/// Recipients read.
const RECIPIENTS_MAX: usize = 1_000;

pub(crate) fn verdict(message: &Message, own: &OwnText<'_>) -> Option<Verdict> {
    let first = own.lines.iter().find(|line| !line.is_empty())?;
    if !first.trim_start().starts_with('{') {
        return None;
    }
    let text = own.lines.concat().replace("\\\"", "\"").replace("\": ", "\":").replace("\" : ", "\":");
    let kind = match value(&text, "notificationType").or_else(|| value(&text, "eventType"))? {
        "Bounce" => Kind::Bounce,
        "Complaint" => Kind::Complaint,
        "Delivery" => Kind::Delivered,
        "DeliveryDelay" => Kind::Delay,
        _ => return None,
    };
    let action = match kind {
        Kind::Bounce => Some(Action::Failed),
        Kind::Delivered => Some(Action::Delivered),
        Kind::Delay => Some(Action::Delayed),
        _ => None,
    };
    let mut found = vec![evidence("source.ses", "body line 1")];
    let mut reports = Vec::new();
    for block in text.split("\"emailAddress\":\"").skip(1).take(RECIPIENTS_MAX) {
        let end = block.find(['}', ']']).unwrap_or(block.len());
        let block = block.get(..end).unwrap_or_default();
        let recipient = block.split('"').next().unwrap_or_default().to_lowercase();
        let mut report = RecipientReport {
            recipient: Some(recipient).filter(|address| address.contains('@')),
            action,
            status: value(block, "status").map(ToOwned::to_owned),
            status_literal: value(block, "status").map(ToOwned::to_owned),
            diagnostic: value(block, "diagnosticCode").map(ToOwned::to_owned),
            reporting_mta: value(&text, "reportingMTA").map(|mta| mta.trim_start_matches("dsn; ").to_owned()),
            ..RecipientReport::default()
        };
        if let Some(action) = action {
            judge(&mut report, action, "", own, &mut found);
        }
        reports.push(report);
    }
    let original =
        Original { subject: value(&text, "subject").map(ToOwned::to_owned), ..Original::default() };
    let _ = message;
    Some(Verdict {
        kind,
        confidence: 0.95,
        source: Some(Source("ses")),
        reports,
        original: (original != Original::default()).then_some(original),
        evidence: found,
        ..Verdict::default()
    })
}

/// The text value of the first such name.
fn value<'t>(text: &'t str, name: &str) -> Option<&'t str> {
    let at = text.find(&format!("\"{name}\":\""))?;
    text.get(at + name.len() + 4..)?.split('"').next()
}
