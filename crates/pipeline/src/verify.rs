//! The full check: every stored octet, and archive, database and index against each other.

use std::collections::{BTreeMap, BTreeSet, VecDeque};

use archive::{Found, Stored};
use model::{Location, MailId, ObjectId, SegmentId};
use store::{ObjectRow, SharedObject};

use crate::core::Core;
use crate::error::Result;

/// One thing that is wrong.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Fault {
    /// In the archive itself.
    Archive {
        /// Which segment.
        segment: SegmentId,
        /// Offset, octets.
        at: u64,
        /// `record`, `torn`, `header`, `footer`, `missing`, `truncated`, `unreadable`.
        kind: &'static str,
        /// What exactly.
        detail: String,
    },
    /// The database names a record that the archive does not have.
    OriginalMissing {
        /// The mail.
        mail: MailId,
        /// Where its original should be.
        location: Location,
    },
    /// The record is not what the database says.
    OriginalDiffers {
        /// The mail.
        mail: MailId,
        /// Where its original lies.
        location: Location,
    },
    /// The database names an object that the archive does not have, or has otherwise.
    Object {
        /// Its name.
        object: ObjectId,
        /// Where it should be.
        location: Location,
    },
    /// The database says that a mail consists of an object it does not know.
    UseDangling {
        /// The object.
        object: ObjectId,
        /// Number of the mail.
        seq: i64,
    },
    /// Both copies of a slot of the keyring are damaged: its record cannot be read.
    Keyring {
        /// Number of the slot.
        slot: u64,
    },
    /// A record whose digest the database does not know.
    Unknown {
        /// Where it lies.
        location: Location,
    },
    /// The provable log is not what was signed, or the database is not what it says.
    Log {
        /// Which entry; `None`: the log as a whole.
        at: Option<u64>,
        /// `trouble`, `missing`, `changed`, `mail`, `payload`, `tree`.
        kind: &'static str,
        /// Which mail, or what exactly.
        detail: String,
    },
    /// The store besides this machine does not have a segment as it was sent.
    Remote {
        /// Which.
        segment: SegmentId,
        /// `missing`, `gone` (the version that was sent too), `replaced` (something else lies over it), `changed`, `local` (it is the one here that differs).
        kind: &'static str,
        /// What exactly.
        detail: String,
    },
    /// The search index lacks changes, or cannot be read.
    Index {
        /// What is wrong.
        detail: String,
    },
}

/// What was checked, and what is wrong.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Verified {
    /// Mails in the database.
    pub mails: u64,
    /// Records in the archive.
    pub records: u64,
    /// Octets of their mails.
    pub octets: u64,
    /// Objects that mails share.
    pub objects: u64,
    /// Records whose keys were destroyed.
    pub erased: u64,
    /// Slots of the keyring that were damaged in one copy, and repaired.
    pub repaired: u64,
    /// Everything wrong, in the order found.
    pub faults: Vec<Fault>,
}

pub(crate) fn verify(core: &Core, progress: &mut dyn FnMut(u64)) -> Result<Verified> {
    let committed: BTreeMap<_, _> =
        core.store.segments()?.into_iter().map(|s| (s.segment, s.committed)).collect();
    let mut check = Check {
        core,
        verified: Verified::default(),
        segment: None,
        rows: VecDeque::new(),
        next_at: 0,
        unclaimed: Vec::new(),
        objects: VecDeque::new(),
        next_object_at: 0,
        unclaimed_objects: Vec::new(),
    };
    let keyring = core.archive.keyring().check()?;
    check.verified.faults.extend(keyring.lost.into_iter().map(|slot| Fault::Keyring { slot }));
    let mut left: BTreeSet<SegmentId> = committed.keys().copied().collect();
    for found in core.archive.check(committed) {
        match found? {
            Found::Record { stored, .. } => {
                left.remove(&stored.location.segment);
                check.record(&stored)?;
                progress(check.verified.octets);
            }
            Found::Object { stored } => {
                left.remove(&stored.location.segment);
                check.object(&stored)?;
            }
            Found::Erased { .. } => check.verified.erased += 1,
            Found::Damage(damage) => check.verified.faults.push(Fault::Archive {
                segment: damage.segment,
                at: damage.at,
                kind: damage.kind.as_str(),
                detail: damage.kind.defect().map_or_else(String::new, |defect| format!("{defect:?}")),
            }),
            Found::Cut { .. } => {}
        }
    }
    check.end_segment()?;
    for segment in left {
        check.begin_segment(segment)?;
        check.end_segment()?;
    }
    check.unclaimed()?;
    check.unclaimed_objects()?;
    let mut verified = check.verified;
    let dangling = core.store.dangling_uses(ROWS)?;
    verified.faults.extend(dangling.into_iter().map(|(object, seq)| Fault::UseDangling { object, seq }));
    verified.repaired = core.archive.keyring().repaired();
    against_index(core, &mut verified)?;
    crate::proving::verify(core, &mut verified)?;
    Ok(verified)
}

/// Rows of the database taken together.
const ROWS: usize = 2000;

/// Two streams in the same order, by segment and offset: records of the archive, rows of the database.
struct Check<'a> {
    core: &'a Core,
    verified: Verified,
    segment: Option<SegmentId>,
    rows: VecDeque<ObjectRow>,
    next_at: u64,
    /// Records without a row: there twice (streamed before the digest was known), or unknown.
    unclaimed: Vec<Stored>,
    /// The same of objects.
    objects: VecDeque<SharedObject>,
    next_object_at: u64,
    unclaimed_objects: Vec<Stored>,
}

