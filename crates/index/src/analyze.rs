//! The one analysis chain: text → words as they stand in the index. Used for mails, queries and snippets alike.

use crate::fold::{ASCII, Folded, fold};

/// Longest word in the index, bytes; what is longer is cut, on both sides alike.
pub(crate) const WORD_MAX: usize = 63;

/// How a word came about.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Class {
    /// Letters only: has a stem, may be a compound.
    Word,
    /// With digits, or of another script.
    Plain,
    /// The same place as the word before, umlauts without `e`.
    Alternative,
    /// A code, host or address as it was written, at the place of its last part.
    Whole,
    /// The same without its connectors.
    Squashed,
}

/// A word.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Word<'a> {
    /// Folded, 1 to [`WORD_MAX`] bytes, no control characters.
    pub text: &'a str,
    /// How it came about.
    pub class: Class,
    /// Where it stands in the text, bytes.
    pub from: usize,
    /// End of it.
    pub to: usize,
}

/// Takes words; [`Class::Word`] and [`Class::Plain`] advance the position, the others stand where the last one stood.
pub(crate) trait Sink {
    /// Called once per word, in order of their ends.
    fn word(&mut self, word: Word<'_>);
}

impl<F: FnMut(Word<'_>)> Sink for F {
    fn word(&mut self, word: Word<'_>) {
        self(word);
    }
}

/// Buffers that live as long as the caller likes.
#[derive(Clone, Debug, Default)]
pub(crate) struct Analyzer {
    part: String,
    alternative: String,
    whole: String,
    squashed: String,
}

/// A run of letters and digits.
struct Run {
    end: usize,
    has_digit: bool,
    has_letter: bool,
    /// Something else than ASCII letters and folded Latin is in it, such as Greek: no stem.
    foreign: bool,
    umlaut: bool,
}

/// What is known of a chunk: runs joined by connectors.
#[derive(Default)]
struct Chunk {
    parts: u32,
    has_digit: bool,
    has_letter: bool,
    dot: bool,
    at: bool,
    /// A comma or colon between digits.
    decimal: bool,
    slash: bool,
    url: bool,
    /// Start in `whole` of what follows the last `@`.
    segment: usize,
    /// Parts since the last `@`.
    segment_parts: u32,
}

impl Analyzer {
    /// Gives all words of the text to `sink`. Never panics.
    pub(crate) fn analyze(&mut self, text: &str, sink: &mut impl Sink) {
        let bytes = text.as_bytes();
        let mut at = 0;
        while at < bytes.len() {
            let octet = bytes[at];
            if octet < 0x80 {
                if ASCII[usize::from(octet)] == 0 {
                    at += 1;
                    continue;
                }
                at = self.chunk(text, at, sink);
                continue;
            }
            let Some(c) = text[at..].chars().next() else { break };
            at = match fold(c) {
                Folded::Break | Folded::Nothing | Folded::Diaeresis => at + c.len_utf8(),
                Folded::Alone(c) => alone(c, at, sink),
                Folded::Text(_) | Folded::Umlaut(..) | Folded::Same(_) => self.chunk(text, at, sink),
            };
        }
    }

    /// One chunk that starts at `start` with a letter or digit; gives where it ends.
    fn chunk(&mut self, text: &str, start: usize, sink: &mut impl Sink) -> usize {
        let mut run = self.run(text, start);
        let Some(mut connector) = connector(text, &run) else {
            self.emit_part(start, &run, sink);
            return run.end;
        };
        self.whole.clear();
        self.squashed.clear();
        let mut chunk = Chunk::default();
        let mut from = start;
        loop {
            self.emit_part(from, &run, sink);
            chunk.parts += 1;
            chunk.segment_parts += 1;
            chunk.has_digit |= run.has_digit;
            chunk.has_letter |= run.has_letter;
            push_bounded(&mut self.whole, &self.part);
            push_bounded(&mut self.squashed, &self.part);
            if connector.0 == '\0' {
                break;
            }
            self.connect(connector.0, start, run.end, &mut chunk, sink);
            from = run.end + connector.1;
            run = self.run(text, from);
            connector = self::connector(text, &run).unwrap_or(('\0', 0));
        }
        self.emit_whole(start, run.end, &chunk, sink);
        run.end
    }

