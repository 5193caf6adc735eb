//! Inputs nobody would write, made of those somebody did: what `fuzz/` does with a nightly compiler, for any compiler.

use std::fs;
use std::panic::{AssertUnwindSafe, catch_unwind};

use crate::fixtures::{slow_tests, thread_nanoseconds};

/// Octets of an input.
const INPUT_OCTETS_MAX: usize = 48 << 10;

/// Processor time that one input may take, also without optimisation: far from what a quadratic rule takes at that size.
const INPUT_NANOSECONDS_MAX: u64 = 5_000_000_000;

/// Whatever parsers look for.
const WORDS: [&[u8]; 40] = [
    b"\n",
    b"\r\n",
    b"\n\n",
    b"\r",
    b"\0",
    b" ",
    b"\t",
    b"--",
    b"\n--",
    b"=",
    b"=?utf-8?q?",
    b"?=",
    b"=?",
    b"<",
    b">",
    b"@",
    b"(",
    b")",
    b"\"",
    b"\\",
    b";",
    b":",
    b",",
    b"*=",
    b"*0*=",
    b"%",
    b"\xc3",
    b"\xff",
    b"\xe2\x80",
    b"{5}\r\n",
    b"NIL",
    b"550 5.1.1 ",
    b"Content-Type: multipart/mixed; boundary=",
    b"Content-Type: message/rfc822\n\n",
    b"Content-Transfer-Encoding: base64\n\n",
    b"Content-Type: message/delivery-status\n\n",
    b"Final-Recipient: rfc822; ",
    b"From: ",
    b"PK\x03\x04",
    b"\x1f\x8b\x08",
];

/// A name, and what must not panic.
pub type Check = (&'static str, fn(&[u8]));

/// Hands mutations of `seeds` to each of `checks` in turn, for `seconds` of processor time, sixty times as long with
/// `SLOW_TESTS=1`. The same ones every time; others with `SEED`, a number.
///
/// # Panics
/// If a check panics or takes longer than 5 seconds; the input is kept in the folder for temporary files.
pub fn run(seeds: &[Vec<u8>], seconds: u64, checks: &[Check]) {
    assert!(!seeds.is_empty() && !checks.is_empty());
    let seconds = if slow_tests() { seconds * 60 } else { seconds };
    let seed = std::env::var("SEED").ok().and_then(|seed| seed.parse().ok()).unwrap_or(1);
    let mut mutator = Mutator { state: 0x9e37_79b9_7f4a_7c15_u64.wrapping_mul(seed | 1), seeds };
    let started = thread_nanoseconds();
    let mut round = 0_usize;
    while thread_nanoseconds() - started < seconds * 1_000_000_000 {
        let octets = mutator.input();
        let (name, check) = checks[round % checks.len()];
        let before = thread_nanoseconds();
        let outcome = catch_unwind(AssertUnwindSafe(|| check(&octets)));
        let spent = thread_nanoseconds() - before;
        if outcome.is_err() || spent > INPUT_NANOSECONDS_MAX {
            let kept = std::env::temp_dir().join(format!("poststelle-{name}-{round}"));
            fs::write(&kept, &octets).expect("the input can be kept");
            panic!("{name}: {} ms, panicked: {}: {}", spent / 1_000_000, outcome.is_err(), kept.display());
        }
        round += 1;
    }
    println!("{round} inputs");
}

struct Mutator<'s> {
    state: u64,
    seeds: &'s [Vec<u8>],
}

impl Mutator<'_> {
    /// xorshift64.
    fn below(&mut self, bound: usize) -> usize {
        self.state ^= self.state << 13;
        self.state ^= self.state >> 7;
        self.state ^= self.state << 17;
        (self.state % bound.max(1) as u64) as usize
    }

    fn input(&mut self) -> Vec<u8> {
        let mut octets = self.seeds[self.below(self.seeds.len())].clone();
        if self.below(4) == 0 {
            octets = self.piece(&octets);
        }
        for _ in 0..=self.below(8) {
            self.mutate(&mut octets);
        }
        octets.truncate(INPUT_OCTETS_MAX);
        octets
    }

    /// A stretch of a few lines or octets.
    fn piece(&mut self, octets: &[u8]) -> Vec<u8> {
        let from = self.below(octets.len());
        let len = self.below(600).min(octets.len() - from);
        octets[from..from + len].to_vec()
    }

    fn mutate(&mut self, octets: &mut Vec<u8>) {
        let at = self.below(octets.len() + 1);
        match self.below(8) {
            0 if at < octets.len() => octets[at] = self.below(256) as u8,
            1 if at < octets.len() => octets[at] ^= 1 << self.below(8),
            2 => {
                let end = (at + self.below(200)).min(octets.len());
                octets.drain(at..end);
            }
            3 => {
                let piece = self.piece(octets);
                octets.splice(at..at, piece);
            }
            4 => {
                let other = self.below(self.seeds.len());
                let piece = self.piece(&self.seeds[other]);
                octets.splice(at..at, piece);
            }
            5 => {
                let times = 1 + self.below(400);
                let word = WORDS[self.below(WORDS.len())];
                octets.splice(at..at, word.repeat(times));
            }
            6 if self.below(4) == 0 => octets.truncate(at),
            _ => {
                let word = WORDS[self.below(WORDS.len())];
                octets.splice(at..at, word.iter().copied());
            }
        }
    }
}
