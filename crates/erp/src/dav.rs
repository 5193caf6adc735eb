//! Address books of a `CardDAV` server (RFC 6352): which there are, what changed in one, and its vCards.
//!
//! Redirects are followed to the same server only: login and password are for that one.

mod answer;

use std::collections::{BTreeMap, BTreeSet};
use std::time::{Duration, Instant};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use connect::{ClientTls, FetchError, Method, Trust, Web, WebRequest};
use keys::Secret;
use url::Url;

use answer::{Answer, Item};

/// How long a server may be silent while it owes something.
const PATIENCE: Duration = Duration::from_mins(1);
/// Largest answer, octets.
const ANSWER_MAX: usize = 64 << 20;
/// Cards asked for together.
const BATCH: usize = 100;
const REDIRECTS_MAX: u8 = 5;
/// Pieces an answer about changes may come in (RFC 6578 §3.6).
const PIECES_MAX: usize = 10_000;
/// Longest address, `ETag` or token kept, octets.
const TEXT_MAX: usize = 2000;

/// How to reach a server.
#[derive(Debug)]
pub struct DavServer {
    /// Any address on it: of an address book, of a user, or of the server alone.
    pub url: String,
    /// Login name.
    pub login: String,
    /// Password.
    pub password: Secret<String>,
    /// Certificates believed.
    pub trust: Trust,
    /// Everything together may take so long.
    pub timeout: Duration,
    /// An address book may hold so many cards.
    pub cards_max: usize,
}

/// An address book.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Book {
    /// Its path on the server.
    pub path: String,
    /// Its name for people.
    pub name: String,
}

/// What is known of an address book.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct KnownBook<'a> {
    /// Names the state that is known, if the server gave one.
    pub token: Option<&'a str>,
    /// `ETags` by path.
    pub cards: BTreeMap<&'a str, &'a str>,
}

/// What changed in an address book.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct BookChanges {
    /// Paths of new and changed cards.
    pub changed: BTreeSet<String>,
    /// Paths of cards that are known and no more.
    pub gone: BTreeSet<String>,
    /// Names the state now, if the server gives one.
    pub token: Option<String>,
}

/// A card.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Card {
    /// Its path.
    pub path: String,
    /// Names its state; empty if the server does not say.
    pub etag: String,
    /// Its vCard; `None` if it is larger than what is read.
    pub text: Option<String>,
}

/// Why a server could not be read, by what one can do about it.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum DavError {
    /// The address is none, or not protected.
    #[error("{url} is no address of a CardDAV server; it begins with https://")]
    Url {
        /// As given.
        url: String,
    },
    /// The certificates given.
    #[error("TLS: {reason}")]
    Tls {
        /// What is wrong.
        reason: String,
    },
    /// No connection, no answer, or one that breaks off.
    #[error("the server cannot be reached")]
    Unreachable(#[source] FetchError),
    /// It sends to another server.
    #[error("the server sends on to {to}: if that is right, give that address")]
    Elsewhere {
        /// Where to.
        to: String,
    },
    /// Login or password.
    #[error("the server refuses the login ({status})")]
    Login {
        /// HTTP status.
        status: u16,
    },
    /// Another refusal.
    #[error("the server answers {status} for {path}")]
    Refused {
        /// HTTP status.
        status: u16,
        /// What was asked for.
        path: String,
    },
    /// No answer of a `CardDAV` server.
    #[error("the answer for {path} is not that of a CardDAV server")]
    Unreadable {
        /// What was asked for.
        path: String,
    },
    /// Nothing there.
    #[error("no address book was found")]
    NoBooks,
    /// More than allowed.
    #[error("more than {cards} cards in one address book")]
    TooMany {
        /// How many are.
        cards: usize,
    },
    /// It took longer than allowed.
    #[error("no end after {seconds} seconds")]
    TimedOut {
        /// How long was waited.
        seconds: u64,
    },
}

impl DavError {
    /// Whether the same may succeed later.
    pub const fn is_transient(&self) -> bool {
        match self {
            Self::Unreachable(error) => error.is_transient(),
            Self::Refused { status, .. } => *status >= 500 || *status == 429,
            Self::TimedOut { .. } => true,
            _ => false,
        }
    }
}

/// A server, asked over connections that are kept.
#[derive(Debug)]
pub struct Dav {
    web: Web,
    start: Url,
    authorization: Secret<String>,
    ends: Instant,
    timeout: Duration,
    cards_max: usize,
}

