//! Asks a spam filter: rspamd or the spamd of `SpamAssassin`.
//!
//! Source: rspamd, "HTTP protocol" (`/checkv2`); `SpamAssassin`, "spamd/PROTOCOL" (`CHECK`).

use std::fmt;
use std::io;
use std::str::FromStr;
use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::authentication::Origin;
use crate::clamd::{AddressError, ScannerAddress};
use crate::talk::Talk;

/// Longest answer taken, octets: rspamd tells all its rules.
const ANSWER_MAX: usize = 4 << 20;
const RSPAMD_PORT: u16 = 11_333;
const SPAMD_PORT: u16 = 783;
/// What rspamd wants done with what it takes for spam.
const SPAM_ACTIONS: [&str; 3] = ["reject", "add header", "rewrite subject"];

/// What a spam filter says of a mail.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct SpamMark {
    /// Who says it: `rspamd`, `spamassassin`, or the name of a header field.
    pub by: String,
    /// It is spam.
    pub is_spam: bool,
    /// Points, in thousandths.
    pub score_milli: Option<i64>,
    /// So many make it spam, in thousandths.
    pub required_milli: Option<i64>,
}

/// Which filter.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kind {
    Rspamd,
    Spamd,
}

/// Where a filter listens.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FilterAddress {
    kind: Kind,
    at: ScannerAddress,
}

impl FromStr for FilterAddress {
    type Err = AddressError;

    /// `rspamd://host:11333`, `spamd://host:783`, `spamd:///run/spamd.sock`; the port may be left out.
    fn from_str(text: &str) -> Result<Self, AddressError> {
        let (kind, at) = text.trim().split_once("://").ok_or(AddressError)?;
        let (kind, port) = match kind {
            "rspamd" => (Kind::Rspamd, RSPAMD_PORT),
            "spamd" => (Kind::Spamd, SPAMD_PORT),
            _ => return Err(AddressError),
        };
        let at = if at.starts_with('/') { at } else { at.trim_end_matches('/') };
        Ok(Self { kind, at: ScannerAddress::with_port(at, port)? })
    }
}

impl fmt::Display for FilterAddress {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let kind = if self.kind == Kind::Rspamd { "rspamd" } else { "spamd" };
        write!(f, "{kind}://{}", self.at)
    }
}

/// There is no answer, or none that is understood.
#[derive(Debug, thiserror::Error)]
#[error("the spam filter at {at} gives no answer: {said}")]
pub struct FilterError {
    /// Its address.
    pub at: String,
    /// Its words, or the system's.
    pub said: String,
}

/// A spam filter.
#[derive(Clone, Debug)]
pub struct SpamFilter {
    address: FilterAddress,
    timeout: Duration,
}

impl SpamFilter {
    /// `timeout`: for connecting, and for each mail as a whole.
    pub const fn new(address: FilterAddress, timeout: Duration) -> Self {
        Self { address, timeout }
    }

    /// Asks about a mail. `origin`: who handed it over, as far as that is known. Blocks.
    ///
    /// # Errors
    /// If it cannot be reached, or does not say.
    pub fn check(&self, octets: &[u8], origin: &Origin) -> Result<SpamMark, FilterError> {
        let failed = |said: String| FilterError { at: self.address.to_string(), said };
        let answer = self.ask(octets, origin).map_err(|error| failed(error.to_string()))?;
        let read = match self.address.kind {
            Kind::Rspamd => of_rspamd(&answer),
            Kind::Spamd => of_spamd(&answer),
        };
        let first = || {
            String::from_utf8_lossy(&answer).lines().next().unwrap_or_default().chars().take(200).collect()
        };
        read.ok_or_else(|| failed(first()))
    }

    fn ask(&self, octets: &[u8], origin: &Origin) -> io::Result<Vec<u8>> {
        let mut talk = Talk::begin(&self.address.at, self.timeout)?;
        let head = match self.address.kind {
            Kind::Rspamd => {
                let mut head = format!("POST /checkv2 HTTP/1.0\r\nContent-Length: {}\r\n", octets.len());
                let client = origin.client.map(|ip| ip.to_string()).unwrap_or_default();
                for (name, value) in [("IP", &client), ("Helo", &origin.helo), ("From", &origin.mail_from)] {
                    if !value.is_empty() && value.chars().all(|c| c.is_ascii_graphic()) {
                        head.extend([name, ": ", value, "\r\n"]);
                    }
                }
                head + "\r\n"
            }
            Kind::Spamd => format!("CHECK SPAMC/1.5\r\nContent-length: {}\r\n\r\n", octets.len()),
        };
        // What it says before all is sent counts; without an answer the error of sending does.
        let sent = talk.send(head.as_bytes()).and_then(|()| talk.send(octets));
        match talk.answer(ANSWER_MAX, is_whole) {
            Ok(answer) if !answer.is_empty() => Ok(answer),
            Ok(_) => Err(sent.err().unwrap_or_else(|| io::ErrorKind::UnexpectedEof.into())),
            Err(error) => Err(sent.err().unwrap_or(error)),
        }
    }
}

