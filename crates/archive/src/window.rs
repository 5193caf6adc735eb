//! Reading a file by offset through one buffer.

use std::fs::File;
use std::io;
use std::os::unix::fs::FileExt;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use proof::Defect;

use crate::Error;

/// A stretch of a file in memory; asking for what lies outside reads anew.
pub(crate) struct Window {
    file: Arc<File>,
    path: PathBuf,
    /// Nothing at or beyond this offset exists.
    end: u64,
    /// Read at least so much at once, if there is so much.
    ahead: usize,
    start: u64,
    buffer: Vec<u8>,
    /// What is read from here on stays, within [`HOLD_MAX`]: a record is walked over and then read.
    hold: u64,
}

/// Octets that stay in memory behind [`Window::hold`] at most.
const HOLD_MAX: u64 = 2 << 20;

/// Octets that are not there, or cannot be read.
pub(crate) enum Missing {
    /// The file, or the part of it that counts, ends before.
    End,
    /// The system refuses.
    Failed(Error),
}

impl Missing {
    fn of(path: &Path, source: io::Error) -> Self {
        if source.kind() == io::ErrorKind::UnexpectedEof {
            Self::End
        } else {
            Self::Failed(Error::io(path, source))
        }
    }
}

impl Window {
    pub(crate) fn new(file: Arc<File>, path: PathBuf, end: u64, ahead: usize) -> Self {
        Self { file, path, end, ahead, start: 0, buffer: Vec::new(), hold: u64::MAX }
    }

    /// Another one on the same file, with what this one has in memory until [`Self::take_back`].
    pub(crate) fn lend(&mut self) -> Self {
        let buffer = std::mem::take(&mut self.buffer);
        Self { file: Arc::clone(&self.file), path: self.path.clone(), buffer, ..*self }
    }

    /// What was lent, or what was read since.
    pub(crate) fn take_back(&mut self, lent: &mut Self) {
        self.start = lent.start;
        self.buffer = std::mem::take(&mut lent.buffer);
    }

    /// Octets from `at` on are asked for again.
    pub(crate) const fn hold(&mut self, at: u64) {
        self.hold = at;
    }

    pub(crate) const fn end(&self) -> u64 {
        self.end
    }

    /// The octets from `at`, exactly `len` of them.
    pub(crate) fn slice(&mut self, at: u64, len: usize) -> Result<&[u8], Missing> {
        let have = self.start + self.buffer.len() as u64;
        if at < self.start || at.saturating_add(len as u64) > have {
            self.fill(at, len)?;
        }
        let from = (at - self.start) as usize;
        self.buffer.get(from..from + len).ok_or(Missing::End)
    }

    /// The octets from `at`, without giving up what is in memory.
    pub(crate) fn apart(&mut self, at: u64, len: usize) -> Result<Vec<u8>, Missing> {
        if let Some(from) = at.checked_sub(self.start).and_then(|from| usize::try_from(from).ok())
            && let Some(octets) = self.buffer.get(from..from.saturating_add(len))
        {
            return Ok(octets.to_vec());
        }
        let mut octets = vec![0; len];
        let read = self.file.read_exact_at(&mut octets, at);
        read.map_err(|source| Missing::of(&self.path, source))?;
        Ok(octets)
    }

    /// As many octets from `at` as are in memory anyway, at least one.
    pub(crate) fn some(&mut self, at: u64, wanted: usize) -> Result<&[u8], Missing> {
        let len = wanted.min(usize::try_from(self.end.saturating_sub(at)).unwrap_or(usize::MAX));
        if len == 0 { Err(Missing::End) } else { self.slice(at, len) }
    }

    fn fill(&mut self, at: u64, len: usize) -> Result<(), Missing> {
        if at.checked_add(len as u64).is_none_or(|end| end > self.end) {
            return Err(Missing::End);
        }
        let until = at + len as u64;
        let base = if self.hold <= at && until - self.hold <= HOLD_MAX { self.hold } else { at };
        let have = self.start + self.buffer.len() as u64;
        let kept = if (self.start..have).contains(&base) {
            self.buffer.drain(..(base - self.start) as usize);
            self.buffer.len()
        } else {
            0
        };
        let there = usize::try_from(self.end - base).unwrap_or(usize::MAX);
        self.buffer.resize(((until - base) as usize).max(self.ahead).min(there), 0);
        self.start = base;
        let read = self.file.read_exact_at(&mut self.buffer[kept..], base + kept as u64);
        read.map_err(|source| {
            self.buffer.clear();
            Missing::of(&self.path, source)
        })
    }
}

impl From<Missing> for Fault {
    fn from(missing: Missing) -> Self {
        match missing {
            Missing::End => Self::Defect(Defect::Short),
            Missing::Failed(error) => Self::Failed(error),
        }
    }
}

/// Why a structure could not be read.
pub(crate) enum Fault {
    /// The octets are wrong.
    Defect(Defect),
    /// They could not be had.
    Failed(Error),
}

impl From<Defect> for Fault {
    fn from(defect: Defect) -> Self {
        Self::Defect(defect)
    }
}
