//! What is suspected to be spam: who says so, whose word holds, and what becomes of it when messages change.

use model::{MailId, Scope};

use super::Case;
use super::world::*;
use crate::{
    Change, CheckedMail, EventFilter, Filed, Intake, LinkActor, ListFilter, SegmentCommit, SpamSaid, Store,
    Suspicion,
};

pub(super) const ALL: &[Case] = &[
    ("filters_mark_and_people_decide", filters_mark_and_people_decide),
    ("only_what_one_may_read_is_judged", only_what_one_may_read_is_judged),
    ("suspicions_follow_their_mails", suspicions_follow_their_mails),
    ("a_keyword_of_the_server_marks", a_keyword_of_the_server_marks),
];

fn judge(store: &Store, scope: &Scope, mails: &[u64], word: Option<bool>) -> SpamSaid {
    let mails: Vec<MailId> = mails.iter().map(|n| mail_id(*n)).collect();
    let actor = LinkActor { id: "user-1".to_owned(), name: "Eva".to_owned() };
    store.judge_spam(scope, &mails, word, actor, NOW).unwrap()
}

fn suspected(store: &Store) -> Vec<String> {
    subjects(store, &Scope::All, &ListFilter { spam: true, ..ListFilter::default() })
}

fn of(store: &Store, n: u64) -> Option<Suspicion> {
    store.message_row(&Scope::All, mail_id(n)).unwrap().unwrap().suspicion
}

fn marked(by: &str, spam: bool, said: Option<bool>) -> Suspicion {
    Suspicion { spam, marked: Some(by.to_owned()), said }
}

/// What a filter that is asked says.
fn checked(store: &Store, seq: i64) {
    let spam = Some("rspamd".to_owned());
    let mail = CheckedMail { seq, result: "{}".to_owned(), forged: false, spam, again: None };
    store.put_checked(vec![mail], NOW).unwrap();
}

fn with_mark(seq: i64, n: u64) -> Filed {
    Filed { spam: Some("X-Spam-Flag".to_owned()), ..filed(seq, n) }
}

fn filters_mark_and_people_decide(store: &Store) {
    account(store, 1);
    let seqs = fill(store, 1, 0..4);
    file(store, vec![with_mark(seqs[1], 1)]);
    let before = store.last_change().unwrap();
    checked(store, seqs[2]);
    assert_eq!(suspected(store), ["mail 2", "mail 1"]);
    assert_eq!(of(store, 1), Some(marked("X-Spam-Flag", true, None)));
    // Nothing is hidden by it, and searches hear of it.
    assert_eq!(subjects(store, &Scope::All, &ListFilter::default()).len(), 4);
    let told = store.changed_since(before, 10).unwrap();
    assert!(matches!(told.as_slice(), [Change::Put(one)] if one.spam && one.seq == seqs[2]), "{told:?}");

    let done = judge(store, &Scope::All, &[1, 3, 77], Some(false));
    assert_eq!(done, SpamSaid { changed: vec![(mail_id(1), None), (mail_id(3), None)], unchanged: 0 });
    assert_eq!(suspected(store), ["mail 2"]);
    // Whatever filters say afterwards.
    checked(store, seqs[3]);
    checked(store, seqs[1]);
    file(store, vec![with_mark(seqs[3], 3)]);
    assert_eq!(suspected(store), ["mail 2"]);
    assert_eq!(of(store, 3), Some(marked("rspamd", false, Some(false))));
    let done = judge(store, &Scope::All, &[0, 3], Some(true));
    assert_eq!(done.changed, [(mail_id(0), None), (mail_id(3), Some(false))]);
    assert_eq!(of(store, 0), Some(Suspicion { spam: true, marked: None, said: Some(true) }));
    assert_eq!(suspected(store), ["mail 3", "mail 2", "mail 0"]);
    assert_eq!(judge(store, &Scope::All, &[0], Some(true)), SpamSaid { changed: Vec::new(), unchanged: 1 });
    // Taken back, filters count again.
    assert_eq!(judge(store, &Scope::All, &[0, 1, 3], None).changed.len(), 3);
    assert_eq!(of(store, 0), None);
    assert_eq!(suspected(store), ["mail 3", "mail 2", "mail 1"]);
    for (kind, count) in [("mail.spam", 2), ("mail.checked", 2), ("mail.spam_taken_back", 3)] {
        let filter = EventFilter { kind: Some(kind.to_owned()), ..EventFilter::default() };
        let events = store.events(&filter, None, 10).unwrap();
        assert_eq!(events.len(), count, "{kind}");
        assert_eq!(events[0].1.payload, "{\"user\":\"Eva\"}");
    }
    // Filed anew under another date, it is found under that.
    let mut later = filed(seqs[1], 1);
    later.date = NOW.plus_ms(86_400_000);
    file(store, vec![later]);
    assert_eq!(suspected(store), ["mail 1", "mail 3", "mail 2"]);
}

