//! Requests in, answers out.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use axum::body::{Body, Bytes, to_bytes};
use axum::extract::State;
use axum::http::{HeaderMap, Method, Request, StatusCode, header};
use axum::response::{IntoResponse as _, Response};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use futures_util::StreamExt as _;
use serde_json::{Value, json};

use super::Shared;
use super::mailbox::{Mailbox, Page};

/// Octets of a mail sent at once.
const PIECE_OCTETS: usize = 32 << 10;
/// Requests at once for one mailbox.
const TOGETHER_MAX: usize = 4;
/// Mails on a page if nothing is asked for.
const PAGE: usize = 10;

fn refused(status: u16, code: &str, words: &str) -> Response {
    let body = json!({ "error": { "code": code, "message": words, "innerError": { "request-id": "1" } } });
    let status = StatusCode::from_u16(status).unwrap_or(StatusCode::BAD_REQUEST);
    (status, axum::Json(body)).into_response()
}

fn missing() -> Response {
    refused(404, "ErrorItemNotFound", "The specified object was not found in the store.")
}

fn found(status: u16, body: Value) -> Response {
    (StatusCode::from_u16(status).unwrap_or_default(), axum::Json(body)).into_response()
}

/// What a request asks for, beside its path.
struct Asked {
    query: Vec<(String, String)>,
    is_immutable: bool,
    page: usize,
}

impl Asked {
    fn read(query: &str, fields: &HeaderMap) -> Self {
        let pairs = query.split('&').filter_map(|pair| pair.split_once('='));
        let preferences: Vec<&str> =
            fields.get_all("prefer").iter().filter_map(|value| value.to_str().ok()).collect();
        let page = preferences.iter().find_map(|word| word.split("odata.maxpagesize=").nth(1)?.parse().ok());
        Self {
            query: pairs.map(|(name, value)| (decoded(name), decoded(value))).collect(),
            is_immutable: preferences.iter().any(|word| word.contains("IdType=\"ImmutableId\"")),
            page: page.unwrap_or(PAGE),
        }
    }

    fn get(&self, name: &str) -> Option<&str> {
        self.query.iter().find(|(found, _)| found == name).map(|(_, value)| value.as_str())
    }
}

fn decoded(text: &str) -> String {
    let (mut octets, mut rest) = (Vec::new(), text.as_bytes());
    while let Some((first, after)) = rest.split_first() {
        let escaped = (*first == b'%').then(|| after.get(..2)).flatten();
        let octet = escaped.and_then(|two| u8::from_str_radix(std::str::from_utf8(two).ok()?, 16).ok());
        octets.push(octet.unwrap_or(if *first == b'+' { b' ' } else { *first }));
        rest = if octet.is_some() { &after[2..] } else { after };
    }
    String::from_utf8_lossy(&octets).into_owned()
}

pub(super) async fn answer(State(shared): State<Arc<Shared>>, request: Request<Body>) -> Response {
    let (parts, body) = request.into_parts();
    let path = parts.uri.path().to_owned();
    let fault = {
        let mut mailbox = shared.mailbox();
        let line = format!("{} {path}", parts.method);
        let fault = mailbox.fault(&line);
        mailbox.requests.push(line);
        fault
    };
    if let Some((status, retry_after)) = fault {
        let mut answer = refused(status, "ServiceFault", "as the test wants it");
        if let Some(seconds) = retry_after {
            answer.headers_mut().insert(header::RETRY_AFTER, seconds.into());
        }
        return answer;
    }
    let token = parts.headers.get(header::AUTHORIZATION).and_then(|value| value.to_str().ok());
    let token = token.and_then(|value| value.strip_prefix("Bearer ")).unwrap_or_default().to_owned();
    let checking = Arc::clone(&shared);
    if !matches!(tokio::task::spawn_blocking(move || (checking.check)(&token)).await, Ok(true)) {
        return refused(
            401,
            "InvalidAuthenticationToken",
            "Lifetime validation failed, the token is expired.",
        );
    }
    let Ok(body) = to_bytes(body, 8 << 20).await else { return refused(413, "RequestTooLarge", "") };
    let asked = Asked::read(parts.uri.query().unwrap_or_default(), &parts.headers);
    let segments: Vec<String> = path.split('/').skip(1).map(decoded).collect();
    let segments: Vec<&str> = segments.iter().map(String::as_str).collect();
    let ["v1.0", "users", owner, rest @ ..] = &segments[..] else {
        return refused(400, "BadRequest", "Resource not found for the segment.");
    };
    if !owner.eq_ignore_ascii_case(&shared.mailbox().owner) {
        return refused(404, "ErrorInvalidUser", "The requested user is invalid.");
    }
    if let (&Method::GET, ["messages", id, "$value"]) = (&parts.method, rest) {
        return content(&shared, id);
    }
    let kind =
        parts.headers.get(header::CONTENT_TYPE).and_then(|kind| kind.to_str().ok()).unwrap_or_default();
    let mut mailbox = shared.mailbox();
    if parts.method == Method::GET {
        read(&mut mailbox, &path, rest, &asked)
    } else {
        change(&mut mailbox, &parts.method, rest, &asked, kind, &body)
    }
}

