//! Attachments as files in a tree of folders, behind the mails: written once they were looked at and are not held, removed when they are
//! held later or their mail is erased. What was done is a row; killed anywhere, the next start goes on. What people delete stays deleted,
//! what they change is never touched.

mod disk;
mod erased;
mod place;
mod settings;
mod state;

use std::cell::Cell;
use std::io;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use export::tree::{self, Pattern};
use model::{Disposition, PartRole, Sha256, UnixMillis};
use store::{AttachmentFolder, FileRow, FileState, FileWork, MailFiles, StoredPart};

pub use erased::LeftFile;
pub(crate) use erased::{left, remove_erased};
pub use settings::{FileSettings, FileSettingsError};
pub(crate) use state::facts;
pub use state::{FileExample, FilesState};

use crate::core::{Bell, Core};
use crate::engine::Engine;
use crate::error::Result;
use disk::{Draft, Found, Removed, Root, Unreadable};

/// Mails taken together, and taken note of together.
const BATCH: usize = 50;
const FEED: usize = 500;
/// Looks at least this often.
const PATIENCE: Duration = Duration::from_mins(1);
/// A folder that does not take anything is tried again after so long, longer each time.
const PAUSE_MIN: Duration = Duration::from_secs(10);
const PAUSE_MAX: Duration = Duration::from_mins(10);
/// A mail taken is nobody else's for so long.
const LEASE_MS: i64 = 60 * 60_000;
/// An attachment that fails is tried again after so long, and so often.
const AGAIN_MS: i64 = 60_000;
const ATTEMPTS_MAX: u32 = 6;
/// Mails that are read whole for an attachment that is not kept by itself, octets at most.
const MAIL_MAX: u64 = 256 << 20;
/// Files of the same name that are told apart by a number.
const NUMBER_MAX: u32 = 1000;
/// How much the thread gives way to others, as `nice` counts.
#[cfg(target_os = "linux")]
const NICE: i32 = 10;

/// What the engine keeps for files.
#[derive(Default)]
pub(crate) struct Files {
    /// Rings when there may be something to write or to remove.
    pub(crate) bell: Bell,
    /// Held while files of one mail are written or removed, and while rows of mails are erased.
    pub(crate) writing: Mutex<()>,
    /// Held by who goes through what is due.
    draining: Mutex<()>,
}

/// Why something was not written.
#[derive(Debug)]
enum Fault {
    /// The folder takes nothing.
    Folder(String),
    /// This attachment cannot be written.
    Part(String),
    /// Database or archive.
    Engine(crate::error::Error),
}

impl<E: Into<crate::error::Error>> From<E> for Fault {
    fn from(error: E) -> Self {
        Self::Engine(error.into())
    }
}

/// A word for what is wrong, and what the system says.
fn said(error: &io::Error) -> String {
    let word = match error.kind() {
        io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded => "full",
        io::ErrorKind::PermissionDenied => "denied",
        io::ErrorKind::ReadOnlyFilesystem => "read_only",
        io::ErrorKind::NotFound => "missing",
        io::ErrorKind::InvalidFilename => "name",
        io::ErrorKind::NotADirectory => "no_folder",
        // A link where a folder should be.
        _ if error.raw_os_error() == Some(rustix::io::Errno::LOOP.raw_os_error()) => "no_folder",
        _ => "other",
    };
    format!("{word}: {error}")
}

/// The original cannot be read.
fn unread(error: &archive::Error) -> Fault {
    Fault::Part(format!("unreadable: {}", crate::chain(error)))
}

