//! Reports and the mails they are about.

use model::UnixMillis;

use super::DAY;
use crate::{Candidate, Found, Report, ReturnPath, Step, Strength, find};

fn mail(message: i64, to: &[&str]) -> Candidate {
    Candidate {
        message,
        message_id: Some(format!("{message}@ours.example")),
        envelope_id: Some(format!("envelope-{message}")),
        own_reference: Some(format!("own-{message}")),
        thread_index: Some(vec![message as u8; 22]),
        recipients: to.iter().map(|to| (*to).to_owned()).collect(),
        subject: format!("Newsletter {message}"),
        at: UnixMillis(message * DAY),
    }
}

fn report() -> Report {
    Report { recipient: Some("eva@b.example".to_owned()), at: UnixMillis(3 * DAY), ..Report::default() }
}

fn mails() -> Vec<Candidate> {
    vec![mail(1, &["eva@b.example"]), mail(2, &["eva@b.example", "tom@b.example"]), mail(3, &["x@b.example"])]
}

fn check(report: &Report, candidates: &[Candidate], strength: Strength, message: Option<i64>, last: Step) {
    let matched = find(report, candidates);
    assert_eq!((matched.strength, matched.message), (strength, message), "{matched:?}");
    assert_eq!(matched.trace.last().unwrap().step, last, "{matched:?}");
}

#[test]
fn by_every_way() {
    let mails = mails();
    let id = |text: &str| Some(text.to_owned());
    let signed =
        ReturnPath::Signed { recipient: "eva@b.example".to_owned(), message_id: id("2@ours.example") };
    check(&Report { return_path: signed, ..report() }, &mails, Strength::Signed, Some(2), Step::ReturnPath);
    let with = Report { envelope_id: id("envelope-1"), ..report() };
    check(&with, &mails, Strength::Named, Some(1), Step::EnvelopeId);
    let with = Report { own_reference: id("own-2"), ..report() };
    check(&with, &mails, Strength::Named, Some(2), Step::OwnReference);
    let with = Report { message_id: id("2@ours.example"), ..report() };
    check(&with, &mails, Strength::Named, Some(2), Step::MessageId);
    let with = Report { references: vec!["1@ours.example".to_owned()], ..report() };
    check(&with, &mails, Strength::Circumstantial, Some(1), Step::References);
    let with = Report { thread_index: Some(vec![2; 22]), ..report() };
    check(&with, &mails, Strength::Circumstantial, Some(2), Step::ThreadIndex);
    let with = Report { subject: id("newsletter  2"), ..report() };
    check(&with, &mails, Strength::Circumstantial, Some(2), Step::Circumstances);
    check(&report(), &mails, Strength::Unmatched, None, Step::Circumstances);
    assert!(!find(&report(), &mails).is_suspicious());
}

#[test]
fn the_recipient_must_be_one_of_the_mail() {
    let with = Report { message_id: Some("3@ours.example".to_owned()), ..report() };
    check(&with, &mails(), Strength::Forged, None, Step::Circumstances);
    let matched = find(&with, &mails());
    assert!(matched.is_suspicious());
    assert!(matched.trace.iter().any(|t| t.step == Step::MessageId && t.found == Found::OtherRecipient));
    // Forwarded: the address that was written to counts.
    let forwarded = Report {
        original_recipient: Some("X@b.example".to_owned()),
        message_id: Some("3@ours.example".to_owned()),
        ..report()
    };
    assert_eq!(find(&forwarded, &mails()).recipient.as_deref(), Some("x@b.example"));
    // Nobody named: the only one; not one of two.
    let nobody = |n: i64| Report {
        recipient: None,
        message_id: Some(format!("{n}@ours.example")),
        at: UnixMillis(3 * DAY),
        ..Report::default()
    };
    assert_eq!(find(&nobody(1), &mails()).recipient.as_deref(), Some("eva@b.example"));
    assert_eq!(find(&nobody(2), &mails()).message, None);
}

