//! The archive's folder: its lock, its version, what segments lie in it.

use std::collections::BTreeMap;
use std::fs::{self, File, OpenOptions, TryLockError};
use std::io::{self, Write as _};
use std::os::unix::fs::FileExt;
use std::path::Path;
use std::str::FromStr;
use std::sync::Arc;

use model::SegmentId;
use proof::Defect;
use proof::segment::{FOOTER_TAIL_LEN, FooterTail, SEGMENT_HEADER_LEN, SegmentHeader};

use crate::Error;
use crate::segment::{EXTENSION, Phase, Segment, SyncFile};

const LOCK: &str = "lock";
const FORMAT: &str = "format";
/// Version 2 has sealed records; those of version 1 stay as they are.
const FORMAT_LINE: &str = "poststelle archive 2\n";
const FORMAT_LINE_1: &str = "poststelle archive 1\n";

/// Makes the folder if it is missing, and takes its lock.
pub(crate) fn take(dir: &Path, sync: &dyn SyncFile) -> Result<File, Error> {
    if !dir.is_dir() {
        fs::create_dir_all(dir).map_err(|source| Error::io(dir, source))?;
        if let Some(parent) = dir.parent() {
            let parent = if parent.as_os_str().is_empty() { Path::new(".") } else { parent };
            sync.sync_folder(parent).map_err(|source| Error::io(parent, source))?;
        }
    }
    let path = dir.join(LOCK);
    let lock = OpenOptions::new()
        .create(true)
        .truncate(false)
        .write(true)
        .open(&path)
        .map_err(|source| Error::io(&path, source))?;
    match lock.try_lock() {
        Ok(()) => Ok(lock),
        Err(TryLockError::WouldBlock) => Err(Error::InUse { dir: dir.to_owned() }),
        Err(TryLockError::Error(source)) => Err(Error::io(&path, source)),
    }
}

/// Whether the archive in `dir` has, or may have, records whose keys lie in a keyring.
pub(crate) fn is_sealed(dir: &Path) -> bool {
    fs::read(dir.join(FORMAT)).is_ok_and(|line| line == FORMAT_LINE.as_bytes())
}

/// Compares the folder's version with ours, writes it into a new folder and into one of version 1.
pub(crate) fn check_format(dir: &Path, sync: &dyn SyncFile) -> Result<(), Error> {
    let path = dir.join(FORMAT);
    let failed = |source| Error::io(&path, source);
    match fs::read(&path) {
        Ok(line) if line == FORMAT_LINE.as_bytes() => return Ok(()),
        Ok(line) if line == FORMAT_LINE_1.as_bytes() => {}
        Ok(line) => {
            let found = String::from_utf8_lossy(&line[..line.len().min(80)]).trim().to_owned();
            return Err(Error::Version { path, found });
        }
        Err(error) if error.kind() == io::ErrorKind::NotFound => {}
        Err(source) => return Err(failed(source)),
    }
    let part = dir.join("format.part");
    let mut file = File::create(&part).map_err(failed)?;
    file.write_all(FORMAT_LINE.as_bytes()).and_then(|()| file.sync_all()).map_err(failed)?;
    fs::rename(&part, &path).map_err(failed)?;
    sync.sync_folder(dir).map_err(failed)
}

/// The segments in the folder. Files of other names are none of ours.
pub(crate) fn segments(dir: &Path) -> Result<BTreeMap<SegmentId, Arc<Segment>>, Error> {
    let failed = |source| Error::io(dir, source);
    let mut found = BTreeMap::new();
    for entry in fs::read_dir(dir).map_err(failed)? {
        let path = entry.map_err(failed)?.path();
        if path.extension().is_none_or(|extension| extension != EXTENSION) {
            continue;
        }
        let id =
            path.file_stem().and_then(|stem| stem.to_str()).and_then(|stem| SegmentId::from_str(stem).ok());
        let Some(id) = id else { continue };
        // Only the one spelling is ours, so that no two files have one id.
        if Segment::path_in(dir, id) != path {
            continue;
        }
        let (phase, written) = look_at(&path)?;
        found.insert(id, Arc::new(Segment::new(id, path, phase, written, None)));
    }
    Ok(found)
}

/// Whether a segment is sealed, and where its records end; the whole length if it is not.
fn look_at(path: &Path) -> Result<(Phase, u64), Error> {
    let failed = |source| Error::io(path, source);
    let file = File::open(path).map_err(failed)?;
    let len = file.metadata().map_err(failed)?.len();
    let mut header = [0; SEGMENT_HEADER_LEN];
    let readable = len >= header.len() as u64 && file.read_exact_at(&mut header, 0).is_ok();
    if readable && SegmentHeader::decode(&header) == Err(Defect::Unsupported) {
        return Err(Error::Version { path: path.to_owned(), found: "segment header".to_owned() });
    }
    Ok(match footer_tail(&file, len) {
        Ok(tail) => (Phase::Sealed, tail.footer_at),
        Err(_) => (Phase::Unchecked, len),
    })
}

/// The tail of a sealed segment.
pub(crate) fn footer_tail(file: &File, len: u64) -> Result<FooterTail, Defect> {
    let at = len.checked_sub(FOOTER_TAIL_LEN as u64).ok_or(Defect::Short)?;
    let mut tail = [0; FOOTER_TAIL_LEN];
    file.read_exact_at(&mut tail, at).map_err(|_| Defect::Short)?;
    FooterTail::decode(&tail, len)
}
