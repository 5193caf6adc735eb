//! Erasing mails on request (GDPR Art. 17), and everything about one person (Art. 15).

use std::collections::HashMap;
use std::io;

use api::{
    ErasedFile, Erasure, ErasureAbout, ErasureMail, ErasurePage, ErasurePreview, ErasureQuery,
    ErasureRequest, ErasureSearch, PersonQuery,
};
use axum::extract::State as FromState;
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use model::MailId;
use pipeline::{About, Ask, Basis};

use crate::events::{self, Subject};
use crate::extract::{Json, Params, limit, text};
use crate::piped;
use crate::problem::Failure;
use crate::rights::Caller;
use crate::{State, approvals, disposition};

/// Mails shown and taken at once.
const MAILS_MAX: usize = 2000;

/// `GET /erasures`
pub(crate) async fn list(
    FromState(state): FromState<State>,
    Params(query): Params<ErasureQuery>,
) -> Result<axum::Json<ErasurePage>, Failure> {
    let limit = limit(query.limit)? as usize;
    let read = state.read(move |state| {
        let found = state.store().erasures(query.before, limit)?;
        let next = found.last().filter(|_| found.len() == limit).map(|last| last.key);
        Ok(ErasurePage { items: shown(state, found)?, next })
    });
    read.await.map(axum::Json)
}

fn shown(state: &State, found: Vec<store::Erasure>) -> Result<Vec<Erasure>, Failure> {
    let users = state.store().users()?;
    let names: HashMap<String, String> =
        users.into_iter().map(|user| (user.id.to_string(), user.profile.name)).collect();
    let keys: Vec<i64> = found.iter().map(|erasure| erasure.key).collect();
    let mut files: HashMap<i64, Vec<ErasedFile>> = HashMap::new();
    for (key, file) in state.engine().files_left(&keys)? {
        files.entry(key).or_default().push(ErasedFile { path: file.path, error: file.error });
    }
    let shown = |erasure: store::Erasure| Erasure {
        files: files.remove(&erasure.key).unwrap_or_default(),
        key: erasure.key,
        begun: erasure.what.begun.into(),
        ended: erasure.ended.map(Into::into),
        name: names.get(&erasure.what.actor).cloned(),
        actor: erasure.what.actor,
        basis: erasure.what.basis,
        note: erasure.what.note,
        erased: erasure.erased,
        refused: erasure.refused,
        shared: erasure.shared,
    };
    Ok(found.into_iter().map(shown).collect())
}

/// `POST /erasures/preview`
pub(crate) async fn preview(
    FromState(state): FromState<State>,
    caller: Caller,
    Json(asked): Json<ErasureSearch>,
) -> Result<axum::Json<ErasurePreview>, Failure> {
    let address = text("address", &asked.address, 320)?;
    let read = state.read(move |state| {
        let engine = state.engine();
        let found = engine.person(&address)?.mails;
        let mails: Vec<MailId> = found.iter().map(|(mail, ..)| *mail).collect();
        let kept: HashMap<MailId, String> = engine.kept(&mails)?.into_iter().collect();
        let seqs: Vec<i64> = found.iter().take(MAILS_MAX).map(|(_, seq, _)| *seq).collect();
        // That a mail is there is for whoever answers for all of them; what it says is for who may read it.
        let mut dates = HashMap::new();
        let mut subjects = HashMap::new();
        for line in state.store().mail_lines_of(&model::Scope::All, &seqs)? {
            dates.insert(line.seq, line.date);
        }
        let readable: Vec<i64> =
            state.store().mail_lines_of(caller.scope(), &seqs)?.iter().map(|line| line.seq).collect();
        for (seq, about) in state.store().about_mails(&readable)? {
            subjects.insert(seq, about.subject);
        }
        let item = |(mail, seq, about): &(MailId, i64, About)| ErasureMail {
            mail_id: mail.uuid(),
            about: match about {
                About::Header => ErasureAbout::Header,
                About::Text => ErasureAbout::Text,
            },
            date: dates.get(seq).copied().flatten().map(Into::into),
            subject: subjects.get(seq).cloned(),
            kept: kept.get(mail).cloned(),
        };
        let details = [("mails", mails.len().to_string())];
        events::record(state, &caller, "person.searched", Subject::Nothing, &details)?;
        Ok(ErasurePreview {
            total: found.len() as u64,
            kept: kept.len() as u64,
            items: found.iter().take(MAILS_MAX).map(item).collect(),
        })
    });
    read.await.map(axum::Json)
}

/// `POST /erasures`
pub(crate) async fn erase(
    FromState(state): FromState<State>,
    caller: Caller,
    Json(asked): Json<ErasureRequest>,
) -> Result<impl IntoResponse, Failure> {
    if asked.mails.is_empty() || asked.mails.len() > MAILS_MAX {
        return Err(Failure::field("mails", "too-many-items").with("items", MAILS_MAX));
    }
    let note = asked.note.trim();
    let note = if note.is_empty() { String::new() } else { text("note", note, 1000)? };
    let request = pipeline::ErasureRequest {
        mails: asked.mails.into_iter().map(MailId::new).collect(),
        basis: Basis::named(asked.basis.as_str()).ok_or_else(Failure::not_found)?,
        note,
        actor: caller.user_id().to_string(),
    };
    let asked = state.read(move |state| {
        let ask = Ask {
            kind: store::ApprovalKind::Erasure,
            payload: request.payload(),
            note: request.note,
            by: approvals::person(&caller),
        };
        let id = state.engine().ask(&ask)?;
        approvals::found(state, &caller, id)
    });
    asked.await.map(|approval| (StatusCode::CREATED, axum::Json(approval)))
}

/// `GET /person`
pub(crate) async fn person(
    FromState(state): FromState<State>,
    caller: Caller,
    Params(asked): Params<PersonQuery>,
) -> Result<Response, Failure> {
    let address = text("address", &asked.address, 320)?;
    let turn = state.download_turn().await?;
    let scope = caller.scope().clone();
    state.read(move |state| events::record(state, &caller, "person.exported", Subject::Nothing, &[])).await?;
    let headers = [
        (header::CONTENT_TYPE, HeaderValue::from_static("application/zip")),
        (header::CONTENT_DISPOSITION, disposition::attachment(Some("person.zip"), "person.zip")),
    ];
    let engine = state.engine().clone();
    let body = piped::body(move |pipe| {
        let _turn = turn;
        match engine.person_file(&scope, &address, pipe) {
            Ok(_) => Ok(()),
            Err(pipeline::Error::Write(error)) => Err(error),
            Err(error) => {
                tracing::warn!(error = %pipeline::chain(&error), "an export broke off");
                Err(io::Error::other(error))
            }
        }
    });
    Ok((headers, body).into_response())
}
