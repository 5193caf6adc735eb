//! `poststelle import`.

use std::io::Write as _;
use std::sync::atomic::AtomicBool;
use std::time::{Duration, Instant};

use intake::files::Source;
use pipeline::{Counts, Engine, Import, Step};
use serde::Serialize;

use crate::cli;
use crate::control::Streams;
use crate::failure::{FAILED, Failure};
use crate::lang::Lang;

/// Account of imports that name none.
const DEFAULT_ACCOUNT: &str = "Import";
/// Time between two lines of progress where nothing can be drawn.
const LINE_INTERVAL: Duration = Duration::from_secs(10);

/// The last line with `--json`.
#[derive(Serialize)]
struct Report {
    seen: u64,
    archived: u64,
    duplicates: u64,
    excluded: u64,
    failed: u64,
    octets: u64,
    seconds: f64,
}

/// Runs it; exit status 1 only if something failed.
pub fn run(
    engine: &Engine,
    args: &cli::Import,
    lang: Lang,
    streams: &mut Streams<'_>,
) -> Result<i32, Failure> {
    let start = Instant::now();
    let account = engine.account_or_import(args.account.as_deref().unwrap_or(DEFAULT_ACCOUNT))?;
    let shown: Vec<String> = args.paths.iter().map(|path| path.display().to_string()).collect();
    let run =
        engine.begin_import(account, "import", &shown.join(" "), None).map_err(pipeline::Error::from)?;
    let import = Import {
        account,
        sources: args.paths.iter().map(Source::from).collect(),
        directory: Some(streams.directory.clone()),
        run: Some(run),
    };
    let mut progress = Progress::new(lang, streams.terminal);
    let err = &mut streams.err;
    let counts = engine.import(&import, &mut streams.input, &AtomicBool::new(false), &mut |step| {
        progress.step(&step, err);
    });
    progress.clear();
    let state = if counts.is_ok() { "finished" } else { "failed" };
    let ended = engine.end_import(run, state);
    let counts = counts?;
    ended.map_err(pipeline::Error::from)?;
    engine.catch_up()?;
    if let Some(path) = &args.report {
        super::imports::to_file(engine, run, &streams.directory.join(path), lang)?;
    }
    report(args, counts, start.elapsed(), lang, streams)
}

fn report(
    args: &cli::Import,
    counts: Counts,
    elapsed: Duration,
    lang: Lang,
    streams: &mut Streams<'_>,
) -> Result<i32, Failure> {
    let Counts { archived, duplicates, excluded, failed, octets } = counts;
    let seconds = (elapsed.as_secs_f64() * 1000.0).round() / 1000.0;
    let report = Report { seen: counts.seen(), archived, duplicates, excluded, failed, octets, seconds };
    if args.json {
        let line = serde_json::to_string(&report).map_err(std::io::Error::from)?;
        writeln!(streams.out, "{line}")?;
    } else {
        let text = lang.text(
            "import-done",
            &[
                ("seen", &report.seen),
                ("archived", &archived),
                ("duplicates", &duplicates),
                ("excluded", &excluded),
                ("failed", &failed),
                ("seconds", &seconds),
            ],
        );
        writeln!(streams.err, "{text}")?;
    }
    Ok(if failed > 0 { FAILED } else { 0 })
}

/// A bar on a terminal, plain lines otherwise.
struct Progress {
    lang: Lang,
    bar: Option<indicatif::ProgressBar>,
    last_line: Instant,
}

impl Progress {
    fn new(lang: Lang, terminal: bool) -> Self {
        let bar = terminal.then(indicatif::ProgressBar::new_spinner);
        Self { lang, bar, last_line: Instant::now() }
    }

    fn step(&mut self, step: &Step<'_>, err: &mut dyn std::io::Write) {
        match step {
            Step::Failed { path, reason } => {
                let reason = super::reason_text(reason, self.lang);
                let text = self.lang.text("import-failed", &[("locator", path), ("reason", &reason)]);
                self.say(&text, err);
            }
            Step::Progress { counts, .. } => {
                let text = || {
                    self.lang.text(
                        "import-progress",
                        &[
                            ("seen", &counts.seen()),
                            ("archived", &counts.archived),
                            ("duplicates", &counts.duplicates),
                            ("failed", &counts.failed),
                        ],
                    )
                };
                if let Some(bar) = &self.bar {
                    bar.set_message(text());
                    bar.tick();
                } else if self.last_line.elapsed() >= LINE_INTERVAL {
                    let text = text();
                    self.last_line = Instant::now();
                    self.say(&text, err);
                }
            }
        }
    }

    fn say(&self, text: &str, err: &mut dyn std::io::Write) {
        if let Some(bar) = &self.bar {
            bar.suspend(|| writeln!(err, "{text}").ok());
        } else {
            // Whoever does not listen misses it; the sums come with the report.
            writeln!(err, "{text}").ok();
        }
    }

    fn clear(&self) {
        if let Some(bar) = &self.bar {
            bar.finish_and_clear();
        }
    }
}
