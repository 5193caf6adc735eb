//! From events to the state of an address.

use std::collections::BTreeSet;

use model::{Permanence, UnixMillis};

use crate::{Event, EventKind, Strength};

/// Failures looked at; what older ones said is in the state already.
const FAILURES_MAX: usize = 200;
const DAY_MS: i64 = 24 * 60 * 60 * 1000;

/// State of an address.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum State {
    /// Nothing speaks against it.
    #[default]
    Fine,
    /// Something failed, but it is not sure enough.
    Doubtful,
    /// Mail to it fails at present.
    Failing,
    /// Does not exist any more, or has failed for too long.
    Dead,
    /// Its owner complained.
    Complained,
    /// Its owner wants no more.
    Unsubscribed,
    /// A person blocked it.
    Blocked,
}

impl State {
    /// Every state, in the order of the definition.
    pub const ALL: [Self; 7] = [
        Self::Fine,
        Self::Doubtful,
        Self::Failing,
        Self::Dead,
        Self::Complained,
        Self::Unsubscribed,
        Self::Blocked,
    ];

    /// The word in JSON.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Fine => "fine",
            Self::Doubtful => "doubtful",
            Self::Failing => "failing",
            Self::Dead => "dead",
            Self::Complained => "complained",
            Self::Unsubscribed => "unsubscribed",
            Self::Blocked => "blocked",
        }
    }

    /// The state of this word, if it is one.
    pub fn from_word(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|state| state.as_str() == word)
    }
}

/// Why an address is in its state.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum Reason {
    /// Nothing happened, or it is over.
    #[default]
    None,
    /// A failure whose report is not signed.
    Unsigned,
    /// Several such reports about different mails.
    UnsignedRepeated,
    /// A temporary failure.
    Temporary,
    /// So many temporary failures that they are one permanent.
    TemporaryRepeated,
    /// A permanent failure.
    Permanent,
    /// A complaint.
    Complaint,
    /// A request to be taken off.
    Unsubscribe,
    /// A person wrote from the address.
    HumanMail,
    /// A mail was delivered.
    Delivered,
    /// A person decided.
    Person,
    /// The time has run out.
    Expired,
}

impl Reason {
    /// Every reason, in the order of the definition.
    pub const ALL: [Self; 12] = [
        Self::None,
        Self::Unsigned,
        Self::UnsignedRepeated,
        Self::Temporary,
        Self::TemporaryRepeated,
        Self::Permanent,
        Self::Complaint,
        Self::Unsubscribe,
        Self::HumanMail,
        Self::Delivered,
        Self::Person,
        Self::Expired,
    ];

    /// The word in JSON.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::None => "none",
            Self::Unsigned => "unsigned",
            Self::UnsignedRepeated => "unsigned_repeated",
            Self::Temporary => "temporary",
            Self::TemporaryRepeated => "temporary_repeated",
            Self::Permanent => "permanent",
            Self::Complaint => "complaint",
            Self::Unsubscribe => "unsubscribe",
            Self::HumanMail => "human_mail",
            Self::Delivered => "delivered",
            Self::Person => "person",
            Self::Expired => "expired",
        }
    }
}

/// When soft becomes hard, and how long things are remembered.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Settings {
    /// So many temporary failures …
    pub soft_count: u32,
    /// … within so many days are one permanent failure; and a failing address without a further failure for so long is
    /// fine again.
    pub soft_days: u32,
    /// So many unsigned reports about different mails make an address failing.
    pub unsigned_count: u32,
    /// A doubtful address without a further failure for so many days is fine again.
    pub doubtful_days: u32,
    /// After so many days a failure weighs half in the counters shown.
    pub half_life_days: u32,
}

impl Default for Settings {
    fn default() -> Self {
        Self { soft_count: 3, soft_days: 10, unsigned_count: 3, doubtful_days: 30, half_life_days: 30 }
    }
}

/// Counts of what speaks against an address, since it was last cleared.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Counters {
    /// Failures about different mails.
    pub failures: u32,
    /// Temporary ones, within the window of the settings.
    pub soft_recent: u32,
    /// Permanent ones.
    pub hard: u32,
    /// Failures, each weighing half after each half-life; thousandths.
    pub weight: u32,
}

