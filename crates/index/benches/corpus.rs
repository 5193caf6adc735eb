//! Measures writing and searching on a Maildir: `cargo bench -p index -- MAILDIR [INDEX_DIR]`.
//! `WRITE_ONLY`, `SEARCH_ONLY` (of an index written before) and `SETTLE` in the environment choose what is done.
//!
//! Mails are taken apart by `mail-parser` alone, and only the index is measured: processor time of parsing is taken off.

use std::collections::HashMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use index::{Attached, Context, Document, Index, Options, Page, Query, Sort, snippet};
use jiff::tz::TimeZone;
use mail_parser::{MessageParser, MimeHeaders};
use model::{AccountId, Address, Kind, Scope, TextKind, UnixMillis};
use uuid::Uuid;

const CHUNK: usize = 500;
const COMMIT: usize = 10_000;

/// A mail as far as the index needs it.
#[derive(Default)]
struct Mail {
    from: Vec<Address>,
    to: Vec<Address>,
    subject: String,
    body: String,
    /// Where quoted text begins, and where the signature does.
    lines: Vec<(TextKind, usize, usize)>,
    date: i64,
    octets: u64,
    message_id: String,
    attachments: Vec<(String, String)>,
}

fn main() {
    let mut args = std::env::args().skip(1).filter(|arg| arg != "--bench");
    let Some(maildir) = args.next().map(PathBuf::from) else {
        println!("needs a Maildir");
        return;
    };
    let dir = args.next().map_or_else(|| std::env::temp_dir().join("index-bench"), PathBuf::from);
    let mut files: Vec<PathBuf> = ["cur", "new"]
        .iter()
        .filter_map(|sub| fs::read_dir(maildir.join(sub)).ok())
        .flat_map(|entries| entries.filter_map(|entry| Some(entry.ok()?.path())))
        .collect();
    files.sort();
    let mut sampler = Sampler::default();
    if std::env::var_os("SEARCH_ONLY").is_none() {
        write(&files, &dir, &mut sampler);
    } else {
        for chunk in files.chunks(CHUNK).step_by(10) {
            sampler.learn(&parse(chunk));
        }
    }
    if std::env::var_os("WRITE_ONLY").is_none() {
        search(&dir, &sampler);
    }
}

fn write(files: &[PathBuf], dir: &Path, sampler: &mut Sampler) {
    let index = Index::recreate(dir, Options::default()).expect("index opens");
    let accounts: Vec<AccountId> = (0..8).map(|n| AccountId::new(Uuid::from_u128(n))).collect();
    let (mut parsing, mut text) = (Duration::ZERO, 0);
    let (started, used) = (Instant::now(), process_time());
    let mut wall = Duration::ZERO;
    for (number, chunk) in files.chunks(CHUNK).enumerate() {
        let before = thread_time();
        let mails = parse(chunk);
        if number % 10 == 0 {
            sampler.learn(&mails);
        }
        parsing += thread_time().saturating_sub(before);
        text += mails.iter().map(|mail| mail.body.len() + mail.subject.len()).sum::<usize>();
        let first = (number * CHUNK) as u64 + 1;
        let documents: Vec<Document<'_>> =
            (first..).zip(&mails).map(|(seq, mail)| document(seq, mail, &accounts)).collect();
        let writing = Instant::now();
        index.write(&documents, &[]).expect("writes");
        if ((number + 1) * CHUNK).is_multiple_of(COMMIT) {
            index.commit(first).expect("commits");
        }
        wall += writing.elapsed();
    }
    index.commit(files.len() as u64).expect("commits");
    let used = process_time().saturating_sub(used).saturating_sub(parsing);
    let count = files.len() as f64;
    println!(
        "write: {} mails, {:.0} octets of text each, {:.1} s in all, {:.1} s waiting, CPU {:.1} µs a mail = {:.0} mails/s·core, peak RSS {} kB, RSS {} kB, {} kB on disk",
        files.len(),
        text as f64 / count,
        started.elapsed().as_secs_f64(),
        wall.as_secs_f64(),
        used.as_secs_f64() * 1e6 / count,
        count / used.as_secs_f64(),
        status("VmHWM"),
        status("VmRSS"),
        size(dir) / 1024,
    );
    let (settling, used) = (Instant::now(), process_time());
    if std::env::var_os("SETTLE").is_some() {
        index.settle().expect("settles");
        println!(
            "settle: {:.2} s, CPU {:.2} s, {} kB on disk",
            settling.elapsed().as_secs_f64(),
            process_time().saturating_sub(used).as_secs_f64(),
            size(dir) / 1024
        );
    }
}

