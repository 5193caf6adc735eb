//! Small integer keys of accounts and mailboxes, remembered: they are never changed and never given out again.

use std::collections::HashMap;
use std::sync::{PoisonError, RwLock};

use model::{AccountId, MailboxId, Period, Scope};

use crate::db::Tx;
use crate::error::{Result, StoreError};
use crate::sql::statements;

/// Key of the list of all messages.
pub(crate) const ALL_MAIL: i64 = 0;

#[derive(Default)]
pub(crate) struct Keys {
    known: RwLock<Known>,
}

#[derive(Default)]
struct Known {
    accounts: HashMap<AccountId, i64>,
    account_ids: HashMap<i64, AccountId>,
    mailboxes: HashMap<MailboxId, MailboxKey>,
}

/// Keys of a mailbox and of its account.
#[derive(Clone, Copy, Debug)]
pub(crate) struct MailboxKey {
    pub(crate) mailbox: i64,
    pub(crate) account: i64,
}

/// A scope in keys.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum ScopeKeys {
    All,
    Accounts(Vec<i64>, Period),
}

impl ScopeKeys {
    pub(crate) fn allows(&self, account: i64) -> bool {
        match self {
            Self::All => true,
            Self::Accounts(keys, _) => keys.binary_search(&account).is_ok(),
        }
    }

    /// The dates mail may have.
    pub(crate) fn period(&self) -> Period {
        match self {
            Self::All => Period::default(),
            Self::Accounts(_, period) => *period,
        }
    }
}

statements! {
    ACCOUNT_BY_ID = "SELECT key FROM accounts WHERE account_id = $1";
    ACCOUNT_BY_KEY = "SELECT account_id FROM accounts WHERE key = $1";
    MAILBOX_BY_ID = "SELECT key, account FROM mailboxes WHERE mailbox_id = $1";
}

impl Keys {
    pub(crate) fn account(&self, tx: &Tx<'_>, id: AccountId) -> Result<Option<i64>> {
        let known = self.known.read().unwrap_or_else(PoisonError::into_inner).accounts.get(&id).copied();
        if known.is_some() {
            return Ok(known);
        }
        let key = tx.first(&ACCOUNT_BY_ID, &[id.octets().into()], |row| row.int(0))?;
        if let Some(key) = key {
            let mut known = self.known.write().unwrap_or_else(PoisonError::into_inner);
            known.accounts.insert(id, key);
            known.account_ids.insert(key, id);
        }
        Ok(key)
    }

    pub(crate) fn known_account(&self, tx: &Tx<'_>, id: AccountId) -> Result<i64> {
        self.account(tx, id)?.ok_or_else(|| StoreError::Missing { what: "account", key: id.to_string() })
    }

    pub(crate) fn account_id(&self, tx: &Tx<'_>, key: i64) -> Result<AccountId> {
        let known = self.known.read().unwrap_or_else(PoisonError::into_inner).account_ids.get(&key).copied();
        if let Some(id) = known {
            return Ok(id);
        }
        let id = tx.first(&ACCOUNT_BY_KEY, &[key.into()], |row| row.octets(0).map(AccountId::from_octets))?;
        let id = id.ok_or(StoreError::Unreadable { what: "account key" })?;
        let mut known = self.known.write().unwrap_or_else(PoisonError::into_inner);
        known.accounts.insert(id, key);
        known.account_ids.insert(key, id);
        Ok(id)
    }

    pub(crate) fn mailbox(&self, tx: &Tx<'_>, id: MailboxId) -> Result<Option<MailboxKey>> {
        let known = self.known.read().unwrap_or_else(PoisonError::into_inner).mailboxes.get(&id).copied();
        if known.is_some() {
            return Ok(known);
        }
        let key = tx.first(&MAILBOX_BY_ID, &[id.octets().into()], |row| {
            Ok(MailboxKey { mailbox: row.int(0)?, account: row.int(1)? })
        })?;
        if let Some(key) = key {
            self.remember(id, key);
        }
        Ok(key)
    }

    pub(crate) fn known_mailbox(&self, tx: &Tx<'_>, id: MailboxId) -> Result<MailboxKey> {
        self.mailbox(tx, id)?.ok_or_else(|| StoreError::Missing { what: "mailbox", key: id.to_string() })
    }

    fn remember(&self, id: MailboxId, key: MailboxKey) {
        let mut known = self.known.write().unwrap_or_else(PoisonError::into_inner);
        known.mailboxes.insert(id, key);
    }

    /// Accounts that do not exist are left out: nothing of them can be shown.
    pub(crate) fn scope(&self, tx: &Tx<'_>, scope: &Scope) -> Result<ScopeKeys> {
        let ids = match scope {
            Scope::All => return Ok(ScopeKeys::All),
            Scope::Accounts(ids) | Scope::Within(ids, _) => ids,
        };
        let mut keys = Vec::with_capacity(ids.len());
        for id in ids {
            keys.extend(self.account(tx, *id)?);
        }
        keys.sort_unstable();
        keys.dedup();
        Ok(ScopeKeys::Accounts(keys, scope.period()))
    }
}
