//! How long a search takes in the library: the index alone, and with the rows and snippets of its hits.
//!
//! `cargo bench -p pipeline --bench search -- DATA kind=query…`: DATA is a data directory with imported mails.
//! Times in milliseconds; each query is asked ten times, the first not counted.

use std::path::Path;
use std::time::Instant;

use index::{Page, Query};
use jiff::tz::TimeZone;
use model::{Scope, UnixMillis};
use pipeline::{Asked, Engine, Options};

const ROUNDS: usize = 10;
const HITS: usize = 20;

fn main() {
    let args: Vec<String> = std::env::args().skip(1).filter(|arg| !arg.starts_with("--")).collect();
    let Some((data, asked)) = args.split_first() else {
        eprintln!("bench search: give a data directory and queries as kind=query");
        return;
    };
    let engine = Engine::open(Path::new(data), &Options::default()).expect("the data directory opens");
    // As a server leaves it after a few quiet seconds.
    engine.index().settle().expect("the index merges");
    let mut kinds: Vec<(&str, Vec<&str>)> = Vec::new();
    for (kind, query) in asked.iter().filter_map(|pair| pair.split_once('=')) {
        match kinds.iter_mut().find(|(name, _)| *name == kind) {
            Some((_, queries)) => queries.push(query),
            None => kinds.push((kind, vec![query])),
        }
    }
    println!(
        "{:16} {:>7} {:>9} {:>9} {:>9} {:>9} {:>9}",
        "", "queries", "index p50", "p99", "whole p50", "p99", "hits"
    );
    for (kind, queries) in &kinds {
        measure(&engine, kind, queries);
    }
    engine.close();
}

fn measure(engine: &Engine, kind: &str, queries: &[&str]) {
    let (mut bare, mut whole, mut hits) = (Vec::new(), Vec::new(), 0);
    for round in 0..ROUNDS {
        for query in queries {
            let start = Instant::now();
            let found = index_alone(engine, query);
            let between = Instant::now();
            let answer = engine.search(&Scope::All, &asking(query)).expect("the search answers");
            let end = Instant::now();
            assert_eq!(answer.total, found, "{query}: index and engine count alike");
            if round > 0 {
                bare.push((between - start).as_secs_f64() * 1000.0);
                whole.push((end - between).as_secs_f64() * 1000.0);
            }
            hits = hits.max(answer.total);
        }
    }
    println!(
        "{kind:16} {:7} {:9.2} {:9.2} {:9.2} {:9.2} {hits:9}",
        bare.len(),
        percentile(&mut bare, 0.5),
        percentile(&mut bare, 0.99),
        percentile(&mut whole, 0.5),
        percentile(&mut whole, 0.99),
    );
}

fn asking(query: &str) -> Asked {
    Asked { query: query.to_owned(), limit: HITS, ..Asked::default() }
}

fn index_alone(engine: &Engine, query: &str) -> u64 {
    let zone = TimeZone::UTC;
    let now = UnixMillis(jiff::Timestamp::now().as_millisecond());
    let context = index::Context { zone: &zone, now, accounts: &|_| Vec::new(), groups: &|_| Vec::new() };
    let query = Query::parse(query, &context).expect("the query is understood");
    let page = Page { limit: HITS, ..Page::default() };
    engine.index().search(&query, &Scope::All, &page).expect("the index answers").total
}

fn percentile(times: &mut [f64], share: f64) -> f64 {
    times.sort_by(f64::total_cmp);
    let last = times.len().saturating_sub(1) as f64;
    times.get((last * share).round() as usize).copied().unwrap_or(0.0)
}
