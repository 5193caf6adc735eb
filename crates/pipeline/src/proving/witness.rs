//! This server as a witness of other logs: it cosigns a head only if that continues what it cosigned last (C2SP tlog-witness).

use keys::random_octets;
use ledger::{AddCheckpoint, Checkpoint, CosigningKey, NoteError, PublicKey};
use serde::{Deserialize, Serialize};
use store::{Event, WitnessedLog};
use uuid::Uuid;

use crate::core::Core;
use crate::engine::Engine;
use crate::error::Result;

/// Logs witnessed at most.
pub const WITNESSED_MAX: usize = 100;
/// Octets of a request at most: a proof of 63 hashes and a note.
pub const ADD_CHECKPOINT_MAX: usize = 16 << 10;
/// Name of the setting.
const SETTING: &str = "witness";

#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[serde(default)]
struct Settings {
    /// Requests are answered.
    active: bool,
    /// Where the secret of the key lies.
    secret: Option<Uuid>,
    /// Name of the key.
    name: String,
}

/// What is set about witnessing.
#[derive(Clone, Debug)]
pub struct WitnessState {
    /// Whether requests are answered.
    pub active: bool,
    /// The line that checks what is cosigned here; `None` until it was active once.
    pub verifier: Option<String>,
    /// The logs.
    pub logs: Vec<WitnessedLog>,
}

/// Why logs are not taken, and which.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum WitnessedError {
    /// More than [`WITNESSED_MAX`].
    TooMany,
    /// No line of a key.
    Key(usize),
    /// Our own log, or one that is there already.
    Twice(usize),
}

/// The answer to a log that asks for a cosignature, by its HTTP status.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Witnessing {
    /// 200, with the line of the cosignature.
    Cosigned(String),
    /// 400: no such request, or the old size is beyond the new one.
    Form,
    /// 403: not signed by the key of the log.
    Key,
    /// 404: this log is not witnessed here.
    Unknown,
    /// 409: another size was cosigned last, or another root at the same size.
    Conflict(u64),
    /// 422: the proof does not show that the head continues what was cosigned last.
    Inconsistent,
}

/// Place of a sealed secret of what anchors the log.
pub(crate) fn secret_field(id: Uuid) -> String {
    format!("anchor:{id}")
}

fn key(core: &Core, settings: &Settings) -> Result<Option<CosigningKey>> {
    let Some(id) = settings.secret else { return Ok(None) };
    let Some(sealed) = core.store.anchor_secret(*id.as_bytes())? else { return Ok(None) };
    let seed = core.sealer.open(&secret_field(id), &sealed)?;
    let seed: Option<[u8; 32]> = seed.expose().as_slice().try_into().ok();
    Ok(seed.and_then(|seed| CosigningKey::of_seed(&settings.name, &seed).ok()))
}

impl Engine {
    /// What is set about witnessing, and what was cosigned.
    ///
    /// # Errors
    /// Those of the database; `Sealed`.
    pub fn witness_state(&self) -> Result<WitnessState> {
        let core = self.core();
        let settings: Settings = core.setting(SETTING)?;
        let verifier = key(core, &settings)?.map(|key| key.public().line());
        Ok(WitnessState { active: settings.active, verifier, logs: core.store.witnessed_logs()? })
    }

