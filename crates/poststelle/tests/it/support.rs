//! Starts the program and makes mails for it.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::io::{BufRead as _, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

use serde_json::Value;
use tempfile::TempDir;

/// What a finished command left.
pub(crate) struct Done {
    pub(crate) status: Option<i32>,
    pub(crate) out: Vec<u8>,
    pub(crate) err: String,
}

impl Done {
    pub(crate) fn text(&self) -> String {
        String::from_utf8(self.out.clone()).unwrap()
    }

    /// Fails with what the program said unless it gave this status.
    #[track_caller]
    pub(crate) fn expect(self, status: i32) -> Self {
        assert_eq!(
            self.status,
            Some(status),
            "stdout: {}\nstderr: {}",
            String::from_utf8_lossy(&self.out),
            self.err
        );
        self
    }

    /// Standard output as one JSON value a line.
    #[track_caller]
    pub(crate) fn rows(&self) -> Vec<Value> {
        self.text().lines().map(|line| serde_json::from_str(line).unwrap()).collect()
    }

    /// The last line as JSON.
    #[track_caller]
    pub(crate) fn last(&self) -> Value {
        serde_json::from_str(self.text().lines().last().unwrap()).unwrap()
    }
}

/// An installation in a temporary directory.
pub(crate) struct Poststelle {
    pub(crate) dir: TempDir,
}

impl Poststelle {
    pub(crate) fn new() -> Self {
        Self { dir: TempDir::new().unwrap() }
    }

    pub(crate) fn data(&self) -> PathBuf {
        self.dir.path().join("data")
    }

    /// A command on this installation; `--data` is added.
    pub(crate) fn command(&self, words: &[&str]) -> Command {
        let mut command = program();
        let (name, rest) = words.split_first().unwrap();
        command.arg(name).arg("--data").arg(self.data()).args(rest).current_dir(self.dir.path());
        command
    }

    pub(crate) fn run(&self, words: &[&str]) -> Done {
        finish(&mut self.command(words))
    }

    pub(crate) fn import(&self, path: &Path) -> Done {
        self.run(&["import", "--json", "--account", "test", path.to_str().unwrap()])
    }

    /// All mails by digest, with their placements.
    pub(crate) fn mails(&self) -> BTreeMap<String, Value> {
        let rows = self.run(&["mails", "--jsonl"]).expect(0).rows();
        let count = rows.len();
        let mails: BTreeMap<String, Value> =
            rows.into_iter().map(|row| (row["sha256"].as_str().unwrap().to_owned(), row)).collect();
        assert_eq!(mails.len(), count, "a digest twice");
        mails
    }

    #[track_caller]
    pub(crate) fn verify(&self) {
        self.run(&["verify"]).expect(0);
    }

    /// Starts `serve` and waits until it answers.
    pub(crate) fn serve(&self) -> Server {
        self.serve_with(&[])
    }

    /// Likewise with these variables of the environment.
    pub(crate) fn serve_with(&self, variables: &[(&str, &str)]) -> Server {
        let address = format!("127.0.0.1:{}", free_port());
        let mut child = self
            .command(&["serve", "--listen", &address])
            .env("LC_ALL", "C")
            .envs(variables.iter().copied())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        let mut lines = BufReader::new(child.stderr.take().unwrap());
        let mut said = String::new();
        while !said.contains("://") {
            assert!(lines.read_line(&mut said).unwrap() > 0, "serve stopped: {said}");
        }
        std::thread::spawn(move || std::io::copy(&mut lines, &mut std::io::sink()));
        Server { child }
    }
}

/// A running server, stopped when it goes out of scope.
pub(crate) struct Server {
    child: Child,
}

impl Server {
    pub(crate) fn pid(&self) -> u32 {
        self.child.id()
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.child.kill().ok();
        self.child.wait().ok();
    }
}