/// An answer to one request.
struct Said {
    status: u16,
    octets: Vec<u8>,
    /// Where it came from, after redirects.
    url: Url,
}

const FIND: &str =
    "<d:prop><d:resourcetype/><d:displayname/><d:current-user-principal/><c:addressbook-home-set/></d:prop>";
const LIST: &str = "<d:prop><d:resourcetype/><d:getetag/><d:sync-token/></d:prop>";

impl Dav {
    /// Asks nothing yet. The time allowed begins now.
    ///
    /// # Errors
    /// `Url`, `Tls`.
    pub fn new(server: &DavServer) -> Result<Self, DavError> {
        let wrong = || DavError::Url { url: server.url.chars().take(200).collect() };
        let start = Url::parse(server.url.trim()).map_err(|_| wrong())?;
        if !start.username().is_empty() || start.password().is_some() {
            return Err(wrong());
        }
        let tls =
            ClientTls::new(&server.trust).map_err(|error| DavError::Tls { reason: error.to_string() })?;
        let web = Web::new(start.clone(), tls, PATIENCE).map_err(|_| wrong())?;
        let login = format!("{}:{}", server.login, server.password.expose());
        Ok(Self {
            web,
            start,
            authorization: Secret::new(format!("Basic {}", STANDARD.encode(login))),
            ends: Instant::now() + server.timeout,
            timeout: server.timeout,
            cards_max: server.cards_max,
        })
    }

    /// The address books of who is logged in, by path: found from the address as RFC 6764 §6 says, or the one the address is of.
    ///
    /// # Errors
    /// [`DavError`]; `NoBooks` if there are none.
    pub async fn books(&self) -> Result<Vec<Book>, DavError> {
        let well_known = self.start.join("/.well-known/carddav").map_err(|_| no_url(&self.start))?;
        let root = self.start.join("/").map_err(|_| no_url(&self.start))?;
        let mut refused = None;
        for url in [self.start.clone(), well_known, root] {
            match self.books_from(&url).await {
                Ok(books) if books.is_empty() => {}
                Ok(books) => return Ok(books),
                // The next address may be the right one.
                Err(error @ (DavError::Refused { .. } | DavError::Unreadable { .. })) => {
                    refused.get_or_insert(error);
                }
                Err(error) => return Err(error),
            }
        }
        Err(refused.unwrap_or(DavError::NoBooks))
    }

    async fn books_from(&self, url: &Url) -> Result<Vec<Book>, DavError> {
        let (found, at) = self.find(url, "0").await?;
        let Some(own) = found.items.into_iter().next() else { return Ok(Vec::new()) };
        if own.is_book {
            return Ok(vec![book(at.path(), own.name)]);
        }
        let mut homes = own.homes;
        let mut base = at;
        if homes.is_empty()
            && let Some(principal) = &own.principal
        {
            let principal = self.of_server(&base, principal)?;
            let (found, at) = self.find(&principal, "0").await?;
            homes = found.items.into_iter().flat_map(|item| item.homes).collect();
            base = at;
        }
        let mut books = Vec::new();
        for home in homes {
            let (found, at) = self.find(&self.of_server(&base, &home)?, "1").await?;
            for item in found.items.into_iter().filter(|item| item.is_book) {
                books.push(book(self.of_server(&at, &item.href)?.path(), item.name));
            }
        }
        books.sort();
        books.dedup();
        Ok(books)
    }

    async fn find(&self, url: &Url, depth: &'static str) -> Result<(Answer, Url), DavError> {
        let body = format!("<d:propfind {NAMES}>{FIND}</d:propfind>");
        self.multistatus("PROPFIND", url, depth, body).await
    }

    /// What changed in an address book: by its token if the server knows it still (RFC 6578), by the `ETags` of all cards otherwise.
    ///
    /// # Errors
    /// [`DavError`].
    pub async fn changes(&self, path: &str, known: &KnownBook<'_>) -> Result<BookChanges, DavError> {
        let url = self.of_server(&self.start, path)?;
        if let Some(token) = known.token
            && let Some(changes) = self.since(&url, token, known).await?
        {
            return Ok(changes);
        }
        let body = format!("<d:propfind {NAMES}>{LIST}</d:propfind>");
        let (found, at) = self.multistatus("PROPFIND", &url, "1", body).await?;
        let mut changes = BookChanges::default();
        let mut gone: BTreeSet<&str> = known.cards.keys().copied().collect();
        for item in found.items {
            let path = self.path(&at, &item)?;
            if item.is_collection || item.is_book || path == at.path() {
                changes.token = changes.token.or(short(item.sync_token));
                continue;
            }
            gone.remove(path.as_str());
            let is_known = known
                .cards
                .get(path.as_str())
                .is_some_and(|etag| !etag.is_empty() && item.etag.as_deref() == Some(*etag));
            if !is_known {
                changes.changed.insert(path);
            }
            self.bounded(changes.changed.len())?;
        }
        changes.gone = gone.into_iter().map(str::to_owned).collect();
        Ok(changes)
    }

