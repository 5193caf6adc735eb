//! `bench imap|pop3 [FOLDER | --count N] [--delay-ms N] [--mbit N] [--packs]`: mails from a local Dovecot over TLS into the archive,
//! beside `mbsync` and Python's imaplib, or `fetchmail`. With `--mbit` no more than so many megabits a second come from the
//! server; with `--packs` it offers to pack what it sends, which is agreed on from a delay of 5 ms.

use std::path::Path;
use std::process::Command;
use std::time::Duration;

use anyhow::{Context as _, Result, ensure};
use test_support::dovecot::{PACKS, Setup, free_port, pop3_on};
use test_support::{Dovecot, Fault, Proxy};

use super::Bench;
use super::measure::{Usage, installed, mb, run as measured};

/// All programs take turns so often.
const ROUNDS: usize = 3;
/// Octets of the one large mail.
const LARGE_OCTETS: usize = 150_000_000;

/// What is spoken.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Protocol {
    Imap,
    Pop3,
}

struct Server {
    dovecot: Dovecot,
    protocol: Protocol,
    /// Where it is reached, far away or not.
    port: u16,
    proxy: Option<Proxy>,
    /// Octets of it that were told of.
    counted: u64,
}

impl Server {
    fn start(protocol: Protocol, line: &Line) -> Self {
        let (pop3, pop3s) = (free_port(), free_port());
        let mut extra = if protocol == Protocol::Pop3 { pop3_on(pop3, pop3s) } else { String::new() };
        if line.packs {
            extra.push_str(PACKS);
        }
        let dovecot = Dovecot::with(Setup { extra, ..Setup::default() });
        let direct = if protocol == Protocol::Pop3 { pop3s } else { dovecot.imaps_port() };
        let each_way = Duration::from_micros(line.delay_ms * 500);
        let fault = match line.mbit {
            0 if line.delay_ms == 0 => None,
            0 => Some(Fault::Far(each_way)),
            mbit => Some(Fault::Narrow(each_way, mbit * 125_000)),
        };
        let proxy = fault.map(|fault| Proxy::start(direct, move |_| fault));
        let port = proxy.as_ref().map_or(direct, Proxy::port);
        Self { dovecot, protocol, port, proxy, counted: 0 }
    }
}

/// The way to the server.
struct Line {
    delay_ms: u64,
    /// 0: as fast as it goes.
    mbit: u64,
    packs: bool,
}

impl Line {
    /// Takes its words out of the arguments.
    fn read(arguments: &mut Vec<&str>) -> Result<Self> {
        let mut number = |name: &str| match arguments.iter().position(|argument| *argument == name) {
            Some(at) => {
                let given: Vec<&str> = arguments.drain(at..(at + 2).min(arguments.len())).collect();
                Ok::<u64, anyhow::Error>(given.get(1).with_context(|| format!("{name} N"))?.parse()?)
            }
            None => Ok(0),
        };
        let (delay_ms, mbit) = (number("--delay-ms")?, number("--mbit")?);
        let packs = arguments.contains(&"--packs");
        arguments.retain(|argument| !matches!(*argument, "--packs" | "--debug"));
        Ok(Self { delay_ms, mbit, packs })
    }
}

impl Server {
    /// Octets that came over the line since this was asked last, where it is counted.
    fn came(&mut self, name: &str) {
        if let Some(proxy) = &self.proxy {
            let octets = proxy.octets() - std::mem::replace(&mut self.counted, proxy.octets());
            println!("{name:26} {:9.1} MB", mb(octets));
        }
    }
}

type Other = fn(&Bench, &Server) -> Result<Usage>;

