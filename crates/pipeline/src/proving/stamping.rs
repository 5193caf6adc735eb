//! Time stamps of anchors, asked of authorities that an administrator named. Offline, they are asked later.

use std::sync::{Arc, PoisonError};
use std::time::Duration;

use connect::{ClientTls, Guard, Poster};
use keys::Secret;
use logbook::Logbook;
use model::UnixMillis;
use serde::{Deserialize, Serialize};
use stamps::Stamp;
use store::NewLeaf;
use tokio::sync::Notify;
use uuid::Uuid;

use crate::blocking::blocking;
use crate::core::Core;
use crate::engine::Engine;
use crate::error::Result;
use crate::proving::witness::secret_field;

/// Authorities at most.
pub const AUTHORITIES_MAX: usize = 8;
/// Characters of a name or password at most.
const LOGIN_MAX: usize = 500;
/// Looks for what is to be stamped at least this often.
const PATIENCE: Duration = Duration::from_mins(1);
/// An authority that did not answer is asked again after so long.
const PAUSE: Duration = Duration::from_mins(10);
/// For one answer, everything together.
const ANSWER_TIME: Duration = Duration::from_secs(30);
/// So long before the certificate of the newest stamp ends, the log is stamped again, milliseconds.
const RENEW_MS: i64 = 60 * 86_400_000;

/// Somebody who stamps.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub struct Authority {
    /// Never used again for another one.
    pub number: u32,
    /// For people.
    pub name: String,
    /// `http` or `https`: what comes back is signed.
    pub url: String,
    /// Certificates that are trusted, PEM.
    pub ca: String,
    /// Whom it knows us as (HTTP Basic); empty: it asks for no login.
    #[serde(default)]
    pub user: String,
    /// What it is to be told then; `None`: the password that is kept. Never given back.
    #[serde(skip)]
    pub password: Option<Secret<String>>,
    /// Where the password is kept; who sets authorities does not say so.
    #[serde(default)]
    pub secret: Option<Uuid>,
}

impl Authority {
    /// As an administrator names it; number 0 is a new one.
    pub fn new(number: u32, name: String, url: String, ca: String) -> Self {
        Self { number, name, url, ca, ..Self::default() }
    }
}

/// What is set about authorities.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[serde(default)]
struct Settings {
    last: u32,
    authorities: Vec<Authority>,
    /// Since when there is one, milliseconds.
    since: i64,
}

const SETTING: &str = "stamp_authorities";

/// Why authorities are not taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum StampingError {
    /// More than [`AUTHORITIES_MAX`].
    #[error("too many")]
    TooMany,
    /// Neither `http` nor `https`.
    #[error("not an address of the web")]
    Url,
    /// No certificates.
    #[error("no certificate in PEM")]
    Ca,
    /// Without a name.
    #[error("no name")]
    Name,
    /// No name or no password to log in with, or one that cannot be sent.
    #[error("no login")]
    Login,
    /// A password without TLS, to another machine.
    #[error("a password without TLS")]
    Plain,
}

/// Why an authority does not stamp.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum StampTrouble {
    /// It takes neither this login nor none (HTTP 401, 403).
    #[error("HTTP {0}: login refused")]
    Login(u16),
    /// Anything else, in its own words.
    #[error("{0}")]
    Other(String),
}

impl Engine {
    /// Authorities that stamp.
    ///
    /// # Errors
    /// Those of the database.
    pub fn stamp_authorities(&self) -> Result<Vec<Authority>> {
        Ok(self.core().setting::<Settings>(SETTING)?.authorities)
    }

