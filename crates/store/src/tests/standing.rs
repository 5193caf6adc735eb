//! Reports, states of addresses, rules, the manual queue.

use model::{
    Action, Address, Kind, MessageId, Original, Permanence, Position, RecipientReport, RecordKind, Scope,
    UnixMillis, Verdict,
};
use standing::{MailClass, Reason, State, Strength};

use super::Case;
use super::world::*;
use crate::{
    AddressRole, BounceRules, CheckedMail, Filed, ListMember, NewSuppression, Record, Resolution, Store,
    SumBy,
};

pub(super) const ALL: &[Case] = &[
    ("report_finds_its_mail", report_finds_its_mail),
    ("forged_changes_nothing", forged_changes_nothing),
    ("twins_count_once", twins_count_once),
    ("imported_does_not_count", imported_does_not_count),
    ("original_comes_later", original_comes_later),
    ("circumstances", circumstances),
    ("references_of_the_original", references_of_the_original),
    ("rebuild_gives_the_same_states", rebuild_gives_the_same_states),
    ("people_teach_and_clear", people_teach_and_clear),
    ("many_bounces_for_one_address", many_bounces_for_one_address),
    ("many_recipients", many_recipients),
    ("reports_by_others_change_nothing", reports_by_others_change_nothing),
    ("suppression", suppression),
    ("members_and_unsubscribing", members_and_unsubscribing),
    ("rules_kept_and_tried", rules_kept_and_tried),
];

const DAY: i64 = 24 * 60 * 60 * 1000;

/// No reference is ours; a mail found to be `forged` is.
pub(super) fn nobody() -> crate::Evidence {
    crate::Evidence {
        ours: std::sync::Arc::new(|_| None),
        is_forged: std::sync::Arc::new(|found| found == "forged"),
    }
}

/// The time of a case: after its mails, most of them.
pub(super) fn now() -> UnixMillis {
    NOW.plus_ms(2 * DAY)
}

/// Mail `content` written by us to these.
pub(super) fn sent(seq: i64, content: u64, to: &[&str], kind: Kind) -> Filed {
    let mut mail = filed(seq, content);
    mail.addresses = vec![(AddressRole::From, address("", "us@ours.example"))];
    mail.addresses.extend(to.iter().map(|to| (AddressRole::To, address("", to))));
    mail.verdict.kind = kind;
    mail
}

pub(super) fn said(recipient: &str, permanence: Permanence) -> RecipientReport {
    RecipientReport {
        recipient: Some(recipient.to_owned()),
        action: Some(Action::Failed),
        status: Some("5.1.1".to_owned()),
        smtp_code: Some(550),
        reason: Some("user_unknown".to_owned()),
        permanence,
        diagnostic: Some("no such user".to_owned()),
        ..RecipientReport::default()
    }
}

/// Mail `content`, a bounce of mail `of`.
pub(super) fn bounce(seq: i64, content: u64, of: u64, reports: Vec<RecipientReport>) -> Filed {
    let mut mail = filed(seq, content);
    let original = Original {
        message_id: Some(MessageId(format!("{of}@example.org"))),
        subject: Some(format!("mail {of}")),
        ..Original::default()
    };
    mail.verdict = Verdict { kind: Kind::Bounce, reports, original: Some(original), ..Verdict::default() };
    mail
}

pub(super) fn take_in(store: &Store, contents: std::ops::Range<u64>) -> Vec<i64> {
    let items = contents.map(|n| item(n, 1, n as u32 + 1)).collect();
    intake(store, items).iter().map(seq).collect()
}

pub(super) fn handle(store: &Store) {
    while store.handle_feedback(now(), 100, &nobody()).unwrap().more {}
}

fn state(store: &Store, address: &str) -> (State, Reason) {
    let rows = store.address(&Scope::All, address).unwrap();
    rows.first().map_or((State::Fine, Reason::None), |row| (row.standing.state, row.standing.reason))
}

pub(super) const HARD: Permanence = Permanence::Permanent;
const SOFT: Permanence = Permanence::Temporary;

/// `n` newsletters to Tom, each bounced.
pub(super) fn bounced(store: &Store, n: u64) -> Vec<i64> {
    account(store, 1);
    let seqs = take_in(store, 0..2 * n);
    let mut batch: Vec<Filed> = (0..n)
        .map(|at| sent(seqs[at as usize], at, &["Tom@B.example", "eva@b.example"], Kind::List))
        .collect();
    batch.extend(
        (0..n).map(|at| bounce(seqs[(n + at) as usize], n + at, at, vec![said("tom@b.example", SOFT)])),
    );
    file(store, batch);
    handle(store);
    seqs
}