/// State of an address, and why.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Standing {
    /// The state.
    pub state: State,
    /// Why.
    pub reason: Reason,
    /// Since when; `None` if it has always been so.
    pub since: Option<UnixMillis>,
    /// When it ends by itself.
    pub expires: Option<UnixMillis>,
    /// What was counted.
    pub counters: Counters,
}

/// The state at the time `now`. The order of `events` does not matter; later ones than `now` are left out.
pub fn standing(events: &[Event], settings: &Settings, now: UnixMillis) -> Standing {
    let mut sorted: Vec<&Event> =
        events.iter().filter(|event| event.is_effective() && event.at <= now).collect();
    sorted.sort_by_key(|event| (event.at, order(event)));
    let mut fold = Fold { settings, standing: Standing::default(), failures: Vec::new(), pinned: false };
    for event in sorted {
        fold.expire(event.at);
        fold.apply(event);
    }
    fold.expire(now);
    fold.standing.counters = fold.counters(now);
    fold.standing
}

/// At the same instant, decisions come last: a person has seen the rest.
fn order(event: &Event) -> (bool, u8, Option<i64>, Strength, Option<&str>) {
    let kind = match event.kind {
        EventKind::Delivered => 0,
        EventKind::HumanMail => 1,
        EventKind::Delayed => 2,
        EventKind::Failed(Permanence::Unknown) => 3,
        EventKind::Failed(Permanence::Temporary) => 4,
        EventKind::Failed(Permanence::Permanent) => 5,
        EventKind::Unsubscribed => 6,
        EventKind::Complained => 7,
        EventKind::Cleared => 8,
        EventKind::Set { state, .. } => 9 + state as u8,
    };
    (event.kind.is_decision(), kind, event.original, event.strength, event.reason.as_deref())
}

struct Failure {
    at: UnixMillis,
    hard: bool,
    strength: Strength,
    original: Option<i64>,
}

struct Fold<'a> {
    settings: &'a Settings,
    standing: Standing,
    /// Since the last clearing, ascending.
    failures: Vec<Failure>,
    /// A person set the state.
    pinned: bool,
}

