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
    Ok(ProofFacts { recovery: recovery(core)?, keyring, log, stamps })
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
