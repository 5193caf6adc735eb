//! Where the originals lie: how segments are protected here, and the store besides this machine.

use api::{
    Advice, Language, ObjectLock, ObjectLockWord, OutgoingError, RemoteStorage, RemoteStorageRequest,
    RemoteStorageTested, SegmentProtection, StorageState, TestStep, TestStepWord,
};
use axum::extract::State as FromState;
use axum::http::StatusCode;
use keys::Secret;
use pipeline::{REMOTE_NAME_MAX, RemoteError, RemoteLock, RemoteSettings, RemoteStep, chain};

use crate::account_settings as settings;
use crate::events::{self, Subject};
use crate::extract::{Json, text};
use crate::problem::Failure;
use crate::rights::Caller;
use crate::{State, lang};

fn shown(state: &State) -> Result<StorageState, Failure> {
    let stands = state.engine().remote_state()?;
    let protection = stands.protection;
    let remote = stands.kept.map(|kept| RemoteStorage {
        endpoint: kept.place.endpoint,
        region: kept.place.region,
        bucket: kept.place.bucket,
        prefix: kept.place.prefix,
        path_style: kept.place.path_style,
        access_key: kept.place.access_key,
        trust: serde_json::from_str(&kept.place.trust).unwrap_or_default(),
        active: kept.place.active,
        last_success: kept.last_success.map(Into::into),
        last_error: kept.last_error.map(|(text, since)| OutgoingError { text, since: since.into() }),
        sent: stands.there.0,
        sent_octets: stands.there.1,
        waiting: stands.waiting.0,
        waiting_since: stands.waiting.1.map(Into::into),
    });
    let segments = SegmentProtection {
        sealed: protection.sealed,
        read_only: protection.read_only,
        immutable: protection.immutable,
    };
    Ok(StorageState { segments, remote })
}

/// What can be said without asking the store.
fn wanted(asked: RemoteStorageRequest) -> Result<RemoteSettings, Failure> {
    let optional = |field: &'static str, given: &str| match given.trim() {
        "" => Ok(String::new()),
        given => text(field, given, REMOTE_NAME_MAX),
    };
    let secret = match asked.secret {
        None => None,
        Some(secret) if secret.is_empty() || secret.len() > 1000 || secret.contains(['\0', '\r', '\n']) => {
            return Err(Failure::field("secret", "remote-secret"));
        }
        Some(secret) => Some(Secret::new(secret)),
    };
    Ok(RemoteSettings {
        endpoint: text("endpoint", &asked.endpoint, REMOTE_NAME_MAX)?,
        region: optional("region", &asked.region)?,
        bucket: text("bucket", &asked.bucket, 200)?,
        prefix: optional("prefix", &asked.prefix)?,
        path_style: asked.path_style,
        access_key: text("access_key", &asked.access_key, 200)?,
        secret,
        trust: (
            settings::trust(&asked.trust)?,
            serde_json::to_string(&asked.trust).map_err(Failure::internal)?,
        ),
        active: asked.active,
    })
}

/// What cannot be a store.
fn refused(error: &RemoteError) -> Failure {
    match error {
        RemoteError::Bucket => Failure::field("bucket", "remote-bucket"),
        RemoteError::Prefix => Failure::field("prefix", "remote-prefix"),
        _ => Failure::field("endpoint", "remote-endpoint"),
    }
}

fn failed(error: pipeline::Error) -> Failure {
    match error {
        pipeline::Error::Settings { .. } => Failure::field("secret", "remote-secret"),
        other => other.into(),
    }
}

/// `GET /storage`
pub(crate) async fn read(FromState(state): FromState<State>) -> Result<axum::Json<StorageState>, Failure> {
    state.read(shown).await.map(axum::Json)
}

/// `PUT /storage/remote`
pub(crate) async fn set(
    FromState(state): FromState<State>,
    caller: Caller,
    Json(asked): Json<RemoteStorageRequest>,
) -> Result<axum::Json<StorageState>, Failure> {
    let wanted = wanted(asked)?;
    let written = state.read(move |state| {
        let details = [
            ("endpoint", wanted.endpoint.clone()),
            ("bucket", wanted.bucket.clone()),
            ("active", wanted.active.to_string()),
        ];
        let event = events::of(state, &caller, "remote.changed", Subject::Nothing, &details);
        state.engine().set_remote(Some(&wanted), event).map_err(failed)?.map_err(|error| refused(&error))?;
        shown(state)
    });
    written.await.map(axum::Json)
}

/// `DELETE /storage/remote`
pub(crate) async fn remove(
    FromState(state): FromState<State>,
    caller: Caller,
) -> Result<StatusCode, Failure> {
    let removed = state.read(move |state| {
        let event = events::of(state, &caller, "remote.removed", Subject::Nothing, &[]);
        state.engine().set_remote(None, event).map_err(failed)?.map_err(|error| refused(&error))
    });
    removed.await.map(|()| StatusCode::NO_CONTENT)
}

/// `POST /storage/remote/test`
pub(crate) async fn test(
    FromState(state): FromState<State>,
    caller: Caller,
    Json(asked): Json<RemoteStorageRequest>,
) -> Result<axum::Json<RemoteStorageTested>, Failure> {
    let language = caller.language();
    let tested = state.engine().test_remote(wanted(asked)?).await.map_err(failed)?;
    let steps: Vec<TestStep> =
        tested.steps.into_iter().map(|(step, error)| shown_step(step, error.as_ref(), language)).collect();
    let ok = steps.iter().all(|step| step.ok);
    Ok(axum::Json(RemoteStorageTested { ok, steps, lock: tested.lock.map(lock) }))
}

fn shown_step(step: RemoteStep, error: Option<&RemoteError>, language: Language) -> TestStep {
    let advice = error.map(|error| Advice {
        key: error.key().to_owned(),
        text: lang::advice(language, error.key(), &[]).unwrap_or_default(),
    });
    TestStep {
        step: match step {
            RemoteStep::Bucket => TestStepWord::Bucket,
            RemoteStep::Write => TestStepWord::Write,
            RemoteStep::Lock => TestStepWord::Lock,
        },
        ok: error.is_none(),
        detail: error.map(|error| chain(error)).unwrap_or_default(),
        advice,
    }
}

fn lock(lock: RemoteLock) -> ObjectLock {
    let none = |state| ObjectLock { state, mode: None, days: None, why: None };
    match lock {
        RemoteLock::Held { mode, days } => {
            ObjectLock { mode: Some(mode), days: Some(days), ..none(ObjectLockWord::Held) }
        }
        RemoteLock::NoDefault => none(ObjectLockWord::NoDefault),
        RemoteLock::Off => none(ObjectLockWord::Off),
        RemoteLock::Unknown { why } => ObjectLock { why: Some(why), ..none(ObjectLockWord::Unknown) },
    }
}
