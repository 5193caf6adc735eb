//! What is asked for next: searches before all, overlapping batches, single mails alone.

use super::flight::{Batch, Flight};
use super::{Fetching, Outcome};
use crate::imap::command::{Command, What, set};
use crate::imap::event::Event;
use crate::imap::talk::Talk;
use crate::line::Step;

/// Longest set in one command.
const SET_OCTETS_MAX: usize = 6000;
/// Batches on the way at the same time.
const FLIGHTS_MAX: usize = 2;

impl Fetching<'_> {
    /// Sends what may be sent, and sees whether all is done.
    pub(super) fn go_on(&mut self, talk: &mut Talk, events: &mut Vec<Event>) -> Step<Outcome> {
        loop {
            let is_searching = self.flights.iter().any(Flight::is_search);
            if !is_searching && self.next_number.is_none() && self.is_listed && self.renumbering.is_none() {
                // What has just come goes before what is older.
                self.has_grown();
            }
            if !is_searching && self.next_number.is_some() {
                self.search(talk);
            }
            self.send_fetches(talk);
            if !self.flights.is_empty() {
                return Step::More;
            }
            if self.next_number.is_none() && !self.settle_renumbering(events) && !self.has_grown() {
                self.batch_end(events, true);
                return Step::Done(Outcome { uid_next: self.uid_next });
            }
        }
    }

    /// Batches overlap; a mail fetched alone has the line for itself, so that no answer can be taken for another's.
    fn send_fetches(&mut self, talk: &mut Talk) {
        loop {
            let fetches = self.flights.iter().filter(|flight| !flight.is_search()).count();
            if !self.alone.is_empty() {
                if fetches == 0
                    && let Some(uid) = self.alone.pop_front()
                {
                    self.send_facts(talk, uid);
                }
                return;
            }
            let is_alone = self.flights.iter().any(Flight::is_alone);
            let is_listing = self.next_number.is_some() || self.flights.iter().any(Flight::is_search);
            let must_wait = is_listing && !self.is_listed;
            if self.todo.is_empty() || must_wait || fetches >= FLIGHTS_MAX || is_alone {
                return;
            }
            self.send_batch(talk);
        }
    }

    /// Whether mail has come in meanwhile; then it is searched for.
    fn has_grown(&mut self) -> bool {
        if self.messages <= self.searched_messages {
            return false;
        }
        self.is_few = self.messages - self.searched_messages <= super::WINDOW_MAILS;
        self.searched_messages = self.messages;
        self.searched_uid = self.searched_uid.max(self.listed_uid);
        self.next_number = Some(1);
        // What the server announced is out of date.
        self.uid_next = None;
        true
    }

    fn search(&mut self, talk: &mut Talk) {
        let Some(first) = self.next_number.take() else { return };
        let uid_first = self.searched_uid.saturating_add(1);
        let numbers = if self.messages <= super::WINDOW_MAILS || self.is_few {
            None
        } else {
            let last = first.saturating_add(super::WINDOW_MAILS - 1);
            if last < self.messages {
                self.next_number = Some(last + 1);
            }
            Some((first, last.min(self.messages)))
        };
        let tag = talk.send(&Command::UidSearch { numbers, uid_first });
        self.flights.push_back(Flight::Search { tag, found: Vec::new() });
    }

    fn send_batch(&mut self, talk: &mut Talk) {
        let mut count = self.bounds.batch_mails.min(self.todo.len()).max(1);
        let uids = self.todo.make_contiguous();
        while count > 1 && set(&uids[uids.len() - count..]).len() > SET_OCTETS_MAX {
            count /= 2;
        }
        let newest = self.todo.split_off(self.todo.len() - count);
        let (uids, what) = (Vec::from(newest), self.what());
        let tag = talk.send(&Command::UidFetch { uids: &uids, what });
        self.flights.push_back(Flight::Batch(Batch::new(tag, uids)));
    }

    fn what(&self) -> What {
        if self.renumbering.is_some() { What::Identity } else { What::Mail }
    }
}
