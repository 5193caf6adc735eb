//! `poststelle classify`: what kind of mail mail files are, one row a file.

use std::io::Write;
use std::path::PathBuf;

use classify::Options;
use model::{Address, MessageId, RecipientReport, Verdict};
use parse::Limits;
use serde::Serialize;

use super::mail_files;
use super::parse::{finish, rfc3339};
use crate::lang::Lang;

/// Writes the rows; what cannot be read is said on `err`. Gives the exit status.
pub fn run(paths: &[PathBuf], lang: Lang, out: &mut dyn Write, err: &mut dyn Write) -> i32 {
    let limits = Limits::default();
    let options = Options::default();
    finish(
        mail_files::write_rows(None, paths, out, |file, octets| row(file, octets, &limits, &options)),
        lang,
        err,
    )
}

#[derive(Serialize)]
struct Row<'a> {
    file: &'a str,
    message_id: Option<&'a str>,
    kind: &'static str,
    confidence: f64,
    source: Option<&'static str>,
    reports: Vec<Report<'a>>,
    original: Option<Original<'a>>,
    auto_reply: Option<AutoReply<'a>>,
    may_reply: bool,
    evidence: Vec<Evidence<'a>>,
}

#[derive(Serialize)]
struct Report<'a> {
    recipient: Option<&'a str>,
    original_recipient: Option<&'a str>,
    action: Option<&'static str>,
    status: Option<&'a str>,
    status_literal: Option<&'a str>,
    smtp_code: Option<u16>,
    reason: Option<&'a str>,
    permanence: &'static str,
    diagnostic: Option<&'a str>,
    remote_mta: Option<&'a str>,
    reporting_mta: Option<&'a str>,
}

#[derive(Serialize)]
struct Original<'a> {
    message_id: Option<&'a str>,
    subject: Option<&'a str>,
    from: Vec<String>,
    to: Vec<String>,
    date: Option<String>,
}

#[derive(Serialize)]
struct AutoReply<'a> {
    language: Option<&'a str>,
    until: Option<String>,
    deputy: Option<String>,
}

#[derive(Serialize)]
struct Evidence<'a> {
    rule: &'static str,
    r#where: &'a str,
}

/// The row of one file as JSON.
pub fn row(file: &str, octets: &[u8], limits: &Limits, options: &Options) -> String {
    let message = parse::read(octets, limits).0;
    let verdict = classify::verdict(&message, options);
    let row = Row {
        file,
        message_id: message.message_id.as_ref().map(MessageId::as_str),
        kind: verdict.kind.as_str(),
        // Two digits: 0.95, not the nearest f32.
        confidence: (f64::from(verdict.confidence) * 100.0).round() / 100.0,
        source: verdict.source.as_ref().map(|source| source.0),
        reports: verdict.reports.iter().map(report).collect(),
        original: original(&verdict),
        auto_reply: auto_reply(&verdict),
        may_reply: verdict.may_reply,
        evidence: verdict.evidence.iter().map(|e| Evidence { rule: e.rule, r#where: &e.place }).collect(),
    };
    serde_json::to_string(&row).expect("strings and numbers always serialise")
}

fn report(report: &RecipientReport) -> Report<'_> {
    Report {
        recipient: report.recipient.as_deref(),
        original_recipient: report.original_recipient.as_deref(),
        action: report.action.map(model::Action::as_str),
        status: report.status.as_deref(),
        status_literal: report.status_literal.as_deref(),
        smtp_code: report.smtp_code,
        reason: report.reason.as_deref(),
        permanence: report.permanence.as_str(),
        diagnostic: report.diagnostic.as_deref(),
        remote_mta: report.remote_mta.as_deref(),
        reporting_mta: report.reporting_mta.as_deref(),
    }
}

fn original(verdict: &Verdict) -> Option<Original<'_>> {
    let original = verdict.original.as_ref()?;
    Some(Original {
        message_id: original.message_id.as_ref().map(MessageId::as_str),
        subject: original.subject.as_deref(),
        from: original.from.iter().map(Address::folded).collect(),
        to: original.to.iter().map(Address::folded).collect(),
        date: original.date.and_then(rfc3339),
    })
}

fn auto_reply(verdict: &Verdict) -> Option<AutoReply<'_>> {
    let auto_reply = verdict.auto_reply.as_ref()?;
    Some(AutoReply {
        language: auto_reply.language.as_deref(),
        until: auto_reply.until.and_then(rfc3339),
        deputy: auto_reply.deputy.as_ref().map(Address::folded),
    })
}
