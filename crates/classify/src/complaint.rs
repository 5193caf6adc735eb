//! Complaints that are not in the form of RFC 5965: the complained mail attached, and a subject that says so.

use model::{Kind, Message, PartRole, RecipientReport, Source, Verdict};

use crate::report::place;
use crate::{evidence, in_field, original};

/// What complaint loops write into the subject, lower case, and their rule ids.
const SUBJECTS: [(&str, &str); 14] = [
    ("complaint about message from", "complaint.jmrp"),
    ("client tos notification", "complaint.aol"),
    ("email feedback report", "complaint.feedback"),
    ("email abuse report", "complaint.abuse"),
    ("feedback loop", "complaint.feedback"),
    ("fbl report", "complaint.feedback"),
    ("spam complaint", "complaint.spam"),
    ("junk email report", "complaint.jmrp"),
    ("junk mail report", "complaint.jmrp"),
    ("abuse report", "complaint.abuse"),
    ("user complaint", "complaint.spam"),
    ("customer complaint about email from", "complaint.spam"),
    ("spam-beschwerde", "complaint.spam"),
    ("beschwerde über e-mail", "complaint.spam"),
];

/// Fields that loops add to the attached mail.
const INNER: [(&str, &str); 3] = [
    ("X-HmXmrOriginalRecipient", "complaint.jmrp"),
    ("X-AOL-Complaint-Recipient", "complaint.aol"),
    ("X-Original-Complaint-Recipient", "complaint.feedback"),
];

pub(crate) fn verdict(message: &Message) -> Option<Verdict> {
    let part = message.parts.iter().find(|part| part.message_depth == 0 && part.role == PartRole::Message)?;
    let subject = message.subject.as_deref().unwrap_or_default().trim_start().to_lowercase();
    let conversation = ["re:", "aw:", "fwd:", "fw:", "wg:"].iter().any(|prefix| subject.starts_with(prefix));
    let mut found = Vec::new();
    let inner = |name: &str| {
        part.header_section
            .iter()
            .find(|f| f.name.eq_ignore_ascii_case(name))
            .map(|f| f.body.trim().to_lowercase())
    };
    let mut recipient = None;
    for (name, rule) in INNER {
        if let Some(address) = inner(name) {
            found.push(evidence(rule, place(part)));
            recipient = recipient.or(Some(address).filter(|address| address.contains('@')));
        }
    }
    if let Some((_, rule)) = SUBJECTS.iter().find(|(words, _)| subject.contains(words))
        && !conversation
    {
        found.push(in_field(rule, "Subject"));
    }
    if found.is_empty() || conversation {
        return None;
    }
    let reports = recipient
        .map(|recipient| RecipientReport { recipient: Some(recipient), ..RecipientReport::default() })
        .into_iter()
        .collect();
    Some(Verdict {
        kind: Kind::Complaint,
        confidence: 0.9,
        source: Some(Source("complaint")),
        reports,
        original: original::of(message),
        evidence: found,
        ..Verdict::default()
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_subject_complains() {
        for (words, _) in SUBJECTS {
            let mail = format!(
                "From: x@b.example\nSubject: {words} 192.0.2.1\nContent-Type: message/rfc822\n\nFrom: us@a.example\nSubject: x\n\nx\n"
            );
            let message = parse::parse(mail.as_bytes(), &parse::Limits::default()).message;
            assert_eq!(verdict(&message).map(|v| v.kind), Some(Kind::Complaint), "{words}");
        }
        for (name, _) in INNER {
            let mail = format!(
                "From: x@b.example\nContent-Type: message/rfc822\n\n{name}: joe@b.example\nFrom: us@a.example\n\nx\n"
            );
            let message = parse::parse(mail.as_bytes(), &parse::Limits::default()).message;
            let verdict = verdict(&message).expect("a complaint");
            assert_eq!(verdict.reports[0].recipient.as_deref(), Some("joe@b.example"));
        }
    }
}
