//! The grammar: words, phrases, query words, `-`, `OR` and parentheses.

use model::{Kind, RecordKind};

use crate::schema::label;

use super::{Context, Node, Place, Query, QueryError, Unsupported, Words, date, key, size};

const OCTETS_MAX: usize = 4096;
const DEPTH_MAX: u8 = 16;
const WORDS_MAX: usize = 64;

/// Words of the contract and their German forms.
const FIELDS: &[(&str, Field)] = &[
    ("from", Field::Words(Place::From)),
    ("von", Field::Words(Place::From)),
    ("to", Field::Words(Place::To)),
    ("an", Field::Words(Place::To)),
    ("cc", Field::Words(Place::To)),
    ("subject", Field::Words(Place::Subject)),
    ("betreff", Field::Words(Place::Subject)),
    ("body", Field::Words(Place::Body)),
    ("text", Field::Words(Place::Body)),
    ("file", Field::Words(Place::File)),
    ("datei", Field::Words(Place::File)),
    ("has", Field::Has),
    ("hat", Field::Has),
    ("kind", Field::Kind),
    ("art", Field::Kind),
    ("account", Field::Account),
    ("konto", Field::Account),
    ("is", Field::Is),
    ("ist", Field::Is),
    ("before", Field::Before),
    ("vor", Field::Before),
    ("after", Field::After),
    ("ab", Field::After),
    ("on", Field::On),
    ("am", Field::On),
    ("larger", Field::Larger),
    ("größer", Field::Larger),
    ("groesser", Field::Larger),
    ("group", Field::Group),
    ("gruppe", Field::Group),
    ("category", Field::Later("category:")),
    ("kategorie", Field::Later("category:")),
    ("tag", Field::Tag),
    ("schlagwort", Field::Tag),
    ("order", Field::Record(RecordKind::Order)),
    ("bestellung", Field::Record(RecordKind::Order)),
    ("quote", Field::Record(RecordKind::Quote)),
    ("angebot", Field::Record(RecordKind::Quote)),
    ("item", Field::Record(RecordKind::Item)),
    ("artikel", Field::Record(RecordKind::Item)),
    ("invoice", Field::Invoice),
    ("rechnung", Field::Invoice),
    ("contact", Field::Record(RecordKind::Contact)),
    ("kontakt", Field::Record(RecordKind::Contact)),
];

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Field {
    Words(Place),
    Has,
    Kind,
    Account,
    Group,
    Tag,
    Record(RecordKind),
    Invoice,
    Is,
    Before,
    After,
    On,
    Larger,
    /// Its data does not exist yet.
    Later(&'static str),
}

pub(super) fn parse(text: &str, context: &Context<'_>) -> Result<Query, QueryError> {
    if text.len() > OCTETS_MAX {
        return Err(QueryError { key: key::TOO_LONG, at: 0, value: String::new() });
    }
    let mut parser =
        Parser { text, at: 0, words: 0, silent: 0, of_deleted: false, unsupported: Vec::new(), context };
    let mut nodes = Vec::new();
    while parser.at < text.len() {
        // A parenthesis that closes nothing is passed over.
        nodes.extend(parser.list(Place::Anywhere, 0)?);
        parser.at += parser.peek().map_or(0, char::len_utf8);
    }
    if nodes.is_empty() && parser.silent > 0 {
        nodes.push(Node::Nothing);
    }
    Ok(Query {
        root: Node::All(nodes),
        zone: context.zone.clone(),
        of_deleted: parser.of_deleted,
        unsupported: parser.unsupported,
    })
}

struct Parser<'a> {
    text: &'a str,
    /// Byte offset of what comes next.
    at: usize,
    words: usize,
    /// Words in which there is nothing to find.
    silent: usize,
    of_deleted: bool,
    unsupported: Vec<Unsupported>,
    context: &'a Context<'a>,
}

impl<'a> Parser<'a> {
    fn peek(&self) -> Option<char> {
        self.text[self.at..].chars().next()
    }

