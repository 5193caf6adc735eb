//! Folders for documents, and what people file in them.

use api::{
    Document, DocumentFilingRequest, DocumentFolder, DocumentFolderList, DocumentFolderRequest, DocumentList,
    RecordFolder, RecordFolderList,
};
use axum::extract::{Path, State as FromState};
use axum::http::StatusCode;
use axum::response::IntoResponse;
use model::{MailId, RecordKind};
use store::{Filing, FolderRefusal};

use crate::events::{self, Subject};
use crate::extract::{Id, Json, text};
use crate::problem::Failure;
use crate::rights::Caller;
use crate::{State, links};

const NAME_CHARACTERS_MAX: usize = 100;

fn shown(folder: store::DocumentFolder) -> DocumentFolder {
    DocumentFolder {
        key: folder.key,
        parent: Some(folder.parent).filter(|parent| *parent != 0),
        kind: folder.kind.map(|kind| kind.as_str().to_owned()),
        name: folder.name,
    }
}

fn refused(refusal: FolderRefusal) -> Failure {
    match refusal {
        FolderRefusal::Missing => Failure::not_found(),
        FolderRefusal::Taken => Failure::new(StatusCode::CONFLICT, "folder-taken"),
        FolderRefusal::Many => Failure::new(StatusCode::CONFLICT, "folder-many"),
        FolderRefusal::Full => Failure::new(StatusCode::CONFLICT, "folder-full"),
    }
}

/// `GET /documents/folders`
pub(crate) async fn folders(
    FromState(state): FromState<State>,
    _caller: Caller,
) -> Result<axum::Json<DocumentFolderList>, Failure> {
    let found = state.read(|state| {
        let items = state.store().document_folders()?.into_iter().map(shown).collect();
        Ok(DocumentFolderList { items })
    });
    found.await.map(axum::Json)
}

/// `POST /documents/folders`
pub(crate) async fn add(
    FromState(state): FromState<State>,
    caller: Caller,
    Json(asked): Json<DocumentFolderRequest>,
) -> Result<impl IntoResponse, Failure> {
    let name = text("name", &asked.name, NAME_CHARACTERS_MAX)?;
    let kind = match &asked.kind {
        Some(word) => {
            let unknown = || Failure::field("kind", "word-unknown").with("word", word).with("field", "kind");
            Some(RecordKind::from_word(word).ok_or_else(unknown)?)
        }
        None => None,
    };
    let new = store::DocumentFolder { key: 0, parent: asked.parent.unwrap_or(0), kind, name: name.clone() };
    let made = state.read(move |state| {
        let key = state.store().add_document_folder(new)?.map_err(refused)?;
        events::record(state, &caller, "folder.added", Subject::Nothing, &[("name", name)])?;
        let found = state.store().document_folders()?.into_iter().find(|folder| folder.key == key);
        found.map(shown).ok_or_else(Failure::not_found)
    });
    Ok((StatusCode::CREATED, axum::Json(made.await?)))
}

/// `PUT /documents/folders/{key}`
pub(crate) async fn rename(
    FromState(state): FromState<State>,
    Path(key): Path<i64>,
    caller: Caller,
    Json(asked): Json<DocumentFolderRequest>,
) -> Result<StatusCode, Failure> {
    let name = text("name", &asked.name, NAME_CHARACTERS_MAX)?;
    let renamed = state.read(move |state| {
        state.store().rename_document_folder(key, name.clone())?.map_err(refused)?;
        events::record(state, &caller, "folder.renamed", Subject::Nothing, &[("name", name)])
    });
    renamed.await.map(|()| StatusCode::NO_CONTENT)
}

/// `DELETE /documents/folders/{key}`
pub(crate) async fn remove(
    FromState(state): FromState<State>,
    Path(key): Path<i64>,
    caller: Caller,
) -> Result<StatusCode, Failure> {
    let removed = state.read(move |state| {
        let found = state.store().document_folders()?.into_iter().find(|folder| folder.key == key);
        let name = found.map(|folder| folder.name).unwrap_or_default();
        state.store().remove_document_folder(key)?.map_err(refused)?;
        events::record(state, &caller, "folder.removed", Subject::Nothing, &[("name", name)])
    });
    removed.await.map(|()| StatusCode::NO_CONTENT)
}

/// `GET /records/{kind}/{number}/folders`
pub(crate) async fn of_record(
    FromState(state): FromState<State>,
    Path((kind, number)): Path<(String, String)>,
    caller: Caller,
) -> Result<axum::Json<RecordFolderList>, Failure> {
    let (kind, number) = links::named(&kind, &number)?;
    if crate::addresses::sees_nobody(&caller) {
        return Err(Failure::not_found());
    }
    let found = state.read(move |state| {
        let record = state.store().record(kind, &number)?.ok_or_else(Failure::not_found)?;
        let counts = state.store().document_counts(record.key)?;
        let folders = state.store().document_folders()?.into_iter();
        let items = folders
            .filter(|folder| folder.kind.is_none_or(|of| of == kind))
            .map(|folder| RecordFolder {
                documents: counts.get(&folder.key).copied().unwrap_or_default(),
                folder: shown(folder),
            })
            .collect();
        Ok(RecordFolderList { items })
    });
    found.await.map(axum::Json)
}

/// `GET /messages/{mail_id}/documents`
pub(crate) async fn of_message(
    FromState(state): FromState<State>,
    Id(id): Id<MailId>,
    caller: Caller,
) -> Result<axum::Json<DocumentList>, Failure> {
    let found = state.read(move |state| {
        let found = state.store().documents_of(caller.scope(), id)?.ok_or_else(Failure::not_found)?;
        let names = links::user_names(state)?;
        let items = found.into_iter().map(|document| Document {
            kind: document.kind.as_str().to_owned(),
            number: document.number,
            part: document.part,
            folder: document.folder,
            user: names.get(&document.actor).cloned(),
            at: document.at.into(),
        });
        Ok(DocumentList { items: items.collect() })
    });
    found.await.map(axum::Json)
}

/// `POST /records/{kind}/{number}/documents`
pub(crate) async fn file(
    FromState(state): FromState<State>,
    Path((kind, number)): Path<(String, String)>,
    caller: Caller,
    Json(asked): Json<DocumentFilingRequest>,
) -> Result<StatusCode, Failure> {
    let record = links::named(&kind, &number)?;
    let mail = MailId::new(asked.mail_id);
    let filed = state.read(move |state| {
        let folders = state.store().document_folders()?;
        let name = folders.into_iter().find(|folder| folder.key == asked.folder).map(|folder| folder.name);
        let filing = Filing {
            record,
            mail,
            part: asked.part.filter(|part| !part.is_empty()),
            folder: asked.folder,
            filed: asked.filed,
            actor: caller.user_id().to_string(),
        };
        let number = filing.record.1.clone();
        state.store().file_document(caller.scope(), filing, state.now())?;
        let kind = if asked.filed { "document.filed" } else { "document.taken_out" };
        let details = [("number", number), ("folder", name.unwrap_or_default())];
        events::record(state, &caller, kind, Subject::Mail(mail), &details)
    });
    filed.await.map(|()| StatusCode::NO_CONTENT)
}
