//! Sealed segments in a store besides this machine: sent when they are sealed, later where the store was away, compared,
//! and fetched back. What is sent is what is missing among the rows of what is there; nothing waits for it.

mod check;
mod sending;
mod settings;

pub use check::RemoteChecked;
pub use sending::RemoteStorage;
pub use settings::{REMOTE_NAME_MAX, RemoteSettings, RemoteState, RemoteTested, TestStep as RemoteStep};

use std::collections::HashSet;
use std::path::PathBuf;

use ::remote::Remote;
use model::{SegmentId, UnixMillis};

use crate::core::Core;
use crate::error::Result;

/// Name of a segment's object.
fn name_of(segment: SegmentId) -> String {
    format!("segments/{segment}.seg")
}

/// A sealed segment.
struct Waiting {
    segment: SegmentId,
    path: PathBuf,
    octets: u64,
}

/// Sealed segments that are not known to be in the store, oldest first.
fn waiting(core: &Core) -> Result<Vec<Waiting>> {
    let there: HashSet<SegmentId> =
        core.store.remote_segments()?.into_iter().map(|there| there.segment).collect();
    let sealed = core.archive.segment_files().into_iter().filter(|file| file.sealed);
    let waiting = sealed.filter(|file| !there.contains(&file.segment)).map(|file| Waiting {
        segment: file.segment,
        path: file.path,
        octets: file.octets,
    });
    Ok(waiting.collect())
}

/// The store that is set, if it is to be used.
fn opened(core: &Core) -> Result<Option<(store::RemoteStorage, Remote)>, settings::Fault> {
    let Some(kept) = core.store.remote_storage()?.filter(|kept| kept.place.active) else { return Ok(None) };
    let remote = settings::open(core, &kept)?;
    Ok(Some((kept, remote)))
}

/// For the doctor: how many segments wait, since when, and what the store last said.
pub(crate) fn facts(core: &Core) -> Result<Option<doctor::RemoteFacts>> {
    let Some(kept) = core.store.remote_storage()?.filter(|kept| kept.place.active) else { return Ok(None) };
    let waiting = waiting(core)?;
    let sealed = waiting.first().and_then(|oldest| core.archive.sealed_at(oldest.segment).ok().flatten());
    let since = sealed.map_or(kept.begun, |at| UnixMillis(at.0.max(kept.begun.0)));
    let (text, failing) = kept.last_error.map_or(("–".to_owned(), None), |(text, at)| (text, Some(at)));
    Ok(Some(doctor::RemoteFacts { waiting: waiting.len() as u64, since, text, failing }))
}
