//! The frame that shows a mail's HTML, and the images in it.

use api::FrameQuery;
use axum::extract::{Path, Request, State as FromState};
use axum::http::{HeaderName, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use connect::FetchError;
use model::{MailId, PartRole, UnixMillis};
use render::{ImageSource, Limits, Options, Rendered};
use url::Url;

use crate::client::Client;
use crate::events::{self, Subject};
use crate::extract::{Id, Params};
use crate::problem::Failure;
use crate::reading::{Opened, SHOWN_OCTETS_MAX};
use crate::rights::Caller;
use crate::{State, attachments, lang, origin};

/// Addresses of images end on full periods, so that the same image has the same address for a while and is kept by the
/// browser; each is good for one to two periods.
const PERIOD_MS: i64 = 10 * 60_000;
/// Longest address of an image outside.
const URL_OCTETS_MAX: usize = 4096;
/// Largest image of a mail that is shown inside it.
const IMAGE_OCTETS_MAX: usize = 32 << 20;

/// Whether the HTML asks for images from outside.
pub(crate) fn has_remote_images(html: &str, limits: Limits) -> bool {
    let options = Options { remote_images: false, image_url: &|_| None, limits };
    render::html(html, &options).remote_images_blocked > 0
}

/// `GET /messages/{mail_id}/frame`
pub(crate) async fn frame(
    FromState(state): FromState<State>,
    Id(id): Id<MailId>,
    caller: Caller,
    Params(query): Params<FrameQuery>,
    request: Request,
) -> Result<Response, Failure> {
    let policy = render::frame_policy(&page_origin(&state, &request));
    let policy = HeaderValue::from_str(&policy).map_err(Failure::internal)?;
    let document = state
        .heavy(move |state| {
            let mail = state.store().mail_octets(caller.scope(), id)?.ok_or_else(Failure::not_found)?;
            let remote = query.images == 1;
            let kind = if remote { "mail.images_shown" } else { "mail.read" };
            events::record_reading(state, &caller, kind, Subject::Mail(mail.mail_id), &[])?;
            let opened = Opened::beginning(state, &mail, SHOWN_OCTETS_MAX)?;
            Ok(document(state, &caller, mail.mail_id, &opened, remote))
        })
        .await?;
    let headers = [
        (header::CONTENT_TYPE, HeaderValue::from_static("text/html; charset=utf-8")),
        (header::CONTENT_SECURITY_POLICY, policy),
        (header::X_FRAME_OPTIONS, HeaderValue::from_static("SAMEORIGIN")),
        (HeaderName::from_static("x-robots-tag"), HeaderValue::from_static("noindex")),
    ];
    Ok((headers, document.html).into_response())
}

/// Origin of the page as the browser sees it. Only what is certainly a host goes into the policy.
fn page_origin(state: &State, request: &Request) -> String {
    let client = request.extensions().get::<Client>();
    let scheme = if client.is_some_and(|client| client.secure) { "https" } else { "http" };
    if let (Some(url), true) = (&state.options().public_url, client.is_some_and(|client| client.proxied)) {
        // Proxies may ask for the page under another name than the browser did.
        return url.origin().ascii_serialization();
    }
    let host = origin::host_of(request).and_then(|host| Url::parse(&format!("{scheme}://{host}/")).ok());
    let url = host.or_else(|| state.options().public_url.clone());
    url.map_or_else(|| "'self'".to_owned(), |url| url.origin().ascii_serialization())
}

fn document(state: &State, caller: &Caller, mail: MailId, opened: &Opened, remote: bool) -> Rendered {
    let Some(html) = opened.html() else {
        let text = opened.message.body.text.as_str();
        let text = if text.trim().is_empty() { lang::word(caller.language(), "no-text") } else { text };
        return render::text(text);
    };
    let expires = expiry(state.now());
    let part_url = |found: Option<usize>| {
        let number = &opened.message.parts[found?].number;
        Some(address(state, &Image::Part { mail, number: number.clone() }, expires))
    };
    let image_url = |source: ImageSource<'_>| match source {
        ImageSource::Remote(url) if url.len() <= URL_OCTETS_MAX => {
            Some(address(state, &Image::Remote { mail, url: url.to_owned() }, expires))
        }
        ImageSource::Remote(_) => None,
        ImageSource::ContentId(id) => {
            part_url(opened.message.parts.iter().position(|part| part.content_id.as_deref() == Some(id)))
        }
        ImageSource::Location(name) => {
            let named = |part: &model::Part| part.message_depth == 0 && part.name.as_deref() == Some(name);
            part_url(opened.message.parts.iter().position(named))
        }
    };
    render::html(html, &Options { remote_images: remote, image_url: &image_url, limits: Limits::default() })
}

fn expiry(now: UnixMillis) -> UnixMillis {
    UnixMillis((now.0.div_euclid(PERIOD_MS) + 2).saturating_mul(PERIOD_MS))
}

