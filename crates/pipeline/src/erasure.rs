//! Erasing mails for good: rows, keys, payloads of the log, index, pages of the database, in this order, each step such that it can
//! be done again; and again after a restore, by a list that outlives the database.

mod list;
mod person;

use std::collections::{BTreeSet, HashSet};
use std::path::Path;
use std::sync::PoisonError;

use keys::MasterKey;
use model::{MailId, ObjectId, Sha256};
use serde::{Deserialize, Serialize};
use store::{ErasedMark, ErasedObject, ErasureStep, NewErasure, erased_mark};

use crate::backup::LastBackup;
use crate::core::Core;
use crate::engine::Engine;
use crate::error::{Error, Result};

pub(crate) use list::{FILE, List};
pub use person::{About, PersonMails};

/// Mails whose rows go in one transaction.
const BATCH: usize = 200;
/// Mails of one request at most.
pub const ERASE_MAX: usize = 100_000;
/// Names of objects that stay, told of one erasure at most.
const SHARED_MAX: usize = 1000;
/// Why a mail without a key is refused.
const UNENCRYPTED: &str = "unencrypted";
/// Refused mails told of one erasure at most.
const REFUSED_MAX: usize = 1000;

/// Why the law wants it. Words never change their meaning.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Basis {
    /// No longer necessary for what it was collected for (GDPR Art. 17 (1) a).
    NotNecessary,
    /// Consent was withdrawn (b).
    ConsentWithdrawn,
    /// The person objects (c).
    Objection,
    /// It was processed unlawfully (d).
    Unlawful,
    /// Another law demands it (e).
    LegalObligation,
    /// Information society services offered to a child (f).
    Child,
    /// It fell due and was released.
    Released,
    /// It was erased before, and a backup brought it back.
    Restored,
}

impl Basis {
    /// All of them.
    pub const ALL: [Self; 8] = [
        Self::NotNecessary,
        Self::ConsentWithdrawn,
        Self::Objection,
        Self::Unlawful,
        Self::LegalObligation,
        Self::Child,
        Self::Released,
        Self::Restored,
    ];
    /// Those people can name in a request.
    pub const OF_REQUESTS: [Self; 6] = [
        Self::NotNecessary,
        Self::ConsentWithdrawn,
        Self::Objection,
        Self::Unlawful,
        Self::LegalObligation,
        Self::Child,
    ];

    /// Its word.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::NotNecessary => "not_necessary",
            Self::ConsentWithdrawn => "consent_withdrawn",
            Self::Objection => "objection",
            Self::Unlawful => "unlawful",
            Self::LegalObligation => "legal_obligation",
            Self::Child => "child",
            Self::Released => "released",
            Self::Restored => "restored",
        }
    }

    /// The basis of this word.
    pub fn named(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|basis| basis.as_str() == word)
    }
}

/// A request that a person makes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ErasureRequest {
    /// Which mails, at most [`ERASE_MAX`].
    pub mails: Vec<MailId>,
    /// Why.
    pub basis: Basis,
    /// What is to be remembered of the request; not in the log.
    pub note: String,
    /// Id of who wants it.
    pub actor: String,
}

/// A request as it waits to be released.
#[derive(Serialize, Deserialize)]
struct Payload {
    /// For whoever decides.
    #[serde(default)]
    count: usize,
    mails: Vec<String>,
    basis: String,
    note: String,
    actor: String,
}

impl ErasureRequest {
    /// As it waits to be released by somebody else.
    pub fn payload(&self) -> String {
        let payload = Payload {
            count: self.mails.len(),
            mails: self.mails.iter().map(MailId::to_string).collect(),
            basis: self.basis.as_str().to_owned(),
            note: self.note.clone(),
            actor: self.actor.clone(),
        };
        serde_json::to_string(&payload).unwrap_or_default()
    }

    /// What [`Self::payload`] wrote; `None` if it is something else.
    pub fn of_payload(payload: &str) -> Option<Self> {
        let Payload { mails, basis, note, actor, .. } = serde_json::from_str(payload).ok()?;
        let mails = mails.iter().map(|mail| mail.parse().ok()).collect::<Option<_>>()?;
        Some(Self { mails, basis: Basis::named(&basis)?, note, actor })
    }
}

