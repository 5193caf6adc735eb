//! A real authorization server (the npm package `oidc-provider`), and a person who consents there.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::io::{Read, Write};
use std::net::{Ipv4Addr, TcpStream};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};
use std::{fs, thread};

use crate::Scratch;
use crate::dovecot::free_port;

/// How long a start may take on a busy machine.
const START_TIMEOUT: Duration = Duration::from_mins(1);
/// Servers that are started until one listens.
const ATTEMPTS: usize = 3;
/// More redirects than this are a circle.
const REDIRECTS_MAX: usize = 20;

/// What a server is started with.
#[derive(Clone, Debug)]
pub struct OidcSetup {
    /// Where people come back to.
    pub redirect: String,
    /// How long access tokens are good, seconds.
    pub access_seconds: u32,
    /// How long refresh tokens are good, seconds.
    pub refresh_seconds: u32,
}

impl Default for OidcSetup {
    /// An hour, 14 days; back to an address where nobody is.
    fn default() -> Self {
        let redirect = "http://127.0.0.1:1/oauth/callback".to_owned();
        Self { redirect, access_seconds: 3600, refresh_seconds: 14 * 24 * 3600 }
    }
}

/// A running server; stopped when dropped. Its people are `alice`, `bob` and `erna`, who may open the mailbox `info`; its
/// clients `poststelle` and `daemon` with the secrets `poststelle-secret` and `daemon-secret`.
#[derive(Debug)]
pub struct Oidc {
    child: Child,
    port: u16,
    scratch: Scratch,
}

impl Oidc {
    /// Starts one with [`OidcSetup::default`].
    ///
    /// # Panics
    /// If it is not installed (`npm ci` in `crates/test-support/oidc`) or does not start.
    pub fn start() -> Self {
        Self::with(&OidcSetup::default())
    }

    /// Starts one.
    ///
    /// # Panics
    /// If it is not installed (`npm ci` in `crates/test-support/oidc`) or does not start.
    pub fn with(setup: &OidcSetup) -> Self {
        let folder = Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/oidc"));
        assert!(folder.join("node_modules/oidc-provider").exists(), "run `npm ci` in {}", folder.display());
        // On a machine that is busy one has been seen that never listened.
        for _ in 1..ATTEMPTS {
            if let Ok(server) = Self::try_start(folder, setup) {
                return server;
            }
        }
        Self::try_start(folder, setup).unwrap_or_else(|said| panic!("no oidc-provider: {said}"))
    }

    fn try_start(folder: &Path, setup: &OidcSetup) -> Result<Self, String> {
        let scratch = Scratch::new("oidc");
        let port = free_port();
        let log = fs::File::create(scratch.path().join("log")).expect("a file can be made");
        let child = Command::new("node")
            .arg("server.mjs")
            .current_dir(folder)
            .env("PORT", port.to_string())
            .env("REDIRECT", &setup.redirect)
            .env("AT_TTL", setup.access_seconds.to_string())
            .env("RT_TTL", setup.refresh_seconds.to_string())
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(log)
            .spawn()
            .expect("Node is installed");
        let mut server = Self { child, port, scratch };
        let begun = Instant::now();
        while TcpStream::connect((Ipv4Addr::LOCALHOST, port)).is_err() {
            let ended = server.child.try_wait().expect("the child can be asked");
            if ended.is_some() || begun.elapsed() > START_TIMEOUT {
                return Err(server.log());
            }
            thread::sleep(Duration::from_millis(10));
        }
        Ok(server)
    }

    /// Its address, without a slash at the end.
    pub fn issuer(&self) -> String {
        format!("http://127.0.0.1:{}", self.port)
    }

    /// What the server has complained of.
    pub fn log(&self) -> String {
        fs::read_to_string(self.scratch.path().join("log")).unwrap_or_default()
    }

    /// A person opens `url`, signs in, and says yes. Gives the address they are sent back to.
    ///
    /// # Panics
    /// If the server does not ask as expected.
    pub fn consent(&self, url: &str, person: &str) -> String {
        let mut browser = Browser::default();
        let mut page = browser.get(url);
        for _ in 0..REDIRECTS_MAX {
            match page {
                Page::Elsewhere(to) => return to,
                Page::Html { at, html } => page = browser.post(&action(&html, &at), &answers(&html, person)),
            }
        }
        panic!("no end of forms: {}", self.log());
    }

