//! A new master key: every secret is sealed anew in one transaction, which also says whose key counts now.
//!
//! The new key is durable beside the old one before the transaction, and takes its place after it. Killed before the
//! commit, the old key counts and nothing has changed; killed after it, the next start puts the new key in its place.

use std::path::Path;

use keys::{MasterKey, Purpose, SealError, Sealer, account_field};
use logbook::LogKeys;
use store::{SealedField, Store};

use crate::core::Core;
use crate::error::Result;
use crate::oauth::{oauth_secret_field, token_field, verifier_field};
use crate::outgoing::webhook_field;
use crate::recovery_key;

/// Setting that names the key in use since the last change.
const KEY: &str = "master_key";

/// Place of the sealed password of a server that sends.
pub fn smtp_field(id: model::SmtpAccountId) -> String {
    format!("smtp:{id}:password")
}

/// Place of the sealed password of a source of records.
pub fn erp_field(id: model::ErpSourceId) -> String {
    format!("erp:{id}:password")
}

/// Place of the sealed key of a store of segments.
pub(crate) fn remote_field(id: model::RemoteId) -> String {
    format!("remote:{id}:secret")
}

fn place(field: SealedField) -> String {
    match field {
        SealedField::Account(id) => account_field(id, "password"),
        SealedField::Smtp(id) => smtp_field(id),
        SealedField::Webhook(id) | SealedField::WebhookOld(id) => webhook_field(id, "secret"),
        SealedField::Erp(id) => erp_field(id),
        SealedField::Remote(id) => remote_field(id),
        SealedField::Anchor(id) => crate::proving::witness::secret_field(uuid::Uuid::from_bytes(id)),
        SealedField::OauthSecret(id) => oauth_secret_field(id),
        SealedField::OauthRefresh(id) => token_field(id, "refresh"),
        SealedField::OauthAccess(id) => token_field(id, "access"),
        SealedField::OauthVerifier(digest) => verifier_field(&digest),
    }
}

/// Makes the new key and seals everything with it. One that an earlier try left is used. Until the transaction both keys
/// open the keyring and lie in the file of the recovery key; what that leaves behind, the next start settles.
pub(crate) fn rotate(core: &Core, dir: &Path, at: &Path) -> Result<u64> {
    let old_master = MasterKey::load(at)?;
    let next = MasterKey::next_path(at);
    let master = if next.exists() { MasterKey::load(&next)? } else { MasterKey::create(&next)? };
    core.archive.keyring().rewrap(&[&old_master, &master])?;
    recovery_key::reseal(dir, &[&old_master, &master])?;
    let old = Sealer::new(&old_master, Purpose::ACCOUNT_FIELDS);
    let new = Sealer::new(&master, Purpose::ACCOUNT_FIELDS);
    let of_log = |key: &MasterKey| Sealer::new(key, logbook::PURPOSE);
    // Beside the old ones: whichever the master key of the next start opens counts.
    LogKeys::reseal(&dir.join(crate::proving::FOLDER), &of_log(&old_master), &of_log(&master))?;
    let setting = (KEY.to_owned(), new.key_name());
    let resealed = core.store.reseal(setting, core.now(), move |field, sealed| {
        let place = place(field);
        let plain = old.open(&place, sealed)?;
        new.seal(&place, plain.expose())
    })?;
    let count = resealed.map_err(|error: SealError| error)?;
    MasterKey::replace(at)?;
    core.archive.keyring().rewrap(&[&master])?;
    recovery_key::reseal(dir, &[&master])?;
    Ok(count)
}

/// Finishes a change that was interrupted after its transaction.
pub(crate) fn finish(store: &Store, at: &Path) -> Result<()> {
    let next = MasterKey::next_path(at);
    if !next.exists() {
        return Ok(());
    }
    let name = Sealer::new(&MasterKey::load(&next)?, Purpose::ACCOUNT_FIELDS).key_name();
    if store.setting(KEY)?.as_deref() == Some(name.as_str()) {
        tracing::warn!("a change of the master key was interrupted; it is finished now");
        MasterKey::replace(at)?;
    }
    Ok(())
}