/// What became of it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Erased {
    /// Number of the erasure.
    pub erasure: i64,
    /// Mails that are gone.
    pub done: u64,
    /// Attachments that stay because other mails consist of them, at most 1,000 of them.
    pub shared_objects_kept: Vec<ObjectId>,
    /// Mails that may not be erased, and the words of the reason, at most 1,000 of them.
    pub refused: Vec<(MailId, String)>,
    /// Files outside the archive that are still there, at most 1,000 of them.
    pub files: Vec<crate::files::LeftFile>,
}

impl Engine {
    /// Erases mails for good; what may not be erased is refused with the reason. Killed anywhere, the next start completes it.
    ///
    /// # Errors
    /// `TooMany` mails; those of database, archive, log and index: the same call, or the next start, goes on where it was.
    pub fn erase(&self, request: ErasureRequest) -> Result<Erased> {
        self.erase_as(uuid::Uuid::now_v7(), request)
    }

    /// The same under an id that the caller keeps: the same id again goes on with the same erasure.
    ///
    /// # Errors
    /// As [`Self::erase`].
    pub fn erase_as(&self, id: uuid::Uuid, request: ErasureRequest) -> Result<Erased> {
        if request.mails.len() > ERASE_MAX {
            return Err(Error::TooMany { max: ERASE_MAX });
        }
        erase(self.core(), id, request)
    }

    /// Which of these mails may not be erased now, and the words of the reason.
    ///
    /// # Errors
    /// Those of the database.
    pub fn kept(&self, mails: &[MailId]) -> Result<Vec<(MailId, String)>> {
        let mut kept = Vec::new();
        for chunk in mails.chunks(2000) {
            kept.extend(self.store().kept_mails(chunk, self.core().now())?);
        }
        let open = unencrypted(self.core(), mails)?;
        kept.retain(|(mail, _)| !open.contains(mail));
        kept.extend(open.into_iter().map(|mail| (mail, UNENCRYPTED.to_owned())));
        Ok(kept)
    }

    /// What became of an erasure.
    ///
    /// # Errors
    /// `Missing`; those of the database.
    pub fn erased(&self, erasure: i64) -> Result<Erased> {
        erased_by(self.core(), erasure)
    }

    /// Goes on with every erasure that is not complete.
    ///
    /// # Errors
    /// As [`Self::erase`].
    pub fn resume_erasures(&self) -> Result<()> {
        go_on(self.core())
    }
}

/// See [`Engine::erase_as`].
pub(crate) fn erase(core: &Core, id: uuid::Uuid, request: ErasureRequest) -> Result<Erased> {
    let new = NewErasure {
        id: *id.as_bytes(),
        actor: request.actor,
        basis: request.basis.as_str().to_owned(),
        note: request.note,
        forced: request.basis == Basis::Restored,
        begun: core.now(),
    };
    let mut mails = request.mails;
    let mut met = HashSet::with_capacity(mails.len());
    mails.retain(|mail| met.insert(*mail));
    let open = unencrypted(core, &mails)?;
    let refused = |mail: MailId| open.contains(&mail).then_some(UNENCRYPTED);
    let mails = mails.into_iter().map(|mail| (mail, refused(mail))).collect();
    let erasure = core.store.begin_erasure(new, mails)?;
    go_on(core)?;
    erased_by(core, erasure)
}

fn erased_by(core: &Core, erasure: i64) -> Result<Erased> {
    let missing = || Error::Missing { what: "erasure", name: erasure.to_string() };
    let found = core.store.erasure(erasure)?.ok_or_else(missing)?;
    Ok(Erased {
        erasure,
        done: found.erased,
        shared_objects_kept: core.store.shared_of(erasure, SHARED_MAX)?,
        refused: core.store.refused_of(erasure, -1, REFUSED_MAX)?,
        files: crate::files::left(core, &[erasure])?.into_iter().map(|(_, file)| file).collect(),
    })
}

fn go_on(core: &Core) -> Result<()> {
    let (dir, key) = core.places();
    resume(core, dir, &MasterKey::load(key)?)
}

