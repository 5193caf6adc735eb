//! How much of what there is.

use model::AccountId;

use crate::error::Result;
use crate::keys::ALL_MAIL;
use crate::sql::statements;
use crate::store::Store;
use crate::value::args;

/// Numbers for the status page and the metrics; exact.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Counters {
    /// Mails waiting to be filed.
    pub received: u64,
    /// Mails filed.
    pub filed: u64,
    /// Mails in quarantine.
    pub quarantined: u64,
    /// Octets of all mails, before compression.
    pub octets: u64,
    /// Messages: mails without counting twins.
    pub messages: u64,
    /// By account: messages, unread ones among them, mails of the source left out, failed ones among them.
    pub accounts: Vec<(AccountId, AccountCounters)>,
}

/// Numbers of an account.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct AccountCounters {
    /// Messages.
    pub messages: u64,
    /// Unread ones.
    pub unread: u64,
    /// Mails at the source left out by a rule.
    pub excluded: u64,
    /// Mails at the source that failed and are tried again.
    pub failed: u64,
    /// Mails in quarantine.
    pub quarantined: u64,
}

statements! {
    RECEIVED = "SELECT COUNT(*) FROM mails WHERE stage = 0";
    QUARANTINED = "SELECT COUNT(*) FROM mails WHERE stage = 2";
    TOTAL = "SELECT value FROM counters WHERE name = $1";
    MESSAGES = "SELECT CAST(COALESCE(SUM(n), 0) AS BIGINT) FROM list_counts WHERE list = $1";
    ACCOUNTS = "SELECT a.key, a.account_id, c.class, c.n FROM accounts a LEFT JOIN list_counts c ON c.list = a.key \
        WHERE a.removed IS NULL ORDER BY a.name, a.key";
    LEFT_OUT = "SELECT m.account, l.excluded, COUNT(*) FROM left_out l JOIN mailboxes m ON m.key = l.mailbox \
        GROUP BY m.account, l.excluded";
    QUARANTINED_OF = "SELECT b.account, COUNT(DISTINCT m.seq) FROM mails m JOIN placements p ON p.seq = m.seq \
        JOIN mailboxes b ON b.key = p.mailbox WHERE m.stage = 2 GROUP BY b.account";
}

impl Store {
    /// The numbers now.
    ///
    /// # Errors
    /// Those of the database.
    pub fn counters(&self) -> Result<Counters> {
        self.read(|tx| {
            let count = |value: i64| u64::try_from(value).unwrap_or_default();
            let received = count(tx.int(&RECEIVED, &[])?);
            let quarantined = count(tx.int(&QUARANTINED, &[])?);
            let mails = count(tx.int(&TOTAL, &["mails".into()])?);
            let mut accounts: Vec<(i64, AccountId, AccountCounters)> = Vec::new();
            let rows = tx.query(&ACCOUNTS, &[], |row| {
                Ok((row.int(0)?, AccountId::from_octets(row.octets(1)?), row.opt_int(2)?, row.opt_int(3)?))
            })?;
            for (key, id, class, n) in rows {
                if accounts.last().is_none_or(|(last, ..)| *last != key) {
                    accounts.push((key, id, AccountCounters::default()));
                }
                if let (Some((_, _, counters)), Some(class), Some(n)) = (accounts.last_mut(), class, n) {
                    counters.messages += count(n);
                    counters.unread += if class & 2 == 2 { count(n) } else { 0 };
                }
            }
            let find = |accounts: &mut Vec<(i64, AccountId, AccountCounters)>, key: i64| {
                accounts.iter().position(|(k, ..)| *k == key)
            };
            for (key, excluded, n) in
                tx.query(&LEFT_OUT, &[], |row| Ok((row.int(0)?, row.bool(1)?, row.uint(2)?)))?
            {
                if let Some(at) = find(&mut accounts, key) {
                    let counters = &mut accounts[at].2;
                    *if excluded { &mut counters.excluded } else { &mut counters.failed } += n;
                }
            }
            for (key, n) in tx.query(&QUARANTINED_OF, &[], |row| Ok((row.int(0)?, row.uint(1)?)))? {
                if let Some(at) = find(&mut accounts, key) {
                    accounts[at].2.quarantined = n;
                }
            }
            Ok(Counters {
                received,
                filed: mails.saturating_sub(received + quarantined),
                quarantined,
                octets: count(tx.int(&TOTAL, &["octets".into()])?),
                messages: count(tx.int(&MESSAGES, &args![ALL_MAIL])?),
                accounts: accounts.into_iter().map(|(_, id, counters)| (id, counters)).collect(),
            })
        })
    }
}
