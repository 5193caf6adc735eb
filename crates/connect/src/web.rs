//! Requests to one server of the web that an administrator names, over connections that are kept.

use std::io;
use std::sync::atomic::{AtomicI64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use http_body_util::{BodyExt as _, Full};
use hyper::body::{Bytes, Incoming};
use hyper::header::{HOST, HeaderMap, USER_AGENT};
use hyper::{Method, Request};
use model::UnixMillis;
use tokio::time::timeout;
use url::{Position, Url};

use crate::fetch::{Opened, open};
use crate::oauth::is_safe;
use crate::{ClientTls, FetchError, Guard};

/// Connections that are kept.
const IDLE_MAX: usize = 4;
/// A kept connection is looked at so long before a new one is made.
const READY_MAX: Duration = Duration::from_secs(2);

/// What is asked.
#[derive(Clone, Debug)]
pub struct WebRequest {
    /// `GET`, `POST`, `PATCH` or `DELETE`.
    pub method: Method,
    /// Where; of the server of [`Web::new`].
    pub url: Url,
    /// Further fields.
    pub fields: Vec<(&'static str, String)>,
    /// May be empty.
    pub body: Vec<u8>,
}

impl WebRequest {
    /// Without fields and body.
    pub const fn new(method: Method, url: Url) -> Self {
        Self { method, url, fields: Vec::new(), body: Vec::new() }
    }
}

/// Asks one server. It may lie in the own network; it is asked over TLS, except on this machine. Follows no redirect, and
/// goes to no other server: what is sent along is for this one.
#[derive(Debug)]
pub struct Web {
    base: Url,
    tls: ClientTls,
    patience: Duration,
    idle: Arc<Idle>,
    /// Milliseconds UTC; 0: unknown.
    certificate_ends: AtomicI64,
}

type Kept = Opened<Full<Bytes>>;

#[derive(Default)]
struct Idle(Mutex<Vec<Kept>>);

impl std::fmt::Debug for Idle {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Idle")
    }
}

impl Idle {
    fn take(&self) -> Option<Kept> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).pop()
    }

    fn keep(&self, opened: Kept) {
        let mut kept = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if kept.len() < IDLE_MAX && !opened.sender.is_closed() {
            kept.push(opened);
        }
    }
}

impl Web {
    /// `base`: any address of the server. `patience`: how long it may be silent while it owes something.
    ///
    /// # Errors
    /// [`FetchError::Scheme`] if it is neither `https` nor on this machine.
    pub fn new(base: Url, tls: ClientTls, patience: Duration) -> Result<Self, FetchError> {
        if !is_safe(base.as_str()) {
            return Err(FetchError::Scheme);
        }
        Ok(Self { base, tls, patience, idle: Arc::default(), certificate_ends: AtomicI64::new(0) })
    }

    /// Whether an address is of this server: same scheme, host and port, and no name or password in it.
    pub fn is_of_server(&self, url: &Url) -> bool {
        url.origin() == self.base.origin() && url.username().is_empty() && url.password().is_none()
    }

    /// Until when the certificate is good that the server showed last; `None` without TLS.
    pub fn certificate_ends(&self) -> Option<UnixMillis> {
        Some(self.certificate_ends.load(Ordering::Relaxed)).filter(|at| *at != 0).map(UnixMillis)
    }

    /// Asks, and gives the answer as soon as its fields are here.
    ///
    /// A request over a kept connection that turns out to be closed is sent again over a new one, if nothing of it went out
    /// or it changes nothing.
    ///
    /// # Errors
    /// [`FetchError`] where no answer came; an answer that refuses is none. [`FetchError::Foreign`] for an address of
    /// another server: nothing is sent there.
    pub async fn send(&self, request: &WebRequest) -> Result<WebAnswer, FetchError> {
        if !self.is_of_server(&request.url) {
            let host = request.url.host_str().unwrap_or_default().chars().take(253).collect();
            return Err(FetchError::Foreign { host });
        }
        while let Some(mut opened) = self.idle.take() {
            if !matches!(timeout(READY_MAX, opened.sender.ready()).await, Ok(Ok(()))) {
                continue;
            }
            match self.exchange(opened, request).await {
                Ok(answer) => return Ok(answer),
                Err((FetchError::Http(_), unsent)) if unsent || request.method == Method::GET => break,
                Err((error, _)) => return Err(error),
            }
        }
        let guard = Guard { private: true, ..Guard::default() };
        let opened = open::<Full<Bytes>>(&guard, &self.tls, &request.url).await?;
        self.certificate_ends.store(opened.certificate_ends.map_or(0, |at| at.0), Ordering::Relaxed);
        self.exchange(opened, request).await.map_err(|(error, _)| error)
    }

