//! Asks clamd whether octets are malware.
//!
//! Source: clamd(8), "COMMANDS": `z` commands, INSTREAM, VERSION, PING.

use std::fmt;
use std::io;
use std::path::PathBuf;
use std::str::FromStr;
use std::time::Duration;

use crate::talk::Talk;

/// Octets sent in one chunk.
const CHUNK_OCTETS: usize = 64 << 10;
/// Longest answer taken.
const ANSWER_MAX: usize = 4096;
/// The port clamd listens on unless told otherwise.
const PORT: u16 = 3310;

/// Where clamd listens.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ScannerAddress {
    /// Path of a socket.
    Unix(PathBuf),
    /// Host and port.
    Tcp(String, u16),
}

/// Neither a path nor a host with a port.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("neither the path of a socket nor host:port")]
pub struct AddressError;

impl FromStr for ScannerAddress {
    type Err = AddressError;

    /// `/run/clamav/clamd.ctl`, `127.0.0.1:3310`, `[::1]:3310`, `scanner.example.org` (port 3310).
    fn from_str(text: &str) -> Result<Self, AddressError> {
        Self::with_port(text, PORT)
    }
}

impl ScannerAddress {
    /// Reads an address that has this port where it names none.
    ///
    /// # Errors
    /// If it is none.
    pub fn with_port(text: &str, usual: u16) -> Result<Self, AddressError> {
        let text = text.trim();
        if text.starts_with('/') {
            return if text.contains('\0') { Err(AddressError) } else { Ok(Self::Unix(PathBuf::from(text))) };
        }
        let (host, port) = match text.rsplit_once(':') {
            Some((host, port)) if !host.contains(':') || host.ends_with(']') => {
                (host, port.parse().map_err(|_| AddressError)?)
            }
            _ => (text, usual),
        };
        let host = host.trim_start_matches('[').trim_end_matches(']');
        let is_host = |c: char| c.is_ascii_alphanumeric() || ".-:_".contains(c);
        if host.is_empty() || port == 0 || !host.chars().all(is_host) {
            return Err(AddressError);
        }
        Ok(Self::Tcp(host.to_owned(), port))
    }
}

impl fmt::Display for ScannerAddress {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Unix(path) => write!(f, "{}", path.display()),
            Self::Tcp(host, port) if host.contains(':') => write!(f, "[{host}]:{port}"),
            Self::Tcp(host, port) => write!(f, "{host}:{port}"),
        }
    }
}

/// What clamd says of octets.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Scanned {
    /// Nothing found.
    Clean,
    /// Name of the signature.
    Found(String),
    /// More octets than clamd takes (`StreamMaxLength`).
    TooLarge,
}

/// Why there is no answer.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ScanError {
    /// It cannot be reached: not started, or another address.
    #[error("cannot reach clamd at {at}")]
    Unreachable {
        /// Its address.
        at: String,
        /// The system's words.
        #[source]
        source: io::Error,
    },
    /// It did not answer in time.
    #[error("clamd at {at} does not answer")]
    Slow {
        /// Its address.
        at: String,
    },
    /// It closed the connection, or said what is no answer.
    #[error("clamd at {at} broke off: {said}")]
    Broken {
        /// Its address.
        at: String,
        /// Its words, or the system's.
        said: String,
    },
    /// It could not look at these octets.
    #[error("clamd could not scan: {said}")]
    Refused {
        /// Its words.
        said: String,
    },
}

impl ScanError {
    /// Whether the scanner is at fault, not what it was to scan: everything waits then.
    pub const fn is_down(&self) -> bool {
        matches!(self, Self::Unreachable { .. } | Self::Slow { .. })
    }

    /// Whether trying again can help.
    pub const fn is_transient(&self) -> bool {
        !matches!(self, Self::Refused { .. })
    }
}

/// A scanner.
#[derive(Clone, Debug)]
pub struct Clamd {
    address: ScannerAddress,
    timeout: Duration,
}

impl Clamd {
    /// `timeout`: for connecting, and for each scan as a whole.
    pub const fn new(address: ScannerAddress, timeout: Duration) -> Self {
        Self { address, timeout }
    }

    /// Version of engine and signatures, such as `ClamAV 1.4.3/27801/Sat Nov 22 08:26:00 2026`: number and date of the
    /// database stand behind the slashes, where it has one.
    ///
    /// # Errors
    /// [`ScanError`], never `Refused`.
    pub fn version(&self) -> Result<String, ScanError> {
        let mut talk = self.connect()?;
        talk.send(b"zVERSION\0").map_err(|error| self.broken(&error))?;
        let answer = answer(&mut talk).map_err(|error| self.broken(&error))?;
        if answer.starts_with("ClamAV") {
            Ok(answer)
        } else {
            Err(ScanError::Broken { at: self.address.to_string(), said: answer })
        }
    }

