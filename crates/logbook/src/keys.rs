//! The log's own keys, sealed to the master key: another master key changes nothing about them.

use std::path::Path;

use keys::{MasterKey, Purpose, Sealer, random_octets};
use ledger::SigningKey;

use crate::Result;
use crate::error::Error;
use crate::files::Files;

/// What the sealer of the log's keys is derived for.
pub const PURPOSE: Purpose = Purpose::new("log-keys");
const PAYLOADS: Purpose = Purpose::new("log-payloads");
const FILE: &str = "keys";
const NEXT: &str = "keys.next";
const PLACE: &str = "log:keys";
const SEED: usize = 32;

/// Signs checkpoints, seals payloads.
#[derive(Debug)]
pub struct LogKeys {
    pub(crate) signing: SigningKey,
    pub(crate) payload: Sealer,
}

impl LogKeys {
    /// The keys in the log's folder; new ones if there is no folder yet. `sealer` is derived for [`PURPOSE`].
    ///
    /// # Errors
    /// `Keys` if they cannot be opened, `Io`.
    pub fn open(dir: &Path, sealer: &Sealer) -> Result<Self> {
        let files = Files::open(dir)?;
        let refused = |source| Error::Keys { path: dir.join(FILE), source };
        // A change of the master key that was interrupted: the one that opens counts.
        if let Some(next) = files.read(NEXT)?
            && sealer.open(PLACE, &next).is_ok()
        {
            files.replace(FILE, &next)?;
            files.remove(NEXT);
        }
        let plain = if let Some(sealed) = files.read(FILE)? {
            sealer.open(PLACE, &sealed).map_err(refused)?.into_inner()
        } else {
            let seed = random_octets::<SEED>().map_err(refused)?;
            let payload = random_octets::<SEED>().map_err(refused)?;
            let name = random_octets::<8>().map_err(refused)?;
            let name = format!("poststelle/{:016x}", u64::from_be_bytes(*name.expose()));
            let plain = [seed.expose().as_slice(), payload.expose().as_slice(), name.as_bytes()].concat();
            files.replace(FILE, &sealer.seal(PLACE, &plain).map_err(refused)?)?;
            plain
        };
        let unreadable = || refused(keys::SealError::Changed);
        let (seed, rest) = plain.split_first_chunk::<SEED>().ok_or_else(unreadable)?;
        let (payload, name) = rest.split_first_chunk::<SEED>().ok_or_else(unreadable)?;
        let name = std::str::from_utf8(name).map_err(|_| unreadable())?;
        let signing = SigningKey::of_seed(name, seed).map_err(|_| unreadable())?;
        Ok(Self { signing, payload: Sealer::new(&MasterKey::from_octets(*payload), PAYLOADS) })
    }

    /// Seals the keys for another master key beside the old ones; [`Self::open`] takes whichever it can open.
    ///
    /// # Errors
    /// `Keys`, `Io`.
    pub fn reseal(dir: &Path, old: &Sealer, new: &Sealer) -> Result<()> {
        let files = Files::open(dir)?;
        let Some(sealed) = files.read(FILE)? else { return Ok(()) };
        let refused = |source| Error::Keys { path: dir.join(FILE), source };
        let plain = old.open(PLACE, &sealed).map_err(refused)?;
        files.replace(NEXT, &new.seal(PLACE, plain.expose()).map_err(refused)?)
    }
}