fn report_finds_its_mail(store: &Store) {
    bounced(store, 2);
    assert_eq!(state(store, "tom@b.example"), (State::Doubtful, Reason::Unsigned));
    assert_eq!(state(store, "eva@b.example"), (State::Fine, Reason::None));
    let row = store.address(&Scope::All, "TOM@b.example").unwrap().remove(0);
    assert_eq!((row.total, row.standing.counters.failures), (2, 2));
    let history = store.address_history(&Scope::All, &[row.key], None, 10).unwrap();
    assert_eq!(history.len(), 2);
    let event = &history[0].event;
    assert_eq!((event.event.strength, event.event.class), (Strength::Named, Some(MailClass::Bulk)));
    assert_eq!((event.smtp_code, event.diagnostic.as_deref()), (Some(550), Some("no such user")));
    assert_eq!(history[0].mail, Some(mail_id(3)));
    assert!(event.trace.ends_with("message_id mail 1@example.org"), "{}", event.trace);
    // Who may not read the mail sees that it happened, not what it says; and no address of others.
    let hidden = store.address_history(&scope(&[]), &[row.key], None, 10).unwrap();
    assert_eq!((hidden.len(), hidden[0].mail, hidden[0].event.diagnostic.clone()), (2, None, None));
    assert!(store.addresses(&scope(&[]), None, None, 10).unwrap().is_empty());
    assert!(store.address(&scope(&[]), "tom@b.example").unwrap().is_empty());
    assert_eq!(store.addresses(&scope(&[1]), Some(State::Doubtful), None, 10).unwrap().len(), 1);
    assert!(store.addresses(&scope(&[1]), Some(State::Dead), None, 10).unwrap().is_empty());
    let page = store.addresses(&Scope::All, None, Some((row.last, row.key)), 10).unwrap();
    assert!(page.is_empty());
    assert_eq!(store.address_counts().unwrap(), [(State::Doubtful, 1)]);
    // Numbers and log.
    let by = |by| store.feedback_counts(&Scope::All, UnixMillis(0), by, 10).unwrap();
    assert_eq!(by(SumBy::Day).iter().map(|count| count.n).sum::<u64>(), 2);
    assert_eq!((by(SumBy::Domain)[0].domain.as_str(), by(SumBy::Domain)[0].n), ("b.example", 2));
    assert_eq!(by(SumBy::Reason)[0].reason, "user_unknown");
    assert!(store.feedback_counts(&scope(&[]), UnixMillis(0), SumBy::Day, 10).unwrap().is_empty());
    let log = |kind: &str| {
        let filter = crate::EventFilter { kind: Some(kind.to_owned()), ..Default::default() };
        store.events(&filter, None, 100).unwrap().len()
    };
    assert_eq!((log("feedback.handled"), log("feedback.queued"), log("address.changed")), (2, 0, 1));
}

fn forged_changes_nothing(store: &Store) {
    account(store, 1);
    let seqs = take_in(store, 0..3);
    let other = bounce(seqs[1], 1, 0, vec![said("victim@b.example", HARD)]);
    let nothing = bounce(seqs[2], 2, 77, vec![said("tom@b.example", HARD)]);
    file(store, vec![sent(seqs[0], 0, &["tom@b.example"], Kind::Personal), other, nothing]);
    handle(store);
    assert!(store.addresses(&Scope::All, None, None, 10).unwrap().is_empty());
    let queue = store.manual_queue(&Scope::All, None, 10).unwrap();
    let rows: Vec<(&str, bool)> = queue.iter().map(|row| (row.why.as_str(), row.suspicious)).collect();
    assert_eq!(rows, [("unmatched", false), ("forged", true)]);
    assert_eq!(queue[1].recipient.as_deref(), Some("victim@b.example"));
    assert_eq!((queue[1].mail, queue[1].subject.as_str()), (mail_id(1), "mail 1"));
    assert_eq!(store.manual_queue(&Scope::All, Some(queue[0].event.key), 10).unwrap().len(), 1);
    assert!(store.manual_queue(&scope(&[]), None, 10).unwrap().is_empty());
    assert_eq!(store.manual_queue(&scope(&[1]), None, 10).unwrap().len(), 2);
}

