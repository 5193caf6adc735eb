//! Intake, filing, twins, detail.

use model::{
    Client, Defect, DefectKind, Envelope, Evidence, Flags, Found, Kind, Location, MailFacts, MessageId,
    NumberToken, ObjectId, PartRole, Place, Position, ReversePath, Scope, Source, Span, Verdict,
};

use super::Case;
use super::world::*;
use crate::{
    AddressRole, Change, Cursor, EntryFate, EntryOutcome, Intake, IntakeOutcome, LeftOut, ListFilter,
    NewEntry, NewPart, RunCounts, SharedObject, Store, StoreError,
};

pub(super) const ALL: &[Case] = &[
    ("intake_again_changes_nothing", intake_again_changes_nothing),
    ("octets_once_in_a_batch", octets_once_in_a_batch),
    ("batch_is_all_or_nothing", batch_is_all_or_nothing),
    ("other_octets_at_a_position", other_octets_at_a_position),
    ("everything_of_a_batch", everything_of_a_batch),
    ("left_out_until_it_comes", left_out_until_it_comes),
    ("copy_in_another_account", copy_in_another_account),
    ("twins_are_shown_once", twins_are_shown_once),
    ("detail_is_what_was_filed", detail_is_what_was_filed),
    ("filing_again_replaces", filing_again_replaces),
    ("odd_text", odd_text),
    ("seen_and_gone", seen_and_gone),
    ("by_message_id", by_message_id),
    ("work_list", work_list),
    ("streams", streams),
    ("shared_objects", shared_objects),
];

fn intake_again_changes_nothing(store: &Store) {
    account(store, 1);
    let seqs = fill(store, 1, 0..40);
    let before = (store.counters().unwrap(), store.last_change().unwrap());
    let again = intake(store, (0..40).map(|n| item(n, 1, n as u32 + 1)).collect());
    for (n, (outcome, seq)) in again.iter().zip(&seqs).enumerate() {
        let expected = IntakeOutcome::Duplicate { of: mail_id(n as u64), seq: *seq, new_placement: false };
        assert_eq!(*outcome, expected);
    }
    assert_eq!((store.counters().unwrap(), store.last_change().unwrap()), before);
    let uids: Vec<Position> = (39..45).map(|uid| Position::Imap { uid_validity: 1, uid }).collect();
    assert_eq!(store.known_placements(mailbox_id(1), &uids).unwrap().len(), 2);
    let known = store.known_digests(&[digest(3), digest(99)]).unwrap();
    assert_eq!(known.into_iter().collect::<Vec<_>>(), [(digest(3), mail_id(3))]);
}

fn octets_once_in_a_batch(store: &Store) {
    account(store, 1);
    let mut copy = item(1, 1, 2);
    copy.mail_id = mail_id(77);
    let outcomes = intake(store, vec![item(1, 1, 1), copy.clone(), copy, item(2, 1, 3)]);
    let IntakeOutcome::New { seq, .. } = outcomes[0] else { panic!("{outcomes:?}") };
    assert_eq!(outcomes[1], IntakeOutcome::Duplicate { of: mail_id(1), seq, new_placement: true });
    assert_eq!(outcomes[2], IntakeOutcome::Duplicate { of: mail_id(1), seq, new_placement: false });
    assert_eq!(outcomes[3], IntakeOutcome::New { mail_id: mail_id(2), seq: seq + 1 });
    let (lines, _) = store.mail_lines(&Scope::All, 0, 10).unwrap().unwrap();
    assert_eq!(lines.iter().map(|line| line.placements.len()).collect::<Vec<_>>(), [2, 1]);
}

fn batch_is_all_or_nothing(store: &Store) {
    account(store, 1);
    let mut unknown = item(2, 1, 2);
    unknown.record = None;
    let batch = Intake {
        items: vec![item(1, 1, 1), unknown],
        cursors: vec![(mailbox_id(1), Cursor { uid_validity: 1, uid: 2, ..Cursor::default() })],
        now: NOW,
        ..Intake::default()
    };
    let error = store.commit_intake(batch).unwrap_err();
    assert!(matches!(error, StoreError::Missing { what: "mail with digest", .. }), "{error}");
    assert!(store.known_digests(&[digest(1)]).unwrap().is_empty());
    assert_eq!(store.mailboxes(account_id(1)).unwrap()[0].cursor, None);
    assert_eq!(store.counters().unwrap().received, 0);
    let error = store.commit_intake(Intake { items: vec![item(1, 9, 1)], ..Intake::default() }).unwrap_err();
    assert!(matches!(error, StoreError::Missing { what: "mailbox", .. }), "{error}");
}