fn read(mailbox: &mut Mailbox, path: &str, rest: &[&str], asked: &Asked) -> Response {
    let folders = |mailbox: &Mailbox, parent: Option<&str>| {
        let list: Vec<Value> =
            mailbox.children(parent).into_iter().map(|it| mailbox.folder_json(it)).collect();
        // Two on a page, so that lists have several.
        let skip: usize = asked.get("$skip").and_then(|skip| skip.parse().ok()).unwrap_or_default();
        let mut answer = json!({ "value": list.iter().skip(skip).take(4).collect::<Vec<_>>() });
        if list.len() > skip + 4 {
            answer["@odata.nextLink"] = json!(format!("{}{path}?$skip={}", mailbox.origin, skip + 4));
        }
        found(200, answer)
    };
    match rest {
        ["mailFolders"] => folders(mailbox, None),
        ["mailFolders", id] => match mailbox.find(id) {
            Some(folder) => found(200, mailbox.folder_json(folder)),
            None => missing(),
        },
        ["mailFolders", id, "childFolders"] => match mailbox.find(id).map(|folder| folder.id.clone()) {
            Some(id) => folders(mailbox, Some(&id)),
            None => missing(),
        },
        ["mailFolders", id, "messages", list @ ..] => {
            let Some(folder) = mailbox.find(id).map(|folder| folder.id.clone()) else { return missing() };
            match list {
                [] => {
                    let number = |name: &str| asked.get(name).and_then(|value| value.parse::<usize>().ok());
                    let top = number("$top").unwrap_or(PAGE);
                    let page = mailbox.listed(&folder, number("$skip").unwrap_or(0), top, asked.is_immutable);
                    linked(mailbox, path, &page, "$skip")
                }
                ["delta"] => {
                    let token = asked.get("$skiptoken").or_else(|| asked.get("$deltatoken"));
                    match mailbox.delta(&folder, token, asked.page, asked.is_immutable) {
                        Some(page) => linked(mailbox, path, &page, "$skiptoken"),
                        None => refused(410, "syncStateNotFound", "The sync state generation is not found."),
                    }
                }
                _ => missing(),
            }
        }
        ["messages", id] => {
            let json = mailbox.immutable(id).and_then(|id| mailbox.mail_json(&id, asked.is_immutable));
            json.map_or_else(missing, |json| found(200, json))
        }
        _ => refused(400, "BadRequest", "Resource not found for the segment."),
    }
}

fn linked(mailbox: &Mailbox, path: &str, page: &Page, next: &str) -> Response {
    let mut answer = json!({ "@odata.context": "context", "value": page.items });
    let link = |name: &str, token: &str| json!(format!("{}{path}?{name}={token}", mailbox.origin));
    if let Some(token) = &page.next {
        answer["@odata.nextLink"] = link(next, token);
    }
    if let Some(token) = &page.delta {
        answer["@odata.deltaLink"] = link("$deltatoken", token);
    }
    found(200, answer)
}

