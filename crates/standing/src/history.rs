//! How much is remembered of an address.

use crate::{Event, EventKind};

/// Reports kept, the newest: enough for every rule whose count is allowed.
const REPORTS_MAX: usize = 100;
/// Refusals (complaints, requests to be taken off) kept, the newest.
const REFUSALS_MAX: usize = 20;
/// Mails of people and deliveries kept, the newest.
const SIGNS_MAX: usize = 20;
/// Decisions kept, the newest.
const DECISIONS_MAX: usize = 100;

/// Which of the events of one address are to be forgotten: indexes into `events`. A million failures never push out a
/// complaint or a decision.
pub fn surplus(events: &[Event]) -> Vec<usize> {
    let class = |event: &Event| match event.kind {
        EventKind::Failed(_) | EventKind::Delayed => 0,
        EventKind::Complained | EventKind::Unsubscribed => 1,
        EventKind::Delivered | EventKind::HumanMail => 2,
        EventKind::Set { .. } | EventKind::Cleared => 3,
    };
    // What has no effect is forgotten first.
    let mut newest: Vec<usize> = (0..events.len()).collect();
    newest.sort_by_key(|at| std::cmp::Reverse((events[*at].is_effective(), events[*at].at, *at)));
    let mut left = [REPORTS_MAX, REFUSALS_MAX, SIGNS_MAX, DECISIONS_MAX];
    newest.retain(|at| {
        let left = &mut left[class(&events[*at])];
        let full = *left == 0;
        *left = left.saturating_sub(1);
        full
    });
    newest.sort_unstable();
    newest
}