    /// Has octets scanned.
    ///
    /// # Errors
    /// [`ScanError`].
    pub fn scan(&self, octets: &[u8]) -> Result<Scanned, ScanError> {
        let mut talk = self.connect()?;
        let sent = stream(&mut talk, octets);
        match (answer(&mut talk), sent) {
            (Ok(answer), _) if !answer.is_empty() => self.read(&answer),
            (Ok(_) | Err(_), Err(error)) | (Err(error), Ok(())) => Err(self.broken(&error)),
            (Ok(_), Ok(())) => Err(self.broken(&io::ErrorKind::UnexpectedEof.into())),
        }
    }

    fn read(&self, answer: &str) -> Result<Scanned, ScanError> {
        if answer.contains("size limit exceeded") {
            return Ok(Scanned::TooLarge);
        }
        let said = answer.strip_prefix("stream: ").unwrap_or(answer);
        match said.rsplit_once(' ') {
            _ if said == "OK" => Ok(Scanned::Clean),
            Some((name, "FOUND")) => Ok(Scanned::Found(name.chars().take(200).collect())),
            Some((_, "ERROR")) => Err(ScanError::Refused { said: said.chars().take(200).collect() }),
            _ => Err(ScanError::Broken {
                at: self.address.to_string(),
                said: said.chars().take(200).collect(),
            }),
        }
    }

    fn broken(&self, error: &io::Error) -> ScanError {
        let at = self.address.to_string();
        match error.kind() {
            io::ErrorKind::TimedOut | io::ErrorKind::WouldBlock => ScanError::Slow { at },
            _ => ScanError::Broken { at, said: error.to_string() },
        }
    }

    fn connect(&self) -> Result<Talk, ScanError> {
        let unreachable = |source: io::Error| ScanError::Unreachable { at: self.address.to_string(), source };
        Talk::begin(&self.address, self.timeout).map_err(unreachable)
    }
}

fn stream(talk: &mut Talk, octets: &[u8]) -> io::Result<()> {
    talk.send(b"zINSTREAM\0")?;
    for chunk in octets.chunks(CHUNK_OCTETS) {
        talk.send(&u32::try_from(chunk.len()).unwrap_or(u32::MAX).to_be_bytes())?;
        talk.send(chunk)?;
    }
    talk.send(&[0; 4])
}

/// Up to the NUL, or the end of the connection.
fn answer(talk: &mut Talk) -> io::Result<String> {
    let answer = talk.answer(ANSWER_MAX, |answer| answer.contains(&0))?;
    let end = answer.iter().position(|octet| *octet == 0).unwrap_or(answer.len());
    Ok(String::from_utf8_lossy(&answer[..end]).trim().to_owned())
}

#[cfg(test)]
mod tests {
    use std::net::TcpListener;

    use super::*;

    #[test]
    fn addresses() {
        let check = |text: &str, expected: &str| {
            assert_eq!(
                text.parse::<ScannerAddress>().map(|address| address.to_string()).unwrap_or_default(),
                expected
            );
        };
        check("/run/clamav/clamd.ctl", "/run/clamav/clamd.ctl");
        check(" 127.0.0.1:3311 ", "127.0.0.1:3311");
        check("scanner.example.org", "scanner.example.org:3310");
        check("[::1]:3310", "[::1]:3310");
        check("::1", "[::1]:3310");
        check("", "");
        check("host:", "");
        check("host:0", "");
        check("a b:1", "");
        check("http://host:1", "");
    }

    #[test]
    fn answers() {
        let clamd = Clamd::new(ScannerAddress::Tcp("localhost".to_owned(), 1), Duration::from_secs(1));
        let check = |answer: &str, expected| assert_eq!(clamd.read(answer).ok(), expected, "{answer}");
        check("stream: OK", Some(Scanned::Clean));
        check("stream: Win.Test.EICAR_HDB-1 FOUND", Some(Scanned::Found("Win.Test.EICAR_HDB-1".to_owned())));
        check("INSTREAM size limit exceeded. ERROR", Some(Scanned::TooLarge));
        check("stream: Can't allocate memory ERROR", None);
        assert!(matches!(clamd.read("stream: Can't allocate memory ERROR"), Err(ScanError::Refused { .. })));
        assert!(matches!(clamd.read("220 mail ESMTP"), Err(ScanError::Broken { .. })));
    }

    /// Whoever takes the octets and says nothing is slow, and is left after the time.
    #[test]
    fn silence_ends() {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let port = listener.local_addr().unwrap().port();
        let clamd = Clamd::new(ScannerAddress::Tcp("127.0.0.1".to_owned(), port), Duration::from_millis(300));
        let error = clamd.scan(b"x").unwrap_err();
        assert!(matches!(error, ScanError::Slow { .. }) && error.is_down(), "{error}");
        drop(listener);
        let error = clamd.scan(b"x").unwrap_err();
        assert!(matches!(error, ScanError::Unreachable { .. }) && error.is_down(), "{error}");
    }
}
