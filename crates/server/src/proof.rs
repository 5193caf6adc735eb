//! The provable log: how it stands, who stamps it, and the proof of a mail.

use api::{Language, ProofState, StampAuthorities};
use axum::extract::State as FromState;
use keys::Secret;
use pipeline::{AUTHORITIES_MAX, Authority, StampTrouble, StampingError};

use crate::events::{self, Subject};
use crate::extract::{Json, text};
use crate::problem::Failure;
use crate::rights::Caller;
use crate::{State, lang};

/// Octets of certificates of an authority.
const CA_MAX: usize = 100_000;

fn shown(state: &State, language: Language) -> Result<ProofState, Failure> {
    let log = state.engine().log_state()?;
    let authorities = state.engine().stamp_authorities()?.into_iter().map(|authority| {
        let trouble = log.authorities.iter().find(|(number, _)| *number == authority.number);
        api::StampAuthority {
            number: authority.number,
            name: authority.name,
            url: authority.url,
            ca: authority.ca,
            password_set: !authority.user.is_empty(),
            user: authority.user,
            trouble: trouble.map(|(_, why)| said(language, why)),
        }
    });
    Ok(ProofState {
        authorities: authorities.collect(),
        entries: log.leaves,
        signed: log.signed,
        root: log.root.clone(),
        public_key: log.public_key.clone(),
        signed_at: log.signed_at.map(Into::into),
        anchors: log.anchors,
        stamped_entries: log.stamped.map(|(entries, _)| entries),
        stamped_at: log.stamped.map(|(_, at)| at.into()),
        trouble: log.trouble.clone(),
    })
}

/// What a person can do about it; the authority's own words where there is no sentence.
fn said(language: Language, trouble: &StampTrouble) -> String {
    let sentence = match trouble {
        StampTrouble::Login(status) => {
            lang::advice(language, "stamps-login", &[("status", status.to_string())])
        }
        StampTrouble::Other(_) => None,
    };
    sentence.unwrap_or_else(|| trouble.to_string())
}

/// `GET /proof`
pub(crate) async fn read(
    FromState(state): FromState<State>,
    caller: Caller,
) -> Result<axum::Json<ProofState>, Failure> {
    state.read(move |state| shown(state, caller.language())).await.map(axum::Json)
}

/// `PUT /proof/authorities`
pub(crate) async fn set_authorities(
    FromState(state): FromState<State>,
    caller: Caller,
    Json(asked): Json<StampAuthorities>,
) -> Result<axum::Json<ProofState>, Failure> {
    if asked.items.len() > AUTHORITIES_MAX {
        return Err(Failure::field("items", "too-many-items").with("items", AUTHORITIES_MAX));
    }
    let mut wanted = Vec::with_capacity(asked.items.len());
    for item in asked.items {
        if item.ca.len() > CA_MAX {
            return Err(Failure::field("ca", "field-too-long")
                .with("field", "ca")
                .with("characters", CA_MAX));
        }
        let (name, url) = (text("name", &item.name, 100)?, text("url", &item.url, 500)?);
        let mut authority = Authority::new(item.number, name, url, item.ca);
        authority.user = String::from(item.user.trim());
        authority.password = item.password.map(Secret::new);
        wanted.push(authority);
    }
    let written = state.read(move |state| {
        let names: Vec<String> = wanted.iter().map(|authority| authority.name.clone()).collect();
        if let Err((at, error)) = state.engine().set_stamp_authorities(wanted)? {
            let (field, key) = match error {
                StampingError::Ca => ("ca", "stamps-ca"),
                StampingError::Url => ("url", "stamps-url"),
                StampingError::Name => ("name", "field-empty"),
                StampingError::TooMany => ("items", "too-many-items"),
                StampingError::Login => ("password", "stamps-password"),
                StampingError::Plain => ("url", "stamps-plain"),
            };
            let name = names.get(at).cloned().unwrap_or_default();
            return Err(Failure::field(field, key)
                .with("field", field)
                .with("items", AUTHORITIES_MAX)
                .with("name", name));
        }
        let count = names.len().to_string();
        events::record(state, &caller, "stamps.changed", Subject::Nothing, &[("count", count)])?;
        shown(state, caller.language())
    });
    written.await.map(axum::Json)
}
