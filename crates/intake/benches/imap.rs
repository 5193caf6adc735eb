//! How fast a mailbox is fetched from a local Dovecot over TLS, beside `mbsync` where that is installed:
//! `cargo bench -p intake --bench imap -- FOLDER [MAILS] [LARGE_OCTETS]`. FOLDER holds mail files.
#![allow(missing_docs, clippy::print_stdout, clippy::unwrap_used, reason = "a benchmark")]

use std::path::Path;
use std::process::Command;
use std::time::Instant;

use connect::{ClientTls, Trust};
use intake::imap::{Encryption, Event, Fetcher, Options, Selection, Settings, channel};
use test_support::{Dovecot, Scratch};

fn main() {
    let arguments: Vec<String> = std::env::args().skip(1).filter(|word| !word.starts_with("--")).collect();
    let folder = Path::new(arguments.first().map_or("/tmp", String::as_str));
    let mails: usize = arguments.get(1).and_then(|text| text.parse().ok()).unwrap_or(20_000);
    let large: usize = arguments.get(2).and_then(|text| text.parse().ok()).unwrap_or(0);
    let server = filled(folder, mails, large);
    for round in 1..=3 {
        let (count, octets, seconds) = ours(&server);
        println!(
            "round {round}: {count} mails, {octets} octets, {seconds:.2} s: {:.0} mails/s, {:.0} MB/s, peak {} kB",
            count as f64 / seconds,
            octets as f64 / seconds / 1e6,
            peak_kilobytes()
        );
    }
    if let Some(seconds) = mbsync(&server) {
        println!("mbsync: {seconds:.2} s: {:.0} mails/s", mails as f64 / seconds);
    }
}

fn filled(folder: &Path, mails: usize, large: usize) -> Dovecot {
    let server = Dovecot::start();
    let inbox = server.maildir("alice").join("cur");
    let mut entries: Vec<_> =
        std::fs::read_dir(folder).unwrap().flatten().map(|entry| entry.path()).collect();
    entries.sort();
    for path in entries.into_iter().filter(|path| path.is_file()).take(mails) {
        let copy = inbox.join(path.file_name().unwrap());
        std::fs::copy(&path, &copy).unwrap();
        server.own(&copy);
    }
    if large > 0 {
        let path = inbox.join("9999999999.M1.large:2,");
        let line = b"0123456789abcdef0123456789abcdef0123456789abcdef0123456789ab\r\n";
        std::fs::write(&path, [&b"Subject: large\r\n\r\n"[..], &line.repeat(large / line.len())].concat())
            .unwrap();
        server.own(&path);
    }
    server
}

fn ours(server: &Dovecot) -> (u64, u64, f64) {
    let settings = Settings {
        host: "127.0.0.1".to_owned(),
        port: server.imaps_port(),
        encryption: Encryption::Tls,
        tls: ClientTls::new(&Trust::Pem(server.certificate().to_owned())).unwrap(),
        login: "alice".to_owned(),
        credential: "secret".into(),
        options: Options::default(),
    };
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build().unwrap();
    let begun = Instant::now();
    let (outlet, mut inlet) = channel(4 << 20);
    let fetching = runtime.spawn(async move {
        let mut fetcher = Fetcher::new(settings);
        fetcher.run(&Selection::Inbox, Vec::new(), &outlet).await.unwrap();
    });
    let (mut count, mut octets) = (0_u64, 0_u64);
    while let Some(event) = inlet.blocking_recv() {
        match event {
            Event::Mail(mail) => {
                count += 1;
                octets += mail.octets.len() as u64;
            }
            Event::Chunk(chunk) => octets += chunk.len() as u64,
            Event::End => count += 1,
            _ => {}
        }
    }
    runtime.block_on(fetching).unwrap();
    (count, octets, begun.elapsed().as_secs_f64())
}

fn peak_kilobytes() -> String {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:")).unwrap_or("?");
    line.trim().trim_end_matches(" kB").to_owned()
}

fn mbsync(server: &Dovecot) -> Option<f64> {
    let scratch = Scratch::new("mbsync");
    let certificate = scratch.write("cert.pem", server.certificate());
    std::fs::create_dir_all(scratch.path().join("mail")).unwrap();
    let text = format!(
        "IMAPAccount a\nHost localhost\nPort {}\nUser alice\nPass secret\nSSLType IMAPS\nCertificateFile {}\n\n\
         IMAPStore far\nAccount a\n\nMaildirStore near\nPath {mail}/\nInbox {mail}/INBOX\n\n\
         Channel c\nFar :far:\nNear :near:\nPatterns INBOX\nCreate Near\nSync Pull New\nSyncState *\n",
        server.imaps_port(),
        certificate.display(),
        mail = scratch.path().join("mail").display(),
    );
    let config = scratch.write("mbsyncrc", text);
    let begun = Instant::now();
    let status = Command::new("mbsync").arg("-q").arg("-c").arg(config).arg("c").status().ok()?;
    status.success().then(|| begun.elapsed().as_secs_f64())
}
