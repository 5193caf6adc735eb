//! The page: files of the web front end, built beforehand and carried inside the binary.

use std::borrow::Cow;
use std::fmt::Write as _;

use api::Language;
use axum::body::Body;
use axum::extract::{Request, State as FromState};
use axum::http::{HeaderMap, HeaderValue, Method, StatusCode, header};
use axum::response::{IntoResponse, Response};
use rust_embed::Embed;

use crate::problem::Failure;
use crate::{State, headers, lang};

/// `web/dist`; empty if the front end was not built. Debug builds read the folder.
#[derive(Embed)]
#[folder = "../../web/dist"]
#[allow_missing = true]
struct Dist;

/// A file of the page.
#[derive(Clone, Debug)]
pub struct WebFile {
    /// As built.
    pub octets: Cow<'static, [u8]>,
    /// SHA-256 of the octets.
    pub digest: [u8; 32],
}

/// Gives a file of the page by its path without leading slash.
pub type Files = fn(&str) -> Option<WebFile>;

/// The files carried inside the binary.
pub fn embedded(path: &str) -> Option<WebFile> {
    Dist::get(path).map(|file| WebFile { digest: file.metadata.sha256_hash(), octets: file.data })
}

/// What `index.html` holds in place of the nonce of the answer.
const NONCE_MARK: &[u8] = b"__CSP_NONCE__";

/// Files whose names carry a digest of their content: they never change.
const HASHED: &str = "assets/";

/// Serves files, and the page itself for every other path: the page knows its own paths.
pub(crate) async fn page(FromState(state): FromState<State>, request: Request) -> Response {
    if !matches!(*request.method(), Method::GET | Method::HEAD) {
        return StatusCode::METHOD_NOT_ALLOWED.into_response();
    }
    let path = request.uri().path().trim_start_matches('/');
    if path.starts_with("api/") || path.starts_with("health/") {
        return Failure::not_found().into_response();
    }
    let files = state.options().files;
    if let Some(answer) = file(files, path, request.headers()) {
        return answer;
    }
    if path.starts_with(HASHED) {
        return StatusCode::NOT_FOUND.into_response();
    }
    index(files, request.headers())
}

/// One file, compressed beforehand where the browser takes that.
fn file(files: Files, path: &str, request: &HeaderMap) -> Option<Response> {
    if path.is_empty() || path == "index.html" || matches!(path.rsplit_once('.'), Some((_, "br" | "gz"))) {
        return None;
    }
    let (found, encoding) = [("br", ".br"), ("gzip", ".gz")]
        .into_iter()
        .filter(|(name, _)| takes_encoding(request, name))
        .find_map(|(name, ending)| files(&format!("{path}{ending}")).map(|found| (found, Some(name))))
        .or_else(|| files(path).map(|found| (found, None)))?;
    let hashed = path.starts_with(HASHED);
    let tag = (!hashed).then(|| etag(&found.digest));
    if let Some(tag) = &tag
        && request.get(header::IF_NONE_MATCH).is_some_and(|known| known == tag)
    {
        return Some((StatusCode::NOT_MODIFIED, [(header::ETAG, tag.clone())]).into_response());
    }
    let mut answer = Response::new(Body::from(found.octets));
    let headers = answer.headers_mut();
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static(media_type(path)));
    headers.insert(header::VARY, HeaderValue::from_static("Accept-Encoding"));
    let caching = if hashed { "public, max-age=31536000, immutable" } else { "no-cache" };
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static(caching));
    if let Some(encoding) = encoding {
        headers.insert(header::CONTENT_ENCODING, HeaderValue::from_static(encoding));
    }
    if let Some(tag) = tag {
        headers.insert(header::ETAG, tag);
    }
    Some(answer)
}

/// The compressed forms are other octets and so have other tags.
fn etag(digest: &[u8; 32]) -> HeaderValue {
    let mut tag = String::from("\"");
    for octet in &digest[..12] {
        let _ = write!(tag, "{octet:02x}");
    }
    tag.push('"');
    HeaderValue::from_str(&tag).expect("hexadecimal digits")
}

/// Whether the browser takes this content coding.
///
/// Source: RFC 9110 §12.5.3.
fn takes_encoding(request: &HeaderMap, name: &str) -> bool {
    let asked =
        request.get(header::ACCEPT_ENCODING).and_then(|value| value.to_str().ok()).unwrap_or_default();
    asked.split(',').any(|coding| {
        let mut parts = coding.split(';').map(str::trim);
        let same = parts.next().is_some_and(|token| token.eq_ignore_ascii_case(name));
        let refused =
            parts.any(|part| part.strip_prefix("q=").is_some_and(|q| q.trim().parse::<f32>() == Ok(0.0)));
        same && !refused
    })
}

/// The page, never kept by the browser, with a nonce of its own for the styles it makes while it runs.
fn index(files: Files, request: &HeaderMap) -> Response {
    let nonce = match keys::random_token() {
        Ok(nonce) => nonce,
        Err(error) => return Failure::internal(error).into_response(),
    };
    let html = match files("index.html") {
        Some(html) => replaced(&html.octets, NONCE_MARK, nonce.expose().as_bytes()),
        None => unbuilt(lang::accepted(request)).into_bytes(),
    };
    let policy = headers::page_policy(nonce.expose());
    let mut answer = Response::new(Body::from(html));
    let headers = answer.headers_mut();
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("text/html; charset=utf-8"));
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    headers.insert(
        header::CONTENT_SECURITY_POLICY,
        HeaderValue::from_str(&policy).expect("nonces are base64url"),
    );
    answer
}

/// Said where the front end was not built.
fn unbuilt(language: Language) -> String {
    let word = |key| lang::word(language, key);
    format!(
        "<!doctype html><html lang=\"{}\"><meta charset=\"utf-8\"><title>Poststelle</title><h1>{}</h1><p>{}</p><pre>make run</pre>",
        language.as_str(),
        word("unbuilt-title"),
        word("unbuilt-text"),
    )
}

fn replaced(octets: &[u8], mark: &[u8], with: &[u8]) -> Vec<u8> {
    let mut out = Vec::with_capacity(octets.len() + with.len());
    let mut rest = octets;
    while let Some(at) = rest.windows(mark.len()).position(|window| window == mark) {
        out.extend_from_slice(&rest[..at]);
        out.extend_from_slice(with);
        rest = &rest[at + mark.len()..];
    }
    out.extend_from_slice(rest);
    out
}

fn media_type(path: &str) -> &'static str {
    match path.rsplit_once('.').map(|(_, ending)| ending) {
        Some("js" | "mjs") => "text/javascript; charset=utf-8",
        Some("css") => "text/css; charset=utf-8",
        Some("html") => "text/html; charset=utf-8",
        Some("json" | "map") => "application/json",
        Some("webmanifest") => "application/manifest+json",
        Some("svg") => "image/svg+xml",
        Some("png") => "image/png",
        Some("ico") => "image/x-icon",
        Some("woff2") => "font/woff2",
        Some("txt") => "text/plain; charset=utf-8",
        _ => "application/octet-stream",
    }
}