fn other_octets_at_a_position(store: &Store) {
    account(store, 1);
    let mut first = item(1, 1, 0);
    first.position = Position::File { locator: "box.mbox#1".to_owned() };
    let mut other = item(2, 1, 0);
    other.position = first.position.clone();
    assert!(matches!(intake(store, vec![first])[..], [IntakeOutcome::New { .. }]));
    assert!(matches!(intake(store, vec![other])[..], [IntakeOutcome::New { .. }]));
    assert_eq!(store.counters().unwrap().received, 2);
}

fn everything_of_a_batch(store: &Store) {
    account(store, 1);
    let run = import_run(7, 1);
    store.start_import(run.clone()).unwrap();
    let cursor = Cursor { uid_validity: 5, uid: 9, opaque: "{\"a\":1}".to_owned(), updated: NOW };
    let entry = |n, locator: &str, fate| NewEntry { run: run.id, n, locator: locator.to_owned(), fate };
    let first = item(1, 1, 1);
    let octets = first.octets;
    let item_at = |at| EntryFate::Item { at, note: String::new() };
    let failed = EntryFate::Failed { reason: "no mail".to_owned(), detail: String::new() };
    let batch = Intake {
        items: vec![first],
        cursors: vec![(mailbox_id(1), cursor.clone())],
        entries: vec![entry(1, "a", item_at(0)), entry(2, "x", failed.clone())],
        event: Some(event(1, "mail.fetched")),
        now: NOW,
        segments: vec![crate::SegmentCommit { segment: segment(1), committed: 4000, sealed: false }],
        ..Intake::default()
    };
    store.commit_intake(batch).unwrap();
    let mailbox = store.mailboxes(account_id(1)).unwrap().remove(0);
    assert_eq!(mailbox.cursor, Some(cursor));
    // What is behind the last entry kept counts, whatever is handed in again.
    let excluded = EntryFate::Excluded { rule: "index".to_owned(), detail: String::new() };
    let again = Intake {
        items: vec![item(1, 1, 1)],
        entries: vec![entry(2, "x", failed), entry(3, "b", item_at(0)), entry(4, "c", excluded)],
        now: NOW,
        ..Intake::default()
    };
    store.commit_intake(again).unwrap();
    store.set_import_state(run.id, "done".to_owned(), Some(NOW), Some(5)).unwrap();
    store.complete_import(run.id, 4).unwrap();
    let kept = store.import_run(run.id).unwrap().unwrap();
    let sums = RunCounts { seen: 4, archived: 1, duplicates: 1, excluded: 1, failed: 1, octets: 0 };
    assert_eq!((kept.counts, kept.entries), (RunCounts { octets: 2 * octets, ..sums }, Some(4)));
    assert_eq!(store.import_sums(run.id).unwrap(), sums);
    assert_eq!(store.import_entries_done(run.id).unwrap(), 4);
    let entries = store.import_entries(run.id, None, 0, 10).unwrap();
    assert_eq!(entries.iter().map(|entry| entry.outcome).collect::<Vec<_>>(), {
        use EntryOutcome::{Archived, Duplicate, Excluded, Failed};
        [Archived, Failed, Duplicate, Excluded]
    });
    assert_eq!(entries[2].mail, Some(mail_id(1)));
    let of = entries[2].duplicate_of.as_ref().unwrap();
    assert_eq!((of.account, of.uid), (account_id(1), 1));
    let page = store.import_entries(run.id, None, 1, 2).unwrap();
    assert_eq!(page, entries[1..3]);
    let only = store.import_entries(run.id, Some(EntryOutcome::Excluded), 0, 10).unwrap();
    assert_eq!(only, entries[3..]);
    let reasons = store.import_reasons(run.id, 10).unwrap();
    let reasons: Vec<_> = reasons.iter().map(|count| (count.reason.as_str(), count.entries)).collect();
    assert_eq!(reasons, [("index", 1), ("no mail", 1)]);
    assert_eq!((kept.state.as_str(), kept.finished, kept.total_octets), ("done", Some(NOW), Some(5)));
    assert_eq!(store.import_runs(10).unwrap(), [kept]);
    assert_eq!(
        store.events(&crate::EventFilter::default(), None, 10).unwrap()[0].1,
        event(1, "mail.fetched")
    );
    // A length never goes back, a seal never opens.
    let commit = |committed, sealed| crate::SegmentCommit { segment: segment(1), committed, sealed };
    store.commit_segments(vec![commit(5000, true)]).unwrap();
    store.commit_segments(vec![commit(10, false)]).unwrap();
    assert_eq!(store.segments().unwrap(), [commit(5000, true)]);
}

