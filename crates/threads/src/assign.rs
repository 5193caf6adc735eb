//! Connected components, batch by batch.

use std::collections::HashMap;
use std::hash::BuildHasher;

use model::ThreadId;

use crate::{MailNodes, Node};

/// Two threads that turned out to be one.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Merge {
    /// Everything of this thread now belongs to `winner`; the id is not used again.
    pub loser: ThreadId,
    /// The older one: the smaller id.
    pub winner: ThreadId,
}

/// What becomes of a batch.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Assigned {
    /// Thread of each mail, in the order of the batch.
    pub threads: Vec<ThreadId>,
    /// Nodes that were not known, also those of mails that have not arrived, with their threads; each once.
    pub new_nodes: Vec<(Node, ThreadId)>,
    /// Rows of mails and nodes to be changed; no winner is a loser.
    pub merges: Vec<Merge>,
}

/// Finds the thread of each mail of a batch.
///
/// `known`: the thread of those nodes of the batch that are stored, after all earlier merges.
/// `next_id` gives fresh ids, ascending. Takes time linear in the number of nodes, but for the inverse
/// Ackermann function.
pub fn assign<S: BuildHasher>(
    new: &[MailNodes],
    known: &HashMap<Node, ThreadId, S>,
    mut next_id: impl FnMut() -> ThreadId,
) -> Assigned {
    let mut forest = Forest::default();
    let mut of_node: HashMap<Node, usize> = HashMap::new();
    let mut of_thread: HashMap<ThreadId, usize> = HashMap::new();
    let mut of_mail = Vec::with_capacity(new.len());
    let mut new_nodes = Vec::new();
    for mail in new {
        let element = forest.add(None);
        of_mail.push(element);
        for node in &mail.nodes {
            let connected = *of_node.entry(*node).or_insert_with(|| {
                if let Some(thread) = known.get(node) {
                    return *of_thread.entry(*thread).or_insert_with(|| forest.add(Some(*thread)));
                }
                let added = forest.add(None);
                new_nodes.push((*node, added));
                added
            });
            forest.join(element, connected);
        }
    }
    let threads = of_mail.into_iter().map(|element| forest.thread(element, &mut next_id)).collect();
    let new_nodes = new_nodes.into_iter().map(|(node, at)| (node, forest.thread(at, &mut next_id))).collect();
    let mut merges: Vec<Merge> = of_thread
        .into_iter()
        .map(|(loser, element)| Merge { loser, winner: forest.thread(element, &mut next_id) })
        .filter(|merge| merge.loser != merge.winner)
        .collect();
    merges.sort_unstable();
    Assigned { threads, new_nodes, merges }
}

/// Disjoint sets; each root knows the oldest thread in its set.
#[derive(Default)]
struct Forest {
    parent: Vec<usize>,
    size: Vec<usize>,
    oldest: Vec<Option<ThreadId>>,
}

impl Forest {
    fn add(&mut self, thread: Option<ThreadId>) -> usize {
        self.parent.push(self.parent.len());
        self.size.push(1);
        self.oldest.push(thread);
        self.parent.len() - 1
    }

    fn root(&mut self, mut at: usize) -> usize {
        while self.parent[at] != at {
            self.parent[at] = self.parent[self.parent[at]];
            at = self.parent[at];
        }
        at
    }

    fn join(&mut self, a: usize, b: usize) {
        let (a, b) = (self.root(a), self.root(b));
        if a == b {
            return;
        }
        let (large, small) = if self.size[a] >= self.size[b] { (a, b) } else { (b, a) };
        self.parent[small] = large;
        self.size[large] += self.size[small];
        self.oldest[large] = match (self.oldest[large], self.oldest[small]) {
            (Some(one), Some(other)) => Some(one.min(other)),
            (one, other) => one.or(other),
        };
    }

    fn thread(&mut self, at: usize, next_id: &mut impl FnMut() -> ThreadId) -> ThreadId {
        let root = self.root(at);
        *self.oldest[root].get_or_insert_with(next_id)
    }
}

#[cfg(test)]
mod tests;