/// Runs until the engine closes.
pub(crate) fn run(core: &Arc<Core>) {
    #[cfg(target_os = "linux")]
    rustix::process::setpriority_process(None, NICE).ok();
    if let Err(error) = begin(core) {
        tracing::warn!(error = %crate::chain(&error), "files of attachments wait");
    }
    let mut pause = PAUSE_MIN;
    loop {
        let wait = match drain(core) {
            Ok(true) => {
                pause = PAUSE_MIN;
                PATIENCE
            }
            outcome => {
                if let Err(error) = outcome {
                    tracing::warn!(error = %crate::chain(&error), "files of attachments wait");
                }
                let now = pause;
                pause = (pause * 2).min(PAUSE_MAX);
                now
            }
        };
        if core.files.bell.is_closed() {
            return;
        }
        core.files.bell.wait(Some(wait));
    }
}

/// What a crash left is due at once, and what it left beside goes.
fn begin(core: &Core) -> Result<()> {
    core.store.take_up_file_work()?;
    let _writing = core.files.writing.lock().unwrap_or_else(PoisonError::into_inner);
    for folder in core.store.attachment_folders()? {
        if let Ok(root) = Root::open(Path::new(&folder.path)) {
            root.clean().ok();
        }
    }
    Ok(())
}

/// Does what is due; `false` if a folder does not take it.
///
/// # Errors
/// Of database and archive.
pub(crate) fn drain(core: &Arc<Core>) -> Result<bool> {
    let _draining = core.files.draining.lock().unwrap_or_else(PoisonError::into_inner);
    let fine = remove_erased(core, None)?;
    let folders = core.store.attachment_folders()?;
    if folders.is_empty() {
        return Ok(fine);
    }
    let settings: FileSettings = core.setting(FileSettings::NAME)?;
    let Ok(pattern) = Pattern::parse(&settings.pattern) else { return Ok(fine) };
    let folder = folders.iter().find(|folder| folder.path == settings.folder).filter(|_| settings.active);
    let work = Work {
        core,
        settings: &settings,
        pattern: &pattern,
        folder,
        folders: &folders,
        wrote: Cell::new(false),
    };
    let open = || !core.files.bell.is_closed();
    while open() {
        core.store.feed_file_work(FEED, core.now())?;
        let lease = core.now().plus_ms(LEASE_MS);
        let taken = core.store.take_file_work(core.now(), lease, BATCH)?;
        if taken.is_empty() {
            break;
        }
        let outcome = work.all(&taken, lease);
        if let Some(folder) = folder.filter(|_| work.wrote.take()) {
            core.store.note_attachment_folder(folder.key, None, core.now())?;
        }
        match outcome {
            Ok(()) => {}
            Err(Fault::Engine(error)) => return Err(error),
            Err(Fault::Folder(text) | Fault::Part(text)) => {
                if let Some(folder) = folder.filter(|_| open()) {
                    tracing::warn!(reason = %text, "a folder takes no attachments");
                    core.store.note_attachment_folder(folder.key, Some(text), core.now())?;
                }
                return Ok(false);
            }
        }
    }
    Ok(fine)
}

/// What is needed for every mail.
struct Work<'a> {
    core: &'a Core,
    settings: &'a FileSettings,
    pattern: &'a Pattern,
    /// The folder that is set; `None`: nothing is written.
    folder: Option<&'a AttachmentFolder>,
    folders: &'a [AttachmentFolder],
    /// Something was written.
    wrote: Cell<bool>,
}

