//! What happened to an address.

use model::{Permanence, UnixMillis};

use crate::State;

/// Key of a mailing list.
pub type ListKey = i64;

/// How sure it is that a report speaks of a mail of ours. The order is that of trust.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Strength {
    /// A signature of ours that is wrong, or a recipient the mail never had.
    Forged,
    /// No mail of ours fits.
    #[default]
    Unmatched,
    /// Recipient, subject and time fit, or a conversation does: anybody can write that.
    Circumstantial,
    /// Names the mail by an id that its recipients know.
    Named,
    /// Bears a signature of ours, or a person said so.
    Signed,
}

impl Strength {
    /// Every strength, weakest first.
    pub const ALL: [Self; 5] =
        [Self::Forged, Self::Unmatched, Self::Circumstantial, Self::Named, Self::Signed];

    /// The word in JSON.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Forged => "forged",
            Self::Unmatched => "unmatched",
            Self::Circumstantial => "circumstantial",
            Self::Named => "named",
            Self::Signed => "signed",
        }
    }
}

/// What kind of mail the original was.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum MailClass {
    /// To many: newsletters, circulars.
    Bulk,
    /// To one, because something happened: invoices, confirmations, answers.
    Transactional,
}

impl MailClass {
    /// Both.
    pub const ALL: [Self; 2] = [Self::Bulk, Self::Transactional];

    /// The word in JSON.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Bulk => "bulk",
            Self::Transactional => "transactional",
        }
    }

    /// The class of this word, if it is one.
    pub fn from_word(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|class| class.as_str() == word)
    }
}

/// What happened.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum EventKind {
    /// A mail could not be delivered.
    Failed(Permanence),
    /// A mail is late.
    Delayed,
    /// A mail was delivered.
    Delivered,
    /// The recipient complained.
    Complained,
    /// The recipient asked to be taken off.
    Unsubscribed,
    /// A person wrote from this address.
    HumanMail,
    /// A person decided; holds until it expires or another decision.
    Set {
        /// The state.
        state: State,
        /// Until when.
        expires: Option<UnixMillis>,
    },
    /// A person decided that what was before does not count.
    Cleared,
}

impl EventKind {
    /// The word in JSON and in rules.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Failed(_) => "failed",
            Self::Delayed => "delayed",
            Self::Delivered => "delivered",
            Self::Complained => "complained",
            Self::Unsubscribed => "unsubscribed",
            Self::HumanMail => "human_mail",
            Self::Set { .. } => "set",
            Self::Cleared => "cleared",
        }
    }

    /// Whether a person decided it.
    pub const fn is_decision(self) -> bool {
        matches!(self, Self::Set { .. } | Self::Cleared)
    }
}

/// One thing that happened to an address.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Event {
    /// When.
    pub at: UnixMillis,
    /// What.
    pub kind: EventKind,
    /// Word of the documented list of reasons.
    pub reason: Option<String>,
    /// How sure it is; [`Strength::Signed`] for what people did here.
    pub strength: Strength,
    /// Number of the mail it is about: several reports about one mail count once.
    pub original: Option<i64>,
    /// What that mail was.
    pub class: Option<MailClass>,
    /// List that mail went to.
    pub list: Option<ListKey>,
    /// Whether it counts; imported mail does not unless asked.
    pub counts: bool,
}

impl Event {
    /// Whether it may change anything: forged, unmatched and not counting ones may not.
    pub fn is_effective(&self) -> bool {
        self.kind.is_decision() || (self.counts && self.strength >= Strength::Circumstantial)
    }
}
