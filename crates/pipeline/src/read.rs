//! Texts of a mail that was filed before, from its original.

use model::Location;

use crate::core::Core;
use crate::steps;
use crate::texts::Texts;

/// Mails beyond this are not read again for their texts in this process, octets.
const OCTETS_MAX: u64 = 8 << 20;

/// Body and attachments. `None` if the original cannot be read, or is too large to be read here.
pub(crate) fn texts(core: &Core, location: Location, octets: u64) -> Option<Texts> {
    if octets > OCTETS_MAX {
        return crate::large::texts(core, location, octets);
    }
    let octets = core.archive.read_all(location, OCTETS_MAX).ok()?;
    steps::read_guarded(core, &octets).ok().map(|reading| reading.texts)
}

/// The body's text alone, for snippets.
pub(crate) fn body(core: &Core, location: Location, octets: u64) -> Option<String> {
    if octets > OCTETS_MAX {
        return None;
    }
    let octets = core.archive.read_all(location, OCTETS_MAX).ok()?;
    std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| {
        parse::parse(&octets, &core.limits).message.body.text
    }))
    .ok()
}
