//! message/feedback-report (RFC 5965, RFC 6591).

use super::{Block, address, blocks, body};

/// A complaint, or a report that authentication failed.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct FeedbackReport {
    /// `Feedback-Type`: `abuse`, `fraud`, `virus`, `not-spam`, `opt-out`, `auth-failure`, `other`; lower case.
    pub feedback_type: Option<String>,
    /// `User-Agent`, as written.
    pub user_agent: Option<String>,
    /// `Original-Rcpt-To` and `Removal-Recipient`, lower case, without repetitions.
    pub original_recipients: Vec<String>,
    /// `Original-Mail-From`, lower case.
    pub original_mail_from: Option<String>,
    /// `Reported-Domain`, lower case.
    pub reported_domain: Option<String>,
    /// `Source-IP`, as written.
    pub source_ip: Option<String>,
    /// `Reporting-MTA`, without its type.
    pub reporting_mta: Option<String>,
}

/// Reads the text of a message/feedback-report part.
pub fn feedback_report(text: &str) -> FeedbackReport {
    let block: Block<'_> = blocks(text).into_iter().flatten().collect();
    let mut original_recipients: Vec<String> = Vec::new();
    for field in &block {
        if (field.is("Original-Rcpt-To") || field.is("Removal-Recipient"))
            && let Some(recipient) = address(&field.body)
            && !original_recipients.contains(&recipient)
            && original_recipients.len() < 1_000
        {
            original_recipients.push(recipient);
        }
    }
    FeedbackReport {
        feedback_type: body(&block, "Feedback-Type").map(|kind| kind.trim().to_ascii_lowercase()),
        user_agent: body(&block, "User-Agent").map(ToOwned::to_owned),
        original_recipients,
        original_mail_from: body(&block, "Original-Mail-From").and_then(address),
        reported_domain: body(&block, "Reported-Domain").map(str::to_lowercase),
        source_ip: body(&block, "Source-IP").map(ToOwned::to_owned),
        reporting_mta: body(&block, "Reporting-MTA").and_then(super::host),
    }
}
