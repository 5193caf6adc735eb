//! Time stamps of anchors, asked of authorities that an administrator named. Offline, they are asked later.

use std::sync::{Arc, PoisonError};
use std::time::Duration;

use connect::{ClientTls, Guard, Poster};
use logbook::Logbook;
use model::UnixMillis;
use serde::{Deserialize, Serialize};
use stamps::Stamp;
use store::NewLeaf;
use tokio::sync::Notify;

use crate::blocking::blocking;
use crate::core::Core;
use crate::engine::Engine;
use crate::error::Result;

/// Authorities at most.
pub const AUTHORITIES_MAX: usize = 8;
/// Looks for what is to be stamped at least this often.
const PATIENCE: Duration = Duration::from_mins(1);
/// An authority that did not answer is asked again after so long.
const PAUSE: Duration = Duration::from_mins(10);
/// For one answer, everything together.
const ANSWER_TIME: Duration = Duration::from_secs(30);
/// So long before the certificate of the newest stamp ends, the log is stamped again, milliseconds.
const RENEW_MS: i64 = 60 * 86_400_000;

/// Somebody who stamps.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Authority {
    /// Never used again for another one.
    pub number: u32,
    /// For people.
    pub name: String,
    /// `http` or `https`: what comes back is signed.
    pub url: String,
    /// Certificates that are trusted, PEM.
    pub ca: String,
}

/// What is set about authorities.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
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
}

fn read(core: &Core) -> Result<Settings> {
    let text = core.store.setting(SETTING)?;
    Ok(text.and_then(|text| serde_json::from_str(&text).ok()).unwrap_or_default())
}

impl Engine {
    /// Authorities that stamp.
    ///
    /// # Errors
    /// Those of the database.
    pub fn stamp_authorities(&self) -> Result<Vec<Authority>> {
        Ok(read(self.core())?.authorities)
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
        let mut settings = read(self.core())?;
        let mut authorities = Vec::with_capacity(wanted.len());
        for (n, mut authority) in wanted.into_iter().enumerate() {
            let is_web = authority.url.starts_with("http://") || authority.url.starts_with("https://");
            let refused = match () {
                () if authority.name.trim().is_empty() => Some(StampingError::Name),
                () if !is_web || authority.url.contains(char::is_whitespace) => Some(StampingError::Url),
                () if !stamps::can_trust(&authority.ca) => Some(StampingError::Ca),
                () => None,
            };
            if let Some(error) = refused {
                return Ok(Err((n, error)));
            }
            if !settings.authorities.iter().any(|known| known.number == authority.number) {
                settings.last += 1;
                authority.number = settings.last;
            }
            authorities.push(authority);
        }
        if settings.authorities.is_empty() {
            settings.since = self.core().now().0;
        }
        settings.authorities = authorities;
        let text = serde_json::to_string(&settings).unwrap_or_default();
        self.store().set_setting(SETTING.to_owned(), Some(text))?;
        self.core().proving.troubles.lock().unwrap_or_else(PoisonError::into_inner).clear();
        Ok(Ok(settings.authorities))
    }
}

/// What is to be stamped.
struct Due {
    size: u64,
    note: Vec<u8>,
    authority: Authority,
}

fn due(core: &Core) -> Result<Vec<Due>> {
    let authorities = read(core)?.authorities;
    let deriver = core.proving.lock();
    let Some(book) = deriver.book.as_ref().filter(|_| !authorities.is_empty()) else { return Ok(Vec::new()) };
    // The newest bears witness of all before.
    let Some(size) = book.anchor_sizes()?.pop() else { return Ok(Vec::new()) };
    let anchor = book.anchored(size)?;
    let missing = authorities
        .into_iter()
        .filter(|authority| !anchor.stamps.iter().any(|(number, _)| *number == authority.number));
    let due = missing.map(|authority| Due { size, note: anchor.note.clone().into_bytes(), authority });
    Ok(due.collect())
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

pub(super) fn troubles(core: &Core) -> Vec<(u32, String)> {
    let troubles = core.proving.troubles.lock().unwrap_or_else(PoisonError::into_inner);
    troubles.iter().map(|(number, why)| (*number, why.clone())).collect()
}

/// The oldest anchor that could have been stamped behind the newest one that was, if somebody is set to stamp.
pub(super) fn waiting(core: &Core, book: &Logbook) -> Result<Option<doctor::StampFacts>> {
    let settings = read(core)?;
    if settings.authorities.is_empty() {
        return Ok(None);
    }
    let stamped = book.stamped_sizes()?.pop();
    let oldest = book.anchor_sizes()?.into_iter().find(|size| stamped.is_none_or(|stamped| *size > stamped));
    let since = oldest.and_then(|size| book.anchored_at(size));
    Ok(since.map(|since| {
        let text = troubles(core).pop().map_or_else(|| "–".to_owned(), |(_, why)| why);
        doctor::StampFacts { since: since.max(UnixMillis(settings.since)), text }
    }))
}

fn note(core: &Core, number: u32, trouble: Option<String>) {
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
                    tokio::time::sleep(pause).await;
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

async fn ask(poster: &Poster, due: &Due) -> std::result::Result<(Vec<u8>, Stamp), String> {
    let digest = ledger::sha256(&due.note).0;
    let nonce = *keys::random_octets::<8>().map_err(|error| error.to_string())?.expose();
    let request = stamps::request(&digest, nonce).map_err(|error| error.to_string())?;
    let url = &due.authority.url;
    let answer = poster.octets(url, "application/timestamp-query", request, stamps::ANSWER_MAX).await;
    let (status, answer) = answer.map_err(|error| crate::chain(&error))?;
    if status != 200 {
        return Err(format!("HTTP {status}"));
    }
    let stamp = stamps::read(&answer, &digest, Some(nonce), &due.authority.ca);
    stamp.map(|stamp| (answer, stamp)).map_err(|error| error.to_string())
}
