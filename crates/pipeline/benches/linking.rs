//! What an ERP costs the way of a mail: intake with records in memory beside intake without, and a dry run of other rules.
//!
//! `cargo bench -p pipeline --bench linking -- MAILS`: MAILS is a folder of mail files, a share of which is taken in each round, the same by both.
//! Half of the contacts and a share of the orders are reached by addresses and numbers of these mails' domain (`example.org`). Times by the
//! clock and by the processor; the ratio is that of the medians.

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::atomic::AtomicBool;
use std::time::Instant;

use intake::files::Source;
use model::{RecordKind, UnixMillis};
use pipeline::{Engine, Import, LinkSettings, Options, WhatIf};
use store::Record;

const CONTACTS: u32 = 500_000;
const ORDERS: u32 = 1_000_000;
const CHUNK: u32 = 1000;
const ROUNDS: usize = 5;
const ROUND_MAILS: usize = 2500;
const TRIED: usize = 10_000;

fn main() {
    let args: Vec<String> = std::env::args().skip(1).filter(|arg| !arg.starts_with("--")).collect();
    let Some(folder) = args.first() else {
        eprintln!("bench linking: give a folder of mails");
        return;
    };
    let scratch = tempfile::tempdir().expect("a temporary directory");
    let open = |name: &str| {
        let options = Options { create: true, ..Options::default() };
        Engine::open(&scratch.path().join(name), &options).expect("the data directory opens")
    };
    let (without, with) = (open("without"), open("with"));
    records(&with);
    let start = Instant::now();
    drop(with.link_rules().expect("the directory loads"));
    println!("{} records in memory after {:.1} s", CONTACTS + ORDERS, start.elapsed().as_secs_f64());
    let mut files = Vec::new();
    collect(Path::new(folder), &mut files);
    files.sort();
    let (mut rates, mut costs) = ([Vec::new(), Vec::new()], [Vec::new(), Vec::new()]);
    for (round, files) in files.chunks(ROUND_MAILS).take(ROUNDS).enumerate() {
        let sides = if round % 2 == 0 { [0, 1] } else { [1, 0] };
        for side in sides {
            let engine = [&without, &with][side];
            let (wall, cpu) = taken(engine, files);
            rates[side].push(files.len() as f64 / wall);
            costs[side].push(cpu * 1e6 / files.len() as f64);
        }
    }
    let [rate, rate_with] = rates.map(median);
    let [cost, cost_with] = costs.map(median);
    println!("without records {rate:.0} mails/s, {cost:.0} µs of the processor a mail");
    println!("with records    {rate_with:.0} mails/s, {cost_with:.0} µs of the processor a mail");
    println!("with records: {:.3} of the rate, {:.3} of the processor", rate_with / rate, cost_with / cost);
    let settings = LinkSettings { first_address_wins: true, ..LinkSettings::default() };
    for known_when_it_came in [false, true] {
        let what_if =
            WhatIf { settings: settings.clone(), last: TRIED, known_when_it_came, ..WhatIf::default() };
        let start = Instant::now();
        let tried = with.what_if(&what_if).expect("the dry run ends");
        let when = if known_when_it_came { "records as they were known" } else { "today's records" };
        println!("dry run, {when}: {} mails in {:.2} s", tried.seen, start.elapsed().as_secs_f64());
    }
    without.close();
    with.close();
}

fn records(engine: &Engine) {
    let at = UnixMillis(1_700_000_000_000);
    let put = |kind: RecordKind, count: u32, make: &dyn Fn(u32) -> Record| {
        for first in (0..count).step_by(CHUNK as usize) {
            let chunk = (first..(first + CHUNK).min(count)).map(make).collect();
            engine.store().put_records(chunk, 0, at).unwrap_or_else(|_| panic!("{} are put", kind.as_str()));
        }
    };
    put(RecordKind::Contact, CONTACTS, &|n| Record {
        addresses: vec![format!("kunde{n}@example.org"), format!("c{n}@example.net")],
        ..Record::new(RecordKind::Contact, &format!("K-{n}"))
    });
    put(RecordKind::Order, ORDERS, &|n| Record {
        contact: Some(format!("K-{}", n % CONTACTS)),
        references: vec![format!("PO-{n:07}")],
        ..Record::new(RecordKind::Order, &format!("B-2026-{n:05}"))
    });
}

fn collect(folder: &Path, files: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(folder).expect("the folder can be read").flatten() {
        let path = entry.path();
        if path.is_dir() {
            collect(&path, files);
        } else if !path.extension().is_some_and(|extension| extension == "json" || extension == "jsonl") {
            files.push(path);
        }
    }
}

/// Seconds by the clock and of the processor until these files are filed.
fn taken(engine: &Engine, files: &[PathBuf]) -> (f64, f64) {
    let account = engine.account_or_import("bench").expect("there is an account");
    let sources = files.iter().map(Source::from).collect();
    let import = Import { account, sources, directory: None, run: None };
    let (start, cpu) = (Instant::now(), processor());
    let stop = AtomicBool::new(false);
    let counts = engine.import(&import, &mut std::io::empty(), &stop, &mut |_| ()).expect("the import ends");
    assert_eq!(counts.archived, files.len() as u64, "all of them are new");
    engine.catch_up().expect("everything is followed");
    (start.elapsed().as_secs_f64(), processor() - cpu)
}

/// Seconds that this process has used of the processor.
fn processor() -> f64 {
    let stat = fs::read_to_string("/proc/self/stat").unwrap_or_default();
    let ticks: u64 = stat
        .rsplit(')')
        .next()
        .unwrap_or_default()
        .split_whitespace()
        .skip(11)
        .take(2)
        .filter_map(|n| n.parse::<u64>().ok())
        .sum();
    ticks as f64 / rustix::param::clock_ticks_per_second() as f64
}

fn median(mut values: Vec<f64>) -> f64 {
    values.sort_by(f64::total_cmp);
    values.get(values.len() / 2).copied().unwrap_or_default()
}
