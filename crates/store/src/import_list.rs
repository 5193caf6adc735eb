//! The import list: what linking could not decide and no person has yet, by reason.

use std::collections::HashMap;

use link::{Outcome, StepName};
use model::{Kind, Scope, UnixMillis};

use crate::codec::kind_code;
use crate::db::Tx;
use crate::error::Result;
use crate::message_links::{self, MessageLinks};
use crate::record_mails::lists;
use crate::rows::MessageRow;
use crate::sql::statements;
use crate::store::Store;
use crate::value::{Arg, Rows, args};

/// Open decisions looked at for one answer, so that a narrow scope never waits for all of them.
const LOOK_MAX: i64 = 20_000;

/// Why a mail waits for a person.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum OpenReason {
    /// More than one order.
    Order,
    /// More than one quote.
    Quote,
    /// More than one contact.
    Contact,
    /// Nothing certain, but a suggestion.
    Suggested,
    /// Nothing found.
    None,
}

impl OpenReason {
    /// Every reason, the most urgent first.
    pub const ALL: [Self; 5] = [Self::Order, Self::Quote, Self::Contact, Self::Suggested, Self::None];

    /// The word in JSON.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Order => "order",
            Self::Quote => "quote",
            Self::Contact => "contact",
            Self::Suggested => "suggested",
            Self::None => "none",
        }
    }

    /// The reason of this word, if it is one.
    pub fn from_word(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|reason| reason.as_str() == word)
    }

    /// Outcome, first and last step, and whether it has suggestions (-1: either).
    fn bounds(self) -> [i64; 4] {
        let ambiguous =
            |first: StepName, last: StepName| [Outcome::Ambiguous as i64, first as i64, last as i64, -1];
        match self {
            Self::Order => ambiguous(StepName::S2a, StepName::S2c),
            Self::Quote => ambiguous(StepName::S3a, StepName::S3c),
            Self::Contact => ambiguous(StepName::S4a, StepName::S4b),
            Self::Suggested => [Outcome::None as i64, 0, StepName::S4b as i64, 1],
            Self::None => [Outcome::None as i64, 0, StepName::S4b as i64, 0],
        }
    }
}

/// Which mails of the list.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct OpenFilter {
    /// Of this kind.
    pub kind: Option<Kind>,
    /// Mails that our own accounts wrote, too.
    pub own: bool,
}

/// A mail that waits.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OpenMail {
    /// Its row.
    pub row: MessageRow,
    /// What is known of its links.
    pub links: MessageLinks,
    /// When it came here.
    pub since: UnixMillis,
}

/// A page of the list.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct OpenPage {
    /// The latest first.
    pub mails: Vec<OpenMail>,
    /// Number of the message behind which the next page begins.
    pub next: Option<i64>,
}

/// Of decisions `d` and mails `m`: what the reason, the filter and the scope let through.
macro_rules! open {
    ($select:literal, $rest:literal) => {
        concat!(
            "SELECT ",
            $select,
            " FROM (SELECT message, step, since FROM decisions WHERE person = 0 AND outcome > 1 AND outcome = $1 \
             AND message < $2 ORDER BY message DESC LIMIT $3) d JOIN mails m ON m.seq = d.message \
             WHERE d.step >= $4 AND d.step <= $5 AND ($6 < 0 OR m.kind = $6) \
             AND ($7 < 0 OR ($7 = 1) = EXISTS (SELECT 1 FROM link_suggestions s WHERE s.message = d.message \
             AND NOT EXISTS (SELECT 1 FROM links l WHERE l.message = s.message AND l.record = s.record))) \
             AND EXISTS (SELECT 1 FROM entries e WHERE e.list = ANY($8) AND e.date = m.date AND e.message_seq = m.seq) \
             AND NOT EXISTS (SELECT 1 FROM mail_addresses a WHERE a.seq = d.message AND a.role = 0 \
             AND a.address = ANY($9))",
            $rest
        )
    };
}

statements! {
    COUNT = open!("COUNT(*)", "");
    PAGE = open!("d.message, d.since", " ORDER BY d.message DESC LIMIT $10");
    LOOKED = "SELECT MIN(message), COUNT(*) FROM (SELECT message FROM decisions WHERE person = 0 AND outcome > 1 \
        AND outcome = $1 AND message < $2 ORDER BY message DESC LIMIT $3) d";
    OWN = "SELECT address FROM accounts WHERE address IS NOT NULL";
    ADDRESS_KEYS [Text] = "WITH v(folded) AS ({rows}) SELECT a.key FROM v JOIN addresses a ON a.folded = v.folded";
    QUARANTINED = "SELECT COUNT(*) FROM (SELECT m.seq FROM mails m JOIN placements p ON p.seq = m.seq \
        JOIN mailboxes b ON b.key = p.mailbox WHERE m.stage = 2 AND ($1 = 1 OR b.account = ANY($2)) \
        GROUP BY m.seq LIMIT $3) c";
}