fn document<'a>(seq: u64, mail: &'a Mail, accounts: &'a [AccountId]) -> Document<'a> {
    let account = seq as usize % accounts.len();
    Document {
        seq,
        accounts: &accounts[account..=account],
        date: UnixMillis(mail.date),
        octets: mail.octets,
        kind: Kind::ALL[seq as usize % Kind::ALL.len()],
        unread: seq.is_multiple_of(5),
        has_attachment: !mail.attachments.is_empty(),
        from: &mail.from,
        to: &mail.to,
        cc: &[],
        subject: &mail.subject,
        text: mail.lines.iter().map(|(kind, from, to)| (*kind, &mail.body[*from..*to])).collect(),
        attachments: mail.attachments.iter().map(|(name, text)| Attached { name, text }).collect(),
        message_id: &mail.message_id,
        tags: &[],
        deleted: false,
        spam: false,
        groups: &[],
        links: &[],
        invoices: &[],
    }
}

fn parse(files: &[PathBuf]) -> Vec<Mail> {
    let parser = MessageParser::default();
    files.iter().map(|file| parse_one(&parser, &fs::read(file).expect("reads"))).collect()
}

fn parse_one(parser: &MessageParser, octets: &[u8]) -> Mail {
    let Some(message) = parser.parse(octets) else { return Mail::default() };
    let addresses = |field: Option<&mail_parser::Address<'_>>| -> Vec<Address> {
        let all = field.into_iter().flat_map(|field| field.clone().into_list());
        all.filter_map(|address| {
            Some(Address {
                display_name: address.name.map(Into::into),
                addr_spec: address.address?.into_owned(),
            })
        })
        .collect()
    };
    let body = message.body_text(0).unwrap_or_default().into_owned();
    let mut lines: Vec<(TextKind, usize, usize)> = Vec::new();
    let mut at = 0;
    let mut kind = TextKind::New;
    for line in body.split_inclusive('\n') {
        kind = if line.starts_with('>') {
            TextKind::Quoted
        } else if line.trim_end() == "--" || (kind == TextKind::Signature && !line.trim().is_empty()) {
            TextKind::Signature
        } else {
            TextKind::New
        };
        match lines.last_mut() {
            Some(last) if last.0 == kind => last.2 = at + line.len(),
            _ => lines.push((kind, at, at + line.len())),
        }
        at += line.len();
    }
    Mail {
        from: addresses(message.from()),
        to: addresses(message.to()),
        subject: message.subject().unwrap_or_default().into(),
        lines,
        body,
        date: message.date().map_or(0, |date| date.to_timestamp() * 1000),
        octets: octets.len() as u64,
        message_id: message.message_id().unwrap_or_default().into(),
        attachments: message
            .attachments()
            .map(|part| (part.attachment_name().unwrap_or_default().into(), String::new()))
            .collect(),
    }
}

/// Queries made of what the mails say.
#[derive(Default)]
struct Sampler {
    words: HashMap<String, u32>,
    triples: Vec<String>,
    phrases: Vec<String>,
    senders: Vec<String>,
    bodies: Vec<String>,
}

impl Sampler {
    fn learn(&mut self, mails: &[Mail]) {
        for (number, mail) in mails.iter().enumerate() {
            let words: Vec<&str> =
                mail.body.split_whitespace().filter(|word| word.chars().all(char::is_alphabetic)).collect();
            for word in &words {
                *self.words.entry(word.to_lowercase()).or_default() += 1;
            }
            if number % 10 == 0 && words.len() > 30 {
                self.triples.push(format!("{} {} {}", words[3], words[13], words[23]));
                let at = words.len() / 2;
                self.senders.extend(
                    mail.from.iter().map(|from| format!("from:{} after:2018 before:2019-07", from.addr_spec)),
                );
                self.bodies.push(mail.body.clone());
                let line = mail.body.lines().find(|line| line.split(' ').count() > 4);
                if let Some(line) = line {
                    let words: Vec<&str> = line.split(' ').collect();
                    self.phrases.push(format!("\"{}\"", words[1..3 + at % 2].join(" ")));
                }
            }
        }
    }

    /// Words over all frequencies, as many common as rare.
    fn ranked(&self) -> Vec<String> {
        let mut words: Vec<(&String, &u32)> = self.words.iter().collect();
        words.sort_by_key(|(word, count)| (std::cmp::Reverse(**count), (*word).clone()));
        let mut rank = 1.0_f64;
        let mut picked = Vec::new();
        while (rank as usize) < words.len() {
            picked.push(words[rank as usize - 1].0.clone());
            rank = (rank * 1.02).max(rank + 1.0);
        }
        picked
    }
}

