//! What holds for every history.

use model::{Permanence, UnixMillis};
use proptest::prelude::*;

use super::DAY;
use crate::{Event, EventKind, MailClass, Settings, State, Strength, default_rules, plan, standing, surplus};

fn kinds() -> impl Strategy<Value = EventKind> {
    prop_oneof![
        4 => Just(EventKind::Failed(Permanence::Temporary)),
        4 => Just(EventKind::Failed(Permanence::Permanent)),
        1 => Just(EventKind::Failed(Permanence::Unknown)),
        1 => Just(EventKind::Delayed),
        1 => Just(EventKind::Delivered),
        1 => Just(EventKind::Complained),
        1 => Just(EventKind::Unsubscribed),
        1 => Just(EventKind::HumanMail),
        1 => Just(EventKind::Cleared),
        1 => (0..State::ALL.len(), any::<bool>(), 0..80_i64).prop_map(|(state, ends, day)| {
            EventKind::Set { state: State::ALL[state], expires: ends.then_some(UnixMillis(day * DAY)) }
        }),
    ]
}

fn events(strengths: &'static [Strength]) -> impl Strategy<Value = Vec<Event>> {
    let one = (0..60_i64, kinds(), 0..strengths.len(), 0..9_i64, any::<bool>());
    let one = one.prop_map(move |(day, kind, strength, original, named)| Event {
        at: UnixMillis(day * DAY),
        kind,
        reason: None,
        strength: strengths[strength],
        original: named.then_some(original),
        class: Some(MailClass::Bulk),
        list: None,
        counts: true,
    });
    prop::collection::vec(one, 0..40)
}

fn state(events: &[Event], day: i64) -> crate::Standing {
    standing(events, &Settings::default(), UnixMillis(day * DAY))
}

proptest! {
    #[test]
    fn order_of_arrival_does_not_matter(events in events(&Strength::ALL), day in 0..90_i64) {
        let mut turned = events.clone();
        turned.reverse();
        prop_assert_eq!(state(&events, day), state(&turned, day));
    }

    #[test]
    fn forged_and_unmatched_never_change_anything(
        events in events(&[Strength::Circumstantial, Strength::Named, Strength::Signed]),
        mut noise in events(&[Strength::Forged, Strength::Unmatched]),
        day in 0..90_i64,
    ) {
        noise.retain(|event| !event.kind.is_decision());
        let both = [events.clone(), noise].concat();
        prop_assert_eq!(state(&events, day), state(&both, day));
        let now = UnixMillis(day * DAY);
        let rules = default_rules();
        prop_assert_eq!(plan(&events, &rules, now), plan(&both, &rules, now));
    }

    #[test]
    fn what_does_not_count_changes_nothing(events in events(&Strength::ALL), day in 0..90_i64) {
        let mut imported = events;
        imported.retain(|event| !event.kind.is_decision());
        for event in &mut imported {
            event.counts = false;
        }
        prop_assert_eq!(state(&imported, day), crate::Standing::default());
    }

    #[test]
    fn circumstances_alone_make_doubtful_at_most(
        mut events in events(&[Strength::Circumstantial]),
        day in 0..90_i64,
    ) {
        events.retain(|event| !event.kind.is_decision());
        prop_assert!(state(&events, day).state <= State::Doubtful);
    }

    #[test]
    fn unsigned_alone_never_kills(mut events in events(&[Strength::Named]), day in 0..90_i64) {
        events.retain(|event| matches!(event.kind, EventKind::Failed(_)));
        prop_assert!(state(&events, day).state <= State::Failing);
        // About one mail alone: doubtful at most.
        for event in &mut events {
            event.original = Some(1);
        }
        prop_assert!(state(&events, day).state <= State::Doubtful);
    }

    #[test]
    fn a_later_human_mail_clears(mut events in events(&Strength::ALL), day in 61..90_i64) {
        events.retain(|e| matches!(e.kind, EventKind::Failed(_) | EventKind::Delayed));
        let mut last = Event { kind: EventKind::HumanMail, ..super::event(60, EventKind::HumanMail, Strength::Named) };
        last.at = UnixMillis(60 * DAY + 1);
        events.push(last);
        prop_assert_eq!(state(&events, day).state, State::Fine);
        prop_assert!(plan(&events, &default_rules(), UnixMillis(day * DAY)).planned.is_empty());
    }

    #[test]
    fn decisions_are_not_overruled(mut events in events(&Strength::ALL), set in 0..State::ALL.len()) {
        events.retain(|event| !event.kind.is_decision());
        let kind = EventKind::Set { state: State::ALL[set], expires: None };
        events.push(super::event(30, kind, Strength::Signed));
        prop_assert_eq!(state(&events, 89).state, State::ALL[set]);
        prop_assert!(plan(&events, &default_rules(), UnixMillis(89 * DAY)).planned.is_empty());
    }

    #[test]
    fn what_has_expired_is_over(events in events(&Strength::ALL), day in 0..90_i64) {
        let now = state(&events, day);
        prop_assert!(now.expires.is_none_or(|expires| expires > UnixMillis(day * DAY)));
        prop_assert!(now.since.is_none_or(|since| since <= UnixMillis(day * DAY)));
    }

    #[test]
    fn forgetting_is_bounded_and_keeps_the_newest(events in events(&Strength::ALL)) {
        let many: Vec<Event> = std::iter::repeat_n(events.clone(), 20).flatten().collect();
        let gone = surplus(&many);
        prop_assert!(many.len() - gone.len() <= 240);
        prop_assert!(surplus(&events).is_empty());
    }
}