    /// Sets them; those with number 0 are new. What cannot work is refused.
    ///
    /// # Errors
    /// Those of the database; inside, why they are not taken and which.
    pub fn set_stamp_authorities(
        &self,
        wanted: Vec<Authority>,
    ) -> Result<std::result::Result<Vec<Authority>, (usize, StampingError)>> {
        if wanted.len() > AUTHORITIES_MAX {
            return Ok(Err((AUTHORITIES_MAX, StampingError::TooMany)));
        }
        let mut settings: Settings = self.core().setting(SETTING)?;
        let (mut authorities, mut secrets) = (Vec::with_capacity(wanted.len()), Vec::new());
        for (n, mut authority) in wanted.into_iter().enumerate() {
            let is_web = authority.url.starts_with("http://") || authority.url.starts_with("https://");
            let kept = settings.authorities.iter().find(|known| known.number == authority.number);
            let refused = match () {
                () if authority.name.trim().is_empty() => Some(StampingError::Name),
                () if !is_web || authority.url.contains(char::is_whitespace) => Some(StampingError::Url),
                () if !stamps::can_trust(&authority.ca) => Some(StampingError::Ca),
                () => login_refused(&authority, kept),
            };
            if let Some(error) = refused {
                return Ok(Err((n, error)));
            }
            authority.secret = kept.and_then(|kept| kept.secret);
            self.seal_login(&mut authority, &mut secrets)?;
            if !settings.authorities.iter().any(|known| known.number == authority.number) {
                settings.last += 1;
                authority.number = settings.last;
            }
            authorities.push(authority);
        }
        if settings.authorities.is_empty() {
            settings.since = self.core().now().0;
        }
        for gone in settings.authorities.iter().filter_map(|known| known.secret) {
            if !authorities.iter().any(|authority: &Authority| authority.secret == Some(gone)) {
                secrets.push((*gone.as_bytes(), None));
            }
        }
        settings.authorities = authorities;
        let text = serde_json::to_string(&settings).unwrap_or_default();
        self.store().set_with_secrets((SETTING.to_owned(), text), secrets)?;
        self.core().proving.troubles.lock().unwrap_or_else(PoisonError::into_inner).clear();
        self.core().stamp_bell.notify_one();
        Ok(Ok(settings.authorities))
    }

    /// Seals a new password; without a user none is kept.
    fn seal_login(
        &self,
        authority: &mut Authority,
        secrets: &mut Vec<(store::AnchorSecretId, Option<Vec<u8>>)>,
    ) -> Result<()> {
        if authority.user.is_empty() {
            authority.secret = None;
        } else if let Some(password) = authority.password.take() {
            let id = authority.secret.unwrap_or_else(Uuid::now_v7);
            let sealed = self.core().sealer.seal(&secret_field(id), password.expose().as_bytes())?;
            secrets.push((*id.as_bytes(), Some(sealed)));
            authority.secret = Some(id);
        }
        Ok(())
    }
}

/// Why this login is not taken. A kept password goes where it was meant to go and nowhere else.
fn login_refused(wanted: &Authority, kept: Option<&Authority>) -> Option<StampingError> {
    if wanted.user.is_empty() {
        return wanted.password.is_some().then_some(StampingError::Login);
    }
    let is_plain =
        |text: &str| !text.is_empty() && text.len() <= LOGIN_MAX && !text.contains(char::is_control);
    let has_password = match &wanted.password {
        Some(password) => is_plain(password.expose()),
        None => kept.is_some_and(|kept| {
            kept.secret.is_some() && (&kept.url, &kept.user) == (&wanted.url, &wanted.user)
        }),
    };
    match () {
        () if !has_password || !is_plain(&wanted.user) || wanted.user.contains(':') => {
            Some(StampingError::Login)
        }
        () if !connect::may_log_in(&wanted.url) => Some(StampingError::Plain),
        () => None,
    }
}

/// The fields a request needs for the login that is kept.
fn login(core: &Core, authority: &Authority) -> Result<Vec<(&'static str, String)>> {
    let Some(id) = authority.secret.filter(|_| !authority.user.is_empty()) else { return Ok(Vec::new()) };
    let Some(sealed) = core.store.anchor_secret(*id.as_bytes())? else { return Ok(Vec::new()) };
    let password = core.sealer.open_text(&secret_field(id), &sealed)?;
    Ok(vec![connect::basic_login(&authority.user, password.expose())])
}