fn only_what_one_may_read_is_judged(store: &Store) {
    account(store, 1);
    account(store, 2);
    fill(store, 1, 0..2);
    fill(store, 2, 10..12);
    assert_eq!(judge(store, &scope(&[1]), &[0, 10], Some(true)).changed, [(mail_id(0), None)]);
    assert_eq!(judge(store, &scope(&[]), &[1], Some(true)), SpamSaid::default());
    judge(store, &Scope::All, &[10, 11], Some(true));
    let spam = ListFilter { spam: true, ..ListFilter::default() };
    assert_eq!(subjects(store, &scope(&[2]), &spam), ["mail 11", "mail 10"]);
    assert_eq!(store.count(&scope(&[1]), &spam).unwrap(), 1);
    assert_eq!(store.count(&scope(&[1, 2]), &spam).unwrap(), 3);
}

fn suspicions_follow_their_mails(store: &Store) {
    account(store, 1);
    let seqs = fill(store, 1, 0..4);
    judge(store, &Scope::All, &[1], Some(false));
    file(store, vec![with_mark(seqs[0], 0)]);
    // Mail 1 turns out to be a twin of 0: what a person said of it holds for both.
    let mut twin = filed(seqs[1], 1);
    twin.message_key = filed(seqs[0], 0).message_key;
    file(store, vec![twin]);
    assert_eq!(of(store, 0), Some(marked("X-Spam-Flag", false, Some(false))));
    assert!(suspected(store).is_empty());
    // And of what becomes a message of its own again.
    file(store, vec![filed(seqs[1], 1)]);
    assert_eq!(of(store, 1).unwrap().said, Some(false));
    // A mark comes along where nobody said anything.
    file(store, vec![with_mark(seqs[3], 3)]);
    let mut twin = filed(seqs[3], 3);
    twin.message_key = filed(seqs[2], 2).message_key;
    file(store, vec![twin]);
    assert_eq!(suspected(store), ["mail 2"]);
    judge(store, &Scope::All, &[2], Some(false));
    while !store.reset_derived(1).unwrap().done {}
    let all = (0..4).map(|n| with_mark(seqs[n as usize], n)).collect();
    file(store, all);
    assert_eq!(of(store, 2).unwrap().said, Some(false));
    assert!(suspected(store).is_empty());
}

fn a_keyword_of_the_server_marks(store: &Store) {
    account(store, 1);
    let segments = || vec![SegmentCommit { segment: segment(1), committed: 1 << 40, sealed: false }];
    let batch = |items, junk| Intake { items, junk, segments: segments(), now: NOW, ..Intake::default() };
    store.commit_intake(batch(vec![item(0, 1, 1), item(1, 1, 2), item(2, 1, 3)], vec![1, 2])).unwrap();
    let work = store.received(10, 0).unwrap();
    let mut mails: Vec<Filed> = (0..3).map(|n| filed(work[n as usize].seq, n)).collect();
    // Mail 1 is a twin of 0; mail 2 cannot be read.
    mails[1].message_key = mails[0].message_key;
    mails.truncate(2);
    file(store, mails);
    while !store.fail_step(work[2].seq, "parse".to_owned(), "no".to_owned(), NOW, NOW).unwrap().quarantined {}
    assert_eq!(of(store, 0), Some(marked("$Junk", true, None)));
    assert_eq!(suspected(store).len(), 2);
    // What is here already gets the mark with its new place.
    fill(store, 1, 5..6);
    store.commit_intake(batch(vec![item(5, 1, 77)], vec![0])).unwrap();
    assert_eq!(of(store, 5), Some(marked("$Junk", true, None)));
}
