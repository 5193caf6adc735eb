//! How long a page takes, and how much memory, where much was left out: the completeness of a mailbox with 500,000 mails, and the
//! report of an import with 1,000,000 entries.
//!
//! `cargo bench -p store --bench reports -- [mails] [entries] [sqlite|postgres] [folder]`; the folder should lie on the disk that
//! matters.

use std::path::PathBuf;
use std::time::{Duration, Instant};

use doctor::Tally;
use model::{AccountId, ImportRunId, MailboxId, Position, UnixMillis};
use store::{
    Database, EntryFate, EntryOutcome, ImportRun, Intake, LeftOut, MailboxListing, NewAccount, NewEntry,
    RunCounts, Store,
};

#[path = "../src/tests/engine.rs"]
mod engine;

const BATCH: u64 = 500;
/// UIDs compared at a time, as the comparison with a server does.
const WINDOW: usize = 5000;
/// Rows of a page.
const PAGE: usize = 200;
const NOW: UnixMillis = UnixMillis(1_770_000_000_000);

fn main() {
    let args: Vec<String> = std::env::args().skip(1).filter(|arg| !arg.starts_with("--")).collect();
    let number = |at: usize, otherwise| args.get(at).and_then(|arg| arg.parse().ok()).unwrap_or(otherwise);
    let (mails, entries) = (number(0, 500_000), number(1, 1_000_000));
    if args.get(2).is_some_and(|engine| engine == "postgres") {
        let Some(server) = engine::Postgres::start() else { return };
        run(&Store::open(&server.database("bench")).expect("opens"), mails, entries);
        return;
    }
    let folder = args.get(3).map_or_else(|| engine::Folder::new().path.clone(), PathBuf::from);
    std::fs::create_dir_all(&folder).expect("can be made");
    run(&Store::open(&Database::Sqlite { path: folder.join("bench.db") }).expect("opens"), mails, entries);
    let _ = std::fs::remove_dir_all(&folder);
}

fn id(kind: u8) -> [u8; 16] {
    [kind; 16]
}

fn run(store: &Store, mails: u64, entries: u64) {
    let (account, mailbox) = (AccountId::from_octets(id(1)), MailboxId::from_octets(id(2)));
    let new = NewAccount { name: "bench".to_owned(), ..NewAccount::default() };
    store.create_account(account, new, NOW).expect("new");
    let inbox = MailboxListing {
        id: mailbox,
        name: b"INBOX".to_vec(),
        display_name: "INBOX".to_owned(),
        special_use: None,
        selected: true,
    };
    store.upsert_mailboxes(account, vec![inbox]).expect("new");
    println!("before: {} MB", resident_mb());
    ledger(store, mailbox, mails);
    report(store, account, entries);
}

fn ledger(store: &Store, mailbox: MailboxId, mails: u64) {
    let begin = Instant::now();
    for from in (0..mails).step_by(BATCH as usize) {
        let left = (from..(from + BATCH).min(mails)).map(|n| LeftOut {
            mailbox,
            position: Position::Imap { uid_validity: 1, uid: n as u32 + 1 },
            excluded: !n.is_multiple_of(10),
            reason: "private".to_owned(),
        });
        store.leave_out(left.collect(), NOW).expect("kept");
    }
    println!("{mails} mails left out: {:.1} s", begin.elapsed().as_secs_f64());
    let (mut tally, mut after, mut windows) = (Tally::default(), 0, Times::default());
    let last = u32::try_from(mails).unwrap_or(u32::MAX);
    let begin = Instant::now();
    while after < last {
        let (ours, end) = windows.measure(|| store.ours(mailbox, 1, after, last, WINDOW).expect("a window"));
        tally.window(&[(after + 1, end)], &ours, last);
        after = end;
    }
    let compared = begin.elapsed().as_secs_f64();
    println!("compared in {compared:.1} s, windows of {WINDOW}: {windows}; {} MB at most", resident_mb());
    store.set_ledger(mailbox, 1, tally, NOW).expect("kept");
    let (mut at, mut rows, mut pages) = (0, 0, Times::default());
    loop {
        let page = pages.measure(|| store.ledger_rows(mailbox, at, PAGE).expect("a page"));
        let Some((last, _)) = page.last() else { break };
        (at, rows) = (*last, rows + page.len());
    }
    println!("{rows} rows of the ledger in pages of {PAGE}: {pages}; {} MB at most", resident_mb());
}

fn report(store: &Store, account: AccountId, entries: u64) {
    let run = ImportRunId::from_octets(id(3));
    let new = ImportRun {
        id: run,
        account,
        actor: "bench".to_owned(),
        source: "bench.mbox".to_owned(),
        state: "running".to_owned(),
        started: NOW,
        finished: None,
        total_octets: None,
        counts: RunCounts::default(),
        entries: None,
    };
    store.start_import(new).expect("new");
    let begin = Instant::now();
    for from in (0..entries).step_by(BATCH as usize) {
        let batch = (from..(from + BATCH).min(entries)).map(|n| {
            let detail = format!("{}", n % 100);
            let fate = if n.is_multiple_of(7) {
                EntryFate::Failed { reason: "import-no-mail".to_owned(), detail }
            } else {
                EntryFate::Excluded { rule: "import-exclusion".to_owned(), detail }
            };
            NewEntry { run, n: n + 1, locator: format!("/home/post/archive/bench.mbox#{n}"), fate }
        });
        let batch = Intake { entries: batch.collect(), now: NOW, ..Intake::default() };
        store.commit_intake(batch).expect("kept");
    }
    println!("{entries} entries of an import: {:.1} s", begin.elapsed().as_secs_f64());
    for (what, outcome) in [("all", None), ("failed", Some(EntryOutcome::Failed))] {
        let (mut at, mut rows, mut pages) = (0, 0, Times::default());
        loop {
            let page = pages.measure(|| store.import_entries(run, outcome, at, PAGE).expect("a page"));
            let Some(last) = page.last() else { break };
            (at, rows) = (last.n, rows + page.len());
        }
        println!("{rows} {what} in pages of {PAGE}: {pages}; {} MB at most", resident_mb());
    }
    let mut sums = Times::default();
    let counts = sums.measure(|| store.import_sums(run).expect("sums"));
    assert_eq!(counts.seen, entries);
    sums.measure(|| store.import_reasons(run, 50).expect("reasons"));
    println!("sums and reasons: {sums}; {} MB at most", resident_mb());
}

fn resident_mb() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find(|line| line.starts_with("VmHWM:")).unwrap_or_default();
    line.split_whitespace().nth(1).and_then(|kb| kb.parse::<u64>().ok()).unwrap_or_default() >> 10
}

/// Times of the same thing.
#[derive(Default)]
struct Times(Vec<Duration>);

impl Times {
    fn measure<T>(&mut self, work: impl FnOnce() -> T) -> T {
        let begin = Instant::now();
        let done = work();
        self.0.push(begin.elapsed());
        done
    }
}

impl std::fmt::Display for Times {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let mut times = self.0.clone();
        times.sort();
        let at = |share: usize| {
            let last = times.len().saturating_sub(1);
            times.get(last * share / 100).map_or(0.0, |time| time.as_secs_f64() * 1000.0)
        };
        write!(f, "p50 {:.2} p99 {:.2} max {:.2} ms", at(50), at(99), at(100))
    }
}
