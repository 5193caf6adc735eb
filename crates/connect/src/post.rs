//! Hands small things to receivers on the web, without being led into the own network.

use std::time::Duration;

use http_body_util::{BodyExt as _, Full};
use hyper::Request;
use hyper::body::Bytes;
use hyper::header::{CONTENT_TYPE, HOST, USER_AGENT};
use tokio::time::timeout;
use url::{Position, Url};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

use crate::fetch::open;
use crate::{ClientTls, FetchError, Guard};

/// Of an answer in JSON this much is kept, octets; the rest is not waited for.
const ANSWER_OCTETS_MAX: usize = 2000;

/// What the receiver said.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PostAnswer {
    /// HTTP status.
    pub status: u16,
    /// Begin of the body, at most 2,000 octets.
    pub text: String,
}

/// The field for a login with name and password.
///
/// Source: RFC 7617 §2.
pub fn basic_login(user: &str, password: &str) -> (&'static str, String) {
    ("Authorization", format!("Basic {}", STANDARD.encode(format!("{user}:{password}"))))
}

/// Posts to `http` and `https` addresses. Every address is looked up and checked here, and the connection goes to the
/// address that was checked. Follows no redirect: whoever moves says so to the administrator.
#[derive(Clone, Debug)]
pub struct Poster {
    guard: Guard,
    time: Duration,
    tls: ClientTls,
}

impl Poster {
    /// `time`: for everything together. `tls`: whom to trust; [`crate::Trust::System`] for the public web.
    pub const fn new(guard: Guard, time: Duration, tls: ClientTls) -> Self {
        Self { guard, time, tls }
    }

    /// Posts JSON with these further fields.
    ///
    /// # Errors
    /// [`FetchError`] where no answer came; an answer that refuses is none.
    pub async fn json(
        &self,
        url: &str,
        fields: &[(&'static str, String)],
        body: Vec<u8>,
    ) -> Result<PostAnswer, FetchError> {
        let post = async {
            let (status, octets) =
                self.post(url, "application/json", fields, body, ANSWER_OCTETS_MAX).await?;
            Ok(PostAnswer { status, text: String::from_utf8_lossy(&octets).into_owned() })
        };
        timeout(self.time, post).await.map_err(|_| FetchError::Timeout { seconds: self.time.as_secs() })?
    }

    /// Posts octets of a type with these further fields; gives the status and the body, at most `octets_max` of it.
    ///
    /// # Errors
    /// [`FetchError`] where no answer came; an answer that refuses is none.
    pub async fn octets(
        &self,
        url: &str,
        content_type: &'static str,
        fields: &[(&'static str, String)],
        body: Vec<u8>,
        octets_max: usize,
    ) -> Result<(u16, Vec<u8>), FetchError> {
        let post = self.post(url, content_type, fields, body, octets_max);
        timeout(self.time, post).await.map_err(|_| FetchError::Timeout { seconds: self.time.as_secs() })?
    }

    async fn post(
        &self,
        url: &str,
        content_type: &'static str,
        fields: &[(&'static str, String)],
        body: Vec<u8>,
        octets_max: usize,
    ) -> Result<(u16, Vec<u8>), FetchError> {
        let url = Url::parse(url).map_err(|_| FetchError::Url)?;
        let mut opened = open::<Full<Bytes>>(&self.guard, &self.tls, &url).await?;
        let mut request = Request::post(&url[Position::BeforePath..Position::AfterQuery])
            .header(HOST, opened.authority)
            .header(USER_AGENT, "Poststelle")
            .header(CONTENT_TYPE, content_type);
        for (name, value) in fields {
            request = request.header(*name, value);
        }
        let request = request.body(Full::new(Bytes::from(body))).map_err(|_| FetchError::Url)?;
        let answer = opened.sender.send_request(request).await.map_err(FetchError::Http)?;
        let status = answer.status().as_u16();
        let (mut body, mut octets) = (answer.into_body(), Vec::new());
        while octets.len() < octets_max {
            // The status has been said; a body that breaks off changes nothing.
            let Some(Ok(frame)) = body.frame().await else { break };
            if let Ok(piece) = frame.into_data() {
                octets.extend_from_slice(&piece[..piece.len().min(octets_max - octets.len())]);
            }
        }
        drop(opened.connection);
        Ok((status, octets))
    }
}
