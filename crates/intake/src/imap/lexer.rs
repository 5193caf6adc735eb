//! From the parts of a response to tokens. Never fails: what is odd becomes an atom.

/// A part of a response: texts and literals in turn.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Part {
    Text(Vec<u8>),
    Literal(Vec<u8>),
    /// A literal that was passed on, or thrown away, as it came; its size.
    Streamed(u64),
}

/// A token of RFC 9051 §9, loosely.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Token {
    Open,
    Close,
    /// With sections: `BODY[HEADER.FIELDS (DATE)]<0>` is one.
    Atom(Vec<u8>),
    /// Quoted string or literal.
    String(Vec<u8>),
    Streamed(u64),
}

impl Token {
    pub(crate) fn atom(&self) -> Option<&[u8]> {
        if let Self::Atom(atom) = self { Some(atom) } else { None }
    }

    /// An atom or a string.
    pub(crate) fn into_text(self) -> Option<Vec<u8>> {
        match self {
            Self::Atom(text) | Self::String(text) => Some(text),
            _ => None,
        }
    }

    pub(crate) fn number(&self) -> Option<u64> {
        match self {
            Self::Atom(text) | Self::String(text) => number(text),
            _ => None,
        }
    }
}

/// Decimal digits and nothing else.
pub(crate) fn number(text: &[u8]) -> Option<u64> {
    if text.is_empty() || text.len() > 19 {
        return None;
    }
    text.iter()
        .try_fold(0_u64, |sum, octet| octet.is_ascii_digit().then(|| sum * 10 + u64::from(octet - b'0')))
}

/// Reads tokens one after the other; literals are moved out, not copied.
#[derive(Debug)]
pub(crate) struct Lexer<'p> {
    parts: &'p mut [Part],
    part: usize,
    at: usize,
}

impl<'p> Lexer<'p> {
    pub(crate) fn new(parts: &'p mut [Part]) -> Self {
        Self { parts, part: 0, at: 0 }
    }

    /// The rest of the text part, as it stands: for texts to people.
    pub(crate) fn rest(&self) -> &[u8] {
        match self.parts.get(self.part) {
            Some(Part::Text(text)) => text.get(self.at..).unwrap_or_default().trim_ascii(),
            _ => &[],
        }
    }

    /// Passes over octets of the text part.
    pub(crate) fn advance(&mut self, octets: usize) {
        self.at += octets;
    }

    /// What comes next, left where it is.
    pub(crate) fn peek(&mut self) -> Option<u8> {
        loop {
            match self.parts.get(self.part)? {
                Part::Text(text) => {
                    let rest = text.get(self.at..).unwrap_or_default();
                    if let Some(found) = rest.iter().position(|octet| !matches!(octet, b' ' | b'\t')) {
                        self.at += found;
                        return Some(rest[found]);
                    }
                    self.step();
                }
                Part::Literal(_) | Part::Streamed(_) => return Some(b'{'),
            }
        }
    }

    fn step(&mut self) {
        self.part += 1;
        self.at = 0;
    }

    pub(crate) fn next(&mut self) -> Option<Token> {
        let first = self.peek()?;
        let token = match self.parts.get_mut(self.part)? {
            Part::Literal(octets) => Token::String(std::mem::take(octets)),
            Part::Streamed(octets) => Token::Streamed(*octets),
            Part::Text(text) => {
                let rest = &text[self.at..];
                let (token, length) = match first {
                    b'(' => (Token::Open, 1),
                    b')' => (Token::Close, 1),
                    b'"' => quoted(rest),
                    _ => {
                        let length = atom_length(rest);
                        (Token::Atom(rest[..length].to_vec()), length)
                    }
                };
                self.at += length;
                return Some(token);
            }
        };
        self.step();
        Some(token)
    }

    /// Passes over one value: a token, or a list with all that is in it. Whether it was whole.
    pub(crate) fn skip(&mut self) -> bool {
        let mut depth = 0_u32;
        loop {
            match self.next() {
                Some(Token::Open) => depth += 1,
                Some(Token::Close) if depth == 0 => return false,
                Some(Token::Close) => depth -= 1,
                Some(_) => {}
                None => return false,
            }
            if depth == 0 {
                return true;
            }
        }
    }

    /// The atoms and strings of a list in parentheses; `None` if there is no list.
    pub(crate) fn list(&mut self) -> Option<Vec<Vec<u8>>> {
        if self.peek() != Some(b'(') {
            return None;
        }
        self.next();
        let mut items = Vec::new();
        loop {
            match self.next()? {
                Token::Close => return Some(items),
                Token::Open => {
                    // Nested lists are of no interest here.
                    let mut depth = 1;
                    while depth > 0 {
                        match self.next()? {
                            Token::Open => depth += 1,
                            Token::Close => depth -= 1,
                            _ => {}
                        }
                    }
                }
                token => items.extend(token.into_text()),
            }
        }
    }
}

/// Up to the closing quote, or to the end if there is none; `\` takes the next octet as it is.
fn quoted(rest: &[u8]) -> (Token, usize) {
    let mut text = Vec::new();
    let mut at = 1;
    while let Some(octet) = rest.get(at) {
        match octet {
            b'"' => return (Token::String(text), at + 1),
            b'\\' if at + 1 < rest.len() => {
                at += 1;
                text.push(rest[at]);
            }
            octet => text.push(*octet),
        }
        at += 1;
    }
    (Token::String(text), rest.len())
}

/// Up to a blank or parenthesis outside of brackets; at least 1.
fn atom_length(rest: &[u8]) -> usize {
    let mut at = 0;
    while let Some(octet) = rest.get(at) {
        match octet {
            b' ' | b'\t' | b'(' | b')' => break,
            b'[' => at = memchr::memchr(b']', &rest[at..]).map_or(at, |end| at + end),
            _ => {}
        }
        at += 1;
    }
    at.max(1)
}
