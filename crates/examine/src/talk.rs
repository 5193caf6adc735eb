//! A connection to a program that examines: one question, one answer, within a time.

use std::io::{self, Read as _, Write as _};
use std::net::{TcpStream, ToSocketAddrs as _};
use std::os::unix::net::UnixStream;
use std::time::{Duration, Instant};

use crate::clamd::ScannerAddress;

enum Wire {
    Unix(UnixStream),
    Tcp(TcpStream),
}

pub(crate) struct Talk {
    wire: Wire,
    until: Instant,
}

impl Talk {
    /// `timeout`: for connecting, and for all that follows as a whole.
    pub(crate) fn begin(address: &ScannerAddress, timeout: Duration) -> io::Result<Self> {
        let wire = match address {
            ScannerAddress::Unix(path) => Wire::Unix(UnixStream::connect(path)?),
            ScannerAddress::Tcp(host, port) => {
                let mut last = io::ErrorKind::NotFound.into();
                let mut found = None;
                for address in (host.as_str(), *port).to_socket_addrs()? {
                    match TcpStream::connect_timeout(&address, timeout) {
                        Ok(stream) => {
                            stream.set_nodelay(true).ok();
                            found = Some(stream);
                            break;
                        }
                        Err(error) => last = error,
                    }
                }
                Wire::Tcp(found.ok_or(last)?)
            }
        };
        Ok(Self { wire, until: Instant::now() + timeout })
    }

    /// What is left of the time goes to the next call.
    fn hurry(&self) -> io::Result<()> {
        let left = self.until.saturating_duration_since(Instant::now());
        if left.is_zero() {
            return Err(io::ErrorKind::TimedOut.into());
        }
        match &self.wire {
            Wire::Unix(stream) => {
                stream.set_read_timeout(Some(left)).and(stream.set_write_timeout(Some(left)))
            }
            Wire::Tcp(stream) => {
                stream.set_read_timeout(Some(left)).and(stream.set_write_timeout(Some(left)))
            }
        }
    }

    pub(crate) fn send(&mut self, octets: &[u8]) -> io::Result<()> {
        self.hurry()?;
        match &mut self.wire {
            Wire::Unix(stream) => stream.write_all(octets),
            Wire::Tcp(stream) => stream.write_all(octets),
        }
    }

    /// What the other side says until it `is_whole`, ends, or is longer than `octets_max`.
    pub(crate) fn answer(
        &mut self,
        octets_max: usize,
        is_whole: impl Fn(&[u8]) -> bool,
    ) -> io::Result<Vec<u8>> {
        let mut answer = Vec::new();
        loop {
            self.hurry()?;
            let mut piece = [0; 4096];
            let read = match &mut self.wire {
                Wire::Unix(stream) => stream.read(&mut piece),
                Wire::Tcp(stream) => stream.read(&mut piece),
            };
            let len = match read {
                Ok(len) => len,
                // What was said before the connection was reset still counts.
                Err(_) if !answer.is_empty() => 0,
                Err(error) => return Err(error),
            };
            answer.extend_from_slice(&piece[..len]);
            if len == 0 || is_whole(&answer) || answer.len() > octets_max {
                return Ok(answer);
            }
        }
    }
}
