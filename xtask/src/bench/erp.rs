//! `bench erp [--count N] [--debug]`: contacts and orders from CSV into an empty data directory, once new, once the same again, once
//! a tenth of them changed.

use std::fmt::Write as _;
use std::process::Command;

use anyhow::{Context as _, Result, ensure};

use super::Bench;
use super::measure::{mb, run as measured};

pub(super) fn run(bench: &Bench, arguments: &[&str]) -> Result<()> {
    let at = arguments.iter().position(|word| *word == "--count").map(|at| at + 1);
    let count: u32 = match at.and_then(|at| arguments.get(at)) {
        Some(word) => word.parse().context("--count N")?,
        None => 300_000,
    };
    let dir = bench.dir.join("erp");
    std::fs::remove_dir_all(&dir).ok();
    std::fs::create_dir_all(&dir)?;
    for (round, changed) in [("new", 0), ("same", 0), ("a tenth changed", 10)] {
        for kind in ["contact", "order"] {
            let path = dir.join("records.csv");
            std::fs::write(&path, rows(kind, count, changed))?;
            let mut command = Command::new(&bench.program);
            command
                .args(["erp", "import", "--json", "--kind", kind, "--data"])
                .arg(dir.join("data"))
                .arg(&path);
            let usage = measured(&command)?;
            ensure!(usage.status == Some(0), "the import failed: {}", usage.output);
            println!(
                "{count} {kind}s, {round}: {:.1} s, {:.0} a second, {:.1} s of the processor, {} MB at most; {}",
                usage.wall,
                f64::from(count) / usage.wall,
                usage.cpu,
                mb(usage.rss),
                usage.output.trim()
            );
        }
    }
    std::fs::remove_dir_all(&dir)?;
    Ok(())
}

/// Every n-th row is another one; 0: none.
fn rows(kind: &str, count: u32, changed: u32) -> String {
    let mut text = String::from(match kind {
        "contact" => "number,name,active,email,city\n",
        _ => "number,contact,email,date,state,quote,items,references\n",
    });
    for n in 0..count {
        let mark = if changed > 0 && n % changed == 0 { "changed" } else { "open" };
        let row = match kind {
            "contact" => {
                writeln!(text, "K{n},Customer {n} {mark} Ltd,1,c{n}@example.org;o{n}@example.net,Graz")
            }
            _ => writeln!(
                text,
                "B-2026-{n},K{n},c{n}@example.org,2026-03-02,{mark},Q-{n},P{};P{},R{n};S{n}",
                n % 100,
                n % 77
            ),
        };
        row.expect("a string takes everything");
    }
    text
}
