//! A real `CardDAV` server with its own configuration and port, for one test.

use std::io::{Read as _, Write as _};
use std::net::TcpStream;
use std::process::{Child, Command, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

use crate::dovecot::free_port;
use crate::{Certificate, Scratch};

/// How long a start may take on a busy machine.
const PATIENCE: Duration = Duration::from_mins(2);

/// A running Radicale with the user `eva`, password `secret`. Ended when dropped.
#[derive(Debug)]
pub struct Radicale {
    scratch: Scratch,
    port: u16,
    child: Option<Child>,
    is_tls: bool,
}

impl Radicale {
    /// Starts it without TLS, on this machine only.
    ///
    /// # Panics
    /// If it is not installed or does not start.
    pub fn start() -> Self {
        Self::with(None)
    }

    /// Starts it with TLS.
    ///
    /// # Panics
    /// If it is not installed or does not start.
    pub fn with_tls(certificate: &Certificate) -> Self {
        Self::with(Some(certificate))
    }

    fn with(certificate: Option<&Certificate>) -> Self {
        let scratch = Scratch::new("radicale");
        let port = free_port();
        let root = scratch.path().display().to_string();
        let mut conf = format!(
            "[server]\nhosts = 127.0.0.1:{port}\n[auth]\ntype = htpasswd\nhtpasswd_filename = {root}/users\n\
             htpasswd_encryption = plain\ndelay = 0\n[storage]\nfilesystem_folder = {root}/data\n"
        );
        if let Some(certificate) = certificate {
            scratch.write("certificate.pem", &certificate.certificate);
            scratch.write("key.pem", &certificate.key);
            let tls =
                format!("ssl = True\ncertificate = {root}/certificate.pem\nkey = {root}/key.pem\n[auth]\n");
            conf = conf.replacen("[auth]\n", &tls, 1);
        }
        scratch.write("users", "eva:secret\n");
        scratch.write("conf", conf);
        let mut server = Self { scratch, port, child: None, is_tls: certificate.is_some() };
        server.run();
        server
    }

    fn run(&mut self) {
        let conf = self.scratch.path().join("conf");
        let mut command = Command::new("radicale");
        command.arg("--config").arg(conf).stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
        self.child = Some(command.spawn().expect("radicale is installed (package of that name)"));
        let begun = Instant::now();
        while TcpStream::connect(("127.0.0.1", self.port)).is_err() {
            assert!(begun.elapsed() < PATIENCE, "no radicale");
            thread::sleep(Duration::from_millis(20));
        }
    }

    /// Its address, without a path.
    pub fn url(&self) -> String {
        format!("{}://127.0.0.1:{}", if self.is_tls { "https" } else { "http" }, self.port)
    }

    /// Makes an address book of eva's.
    ///
    /// # Panics
    /// If the server refuses it.
    pub fn add_book(&self, path: &str, name: &str) {
        let body = format!(
            "<?xml version=\"1.0\"?><d:mkcol xmlns:d=\"DAV:\" xmlns:c=\"urn:ietf:params:xml:ns:carddav\"><d:set><d:prop>\
             <d:resourcetype><d:collection/><c:addressbook/></d:resourcetype><d:displayname>{name}</d:displayname>\
             </d:prop></d:set></d:mkcol>"
        );
        assert_eq!(self.ask("MKCOL", path, &body), 201, "{path}");
    }

    /// Puts a card there.
    ///
    /// # Panics
    /// If the server refuses it.
    pub fn put(&self, path: &str, card: &str) {
        let status = self.ask("PUT", path, card);
        assert!(status == 201 || status == 204, "{path}: {status}");
    }

    /// Removes a card.
    ///
    /// # Panics
    /// If the server refuses it.
    pub fn remove(&self, path: &str) {
        assert_eq!(self.ask("DELETE", path, ""), 200, "{path}");
    }

    /// Lets it forget every token it gave.
    ///
    /// # Panics
    /// If its files cannot be removed.
    pub fn forget_tokens(&self) {
        let mut waiting = vec![self.scratch.path().join("data")];
        while let Some(folder) = waiting.pop() {
            for entry in std::fs::read_dir(folder).expect("a folder of the server") {
                let path = entry.expect("an entry").path();
                if path.ends_with("sync-token") {
                    std::fs::remove_dir_all(path).expect("the tokens");
                } else if path.is_dir() {
                    waiting.push(path);
                }
            }
        }
    }

    /// Only without TLS.
    fn ask(&self, method: &str, path: &str, body: &str) -> u16 {
        let mut stream = TcpStream::connect(("127.0.0.1", self.port)).expect("the server listens");
        let login = STANDARD.encode("eva:secret");
        let kind = if method == "PUT" { "text/vcard" } else { "application/xml" };
        let request = format!(
            "{method} {path} HTTP/1.0\r\nHost: 127.0.0.1\r\nAuthorization: Basic {login}\r\nContent-Type: {kind}; \
             charset=utf-8\r\nContent-Length: {}\r\n\r\n{body}",
            body.len()
        );
        stream.write_all(request.as_bytes()).expect("the server reads");
        let mut answer = String::new();
        stream.read_to_string(&mut answer).expect("the server answers");
        let status = answer.split(' ').nth(1).and_then(|status| status.parse().ok());
        status.unwrap_or_else(|| panic!("no answer: {answer}"))
    }
}

impl Drop for Radicale {
    fn drop(&mut self) {
        if let Some(mut child) = self.child.take() {
            child.kill().ok();
            child.wait().ok();
        }
    }
}
