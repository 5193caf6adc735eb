//! The paper recovery key of a data directory: made, checked, and the master key brought back with it.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use archive::Keyring;
use keys::{MasterKey, Recovery, RecoveryError, RecoveryKey};
use model::UnixMillis;

use crate::durable;
use crate::error::{Error, Result};

/// Folder of the keyring in the data directory.
pub(crate) const KEYRING: &str = "keyring";
const FILE: &str = "recovery";

fn path(dir: &Path) -> PathBuf {
    dir.join(KEYRING).join(FILE)
}

/// Makes a recovery key; one made before opens nothing any more.
pub(crate) fn make(dir: &Path, master: &MasterKey, now: UnixMillis) -> Result<RecoveryKey> {
    let key = RecoveryKey::generate()?;
    write(dir, &Recovery::new(&key, master, now.0)?)?;
    Ok(key)
}

/// What lies in the directory; `None` if none was ever made.
pub(crate) fn kept(dir: &Path) -> Result<Option<Recovery>> {
    let path = path(dir);
    match fs::read(&path) {
        Ok(octets) => Ok(Some(Recovery::decode(&octets)?)),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
        Err(error) => Err(Error::io(&path, error)),
    }
}

/// Whether the key on paper brings back this master key.
pub(crate) fn check(dir: &Path, key: &RecoveryKey, master: &MasterKey) -> Result<()> {
    let recovery = kept(dir)?.ok_or(RecoveryError::OtherKey)?;
    if recovery.open(key)?.iter().any(|opened| opened.is(master)) {
        Ok(())
    } else {
        Err(RecoveryError::OtherKey.into())
    }
}

/// Seals these master keys, and no others, to the recovery key there is.
pub(crate) fn reseal(dir: &Path, masters: &[&MasterKey]) -> Result<()> {
    match kept(dir)? {
        Some(recovery) => write(dir, &recovery.with(masters)?),
        None => Ok(()),
    }
}

/// After a change of the master key that was interrupted: only this one is sealed.
pub(crate) fn settle(dir: &Path, master: &MasterKey) -> Result<()> {
    match kept(dir) {
        Ok(Some(recovery)) if !recovery.holds_only(master) => reseal(dir, &[master]),
        Ok(_) => Ok(()),
        Err(Error::Recovery(_)) => {
            // Nothing that is needed to work; the doctor says so, and a new one can be made.
            tracing::error!("the file of the recovery key is damaged");
            Ok(())
        }
        Err(error) => Err(error),
    }
}

/// Brings the master key back to `at`, where none is, with the key on paper. Nothing may run on the directory.
///
/// # Errors
/// `Recovery` if the key is not the one, or the file is damaged; `Key` if there is a key already; `Archive`, `Io`.
pub fn restore_master_key(dir: &Path, key: &RecoveryKey, at: Option<&Path>) -> Result<PathBuf> {
    let at = at.map_or_else(|| MasterKey::default_path(dir), Path::to_owned);
    let recovery = kept(dir)?.ok_or(RecoveryError::File)?;
    for master in recovery.open(key)? {
        // Of two, while the master key was being changed: the one that counts is asked of the keyring and of the database
        // at the next start; either opens the keyring.
        if Keyring::open(&dir.join(KEYRING), &master, false).is_ok() {
            master.save(&at)?;
            return Ok(at);
        }
    }
    Err(RecoveryError::OtherKey.into())
}

fn write(dir: &Path, recovery: &Recovery) -> Result<()> {
    durable::replace(&path(dir), &recovery.encode())
}
