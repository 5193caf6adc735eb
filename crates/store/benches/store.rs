//! How many mails a second the database takes, how large it gets, and how long a page takes.
//!
//! `cargo bench -p store -- [mails] [sqlite|postgres] [folder]`; the folder should lie on the disk that matters.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::{Duration, Instant};

use model::{
    AccountId, Address, Evidence, Flags, Found, Kind, Location, MailFacts, MailId, MailboxId, MessageId,
    NumberToken, ObjectId, PartRole, Place, Position, Scope, SegmentId, Sha256, Span, UnixMillis, Verdict,
};
use store::{
    AddressRole, Database, Filed, Intake, IntakeItem, IntakeOutcome, ListFilter, ListOrder, ListStart,
    MailboxListing, NewAccount, NewPart, NodeHash, SegmentCommit, Store, ThreadAnswer, ThreadAssigner,
    ThreadWork,
};

#[path = "../src/tests/engine.rs"]
mod engine;

const BATCH: u64 = 500;
const ACCOUNTS: u64 = 10;
const NOW: i64 = 1_770_000_000_000;
const BEGIN: i64 = 1_600_000_000_000;

fn main() {
    let args: Vec<String> = std::env::args().skip(1).filter(|arg| !arg.starts_with("--")).collect();
    let mails: u64 = args.first().and_then(|arg| arg.parse().ok()).unwrap_or(50_000);
    let wanted = args.get(1).map_or("sqlite", String::as_str);
    if wanted == "postgres" {
        let Some(server) = engine::Postgres::start() else { return };
        let store = Store::open(&server.database("bench")).expect("opens");
        run(&store, mails);
        return;
    }
    let folder = args.get(2).map_or_else(|| engine::Folder::new().path.clone(), PathBuf::from);
    std::fs::create_dir_all(&folder).expect("can be made");
    let path = folder.join("bench.db");
    let store = Store::open(&Database::Sqlite { path: path.clone() }).expect("opens");
    run(&store, mails);
    store.close();
    drop(store);
    let octets = std::fs::metadata(&path).map_or(0, |file| file.len());
    println!("file {} MB, {} octets a mail", octets >> 20, octets / mails);
    let _ = std::fs::remove_dir_all(&folder);
}