/// What is to be stamped.
struct Due {
    size: u64,
    note: Vec<u8>,
    authority: Authority,
    /// What the login adds to the request.
    fields: Vec<(&'static str, String)>,
}

fn due(core: &Core) -> Result<Vec<Due>> {
    let authorities = core.setting::<Settings>(SETTING)?.authorities;
    let deriver = core.proving.lock();
    let Some(book) = deriver.book.as_ref().filter(|_| !authorities.is_empty()) else { return Ok(Vec::new()) };
    // The newest bears witness of all before.
    let Some(size) = book.anchor_sizes()?.pop() else { return Ok(Vec::new()) };
    let anchor = book.anchored(size)?;
    let missing = authorities
        .into_iter()
        .filter(|authority| !anchor.stamps.iter().any(|(number, _)| *number == authority.number));
    let due = missing.map(|authority| {
        let fields = login(core, &authority)?;
        Ok(Due { size, note: anchor.note.clone().into_bytes(), authority, fields })
    });
    due.collect()
}

fn keep(core: &Core, due: &Due, answer: &[u8], stamp: &Stamp) -> Result<()> {
    let deriver = core.proving.lock();
    let Some(book) = &deriver.book else { return Ok(()) };
    book.stamp(due.size, due.authority.number, answer)?;
    let payload = serde_json::json!({
        "entries": due.size,
        "file": format!("{:016}-{}.tsr", due.size, due.authority.number),
        "sha256": ledger::sha256(answer).to_string(),
        "at": stamp.at.0,
    });
    let leaf =
        NewLeaf { kind: ledger::Kind::Stamped, at: core.now(), subject: None, payload: payload.to_string() };
    Ok(core.store.append_leaves(vec![leaf])?)
}

/// Entries and time of the newest anchor that has a stamp.
pub(super) fn newest(book: &Logbook) -> Result<Option<(u64, UnixMillis)>> {
    for size in book.stamped_sizes()?.into_iter().rev() {
        let anchor = book.anchored(size)?;
        let digest = ledger::sha256(anchor.note.as_bytes()).0;
        let at = anchor.stamps.iter().filter_map(|(_, answer)| stamps::read(answer, &digest, None, "").ok());
        if let Some(at) = at.map(|stamp| stamp.at).min() {
            return Ok(Some((size, at)));
        }
    }
    Ok(None)
}

pub(super) fn troubles(core: &Core) -> Vec<(u32, StampTrouble)> {
    let troubles = core.proving.troubles.lock().unwrap_or_else(PoisonError::into_inner);
    troubles.iter().map(|(number, why)| (*number, why.clone())).collect()
}

/// The oldest anchor that could have been stamped behind the newest one that was, if somebody is set to stamp.
pub(super) fn waiting(core: &Core, book: &Logbook) -> Result<Option<doctor::StampFacts>> {
    let settings: Settings = core.setting(SETTING)?;
    if settings.authorities.is_empty() {
        return Ok(None);
    }
    let stamped = book.stamped_sizes()?.pop();
    let oldest = book.anchor_sizes()?.into_iter().find(|size| stamped.is_none_or(|stamped| *size > stamped));
    let since = oldest.and_then(|size| book.anchored_at(size));
    Ok(since.map(|since| {
        let text = troubles(core).pop().map_or_else(|| "–".to_owned(), |(_, why)| why.to_string());
        doctor::StampFacts { since: since.max(UnixMillis(settings.since)), text }
    }))
}

fn note(core: &Core, number: u32, trouble: Option<StampTrouble>) {
    let mut troubles = core.proving.troubles.lock().unwrap_or_else(PoisonError::into_inner);
    match trouble {
        Some(why) => drop(troubles.insert(number, why)),
        None => drop(troubles.remove(&number)),
    }
}

/// Where the certificate of the newest stamp ends soon, another anchor is wanted.
fn renew(core: &Core) -> Result<()> {
    let mut deriver = core.proving.lock();
    let Some(book) = &deriver.book else { return Ok(()) };
    let sizes = book.anchor_sizes()?;
    let Some((size, _)) = newest(book)? else { return Ok(()) };
    let anchor = book.anchored(size)?;
    let digest = ledger::sha256(anchor.note.as_bytes()).0;
    let ends = anchor.stamps.iter().filter_map(|(_, answer)| stamps::read(answer, &digest, None, "").ok());
    let ends = ends.map(|stamp| stamp.until.0).max();
    let is_newest = sizes.last() == Some(&size);
    deriver.renew = is_newest && ends.is_some_and(|ends| ends - core.now().0 < RENEW_MS);
    Ok(())
}

/// The task that asks authorities. It ends with [`Stamping::stop`].
pub struct Stamping {
    end: Arc<Notify>,
}

impl Stamping {
    /// Starts it; `tls` says whom to trust behind `https`.
    pub fn start(engine: Engine, runtime: &tokio::runtime::Handle, tls: ClientTls) -> Self {
        let end = Arc::new(Notify::new());
        let this = Self { end: Arc::clone(&end) };
        runtime.spawn(async move {
            let work = async {
                loop {
                    let pause = match round(&engine, &tls).await {
                        Ok(true) => PATIENCE,
                        Ok(false) => PAUSE,
                        Err(error) => {
                            tracing::warn!(error = %crate::chain(&error), "time stamps wait");
                            PAUSE
                        }
                    };
                    tokio::select! {
                        () = engine.core().stamp_bell.notified() => {}
                        () = tokio::time::sleep(pause) => {}
                    }
                }
            };
            tokio::select! {
                () = end.notified() => {}
                () = work => {}
            }
        });
        this
    }

