//! What the doctor keeps: conditions, what ends, room at servers; and what it counts.

use doctor::{Expiring, ExpiryKind, Kind, Queue, Quota, Severity};
use model::{AccountId, UnixMillis};

use crate::db::Tx;
use crate::entries::bin;
use crate::error::{Result, StoreError};
use crate::events::{self, Event};
use crate::sql::statements;
use crate::store::Store;
use crate::value::{Arg, Row, args};

const HOUR_MS: i64 = 3_600_000;

/// A condition that was found.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NewCondition {
    /// The same as long as it lasts.
    pub id: String,
    /// What.
    pub kind: Kind,
    /// How bad.
    pub severity: Severity,
    /// Where.
    pub account: Option<AccountId>,
    /// Since when, as far as the facts tell.
    pub since: UnixMillis,
    /// Values for sentences: JSON, opaque here.
    pub details: String,
}

/// A condition as kept.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct KeptCondition {
    /// What was found.
    pub what: NewCondition,
    /// When it was found first.
    pub first_seen: UnixMillis,
    /// When it was found last.
    pub last_seen: UnixMillis,
    /// When it was no longer found; `None`: it lasts.
    pub ended: Option<UnixMillis>,
}

/// When mails of an account came.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Arrivals {
    /// Begin of an hour, and mails in it.
    pub hours: Vec<(UnixMillis, u64)>,
    /// The oldest mail there is.
    pub oldest: Option<UnixMillis>,
}

statements! {
    OPEN = "SELECT c.id, c.kind, c.severity, a.account_id, c.since, c.details, c.first_seen, c.last_seen, c.ended \
        FROM conditions c LEFT JOIN accounts a ON a.key = c.account WHERE c.ended IS NULL ORDER BY c.severity, c.id";
    ENDED = "SELECT c.id, c.kind, c.severity, a.account_id, c.since, c.details, c.first_seen, c.last_seen, c.ended \
        FROM conditions c LEFT JOIN accounts a ON a.key = c.account WHERE c.ended IS NOT NULL \
        ORDER BY c.ended DESC, c.id LIMIT $1";
    PUT = "INSERT INTO conditions (id, kind, severity, account, since, details, first_seen, last_seen) \
        VALUES ($1, $2, $3, $4, $5, $6, $7, $7) ON CONFLICT (id) DO UPDATE SET severity = excluded.severity, \
        since = CASE WHEN conditions.ended IS NULL AND conditions.since < excluded.since THEN conditions.since \
        ELSE excluded.since END, details = excluded.details, \
        first_seen = CASE WHEN conditions.ended IS NULL THEN conditions.first_seen ELSE excluded.first_seen END, \
        last_seen = excluded.last_seen, ended = NULL";
    END = "UPDATE conditions SET ended = $2 WHERE id = $1 AND ended IS NULL";
    FORGET = "DELETE FROM conditions WHERE ended < $1";
    PUT_EXPIRY = "INSERT INTO expiries (kind, account, name, ends, noted) VALUES ($1, $2, $3, $4, $5) \
        ON CONFLICT (kind, account, name) DO UPDATE SET ends = excluded.ends, noted = excluded.noted";
    DROP_EXPIRY = "DELETE FROM expiries WHERE kind = $1 AND account = $2 AND name = $3";
    EXPIRIES = "SELECT e.kind, a.account_id, e.name, e.ends FROM expiries e LEFT JOIN accounts a ON a.key = e.account \
        WHERE e.account = 0 OR (a.removed IS NULL AND a.active = 1) \
        UNION ALL SELECT 'consent', a.account_id, a.name, g.refresh_expires FROM account_oauth o \
        JOIN accounts a ON a.key = o.account JOIN oauth_grants g ON g.key = o.granted \
        WHERE g.refresh_expires IS NOT NULL AND a.removed IS NULL AND a.active = 1 \
        UNION ALL SELECT 'secret', NULL, c.name, c.secret_expires FROM oauth_clients c WHERE c.secret_expires IS NOT NULL \
        AND EXISTS (SELECT 1 FROM account_oauth o WHERE o.client = c.key) ORDER BY 1, 3, 4";
    PUT_QUOTA = "INSERT INTO quotas (account, used, most, at) VALUES ($1, $2, $3, $4) ON CONFLICT (account) \
        DO UPDATE SET used = excluded.used, most = excluded.most, at = excluded.at";
    DROP_QUOTA = "DELETE FROM quotas WHERE account = $1";
    QUOTAS = "SELECT a.account_id, q.used, q.most FROM quotas q JOIN accounts a ON a.key = q.account \
        WHERE a.removed IS NULL AND a.active = 1 ORDER BY a.key";
    ARRIVALS = "SELECT date / 3600000, COUNT(*) FROM entries WHERE list = ANY($1) AND date >= $2 AND date < $3 \
        GROUP BY date / 3600000 ORDER BY 1";
    FIRST_ARRIVAL = "SELECT date FROM entries WHERE list = ANY($1) ORDER BY date, message_seq LIMIT 1";
    WAITING = "SELECT o.channel, w.name, COUNT(*), MIN(o.created) FROM outgoing o \
        LEFT JOIN webhooks w ON w.key = o.target AND o.channel = 1 WHERE o.due IS NOT NULL \
        GROUP BY o.channel, w.name ORDER BY o.channel, w.name";
    QUARANTINED_SINCE = "SELECT COUNT(*), MIN(q.since) FROM quarantine q JOIN mails m ON m.seq = q.seq \
        WHERE m.stage = 2 AND q.since >= $1";
}