    /// `None` if the server does not know the token any more, or never did.
    async fn since(
        &self,
        url: &Url,
        token: &str,
        known: &KnownBook<'_>,
    ) -> Result<Option<BookChanges>, DavError> {
        let mut changes = BookChanges { token: Some(token.to_owned()), ..BookChanges::default() };
        for _ in 0..PIECES_MAX {
            let token = escaped(changes.token.as_deref().unwrap_or_default());
            let body = format!(
                "<d:sync-collection {NAMES}><d:sync-token>{token}</d:sync-token><d:sync-level>1</d:sync-level>\
                 <d:prop><d:getetag/></d:prop></d:sync-collection>"
            );
            let said = self.ask("REPORT", url, "0", body.into_bytes()).await?;
            if (400..500).contains(&said.status) && said.status != 429 {
                return Ok(None);
            }
            let answer = multistatus(&said)?;
            let mut is_cut = false;
            for item in answer.items {
                let path = self.path(&said.url, &item)?;
                match item.status {
                    Some(507) => is_cut = true,
                    Some(404 | 410) => {
                        changes.changed.remove(&path);
                        if known.cards.contains_key(path.as_str()) {
                            changes.gone.insert(path);
                        }
                    }
                    _ if path == said.url.path() || item.is_collection => {}
                    _ => {
                        changes.gone.remove(&path);
                        if item.etag.as_deref() != known.cards.get(path.as_str()).copied()
                            || item.etag.is_none()
                        {
                            changes.changed.insert(path);
                        }
                    }
                }
                self.bounded(changes.changed.len())?;
            }
            let Some(token) = short(answer.sync_token) else { return Ok(None) };
            let is_same = changes.token.as_deref() == Some(token.as_str());
            changes.token = Some(token);
            if !is_cut || is_same {
                return Ok(Some(changes));
            }
        }
        Ok(None)
    }

    /// Cards of an address book. Those that have gone since are not among them.
    ///
    /// # Errors
    /// [`DavError`].
    pub async fn cards(&self, path: &str, paths: &[String]) -> Result<Vec<Card>, DavError> {
        let url = self.of_server(&self.start, path)?;
        let mut cards = Vec::with_capacity(paths.len());
        // Those whose answer was too large are asked for in halves.
        let mut waiting: Vec<&[String]> = paths.chunks(BATCH).rev().collect();
        while let Some(batch) = waiting.pop() {
            match self.batch(&url, batch).await {
                Ok(found) => cards.extend(found),
                Err(DavError::Unreachable(FetchError::TooLarge { .. })) => {
                    if let [one] = batch {
                        cards.push(Card { path: one.clone(), etag: String::new(), text: None });
                    } else {
                        let (first, second) = batch.split_at(batch.len() / 2);
                        waiting.extend([second, first]);
                    }
                }
                Err(error) => return Err(error),
            }
        }
        Ok(cards)
    }

    async fn batch(&self, url: &Url, batch: &[String]) -> Result<Vec<Card>, DavError> {
        let mut hrefs = String::new();
        for path in batch {
            hrefs.extend(["<d:href>", &escaped(path), "</d:href>"]);
        }
        let body = format!(
            "<c:addressbook-multiget {NAMES}><d:prop><d:getetag/><c:address-data/></d:prop>{hrefs}</c:addressbook-multiget>"
        );
        let (found, at) = self.multistatus("REPORT", url, "1", body).await?;
        let mut cards = Vec::with_capacity(found.items.len());
        for item in found.items {
            let path = self.path(&at, &item)?;
            if let Some(text) = item.card {
                cards.push(Card { path, etag: short(item.etag).unwrap_or_default(), text: Some(text) });
            }
        }
        Ok(cards)
    }