    /// Notes a connector; what ends with it (local part, host of an address on the web) is a word of its own.
    fn connect(&mut self, c: char, start: usize, end: usize, chunk: &mut Chunk, sink: &mut impl Sink) {
        match c {
            '.' => chunk.dot = true,
            ',' | ':' => chunk.decimal = true,
            '@' => {
                if chunk.segment_parts > 1 {
                    emit(&self.whole[chunk.segment..], Class::Whole, start, end, sink);
                }
                chunk.at = true;
            }
            '/' => {
                if chunk.dot && !chunk.slash && chunk.has_letter && !chunk.at {
                    emit(&self.whole, Class::Whole, start, end, sink);
                    chunk.url = true;
                }
                chunk.slash = true;
            }
            _ => {}
        }
        if self.whole.len() < WORD_MAX {
            self.whole.push(c);
        }
        if c == '@' {
            chunk.segment = self.whole.len();
            chunk.segment_parts = 0;
        }
    }

    fn emit_whole(&mut self, from: usize, to: usize, chunk: &Chunk, sink: &mut impl Sink) {
        if chunk.url {
            return;
        }
        if chunk.at && chunk.segment_parts > 1 {
            emit(&self.whole[chunk.segment..], Class::Whole, from, to, sink);
        }
        if chunk.has_digit || chunk.dot || chunk.at {
            emit(&self.whole, Class::Whole, from, to, sink);
        }
        let code = chunk.has_digit && chunk.has_letter;
        if !chunk.at && !chunk.decimal && (code || !chunk.dot) && (chunk.has_digit || !chunk.slash) {
            emit(&self.squashed, Class::Squashed, from, to, sink);
        }
    }

    /// Folds letters and digits from `start` on into `part`, and `alternative` if there are umlauts.
    fn run(&mut self, text: &str, start: usize) -> Run {
        let bytes = text.as_bytes();
        let mut run = Run { end: start, has_digit: false, has_letter: false, foreign: false, umlaut: false };
        self.part.clear();
        while let Some(&octet) = bytes.get(run.end) {
            if octet < 0x80 {
                let lower = ASCII[usize::from(octet)];
                if lower == 0 {
                    break;
                }
                if lower < b'a' {
                    run.has_digit = true;
                } else {
                    run.has_letter = true;
                }
                run.end += 1;
                self.part.push(char::from(lower));
                if run.umlaut {
                    self.alternative.push(char::from(lower));
                }
            } else {
                let Some(c) = text[run.end..].chars().next() else { break };
                match fold(c) {
                    Folded::Break | Folded::Alone(_) => break,
                    folded => self.push(folded, &mut run),
                }
                run.end += c.len_utf8();
            }
        }
        cut(&mut self.part);
        if run.umlaut {
            cut(&mut self.alternative);
        }
        run
    }

    fn push(&mut self, folded: Folded, run: &mut Run) {
        let (text, alternative) = match folded {
            Folded::Text(text) => (text, text),
            Folded::Umlaut(text, alternative) => (text, alternative),
            Folded::Diaeresis if self.part.ends_with(['a', 'o', 'u']) => ("e", ""),
            Folded::Same(c) => {
                run.foreign = true;
                run.has_letter = true;
                self.part.push(c);
                if run.umlaut {
                    self.alternative.push(c);
                }
                return;
            }
            _ => return,
        };
        run.has_letter = true;
        if text != alternative && !run.umlaut {
            run.umlaut = true;
            self.alternative.clone_from(&self.part);
        }
        self.part.push_str(text);
        if run.umlaut {
            self.alternative.push_str(alternative);
        }
    }