fn condition(row: &Row<'_>) -> Result<KeptCondition> {
    let kind = row.text(1)?;
    Ok(KeptCondition {
        what: NewCondition {
            id: row.text(0)?,
            kind: Kind::from_word(&kind).ok_or(StoreError::Unreadable { what: "kind of a condition" })?,
            severity: Severity::from_word(&row.text(2)?),
            account: row.opt_octets(3)?.map(AccountId::from_octets),
            since: row.time(4)?,
            details: row.text(5)?,
        },
        first_seen: row.time(6)?,
        last_seen: row.time(7)?,
        ended: row.opt_time(8)?,
    })
}

impl Store {
    /// Conditions that last, worst first.
    ///
    /// # Errors
    /// Those of the database.
    pub fn conditions(&self) -> Result<Vec<KeptCondition>> {
        self.read(|tx| tx.query(&OPEN, &[], condition))
    }

    /// Conditions that have ended, the last first.
    ///
    /// # Errors
    /// Those of the database.
    pub fn ended_conditions(&self, limit: usize) -> Result<Vec<KeptCondition>> {
        self.read(|tx| tx.query(&ENDED, &args![limit as i64], condition))
    }

    /// Keeps what was found and what is over, with the log's entries about it, in one transaction. What ended before
    /// `forget_before` is forgotten.
    ///
    /// # Errors
    /// Those of the database.
    pub fn set_conditions(
        &self,
        found: Vec<NewCondition>,
        over: Vec<String>,
        log: Vec<Event>,
        now: UnixMillis,
        forget_before: UnixMillis,
    ) -> Result<()> {
        let keys = self.keys().clone();
        self.write(move |tx| {
            for of in &found {
                let account = match of.account {
                    Some(account) => keys.account(tx, account)?,
                    None => None,
                };
                let (kind, severity) = (of.kind.as_str(), of.severity.as_str());
                tx.exec(&PUT, &args![&of.id, kind, severity, account, of.since, &of.details, now])?;
            }
            for id in &over {
                tx.exec(&END, &args![id, now])?;
            }
            tx.exec(&FORGET, &args![forget_before])?;
            events::append_all(tx, &log)
        })
    }