fn search(dir: &Path, sampler: &Sampler) {
    let opening = Instant::now();
    let index = Index::open(dir, Options::default()).expect("index opens");
    println!("open: {:.2} ms, RSS {} kB", opening.elapsed().as_secs_f64() * 1e3, status("VmRSS"));
    let words = sampler.ranked();
    let common: Vec<String> =
        words.iter().take(40).zip(words.iter().skip(1)).map(|(a, b)| format!("\"{a} {b}\"")).collect();
    let prefixes: Vec<String> = words
        .iter()
        .filter(|word| word.len() > 5)
        .map(|word| word.chars().take(4).collect::<String>() + "*")
        .collect();
    let sets = [
        ("one word", words.clone()),
        ("three words", sampler.triples.clone()),
        ("phrase", sampler.phrases.clone()),
        ("common phrase", common),
        ("prefix", prefixes),
        ("sender+date", sampler.senders.clone()),
        ("empty", vec![String::new(); 20]),
    ];
    let scope = Scope::accounts((0..6).map(|n| AccountId::new(Uuid::from_u128(n))).collect());
    for (name, queries) in &sets {
        for (how, page, scope) in [
            ("relevance", Page { sort: Sort::Relevance, ..Page::default() }, &Scope::All),
            ("date", Page::default(), &Scope::All),
            ("date, facets, scope", Page { facets: true, ..Page::default() }, &scope),
            (
                "relevance, facets, scope",
                Page { sort: Sort::Relevance, facets: true, ..Page::default() },
                &scope,
            ),
        ] {
            measure(name, how, queries, |query| index.search(query, scope, &page).expect("searches").total);
        }
    }
    let bodies = &sampler.bodies;
    let mut at = 0;
    measure("snippet", "", &sampler.triples, |query| {
        at = (at + 1) % bodies.len();
        snippet(query, &bodies[at]).len() as u64
    });
    println!("after searching: RSS {} kB", status("VmRSS"));
}

fn measure(name: &str, how: &str, queries: &[String], mut run: impl FnMut(&Query) -> u64) {
    let zone = TimeZone::get("Europe/Berlin").expect("zone");
    let context =
        Context { zone: &zone, now: UnixMillis(0), accounts: &|_| Vec::new(), groups: &|_| Vec::new() };
    let mut times = Vec::new();
    let mut total = 0;
    let mut worst = (Duration::ZERO, "");
    for round in 0..3 {
        for text in queries.iter().take(1000) {
            let started = Instant::now();
            let query = Query::parse(text, &context).expect("parses");
            total += run(&query);
            if round > 0 {
                times.push(started.elapsed());
                if started.elapsed() > worst.0 {
                    worst = (started.elapsed(), text);
                }
            }
        }
    }
    times.sort_unstable();
    let at = |share: f64| times[((times.len() - 1) as f64 * share) as usize].as_secs_f64() * 1e3;
    println!(
        "{name:14} {how:26} p50 {:7.3} ms  p99 {:7.3} ms  max {:7.3} ms ({})  {:.0} found each, {} queries",
        at(0.5),
        at(0.99),
        at(1.0),
        worst.1,
        total as f64 / 3.0 / queries.len().clamp(1, 1000) as f64,
        queries.len().min(1000)
    );
}

/// Time on a processor of this thread.
fn thread_time() -> Duration {
    let text = fs::read_to_string("/proc/thread-self/schedstat").unwrap_or_default();
    Duration::from_nanos(text.split(' ').next().and_then(|ns| ns.parse().ok()).unwrap_or(0))
}

/// Time on processors of all threads, in steps of 10 ms.
fn process_time() -> Duration {
    let text = fs::read_to_string("/proc/self/stat").unwrap_or_default();
    let fields: Vec<&str> = text.rsplit(") ").next().unwrap_or_default().split(' ').collect();
    let ticks: u64 = fields.iter().skip(11).take(2).filter_map(|ticks| ticks.parse::<u64>().ok()).sum();
    Duration::from_millis(ticks * 10)
}

fn status(name: &str) -> u64 {
    let text = fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = text.lines().find(|line| line.starts_with(name)).unwrap_or_default();
    line.split_whitespace().nth(1).and_then(|kb| kb.parse().ok()).unwrap_or(0)
}

fn size(dir: &Path) -> u64 {
    let entries = fs::read_dir(dir).expect("reads");
    entries.filter_map(|entry| Some(entry.ok()?.metadata().ok()?.len())).sum()
}
