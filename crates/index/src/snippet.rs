//! The best place of a text for a query, with what was found marked.

use crate::analyze::{Analyzer, Class, Sink, Word};
use crate::query::{Node, Place, Query, Words};
use crate::stem::{Stems, Tongue};

/// Part of a snippet.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Piece {
    /// As it stands in the text.
    pub text: String,
    /// Matches the query.
    pub hit: bool,
}

/// Length of a snippet, characters.
const LENGTH: usize = 160;
/// At most so much of it stands before the first hit, characters.
const LEAD: usize = 40;
/// How far is looked, bytes.
const LOOK_MAX: usize = 256 << 10;
/// After so many hits the best place is chosen.
const HITS_MAX: usize = 64;

/// About 160 characters around the best place of `text`, cut at blanks; from the beginning if nothing matches.
///
/// The pieces put together are a part of the text as it is. Words match as in the index: folded, by stem, beginning,
/// phrase, or as part of a compound. Words looked for in `from:` and `to:` are not marked.
pub fn snippet(query: &Query, text: &str) -> Vec<Piece> {
    let text = &text[..text.floor_char_boundary(LOOK_MAX.min(text.len()))];
    let mut marker = Marker::of(query);
    if !marker.targets.is_empty() {
        Analyzer::default().analyze(text, &mut marker);
    }
    let mut hits = marker.hits;
    hits.sort_unstable_by_key(|hit| (hit.from, hit.to));
    let (from, to) = window(text, &hits);
    pieces(text, from, to, &hits)
}

#[derive(Clone, Copy, Debug)]
struct Hit {
    from: usize,
    to: usize,
    target: usize,
    weight: u32,
}

/// Something to look for.
struct Target {
    words: Words,
    stems: [String; 2],
    /// Phrases that have begun: words matched, start.
    open: Vec<(usize, usize)>,
    /// The same before the last place.
    before: Vec<(usize, usize)>,
}

struct Marker {
    targets: Vec<Target>,
    hits: Vec<Hit>,
    stems: Stems,
}

impl Marker {
    fn of(query: &Query) -> Self {
        let mut marker = Self { targets: Vec::new(), hits: Vec::new(), stems: Stems::default() };
        marker.gather(&query.root);
        marker
    }

    fn gather(&mut self, node: &Node) {
        match node {
            Node::All(nodes) | Node::Any(nodes) => nodes.iter().for_each(|node| self.gather(node)),
            Node::Words(place, words) if !matches!(place, Place::From | Place::To) => {
                let first = &words.parts[0];
                let forms = words.plain && !words.exact && !words.prefix && first.len() > 2;
                let mut of = |tongue| if forms { self.stems.stem(first, tongue) } else { String::new() };
                let stems = [of(Tongue::German), of(Tongue::English)];
                self.targets.push(Target {
                    words: words.clone(),
                    stems,
                    open: Vec::new(),
                    before: Vec::new(),
                });
            }
            _ => {}
        }
    }
}

impl Sink for Marker {
    fn word(&mut self, word: Word<'_>) {
        if self.hits.len() >= HITS_MAX {
            return;
        }
        for (number, target) in self.targets.iter_mut().enumerate() {
            let found = match word.class {
                Class::Whole | Class::Squashed => {
                    target.words.matches_whole(word.text).then_some((word.from, 4))
                }
                _ if target.words.parts.len() > 1 => target.step(&word).map(|from| (from, 4)),
                _ => target.matches(&word, &mut self.stems).map(|weight| (word.from, weight)),
            };
            if let Some((from, weight)) = found {
                self.hits.push(Hit { from, to: word.to, target: number, weight });
            }
        }
    }
}

impl Words {
    fn matches_whole(&self, text: &str) -> bool {
        self.whole
            .iter()
            .any(|whole| if self.prefix { text.starts_with(whole.as_str()) } else { text == whole })
            || (self.parts.len() == 1 && self.parts[0] == text)
    }
}

impl Target {
    /// How well a single word matches.
    fn matches(&self, word: &Word<'_>, stems: &mut Stems) -> Option<u32> {
        let wanted = &self.words.parts[0];
        if word.text == wanted {
            return Some(4);
        }
        if self.words.prefix {
            return word.text.starts_with(wanted.as_str()).then_some(3);
        }
        let [german, english] = &self.stems;
        if german.is_empty() || word.class != Class::Word || word.text.as_bytes()[0].is_ascii_digit() {
            return None;
        }
        if word.text.as_bytes().get(..2) == wanted.as_bytes().get(..2)
            && (stems.stem(word.text, Tongue::German) == *german
                || stems.stem(word.text, Tongue::English) == *english)
        {
            return Some(3);
        }
        let compound =
            german.len() > 3 && word.text.len() > german.len() + 2 && word.text.contains(german.as_str());
        compound.then_some(1)
    }

