//! An S3-compatible store with Object Lock, for one test: `moto` of `PyPI`, in the environment that `make packages` makes.

use std::io::{Read as _, Write as _};
use std::net::TcpStream;
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use crate::dovecot::free_port;

/// How long a start may take on a busy machine.
const PATIENCE: Duration = Duration::from_mins(2);

/// A running store; takes any key. Ended when dropped, and what it held is gone.
#[derive(Debug)]
pub struct Moto {
    port: u16,
    child: Option<Child>,
}

impl Moto {
    /// Starts it; `None`, with a word on standard error, where it cannot be had.
    ///
    /// # Panics
    /// If it does not start.
    pub fn start() -> Option<Self> {
        let root = PathBuf::from(concat!(env!("CARGO_MANIFEST_DIR"), "/../../target/moto/bin/python"));
        if !root.exists() {
            eprintln!("moto is not there (make packages): skipped");
            return None;
        }
        let mut server = Self { port: free_port(), child: None };
        server.begin();
        Some(server)
    }

    fn begin(&mut self) {
        let python = concat!(env!("CARGO_MANIFEST_DIR"), "/../../target/moto/bin/python");
        let mut command = Command::new(python);
        command.args(["-m", "moto.server", "-H", "127.0.0.1", "-p", &self.port.to_string()]);
        command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
        self.child = Some(command.spawn().expect("moto starts"));
        let begun = Instant::now();
        while TcpStream::connect(("127.0.0.1", self.port)).is_err() {
            assert!(begun.elapsed() < PATIENCE, "no moto");
            thread::sleep(Duration::from_millis(20));
        }
    }

    /// Ends it; its address answers no more.
    pub fn stop(&mut self) {
        if let Some(mut child) = self.child.take() {
            child.kill().ok();
            child.wait().ok();
        }
    }

    /// Starts it again at the same address, empty.
    ///
    /// # Panics
    /// If it does not start.
    pub fn start_again(&mut self) {
        self.stop();
        self.begin();
    }

    /// Its address, without a path.
    pub fn url(&self) -> String {
        format!("http://127.0.0.1:{}", self.port)
    }

    /// Makes a bucket; with Object Lock, new objects are locked for a day where `locked`.
    ///
    /// # Panics
    /// If the store refuses.
    pub fn make_bucket(&self, name: &str, locked: bool) {
        let fields: &[&str] = if locked { &["x-amz-bucket-object-lock-enabled: true"] } else { &[] };
        assert_eq!(self.ask("PUT", &format!("/{name}"), fields, b"").0, 200);
        if locked {
            let rule = b"<ObjectLockConfiguration><ObjectLockEnabled>Enabled</ObjectLockEnabled><Rule><DefaultRetention>\
                <Mode>COMPLIANCE</Mode><Days>1</Days></DefaultRetention></Rule></ObjectLockConfiguration>";
            assert_eq!(self.ask("PUT", &format!("/{name}?object-lock"), &[], rule).0, 200);
        }
    }

    /// Sends a request; gives the status, the fields of the answer and its body.
    ///
    /// # Panics
    /// If it does not answer.
    pub fn ask(&self, method: &str, path: &str, fields: &[&str], body: &[u8]) -> (u16, String, Vec<u8>) {
        let mut stream = TcpStream::connect(("127.0.0.1", self.port)).expect("moto listens");
        let mut head = format!(
            "{method} {path} HTTP/1.0\r\nHost: 127.0.0.1:{}\r\nContent-Length: {}\r\n\
             Authorization: AWS4-HMAC-SHA256 Credential=test/20260101/us-east-1/s3/aws4_request, SignedHeaders=host, Signature=0\r\n",
            self.port,
            body.len()
        );
        for field in fields {
            head.push_str(field);
            head.push_str("\r\n");
        }
        head.push_str("\r\n");
        stream.write_all(head.as_bytes()).and_then(|()| stream.write_all(body)).expect("moto reads");
        let mut answer = Vec::new();
        stream.read_to_end(&mut answer).expect("moto answers");
        let end = answer.windows(4).position(|four| four == b"\r\n\r\n").expect("fields end");
        let head = String::from_utf8_lossy(&answer[..end]).into_owned();
        let status = head.split(' ').nth(1).and_then(|word| word.parse().ok()).expect("a status");
        (status, head.to_ascii_lowercase(), answer[end + 4..].to_vec())
    }
}

impl Drop for Moto {
    fn drop(&mut self) {
        self.stop();
    }
}