/// Which of these mails were stored before records were encrypted: there is no key to destroy.
fn unencrypted(core: &Core, mails: &[MailId]) -> Result<HashSet<MailId>> {
    let mut open = HashSet::new();
    for chunk in mails.chunks(2000) {
        for (mail, object, location) in core.store.records_of(chunk)? {
            // What cannot be read has a key as far as anybody knows.
            if matches!(core.archive.slot(object, location), Ok(None)) {
                open.insert(mail);
            }
        }
    }
    Ok(open)
}

/// At the start, when records were adopted: what was erased and is here again goes again, and what was begun is completed. What cannot
/// be completed now is told in the log of the server, and tried again with the next erasure and at the next start.
///
/// # Errors
/// `Io` if the list of what was erased cannot be read; those of the database.
pub(crate) fn at_start(core: &Core, dir: &Path, master: &MasterKey) -> Result<()> {
    if let Some(list) = List::read(&dir.join(FILE))? {
        replay(core, &list)?;
    }
    if let Err(error) = resume(core, dir, master) {
        tracing::error!(error = %crate::chain(&error), "an erasure is not complete; it is tried again at the next start");
    }
    Ok(())
}

/// Before anything is taken in: by what erased mails are known again.
///
/// # Errors
/// As [`at_start`].
pub(crate) fn know(core: &Core, dir: &Path) -> Result<()> {
    let salt = match List::read(&dir.join(FILE))? {
        Some(list) => Some(list.salt),
        None => List::kept_salt(&core.store)?,
    };
    if let Some(salt) = salt {
        List::keep_salt(&core.store, &salt)?;
        core.set_erased_salt(salt);
    }
    Ok(())
}

/// What the list names and the database does not know as erased: a backup brought it back.
fn replay(core: &Core, list: &List) -> Result<()> {
    let new = core.store.not_erased(&list.objects)?;
    if new.is_empty() {
        return Ok(());
    }
    let names: Vec<ObjectId> = new.iter().map(|(one, _)| one.object).collect();
    let mut shared = HashSet::new();
    for chunk in names.chunks(2000) {
        shared.extend(core.store.shared_objects(chunk)?.into_keys());
    }
    let mails: Vec<_> = new.iter().filter_map(|(_, mail)| Some(((*mail)?, None))).collect();
    // Objects of mails go with the last of those; of what else is not here the key goes, and the mark stays.
    let gone = new.into_iter().filter(|(one, mail)| mail.is_none() && !shared.contains(&one.object));
    let gone: Vec<ErasedObject> = gone.map(|(one, _)| one).collect();
    if mails.is_empty() && gone.is_empty() {
        return Ok(());
    }
    tracing::warn!(mails = mails.len(), "what was erased since the backup is erased again");
    let erasure = core.store.begin_erasure(again(core, "restore"), mails)?;
    Ok(core.store.take_over_erased(erasure, gone)?)
}

/// What was erased before and is here again.
fn again(core: &Core, actor: &str) -> NewErasure {
    NewErasure {
        id: *uuid::Uuid::now_v7().as_bytes(),
        actor: actor.to_owned(),
        basis: Basis::Restored.as_str().to_owned(),
        note: String::new(),
        forced: true,
        begun: core.now(),
    }
}

/// Goes on with everything that is not done.
pub(crate) fn resume(core: &Core, dir: &Path, master: &MasterKey) -> Result<()> {
    let _one = core.erasing.lock().unwrap_or_else(PoisonError::into_inner);
    while let Some(open) = core.store.open_erasure()? {
        let (key, now) = (open.key, core.now());
        let next = match open.step {
            ErasureStep::Rows => {
                let salt = salt(core, dir)?;
                while rows(core, key, salt)? {}
                // What cannot be removed now is named, and tried again behind.
                crate::files::remove_erased(core, Some(key))?;
                ErasureStep::Keys
            }
            ErasureStep::Keys => {
                // The list first: where the keys are gone, it says so.
                let list = List::of(&core.store, salt(core, dir)?)?;
                list.write(&dir.join(FILE))?;
                tell_backup(core, &list);
                core.archive.erase(master, &core.store.doomed_objects(key)?)?;
                core.store.objects_destroyed(key)?;
                ErasureStep::Log
            }
            ErasureStep::Log => {
                let leaves: BTreeSet<u64> = core.store.leaves_to_erase(key)?.into_iter().collect();
                crate::proving::erase(core, &leaves)?;
                core.store.leaves_erased(key)?;
                ErasureStep::Index
            }
            ErasureStep::Index => {
                index(core, &core.store.erased_numbers(key)?)?;
                ErasureStep::Database
            }
            ErasureStep::Database => {
                core.store.scrub()?;
                ErasureStep::Done
            }
            ErasureStep::Done => return Ok(()),
        };
        core.store.erasure_at(key, next, now)?;
    }
    Ok(())
}

