//! Disposition notifications (RFC 8098) and refusals that travel as such (RFC 5429).

use model::{Action, Kind, Message, Original, Permanence, Receipt, RecipientReport, Source, Verdict};
use parse::report::mdn::{DispositionNotification, disposition_notification};

use super::{parts_of, place};
use crate::{evidence, original};

const TYPES: [&str; 2] = ["message/disposition-notification", "message/global-disposition-notification"];

pub(crate) fn verdict(message: &Message) -> Option<Verdict> {
    let (part, text) = parts_of(message, &TYPES).next()?;
    let notification = disposition_notification(text);
    let mut original = original::of(message).unwrap_or_default();
    if original.message_id.is_none() {
        original.message_id.clone_from(&notification.original_message_id);
    }
    let refused = is_refusal(message, &notification);
    let recipient = notification.final_recipient.clone().or_else(|| notification.original_recipient.clone());
    let report = RecipientReport {
        recipient,
        original_recipient: notification.original_recipient.clone(),
        action: refused.then_some(Action::Failed),
        permanence: if refused { Permanence::Temporary } else { Permanence::Unknown },
        diagnostic: notification.error.clone(),
        ..RecipientReport::default()
    };
    let rule = if refused { "mdn.refused" } else { "mdn.disposition" };
    Some(Verdict {
        kind: if refused { Kind::Bounce } else { Kind::ReadReceipt },
        confidence: if notification.disposition.is_some() { 1.0 } else { 0.8 },
        source: Some(Source(if refused { "rfc5429" } else { "rfc8098" })),
        reports: vec![report],
        original: (original != Original::default()).then_some(original),
        receipt: (!refused).then(|| Receipt {
            disposition: notification.disposition.as_ref().map(|disposition| disposition.kind.clone()),
            automatic: notification.disposition.as_ref().is_some_and(|disposition| disposition.automatic),
            reporting_ua: notification.reporting_ua.clone(),
        }),
        evidence: vec![evidence(rule, place(part))],
        ..Verdict::default()
    })
}

/// A script at the recipient refused the mail: deleted by a machine, and not the `Not read` note that Outlook
/// and Exchange send in the same form.
///
/// Source: RFC 5429 §2.1.2.
fn is_refusal(message: &Message, notification: &DispositionNotification) -> bool {
    let deleted = notification
        .disposition
        .as_ref()
        .is_some_and(|disposition| disposition.kind == "deleted" && disposition.automatic);
    let agent = notification.reporting_ua.as_deref().unwrap_or_default().to_ascii_lowercase();
    let by_mail_program = agent.contains("outlook") || agent.contains("exchange");
    let exchange = message
        .header_section
        .iter()
        .any(|field| field.name.get(..14).is_some_and(|name| name.eq_ignore_ascii_case("X-MS-Exchange-")));
    let subject = message.subject.as_deref().unwrap_or_default().to_lowercase();
    let not_read = ["not read:", "nicht gelesen:", "ungelesen gelöscht:", "deleted:"];
    deleted && !by_mail_program && !exchange && !not_read.iter().any(|start| subject.starts_with(start))
}
