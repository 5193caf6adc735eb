//! The Merkle tree of RFC 9162 §2.1.

use aws_lc_rs::digest::{Context, SHA256};

/// A hash of the tree.
pub type Hash = [u8; 32];

fn hash(parts: &[&[u8]]) -> Hash {
    let mut context = Context::new(&SHA256);
    for part in parts {
        context.update(part);
    }
    let mut hash = [0; 32];
    hash.copy_from_slice(context.finish().as_ref());
    hash
}

/// Hash of a leaf's octets.
pub fn leaf_hash(octets: &[u8]) -> Hash {
    hash(&[&[0], octets])
}

/// Hash of two subtrees.
pub fn node_hash(left: &Hash, right: &Hash) -> Hash {
    hash(&[&[1], left, right])
}

/// Root of the tree without leaves.
pub fn empty_root() -> Hash {
    hash(&[])
}

/// Largest power of two below `size`, which is at least 2.
const fn split(size: u64) -> u64 {
    1 << (u64::BITS - 1 - (size - 1).leading_zeros())
}

/// Hash over leaves `from` to `to`, not empty, `from` a multiple of the power of two that fits.
fn range<E>(from: u64, to: u64, node: &mut impl FnMut(u8, u64) -> Result<Hash, E>) -> Result<Hash, E> {
    let size = to - from;
    if size.is_power_of_two() {
        let height = size.trailing_zeros() as u8;
        return node(height, from >> height);
    }
    let middle = from + split(size);
    let left = range(from, middle, node)?;
    let right = range(middle, to, node)?;
    Ok(node_hash(&left, &right))
}

/// Root of the tree of `size` leaves. `node(height, n)`: hash over the leaves from `n · 2^height`, `2^height` of them.
///
/// # Errors
/// What `node` refuses.
pub fn root<E>(size: u64, mut node: impl FnMut(u8, u64) -> Result<Hash, E>) -> Result<Hash, E> {
    if size == 0 { Ok(empty_root()) } else { range(0, size, &mut node) }
}

/// Audit path of leaf `index` in the tree of `size` leaves, from the leaf up; `index` is below `size`, otherwise it is empty.
///
/// # Errors
/// What `node` refuses.
///
/// Source: RFC 9162 §2.1.3.1.
pub fn inclusion<E>(
    index: u64,
    size: u64,
    mut node: impl FnMut(u8, u64) -> Result<Hash, E>,
) -> Result<Vec<Hash>, E> {
    let mut path = Vec::new();
    let (mut from, mut to) = (0, size);
    while index < size && to - from > 1 {
        let middle = from + split(to - from);
        if index < middle {
            path.push(range(middle, to, &mut node)?);
            to = middle;
        } else {
            path.push(range(from, middle, &mut node)?);
            from = middle;
        }
    }
    path.reverse();
    Ok(path)
}

/// Proof that the tree of `size` leaves continues that of `old`; `old` is between 1 and `size`, otherwise it is empty.
///
/// # Errors
/// What `node` refuses.
///
/// Source: RFC 9162 §2.1.4.1.
pub fn consistency<E>(
    old: u64,
    size: u64,
    mut node: impl FnMut(u8, u64) -> Result<Hash, E>,
) -> Result<Vec<Hash>, E> {
    let mut path = Vec::new();
    if old == 0 || old >= size {
        return Ok(path);
    }
    let (mut from, mut to, mut whole) = (0, size, true);
    while old != to {
        let middle = from + split(to - from);
        if old <= middle {
            path.push(range(middle, to, &mut node)?);
            to = middle;
        } else {
            path.push(range(from, middle, &mut node)?);
            (from, whole) = (middle, false);
        }
    }
    if !whole {
        path.push(range(from, to, &mut node)?);
    }
    path.reverse();
    Ok(path)
}

/// Whether `path` leads from leaf `index` with this hash to `root` of `size` leaves.
///
/// Source: RFC 9162 §2.1.3.2.
pub fn is_included(index: u64, size: u64, leaf: Hash, path: &[Hash], root: &Hash) -> bool {
    if index >= size {
        return false;
    }
    let (mut at, mut last, mut hash) = (index, size - 1, leaf);
    for step in path {
        if last == 0 {
            return false;
        }
        if at & 1 == 1 || at == last {
            hash = node_hash(step, &hash);
            while at & 1 == 0 && at != 0 {
                at >>= 1;
                last >>= 1;
            }
        } else {
            hash = node_hash(&hash, step);
        }
        at >>= 1;
        last >>= 1;
    }
    last == 0 && hash == *root
}

/// Whether `path` shows that the tree of `size` leaves continues that of `old`.
///
/// Source: RFC 9162 §2.1.4.2.
pub fn is_consistent(old: u64, size: u64, old_root: &Hash, root: &Hash, path: &[Hash]) -> bool {
    if old == 0 || old >= size {
        return path.is_empty() && (old == 0 && *old_root == empty_root() || old == size && old_root == root);
    }
    let mut steps = path.iter();
    let (mut at, mut last) = (old - 1, size - 1);
    while at & 1 == 1 {
        at >>= 1;
        last >>= 1;
    }
    let first = if old.is_power_of_two() { Some(old_root) } else { steps.next() };
    let Some(first) = first else { return false };
    let (mut of_old, mut of_new) = (*first, *first);
    for step in steps {
        if last == 0 {
            return false;
        }
        if at & 1 == 1 || at == last {
            of_old = node_hash(step, &of_old);
            of_new = node_hash(step, &of_new);
            while at & 1 == 0 && at != 0 {
                at >>= 1;
                last >>= 1;
            }
        } else {
            of_new = node_hash(&of_new, step);
        }
        at >>= 1;
        last >>= 1;
    }
    last == 0 && of_old == *old_root && of_new == *root
}
