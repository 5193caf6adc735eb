//! What classification costs beside parsing: mails of the shared corpus, in memory, one core.
//!
//! `cargo bench -p classify`; prints mails a second and the ratio of the two.

use std::hint::black_box;

use test_support::fixtures;

fn main() {
    for folder in ["feedback/files", "mail/spamassassin"] {
        let mails: Vec<Vec<u8>> = fixtures::corpus(folder).iter().map(|path| fixtures::read(path)).collect();
        if mails.is_empty() {
            continue;
        }
        let limits = parse::Limits::default();
        let options = classify::Options::default();
        let rounds = 5;
        let (mut parsing, mut classifying) = (f64::MAX, f64::MAX);
        for _ in 0..rounds {
            let (seconds, messages) =
                stopwatch(|| mails.iter().map(|m| parse::parse(m, &limits).message).collect::<Vec<_>>());
            parsing = parsing.min(seconds);
            let (seconds, ()) = stopwatch(|| {
                for message in &messages {
                    black_box(classify::verdict(message, &options));
                }
            });
            classifying = classifying.min(seconds);
        }
        let count = mails.len() as f64;
        println!(
            "{folder}: {} mails; parse {:.0}/s, classify {:.0}/s, both {:.0}/s, classify is {:.2} of parse",
            mails.len(),
            count / parsing,
            count / classifying,
            count / (parsing + classifying),
            classifying / parsing
        );
    }
}

/// CPU seconds of the calling thread, as the machine does other work too.
fn stopwatch<T>(work: impl FnOnce() -> T) -> (f64, T) {
    let start = fixtures::thread_nanoseconds().expect("Linux has a clock for each thread");
    let done = work();
    let end = fixtures::thread_nanoseconds().expect("Linux has a clock for each thread");
    (end.saturating_sub(start) as f64 / 1e9, done)
}