fn change(
    mailbox: &mut Mailbox,
    method: &Method,
    rest: &[&str],
    asked: &Asked,
    kind: &str,
    body: &[u8],
) -> Response {
    let said: Value = serde_json::from_slice(body).unwrap_or_default();
    match (method.as_str(), rest) {
        ("POST", ["mailFolders"]) => make(mailbox, None, &said),
        ("POST", ["mailFolders", parent, "childFolders"]) => {
            match mailbox.find(parent).map(|folder| folder.id.clone()) {
                Some(parent) => make(mailbox, Some(&parent), &said),
                None => missing(),
            }
        }
        ("PATCH", ["messages", id]) => {
            let (Some(id), Some(is_read)) = (mailbox.immutable(id), said["isRead"].as_bool()) else {
                return missing();
            };
            mailbox.read(&id, is_read);
            found(200, mailbox.mail_json(&id, asked.is_immutable).unwrap_or_default())
        }
        ("POST", ["messages", id, "move"]) => {
            let to = said["destinationId"].as_str().unwrap_or_default();
            let moved = mailbox.immutable(id).and_then(|id| mailbox.move_to(&id, to).map(|()| id));
            let json = moved.and_then(|id| mailbox.mail_json(&id, asked.is_immutable));
            json.map_or_else(missing, |json| found(201, json))
        }
        // Deleted once, a mail goes to the folder for that; deleted there, it goes for good.
        ("DELETE", ["messages", id]) => {
            let Some(id) = mailbox.immutable(id) else { return missing() };
            let trash = mailbox.find("deleteditems").map(|folder| folder.id.clone()).unwrap_or_default();
            if mailbox.mail(&id).is_some_and(|mail| mail.folder == trash) {
                mailbox.remove(&id);
            } else {
                mailbox.move_to(&id, &trash);
            }
            StatusCode::NO_CONTENT.into_response()
        }
        ("POST", ["sendMail"]) if kind.starts_with("text/plain") => match STANDARD.decode(body) {
            Ok(octets) if octets.windows(4).any(|end| end == b"\r\n\r\n") => {
                mailbox.sent.push(octets);
                StatusCode::ACCEPTED.into_response()
            }
            _ => {
                refused(400, "ErrorMimeContentInvalidBase64String", "Invalid base64 string for MIME content.")
            }
        },
        _ => refused(405, "BadRequest", "The method is not allowed."),
    }
}

fn make(mailbox: &mut Mailbox, parent: Option<&str>, said: &Value) -> Response {
    let Some(name) = said["displayName"].as_str().filter(|name| !name.is_empty()) else {
        return refused(400, "ErrorInvalidRequest", "displayName");
    };
    if mailbox.children(parent).iter().any(|folder| folder.name.eq_ignore_ascii_case(name)) {
        return refused(409, "ErrorFolderExists", "A folder with the specified name already exists.");
    }
    let id = mailbox.make(name, parent);
    let made = mailbox.find(&id).map(|folder| mailbox.folder_json(folder));
    found(201, made.unwrap_or_default())
}

/// Counts a download until its last octet has left.
struct Flying(Arc<AtomicUsize>);

impl Drop for Flying {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::AcqRel);
    }
}

/// The octets of a mail, in pieces.
fn content(shared: &Shared, id: &str) -> Response {
    let (octets, is_cut) = {
        let mut mailbox = shared.mailbox();
        let octets = mailbox.immutable(id).and_then(|id| mailbox.mail(&id).map(|mail| mail.octets.clone()));
        let Some(octets) = octets else { return missing() };
        let is_cut = mailbox.cuts > 0;
        mailbox.cuts = mailbox.cuts.saturating_sub(1);
        (octets, is_cut)
    };
    let now = shared.flying.fetch_add(1, Ordering::AcqRel) + 1;
    let flying = Flying(Arc::clone(&shared.flying));
    shared.flying_most.fetch_max(now, Ordering::AcqRel);
    if now > TOGETHER_MAX {
        let mut answer =
            refused(429, "ApplicationThrottled", "MailboxConcurrency limit of application exceeded");
        answer.headers_mut().insert(header::RETRY_AFTER, 1.into());
        return answer;
    }
    let whole = if is_cut { octets.len() / 2 } else { octets.len() };
    let mut pieces: Vec<Result<Bytes, std::io::Error>> =
        octets[..whole].chunks(PIECE_OCTETS).map(|piece| Ok(Bytes::copy_from_slice(piece))).collect();
    if is_cut {
        pieces.push(Err(std::io::Error::other("as the test wants it")));
    }
    let last = futures_util::stream::once(async move {
        drop(flying);
        Ok::<Bytes, std::io::Error>(Bytes::new())
    });
    let body = Body::from_stream(futures_util::stream::iter(pieces).chain(last));
    ([(header::CONTENT_TYPE, "text/plain")], body).into_response()
}
