//! What the store has, compared octet by octet with what is here; and what is missing here, fetched back.

use std::collections::{BTreeMap, BTreeSet};
use std::fs::File;
use std::io::Write as _;

use ::remote::{Kept, Remote};
use model::SegmentId;
use store::RemoteSegment;

use super::settings::Fault;
use super::{name_of, opened, waiting};
use crate::engine::Engine;
use crate::error::{Error, Result};
use crate::verify::Fault as Found;

/// What was compared with the store.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct RemoteChecked {
    /// Segments that are there as they are here.
    pub segments: u64,
    /// Octets read from the store.
    pub octets: u64,
    /// Segments that were not sent yet.
    pub waiting: u64,
    /// Segments that were missing here and are back.
    pub fetched: u64,
    /// What is wrong.
    faults: Vec<Found>,
}

impl RemoteChecked {
    /// What is wrong, to be told with the rest.
    pub fn take_faults(&mut self) -> Vec<Found> {
        std::mem::take(&mut self.faults)
    }
}

impl Engine {
    /// Compares every segment that was sent with the store. `progress` hears of octets read.
    ///
    /// # Errors
    /// `Remote` if none is set or it does not answer; those of database and archive.
    pub async fn check_remote(&self, progress: &mut (dyn FnMut(u64) + Send)) -> Result<RemoteChecked> {
        let (_, remote) = self.remote()?;
        let mut checked =
            RemoteChecked { waiting: waiting(self.core())?.len() as u64, ..RemoteChecked::default() };
        for there in self.store().remote_segments()? {
            let fault = |kind, detail| Found::Remote { segment: there.segment, kind, detail };
            let current = remote.head(&name_of(there.segment)).await.map_err(Error::Remote)?;
            match current {
                None => checked.faults.push(fault("missing", String::new())),
                Some(current) if is_replaced(&there, &current) => {
                    let version = current.version.unwrap_or_default();
                    checked.faults.push(fault("replaced", version));
                }
                Some(_) => {}
            }
            // Where there are versions, what was written is still there behind whatever came later.
            let mut octets = checked.octets;
            let mut take = |piece: &[u8]| {
                octets += piece.len() as u64;
                progress(octets);
                Ok(())
            };
            let read = remote.read(&name_of(there.segment), there.version.as_deref(), &mut take).await;
            checked.octets = octets;
            match read.map_err(Error::Remote)? {
                None => checked.faults.push(fault("gone", there.version.clone().unwrap_or_default())),
                Some((octets, sha256)) if (octets, sha256) != (there.octets, there.sha256) => {
                    checked.faults.push(fault("changed", format!("{octets} / {}", there.octets)));
                }
                Some(_) => checked.segments += 1,
            }
            match self.archive().stored_digest(there.segment, 0, there.octets) {
                Ok(digest) if digest == there.sha256 => {}
                Ok(_) => checked.faults.push(fault("local", String::new())),
                // The check of the archive names what is missing here.
                Err(_) => {}
            }
        }
        // What is missing there twice over is one fault.
        let mut seen = BTreeSet::new();
        checked.faults.retain(|found| match found {
            Found::Remote { segment, kind: "missing" | "gone", .. } => seen.insert(*segment),
            _ => true,
        });
        Ok(checked)
    }

    /// Fetches segments back that are missing here: those that were sent, and those the database names. Gives how many came.
    ///
    /// # Errors
    /// `Remote` if none is set, it does not answer, or gives other octets than were sent; those of database and archive.
    pub async fn fetch_segments(&self) -> Result<u64> {
        let (_, remote) = self.remote()?;
        let sent: BTreeMap<SegmentId, RemoteSegment> =
            self.store().remote_segments()?.into_iter().map(|there| (there.segment, there)).collect();
        let mut wanted: BTreeSet<SegmentId> = sent.keys().copied().collect();
        let known = self.store().segments()?.into_iter().filter(|known| known.committed > 0);
        wanted.extend(known.map(|known| known.segment));
        let mut fetched = 0;
        for segment in wanted {
            if !self.archive().is_missing(segment) {
                continue;
            }
            let expected = match sent.get(&segment) {
                Some(there) => Some((there.octets, there.sha256, there.version.clone())),
                // Sent before the database was brought back: what the object says of itself; the check of the archive decides.
                None => match remote.head(&name_of(segment)).await.map_err(Error::Remote)? {
                    Some(Kept { octets, sha256: Some(sha256), version, .. }) => {
                        Some((octets, sha256, version))
                    }
                    _ => None,
                },
            };
            let Some((octets, sha256, version)) = expected else { continue };
            let part = self.archive().fetching_path(segment);
            let failed = |source| Error::io(&part, source);
            let mut file = File::create(&part).map_err(failed)?;
            let read = remote
                .read(&name_of(segment), version.as_deref(), &mut |piece| file.write_all(piece))
                .await
                .map_err(Error::Remote)?;
            if read != Some((octets, sha256)) {
                let _ = std::fs::remove_file(&part);
                tracing::warn!(%segment, "the remote storage has no such segment, or another one");
                continue;
            }
            file.sync_all().map_err(failed)?;
            self.archive().bring_back(segment)?;
            fetched += 1;
        }
        Ok(fetched)
    }

    fn remote(&self) -> Result<(store::RemoteStorage, Remote)> {
        match opened(self.core()) {
            Ok(Some(opened)) => Ok(opened),
            Ok(None) => Err(Error::Missing { what: "remote storage", name: String::new() }),
            Err(Fault::Remote(error)) => Err(Error::Remote(error)),
            Err(Fault::Other(error)) => Err(error),
        }
    }
}

/// Whether something else was written under the name since.
fn is_replaced(there: &RemoteSegment, current: &Kept) -> bool {
    match (&there.version, &current.version) {
        (Some(sent), Some(now)) => sent != now,
        _ => there.e_tag.is_some() && current.e_tag.is_some() && there.e_tag != current.e_tag,
    }
}
