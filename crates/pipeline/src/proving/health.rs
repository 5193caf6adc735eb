//! For the doctor: whether the archive can be opened and proven.

use doctor::{KeyringFacts, LogFacts, ProofFacts, RecoveryFacts};
use model::UnixMillis;

use crate::core::Core;
use crate::error::{Error, Result};

/// `seen`: how far the log was signed, and since when it stands there.
pub(crate) fn facts(
    core: &Core,
    seen: &mut Option<(u64, UnixMillis)>,
    now: UnixMillis,
) -> Result<ProofFacts> {
    let wrong = core.archive.keyring().wrong_copies();
    let keyring =
        wrong.into_iter().map(|(path, text)| KeyringFacts { file: path.display().to_string(), text });
    let keyring = keyring.collect();
    let deriver = core.proving.lock();
    let signed = deriver.book.as_ref().map_or(0, logbook::Logbook::signed_size);
    let waiting = core.store.leaf_count()?.saturating_sub(signed);
    let is_halted = deriver.book.is_none();
    let stands = seen.filter(|(at, _)| *at == signed).unwrap_or((signed, now));
    *seen = (waiting > 0 || is_halted).then_some(stands);
    let trouble = deriver.trouble.clone();
    let log = seen.map(|(_, since)| LogFacts { waiting, since, trouble, is_halted });
    let stamps = match &deriver.book {
        Some(book) => super::stamping::waiting(core, book)?,
        None => None,
    };
    drop(deriver);
    Ok(ProofFacts {
        recovery: recovery(core)?,
        keyring,
        log,
        stamps,
        mail: crate::checkpoint_mail::facts(core)?,
        witnesses: super::witnesses::facts(core)?,
    })
}

/// A time stamp with its files.
pub(crate) struct NewestStamp {
    pub(crate) size: u64,
    pub(crate) at: UnixMillis,
    /// Names and octets: the note and what the authorities answered.
    pub(crate) files: Vec<(String, Vec<u8>)>,
}

/// What can be kept elsewhere.
pub(crate) struct Newest {
    /// Entries, the signed note, the line of the key.
    pub(crate) head: (u64, String, String),
    pub(crate) stamp: Option<NewestStamp>,
}

/// The newest checkpoint and the newest time stamp; `None` if nothing was signed.
pub(crate) fn newest(core: &Core) -> Result<Option<Newest>> {
    let deriver = core.proving.lock();
    let Some(book) = &deriver.book else { return Ok(None) };
    let Some((checkpoint, note)) = book.checkpoint() else { return Ok(None) };
    let head = (checkpoint.size, note.to_owned(), book.public_key());
    let stamp = match super::stamping::newest(book)? {
        None => None,
        Some((size, at)) => {
            let anchor = book.anchored(size)?;
            let mut files = vec![(format!("{size:016}.note"), anchor.note.into_bytes())];
            let answers = anchor.stamps.into_iter();
            files.extend(answers.map(|(number, octets)| (format!("{size:016}-{number}.tsr"), octets)));
            Some(NewestStamp { size, at, files })
        }
    };
    Ok(Some(Newest { head, stamp }))
}

/// Where there are accounts there is something to lose.
fn recovery(core: &Core) -> Result<Option<RecoveryFacts>> {
    match crate::recovery_key::kept(&core.places.0) {
        Ok(Some(_)) => return Ok(None),
        Ok(None) | Err(Error::Recovery(_)) => {}
        Err(error) => return Err(error),
    }
    let begun = core.store.accounts(true)?.iter().map(|account| account.created).min();
    Ok(begun.map(|begun| RecoveryFacts { begun }))
}
