//! How well linking does: shares of mails over a period.

use model::{How, Scope, UnixMillis};

use crate::error::Result;
use crate::message_links::how;
use crate::record_mails::lists;
use crate::sql::statements;
use crate::store::Store;
use crate::value::Arg;

/// Mails that came here within a period, by what became of them. The first four are all of them.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct LinkStatistics {
    /// Something of their own was found.
    pub linked: u64,
    /// An earlier mail handed over its links.
    pub inherited: u64,
    /// More than one record would fit.
    pub ambiguous: u64,
    /// Nothing was found.
    pub none: u64,
    /// A person set a link that is still there.
    pub by_hand: u64,
    /// A person removed a link that a rule had set.
    pub corrected: u64,
    /// A person said that they need no link.
    pub needless: u64,
    /// Links set by rules, by how, also those removed since; in the order of [`How::ALL`].
    pub hows: Vec<HowCount>,
}

/// Links that rules set in one way.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct HowCount {
    /// The way.
    pub how: How,
    /// Links.
    pub links: u64,
    /// Of those, removed by a person.
    pub removed: u64,
}

/// Decisions `d` of the period, on mails `m` the scope allows.
macro_rules! within {
    ($select:literal, $join:literal, $rest:literal) => {
        concat!(
            "SELECT ",
            $select,
            " FROM decisions d JOIN mails m ON m.seq = d.message ",
            $join,
            " WHERE d.since >= $1 AND d.since < $2 AND EXISTS (SELECT 1 FROM entries e \
             WHERE e.list = ANY($3) AND e.date = m.date AND e.message_seq = m.seq) ",
            $rest
        )
    };
}

statements! {
    OUTCOMES = within!("d.outcome, COUNT(*)", "", "GROUP BY d.outcome");
    HOWS = within!("l.how, COUNT(*), SUM(CASE WHEN l.removed IS NULL THEN 0 ELSE 1 END)",
        "JOIN links l ON l.message = d.message", "AND l.rule = 1 AND COALESCE(l.remover, '') <> 'rule' GROUP BY l.how ORDER BY l.how");
    BY_HAND = within!("COUNT(DISTINCT d.message)", "JOIN links l ON l.message = d.message",
        "AND l.rule = 0 AND l.removed IS NULL");
    CORRECTED = within!("COUNT(DISTINCT d.message)", "JOIN links l ON l.message = d.message",
        "AND l.rule = 1 AND l.removed IS NOT NULL AND l.remover <> 'rule'");
    NEEDLESS = within!("COUNT(*)", "", "AND d.person = 1 AND NOT EXISTS (SELECT 1 FROM links l \
        WHERE l.message = d.message AND l.removed IS NULL)");
}

impl Store {
    /// Of mails that came here from `from` until before `until`.
    ///
    /// # Errors
    /// Those of the database.
    pub fn link_statistics(
        &self,
        scope: &Scope,
        from: UnixMillis,
        until: UnixMillis,
    ) -> Result<LinkStatistics> {
        self.read(|tx| {
            let lists = lists(&self.keys().scope(tx, scope)?);
            let period = [from.into(), until.into(), Arg::Ints(&lists)];
            let outcomes = tx.query(&OUTCOMES, &period, |row| Ok((row.int(0)?, row.uint(1)?)))?;
            let of = |code: i64| outcomes.iter().find(|(outcome, _)| *outcome == code).map_or(0, |(_, n)| *n);
            let count = |sql| Ok::<u64, crate::StoreError>(tx.int(sql, &period)?.unsigned_abs());
            Ok(LinkStatistics {
                linked: of(0),
                inherited: of(1),
                ambiguous: of(2),
                none: of(3),
                by_hand: count(&BY_HAND)?,
                corrected: count(&CORRECTED)?,
                needless: count(&NEEDLESS)?,
                hows: tx.query(&HOWS, &period, |row| {
                    Ok(HowCount { how: how(row.int(0)?)?, links: row.uint(1)?, removed: row.uint(2)? })
                })?,
            })
        })
    }
}
