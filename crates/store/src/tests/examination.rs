//! Attachments that are looked at, held and released; mails whose origin is checked.

use std::sync::Arc;

use model::{Client, Envelope, PartRole, Position, Scope, UnixMillis};

use super::Case;
use super::world::*;
use crate::{
    CheckedMail, DueMail, ExaminationTask, ExaminedMail, ExaminedPart, HeldState, NewPart, Release,
    ScanState, Store,
};

pub(super) const ALL: &[Case] = &[
    ("attachments_are_looked_at_once", attachments_are_looked_at_once),
    ("held_parts_are_listed_and_released", held_parts_are_listed_and_released),
    ("scans_wait_and_come_back", scans_wait_and_come_back),
    ("another_policy_judges_anew", another_policy_judges_anew),
    ("origins_are_checked", origins_are_checked),
];

use ExaminationTask::{Authenticate, Look, Scan};

const TOMORROW: UnixMillis = UnixMillis(NOW.0 + 86_400_000);

fn part(number: &str, n: u64) -> NewPart {
    NewPart {
        number: number.to_owned(),
        name: Some(format!("{n}.pdf")),
        content_type: "application/pdf".to_owned(),
        octets: n,
        sha256: Some(digest(n)),
        role: PartRole::Attachment,
    }
}

/// Mails 0 to 2 in account 1; 1 and 2 have an attachment.
fn mails(store: &Store) -> Vec<i64> {
    account(store, 1);
    let items = (0..3).map(|n| item(n, 1, 1 + n as u32)).collect();
    let seqs: Vec<i64> = intake(store, items).iter().map(seq).collect();
    file(store, seqs.iter().zip(0..).map(|(seq, n)| with_parts(*seq, n)).collect());
    seqs
}

fn with_parts(seq: i64, n: u64) -> crate::Filed {
    let mut mail = filed(seq, n);
    if n > 0 {
        mail.parts = vec![part("2", n)];
    }
    mail
}

fn enqueue(store: &Store) {
    while store.enqueue_examinations(2, None).unwrap() {}
}

fn due(store: &Store, task: ExaminationTask) -> Vec<DueMail> {
    store.due_examinations(task, NOW, 10).unwrap()
}

fn looked(mail: &DueMail, held: HeldState, scan: ScanState) -> ExaminedMail {
    let parts = mail.parts.iter().map(|part| ExaminedPart {
        number: part.number.clone(),
        sha256: part.sha256.map(|sha256| sha256.0.to_vec()).unwrap_or_default(),
        findings: "program".to_owned(),
        scan,
        held,
        policy: 1,
        ..ExaminedPart::default()
    });
    ExaminedMail { seq: mail.octets.seq, parts: parts.collect(), again: None, scan: scan == ScanState::Waits }
}

fn attachments_are_looked_at_once(store: &Store) {
    let seqs = mails(store);
    enqueue(store);
    let mails = due(store, Look);
    assert_eq!(mails.iter().map(|mail| mail.octets.seq).collect::<Vec<_>>(), [seqs[2], seqs[1]]);
    assert_eq!(mails[0].parts, [part("2", 2)]);
    let answers = mails.iter().map(|mail| looked(mail, HeldState::No, ScanState::NotAsked)).collect();
    store.put_examined(Look, answers).unwrap();
    assert!(due(store, Look).is_empty());
    assert_eq!(store.next_examination(Look).unwrap(), None);
    // The same mail filed again with the same attachments is known.
    file(store, vec![with_parts(seqs[1], 1)]);
    enqueue(store);
    assert!(due(store, Look).is_empty());
    let detail = store.message(&Scope::All, mail_id(1)).unwrap().unwrap();
    assert!(detail.examined[0].is_of(&detail.parts[0]) && !detail.examined[0].is_held());
    // With others it is not.
    let mut other = with_parts(seqs[1], 1);
    other.parts = vec![part("2", 7)];
    file(store, vec![other]);
    enqueue(store);
    let mails = due(store, Look);
    assert_eq!(mails.len(), 1);
    assert!(!mails[0].examined[0].is_of(&mails[0].parts[0]));
}

fn held_parts_are_listed_and_released(store: &Store) {
    mails(store);
    enqueue(store);
    let answers =
        due(store, Look).iter().map(|mail| looked(mail, HeldState::Policy, ScanState::NotAsked)).collect();
    store.put_examined(Look, answers).unwrap();
    let held = store.held_parts(&Scope::All, None, 1).unwrap();
    assert_eq!((held[0].mail_id, held[0].name.as_deref()), (mail_id(2), Some("2.pdf")));
    let before = Some((held[0].seq, held[0].part.number.as_str()));
    let rest = store.held_parts(&Scope::All, before, 5).unwrap();
    assert_eq!(rest.iter().map(|part| part.mail_id).collect::<Vec<_>>(), [mail_id(1)]);
    assert!(store.held_parts(&scope(&[2]), None, 5).unwrap().is_empty());
    let release = Release { at: NOW, by: "eva".to_owned(), reason: "known sender".to_owned() };
    assert!(store.release_part(mail_id(1), "2".to_owned(), Some(release.clone())).unwrap());
    assert!(!store.release_part(mail_id(1), "3".to_owned(), Some(release.clone())).unwrap());
    let known = |n| store.message(&Scope::All, mail_id(n)).unwrap().unwrap().examined.remove(0);
    assert!(known(2).is_held());
    assert!(!known(1).is_held());
    assert_eq!(known(1).released, Some(release));
    // Looked at again: the release stays, unless it is malware now.
    let again = |held| {
        let mail = store.examination_of(held_seq(store)).unwrap().unwrap();
        store.put_examined(Look, vec![looked(&mail, held, ScanState::Clean)]).unwrap();
    };
    again(HeldState::Policy);
    assert!(!known(1).is_held());
    again(HeldState::Malware);
    assert!(known(1).is_held());
    assert_eq!(store.examination_counts().unwrap().held, 2);
}