pub(super) fn run(bench: &Bench, protocol: Protocol, arguments: &[&str]) -> Result<()> {
    let mut arguments = arguments.to_vec();
    let line = Line::read(&mut arguments)?;
    let delay_ms = line.delay_ms;
    let folder = bench.mails(&arguments, 20_000)?;
    let mut server = Server::start(protocol, &line);
    let count = fill(&mut server.dovecot, &folder)?;
    let others: &[(&str, &str, Other)] = match protocol {
        Protocol::Imap => &[("mbsync", "mbsync", mbsync), ("imaplib", "python3", imaplib)],
        Protocol::Pop3 => &[("fetchmail", "fetchmail", fetchmail)],
    };
    println!(
        "{count} mails from Dovecot over TLS, {delay_ms} ms there and back; the first fetch, for which Dovecot makes its lists, is not counted"
    );
    println!("{:26} {:>9} {:>8} {:>8} {:>9} {:>9}", "", "mails/s", "wall s", "CPU s", "RSS MB", "child MB");
    fetch(bench, &server, "imap")?;
    server.came("the first fetch");
    let mut ratios = vec![(Vec::new(), Vec::new()); others.len()];
    for _ in 0..ROUNDS {
        let (own, archived) = fetch(bench, &server, "imap")?;
        row("poststelle", &own, count);
        until_durable(&own, archived, count);
        server.came("  from the server");
        for ((name, binary, other), (into_archive, searchable)) in others.iter().zip(&mut ratios) {
            if installed(binary) {
                let other = other(bench, &server)?;
                row(name, &other, count);
                server.came("  from the server");
                into_archive.push(other.wall / archived);
                searchable.push(other.wall / own.wall);
            }
        }
    }
    for ((name, ..), (into_archive, searchable)) in others.iter().zip(ratios) {
        if into_archive.is_empty() {
            println!("{name} is not installed: not compared");
            continue;
        }
        println!(
            "into the archive poststelle is {:.1} times as fast as {name}, read, filed and searchable {:.1} times (medians)",
            median(into_archive),
            median(searchable)
        );
    }
    server.dovecot.deliver("alice", "INBOX", &large(), "");
    let (with_large, archived) = fetch(bench, &server, "imap-large")?;
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
fn fetch(bench: &Bench, server: &Server, name: &str) -> Result<(Usage, f64)> {
    let dir = bench.fresh(name)?;
    std::fs::write(dir.join("ca.pem"), server.dovecot.certificate())?;
    let data = dir.join("data");
    let port = server.port.to_string();
    let protocol = if server.protocol == Protocol::Pop3 { "pop3" } else { "imap" };
    let mut add = bench.command();
    add.args(["account", "--data"]).arg(&data).args([
        "add",
        "bench",
        "--protocol",
        protocol,
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

fn mbsync(bench: &Bench, server: &Server) -> Result<Usage> {
    let dir = bench.fresh("mbsync")?;
    std::fs::write(dir.join("ca.pem"), server.dovecot.certificate())?;
    std::fs::create_dir_all(dir.join("mail"))?;
    let config = format!(
        "IMAPStore far\nHost localhost\nPort {port}\nUser alice\nPass secret\nSSLType IMAPS\nCertificateFile {dir}/ca.pem\n\nMaildirStore near\nPath {dir}/mail/\nInbox {dir}/mail/inbox\nSubFolders Verbatim\n\nChannel bench\nFar :far:\nNear :near:\nPatterns INBOX\nCreate Near\nSync Pull\nSyncState *\n",
        port = server.port,
        dir = dir.display(),
    );
    std::fs::write(dir.join("mbsyncrc"), config)?;
    let mut command = Command::new("mbsync");
    command.arg("-q").arg("-c").arg(dir.join("mbsyncrc")).arg("-a");
    measured(&command)
}

/// What a script of a few lines does: 500 mails with one command, each written to a file.
const IMAPLIB: &str = r#"
import imaplib, os, ssl, sys
port, ca, folder = int(sys.argv[1]), sys.argv[2], sys.argv[3]
server = imaplib.IMAP4_SSL("localhost", port, ssl_context=ssl.create_default_context(cafile=ca))
server.login("alice", "secret")
server.select("INBOX", readonly=True)
uids = server.uid("search", None, "ALL")[1][0].split()
for at in range(0, len(uids), 500):
    _, found = server.uid("fetch", b",".join(uids[at:at + 500]), "(UID BODY.PEEK[])")
    for n, item in enumerate(part for part in found if isinstance(part, tuple)):
        with open(os.path.join(folder, f"{at + n}.eml"), "wb") as file:
            file.write(item[1])
server.logout()
"#;

fn imaplib(bench: &Bench, server: &Server) -> Result<Usage> {
    let dir = bench.fresh("imaplib")?;
    std::fs::write(dir.join("ca.pem"), server.dovecot.certificate())?;
    std::fs::write(dir.join("fetch.py"), IMAPLIB)?;
    std::fs::create_dir_all(dir.join("mail"))?;
    let mut command = Command::new("python3");
    command.arg(dir.join("fetch.py")).arg(server.port.to_string());
    command.arg(dir.join("ca.pem")).arg(dir.join("mail"));
    measured(&command)
}

/// Hands each mail to a program that writes it to a file, which is the least it can do with one.
fn fetchmail(bench: &Bench, server: &Server) -> Result<Usage> {
    use std::os::unix::fs::PermissionsExt as _;
    let dir = bench.fresh("fetchmail")?;
    std::fs::write(dir.join("ca.pem"), server.dovecot.certificate())?;
    let config = format!(
        "poll localhost protocol pop3 service {port}\n  user alice password secret ssl sslcertck sslcertfile {dir}/ca.pem\n  fetchall keep no rewrite mda \"cat >> {dir}/mail\"\n",
        port = server.port,
        dir = dir.display(),
    );
    std::fs::write(dir.join("fetchmailrc"), config)?;
    std::fs::set_permissions(dir.join("fetchmailrc"), std::fs::Permissions::from_mode(0o600))?;
    let mut command = Command::new("fetchmail");
    command.arg("--silent").arg("--fetchmailrc").arg(dir.join("fetchmailrc"));
    command.arg("--idfile").arg(dir.join("ids")).arg("--pidfile").arg(dir.join("pid"));
    command.env("FETCHMAILHOME", &dir);
    measured(&command)
}
