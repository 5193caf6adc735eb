//! What the server says while a mailbox is fetched.

use super::flight::Flight;
use super::{Fetching, Streaming, WINDOW_MAILS, cut};
use crate::imap::error::ImapError;
use crate::imap::event::Event;
use crate::imap::response::{Body, Fetched, Response, Status};

impl Fetching<'_> {
    /// The octets of a mail begin.
    pub(super) fn body_begins(&mut self, fetched: &Fetched, octets: u64, events: &mut Vec<Event>) {
        let announced = self.flights.iter().find_map(|flight| flight.announced(fetched));
        self.streaming = Some(Streaming { is_announced: announced.is_some() });
        if let Some((uid, known)) = announced {
            let mut facts = self.facts(uid, &known);
            facts.size_octets = facts.size_octets.or(Some(octets));
            events.push(Event::Begin(facts));
        }
    }

    pub(super) fn response(&mut self, response: Response, events: &mut Vec<Event>) -> Result<(), ImapError> {
        // The octets handed over belong to the response that ends now.
        let is_announced = self.streaming.take().is_some_and(|streaming| streaming.is_announced);
        match response {
            Response::Fetch(fetched) if fetched.is_broken && (is_announced || fetched.body.is_some()) => {
                cut(is_announced, events);
                self.blame = self
                    .flights
                    .iter()
                    .find(|flight| flight.concerns(&fetched))
                    .and_then(|flight| fetched.uid.or_else(|| flight.first()));
                // From here on anything could be the text of a mail: another connection must begin.
                return Err(ImapError::Protocol { what: "what follows a mail is no response".to_owned() });
            }
            Response::Fetch(fetched) => self.fetched(fetched, is_announced, events),
            _ if is_announced => events.push(Event::Cut),
            Response::Search(ranges) => {
                let search = self.flights.iter_mut().find_map(|flight| match flight {
                    Flight::Search { found, .. } => Some(found),
                    _ => None,
                });
                if let Some(found) = search {
                    // No more mails can be named than there are, whatever the ranges say.
                    let found_max = 2 * self.messages.max(WINDOW_MAILS) as usize;
                    for (first, last) in ranges {
                        found.extend((first.max(1)..=last).take(found_max.saturating_sub(found.len())));
                    }
                }
            }
            Response::Exists(messages) => self.messages = messages,
            Response::Expunge(number) => {
                self.messages = self.messages.saturating_sub(1);
                self.searched_messages = self.searched_messages.saturating_sub(1);
                // Those behind it have moved up.
                self.next_number = self.next_number.map(|next| if number < next { next - 1 } else { next });
            }
            // With QRESYNC instead of EXPUNGE; by UID, so that those behind it may have moved up as well.
            Response::Vanished { uids, is_earlier: false } => {
                let count = uids
                    .iter()
                    .fold(0_u32, |sum, (first, last)| sum.saturating_add((last - first).saturating_add(1)));
                self.messages = self.messages.saturating_sub(count);
                self.searched_messages = self.searched_messages.saturating_sub(count);
                self.next_number = self.next_number.map(|next| next.saturating_sub(count).max(1));
            }
            Response::Untagged { status: Status::Bye, text } => {
                return Err(ImapError::Bye { words: text.words });
            }
            Response::Untagged { text, .. } => {
                self.uid_validity = text.number("UIDVALIDITY").unwrap_or(self.uid_validity);
                self.uid_next = text.number("UIDNEXT").or(self.uid_next);
            }
            _ => {}
        }
        Ok(())
    }

    fn fetched(&mut self, fetched: Fetched, is_announced: bool, events: &mut Vec<Event>) {
        let at = self.flights.iter().position(|flight| flight.concerns(&fetched));
        match at.and_then(|at| self.flights.get_mut(at)) {
            None => cut(is_announced, events),
            Some(Flight::Batch(batch)) if self.renumbering.is_some() => {
                if let Some(uid) = fetched.uid.filter(|uid| batch.take(*uid)) {
                    self.identified(uid, fetched);
                }
            }
            Some(Flight::Batch(_)) => self.fetched_in_batch(at.unwrap_or(0), fetched, is_announced, events),
            Some(_) => self.fetched_alone(at.unwrap_or(0), fetched, is_announced, events),
        }
    }

    fn fetched_in_batch(&mut self, at: usize, fetched: Fetched, is_announced: bool, events: &mut Vec<Event>) {
        let Flight::Batch(batch) = &mut self.flights[at] else { return };
        let Some(uid) = batch.uid_of(&fetched).filter(|_| fetched.body.is_some()) else {
            // News about flags, or too broken to tell.
            return cut(is_announced, events);
        };
        batch.take(uid);
        let mut fetched = fetched;
        match fetched.body.take() {
            Some(Body::Octets(octets)) => {
                self.hand_over(self.facts(uid, &fetched), octets, events);
            }
            Some(Body::Streamed(octets)) if is_announced => {
                events.push(Event::End);
                self.since.octets += octets;
                self.settled(events);
            }
            _ => {
                batch.suspects.push(uid);
                cut(is_announced, events);
            }
        }
    }
}
