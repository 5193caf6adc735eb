//! Which store, with which key; and whether it can be used.

use ::remote::{Lock, Place, Remote};
use connect::{ClientTls, Trust};
use keys::Secret;
use model::{RemoteId, UnixMillis};
use store::{Event, RemotePlace};

use crate::core::Core;
use crate::engine::Engine;
use crate::error::{Error, Result};
use crate::rekey::remote_field;

/// Characters of a name at most.
pub const REMOTE_NAME_MAX: usize = 500;

/// What an administrator sets.
#[derive(Clone, Debug)]
pub struct RemoteSettings {
    /// Address of the store.
    pub endpoint: String,
    /// Its region.
    pub region: String,
    /// The bucket.
    pub bucket: String,
    /// Folder in it.
    pub prefix: String,
    /// The bucket stands in the path.
    pub path_style: bool,
    /// Name of the key.
    pub access_key: String,
    /// The key; `None`: the one that is kept.
    pub secret: Option<Secret<String>>,
    /// Whom to believe behind `https`: for connections, and as it is kept (JSON, opaque here).
    pub trust: (Trust, String),
    /// Whether anything is sent there.
    pub active: bool,
}

/// How it stands.
#[derive(Clone, Debug)]
pub struct RemoteState {
    /// What is set, without the key.
    pub kept: Option<store::RemoteStorage>,
    /// Segments that are there, and their octets.
    pub there: (u64, u64),
    /// Segments that wait, and since when the oldest does.
    pub waiting: (u64, Option<UnixMillis>),
    /// How the sealed segments here are protected.
    pub protection: archive::Protection,
}

/// A step of a test.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TestStep {
    /// Name, connection, TLS, key, bucket.
    Bucket,
    /// An object can be written.
    Write,
    /// What is written is locked.
    Lock,
}

/// How a test went: steps with what failed.
#[derive(Debug)]
pub struct RemoteTested {
    /// In order; the first that fails is the last.
    pub steps: Vec<(TestStep, Option<::remote::Error>)>,
    /// Asked where the bucket answers.
    pub lock: Option<Lock>,
}