fn left_out_until_it_comes(store: &Store) {
    account(store, 1);
    let left = |uid, excluded| LeftOut {
        mailbox: mailbox_id(1),
        position: Position::Imap { uid_validity: 1, uid },
        excluded,
        reason: "too large".to_owned(),
    };
    store.leave_out(vec![left(1, false), left(2, true)], NOW).unwrap();
    store.leave_out(vec![left(1, false)], NOW.plus_ms(5)).unwrap();
    let rows = store.left_out(account_id(1), 10, 0).unwrap();
    assert_eq!(rows.iter().map(|row| row.attempts).collect::<Vec<_>>(), [2, 1]);
    assert_eq!((rows[0].since, rows[0].last), (NOW, NOW.plus_ms(5)));
    let counters = store.counters().unwrap().accounts[0].1;
    assert_eq!((counters.failed, counters.excluded), (1, 1));
    intake(store, vec![item(1, 1, 1)]);
    assert_eq!(store.left_out(account_id(1), 10, 0).unwrap().len(), 1);
}

fn copy_in_another_account(store: &Store) {
    account(store, 1);
    account(store, 2);
    fill(store, 1, 0..3);
    let last = store.last_change().unwrap();
    assert!(subjects(store, &scope(&[2]), &ListFilter::default()).is_empty());
    let mut copy = item(1, 2, 1);
    copy.record = None;
    assert!(matches!(intake(store, vec![copy])[..], [IntakeOutcome::Duplicate { new_placement: true, .. }]));
    assert_eq!(subjects(store, &scope(&[2]), &ListFilter::default()), ["mail 1"]);
    assert_eq!(subjects(store, &scope(&[1, 2]), &ListFilter::default()).len(), 3);
    let changes = store.changed_since(last, 10).unwrap();
    let [Change::Put(message)] = &changes[..] else { panic!("{changes:?}") };
    assert_eq!(message.accounts, [account_id(1), account_id(2)]);
}

fn twins_are_shown_once(store: &Store) {
    account(store, 1);
    account(store, 2);
    let seqs: Vec<i64> = intake(store, vec![item(1, 1, 1), item(2, 2, 1)]).iter().map(seq).collect();
    let mut twin = filed(seqs[1], 2);
    twin.message_key = filed(seqs[0], 1).message_key;
    twin.nodes = filed(seqs[0], 1).nodes;
    file(store, vec![filed(seqs[0], 1)]);
    let last = store.last_change().unwrap();
    file(store, vec![twin]);
    assert_eq!(subjects(store, &Scope::All, &ListFilter::default()), ["mail 1"]);
    assert_eq!(subjects(store, &scope(&[1]), &ListFilter::default()), ["mail 1"]);
    assert_eq!(subjects(store, &scope(&[2]), &ListFilter::default()), ["mail 2"]);
    assert_eq!(subjects(store, &scope(&[1, 2]), &ListFilter::default()), ["mail 1"]);
    assert!(subjects(store, &scope(&[3]), &ListFilter::default()).is_empty());
    let changes = store.changed_since(last, 10).unwrap();
    assert!(matches!(&changes[0], Change::Delete { seq, .. } if *seq == seqs[1]), "{changes:?}");
    assert!(matches!(&changes[1], Change::Put(message) if message.accounts.len() == 2), "{changes:?}");
    // Either id leads to the mail the reader may read, and to no other.
    for id in [mail_id(1), mail_id(2)] {
        let all = store.message(&Scope::All, id).unwrap().unwrap();
        assert_eq!((all.row.mail_id, all.twins.len(), all.placements.len()), (mail_id(1), 1, 2));
        let narrow = store.message(&scope(&[2]), id).unwrap().unwrap();
        assert_eq!((narrow.row.mail_id, narrow.twins.len(), narrow.placements.len()), (mail_id(2), 0, 1));
        assert_eq!(narrow.row.accounts, [account_id(2)]);
        assert_eq!(store.mail_octets(&scope(&[2]), id).unwrap().unwrap().mail_id, mail_id(2));
        assert!(store.message(&scope(&[3]), id).unwrap().is_none());
        assert!(store.mail_octets(&scope(&[3]), id).unwrap().is_none());
    }
    assert_eq!(store.message_row(&Scope::All, mail_id(2)).unwrap().unwrap().thread_count, 1);
    assert_eq!(store.counters().unwrap().messages, 1);
    assert_eq!(store.counters().unwrap().filed, 2);
}

