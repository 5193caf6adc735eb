//! Files of erased mails: they go with the mails, unless people changed them or another mail has the same.

use std::path::Path;

use store::{ErasedFile, ErasedFileState, FileState};

use super::disk::{Removed, Root};
use super::{names, said};
use crate::core::Core;
use crate::engine::Engine;
use crate::error::Result;

/// Files looked at together, and named of one erasure at most.
const BATCH: usize = 500;
const NAMED_MAX: usize = 1000;

/// A file of an erased mail that is still there, or may be.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LeftFile {
    /// Where it is.
    pub path: String,
    /// `None`: people changed it, so it was left; otherwise why it could not be removed yet, a word and what the system says.
    pub error: Option<String>,
}

/// Files these erasures left, with the number of each, at most 1,000.
///
/// # Errors
/// Those of the database.
pub(crate) fn left(core: &Core, erasures: &[i64]) -> Result<Vec<(i64, LeftFile)>> {
    let files = core.store.erased_files_of(erasures, NAMED_MAX)?;
    let shown = |file: ErasedFile| {
        let path = Path::new(&file.folder.1).join(&file.path).display().to_string();
        let error = (file.state != ErasedFileState::Changed).then_some(file.error);
        (file.erasure, LeftFile { path, error })
    };
    Ok(files.into_iter().map(shown).collect())
}

impl Engine {
    /// Files outside the archive that these erasures left, with the number of each, at most 1,000.
    ///
    /// # Errors
    /// Those of the database.
    pub fn files_left(&self, erasures: &[i64]) -> Result<Vec<(i64, LeftFile)>> {
        left(self.core(), erasures)
    }
}

/// Removes what is to be removed, of one erasure or of all; `false` if something could not be. It is tried again then.
///
/// # Errors
/// Those of the database.
pub(crate) fn remove_erased(core: &Core, erasure: Option<i64>) -> Result<bool> {
    let mut failed = false;
    loop {
        let files = match erasure {
            Some(erasure) => core.store.erased_files_waiting(erasure, BATCH)?,
            None => core.store.files_to_remove(BATCH)?,
        };
        let mut done = 0;
        for file in &files {
            let left = one(core, file)?;
            let still = left.as_ref().is_some_and(|(state, _)| *state == ErasedFileState::Failed);
            core.store.note_erased_file(file.clone(), left)?;
            done += usize::from(!still);
        }
        failed |= done < files.len();
        // Those of one erasure that failed are not among the next; of all erasures they would be.
        if files.len() < BATCH || (failed && erasure.is_none()) {
            return Ok(!failed);
        }
    }
}

/// What becomes of it: `None`, it is gone.
fn one(core: &Core, file: &ErasedFile) -> Result<Option<(ErasedFileState, String)>> {
    let owners = core.store.files_at(file.folder.0, &file.path)?;
    if owners.iter().any(|owner| matches!(owner.state, FileState::Written | FileState::Writing)) {
        return Ok(None);
    }
    let removed = Root::open(Path::new(&file.folder.1)).and_then(|root| {
        // What was being written of it when the program ended.
        root.clean()?;
        root.remove(&names(&file.path), file.sha256)
    });
    Ok(match removed {
        Ok(Removed::Gone | Removed::Missing) => None,
        Ok(Removed::Changed) => Some((ErasedFileState::Changed, String::new())),
        Err(error) => Some((ErasedFileState::Failed, said(&error))),
    })
}
