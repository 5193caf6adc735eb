//! Outcomes by content: a share of attachments comes again and again.

use std::collections::HashMap;

use model::Sha256;

use crate::outcome::Outcome;
use crate::sniff::Kind;

type Key = (Sha256, Kind);

/// Two generations: what is asked for moves to the young one; when that is full, the old one goes.
#[derive(Debug)]
pub(crate) struct Cache {
    young: HashMap<Key, Outcome>,
    old: HashMap<Key, Outcome>,
    young_octets: usize,
    octets_max: usize,
}

impl Cache {
    /// At most `octets_max` octets of text and keys.
    pub(crate) fn new(octets_max: usize) -> Self {
        Self { young: HashMap::new(), old: HashMap::new(), young_octets: 0, octets_max }
    }

    pub(crate) fn get(&mut self, key: &Key) -> Option<Outcome> {
        if let Some(found) = self.young.get(key) {
            return Some(found.clone());
        }
        let found = self.old.remove(key)?;
        self.put(*key, found.clone());
        Some(found)
    }

    pub(crate) fn put(&mut self, key: Key, outcome: Outcome) {
        let octets = 128 + outcome.text().map_or(0, str::len);
        if octets > self.octets_max / 4 {
            return;
        }
        if self.young_octets + octets > self.octets_max / 2 {
            self.old = std::mem::take(&mut self.young);
            self.young_octets = 0;
        }
        self.young_octets += octets;
        self.young.insert(key, outcome);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::outcome::Text;

    #[test]
    fn what_is_asked_for_stays() {
        let mut cache = Cache::new(10_000);
        let key = |n: u8| (Sha256([n; 32]), Kind::Pdf);
        let text = || Outcome::Text(Text { text: "x".repeat(872).into(), truncated: false, invoice: None });
        for n in 0..100 {
            cache.put(key(n), text());
            assert_eq!(cache.get(&key(0)), Some(text()), "{n}");
        }
        assert_eq!(cache.get(&key(50)), None);
        assert!(cache.young.len() + cache.old.len() <= 10);
    }
}
