//! `bench imap [FOLDER | --count N]`: mails from a local Dovecot over TLS into the archive, beside `mbsync`.

use std::path::Path;
use std::process::Command;

use anyhow::{Context as _, Result, ensure};
use test_support::Dovecot;

use super::Bench;
use super::measure::{Usage, installed, mb, run as measured};

/// Both programs take turns so often.
const ROUNDS: usize = 3;
/// Octets of the one large mail.
const LARGE_OCTETS: usize = 150_000_000;

pub(super) fn run(bench: &Bench, arguments: &[&str]) -> Result<()> {
    let folder = bench.mails(arguments, 20_000)?;
    let mut dovecot = Dovecot::start();
    let count = fill(&mut dovecot, &folder)?;
    println!(
        "{count} mails from Dovecot over TLS; the first fetch, for which Dovecot makes its lists, is not counted"
    );
    println!("{:26} {:>9} {:>8} {:>8} {:>9} {:>9}", "", "mails/s", "wall s", "CPU s", "RSS MB", "child MB");
    fetch(bench, &dovecot, "imap")?;
    let (mut into_archive, mut searchable) = (Vec::new(), Vec::new());
    let with_other = installed("mbsync");
    for _ in 0..ROUNDS {
        let (own, archived) = fetch(bench, &dovecot, "imap")?;
        row("poststelle", &own, count);
        until_durable(&own, archived, count);
        if with_other {
            let other = mbsync(bench, &dovecot)?;
            row("mbsync", &other, count);
            into_archive.push(other.wall / archived);
            searchable.push(other.wall / own.wall);
        }
    }
    if with_other {
        println!(
            "into the archive poststelle is {:.1} times as fast, read, filed and searchable {:.1} times (medians)",
            median(into_archive),
            median(searchable)
        );
    } else {
        println!("mbsync is not installed: not compared");
    }
    dovecot.deliver("alice", "INBOX", &large(), "");
    let (with_large, archived) = fetch(bench, &dovecot, "imap-large")?;
    row("poststelle, with 150 MB", &with_large, count + 1);
    until_durable(&with_large, archived, count + 1);
    Ok(())
}

fn median(mut ratios: Vec<f64>) -> f64 {
    ratios.sort_by(f64::total_cmp);
    ratios[ratios.len() / 2]
}

/// The part of a run in which mails are fetched; afterwards they are read and indexed.
fn until_durable(usage: &Usage, seconds: f64, mails: u64) {
    let fetching = usage.rss_series.iter().filter(|(at, _)| *at <= seconds).map(|(_, octets)| *octets);
    println!(
        "{:26} {:9.0} {seconds:8.2} {:8} {:9.1}",
        "  of it until durable",
        mails as f64 / seconds,
        "",
        mb(fetching.max().unwrap_or(0))
    );
}

fn row(name: &str, usage: &Usage, mails: u64) {
    println!(
        "{name:26} {:9.0} {:8.2} {:8.2} {:9.1} {:9.1}{}",
        mails as f64 / usage.wall,
        usage.wall,
        usage.cpu,
        mb(usage.rss),
        mb(usage.rss_children),
        if usage.status == Some(0) { String::new() } else { format!("   exit {:?}", usage.status) },
    );
}

/// Delivers the mails of a Maildir, or of a folder of files, to the inbox.
fn fill(dovecot: &mut Dovecot, folder: &Path) -> Result<u64> {
    let mut count = 0;
    let mut folders = vec![folder.to_owned()];
    while let Some(dir) = folders.pop() {
        for entry in std::fs::read_dir(dir)?.flatten() {
            let path = entry.path();
            if path.is_dir() {
                folders.push(path);
            } else if !path.extension().is_some_and(|extension| extension == "json" || extension == "jsonl") {
                dovecot.deliver("alice", "INBOX", &std::fs::read(&path)?, "");
                count += 1;
            }
        }
    }
    ensure!(count > 0, "no mails in {}", folder.display());
    Ok(count)
}

fn large() -> Vec<u8> {
    let mut mail = b"From: a@example.org\r\nTo: b@example.org\r\nSubject: large\r\nMessage-ID: <large@example.org>\r\nMIME-Version: 1.0\r\nContent-Type: multipart/mixed; boundary=b\r\n\r\n--b\r\nContent-Type: text/plain\r\n\r\nsee file\r\n--b\r\nContent-Type: application/octet-stream; name=large.bin\r\nContent-Disposition: attachment; filename=large.bin\r\nContent-Transfer-Encoding: base64\r\n\r\n".to_vec();
    let line =
        [b"QUJDREVGR0hJSktMTU5PUFFSU1RVVldYWVphYmNkZWZnaGlqa2xtbm9wcXJzdHV2d3h5ejAxMjM0".as_slice(), b"\r\n"]
            .concat();
    while mail.len() < LARGE_OCTETS {
        mail.extend_from_slice(&line);
    }
    mail.extend_from_slice(b"--b--\r\n");
    mail
}

/// What it used, and the seconds until all mails were durable.
fn fetch(bench: &Bench, dovecot: &Dovecot, name: &str) -> Result<(Usage, f64)> {
    let dir = bench.fresh(name)?;
    std::fs::write(dir.join("ca.pem"), dovecot.certificate())?;
    let data = dir.join("data");
    let port = dovecot.imaps_port().to_string();
    let mut add = bench.command();
    add.args(["account", "--data"]).arg(&data).args([
        "add",
        "bench",
        "--host",
        "localhost",
        "--port",
        &port,
        "--login",
        "alice",
        "--ca-file",
    ]);
    let status = add.arg(dir.join("ca.pem")).env("POSTSTELLE_PASSWORD", "secret").status()?;
    ensure!(status.success(), "the account could not be added");
    let mut command = bench.command();
    command.args(["account", "--data"]).arg(&data).args(["fetch", "bench", "--json"]);
    let usage = measured(&command)?;
    let report: serde_json::Value = serde_json::from_str(&usage.output)?;
    let archived = report["archived_seconds"].as_f64().context("archived_seconds")?;
    Ok((usage, archived))
}

fn mbsync(bench: &Bench, dovecot: &Dovecot) -> Result<Usage> {
    let dir = bench.fresh("mbsync")?;
    std::fs::write(dir.join("ca.pem"), dovecot.certificate())?;
    std::fs::create_dir_all(dir.join("mail"))?;
    let config = format!(
        "IMAPStore far\nHost localhost\nPort {port}\nUser alice\nPass secret\nSSLType IMAPS\nCertificateFile {dir}/ca.pem\n\nMaildirStore near\nPath {dir}/mail/\nInbox {dir}/mail/inbox\nSubFolders Verbatim\n\nChannel bench\nFar :far:\nNear :near:\nPatterns INBOX\nCreate Near\nSync Pull\nSyncState *\n",
        port = dovecot.imaps_port(),
        dir = dir.display(),
    );
    std::fs::write(dir.join("mbsyncrc"), config)?;
    let mut command = Command::new("mbsync");
    command.arg("-q").arg("-c").arg(dir.join("mbsyncrc")).arg("-a");
    measured(&command)
}
