//! Sockets, limits and time of the listener.

use std::collections::HashMap;
use std::io;
use std::net::{IpAddr, Ipv6Addr};
use std::path::PathBuf;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use connect::MailTls;
use model::Envelope;
use tokio::io::{AsyncRead, AsyncReadExt as _, AsyncWrite, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{mpsc, oneshot, watch};
use tokio::time::timeout;

use super::policy::Policy;
use super::reply;
use super::session::{Outcome, Session, Step};
use super::spool::Spool;

/// Read at once, octets.
const READ_OCTETS: usize = 64 * 1024;
/// The longest wait after `accept` failed for want of file descriptors.
const ACCEPT_PAUSE: Duration = Duration::from_millis(200);

/// For telling a client why it has to go.
const LAST_WORDS: Duration = Duration::from_secs(5);

/// A complete mail. Whoever takes it answers `answer` once it is durable, or why it is not.
#[derive(Debug)]
pub struct Delivery {
    /// Who sent it for whom.
    pub envelope: Envelope,
    /// Its octets.
    pub content: Spool,
    /// Dropped without an answer counts as trouble.
    pub answer: oneshot::Sender<Outcome>,
}

/// Bounds of a listener.
#[derive(Clone, Copy, Debug)]
pub struct Limits {
    /// Connections at a time.
    pub connections_max: usize,
    /// Connections at a time from one network (IPv4 /24, IPv6 /64).
    pub of_network_max: usize,
    /// Longest silence of a client.
    pub idle: Duration,
}

impl Default for Limits {
    fn default() -> Self {
        Self { connections_max: 200, of_network_max: 50, idle: Duration::from_mins(5) }
    }
}

/// How to listen.
#[derive(Clone, Debug)]
pub struct Options {
    /// Who may deliver what.
    pub policy: Arc<Policy>,
    /// Bounds.
    pub limits: Limits,
    /// For STARTTLS, if the policy offers it.
    pub tls: Option<MailTls>,
    /// Folder for mails on their way in.
    pub scratch: PathBuf,
}

/// Listens and hands mails on.
#[derive(Debug)]
pub struct Listener {
    options: Arc<Options>,
    deliveries: mpsc::Sender<Delivery>,
    open: Arc<Open>,
}

impl Listener {
    /// `deliveries`: where complete mails go.
    pub fn new(options: Options, deliveries: mpsc::Sender<Delivery>) -> Self {
        Self { options: Arc::new(options), deliveries, open: Arc::default() }
    }

    /// Serves `socket` until `end` says so. Mails that are complete by then are still answered.
    pub async fn run(self, socket: TcpListener, mut end: watch::Receiver<bool>) {
        loop {
            let accepted = tokio::select! {
                accepted = socket.accept() => accepted,
                _ = end.wait_for(|end| *end) => return,
            };
            let Ok((mut tcp, peer)) = accepted else {
                // Too many files are open: others have to end first.
                tokio::time::sleep(ACCEPT_PAUSE).await;
                continue;
            };
            tcp.set_nodelay(true).ok();
            let Some(place) = Place::take(&self.open, peer.ip(), &self.options.limits) else {
                tokio::spawn(async move {
                    timeout(LAST_WORDS, tcp.write_all(reply::BUSY.as_bytes())).await.ok();
                });
                continue;
            };
            let connection = Connection {
                session: Session::new(Arc::clone(&self.options.policy), peer.ip()),
                options: Arc::clone(&self.options),
                deliveries: self.deliveries.clone(),
                content: Spool::default(),
                failed: None,
                end: end.clone(),
            };
            tokio::spawn(async move {
                // A client that goes away in mid-sentence is nothing to do something about.
                connection.serve(tcp).await.ok();
                drop(place);
            });
        }
    }
}

/// Open connections by network.
#[derive(Debug, Default)]
struct Open(Mutex<HashMap<IpAddr, usize>>);

/// One of them.
struct Place(Arc<Open>, IpAddr);

impl Place {
    fn take(open: &Arc<Open>, client: IpAddr, limits: &Limits) -> Option<Self> {
        let network = match client.to_canonical() {
            IpAddr::V4(address) => IpAddr::V4((address.to_bits() & !0xff).into()),
            IpAddr::V6(address) => IpAddr::V6(Ipv6Addr::from_bits(address.to_bits() >> 64 << 64)),
        };
        let mut places = open.0.lock().unwrap_or_else(PoisonError::into_inner);
        let here = places.get(&network).copied().unwrap_or_default();
        if here >= limits.of_network_max || places.values().sum::<usize>() >= limits.connections_max {
            return None;
        }
        places.insert(network, here + 1);
        Some(Self(Arc::clone(open), network))
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        let mut places = self.0.0.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(count) = places.get_mut(&self.1) {
            *count -= 1;
            if *count == 0 {
                places.remove(&self.1);
            }
        }
    }
}

/// Plain or encrypted.
trait Wire: AsyncRead + AsyncWrite + Send + Unpin {}
impl<T: AsyncRead + AsyncWrite + Send + Unpin> Wire for T {}

/// How a stretch of the conversation ended.
enum Ended {
    /// The client wants TLS.
    StartTls,
    Closed,
}

struct Connection {
    session: Session,
    options: Arc<Options>,
    deliveries: mpsc::Sender<Delivery>,
    content: Spool,
    /// The content could not be written.
    failed: Option<Outcome>,
    end: watch::Receiver<bool>,
}

impl Connection {
    async fn serve(mut self, mut tcp: TcpStream) -> io::Result<()> {
        if matches!(self.talk(&mut tcp).await?, Ended::Closed) {
            return Ok(());
        }
        let Some(tls) = self.options.tls.clone() else { return Ok(()) };
        let handshake = timeout(self.options.limits.idle, tls.accept(tcp)).await;
        let (mut stream, certified) = handshake.map_err(io::Error::other)??;
        self.session.tls_began(certified);
        self.talk(&mut stream).await.map(drop)
    }

    async fn talk(&mut self, wire: &mut dyn Wire) -> io::Result<Ended> {
        let mut buffer = vec![0; READ_OCTETS];
        loop {
            match self.session.advance() {
                Step::More => {
                    self.send(wire).await?;
                    let read = tokio::select! {
                        read = timeout(self.options.limits.idle, wire.read(&mut buffer)) => Some(read),
                        _ = self.end.wait_for(|end| *end) => None,
                    };
                    let last_words = match read {
                        Some(Ok(read)) => {
                            let len = read?;
                            if len == 0 {
                                return Ok(Ended::Closed);
                            }
                            self.session.receive(&buffer[..len]);
                            continue;
                        }
                        Some(Err(_)) => reply::IDLE,
                        None => reply::ENDING,
                    };
                    timeout(LAST_WORDS, wire.write_all(last_words.as_bytes())).await.ok();
                    timeout(LAST_WORDS, wire.shutdown()).await.ok();
                    return Ok(Ended::Closed);
                }
                Step::Content(octets) => self.push(&octets),
                Step::Complete(envelope) => {
                    let outcome = self.deliver(envelope).await;
                    self.session.answer(outcome);
                }
                Step::Abandon => {
                    self.content = Spool::default();
                    self.failed = None;
                }
                Step::StartTls => {
                    self.send(wire).await?;
                    return Ok(Ended::StartTls);
                }
                Step::Close => {
                    self.send(wire).await?;
                    timeout(self.options.limits.idle, wire.shutdown()).await.ok();
                    return Ok(Ended::Closed);
                }
            }
        }
    }

    async fn send(&mut self, wire: &mut dyn Wire) -> io::Result<()> {
        let output = self.session.output();
        if output.is_empty() {
            return Ok(());
        }
        let sending = async {
            wire.write_all(&output).await?;
            wire.flush().await
        };
        timeout(self.options.limits.idle, sending).await.map_err(io::Error::other)?
    }

    fn push(&mut self, octets: &[u8]) {
        if self.failed.is_some() {
            return;
        }
        if let Err(error) = self.content.push(octets, &self.options.scratch) {
            let is_full = matches!(error.kind(), io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded);
            self.failed = Some(if is_full { Outcome::Full } else { Outcome::Trouble });
            self.content = Spool::default();
        }
    }

    async fn deliver(&mut self, envelope: Envelope) -> Outcome {
        let content = std::mem::take(&mut self.content);
        if let Some(outcome) = self.failed.take() {
            return outcome;
        }
        let (answer, answered) = oneshot::channel();
        if self.deliveries.send(Delivery { envelope, content, answer }).await.is_err() {
            return Outcome::Trouble;
        }
        answered.await.unwrap_or(Outcome::Trouble)
    }
}