    /// Up to the end or a closing parenthesis, which is left.
    fn list(&mut self, place: Place, depth: u8) -> Result<Vec<Node>, QueryError> {
        let mut nodes: Vec<Node> = Vec::new();
        let mut or = false;
        while let Some(c) = self.peek() {
            if c == ')' {
                break;
            }
            if c.is_whitespace() {
                self.at += c.len_utf8();
                continue;
            }
            if self.operator(&["OR", "ODER"]) {
                or = !nodes.is_empty();
                continue;
            }
            if self.operator(&["AND", "UND"]) {
                continue;
            }
            let Some(node) = self.item(place, depth)? else { continue };
            match nodes.last_mut() {
                Some(Node::Any(alternatives)) if or => alternatives.push(node),
                Some(last) if or => {
                    let first = std::mem::replace(last, Node::Nothing);
                    *last = Node::Any(vec![first, node]);
                }
                // A group of alternatives in parentheses is not continued by a later `OR` elsewhere.
                _ => nodes.push(node),
            }
            or = false;
        }
        Ok(nodes)
    }

    /// Takes one of these words if it stands alone.
    fn operator(&mut self, words: &[&str]) -> bool {
        let rest = &self.text[self.at..];
        for word in words {
            if let Some(after) = rest.strip_prefix(word)
                && after.chars().next().is_none_or(|c| c.is_whitespace() || c == '(' || c == ')')
            {
                self.at += word.len();
                return true;
            }
        }
        false
    }

    /// One word, phrase, filter or group; always moves on. `None` if there is nothing to find in it.
    fn item(&mut self, place: Place, depth: u8) -> Result<Option<Node>, QueryError> {
        if self.peek() == Some('-') {
            self.at += 1;
            if self.peek().is_none_or(char::is_whitespace) {
                return Ok(None);
            }
            if depth >= DEPTH_MAX {
                return Err(self.error(key::TOO_DEEP, self.at, ""));
            }
            let node = self.item(place, depth + 1)?;
            return Ok(node.map(|node| Node::Not(Box::new(node))));
        }
        self.words += 1;
        if self.words > WORDS_MAX {
            return Err(self.error(key::TOO_MANY_WORDS, self.at, ""));
        }
        match self.peek() {
            Some('(') => self.group(place, depth),
            Some(c) if closing(c).is_some() => {
                let phrase = self.quoted();
                Ok(self.find(place, phrase, false, true))
            }
            _ => self.word(place, depth),
        }
    }

    fn group(&mut self, place: Place, depth: u8) -> Result<Option<Node>, QueryError> {
        if depth >= DEPTH_MAX {
            return Err(self.error(key::TOO_DEEP, self.at, ""));
        }
        self.at += 1;
        let mut nodes = self.list(place, depth + 1)?;
        if self.peek() == Some(')') {
            self.at += 1;
        }
        Ok(match nodes.len() {
            0 => None,
            // Wrapped, so that an `OR` behind the group does not continue the one inside.
            1 if !matches!(nodes[0], Node::Any(_)) => nodes.pop(),
            _ => Some(Node::All(nodes)),
        })
    }

