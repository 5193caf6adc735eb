//! Uploads: a form with files, each written to the disk as it comes.

use std::collections::HashSet;
use std::io;
use std::path::{Component, Path, PathBuf};
use std::time::Duration;

use api::Language;
use axum::extract::multipart::{Field, MultipartError};
use axum::extract::{FromRequest, Multipart, Request, State as FromState};
use axum::http::{StatusCode, header};
use axum::response::IntoResponse;
use model::AccountId;
use tokio::fs::{self, File};
use tokio::io::AsyncWriteExt;
use tokio::time::timeout;
use uuid::Uuid;

use crate::background::ImportJob;
use crate::events::{self, Subject};
use crate::imports::{failed, shown, visible};
use crate::problem::Failure;
use crate::rights::Caller;
use crate::{State, accounts, disk, lang};

/// Files of one upload.
const FILES_MAX: usize = 100_000;
/// Pause in an upload after which it is given up.
const PAUSE_MAX: Duration = Duration::from_mins(1);
/// Time for a whole upload, however steadily it drips: it keeps a place that others wait for.
const UPLOAD_MAX: Duration = Duration::from_hours(12);
/// Room that stays free on the disk.
const RESERVE_OCTETS: u64 = 256 << 20;

/// `POST /imports`: `account` first, then the files, each written to the disk as it comes.
pub(crate) async fn upload(
    FromState(state): FromState<State>,
    caller: Caller,
    request: Request,
) -> Result<impl IntoResponse, Failure> {
    let _turn = state.uploads().try_acquire().map_err(|_| {
        Failure::new(StatusCode::SERVICE_UNAVAILABLE, "busy").retry_after(Duration::from_secs(30))
    })?;
    let announced = request
        .headers()
        .get(header::CONTENT_LENGTH)
        .and_then(|value| value.to_str().ok()?.parse::<u64>().ok());
    check_room(&state, announced.unwrap_or_default()).await?;
    let mut form = Multipart::from_request(request, &state)
        .await
        .map_err(|_| Failure::new(StatusCode::UNSUPPORTED_MEDIA_TYPE, "upload-media-type"))?;
    let (mut caller, (account, _)) = account_of(&state, caller, &mut form).await?;
    let folder = Folder::new(&state).await?;
    let received = timeout(UPLOAD_MAX, receive(&state, &mut form, folder.path())).await.map_err(paused)??;
    let source = received.source(caller.language());
    let run = state
        .read(move |state| {
            let job = ImportJob {
                account,
                folder: folder.0.clone(),
                source: source.clone(),
                actor: caller.user_id().to_string(),
                octets: received.octets,
            };
            let id = state.background().import(job).map_err(failed)?;
            // From here on the folder is the engine's.
            folder.keep();
            let details = [("source", source), ("files", received.files.to_string())];
            events::record(state, &caller, "import.started", Subject::Import(id), &details)?;
            caller.may_read(account);
            shown(state, caller.language(), visible(state, &caller, id)?)
        })
        .await?;
    Ok((StatusCode::ACCEPTED, axum::Json(run)))
}

/// A folder of its own below the uploads, removed again unless it is handed on.
pub(crate) struct Folder(PathBuf);

impl Folder {
    pub(crate) async fn new(state: &State) -> Result<Self, Failure> {
        let folder = state.options().uploads.join(format!("upload-{}", Uuid::now_v7()));
        fs::create_dir_all(&folder).await.map_err(unwritable)?;
        Ok(Self(folder))
    }

    pub(crate) fn path(&self) -> &Path {
        &self.0
    }

    /// It belongs to somebody else from here on.
    pub(crate) fn keep(self) {
        std::mem::forget(self);
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        // What cannot be removed now is removed at the next start.
        let _ = std::fs::remove_dir_all(&self.0);
    }
}