    /// A person types a code in, signs in, and says yes.
    ///
    /// # Panics
    /// If the server does not ask as expected.
    pub fn enter_code(&self, verification_uri: &str, code: &str, person: &str) {
        let mut browser = Browser::default();
        let mut page = browser.get(verification_uri);
        for _ in 0..REDIRECTS_MAX {
            let Page::Html { at, html } = page else { panic!("sent away: {}", self.log()) };
            if !html.contains("<form") {
                return;
            }
            let mut fields = answers(&html, person);
            if !html.contains("name=\"prompt\"") {
                fields.insert("user_code".to_owned(), code.to_owned());
            }
            page = browser.post(&action(&html, &at), &fields);
        }
        panic!("no end of forms: {}", self.log());
    }

    /// Takes back everything a person has granted.
    pub fn revoke_all(&self, person: &str) {
        drop(self.ask(&format!("/test/revoke?person={person}")));
    }

    /// Out of order: every answer is 503, until it is said that it is not.
    pub fn set_down(&self, is_down: bool) {
        drop(self.ask(&format!("/test/down?is={is_down}")));
    }

    /// How often a refresh token was shown.
    ///
    /// # Panics
    /// If the server does not say.
    pub fn refreshes(&self) -> u64 {
        let text = self.ask("/test/counts");
        let number = text.split("\"refresh_token\":").nth(1).and_then(|rest| rest.split([',', '}']).next());
        number.and_then(|number| number.parse().ok()).expect("the server counts")
    }

    /// Asks the server whether a token is good, as whoever guards a resource does (RFC 7662). Needs the server only when it
    /// is called.
    pub fn introspection(&self) -> impl Fn(&str) -> bool + Send + Sync + 'static {
        let port = self.port;
        move |token| {
            // `dovecot:dovecot-secret`.
            let head = "POST /token/introspection HTTP/1.1\r\nAuthorization: Basic ZG92ZWNvdDpkb3ZlY290LXNlY3JldA==\r\n\
                        Content-Type: application/x-www-form-urlencoded\r\n";
            exchange(port, head, &format!("token={token}")).2.contains("\"active\":true")
        }
    }

    fn ask(&self, path: &str) -> String {
        let (_, _, body) = exchange(self.port, &format!("GET {path} HTTP/1.1\r\n"), "");
        body
    }

    /// For [`crate::dovecot::Setup::extra`]: tokens are asked about here. `mechanisms`: SASL, such as `plain xoauth2`.
    /// `folder`: where a file can lie.
    pub fn for_dovecot(&self, folder: &Scratch, mechanisms: &str) -> String {
        let file = folder.write(
            "oauth2.conf",
            format!(
                "introspection_url = http://dovecot:dovecot-secret@127.0.0.1:{}/token/introspection\n\
                introspection_mode = post\nusername_attribute = username\nactive_attribute = active\n\
                active_value = true\n",
                self.port
            ),
        );
        format!(
            "auth_mechanisms = {mechanisms}\nauth_cache_size = 0\npassdb {{\n  driver = oauth2\n  \
            mechanisms = xoauth2 oauthbearer\n  args = {}\n}}\n",
            file.display()
        )
    }
}

impl Drop for Oidc {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

enum Page {
    Html {
        at: String,
        html: String,
    },
    /// Another host or port.
    Elsewhere(String),
}

/// Cookies and redirects of one person.
#[derive(Default)]
struct Browser {
    cookies: BTreeMap<String, String>,
    origin: String,
}

impl Browser {
    fn get(&mut self, url: &str) -> Page {
        self.origin = url.split('/').take(3).collect::<Vec<_>>().join("/");
        self.follow(url.to_owned(), None)
    }

