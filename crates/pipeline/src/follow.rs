//! Keeps the index behind the database, by change number. What it loses in a crash it makes again.

use std::sync::{Arc, PoisonError};
use std::time::{Duration, Instant};

use index::{Attached, Document};
use model::Address;
use store::{AddressRole, Change, IndexedMessage};

use crate::core::Core;
use crate::error::Result;
use crate::texts::Texts;

/// Changes taken together.
const BATCH: usize = 500;
/// Messages between two commits when there is much to do.
const COMMIT_MESSAGES: usize = 10_000;
/// The longest a filed message waits to be found.
const COMMIT_PATIENCE: Duration = Duration::from_millis(1500);
/// Quiet for so long, small segments are merged and memory is given back.
const SETTLE_PATIENCE: Duration = Duration::from_secs(5);

/// Runs until the engine closes; commits what it has then.
pub(crate) fn run(core: &Arc<Core>) {
    let mut follower =
        Follower { core, seen: core.index.last_change_seq(), pending: 0, since: None, settled: false };
    loop {
        let closing = core.follower.is_closed();
        match follower.step(closing) {
            Ok(true) => {}
            Ok(false) if closing => return,
            Ok(false) => follower.wait(),
            Err(error) => {
                tracing::warn!(error = %crate::chain(&error), "the search index could not follow; it goes on from its last commit");
                follower.seen = core.index.last_change_seq();
                (follower.pending, follower.since) = (0, None);
                if closing {
                    return;
                }
                core.follower.wait(Some(SETTLE_PATIENCE));
            }
        }
        core.indexed.ring();
    }
}

struct Follower<'a> {
    core: &'a Arc<Core>,
    /// Last change written, perhaps not committed.
    seen: u64,
    pending: usize,
    since: Option<Instant>,
    settled: bool,
}

impl Follower<'_> {
    /// Takes the next changes, commits if it is time to; true if there may be more at once.
    fn step(&mut self, closing: bool) -> Result<bool> {
        let _following = self.core.following.lock().unwrap_or_else(PoisonError::into_inner);
        let changes = self.core.store.changed_since(self.seen as i64, BATCH)?;
        let more = changes.len() == BATCH;
        if let Some(last) = changes.last() {
            self.seen = last.change_seq().unsigned_abs();
            self.pending += changes.len();
            self.since.get_or_insert_with(Instant::now);
            self.write(changes)?;
        }
        let due = self.since.is_some_and(|since| since.elapsed() >= COMMIT_PATIENCE);
        let hurry = closing || self.core.wants_index();
        if self.pending > 0 && (self.pending >= COMMIT_MESSAGES || (!more && (due || hurry))) {
            self.core.index.commit(self.seen)?;
            self.core.keeper.ring();
            (self.pending, self.since, self.settled) = (0, None, false);
        }
        Ok(more)
    }

    fn wait(&mut self) {
        let patience = match self.since {
            Some(since) => COMMIT_PATIENCE.saturating_sub(since.elapsed()),
            None if self.settled => Duration::from_mins(10),
            None => SETTLE_PATIENCE,
        };
        let rung = self.core.follower.wait(Some(patience));
        if !rung && self.since.is_none() && !self.settled && !self.core.follower.is_closed() {
            if let Err(error) = self.core.index.settle() {
                tracing::warn!(error = %crate::chain(&error), "the search index could not be tidied up");
            }
            self.settled = true;
        }
    }

    fn write(&self, changes: Vec<Change>) -> Result<()> {
        let mut messages: Vec<(IndexedMessage, Arc<Texts>)> = Vec::with_capacity(changes.len());
        let mut deletes = Vec::new();
        for change in changes {
            match change {
                Change::Put(message) => {
                    let texts = self.texts(&message);
                    messages.push((*message, texts));
                }
                Change::Delete { seq, .. } => deletes.push(seq.unsigned_abs()),
            }
        }
        let people: Vec<[Vec<Address>; 3]> =
            messages.iter_mut().map(|(message, _)| people(std::mem::take(&mut message.addresses))).collect();
        let documents: Vec<Document<'_>> = messages
            .iter()
            .zip(&people)
            .map(|((message, texts), people)| document(message, texts, people))
            .collect();
        self.core.index.write(&documents, &deletes)?;
        Ok(())
    }

    /// From the moment's cache, or read again from the archive. What cannot be read has no texts.
    fn texts(&self, message: &IndexedMessage) -> Arc<Texts> {
        if message.quarantined {
            return Arc::default();
        }
        let octets = &message.octets;
        self.core.texts.take(octets.mail_id).unwrap_or_else(|| {
            Arc::new(crate::read::texts(self.core, octets.location, octets.octets).unwrap_or_default())
        })
    }
}

/// Authors, recipients, further recipients.
fn people(addresses: Vec<(AddressRole, Address)>) -> [Vec<Address>; 3] {
    let mut people: [Vec<Address>; 3] = Default::default();
    for (role, address) in addresses {
        match role {
            AddressRole::From | AddressRole::Sender => people[0].push(address),
            AddressRole::To => people[1].push(address),
            AddressRole::Cc | AddressRole::Bcc => people[2].push(address),
            AddressRole::ReplyTo | AddressRole::DeliveredTo | AddressRole::OriginalTo => {}
        }
    }
    people
}

fn document<'a>(
    message: &'a IndexedMessage,
    texts: &'a Texts,
    [from, to, cc]: &'a [Vec<Address>; 3],
) -> Document<'a> {
    let text_of = |number: &str| {
        texts.attachments.iter().find(|(part, _)| part == number).map_or("", |(_, text)| text.as_str())
    };
    let attachments = message
        .parts
        .iter()
        .map(|part| Attached { name: part.name.as_deref().unwrap_or_default(), text: text_of(&part.number) })
        .filter(|attached| !attached.name.is_empty() || !attached.text.is_empty())
        .collect();
    Document {
        seq: message.seq.unsigned_abs(),
        accounts: &message.accounts,
        date: message.date,
        octets: message.octets.octets,
        kind: message.kind,
        unread: message.unread,
        has_attachment: message.attachments > 0,
        from,
        to,
        cc,
        subject: &message.subject,
        text: texts.body.iter().map(|(kind, text)| (*kind, text.as_str())).collect(),
        attachments,
        message_id: message.message_id.as_ref().map_or("", |id| id.as_str()),
        deleted: message.deleted,
        spam: message.spam,
        groups: &message.groups,
        tags: &message.tags,
        links: &message.links,
        invoices: &message.invoices,
    }
}
