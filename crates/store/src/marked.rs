//! Messages of lists by what entries know nothing of: tags, and whether they count as spam.

use crate::db::Tx;
use crate::error::Result;
use crate::lists::{ListOrder, MessageCursor};
use crate::sql::{Sql, statements};
use crate::value::{Arg, args};

statements! {
    TAGGED_NEWER = "SELECT DISTINCT e.date, e.message_seq FROM message_tags t JOIN mails m ON m.seq = t.message \
        JOIN entries e ON e.list = ANY($6) AND e.date = COALESCE(m.date, 0) AND e.message_seq = m.seq \
        WHERE t.tag = $1 AND e.class = ANY($7) AND (e.date, e.message_seq) < ($2, $3) \
        ORDER BY e.date DESC, e.message_seq DESC LIMIT $4 OFFSET $5";
    TAGGED_OLDER = "SELECT DISTINCT e.date, e.message_seq FROM message_tags t JOIN mails m ON m.seq = t.message \
        JOIN entries e ON e.list = ANY($6) AND e.date = COALESCE(m.date, 0) AND e.message_seq = m.seq \
        WHERE t.tag = $1 AND e.class = ANY($7) AND (e.date, e.message_seq) > ($2, $3) \
        ORDER BY e.date, e.message_seq LIMIT $4 OFFSET $5";
    TAGGED = "SELECT COUNT(DISTINCT e.message_seq) FROM message_tags t JOIN mails m ON m.seq = t.message \
        JOIN entries e ON e.list = ANY($2) AND e.date = COALESCE(m.date, 0) AND e.message_seq = m.seq \
        WHERE t.tag = $1 AND e.class = ANY($3) AND e.date >= $4 AND e.date < $5";
    SUSPECTED_NEWER = "SELECT s.date, s.message FROM suspicions s WHERE s.spam = 1 AND (s.date, s.message) < ($1, $2) \
        AND EXISTS (SELECT 1 FROM entries e \
        WHERE e.list = ANY($5) AND e.date = s.date AND e.message_seq = s.message AND e.class = ANY($6)) \
        AND (EXISTS (SELECT 1 FROM message_tags t WHERE t.message = s.message AND t.tag = $7) OR $7 = 0) \
        ORDER BY s.date DESC, s.message DESC LIMIT $3 OFFSET $4";
    SUSPECTED_OLDER = "SELECT s.date, s.message FROM suspicions s WHERE s.spam = 1 AND (s.date, s.message) > ($1, $2) \
        AND EXISTS (SELECT 1 FROM entries e \
        WHERE e.list = ANY($5) AND e.date = s.date AND e.message_seq = s.message AND e.class = ANY($6)) \
        AND (EXISTS (SELECT 1 FROM message_tags t WHERE t.message = s.message AND t.tag = $7) OR $7 = 0) \
        ORDER BY s.date, s.message LIMIT $3 OFFSET $4";
    SUSPECTED = "SELECT COUNT(*) FROM suspicions s WHERE s.spam = 1 AND EXISTS (SELECT 1 FROM entries e \
        WHERE e.list = ANY($1) AND e.date = s.date AND e.message_seq = s.message AND e.class = ANY($2)) \
        AND (EXISTS (SELECT 1 FROM message_tags t WHERE t.message = s.message AND t.tag = $3) OR $3 = 0) AND s.date >= $4 AND s.date < $5";
}

/// What entries know nothing of.
#[derive(Clone, Copy)]
pub(crate) enum Mark {
    /// The key of a tag.
    Tag(i64),
    /// Counts as spam, and has this tag, unless that is 0.
    Spam { tag: i64 },
}

/// The messages of lists that bear a mark: all that bear it are looked at.
pub(crate) struct Marked<'a> {
    pub(crate) by: Mark,
    pub(crate) lists: &'a [i64],
    pub(crate) classes: Vec<i64>,
}

impl Marked<'_> {
    pub(crate) fn total(&self, tx: &Tx<'_>, (from, until): (i64, i64)) -> Result<i64> {
        let (lists, classes) = (Arg::Ints(self.lists), Arg::Ints(&self.classes));
        let (statement, args) = match self.by {
            Mark::Tag(tag) => (&TAGGED, [tag.into(), lists, classes, from.into(), until.into()]),
            Mark::Spam { tag } => (&SUSPECTED, [lists, classes, tag.into(), from.into(), until.into()]),
        };
        Ok(tx.first(statement, &args, |row| row.int(0))?.unwrap_or_default())
    }

    pub(crate) fn page(
        &self,
        tx: &Tx<'_>,
        order: ListOrder,
        from: MessageCursor,
        skip: u64,
        count: usize,
    ) -> Result<Vec<MessageCursor>> {
        let (lists, classes) = (Arg::Ints(self.lists), Arg::Ints(&self.classes));
        let page = args![from.date, from.seq, count as i64, skip];
        let ([newer, older], args): ([&'static Sql; 2], Vec<Arg<'_>>) = match self.by {
            Mark::Tag(tag) => {
                let args = std::iter::once(tag.into()).chain(page).chain([lists, classes]);
                ([&TAGGED_NEWER, &TAGGED_OLDER], args.collect())
            }
            Mark::Spam { tag } => {
                let args = page.into_iter().chain([lists, classes, tag.into()]);
                ([&SUSPECTED_NEWER, &SUSPECTED_OLDER], args.collect())
            }
        };
        let statement = match order {
            ListOrder::Descending => newer,
            ListOrder::Ascending => older,
        };
        tx.query(statement, &args, |row| Ok(MessageCursor { date: row.time(0)?, seq: row.int(1)? }))
    }
}
