//! `bench smtp-intake [--count N] [--connections N]`: mails a second that are durable when the server says 250.

use std::fmt::Write as _;
use std::io::{BufRead as _, BufReader, Write as _};
use std::net::TcpStream;
use std::process::Stdio;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, anyhow, ensure};

use super::Bench;
use super::idle::{free_port, wait_for};
use super::measure::{Server, mb, percentile, status_octets};

pub(super) fn run(bench: &Bench, arguments: &[&str]) -> Result<()> {
    let number = |name: &str, default: usize| match arguments.iter().position(|word| *word == name) {
        Some(at) => arguments.get(at + 1).context("a number is missing")?.parse().context("not a number"),
        None => Ok(default),
    };
    let (count, connections) = (number("--count", 40_000)?, number("--connections", 40)?);
    let data = bench.fresh("smtp-intake")?;
    let (host, smtp) = (format!("127.0.0.1:{}", free_port()?), format!("127.0.0.1:{}", free_port()?));
    let began = Instant::now();
    let server = bench
        .command()
        .args(["serve", "--listen", &host, "--data"])
        .arg(&data)
        .env("POSTSTELLE_SMTP_LISTEN", &smtp)
        .env("POSTSTELLE_INTAKE_ADDRESSES", "@journal.test")
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()?;
    let server = Server(server);
    wait_for(&host, began)?;
    let next = AtomicUsize::new(0);
    let began = Instant::now();
    let waits: Result<Vec<Vec<f64>>> = std::thread::scope(|scope| {
        let clients: Vec<_> =
            (0..connections).map(|_| scope.spawn(|| deliver(&smtp, &next, count))).collect();
        clients
            .into_iter()
            .map(|client| client.join().map_err(|_| anyhow!("a client failed")).flatten())
            .collect()
    });
    let mut waits: Vec<f64> = waits?.concat();
    let seconds = began.elapsed().as_secs_f64();
    ensure!(waits.len() == count, "{} of {count} mails were taken", waits.len());
    waits.sort_by(f64::total_cmp);
    println!(
        "{count} mails over {connections} connections in {seconds:.1} s: {:.0} mails/s committed; wait for 250: p50 {:.1} ms, p99 {:.1} ms; RSS {:.0} MB",
        count as f64 / seconds,
        percentile(&waits, 0.5) * 1000.0,
        percentile(&waits, 0.99) * 1000.0,
        mb(status_octets(server.0.id(), "VmHWM:"))
    );
    Ok(())
}

/// Takes numbers until there are none; seconds from the final dot to 250 for each mail.
fn deliver(address: &str, next: &AtomicUsize, count: usize) -> Result<Vec<f64>> {
    let stream = TcpStream::connect(address)?;
    stream.set_nodelay(true)?;
    stream.set_read_timeout(Some(Duration::from_mins(1)))?;
    let mut answers = BufReader::new(stream.try_clone()?);
    let mut stream = stream;
    let mut line = String::new();
    let mut answer = |code: &str| -> Result<()> {
        loop {
            line.clear();
            answers.read_line(&mut line)?;
            ensure!(line.starts_with(code), "{code} wanted, got {line:?}");
            if line.as_bytes().get(3) == Some(&b' ') {
                return Ok(());
            }
        }
    };
    answer("220")?;
    stream.write_all(b"EHLO bench.test\r\n")?;
    answer("250")?;
    let mut waits = Vec::new();
    loop {
        let number = next.fetch_add(1, Ordering::Relaxed);
        if number >= count {
            return Ok(waits);
        }
        stream.write_all(b"MAIL FROM:<a@bench.test>\r\nRCPT TO:<all@journal.test>\r\nDATA\r\n")?;
        ["250", "250", "354"].into_iter().try_for_each(&mut answer)?;
        stream.write_all(mail(number).as_bytes())?;
        let sent = Instant::now();
        answer("250")?;
        waits.push(sent.elapsed().as_secs_f64());
    }
}

/// Some 3 kB of text, each different.
fn mail(number: usize) -> String {
    let mut mail = format!(
        "From: Sender {} <s{}@bench.test>\r\nTo: all@journal.test\r\nSubject: Order {number}\r\nDate: Mon, 2 Mar 2026 10:00:00 +0100\r\nMessage-ID: <{number}@bench.test>\r\n\r\n",
        number % 997,
        number % 997
    );
    for line in 0..40 {
        let _ = write!(
            mail,
            "Line {line} of order {number}: {} pieces of item {}.\r\n",
            number % 13,
            number * 7 + line
        );
    }
    mail.push_str(".\r\n");
    mail
}
