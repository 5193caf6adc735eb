//! How fast a folder of mail is read: `cargo bench -p intake --bench walk -- FOLDER…`.
#![allow(missing_docs, clippy::print_stdout, reason = "a benchmark")]

use std::ops::ControlFlow;
use std::time::Instant;

use intake::files::{Item, Octets, Options, Source, walk};

fn main() {
    let sources: Vec<Source> =
        std::env::args().skip(1).filter(|word| !word.starts_with("--")).map(Source::from).collect();
    for round in 1..=3 {
        let (mut mails, mut failed, mut octets) = (0_u64, 0_u64, 0_u64);
        let start = Instant::now();
        let _ = walk(&sources, &mut std::io::empty(), &Options::default(), &mut |item| {
            match item {
                Item::Mail(mail) => {
                    mails += 1;
                    octets += match mail.octets {
                        Octets::Small(small) => small.len() as u64,
                        Octets::Large(large) => std::io::copy(large, &mut std::io::sink()).unwrap_or(0),
                    };
                }
                Item::Failed(_) => failed += 1,
                _ => {}
            }
            ControlFlow::Continue(())
        });
        let seconds = start.elapsed().as_secs_f64();
        println!(
            "round {round}: {mails} mails, {failed} failed, {octets} octets, {seconds:.3} s: {:.0} mails/s, {:.0} MB/s",
            mails as f64 / seconds,
            octets as f64 / seconds / 1e6
        );
    }
}