    /// Ends it.
    pub fn stop(&self) {
        self.end.notify_one();
    }
}

/// Asks for what is missing; false if an authority did not stamp.
async fn round(engine: &Engine, tls: &ClientTls) -> Result<bool> {
    let asking = engine.clone();
    let due = blocking(move || {
        renew(asking.core())?;
        due(asking.core())
    })
    .await?;
    let poster = Poster::new(Guard { private: true, ..Guard::default() }, ANSWER_TIME, tls.clone());
    let mut all = true;
    for due in due {
        let number = due.authority.number;
        let (asking, outcome) = (engine.clone(), ask(&poster, &due).await);
        all &= outcome.is_ok();
        blocking(move || {
            let core = asking.core();
            match outcome {
                Ok((answer, stamp)) => {
                    keep(core, &due, &answer, &stamp)?;
                    note(core, number, None);
                }
                Err(why) => {
                    tracing::warn!(authority = number, error = %why, "an authority does not stamp");
                    note(core, number, Some(why));
                }
            }
            Ok(())
        })
        .await?;
    }
    Ok(all)
}

async fn ask(poster: &Poster, due: &Due) -> std::result::Result<(Vec<u8>, Stamp), StampTrouble> {
    let other = |error: &(dyn std::error::Error + 'static)| StampTrouble::Other(crate::chain(error));
    let digest = ledger::sha256(&due.note).0;
    let nonce = *keys::random_octets::<8>().map_err(|error| other(&error))?.expose();
    let request = stamps::request(&digest, nonce).map_err(|error| other(&error))?;
    let (url, kind) = (&due.authority.url, "application/timestamp-query");
    let answer = poster.octets(url, kind, &due.fields, request, stamps::ANSWER_MAX).await;
    let (status, answer) = answer.map_err(|error| other(&error))?;
    match status {
        200 => {}
        401 | 403 => return Err(StampTrouble::Login(status)),
        status => return Err(StampTrouble::Other(format!("HTTP {status}"))),
    }
    let stamp = stamps::read(&answer, &digest, Some(nonce), &due.authority.ca);
    stamp.map(|stamp| (answer, stamp)).map_err(|error| other(&error))
}
