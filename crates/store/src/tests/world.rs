//! Small mails for the cases: every value follows from a number.

use std::collections::HashMap;
use std::sync::Arc;

use model::{
    AccountId, Address, EventId, Flags, ImportRunId, Kind, Location, MailFacts, MailId, MailboxId, MessageId,
    ObjectId, Position, Scope, SegmentId, Sha256, UnixMillis, Verdict,
};

use crate::{
    AddressRole, Event, Filed, ImportRun, Intake, IntakeItem, IntakeOutcome, ListFilter, ListOrder,
    ListStart, MailboxListing, NewAccount, NodeHash, RunCounts, SegmentCommit, Store, ThreadAnswer,
    ThreadAssigner, ThreadWork,
};

pub(super) const NOW: UnixMillis = UnixMillis(1_770_000_000_000);

/// 16 octets of a kind and a number.
pub(super) fn id(kind: u8, n: u64) -> [u8; 16] {
    let mut octets = [kind; 16];
    octets[8..].copy_from_slice(&n.to_be_bytes());
    octets
}

pub(super) fn account_id(n: u64) -> AccountId {
    AccountId::from_octets(id(1, n))
}

pub(super) fn mailbox_id(n: u64) -> MailboxId {
    MailboxId::from_octets(id(2, n))
}

pub(super) fn mail_id(n: u64) -> MailId {
    MailId::from_octets(id(3, n))
}

pub(super) fn digest(n: u64) -> Sha256 {
    let mut octets = [7; 32];
    octets[..8].copy_from_slice(&n.to_be_bytes());
    Sha256(octets)
}

pub(super) fn segment(n: u64) -> SegmentId {
    SegmentId::from_octets(id(4, n))
}

pub(super) fn event(n: u64, kind: &str) -> Event {
    Event {
        id: EventId::from_octets(id(5, n)),
        at: NOW,
        actor: "intake".to_owned(),
        kind: kind.to_owned(),
        subject: String::new(),
        payload: "{}".to_owned(),
    }
}

/// Account `n` with mailbox `n`.
pub(super) fn account(store: &Store, n: u64) {
    let new = NewAccount { name: format!("account {n}"), ..NewAccount::default() };
    store.create_account(account_id(n), new, NOW).unwrap();
    let inbox = MailboxListing {
        id: mailbox_id(n),
        name: b"INBOX".to_vec(),
        display_name: "INBOX".to_owned(),
        special_use: None,
        selected: true,
    };
    assert_eq!(store.upsert_mailboxes(account_id(n), vec![inbox]).unwrap(), [mailbox_id(n)]);
}

/// Octets `content` at UID `uid` of mailbox `mailbox`; the mail's own number is `content`.
pub(super) fn item(content: u64, mailbox: u64, uid: u32) -> IntakeItem {
    IntakeItem {
        mail_id: mail_id(content),
        sha256: digest(content),
        octets: 1000 + content,
        record: Some((
            ObjectId::from_octets(id(6, content)),
            Location { segment: segment(1), at: content * 2000, len: 1500 },
        )),
        mailbox: mailbox_id(mailbox),
        position: Position::Imap { uid_validity: 1, uid },
        received: Some(UnixMillis(NOW.0 + content as i64 * 1000)),
        fetched: NOW,
        flags: Flags::default(),
        envelope: None,
    }
}

pub(super) fn intake(store: &Store, items: Vec<IntakeItem>) -> Vec<IntakeOutcome> {
    let segments = vec![SegmentCommit { segment: segment(1), committed: 1 << 40, sealed: false }];
    store.commit_intake(Intake { items, segments, now: NOW, ..Intake::default() }).unwrap()
}