pub(crate) fn program() -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_poststelle"));
    command.env("LC_ALL", "C").env_remove("POSTSTELLE_PASSWORD").stdin(Stdio::null());
    // What the doctor says does not depend on the machine the tests run on.
    command.env("POSTSTELLE_DISK_LOW_MEGABYTES", "0");
    command
}

pub(crate) fn finish(command: &mut Command) -> Done {
    let output =
        command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap().wait_with_output().unwrap();
    Done {
        status: output.status.code(),
        out: output.stdout,
        err: String::from_utf8_lossy(&output.stderr).into_owned(),
    }
}

/// A command with octets on its standard input.
pub(crate) fn finish_with_input(command: &mut Command, input: &[u8]) -> Done {
    use std::io::Write as _;
    let mut child =
        command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    child.stdin.take().unwrap().write_all(input).unwrap();
    let output = child.wait_with_output().unwrap();
    Done {
        status: output.status.code(),
        out: output.stdout,
        err: String::from_utf8_lossy(&output.stderr).into_owned(),
    }
}

pub(crate) fn free_port() -> u16 {
    std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port()
}

pub(crate) fn sha256(octets: &[u8]) -> String {
    aws_lc_rs::digest::digest(&aws_lc_rs::digest::SHA256, octets).as_ref().iter().fold(
        String::new(),
        |mut text, octet| {
            write!(text, "{octet:02x}").unwrap();
            text
        },
    )
}

/// The `n`-th of a series of different mails; some are replies, some have attachments, some are long.
pub(crate) fn mail(n: usize) -> Vec<u8> {
    let mut mail = format!(
        "From: Absender {a} <a{a}@example.org>\r\nTo: info@example.net\r\nSubject: =?utf-8?q?Pr=C3=BCfmail?= {n}\r\nDate: Mon, {day} Mar 2026 10:{minute:02}:00 +0100\r\nMessage-ID: <test-{n}@example.org>\r\n",
        a = n % 37,
        day = 2 + n % 25,
        minute = n % 60,
    );
    if n % 3 == 2 {
        write!(mail, "In-Reply-To: <test-{}@example.org>\r\n", n - 1).unwrap();
    }
    let text = format!(
        "Guten Tag,\r\n\r\ndies ist Mail {n} mit der Nummer B-2026-{:05}.\r\n{}",
        n,
        "Eine weitere Zeile Text.\r\n".repeat(n % 50)
    );
    if n.is_multiple_of(5) {
        write!(mail, "MIME-Version: 1.0\r\nContent-Type: multipart/mixed; boundary=grenze\r\n\r\n--grenze\r\nContent-Type: text/plain\r\n\r\n{text}\r\n--grenze\r\nContent-Type: application/octet-stream\r\nContent-Disposition: attachment; filename=\"datei-{n}.bin\"\r\nContent-Transfer-Encoding: base64\r\n\r\n{}\r\n--grenze--\r\n", "QUJDREVGRw==".repeat(1 + n % 90)).unwrap();
    } else {
        write!(mail, "\r\n{text}").unwrap();
    }
    mail.into_bytes()
}

/// A folder with `count` mails as `0000.eml` …; their digests.
pub(crate) fn folder(dir: &Path, count: usize) -> Vec<String> {
    std::fs::create_dir_all(dir).unwrap();
    (0..count)
        .map(|n| {
            let octets = mail(n);
            std::fs::write(dir.join(format!("{n:05}.eml")), &octets).unwrap();
            sha256(&octets)
        })
        .collect()
}

/// The folder of shared test mails, if it is there.
pub(crate) fn shared(path: &str) -> Option<PathBuf> {
    let found = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../shared").join(path);
    if !found.exists() {
        eprintln!("skipped: {} is not there", found.display());
        return None;
    }
    found.canonicalize().ok()
}

/// Whether the long forms of slow tests are wanted.
pub(crate) fn slow() -> bool {
    std::env::var_os("SLOW_TESTS").is_some_and(|value| value == "1")
}