    /// An error comes with whether nothing was sent.
    async fn exchange(&self, mut opened: Kept, asked: &WebRequest) -> Result<WebAnswer, (FetchError, bool)> {
        let mut request = Request::builder()
            .method(asked.method.clone())
            .uri(&asked.url[Position::BeforePath..Position::AfterQuery])
            .header(HOST, opened.authority.clone())
            .header(USER_AGENT, "Poststelle");
        for (name, value) in &asked.fields {
            request = request.header(*name, value);
        }
        let request = request.body(Full::new(Bytes::from(asked.body.clone())));
        let request = request.map_err(|_| (FetchError::Url, true))?;
        let silent = || FetchError::Timeout { seconds: self.patience.as_secs() };
        let answer = timeout(self.patience, opened.sender.try_send_request(request)).await;
        let answer = answer.map_err(|_| (silent(), false))?.map_err(|mut error| {
            let unsent = error.take_message().is_some();
            (FetchError::Http(error.into_error()), unsent)
        })?;
        let (parts, body) = answer.into_parts();
        Ok(WebAnswer {
            status: parts.status.as_u16(),
            fields: parts.headers,
            body,
            opened: Some(opened),
            idle: Arc::clone(&self.idle),
            patience: self.patience,
        })
    }
}

/// An answer whose body is still to come. Read to its end, its connection is kept; dropped before, it is closed.
pub struct WebAnswer {
    status: u16,
    fields: HeaderMap,
    body: Incoming,
    opened: Option<Kept>,
    idle: Arc<Idle>,
    patience: Duration,
}

impl std::fmt::Debug for WebAnswer {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("WebAnswer").field("status", &self.status).finish_non_exhaustive()
    }
}

impl WebAnswer {
    /// HTTP status.
    pub const fn status(&self) -> u16 {
        self.status
    }

    /// A field, if it is text.
    pub fn field(&self, name: &str) -> Option<&str> {
        self.fields.get(name)?.to_str().ok()
    }

    /// The next octets of the body; `None` at its end.
    ///
    /// # Errors
    /// [`FetchError::Http`] if it breaks off, [`FetchError::Timeout`].
    pub async fn chunk(&mut self) -> Result<Option<Vec<u8>>, FetchError> {
        loop {
            let frame = timeout(self.patience, self.body.frame()).await;
            let frame = frame.map_err(|_| FetchError::Timeout { seconds: self.patience.as_secs() })?;
            match frame {
                None => {
                    if let Some(opened) = self.opened.take() {
                        self.idle.keep(opened);
                    }
                    return Ok(None);
                }
                Some(Err(error)) => return Err(FetchError::Http(error)),
                Some(Ok(frame)) => {
                    if let Ok(octets) = frame.into_data()
                        && !octets.is_empty()
                    {
                        return Ok(Some(octets.into()));
                    }
                }
            }
        }
    }

    /// The whole body.
    ///
    /// # Errors
    /// [`FetchError::TooLarge`] beyond `octets_max`; those of [`WebAnswer::chunk`].
    pub async fn octets(&mut self, octets_max: usize) -> Result<Vec<u8>, FetchError> {
        let mut octets = Vec::new();
        while let Some(piece) = self.chunk().await? {
            if octets.len() + piece.len() > octets_max {
                return Err(FetchError::TooLarge { max_octets: octets_max as u64 });
            }
            octets.extend_from_slice(&piece);
        }
        Ok(octets)
    }
}

impl FetchError {
    /// As an error of the system, for those who know connections only.
    pub fn into_io(self) -> io::Error {
        match self {
            Self::Http(error) => io::Error::other(error),
            other => io::Error::other(other),
        }
    }
}
