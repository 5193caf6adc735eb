//! A connection, plain or encrypted.

use std::io;
use std::net::SocketAddr;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;

use rustls::AlertDescription;
use rustls::pki_types::ServerName;
use tokio::io::{AsyncRead, AsyncWrite, BufReader, ReadBuf};
use tokio::net::TcpStream;
use tokio::time::timeout;
use tokio_rustls::TlsConnector;
use tokio_rustls::client::TlsStream;

use crate::trust::Refusal;
use crate::{CertificateFacts, ClientTls, ConnectError, Step, TlsFault};

/// Taken from the socket at once, octets. The TLS library alone asks for 4 kB, a system call for a quarter of a record.
const READ_OCTETS: usize = 64 * 1024;

/// A connection to a host.
#[derive(Debug)]
pub enum Stream {
    /// As it is.
    Plain(TcpStream),
    /// Inside TLS.
    Tls(Box<TlsStream<BufReader<TcpStream>>>),
}

impl Stream {
    /// Begins TLS on a plain connection, after STARTTLS or at once. What the other side sent before must have been read
    /// and, if it came after the answer to STARTTLS, treated as an attack (RFC 8314 §3, CVE-2011-0411), by the caller.
    ///
    /// `host`: the name the certificate must be for. An encrypted connection stays as it is.
    ///
    /// # Errors
    /// [`ConnectError::Tls`], [`ConnectError::Timeout`] with [`Step::Tls`] or [`ConnectError::BadName`].
    pub async fn start_tls(self, tls: &ClientTls, host: &str, time: Duration) -> Result<Self, ConnectError> {
        let Self::Plain(tcp) = self else { return Ok(self) };
        let port = tcp.peer_addr().map_or(0, |peer| peer.port());
        let name = server_name(host)?;
        let tcp = BufReader::with_capacity(READ_OCTETS, tcp);
        match timeout(time, TlsConnector::from(Arc::clone(&tls.0)).connect(name, tcp)).await {
            Ok(Ok(stream)) => Ok(Self::Tls(Box::new(stream))),
            Ok(Err(error)) => Err(ConnectError::Tls { host: host.to_owned(), port, fault: fault(&error) }),
            Err(_) => Err(ConnectError::Timeout {
                host: host.to_owned(),
                port,
                step: Step::Tls,
                seconds: time.as_secs(),
            }),
        }
    }

    /// Whether others on the way can read along.
    pub const fn is_encrypted(&self) -> bool {
        matches!(self, Self::Tls(_))
    }

    /// The other side's address.
    ///
    /// # Errors
    /// If the connection is gone.
    pub fn peer_addr(&self) -> io::Result<SocketAddr> {
        match self {
            Self::Plain(tcp) => tcp.peer_addr(),
            Self::Tls(tls) => tls.get_ref().0.get_ref().peer_addr(),
        }
    }

    /// The certificate the other side showed, which was found good; `None` without TLS.
    pub fn peer_certificate(&self) -> Option<CertificateFacts> {
        match self {
            Self::Plain(_) => None,
            Self::Tls(tls) => tls.get_ref().1.peer_certificates()?.first().map(CertificateFacts::read),
        }
    }
}

/// The name to check a certificate against; an address is a name too.
fn server_name(host: &str) -> Result<ServerName<'static>, ConnectError> {
    let bad = || ConnectError::BadName { host: host.to_owned() };
    let name = crate::dial::ascii_host(host)?;
    ServerName::try_from(name.trim_end_matches('.').to_owned()).map_err(|_| bad())
}

fn fault(error: &io::Error) -> TlsFault {
    let Some(tls) = error.get_ref().and_then(|inner| inner.downcast_ref::<rustls::Error>()) else {
        return TlsFault::Broken { reason: error.to_string() };
    };
    let reason = tls.to_string();
    match tls {
        rustls::Error::InvalidCertificate(rustls::CertificateError::Other(other)) => {
            match other.0.downcast_ref::<Refusal>() {
                Some(refusal) => refusal.0.clone(),
                None => TlsFault::Other { reason },
            }
        }
        rustls::Error::InvalidMessage(_) => TlsFault::NotTls,
        rustls::Error::PeerIncompatible(_)
        | rustls::Error::AlertReceived(
            AlertDescription::ProtocolVersion
            | AlertDescription::HandshakeFailure
            | AlertDescription::InsufficientSecurity,
        ) => TlsFault::Outdated { reason },
        _ => TlsFault::Other { reason },
    }
}

impl AsyncRead for Stream {
    fn poll_read(self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        match self.get_mut() {
            Self::Plain(tcp) => Pin::new(tcp).poll_read(cx, buf),
            Self::Tls(tls) => Pin::new(tls.as_mut()).poll_read(cx, buf),
        }
    }
}

impl AsyncWrite for Stream {
    fn poll_write(self: Pin<&mut Self>, cx: &mut Context<'_>, octets: &[u8]) -> Poll<io::Result<usize>> {
        match self.get_mut() {
            Self::Plain(tcp) => Pin::new(tcp).poll_write(cx, octets),
            Self::Tls(tls) => Pin::new(tls.as_mut()).poll_write(cx, octets),
        }
    }

    fn poll_flush(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        match self.get_mut() {
            Self::Plain(tcp) => Pin::new(tcp).poll_flush(cx),
            Self::Tls(tls) => Pin::new(tls.as_mut()).poll_flush(cx),
        }
    }

    fn poll_shutdown(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        match self.get_mut() {
            Self::Plain(tcp) => Pin::new(tcp).poll_shutdown(cx),
            Self::Tls(tls) => Pin::new(tls.as_mut()).poll_shutdown(cx),
        }
    }
}
