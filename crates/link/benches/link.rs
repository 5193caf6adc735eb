//! Deciding on mails with directories from 10,000 to a million orders; `cargo xtask bench link`.
//!
//! Mails: a third from customers with one order, a third from customers with several of whom half name one, a third from
//! strangers; each with 15 numbers in its text. Figures are of one thread.

#![expect(clippy::disallowed_types, reason = "a benchmark reads memory and clocks")]

use std::hint::black_box;
use std::time::Instant;

use link::{Directory, Entry, Mail, Settings};
use model::{Found, MailFacts, NumberToken, Place, RecordKey, RecordKind, Span, UnixMillis};

/// Mails of a round.
const MAILS: usize = 20_000;
/// Rounds; the best counts.
const ROUNDS: usize = 5;

fn contact_number(n: usize) -> String {
    format!("K{n:07}")
}

fn order_number(n: usize) -> String {
    format!("B-2026-{n:07}")
}

/// As many orders; half as many contacts, of which the first third has one order each, the others several.
fn directory(orders: usize) -> Directory {
    let contacts = orders / 2;
    let single = contacts / 3;
    let mut directory = Directory::new(42);
    for n in 0..contacts {
        let mut contact = Entry::new(RecordKey(n as i64), RecordKind::Contact, &contact_number(n));
        contact.addresses = vec![format!("customer{n}@firm{}.example", n % 1000)];
        directory.put(&contact);
    }
    for n in 0..orders {
        let owner = if n < single { n } else { single + n % (contacts - single) };
        let mut order = Entry::new(RecordKey((contacts + n) as i64), RecordKind::Order, &order_number(n));
        order.contact = Some(contact_number(owner));
        order.references = vec![format!("PO-{}-{n}", n % 97)];
        directory.put(&order);
    }
    directory
}

struct Written {
    from: String,
    facts: MailFacts,
}

fn mails(orders: usize) -> Vec<Written> {
    let contacts = orders / 2;
    let single = contacts / 3;
    let mut state = 0x2545_f491_4f6c_dd1d_u64;
    let mut random = |below: usize| {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        (state % below.max(1) as u64) as usize
    };
    (0..MAILS)
        .map(|n| {
            let owner = match n % 3 {
                0 => random(single),
                _ => single + random(contacts - single),
            };
            let from = match n % 3 {
                2 => format!("stranger{n}@elsewhere.example"),
                _ => format!("customer{owner}@firm{}.example", owner % 1000),
            };
            let mut numbers: Vec<String> = (0..15).map(|k| format!("X{}-{}", k, random(1 << 30))).collect();
            if n % 2 == 0 {
                let order =
                    if owner < single { owner } else { first_order(owner - single, single, contacts) };
                numbers[7] = order_number(order);
            }
            let found = numbers.into_iter().enumerate().map(|(at, number)| Found {
                span: Span { at: at as u64 * 40, len: number.len() as u64 },
                value: NumberToken(number),
                place: Place::New,
            });
            Written { from, facts: MailFacts { numbers: found.collect(), addresses: Vec::new() } }
        })
        .collect()
}

/// The first order of one who has several: from the first third on, orders go round.
fn first_order(turn: usize, single: usize, contacts: usize) -> usize {
    let round = contacts - single;
    turn + round * single.saturating_sub(turn).div_ceil(round)
}

fn main() {
    println!("orders      directory   put a record   decide   mails/s   linked");
    for orders in [10_000, 100_000, 1_000_000] {
        let before = resident();
        let started = Instant::now();
        let directory = directory(orders);
        let put = started.elapsed();
        let held = resident().saturating_sub(before);
        let mails = mails(orders);
        let settings = Settings::default();
        let (mut best, mut linked) = (f64::MAX, 0);
        for _ in 0..ROUNDS {
            let started = Instant::now();
            linked = 0;
            for written in &mails {
                let (from, to) = ([written.from.as_str()], ["info@our.example"]);
                let mail = Mail::alone(&from, &to, &written.facts, UnixMillis(0));
                let decision = link::decide(black_box(&mail), &directory, &settings);
                linked += usize::from(!decision.links.is_empty());
            }
            best = best.min(started.elapsed().as_secs_f64() / mails.len() as f64);
        }
        let records = directory.len() as f64;
        println!(
            "{orders:>9}   {:>6} MB   {:>9.2} µs   {:>6.2} µs   {:>7.0}   {:>5.1} %",
            held / 1_000_000,
            put.as_secs_f64() * 1e6 / records,
            best * 1e6,
            1.0 / best,
            100.0 * linked as f64 / mails.len() as f64,
        );
    }
}

/// Resident memory of this process, octets.
fn resident() -> usize {
    let statm = std::fs::read_to_string("/proc/self/statm").unwrap_or_default();
    let pages = statm.split_whitespace().nth(1).and_then(|pages| pages.parse::<usize>().ok());
    pages.unwrap_or_default() * 4096
}