    /// Sets whether requests are answered, and of which logs (name, line of the key). The first time the key is made.
    ///
    /// # Errors
    /// Inside: what cannot be witnessed. Those of the database; `Sealed`.
    pub fn set_witnessed(
        &self,
        active: bool,
        wanted: &[(String, String)],
        event: Event,
    ) -> Result<std::result::Result<(), WitnessedError>> {
        if wanted.len() > WITNESSED_MAX {
            return Ok(Err(WitnessedError::TooMany));
        }
        let core = self.core();
        let own = super::state(core)?.public_key;
        let mut logs: Vec<(String, String, String)> = Vec::with_capacity(wanted.len());
        for (n, (name, line)) in wanted.iter().enumerate() {
            let Ok(key) = PublicKey::of_line(line) else { return Ok(Err(WitnessedError::Key(n))) };
            if key.line() == own || logs.iter().any(|(origin, ..)| origin == key.name()) {
                return Ok(Err(WitnessedError::Twice(n)));
            }
            logs.push((key.name().to_owned(), name.clone(), key.line()));
        }
        let mut settings: Settings = core.setting(SETTING)?;
        let mut secrets = Vec::new();
        if active && settings.secret.is_none() {
            let (seed, name) = (random_octets::<32>()?, random_octets::<8>()?);
            let id = Uuid::now_v7();
            secrets.push((*id.as_bytes(), Some(core.sealer.seal(&secret_field(id), seed.expose())?)));
            settings.name = format!("poststelle-witness/{:016x}", u64::from_be_bytes(*name.expose()));
            settings.secret = Some(id);
        }
        settings.active = active;
        let text = serde_json::to_string(&settings).unwrap_or_default();
        core.store.set_with_secrets((SETTING.to_owned(), text.clone()), secrets)?;
        core.store.set_witnessed_logs(logs, (SETTING.to_owned(), text), event)?;
        Ok(Ok(()))
    }

    /// Answers a log that asks for a cosignature. What is cosigned is durable before it is handed out; `None` where nothing is
    /// witnessed here.
    ///
    /// # Errors
    /// Those of the database; `Sealed`.
    pub fn witness(&self, request: &[u8]) -> Result<Option<Witnessing>> {
        let core = self.core();
        let settings: Settings = core.setting(SETTING)?;
        let Some(key) = key(core, &settings)?.filter(|_| settings.active) else { return Ok(None) };
        judge(core, &key, request).map(Some)
    }
}

fn judge(core: &Core, key: &CosigningKey, request: &[u8]) -> Result<Witnessing> {
    let Some(request) = AddCheckpoint::read(request) else { return Ok(Witnessing::Form) };
    let Some(origin) = Checkpoint::origin_of(&request.note) else { return Ok(Witnessing::Form) };
    let Some(log) = core.store.witnessed_log(&origin)? else { return Ok(Witnessing::Unknown) };
    let Ok(verifier) = PublicKey::of_line(&log.verifier) else { return Ok(Witnessing::Unknown) };
    let checkpoint = match Checkpoint::open(&request.note, &verifier) {
        Ok(checkpoint) => checkpoint,
        Err(NoteError::Form) => return Ok(Witnessing::Form),
        Err(_) => return Ok(Witnessing::Key),
    };
    // A size that the database cannot hold is none of a log that exists.
    if request.old > checkpoint.size || i64::try_from(checkpoint.size).is_err() {
        return Ok(Witnessing::Form);
    }
    if request.old != log.size {
        return Ok(Witnessing::Conflict(log.size));
    }
    let old_root = log.root.unwrap_or_else(ledger::empty_root);
    if request.old == checkpoint.size && old_root != checkpoint.root {
        return Ok(Witnessing::Conflict(log.size));
    }
    if !ledger::is_consistent(request.old, checkpoint.size, &old_root, &checkpoint.root, &request.proof) {
        return Ok(Witnessing::Inconsistent);
    }
    let now = core.now();
    // Two requests at once: one of them finds another size.
    let head = (checkpoint.size, checkpoint.root);
    if !core.store.note_witnessed(origin.clone(), request.old, head, now)? {
        let size = core.store.witnessed_log(&origin)?.map_or(0, |log| log.size);
        return Ok(Witnessing::Conflict(size));
    }
    let text = ledger::opened(&request.note, &verifier).unwrap_or_default();
    let seconds = u64::try_from(now.0.div_euclid(1000)).unwrap_or_default();
    Ok(Witnessing::Cosigned(key.cosign(text, seconds)))
}
