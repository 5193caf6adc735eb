//! Requests to the sign-in service, over connections of our own.

use std::pin::Pin;
use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use http_body_util::{BodyExt as _, Full, Limited};
use hyper::body::Bytes;
use hyper::header::{ACCEPT, AUTHORIZATION, CONTENT_TYPE, HOST, RETRY_AFTER, USER_AGENT};
use hyper::{Request, Response};
use keys::Secret;
use oauth2::{AsyncHttpClient, HttpRequest, HttpResponse};
use serde_json::Value;
use tokio::time::timeout;
use url::{Position, Url, form_urlencoded};

use super::OauthError;
use crate::fetch::open;
use crate::{ClientTls, FetchError, Guard, Trust};

/// Longest answer, octets.
const ANSWER_OCTETS_MAX: usize = 1 << 20;
/// One question, until its answer is here. Less than the lease of whoever refreshes.
const ANSWER_MAX: Duration = Duration::from_secs(30);

/// Asks sign-in services. The administrator names them, so they may lie in the own network; who is asked shows its
/// certificate, except on this machine.
#[derive(Clone, Debug)]
pub struct Http {
    tls: ClientTls,
}

/// For `oauth2`.
impl<'c> AsyncHttpClient<'c> for Http {
    type Error = OauthError;
    type Future = Pin<Box<dyn Future<Output = Result<HttpResponse, OauthError>> + Send + 'c>>;

    fn call(&'c self, request: HttpRequest) -> Self::Future {
        Box::pin(self.send(request))
    }
}

impl Http {
    /// Trusts whom `trust` says.
    ///
    /// # Errors
    /// [`OauthError::Trust`].
    pub fn new(trust: &Trust) -> Result<Self, OauthError> {
        Ok(Self { tls: ClientTls::new(trust)? })
    }

    async fn send(&self, request: HttpRequest) -> Result<HttpResponse, OauthError> {
        let url = Url::parse(&request.uri().to_string()).map_err(|_| FetchError::Url)?;
        let (parts, body) = request.into_parts();
        let mut asked = Request::builder().method(parts.method);
        for (name, value) in &parts.headers {
            asked = asked.header(name, value);
        }
        self.ask(&url, asked, body).await
    }

    /// A JSON document.
    ///
    /// # Errors
    /// [`OauthError`].
    pub async fn get(&self, url: &str, token: Option<&Secret<String>>) -> Result<String, OauthError> {
        let url = Url::parse(url).map_err(|_| FetchError::Url)?;
        let mut asked = Request::get("/").header(ACCEPT, "application/json");
        if let Some(token) = token {
            asked = asked.header(AUTHORIZATION, format!("Bearer {}", token.expose()));
        }
        let answer = self.ask(&url, asked, Vec::new()).await?;
        if !answer.status().is_success() {
            return Err(FetchError::Status { status: answer.status().as_u16() }.into());
        }
        Ok(String::from_utf8_lossy(answer.body()).into_owned())
    }

    /// Posts a form as a client that has registered; the service's error code and words where it refuses.
    pub(crate) async fn form(
        &self,
        url: &str,
        fields: &[(&str, &str)],
        (id, secret): (&str, Option<&str>),
        basic: bool,
    ) -> Result<Result<(), (String, String)>, OauthError> {
        let url = Url::parse(url).map_err(|_| FetchError::Url)?;
        let mut asked = Request::post("/").header(CONTENT_TYPE, "application/x-www-form-urlencoded");
        let mut pairs = fields.to_vec();
        match secret {
            Some(secret) if basic => {
                let encode =
                    |text: &str| form_urlencoded::byte_serialize(text.as_bytes()).collect::<String>();
                let pair = STANDARD.encode(format!("{}:{}", encode(id), encode(secret)));
                asked = asked.header(AUTHORIZATION, format!("Basic {pair}"));
            }
            _ => {
                pairs.push(("client_id", id));
                pairs.extend(secret.map(|secret| ("client_secret", secret)));
            }
        }
        let body = form_urlencoded::Serializer::new(String::new()).extend_pairs(pairs).finish();
        let answer = self.ask(&url, asked, body.into_bytes()).await?;
        if answer.status().is_success() {
            return Ok(Ok(()));
        }
        let said: Value = serde_json::from_slice(answer.body()).unwrap_or_default();
        let word = |name: &str| said[name].as_str().unwrap_or_default().to_owned();
        Ok(Err((word("error"), word("error_description"))))
    }

    async fn ask(
        &self,
        url: &Url,
        asked: hyper::http::request::Builder,
        body: Vec<u8>,
    ) -> Result<HttpResponse, OauthError> {
        let exchanged = timeout(ANSWER_MAX, self.exchange(url, asked, body)).await;
        let answer = exchanged.map_err(|_| FetchError::Timeout { seconds: ANSWER_MAX.as_secs() })??;
        let status = answer.status().as_u16();
        if status == 429 || status >= 500 {
            let seconds =
                answer.headers().get(RETRY_AFTER).and_then(|value| value.to_str().ok()?.trim().parse().ok());
            return Err(OauthError::Unavailable { status, retry_after: seconds.map(Duration::from_secs) });
        }
        Ok(answer)
    }

    async fn exchange(
        &self,
        url: &Url,
        asked: hyper::http::request::Builder,
        body: Vec<u8>,
    ) -> Result<HttpResponse, OauthError> {
        let guard = Guard { private: true, ..Guard::default() };
        let mut opened = open::<Full<Bytes>>(&guard, &self.tls, url).await?;
        let request = asked
            .uri(&url[Position::BeforePath..Position::AfterQuery])
            .header(HOST, opened.authority)
            .header(USER_AGENT, "Poststelle")
            .body(Full::new(Bytes::from(body)))
            .map_err(|_| FetchError::Url)?;
        let answer = opened.sender.send_request(request).await.map_err(FetchError::Http)?;
        let (parts, body) = answer.into_parts();
        let body = Limited::new(body, ANSWER_OCTETS_MAX).collect().await;
        let body = body.map_err(|_| FetchError::TooLarge { max_octets: ANSWER_OCTETS_MAX as u64 })?;
        Ok(Response::from_parts(parts, body.to_bytes().to_vec()))
    }
}
