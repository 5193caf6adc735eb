//! The socket: who may listen where, TLS, connections, an orderly end.

use std::future::Future;
use std::io;
use std::net::{SocketAddr, TcpListener as StdListener};
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use axum::extract::Request;
use connect::{ServerTls, ServerTlsError};
use hyper::body::Incoming;
use hyper_util::rt::{TokioExecutor, TokioIo, TokioTimer};
use hyper_util::server::conn::auto::Builder;
use hyper_util::server::graceful::{GracefulShutdown, Watcher};
use hyper_util::service::TowerToHyperService;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::time::timeout;
use tokio_rustls::TlsAcceptor;
use tower::ServiceExt;
use tracing::{debug, error, info, warn};

use crate::client::Peer;
use crate::{Options, State, upload};

/// Connections at the same time.
const CONNECTIONS_MAX: usize = 2048;
/// For a TLS handshake, and for the header section of a request.
const GREETING_MAX: Duration = Duration::from_secs(15);
/// For answers under way when the server ends.
const FAREWELL_MAX: Duration = Duration::from_secs(10);
/// How often certificate and key are looked at.
const CERTIFICATE_PERIOD: Duration = Duration::from_secs(30);

/// The server cannot listen.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ListenError {
    /// Others could read passwords on the way: give a certificate or name the proxy that has one.
    #[error("{listen} can be reached by others, and there is neither a certificate nor a trusted proxy")]
    Unprotected {
        /// As set.
        listen: SocketAddr,
    },
    /// Another program listens there.
    #[error("port {} of {} is in use", listen.port(), listen.ip())]
    InUse {
        /// As set.
        listen: SocketAddr,
    },
    /// No right to that port (below 1024).
    #[error("no permission to listen on port {}", listen.port())]
    Denied {
        /// As set.
        listen: SocketAddr,
    },
    /// The address is not one of this machine.
    #[error("{} is no address of this machine", listen.ip())]
    NotOurs {
        /// As set.
        listen: SocketAddr,
    },
    /// Anything else the system says.
    #[error("cannot listen on {listen}")]
    Other {
        /// As set.
        listen: SocketAddr,
        /// The system's words.
        #[source]
        source: io::Error,
    },
    /// Certificate or key cannot be used.
    #[error(transparent)]
    Tls(#[from] ServerTlsError),
    /// The folder for uploads cannot be made.
    #[error("cannot make the folder {}", at.display())]
    Uploads {
        /// Which.
        at: PathBuf,
        /// The system's words.
        #[source]
        source: io::Error,
    },
}

impl ListenError {
    /// Stable key of the sentence for people; its values are `listen`, `address`, `port`, `path`, `reason`.
    pub const fn key(&self) -> &'static str {
        match self {
            Self::Unprotected { .. } => "listen-unprotected",
            Self::InUse { .. } => "listen-in-use",
            Self::Denied { .. } => "listen-denied",
            Self::NotOurs { .. } => "listen-not-ours",
            Self::Other { .. } => "listen-failed",
            Self::Tls(_) => "listen-tls",
            Self::Uploads { .. } => "listen-uploads",
        }
    }

    /// Values of the sentence's placeholders.
    pub fn values(&self) -> Vec<(&'static str, String)> {
        let mut values = match self {
            Self::Unprotected { listen }
            | Self::InUse { listen }
            | Self::Denied { listen }
            | Self::NotOurs { listen }
            | Self::Other { listen, .. } => {
                vec![
                    ("listen", listen.to_string()),
                    ("address", listen.ip().to_string()),
                    ("port", listen.port().to_string()),
                ]
            }
            Self::Tls(_) => Vec::new(),
            Self::Uploads { at, .. } => vec![("path", at.display().to_string())],
        };
        let reason = match self {
            Self::Other { source, .. } | Self::Uploads { source, .. } => source.to_string(),
            Self::Tls(error) => error.to_string(),
            _ => return values,
        };
        values.push(("reason", reason));
        values
    }
}

/// A socket that listens, and the certificate shown there.
#[derive(Debug)]
pub struct Bound {
    listener: StdListener,
    address: SocketAddr,
    tls: Option<Arc<ServerTls>>,
}

/// Takes the port, before anything else is started: a second server finds out at once. Uploads that an earlier server left
/// unfinished are removed.
///
/// # Errors
/// [`ListenError`]; nothing is listening then.
pub fn bind(options: &Options) -> Result<Bound, ListenError> {
    let listen = options.listen;
    if !listen.ip().is_loopback() && options.tls.is_none() && options.trusted_proxies.is_empty() {
        return Err(ListenError::Unprotected { listen });
    }
    let tls = options
        .tls
        .as_ref()
        .map(|files| ServerTls::load(&files.certificate, &files.key))
        .transpose()?
        .map(Arc::new);
    let failed = |source: io::Error| match source.kind() {
        io::ErrorKind::AddrInUse => ListenError::InUse { listen },
        io::ErrorKind::PermissionDenied => ListenError::Denied { listen },
        io::ErrorKind::AddrNotAvailable => ListenError::NotOurs { listen },
        _ => ListenError::Other { listen, source },
    };
    let listener = StdListener::bind(listen).map_err(failed)?;
    listener.set_nonblocking(true).map_err(failed)?;
    let address = listener.local_addr().map_err(failed)?;
    std::fs::create_dir_all(&options.uploads)
        .and_then(|()| upload::clean(&options.uploads))
        .map_err(|source| ListenError::Uploads { at: options.uploads.clone(), source })?;
    Ok(Bound { listener, address, tls })
}