/// Whoever sent them is not who they say: found out before they are handled, and afterwards.
fn reports_by_others_change_nothing(store: &Store) {
    let seqs = bounced(store, 2);
    assert_eq!(state(store, "tom@b.example"), (State::Doubtful, Reason::Unsigned));
    let checked =
        |seq: i64| CheckedMail { seq, result: "forged".to_owned(), forged: true, spam: None, again: None };
    store.put_checked(vec![checked(seqs[2]), checked(seqs[3])], now()).unwrap();
    handle(store);
    assert_eq!(state(store, "tom@b.example"), (State::Fine, Reason::None));
    let queue = store.manual_queue(&Scope::All, None, 10).unwrap();
    assert_eq!(queue.len(), 2);
    assert!(queue.iter().all(|row| row.why == "forged" && row.suspicious), "{queue:?}");
    assert_eq!(queue[0].recipient.as_deref(), Some("tom@b.example"));
    assert!(queue[0].event.trace.ends_with("origin wrong_sender "), "{}", queue[0].event.trace);
    // It is counted once, in the day and in the log.
    let days = store.feedback_counts(&Scope::All, UnixMillis(0), SumBy::Day, 10).unwrap();
    assert_eq!(days.iter().map(|count| count.n).sum::<u64>(), 2);
    let later = take_in(store, 4..5);
    store.put_checked(vec![checked(later[0])], now()).unwrap();
    file(store, vec![bounce(later[0], 4, 0, vec![said("tom@b.example", HARD)])]);
    handle(store);
    assert_eq!(state(store, "tom@b.example"), (State::Fine, Reason::None));
    assert_eq!(store.manual_queue(&Scope::All, None, 10).unwrap().len(), 3);
}

fn twins_count_once(store: &Store) {
    account(store, 1);
    let seqs = take_in(store, 0..4);
    let original = sent(seqs[0], 0, &["tom@b.example"], Kind::Personal);
    let mut copy = sent(seqs[1], 1, &["tom@b.example"], Kind::Personal);
    (copy.message_key, copy.message_id) = (original.message_key, original.message_id.clone());
    let report = bounce(seqs[2], 2, 0, vec![said("tom@b.example", HARD)]);
    let mut again = bounce(seqs[3], 3, 0, vec![said("tom@b.example", HARD)]);
    again.message_key = report.message_key;
    file(store, vec![original, copy, report, again]);
    handle(store);
    let row = store.address(&Scope::All, "tom@b.example").unwrap().remove(0);
    assert_eq!((row.total, row.standing.counters.failures), (1, 1));
}

fn imported_does_not_count(store: &Store) {
    account(store, 1);
    let mut items: Vec<_> = (0..2).map(|n| item(n, 1, n as u32)).collect();
    items[1].position = Position::File { locator: "old.mbox#1".to_owned() };
    // Was in the mailbox before the account was.
    let mut backfilled = item(2, 1, 9);
    backfilled.received = Some(NOW.plus_ms(-DAY));
    items.push(backfilled);
    let seqs: Vec<i64> = intake(store, items).iter().map(seq).collect();
    let reports = |seq, content| bounce(seq, content, 0, vec![said("tom@b.example", HARD)]);
    let original = sent(seqs[0], 0, &["tom@b.example"], Kind::Personal);
    file(store, vec![original, reports(seqs[1], 1), reports(seqs[2], 2)]);
    handle(store);
    assert_eq!(state(store, "tom@b.example"), (State::Fine, Reason::None));
    let row = store.address(&Scope::All, "tom@b.example").unwrap().remove(0);
    let history = store.address_history(&Scope::All, &[row.key], None, 10).unwrap();
    assert!(history.len() == 2 && history.iter().all(|row| !row.event.event.counts));
    // Asked for.
    store.set_bounce_rules(BounceRules { count_imported: true, ..BounceRules::default() }).unwrap();
    anew(
        store,
        vec![sent(seqs[0], 0, &["tom@b.example"], Kind::Personal), reports(seqs[1], 1), reports(seqs[2], 2)],
    );
    assert_eq!(state(store, "tom@b.example"), (State::Doubtful, Reason::Unsigned));
}

/// Rebuilds, with these mails filed again.
fn anew(store: &Store, batch: Vec<Filed>) {
    while !store.reset_derived(2).unwrap().done {}
    file(store, batch);
    handle(store);
}

