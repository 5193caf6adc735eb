//! What anchors the log outside: checkpoints by mail, witnesses, and this server as a witness of other logs.

use api::{
    AnchoringState, CheckpointEvery, CheckpointMailRequest, Language, LogWitnesses, WitnessingRequest,
};
use axum::Extension;
use axum::body::Bytes;
use axum::extract::State as FromState;
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use model::UnixMillis;
use pipeline::{
    ADD_CHECKPOINT_MAX, CHECKPOINT_ADDRESSES_MAX, CheckpointMail, CheckpointMailError, Every, WITNESSED_MAX,
    WITNESSES_MAX, WantedWitness, WitnessError, WitnessedError, Witnessing,
};
use uuid::Uuid;

use crate::client::Client;
use crate::events::{self, Subject};
use crate::extract::{Json, email, text};
use crate::problem::Failure;
use crate::rights::Caller;
use crate::throttle::Key;
use crate::{State, lang, session};

/// Octets of the name of a time zone, of an address, and of the line of a key.
const NAME_MAX: usize = 100;
const LINE_MAX: usize = 500;

const fn word(every: Every) -> CheckpointEvery {
    match every {
        Every::Off => CheckpointEvery::Off,
        Every::Daily => CheckpointEvery::Daily,
        Every::Weekly => CheckpointEvery::Weekly,
        Every::Monthly => CheckpointEvery::Monthly,
    }
}

const fn every(word: CheckpointEvery) -> Every {
    match word {
        CheckpointEvery::Off => Every::Off,
        CheckpointEvery::Daily => Every::Daily,
        CheckpointEvery::Weekly => Every::Weekly,
        CheckpointEvery::Monthly => Every::Monthly,
    }
}

fn mail(state: &State) -> Result<api::CheckpointMail, Failure> {
    let (kept, went) = state.engine().checkpoint_mail()?;
    let at = |ms: Option<i64>| ms.map(|ms| UnixMillis(ms).into());
    Ok(api::CheckpointMail {
        addresses: kept.addresses,
        every: word(kept.every),
        hour: u8::try_from(kept.hour).unwrap_or_default(),
        zone: if kept.zone.is_empty() { "Europe/Berlin".to_owned() } else { kept.zone },
        language: Language::from_word(&kept.language).unwrap_or_default(),
        sent: at(went.sent),
        sent_entries: went.entries,
        error: went.error,
        error_since: at(went.error_since),
    })
}

/// What a person can do about what a witness answered; its own words where there is no sentence.
fn said(language: Language, text: &str) -> String {
    let key = match text {
        "HTTP 403" => "witness-key",
        "HTTP 404" => "witness-unknown",
        _ => return text.to_owned(),
    };
    lang::advice(language, key, &[]).unwrap_or_else(|| text.to_owned())
}

fn shown(state: &State, language: Language) -> Result<AnchoringState, Failure> {
    let witnesses = state.engine().log_witnesses()?.into_iter().map(|witness| {
        let (error, error_since) = witness.error.unzip();
        api::LogWitness {
            id: Uuid::from_bytes(witness.id),
            name: witness.name,
            url: witness.url,
            verifier: witness.verifier,
            size: witness.size,
            at: witness.at.map(Into::into),
            error: error.map(|text| said(language, &text)),
            error_since: error_since.map(Into::into),
            refused: witness.refused,
        }
    });
    let own = state.engine().witness_state()?;
    let logs = own.logs.into_iter().map(|log| api::WitnessedLog {
        origin: log.origin,
        name: log.name,
        verifier: log.verifier,
        size: log.size,
        at: log.at.map(Into::into),
    });
    Ok(AnchoringState {
        mail: mail(state)?,
        can_send: state.store().smtp_account_for_notices()?.is_some(),
        witnesses: witnesses.collect(),
        witness: api::Witnessing { active: own.active, verifier: own.verifier, logs: logs.collect() },
    })
}

/// `GET /anchoring`
pub(crate) async fn read(
    FromState(state): FromState<State>,
    caller: Caller,
) -> Result<axum::Json<AnchoringState>, Failure> {
    state.read(move |state| shown(state, caller.language())).await.map(axum::Json)
}

/// `PUT /anchoring/mail`
pub(crate) async fn set_mail(
    FromState(state): FromState<State>,
    caller: Caller,
    Json(asked): Json<CheckpointMailRequest>,
) -> Result<axum::Json<AnchoringState>, Failure> {
    let mut addresses: Vec<String> = Vec::new();
    for address in &asked.addresses {
        let address = email("addresses", address)?;
        if !addresses.contains(&address) {
            addresses.push(address);
        }
    }
    let zone = text("zone", &asked.zone, NAME_MAX)?;
    let written = state.read(move |state| {
        let wanted = CheckpointMail {
            addresses,
            every: every(asked.every),
            hour: i8::try_from(asked.hour).unwrap_or(i8::MAX),
            zone,
            language: asked.language.as_str().to_owned(),
            ..CheckpointMail::default()
        };
        let (count, zone) = (wanted.addresses.len().to_string(), wanted.zone.clone());
        state.engine().set_checkpoint_mail(wanted)?.map_err(|error| match error {
            CheckpointMailError::Addresses => {
                Failure::field("addresses", "checkpoint-addresses").with("items", CHECKPOINT_ADDRESSES_MAX)
            }
            CheckpointMailError::Hour => Failure::field("hour", "number-between")
                .with("field", "hour")
                .with("least", 0)
                .with("most", 23),
            CheckpointMailError::Zone => Failure::field("zone", "zone").with("zone", zone),
        })?;
        let details = [("count", count)];
        events::record(state, &caller, "checkpoint.changed", Subject::Nothing, &details)?;
        shown(state, caller.language())
    });
    written.await.map(axum::Json)
}

