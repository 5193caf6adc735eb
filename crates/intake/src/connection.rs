//! What is known of a connection while it is made: how far it is, and until when the server's certificate is good.

use std::sync::atomic::{AtomicI64, AtomicU8, Ordering};

use connect::Stream;
use model::UnixMillis;

use crate::imap::{ImapError, Settings};
use crate::line;

/// How far a connection is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum Stage {
    /// There is none yet.
    #[default]
    None,
    /// The server is being reached.
    Connecting,
    /// The server is there; the login is going on.
    Authenticating,
    /// It stands.
    Open,
}

/// A session of one of the protocols.
pub(crate) trait LoggedIn: Sized + Send {
    /// Logs in on a connection that stands; inside TLS already if the settings say so.
    fn open_on(stream: Stream, settings: &Settings) -> impl Future<Output = Result<Self, ImapError>> + Send;

    /// The stream below, for what is known of it.
    fn stream(&self) -> Option<&Stream>;
}

/// Written by who fetches, read by whoever shows it.
#[derive(Debug, Default)]
pub struct Connection {
    stage: AtomicU8,
    /// Milliseconds UTC; 0: unknown.
    certificate_ends: AtomicI64,
}

impl Connection {
    /// How far it is.
    pub fn stage(&self) -> Stage {
        match self.stage.load(Ordering::Relaxed) {
            1 => Stage::Connecting,
            2 => Stage::Authenticating,
            3 => Stage::Open,
            _ => Stage::None,
        }
    }

    /// Until when the certificate is good that the server showed last; `None` without encryption.
    pub fn certificate_ends(&self) -> Option<UnixMillis> {
        Some(self.certificate_ends.load(Ordering::Relaxed)).filter(|at| *at != 0).map(UnixMillis)
    }

    /// Reaches the server and logs in.
    pub(crate) async fn open<L: LoggedIn>(&self, settings: &Settings) -> Result<L, ImapError> {
        self.stage.store(1, Ordering::Relaxed);
        let stream = line::dial(settings).await?;
        self.stage.store(2, Ordering::Relaxed);
        let session: L = log_in(stream, settings).await?;
        self.stands(session.stream());
        Ok(session)
    }

    /// The server is being reached, by whoever has no stream to show.
    pub(crate) fn reaches(&self) {
        self.stage.store(1, Ordering::Relaxed);
    }

    /// The server has answered; its certificate is good until then.
    pub(crate) fn stands_until(&self, certificate_ends: Option<UnixMillis>) {
        self.certificate_ends.store(certificate_ends.map_or(0, |at| at.0), Ordering::Relaxed);
        self.stage.store(3, Ordering::Relaxed);
    }

    /// The login went well.
    fn stands(&self, stream: Option<&Stream>) {
        let certificate = stream.and_then(Stream::peer_certificate);
        let ends = certificate.and_then(|certificate| certificate.not_after).map_or(0, |at| at.0);
        self.certificate_ends.store(ends, Ordering::Relaxed);
        self.stage.store(3, Ordering::Relaxed);
    }
}

/// Logs in; once more, on a stream of its own, if the server refuses a token in whose place there may be a better one.
pub(crate) async fn log_in<L: LoggedIn>(stream: Stream, settings: &Settings) -> Result<L, ImapError> {
    match L::open_on(stream, settings).await {
        Err(ImapError::LoginRefused { .. }) if settings.credential.has_another() => {
            L::open_on(line::dial(settings).await?, settings).await
        }
        other => other,
    }
}
