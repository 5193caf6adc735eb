//! `poststelle doctor`: what is blind or about to be.

use std::collections::BTreeMap;
use std::io::Write as _;

use doctor::{Kind, Reason, Severity};
use jiff::Timestamp;
use model::UnixMillis;
use pipeline::Engine;
use serde_json::{Value, json};
use store::KeptCondition;

use super::when;
use crate::cli;
use crate::control::Streams;
use crate::failure::{FAILED, Failure};
use crate::lang::Lang;

/// Looks now; exit status 1 if anything is wrong.
pub fn run(
    engine: &Engine,
    args: &cli::Doctor,
    lang: Lang,
    streams: &mut Streams<'_>,
) -> Result<i32, Failure> {
    let conditions = engine.check_up()?;
    let names: BTreeMap<_, _> = engine
        .store()
        .accounts(false)?
        .into_iter()
        .map(|account| (account.id, account.settings.name))
        .collect();
    if args.json {
        let conditions: Vec<Value> = conditions
            .iter()
            .map(|kept| {
                let name = kept.what.account.and_then(|account| names.get(&account));
                row(kept, name, lang)
            })
            .collect();
        let mut mailboxes = Vec::new();
        for (account, name) in &names {
            for ledger in engine.store().ledgers(*account)? {
                mailboxes.push(mailbox(name, &ledger));
            }
        }
        let at = UnixMillis(Timestamp::now().as_millisecond());
        let recovery_key = engine.recovery_key_made().ok().flatten().map(when);
        let segments = engine.archive().protection()?;
        let segments = json!({ "sealed": segments.sealed, "read_only": segments.read_only, "immutable": segments.immutable });
        let report = json!({ "ok": conditions.is_empty(), "segments": segments, "recovery_key": recovery_key, "at": when(at), "conditions": conditions, "mailboxes": mailboxes });
        writeln!(streams.out, "{report}")?;
    } else {
        for kept in &conditions {
            let (word, text) = (severity(kept.what.severity, lang), text(kept, lang));
            writeln!(streams.out, "{word}: {}", text.what)?;
            let since = when(kept.what.since);
            let values: [(&str, &dyn std::fmt::Display); 2] = [("since", &since), ("to_do", &text.to_do)];
            writeln!(streams.out, "  {}", lang.text("doctor-since", &values))?;
        }
        // On the first day nothing is wrong yet, so it does not count as such.
        let is_said = conditions.iter().any(|kept| kept.what.kind == Kind::RecoveryMissing);
        match engine.recovery_key_made() {
            Ok(Some(_)) => {}
            _ if is_said => {}
            Ok(None) => writeln!(streams.err, "{}", lang.text("doctor-recovery-never", &[]))?,
            Err(_) => writeln!(streams.err, "{}", lang.text("key-recovery-file", &[]))?,
        }
        let segments = engine.archive().protection()?;
        let counts: [(&str, &dyn std::fmt::Display); 3] = [
            ("sealed", &segments.sealed),
            ("read_only", &segments.read_only),
            ("immutable", &segments.immutable),
        ];
        writeln!(streams.err, "{}", lang.text("doctor-segments", &counts))?;
        let summary = match conditions.len() {
            0 => lang.text("doctor-well", &[]),
            1 => lang.text("doctor-one", &[]),
            count => lang.text("doctor-many", &[("count", &count)]),
        };
        writeln!(streams.err, "{summary}")?;
    }
    Ok(if conditions.is_empty() { 0 } else { FAILED })
}

fn severity(severity: Severity, lang: Lang) -> String {
    match severity {
        Severity::Critical => lang.text("doctor-critical", &[]),
        Severity::Warning => lang.text("doctor-warning", &[]),
    }
}

fn details(kept: &KeptCondition) -> BTreeMap<String, String> {
    serde_json::from_str(&kept.what.details).unwrap_or_default()
}

fn text(kept: &KeptCondition, lang: Lang) -> server::ConditionText {
    let language = match lang {
        Lang::De => api::Language::De,
        Lang::En => api::Language::En,
    };
    server::condition_text(language, kept.what.kind, &details(kept))
}

fn row(kept: &KeptCondition, account: Option<&String>, lang: Lang) -> Value {
    let text = text(kept, lang);
    json!({
        "id": kept.what.id, "kind": kept.what.kind.as_str(), "severity": kept.what.severity.as_str(),
        "account": account, "what": text.what, "to_do": text.to_do, "since": when(kept.what.since),
        "first_seen": when(kept.first_seen), "last_seen": when(kept.last_seen), "details": details(kept),
    })
}

/// A ledger as JSON.
pub fn mailbox(account: &str, ledger: &store::Ledger) -> Value {
    let tally = &ledger.tally;
    json!({
        "account": account, "mailbox": ledger.name, "at": when(ledger.at), "source": tally.source,
        "archived": tally.archived, "missing": tally.count(Reason::Missing), "failed": tally.count(Reason::Failed),
        "quarantined": tally.count(Reason::Quarantined), "excluded": tally.count(Reason::Excluded),
        "pending": tally.count(Reason::Pending), "gone": tally.gone,
    })
}