/// `POST /anchoring/mail/send`
pub(crate) async fn send_mail(FromState(state): FromState<State>) -> Result<StatusCode, Failure> {
    let asked = state.read(|state| {
        let (kept, _) = state.engine().checkpoint_mail()?;
        if kept.addresses.is_empty() {
            return Err(
                Failure::field("addresses", "checkpoint-addresses").with("items", CHECKPOINT_ADDRESSES_MAX)
            );
        }
        if state.store().smtp_account_for_notices()?.is_none() {
            return Err(Failure::new(StatusCode::CONFLICT, "checkpoint-no-server"));
        }
        state.engine().want_checkpoint_mail()?;
        state.background().outgoing_changed();
        Ok(())
    });
    asked.await.map(|()| StatusCode::ACCEPTED)
}

/// `PUT /anchoring/witnesses`
pub(crate) async fn set_witnesses(
    FromState(state): FromState<State>,
    caller: Caller,
    Json(asked): Json<LogWitnesses>,
) -> Result<axum::Json<AnchoringState>, Failure> {
    let mut wanted = Vec::new();
    for item in asked.items.into_iter().take(WITNESSES_MAX + 1) {
        wanted.push(WantedWitness {
            id: item.id,
            name: text("name", &item.name, NAME_MAX)?,
            url: text("url", &item.url, LINE_MAX)?,
            verifier: text("verifier", &item.verifier, LINE_MAX)?,
        });
    }
    let written = state.read(move |state| {
        let names: Vec<String> = wanted.iter().map(|witness| witness.name.clone()).collect();
        let details = [("count", names.len().to_string())];
        let event = events::of(state, &caller, "witnesses.changed", Subject::Nothing, &details);
        let named = |n: usize| names.get(n).cloned().unwrap_or_default();
        state.engine().set_log_witnesses(&wanted, event)?.map_err(|error| match error {
            WitnessError::TooMany => Failure::field("items", "too-many-items").with("items", WITNESSES_MAX),
            WitnessError::Url(n) => Failure::field("url", "stamps-url").with("name", named(n)),
            WitnessError::Key(n) => Failure::field("verifier", "witness-verifier").with("name", named(n)),
            WitnessError::Twice(n) => Failure::field("verifier", "witness-twice").with("name", named(n)),
        })?;
        shown(state, caller.language())
    });
    written.await.map(axum::Json)
}

/// `PUT /anchoring/witness`
pub(crate) async fn set_witness(
    FromState(state): FromState<State>,
    caller: Caller,
    Json(asked): Json<WitnessingRequest>,
) -> Result<axum::Json<AnchoringState>, Failure> {
    let mut wanted = Vec::new();
    for item in asked.logs.into_iter().take(WITNESSED_MAX + 1) {
        wanted.push((text("name", &item.name, NAME_MAX)?, text("verifier", &item.verifier, LINE_MAX)?));
    }
    let written = state.read(move |state| {
        let details = [("count", wanted.len().to_string()), ("active", asked.active.to_string())];
        let event = events::of(state, &caller, "witness.changed", Subject::Nothing, &details);
        let named = |n: usize| wanted.get(n).map(|(name, _)| name.clone()).unwrap_or_default();
        state.engine().set_witnessed(asked.active, &wanted, event)?.map_err(|error| match error {
            WitnessedError::TooMany => Failure::field("logs", "too-many-items").with("items", WITNESSED_MAX),
            WitnessedError::Key(n) => Failure::field("verifier", "witness-log").with("name", named(n)),
            WitnessedError::Twice(n) => Failure::field("verifier", "witness-twice").with("name", named(n)),
        })?;
        shown(state, caller.language())
    });
    written.await.map(axum::Json)
}

/// `POST /witness/add-checkpoint`, for other logs (C2SP tlog-witness): its answers are those of that protocol.
pub(crate) async fn add_checkpoint(
    FromState(state): FromState<State>,
    Extension(client): Extension<Client>,
    body: Bytes,
) -> Result<Response, Failure> {
    let keys = [Key::Witness(client.throttled())];
    session::throttle(&state, &keys)?;
    if body.len() > ADD_CHECKPOINT_MAX {
        return Err(Failure::new(StatusCode::PAYLOAD_TOO_LARGE, "too-large"));
    }
    let answer = state.read(move |state| Ok(state.engine().witness(&body)?)).await?;
    let Some(answer) = answer else { return Err(Failure::not_found()) };
    if matches!(answer, Witnessing::Cosigned(_) | Witnessing::Conflict(_)) {
        state.throttle().succeeded(&keys);
    }
    let typed = |kind: &'static str| [(header::CONTENT_TYPE, HeaderValue::from_static(kind))];
    Ok(match answer {
        Witnessing::Cosigned(line) => (typed("text/plain; charset=utf-8"), line).into_response(),
        Witnessing::Conflict(size) => {
            (StatusCode::CONFLICT, typed("text/x.tlog.size"), format!("{size}\n")).into_response()
        }
        Witnessing::Form => return Err(Failure::new(StatusCode::BAD_REQUEST, "witness-form")),
        Witnessing::Key => return Err(Failure::new(StatusCode::FORBIDDEN, "witness-signature")),
        Witnessing::Unknown => return Err(Failure::not_found()),
        Witnessing::Inconsistent => {
            return Err(Failure::new(StatusCode::UNPROCESSABLE_ENTITY, "witness-inconsistent"));
        }
    })
}