    async fn multistatus(
        &self,
        method: &'static str,
        url: &Url,
        depth: &'static str,
        body: String,
    ) -> Result<(Answer, Url), DavError> {
        let said = self.ask(method, url, depth, body.into_bytes()).await?;
        Ok((multistatus(&said)?, said.url))
    }

    /// Asks, and follows redirects on this server.
    async fn ask(
        &self,
        method: &'static str,
        url: &Url,
        depth: &'static str,
        body: Vec<u8>,
    ) -> Result<Said, DavError> {
        let mut request =
            WebRequest::new(Method::from_bytes(method.as_bytes()).map_err(|_| no_url(url))?, url.clone());
        request.fields = vec![
            ("authorization", self.authorization.expose().clone()),
            ("content-type", "application/xml; charset=utf-8".to_owned()),
            ("depth", depth.to_owned()),
        ];
        request.body = [XML.as_bytes(), &body].concat();
        for _ in 0..=REDIRECTS_MAX {
            let (status, to, octets) = self.exchange(&request).await?;
            match status {
                301 | 302 | 303 | 307 | 308 => {
                    let to = to.unwrap_or_default();
                    request.url = self.of_server(&request.url, &to)?;
                }
                401 => return Err(DavError::Login { status }),
                _ => return Ok(Said { status, octets, url: request.url }),
            }
        }
        Err(DavError::Unreachable(FetchError::TooManyRedirects { max: REDIRECTS_MAX }))
    }

    /// What is asked changes nothing, so that a broken connection is tried once more.
    async fn exchange(&self, request: &WebRequest) -> Result<(u16, Option<String>, Vec<u8>), DavError> {
        let asked = async {
            match self.exchange_once(request).await {
                Err(FetchError::Http(_)) => self.exchange_once(request).await,
                other => other,
            }
        };
        let left = self.ends.saturating_duration_since(Instant::now());
        let late = DavError::TimedOut { seconds: self.timeout.as_secs() };
        tokio::time::timeout(left, asked).await.map_err(|_| late)?.map_err(DavError::Unreachable)
    }

    async fn exchange_once(
        &self,
        request: &WebRequest,
    ) -> Result<(u16, Option<String>, Vec<u8>), FetchError> {
        let mut answer = self.web.send(request).await?;
        let to = answer.field("location").map(str::to_owned);
        Ok((answer.status(), to, answer.octets(ANSWER_MAX).await?))
    }

    /// An address that the server names.
    fn of_server(&self, base: &Url, href: &str) -> Result<Url, DavError> {
        let url = base.join(href.trim()).map_err(|_| DavError::Unreadable { path: shown(base) })?;
        if self.web.is_of_server(&url) {
            Ok(url)
        } else {
            let to: String = url.origin().ascii_serialization().chars().take(300).collect();
            Err(DavError::Elsewhere { to })
        }
    }

    fn path(&self, base: &Url, item: &Item) -> Result<String, DavError> {
        let path = self.of_server(base, &item.href)?.path().to_owned();
        if path.len() > TEXT_MAX { Err(DavError::Unreadable { path: shown(base) }) } else { Ok(path) }
    }

    fn bounded(&self, cards: usize) -> Result<(), DavError> {
        if cards > self.cards_max { Err(DavError::TooMany { cards: self.cards_max }) } else { Ok(()) }
    }
}

const XML: &str = "<?xml version=\"1.0\" encoding=\"utf-8\"?>";
const NAMES: &str = "xmlns:d=\"DAV:\" xmlns:c=\"urn:ietf:params:xml:ns:carddav\"";

fn multistatus(said: &Said) -> Result<Answer, DavError> {
    let path = shown(&said.url);
    match said.status {
        207 => answer::read(&said.octets).ok_or(DavError::Unreadable { path }),
        200..300 => Err(DavError::Unreadable { path }),
        status => Err(DavError::Refused { status, path }),
    }
}

fn book(path: &str, name: Option<String>) -> Book {
    let last = || path.trim_end_matches('/').rsplit('/').next().unwrap_or_default().to_owned();
    Book { path: path.to_owned(), name: name.unwrap_or_else(last).chars().take(200).collect() }
}

fn shown(url: &Url) -> String {
    url.path().chars().take(300).collect()
}

fn no_url(url: &Url) -> DavError {
    DavError::Url { url: shown(url) }
}

fn short(text: Option<String>) -> Option<String> {
    text.filter(|text| text.len() <= TEXT_MAX)
}

fn escaped(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;")
}
