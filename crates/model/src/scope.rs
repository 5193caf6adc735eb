//! Who may see what. Every list, search, count, thread and record answer takes a [`Scope`].

use crate::{AccountId, UnixMillis};

/// What a user may do in the whole installation.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Role {
    /// Settings, accounts, users; reads mail only of the accounts granted to them, like everybody else.
    Administrator,
    /// Works with mail.
    Agent,
    /// Reads mail of the accounts granted, and the event log; changes nothing.
    Auditor,
}

/// A span of effective dates.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Period {
    /// From this time on; `None`: from the beginning.
    pub from: Option<UnixMillis>,
    /// Before this time; `None`: without an end.
    pub until: Option<UnixMillis>,
}

impl Period {
    /// Whether it has a beginning or an end.
    pub fn is_bounded(&self) -> bool {
        *self != Self::default()
    }

    /// Whether it holds this time.
    pub fn holds(&self, at: UnixMillis) -> bool {
        self.from.is_none_or(|from| from <= at) && self.until.is_none_or(|until| at < until)
    }
}

/// The accounts whose mail may appear in an answer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Scope {
    /// All: the command line on the server itself, and internal work.
    All,
    /// These only, sorted, unique; empty means nothing is visible.
    Accounts(Vec<AccountId>),
    /// These only, and of their mail what has its effective date in the period: some auditors. What knows nothing of
    /// dates is not for them.
    Within(Vec<AccountId>, Period),
}

impl Scope {
    /// Sorted and unique, as the variants promise.
    pub fn accounts(mut accounts: Vec<AccountId>) -> Self {
        accounts.sort_unstable();
        accounts.dedup();
        Self::Accounts(accounts)
    }

    /// Whether mail of this account may be shown.
    pub fn allows(&self, account: AccountId) -> bool {
        match self {
            Self::All => true,
            Self::Accounts(accounts) | Self::Within(accounts, _) => accounts.binary_search(&account).is_ok(),
        }
    }

    /// The dates mail may have.
    pub fn period(&self) -> Period {
        match self {
            Self::Within(_, period) => *period,
            Self::All | Self::Accounts(_) => Period::default(),
        }
    }

    /// The same accounts, only mail of this period.
    #[must_use]
    pub fn within(self, period: Period) -> Self {
        match self {
            Self::Accounts(accounts) if period.is_bounded() => Self::Within(accounts, period),
            other => other,
        }
    }
}
