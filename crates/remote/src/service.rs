//! Connections of `connect` for the library.

use std::sync::Arc;
use std::time::Duration;

use connect::{ClientTls, FetchError, Guard, exchange};
use futures_util::future::BoxFuture;
use http_body_util::BodyExt as _;
use object_store::ClientOptions;
use object_store::client::{
    HttpClient, HttpConnector, HttpError, HttpErrorKind, HttpRequest, HttpResponse, HttpResponseBody,
    HttpService,
};

/// For a part on its way, and for each piece of an answer.
const PATIENCE: Duration = Duration::from_mins(3);

/// Sends what the library asks for. The store may lie in the own network: an administrator named it.
#[derive(Clone, Debug)]
pub(crate) struct Service(Arc<ClientTls>);

impl Service {
    pub(crate) fn new(tls: ClientTls) -> Self {
        Self(Arc::new(tls))
    }
}

fn failed(error: FetchError) -> HttpError {
    let kind = match &error {
        FetchError::Connect(_) => HttpErrorKind::Connect,
        FetchError::Timeout { .. } => HttpErrorKind::Timeout,
        FetchError::Http(_) => HttpErrorKind::Interrupted,
        _ => HttpErrorKind::Unknown,
    };
    HttpError::new(kind, error)
}

impl HttpService for Service {
    fn call<'this, 'call>(
        &'this self,
        request: HttpRequest,
    ) -> BoxFuture<'call, Result<HttpResponse, HttpError>>
    where
        'this: 'call,
        Self: 'call,
    {
        Box::pin(async move {
            let guard = Guard { private: true, ..Guard::default() };
            let answer = exchange(&guard, &self.0, PATIENCE, request).await.map_err(failed)?;
            Ok(answer.map(|body| HttpResponseBody::new(body.map_err(failed))))
        })
    }
}

impl HttpConnector for Service {
    fn connect(&self, _: &ClientOptions) -> object_store::Result<HttpClient> {
        Ok(HttpClient::new(self.clone()))
    }
}
