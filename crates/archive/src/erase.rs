//! Erasing: keys of records are destroyed. Their octets stay where they are, so that nothing that was proven of the files changes,
//! and say nothing any more.

use std::collections::HashSet;

use keys::MasterKey;
use model::{Location, ObjectId};
use proof::record::{Mark, RECORD_PREFIX_LEN, RecordHeader};
use proof::sealed::AnyHeader;

use crate::window::{Missing, Window};
use crate::{Archive, Defect, Error};

/// Octets read at once: a header without a long provenance.
const AHEAD: usize = 1 << 12;

impl Archive {
    /// Where the key of a record lies in the keyring; `None` for a record of version 1, which is not encrypted.
    ///
    /// # Errors
    /// `NoSegment`, `Io`; `Damaged` if there is no such record.
    pub fn slot(&self, object_id: ObjectId, location: Location) -> Result<Option<u64>, Error> {
        let Location { segment, at, len } = location;
        let (file, path) = self.0.file(segment)?;
        let mut window = Window::new(file, path, at.saturating_add(len), AHEAD);
        let damaged = |defect| Error::Damaged { segment, at, object_id: Some(object_id), defect };
        let missing = |missing| match missing {
            Missing::End => damaged(Defect::Short),
            Missing::Failed(error) => error,
        };
        let mark = Mark::of(segment);
        let prefix = window.slice(at, RECORD_PREFIX_LEN).map_err(missing)?;
        let header_len = RecordHeader::len_of(prefix, mark).map_err(damaged)?;
        let octets = window.slice(at, header_len).map_err(missing)?;
        let (header, ..) = AnyHeader::decode(octets, mark).map_err(damaged)?;
        match header {
            _ if header.object_id() != object_id => Err(damaged(Defect::Value)),
            AnyHeader::Open(_) => Ok(None),
            AnyHeader::Sealed(header, _) => Ok(Some(header.slot)),
        }
    }

    /// Destroys the keys of these records, and no others, by a new epoch of the keyring; nothing happens if none of them has one
    /// any more. Gives how many keys there were. Killed anywhere, all of them are there or none.
    ///
    /// # Errors
    /// `Full`, `Io`, `Random`, `KeyringDamaged`: no key is destroyed then.
    pub fn erase(&self, master: &MasterKey, records: &HashSet<ObjectId>) -> Result<u64, Error> {
        let slots = self.0.keyring.slots_of(records)?;
        if slots.is_empty() {
            // The epoch before may have been interrupted while it was being overwritten.
            return self.0.keyring.destroy_older().map(|()| 0);
        }
        self.0.keyring.erase(master, &slots)?;
        Ok(slots.len() as u64)
    }
}
