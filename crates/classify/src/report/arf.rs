//! Feedback reports (RFC 5965, RFC 6591).

use model::{Complaint, Kind, Message, RecipientReport, Source, Verdict};
use parse::report::arf::feedback_report;

use super::{parts_of, place};
use crate::{evidence, original};

/// Recipients that are removed from the returned mail are not guessed; those named in the report are taken.
pub(crate) fn verdict(message: &Message) -> Option<Verdict> {
    let (part, text) = parts_of(message, &["message/feedback-report"]).next()?;
    let feedback = feedback_report(text);
    let rule = match feedback.feedback_type.as_deref() {
        Some("abuse") => "arf.abuse",
        Some("fraud") => "arf.fraud",
        Some("virus") => "arf.virus",
        Some("not-spam") => "arf.not_spam",
        Some("opt-out" | "opt-out-list") => "arf.opt_out",
        Some("auth-failure") => "arf.auth_failure",
        _ => "arf.other",
    };
    let reports = feedback
        .original_recipients
        .iter()
        .map(|recipient| RecipientReport {
            recipient: Some(recipient.clone()),
            reporting_mta: feedback.reporting_mta.clone(),
            ..RecipientReport::default()
        })
        .collect();
    Some(Verdict {
        kind: Kind::Complaint,
        confidence: if feedback.feedback_type.is_some() { 1.0 } else { 0.8 },
        source: Some(Source(if rule == "arf.auth_failure" { "rfc6591" } else { "rfc5965" })),
        reports,
        original: original::of(message),
        complaint: Some(Complaint {
            feedback_type: feedback.feedback_type.clone(),
            user_agent: feedback.user_agent.clone(),
            original_mail_from: feedback.original_mail_from.clone(),
            reported_domain: feedback.reported_domain.clone(),
            source_ip: feedback.source_ip.clone(),
        }),
        evidence: vec![evidence(rule, place(part))],
        ..Verdict::default()
    })
}
