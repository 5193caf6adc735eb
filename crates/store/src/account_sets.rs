//! Several rows that belong together: accounts changed at once, an account its companions.

use std::collections::HashSet;

use model::{AccountId, SmtpAccountId, UnixMillis};

use crate::accounts::{AccountKind, MailboxRole, NewAccount};
use crate::db::Tx;
use crate::error::Result;
use crate::groups::{self, NewGroup};
use crate::keeping::{self, AfterFetch};
use crate::keys::Keys;
use crate::smtp_accounts::NewSmtpAccount;
use crate::sorting::{self, SortingRule};
use crate::sql::statements;
use crate::store::Store;
use crate::value::args;
use crate::{accounts, smtp_accounts};

/// What several accounts get; what is `None` stays as it is with each of them.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct SharedSettings {
    /// Whether they are fetched.
    pub active: Option<bool>,
    /// How often to look for new mail, seconds.
    pub poll_seconds: Option<u32>,
    /// What the mailboxes are for.
    pub role: Option<MailboxRole>,
    /// What happens at the source to mails fetched from now on, and the mailbox [`AfterFetch::Move`] moves to.
    pub fetched: Option<(AfterFetch, String)>,
    /// Deleted at the source so many days after they were fetched, 0: at once; the inner `None`: never.
    pub delete_after_days: Option<Option<u32>>,
    /// Whether what people delete here is deleted at the source.
    pub mirrored: Option<bool>,
}

/// What is made together with an account.
#[derive(Clone, Debug, Default)]
pub struct Companions {
    /// The server that sends for it.
    pub smtp: Option<(SmtpAccountId, NewSmtpAccount)>,
    /// The group its mails are sorted to: UUID, octets, and what it is.
    pub group: Option<([u8; 16], NewGroup)>,
}

/// Why an account cannot have them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Unfit {
    /// It holds files only; there is nothing to fetch.
    NotFetched,
    /// POP3 has neither folders nor marks.
    NoFolders,
    /// It was removed.
    Gone,
}

impl SharedSettings {
    /// Whether an account of this kind can have all of it.
    ///
    /// # Errors
    /// Why not, never [`Unfit::Gone`].
    pub fn fits(&self, kind: AccountKind) -> std::result::Result<(), Unfit> {
        let of_fetching = self.active.is_some() || self.poll_seconds.is_some() || self.of_mailbox();
        match kind {
            AccountKind::Import if of_fetching => Err(Unfit::NotFetched),
            AccountKind::Pop3 if self.fetched.as_ref().is_some_and(|(how, _)| *how != AfterFetch::Leave) => {
                Err(Unfit::NoFolders)
            }
            _ => Ok(()),
        }
    }

    /// Names of the settings that are given, for the event log.
    pub fn fields(&self) -> Vec<&'static str> {
        let named = [
            ("active", self.active.is_some()),
            ("poll_seconds", self.poll_seconds.is_some()),
            ("handling", self.role.is_some()),
            ("keeping", self.of_mailbox()),
        ];
        named.into_iter().filter(|(_, given)| *given).map(|(name, _)| name).collect()
    }

    const fn of_mailbox(&self) -> bool {
        self.fetched.is_some() || self.delete_after_days.is_some() || self.mirrored.is_some()
    }
}

statements! {
    SET_SHARED = "UPDATE accounts SET active = COALESCE($2, active), poll_seconds = COALESCE($3, poll_seconds) \
        WHERE account_id = $1 AND removed IS NULL";
    SET_ROLE = "INSERT INTO account_handling (account, role, handled, handled_folder, manual_folder) \
        SELECT key, $2, 0, '', '' FROM accounts WHERE account_id = $1 ON CONFLICT (account) DO UPDATE SET \
        role = excluded.role";
}

