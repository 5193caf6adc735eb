//! `bench accounts [--count N] [--mails N] [--connections N] [--poll-seconds N] [--debug]`: many accounts on one Dovecot. What
//! the server takes while nothing happens, and how soon a new mail is in the page's list.

use std::collections::HashMap;
use std::fmt::Write as _;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, bail, ensure};
use test_support::dovecot::Setup;
use test_support::{Dovecot, Random};

use super::Bench;
use super::http::Client;
use super::idle::{free_port, wait_for};
use super::measure::{Server, mb, percentile, status_octets};

/// How long all accounts may take until they are watched.
const START_PATIENCE: Duration = Duration::from_mins(15);
/// How long a mail may take.
const MAIL_PATIENCE: Duration = Duration::from_mins(5);
/// So long nothing happens.
const IDLE: Duration = Duration::from_mins(1);
/// Time between two mails.
const BETWEEN: Duration = Duration::from_millis(100);
const EMAIL: &str = "bench@example.org";
const PASSWORD: &str = "benchmark benchmark";

/// What is asked for.
struct Asked {
    accounts: usize,
    mails: usize,
    /// Connections to one server; 0: as usual.
    connections: usize,
    poll_seconds: usize,
}

pub(super) fn run(bench: &Bench, arguments: &[&str]) -> Result<()> {
    let number = |name: &str, usual: usize| match arguments.iter().position(|argument| *argument == name) {
        Some(at) => {
            arguments.get(at + 1).with_context(|| format!("{name} N"))?.parse().context(name.to_owned())
        }
        None => Ok(usual),
    };
    let asked = Asked {
        accounts: number("--count", 300)?,
        mails: number("--mails", 300)?,
        connections: number("--connections", 0)?,
        poll_seconds: number("--poll-seconds", 60)?,
    };
    let mut dovecot = dovecot(asked.accounts);
    let dir = bench.fresh("accounts")?;
    std::fs::write(dir.join("ca.pem"), dovecot.certificate())?;
    let data = dir.join("data");
    add_accounts(bench, &dir, &asked, dovecot.imaps_port())?;
    let host = format!("127.0.0.1:{}", free_port()?);
    let mut serve = bench.command();
    serve.args(["serve", "--listen", &host, "--data"]).arg(&data);
    if asked.connections > 0 {
        serve.env("POSTSTELLE_CONNECTIONS_PER_SERVER", asked.connections.to_string());
    }
    let server = Server(serve.stdout(Stdio::null()).stderr(Stdio::null()).spawn()?);
    let begun = Instant::now();
    wait_for(&host, begun)?;
    let mut client = Client::connect(&host)?;
    client.login(EMAIL, PASSWORD)?;
    while watched(&mut client)? < asked.accounts {
        ensure!(begun.elapsed() < START_PATIENCE, "not all accounts are watched");
        std::thread::sleep(Duration::from_millis(100));
    }
    println!(
        "{} accounts on one server, all fetched {:.1} s after the start",
        asked.accounts,
        begun.elapsed().as_secs_f64()
    );
    idle(server.0.id())?;
    let mut times = deliver(&mut dovecot, &mut client, &asked)?;
    times.sort_by(f64::total_cmp);
    println!(
        "{} mails, one each {} ms, until in the list: p50 {:.2} s, p99 {:.2} s, longest {:.2} s",
        times.len(),
        BETWEEN.as_millis(),
        percentile(&times, 0.5),
        percentile(&times, 0.99),
        times.last().copied().unwrap_or(0.0)
    );
    println!("RSS afterwards: {:.1} MB", mb(status_octets(server.0.id(), "VmRSS:")));
    Ok(())
}

/// Dovecot with so many users. Each mailbox that is listened to needs an inotify instance, of which Linux gives 128 to a user
/// unless told otherwise; Dovecot looks at the others each second.
fn dovecot(accounts: usize) -> Dovecot {
    let users = (0..accounts).map(|n| (format!("user{n}"), "secret".to_owned())).collect();
    let most = accounts + 100;
    let extra = format!(
        "mailbox_idle_check_interval = 1 secs\ndefault_process_limit = {most}\ndefault_client_limit = {}\n\
        service imap {{\n  process_limit = {most}\n}}\nservice imap-login {{\n  service_count = 0\n  client_limit = {most}\n}}\n",
        most * 4
    );
    Dovecot::with(Setup { users, extra, ..Setup::default() })
}