/// A number that looks random and always is the same.
fn scatter(n: u64, salt: u64) -> u64 {
    let mut x = n.wrapping_add(salt.wrapping_mul(0x9e37_79b9_7f4a_7c15)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    x ^= x >> 31;
    x = x.wrapping_mul(0x94d0_49bb_1331_11eb);
    x ^ (x >> 29)
}

fn id(kind: u8, n: u64) -> [u8; 16] {
    let mut octets = [kind; 16];
    octets[8..].copy_from_slice(&n.to_be_bytes());
    octets
}

fn digest(n: u64) -> Sha256 {
    let mut octets = [0; 32];
    for (at, chunk) in octets.chunks_exact_mut(8).enumerate() {
        chunk.copy_from_slice(&scatter(n, at as u64 + 1).to_be_bytes());
    }
    Sha256(octets)
}

fn hash(n: u64, salt: u64) -> [u8; 16] {
    let mut octets = [0; 16];
    octets[..8].copy_from_slice(&scatter(n, salt).to_be_bytes());
    octets[8..].copy_from_slice(&scatter(n, salt + 1).to_be_bytes());
    octets
}

fn item(n: u64) -> IntakeItem {
    IntakeItem {
        mail_id: MailId::from_octets(id(3, n)),
        sha256: digest(n),
        octets: 3000 + scatter(n, 9) % 20_000,
        record: Some((
            ObjectId::from_octets(hash(n, 20)),
            Location {
                segment: SegmentId::from_octets(id(4, n / 40_000)),
                at: (n % 40_000) * 3000,
                len: 2900,
            },
        )),
        mailbox: MailboxId::from_octets(id(2, n % ACCOUNTS)),
        position: Position::Imap { uid_validity: 1, uid: n as u32 + 1 },
        received: Some(UnixMillis(NOW)),
        fetched: UnixMillis(NOW),
        flags: Flags { seen: !n.is_multiple_of(4), ..Flags::default() },
        envelope: None,
    }
}

fn filed(seq: i64, n: u64) -> Filed {
    let person = |salt: u64| {
        let who = scatter(n, salt) % 5000;
        Address {
            display_name: Some(format!("Person {who}")),
            addr_spec: format!("person{who}@company{}.example", who % 300),
        }
    };
    let attached = scatter(n, 11).is_multiple_of(5);
    let mut nodes: Vec<NodeHash> = vec![hash(n, 40)];
    if scatter(n, 12) % 5 < 2 && n > 100 {
        nodes.push(hash(n - 1 - scatter(n, 13) % 100, 40));
    }
    Filed {
        seq,
        message_key: hash(n, 50),
        // As mail comes, more or less in order: one every three minutes, give or take some days.
        date: UnixMillis(BEGIN + n as i64 * 180_000 + (scatter(n, 14) % (6 * 86_400)) as i64 * 1000),
        message_id: Some(MessageId(format!("{:016x}.{n}@mail.company.example", scatter(n, 15)))),
        subject: format!("Re: order B-2026-{} and the delivery date", n % 90_000),
        preview: "Dear all, thank you for your message. We have looked into it and can confirm that the goods left \
            our house yesterday; they should reach you by the end of the week."
            .to_owned(),
        addresses: vec![(AddressRole::From, person(1)), (AddressRole::To, person(2)), (AddressRole::Cc, person(3))],
        parts: if attached {
            vec![NewPart {
                number: "2".to_owned(),
                name: Some(format!("invoice-{n}.pdf")),
                content_type: "application/pdf".to_owned(),
                octets: 40_000,
                sha256: Some(digest(n + (1 << 40))),
                role: PartRole::Attachment,
            }]
        } else {
            Vec::new()
        },
        attachments: u32::from(attached),
        defects: Vec::new(),
        facts: MailFacts {
            numbers: vec![Found {
                value: NumberToken(format!("B-2026-{}", n % 90_000)),
                place: Place::Subject,
                span: Span { at: 10, len: 12 },
            }],
            addresses: Vec::new(),
        },
        verdict: Verdict {
            kind: Kind::ALL[if scatter(n, 16).is_multiple_of(4) { scatter(n, 17) as usize % 14 } else { 13 }],
            confidence: 1.0,
            evidence: vec![Evidence { rule: "none", place: String::new() }],
            ..Verdict::default()
        },
        spam: None,
        nodes,
        references: Vec::new(),
        invoices: Vec::new(),
    }
}

/// Joins a mail to the thread of the first node that is known.
struct Simple;

impl ThreadAssigner for Simple {
    fn assign(&self, work: &ThreadWork) -> ThreadAnswer {
        let mut known = work.known.clone();
        let threads = work.mails.iter().map(|mail| {
            let found = mail.nodes.iter().find_map(|node| known.get(node).copied()).unwrap_or(mail.seq);
            known.extend(mail.nodes.iter().map(|node| (*node, found)));
            found
        });
        ThreadAnswer { threads: threads.collect(), merges: Vec::new() }
    }
}

fn set_up(store: &Store) {
    for n in 0..ACCOUNTS {
        let account = AccountId::from_octets(id(1, n));
        let new = NewAccount { name: format!("account {n}"), ..NewAccount::default() };
        store.create_account(account, new, UnixMillis(NOW)).expect("new");
        let inbox = MailboxListing {
            id: MailboxId::from_octets(id(2, n)),
            name: b"INBOX".to_vec(),
            display_name: "INBOX".to_owned(),
            special_use: None,
            selected: true,
        };
        store.upsert_mailboxes(account, vec![inbox]).expect("new");
    }
}

fn rate(what: &str, count: u64, time: Duration) {
    println!("{what}: {:.0} mails/s", count as f64 / time.as_secs_f64());
}

/// Time this process has computed; ticks of 10 ms.
fn computed() -> Duration {
    let stat = std::fs::read_to_string("/proc/self/stat").unwrap_or_default();
    let ticks = stat.rsplit(") ").next().unwrap_or_default().split(' ').skip(11).take(2);
    Duration::from_millis(ticks.filter_map(|ticks| ticks.parse::<u64>().ok()).sum::<u64>() * 10)
}

fn resident_mb() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find(|line| line.starts_with("VmHWM:")).unwrap_or_default();
    line.split_whitespace().nth(1).and_then(|kb| kb.parse::<u64>().ok()).unwrap_or_default() >> 10
}

