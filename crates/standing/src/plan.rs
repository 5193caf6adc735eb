//! Rules: what is to happen when an address has failed in a certain way so often.

use std::collections::BTreeSet;

use model::{Permanence, UnixMillis};

use crate::{Event, EventKind, ListKey, MailClass, State, Strength};

const DAY_MS: i64 = 24 * 60 * 60 * 1000;

/// Which events a rule counts, and how many it takes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Category {
    /// Words of [`EventKind::as_str`]; empty: failures.
    pub kinds: Vec<String>,
    /// Words of the documented list of reasons; empty: any.
    pub reasons: Vec<String>,
    /// `None`: any.
    pub permanence: Option<Permanence>,
    /// So many about different mails; at least 1, at most [`Category::COUNT_MAX`].
    pub count: u32,
    /// Within so many days; at least 1, at most [`Category::DAYS_MAX`].
    pub window_days: u32,
    /// Of mails of this class; `None`: any.
    pub class: Option<MailClass>,
    /// Of mails to these lists; empty: any.
    pub lists: Vec<ListKey>,
}

impl Category {
    /// More are not remembered.
    pub const COUNT_MAX: u32 = 100;
    /// Ten years.
    pub const DAYS_MAX: u32 = 3650;

    fn takes(&self, event: &Event) -> bool {
        let kind = event.kind.as_str();
        let permanence = match event.kind {
            EventKind::Failed(permanence) => Some(permanence),
            _ => None,
        };
        let kinds =
            if self.kinds.is_empty() { kind == "failed" } else { self.kinds.iter().any(|word| word == kind) };
        let reason = || event.reason.as_deref().unwrap_or("unknown");
        kinds
            && (self.reasons.is_empty() || self.reasons.iter().any(|word| word == reason()))
            && (self.permanence.is_none() || self.permanence == permanence)
            && (self.class.is_none() || self.class == event.class)
            && (self.lists.is_empty() || event.list.is_some_and(|list| self.lists.contains(&list)))
    }
}

/// What a rule does.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Action {
    /// No more mail of this class; `None`: no mail at all.
    StopMailing(Option<MailClass>),
    /// Off the list the mail went to; off all lists if `all`, or if that list is not known.
    LeaveLists {
        /// Off every list.
        all: bool,
    },
    /// The next address of the same contact is offered instead.
    UseAlternative,
    /// People are told.
    Notify,
    /// The report gets this tag.
    Tag(String),
    /// The report is moved to this mailbox.
    Move(String),
    /// This address is called.
    Webhook(String),
}

impl Action {
    /// The word in JSON.
    pub const fn as_str(&self) -> &'static str {
        match self {
            Self::StopMailing(_) => "stop_mailing",
            Self::LeaveLists { .. } => "leave_lists",
            Self::UseAlternative => "use_alternative",
            Self::Notify => "notify",
            Self::Tag(_) => "tag",
            Self::Move(_) => "move",
            Self::Webhook(_) => "webhook",
        }
    }
}

/// A rule.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Rule {
    /// Name, shown as the reason of what it does.
    pub name: String,
    /// Whether it applies.
    pub active: bool,
    /// When.
    pub category: Category,
    /// What then.
    pub actions: Vec<Action>,
}

/// One action that is to be done, and why.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Planned {
    /// Index of the rule.
    pub rule: usize,
    /// What.
    pub action: Action,
    /// Indexes of the events that were counted.
    pub because: Vec<usize>,
    /// The lists of these events.
    pub lists: Vec<ListKey>,
    /// Time of the last of them.
    pub at: UnixMillis,
}

/// What is to be done about one address.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Plan {
    /// In the order of the rules.
    pub planned: Vec<Planned>,
}

impl Plan {
    /// Whether mail of this class is stopped.
    pub fn stops(&self, class: MailClass) -> bool {
        self.planned.iter().any(|planned| match planned.action {
            Action::StopMailing(stopped) => stopped.is_none_or(|stopped| stopped == class),
            _ => false,
        })
    }
}

