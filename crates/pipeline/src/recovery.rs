//! At start: what the archive has beyond the database is adopted, and only a torn end is cut.

use std::collections::{BTreeMap, HashMap, HashSet};

use archive::{Found, Stored};
use model::{AccountId, MailId, MailboxId, ObjectId, Provenance, SegmentId};
use store::{AccountKind, Intake, IntakeItem, MailboxListing, NewAccount, SegmentCommit};

use crate::core::Core;
use crate::error::Result;
use crate::flow::shared;
use crate::replay::Past;

/// Records taken in together.
const BATCH: usize = 500;

/// What recovery found.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Recovered {
    /// Records beyond the last committed one, taken in.
    pub adopted: u64,
    /// Unfinished ends cut off.
    pub cut: u64,
    /// Damaged places, left as they are.
    pub damaged: u64,
}

/// Compares archive and database, and takes in what is missing.
pub(crate) fn recover(core: &Core) -> Result<Recovered> {
    let committed: BTreeMap<_, _> =
        core.store.segments()?.into_iter().map(|s| (s.segment, s.committed)).collect();
    let mut recovered = Recovered::default();
    let mut adoption = Adoption { core, places: HashMap::new(), past: Past::new(core)? };
    // Of one segment: until it is walked to its end, the archive does not sync it.
    let mut found_in: Option<SegmentId> = None;
    let mut records: Vec<Adopted> = Vec::new();
    for found in core.archive.recover(committed) {
        match found? {
            Found::Record { stored, provenance, uses } => {
                if found_in != Some(stored.location.segment) {
                    adoption.take_all(&mut records)?;
                    found_in = Some(stored.location.segment);
                }
                recovered.adopted += 1;
                records.push(Adopted::Mail(stored, Box::new(provenance), uses));
            }
            Found::Object { stored } => {
                if found_in != Some(stored.location.segment) {
                    adoption.take_all(&mut records)?;
                    found_in = Some(stored.location.segment);
                }
                records.push(Adopted::Object(stored));
            }
            Found::Erased { .. } => {}
            Found::Damage(damage) => {
                recovered.damaged += 1;
                tracing::error!(segment = %damage.segment, at = damage.at, kind = damage.kind.as_str(), "the archive is damaged");
            }
            Found::Cut { segment, at, octets } => {
                recovered.cut += 1;
                tracing::warn!(%segment, at, octets, "cut off an unfinished record");
            }
        }
    }
    adoption.take_all(&mut records)?;
    Ok(recovered)
}

enum Adopted {
    /// With the names of the objects it consists of.
    Mail(Stored, Box<Provenance>, Vec<ObjectId>),
    Object(Stored),
}

struct Adoption<'a> {
    core: &'a Core,
    past: Past<'a>,
    places: HashMap<(AccountId, Vec<u8>), MailboxId>,
}