#[test]
fn twins_are_one_and_others_are_several() {
    let mut copies = vec![mail(2, &["eva@b.example"]), mail(2, &["eva@b.example"])];
    let with = Report { subject: Some("Newsletter 2".to_owned()), ..report() };
    check(&with, &copies, Strength::Circumstantial, Some(2), Step::Circumstances);
    copies.push(Candidate { message: 5, ..mail(2, &["eva@b.example"]) });
    let matched = find(&with, &copies);
    assert_eq!(
        (matched.strength, matched.trace.last().unwrap().found),
        (Strength::Unmatched, Found::Several)
    );
}

#[test]
fn what_is_wrong_or_contradicts_is_not_trusted() {
    let named = Report { message_id: Some("1@ours.example".to_owned()), ..report() };
    let wrong = Report { return_path: ReturnPath::Wrong, ..named.clone() };
    check(&wrong, &mails(), Strength::Forged, None, Step::ReturnPath);
    let contradicts = Report { contradicts: true, ..named };
    check(&contradicts, &mails(), Strength::Circumstantial, Some(1), Step::MessageId);
    // Sent by somebody else, who may know the id; not our signature.
    let named = Report { message_id: Some("1@ours.example".to_owned()), forged: true, ..report() };
    check(&named, &mails(), Strength::Forged, Some(1), Step::Origin);
    assert!(find(&named, &mails()).is_suspicious());
    let signed = ReturnPath::Signed { recipient: "eva@b.example".to_owned(), message_id: None };
    let signed = Report { return_path: signed, forged: true, ..report() };
    assert_eq!(find(&signed, &mails()).strength, Strength::Signed);
    // Too late for circumstances.
    let late = Report { subject: Some("Newsletter 1".to_owned()), at: UnixMillis(12 * DAY), ..report() };
    check(&late, &mails(), Strength::Unmatched, None, Step::Circumstances);
}

#[test]
fn a_mail_says_one_thing_of_each_recipient() {
    use crate::{EventKind, RECIPIENTS_MAX, reported};
    use model::{Action, Kind, Permanence, RecipientReport, Verdict};
    let said = |recipient: String, action| RecipientReport {
        recipient: Some(recipient),
        action: Some(action),
        permanence: Permanence::Permanent,
        ..RecipientReport::default()
    };
    let verdict = |reports| Verdict { kind: Kind::Bounce, reports, ..Verdict::default() };
    let read = |verdict: &Verdict| reported(verdict, &[], &ReturnPath::Plain, UnixMillis(0));
    let made = read(&verdict(vec![
        said("A@b.example".to_owned(), Action::Delivered),
        said("a@b.example".to_owned(), Action::Failed),
        said("c@b.example".to_owned(), Action::Relayed),
    ]));
    assert_eq!(made.len(), 1);
    assert_eq!(made[0].kind, EventKind::Failed(Permanence::Permanent));
    assert!(made[0].report.contradicts);
    let many: Vec<_> = (0..5000).map(|n| said(format!("{n}@b.example"), Action::Failed)).collect();
    let made = read(&verdict(many));
    assert_eq!((made.len(), made.iter().filter(|r| r.overflow).count()), (RECIPIENTS_MAX + 1, 1));
    assert_eq!(read(&verdict(Vec::new())).len(), 1);
    let original = model::Original {
        references: (0..30).map(|n| model::MessageId(format!("{n}@ours.example"))).collect(),
        envelope_id: Some("order-7".to_owned()),
        own_reference: Some("own-7".to_owned()),
        ..model::Original::default()
    };
    let report = read(&Verdict { original: Some(original), ..verdict(Vec::new()) }).remove(0).report;
    assert_eq!(report.envelope_id.as_deref(), Some("order-7"));
    assert_eq!(report.own_reference.as_deref(), Some("own-7"));
    assert_eq!((report.references.len(), report.references[0].as_str()), (20, "29@ours.example"));
    assert!(read(&Verdict::default()).is_empty());
}