/// Whether the account was there.
fn set_shared(
    tx: &Tx<'_>,
    keys: &Keys,
    id: AccountId,
    shared: &SharedSettings,
    now: UnixMillis,
) -> Result<bool> {
    let args = args![id.octets(), shared.active.map(i64::from), shared.poll_seconds.map(i64::from)];
    if tx.exec(&SET_SHARED, &args)? == 0 {
        return Ok(false);
    }
    if let Some(role) = shared.role {
        tx.exec(&SET_ROLE, &args![id.octets(), role as i64])?;
    }
    if shared.of_mailbox() {
        keeping::change(tx, keys.known_account(tx, id)?, now, |kept| {
            if let Some((fetched, folder)) = &shared.fetched {
                kept.fetched = *fetched;
                kept.fetched_folder.clone_from(folder);
            }
            if let Some(days) = shared.delete_after_days {
                kept.delete_after_days = days;
            }
            kept.mirrored = shared.mirrored.unwrap_or(kept.mirrored);
        })?;
    }
    Ok(true)
}

impl Store {
    /// Gives accounts the same settings, all in one transaction. Gives those that are there: the others were removed.
    ///
    /// # Errors
    /// Those of the database.
    pub fn change_accounts(
        &self,
        accounts: Vec<AccountId>,
        shared: SharedSettings,
        now: UnixMillis,
    ) -> Result<Vec<AccountId>> {
        let keys = self.keys().clone();
        self.write(move |tx| {
            let mut changed = Vec::with_capacity(accounts.len());
            for id in &accounts {
                if set_shared(tx, &keys, *id, &shared, now)? {
                    changed.push(*id);
                }
            }
            Ok(changed)
        })
    }

    /// Gives those of the accounts the same settings that can have all of them; in a `dry_run` none. Gives what became of each, or
    /// would, in their order.
    ///
    /// # Errors
    /// Those of the database.
    pub fn change_fitting(
        &self,
        accounts: &[(AccountId, AccountKind)],
        shared: &SharedSettings,
        dry_run: bool,
        now: UnixMillis,
    ) -> Result<Vec<(AccountId, std::result::Result<(), Unfit>)>> {
        let mut outcomes: Vec<_> = accounts.iter().map(|(id, kind)| (*id, shared.fits(*kind))).collect();
        if !dry_run {
            let fitting = outcomes.iter().filter(|(_, fits)| fits.is_ok()).map(|(id, _)| *id).collect();
            let changed: HashSet<AccountId> =
                self.change_accounts(fitting, shared.clone(), now)?.into_iter().collect();
            for (id, outcome) in &mut outcomes {
                if outcome.is_ok() && !changed.contains(id) {
                    *outcome = Err(Unfit::Gone);
                }
            }
        }
        Ok(outcomes)
    }

    /// Makes an account and its companions, or nothing of it. Mails of the account are sorted to the group.
    ///
    /// # Errors
    /// `Exists` with `account name`, `SMTP account name` or `group name` if one of the names is taken.
    pub fn create_account_with(
        &self,
        id: AccountId,
        new: NewAccount,
        with: Companions,
        now: UnixMillis,
    ) -> Result<()> {
        let keys = self.keys().clone();
        self.write(move |tx| {
            accounts::insert(tx, id, &new, now)?;
            if let Some((id, smtp)) = &with.smtp {
                smtp_accounts::insert(tx, &keys, *id, smtp, now)?;
            }
            if let Some((group, what)) = &with.group {
                groups::insert(tx, *group, what, now)?;
                let rest = SortingRule { pattern: String::new(), group: *group };
                sorting::set(tx, keys.known_account(tx, id)?, &[rest])?;
            }
            Ok(())
        })
    }

    /// Takes an account out of service together with servers that send and groups; mail and placements stay.
    ///
    /// # Errors
    /// `Missing` if one of them is gone: then nothing has happened.
    pub fn remove_account_with(
        &self,
        id: AccountId,
        smtp: Vec<SmtpAccountId>,
        groups: Vec<[u8; 16]>,
        now: UnixMillis,
    ) -> Result<()> {
        self.write(move |tx| {
            accounts::remove(tx, id, now)?;
            smtp.iter().try_for_each(|id| smtp_accounts::remove(tx, *id))?;
            groups.iter().try_for_each(|id| groups::remove(tx, *id))
        })
    }
}