    /// What stands in quotes, which are taken.
    fn quoted(&mut self) -> &'a str {
        let Some(open) = self.peek() else { return "" };
        let start = self.at + open.len_utf8();
        let ends = closing(open).unwrap_or_default();
        let end = self.text[start..].find(ends).map_or(self.text.len(), |end| start + end);
        self.at = end + self.text[end..].chars().next().map_or(0, char::len_utf8);
        &self.text[start..end]
    }

    /// Up to a blank, parenthesis or quote, none of which are taken.
    fn bare(&mut self) -> &'a str {
        let rest = &self.text[self.at..];
        let len = rest
            .find(|c: char| c.is_whitespace() || matches!(c, '(' | ')' | '"' | '„' | '“'))
            .unwrap_or(rest.len());
        self.at += len;
        &rest[..len]
    }

    fn word(&mut self, place: Place, depth: u8) -> Result<Option<Node>, QueryError> {
        let start = self.at;
        let word = self.bare();
        if let Some((name, value)) = word.split_once(':')
            && let Some(field) = field(name)
        {
            let at = start + name.len() + 1;
            if let Field::Words(place) = field
                && value.is_empty()
                && self.peek() == Some('(')
            {
                return self.group(place, depth);
            }
            let quoted = value.is_empty() && self.peek().is_some_and(|c| closing(c).is_some());
            let value = if quoted { self.quoted() } else { value };
            if value.trim().is_empty() {
                return Err(self.error(key::VALUE_MISSING, start, &self.text[start..at]));
            }
            return self.filter(field, value, start, at, quoted);
        }
        if word.is_empty() {
            // A stray closing quote.
            self.at += self.peek().map_or(0, char::len_utf8);
            return Ok(None);
        }
        Ok(self.find_word(place, word))
    }

    fn find_word(&mut self, place: Place, word: &str) -> Option<Node> {
        let stem = word.trim_end_matches('*');
        self.find(place, stem, stem.len() < word.len(), false)
    }

    fn find(&mut self, place: Place, text: &str, prefix: bool, exact: bool) -> Option<Node> {
        let words = Words::of(text, prefix, exact);
        if words.is_none() {
            self.silent += 1;
        }
        words.map(|words| Node::Words(place, words))
    }

    fn filter(
        &mut self,
        field: Field,
        value: &str,
        start: usize,
        at: usize,
        quoted: bool,
    ) -> Result<Option<Node>, QueryError> {
        let lower = value.to_lowercase();
        let unknown = |key| self.error(key, at, value);
        let day = || {
            date::parse(value, self.context.zone, self.context.now)
                .ok_or_else(|| unknown(key::DATE_UNREADABLE))
        };
        let node = match field {
            Field::Words(place) if quoted => return Ok(self.find(place, value, false, true)),
            Field::Words(place) => return Ok(self.find_word(place, value)),
            Field::Has => match lower.as_str() {
                "attachment" | "attachments" | "anhang" | "anhänge" => Node::HasAttachment,
                "invoice" | "invoices" | "rechnung" | "rechnungen" => Node::Labels(vec![label::INVOICE]),
                _ => return Err(unknown(key::VALUE_UNKNOWN)),
            },
            Field::Kind => Node::Kind(
                Kind::from_word(&lower.replace('-', "_")).ok_or_else(|| unknown(key::VALUE_UNKNOWN))?,
            ),
            Field::Account => {
                let accounts = (self.context.accounts)(value);
                if accounts.is_empty() {
                    return Err(unknown(key::ACCOUNT_UNKNOWN));
                }
                Node::Account(accounts)
            }
            Field::Group => {
                let groups = (self.context.groups)(value);
                if groups.is_empty() {
                    return Err(unknown(key::GROUP_UNKNOWN));
                }
                Node::Labels(groups.into_iter().map(label::group).collect())
            }
            Field::Tag => Node::Tag(label::tag(value)),
            Field::Invoice => Node::Labels(vec![label::invoice(value)]),
            Field::Record(kind) => Node::Record(label::record(kind, value)),
            Field::Is => match lower.as_str() {
                "unread" | "ungelesen" => Node::Unread,
                "read" | "gelesen" => Node::Not(Box::new(Node::Unread)),
                "deleted" | "gelöscht" | "geloescht" => {
                    self.of_deleted = true;
                    Node::Deleted
                }
                "spam" | "spamverdacht" => Node::Spam,
                "open" | "offen" => return Ok(Some(self.later("is:open", start))),
                "done" | "erledigt" => return Ok(Some(self.later("is:done", start))),
                _ => return Err(unknown(key::VALUE_UNKNOWN)),
            },
            Field::Before => Node::Date(None, Some(day()?.0)),
            Field::After => Node::Date(Some(day()?.0), None),
            Field::On => {
                let (from, until) = day()?;
                Node::Date(Some(from), Some(until))
            }
            Field::Larger => Node::Larger(size::parse(value).ok_or_else(|| unknown(key::SIZE_UNREADABLE))?),
            Field::Later(word) => return Ok(Some(self.later(word, start))),
        };
        Ok(Some(node))
    }

    fn later(&mut self, word: &'static str, start: usize) -> Node {
        let at = self.characters(start);
        self.unsupported.push(Unsupported { word, at });
        Node::Nothing
    }

    fn characters(&self, at: usize) -> usize {
        self.text[..at].chars().count()
    }

    fn error(&self, key: &'static str, at: usize, value: &str) -> QueryError {
        QueryError { key, at: self.characters(at), value: value.to_owned() }
    }
}

fn field(name: &str) -> Option<Field> {
    let lower = name.to_lowercase();
    FIELDS.iter().find(|(known, _)| *known == lower).map(|(_, field)| *field)
}

/// What ends a phrase that this begins.
fn closing(c: char) -> Option<&'static [char]> {
    match c {
        '"' => Some(&['"']),
        '„' | '“' => Some(&['“', '”', '"']),
        _ => None,
    }
}