fn original_comes_later(store: &Store) {
    account(store, 1);
    let seqs = take_in(store, 0..3);
    file(store, vec![bounce(seqs[1], 1, 0, vec![said("tom@b.example", HARD)])]);
    handle(store);
    assert_eq!(store.manual_queue_len().unwrap(), 1);
    file(store, vec![sent(seqs[2], 2, &["x@b.example"], Kind::Personal)]);
    handle(store);
    assert_eq!(store.manual_queue_len().unwrap(), 1);
    file(store, vec![sent(seqs[0], 0, &["tom@b.example"], Kind::Personal)]);
    handle(store);
    assert_eq!(store.manual_queue_len().unwrap(), 0);
    assert_eq!(state(store, "tom@b.example"), (State::Doubtful, Reason::Unsigned));
    let counts = store.feedback_counts(&Scope::All, UnixMillis(0), SumBy::Day, 10).unwrap();
    assert_eq!(counts.iter().map(|count| count.n).sum::<u64>(), 1);
}

fn circumstances(store: &Store) {
    account(store, 1);
    let seqs = take_in(store, 0..2);
    let mut report = bounce(seqs[1], 1, 0, vec![said("tom@b.example", HARD)]);
    report.verdict.original.as_mut().unwrap().message_id = None;
    file(store, vec![sent(seqs[0], 0, &["tom@b.example"], Kind::Personal), report]);
    handle(store);
    let row = store.address(&Scope::All, "tom@b.example").unwrap().remove(0);
    let history = store.address_history(&Scope::All, &[row.key], None, 10).unwrap();
    assert_eq!(history[0].event.event.strength, Strength::Circumstantial);
    assert_eq!(row.standing.state, State::Doubtful);
}

/// A server that returns no Message-ID, only what the mail referred to.
fn references_of_the_original(store: &Store) {
    account(store, 1);
    let seqs = take_in(store, 0..4);
    let about = |seq, content, to: &str, subject: Option<&str>| {
        let mut report = bounce(seq, content, 0, vec![said(to, HARD)]);
        let original = report.verdict.original.as_mut().unwrap();
        original.message_id = None;
        original.references = vec![MessageId("0@example.org".to_owned())];
        original.subject = subject.map(str::to_owned);
        report
    };
    file(
        store,
        vec![
            sent(seqs[0], 0, &["eva@b.example"], Kind::Personal),
            sent(seqs[1], 1, &["tom@b.example"], Kind::Personal),
            about(seqs[2], 2, "eva@b.example", None),
            about(seqs[3], 3, "tom@b.example", Some("mail 1")),
        ],
    );
    handle(store);
    let of = |address: &str| {
        let row = store.address(&Scope::All, address).unwrap().remove(0);
        let event = store.address_history(&Scope::All, &[row.key], None, 10).unwrap().remove(0).event.event;
        (event.strength, event.original)
    };
    assert_eq!(of("eva@b.example"), (Strength::Circumstantial, Some(seqs[0])));
    // What it refers to did not go to him; the mail like it did.
    assert_eq!(of("tom@b.example"), (Strength::Circumstantial, Some(seqs[1])));
}

fn rebuild_gives_the_same_states(store: &Store) {
    let seqs = bounced(store, 3);
    let before = store.addresses(&Scope::All, None, None, 10).unwrap();
    assert_eq!(before[0].standing.state, State::Failing);
    assert_eq!(before[0].standing.reason, Reason::UnsignedRepeated);
    let suppressed = store.suppressions(0, 10, now()).unwrap();
    assert_eq!((suppressed.len(), suppressed[0].reason.as_str()), (1, "three-failures"));
    let days = store.feedback_counts(&Scope::All, UnixMillis(0), SumBy::Day, 10).unwrap();
    let log = store.event_count().unwrap();
    // Handled again without a rebuild: nothing.
    let again = || {
        let mut batch: Vec<Filed> = (0..3)
            .map(|at| sent(seqs[at as usize], at, &["Tom@B.example", "eva@b.example"], Kind::List))
            .collect();
        batch.extend(
            (0..3).map(|at| bounce(seqs[3 + at as usize], 3 + at, at, vec![said("tom@b.example", SOFT)])),
        );
        batch
    };
    file(store, again());
    handle(store);
    assert_eq!(store.addresses(&Scope::All, None, None, 10).unwrap(), before);
    anew(store, again());
    assert_eq!(store.addresses(&Scope::All, None, None, 10).unwrap(), before);
    assert_eq!(store.feedback_counts(&Scope::All, UnixMillis(0), SumBy::Day, 10).unwrap(), days);
    let after = store.suppressions(0, 10, now()).unwrap();
    assert_eq!((after.len(), after[0].created), (1, suppressed[0].created));
    assert_eq!(store.event_count().unwrap(), log);
}

