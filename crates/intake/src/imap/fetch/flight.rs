//! Commands that are on the way, and what they are about.

use crate::imap::response::Fetched;
use crate::imap::talk::Tag;

/// A command whose end has not come.
#[derive(Debug)]
pub(super) enum Flight {
    Search {
        tag: Tag,
        found: Vec<u32>,
    },
    Batch(Batch),
    /// Facts about a mail fetched alone.
    Facts {
        tag: Tag,
        uid: u32,
        facts: Option<Fetched>,
    },
    /// The octets of a mail fetched alone, when its facts are known.
    Body {
        tag: Tag,
        uid: u32,
        facts: Fetched,
        outcome: Alone,
    },
}

/// What has become of a mail fetched alone.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Alone {
    /// Nothing came yet, or a `NIL`.
    Nothing,
    HandedOver,
}

impl Flight {
    pub(super) fn tag(&self) -> Tag {
        match self {
            Self::Search { tag, .. } | Self::Facts { tag, .. } | Self::Body { tag, .. } => *tag,
            Self::Batch(batch) => batch.tag,
        }
    }

    pub(super) fn is_search(&self) -> bool {
        matches!(self, Self::Search { .. })
    }

    pub(super) fn is_alone(&self) -> bool {
        matches!(self, Self::Facts { .. } | Self::Body { .. })
    }

    /// The mail that comes next, if all is in order.
    pub(super) fn first(&self) -> Option<u32> {
        match self {
            Self::Search { .. } => None,
            Self::Batch(batch) => batch.open().next(),
            Self::Facts { uid, .. } | Self::Body { uid, .. } => Some(*uid),
        }
    }

    /// The lowest UID not settled.
    pub(super) fn lowest(&self) -> Option<u32> {
        match self {
            Self::Batch(batch) => batch.open().chain(batch.suspects.iter().copied()).min(),
            Self::Body { outcome: Alone::HandedOver, .. } => None,
            flight => flight.first(),
        }
    }

    /// Whether a FETCH response belongs to this command.
    pub(super) fn concerns(&self, fetched: &Fetched) -> bool {
        match self {
            Self::Search { .. } => false,
            Self::Batch(batch) => batch.uid_of(fetched).is_some(),
            // Asked for alone, it needs no UID.
            Self::Facts { uid, .. } | Self::Body { uid, .. } => fetched.uid.is_none_or(|found| found == *uid),
        }
    }

    /// UID and facts of a mail whose octets begin, if all that must be known before them is known.
    pub(super) fn announced(&self, fetched: &Fetched) -> Option<(u32, Fetched)> {
        match self {
            Self::Batch(batch) => {
                let uid = fetched.uid.filter(|uid| batch.is_open(*uid))?;
                let known = fetched.flags.is_some() && fetched.internal_date.is_some();
                known.then(|| (uid, fetched.clone()))
            }
            Self::Body { uid, facts, .. } if self.concerns(fetched) => Some((*uid, facts.clone())),
            _ => None,
        }
    }
}

/// Mails fetched with one command.
#[derive(Debug)]
pub(super) struct Batch {
    tag: Tag,
    /// Ascending; those before `from` have come.
    uids: Vec<u32>,
    from: usize,
    /// Came out of order: marks of those that have come behind `from`.
    came: Vec<u32>,
    /// Came, but not in a way to be taken: a `NIL`, or large with facts behind the octets.
    pub(super) suspects: Vec<u32>,
}

impl Batch {
    pub(super) fn new(tag: Tag, uids: Vec<u32>) -> Self {
        Self { tag, uids, from: 0, came: Vec::new(), suspects: Vec::new() }
    }

    fn is_open(&self, uid: u32) -> bool {
        self.uids[self.from..].binary_search(&uid).is_ok() && !self.came.contains(&uid)
    }

    /// Those that have not come.
    fn open(&self) -> impl Iterator<Item = u32> + '_ {
        self.uids[self.from..].iter().copied().filter(|uid| !self.came.contains(uid))
    }

    /// The mail a response is about: by its UID, or because only one is left.
    pub(super) fn uid_of(&self, fetched: &Fetched) -> Option<u32> {
        match fetched.uid {
            Some(uid) => self.is_open(uid).then_some(uid),
            None if self.uids.len() == 1 => self.open().next(),
            None => None,
        }
    }

    /// It has come; whether it was awaited.
    pub(super) fn take(&mut self, uid: u32) -> bool {
        if !self.is_open(uid) {
            return false;
        }
        if self.uids[self.from] == uid {
            self.from += 1;
            while self.uids.get(self.from).is_some_and(|next| self.came.contains(next)) {
                let next = self.uids[self.from];
                self.came.retain(|came| *came != next);
                self.from += 1;
            }
        } else {
            self.came.push(uid);
        }
        true
    }

    /// Those that have not come, or not as they should, ascending.
    pub(super) fn left(mut self) -> Vec<u32> {
        let mut left: Vec<u32> = self.open().collect();
        left.append(&mut self.suspects);
        left.sort_unstable();
        left
    }
}