/// Removes what uploads left behind that nobody finished. A folder with a note beside it (`<folder>.json`) is an import
/// that goes on, and stays.
pub(crate) fn clean(uploads: &Path) -> io::Result<()> {
    for entry in std::fs::read_dir(uploads)? {
        let path = entry?.path();
        let ours = path.file_name().is_some_and(|name| name.to_string_lossy().starts_with("upload-"));
        if ours && path.is_dir() && !path.with_extension("json").exists() {
            std::fs::remove_dir_all(path)?;
        }
    }
    Ok(())
}

async fn check_room(state: &State, octets: u64) -> Result<(), Failure> {
    if octets > state.options().upload_octets_max {
        return Err(too_large(state));
    }
    let free = state.read(|state| Ok(disk::room(&state.options().data).map(|room| room.free_octets))).await?;
    // Twice: the upload itself, and what of it goes into the archive.
    match free {
        Ok(free) if free < octets.saturating_mul(2).saturating_add(RESERVE_OCTETS) => Err(no_room()),
        _ => Ok(()),
    }
}

fn too_large(state: &State) -> Failure {
    Failure::new(StatusCode::PAYLOAD_TOO_LARGE, "upload-too-large")
        .with("gigabytes", state.options().upload_octets_max >> 30)
}

fn no_room() -> Failure {
    Failure::new(StatusCode::INSUFFICIENT_STORAGE, "disk-full")
}

pub(crate) fn unwritable(error: io::Error) -> Failure {
    match error.kind() {
        io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded | io::ErrorKind::FileTooLarge => {
            no_room().because(error)
        }
        _ => Failure::internal(error),
    }
}

fn cut_off(error: MultipartError) -> Failure {
    Failure::new(StatusCode::BAD_REQUEST, "upload-cut-off").because(error)
}

fn paused<T>(_: T) -> Failure {
    Failure::new(StatusCode::REQUEST_TIMEOUT, "upload-paused")
}

async fn account_of(
    state: &State,
    mut caller: Caller,
    form: &mut Multipart,
) -> Result<(Caller, (AccountId, String)), Failure> {
    let field = timeout(PAUSE_MAX, form.next_field()).await.map_err(paused)?.map_err(cut_off)?;
    let field = field.filter(|field| field.name() == Some("account") && field.file_name().is_none());
    let mut field = field.ok_or_else(|| Failure::field("account", "upload-account"))?;
    let mut wanted = Vec::new();
    while let Some(chunk) = timeout(PAUSE_MAX, field.chunk()).await.map_err(paused)?.map_err(cut_off)? {
        wanted.extend_from_slice(&chunk);
        if wanted.len() > 1000 {
            return Err(Failure::field("account", "upload-account"));
        }
    }
    let wanted = String::from_utf8(wanted).map_err(|_| Failure::field("account", "upload-account"))?;
    state
        .read(move |state| {
            let account = accounts::for_import(state, &mut caller, wanted.trim())?;
            Ok((caller, account))
        })
        .await
}

#[derive(Debug, Default)]
struct Received {
    files: usize,
    octets: u64,
    first: String,
    taken: Taken,
}

impl Received {
    /// For display: the name of the only file, or how many there are.
    fn source(&self, language: Language) -> String {
        match self.files {
            1 => self.first.clone(),
            files => {
                lang::word_if_known(language, "files", &[("files", files.to_string())]).unwrap_or_default()
            }
        }
    }
}

async fn receive(state: &State, form: &mut Multipart, folder: &Path) -> Result<Received, Failure> {
    let mut received = Received::default();
    while let Some(field) = timeout(PAUSE_MAX, form.next_field()).await.map_err(paused)?.map_err(cut_off)? {
        let Some(name) = field.file_name().map(str::to_owned) else {
            return Err(Failure::field(field.name().unwrap_or_default(), "upload-field"));
        };
        if received.files >= FILES_MAX {
            return Err(
                Failure::new(StatusCode::PAYLOAD_TOO_LARGE, "upload-too-many").with("files", FILES_MAX)
            );
        }
        let path = free_path(&name, received.files, &mut received.taken);
        if received.files == 0 {
            received.first = path.to_string_lossy().into_owned();
        }
        received.octets += write(state, field, &folder.join(path), received.octets).await?;
        received.files += 1;
    }
    if received.files == 0 { Err(Failure::field("file", "upload-empty")) } else { Ok(received) }
}