fn people_teach_and_clear(store: &Store) {
    account(store, 1);
    let seqs = take_in(store, 0..4);
    let strange = |at: usize| bounce(seqs[at], at as u64, 77, vec![said("old@b.example", HARD)]);
    file(store, vec![strange(0), strange(1)]);
    handle(store);
    let queue = store.manual_queue(&Scope::All, None, 10).unwrap();
    let resolve = |at: usize, resolution| {
        store.resolve_report(queue[at].event.key, resolution, "eva".to_owned(), now())
    };
    resolve(0, Resolution::Address("Tom@b.example".to_owned())).unwrap();
    resolve(1, Resolution::Ignore).unwrap();
    assert!(resolve(1, Resolution::Ignore).is_err());
    assert_eq!(state(store, "tom@b.example"), (State::Dead, Reason::Permanent));
    // Decisions stay when everything is made anew.
    anew(store, vec![strange(0), strange(1)]);
    assert_eq!(store.manual_queue_len().unwrap(), 0);
    assert_eq!(state(store, "tom@b.example"), (State::Dead, Reason::Permanent));
    // A later mail by the person.
    let mut human = filed(seqs[2], 2);
    human.addresses =
        vec![(AddressRole::From, Address { display_name: None, addr_spec: "TOM@b.example".into() })];
    file(store, vec![human, filed(seqs[3], 3)]);
    handle(store);
    assert_eq!(state(store, "tom@b.example"), (State::Fine, Reason::HumanMail));
    // By hand.
    let decide = |state: Option<State>, expires, at| {
        let (address, actor) = ("tom@b.example".to_owned(), "eva".to_owned());
        store.decide_address(address, 0, state, expires, actor, "phoned".to_owned(), at).unwrap();
    };
    decide(Some(State::Blocked), Some(now().plus_ms(DAY)), now());
    assert_eq!(state(store, "tom@b.example"), (State::Blocked, Reason::Person));
    assert_eq!(store.expire_standings(now().plus_ms(DAY), 10).unwrap(), 1);
    assert_eq!(state(store, "tom@b.example"), (State::Fine, Reason::Expired));
    assert_eq!(store.expire_standings(now().plus_ms(DAY), 10).unwrap(), 0);
    decide(None, None, now().plus_ms(DAY));
    assert_eq!(state(store, "tom@b.example"), (State::Fine, Reason::Person));
}

fn many_bounces_for_one_address(store: &Store) {
    bounced(store, 300);
    let row = store.address(&Scope::All, "tom@b.example").unwrap().remove(0);
    assert_eq!(row.total, 300);
    assert_eq!(store.address_history(&Scope::All, &[row.key], None, 1000).unwrap().len(), 100);
    let counts = store.feedback_counts(&Scope::All, UnixMillis(0), SumBy::Domain, 10).unwrap();
    assert_eq!(counts[0].n, 300);
}

fn many_recipients(store: &Store) {
    account(store, 1);
    let seqs = take_in(store, 0..2);
    let names: Vec<String> = (0..1000).map(|n| format!("{n}@b.example")).collect();
    let to: Vec<&str> = names.iter().map(String::as_str).collect();
    let reports = names.iter().map(|name| said(name, HARD)).collect();
    file(store, vec![sent(seqs[0], 0, &to, Kind::List), bounce(seqs[1], 1, 0, reports)]);
    handle(store);
    assert_eq!(store.address_counts().unwrap(), [(State::Doubtful, 1000)]);
}

pub(super) fn contact(number: &str, addresses: &[&str]) -> Record {
    Record {
        name: format!("Contact {number}"),
        addresses: addresses.iter().map(|a| (*a).to_owned()).collect(),
        ..Record::new(RecordKind::Contact, number)
    }
}

