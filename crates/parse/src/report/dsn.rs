//! message/delivery-status (RFC 3464).

use model::{Action, UnixMillis};

use super::status::{EnhancedStatus, enhanced_status};
use super::{Block, address, blocks, body, host, line, typed};

/// A delivery report: one block for the mail, one for each recipient.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct DeliveryStatus {
    /// RFC 3464 §2.2.
    pub per_message: PerMessage,
    /// RFC 3464 §2.3.
    pub per_recipient: Vec<PerRecipient>,
}

/// Fields of the whole mail.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct PerMessage {
    /// `Reporting-MTA`, without its type, lower case.
    pub reporting_mta: Option<String>,
    /// `Original-Envelope-Id`, as written.
    pub original_envelope_id: Option<String>,
    /// `Arrival-Date`.
    pub arrival: Option<UnixMillis>,
}

/// Fields of one recipient.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct PerRecipient {
    /// `Final-Recipient`, lower case.
    pub final_recipient: Option<String>,
    /// `Original-Recipient`, lower case.
    pub original_recipient: Option<String>,
    /// `Action`, if it is one of RFC 3464's words.
    pub action: Option<Action>,
    /// `Status` as written, comment included.
    pub status_literal: Option<String>,
    /// `Status`, if it is a code.
    pub status: Option<EnhancedStatus>,
    /// `Remote-MTA`, without its type, lower case.
    pub remote_mta: Option<String>,
    /// `Diagnostic-Code`, without its type.
    pub diagnostic_code: Option<String>,
    /// `Last-Attempt-Date`.
    pub last_attempt: Option<UnixMillis>,
    /// `Will-Retry-Until`.
    pub retry_until: Option<UnixMillis>,
    /// Line of the part in which the recipient's fields begin, from 1.
    pub line: usize,
    /// Line of `Status`.
    pub status_line: Option<usize>,
    /// Line of `Diagnostic-Code`.
    pub diagnostic_line: Option<usize>,
}

/// Reads the text of a message/delivery-status part.
///
/// Blocks that name a recipient, an action or a status are recipients, wherever they stand: some systems leave
/// out the empty line behind the block of the mail, or the one between two recipients.
pub fn delivery_status(text: &str) -> DeliveryStatus {
    let mut report = DeliveryStatus::default();
    for block in blocks(text) {
        let per_message = &mut report.per_message;
        per_message.reporting_mta = per_message
            .reporting_mta
            .take()
            .or_else(|| body(&block, "Reporting-MTA").and_then(host))
            .or_else(|| body(&block, "X-Reporting-MTA").and_then(host));
        per_message.original_envelope_id = per_message
            .original_envelope_id
            .take()
            .or_else(|| body(&block, "Original-Envelope-Id").map(ToOwned::to_owned));
        per_message.arrival = per_message.arrival.or_else(|| date(&block, "Arrival-Date"));
        for recipient in split_recipients(block) {
            report.per_recipient.extend(per_recipient(&recipient));
        }
    }
    report
}

/// A field that may stand once stands again: the next recipient begins.
fn split_recipients(block: Block<'_>) -> Vec<Block<'_>> {
    let mut parts: Vec<Block<'_>> = vec![Block::new()];
    for field in block {
        let begins = ["Final-Recipient", "Original-Recipient", "Action"].iter().any(|name| field.is(name));
        let repeated = begins
            && parts.last().is_some_and(|part| part.iter().any(|f| f.name.eq_ignore_ascii_case(field.name)));
        if repeated {
            parts.push(Block::new());
        }
        if let Some(part) = parts.last_mut() {
            part.push(field);
        }
    }
    parts
}

fn per_recipient(block: &Block<'_>) -> Option<PerRecipient> {
    let status_literal = body(block, "Status").map(ToOwned::to_owned);
    let recipient = PerRecipient {
        final_recipient: body(block, "Final-Recipient").and_then(address),
        original_recipient: body(block, "Original-Recipient").and_then(address),
        action: body(block, "Action").and_then(action),
        status: status_literal
            .as_deref()
            .and_then(|s| enhanced_status(s.as_bytes()).ok())
            .map(|(status, _)| status),
        status_literal,
        remote_mta: body(block, "Remote-MTA").and_then(host),
        diagnostic_code: body(block, "Diagnostic-Code").map(|code| typed(code).to_owned()),
        last_attempt: date(block, "Last-Attempt-Date"),
        retry_until: date(block, "Will-Retry-Until"),
        line: block.first().map_or(1, |field| field.line),
        status_line: line(block, "Status"),
        diagnostic_line: line(block, "Diagnostic-Code"),
    };
    let names_recipient = recipient.final_recipient.is_some() || recipient.original_recipient.is_some();
    (names_recipient || recipient.action.is_some()).then_some(recipient)
}

fn date(block: &Block<'_>, name: &str) -> Option<UnixMillis> {
    body(block, name).and_then(|body| crate::header::date::date(body.as_bytes())).map(|date| date.at)
}

/// RFC 3464 §2.3.3; words may be followed by a comment.
fn action(body: &str) -> Option<Action> {
    let word = body.split(|c: char| !c.is_ascii_alphabetic()).next()?;
    [Action::Failed, Action::Delayed, Action::Delivered, Action::Relayed, Action::Expanded]
        .into_iter()
        .find(|action| action.as_str().eq_ignore_ascii_case(word))
}