/// The name a browser gives may hold folders, as when a whole folder is dropped; nothing in it leads elsewhere. Names
/// that exist already are put into a folder of their own.
fn free_path(name: &str, number: usize, taken: &mut Taken) -> PathBuf {
    let cleaned = name.replace('\\', "/").replace(|c: char| c.is_control(), "_");
    let mut path: PathBuf = Path::new(&cleaned)
        .components()
        .filter_map(|component| match component {
            Component::Normal(part) => Some(shortened(&part.to_string_lossy())),
            _ => None,
        })
        .collect();
    if path.as_os_str().is_empty() || path.as_os_str().len() > 2000 {
        path = PathBuf::from(format!("{}.eml", number + 1));
    }
    while taken.clashes(&path) {
        path = Path::new(&(number + 1).to_string()).join(path);
    }
    taken.take(&path);
    path
}

/// Names that are in use in the folder of an upload.
#[derive(Debug, Default)]
struct Taken {
    files: HashSet<PathBuf>,
    folders: HashSet<PathBuf>,
}

impl Taken {
    /// A file is there, a folder is there, or a file is where a folder would be needed.
    fn clashes(&self, path: &Path) -> bool {
        self.folders.contains(path) || path.ancestors().any(|above| self.files.contains(above))
    }

    fn take(&mut self, path: &Path) {
        self.files.insert(path.to_owned());
        self.folders.extend(path.ancestors().skip(1).map(Path::to_owned));
    }
}

/// File systems take 255 octets; the ending says how the file is read.
fn shortened(name: &str) -> String {
    if name.len() <= 200 {
        return name.to_owned();
    }
    let at = |mut at: usize| {
        while !name.is_char_boundary(at) {
            at -= 1;
        }
        at
    };
    format!("{}{}", &name[..at(150)], &name[at(name.len() - 40)..])
}

async fn write(state: &State, mut field: Field<'_>, path: &Path, before: u64) -> Result<u64, Failure> {
    if let Some(parent) = path.parent() {
        fs::create_dir_all(parent).await.map_err(unwritable)?;
    }
    let mut file = File::create_new(path).await.map_err(unwritable)?;
    let mut octets = 0;
    while let Some(chunk) = timeout(PAUSE_MAX, field.chunk()).await.map_err(paused)?.map_err(cut_off)? {
        octets += chunk.len() as u64;
        if before + octets > state.options().upload_octets_max {
            return Err(too_large(state));
        }
        file.write_all(&chunk).await.map_err(unwritable)?;
    }
    file.flush().await.map_err(unwritable)?;
    Ok(octets)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_lead_nowhere_and_never_clash() {
        let mut taken = Taken::default();
        let mut check = |name: &str, number: usize, expected: &str| {
            assert_eq!(free_path(name, number, &mut taken), PathBuf::from(expected), "{name}");
        };
        check("a.eml", 0, "a.eml");
        check("a.eml", 1, "2/a.eml");
        check("../../etc/passwd", 2, "etc/passwd");
        check("/abs/x.mbox", 3, "abs/x.mbox");
        check("C:\\mail\\y.eml", 4, "C:/mail/y.eml");
        check("", 5, "6.eml");
        check("..", 6, "7.eml");
        check("Maildir/cur/1.host:2,S", 7, "Maildir/cur/1.host:2,S");
        check("etc", 8, "9/etc");
        check("etc/passwd/x", 9, "10/etc/passwd/x");
        check("a\r\nb.eml", 10, "a__b.eml");
    }

    #[test]
    fn long_names_keep_both_ends() {
        let name = format!("{}.mbox", "ä".repeat(200));
        let short = shortened(&name);
        assert!(short.len() <= 200 && short.rsplit_once('.').unwrap().1 == "mbox" && short.starts_with('ä'));
    }
}