fn detail_is_what_was_filed(store: &Store) {
    account(store, 1);
    let mut new = item(1, 1, 1);
    new.envelope = Some(Envelope {
        reverse_path: Some(ReversePath::Null),
        forward_paths: vec!["a@b.example".to_owned(), "c@d.example".to_owned()],
        client: Some(Client { ip: [192, 0, 2, 1].into(), helo: "mx.example".to_owned() }),
    });
    new.flags = Flags { seen: true, flagged: true, ..Flags::default() };
    let seq = seq(&intake(store, vec![new.clone()])[0]);
    let mut mail = filed(seq, 1);
    mail.addresses = vec![
        (AddressRole::From, address("Eva", "Eva@Example.org")),
        (AddressRole::To, address("", "b@example.org")),
        (AddressRole::To, address("A", "a@example.org")),
        (AddressRole::Cc, address("Eva", "Eva@Example.org")),
        (AddressRole::Sender, address("Eva B.", "eva@example.org")),
    ];
    mail.parts = vec![
        NewPart {
            number: "2".to_owned(),
            name: Some("größe.pdf".to_owned()),
            content_type: "application/pdf".to_owned(),
            octets: 1 << 33,
            sha256: Some(digest(5)),
            role: PartRole::Attachment,
        },
        NewPart {
            number: "3".to_owned(),
            name: None,
            content_type: "message/rfc822".to_owned(),
            octets: 0,
            sha256: None,
            role: PartRole::Message,
        },
    ];
    mail.attachments = 1;
    mail.defects = vec![Defect { kind: DefectKind::Charset, at: 7 }];
    let number = NumberToken("B-1".to_owned());
    mail.facts = MailFacts {
        numbers: vec![Found { value: number, place: Place::New, span: Span { at: 3, len: 3 } }],
        addresses: Vec::new(),
    };
    mail.verdict = Verdict {
        kind: Kind::Bounce,
        confidence: 0.5,
        source: Some(Source("rfc3464")),
        evidence: vec![Evidence { rule: "dsn.action", place: "part 2".to_owned() }],
        ..Verdict::default()
    };
    file(store, vec![mail.clone()]);
    let detail = store.message(&Scope::All, mail_id(1)).unwrap().unwrap();
    let mut expected = mail.addresses.clone();
    expected.sort_by_key(|(role, _)| *role);
    assert_eq!(detail.addresses, expected);
    assert_eq!(detail.parts, mail.parts);
    assert_eq!(detail.verdict.as_ref(), Some(&mail.verdict));
    assert_eq!(detail.defects, mail.defects);
    assert_eq!(detail.row.kind, Kind::Bounce);
    assert_eq!((detail.row.date, detail.row.attachments, detail.row.unread), (mail.date, 1, false));
    assert!(detail.row.defects && !detail.row.quarantined);
    assert_eq!(detail.row.from, Some(address("Eva", "Eva@Example.org")));
    assert_eq!(detail.row.to, [address("", "b@example.org"), address("A", "a@example.org")]);
    assert_eq!(detail.octets.sha256, new.sha256);
    assert_eq!(Some((detail.octets.object, detail.octets.location)), new.record);
    let placement = &detail.placements[0];
    assert_eq!((placement.account, placement.mailbox), (account_id(1), mailbox_id(1)));
    assert_eq!((&placement.position, placement.received), (&new.position, new.received));
    assert_eq!((placement.flags, &placement.envelope), (new.flags, &new.envelope));
    assert_eq!(store.facts(seq).unwrap(), Some(mail.facts));
    let (_, part) = store.part(&Scope::All, mail_id(1), "2").unwrap().unwrap();
    assert_eq!(part, mail.parts[0]);
    assert!(store.part(&Scope::All, mail_id(1), "9").unwrap().is_none());
    let changes = store.changed_since(0, 10).unwrap();
    let [Change::Put(message)] = &changes[..] else { panic!("{changes:?}") };
    assert_eq!((message.addresses.len(), message.parts.len()), (5, 2));
}

