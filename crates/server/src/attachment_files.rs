//! Attachments as files in a tree of folders: what is set, how it stands, and where files would go.

use std::collections::BTreeMap;

use api::{
    AttachmentFile, AttachmentFileExample, AttachmentFilePage, AttachmentFilePreview, AttachmentFileQuery,
    AttachmentFileSettings, AttachmentFileState, AttachmentFiles, Language, MediaKind, OutgoingError,
};
use axum::extract::State as FromState;
use axum::http::StatusCode;
use model::AccountId;
use pipeline::{FileField, FileSettings, FileSettingsError, PatternError};
use store::FileState;

use crate::attachment_list::{KINDS, kind};
use crate::attachments::read_cursor;
use crate::events::{self, Subject};
use crate::extract::{Json, Params, limit};
use crate::problem::Failure;
use crate::rights::Caller;
use crate::{State, lang};

/// Examples shown.
const EXAMPLES: usize = 5;

const STATES: [(AttachmentFileState, FileState); 6] = [
    (AttachmentFileState::Writing, FileState::Writing),
    (AttachmentFileState::Written, FileState::Written),
    (AttachmentFileState::Held, FileState::Held),
    (AttachmentFileState::Failed, FileState::Failed),
    (AttachmentFileState::Deleted, FileState::Deleted),
    (AttachmentFileState::Changed, FileState::Changed),
];

fn shown(state: &State) -> Result<AttachmentFiles, Failure> {
    let stands = state.engine().attachment_files_state()?;
    let (settings, counts, folder) = (stands.settings, stands.counts, stands.folder);
    let kinds = settings
        .kinds
        .iter()
        .filter_map(|word| store::MediaKind::ALL.into_iter().find(|known| known.as_str() == word).map(kind));
    let accounts = settings.accounts.iter().filter_map(|id| id.parse::<AccountId>().ok());
    let last_error = folder.as_ref().and_then(|folder| folder.last_error.clone());
    Ok(AttachmentFiles {
        settings: AttachmentFileSettings {
            active: settings.active,
            kinds: kinds.collect(),
            accounts: accounts.map(|id| id.uuid()).collect(),
            octets_min: settings.octets_min,
            inline: settings.inline,
            all: settings.all,
            language: if settings.language == "de" { Language::De } else { Language::En },
            folder: settings.folder,
            pattern: settings.pattern,
        },
        placeholders: FileField::ALL.into_iter().map(|field| field.as_str().to_owned()).collect(),
        written: counts.written,
        held: counts.held,
        failed: counts.failed,
        deleted: counts.deleted,
        changed: counts.changed,
        waiting: counts.waiting,
        backfill: counts.backfill,
        to_remove: counts.to_remove,
        last_success: folder.and_then(|folder| folder.last_success).map(Into::into),
        last_error: last_error.map(|(text, since)| OutgoingError { text, since: since.into() }),
    })
}

/// Words in names of folders and files in this language (ISO 639-1), English for others.
pub fn file_words(language: &str) -> BTreeMap<String, String> {
    let language = if language == "de" { Language::De } else { Language::En };
    let words = ["image", "pdf", "document", "archive", "other", "none", "file"];
    words.map(|key| (key.to_owned(), lang::word(language, &format!("files-{key}")).to_owned())).into()
}

fn wanted(asked: AttachmentFileSettings) -> FileSettings {
    let language = asked.language;
    let word_of = |known: MediaKind| {
        KINDS.into_iter().find(|(kind, _)| *kind == known).map(|(_, kind)| kind.as_str().to_owned())
    };
    FileSettings {
        active: asked.active,
        folder: asked.folder,
        pattern: asked.pattern,
        accounts: asked.accounts.into_iter().map(|id| AccountId::new(id).to_string()).collect(),
        kinds: asked.kinds.into_iter().filter_map(word_of).collect(),
        octets_min: asked.octets_min,
        inline: asked.inline,
        all: asked.all,
        after: 0,
        language: if language == Language::De { "de" } else { "en" }.to_owned(),
        words: file_words(if language == Language::De { "de" } else { "en" }),
    }
}

fn refused(error: FileSettingsError) -> Failure {
    match error {
        FileSettingsError::Pattern(error) => pattern(error),
        FileSettingsError::Path => Failure::field("folder", "files-folder-path"),
        FileSettingsError::DataDirectory => Failure::field("folder", "files-folder-data"),
        FileSettingsError::Folder(error) => {
            Failure::field("folder", "files-folder-unusable").with("reason", error)
        }
        FileSettingsError::Account(_) => Failure::field("accounts", "files-account"),
        FileSettingsError::Kind(_) => Failure::field("kinds", "files-kind"),
    }
}

