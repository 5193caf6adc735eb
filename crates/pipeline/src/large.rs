//! Mails too large to be read in this process: a child with limits reads them.

use model::Location;
use store::Received;

use crate::core::Core;
use crate::steps::{self, Reading};
use crate::texts::Texts;

/// Reads a large mail.
///
/// # Errors
/// The name of the step and what it said.
pub(crate) fn read(
    core: &Core,
    octets: &mut archive::Reader,
    _mail: &Received,
) -> Result<Reading, (&'static str, String)> {
    let mut whole = Vec::new();
    std::io::Read::read_to_end(octets, &mut whole).map_err(|error| ("archive", error.to_string()))?;
    steps::read_guarded(core, &whole)
}

/// Texts of a large mail that was filed before.
pub(crate) fn texts(core: &Core, location: Location) -> Option<Texts> {
    let octets = core.archive.read_all(location, u64::MAX).ok()?;
    steps::read_guarded(core, &octets).ok().map(|reading| reading.texts)
}
