//! How many reports there were: by day, domain, reason, permanence.

use std::collections::BTreeMap;

use model::{Scope, UnixMillis};
use standing::{EventKind, Reported};

use crate::db::Tx;
use crate::entries::bin;
use crate::error::Result;
use crate::feedback::Feedback;
use crate::keys::ScopeKeys;
use crate::sql::statements;
use crate::standing_events::{self, kind_columns};
use crate::store::Store;
use crate::value::{Arg, Rows, args};

const DAY_MS: i64 = 24 * 60 * 60 * 1000;
/// Longest domain kept, octets.
const DOMAIN_MAX: usize = 255;

/// One number of the dashboard.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FeedbackCount {
    /// Day, UTC, as its first millisecond; the same for all where it was summed over days.
    pub day: UnixMillis,
    /// What was reported: `failed`, `delayed`, ….
    pub kind: EventKind,
    /// Domain of the recipient; empty where it was summed over domains.
    pub domain: String,
    /// Word of the documented list; empty where it was summed, `unknown` if none was given.
    pub reason: String,
    /// How many.
    pub n: u64,
}

/// How numbers are summed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SumBy {
    /// One number a day and kind.
    Day,
    /// One number a domain and kind, largest first.
    Domain,
    /// One number a reason and kind, largest first.
    Reason,
}

statements! {
    ADD [Int, Int, Int, Text, Text, Int, Int] = "WITH v(day, account, kind, domain, reason, permanence, n) AS ({rows}) \
        INSERT INTO feedback_days (day, account, kind, domain, reason, permanence, n) \
        SELECT day, account, kind, domain, reason, permanence, n FROM v WHERE TRUE \
        ON CONFLICT (day, account, kind, domain, reason, permanence) DO UPDATE SET n = feedback_days.n + excluded.n";
    BY_DAY = "SELECT day, kind, permanence, '', '', CAST(SUM(n) AS BIGINT) FROM feedback_days \
        WHERE day >= $1 AND account = ANY($2) GROUP BY day, kind, permanence ORDER BY day, kind, permanence";
    BY_DOMAIN = "SELECT CAST(0 AS BIGINT), kind, permanence, domain, '', CAST(SUM(n) AS BIGINT) AS total \
        FROM feedback_days WHERE day >= $1 AND account = ANY($2) GROUP BY domain, kind, permanence \
        ORDER BY total DESC, domain, kind, permanence LIMIT $3";
    BY_REASON = "SELECT CAST(0 AS BIGINT), kind, permanence, '', reason, CAST(SUM(n) AS BIGINT) AS total \
        FROM feedback_days WHERE day >= $1 AND account = ANY($2) GROUP BY reason, kind, permanence \
        ORDER BY total DESC, reason, kind, permanence LIMIT $3";
    ACCOUNTS = "SELECT key FROM accounts";
    SENT_MAILBOXES = "SELECT b.key FROM mailboxes b WHERE b.special_use = 'sent' AND b.account = ANY($1) \
        AND EXISTS (SELECT 1 FROM list_days d WHERE d.list IN (b.key, -1 - b.key) AND d.n > 0)";
    SENT = "SELECT day, CAST(SUM(n) AS BIGINT) FROM list_days WHERE list = ANY($1) AND day >= $2 AND n > 0 \
        GROUP BY day ORDER BY day";
    AFFECTED = "SELECT COUNT(*) FROM standings WHERE last >= $1 AND list = 0 AND total > 0";
    AFFECTED_OF [Text, Int] = "WITH v(domain, since) AS ({rows}) SELECT v.domain, COUNT(*) FROM v \
        JOIN address_parts p ON p.part = v.domain JOIN standings s ON s.key = p.standing AND s.last >= v.since \
        AND s.list = 0 AND s.total > 0 \
        AND substr(s.folded, length(s.folded) - length(v.domain), 1) = '@' GROUP BY v.domain";
}

/// Numbers of a batch.
#[derive(Default)]
pub(crate) struct Days(BTreeMap<(i64, i64, i64, String, String, i64), i64>);

impl Days {
    pub(crate) fn add(&mut self, mail: &Feedback, reported: &Reported, now: UnixMillis) {
        let day = mail.date.min(now).0.div_euclid(DAY_MS) * DAY_MS;
        let (kind, permanence, ..) = kind_columns(reported.kind);
        let report = &reported.report;
        let recipient = report.original_recipient.as_deref().or(report.recipient.as_deref());
        let domain = recipient.and_then(|r| r.rsplit_once('@')).map_or("", |(_, domain)| domain);
        let domain = standing_events::folded(&domain[..domain.floor_char_boundary(DOMAIN_MAX)]);
        let reason = reported.reason.clone().unwrap_or_else(|| "unknown".to_owned());
        *self.0.entry((day, mail.account, kind, domain, reason, permanence)).or_default() += 1;
    }

