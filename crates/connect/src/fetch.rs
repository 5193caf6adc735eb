//! Fetches small things from the public web on behalf of a mail, without being led into the own network.

use std::net::SocketAddr;
use std::time::Duration;

use http_body_util::{BodyExt as _, Empty};
use hyper::body::{Body, Bytes, Incoming};
use hyper::client::conn::http1;
use hyper::header::{ACCEPT, HOST, HeaderValue, LOCATION, USER_AGENT};
use hyper::{Request, Response, StatusCode};
use hyper_util::rt::TokioIo;
use model::UnixMillis;
use tokio::task::JoinHandle;
use tokio::time::timeout;
use url::{Position, Url};

use crate::{ClientTls, ConnectError, FetchError, Guard, Timeouts, connect, image_type, resolve};

/// How much one fetch may cost.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct FetchLimits {
    /// Size of the answer.
    pub octets_max: u64,
    /// How often the other side may send on.
    pub redirects_max: u8,
    /// For everything together.
    pub time: Duration,
}

impl Default for FetchLimits {
    /// 8 MB, 5 times, 15 seconds.
    fn default() -> Self {
        Self { octets_max: 8_000_000, redirects_max: 5, time: Duration::from_secs(15) }
    }
}

/// An image.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fetched {
    /// By its octets, not by what the other side says (see [`image_type`]).
    pub content_type: &'static str,
    /// All of it.
    pub octets: Vec<u8>,
}

/// Fetches images. Every address, of redirects too, is looked up and checked here, and the connection goes to the
/// address that was checked. Sends no cookies and no referrer, keeps nothing.
#[derive(Clone, Debug)]
pub struct Fetcher {
    guard: Guard,
    limits: FetchLimits,
    tls: ClientTls,
}

impl Fetcher {
    /// `tls`: whom to trust; [`crate::Trust::System`] for the public web.
    pub const fn new(guard: Guard, limits: FetchLimits, tls: ClientTls) -> Self {
        Self { guard, limits, tls }
    }

    /// The image at an `http` or `https` address.
    ///
    /// # Errors
    /// [`FetchError`].
    pub async fn image(&self, url: &str) -> Result<Fetched, FetchError> {
        let time = self.limits.time;
        let octets = timeout(time, self.follow(url))
            .await
            .map_err(|_| FetchError::Timeout { seconds: time.as_secs() })??;
        let content_type = image_type(&octets).ok_or(FetchError::NotAnImage)?;
        Ok(Fetched { content_type, octets })
    }

    async fn follow(&self, url: &str) -> Result<Vec<u8>, FetchError> {
        let mut url = Url::parse(url).map_err(|_| FetchError::Url)?;
        for _ in 0..=self.limits.redirects_max {
            let (answer, _connection) = self.ask(&url).await?;
            match answer.status() {
                StatusCode::OK => return self.body(answer).await,
                StatusCode::MOVED_PERMANENTLY
                | StatusCode::FOUND
                | StatusCode::SEE_OTHER
                | StatusCode::TEMPORARY_REDIRECT
                | StatusCode::PERMANENT_REDIRECT => {
                    let target = answer.headers().get(LOCATION).and_then(|to| to.to_str().ok());
                    url = target.and_then(|to| url.join(to).ok()).ok_or(FetchError::Url)?;
                }
                other => return Err(FetchError::Status { status: other.as_u16() }),
            }
        }
        Err(FetchError::TooManyRedirects { max: self.limits.redirects_max })
    }

    async fn ask(&self, url: &Url) -> Result<(Response<Incoming>, Connection), FetchError> {
        let mut opened = open::<Empty<Bytes>>(&self.guard, &self.tls, url).await?;
        let request = Request::get(&url[Position::BeforePath..Position::AfterQuery])
            .header(HOST, opened.authority)
            .header(USER_AGENT, "Mozilla/5.0 (compatible; Poststelle)")
            .header(ACCEPT, "image/*")
            .body(Empty::new())
            .map_err(|_| FetchError::Url)?;
        let answer = opened.sender.send_request(request).await.map_err(FetchError::Http)?;
        Ok((answer, opened.connection))
    }

    async fn body(&self, answer: Response<Incoming>) -> Result<Vec<u8>, FetchError> {
        let max_octets = self.limits.octets_max;
        let mut body = answer.into_body();
        let mut octets = Vec::new();
        while let Some(frame) = body.frame().await {
            let Ok(piece) = frame.map_err(FetchError::Http)?.into_data() else { continue };
            if (octets.len() + piece.len()) as u64 > max_octets {
                return Err(FetchError::TooLarge { max_octets });
            }
            octets.extend_from_slice(&piece);
            // What is no image is not read to its end.
            if octets.len() >= 32 && image_type(&octets).is_none() {
                return Err(FetchError::NotAnImage);
            }
        }
        Ok(octets)
    }
}

/// A connection to an address that was checked.
pub(crate) struct Opened<B> {
    pub(crate) sender: http1::SendRequest<B>,
    pub(crate) connection: Connection,
    /// For the field `Host`.
    pub(crate) authority: HeaderValue,
    /// Until when the certificate is good; `None` without TLS.
    pub(crate) certificate_ends: Option<UnixMillis>,
}

/// Looks the host up, checks every address, and connects to one that may be asked.
pub(crate) async fn open<B>(guard: &Guard, tls: &ClientTls, url: &Url) -> Result<Opened<B>, FetchError>
where
    B: Body + Send + 'static,
    B::Data: Send,
    B::Error: Into<Box<dyn std::error::Error + Send + Sync>>,
{
    let secure = match url.scheme() {
        "https" => true,
        "http" => false,
        _ => return Err(FetchError::Scheme),
    };
    let (Some(host), Some(port)) = (url.host_str(), url.port_or_known_default()) else {
        return Err(FetchError::Url);
    };
    if !url.username().is_empty() || url.password().is_some() {
        return Err(FetchError::Url);
    }
    let name = host.trim_start_matches('[').trim_end_matches(']');
    let timeouts = Timeouts::default();
    let mut addresses: Vec<SocketAddr> = resolve(name, port, timeouts.name).await?;
    addresses.retain(|address| guard.allows(*address));
    if addresses.is_empty() {
        return Err(ConnectError::Forbidden { host: name.to_owned() }.into());
    }
    let mut stream = connect(name, &addresses, timeouts.connect).await?;
    if secure {
        stream = stream.start_tls(tls, name, timeouts.tls).await?;
    }
    let certificate_ends = stream.peer_certificate().and_then(|certificate| certificate.not_after);
    let (sender, connection) = http1::Builder::new()
        .max_buf_size(64 * 1024)
        .handshake::<_, B>(TokioIo::new(stream))
        .await
        .map_err(FetchError::Http)?;
    let connection = Connection(tokio::spawn(async move { drop(connection.await) }));
    let authority = match url.port() {
        Some(port) => format!("{host}:{port}"),
        None => host.to_owned(),
    };
    let authority = HeaderValue::try_from(authority).map_err(|_| FetchError::Url)?;
    Ok(Opened { sender, connection, authority, certificate_ends })
}

/// The task that moves octets; ends with the fetch.
pub(crate) struct Connection(JoinHandle<()>);

impl Drop for Connection {
    fn drop(&mut self) {
        self.0.abort();
    }
}
