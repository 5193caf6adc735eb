//! A query tree becomes a tantivy query.

use std::ops::Bound;

use model::{AccountId, Scope};
use tantivy::Term;
use tantivy::query::{
    AllQuery, BooleanQuery, BoostQuery, ConstScoreQuery, EmptyQuery, Occur, PhraseQuery,
    Query as TantivyQuery, RangeQuery, TermQuery, TermSetQuery,
};
use tantivy::schema::IndexRecordOption;

use crate::prefix::PrefixQuery;
use crate::query::{Node, Place, Words};
use crate::schema::{ACCOUNT, DATE, LABEL, OCTETS, Origin, PART, Text, label};
use crate::stem::{Stems, Tongue};

type Boxed = Box<dyn TantivyQuery>;

/// Weight of another form of a word, against 1 for the word itself.
const STEM_WEIGHT: f32 = 0.05;
/// Weight of a compound that contains the word.
const PART_WEIGHT: f32 = 0.02;
/// Weight of a code found by its parts only.
const LOOSE_WEIGHT: f32 = 0.5;

/// The query for a tree.
pub(crate) fn compile(node: &Node) -> Boxed {
    Compiler { stems: Stems::default() }.node(node)
}

/// Leaves out what somebody deleted.
pub(crate) fn without_deleted(query: Boxed) -> Boxed {
    Box::new(BooleanQuery::new(vec![(Occur::Must, query), (Occur::MustNot, labelled(label::DELETED))]))
}

/// Restricts to the accounts of a scope; `None` if all may be read.
pub(crate) fn scope_filter(scope: &Scope) -> Option<Boxed> {
    match scope {
        Scope::All => None,
        Scope::Accounts(accounts) => Some(account_query(accounts)),
        Scope::Within(accounts, period) => {
            let dates = dates(period.from.map(|from| from.0), period.until.map(|until| until.0));
            let both = vec![(Occur::Must, account_query(accounts)), (Occur::Must, dates)];
            Some(Box::new(BooleanQuery::new(both)))
        }
    }
}

fn account_query(accounts: &[AccountId]) -> Boxed {
    let term = |account: &AccountId| Term::from_field_bytes(ACCOUNT, account.octets());
    match accounts {
        [] => Box::new(EmptyQuery),
        [account] => constant(Box::new(TermQuery::new(term(account), IndexRecordOption::Basic)), 0.0),
        _ => constant(Box::new(TermSetQuery::new(accounts.iter().map(term))), 0.0),
    }
}

/// Messages from one date on and before another, milliseconds.
fn dates(from: Option<i64>, until: Option<i64>) -> Boxed {
    let bound = |at: Option<i64>| at.map(|at| Term::from_field_i64(DATE, at));
    let from = bound(from).map_or(Bound::Unbounded, Bound::Included);
    let until = bound(until).map_or(Bound::Unbounded, Bound::Excluded);
    constant(Box::new(RangeQuery::new(from, until)), 0.0)
}

struct Compiler {
    stems: Stems,
}

impl Compiler {
    fn node(&mut self, node: &Node) -> Boxed {
        match node {
            Node::All(nodes) => self.all(nodes),
            Node::Any(nodes) => any(nodes.iter().map(|node| self.node(node)).collect()),
            Node::Not(inner) => {
                Box::new(BooleanQuery::new(vec![everything(), (Occur::MustNot, self.node(inner))]))
            }
            Node::Words(place, words) => self.words(*place, words),
            Node::Kind(kind) => labelled(label::kind(*kind)),
            Node::HasAttachment => labelled(label::ATTACHMENT),
            Node::Unread => labelled(label::UNREAD),
            Node::Deleted => labelled(label::DELETED),
            Node::Spam => labelled(label::SPAM),
            Node::Tag(label) | Node::Record(label) => labelled(*label),
            Node::Labels(labels) => any(labels.iter().copied().map(labelled).collect()),
            Node::Account(accounts) => account_query(accounts),
            Node::Date(from, until) => dates(*from, *until),
            Node::Larger(octets) => {
                let from = Bound::Excluded(Term::from_field_u64(OCTETS, *octets));
                constant(Box::new(RangeQuery::new(from, Bound::Unbounded)), 0.0)
            }
            Node::Nothing => Box::new(EmptyQuery),
        }
    }

    fn all(&mut self, nodes: &[Node]) -> Boxed {
        match nodes {
            [] => constant(Box::new(AllQuery), 0.0),
            [node] => self.node(node),
            _ => {
                let mut clauses: Vec<(Occur, Boxed)> = nodes
                    .iter()
                    .map(|node| match node {
                        Node::Not(inner) => (Occur::MustNot, self.node(inner)),
                        node => (Occur::Must, self.node(node)),
                    })
                    .collect();
                if clauses.iter().all(|(occur, _)| *occur == Occur::MustNot) {
                    clauses.push(everything());
                }
                Box::new(BooleanQuery::new(clauses))
            }
        }
    }

