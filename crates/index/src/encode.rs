//! Analysed text on its way into tantivy: words in one string, each behind one octet of length and step.

use tantivy::tokenizer::{Token, TokenStream, Tokenizer};

use crate::analyze::WORD_MAX;

/// Name of the tokenizer that takes it apart again.
pub(crate) const NAME: &str = "encoded";
/// In the octet before a word: it stands one place further than the one before.
const STEP: u8 = 0x40;
/// Places between stretches, so that no phrase spans two.
const GAP: usize = 16;

/// Appends a word of at most [`WORD_MAX`] bytes.
pub(crate) fn push(to: &mut String, word: &str, step: bool) {
    debug_assert!(!word.is_empty() && word.len() <= WORD_MAX);
    let len = (word.len().min(WORD_MAX) as u8) | if step { STEP } else { 0 };
    to.push(char::from(len));
    to.push_str(word);
}

/// Appends a gap.
pub(crate) fn push_gap(to: &mut String) {
    to.push('\0');
}

/// Reads what [`push`] wrote.
#[derive(Clone, Default)]
pub(crate) struct Encoded {
    token: Token,
}

impl Tokenizer for Encoded {
    type TokenStream<'a> = EncodedStream<'a>;

    fn token_stream<'a>(&'a mut self, text: &'a str) -> EncodedStream<'a> {
        self.token.reset();
        EncodedStream { rest: text, place: 0, token: &mut self.token }
    }
}

/// The words of one value.
pub(crate) struct EncodedStream<'a> {
    rest: &'a str,
    /// One more than the place of the last word.
    place: usize,
    token: &'a mut Token,
}

impl TokenStream for EncodedStream<'_> {
    fn advance(&mut self) -> bool {
        loop {
            let Some(&head) = self.rest.as_bytes().first() else { return false };
            let len = usize::from(head & !STEP);
            let Some(word) = self.rest.get(1..=len) else { return false };
            self.rest = &self.rest[1 + len..];
            if len == 0 {
                self.place += GAP;
                continue;
            }
            if head & STEP != 0 || self.place == 0 {
                self.place += 1;
            }
            self.token.position = self.place - 1;
            self.token.text.clear();
            self.token.text.push_str(word);
            return true;
        }
    }

    fn token(&self) -> &Token {
        self.token
    }

    fn token_mut(&mut self) -> &mut Token {
        self.token
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_come_back_with_their_places() {
        let mut text = String::new();
        push(&mut text, "a", true);
        push(&mut text, "müll", true);
        push(&mut text, "c", false);
        push_gap(&mut text);
        push(&mut text, &"x".repeat(WORD_MAX), true);
        let mut encoded = Encoded::default();
        let mut stream = encoded.token_stream(&text);
        let mut all = Vec::new();
        while stream.advance() {
            all.push((stream.token().text.clone(), stream.token().position));
        }
        let expected = [("a".into(), 0), ("müll".into(), 1), ("c".into(), 1), ("x".repeat(WORD_MAX), 18)];
        assert_eq!(all, expected);
    }

    #[test]
    fn rubbish_ends_the_stream() {
        let mut encoded = Encoded::default();
        assert!(!encoded.token_stream("\u{20}abc").advance());
        assert!(!encoded.token_stream("ä").advance());
    }
}