fn filing_again_replaces(store: &Store) {
    account(store, 1);
    let seqs = fill(store, 1, 0..3);
    let mut again = filed(seqs[1], 1);
    again.subject = "other".to_owned();
    again.date = again.date.plus_ms(-40 * 86_400_000);
    again.addresses = vec![(AddressRole::From, address("", "x@example.org"))];
    again.verdict.kind = Kind::List;
    file(store, vec![again]);
    assert_eq!(subjects(store, &Scope::All, &ListFilter::default()), ["mail 2", "mail 0", "other"]);
    let lists = ListFilter { kind: Some(Kind::List), ..ListFilter::default() };
    assert_eq!(subjects(store, &scope(&[1]), &lists), ["other"]);
    let detail = store.message(&Scope::All, mail_id(1)).unwrap().unwrap();
    assert_eq!(detail.addresses.len(), 1);
    let unknown = store.file_batch(vec![filed(999, 999)], std::sync::Arc::new(Connected), None).unwrap_err();
    assert!(matches!(unknown, StoreError::Missing { what: "mail", .. }));
}

fn odd_text(store: &Store) {
    account(store, 1);
    let mut new = item(1, 1, 0);
    let locator = format!("{}\0/mail.eml", "ä".repeat(3000));
    new.position = Position::File { locator };
    let seq = seq(&intake(store, vec![new.clone()])[0]);
    assert_eq!(store.known_placements(mailbox_id(1), std::slice::from_ref(&new.position)).unwrap().len(), 1);
    assert!(matches!(intake(store, vec![new])[..], [IntakeOutcome::Duplicate { new_placement: false, .. }]));
    let mut mail = filed(seq, 1);
    mail.subject = format!("\0{}", "€".repeat(5000));
    mail.preview = "\u{202e}\0😀".to_owned();
    mail.message_id = Some(MessageId(format!("{}\0@x", "i".repeat(9000))));
    mail.addresses =
        vec![(AddressRole::From, address(&"ß".repeat(5000), &format!("\0{}@x.example", "A".repeat(5000))))];
    file(store, vec![mail]);
    let row = store.message_row(&Scope::All, mail_id(1)).unwrap().unwrap();
    assert!(row.subject.starts_with("\u{fffd}€") && row.subject.len() <= 4003);
    assert_eq!(row.preview, "\u{202e}\u{fffd}😀");
    assert!(row.from.unwrap().addr_spec.starts_with("\u{fffd}A"));
    let id = MessageId(format!("{}\u{fffd}@x", "i".repeat(9000)));
    assert_eq!(row.message_id, Some(id));
}

