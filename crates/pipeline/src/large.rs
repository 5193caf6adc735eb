//! Mails too large to be read in this process: a child with limits reads them.

use std::io::Read;

use examine::LargeMail;
use model::Location;
use store::Received;

use crate::attachments;
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
    mail: &Received,
) -> Result<Reading, (&'static str, String)> {
    let Some(examiner) = &core.examiner else {
        let mut whole = Vec::new();
        octets.read_to_end(&mut whole).map_err(|error| ("archive", error.to_string()))?;
        return steps::read_guarded(core, &whole);
    };
    let LargeMail { parsed, parts, .. } =
        examiner.mail(octets, mail.octets, &core.limits).map_err(|error| ("parse", crate::chain(&error)))?;
    Ok(steps::reading(parsed, mail.sha256, attachments::found(parts)))
}

/// Texts of a large mail that was filed before.
pub(crate) fn texts(core: &Core, location: Location, octets: u64) -> Option<Texts> {
    let mut reader = core.archive.get(location).ok()?;
    let LargeMail { parsed, parts, .. } =
        core.examiner.as_ref()?.mail(&mut reader, octets, &core.limits).ok()?;
    let body = steps::body_stretches(&parsed.message);
    Some(Texts { body, attachments: attachments::found(parts).texts })
}
