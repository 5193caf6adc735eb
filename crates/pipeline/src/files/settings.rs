//! What an administrator sets about attachments as files.

use std::collections::BTreeMap;
use std::path::{Component, Path, PathBuf};

use export::tree::{Pattern, PatternError};
use model::AccountId;
use serde::{Deserialize, Serialize};
use store::{Event, MediaKind};

use super::disk::Root;
use crate::engine::Engine;
use crate::error::Result;

/// Octets of the path of a folder at most.
const FOLDER_OCTETS_MAX: usize = 1000;

/// What is set; `store` keeps it as setting [`FileSettings::NAME`]: JSON.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct FileSettings {
    /// Whether attachments are written.
    pub active: bool,
    /// Where: an absolute path.
    pub folder: String,
    /// Where below it, see [`Pattern`].
    pub pattern: String,
    /// Accounts whose mails count, by id; empty: all.
    pub accounts: Vec<String>,
    /// Words of the kinds of files that count, see [`MediaKind`]; empty: all.
    pub kinds: Vec<String>,
    /// Attachments with fewer octets do not count.
    pub octets_min: u64,
    /// Pictures that stand in the text of a mail count too.
    pub inline: bool,
    /// Mails count that were here before this was switched on.
    pub all: bool,
    /// Otherwise only mails with a larger number.
    pub after: i64,
    /// Language of the words below, ISO 639-1.
    pub language: String,
    /// Words in names of folders: those of [`MediaKind`], and `none` for what there is not.
    pub words: BTreeMap<String, String>,
}

impl Default for FileSettings {
    fn default() -> Self {
        Self {
            active: false,
            folder: String::new(),
            pattern: "{year}/{month}/{contact}/{name}".to_owned(),
            accounts: Vec::new(),
            kinds: Vec::new(),
            octets_min: 0,
            inline: false,
            all: false,
            after: 0,
            language: "en".to_owned(),
            words: BTreeMap::new(),
        }
    }
}

/// A setting that cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum FileSettingsError {
    /// The pattern.
    #[error(transparent)]
    Pattern(#[from] PatternError),
    /// No folder is given, its path is too long, or it has a `..` in it.
    #[error("the path of the folder cannot be used")]
    Path,
    /// It is the data directory, in it, or around it.
    #[error("the folder is the data directory, in it or around it")]
    DataDirectory,
    /// It cannot be made or written to.
    #[error("the folder cannot be used")]
    Folder(#[source] std::io::Error),
    /// No such kind of files.
    #[error("there is no kind {0}")]
    Kind(String),
    /// No such account.
    #[error("there is no account {0}")]
    Account(String),
}

impl FileSettings {
    /// Name of the setting.
    pub const NAME: &str = "attachment_files";

    /// A word of names of folders; the key itself where none is set.
    pub(super) fn word<'a>(&'a self, key: &'a str) -> &'a str {
        self.words.get(key).map_or(key, String::as_str)
    }

    pub(super) fn wants(&self, kind: MediaKind) -> bool {
        self.kinds.is_empty() || self.kinds.iter().any(|word| word == kind.as_str())
    }
}

impl Engine {
    /// What is set about attachments as files.
    ///
    /// # Errors
    /// Those of the database.
    pub fn attachment_files(&self) -> Result<FileSettings> {
        self.core().setting(FileSettings::NAME)
    }

    /// The settings with their folder as an absolute path, if they can be used. A folder is given if they are active.
    ///
    /// # Errors
    /// Those of the database; inside, what cannot be used.
    pub fn check_attachment_files(
        &self,
        mut new: FileSettings,
    ) -> Result<std::result::Result<FileSettings, FileSettingsError>> {
        let known = self.store().accounts(true)?;
        let is_known = |word: &String| {
            word.parse::<AccountId>().is_ok_and(|id| known.iter().any(|account| account.id == id))
        };
        if let Some(word) = new.accounts.iter().find(|word| !is_known(word)) {
            return Ok(Err(FileSettingsError::Account(word.clone())));
        }
        if let Some(word) =
            new.kinds.iter().find(|word| MediaKind::ALL.iter().all(|kind| kind.as_str() != **word))
        {
            return Ok(Err(FileSettingsError::Kind(word.clone())));
        }
        if let Err(error) = Pattern::parse(&new.pattern) {
            return Ok(Err(error.into()));
        }
        new.pattern = String::from(new.pattern.trim());
        if new.active || !new.folder.trim().is_empty() {
            match placed(self.dir(), new.folder.trim()) {
                Ok(folder) => new.folder = folder,
                Err(error) => return Ok(Err(error)),
            }
        }
        Ok(Ok(new))
    }

    /// Sets it, with its entry in the event log. What is written already stays where it is.
    ///
    /// # Errors
    /// Those of the database; inside, what cannot be used.
    pub fn set_attachment_files(
        &self,
        new: FileSettings,
        event: Event,
    ) -> Result<std::result::Result<(), FileSettingsError>> {
        let mut new = match self.check_attachment_files(new)? {
            Ok(new) => new,
            Err(error) => return Ok(Err(error)),
        };
        let before = self.attachment_files()?;
        if new.active
            && let Err(error) = Root::prepare(Path::new(&new.folder))
        {
            return Ok(Err(FileSettingsError::Folder(error)));
        }
        // Mails that come while it is off are not made up for, unless all are wanted.
        let goes_on = before.active && !before.all;
        new.after = match (new.active, new.all) {
            (true, false) if goes_on => before.after,
            (true, false) => self.store().last_mail_number()?,
            _ => 0,
        };
        let text = serde_json::to_string(&new).unwrap_or_default();
        let folder = new.active.then(|| new.folder.clone());
        self.store().set_attachment_files(FileSettings::NAME, text, folder, new.active && new.all, event)?;
        self.core().files.bell.ring();
        Ok(Ok(()))
    }
}

/// The absolute path of a folder; a relative one counts from where the data directory lies.
fn placed(data: &Path, folder: &str) -> std::result::Result<String, FileSettingsError> {
    let given = Path::new(folder);
    if folder.is_empty()
        || folder.len() > FOLDER_OCTETS_MAX
        || folder.chars().any(char::is_control)
        || given.components().any(|part| part == Component::ParentDir)
    {
        return Err(FileSettingsError::Path);
    }
    let data = std::fs::canonicalize(data).map_err(FileSettingsError::Folder)?;
    let whole = match data.parent() {
        Some(parent) if given.is_relative() => parent.join(given),
        _ => given.to_owned(),
    };
    let whole = resolved(&whole);
    if whole.starts_with(&data) || data.starts_with(&whole) {
        return Err(FileSettingsError::DataDirectory);
    }
    whole.into_os_string().into_string().map_err(|_| FileSettingsError::Path)
}

/// As far as it is there without links.
fn resolved(path: &Path) -> PathBuf {
    let plain: PathBuf = path.components().collect();
    for above in plain.ancestors() {
        if let (Ok(real), Ok(rest)) = (std::fs::canonicalize(above), plain.strip_prefix(above)) {
            return if rest.as_os_str().is_empty() { real } else { real.join(rest) };
        }
    }
    plain
}