/// Rows of one batch; true if more wait. Nobody files a mail or handles its reports meanwhile.
fn rows(core: &Core, erasure: i64, salt: [u8; 32]) -> Result<bool> {
    let _writing = core.files.writing.lock().unwrap_or_else(PoisonError::into_inner);
    let _draining = core.draining.lock().unwrap_or_else(PoisonError::into_inner);
    let _filing = core.filing.lock().unwrap_or_else(PoisonError::into_inner);
    let _handling = core.handling.lock().unwrap_or_else(PoisonError::into_inner);
    Ok(core.store.erase_rows(erasure, salt, BATCH, core.now())?)
}

fn index(core: &Core, seqs: &[i64]) -> Result<()> {
    // Whoever follows the database has read what it writes since.
    let _following = core.following.lock().unwrap_or_else(PoisonError::into_inner);
    core.texts.clear();
    core.looked.clear();
    let seqs: Vec<u64> = seqs.iter().map(|seq| seq.unsigned_abs()).collect();
    core.index.purge(&seqs)?;
    core.wake_follower();
    Ok(())
}

/// The salt of marks; made with the first erasure, and durable before anything is marked with it.
fn salt(core: &Core, dir: &Path) -> Result<[u8; 32]> {
    if let Some(salt) = core.erased_salt() {
        return Ok(salt);
    }
    let salt = *keys::random_octets::<32>()?.expose();
    List::keep_salt(&core.store, &salt)?;
    List::of(&core.store, salt)?.write(&dir.join(FILE))?;
    core.set_erased_salt(salt);
    Ok(salt)
}

/// The folder of the last backup hears of it too, so that a restore knows; where it cannot be reached, the next backup tells it.
fn tell_backup(core: &Core, list: &List) {
    let kept = core.store.setting(LastBackup::NAME).ok().flatten();
    let Some(last) = LastBackup::read(kept.as_deref()) else { return };
    let folder = Path::new(&last.to);
    if folder.join(crate::backup::HEAD).is_file()
        && let Err(error) = list.write(&folder.join(crate::backup::ERASED))
    {
        tracing::warn!(error = %crate::chain(&error), "the backup could not be told what was erased; the next backup does");
    }
}

/// Which of these digests are those of erased mails: they are not archived again.
///
/// # Errors
/// Those of the database.
pub(crate) fn erased(core: &Core, digests: &[Sha256]) -> Result<HashSet<Sha256>> {
    let Some(salt) = core.erased_salt() else { return Ok(HashSet::new()) };
    if digests.is_empty() {
        return Ok(HashSet::new());
    }
    let marks: Vec<ErasedMark> = digests.iter().map(|digest| erased_mark(&salt, digest)).collect();
    let found: HashSet<ErasedMark> = core.store.erased_marks(&marks)?.into_iter().collect();
    Ok(digests
        .iter()
        .zip(marks)
        .filter(|(_, mark)| found.contains(mark))
        .map(|(digest, _)| *digest)
        .collect())
}

/// Records that lie in the archive and must not: their keys are destroyed with the next erasure, or at the next start.
///
/// # Errors
/// Those of the database.
pub(crate) fn doom_some(core: &Core, records: &HashSet<ObjectId>) -> Result<()> {
    if records.is_empty() {
        return Ok(());
    }
    let erasure = core.store.begin_erasure(again(core, "intake"), Vec::new())?;
    let objects = records.iter().map(|object| ErasedObject { object: *object, mark: None }).collect();
    Ok(core.store.take_over_erased(erasure, objects)?)
}