fn seen_and_gone(store: &Store) {
    account(store, 1);
    account(store, 2);
    fill(store, 1, 0..4);
    let unread = ListFilter { unread: Some(true), ..ListFilter::default() };
    assert_eq!(subjects(store, &Scope::All, &unread).len(), 4);
    let last = store.last_change().unwrap();
    assert!(store.set_seen(&scope(&[1]), mail_id(2), true).unwrap());
    assert!(!store.set_seen(&scope(&[2]), mail_id(3), true).unwrap());
    assert_eq!(subjects(store, &Scope::All, &unread), ["mail 3", "mail 1", "mail 0"]);
    assert_eq!(store.changed_since(last, 10).unwrap().len(), 1);
    assert!(store.set_seen(&Scope::All, mail_id(2), false).unwrap());
    assert_eq!(subjects(store, &Scope::All, &unread).len(), 4);
    let in_mailbox = ListFilter { mailbox: Some(mailbox_id(1)), ..ListFilter::default() };
    let uids = |uids: &[u32]| uids.iter().map(|uid| Position::Imap { uid_validity: 1, uid: *uid }).collect();
    assert_eq!(store.live_uids(mailbox_id(1), 1, 1, 10).unwrap(), [2, 3, 4]);
    let flagged = Flags { seen: true, flagged: true, ..Flags::default() };
    let set = |uids: &[u32]| {
        store.set_flags(mailbox_id(1), 1, uids.iter().map(|uid| (*uid, flagged)).collect()).unwrap()
    };
    assert_eq!((set(&[1, 2, 99]), set(&[1, 2])), (2, 0));
    let first = store.message(&Scope::All, mail_id(0)).unwrap().unwrap();
    assert_eq!(first.placements.iter().map(|placement| placement.flags).collect::<Vec<_>>(), [flagged]);
    assert_eq!(store.mark_gone(mailbox_id(1), uids(&[2, 3, 9]), NOW).unwrap(), 2);
    assert_eq!(set(&[3]), 0);
    assert_eq!(store.mark_gone(mailbox_id(1), uids(&[2]), NOW).unwrap(), 0);
    assert_eq!(store.live_uids(mailbox_id(1), 1, 0, 10).unwrap(), [1, 4]);
    assert_eq!(subjects(store, &Scope::All, &in_mailbox), ["mail 3", "mail 0"]);
    assert_eq!(subjects(store, &scope(&[1]), &ListFilter::default()).len(), 4);
    assert!(subjects(store, &scope(&[2]), &in_mailbox).is_empty());
    assert_eq!(store.mailboxes(account_id(1)).unwrap()[0].listed, 2);
}

fn by_message_id(store: &Store) {
    account(store, 1);
    account(store, 2);
    let seqs: Vec<i64> = intake(store, vec![item(1, 1, 1), item(2, 2, 1)]).iter().map(seq).collect();
    let mut other = filed(seqs[1], 2);
    other.message_id = filed(seqs[0], 1).message_id;
    file(store, vec![filed(seqs[0], 1), other]);
    let id = MessageId("1@example.org".to_owned());
    let found = |scope: &Scope, id: &MessageId| -> Vec<_> {
        store.mails_by_message_id(scope, id, 10).unwrap().into_iter().map(|mail| mail.mail_id).collect()
    };
    assert_eq!(found(&Scope::All, &id), [mail_id(1), mail_id(2)]);
    assert_eq!(found(&scope(&[2]), &id), [mail_id(2)]);
    assert!(found(&scope(&[]), &id).is_empty());
    assert!(found(&Scope::All, &MessageId("2@example.org".to_owned())).is_empty());
}

fn work_list(store: &Store) {
    account(store, 1);
    let mut file_item = item(2, 1, 0);
    file_item.position = Position::File { locator: "a".to_owned() };
    file_item.received = None;
    let mut early = item(1, 1, 7);
    early.received = Some(NOW.plus_ms(-5000));
    let outcomes = intake(store, vec![item(1, 1, 1), early, file_item]);
    let work = store.received(10, 0).unwrap();
    assert_eq!(work.iter().map(|mail| mail.seq).collect::<Vec<_>>(), [seq(&outcomes[0]), seq(&outcomes[2])]);
    assert_eq!((work[0].received, work[0].from_files), (Some(NOW.plus_ms(-5000)), false));
    assert_eq!((work[1].received, work[1].from_files), (None, true));
    assert_eq!((work[0].mail_id, work[0].sha256, work[0].attempts), (mail_id(1), digest(1), 0));
    assert_eq!(store.received(10, work[0].seq).unwrap().len(), 1);
    file(store, vec![filed(work[0].seq, 1)]);
    assert_eq!(store.received(10, 0).unwrap().len(), 1);
}

