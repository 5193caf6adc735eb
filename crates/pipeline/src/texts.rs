//! Texts of mails between reading and indexing: kept for a moment, so that no mail is parsed twice. May be lost at any
//! time: the index reads the archive then.

use std::collections::{HashMap, VecDeque};
use std::sync::{Arc, Condvar, Mutex, PoisonError};
use std::time::Duration;

use model::{MailId, TextKind};

/// Texts of a mail that the index needs and the database does not keep.
#[derive(Clone, Debug, Default)]
pub(crate) struct Texts {
    /// Body in stretches.
    pub(crate) body: Vec<(TextKind, String)>,
    /// Text of attachments, by number of their part.
    pub(crate) attachments: Vec<(String, String)>,
}

impl Texts {
    fn octets(&self) -> usize {
        let body: usize = self.body.iter().map(|(_, text)| text.len()).sum();
        body + self.attachments.iter().map(|(_, text)| text.len()).sum::<usize>() + 128
    }
}

/// A bounded store of texts, by mail.
pub(crate) struct Cache {
    state: Mutex<State>,
    room: Condvar,
    octets_max: usize,
}

#[derive(Default)]
struct State {
    texts: HashMap<MailId, Arc<Texts>>,
    order: VecDeque<MailId>,
    octets: usize,
}

impl Cache {
    pub(crate) fn new(octets_max: usize) -> Self {
        Self { state: Mutex::default(), room: Condvar::new(), octets_max }
    }

    /// Keeps texts. Waits up to `patience` for room; then the oldest give way.
    pub(crate) fn put(&self, mail: MailId, texts: Texts, patience: Duration) {
        let octets = texts.octets();
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        if state.octets + octets > self.octets_max && !patience.is_zero() {
            state = self
                .room
                .wait_timeout_while(state, patience, |state| {
                    state.octets > 0 && state.octets + octets > self.octets_max
                })
                .unwrap_or_else(PoisonError::into_inner)
                .0;
        }
        while state.octets + octets > self.octets_max {
            let Some(oldest) = state.order.pop_front() else { break };
            if let Some(gone) = state.texts.remove(&oldest) {
                state.octets -= gone.octets();
            }
        }
        state.octets += octets;
        state.order.push_back(mail);
        if let Some(before) = state.texts.insert(mail, Arc::new(texts)) {
            state.octets -= before.octets();
        }
    }

    /// Forgets everything.
    pub(crate) fn clear(&self) {
        *self.state.lock().unwrap_or_else(PoisonError::into_inner) = State::default();
        self.room.notify_all();
    }

    /// Takes texts out, if they are there.
    pub(crate) fn take(&self, mail: MailId) -> Option<Arc<Texts>> {
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        let texts = state.texts.remove(&mail)?;
        state.octets -= texts.octets();
        if state.texts.is_empty() {
            state.order.clear();
        }
        self.room.notify_all();
        Some(texts)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_oldest_give_way() {
        let cache = Cache::new(1000);
        let id = |n: u8| MailId::from_octets([n; 16]);
        for n in 0..10 {
            cache.put(
                id(n),
                Texts { body: vec![(TextKind::New, "x".repeat(172))], attachments: Vec::new() },
                Duration::ZERO,
            );
        }
        assert!(cache.take(id(6)).is_none());
        for n in 7..10 {
            assert!(cache.take(id(n)).is_some(), "{n}");
        }
        assert_eq!(cache.state.lock().unwrap().octets, 0);
    }
}
