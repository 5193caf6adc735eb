//! `poststelle verify` and `rebuild`.

use std::io::Write as _;
use std::time::Instant;

use pipeline::{Engine, Fault};
use serde_json::json;

use super::account::runtime;
use crate::cli;
use crate::control::Streams;
use crate::failure::{FAILED, Failure};
use crate::lang::Lang;

/// Checks everything; exit status 1 and the names of what is wrong.
pub fn verify(
    engine: &Engine,
    args: &cli::Verify,
    lang: Lang,
    streams: &mut Streams<'_>,
) -> Result<i32, Failure> {
    let fetched = if args.fetch { runtime()?.block_on(engine.fetch_segments())? } else { 0 };
    if args.fetch {
        writeln!(streams.err, "{}", lang.text("verify-fetched", &[("count", &fetched)]))?;
    }
    let bar = streams.terminal.then(|| {
        indicatif::ProgressBar::new_spinner().with_style(
            indicatif::ProgressStyle::with_template("{spinner} {bytes}")
                .unwrap_or(indicatif::ProgressStyle::default_spinner()),
        )
    });
    let mut verified = engine.verify(&mut |octets| {
        if let Some(bar) = &bar {
            bar.set_position(octets);
        }
    })?;
    if let Some(bar) = bar {
        bar.finish_and_clear();
    }
    let remote = if args.remote {
        let mut checked = runtime()?.block_on(engine.check_remote(&mut |_| {}))?;
        checked.fetched = fetched;
        verified.faults.extend(checked.take_faults());
        Some(checked)
    } else {
        None
    };
    if args.json {
        let faults: Vec<_> = verified
            .faults
            .iter()
            .map(|fault| json!({ "text": text(fault, lang), "fault": name(fault) }))
            .collect();
        let remote = remote.as_ref().map(|remote| json!({ "segments": remote.segments, "octets": remote.octets, "waiting": remote.waiting, "fetched": remote.fetched }));
        let report = json!({ "remote": remote, "mails": verified.mails, "records": verified.records, "octets": verified.octets, "objects": verified.objects, "erased": verified.erased, "keyring_repaired": verified.repaired, "ok": faults.is_empty(), "faults": faults });
        writeln!(streams.out, "{report}")?;
    } else {
        for fault in &verified.faults {
            writeln!(streams.out, "{}", text(fault, lang))?;
        }
        if verified.repaired > 0 {
            writeln!(streams.err, "{}", lang.text("verify-repaired", &[("count", &verified.repaired)]))?;
        }
        if let Some(remote) = &remote {
            let counts: [(&str, &dyn std::fmt::Display); 3] =
                [("segments", &remote.segments), ("octets", &remote.octets), ("waiting", &remote.waiting)];
            writeln!(streams.err, "{}", lang.text("verify-remote", &counts))?;
        }
        let summary = if verified.faults.is_empty() {
            lang.text("verify-ok", &[("mails", &verified.mails), ("octets", &verified.octets)])
        } else {
            lang.text("verify-bad", &[("count", &verified.faults.len())])
        };
        writeln!(streams.err, "{summary}")?;
    }
    Ok(if verified.faults.is_empty() { 0 } else { FAILED })
}

fn name(fault: &Fault) -> &'static str {
    match fault {
        Fault::Archive { kind, .. } => kind,
        Fault::OriginalMissing { .. } => "original_missing",
        Fault::OriginalDiffers { .. } => "original_differs",
        Fault::Object { .. } => "object",
        Fault::UseDangling { .. } => "use_dangling",
        Fault::Keyring { .. } => "keyring",
        Fault::Unknown { .. } => "unknown_object",
        Fault::Log { .. } => "log",
        Fault::Remote { .. } => "remote",
        Fault::Index { .. } => "index",
    }
}

fn text(fault: &Fault, lang: Lang) -> String {
    match fault {
        Fault::Archive { segment, kind: "missing", .. } => {
            lang.text("verify-segment-missing", &[("segment", segment)])
        }
        Fault::Archive { segment, at, kind, detail } => {
            let reason = if detail.is_empty() { (*kind).to_owned() } else { format!("{kind} ({detail})") };
            lang.text("verify-record", &[("segment", segment), ("at", at), ("reason", &reason)])
        }
        Fault::OriginalMissing { mail, location } => lang.text(
            "verify-mail-missing",
            &[("mail", mail), ("segment", &location.segment), ("at", &location.at)],
        ),
        Fault::OriginalDiffers { mail, .. } => lang.text("verify-mail-digest", &[("mail", mail)]),
        Fault::Object { object, location } => lang.text(
            "verify-object",
            &[("object", object), ("segment", &location.segment), ("at", &location.at)],
        ),
        Fault::UseDangling { object, seq } => lang.text("verify-use", &[("object", object), ("seq", seq)]),
        Fault::Keyring { slot } => lang.text("verify-keyring", &[("slot", slot)]),
        Fault::Unknown { location } => {
            lang.text("verify-unknown-object", &[("segment", &location.segment), ("at", &location.at)])
        }
        Fault::Log { at, kind, detail } => {
            let key = match *kind {
                "missing" => "verify-log-missing",
                "changed" => "verify-log-changed",
                "mail" => "verify-log-mail",
                "payload" => "verify-log-payload",
                "tree" => "verify-log-tree",
                _ => "verify-log",
            };
            lang.text(key, &[("at", &at.unwrap_or_default()), ("mail", detail), ("reason", detail)])
        }
        Fault::Remote { segment, kind, detail } => {
            let key = match *kind {
                "replaced" => "verify-remote-replaced",
                "changed" => "verify-remote-changed",
                "local" => "verify-remote-local",
                _ => "verify-remote-missing",
            };
            lang.text(key, &[("segment", segment), ("detail", detail)])
        }
        Fault::Index { detail } => lang.text("verify-index", &[("reason", detail)]),
    }
}

/// Makes everything derived anew.
pub fn rebuild(engine: &Engine, lang: Lang, streams: &mut Streams<'_>) -> Result<i32, Failure> {
    let start = Instant::now();
    let bar = streams.terminal.then(|| indicatif::ProgressBar::new(0));
    let total = engine.rebuild(&mut |done, total| {
        if let Some(bar) = &bar {
            bar.set_length(total);
            bar.set_position(done);
        }
    })?;
    if let Some(bar) = bar {
        bar.finish_and_clear();
    }
    let quarantined = engine.store().counters()?.quarantined;
    let seconds = format!("{:.1}", start.elapsed().as_secs_f64());
    writeln!(
        streams.err,
        "{}",
        lang.text("rebuild-done", &[("total", &total), ("quarantined", &quarantined), ("seconds", &seconds)])
    )?;
    Ok(0)
}