/// Why a store cannot be used.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Fault {
    /// Its settings, or the store itself.
    #[error(transparent)]
    Remote(#[from] ::remote::Error),
    /// Anything else.
    #[error(transparent)]
    Other(#[from] Error),
}

impl From<store::StoreError> for Fault {
    fn from(error: store::StoreError) -> Self {
        Self::Other(error.into())
    }
}

/// Whom to believe, as it is kept: what `server` writes.
fn trust_of(kept: &str) -> Result<Trust, ::remote::Error> {
    let endpoint = |_| ::remote::Error::Endpoint;
    let value: serde_json::Value = serde_json::from_str(kept).map_err(|_| ::remote::Error::Endpoint)?;
    if let Some(pem) = value.get("ca_pem").and_then(|value| value.as_str()) {
        return Ok(Trust::Pem(pem.to_owned()));
    }
    match value.get("pin_sha256").and_then(|value| value.as_str()) {
        Some(pin) => Trust::pin(pin).map_err(endpoint),
        None => Ok(Trust::System),
    }
}

fn place(kept: &RemotePlace, secret: Secret<String>) -> Place {
    Place {
        endpoint: kept.endpoint.clone(),
        region: kept.region.clone(),
        bucket: kept.bucket.clone(),
        prefix: kept.prefix.clone(),
        path_style: kept.path_style,
        access_key: kept.access_key.clone(),
        secret,
    }
}

/// The store that is set.
pub(super) fn open(core: &Core, kept: &store::RemoteStorage) -> Result<Remote, Fault> {
    let secret = core.sealer.open_text(&remote_field(kept.id), &kept.place.secret).map_err(Error::from)?;
    let tls = ClientTls::new(&trust_of(&kept.place.trust)?).map_err(|_| ::remote::Error::Endpoint)?;
    Ok(Remote::new(&place(&kept.place, secret), tls)?)
}

impl Engine {
    /// How the store besides this machine stands.
    ///
    /// # Errors
    /// Those of database and archive.
    pub fn remote_state(&self) -> Result<RemoteState> {
        let core = self.core();
        let kept = core.store.remote_storage()?;
        let there = core.store.remote_segments()?;
        let waiting = super::waiting(core)?;
        let since = match &kept {
            Some(_) if !waiting.is_empty() => super::facts(core)?.map(|facts| facts.since),
            _ => None,
        };
        Ok(RemoteState {
            kept,
            there: (there.len() as u64, there.iter().map(|there| there.octets).sum()),
            waiting: (waiting.len() as u64, since),
            protection: core.archive.protection()?,
        })
    }

    /// What is to be kept, with the key sealed.
    ///
    /// # Errors
    /// Inside: what cannot be one. `Settings` without a key, or with the key of another place; those of the database.
    fn remote_row(
        &self,
        wanted: &RemoteSettings,
    ) -> Result<Result<(RemoteId, RemotePlace, Remote), ::remote::Error>> {
        let core = self.core();
        let kept = core.store.remote_storage()?;
        let id = kept.as_ref().map_or_else(|| RemoteId::new(uuid::Uuid::now_v7()), |kept| kept.id);
        let mut row = RemotePlace {
            endpoint: wanted.endpoint.trim().trim_end_matches('/').to_owned(),
            region: wanted.region.trim().to_owned(),
            bucket: wanted.bucket.trim().to_owned(),
            prefix: wanted.prefix.trim().trim_matches('/').to_owned(),
            path_style: wanted.path_style,
            access_key: wanted.access_key.trim().to_owned(),
            secret: Vec::new(),
            trust: wanted.trust.1.clone(),
            active: wanted.active,
        };
        // A stored key goes to the store it was stored for and to no other.
        let same = kept.filter(|kept| {
            (&kept.place.endpoint, &kept.place.access_key) == (&row.endpoint, &row.access_key)
        });
        let secret = match (&wanted.secret, same) {
            (Some(secret), _) => secret.clone(),
            (None, Some(kept)) => core.sealer.open_text(&remote_field(id), &kept.place.secret)?,
            (None, None) => {
                let reason = "secret".to_owned();
                return Err(Error::Settings { name: row.bucket, reason });
            }
        };
        row.secret = core.sealer.seal(&remote_field(id), secret.expose().as_bytes())?;
        let opened = ClientTls::new(&wanted.trust.0)
            .map_err(|_| ::remote::Error::Endpoint)
            .and_then(|tls| Remote::new(&place(&row, secret), tls));
        Ok(opened.map(|remote| (id, row, remote)))
    }

    /// Sets the store, or with `None` forgets it; what it has stays there.
    ///
    /// # Errors
    /// Inside: what cannot be one. `Settings` without a key, or with the key of another place; those of the database.
    pub fn set_remote(
        &self,
        wanted: Option<&RemoteSettings>,
        event: Event,
    ) -> Result<Result<(), ::remote::Error>> {
        let new = match wanted {
            Some(wanted) => match self.remote_row(wanted)? {
                Ok((id, row, _)) => Some((id, row)),
                Err(error) => return Ok(Err(error)),
            },
            None => None,
        };
        self.core().store.set_remote_storage(new, event)?;
        self.core().remote_bell.notify_one();
        Ok(Ok(()))
    }

    /// Tries the store: whether its bucket answers, takes an object, and locks it. What is written is one small object that
    /// says whose the folder is.
    ///
    /// # Errors
    /// As [`Engine::set_remote`].
    pub async fn test_remote(&self, wanted: RemoteSettings) -> Result<RemoteTested> {
        let engine = self.clone();
        let (made, installation) = crate::blocking::blocking(move || {
            Ok((engine.remote_row(&wanted)?, crate::backup::installation(engine.store())?))
        })
        .await?;
        let remote = match made {
            Ok((_, _, remote)) => remote,
            Err(error) => {
                return Ok(RemoteTested { steps: vec![(TestStep::Bucket, Some(error))], lock: None });
            }
        };
        let mut tested = RemoteTested { steps: Vec::new(), lock: None };
        let is_ours = match remote.look(&installation).await {
            Ok(is_ours) => is_ours,
            Err(error) => {
                tested.steps.push((TestStep::Bucket, Some(error)));
                return Ok(tested);
            }
        };
        tested.steps.push((TestStep::Bucket, None));
        let written = if is_ours { Ok(()) } else { remote.mark(&installation).await };
        let failed = written.is_err();
        tested.steps.push((TestStep::Write, written.err()));
        if !failed {
            tested.lock = Some(remote.lock().await);
            tested.steps.push((TestStep::Lock, None));
        }
        Ok(tested)
    }
}