fn suppression(store: &Store) {
    bounced(store, 3);
    store.put_records(vec![contact("1", &["tom@b.example", "tom@c.example"])], 0, NOW).unwrap();
    let ask = |address: &str, class| {
        let asked = [address.to_owned(), "nobody@b.example".to_owned(), address.to_owned()];
        let mut checked = store.check_addresses(&asked, class, 0, now()).unwrap();
        assert_eq!(checked.len(), 3);
        assert!(checked[1].allowed);
        checked.remove(0)
    };
    let bulk = ask("Tom@b.example", MailClass::Bulk);
    assert_eq!((bulk.allowed, bulk.by, bulk.reason.as_str()), (false, Some("rule"), "three-failures"));
    assert_eq!((bulk.state, bulk.alternative.as_deref()), (State::Failing, Some("tom@c.example")));
    assert!(ask("tom@b.example", MailClass::Transactional).allowed);
    // By hand, until a time.
    let new = NewSuppression {
        address: "TOM@c.example".to_owned(),
        class: None,
        list: 0,
        reason: "moved".to_owned(),
        expires: Some(now().plus_ms(1)),
    };
    store.add_suppressions(vec![new.clone(), new], "eva".to_owned(), NOW).unwrap();
    let other = ask("tom@c.example", MailClass::Transactional);
    assert_eq!((other.allowed, other.by, other.reason.as_str()), (false, Some("person"), "moved"));
    assert_eq!(ask("tom@b.example", MailClass::Bulk).alternative, None);
    assert_eq!(store.suppressions(0, 10, now().plus_ms(1)).unwrap().len(), 1);
    assert_eq!(store.suppressions_of("Tom@c.example", now()).unwrap().len(), 1);
    // What a person removes does not come back.
    let rule = store.suppressions(0, 10, now()).unwrap().into_iter().find(|entry| entry.by_rule).unwrap();
    store.remove_suppression(rule.key, "eva".to_owned(), now()).unwrap();
    assert!(store.remove_suppression(rule.key, "eva".to_owned(), now()).is_err());
    assert_eq!(store.judge_standings(0, 100, now()).unwrap(), Some(rule_standing(store)));
    assert!(ask("tom@b.example", MailClass::Bulk).allowed);
    let many: Vec<String> = (0..3000).map(|n| format!("{n}@b.example")).collect();
    assert_eq!(store.check_addresses(&many, MailClass::Bulk, 0, now()).unwrap().len(), 3000);
}

fn rule_standing(store: &Store) -> i64 {
    store.addresses(&Scope::All, None, None, 10).unwrap().iter().map(|row| row.key).max().unwrap()
}

fn members_and_unsubscribing(store: &Store) {
    account(store, 1);
    store.create_mailing_list([9; 16], "News".to_owned(), Some("News@Ours.example".to_owned()), NOW).unwrap();
    assert!(store.create_mailing_list([8; 16], "News".to_owned(), None, NOW).is_err());
    let list = store.mailing_list([9; 16]).unwrap().unwrap();
    let member = |address: &str| ListMember {
        address: address.to_owned(),
        name: String::new(),
        active: true,
        since: NOW.plus_ms(-DAY),
        actor: "eva".to_owned(),
    };
    store.put_list_members(list.key, vec![member("Eva@Example.org"), member("tom@b.example")]).unwrap();
    let seqs = take_in(store, 1..2);
    let mut mail = filed(seqs[0], 1);
    mail.addresses.retain(|(role, _)| *role == AddressRole::From);
    mail.addresses.push((AddressRole::To, address("", "news@ours.example")));
    mail.verdict.kind = Kind::Unsubscribe;
    file(store, vec![mail]);
    handle(store);
    let rows = store.address(&Scope::All, "eva@example.org").unwrap();
    assert_eq!((rows.len(), rows[0].list, rows[0].standing.state), (1, list.key, State::Unsubscribed));
    let members = store.list_members(list.key, "", 10).unwrap();
    let on: Vec<(&str, bool, &str)> =
        members.iter().map(|m| (m.address.as_str(), m.active, m.actor.as_str())).collect();
    assert_eq!(on, [("eva@example.org", false, "rule"), ("tom@b.example", true, "eva")]);
    let list = store.mailing_lists().unwrap().remove(0);
    assert_eq!((list.active, list.off), (1, 1));
    let asked = ["eva@example.org".to_owned()];
    let check = |list| store.check_addresses(&asked, MailClass::Bulk, list, now()).unwrap().remove(0);
    assert_eq!((check(list.key).allowed, check(0).allowed), (false, true));
    store.update_mailing_list(list.key, "Circular".to_owned(), None).unwrap();
    store.drop_list_member(list.key, "Tom@b.example").unwrap();
    assert!(store.drop_list_member(list.key, "tom@b.example").is_err());
    store.remove_mailing_list(list.key).unwrap();
    assert!(store.mailing_lists().unwrap().is_empty());
}

