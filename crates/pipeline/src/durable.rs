//! Small files that are replaced whole.

use std::fs::{self, File};
use std::io::Write as _;
use std::path::Path;

use crate::error::{Error, Result};

/// A file with these octets in the place of an older one, durable when this returns. Its folder is made if need be.
pub(crate) fn replace(path: &Path, octets: &[u8]) -> Result<()> {
    let failed = |source| Error::io(path, source);
    let folder = path.parent().unwrap_or(Path::new("."));
    fs::create_dir_all(folder).map_err(failed)?;
    let part = path.with_extension("part");
    let mut file = File::create(&part).map_err(failed)?;
    file.write_all(octets).and_then(|()| file.sync_all()).map_err(failed)?;
    fs::rename(&part, path).map_err(failed)?;
    File::open(folder).and_then(|folder| folder.sync_all()).map_err(failed)
}