fn add_accounts(bench: &Bench, dir: &std::path::Path, asked: &Asked, port: u16) -> Result<()> {
    let data = dir.join("data");
    let (port, poll) = (port.to_string(), asked.poll_seconds.to_string());
    for n in 0..asked.accounts {
        let name = format!("user{n}");
        let mut add = bench.command();
        add.args(["account", "--data"]).arg(&data).args([
            "add",
            &name,
            "--host",
            "localhost",
            "--port",
            &port,
        ]);
        add.args(["--login", &name, "--poll-seconds", &poll, "--ca-file"]).arg(dir.join("ca.pem"));
        let added = add.env("POSTSTELLE_PASSWORD", "secret").stderr(Stdio::null()).status()?;
        ensure!(added.success(), "the account {name} could not be added");
    }
    let mut add = bench.command();
    add.args(["user", "add", EMAIL, "--role", "administrator", "--data"]).arg(&data);
    for n in 0..asked.accounts {
        add.args(["--account", &format!("user{n}")]);
    }
    let added = add.env("POSTSTELLE_PASSWORD", PASSWORD).stderr(Stdio::null()).status()?;
    ensure!(added.success(), "the user could not be added");
    Ok(())
}

/// Accounts that have been fetched and are watched.
fn watched(client: &mut Client) -> Result<usize> {
    let answer = client.get("/api/v1/accounts")?;
    ensure!(answer.status == 200, "accounts: {}", String::from_utf8_lossy(&answer.body));
    let text = String::from_utf8_lossy(&answer.body);
    Ok(text.matches("\"state\":\"watching\"").count())
}

/// CPU and memory of a server to which nothing happens.
fn idle(pid: u32) -> Result<()> {
    let before = cpu_seconds(pid)?;
    std::thread::sleep(IDLE);
    let used = cpu_seconds(pid)? - before;
    println!(
        "idle for {} s: {used:.2} s CPU ({:.2} % of a core), RSS {:.1} MB (anonymous {:.1} MB), {} threads",
        IDLE.as_secs(),
        100.0 * used / IDLE.as_secs_f64(),
        mb(status_octets(pid, "VmRSS:")),
        mb(status_octets(pid, "RssAnon:")),
        std::fs::read_dir(format!("/proc/{pid}/task")).map_or(0, Iterator::count),
    );
    Ok(())
}

/// Seconds of user and system time so far.
fn cpu_seconds(pid: u32) -> Result<f64> {
    let stat = std::fs::read_to_string(format!("/proc/{pid}/stat"))?;
    let fields: Vec<&str> = stat.rsplit(')').next().unwrap_or_default().split_whitespace().collect();
    let ticks = |at: usize| fields.get(at).and_then(|text| text.parse::<f64>().ok());
    let (Some(user), Some(system)) = (ticks(11), ticks(12)) else { bail!("no times in {stat}") };
    let output = Command::new("getconf").arg("CLK_TCK").output()?;
    let per_second: f64 = String::from_utf8_lossy(&output.stdout).trim().parse()?;
    Ok((user + system) / per_second)
}

/// Delivers mails to accounts chosen by chance; seconds until each was in the list.
fn deliver(dovecot: &mut Dovecot, client: &mut Client, asked: &Asked) -> Result<Vec<f64>> {
    let mut random = Random(1);
    let mut waiting: HashMap<String, Instant> = HashMap::new();
    let mut times = Vec::new();
    let mut delivered = 0;
    let mut next = Instant::now();
    while delivered < asked.mails || !waiting.is_empty() {
        if delivered < asked.mails && Instant::now() >= next {
            let user = format!("user{}", random.below(asked.accounts as u64));
            let subject = format!("bench-{delivered}-end");
            let mut mail = String::new();
            write!(
                mail,
                "From: a@example.org\r\nTo: {user}@example.org\r\nSubject: {subject}\r\nMessage-ID: <{subject}@example.org>\r\n\r\nText\r\n"
            )?;
            dovecot.deliver_now(&user, "INBOX", mail.as_bytes(), "");
            waiting.insert(subject, Instant::now());
            delivered += 1;
            next += BETWEEN;
        }
        let answer = client.get("/api/v1/messages?limit=100")?;
        ensure!(answer.status == 200, "messages: {}", String::from_utf8_lossy(&answer.body));
        let text = String::from_utf8_lossy(&answer.body);
        waiting.retain(|subject, since| {
            let is_there = text.contains(subject.as_str());
            if is_there {
                times.push(since.elapsed().as_secs_f64());
            }
            !is_there
        });
        ensure!(waiting.values().all(|since| since.elapsed() < MAIL_PATIENCE), "a mail does not come");
        std::thread::sleep(Duration::from_millis(20));
    }
    Ok(times)
}
