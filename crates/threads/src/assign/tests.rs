use std::collections::{BTreeMap, BTreeSet, HashMap};

use model::ThreadId;
use proptest::prelude::*;

use super::*;

fn node(number: u8) -> Node {
    Node([number; 16])
}

fn mail(nodes: &[u8]) -> MailNodes {
    MailNodes { nodes: nodes.iter().copied().map(node).collect() }
}

/// What a database would keep.
#[derive(Default)]
struct Kept {
    nodes: HashMap<Node, ThreadId>,
    mails: Vec<ThreadId>,
    made: u128,
}

impl Kept {
    fn take(&mut self, batch: &[MailNodes]) -> Assigned {
        let known = batch
            .iter()
            .flat_map(|mail| &mail.nodes)
            .filter_map(|node| Some((*node, *self.nodes.get(node)?)))
            .collect::<HashMap<_, _>>();
        let made = &mut self.made;
        let assigned = assign(batch, &known, || {
            *made += 1;
            ThreadId::from_octets(made.to_be_bytes())
        });
        self.mails.extend(&assigned.threads);
        self.nodes.extend(assigned.new_nodes.iter().copied());
        for merge in &assigned.merges {
            let change = |thread: &mut ThreadId| {
                if *thread == merge.loser {
                    *thread = merge.winner;
                }
            };
            self.mails.iter_mut().for_each(change);
            self.nodes.values_mut().for_each(change);
        }
        assigned
    }

    /// Sets of mails, named by `names`.
    fn partition(&self, names: &[usize]) -> BTreeSet<BTreeSet<usize>> {
        let mut sets: BTreeMap<ThreadId, BTreeSet<usize>> = BTreeMap::new();
        for (thread, name) in self.mails.iter().zip(names) {
            sets.entry(*thread).or_default().insert(*name);
        }
        sets.into_values().collect()
    }
}

#[test]
fn an_answer_before_its_question() {
    let mut kept = Kept::default();
    kept.take(&[mail(&[2, 1])]);
    kept.take(&[mail(&[1])]);
    assert_eq!(kept.mails[0], kept.mails[1]);
}

#[test]
fn a_late_mail_joins_two_threads_and_the_older_one_stays() {
    let mut kept = Kept::default();
    let before = kept.take(&[mail(&[1]), mail(&[2])]);
    let assigned = kept.take(&[mail(&[3, 1, 2])]);
    let winner = before.threads[0];
    assert_eq!(assigned.merges, [Merge { loser: before.threads[1], winner }]);
    assert_eq!(assigned.threads, [winner]);
    assert_eq!(assigned.new_nodes, [(node(3), winner)]);
}

#[test]
fn mails_without_ids_stand_alone() {
    let mut kept = Kept::default();
    kept.take(&[mail(&[]), mail(&[])]);
    assert_ne!(kept.mails[0], kept.mails[1]);
}

#[test]
fn a_long_chain_and_a_hub_take_no_time() {
    let mut kept = Kept::default();
    let wide = |number: u32| {
        let mut octets = [0; 16];
        octets[..4].copy_from_slice(&number.to_be_bytes());
        Node(octets)
    };
    let chain: Vec<MailNodes> =
        (0..200_000).map(|n| MailNodes { nodes: vec![wide(n), wide(n + 1)] }).collect();
    let hub: Vec<MailNodes> =
        (0..200_000).map(|n| MailNodes { nodes: vec![wide(n + 300_000), wide(0)] }).collect();
    kept.take(&chain);
    kept.take(&hub);
    assert!(kept.mails.iter().all(|thread| *thread == kept.mails[0]));
}

proptest! {
    #[test]
    fn any_order_and_any_batches_give_the_same_partition(
        mails in prop::collection::vec(prop::collection::vec(0_u8..40, 0..4), 1..40),
        order in any::<prop::sample::Index>(),
        shuffle in any::<u64>(),
        batch in 1_usize..12,
    ) {
        let mails: Vec<MailNodes> = mails.iter().map(|nodes| mail(nodes)).collect();
        let names: Vec<usize> = (0..mails.len()).collect();
        let mut at_once = Kept::default();
        at_once.take(&mails);

        let mut other: Vec<usize> = names.clone();
        other.rotate_left(order.index(names.len()));
        // A small generator is enough to mix.
        let mut state = shuffle | 1;
        for at in (1..other.len()).rev() {
            state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            other.swap(at, (state >> 33) as usize % (at + 1));
        }
        let shuffled: Vec<MailNodes> = other.iter().map(|&name| mails[name].clone()).collect();
        let mut in_batches = Kept::default();
        for batch in shuffled.chunks(batch) {
            let assigned = in_batches.take(batch);
            let losers: BTreeSet<ThreadId> = assigned.merges.iter().map(|merge| merge.loser).collect();
            prop_assert!(assigned.merges.iter().all(|m| m.winner < m.loser && !losers.contains(&m.winner)));
        }
        prop_assert_eq!(at_once.partition(&names), in_batches.partition(&other));
    }
}