/// What the pipeline would say of mail `content`: dates an hour apart, alone in its thread.
pub(super) fn filed(seq: i64, content: u64) -> Filed {
    Filed {
        seq,
        message_key: id(8, content),
        date: UnixMillis(NOW.0 + content as i64 * 3_600_000),
        message_id: Some(MessageId(format!("{content}@example.org"))),
        subject: format!("mail {content}"),
        preview: "…".to_owned(),
        addresses: vec![
            (AddressRole::From, address("Eva", "Eva@example.org")),
            (AddressRole::To, address("", "to@example.org")),
        ],
        parts: Vec::new(),
        attachments: 0,
        defects: Vec::new(),
        facts: MailFacts::default(),
        verdict: Verdict { kind: Kind::Personal, ..Verdict::default() },
        spam: None,
        nodes: vec![id(9, content)],
        references: Vec::new(),
        invoices: Vec::new(),
    }
}

pub(super) fn address(name: &str, addr_spec: &str) -> Address {
    Address { display_name: (!name.is_empty()).then(|| name.to_owned()), addr_spec: addr_spec.to_owned() }
}

pub(super) fn file(store: &Store, batch: Vec<Filed>) {
    store.file_batch(batch, Arc::new(Connected), None).unwrap();
}

/// Takes in and files mails `range`, each alone, in mailbox `mailbox`; gives their numbers.
pub(super) fn fill(store: &Store, mailbox: u64, range: std::ops::Range<u64>) -> Vec<i64> {
    let outcomes = intake(store, range.clone().map(|n| item(n, mailbox, n as u32 + 1)).collect());
    let seqs: Vec<i64> = outcomes.iter().map(seq).collect();
    file(store, seqs.iter().zip(range).map(|(seq, n)| filed(*seq, n)).collect());
    seqs
}

pub(super) fn seq(outcome: &IntakeOutcome) -> i64 {
    match outcome {
        IntakeOutcome::New { seq, .. } | IntakeOutcome::Duplicate { seq, .. } => *seq,
    }
}

pub(super) fn scope(accounts: &[u64]) -> Scope {
    Scope::accounts(accounts.iter().map(|n| account_id(*n)).collect())
}

/// Subjects of the first page, newest first.
pub(super) fn subjects(store: &Store, scope: &Scope, filter: &ListFilter) -> Vec<String> {
    let page = store.list(scope, filter, ListOrder::Descending, ListStart::Top, 100).unwrap();
    assert_eq!(page.total, page.rows.len() as u64);
    page.rows.into_iter().map(|row| row.subject).collect()
}

/// Connected components, the plain way.
pub(super) struct Connected;

impl ThreadAssigner for Connected {
    fn assign(&self, work: &ThreadWork) -> ThreadAnswer {
        let mut of: HashMap<NodeHash, i64> = work.known.clone();
        let mut parent: HashMap<i64, i64> = HashMap::new();
        let mut first = Vec::new();
        for mail in &work.mails {
            let mut roots: Vec<i64> =
                mail.nodes.iter().filter_map(|node| of.get(node)).map(|key| root(&parent, *key)).collect();
            roots.sort_unstable();
            roots.dedup();
            let winner = roots.first().copied().unwrap_or(mail.seq);
            for loser in roots.into_iter().skip(1) {
                parent.insert(loser, winner);
            }
            for node in &mail.nodes {
                of.insert(*node, winner);
            }
            first.push(winner);
        }
        let known: std::collections::BTreeSet<i64> = work.known.values().copied().collect();
        ThreadAnswer {
            threads: first.into_iter().map(|key| root(&parent, key)).collect(),
            merges: parent
                .keys()
                .filter(|key| known.contains(key))
                .map(|key| (*key, root(&parent, *key)))
                .collect(),
        }
    }
}

fn root(parent: &HashMap<i64, i64>, mut key: i64) -> i64 {
    while let Some(up) = parent.get(&key) {
        key = *up;
    }
    key
}

pub(super) fn import_run(n: u64, account: u64) -> ImportRun {
    ImportRun {
        id: ImportRunId::from_octets(id(11, n)),
        account: account_id(account),
        actor: "somebody".to_owned(),
        source: "a folder".to_owned(),
        state: "running".to_owned(),
        started: NOW,
        finished: None,
        total_octets: None,
        counts: RunCounts::default(),
        entries: None,
    }
}

/// A person who acts.
pub(super) fn eva() -> crate::LinkActor {
    crate::LinkActor { id: "user-1".to_owned(), name: "Eva \"E\"".to_owned() }
}
