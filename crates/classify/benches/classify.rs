//! Measures reading and judging mails: `cargo bench -p classify -- [--repeat N] FOLDER`, or with
//! `--false-failures FOLDER` lists each mail of a folder that is called a bounce or a delay.
//!
//! All below the folder is taken as mails, except what cannot be one (names that end as programs' own files do).

#![expect(
    clippy::disallowed_methods,
    clippy::disallowed_types,
    reason = "a benchmark reads files and clocks"
)]

use std::collections::BTreeMap;
use std::fs;
use std::hint::black_box;
use std::path::{Path, PathBuf};
use std::time::Instant;

use classify::Options;
use model::Kind;
use parse::Limits;
use test_support::fixtures::thread_nanoseconds;

const NOT_MAILS: [&str; 6] = ["expected", "json", "jsonl", "md", "csv", "js"];

/// Mails in memory at a time.
const READ_AHEAD: usize = 100;

fn main() {
    let arguments: Vec<String> = std::env::args().skip(1).filter(|argument| argument != "--bench").collect();
    let words: Vec<&str> = arguments.iter().map(String::as_str).collect();
    match words.as_slice() {
        ["--false-failures", folder] => false_failures(Path::new(folder)),
        ["--repeat", number, folder] => measure(Path::new(folder), number.parse().expect("a number")),
        [folder] => measure(Path::new(folder), 1),
        _ => println!("needs a folder with mails"),
    }
}

fn measure(folder: &Path, repeat: usize) {
    let paths = mails(folder);
    let count = paths.len() * repeat;
    assert!(count > 0, "no mail below {}", folder.display());
    // A few mails are read ahead, as from a mailbox; reading is not counted.
    let (mut whole, mut reading, mut both, mut wall) = (0_u64, 0_u64, 0_u64, 0.0_f64);
    let mut octets = 0;
    let mut kinds: BTreeMap<&str, usize> = BTreeMap::new();
    let options = Options::default();
    let limits = Limits::default();
    black_box(judged(b"From: a@b.example\n\n550 5.1.1 x\n"));
    for _ in 0..repeat {
        for chunk in paths.chunks(READ_AHEAD) {
            let mails: Vec<Vec<u8>> =
                chunk.iter().map(|path| fs::read(path).expect("the mail can be read")).collect();
            octets += mails.iter().map(Vec::len).sum::<usize>();
            let started = Instant::now();
            both += spent(|| {
                for mail in &mails {
                    let (message, _) = black_box(parse::read(mail, &limits));
                    let verdict = black_box(classify::verdict(&message, &options));
                    *kinds.entry(verdict.kind.as_str()).or_default() += 1;
                }
            });
            wall += started.elapsed().as_secs_f64();
            reading += spent(|| mails.iter().for_each(|mail| drop(black_box(parse::read(mail, &limits)))));
            whole += spent(|| mails.iter().for_each(|mail| drop(black_box(parse::parse(mail, &limits)))));
        }
    }
    let judging = both.saturating_sub(reading);
    let per_second = |ns: u64| count as f64 / (ns as f64 / 1e9);
    println!("mails: {count}, {:.1} kB each, {kinds:?}", octets as f64 / count as f64 / 1e3);
    println!(
        "parse (with facts and digest): {:.0} mails/s a core, {:.1} µs a mail",
        per_second(whole),
        us(whole, count)
    );
    println!(
        "read (without them): {:.0} mails/s a core, {:.1} µs a mail",
        per_second(reading),
        us(reading, count)
    );
    println!("read and classify: {:.0} mails/s a core, {:.1} µs a mail", per_second(both), us(both, count));
    println!(
        "parse and classify: {:.0} mails/s a core, {:.1} µs a mail",
        per_second(whole + judging),
        us(whole + judging, count)
    );
    println!(
        "classify: {:.1} µs a mail, {:.2} times the CPU of parse",
        us(judging, count),
        judging as f64 / whole as f64
    );
    println!("by the clock: {:.0} mails/s", count as f64 / wall);
    println!("peak RSS: {:.1} MB", rss_kb() as f64 / 1e3);
}

/// Processor time of many mails at once: to ask for it takes as long as part of a mail.
fn spent(work: impl FnOnce()) -> u64 {
    let before = thread_nanoseconds();
    work();
    thread_nanoseconds() - before
}

fn us(ns: u64, count: usize) -> f64 {
    ns as f64 / 1e3 / count as f64
}

fn false_failures(folder: &Path) {
    let paths = mails(folder);
    let mut called = 0;
    let mut kinds: BTreeMap<&str, usize> = BTreeMap::new();
    for path in &paths {
        let verdict = judged(&fs::read(path).expect("the mail can be read"));
        *kinds.entry(verdict.kind.as_str()).or_default() += 1;
        if !matches!(verdict.kind, Kind::Bounce | Kind::Delay) {
            continue;
        }
        called += 1;
        let evidence: Vec<String> =
            verdict.evidence.iter().map(|found| format!("{} at {}", found.rule, found.place)).collect();
        let recipients: Vec<&str> =
            verdict.reports.iter().filter_map(|report| report.recipient.as_deref()).collect();
        println!(
            "{}: {} by {} for {recipients:?}: {}",
            path.strip_prefix(folder).unwrap_or(path).display(),
            verdict.kind.as_str(),
            verdict.source.as_ref().map_or("-", |source| source.0),
            evidence.join(", ")
        );
    }
    println!("{called} of {} mails are called a failure or delay; {kinds:?}", paths.len());
}

fn judged(mail: &[u8]) -> model::Verdict {
    classify::verdict(&parse::read(mail, &Limits::default()).0, &Options::default())
}

/// Files below a folder, sorted.
fn mails(folder: &Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    let mut open = vec![folder.to_owned()];
    while let Some(folder) = open.pop() {
        for entry in fs::read_dir(&folder).into_iter().flatten().flatten() {
            let path = entry.path();
            let name = path.extension().and_then(std::ffi::OsStr::to_str).unwrap_or_default();
            if path.is_dir() {
                open.push(path);
            } else if !NOT_MAILS.contains(&name) {
                found.push(path);
            }
        }
    }
    found.sort();
    found
}

/// Largest resident set so far.
fn rss_kb() -> u64 {
    let text = fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = text.lines().find(|line| line.starts_with("VmHWM")).unwrap_or_default();
    line.split_whitespace().nth(1).and_then(|kb| kb.parse().ok()).unwrap_or(0)
}