/// Header and body of an answer.
fn parts(answer: &[u8]) -> Option<(&str, &[u8])> {
    let at = memchr::memmem::find(answer, b"\r\n\r\n")?;
    Some((std::str::from_utf8(&answer[..at]).ok()?, &answer[at + 4..]))
}

fn field<'a>(head: &'a str, name: &str) -> Option<&'a str> {
    head.lines()
        .skip(1)
        .filter_map(|line| line.split_once(':'))
        .find_map(|(known, value)| known.trim().eq_ignore_ascii_case(name).then_some(value.trim()))
}

fn is_whole(answer: &[u8]) -> bool {
    let Some((head, body)) = parts(answer) else { return false };
    field(head, "Content-Length")
        .and_then(|len| len.parse::<usize>().ok())
        .is_some_and(|len| body.len() >= len)
}

#[derive(Deserialize)]
struct Rspamd {
    score: f64,
    required_score: f64,
    action: String,
}

fn of_rspamd(answer: &[u8]) -> Option<SpamMark> {
    let (head, body) = parts(answer)?;
    head.lines().next()?.split(' ').nth(1).filter(|code| *code == "200")?;
    let found: Rspamd = serde_json::from_slice(body).ok()?;
    Some(SpamMark {
        by: "rspamd".to_owned(),
        is_spam: SPAM_ACTIONS.contains(&found.action.as_str()),
        score_milli: milli(found.score),
        required_milli: milli(found.required_score),
    })
}

/// `SPAMD/1.1 0 EX_OK`, then `Spam: True ; 1000.0 / 5.0`.
fn of_spamd(answer: &[u8]) -> Option<SpamMark> {
    let head = parts(answer).map_or_else(|| std::str::from_utf8(answer).ok(), |(head, _)| Some(head))?;
    let mut status = head.lines().next()?.split_ascii_whitespace();
    status.next().filter(|word| word.starts_with("SPAMD/"))?;
    status.next().filter(|code| *code == "0")?;
    let (verdict, points) = field(head, "Spam")?.split_once(';')?;
    let (score, required) = points.split_once('/')?;
    Some(SpamMark {
        by: "spamassassin".to_owned(),
        is_spam: ["true", "yes"].iter().any(|word| verdict.trim().eq_ignore_ascii_case(word)),
        score_milli: score.trim().parse().ok().and_then(milli),
        required_milli: required.trim().parse().ok().and_then(milli),
    })
}

/// Points in thousandths; `None` for what is no number.
pub fn milli(points: f64) -> Option<i64> {
    points.is_finite().then(|| (points.clamp(-1e9, 1e9) * 1000.0).round() as i64)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses() {
        let check = |text: &str, expected: &str| {
            let read = text.parse::<FilterAddress>().map(|address| address.to_string());
            assert_eq!(read.unwrap_or_default(), expected, "{text}");
        };
        check("rspamd://127.0.0.1:11334", "rspamd://127.0.0.1:11334");
        check(" rspamd://filter.example.org/ ", "rspamd://filter.example.org:11333");
        check("spamd://[::1]", "spamd://[::1]:783");
        check("spamd:///run/spamd.sock", "spamd:///run/spamd.sock");
        check("http://127.0.0.1:11333", "");
        check("127.0.0.1:783", "");
        check("rspamd://", "");
        check("rspamd://a b:1", "");
    }

    #[test]
    fn answers() {
        let mark = |by: &str, is_spam, score, required| {
            Some(SpamMark {
                by: by.to_owned(),
                is_spam,
                score_milli: Some(score),
                required_milli: Some(required),
            })
        };
        let spamd = |text: &str| of_spamd(text.as_bytes());
        assert_eq!(
            spamd("SPAMD/1.1 0 EX_OK\r\nContent-length: 0\r\nSpam: True ; 1000.0 / 5.0\r\n\r\n"),
            mark("spamassassin", true, 1_000_000, 5000)
        );
        assert_eq!(
            spamd("SPAMD/1.1 0 EX_OK\r\nSpam: False ; -0.1 / 5.0\r\n\r\n"),
            mark("spamassassin", false, -100, 5000)
        );
        assert_eq!(spamd("SPAMD/1.0 76 Bad header line: x\r\n\r\n"), None);
        assert_eq!(spamd("220 mail ESMTP\r\n"), None);
        let rspamd =
            |body: &str| of_rspamd(format!("HTTP/1.1 200 OK\r\nContent-Length: 1\r\n\r\n{body}").as_bytes());
        let said = |action: &str| {
            rspamd(&format!(
                r#"{{"is_skipped":false,"score":6.25,"required_score":15.0,"action":"{action}","symbols":{{}}}}"#
            ))
        };
        assert_eq!(said("add header"), mark("rspamd", true, 6250, 15_000));
        assert_eq!(said("greylist"), mark("rspamd", false, 6250, 15_000));
        assert_eq!(rspamd("{}"), None);
        assert_eq!(of_rspamd(b"HTTP/1.1 403 Forbidden\r\n\r\n{}"), None);
        assert!(!is_whole(b"HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\n{}"));
        assert!(is_whole(b"HTTP/1.1 200 OK\r\nContent-length: 2\r\n\r\n{}"));
    }
}
