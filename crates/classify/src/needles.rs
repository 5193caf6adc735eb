//! Many phrases in one pass over a text.

/// Octets of a phrase that are looked up; none is shorter.
const PREFIX: usize = 4;

/// Phrases, found by their first four octets.
///
/// An Aho-Corasick automaton over so many phrases is larger than the fast caches, and each of its steps waits for the one
/// before. Here nearly all places of a text are passed by a look at 8 kB of bits.
pub(crate) struct Needles {
    phrases: Vec<&'static str>,
    /// Which values of [`hash`] occur.
    known: Box<[u64; 1024]>,
    /// Phrases by [`slot`].
    slots: Vec<Vec<u16>>,
}

const SLOTS: usize = 4096;

fn hash(prefix: [u8; PREFIX]) -> u16 {
    (u32::from_le_bytes(prefix).wrapping_mul(0x9e37_79b1) >> 16) as u16
}

fn slot(hash: u16) -> usize {
    usize::from(hash >> 4)
}

impl Needles {
    /// A few hundred phrases of at least four octets.
    pub(crate) fn new(phrases: impl Iterator<Item = &'static str>) -> Self {
        let phrases: Vec<&'static str> = phrases.collect();
        let mut known = Box::new([0; 1024]);
        let mut slots = vec![Vec::new(); SLOTS];
        for (number, phrase) in phrases.iter().enumerate() {
            let prefix = phrase.as_bytes().first_chunk().expect("no phrase is that short");
            let hash = hash(*prefix);
            known[usize::from(hash >> 6)] |= 1 << (hash & 63);
            slots[slot(hash)].push(number as u16);
        }
        Self { phrases, known, slots }
    }

    /// The phrase of this number.
    pub(crate) fn phrase(&self, number: usize) -> Option<&'static str> {
        self.phrases.get(number).copied()
    }

    /// Number of each phrase that stands in `text`, and where it begins, in the order of the text. Linear.
    pub(crate) fn find<'n>(&'n self, text: &'n str) -> impl Iterator<Item = (usize, usize)> + 'n {
        let octets = text.as_bytes();
        octets
            .windows(PREFIX)
            .enumerate()
            .filter_map(|(at, prefix)| {
                let hash = hash(*prefix.first_chunk()?);
                (self.known[usize::from(hash >> 6)] >> (hash & 63) & 1 == 1).then_some((at, slot(hash)))
            })
            .flat_map(move |(at, slot)| {
                let begins = move |number: &u16| {
                    let number = usize::from(*number);
                    octets[at..].starts_with(self.phrases[number].as_bytes()).then_some((number, at))
                };
                self.slots[slot].iter().filter_map(begins)
            })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn all_that_stand_there() {
        let needles = Needles::new(["user unknown", "unknown", "user u", "häns"].into_iter());
        let found = |text: &str| needles.find(text).collect::<Vec<_>>();
        assert_eq!(found("the user unknown"), [(0, 4), (2, 4), (1, 9)]);
        assert_eq!(found("hans, häns"), [(3, 6)]);
        assert_eq!(found("us"), []);
    }
}