    fn post(&mut self, url: &str, fields: &BTreeMap<String, String>) -> Page {
        let encode = |text: &str| {
            text.bytes().fold(String::new(), |mut out, octet| {
                if octet.is_ascii_alphanumeric() {
                    out.push(char::from(octet));
                } else {
                    let _ = write!(out, "%{octet:02X}");
                }
                out
            })
        };
        let body: Vec<String> =
            fields.iter().map(|(name, value)| format!("{}={}", encode(name), encode(value))).collect();
        self.follow(url.to_owned(), Some(body.join("&")))
    }

    fn follow(&mut self, mut url: String, mut body: Option<String>) -> Page {
        for _ in 0..REDIRECTS_MAX {
            if url.starts_with('/') {
                url = format!("{}{url}", self.origin);
            }
            let Some(path) = url.strip_prefix(&self.origin) else { return Page::Elsewhere(url) };
            let port = self.origin.rsplit(':').next().and_then(|port| port.parse().ok()).expect("a port");
            let cookies: Vec<String> =
                self.cookies.iter().map(|(name, value)| format!("{name}={value}")).collect();
            let mut head = match &body {
                Some(_) => {
                    format!("POST {path} HTTP/1.1\r\nContent-Type: application/x-www-form-urlencoded\r\n")
                }
                None => format!("GET {path} HTTP/1.1\r\n"),
            };
            let _ = write!(head, "Accept: text/html\r\nCookie: {}\r\n", cookies.join("; "));
            let (status, fields, html) = exchange(port, &head, body.as_deref().unwrap_or_default());
            for (_, cookie) in fields.iter().filter(|(name, _)| name == "set-cookie") {
                let (name, value) =
                    cookie.split(';').next().and_then(|pair| pair.split_once('=')).expect("a cookie");
                if value.is_empty() {
                    self.cookies.remove(name);
                } else {
                    self.cookies.insert(name.to_owned(), value.to_owned());
                }
            }
            let to =
                fields.iter().find(|(name, _)| name == "location").filter(|_| (300..400).contains(&status));
            match to {
                Some((_, to)) => (url, body) = (to.clone(), None),
                None => return Page::Html { at: url, html },
            }
        }
        panic!("no end of redirects");
    }
}

/// Address of the form of a page.
fn action(html: &str, at: &str) -> String {
    let action = html.split("action=\"").nth(1).and_then(|rest| rest.split('"').next());
    action.map_or_else(|| at.to_owned(), str::to_owned)
}

/// What a person answers to the form of a page.
fn answers(html: &str, person: &str) -> BTreeMap<String, String> {
    let form =
        html.split("<form").nth(1).expect("the page has a form").split("</form>").next().unwrap_or_default();
    let attribute = |input: &str, name: &str| {
        input.split(&format!("{name}=\"")).nth(1).and_then(|rest| rest.split('"').next()).map(str::to_owned)
    };
    let mut fields = BTreeMap::new();
    for input in form.split("<input").skip(1) {
        if let Some(name) = attribute(input, "name") {
            let typed = match name.as_str() {
                "login" => Some(person.to_owned()),
                "password" => Some("any".to_owned()),
                _ => attribute(input, "value"),
            };
            fields.insert(name, typed.unwrap_or_default());
        }
    }
    fields
}

/// One request on a connection of its own: status, fields with lower-case names, body.
fn exchange(port: u16, head: &str, body: &str) -> (u16, Vec<(String, String)>, String) {
    let mut stream = TcpStream::connect((Ipv4Addr::LOCALHOST, port)).expect("the server listens");
    let length = body.len();
    write!(
        stream,
        "{head}Host: 127.0.0.1:{port}\r\nConnection: close\r\nContent-Length: {length}\r\n\r\n{body}"
    )
    .expect("the server listens");
    let mut octets = Vec::new();
    stream.read_to_end(&mut octets).expect("the server answers");
    let text = String::from_utf8_lossy(&octets);
    let (head, body) = text.split_once("\r\n\r\n").expect("an answer has a head");
    let status = head.split(' ').nth(1).and_then(|status| status.parse().ok()).expect("a status");
    let fields = head.lines().skip(1).filter_map(|line| line.split_once(':'));
    let fields = fields.map(|(name, value)| (name.to_ascii_lowercase(), value.trim().to_owned())).collect();
    (status, fields, body.to_owned())
}