    fn words(&mut self, place: Place, words: &Words) -> Boxed {
        let (texts, origins) = place.texts();
        let mut found: Vec<Boxed> = Vec::new();
        for whole in &words.whole {
            if words.prefix {
                found.push(prefixed(texts, whole));
            }
            for text in texts {
                found.push(term(*text, whole, 2.0 * text.weight()));
            }
        }
        match words.parts.as_slice() {
            [word] if words.prefix => found.push(prefixed(texts, word)),
            [word] => {
                for text in texts {
                    found.push(term(*text, word, text.weight()));
                }
                if words.plain && !words.exact {
                    self.forms(word, texts, origins, &mut found);
                }
            }
            // A beginning behind other words: what stands before it as a phrase, and the beginning anywhere.
            [before @ .., last] if words.prefix => {
                let clauses =
                    vec![(Occur::Must, side_by_side(texts, before)), (Occur::Must, prefixed(texts, last))];
                found.push(Box::new(BooleanQuery::new(clauses)));
            }
            several => found.push(side_by_side(texts, several)),
        }
        if place == Place::Anywhere
            && let Some(id) = words.message_id
        {
            found.push(labelled(id));
        }
        any(found)
    }

    /// Other forms of a word, and compounds it is part of.
    fn forms(&mut self, word: &str, texts: &[Text], origins: &[Origin], found: &mut Vec<Boxed>) {
        if word.len() < 3 || origins.is_empty() {
            return;
        }
        let german = self.stems.stem(word, Tongue::German);
        let english = self.stems.stem(word, Tongue::English);
        let mut stems = vec![german.as_str()];
        if english != german {
            stems.push(&english);
        }
        for stem in stems {
            for origin in origins {
                found.push(more(*origin, stem, STEM_WEIGHT));
            }
            // A stem that is a word itself stands in the fields only.
            if stem != word {
                for text in texts {
                    let exact =
                        TermQuery::new(Term::from_field_text(text.field(), stem), IndexRecordOption::Basic);
                    found.push(Box::new(BoostQuery::new(Box::new(exact), STEM_WEIGHT * text.weight())));
                }
            }
        }
        for origin in origins {
            found.push(more(*origin, &format!("{PART}{german}"), PART_WEIGHT));
        }
    }
}

impl Place {
    /// Fields to look into, and where stems may come from.
    fn texts(self) -> (&'static [Text], &'static [Origin]) {
        match self {
            Self::Anywhere => (
                &[Text::Subject, Text::From, Text::To, Text::Body, Text::Aside, Text::File, Text::Attached],
                &Origin::ALL,
            ),
            Self::From => (&[Text::From], &[]),
            Self::To => (&[Text::To], &[]),
            Self::Subject => (&[Text::Subject], &[Origin::Subject]),
            Self::Body => (&[Text::Body, Text::Aside], &[Origin::Body]),
            Self::File => (&[Text::File, Text::Attached], &[Origin::Attached]),
        }
    }
}

fn term(text: Text, word: &str, weight: f32) -> Boxed {
    let query = TermQuery::new(Term::from_field_text(text.field(), word), IndexRecordOption::WithFreqs);
    Box::new(BoostQuery::new(Box::new(query), weight))
}

fn more(origin: Origin, stem: &str, weight: f32) -> Boxed {
    let term = Term::from_field_text(origin.stems().field(), stem);
    Box::new(BoostQuery::new(Box::new(TermQuery::new(term, IndexRecordOption::Basic)), weight))
}

fn side_by_side(texts: &[Text], words: &[String]) -> Boxed {
    let phrases = texts.iter().map(|text| -> Boxed {
        if let [word] = words {
            return term(*text, word, text.weight());
        }
        let terms = words.iter().map(|word| Term::from_field_text(text.field(), word)).collect();
        Box::new(BoostQuery::new(Box::new(PhraseQuery::new(terms)), LOOSE_WEIGHT * text.weight()))
    });
    any(phrases.collect())
}

fn prefixed(texts: &[Text], prefix: &str) -> Boxed {
    let fields = texts.iter().map(|text| text.field()).collect();
    Box::new(PrefixQuery { fields, prefix: prefix.to_owned() })
}

fn labelled(label: u64) -> Boxed {
    constant(Box::new(TermQuery::new(Term::from_field_u64(LABEL, label), IndexRecordOption::Basic)), 0.0)
}

fn everything() -> (Occur, Boxed) {
    (Occur::Must, constant(Box::new(AllQuery), 0.0))
}

fn constant(query: Boxed, score: f32) -> Boxed {
    Box::new(ConstScoreQuery::new(query, score))
}

fn any(mut queries: Vec<Boxed>) -> Boxed {
    match queries.len() {
        0 => Box::new(EmptyQuery),
        1 => queries.swap_remove(0),
        _ => Box::new(BooleanQuery::union(queries)),
    }
}
