//! A bundle of leaves against the tile of their hashes: what is different, by index.

use std::collections::BTreeMap;

use ledger::Hash;

/// What became of leaves.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Difference {
    /// The octets are others.
    Changed(u64),
    /// Two stand in each other's place.
    Swapped(u64, u64),
    /// It is gone, others follow.
    Removed(u64),
    /// It is one too many, before the leaf of this index.
    Inserted(u64),
    /// From here on there is nothing.
    Truncated(u64),
}

/// Compares the hashes of the leaves found with those of the tile, whose first has the index `first`.
pub(crate) fn differences(first: u64, found: &[Hash], tile: &[Hash]) -> Vec<Difference> {
    let at = |n: usize| first + n as u64;
    if found.len() == tile.len() {
        return in_place(first, found, tile);
    }
    let mut out = Vec::new();
    let (mut here, mut there) = (0, 0);
    while here < found.len() && there < tile.len() {
        if found[here] == tile[there] {
            (here, there) = (here + 1, there + 1);
        } else if tile[there..].contains(&found[here]) {
            out.push(Difference::Removed(at(there)));
            there += 1;
        } else if found[here..].contains(&tile[there]) {
            out.push(Difference::Inserted(at(there)));
            here += 1;
        } else {
            out.push(Difference::Changed(at(there)));
            (here, there) = (here + 1, there + 1);
        }
    }
    if there < tile.len() {
        out.push(Difference::Truncated(at(there)));
    }
    out.extend((here..found.len()).map(|_| Difference::Inserted(at(tile.len()))));
    out
}

fn in_place(first: u64, found: &[Hash], tile: &[Hash]) -> Vec<Difference> {
    let mut places: BTreeMap<Hash, usize> = BTreeMap::new();
    let wrong: Vec<usize> = (0..tile.len()).filter(|n| found[*n] != tile[*n]).collect();
    places.extend(wrong.iter().map(|n| (tile[*n], *n)));
    let mut out = Vec::new();
    for n in wrong {
        match places.get(&found[n]) {
            Some(other) if found[*other] == tile[n] => {
                if n < *other {
                    out.push(Difference::Swapped(first + n as u64, first + *other as u64));
                }
            }
            _ => out.push(Difference::Changed(first + n as u64)),
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::Difference::{Changed, Inserted, Removed, Swapped, Truncated};
    use super::*;

    #[test]
    fn what_became_of_leaves() {
        let hashes = |letters: &str| letters.bytes().map(|letter| [letter; 32]).collect::<Vec<Hash>>();
        let check = |found: &str, expected: &[Difference]| {
            assert_eq!(differences(100, &hashes(found), &hashes("abcdef")), expected, "{found}");
        };
        check("abcdef", &[]);
        check("abXdef", &[Changed(102)]);
        check("abfdec", &[Swapped(102, 105)]);
        check("abdef", &[Removed(102)]);
        check("bcdef", &[Removed(100)]);
        check("abcXdef", &[Inserted(103)]);
        check("abcdefX", &[Inserted(106)]);
        check("abc", &[Truncated(103)]);
        check("", &[Truncated(100)]);
        check("Xbcde", &[Changed(100), Truncated(105)]);
    }
}
