//! Completeness of a mailbox: what the server has against what is here, UID after UID, in windows of bounded size.

/// What is known here of a UID.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Ours {
    /// Archived and read; `is_live`: as far as is known it lies in the mailbox.
    Archived {
        /// As far as is known, it lies in the mailbox.
        is_live: bool,
    },
    /// Archived, but could not be read.
    Quarantined {
        /// As far as is known, it lies in the mailbox.
        is_live: bool,
    },
    /// Left where it is, by a named rule.
    Excluded,
    /// Could not be fetched; tried again.
    Failed,
    /// Its exclusion is another one now; it is fetched with the next run.
    Awaited,
}

/// Why a mail of the source is not in the archive, or of the archive not at the source.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Reason {
    /// Nobody knows: a gap.
    Missing,
    /// It could not be fetched.
    Failed,
    /// Archived, but could not be read.
    Quarantined,
    /// By a named rule.
    Excluded,
    /// Not yet: its turn comes.
    Pending,
}

impl Reason {
    /// Every one.
    pub const ALL: [Self; 5] =
        [Self::Missing, Self::Failed, Self::Quarantined, Self::Excluded, Self::Pending];

    /// `missing`, `failed`, `quarantined`, `excluded` or `pending`.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Missing => "missing",
            Self::Failed => "failed",
            Self::Quarantined => "quarantined",
            Self::Excluded => "excluded",
            Self::Pending => "pending",
        }
    }
}

/// Mails with one reason, by their UIDs; without UIDs (POP3) one mail by its name.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LedgerRow {
    /// Why.
    pub reason: Reason,
    /// First UID; 0 without UIDs.
    pub first: u32,
    /// Last UID; 0 without UIDs.
    pub last: u32,
    /// The server's name for it (UIDL); empty with UIDs.
    pub name: String,
}

/// The sum of a mailbox. Counts are exact; rows stop at a bound, most important ones are not dropped for others before it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Tally {
    /// At the source.
    pub source: u64,
    /// Of these archived, and read.
    pub archived: u64,
    /// Of these not: by reason, in the order of [`Reason::ALL`].
    pub not: [u64; 5],
    /// Archived earlier, no longer at the source.
    pub gone: u64,
    /// Where those that are not archived lie.
    pub rows: Vec<LedgerRow>,
    /// There are more rows than are kept.
    pub is_cut: bool,
}

impl Tally {
    /// Rows kept.
    pub const ROWS_MAX: usize = 10_000;

    /// How many are not archived for this reason.
    pub fn count(&self, reason: Reason) -> u64 {
        self.not[reason as usize]
    }

    /// Takes the next window of a mailbox.
    ///
    /// `server`: first and last UIDs, ascending, not overlapping. `ours`: ascending. Both hold all there is between the last
    /// window and this one's end. `fetched_to`: up to this UID every mail was fetched, or noted as failed. Gives the UIDs
    /// that are no longer at the source and were thought to be, those left out among them.
    pub fn window(&mut self, server: &[(u32, u32)], ours: &[(u32, Ours)], fetched_to: u32) -> Vec<u32> {
        let mut gone = Vec::new();
        let mut ours = ours.iter().peekable();
        for &(first, last) in server {
            let mut at = u64::from(first);
            while at <= u64::from(last) {
                while let Some(&(uid, known)) = ours.next_if(|(uid, _)| u64::from(*uid) < at) {
                    self.not_there(uid, known, &mut gone);
                }
                let known = ours.next_if(|(uid, _)| u64::from(*uid) == at);
                // Up to the next one known, nothing is.
                let end = match (known, ours.peek()) {
                    (Some(_), _) => at,
                    (None, Some((uid, _))) => u64::from(last).min(u64::from(*uid) - 1),
                    (None, None) => u64::from(last),
                };
                self.there(at as u32, end as u32, known.map(|(_, known)| *known), fetched_to);
                at = end + 1;
            }
        }
        for &(uid, known) in ours {
            self.not_there(uid, known, &mut gone);
        }
        gone
    }

    /// Takes one mail of a source without UIDs.
    pub fn named(&mut self, name: &str, known: Option<Ours>) {
        self.source += 1;
        match known {
            Some(Ours::Archived { .. }) => self.archived += 1,
            known => {
                self.note(LedgerRow {
                    reason: reason(known, true),
                    first: 0,
                    last: 0,
                    name: name.to_owned(),
                });
            }
        }
    }

    fn there(&mut self, first: u32, last: u32, known: Option<Ours>, fetched_to: u32) {
        self.source += u64::from(last - first) + 1;
        if let Some(Ours::Archived { .. }) = known {
            self.archived += 1;
            return;
        }
        let row = |first, last, is_pending| LedgerRow {
            reason: reason(known, is_pending),
            first,
            last,
            name: String::new(),
        };
        match first.max(fetched_to.saturating_add(1)) {
            // All of them, or none, have had their turn.
            turn if turn > last || turn == first => self.note(row(first, last, turn == first)),
            turn => {
                self.note(row(first, turn - 1, false));
                self.note(row(turn, last, true));
            }
        }
    }

    fn not_there(&mut self, uid: u32, known: Ours, gone: &mut Vec<u32>) {
        match known {
            Ours::Archived { is_live } | Ours::Quarantined { is_live } => {
                self.gone += 1;
                if is_live {
                    gone.push(uid);
                }
            }
            Ours::Excluded | Ours::Failed | Ours::Awaited => gone.push(uid),
        }
    }

