//! message/disposition-notification (RFC 8098).

use model::MessageId;

use super::{Block, address, blocks, body};
use crate::header::msg_id::message_id;

/// What became of a mail at its recipient.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct DispositionNotification {
    /// `Reporting-UA`, as written.
    pub reporting_ua: Option<String>,
    /// `Final-Recipient`, lower case.
    pub final_recipient: Option<String>,
    /// `Original-Recipient`, lower case.
    pub original_recipient: Option<String>,
    /// `Original-Message-ID`.
    pub original_message_id: Option<MessageId>,
    /// `Disposition`.
    pub disposition: Option<MailDisposition>,
    /// `Error` and `Failure`, the first of them.
    pub error: Option<String>,
}

/// `action-mode/sending-mode; type/modifier` (RFC 8098 §3.2.6).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MailDisposition {
    /// `automatic-action`: no person did it.
    pub automatic: bool,
    /// `MDN-sent-automatically`.
    pub sent_automatically: bool,
    /// `displayed`, `deleted`, `dispatched`, `processed`, `denied`, `failed`; lower case.
    pub kind: String,
    /// Behind `/`, lower case.
    pub modifiers: Vec<String>,
}

/// Reads the text of a message/disposition-notification part.
pub fn disposition_notification(text: &str) -> DispositionNotification {
    let block: Block<'_> = blocks(text).into_iter().flatten().collect();
    DispositionNotification {
        reporting_ua: body(&block, "Reporting-UA").map(ToOwned::to_owned),
        final_recipient: body(&block, "Final-Recipient").and_then(address),
        original_recipient: body(&block, "Original-Recipient").and_then(address),
        original_message_id: body(&block, "Original-Message-ID").and_then(|id| message_id(id.as_bytes())),
        disposition: body(&block, "Disposition").and_then(disposition),
        error: body(&block, "Error").or_else(|| body(&block, "Failure")).map(ToOwned::to_owned),
    }
}

fn disposition(body: &str) -> Option<MailDisposition> {
    let body = body.to_ascii_lowercase();
    let (mode, rest) = body.split_once(';').unwrap_or(("", &body));
    let mut words = rest.split(['/', ',']).map(str::trim).filter(|word| !word.is_empty());
    let kind = words.next()?.split_whitespace().next()?.to_owned();
    Some(MailDisposition {
        automatic: mode.contains("automatic-action"),
        sent_automatically: mode.contains("sent-automatically"),
        kind,
        modifiers: words.map(ToOwned::to_owned).collect(),
    })
}