    /// Follows a phrase; gives where it began when it is complete.
    fn step(&mut self, word: &Word<'_>) -> Option<usize> {
        let advance = word.class != Class::Alternative;
        if advance {
            std::mem::swap(&mut self.before, &mut self.open);
            self.open.clear();
        }
        let words = &self.words.parts;
        let last = words.len() - 1;
        let fits = |at: usize| {
            word.text == words[at]
                || (at == last && self.words.prefix && word.text.starts_with(words[at].as_str()))
        };
        let mut complete = None;
        for &(done, from) in &self.before {
            if fits(done) {
                if done == last {
                    complete = complete.or(Some(from));
                } else {
                    self.open.push((done + 1, from));
                }
            }
        }
        if fits(0) {
            self.open.push((1, word.from));
        }
        complete
    }
}

/// Where the snippet begins and ends.
fn window(text: &str, hits: &[Hit]) -> (usize, usize) {
    let start = best_start(text, hits);
    let Some(start) = start else {
        let from = text.len() - text.trim_start().len();
        return (from, end_of(text, from, from));
    };
    let lead = text[..start].char_indices().rev().take(LEAD).last().map_or(start, |(at, _)| at);
    // Begin behind a blank, unless there is none, as in a long line without any.
    let from = if lead == 0 {
        text.len() - text.trim_start().len()
    } else {
        text[lead..start].find(char::is_whitespace).map_or(start, |blank| {
            let rest = &text[lead + blank..start];
            lead + blank + rest.len() - rest.trim_start().len()
        })
    };
    let from = from.min(start);
    (from, end_of(text, from, start))
}

/// The first of the hits that together are the best for a snippet.
fn best_start(text: &str, hits: &[Hit]) -> Option<usize> {
    let mut best: Option<(u32, usize)> = None;
    for (at, first) in hits.iter().enumerate() {
        let mut targets = 0_u64;
        let mut value = 0;
        for hit in &hits[at..] {
            if hit.to > first.from + (LENGTH - LEAD) * 2 {
                break;
            }
            if text[first.from..hit.to].chars().count() > LENGTH - LEAD / 2 && hit.from > first.from {
                break;
            }
            let bit = 1_u64 << (hit.target % 64);
            value += if targets & bit == 0 { hit.weight * 16 } else { hit.weight };
            targets |= bit;
        }
        if best.is_none_or(|(most, _)| value > most) {
            best = Some((value, first.from));
        }
    }
    best.map(|(_, from)| from)
}

/// End of a snippet that begins at `from`, at a blank behind `behind` if there is one.
fn end_of(text: &str, from: usize, behind: usize) -> usize {
    let Some((end, next)) = text[from..].char_indices().nth(LENGTH).map(|(at, c)| (from + at, c)) else {
        return from + text[from..].trim_end().len();
    };
    if next.is_whitespace() {
        return from + text[from..end].trim_end().len().max(behind - from);
    }
    match text[behind..end].rfind(char::is_whitespace) {
        Some(blank) if blank > 0 => behind + text[behind..behind + blank].trim_end().len(),
        _ => end,
    }
}

fn pieces(text: &str, from: usize, to: usize, hits: &[Hit]) -> Vec<Piece> {
    let mut pieces: Vec<Piece> = Vec::new();
    let mut at = from;
    let mut push = |piece: &str, hit| {
        if !piece.is_empty() {
            pieces.push(Piece { text: piece.to_owned(), hit });
        }
    };
    let mut hits = hits.iter().filter(|hit| hit.to > from && hit.from < to).peekable();
    while let Some(hit) = hits.next() {
        let start = hit.from.max(at);
        let mut end = hit.to.min(to);
        while let Some(next) = hits.next_if(|next| next.from < end) {
            end = end.max(next.to.min(to));
        }
        if end <= start {
            continue;
        }
        push(&text[at..start], false);
        push(&text[start..end], true);
        at = end;
    }
    push(&text[at..to.max(at)], false);
    pieces
}