    /// Notes when something ends; `None`: nobody knows, or it does not.
    ///
    /// # Errors
    /// `Missing` account.
    pub fn set_expiry(
        &self,
        kind: ExpiryKind,
        account: Option<AccountId>,
        name: String,
        ends: Option<UnixMillis>,
        now: UnixMillis,
    ) -> Result<()> {
        let keys = self.keys().clone();
        self.write(move |tx| {
            let account = match account {
                Some(account) => keys.known_account(tx, account)?,
                None => 0,
            };
            match ends {
                Some(ends) => tx.exec(&PUT_EXPIRY, &args![kind.as_str(), account, &name, ends, now]),
                None => tx.exec(&DROP_EXPIRY, &args![kind.as_str(), account, &name]),
            }
            .map(drop)
        })
    }

    /// What ends, of accounts that are fetched and of nobody in particular.
    ///
    /// # Errors
    /// Those of the database.
    pub fn expiries(&self) -> Result<Vec<Expiring>> {
        self.read(|tx| {
            tx.query(&EXPIRIES, &[], |row| {
                Ok(Expiring {
                    kind: ExpiryKind::from_word(&row.text(0)?)
                        .ok_or(StoreError::Unreadable { what: "kind of an expiry" })?,
                    account: row.opt_octets(1)?.map(AccountId::from_octets),
                    name: row.text(2)?,
                    ends: row.time(3)?,
                })
            })
        })
    }

    /// Notes the room an account's server tells of; `None`: it does not.
    ///
    /// # Errors
    /// `Missing` account.
    pub fn set_quota(&self, account: AccountId, quota: Option<Quota>, now: UnixMillis) -> Result<()> {
        let keys = self.keys().clone();
        self.write(move |tx| {
            let key = keys.known_account(tx, account)?;
            match quota {
                Some(quota) => tx.exec(&PUT_QUOTA, &args![key, quota.used_octets, quota.limit_octets, now]),
                None => tx.exec(&DROP_QUOTA, &args![key]),
            }
            .map(drop)
        })
    }

    /// Room at the servers of accounts that are fetched.
    ///
    /// # Errors
    /// Those of the database.
    pub fn quotas(&self) -> Result<Vec<(AccountId, Quota)>> {
        self.read(|tx| {
            tx.query(&QUOTAS, &[], |row| {
                let quota = Quota { used_octets: row.uint(1)?, limit_octets: row.uint(2)? };
                Ok((AccountId::from_octets(row.octets(0)?), quota))
            })
        })
    }

    /// Mails of an account by the hour of their date, from `from` on and before `to`, and the date of its oldest one.
    ///
    /// # Errors
    /// `Missing` account.
    pub fn arrivals(&self, account: AccountId, from: UnixMillis, to: UnixMillis) -> Result<Arrivals> {
        self.read(|tx| {
            let key = self.keys().known_account(tx, account)?;
            // What was deleted since has come all the same.
            let lists = [bin(key), key];
            let [from, to] = args![from, to];
            let hours = tx.query(&ARRIVALS, &[Arg::Ints(&lists), from, to], |row| {
                Ok((UnixMillis(row.int(0)?.saturating_mul(HOUR_MS)), row.uint(1)?))
            })?;
            Ok(Arrivals { hours, oldest: tx.first(&FIRST_ARRIVAL, &[Arg::Ints(&lists)], |row| row.time(0))? })
        })
    }

    /// What waits to go out, by channel.
    ///
    /// # Errors
    /// Those of the database.
    pub fn waiting_outgoing(&self) -> Result<Vec<Queue>> {
        self.read(|tx| {
            tx.query(&WAITING, &[], |row| {
                let channel =
                    if row.int(0)? == 0 { "mail".to_owned() } else { row.opt_text(1)?.unwrap_or_default() };
                Ok(Queue { channel, waiting: row.uint(2)?, oldest: row.time(3)? })
            })
        })
    }

    /// Mails put into quarantine since then, and when the first was.
    ///
    /// # Errors
    /// Those of the database.
    pub fn quarantined_since(&self, since: UnixMillis) -> Result<(u64, Option<UnixMillis>)> {
        let read = |tx: &Tx<'_>| {
            tx.first(&QUARANTINED_SINCE, &args![since], |row| Ok((row.uint(0)?, row.opt_time(1)?)))
        };
        self.read(|tx| Ok(read(tx)?.unwrap_or_default()))
    }
}