    fn emit_part(&self, from: usize, run: &Run, sink: &mut impl Sink) {
        let class = if run.has_letter && !run.has_digit && !run.foreign { Class::Word } else { Class::Plain };
        if !self.part.is_empty() {
            sink.word(Word { text: &self.part, class, from, to: run.end });
        }
        if run.umlaut && self.alternative != self.part {
            emit(&self.alternative, Class::Alternative, from, run.end, sink);
        }
    }
}

fn emit(text: &str, class: Class, from: usize, to: usize, sink: &mut impl Sink) {
    if !text.is_empty() {
        sink.word(Word { text, class, from, to });
    }
}

fn alone(c: char, at: usize, sink: &mut impl Sink) -> usize {
    let end = at + c.len_utf8();
    let mut buffer = [0_u8; 4];
    emit(c.encode_utf8(&mut buffer), Class::Plain, at, end, sink);
    end
}

/// The connector behind a run and its length in bytes, if another run follows it directly.
fn connector(text: &str, run: &Run) -> Option<(char, usize)> {
    let bytes = text.as_bytes();
    let octet = *bytes.get(run.end)?;
    let (c, len) = match octet {
        b'-' | b'.' | b'/' | b'_' | b'@' | b'\'' | b'+' => (char::from(octet), 1),
        b',' | b':' if run.has_digit => (char::from(octet), 1),
        // U+2010, U+2011 (hyphens) and U+2019 (apostrophe).
        0xE2 => match bytes.get(run.end + 1..run.end + 3) {
            Some([0x80, 0x90 | 0x91]) => ('-', 3),
            Some([0x80, 0x99]) => ('\'', 3),
            _ => return None,
        },
        _ => return None,
    };
    let next = *bytes.get(run.end + len)?;
    let joins = if matches!(c, ',' | ':') {
        next.is_ascii_digit()
    } else if next < 0x80 {
        ASCII[usize::from(next)] != 0
    } else {
        let follows = text[run.end + len..].chars().next()?;
        matches!(fold(follows), Folded::Text(_) | Folded::Umlaut(..) | Folded::Same(_))
    };
    joins.then_some((c, len))
}

/// Appends what fits into the longest word.
fn push_bounded(to: &mut String, text: &str) {
    if to.len() < WORD_MAX {
        to.push_str(text);
        cut(to);
    }
}

/// Cuts to the longest word, at a character.
fn cut(text: &mut String) {
    if text.len() > WORD_MAX {
        text.truncate(text.floor_char_boundary(WORD_MAX));
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn words(text: &str) -> Vec<String> {
        let mut all = Vec::new();
        Analyzer::default().analyze(text, &mut |word: Word<'_>| {
            let mark = match word.class {
                Class::Word | Class::Plain => "",
                Class::Alternative => "~",
                Class::Whole => "=",
                Class::Squashed => "+",
            };
            all.push(format!("{mark}{}", word.text));
        });
        all
    }

    fn check(text: &str, expected: &str) {
        assert_eq!(words(text).join(" "), expected, "{text}");
    }

    #[test]
    fn words_are_folded() {
        check("Die Bürgerversammlung, heute!", "die buergerversammlung ~burgerversammlung heute");
        check("Straße Müller Mueller", "strasse mueller ~muller mueller");
        check("Mu\u{308}ller Cafe\u{301}", "mueller ~muller cafe");
        check("ÄRGER ẞ Łódź Jiří Søren", "aerger ~arger ss lodz jiri soeren ~soren");
        check("Donau\u{ad}dampf", "donaudampf");
    }

    #[test]
    fn codes_are_kept_whole_and_in_parts() {
        check("B-2026-15343", "b 2026 15343 =b-2026-15343 +b202615343");
        check("(AN/2026_7).", "an 2026 7 =an/2026_7 +an20267");
        check("2.741,37 EUR", "2 741 37 =2.741,37 eur");
        check("02.03.2026 um 14:30", "02 03 2026 =02.03.2026 um 14 30 =14:30");
        check("E-Mail don't Peter’s", "e mail +email don t +dont peter s +peters");
        check("und/oder", "und oder");
        check("Ende. Anfang-", "ende anfang");
        check("www.a-b.example/x/14cc?q=1", "www a b example =www.a-b.example x 14cc q 1");
    }

    #[test]
    fn addresses_are_kept_whole_and_in_parts() {
        check(
            "<Anna.Mueller@mail.example.org>",
            "anna mueller =anna.mueller mail example org =mail.example.org =anna.mueller@mail.example.org",
        );
        check("a@b", "a b =a@b");
    }

    #[test]
    fn scripts_without_spaces_are_not_lost() {
        check("東京都 A課", "東 京 都 a 課");
        check("Привет ΜΑΐΟΣ", "привет μαιοσ");
    }

    #[test]
    fn long_words_are_cut() {
        let long = "ä".repeat(100);
        assert!(words(&long).iter().all(|word| word.trim_start_matches('~').len() <= WORD_MAX));
        assert!(words(&"a.".repeat(1000)).iter().all(|word| word.len() <= WORD_MAX + 1));
    }

    proptest! {
        #[test]
        fn nothing_panics(text in "\\PC*|[a-zÄßé@./:,'+_ 0-9東\u{308}\u{2019}-]{0,80}|(?s).{0,60}") {
            let mut end = 0;
            Analyzer::default().analyze(&text, &mut |word: Word<'_>| {
                assert!(text.is_char_boundary(word.from) && text.is_char_boundary(word.to));
                assert!(word.from < word.to && word.to >= end);
                assert!(!word.text.is_empty() && word.text.len() <= WORD_MAX);
                assert!(!word.text.contains(char::is_control));
                end = word.to;
            });
        }
    }
}