    fn note(&mut self, row: LedgerRow) {
        self.not[row.reason as usize] += u64::from(row.last - row.first) + 1;
        if let Some(before) = self.rows.last_mut()
            && before.reason == row.reason
            && row.name.is_empty()
            && before.last.checked_add(1) == Some(row.first)
        {
            before.last = row.last;
        } else if self.rows.len() < Self::ROWS_MAX {
            self.rows.push(row);
        } else {
            self.is_cut = true;
        }
    }
}

const fn reason(known: Option<Ours>, is_pending: bool) -> Reason {
    match known {
        Some(Ours::Archived { .. } | Ours::Quarantined { .. }) => Reason::Quarantined,
        Some(Ours::Excluded) => Reason::Excluded,
        Some(Ours::Failed) => Reason::Failed,
        Some(Ours::Awaited) => Reason::Pending,
        None if is_pending => Reason::Pending,
        None => Reason::Missing,
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use proptest::prelude::*;

    use super::*;

    const LIVE: Ours = Ours::Archived { is_live: true };

    #[test]
    fn every_reason_is_told() {
        let mut tally = Tally::default();
        let ours = [
            (1, LIVE),
            (2, Ours::Excluded),
            (3, Ours::Failed),
            (4, Ours::Quarantined { is_live: true }),
            (7, LIVE),
        ];
        let gone = tally.window(&[(1, 6), (9, 12)], &ours, 10);
        assert_eq!(gone, [7]);
        let row = |reason, first, last| LedgerRow { reason, first, last, name: String::new() };
        assert_eq!(
            tally.rows,
            [
                row(Reason::Excluded, 2, 2),
                row(Reason::Failed, 3, 3),
                row(Reason::Quarantined, 4, 4),
                row(Reason::Missing, 5, 6),
                row(Reason::Missing, 9, 10),
                row(Reason::Pending, 11, 12),
            ]
        );
        assert_eq!((tally.source, tally.archived, tally.gone), (10, 1, 1));
        assert_eq!(tally.count(Reason::Missing), 4);
    }

    #[test]
    fn rows_are_bounded_and_counts_are_not() {
        let mut tally = Tally::default();
        let server: Vec<(u32, u32)> = (0..30_000).map(|n| (2 * n + 1, 2 * n + 1)).collect();
        tally.window(&server, &[], u32::MAX);
        assert_eq!(
            (tally.rows.len(), tally.is_cut, tally.count(Reason::Missing)),
            (Tally::ROWS_MAX, true, 30_000)
        );
    }

    #[test]
    fn the_last_uid_there_can_be() {
        let mut tally = Tally::default();
        tally.window(&[(u32::MAX - 1, u32::MAX)], &[(u32::MAX, LIVE)], u32::MAX);
        assert_eq!((tally.source, tally.archived, tally.count(Reason::Missing)), (2, 1, 1));
    }

    fn ours() -> impl Strategy<Value = BTreeMap<u32, Ours>> {
        let one = prop_oneof![
            any::<bool>().prop_map(|is_live| Ours::Archived { is_live }),
            any::<bool>().prop_map(|is_live| Ours::Quarantined { is_live }),
            Just(Ours::Excluded),
            Just(Ours::Failed),
            Just(Ours::Awaited),
        ];
        prop::collection::btree_map(1_u32..200, one, 0..100)
    }

    proptest! {
        /// Against the same said one by one, however the windows are cut.
        #[test]
        fn as_one_by_one(
            server in prop::collection::btree_set(1_u32..200, 0..150), ours in ours(), to in 0_u32..220,
            cuts in prop::collection::btree_set(1_u32..200, 0..6),
        ) {
            let mut tally = Tally::default();
            let mut gone = Vec::new();
            let mut from = 1;
            for end in cuts.iter().copied().chain([u32::MAX]) {
                let mut ranges: Vec<(u32, u32)> = Vec::new();
                for uid in server.iter().copied().filter(|uid| (from..=end).contains(uid)) {
                    match ranges.last_mut() {
                        Some((_, last)) if *last + 1 == uid => *last = uid,
                        _ => ranges.push((uid, uid)),
                    }
                }
                let of: Vec<(u32, Ours)> = ours.range(from..=end).map(|(uid, known)| (*uid, *known)).collect();
                gone.extend(tally.window(&ranges, &of, to));
                from = end.saturating_add(1);
            }
            let mut expected = [0; 5];
            let mut archived = 0;
            for uid in &server {
                match ours.get(uid) {
                    Some(Ours::Archived { .. }) => archived += 1,
                    known => expected[reason(known.copied(), *uid > to) as usize] += 1,
                }
            }
            let lost: Vec<u32> = ours
                .iter()
                .filter(|(uid, known)| {
                    let was_gone =
                        matches!(known, Ours::Archived { is_live: false } | Ours::Quarantined { is_live: false });
                    !was_gone && !server.contains(uid)
                })
                .map(|(uid, _)| *uid)
                .collect();
            prop_assert_eq!((tally.source, tally.archived, tally.not), (server.len() as u64, archived, expected));
            prop_assert_eq!(gone, lost);
            let listed: u64 = tally.rows.iter().map(|row| u64::from(row.last - row.first) + 1).sum();
            prop_assert_eq!(listed, expected.iter().sum::<u64>());
        }
    }
}
