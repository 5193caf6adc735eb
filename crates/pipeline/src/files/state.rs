//! How it stands: for the page, and for the doctor.

use export::tree::Pattern;
use model::{MailId, Scope};
use store::{AttachmentFolder, FileCounts};

use super::place;
use super::settings::FileSettings;
use crate::core::Core;
use crate::engine::Engine;
use crate::error::Result;

/// Mails looked through for examples at most.
const LOOK: usize = 200;

/// How it stands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FilesState {
    /// What is set.
    pub settings: FileSettings,
    /// How many there are.
    pub counts: FileCounts,
    /// The folder that is set, as it was found; `None` if nothing is.
    pub folder: Option<AttachmentFolder>,
}

/// Where an attachment would go.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FileExample {
    /// Its mail.
    pub mail: MailId,
    /// Number of the part.
    pub part: String,
    /// Path below the folder, with slashes.
    pub path: String,
}

/// The doctor's view.
pub(crate) fn facts(core: &Core) -> Result<Option<doctor::FilesFacts>> {
    let settings: FileSettings = core.setting(FileSettings::NAME)?;
    let folders = core.store.attachment_folders()?;
    if folders.is_empty() {
        return Ok(None);
    }
    let counts = core.store.file_counts()?;
    let set = folders.into_iter().find(|folder| settings.active && folder.path == settings.folder);
    let trouble = set.and_then(|folder| folder.last_error);
    let (text, failing) = trouble.map_or(("–".to_owned(), None), |(text, since)| (text, Some(since)));
    Ok(Some(doctor::FilesFacts { waiting: counts.waiting, to_remove: counts.to_remove, text, failing }))
}

impl Engine {
    /// How it stands with attachments as files.
    ///
    /// # Errors
    /// Those of the database.
    pub fn attachment_files_state(&self) -> Result<FilesState> {
        let settings = self.attachment_files()?;
        let folders = self.store().attachment_folders()?;
        let folder = folders.into_iter().find(|folder| settings.active && folder.path == settings.folder);
        Ok(FilesState { counts: self.store().file_counts()?, folder, settings })
    }

    /// Where an attachment that is made up would go; `None` if the pattern cannot be used.
    pub fn invented_attachment_file(&self, settings: &FileSettings) -> Option<String> {
        let pattern = Pattern::parse(&settings.pattern).ok()?;
        Some(pattern.path(&place::invented(settings)).join("/"))
    }

    /// Where the newest attachments the scope allows would go, at most `limit`; none if the pattern cannot be used.
    ///
    /// # Errors
    /// Those of the database.
    pub fn attachment_file_examples(
        &self,
        scope: &Scope,
        settings: &FileSettings,
        limit: usize,
    ) -> Result<Vec<FileExample>> {
        let Ok(pattern) = Pattern::parse(&settings.pattern) else { return Ok(Vec::new()) };
        let store = self.store();
        let mut examples = Vec::new();
        for seq in store.newest_with_attachments(i64::MAX, LOOK)? {
            let Some(mail) = store.mail_files(seq)? else { continue };
            if examples.len() >= limit {
                break;
            }
            if store.mail_octets(scope, mail.line.mail_id)?.is_none() {
                continue;
            }
            for part in mail.about.attachments.iter().take(limit - examples.len()) {
                let path = pattern.path(&place::values(self.core(), settings, &mail, part)?).join("/");
                examples.push(FileExample { mail: mail.line.mail_id, part: part.number.clone(), path });
            }
        }
        Ok(examples)
    }
}
