//! One check per feature; properties over generated histories.

mod matching;
mod properties;

use model::{Permanence, UnixMillis};

use crate::{
    Action, Event, EventKind, MailClass, Reason, Settings, State, Strength, default_rules, plan, standing,
    surplus,
};

const DAY: i64 = 24 * 60 * 60 * 1000;

const SOFT: EventKind = EventKind::Failed(Permanence::Temporary);
const HARD: EventKind = EventKind::Failed(Permanence::Permanent);

/// Something on day `day`, about mail `day` of class bulk.
fn event(day: i64, kind: EventKind, strength: Strength) -> Event {
    Event {
        at: UnixMillis(day * DAY),
        kind,
        reason: None,
        strength,
        original: Some(day),
        class: Some(MailClass::Bulk),
        list: None,
        counts: true,
    }
}

fn check(events: &[(i64, EventKind, Strength)], day: i64, state: State, reason: Reason) {
    let events: Vec<Event> =
        events.iter().map(|(day, kind, strength)| event(*day, *kind, *strength)).collect();
    let standing = standing(&events, &Settings::default(), UnixMillis(day * DAY));
    assert_eq!((standing.state, standing.reason), (state, reason), "{events:?}");
}

#[test]
fn states() {
    use EventKind::{Cleared, Complained, Delivered, HumanMail, Set, Unsubscribed};
    use Strength::{Circumstantial, Forged, Named, Signed, Unmatched};
    let blocked = |expires: Option<i64>| Set {
        state: State::Blocked,
        expires: expires.map(|day| UnixMillis(day * DAY)),
    };
    check(&[], 9, State::Fine, Reason::None);
    check(&[(1, SOFT, Signed)], 2, State::Failing, Reason::Temporary);
    check(&[(1, SOFT, Signed)], 20, State::Fine, Reason::Expired);
    // Three in ten days.
    let three = [(1, SOFT, Signed), (5, SOFT, Signed), (10, SOFT, Signed)];
    check(&three, 11, State::Dead, Reason::TemporaryRepeated);
    check(&three, 1000, State::Dead, Reason::TemporaryRepeated);
    check(&[(1, SOFT, Signed), (7, SOFT, Signed), (14, SOFT, Signed)], 14, State::Failing, Reason::Temporary);
    check(&[(1, HARD, Signed)], 1, State::Dead, Reason::Permanent);
    // Unsigned alone.
    check(&[(1, HARD, Named)], 1, State::Doubtful, Reason::Unsigned);
    check(&[(1, HARD, Named), (2, HARD, Named)], 2, State::Doubtful, Reason::Unsigned);
    let named = [(1, HARD, Named), (2, HARD, Named), (3, SOFT, Named)];
    check(&named, 3, State::Failing, Reason::UnsignedRepeated);
    check(&[(1, HARD, Named)], 40, State::Fine, Reason::Expired);
    let weak: Vec<_> = (1..30).map(|day| (day, HARD, Circumstantial)).collect();
    check(&weak, 30, State::Doubtful, Reason::Unsigned);
    check(&[(1, HARD, Forged), (2, HARD, Unmatched), (3, Complained, Forged)], 3, State::Fine, Reason::None);
    // A person is there.
    check(&[(1, HARD, Signed), (2, HumanMail, Named)], 3, State::Fine, Reason::HumanMail);
    check(&[(1, HumanMail, Named), (2, HARD, Signed)], 3, State::Dead, Reason::Permanent);
    check(&[(1, Complained, Named), (2, HumanMail, Named)], 3, State::Complained, Reason::Complaint);
    check(&[(1, SOFT, Signed), (2, Delivered, Named)], 3, State::Fine, Reason::Delivered);
    check(&[(1, HARD, Signed), (2, Delivered, Named)], 3, State::Dead, Reason::Permanent);
    check(&[(1, Unsubscribed, Named), (2, HARD, Signed)], 3, State::Unsubscribed, Reason::Unsubscribe);
    check(&[(1, Unsubscribed, Circumstantial)], 3, State::Doubtful, Reason::Unsigned);
    // Decisions.
    check(&[(1, blocked(None), Signed), (2, HumanMail, Named)], 9, State::Blocked, Reason::Person);
    check(&[(1, blocked(Some(5)), Signed)], 6, State::Fine, Reason::Expired);
    check(&[(1, Complained, Signed), (2, Cleared, Signed)], 3, State::Fine, Reason::Person);
    let fine = Set { state: State::Fine, expires: None };
    check(&[(1, fine, Signed), (2, HARD, Signed), (3, Complained, Signed)], 4, State::Fine, Reason::Person);
    check(
        &[(1, HARD, Signed), (2, Cleared, Signed), (3, SOFT, Signed)],
        4,
        State::Failing,
        Reason::Temporary,
    );
}