impl Fold<'_> {
    fn enter(&mut self, state: State, reason: Reason, at: UnixMillis, expires: Option<UnixMillis>) {
        if (self.standing.state, self.standing.reason) != (state, reason) || self.standing.since.is_none() {
            self.standing.since = Some(at);
        }
        self.standing.state = state;
        self.standing.reason = reason;
        self.standing.expires = expires;
    }

    fn clear(&mut self, reason: Reason, at: UnixMillis) {
        self.failures.clear();
        self.enter(State::Fine, reason, at, None);
    }

    fn expire(&mut self, now: UnixMillis) {
        if let Some(expires) = self.standing.expires
            && expires <= now
        {
            self.pinned = false;
            self.clear(Reason::Expired, expires);
        }
    }

    fn apply(&mut self, event: &Event) {
        match event.kind {
            EventKind::Set { state, expires } => {
                self.pinned = true;
                self.failures.clear();
                self.enter(state, Reason::Person, event.at, expires);
                self.expire(event.at);
            }
            EventKind::Cleared => {
                self.pinned = false;
                self.clear(Reason::Person, event.at);
            }
            _ if self.pinned => {}
            EventKind::Complained => self.refused(State::Complained, Reason::Complaint, event),
            EventKind::Unsubscribed => self.refused(State::Unsubscribed, Reason::Unsubscribe, event),
            EventKind::Failed(permanence) => self.failed(permanence, event),
            EventKind::Delivered if event.strength >= Strength::Named => self.delivered(event),
            EventKind::HumanMail if self.heals() => self.clear(Reason::HumanMail, event.at),
            EventKind::Delivered | EventKind::HumanMail | EventKind::Delayed => {}
        }
    }

    /// What its owner wants does not heal by itself.
    fn heals(&self) -> bool {
        matches!(self.standing.state, State::Doubtful | State::Failing | State::Dead)
    }

    /// Whatever is only circumstantial may be anybody's.
    fn refused(&mut self, state: State, reason: Reason, event: &Event) {
        if event.strength == Strength::Circumstantial {
            if self.standing.state < State::Doubtful {
                self.doubt(Reason::Unsigned, event.at);
            }
        } else if self.standing.state <= state {
            self.enter(state, reason, event.at, None);
        }
    }

    /// Said to be there after all: what was temporary is over, what was permanent is not.
    fn delivered(&mut self, event: &Event) {
        if matches!(self.standing.state, State::Doubtful | State::Failing) {
            self.clear(Reason::Delivered, event.at);
        }
    }

    fn failed(&mut self, permanence: Permanence, event: &Event) {
        let hard = permanence == Permanence::Permanent;
        let known = event
            .original
            .and_then(|original| self.failures.iter_mut().find(|failure| failure.original == Some(original)));
        if let Some(failure) = known {
            // Another report about the same mail: it may say more, and it does not count again.
            failure.hard |= hard;
            failure.strength = failure.strength.max(event.strength);
        } else {
            let failure = Failure { at: event.at, hard, strength: event.strength, original: event.original };
            if self.failures.len() >= FAILURES_MAX {
                self.failures.remove(0);
            }
            self.failures.push(failure);
        }
        if self.standing.state <= State::Dead {
            self.judge(event.at);
        }
    }

    fn doubt(&mut self, reason: Reason, at: UnixMillis) {
        self.enter(State::Doubtful, reason, at, Some(days_after(at, self.settings.doubtful_days)));
    }

    fn judge(&mut self, at: UnixMillis) {
        let soft = self.soft_recent(at, Strength::Signed);
        let named = self.distinct(at);
        let signed = |failure: &&Failure| failure.strength == Strength::Signed;
        let over = Some(days_after(at, self.settings.soft_days));
        if self.failures.iter().filter(signed).any(|failure| failure.hard) {
            self.enter(State::Dead, Reason::Permanent, at, None);
        } else if self.standing.state == State::Dead {
            // Stays.
        } else if soft >= self.settings.soft_count.max(1) {
            self.enter(State::Dead, Reason::TemporaryRepeated, at, None);
        } else if soft > 0 {
            self.enter(State::Failing, Reason::Temporary, at, over);
        } else if named >= self.settings.unsigned_count.max(2) {
            self.enter(State::Failing, Reason::UnsignedRepeated, at, over);
        } else if self.standing.state < State::Failing {
            self.doubt(Reason::Unsigned, at);
        }
    }

    fn soft_recent(&self, at: UnixMillis, least: Strength) -> u32 {
        let from = at.plus_ms(-i64::from(self.settings.soft_days).saturating_mul(DAY_MS));
        let soft = |failure: &&Failure| failure.strength >= least && !failure.hard && failure.at > from;
        self.failures.iter().filter(soft).count() as u32
    }

    /// Mails that unsigned reports name, within the time doubt lasts. A report that names no mail is none of them.
    fn distinct(&self, at: UnixMillis) -> u32 {
        let from = at.plus_ms(-i64::from(self.settings.doubtful_days).saturating_mul(DAY_MS));
        let recent = self.failures.iter().filter(|f| f.strength >= Strength::Named && f.at > from);
        recent.filter_map(|failure| failure.original).collect::<BTreeSet<_>>().len() as u32
    }

    fn counters(&self, now: UnixMillis) -> Counters {
        let half_life = f64::from(self.settings.half_life_days.max(1)) * DAY_MS as f64;
        let weight = |failure: &Failure| {
            let age = now.0.saturating_sub(failure.at.0).max(0) as f64;
            1000.0 * (-age / half_life).exp2()
        };
        Counters {
            failures: self.failures.len() as u32,
            soft_recent: self.soft_recent(now, Strength::Circumstantial),
            hard: self.failures.iter().filter(|failure| failure.hard).count() as u32,
            weight: self.failures.iter().map(weight).sum::<f64>().round() as u32,
        }
    }
}

fn days_after(at: UnixMillis, days: u32) -> UnixMillis {
    at.plus_ms(i64::from(days).saturating_mul(DAY_MS))
}
