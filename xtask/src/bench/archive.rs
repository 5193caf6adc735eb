//! `bench archive [FOLDER | --count N]`: what mails take encrypted and with attachments once, and how fast all of it is checked.

use anyhow::{Context, Result, ensure};

use super::measure::{mb, run as measured};
use super::{Bench, octets_below};

pub(super) fn run(bench: &Bench, arguments: &[&str]) -> Result<()> {
    let folder = bench.mails(arguments, 50_000)?;
    let data = bench.fresh("archive")?;
    let mut command = bench.command();
    command.args(["import", "--json", "--account", "bench", "--data"]).arg(&data).arg(&folder);
    let import = measured(&command)?;
    let last = import.output.lines().last().unwrap_or_default();
    let report: serde_json::Value =
        serde_json::from_str(last).with_context(|| format!("last line of the import: {last}"))?;
    let octets = report["octets"].as_f64().unwrap_or(0.0);
    ensure!(octets > 0.0, "nothing was imported");
    let mails = report["seen"].as_f64().unwrap_or(0.0);
    println!("{}: {mails} mails, {:.1} MB", folder.display(), octets / 1e6);
    println!(
        "import: {:.0} mails/s, {:.1} CPU s, RSS {:.1} MB, child {:.1} MB",
        mails / import.wall,
        import.cpu,
        mb(import.rss),
        mb(import.rss_children)
    );
    let (archive, keyring) = (octets_below(&data.join("archive")), octets_below(&data.join("keyring")));
    println!(
        "stored: {:.1} MB, of which keyring {:.1} MB",
        (archive + keyring) as f64 / 1e6,
        keyring as f64 / 1e6
    );
    let mut command = bench.command();
    command.args(["verify", "--json", "--data"]).arg(&data);
    let verify = measured(&command)?;
    let last = verify.output.lines().last().unwrap_or_default();
    let report: serde_json::Value =
        serde_json::from_str(last).with_context(|| format!("last line of verify: {last}"))?;
    ensure!(report["ok"] == true, "verify found faults: {last}");
    println!(
        "verify: {} mails, {} objects; {:.0} MB/s of mail per core, {:.1} s, RSS {:.1} MB",
        report["mails"],
        report["objects"],
        octets / 1e6 / verify.cpu,
        verify.wall,
        mb(verify.rss)
    );
    Ok(())
}