fn streams(store: &Store) {
    account(store, 1);
    account(store, 2);
    fill(store, 1, 0..5);
    fill(store, 2, 10..12);
    let waiting = intake(store, vec![item(20, 2, 50)]);
    let mut after = 0;
    let mut all = Vec::new();
    while let Some((lines, next)) = store.mail_lines(&scope(&[2]), after, 3).unwrap() {
        after = next;
        all.extend(lines);
    }
    assert_eq!(all.iter().map(|line| line.mail_id).collect::<Vec<_>>(), [10, 11, 20].map(mail_id));
    assert_eq!(all[2].date, None);
    assert_eq!(all[0].placements[0].mailbox_name, "INBOX");
    assert_eq!(
        store.mail_lines_of(&Scope::All, &[all[1].seq, all[0].seq]).unwrap(),
        [&all[1], &all[0]].map(Clone::clone)
    );
    let threads = store.thread_lines(0, 100).unwrap();
    assert_eq!(threads.len(), 8);
    assert_eq!(threads[0].thread_id.unwrap().octets(), mail_id(0).octets());
    assert_eq!(threads[7].thread_id, None);
    let objects = store.objects(0, 100).unwrap();
    assert_eq!(objects.len(), 8);
    assert_eq!(objects[7].seq, seq(&waiting[0]));
    let of_segment = store.objects_of_segment(segment(1), 4000, 2).unwrap();
    assert_eq!(of_segment.iter().map(|row| row.location.at).collect::<Vec<_>>(), [4000, 6000]);
    assert!(store.objects_of_segment(segment(9), 0, 2).unwrap().is_empty());
}

fn shared_objects(store: &Store) {
    account(store, 1);
    let object = |n: u64, content: u64| SharedObject {
        object: ObjectId::from_octets(id(7, n)),
        location: Location { segment: segment(1), at: 1_000_000 + n * 2000, len: 1500 },
        octets: 100 + content,
        sha256: digest(900 + content),
    };
    let record = |item: &crate::IntakeItem| item.record.unwrap().0;
    let (first, second) = (item(1, 1, 1), item(2, 1, 2));
    let uses = [(record(&first), vec![object(1, 1).object, object(2, 2).object])];
    let objects = vec![object(1, 1), object(2, 2)];
    let batch = Intake { items: vec![first.clone()], objects, uses: uses.into(), ..Intake::default() };
    let outcomes = store.commit_intake(batch.clone()).unwrap();
    // Again, as recovery does; and a mail that came at the same moment with the same octets.
    store.commit_intake(batch).unwrap();
    let uses = [(record(&second), vec![object(3, 1).object, object(2, 2).object])];
    let batch = Intake {
        items: vec![second, first],
        objects: vec![object(3, 1)],
        uses: uses.into(),
        ..Intake::default()
    };
    let more = store.commit_intake(batch).unwrap();
    let known = store.known_objects(&[digest(901), digest(902), digest(999)]).unwrap();
    assert_eq!(known.len(), 2);
    assert_eq!(known[&digest(901)], object(1, 1));
    assert!(store.known_objects(&[]).unwrap().is_empty());
    assert_eq!(store.objects_used_by(seq(&outcomes[0])).unwrap(), [object(1, 1).object, object(2, 2).object]);
    assert_eq!(store.objects_used_by(seq(&more[0])).unwrap(), [object(2, 2).object, object(3, 1).object]);
    assert_eq!(store.shared_object_counts().unwrap(), (3, 101 + 102 + 101, 4));
    let named = store.shared_objects(&[object(3, 1).object, object(9, 9).object]).unwrap();
    assert_eq!(named.into_values().collect::<Vec<_>>(), [object(3, 1)]);
    let of_segment = store.shared_objects_of_segment(segment(1), 1_004_000, 1).unwrap();
    assert_eq!(of_segment, [object(2, 2)]);
    assert!(store.dangling_uses(10).unwrap().is_empty());
    let lone = item(3, 1, 3);
    let uses = [(record(&lone), vec![object(8, 8).object])];
    let mut batch = Intake { items: vec![lone], uses: uses.into(), ..Intake::default() };
    let refused = store.commit_intake(batch.clone());
    assert!(matches!(refused, Err(StoreError::Missing { what: "object", .. })), "{refused:?}");
    // Of records that are adopted, objects may come later.
    batch.adopted = true;
    let lone = store.commit_intake(batch).unwrap();
    assert_eq!(store.dangling_uses(10).unwrap(), [(object(8, 8).object, seq(&lone[0]))]);
}
