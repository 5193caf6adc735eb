//! Procedural documentation (Verfahrensdokumentation): made of what is set at that moment, as PDF, version by version.

mod chapters;
mod texts;

use api::{Language, ProcedureList, ProcedureRequest, ProcedureVersion};
use axum::extract::{Path, State as FromState};
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use chapters::Chapters;
use export::Paper;
use jiff::tz::TimeZone;
use model::{EventId, UnixMillis};
use pipeline::Engine;
use store::{Event, Procedure};
use texts::Texts;
use uuid::Uuid;

use crate::extract::Json;
use crate::problem::Failure;
use crate::rights::Caller;
use crate::session::ORGANISATION;
use crate::{State, disposition};

/// Why there is no document.
#[derive(Debug, thiserror::Error)]
pub enum ProcedureError {
    /// Something could not be read, or not be kept.
    #[error(transparent)]
    Engine(#[from] pipeline::Error),
    /// The PDF could not be written.
    #[error(transparent)]
    Pdf(#[from] export::PdfError),
}

impl From<store::StoreError> for ProcedureError {
    fn from(error: store::StoreError) -> Self {
        Self::Engine(error.into())
    }
}

impl From<ProcedureError> for Failure {
    fn from(error: ProcedureError) -> Self {
        match error {
            ProcedureError::Engine(pipeline::Error::Store(store::StoreError::Exists { .. })) => {
                Self::new(StatusCode::CONFLICT, "procedure-busy")
            }
            ProcedureError::Engine(error) => error.into(),
            pdf @ ProcedureError::Pdf(_) => Self::internal(pdf),
        }
    }
}

/// Who has a version made.
#[derive(Clone, Copy, Debug)]
pub struct MadeBy<'a> {
    /// Id of the user, or a part of the server.
    pub actor: &'a str,
    /// Name; empty for the command line.
    pub name: &'a str,
}

/// Makes the next version in a language and keeps it; its digest stands in the provable log. Gives what is kept of it, and its
/// octets.
///
/// # Errors
/// Those of database and archive; `Pdf`.
pub fn make_procedure(
    engine: &Engine,
    language: Language,
    zone: TimeZone,
    by: MadeBy<'_>,
    now: UnixMillis,
) -> Result<(Procedure, Vec<u8>), ProcedureError> {
    let texts = Texts::new(language, zone);
    let store = engine.store();
    let version = store.next_procedure(language.as_str())?;
    let organisation = store.setting(ORGANISATION)?.filter(|name| !name.trim().is_empty());
    let organisation = organisation.unwrap_or_else(|| texts.say("organisation-unnamed"));
    let (made, number) = (texts.time(now), texts.number(version));
    let by_name = if by.name.is_empty() { crate::lang::word(language, "actor-cli") } else { by.name };
    let foot = texts.with("foot", "organisation", &organisation).replace("{version}", &number);
    let paper = Paper {
        title: texts.say("title"),
        subtitle: texts.say("subtitle"),
        language: language.as_str().to_owned(),
        cover: vec![
            (texts.say("organisation"), organisation),
            (texts.say("version"), number.clone()),
            (texts.say("made"), made.clone()),
            (texts.say("made-by"), by_name.to_owned()),
            (texts.say("program"), format!("Poststelle {}", crate::VERSION)),
            (texts.say("basis"), texts.say("basis-value")),
        ],
        contents: texts.say("contents"),
        foot: foot.replace("{made}", &made),
        page_of: texts.say("page"),
        sections: Chapters { engine, texts: &texts }.all()?,
    };
    let octets = export::pdf(&paper)?;
    let sha256 = pipeline::sha256(&octets);
    let kept = Procedure {
        version,
        language: language.as_str().to_owned(),
        made: now,
        made_by: by_name.to_owned(),
        sha256,
        octets: octets.len() as u64,
    };
    let details = serde_json::json!({
        "user": by.name,
        "version": version.to_string(),
        "language": language.as_str(),
        "sha256": sha256.to_string(),
    });
    let event = Event {
        id: EventId::new(Uuid::now_v7()),
        at: now,
        actor: by.actor.to_owned(),
        kind: "procedure.made".to_owned(),
        subject: String::new(),
        payload: details.to_string(),
    };
    store.add_procedure(kept.clone(), octets.clone(), event)?;
    Ok((kept, octets))
}

/// Name of the file of a version.
pub fn procedure_file(language: &str, version: u64) -> String {
    let word = if language == "de" { "verfahrensdokumentation" } else { "procedural-documentation" };
    format!("{word}-{version}.pdf")
}

fn shown(kept: &Procedure) -> ProcedureVersion {
    ProcedureVersion {
        version: kept.version,
        language: Language::from_word(&kept.language).unwrap_or_default(),
        made: kept.made.into(),
        made_by: kept.made_by.clone(),
        sha256: kept.sha256.to_string(),
        octets: kept.octets,
    }
}

/// `GET /procedures`
pub(crate) async fn list(FromState(state): FromState<State>) -> Result<axum::Json<ProcedureList>, Failure> {
    let items = state.read(|state| Ok(state.store().procedures()?.iter().map(shown).collect()));
    Ok(axum::Json(ProcedureList { items: items.await? }))
}

/// `POST /procedures`
pub(crate) async fn make(
    FromState(state): FromState<State>,
    caller: Caller,
    Json(asked): Json<ProcedureRequest>,
) -> Result<impl IntoResponse, Failure> {
    let made = state.heavy(move |state| {
        let actor = caller.user_id().to_string();
        let by = MadeBy { actor: &actor, name: caller.name() };
        let (kept, _) = make_procedure(state.engine(), asked.language, caller.zone(state), by, state.now())?;
        Ok(shown(&kept))
    });
    Ok((StatusCode::CREATED, axum::Json(made.await?)))
}

/// `GET /procedures/{language}/{version}`
pub(crate) async fn one(
    FromState(state): FromState<State>,
    Path((language, version)): Path<(String, String)>,
) -> Result<Response, Failure> {
    let version: u64 = version.parse().map_err(|_| Failure::not_found())?;
    let name = procedure_file(&language, version);
    let octets = state
        .read(move |state| state.store().procedure(&language, version)?.ok_or_else(Failure::not_found))
        .await?;
    let headers = [
        (header::CONTENT_TYPE, HeaderValue::from_static("application/pdf")),
        (header::CONTENT_DISPOSITION, disposition::attachment(Some(&name), "procedure.pdf")),
    ];
    Ok((headers, octets).into_response())
}