impl Bound {
    /// Where it listens; the port as given by the system where 0 was set.
    pub const fn address(&self) -> SocketAddr {
        self.address
    }

    /// Address to open in a browser on this machine.
    pub fn url(&self) -> String {
        format!("{}://{}", if self.tls.is_some() { "https" } else { "http" }, self.address)
    }

    /// Serves until `end` is ready; then answers under way get ten seconds.
    ///
    /// # Errors
    /// If the socket cannot be handed to the runtime.
    pub async fn serve(self, state: State, end: impl Future<Output = ()>) -> io::Result<()> {
        let listener = TcpListener::from_std(self.listener)?;
        let acceptor = self.tls.as_ref().map(|tls| TlsAcceptor::from(tls.config()));
        let followed =
            self.tls.map(|tls| tokio::spawn(tls.follow_files(CERTIFICATE_PERIOD, report_certificate)));
        let graceful = GracefulShutdown::new();
        let places = Arc::new(Semaphore::new(CONNECTIONS_MAX));
        let router = crate::router(state.clone());
        tokio::pin!(end);
        loop {
            let place = tokio::select! {
                () = &mut end => break,
                place = Arc::clone(&places).acquire_owned() => place.expect("never closed"),
            };
            let (stream, peer) = tokio::select! {
                () = &mut end => break,
                accepted = accept(&listener) => accepted,
            };
            let connection =
                Connection { router: router.clone(), peer, watcher: graceful.watcher(), _place: place };
            tokio::spawn(greet(stream, acceptor.clone(), connection));
        }
        drop(listener);
        state.end();
        if let Some(followed) = followed {
            followed.abort();
        }
        if timeout(FAREWELL_MAX, graceful.shutdown()).await.is_err() {
            info!("some connections did not end in time and were closed");
        }
        tokio::task::spawn_blocking(move || state.flush()).await.map_err(io::Error::other)
    }
}

fn report_certificate(outcome: Result<connect::CertificateFacts, ServerTlsError>) {
    match outcome {
        Ok(certificate) => info!(%certificate, "certificate read again"),
        Err(error) => error!(%error, "new certificate not usable, the old one stays"),
    }
}

/// Waits out a lack of file handles instead of giving up.
async fn accept(listener: &TcpListener) -> (TcpStream, SocketAddr) {
    loop {
        match listener.accept().await {
            Ok(accepted) => return accepted,
            Err(error) => {
                let gone = matches!(
                    error.kind(),
                    io::ErrorKind::ConnectionAborted
                        | io::ErrorKind::ConnectionReset
                        | io::ErrorKind::ConnectionRefused
                );
                if !gone {
                    warn!(%error, "cannot accept connections");
                    tokio::time::sleep(Duration::from_millis(200)).await;
                }
            }
        }
    }
}

struct Connection {
    router: axum::Router,
    peer: SocketAddr,
    watcher: Watcher,
    _place: OwnedSemaphorePermit,
}

async fn greet(stream: TcpStream, acceptor: Option<TlsAcceptor>, connection: Connection) {
    let _ = stream.set_nodelay(true);
    match acceptor {
        None => converse(stream, connection).await,
        Some(acceptor) => match timeout(GREETING_MAX, acceptor.accept(stream)).await {
            Ok(Ok(stream)) => converse(stream, connection).await,
            Ok(Err(error)) => debug!(%error, "TLS handshake failed"),
            Err(_) => debug!("TLS handshake took too long"),
        },
    }
}

async fn converse(stream: impl AsyncRead + AsyncWrite + Unpin + Send + 'static, connection: Connection) {
    let Connection { router, peer, watcher, _place } = connection;
    let service = router.map_request(move |mut request: Request<Incoming>| {
        request.extensions_mut().insert(Peer(peer));
        request.map(axum::body::Body::new)
    });
    let mut builder = Builder::new(TokioExecutor::new());
    builder.http1().timer(TokioTimer::new()).header_read_timeout(GREETING_MAX);
    builder.http2().timer(TokioTimer::new()).keep_alive_interval(Some(Duration::from_secs(30)));
    let conversation = builder.serve_connection(TokioIo::new(stream), TowerToHyperService::new(service));
    if let Err(error) = watcher.watch(conversation.into_owned()).await {
        debug!(error = &*error, "connection ended");
    }
}
