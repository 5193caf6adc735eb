//! A mail fetched alone: first what is known of it, then its octets, so that nothing can be mistaken for another's.

use std::sync::Arc;

use super::flight::{Alone, Flight};
use super::{Fetching, MailFault};
use crate::imap::command::{Command, What};
use crate::imap::event::Event;
use crate::imap::response::{Body, Fetched, Text};
use crate::imap::talk::Talk;

impl Fetching<'_> {
    pub(super) fn send_facts(&mut self, talk: &mut Talk, uid: u32) {
        let tag = talk.send(&Command::UidFetch { uids: &[uid], what: What::Facts });
        self.flights.push_back(Flight::Facts { tag, uid, facts: None });
    }

    /// A FETCH response for the `at`-th flight, which is of a mail fetched alone.
    pub(super) fn fetched_alone(
        &mut self,
        at: usize,
        mut fetched: Fetched,
        is_announced: bool,
        events: &mut Vec<Event>,
    ) {
        match &mut self.flights[at] {
            Flight::Facts { facts, .. } => {
                // Without a UID only what came with size or date is an answer to the question; the rest is news.
                let is_answer = fetched.uid.is_some() || fetched.size_octets.is_some();
                if fetched.body.is_none() && is_answer {
                    *facts = Some(fetched);
                }
            }
            Flight::Body { uid, facts, outcome, .. } => {
                // One answer to one question, whatever follows.
                let body = fetched.body.take().filter(|_| *outcome == Alone::Nothing);
                let (uid, facts) = (*uid, facts.clone());
                match body {
                    Some(Body::Octets(octets)) => {
                        *outcome = Alone::HandedOver;
                        self.hand_over(self.facts(uid, &facts), octets, events);
                    }
                    Some(Body::Streamed(octets)) if is_announced => {
                        *outcome = Alone::HandedOver;
                        events.push(Event::End);
                        self.since.octets += octets;
                        self.settled(events);
                    }
                    _ => super::cut(is_announced, events),
                }
            }
            Flight::Search { .. } | Flight::Batch(_) => super::cut(is_announced, events),
        }
    }

    pub(super) fn facts_done(
        &mut self,
        talk: &mut Talk,
        uid: u32,
        facts: Option<Fetched>,
        (is_ok, text): (bool, Text),
        events: &mut Vec<Event>,
    ) {
        match facts {
            Some(facts) => {
                let tag = talk.send(&Command::UidFetch { uids: &[uid], what: What::Body });
                self.flights.push_back(Flight::Body { tag, uid, facts, outcome: Alone::Nothing });
            }
            None if is_ok => {
                // Listed a moment ago, expunged since.
                if self.again.remove(&uid) {
                    let (mailbox, position) = (Arc::clone(&self.mailbox), self.position(uid));
                    events.push(Event::Gone { mailbox, position });
                }
                self.settled(events);
            }
            None => self.failed(uid, MailFault::Refused { words: text.words }, events),
        }
    }

    pub(super) fn body_done(
        &mut self,
        uid: u32,
        facts: &Fetched,
        outcome: Alone,
        (is_ok, text): (bool, Text),
        events: &mut Vec<Event>,
    ) {
        match outcome {
            Alone::HandedOver => {}
            Alone::Nothing if !is_ok => self.failed(uid, MailFault::Refused { words: text.words }, events),
            // Some servers send NIL for a mail without octets.
            Alone::Nothing if facts.size_octets == Some(0) => {
                self.hand_over(self.facts(uid, facts), Vec::new(), events);
            }
            Alone::Nothing => self.failed(uid, MailFault::NotSent, events),
        }
    }
}
