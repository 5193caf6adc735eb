//! From the verdict on a mail to the reports in it.

use std::collections::BTreeMap;

use model::{Action, Address, Kind, Permanence, RecipientReport, UnixMillis, Verdict};

use crate::{EventKind, Report, ReturnPath};

/// Recipients of one report that are looked at; what is beyond is one more entry of the manual queue.
pub const RECIPIENTS_MAX: usize = 2000;
/// Of what the mail referred to, the latest so many are looked for.
const REFERENCES_MAX: usize = 20;

/// One report of a mail, ready to be matched.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Reported {
    /// What it says.
    pub kind: EventKind,
    /// What it is matched by.
    pub report: Report,
    /// Word of the documented list.
    pub reason: Option<String>,
    /// Effective code.
    pub status: Option<String>,
    /// Three digits.
    pub smtp_code: Option<u16>,
    /// Text of the failing server.
    pub diagnostic: Option<String>,
    /// There were more; this one stands for them.
    pub overflow: bool,
}

/// Whether mails of this kind say something about an address.
pub const fn is_feedback(kind: Kind) -> bool {
    matches!(kind, Kind::Bounce | Kind::Delay | Kind::Delivered | Kind::Complaint | Kind::Unsubscribe)
}

/// The reports of a mail from `from`, written at `at`: one for each recipient. Empty for mails that report nothing.
pub fn reported(
    verdict: &Verdict,
    from: &[Address],
    return_path: &ReturnPath,
    at: UnixMillis,
) -> Vec<Reported> {
    if !is_feedback(verdict.kind) {
        return Vec::new();
    }
    let of_mail = || {
        let original = verdict.original.as_ref();
        Report {
            return_path: return_path.clone(),
            envelope_id: original.and_then(|o| o.envelope_id.clone()),
            own_reference: original.and_then(|o| o.own_reference.clone()),
            message_id: original.and_then(|o| o.message_id.as_ref()).map(|id| id.as_str().to_owned()),
            references: original
                .map(|o| {
                    o.references.iter().rev().take(REFERENCES_MAX).map(|id| id.as_str().to_owned()).collect()
                })
                .unwrap_or_default(),
            subject: original.and_then(|o| o.subject.clone()),
            at,
            ..Report::default()
        }
    };
    if verdict.kind == Kind::Unsubscribe {
        let report = Report { recipient: from.first().map(Address::folded), ..of_mail() };
        return vec![alone(EventKind::Unsubscribed, report)];
    }
    let whole = match verdict.kind {
        Kind::Delay => EventKind::Delayed,
        Kind::Delivered => EventKind::Delivered,
        Kind::Complaint => EventKind::Complained,
        _ => EventKind::Failed(Permanence::Unknown),
    };
    let mut merged = merge(verdict, whole, &of_mail);
    if merged.is_empty() {
        merged.push(alone(whole, of_mail()));
    }
    if merged.len() > RECIPIENTS_MAX {
        merged.truncate(RECIPIENTS_MAX);
        merged.push(Reported { overflow: true, ..alone(whole, Report { at, ..Report::default() }) });
    }
    merged
}

fn alone(kind: EventKind, report: Report) -> Reported {
    Reported { kind, report, reason: None, status: None, smtp_code: None, diagnostic: None, overflow: false }
}

/// One for each recipient; the failure wins over what contradicts it, and both are trusted less.
fn merge(verdict: &Verdict, whole: EventKind, of_mail: &dyn Fn() -> Report) -> Vec<Reported> {
    let mut out: Vec<Reported> = Vec::new();
    let mut at: BTreeMap<Option<String>, usize> = BTreeMap::new();
    for said in &verdict.reports {
        let Some(kind) = kind_of(verdict.kind, said, whole) else { continue };
        let clean = |text: &Option<String>| text.as_ref().map(|text| text.trim().to_lowercase());
        let (recipient, original) = (clean(&said.recipient), clean(&said.original_recipient));
        let key = original.clone().or_else(|| recipient.clone());
        let report = Report { recipient, original_recipient: original, ..of_mail() };
        let made = Reported {
            kind,
            report,
            reason: said.reason.clone(),
            status: said.status.clone(),
            smtp_code: said.smtp_code,
            diagnostic: said.diagnostic.clone(),
            overflow: false,
        };
        match at.get(&key).and_then(|at| out.get_mut(*at)) {
            None => {
                at.insert(key, out.len());
                out.push(made);
            }
            Some(known) => join(known, made),
        }
    }
    out
}

fn join(known: &mut Reported, other: Reported) {
    let delivered = |reported: &Reported| reported.kind == EventKind::Delivered;
    let contradicts = delivered(known) != delivered(&other);
    if severity(other.kind) > severity(known.kind) {
        *known = other;
    }
    known.report.contradicts |= contradicts;
}

const fn severity(kind: EventKind) -> u8 {
    match kind {
        EventKind::Delivered => 0,
        EventKind::Delayed => 1,
        EventKind::Failed(Permanence::Unknown) => 2,
        EventKind::Failed(Permanence::Temporary) => 3,
        _ => 4,
    }
}

fn kind_of(mail: Kind, said: &RecipientReport, whole: EventKind) -> Option<EventKind> {
    if mail == Kind::Complaint {
        return Some(whole);
    }
    match said.action {
        Some(Action::Failed) => Some(EventKind::Failed(said.permanence)),
        Some(Action::Delayed) => Some(EventKind::Delayed),
        Some(Action::Delivered) => Some(EventKind::Delivered),
        Some(Action::Relayed | Action::Expanded) => None,
        None if mail == Kind::Bounce => Some(EventKind::Failed(said.permanence)),
        None => Some(whole),
    }
}