/// What a signed address stands for. The mail is part of it, since rights are rights on a mail.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Image {
    /// A part of the mail.
    Part {
        mail: MailId,
        /// As IMAP counts.
        number: String,
    },
    /// An image on the web that the mail asks for.
    Remote {
        mail: MailId,
        /// Absolute.
        url: String,
    },
}

impl Image {
    /// One octet for the kind, sixteen for the mail, then number or address.
    fn payload(&self) -> Vec<u8> {
        let (kind, mail, rest) = match self {
            Self::Part { mail, number } => (b'p', mail, number),
            Self::Remote { mail, url } => (b'r', mail, url),
        };
        [&[kind], mail.octets().as_slice(), rest.as_bytes()].concat()
    }

    fn read(payload: &[u8]) -> Option<Self> {
        let mail = MailId::from_octets(payload.get(1..17)?.try_into().ok()?);
        let rest = String::from_utf8(payload.get(17..)?.to_vec()).ok()?;
        match payload.first()? {
            b'p' => Some(Self::Part { mail, number: rest }),
            b'r' => Some(Self::Remote { mail, url: rest }),
            _ => None,
        }
    }

    const fn mail(&self) -> MailId {
        match self {
            Self::Part { mail, .. } | Self::Remote { mail, .. } => *mail,
        }
    }
}

fn address(state: &State, image: &Image, expires: UnixMillis) -> String {
    format!("/api/v1/images/{}", state.signer().sign(&image.payload(), expires))
}

/// `GET /images/{signed}`
pub(crate) async fn image(
    FromState(state): FromState<State>,
    Path(signed): Path<String>,
    caller: Caller,
) -> Result<Response, Failure> {
    let payload = state.signer().verify(&signed, state.now()).map_err(|_| Failure::not_found())?;
    let image = Image::read(&payload).ok_or_else(Failure::not_found)?;
    let mail = image.mail();
    // A signed address that was passed on is worth nothing to who may not read the mail.
    let octets = state
        .read(move |state| state.store().mail_octets(caller.scope(), mail)?.ok_or_else(Failure::not_found))
        .await?;
    let (content_type, content) = match image {
        Image::Remote { url, .. } => {
            let _turn = state.image_turn().await?;
            let fetched = state.fetcher().image(&url).await.map_err(not_fetched)?;
            (fetched.content_type, fetched.octets)
        }
        Image::Part { number, .. } => {
            let examined = attachments::opened(&state, octets).await?;
            let large = state.large_turn(octets.octets).await?;
            state
                .heavy(move |state| {
                    let _large = large;
                    let opened = Opened::all(state, &octets)?;
                    let index = opened
                        .message
                        .parts
                        .iter()
                        .position(|part| part.number == number && !number.is_empty());
                    let stored = state.store().parts(octets.seq)?;
                    let policy = state.engine().examination().policy();
                    let role = index.map_or(PartRole::Body, |index| opened.message.parts[index].role);
                    let hold = attachments::hold(&policy, role, &number, &stored, &examined);
                    if hold.is_some_and(|hold| hold.released.is_none()) {
                        return Err(Failure::not_found());
                    }
                    let content = index
                        .and_then(|index| opened.content(index, IMAGE_OCTETS_MAX))
                        .ok_or_else(Failure::not_found)?;
                    let content_type = connect::image_type(&content).ok_or_else(Failure::not_found)?;
                    Ok((content_type, content))
                })
                .await?
        }
    };
    let headers = [
        (header::CONTENT_TYPE, HeaderValue::from_static(content_type)),
        (header::CACHE_CONTROL, HeaderValue::from_static("private, max-age=600")),
        (header::CONTENT_DISPOSITION, HeaderValue::from_static("inline")),
    ];
    Ok((headers, content).into_response())
}

/// The page shows a broken image either way; the reason is for the log, and holds no address.
fn not_fetched(error: FetchError) -> Failure {
    Failure::new(StatusCode::BAD_GATEWAY, "image-remote").because(error)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn payloads_come_back() {
        let mail = MailId::from_octets([7; 16]);
        for image in [
            Image::Part { mail, number: "1.2".to_owned() },
            Image::Remote { mail, url: "https://example.org/ä.png".to_owned() },
        ] {
            assert_eq!(Image::read(&image.payload()), Some(image));
        }
        assert_eq!(Image::read(&[]), None);
        assert_eq!(Image::read(&[b'x'; 20]), None);
    }

    #[test]
    fn addresses_stay_the_same_for_a_period() {
        assert_eq!(expiry(UnixMillis(0)), UnixMillis(2 * PERIOD_MS));
        assert_eq!(expiry(UnixMillis(PERIOD_MS - 1)), UnixMillis(2 * PERIOD_MS));
        assert_eq!(expiry(UnixMillis(PERIOD_MS)), UnixMillis(3 * PERIOD_MS));
    }
}
