//! What people type into the search box, read into a tree.

mod date;
mod parse;
mod size;

use jiff::tz::TimeZone;
use model::{AccountId, Kind, UnixMillis};

use crate::analyze::{Analyzer, Class, Word};

/// A query that was understood.
#[derive(Clone, Debug)]
pub struct Query {
    pub(crate) root: Node,
    pub(crate) zone: TimeZone,
    /// It says something of deleted messages; otherwise none are found.
    pub(crate) of_deleted: bool,
    unsupported: Vec<Unsupported>,
}

/// A filter whose data does not exist yet; it matches nothing.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Unsupported {
    /// The word, such as `category:` or `is:done`.
    pub word: &'static str,
    /// Where it stands in the query, characters.
    pub at: usize,
}

/// Why a query was not understood.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{key} at character {at}: {value:?}")]
pub struct QueryError {
    /// Stable key of the message for people.
    pub key: &'static str,
    /// Where in the query, characters (Unicode scalar values) from 0.
    pub at: usize,
    /// What stands there.
    pub value: String,
}

/// Keys of [`QueryError`].
pub mod key {
    /// A query word without a value: `from:`.
    pub const VALUE_MISSING: &str = "query.value_missing";
    /// A value the word does not have: `has:beard`.
    pub const VALUE_UNKNOWN: &str = "query.value_unknown";
    /// No account of this name is readable.
    pub const ACCOUNT_UNKNOWN: &str = "query.account_unknown";
    /// There is no group of this name.
    pub const GROUP_UNKNOWN: &str = "query.group_unknown";
    /// Not a date.
    pub const DATE_UNREADABLE: &str = "query.date_unreadable";
    /// Not a size.
    pub const SIZE_UNREADABLE: &str = "query.size_unreadable";
    /// Longer than 4,096 octets.
    pub const TOO_LONG: &str = "query.too_long";
    /// Parentheses deeper than 16.
    pub const TOO_DEEP: &str = "query.too_deep";
    /// More than 64 words.
    pub const TOO_MANY_WORDS: &str = "query.too_many_words";
}

/// What reading a query needs to know of the world.
pub struct Context<'a> {
    /// The user's zone: days begin and end there.
    pub zone: &'a TimeZone,
    /// What `today` is.
    pub now: UnixMillis,
    /// Readable accounts of this name or address, any case; none if there is no such account for this user.
    pub accounts: &'a dyn Fn(&str) -> Vec<AccountId>,
    /// Keys of groups of this name or address, any case.
    pub groups: &'a dyn Fn(&str) -> Vec<i64>,
}

impl Query {
    /// Reads a query.
    ///
    /// Understood: words, `"phrases"`, `word*`, `-` excludes, `OR` between neighbours, parentheses, and
    /// `from: to: subject: body: file: has:attachment has:invoice invoice: kind: account: group: tag: is:unread is:deleted is:spam before: after: on: larger:`.
    /// Deleted messages are found only where the query says `is:deleted`.
    /// Words of the contract whose data does not exist yet are reported by [`Query::unsupported`] and match nothing;
    /// `anything:else` is searched as text. Quotes and parentheses left open end with the query.
    /// `after:` includes the day named, `before:` does not; a month or year stands for all its days.
    ///
    /// # Errors
    /// A value that its word does not have, or a query beyond the limits; see [`key`].
    pub fn parse(text: &str, context: &Context<'_>) -> Result<Self, QueryError> {
        parse::parse(text, context)
    }

    /// Filters in it that match nothing because their data does not exist yet.
    pub fn unsupported(&self) -> &[Unsupported] {
        &self.unsupported
    }

    /// Nothing was asked for: every mail matches.
    pub fn is_empty(&self) -> bool {
        matches!(&self.root, Node::All(nodes) if nodes.is_empty())
    }
}

/// A node of the tree.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Node {
    /// All of them; none: everything.
    All(Vec<Node>),
    /// At least one.
    Any(Vec<Node>),
    /// What does not match.
    Not(Box<Node>),
    /// Words in a field.
    Words(Place, Words),
    Kind(Kind),
    HasAttachment,
    Unread,
    Deleted,
    Spam,
    /// A term of the labels.
    Tag(u64),
    /// At least one of these labels.
    Labels(Vec<u64>),
    /// Filed under this record.
    Record(u64),
    Account(Vec<AccountId>),
    /// Milliseconds: from (inclusive), until (exclusive).
    Date(Option<i64>, Option<i64>),
    /// More octets than these.
    Larger(u64),
    /// Matches nothing.
    Nothing,
}

/// Where words are looked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Place {
    Anywhere,
    From,
    To,
    Subject,
    Body,
    File,
}

/// A word or phrase as the index knows it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Words {
    /// In order; more than one stand side by side. Never empty.
    pub parts: Vec<String>,
    /// The only word consists of letters: has stems.
    pub plain: bool,
    /// The code or address as a whole, and without connectors.
    pub whole: Vec<String>,
    /// The last word, or the whole, is only the beginning of one.
    pub prefix: bool,
    /// Was a phrase in quotes: no other forms of the words are looked for.
    pub exact: bool,
    /// As a `Message-ID`, if it looks like one.
    pub message_id: Option<u64>,
}

impl Words {
    /// Analyses what stands between blanks or quotes; `None` if there is nothing to find in it.
    pub(crate) fn of(text: &str, prefix: bool, exact: bool) -> Option<Self> {
        let mut parts = Vec::new();
        let mut plain = false;
        let mut wholes: Vec<(usize, usize, String)> = Vec::new();
        let (mut from, mut to) = (usize::MAX, 0);
        Analyzer::default().analyze(text, &mut |word: Word<'_>| {
            from = from.min(word.from);
            to = to.max(word.to);
            match word.class {
                Class::Word | Class::Plain => {
                    plain = word.class == Class::Word;
                    parts.push(word.text.to_owned());
                }
                // The spelling with `e` finds both.
                Class::Alternative => {}
                Class::Whole | Class::Squashed => wholes.push((word.from, word.to, word.text.to_owned())),
            }
        });
        if parts.is_empty() {
            return None;
        }
        // Parts of a longer text are words like others; and of an address only the whole is the whole.
        let at = text.contains('@');
        wholes.retain(|(start, end, whole)| *start == from && *end == to && (!at || whole.contains('@')));
        let id = text.trim_matches(['<', '>']);
        Some(Self {
            plain: plain && parts.len() == 1,
            parts,
            whole: wholes.into_iter().map(|(_, _, whole)| whole).collect(),
            prefix,
            exact,
            message_id: (at && !id.contains(' ')).then(|| crate::schema::label::message_id(id)),
        })
    }
}