/// The rules an installation begins with: after three failures no more bulk mail, invoices still go out; whoever
/// complains or asks for it is taken off. Names are keys of the language files.
pub fn default_rules() -> Vec<Rule> {
    let category = |kind: &str, count, window_days| Category {
        kinds: vec![kind.to_owned()],
        reasons: Vec::new(),
        permanence: None,
        count,
        window_days,
        class: None,
        lists: Vec::new(),
    };
    let stop = Action::StopMailing(Some(MailClass::Bulk));
    let rule =
        |name: &str, category, actions| Rule { name: name.to_owned(), active: true, category, actions };
    vec![
        rule(
            "three-failures",
            category("failed", 3, 180),
            vec![stop.clone(), Action::UseAlternative, Action::Notify],
        ),
        rule(
            "complaint",
            category("complained", 1, Category::DAYS_MAX),
            vec![stop, Action::LeaveLists { all: true }, Action::Notify],
        ),
        rule(
            "unsubscribe",
            category("unsubscribed", 1, Category::DAYS_MAX),
            vec![Action::LeaveLists { all: false }],
        ),
    ]
}

/// What the rules want for an address with these events at the time `now`. What a person decided, and for failures a
/// later mail by a person, makes everything before it count no more; a state set by a person ends all rules.
pub fn plan(events: &[Event], rules: &[Rule], now: UnixMillis) -> Plan {
    let latest = |wanted: fn(&Event) -> bool| {
        events.iter().filter(|e| e.at <= now && e.is_effective() && wanted(e)).map(|e| e.at).max()
    };
    let decided = latest(|event| event.kind.is_decision());
    if is_pinned(events, now) {
        return Plan::default();
    }
    let written = latest(|event| event.kind == EventKind::HumanMail);
    let counts = |event: &Event| {
        let failure = matches!(event.kind, EventKind::Failed(_) | EventKind::Delayed);
        event.is_effective()
            && !event.kind.is_decision()
            && event.strength >= Strength::Named
            && event.at <= now
            && decided.is_none_or(|at| event.at > at)
            && (!failure || written.is_none_or(|at| event.at > at))
    };
    let counted: Vec<usize> = (0..events.len()).filter(|at| counts(&events[*at])).collect();
    let mut plan = Plan::default();
    for (index, rule) in rules.iter().enumerate().filter(|(_, rule)| rule.active) {
        let from = now.plus_ms(-i64::from(rule.category.window_days).saturating_mul(DAY_MS));
        let because: Vec<usize> = counted
            .iter()
            .copied()
            .filter(|at| events[*at].at > from && rule.category.takes(&events[*at]))
            .collect();
        if because.is_empty() || mails(events, &because) < rule.category.count.max(1) as usize {
            continue;
        }
        let lists: BTreeSet<ListKey> = because.iter().filter_map(|at| events[*at].list).collect();
        let last = because.iter().map(|at| events[*at].at).max().unwrap_or(now);
        plan.planned.extend(rule.actions.iter().map(|action| Planned {
            rule: index,
            action: action.clone(),
            because: because.clone(),
            lists: lists.iter().copied().collect(),
            at: last,
        }));
    }
    plan
}

/// Whether a person set the state, and it holds.
fn is_pinned(events: &[Event], now: UnixMillis) -> bool {
    let decisions = events.iter().filter(|event| event.kind.is_decision() && event.at <= now);
    let last = decisions.max_by_key(|event| (event.at, matches!(event.kind, EventKind::Set { .. })));
    match last.map(|event| event.kind) {
        Some(EventKind::Set { expires, .. }) => expires.is_none_or(|expires| expires > now),
        _ => false,
    }
}

/// How many different mails these events are about; events that name none count each.
fn mails(events: &[Event], which: &[usize]) -> usize {
    let named: BTreeSet<i64> = which.iter().filter_map(|at| events[*at].original).collect();
    named.len() + which.iter().filter(|at| events[**at].original.is_none()).count()
}

/// Whether a set of rules that stops mail to so many of all known addresses is to be asked about first: a third of them
/// is never a matter of single addresses.
pub const fn stops_everybody(stopped: u64, known: u64) -> bool {
    stopped > 0 && stopped.saturating_mul(3) >= known
}

/// Whether an address may be written to in this state alone, without rules. Dead addresses still get transactional
/// mail: an invoice has to be tried.
pub const fn allows(state: State, class: MailClass) -> bool {
    match state {
        State::Fine | State::Doubtful | State::Failing => true,
        State::Dead | State::Complained | State::Unsubscribed => matches!(class, MailClass::Transactional),
        State::Blocked => false,
    }
}
