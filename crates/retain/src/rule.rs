//! Which mails a rule is for.

use std::fmt::Write as _;

use model::{Kind, RecordKind};

/// What a rule looks at. Every list that is not empty must have one that fits; without any condition it fits nothing.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Conditions {
    /// Kinds of mail.
    pub kinds: Vec<Kind>,
    /// Keys of categories.
    pub tags: Vec<i64>,
    /// Accounts, as UUIDs in their usual form.
    pub accounts: Vec<String>,
    /// Kinds of records it is filed under.
    pub records: Vec<RecordKind>,
    /// Senders, lower case: addresses, or `@domain`, which holds for what is below it too.
    pub senders: Vec<String>,
    /// There is an invoice in it that was recognised.
    pub invoice: bool,
}

/// What is known of a mail.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Facts<'a> {
    /// What it is.
    pub kind: Kind,
    /// Keys of its categories.
    pub tags: &'a [i64],
    /// Accounts it lies in.
    pub accounts: &'a [String],
    /// Kinds of records it is filed under.
    pub records: &'a [RecordKind],
    /// Senders, lower case.
    pub senders: &'a [String],
    /// There is an invoice in it.
    pub invoice: bool,
}

/// A line of conditions that says nothing known.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct UnreadableConditions;

impl Conditions {
    /// Whether it says anything at all.
    pub fn is_empty(&self) -> bool {
        *self == Self::default()
    }

    /// Whether a mail is meant.
    pub fn fit(&self, facts: &Facts<'_>) -> bool {
        !self.is_empty()
            && (self.kinds.is_empty() || self.kinds.contains(&facts.kind))
            && any(&self.tags, facts.tags)
            && any(&self.accounts, facts.accounts)
            && any(&self.records, facts.records)
            && (self.senders.is_empty()
                || facts.senders.iter().any(|sender| self.senders.iter().any(|of| is_of(sender, of))))
            && (!self.invoice || facts.invoice)
    }

    /// One line for each condition: a word and its value.
    pub fn to_text(&self) -> String {
        let mut text = String::new();
        let mut line = |word: &str, value: &dyn std::fmt::Display| {
            let _ = writeln!(text, "{word} {value}");
        };
        self.kinds.iter().for_each(|kind| line("kind", &kind.as_str()));
        self.tags.iter().for_each(|tag| line("tag", tag));
        self.accounts.iter().for_each(|account| line("account", account));
        self.records.iter().for_each(|kind| line("record", &kind.as_str()));
        self.senders.iter().for_each(|sender| line("sender", sender));
        if self.invoice {
            line("invoice", &"yes");
        }
        text
    }

    /// What [`Conditions::to_text`] wrote.
    ///
    /// # Errors
    /// A line that says nothing known.
    pub fn of_text(text: &str) -> Result<Self, UnreadableConditions> {
        let mut conditions = Self::default();
        for line in text.lines() {
            let (word, value) = line.split_once(' ').ok_or(UnreadableConditions)?;
            match word {
                "kind" => conditions.kinds.push(Kind::from_word(value).ok_or(UnreadableConditions)?),
                "tag" => conditions.tags.push(value.parse().map_err(|_| UnreadableConditions)?),
                "account" => conditions.accounts.push(value.to_owned()),
                "record" => {
                    conditions.records.push(RecordKind::from_word(value).ok_or(UnreadableConditions)?);
                }
                "sender" => conditions.senders.push(value.to_owned()),
                "invoice" => conditions.invoice = true,
                _ => return Err(UnreadableConditions),
            }
        }
        Ok(conditions)
    }
}

fn any<T: PartialEq>(wanted: &[T], there: &[T]) -> bool {
    wanted.is_empty() || there.iter().any(|one| wanted.contains(one))
}

fn is_of(sender: &str, wanted: &str) -> bool {
    let Some(domain) = wanted.strip_prefix('@') else { return sender == wanted };
    let of = sender.rsplit_once('@').map_or("", |(_, of)| of);
    of == domain || of.strip_suffix(domain).is_some_and(|below| below.ends_with('.'))
}
