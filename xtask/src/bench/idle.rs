//! `bench idle [FOLDER | --count N]`: how soon a server answers, and what it holds in memory when nothing happens.

use std::process::Stdio;
use std::time::{Duration, Instant};

use anyhow::{Result, ensure};

use super::Bench;
use super::http::Client;
use super::measure::{Server, mb, status_octets};

pub(super) fn run(bench: &Bench, arguments: &[&str]) -> Result<()> {
    let folder = bench.mails(arguments, 50_000)?;
    let data = bench.imported(&folder)?;
    let port = free_port()?;
    let host = format!("127.0.0.1:{port}");
    let start = Instant::now();
    let child = bench
        .command()
        .args(["serve", "--listen", &host, "--data"])
        .arg(&data)
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()?;
    let server = Server(child);
    let answer = wait_for(&host, start)?;
    println!("start to first answer: {:.0} ms", answer.as_secs_f64() * 1000.0);
    std::thread::sleep(Duration::from_secs(10));
    let pid = server.0.id();
    println!(
        "idle after 10 s: RSS {:.1} MB (anonymous {:.1} MB, files {:.1} MB)",
        mb(status_octets(pid, "VmRSS:")),
        mb(status_octets(pid, "RssAnon:")),
        mb(status_octets(pid, "RssFile:"))
    );
    Ok(())
}

/// A port nobody listens on at the moment.
pub(super) fn free_port() -> Result<u16> {
    Ok(std::net::TcpListener::bind("127.0.0.1:0")?.local_addr()?.port())
}

/// Waits until the server answers `/health/ready`; how long that took since `start`.
pub(super) fn wait_for(host: &str, start: Instant) -> Result<Duration> {
    loop {
        if let Ok(mut client) = Client::connect(host)
            && client.get("/health/ready").is_ok_and(|answer| answer.status == 200)
        {
            return Ok(start.elapsed());
        }
        ensure!(start.elapsed() < Duration::from_mins(1), "the server does not answer");
        std::thread::sleep(Duration::from_millis(2));
    }
}