    pub(crate) fn write(self, tx: &Tx<'_>) -> Result<()> {
        let mut rows = Rows::new(7, self.0.len());
        for ((day, account, kind, domain, reason, permanence), n) in &self.0 {
            rows.push(args![*day, *account, *kind, domain, reason, *permanence, *n]);
        }
        tx.bulk(&ADD, &rows).map(drop)
    }
}

impl Store {
    /// How many mails lie in mailboxes for sent mail, by day (its first millisecond), as the scope allows; `None` where no
    /// such mailbox has any mail, so that nobody knows.
    ///
    /// # Errors
    /// Those of the database.
    pub fn sent_mails(&self, scope: &Scope, since: UnixMillis) -> Result<Option<Vec<(UnixMillis, u64)>>> {
        self.read(|tx| {
            let accounts = self.account_keys(tx, scope)?;
            let mut mailboxes = tx.query(&SENT_MAILBOXES, &[Arg::Ints(&accounts)], |row| row.int(0))?;
            if mailboxes.is_empty() {
                return Ok(None);
            }
            // What was deleted here since was sent all the same.
            mailboxes.extend(mailboxes.clone().into_iter().map(bin));
            let args = [Arg::Ints(&mailboxes), Arg::Int(since.0.div_euclid(DAY_MS))];
            let days = tx.query(&SENT, &args, |row| {
                Ok((UnixMillis(row.int(0)?.saturating_mul(DAY_MS)), row.uint(1)?))
            })?;
            Ok(Some(days))
        })
    }

    /// How many addresses something was reported of since a time.
    ///
    /// # Errors
    /// Those of the database.
    pub fn affected_addresses(&self, since: UnixMillis) -> Result<u64> {
        self.read(|tx| tx.int(&AFFECTED, &[since.into()]).map(i64::unsigned_abs))
    }

    /// The same for these domains; those without any are left out.
    ///
    /// # Errors
    /// Those of the database.
    pub fn affected_by_domain(&self, domains: &[&str], since: UnixMillis) -> Result<BTreeMap<String, u64>> {
        let mut unique = domains.to_vec();
        unique.sort_unstable();
        unique.dedup();
        let mut rows = Rows::new(2, unique.len());
        for domain in unique.into_iter().filter(|domain| !domain.is_empty()) {
            rows.push(args![domain, since]);
        }
        let found =
            self.read(|tx| tx.bulk_query(&AFFECTED_OF, &rows, |row| Ok((row.text(0)?, row.uint(1)?))))?;
        Ok(found.into_iter().collect())
    }

    fn account_keys(&self, tx: &Tx<'_>, scope: &Scope) -> Result<Vec<i64>> {
        match self.keys().scope(tx, scope)? {
            ScopeKeys::Accounts(keys, _) => Ok(keys),
            ScopeKeys::All => tx.query(&ACCOUNTS, &[], |row| row.int(0)),
        }
    }

    /// Numbers since a time, as the scope allows; `limit` bounds sums by domain and reason.
    ///
    /// # Errors
    /// Those of the database.
    pub fn feedback_counts(
        &self,
        scope: &Scope,
        since: UnixMillis,
        by: SumBy,
        limit: usize,
    ) -> Result<Vec<FeedbackCount>> {
        let day = since.0.div_euclid(DAY_MS) * DAY_MS;
        self.read(|tx| {
            let keys = self.account_keys(tx, scope)?;
            let read = |row: &crate::value::Row<'_>| {
                Ok(FeedbackCount {
                    day: row.time(0)?,
                    kind: standing_events::kind(row.int(1)?, row.int(2)?, 0, None)?,
                    domain: row.text(3)?,
                    reason: row.text(4)?,
                    n: row.uint(5)?,
                })
            };
            let (day, keys, limit) = (Arg::Int(day), Arg::Ints(&keys), Arg::Int(limit as i64));
            match by {
                SumBy::Day => tx.query(&BY_DAY, &[day, keys], read),
                SumBy::Domain => tx.query(&BY_DOMAIN, &[day, keys, limit], read),
                SumBy::Reason => tx.query(&BY_REASON, &[day, keys, limit], read),
            }
        })
    }
}
