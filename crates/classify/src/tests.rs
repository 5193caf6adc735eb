//! Every mail of `fixtures/mail` that classification is about.

use std::fmt::Write as _;

use model::{Message, Verdict};
use parse::Limits;
use test_support::fixtures;

use crate::{Options, verdict};

const TOPICS: [&str; 10] = [
    "bounce",
    "delay",
    "receipt",
    "complaint",
    "reply",
    "generated",
    "list",
    "report",
    "unsubscribe",
    "personal",
];

#[test]
fn fixtures_as_expected() {
    fixtures::check_mails(&TOPICS, |octets| {
        rendered(&verdict(&parse::parse(octets, &Limits::default()).message, &Options::default()))
    });
}

fn rendered(verdict: &Verdict) -> String {
    let mut out = format!("kind: {} {}\n", verdict.kind.as_str(), verdict.confidence);
    if let Some(source) = &verdict.source {
        let _ = writeln!(out, "source: {}", source.0);
    }
    for report in &verdict.reports {
        let _ = writeln!(out, "recipient: {}", report.recipient.as_deref().unwrap_or("-"));
        let fields = [
            ("original-recipient", report.original_recipient.clone()),
            ("action", report.action.map(|action| action.as_str().to_owned())),
            ("status", report.status.clone()),
            ("status-literal", report.status_literal.clone()),
            ("smtp-code", report.smtp_code.map(|code| code.to_string())),
            ("reason", report.reason.clone()),
            ("permanence", Some(report.permanence.as_str().to_owned())),
            ("diagnostic", report.diagnostic.clone()),
            ("remote-mta", report.remote_mta.clone()),
            ("reporting-mta", report.reporting_mta.clone()),
        ];
        for (name, value) in fields {
            if let Some(value) = value {
                let _ = writeln!(out, "  {name}: {value}");
            }
        }
    }
    if let Some(original) = &verdict.original {
        let id = original.message_id.as_ref().map_or("-", |id| id.as_str());
        let _ = writeln!(out, "original: {id} {:?}", original.subject.as_deref().unwrap_or_default());
        for address in original.from.iter().chain(&original.to) {
            let _ = writeln!(
                out,
                "  {} <{}>",
                address.display_name.as_deref().unwrap_or_default(),
                address.addr_spec
            );
        }
    }
    let _ = writeln!(out, "may-reply: {}", verdict.may_reply);
    for evidence in &verdict.evidence {
        let _ = writeln!(out, "evidence: {} at {}", evidence.rule, evidence.place);
    }
    out
}

#[test]
fn a_verdict_names_its_evidence() {
    for path in fixtures::corpus("feedback/files") {
        let message = parse::parse(&fixtures::read(&path), &Limits::default()).message;
        let verdict = verdict(&message, &Options::default());
        assert!(verdict.kind == model::Kind::Personal || !verdict.evidence.is_empty(), "{}", path.display());
        assert!((0.0..=1.0).contains(&verdict.confidence));
    }
}

#[test]
fn only_mail_to_us_may_be_answered() {
    let read = |header: &str| -> Message { parse::parse(header.as_bytes(), &Limits::default()).message };
    let options = Options { own_addresses: vec!["anna@verein-linde.example".to_owned()] };
    let to_us = read("From: karl@koch.example\nTo: Anna@Verein-Linde.example\n\nx\n");
    let to_others = read("From: karl@koch.example\nTo: alle@koch.example\n\nx\n");
    assert!(verdict(&to_us, &options).may_reply);
    assert!(!verdict(&to_others, &options).may_reply);
    assert!(verdict(&to_others, &Options::default()).may_reply);
}
