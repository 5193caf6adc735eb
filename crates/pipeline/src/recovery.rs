//! At start: what the archive has beyond the database is adopted, and only a torn end is cut.

use std::collections::{BTreeMap, HashMap};

use archive::{Found, Stored};
use model::{AccountId, MailId, MailboxId, ObjectId, Provenance, SegmentId};
use store::{AccountKind, Intake, IntakeItem, MailboxListing, NewAccount, SegmentCommit};

use crate::core::Core;
use crate::error::Result;
use crate::flow::shared;

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
    let mut adoption = Adoption { core, places: HashMap::new() };
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
        let (mut objects, mut uses) = (Vec::new(), HashMap::new());
        for record in batch {
            let (record, provenance, used) = match record {
                Adopted::Mail(record, provenance, used) => (record, *provenance, used),
                Adopted::Object(record) => {
                    stored.push(record);
                    objects.push(shared(&record));
                    continue;
                }
            };
            uses.insert(record.object_id, used);
            let mailbox = self.mailbox(&provenance)?;
            stored.push(record);
            items.push(IntakeItem {
                mail_id: MailId::new(uuid::Uuid::now_v7()),
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
            now: self.core.now(),
            ..Intake::default()
        })?;
        self.core.archive.confirm(&stored);
        Ok(())
    }

    /// The mailbox a record names; account and mailbox are made if the database is too old to know them.
    fn mailbox(&mut self, provenance: &Provenance) -> Result<MailboxId> {
        let key = (provenance.account, provenance.mailbox.clone());
        if let Some(known) = self.places.get(&key) {
            return Ok(*known);
        }
        let account = self.account(provenance)?;
        let listing = listing(&provenance.mailbox);
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

    fn account(&self, provenance: &Provenance) -> Result<AccountId> {
        let store = &self.core.store;
        if store.account(provenance.account)?.is_some() {
            return Ok(provenance.account);
        }
        // Without settings and credentials it cannot be fetched; its mails are here all the same. Another account may
        // have taken the name since.
        let taken = store.account_by_name(&provenance.account_name)?.is_some();
        let name = if taken {
            format!("{} ({})", provenance.account_name, provenance.account)
        } else {
            provenance.account_name.clone()
        };
        let new = NewAccount { name, kind: AccountKind::Import, ..NewAccount::default() };
        store.create_account(provenance.account, new, self.core.now())?;
        Ok(provenance.account)
    }
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
