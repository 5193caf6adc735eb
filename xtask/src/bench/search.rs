//! `bench search [FOLDER | --count N]`: kinds of queries, in the library and over HTTP.

use std::process::{Command, Stdio};
use std::time::Instant;

use anyhow::{Result, ensure};

use super::Bench;
use super::http::Client;
use super::idle::{free_port, wait_for};
use super::measure::{Server, percentile};

/// Kinds of queries with words of the generated mails; each is asked with every word of its list.
const WORDS: &[&str] = &[
    "Rechnung",
    "Angebot",
    "Vertrag",
    "Lieferung",
    "Bestellung",
    "Termin",
    "Sitzung",
    "Protokoll",
    "Projekt",
    "Zahlung",
    "Server",
    "Drucker",
    "Urlaub",
    "Lager",
    "Versand",
    "Fenster",
    "Heizung",
    "Wartung",
    "Netzwerk",
    "Einladung",
];

/// Words that stand beside each other in many of them.
const PHRASES: &[&str] = &["viele Grüße", "für den", "die Rechnung", "best regards", "of the"];

pub(super) fn run(bench: &Bench, arguments: &[&str]) -> Result<()> {
    let folder = bench.mails(arguments, 50_000)?;
    let data = bench.imported(&folder)?;
    println!("library:");
    let status = Command::new(env!("CARGO"))
        .args(["bench", "--quiet", "--package", "pipeline", "--bench", "search", "--"])
        .arg(data.canonicalize()?)
        .args(queries().iter().map(|(kind, query)| format!("{kind}={query}")))
        .current_dir(&bench.root)
        .status()?;
    ensure!(status.success(), "the library's benchmark failed");
    http(bench, &data)
}

fn queries() -> Vec<(&'static str, String)> {
    let word = |n: usize| WORDS[n % WORDS.len()];
    (0..WORDS.len())
        .flat_map(|n| {
            [
                ("one word", word(n).to_owned()),
                ("three words", format!("{} {} {}", word(n), word(n + 3), word(n + 7))),
                ("phrase", format!("\"{}\"", PHRASES[n % PHRASES.len()])),
                ("phrase of two", format!("\"{} {}\"", word(n), word(n + 1))),
                ("prefix", format!("{}*", &word(n)[..4])),
                (
                    "sender + date",
                    format!(
                        "from:{} after:2024-01-01 before:2025-06-30",
                        ["schmidt", "mueller", "weber", "info"][n % 4]
                    ),
                ),
            ]
        })
        .collect()
}

fn http(bench: &Bench, data: &std::path::Path) -> Result<()> {
    let (email, password) = ("bench@example.org", "benchmark benchmark");
    let mut add = bench.command();
    add.args(["user", "add", email, "--role", "administrator", "--account", "bench", "--data"])
        .arg(data)
        .env("POSTSTELLE_PASSWORD", password);
    add.stderr(Stdio::null()).status()?;
    let host = format!("127.0.0.1:{}", free_port()?);
    let _server = Server(
        bench
            .command()
            .args(["serve", "--listen", &host, "--data"])
            .arg(data)
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()?,
    );
    wait_for(&host, Instant::now())?;
    let mut client = Client::connect(&host)?;
    client.login(email, password)?;
    println!("HTTP, 20 hits with snippets:");
    println!("{:16} {:>7} {:>9} {:>9} {:>9}", "", "queries", "p50 ms", "p99 ms", "hits");
    for kind in ["one word", "three words", "phrase", "phrase of two", "prefix", "sender + date"] {
        let (mut times, mut hits) = (Vec::new(), 0_u64);
        for round in 0..10 {
            for (_, query) in queries().iter().filter(|(k, _)| *k == kind) {
                let start = Instant::now();
                let answer = client.get(&format!("/api/v1/search?limit=20&q={}", encoded(query)))?;
                ensure!(answer.status == 200, "{query}: {}", String::from_utf8_lossy(&answer.body));
                if round > 0 {
                    times.push(start.elapsed().as_secs_f64() * 1000.0);
                }
                let found: serde_json::Value = serde_json::from_slice(&answer.body)?;
                hits = hits.max(found["total"].as_u64().unwrap_or(0));
            }
        }
        times.sort_by(f64::total_cmp);
        println!(
            "{kind:16} {:7} {:9.2} {:9.2} {hits:9}",
            times.len(),
            percentile(&times, 0.5),
            percentile(&times, 0.99)
        );
    }
    Ok(())
}

fn encoded(text: &str) -> String {
    text.bytes()
        .map(|octet| {
            if octet.is_ascii_alphanumeric() {
                char::from(octet).to_string()
            } else {
                format!("%{octet:02X}")
            }
        })
        .collect()
}