fn rules_kept_and_tried(store: &Store) {
    assert_eq!(store.bounce_rules().unwrap(), BounceRules::default());
    let mut rules = BounceRules::default();
    rules.rules[0].category.reasons = vec!["user_unknown".to_owned(), "mailbox_full".to_owned()];
    rules.rules[0].category.permanence = Some(SOFT);
    rules.rules[0].category.class = Some(MailClass::Bulk);
    rules.rules[0].category.lists = vec![3, 4];
    rules.rules[0].actions.push(standing::Action::Tag("to be phoned".to_owned()));
    rules.settings.soft_count = 5;
    rules.count_imported = true;
    store.set_bounce_rules(rules.clone()).unwrap();
    assert_eq!(store.bounce_rules().unwrap(), rules);
    store.set_bounce_rules(BounceRules { rules: Vec::new(), ..BounceRules::default() }).unwrap();
    assert!(store.bounce_rules().unwrap().rules.is_empty());
    bounced(store, 2);
    let mut strict = BounceRules::default();
    strict.rules[0].category.count = 2;
    let run = store.dry_run(&strict, UnixMillis(0), now()).unwrap();
    assert_eq!((run.judged, run.known, run.bulk, run.transactional, run.newly), (1, 1, 1, 0, 1));
    let named = |list: &[crate::TriedAddress]| {
        list.iter().map(|tried| (tried.address.clone(), tried.rule.clone())).collect::<Vec<_>>()
    };
    let tom = [("tom@b.example".to_owned(), "three-failures".to_owned())];
    assert_eq!((named(&run.stopped), named(&run.freed)), (tom.to_vec(), Vec::new()));
    let keys = [run.stopped[0].standing, 9999];
    assert_eq!(store.visible_standings(&scope(&[1]), &keys).unwrap().len(), 1);
    assert!(store.visible_standings(&scope(&[]), &keys).unwrap().is_empty());
    assert_eq!(store.dry_run(&strict, now(), now()).unwrap().judged, 0);
    store.set_bounce_rules(strict).unwrap();
    assert!(store.suppressions(0, 10, now()).unwrap().is_empty());
    store.judge_standings(0, 100, now()).unwrap();
    assert_eq!(store.suppressions(0, 10, now()).unwrap().len(), 1);
    // Looser rules would free it again.
    let run = store.dry_run(&BounceRules::default(), UnixMillis(0), now()).unwrap();
    assert_eq!((run.newly, run.released, named(&run.freed)), (0, 1, tom.to_vec()));
}

const COUNT: u64 = 20_000;

/// Reports a second, told with `SLOW_TESTS=1 cargo test -p store speed -- --nocapture`.
#[test]
fn speed() {
    if std::env::var_os("SLOW_TESTS").is_none() {
        return;
    }
    let folder = super::engine::Folder::new();
    let database = crate::Database::Sqlite { path: folder.path.join("poststelle.db") };
    let store = Store::open(&database).unwrap();
    account(&store, 1);
    for from in (0..2 * COUNT).step_by(500) {
        let seqs = take_in(&store, from..from + 500);
        let mails = seqs.iter().zip(from..).map(|(seq, n)| match n.checked_sub(COUNT) {
            None => sent(*seq, n, &[&format!("{}@b.example", n / 2)], Kind::List),
            Some(of) => bounce(*seq, n, of, vec![said(&format!("{}@b.example", of / 2), SOFT)]),
        });
        file(&store, mails.collect());
    }
    let start = std::time::Instant::now();
    while store.handle_feedback(now(), 1000, &nobody()).unwrap().more {}
    let seconds = start.elapsed().as_secs_f64();
    eprintln!("{COUNT} reports in {seconds:.2} s, {:.0}/s", COUNT as f64 / seconds);
    assert_eq!(store.address_counts().unwrap(), [(State::Doubtful, COUNT / 2)]);
    let asked: Vec<String> = (0..5000).map(|n| format!("{n}@b.example")).collect();
    let start = std::time::Instant::now();
    store.check_addresses(&asked, MailClass::Bulk, 0, now()).unwrap();
    eprintln!("5000 addresses checked in {:.3} s", start.elapsed().as_secs_f64());
}