fn pattern(error: PatternError) -> Failure {
    let field = |key| Failure::field("pattern", key);
    match error {
        PatternError::Empty | PatternError::NoFolder => field("files-pattern-folder"),
        PatternError::TooLong | PatternError::TooDeep => field("files-pattern-long"),
        PatternError::Traversal(part) => field("files-pattern-traversal").with("part", part),
        PatternError::Character(c) => field("files-pattern-character").with("character", c.escape_default()),
        PatternError::Brace => field("files-pattern-brace"),
        PatternError::Unknown(placeholder) => field("files-pattern-unknown")
            .with("placeholder", placeholder.trim_matches(['{', '}']))
            .with("known", FileField::ALL.map(FileField::as_str).join(", ")),
        PatternError::NoName => field("files-pattern-name"),
    }
}

/// `GET /attachment-files`
pub(crate) async fn read(FromState(state): FromState<State>) -> Result<axum::Json<AttachmentFiles>, Failure> {
    state.read(shown).await.map(axum::Json)
}

/// `PUT /attachment-files`
pub(crate) async fn set(
    FromState(state): FromState<State>,
    caller: Caller,
    Json(asked): Json<AttachmentFileSettings>,
) -> Result<axum::Json<AttachmentFiles>, Failure> {
    let written = state.read(move |state| {
        let wanted = state.engine().check_attachment_files(wanted(asked))?.map_err(refused)?;
        let active = if wanted.active { "files-on" } else { "files-off" };
        let details = [
            ("active", lang::word(caller.language(), active).to_owned()),
            ("folder", wanted.folder.clone()),
            ("pattern", wanted.pattern.clone()),
        ];
        let event = events::of(state, &caller, "files.changed", Subject::Nothing, &details);
        state.engine().set_attachment_files(wanted, event)?.map_err(refused)?;
        shown(state)
    });
    written.await.map(axum::Json)
}

/// `POST /attachment-files/preview`
pub(crate) async fn preview(
    FromState(state): FromState<State>,
    caller: Caller,
    Json(asked): Json<AttachmentFileSettings>,
) -> Result<axum::Json<AttachmentFilePreview>, Failure> {
    let read = state.read(move |state| {
        let engine = state.engine();
        // Without a folder the pattern can be tried all the same.
        let asked =
            AttachmentFileSettings { active: asked.active && !asked.folder.trim().is_empty(), ..asked };
        let settings = engine.check_attachment_files(wanted(asked))?.map_err(refused)?;
        let found = engine.attachment_file_examples(caller.scope(), &settings, EXAMPLES)?;
        let mut examples: Vec<AttachmentFileExample> = found
            .into_iter()
            .map(|example| AttachmentFileExample { mail_id: Some(example.mail.uuid()), path: example.path })
            .collect();
        if examples.is_empty() {
            let path = engine.invented_attachment_file(&settings);
            examples.extend(path.map(|path| AttachmentFileExample { mail_id: None, path }));
        }
        Ok(AttachmentFilePreview { folder: settings.folder, examples })
    });
    read.await.map(axum::Json)
}

/// `POST /attachment-files/again`
pub(crate) async fn again(FromState(state): FromState<State>, caller: Caller) -> Result<StatusCode, Failure> {
    let asked = state.read(move |state| {
        state.engine().write_missing_files()?;
        events::record(state, &caller, "files.again", Subject::Nothing, &[])
    });
    asked.await.map(|()| StatusCode::ACCEPTED)
}

/// `GET /attachment-files/list`
pub(crate) async fn list(
    FromState(state): FromState<State>,
    caller: Caller,
    Params(query): Params<AttachmentFileQuery>,
) -> Result<axum::Json<AttachmentFilePage>, Failure> {
    let limit = limit(query.limit)? as usize;
    let before = query.cursor.as_deref().map(read_cursor).transpose()?;
    let wanted = STATES.into_iter().find(|(state, _)| *state == query.state);
    let wanted = wanted.map_or(FileState::Failed, |(_, state)| state);
    let page = state.read(move |state| {
        let before = before.as_ref().map(|(seq, part)| (*seq, part.as_str()));
        let mut rows = state.store().files_in(caller.scope(), wanted, before, limit + 1)?;
        let more = rows.len() > limit;
        rows.truncate(limit);
        let next = rows.last().filter(|_| more).map(|row| format!("{}_{}", row.file.seq, row.file.part));
        let items = rows.into_iter().map(|row| {
            // Names say what is in mails: who may not read those gets none.
            let path = Some(row.file.path).filter(|path| row.mail.is_some() && !path.is_empty());
            AttachmentFile {
                mail_id: row.mail.map(|mail| mail.uuid()),
                part: row.file.part,
                path,
                octets: row.file.octets,
                state: query.state,
                at: row.file.at.into(),
                error: Some(row.file.error).filter(|error| !error.is_empty()),
            }
        });
        Ok(AttachmentFilePage { items: items.collect(), next })
    });
    page.await.map(axum::Json)
}
