//! One request of a library that speaks HTTP by itself, over a connection of ours.

use std::future::Future as _;
use std::pin::Pin;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use hyper::body::{Body, Bytes, Frame, Incoming, SizeHint};
use hyper::header::{HOST, USER_AGENT};
use hyper::{Request, Response, Uri};
use tokio::time::{Instant, Sleep, sleep, timeout};
use url::{Position, Url};

use crate::fetch::{Connection, open};
use crate::{ClientTls, FetchError, Guard};

/// Sends a request whose address is absolute, over a connection of its own, and gives the answer as soon as its fields are
/// here. `patience`: for the request with all of its body, and for each piece of the answer.
///
/// # Errors
/// [`FetchError`] where no answer came; an answer that refuses is none.
pub async fn exchange<B>(
    guard: &Guard,
    tls: &ClientTls,
    patience: Duration,
    mut request: Request<B>,
) -> Result<Response<HeldBody>, FetchError>
where
    B: Body + Send + 'static,
    B::Data: Send,
    B::Error: Into<Box<dyn std::error::Error + Send + Sync>>,
{
    let url = Url::parse(&request.uri().to_string()).map_err(|_| FetchError::Url)?;
    let mut opened = open::<B>(guard, tls, &url).await?;
    let path: Uri = url[Position::BeforePath..Position::AfterQuery].parse().map_err(|_| FetchError::Url)?;
    *request.uri_mut() = path;
    request.headers_mut().insert(HOST, opened.authority.clone());
    request.headers_mut().entry(USER_AGENT).or_insert(hyper::header::HeaderValue::from_static("Poststelle"));
    let silent = FetchError::Timeout { seconds: patience.as_secs() };
    let answer = timeout(patience, opened.sender.send_request(request)).await.map_err(|_| silent)?;
    let (parts, body) = answer.map_err(FetchError::Http)?.into_parts();
    let silence = Box::pin(sleep(patience));
    Ok(Response::from_parts(parts, HeldBody { body, patience, silence, _connection: opened.connection }))
}

/// The body of an answer; its connection lasts as long.
pub struct HeldBody {
    body: Incoming,
    patience: Duration,
    silence: Pin<Box<Sleep>>,
    _connection: Connection,
}

impl std::fmt::Debug for HeldBody {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("HeldBody")
    }
}

impl Body for HeldBody {
    type Data = Bytes;
    type Error = FetchError;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, FetchError>>> {
        if let Poll::Ready(frame) = Pin::new(&mut self.body).poll_frame(context) {
            let next = Instant::now() + self.patience;
            self.silence.as_mut().reset(next);
            return Poll::Ready(frame.map(|frame| frame.map_err(FetchError::Http)));
        }
        ready!(self.silence.as_mut().poll(context));
        Poll::Ready(Some(Err(FetchError::Timeout { seconds: self.patience.as_secs() })))
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}
