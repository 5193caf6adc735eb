//! Requests that other web sites make a browser send are refused, and names that are not this server's.

use axum::extract::{Request, State as FromState};
use axum::http::{HeaderMap, HeaderName, Method, StatusCode, header};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use url::{Host, Url};

use crate::problem::Failure;
use crate::{Options, State, cookie};

const FETCH_SITE: HeaderName = HeaderName::from_static("sec-fetch-site");

/// Refuses names that are not this server's, and writes from elsewhere.
pub(crate) async fn check(FromState(state): FromState<State>, request: Request, next: Next) -> Response {
    let host = host_of(&request);
    if !is_ours(host.as_deref(), state.options()) {
        return Failure::new(StatusCode::MISDIRECTED_REQUEST, "host-unknown")
            .with("host", host.unwrap_or_default())
            .into_response();
    }
    let reads = matches!(*request.method(), Method::GET | Method::HEAD | Method::OPTIONS);
    if !reads && !is_own_write(request.headers(), host.as_deref(), state.options().public_url.as_ref()) {
        return Failure::new(StatusCode::FORBIDDEN, "origin").into_response();
    }
    next.run(request).await
}

/// `Host`, or the authority of HTTP/2.
pub(crate) fn host_of(request: &Request) -> Option<String> {
    let header = request.headers().get(header::HOST).and_then(|value| value.to_str().ok());
    header
        .or_else(|| request.uri().authority().map(axum::http::uri::Authority::as_str))
        .map(str::to_ascii_lowercase)
}

/// A page elsewhere can point its own name at this machine (DNS rebinding) and then is of the same origin. So a server
/// that only this machine reaches answers to this machine's names, and to the name it was given.
fn is_ours(host: Option<&str>, options: &Options) -> bool {
    let Some(host) = host else { return true };
    let Ok(parsed) = Url::parse(&format!("http://{host}/")) else { return false };
    let given = options.public_url.as_ref().and_then(Url::host);
    if given.is_some() && parsed.host() == given {
        return true;
    }
    if options.public {
        return given.is_none() || is_loopback(parsed.host().as_ref()) || is_address(parsed.host().as_ref());
    }
    is_loopback(parsed.host().as_ref())
}

fn is_loopback(host: Option<&Host<&str>>) -> bool {
    match host {
        Some(Host::Domain(name)) => *name == "localhost" || name.ends_with(".localhost"),
        Some(Host::Ipv4(address)) => address.is_loopback(),
        Some(Host::Ipv6(address)) => address.is_loopback(),
        None => false,
    }
}

/// Rebinding needs a name: a literal address is never of another site.
fn is_address(host: Option<&Host<&str>>) -> bool {
    matches!(host, Some(Host::Ipv4(_) | Host::Ipv6(_)))
}

/// A write counts as our page's own if the browser says so (`Sec-Fetch-Site`, else `Origin`). Programs say neither; they
/// are let through if they bring no cookie, which is the only thing a browser adds by itself. With `Authorization` the
/// cookie does not count, and no page elsewhere can make a browser send that.
fn is_own_write(headers: &HeaderMap, host: Option<&str>, public_url: Option<&Url>) -> bool {
    if cookie::bearer(headers).is_some() {
        return true;
    }
    if let Some(site) = headers.get(FETCH_SITE) {
        return site == "same-origin" || site == "none";
    }
    let Some(origin) = headers.get(header::ORIGIN) else { return cookie::session(headers).is_none() };
    let Some(origin) = origin.to_str().ok().and_then(|origin| Url::parse(origin).ok()) else { return false };
    if public_url.is_some_and(|url| url.origin() == origin.origin()) {
        return true;
    }
    let Some(host) = host.and_then(|host| Url::parse(&format!("{}://{host}/", origin.scheme())).ok()) else {
        return false;
    };
    host.origin() == origin.origin()
}

#[cfg(test)]
mod tests {
    use axum::http::HeaderValue;

    use super::*;

    fn check_write(pairs: &[(&'static str, &'static str)], expected: bool) {
        let mut headers = HeaderMap::new();
        for (name, value) in pairs {
            headers.insert(*name, HeaderValue::from_static(value));
        }
        let public = Url::parse("https://post.example.org/").unwrap();
        assert_eq!(is_own_write(&headers, Some("127.0.0.1:8025"), Some(&public)), expected, "{pairs:?}");
    }

    #[test]
    fn writes_come_from_our_page_or_from_a_program() {
        check_write(&[("sec-fetch-site", "same-origin")], true);
        check_write(&[("sec-fetch-site", "none")], true);
        check_write(&[("sec-fetch-site", "same-site")], false);
        check_write(&[("sec-fetch-site", "cross-site"), ("origin", "http://127.0.0.1:8025")], false);
        check_write(&[("origin", "http://127.0.0.1:8025")], true);
        check_write(&[("origin", "https://post.example.org")], true);
        check_write(&[("origin", "http://127.0.0.1:8026")], false);
        check_write(&[("origin", "https://evil.example")], false);
        check_write(&[("origin", "null")], false);
        check_write(&[], true);
        check_write(&[("cookie", "poststelle_session=x")], false);
        check_write(&[("cookie", "other=x")], true);
        check_write(&[("authorization", "Bearer x"), ("origin", "https://evil.example")], true);
        check_write(&[("authorization", "Basic x"), ("origin", "https://evil.example")], false);
    }

    #[test]
    fn names_of_this_server() {
        let mut options = Options::default();
        let check = |host: &str, options: &Options, expected| {
            assert_eq!(is_ours(Some(host), options), expected, "{host}");
        };
        check("127.0.0.1:8025", &options, true);
        check("localhost:8025", &options, true);
        check("[::1]:8025", &options, true);
        check("evil.example:8025", &options, false);
        check("192.0.2.1", &options, false);
        check("bad host", &options, false);
        options.public = true;
        check("any.example", &options, true);
        options.public_url = Some(Url::parse("https://post.example.org/").unwrap());
        check("post.example.org", &options, true);
        check("192.0.2.1", &options, true);
        check("localhost:8025", &options, true);
        check("evil.example", &options, false);
    }
}
