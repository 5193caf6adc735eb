//! After a change of UIDVALIDITY: mails known from before are found again by size, date and `Message-ID`, so that they
//! need not be fetched a second time.

use std::collections::HashMap;
use std::sync::Arc;

use model::{Position, UnixMillis};

use super::{Cursor, Fetching};
use crate::imap::event::{Event, KnownMail};
use crate::imap::response::Fetched;

/// What must agree.
type Identity = (u64, UnixMillis, String);

/// Mails of old, and mails found that look like one of them.
#[derive(Debug)]
pub(super) struct Renumbering {
    /// The UID of old, `None` if several mails share the identity.
    known: HashMap<Identity, Option<u32>>,
    /// The UID now, `None` likewise.
    found: HashMap<Identity, Option<u32>>,
    /// Alike in identity with another mail, or with no known one.
    rest: Vec<u32>,
}

impl Renumbering {
    /// `None` if nothing is known: then everything is fetched.
    pub(super) fn new(mails: Vec<KnownMail>) -> Option<Self> {
        let mut known = HashMap::with_capacity(mails.len());
        for mail in mails {
            let (Some(date), Some(message_id)) = (mail.internal_date, mail.message_id) else { continue };
            let uid = Some(mail.uid);
            known.entry((mail.size_octets, date, message_id)).and_modify(|uid| *uid = None).or_insert(uid);
        }
        (!known.is_empty()).then(|| Self { known, found: HashMap::new(), rest: Vec::new() })
    }
}

impl Fetching<'_> {
    pub(super) fn identified(&mut self, uid: u32, fetched: Fetched) {
        let Some(renumbering) = &mut self.renumbering else { return };
        let identity = match (fetched.size_octets, fetched.internal_date, fetched.message_id) {
            (Some(size), Some(date), Some(message_id)) if !fetched.is_broken => (size, date, message_id),
            _ => return renumbering.rest.push(uid),
        };
        if !matches!(renumbering.known.get(&identity), Some(Some(_))) {
            return renumbering.rest.push(uid);
        }
        match renumbering.found.get_mut(&identity) {
            None => drop(renumbering.found.insert(identity, Some(uid))),
            Some(first) => {
                renumbering.rest.extend(first.take());
                renumbering.rest.push(uid);
            }
        }
    }

    pub(super) fn unidentified(&mut self, uids: Vec<u32>) {
        if let Some(renumbering) = &mut self.renumbering {
            renumbering.rest.extend(uids);
        }
    }

    /// When all mails are identified: reports those found again, and goes on with the others. Whether there was
    /// anything to settle.
    pub(super) fn settle_renumbering(&mut self, events: &mut Vec<Event>) -> bool {
        let Some(mut renumbering) = self.renumbering.take() else { return false };
        let old = self.wanted.cursor.map_or(0, |cursor: Cursor| cursor.uid_validity);
        let mut moved: Vec<(u32, u32)> = renumbering
            .found
            .into_iter()
            .filter_map(|(identity, uid)| Some((uid?, renumbering.known.get(&identity).copied().flatten()?)))
            .collect();
        moved.sort_unstable();
        renumbering.rest.sort_unstable();
        self.done += moved.len() as u64;
        self.since.mails += moved.len();
        for (to, from) in moved {
            let mailbox = Arc::clone(&self.mailbox);
            let from = Position::Imap { uid_validity: old, uid: from };
            events.push(Event::Moved { mailbox, from, to: self.position(to) });
        }
        self.todo.extend(renumbering.rest);
        true
    }
}
