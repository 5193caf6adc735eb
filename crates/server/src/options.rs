//! What the operator sets.

use std::fmt;
use std::net::{Ipv4Addr, SocketAddr};
use std::path::PathBuf;
use std::sync::Arc;
use std::time::{SystemTime, UNIX_EPOCH};

use connect::Network;
use model::UnixMillis;
use url::Url;

use crate::assets::{self, Files};

/// Certificate and key of the server, PEM; read again when they change.
#[derive(Clone, Debug)]
pub struct TlsFiles {
    /// Certificate chain, the server's own first.
    pub certificate: PathBuf,
    /// Private key.
    pub key: PathBuf,
}

/// What the operator sets.
#[derive(Clone, Debug)]
pub struct Options {
    /// Where to listen; port 0: any that is free.
    pub listen: SocketAddr,
    /// Certificate and key.
    pub tls: Option<TlsFiles>,
    /// Reverse proxies whose `X-Forwarded-For` and `X-Forwarded-Proto` are believed.
    pub trusted_proxies: Vec<Network>,
    /// Address under which people reach the page.
    pub public_url: Option<Url>,
    /// Data directory; its free room is watched.
    pub data: PathBuf,
    /// Zone of dates in queries of users who have not chosen one, IANA name.
    pub zone: String,
    /// Folder for uploads on their way, on the same disk as the data; created where it is missing.
    pub uploads: PathBuf,
    /// Octets of one upload at most.
    pub upload_octets_max: u64,
    /// Others than this machine can reach the server. Follows from `listen` and `trusted_proxies`: [`Options::settle`].
    pub public: bool,
    /// Files of the page.
    pub files: Files,
    /// Time; another one only in tests.
    pub clock: Clock,
}

impl Default for Options {
    /// Loopback on the usual port, data in the working directory.
    fn default() -> Self {
        Self {
            listen: SocketAddr::from((Ipv4Addr::LOCALHOST, 8025)),
            tls: None,
            trusted_proxies: Vec::new(),
            public_url: None,
            data: PathBuf::from("."),
            zone: "Europe/Berlin".to_owned(),
            uploads: PathBuf::from("tmp"),
            upload_octets_max: 64 << 30,
            public: false,
            files: assets::embedded,
            clock: Clock::default(),
        }
    }
}

impl Options {
    /// Sets what follows from the other values.
    #[must_use]
    pub fn settle(mut self) -> Self {
        self.public = !self.listen.ip().is_loopback() || !self.trusted_proxies.is_empty();
        self
    }
}

/// Tells the time.
#[derive(Clone)]
pub struct Clock(Arc<dyn Fn() -> UnixMillis + Send + Sync>);

impl Clock {
    /// A clock of one's own.
    pub fn new(clock: impl Fn() -> UnixMillis + Send + Sync + 'static) -> Self {
        Self(Arc::new(clock))
    }

    /// The time now.
    pub fn now(&self) -> UnixMillis {
        (self.0)()
    }
}

impl Default for Clock {
    /// The system's.
    fn default() -> Self {
        Self::new(system_time)
    }
}

impl fmt::Debug for Clock {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Clock")
    }
}

fn system_time() -> UnixMillis {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    UnixMillis(i64::try_from(since.as_millis()).unwrap_or(i64::MAX))
}