/// Keys of the addresses our accounts write from.
fn own_addresses(tx: &Tx<'_>) -> Result<Vec<i64>> {
    let own = tx.query(&OWN, &[], |row| Ok(row.text(0)?.to_lowercase()))?;
    let mut rows = Rows::new(1, own.len());
    for address in own.iter().filter(|address| address.contains('@')) {
        rows.push(args![address]);
    }
    tx.bulk_query(&ADDRESS_KEYS, &rows, |row| row.int(0))
}

impl Store {
    /// How many mails wait for each reason; at least so many where `LOOK_MAX` is reached, which the flag says.
    ///
    /// # Errors
    /// Those of the database.
    pub fn open_counts(&self, scope: &Scope, filter: OpenFilter) -> Result<Vec<(OpenReason, u64, bool)>> {
        self.read(|tx| {
            let lists = lists(&self.keys().scope(tx, scope)?);
            let own = if filter.own { Vec::new() } else { own_addresses(tx)? };
            let kind = filter.kind.map_or(-1, kind_code);
            let mut counts = Vec::with_capacity(OpenReason::ALL.len());
            for reason in OpenReason::ALL {
                let [outcome, first, last, suggested] = reason.bounds();
                let mut args = args![outcome, i64::MAX, LOOK_MAX, first, last, kind, suggested].to_vec();
                args.extend([Arg::Ints(&lists), Arg::Ints(&own)]);
                let count = tx.int(&COUNT, &args)?;
                let looked = tx.first(&LOOKED, &args![outcome, i64::MAX, LOOK_MAX], |row| row.int(1))?;
                counts.push((reason, count.unsigned_abs(), looked == Some(LOOK_MAX)));
            }
            Ok(counts)
        })
    }

    /// How many mails could not be taken apart, as far as the scope allows; at most `limit` are counted.
    ///
    /// # Errors
    /// Those of the database.
    pub fn quarantined_count(&self, scope: &Scope, limit: usize) -> Result<u64> {
        self.read(|tx| {
            let keys = self.keys().scope(tx, scope)?;
            let lists = lists(&keys);
            let all = keys == crate::keys::ScopeKeys::All;
            let args = [all.into(), Arg::Ints(&lists), (limit as i64).into()];
            Ok(tx.int(&QUARANTINED, &args)?.unsigned_abs())
        })
    }

    /// Mails that wait for this reason, below the number `before` (`None`: from the latest). A page may hold fewer than
    /// `limit` mails, or none, although there are more.
    ///
    /// # Errors
    /// Those of the database.
    pub fn open_mails(
        &self,
        scope: &Scope,
        reason: OpenReason,
        filter: OpenFilter,
        before: Option<i64>,
        limit: usize,
    ) -> Result<OpenPage> {
        self.read(|tx| {
            let keys = self.keys().scope(tx, scope)?;
            let lists = lists(&keys);
            let own = if filter.own { Vec::new() } else { own_addresses(tx)? };
            let [outcome, first, last, suggested] = reason.bounds();
            let before = before.unwrap_or(i64::MAX);
            let kind = filter.kind.map_or(-1, kind_code);
            let mut args = args![outcome, before, LOOK_MAX, first, last, kind, suggested].to_vec();
            args.extend([Arg::Ints(&lists), Arg::Ints(&own), (limit as i64 + 1).into()]);
            let mut found = tx.query(&PAGE, &args, |row| Ok((row.int(0)?, row.time(1)?)))?;
            let next = if found.len() > limit {
                found.truncate(limit);
                found.last().map(|(message, _)| *message)
            } else {
                let looked = tx.first(&LOOKED, &args![outcome, before, LOOK_MAX], |row| {
                    Ok((row.opt_int(0)?, row.int(1)?))
                })?;
                looked.filter(|(_, count)| *count == LOOK_MAX).and_then(|(lowest, _)| lowest)
            };
            let messages: Vec<i64> = found.iter().map(|(message, _)| *message).collect();
            let since: HashMap<i64, UnixMillis> = found.into_iter().collect();
            let mut links = message_links::of_messages(tx, &messages)?;
            let mails = self.rows(tx, &keys, &messages)?.into_iter().map(|row| OpenMail {
                links: links.remove(&row.seq).unwrap_or_default(),
                since: since.get(&row.seq).copied().unwrap_or_default(),
                row,
            });
            Ok(OpenPage { mails: mails.collect(), next })
        })
    }
}