impl Adoption<'_> {
    fn take_all(&mut self, records: &mut Vec<Adopted>) -> Result<()> {
        while !records.is_empty() {
            let batch = records.drain(..records.len().min(BATCH)).collect();
            self.take(batch)?;
        }
        Ok(())
    }

    fn take(&mut self, batch: Vec<Adopted>) -> Result<()> {
        let mut items = Vec::with_capacity(batch.len());
        let mut stored = Vec::with_capacity(batch.len());
        let (mut objects, mut uses, mut told) = (Vec::new(), HashMap::new(), HashSet::new());
        let unfit = self.unfit(&batch)?;
        crate::erasure::doom_some(self.core, &unfit)?;
        for record in batch {
            let (record, provenance, used) = match record {
                Adopted::Mail(record, ..) if unfit.contains(&record.object_id) => {
                    stored.push(record);
                    continue;
                }
                Adopted::Mail(record, provenance, used) => (record, *provenance, used),
                Adopted::Object(record) => {
                    stored.push(record);
                    objects.push(shared(&record));
                    continue;
                }
            };
            uses.insert(record.object_id, used);
            let past = self.past.of(record.object_id)?;
            told.extend(past.map(|(mail, _)| mail));
            let mailbox = self.mailbox(&provenance, past.and_then(|(_, mailbox)| mailbox))?;
            stored.push(record);
            items.push(IntakeItem {
                mail_id: past.map_or_else(|| MailId::new(uuid::Uuid::now_v7()), |(mail, _)| mail),
                sha256: record.sha256,
                octets: record.octets,
                record: Some((record.object_id, record.location)),
                mailbox,
                position: provenance.position,
                received: provenance.received,
                fetched: provenance.fetched,
                flags: provenance.flags,
                envelope: provenance.envelope,
            });
        }
        let committed = self.core.archive.sync(&stored)?;
        let segments = committed
            .iter()
            .map(|c| SegmentCommit { segment: c.segment, committed: c.len, sealed: false })
            .collect();
        self.core.store.commit_intake(Intake {
            items,
            segments,
            objects,
            uses,
            told,
            adopted: true,
            now: self.core.now(),
            ..Intake::default()
        })?;
        self.core.archive.confirm(&stored);
        Ok(())
    }

    /// Mails that were erased: a record of one was written again.
    fn unfit(&self, batch: &[Adopted]) -> Result<HashSet<ObjectId>> {
        let mails = || {
            batch.iter().filter_map(|record| match record {
                Adopted::Mail(stored, ..) => Some(stored),
                Adopted::Object(_) => None,
            })
        };
        let digests: Vec<_> = mails().map(|stored| stored.sha256).collect();
        let erased = crate::erasure::erased(self.core, &digests)?;
        Ok(mails().filter(|stored| erased.contains(&stored.sha256)).map(|stored| stored.object_id).collect())
    }

    /// The mailbox a record names; account and mailbox are made if the database is too old to know them, under the id it had.
    fn mailbox(&mut self, provenance: &Provenance, was: Option<MailboxId>) -> Result<MailboxId> {
        let key = (provenance.account, provenance.mailbox.clone());
        if let Some(known) = self.places.get(&key) {
            return Ok(*known);
        }
        let account = provenance.account;
        has_account(self.core, account, Some(&provenance.account_name))?;
        let mut listing = listing(&provenance.mailbox);
        listing.id = was.unwrap_or(listing.id);
        let existing = self
            .core
            .store
            .mailboxes(account)?
            .into_iter()
            .find(|mailbox| mailbox.name == provenance.mailbox);
        let id = match existing {
            Some(mailbox) => mailbox.id,
            None => self
                .core
                .store
                .upsert_mailboxes(account, vec![listing])?
                .first()
                .copied()
                .ok_or(crate::Error::Stopped)?,
        };
        self.places.insert(key, id);
        Ok(id)
    }
}

/// Makes an account that the database is too old to know, if its name is known; whether there is one now.
pub(crate) fn has_account(core: &Core, account: AccountId, name: Option<&str>) -> Result<bool> {
    if core.store.account(account)?.is_some() {
        return Ok(true);
    }
    let Some(name) = name else { return Ok(false) };
    // Without settings and credentials it cannot be fetched; its mails are here all the same. Another account may have taken
    // the name since.
    let taken = core.store.account_by_name(name)?.is_some();
    let name = if taken { format!("{name} ({account})") } else { name.to_owned() };
    let new = NewAccount { name, kind: AccountKind::Import, ..NewAccount::default() };
    core.store.create_account(account, new, core.now())?;
    Ok(true)
}

/// A mailbox known by its raw name only; the next listing of the server brings the name to show.
pub(crate) fn listing(name: &[u8]) -> MailboxListing {
    MailboxListing {
        id: MailboxId::new(uuid::Uuid::now_v7()),
        name: name.to_vec(),
        display_name: String::from_utf8_lossy(name).into_owned(),
        special_use: None,
        selected: true,
    }
}