fn held_seq(store: &Store) -> i64 {
    store.mail_octets(&Scope::All, mail_id(1)).unwrap().unwrap().seq
}

fn scans_wait_and_come_back(store: &Store) {
    mails(store);
    enqueue(store);
    let answers =
        due(store, Look).iter().map(|mail| looked(mail, HeldState::Waits, ScanState::Waits)).collect();
    store.put_examined(Look, answers).unwrap();
    assert_eq!(store.examination_counts().unwrap().waiting, 2);
    let waiting = due(store, Scan);
    let mut later = looked(&waiting[0], HeldState::Waits, ScanState::Waits);
    later.scan = false;
    later.again = Some((TOMORROW, 1));
    store.put_examined(Scan, vec![later, looked(&waiting[1], HeldState::No, ScanState::Clean)]).unwrap();
    assert!(due(store, Scan).is_empty());
    assert_eq!(store.next_examination(Scan).unwrap(), Some(TOMORROW));
    assert_eq!(store.due_examinations(Scan, TOMORROW, 10).unwrap()[0].attempts, 1);
    // Everything once more, in steps.
    store.rescan_all().unwrap();
    while store.go_on_rescanning(1).unwrap() {}
    assert!(!store.go_on_rescanning(1).unwrap());
    assert_eq!(due(store, Scan).len(), 2);
    store.rescan(mail_id(1)).unwrap();
    assert!(store.rescan(mail_id(9)).is_err());
}

fn another_policy_judges_anew(store: &Store) {
    mails(store);
    enqueue(store);
    let answers =
        due(store, Look).iter().map(|mail| looked(mail, HeldState::Policy, ScanState::NotAsked)).collect();
    store.put_examined(Look, answers).unwrap();
    let judge: crate::Judge = Arc::new(|part| {
        assert_eq!(part.findings, "program");
        (HeldState::No, ScanState::NotAsked)
    });
    assert!(!store.judge_examined(1, 10, Arc::clone(&judge)).unwrap());
    assert!(store.judge_examined(2, 1, Arc::clone(&judge)).unwrap());
    while store.judge_examined(2, 1, Arc::clone(&judge)).unwrap() {}
    assert!(store.held_parts(&Scope::All, None, 5).unwrap().is_empty());
}

fn origins_are_checked(store: &Store) {
    account(store, 1);
    let client = Some(Client { ip: [192, 0, 2, 1].into(), helo: "mx.example".to_owned() });
    let envelope = Envelope { reverse_path: None, forward_paths: vec!["a@b.example".to_owned()], client };
    let mut known = item(1, 1, 1);
    known.envelope = Some(envelope.clone());
    let mut from_file = item(2, 1, 2);
    from_file.position = Position::File { locator: "a.eml".to_owned() };
    let mut old = item(3, 1, 3);
    old.received = Some(UnixMillis(NOW.0 - 86_400_000));
    let seqs: Vec<i64> = intake(store, vec![known, from_file, old]).iter().map(seq).collect();
    file(store, seqs.iter().zip(1..).map(|(seq, n)| filed(*seq, n)).collect());
    while store.enqueue_examinations(2, Some(NOW)).unwrap() {}
    let mails = store.unchecked_mails(NOW, 10).unwrap();
    assert_eq!(mails.iter().map(|mail| mail.octets.seq).collect::<Vec<_>>(), [seqs[0]]);
    assert_eq!(mails[0].envelope, Some(envelope));
    let checked =
        |again| CheckedMail { seq: seqs[0], result: "{}".to_owned(), forged: false, spam: None, again };
    store.put_checked(vec![checked(Some((TOMORROW, 1)))], NOW).unwrap();
    assert_eq!(store.checked_mail(seqs[0]).unwrap(), Some((NOW, "{}".to_owned())));
    assert_eq!(store.unchecked_mails(TOMORROW, 10).unwrap()[0].attempts, 1);
    store.put_checked(vec![checked(None)], TOMORROW).unwrap();
    assert!(store.unchecked_mails(TOMORROW, 10).unwrap().is_empty());
    assert_eq!(store.next_examination(Authenticate).unwrap(), None);
    assert_eq!(store.checked_mail(seqs[1]).unwrap(), None);
}
