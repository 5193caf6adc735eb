//! From host and port to a connection.

use std::io;
use std::net::{IpAddr, SocketAddr};
use std::time::Duration;

use tokio::net::{TcpSocket, TcpStream, lookup_host};
use tokio::task::JoinSet;
use tokio::time::{sleep, timeout};
use url::Host;

use crate::{ClientTls, ConnectError, Step, Stream};

/// How long each step may take.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Timeouts {
    /// Finding the addresses.
    pub name: Duration,
    /// TCP connection, all addresses together.
    pub connect: Duration,
    /// TLS handshake.
    pub tls: Duration,
}

impl Default for Timeouts {
    /// 10, 20 and 20 seconds.
    fn default() -> Self {
        Self { name: Duration::from_secs(10), connect: Duration::from_secs(20), tls: Duration::from_secs(20) }
    }
}

/// How long an address is tried alone before the next is tried beside it (RFC 8305 §5).
const ATTEMPT_DELAY: Duration = Duration::from_millis(250);
/// More addresses of one host than this are not tried.
const ADDRESSES_MAX: usize = 16;

/// Connects, and speaks TLS at once if `tls` is given. With STARTTLS give `None` and call [`Stream::start_tls`] later.
///
/// `host`: a name (also with umlauts) or an address.
///
/// # Errors
/// [`ConnectError`]; its `step` says how far it came.
pub async fn dial(
    host: &str,
    port: u16,
    tls: Option<&ClientTls>,
    timeouts: &Timeouts,
) -> Result<Stream, ConnectError> {
    let addresses = resolve(host, port, timeouts.name).await?;
    let stream = connect(host, &addresses, timeouts.connect).await?;
    match tls {
        Some(tls) => stream.start_tls(tls, host, timeouts.tls).await,
        None => Ok(stream),
    }
}

/// The addresses of a host, IPv6 and IPv4 in turn; never empty.
///
/// # Errors
/// [`ConnectError::BadName`], [`ConnectError::NameNotFound`], [`ConnectError::NameServer`] or
/// [`ConnectError::Timeout`].
pub async fn resolve(host: &str, port: u16, time: Duration) -> Result<Vec<SocketAddr>, ConnectError> {
    let name = ascii_host(host)?;
    if let Ok(address) = name.parse::<IpAddr>() {
        return Ok(vec![SocketAddr::new(address, port)]);
    }
    let host = host.to_owned();
    let found = match timeout(time, lookup_host((name.as_str(), port))).await {
        Err(_) => {
            return Err(ConnectError::Timeout { host, port, step: Step::Name, seconds: time.as_secs() });
        }
        Ok(Err(source)) if is_server_trouble(&source) => {
            return Err(ConnectError::NameServer { host, source });
        }
        Ok(Err(source)) => return Err(ConnectError::NameNotFound { host, source }),
        Ok(Ok(found)) => found,
    };
    let (six, four): (Vec<_>, Vec<_>) = found.partition(SocketAddr::is_ipv6);
    let mut addresses = Vec::new();
    let (mut six, mut four) = (six.into_iter(), four.into_iter());
    loop {
        let (a, b) = (six.next(), four.next());
        if a.is_none() && b.is_none() {
            break;
        }
        addresses
            .extend(a.into_iter().chain(b).filter(|found| !addresses.contains(found)).collect::<Vec<_>>());
    }
    addresses.truncate(ADDRESSES_MAX);
    if addresses.is_empty() {
        let source = io::Error::new(io::ErrorKind::NotFound, "the name has no address");
        return Err(ConnectError::NameNotFound { host, source });
    }
    Ok(addresses)
}

/// Connects to the first of these addresses that answers, a plain connection.
///
/// `host` only names the target in errors.
///
/// # Errors
/// [`ConnectError::Refused`], [`ConnectError::Unreachable`] or [`ConnectError::Timeout`]: what the last address said,
/// a refusal before silence.
pub async fn connect(host: &str, addresses: &[SocketAddr], time: Duration) -> Result<Stream, ConnectError> {
    let port = addresses.first().map_or(0, SocketAddr::port);
    match timeout(time, race(addresses)).await {
        Ok(Ok(tcp)) => Ok(Stream::Plain(tcp)),
        Ok(Err(source)) => Err(match source.kind() {
            io::ErrorKind::ConnectionRefused => ConnectError::Refused { host: host.to_owned(), port },
            _ => ConnectError::Unreachable { host: host.to_owned(), port, source },
        }),
        Err(_) => {
            let (host, seconds) = (host.to_owned(), time.as_secs());
            Err(ConnectError::Timeout { host, port, step: Step::Connect, seconds })
        }
    }
}

/// One address after the other; while one is silent, the next is tried beside it.
async fn race(addresses: &[SocketAddr]) -> io::Result<TcpStream> {
    let mut waiting = addresses.iter().copied();
    let mut attempts = JoinSet::new();
    let mut last = io::Error::new(io::ErrorKind::AddrNotAvailable, "no address to connect to");
    loop {
        match waiting.next() {
            Some(address) => drop(attempts.spawn(one(address))),
            None if attempts.is_empty() => return Err(last),
            None => {}
        }
        let more = waiting.len() > 0;
        tokio::select! {
            ended = attempts.join_next() => match ended {
                Some(Ok(Ok(stream))) => return Ok(stream),
                Some(Ok(Err(error))) if last.kind() != io::ErrorKind::ConnectionRefused => last = error,
                _ => {}
            },
            () = sleep(ATTEMPT_DELAY), if more => {}
        }
    }
}

async fn one(address: SocketAddr) -> io::Result<TcpStream> {
    let socket = if address.is_ipv6() { TcpSocket::new_v6()? } else { TcpSocket::new_v4()? };
    socket.set_keepalive(true)?;
    socket.set_nodelay(true)?;
    socket.connect(address).await
}

/// The host as names are asked for: lower case, umlauts as in IDNA; an address without brackets.
pub(crate) fn ascii_host(host: &str) -> Result<String, ConnectError> {
    let bad = || ConnectError::BadName { host: host.chars().take(300).collect() };
    let trimmed = host.trim();
    if let Ok(address) = trimmed.parse::<IpAddr>() {
        return Ok(address.to_string());
    }
    match Host::parse(trimmed).map_err(|_| bad())? {
        Host::Domain(name) if name.is_empty() || name.len() > 254 => Err(bad()),
        Host::Domain(name) => Ok(name),
        Host::Ipv4(address) => Ok(address.to_string()),
        Host::Ipv6(address) => Ok(address.to_string()),
    }
}

/// `EAI_AGAIN` and the like, which the standard library gives only as text.
fn is_server_trouble(error: &io::Error) -> bool {
    let text = error.to_string();
    text.contains("Temporary failure") || text.contains("Try again") || text.contains("Non-recoverable")
}