impl Work<'_> {
    /// Some mails; what comes after a fault is given back.
    fn all(&self, taken: &[FileWork], lease: UnixMillis) -> Result<(), Fault> {
        let store = &self.core.store;
        for (done, one) in taken.iter().enumerate() {
            let closed = self.core.files.bell.is_closed();
            match if closed { Err(Fault::Folder(String::new())) } else { self.mail(one) } {
                Ok(again) => store.file_work_done(one.seq, lease, again)?,
                Err(fault) => {
                    for one in taken.get(done..).unwrap_or_default() {
                        store.file_work_done(one.seq, lease, Some((self.core.now(), one.attempts)))?;
                    }
                    return Err(fault);
                }
            }
        }
        Ok(())
    }

    /// Writes and removes what is to be, of one mail; gives when it is to be looked at again.
    fn mail(&self, one: &FileWork) -> Result<Option<(UnixMillis, u32)>, Fault> {
        let core = self.core;
        let _writing = core.files.writing.lock().unwrap_or_else(PoisonError::into_inner);
        let Some(mail) = core.store.mail_files(one.seq)? else { return Ok(None) };
        let examined = crate::examination::judged(&core.examination.settings(), mail.examined.clone());
        let mut opened = None;
        let mut failed = false;
        for part in mail.about.attachments.iter().filter(|part| part.role == PartRole::Attachment) {
            // Nobody has looked yet: who does rings again.
            let Some(found) = examined.iter().find(|examined| examined.is_of(part)) else { continue };
            match self.part(&mail, part, found.is_held(), one.again, &mut opened) {
                Err(Fault::Part(text)) => {
                    failed = true;
                    tracing::warn!(mail.id = %mail.line.mail_id, reason = %text, "an attachment is not written");
                    self.fail(&mail, part, text)?;
                }
                outcome => outcome?,
            }
        }
        let attempts = one.attempts + 1;
        let again = (core.now().plus_ms(AGAIN_MS << attempts.min(10)), attempts);
        Ok((failed && attempts < ATTEMPTS_MAX).then_some(again))
    }

    fn part(
        &self,
        mail: &MailFiles,
        part: &StoredPart,
        held: bool,
        again: bool,
        opened: &mut Option<Opened>,
    ) -> Result<(), Fault> {
        let known = mail.files.iter().find(|file| file.part == part.number);
        if held {
            return self.hold(mail, part, known);
        }
        if !is_due(known, again) || !self.is_wanted(mail, part, known, opened)? {
            return Ok(());
        }
        self.write(mail, part, known, opened)
    }

    /// Keeps what became of an attachment, at the place it has, if any.
    fn keep(
        &self,
        mail: &MailFiles,
        part: &StoredPart,
        known: Option<&FileRow>,
        state: FileState,
    ) -> Result<(), Fault> {
        let folder = known.map(|known| known.folder).or(self.folder.map(|folder| folder.key));
        let row = FileRow {
            seq: mail.line.seq,
            part: part.number.clone(),
            folder: folder.unwrap_or_default(),
            path: known.map(|known| known.path.clone()).unwrap_or_default(),
            octets: part.octets,
            sha256: known.map(|known| known.sha256).or(part.sha256).unwrap_or(Sha256([0; 32])),
            state,
            at: self.core.now(),
            error: String::new(),
        };
        self.core.store.put_file(row)?;
        Ok(())
    }

    /// Keeps why an attachment could not be written or removed; where it was to be stays known.
    fn fail(&self, mail: &MailFiles, part: &StoredPart, error: String) -> Result<(), Fault> {
        let row = FileRow {
            seq: mail.line.seq,
            part: part.number.clone(),
            folder: self.folder.map(|folder| folder.key).unwrap_or_default(),
            path: String::new(),
            octets: part.octets,
            sha256: part.sha256.unwrap_or(Sha256([0; 32])),
            state: FileState::Failed,
            at: self.core.now(),
            error,
        };
        self.core.store.fail_file(row)?;
        Ok(())
    }

    /// The attachment is held back: if it is a file, that goes.
    fn hold(&self, mail: &MailFiles, part: &StoredPart, known: Option<&FileRow>) -> Result<(), Fault> {
        let Some(known) = known else {
            let counts = self.folder.is_some() && self.is_chosen(mail, part);
            return if counts { self.keep(mail, part, None, FileState::Held) } else { Ok(()) };
        };
        if matches!(known.state, FileState::Held | FileState::Deleted | FileState::Changed) {
            return Ok(());
        }
        let state = match if known.path.is_empty() { Removed::Gone } else { self.remove(known)? } {
            Removed::Missing if known.state == FileState::Written => FileState::Deleted,
            Removed::Gone | Removed::Missing => FileState::Held,
            Removed::Changed => FileState::Changed,
        };
        self.keep(mail, part, Some(known), state)
    }

    /// Removes a file unless another attachment is it too.
    fn remove(&self, known: &FileRow) -> Result<Removed, Fault> {
        let owners = self.core.store.files_at(known.folder, &known.path)?;
        let is_other = |file: &FileRow| (file.seq, &file.part) != (known.seq, &known.part);
        if owners.iter().any(|file| is_other(file) && file.state == FileState::Written) {
            return Ok(Removed::Gone);
        }
        let Some(folder) = self.folders.iter().find(|folder| folder.key == known.folder) else {
            return Ok(Removed::Gone);
        };
        let is_set = self.folder.is_some_and(|set| set.key == folder.key);
        let fault = |error| if is_set { Fault::Folder(said(&error)) } else { Fault::Part(said(&error)) };
        let root = Root::open(Path::new(&folder.path)).map_err(fault)?;
        root.remove(&names(&known.path), known.sha256).map_err(|error| Fault::Part(said(&error)))
    }

    /// Whether it is among those that are to be files, as far as the database knows.
    fn is_chosen(&self, mail: &MailFiles, part: &StoredPart) -> bool {
        let kind = mail.kinds.get(&part.number).copied().unwrap_or(store::MediaKind::Other);
        let mut accounts = mail.line.placements.iter().map(|place| place.account.to_string());
        mail.line.seq > self.settings.after
            && part.octets >= self.settings.octets_min
            && self.settings.wants(kind)
            && (self.settings.accounts.is_empty() || accounts.any(|id| self.settings.accounts.contains(&id)))
    }

    /// The same, pictures in the text of the mail considered. What was a file once stays wanted.
    fn is_wanted(
        &self,
        mail: &MailFiles,
        part: &StoredPart,
        known: Option<&FileRow>,
        opened: &mut Option<Opened>,
    ) -> Result<bool, Fault> {
        if self.folder.is_none() {
            return Ok(false);
        }
        if known.is_some_and(|known| !known.path.is_empty()) {
            return Ok(true);
        }
        if !self.is_chosen(mail, part) {
            return Ok(false);
        }
        if self.settings.inline
            || !part.content_type.starts_with("image/")
            || mail.about.octets.octets > MAIL_MAX
        {
            return Ok(true);
        }
        let opened = Opened::of(self.core, mail, opened)?;
        Ok(!opened.is_inline(&part.number))
    }

    /// Writes it, if nobody deleted it.
    fn write(
        &self,
        mail: &MailFiles,
        part: &StoredPart,
        known: Option<&FileRow>,
        opened: &mut Option<Opened>,
    ) -> Result<(), Fault> {
        let Some(folder) = self.folder else { return Ok(()) };
        if let Some(known) = known.filter(|known| !known.path.is_empty() && known.state != FileState::Writing)
        {
            match self.at_its_place(known)? {
                Found::File(there) if there == known.sha256 => {
                    return self.keep(mail, part, Some(known), FileState::Written);
                }
                // What people changed is theirs. What was held has left its place to others.
                Found::File(_) | Found::Other if known.state != FileState::Held => {
                    return self.keep(mail, part, Some(known), FileState::Changed);
                }
                Found::Nothing | Found::File(_) | Found::Other => {}
            }
        }
        let root = Root::open(Path::new(&folder.path)).map_err(|error| Fault::Folder(said(&error)))?;
        self.has_room(&root, part.octets)?;
        // A file has the place it once had, as long as that is in this folder.
        let known = known.filter(|known| known.folder == folder.key && !known.path.is_empty());
        let path = match known {
            Some(known) => names(&known.path),
            None => self.pattern.path(&place::values(self.core, self.settings, mail, part)?),
        };
        match self.put(&root, folder.key, mail, part, &path, opened) {
            Ok(row) => {
                self.core.store.put_file(row)?;
                self.wrote.set(true);
                Ok(())
            }
            Err(Fault::Part(text)) => match root.try_out() {
                Ok(()) => Err(Fault::Part(text)),
                Err(error) => Err(Fault::Folder(said(&error))),
            },
            Err(fault) => Err(fault),
        }
    }

    /// What stands where an attachment was written, in whichever folder.
    fn at_its_place(&self, known: &FileRow) -> Result<Found, Fault> {
        let Some(folder) = self.folders.iter().find(|folder| folder.key == known.folder) else {
            return Ok(Found::Nothing);
        };
        let root = Root::open(Path::new(&folder.path));
        let found = root.and_then(|root| root.found(&names(&known.path)));
        found.map_err(|error| Fault::Part(said(&error)))
    }

    /// Where the folder lies on the disk of the data directory, room is left for mails.
    fn has_room(&self, root: &Root, octets: u64) -> Result<(), Fault> {
        let failed = |error: io::Error| Fault::Folder(said(&error));
        let (free, device) = root.room().map_err(failed)?;
        let ours = rustix::fs::stat(self.core.places().0).map_err(|error| failed(error.into()))?;
        let kept = if ours.st_dev == device { self.core.doctor.room_octets } else { 0 };
        if free < octets.saturating_add(kept) {
            return Err(Fault::Folder(said(&io::ErrorKind::StorageFull.into())));
        }
        Ok(())
    }

    /// Finds a name that is free, or is the same file, and writes it there.
    fn put(
        &self,
        root: &Root,
        folder: i64,
        mail: &MailFiles,
        part: &StoredPart,
        path: &[String],
        opened: &mut Option<Opened>,
    ) -> Result<FileRow, Fault> {
        let store = &self.core.store;
        let mut draft: Option<Draft<'_>> = None;
        let row = |path: &str, octets, sha256, state| FileRow {
            seq: mail.line.seq,
            part: part.number.clone(),
            folder,
            path: path.to_owned(),
            octets,
            sha256,
            state,
            at: self.core.now(),
            error: String::new(),
        };
        for n in 1..=NUMBER_MAX {
            let path = tree::numbered(path, n);
            let joined = path.join("/");
            let (octets, sha256) = match (&draft, part.sha256) {
                (Some(draft), _) => (draft.octets, draft.sha256),
                (None, Some(sha256)) => (part.octets, sha256),
                (None, None) => {
                    let draft = draft.insert(self.draft(root, mail, part, opened)?);
                    (draft.octets, draft.sha256)
                }
            };
            let owners = store.files_at(folder, &joined)?;
            let is_other = |file: &&FileRow| (file.seq, &file.part) != (mail.line.seq, &part.number);
            if owners
                .iter()
                .filter(is_other)
                .any(|file| file.sha256 != sha256 && file.state == FileState::Written)
            {
                continue;
            }
            match root.found(&path).map_err(|error| Fault::Part(said(&error)))? {
                Found::File(there) if there == sha256 => {
                    return Ok(row(&joined, octets, sha256, FileState::Written));
                }
                Found::File(_) | Found::Other => continue,
                Found::Nothing => {}
            }
            // Where it will be is known before it is there.
            if !store.put_file(row(&joined, octets, sha256, FileState::Writing))? {
                return Ok(row(&joined, octets, sha256, FileState::Written));
            }
            if draft.is_none() {
                draft = Some(self.draft(root, mail, part, opened)?);
            }
            let placed = draft.as_mut().map(|draft| draft.place(&path)).transpose();
            if placed.map_err(|error| Fault::Part(said(&error)))? == Some(true) {
                return Ok(row(&joined, octets, sha256, FileState::Written));
            }
        }
        Err(Fault::Part("names: too many files of this name".to_owned()))
    }

    /// The octets of the attachment, in a file without place: in a stream where the archive keeps them by themselves.
    fn draft<'r>(
        &self,
        root: &'r Root,
        mail: &MailFiles,
        part: &StoredPart,
        opened: &mut Option<Opened>,
    ) -> Result<Draft<'r>, Fault> {
        let modified = mail.line.date.map(|date| date.0.div_euclid(1000));
        let kept = match part.sha256 {
            Some(sha256) => self.core.store.known_objects(&[sha256])?.into_values().next(),
            None => None,
        };
        let written = if let Some(object) = kept {
            let mut reader = self.core.archive.get(object.location).map_err(|error| unread(&error))?;
            root.draft(&mut reader, modified)
        } else if mail.about.octets.octets > MAIL_MAX {
            return Err(Fault::Part("too_large: the mail is too large".to_owned()));
        } else {
            let content = Opened::of(self.core, mail, opened)?.content(&part.number);
            let content = content.ok_or_else(|| Fault::Part("unreadable: not in the mail".to_owned()))?;
            root.draft(&mut content.as_slice(), modified)
        };
        let draft = written.map_err(|error| match error.get_ref() {
            Some(inner) if inner.is::<Unreadable>() => Fault::Part(format!("unreadable: {error}")),
            _ => Fault::Part(said(&error)),
        })?;
        if part.sha256.is_some_and(|sha256| sha256 != draft.sha256) {
            return Err(Fault::Part("unreadable: other octets than were filed".to_owned()));
        }
        Ok(draft)
    }
}