fn run(store: &Store, mails: u64) {
    set_up(store);
    let (mut intake, mut filing) = (Duration::ZERO, Duration::ZERO);
    let before = computed();
    let assigner: Arc<dyn ThreadAssigner> = Arc::new(Simple);
    for from in (0..mails).step_by(BATCH as usize) {
        let range = from..(from + BATCH).min(mails);
        let items: Vec<IntakeItem> = range.clone().map(item).collect();
        let segment = SegmentId::from_octets(id(4, range.end.saturating_sub(1) / 40_000));
        let batch = Intake {
            items,
            segments: vec![SegmentCommit { segment, committed: range.end * 3000, sealed: false }],
            now: UnixMillis(NOW),
            ..Intake::default()
        };
        let begin = Instant::now();
        let outcomes = store.commit_intake(batch).expect("committed");
        intake += begin.elapsed();
        let found = outcomes.iter().zip(range).filter_map(|(outcome, n)| match outcome {
            IntakeOutcome::New { seq, .. } => Some(filed(*seq, n)),
            IntakeOutcome::Duplicate { .. } => None,
        });
        let batch: Vec<Filed> = found.collect();
        let begin = Instant::now();
        store.file_batch(batch, assigner.clone(), None).expect("filed");
        filing += begin.elapsed();
        if (from / BATCH) % 100 == 99 {
            rate("  so far", from + BATCH, intake + filing);
        }
    }
    rate("intake", mails, intake);
    rate("filing", mails, filing);
    rate("both", mails, intake + filing);
    let computed = computed().saturating_sub(before);
    println!("computed {:.1} µs a mail, mails made up included", computed.as_secs_f64() * 1e6 / mails as f64);
    println!("peak memory {} MB", resident_mb());
    pages(store, mails);
}

fn pages(store: &Store, mails: u64) {
    let some = |n: u64| Scope::accounts((0..n).map(|n| AccountId::from_octets(id(1, n))).collect());
    let kind = |kind| ListFilter { kind: Some(kind), ..ListFilter::default() };
    let unread = ListFilter { unread: Some(true), ..ListFilter::default() };
    let attached = ListFilter { has_attachment: Some(true), ..ListFilter::default() };
    let all = ListFilter::default();
    for (what, scope, filter) in [
        ("all", Scope::All, all),
        ("one account", some(1), all),
        ("three accounts", some(3), all),
        ("ten accounts", some(10), all),
        ("bounces", Scope::All, kind(Kind::Bounce)),
        ("unread", Scope::All, unread),
        ("attachments", Scope::All, attached),
        ("bounces of three accounts", some(3), kind(Kind::Bounce)),
    ] {
        page(store, what, &scope, &filter, mails);
    }
}

fn page(store: &Store, what: &str, scope: &Scope, filter: &ListFilter, mails: u64) {
    let (mut page, mut jump) = (Times::default(), Times::default());
    let list = |start| store.list(scope, filter, ListOrder::Descending, start, 50).expect("a page");
    let total = store.count(scope, filter).expect("a count");
    for n in 0..1000 {
        page.measure(|| list(MessageCursorAt(n, mails).cursor()));
        if n.is_multiple_of(10) {
            let offset = scatter(n, 3) % total.max(1);
            jump.measure(|| list(ListStart::Offset(offset)));
        }
    }
    println!("page of 50, {what} ({total}): {page} · jump {jump}");
}

/// Times of the same thing: as on the clock, and as computed by this thread, which a busy machine changes less.
#[derive(Default)]
struct Times(Vec<(Duration, Duration)>);

impl Times {
    fn measure<T>(&mut self, work: impl FnOnce() -> T) {
        let (begin, computed) = (Instant::now(), computed_by_thread());
        std::hint::black_box(work());
        self.0.push((begin.elapsed(), computed_by_thread().saturating_sub(computed)));
    }
}

impl std::fmt::Display for Times {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let show = |f: &mut std::fmt::Formatter<'_>, mut times: Vec<Duration>| {
            times.sort();
            let at = |share: usize| times[(times.len() - 1) * share / 100].as_secs_f64() * 1000.0;
            write!(f, "p50 {:.2} p99 {:.2}", at(50), at(99))
        };
        show(f, self.0.iter().map(|times| times.0).collect())?;
        f.write_str(" ms (computed ")?;
        show(f, self.0.iter().map(|times| times.1).collect())?;
        f.write_str(")")
    }
}

/// Time this thread has computed.
fn computed_by_thread() -> Duration {
    let stat = std::fs::read_to_string("/proc/thread-self/schedstat").unwrap_or_default();
    Duration::from_nanos(stat.split(' ').next().and_then(|ns| ns.parse().ok()).unwrap_or_default())
}

/// Pages all over the list: a place in time.
struct MessageCursorAt(u64, u64);

impl MessageCursorAt {
    fn cursor(&self) -> ListStart {
        let date = UnixMillis(BEGIN + (scatter(self.0, 5) % self.1) as i64 * 180_000);
        ListStart::After(store::MessageCursor { date, seq: self.1 as i64 })
    }
}