impl Check<'_> {
    fn enter(&mut self, segment: SegmentId) -> Result<()> {
        if self.segment != Some(segment) {
            self.end_segment()?;
            self.begin_segment(segment)?;
        }
        Ok(())
    }

    fn object(&mut self, stored: &Stored) -> Result<()> {
        self.enter(stored.location.segment)?;
        self.verified.objects += 1;
        while let Some(row) = self.object_row()? {
            if row.location.at > stored.location.at {
                break;
            }
            self.objects.pop_front();
            let expected = (stored.object_id, stored.location, stored.octets, stored.sha256);
            let (object, location) = (row.object, row.location);
            if (object, location, row.octets, row.sha256) == expected {
                return Ok(());
            }
            self.verified.faults.push(Fault::Object { object, location });
            if location.at == stored.location.at {
                return Ok(());
            }
        }
        self.unclaimed_objects.push(*stored);
        if self.unclaimed_objects.len() >= ROWS { self.unclaimed_objects() } else { Ok(()) }
    }

    fn object_row(&mut self) -> Result<Option<SharedObject>> {
        if self.objects.is_empty()
            && let Some(segment) = self.segment
        {
            let rows = self.core.store.shared_objects_of_segment(segment, self.next_object_at, ROWS)?;
            self.objects = rows.into();
            if let Some(last) = self.objects.back() {
                self.next_object_at = last.location.at + 1;
            }
        }
        Ok(self.objects.front().copied())
    }

    /// Objects without a row must be known by their digest.
    fn unclaimed_objects(&mut self) -> Result<()> {
        let records = std::mem::take(&mut self.unclaimed_objects);
        let digests: Vec<_> = records.iter().map(|record| record.sha256).collect();
        let known = self.core.store.known_objects(&digests)?;
        let unknown = records.iter().filter(|record| !known.contains_key(&record.sha256));
        self.verified.faults.extend(unknown.map(|record| Fault::Unknown { location: record.location }));
        Ok(())
    }

    fn record(&mut self, stored: &Stored) -> Result<()> {
        self.enter(stored.location.segment)?;
        self.verified.records += 1;
        self.verified.octets += stored.octets;
        while let Some(row) = self.row()? {
            if row.location.at > stored.location.at {
                break;
            }
            self.rows.pop_front();
            self.verified.mails += 1;
            if row.location.at < stored.location.at {
                self.verified
                    .faults
                    .push(Fault::OriginalMissing { mail: row.mail_id, location: row.location });
                continue;
            }
            if row.sha256 != stored.sha256 || row.octets != stored.octets || row.object != stored.object_id {
                self.verified
                    .faults
                    .push(Fault::OriginalDiffers { mail: row.mail_id, location: row.location });
            }
            return Ok(());
        }
        self.unclaimed.push(*stored);
        if self.unclaimed.len() >= ROWS { self.unclaimed() } else { Ok(()) }
    }

    /// The next row of the segment.
    fn row(&mut self) -> Result<Option<ObjectRow>> {
        if self.rows.is_empty()
            && let Some(segment) = self.segment
        {
            self.rows = self.core.store.objects_of_segment(segment, self.next_at, ROWS)?.into();
            if let Some(last) = self.rows.back() {
                self.next_at = last.location.at + 1;
            }
        }
        Ok(self.rows.front().copied())
    }

    fn begin_segment(&mut self, segment: SegmentId) -> Result<()> {
        self.segment = Some(segment);
        self.next_at = 0;
        self.rows.clear();
        self.next_object_at = 0;
        self.objects.clear();
        self.object_row()?;
        self.row().map(|_| ())
    }

    /// Rows behind the last record have none.
    fn end_segment(&mut self) -> Result<()> {
        while let Some(row) = self.row()? {
            self.rows.pop_front();
            self.verified.mails += 1;
            self.verified.faults.push(Fault::OriginalMissing { mail: row.mail_id, location: row.location });
        }
        while let Some(row) = self.object_row()? {
            self.objects.pop_front();
            let (object, location) = (row.object, row.location);
            self.verified.faults.push(Fault::Object { object, location });
        }
        self.segment = None;
        Ok(())
    }

    /// Records without a row must be known by their digest.
    fn unclaimed(&mut self) -> Result<()> {
        let records = std::mem::take(&mut self.unclaimed);
        let digests: Vec<_> = records.iter().map(|record| record.sha256).collect();
        let known = self.core.store.known_digests(&digests)?;
        let unknown = records.iter().filter(|record| !known.contains_key(&record.sha256));
        self.verified.faults.extend(unknown.map(|record| Fault::Unknown { location: record.location }));
        Ok(())
    }
}

fn against_index(core: &Core, verified: &mut Verified) -> Result<()> {
    if !core.store.changed_since(core.index.last_change_seq() as i64, 1)?.is_empty() {
        verified
            .faults
            .push(Fault::Index { detail: format!("ends at change {}", core.index.last_change_seq()) });
    }
    if let Err(error) = core.index.verify() {
        verified.faults.push(Fault::Index { detail: crate::chain(&error) });
    }
    Ok(())
}