/// Whether it is to be written as far as its file is concerned.
fn is_due(known: Option<&FileRow>, again: bool) -> bool {
    match known.map(|known| known.state) {
        None | Some(FileState::Writing | FileState::Held | FileState::Failed) => true,
        Some(FileState::Written | FileState::Deleted | FileState::Changed) => again,
    }
}

/// The names of a path as it is kept.
fn names(path: &str) -> Vec<String> {
    path.split('/').map(str::to_owned).collect()
}

/// A mail read whole.
struct Opened {
    octets: Vec<u8>,
    parts: Vec<model::Part>,
}

impl Opened {
    /// Reads it, once.
    fn of<'o>(core: &Core, mail: &MailFiles, opened: &'o mut Option<Self>) -> Result<&'o Self, Fault> {
        if let Some(opened) = opened {
            return Ok(opened);
        }
        let octets =
            core.archive.read_all(mail.about.octets.location, MAIL_MAX).map_err(|error| unread(&error))?;
        let parts =
            catch_unwind(AssertUnwindSafe(|| parse::places(&octets, &core.limits))).unwrap_or_default();
        Ok(opened.insert(Self { octets, parts }))
    }

    fn at(&self, number: &str) -> Option<usize> {
        self.parts.iter().position(|part| part.number == number)
    }

    /// A picture that the text of the mail shows.
    fn is_inline(&self, number: &str) -> bool {
        let part = self.at(number).and_then(|at| self.parts.get(at));
        part.is_some_and(|part| part.content_id.is_some() && part.disposition != Disposition::Attachment)
    }

    fn content(&self, number: &str) -> Option<Vec<u8>> {
        let at = self.at(number)?;
        catch_unwind(AssertUnwindSafe(|| parse::part_content(&self.octets, &self.parts, at, usize::MAX)))
            .ok()?
    }
}

impl Engine {
    /// Writes and removes what is due, once; `false` if a folder does not take it.
    ///
    /// # Errors
    /// Of database and archive.
    pub fn write_attachment_files(&self) -> Result<bool> {
        drain(self.core())
    }

    /// Writes what is missing again, whoever removed it.
    ///
    /// # Errors
    /// Those of the database.
    pub fn write_missing_files(&self) -> Result<()> {
        self.store().write_files_again()?;
        self.core().files.bell.ring();
        Ok(())
    }
}
