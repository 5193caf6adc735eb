//! `bench import [FOLDER | --count N]`: from files to durable, filed and searchable.

use std::path::Path;
use std::process::Command;

use anyhow::{Context, Result, ensure};

use super::measure::{Usage, installed, mb, run as measured};
use super::{Bench, octets_below};

pub(super) fn run(bench: &Bench, arguments: &[&str]) -> Result<()> {
    let folder = bench.mails(arguments, 50_000)?;
    let data = bench.fresh("import")?;
    let mut command = bench.command();
    command.args(["import", "--json", "--account", "bench", "--data"]).arg(&data).arg(&folder);
    let own = measured(&command)?;
    let last = own.output.lines().last().unwrap_or_default();
    let report: serde_json::Value =
        serde_json::from_str(last).with_context(|| format!("last line of the import: {last}"))?;
    ensure!(report["seen"].as_u64().unwrap_or(0) > 0, "nothing was imported");
    let (seen, octets) = (report["seen"].as_f64().unwrap_or(0.0), report["octets"].as_f64().unwrap_or(0.0));
    println!("{}: {seen} mails, {:.1} MB; {}", folder.display(), octets / 1e6, last);
    println!(
        "on disk: archive {:.1} MB, database {:.1} MB, index {:.1} MB",
        mb(octets_below(&data.join("archive"))),
        mb(databases(&data)),
        mb(octets_below(&data.join("index")))
    );
    println!(
        "{:12} {:>9} {:>8} {:>8} {:>8} {:>9} {:>9}",
        "", "mails/s", "MB/s", "wall s", "CPU s", "RSS MB", "child MB"
    );
    row("poststelle", &own, seen, octets);
    for (name, usage) in [("notmuch", notmuch(bench, &folder)?), ("mu", mu(bench, &folder)?)] {
        let Some(usage) = usage else { continue };
        row(name, &usage, seen, octets);
        println!("{:12} CPU of poststelle: 1/{:.1} of {name}", "", usage.cpu / own.cpu);
    }
    Ok(())
}

fn row(name: &str, usage: &Usage, mails: f64, octets: f64) {
    println!(
        "{name:12} {:9.0} {:8.1} {:8.2} {:8.2} {:9.1} {:9.1}{}",
        mails / usage.wall,
        octets / 1e6 / usage.wall,
        usage.wall,
        usage.cpu,
        mb(usage.rss),
        mb(usage.rss_children),
        if usage.status == Some(0) { String::new() } else { format!("   exit {:?}", usage.status) },
    );
}

fn databases(data: &Path) -> u64 {
    std::fs::read_dir(data)
        .into_iter()
        .flatten()
        .flatten()
        .filter(|entry| {
            entry.file_name().to_string_lossy().contains(".sqlite")
                || entry.file_name().to_string_lossy().contains(".db")
        })
        .map(|entry| octets_below(&entry.path()))
        .sum()
}

fn notmuch(bench: &Bench, folder: &Path) -> Result<Option<Usage>> {
    if !installed("notmuch") {
        println!("notmuch is not installed: not compared");
        return Ok(None);
    }
    let home = bench.fresh("notmuch")?;
    let config = home.join("config");
    std::fs::write(
        &config,
        format!(
            "[database]\npath={}\nmail_root={}\n[user]\nname=bench\nprimary_email=bench@example.org\n[new]\ntags=new\nignore=manifest.jsonl;markers.json\n",
            home.join("db").display(),
            folder.canonicalize()?.display()
        ),
    )?;
    std::fs::create_dir_all(home.join("db"))?;
    let mut command = Command::new("notmuch");
    command.arg(format!("--config={}", config.display())).args(["new", "--quiet"]);
    Ok(Some(measured(&command)?))
}

fn mu(bench: &Bench, folder: &Path) -> Result<Option<Usage>> {
    if !installed("mu") {
        println!("mu is not installed: not compared");
        return Ok(None);
    }
    let home = bench.fresh("mu")?;
    let mut init = Command::new("mu");
    init.args(["init", "--quiet"])
        .arg(format!("--muhome={}", home.display()))
        .arg(format!("--maildir={}", folder.canonicalize()?.display()));
    measured(&init)?;
    let mut command = Command::new("mu");
    command.args(["index", "--quiet"]).arg(format!("--muhome={}", home.display()));
    Ok(Some(measured(&command)?))
}