#[test]
fn several_reports_about_one_mail_count_once() {
    let mut events: Vec<Event> = (1..9).map(|day| event(day, SOFT, Strength::Signed)).collect();
    for event in &mut events {
        event.original = Some(7);
    }
    let standing = standing(&events, &Settings::default(), UnixMillis(8 * DAY));
    assert_eq!((standing.state, standing.counters.failures), (State::Failing, 1));
}

#[test]
fn counters_decay() {
    let events = [event(0, SOFT, Strength::Signed), event(30, SOFT, Strength::Signed)];
    let standing = standing(&events, &Settings::default(), UnixMillis(30 * DAY));
    assert_eq!((standing.counters.weight, standing.counters.soft_recent), (1000, 1));
    let both = [event(29, SOFT, Strength::Signed), event(30, SOFT, Strength::Signed)];
    let standing = crate::standing(&both, &Settings::default(), UnixMillis(30 * DAY));
    assert_eq!((standing.counters.weight, standing.counters.soft_recent), (1977, 2));
}

#[test]
fn default_rules_stop_bulk_after_three() {
    let mut events: Vec<Event> = (1..3).map(|day| event(day, SOFT, Strength::Named)).collect();
    let now = UnixMillis(20 * DAY);
    assert!(plan(&events, &default_rules(), now).planned.is_empty());
    events.push(event(9, HARD, Strength::Named));
    let made = plan(&events, &default_rules(), now);
    assert!(made.stops(MailClass::Bulk) && !made.stops(MailClass::Transactional));
    assert_eq!(made.planned[0].because, [0, 1, 2]);
    // A person wrote from there, or decided.
    for kind in [EventKind::HumanMail, EventKind::Cleared] {
        let mut healed = events.clone();
        healed.push(event(10, kind, Strength::Signed));
        assert!(plan(&healed, &default_rules(), now).planned.is_empty());
    }
    for event in &mut events {
        event.counts = false;
    }
    assert!(plan(&events, &default_rules(), now).planned.is_empty());
}

#[test]
fn rules_look_at_reason_class_and_list() {
    let mut rule = default_rules().remove(0);
    rule.category.count = 1;
    rule.category.reasons = vec!["mailbox_full".to_owned()];
    rule.category.class = Some(MailClass::Bulk);
    rule.category.lists = vec![4];
    rule.actions = vec![Action::LeaveLists { all: false }];
    let now = UnixMillis(2 * DAY);
    let mut full = event(1, SOFT, Strength::Signed);
    full.reason = Some("mailbox_full".to_owned());
    full.list = Some(4);
    let check = |event: &Event, expected: &[i64]| {
        let made = plan(std::slice::from_ref(event), std::slice::from_ref(&rule), now);
        assert_eq!(made.planned.first().map_or(&[][..], |planned| &planned.lists), expected);
    };
    check(&full, &[4]);
    check(&Event { list: Some(5), ..full.clone() }, &[]);
    check(&Event { class: Some(MailClass::Transactional), ..full.clone() }, &[]);
    check(&Event { reason: None, ..full }, &[]);
}

#[test]
fn a_million_failures_leave_a_bounded_history() {
    let mut events = vec![event(0, EventKind::Complained, Strength::Signed)];
    events.push(event(1, EventKind::Set { state: State::Blocked, expires: None }, Strength::Signed));
    events.extend((2..1_000_002).map(|day| event(day, SOFT, Strength::Signed)));
    let last = standing(&events, &Settings::default(), UnixMillis(i64::MAX));
    assert_eq!(last.state, State::Blocked);
    let gone = surplus(&events);
    assert_eq!(gone.len(), events.len() - 102);
    assert_eq!(gone[0], 2);
}
