//! Room where the data lies.

use std::io;
use std::path::Path;

use api::Disk;

/// Room of the file system that holds `path`, as far as this process may use it.
///
/// # Errors
/// If the path does not exist or cannot be asked.
pub(crate) fn room(path: &Path) -> io::Result<Disk> {
    let about = rustix::fs::statvfs(path)?;
    Ok(Disk {
        free_octets: about.f_bavail.saturating_mul(about.f_frsize),
        total_octets: about.f_blocks.saturating_mul(about.f_frsize),
    })
}
