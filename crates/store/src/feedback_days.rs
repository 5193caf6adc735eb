//! How many reports there were: by day, domain, reason, permanence.

use std::collections::BTreeMap;

use model::{Scope, UnixMillis};
use standing::{EventKind, Reported};

use crate::db::Tx;
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
            let keys = match self.keys().scope(tx, scope)? {
                ScopeKeys::Accounts(keys) => keys,
                ScopeKeys::All => tx.query(&ACCOUNTS, &[], |row| row.int(0))?,
            };
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
