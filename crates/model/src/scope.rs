//! Who may see what. Every list, search, count, thread and record answer takes a [`Scope`].

use crate::AccountId;

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

/// The accounts whose mail may appear in an answer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Scope {
    /// All: the command line on the server itself, and internal work.
    All,
    /// These only, sorted, unique; empty means nothing is visible.
    Accounts(Vec<AccountId>),
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
            Self::Accounts(accounts) => accounts.binary_search(&account).is_ok(),
        }
    }
}
