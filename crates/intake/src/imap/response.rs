//! What servers say, read as tolerantly as makes sense.
//!
//! Source: RFC 9051 §7, RFC 3501 §7; RFC 4731 for `ESEARCH`, RFC 6154 for special use, RFC 5530 for codes.

use model::{Flags, UnixMillis};

use super::error::ImapError;
use super::lexer::{Lexer, Part, Token, number};
use super::mailbox::{Mailbox, MailboxStatus};
use crate::civil;

/// Longest text of a server that is kept for people, in characters.
const WORDS_MAX: usize = 500;
/// Longest code: `CAPABILITY` and `COPYUID` may be long.
const CODE_MAX: usize = 20_000;

/// A whole response.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Response {
    /// `+`: the server waits for more of a command.
    Continue(String),
    Tagged {
        tag: Vec<u8>,
        status: Status,
        text: Text,
    },
    /// Untagged `OK`, `NO`, `BAD`, `BYE`, `PREAUTH`.
    Untagged {
        status: Status,
        text: Text,
    },
    Capability(Vec<String>),
    List(Mailbox),
    Status(MailboxStatus),
    /// Prefix and delimiter of the first personal namespace.
    Namespace(Vec<u8>, Option<char>),
    Exists(u32),
    Expunge(u32),
    /// UIDs that are gone; `is_earlier`: since the modification asked about, not just now (RFC 7162 §3.2.10).
    Vanished {
        uids: Vec<(u32, u32)>,
        is_earlier: bool,
    },
    /// Numbers found, from `SEARCH` or `ESEARCH`.
    Search(Vec<(u32, u32)>),
    Fetch(Fetched),
    /// Octets taken and octets in all of a quota root (RFC 9208 §5.1: `STORAGE` counts 1,024 octets).
    Quota(u64, u64),
    /// Something else, or nothing that can be read; of no consequence.
    Other,
}

/// Mails one command copies, at most.
const COPIED_MAX: usize = 10_000;

/// How a command, or the server, is doing.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) enum Status {
    Ok,
    No,
    Bad,
    Bye,
    Preauth,
}

/// What stands behind a status.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Text {
    /// `[NAME …]`, upper case, without what follows the name.
    pub(crate) code: Option<String>,
    /// What follows the name.
    pub(crate) arguments: String,
    /// For people, in the server's language, at most [`WORDS_MAX`] characters.
    pub(crate) words: String,
}

/// What one `FETCH` says of one mail.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Fetched {
    pub(crate) number: u32,
    pub(crate) uid: Option<u32>,
    pub(crate) flags: Option<Flags>,
    /// See [`super::event::Facts::is_junk`].
    pub(crate) is_junk: bool,
    pub(crate) internal_date: Option<UnixMillis>,
    pub(crate) size_octets: Option<u64>,
    /// `Message-ID` of a header section asked for.
    pub(crate) message_id: Option<String>,
    pub(crate) body: Option<Body>,
    /// There is something in it, or behind it, that is no item: a literal may have been longer than it said, and what
    /// seems to be responses may be the rest of a mail.
    pub(crate) is_broken: bool,
}

/// The mail itself.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Body {
    Nil,
    Octets(Vec<u8>),
    /// Passed on as it came.
    Streamed(u64),
}

impl Response {
    /// Reads the parts of one response; literals are moved out of them.
    pub(crate) fn read(parts: &mut [Part]) -> Self {
        let mut lexer = Lexer::new(parts);
        let Some(Token::Atom(first)) = lexer.next() else { return Self::Other };
        if let Some(text) = first.strip_prefix(b"+") {
            // Some servers leave out the blank.
            let rest = [text, b" ", lexer.rest()].concat();
            return Self::Continue(words_of(rest.trim_ascii(), CODE_MAX));
        }
        if first != b"*" {
            return Self::tagged(first, &mut lexer);
        }
        let Some(Token::Atom(word)) = lexer.next() else { return Self::Other };
        if let Some(number) = number(&word).and_then(|number| u32::try_from(number).ok()) {
            return Self::numbered(number, &mut lexer);
        }
        if let Some(status) = Status::read(&word) {
            return Self::Untagged { status, text: Text::read(lexer.rest()) };
        }
        Self::named(&word.to_ascii_uppercase(), &mut lexer).unwrap_or(Self::Other)
    }

    fn tagged(tag: Vec<u8>, lexer: &mut Lexer<'_>) -> Self {
        let status = lexer.next().and_then(|token| token.atom().and_then(Status::read));
        match status {
            Some(status @ (Status::Ok | Status::No | Status::Bad)) => {
                Self::Tagged { tag, status, text: Text::read(lexer.rest()) }
            }
            _ => Self::Other,
        }
    }

    fn numbered(number: u32, lexer: &mut Lexer<'_>) -> Self {
        let Some(Token::Atom(word)) = lexer.next() else { return Self::Other };
        match word.to_ascii_uppercase().as_slice() {
            b"EXISTS" => Self::Exists(number),
            b"EXPUNGE" => Self::Expunge(number),
            b"FETCH" => Self::Fetch(Fetched::read(number, lexer)),
            _ => Self::Other,
        }
    }

    fn named(word: &[u8], lexer: &mut Lexer<'_>) -> Option<Self> {
        Some(match word {
            b"CAPABILITY" => Self::Capability(capabilities(lexer.rest())),
            b"LIST" | b"XLIST" | b"LSUB" => Self::List(Mailbox::read(lexer)?),
            b"STATUS" => Self::Status(MailboxStatus::read(lexer)?),
            b"NAMESPACE" => {
                // Two levels of lists: the personal ones, and in it the first.
                let (Token::Open, Token::Open) = (lexer.next()?, lexer.next()?) else { return None };
                let prefix = lexer.next()?.into_text()?;
                let delimiter = match lexer.next()? {
                    Token::String(text) => text.first().copied().map(char::from),
                    _ => None,
                };
                Self::Namespace(prefix, delimiter)
            }
            b"VANISHED" => {
                let is_earlier = lexer.peek() == Some(b'(');
                if is_earlier && !lexer.skip() {
                    return None;
                }
                Self::Vanished { uids: ranges(&lexer.next()?.into_text()?), is_earlier }
            }
            b"SEARCH" => {
                let mut found = Vec::new();
                while let Some(token) = lexer.next() {
                    match token.number().and_then(|number| u32::try_from(number).ok()) {
                        Some(number) => found.push((number, number)),
                        // `(MODSEQ 5)` ends the list.
                        None => break,
                    }
                }
                Self::Search(found)
            }
            b"ESEARCH" => {
                let mut found = Vec::new();
                while let Some(token) = lexer.next() {
                    match token {
                        Token::Open => while !matches!(lexer.next()?, Token::Close) {},
                        Token::Atom(word) if word.eq_ignore_ascii_case(b"ALL") => {
                            found.extend(ranges(&lexer.next()?.into_text()?));
                        }
                        _ => {}
                    }
                }
                Self::Search(found)
            }
            b"QUOTA" => {
                // The name of the root, which may be empty, then triples.
                lexer.next()?;
                let Token::Open = lexer.next()? else { return None };
                loop {
                    let word = lexer.next()?.into_text()?;
                    let (used, most) = (lexer.next()?.number()?, lexer.next()?.number()?);
                    if word.eq_ignore_ascii_case(b"STORAGE") {
                        return Some(Self::Quota(used.saturating_mul(1024), most.saturating_mul(1024)));
                    }
                }
            }
            _ => Self::Other,
        })
    }
}

impl Status {
    fn read(word: &[u8]) -> Option<Self> {
        const WORDS: [(&str, Status); 5] = [
            ("OK", Status::Ok),
            ("NO", Status::No),
            ("BAD", Status::Bad),
            ("BYE", Status::Bye),
            ("PREAUTH", Status::Preauth),
        ];
        WORDS.iter().find(|(name, _)| word.eq_ignore_ascii_case(name.as_bytes())).map(|(_, status)| *status)
    }
}

impl Text {
    fn read(text: &[u8]) -> Self {
        if let Some(inner) = text.strip_prefix(b"[")
            && let Some(end) = memchr::memchr(b']', inner)
        {
            let code = words_of(&inner[..end], CODE_MAX);
            let (name, arguments) = code.split_once(' ').unwrap_or((&code, ""));
            return Self {
                code: Some(name.to_ascii_uppercase()),
                arguments: arguments.trim().to_owned(),
                words: words(inner[end + 1..].trim_ascii()),
            };
        }
        Self { code: None, arguments: String::new(), words: words(text) }
    }

    /// The number in a code of this name.
    pub(crate) fn number(&self, code: &str) -> Option<u32> {
        (self.code.as_deref() == Some(code)).then(|| self.arguments.parse().ok()).flatten()
    }

    /// `[COPYUID …]`: numbering of the target, and each UID of the source with that of the target (RFC 4315 §3).
    pub(crate) fn copied(&self) -> Option<(u32, Vec<(u32, u32)>)> {
        if self.code.as_deref() != Some("COPYUID") {
            return None;
        }
        let mut words = self.arguments.split_ascii_whitespace();
        let uid_validity = words.next()?.parse().ok()?;
        let uids = |text: &str| flatten(&ranges(text.as_bytes()), COPIED_MAX);
        let (from, to) = (uids(words.next()?), uids(words.next()?));
        (from.len() == to.len()).then(|| (uid_validity, from.into_iter().zip(to).collect()))
    }

    /// `[APPENDUID …]`: numbering of the mailbox and the UID of the one mail that was put there (RFC 4315 §3).
    pub(crate) fn appended(&self) -> Option<(u32, u32)> {
        if self.code.as_deref() != Some("APPENDUID") {
            return None;
        }
        let (uid_validity, uid) = self.arguments.trim().split_once(' ')?;
        Some((uid_validity.parse().ok()?, uid.trim().parse().ok()?))
    }

    /// The error of a command that ended with this.
    pub(crate) fn refusal(self, command: &'static str, status: Status) -> ImapError {
        ImapError::Refused { command, code: self.code, words: self.words, is_bad: status == Status::Bad }
    }

    /// What `[CAPABILITY …]` lists.
    pub(crate) fn capabilities(&self) -> Option<Vec<String>> {
        (self.code.as_deref() == Some("CAPABILITY")).then(|| capabilities(self.arguments.as_bytes()))
    }
}

impl Fetched {
    fn read(number: u32, lexer: &mut Lexer<'_>) -> Self {
        let mut fetched = Self { number, ..Self::default() };
        let mut whole = lexer.next() == Some(Token::Open) && fetched.items(lexer);
        // One parenthesis too many does no harm.
        while whole && let Some(token) = lexer.next() {
            whole = token == Token::Close;
        }
        fetched.is_broken = !whole;
        fetched
    }

    /// What is known before a literal that is about to come, if that literal is the mail itself.
    pub(crate) fn before_body(parts: &[Part]) -> Option<Self> {
        let mut parts = parts.to_vec();
        let Some(Part::Text(last)) = parts.last_mut() else { return None };
        let name = last.trim_ascii_end();
        let from = name.iter().rposition(|octet| matches!(octet, b' ' | b'(')).map_or(0, |at| at + 1);
        if !is_whole_body(&name[from..]) {
            return None;
        }
        let keep = from;
        last.truncate(keep);
        match Response::read(&mut parts) {
            Response::Fetch(fetched) => Some(fetched),
            _ => None,
        }
    }

    /// Reads items up to the closing parenthesis, or to the end without one; whether everything made sense.
    fn items(&mut self, lexer: &mut Lexer<'_>) -> bool {
        let mut are_known = true;
        loop {
            let name = match lexer.next() {
                Some(Token::Close) => return true,
                None => return are_known,
                Some(Token::Atom(name)) => name.to_ascii_uppercase(),
                _ => return false,
            };
            // An item without its value is as broken as a value without its item.
            if matches!(lexer.peek(), None | Some(b')')) {
                return false;
            }
            let fits = match name.as_slice() {
                b"UID" => {
                    self.uid = lexer.next().and_then(|token| u32::try_from(token.number()?).ok());
                    self.uid.is_some()
                }
                b"RFC822.SIZE" => {
                    self.size_octets = lexer.next().and_then(|token| token.number());
                    true
                }
                b"FLAGS" => {
                    let names = lexer.list();
                    self.is_junk = names.as_deref().is_some_and(is_junk);
                    self.flags = names.map(|names| flags(&names));
                    self.flags.is_some()
                }
                b"INTERNALDATE" => {
                    let text = lexer.next().and_then(Token::into_text);
                    self.internal_date = text.and_then(|text| internal_date(&text));
                    true
                }
                name if is_whole_body(name) => self.body(lexer),
                name if name.starts_with(b"BODY[HEADER.FIELDS") || name == b"RFC822.HEADER" => {
                    let text = lexer.next().and_then(Token::into_text).unwrap_or_default();
                    self.message_id = message_id(&text);
                    true
                }
                name => {
                    are_known = false;
                    is_item_name(name) && lexer.skip()
                }
            };
            if !fits {
                return false;
            }
        }
    }

    fn body(&mut self, lexer: &mut Lexer<'_>) -> bool {
        let body = match lexer.next() {
            Some(Token::String(octets)) => Body::Octets(octets),
            Some(Token::Streamed(octets)) => Body::Streamed(octets),
            Some(Token::Atom(atom)) if atom.eq_ignore_ascii_case(b"NIL") => Body::Nil,
            _ => return false,
        };
        self.body = Some(body);
        true
    }
}

/// The item that holds the mail as a whole; `<0>` behind it says the same.
fn is_whole_body(name: &[u8]) -> bool {
    ["BODY[]", "BODY[]<0>", "RFC822", "BODY.PEEK[]", "BINARY[]"]
        .iter()
        .any(|whole| name.eq_ignore_ascii_case(whole.as_bytes()))
}

/// The form all items have, which little else in a mail has.
fn is_item_name(name: &[u8]) -> bool {
    name.iter().all(|octet| octet.is_ascii_alphanumeric() || b".-_[]<> ()".contains(octet))
}

/// Flags that mean something here.
pub(crate) fn flags(names: &[Vec<u8>]) -> Flags {
    let has = |flag: &str| names.iter().any(|name| name.eq_ignore_ascii_case(flag.as_bytes()));
    Flags {
        seen: has("\\Seen"),
        answered: has("\\Answered"),
        flagged: has("\\Flagged"),
        draft: has("\\Draft"),
        deleted: has("\\Deleted"),
    }
}

/// `$Junk` (RFC 9051 §2.3.2), and as mail programs wrote it before.
fn is_junk(names: &[Vec<u8>]) -> bool {
    let has = |word: &[u8]| names.iter().any(|name| name.eq_ignore_ascii_case(word));
    (has(b"$Junk") || has(b"Junk")) && !has(b"$NotJunk") && !has(b"NonJunk")
}

/// `dd-Mmm-yyyy hh:mm:ss +zzzz`, the day with a blank or a zero before it or neither.
pub(crate) fn internal_date(text: &[u8]) -> Option<UnixMillis> {
    let mut words = text.split(|octet| *octet == b' ').filter(|word| !word.is_empty());
    let mut day = words.next()?.split(|octet| *octet == b'-');
    let (number, month, year) =
        (civil::number(day.next()?)?, civil::month(day.next()?)?, civil::number(day.next()?)?);
    let seconds = civil::time_of_day(words.next()?)?;
    let zone = words.next().and_then(civil::zone).unwrap_or(0);
    civil::moment(year, month, number, seconds - zone)
}

/// The body of the first `Message-ID` field, unfolded, without angle brackets.
fn message_id(section: &[u8]) -> Option<String> {
    let text = words_of(section, 4000);
    let unfolded = text.replace("\r\n", "\n").replace("\n ", " ").replace("\n\t", " ");
    let line = unfolded
        .lines()
        .find(|line| line.get(..11).is_some_and(|name| name.eq_ignore_ascii_case("message-id:")))?;
    let body = line[11..].trim();
    let inner = body.strip_prefix('<').and_then(|rest| rest.split('>').next()).unwrap_or(body);
    (!inner.is_empty()).then(|| inner.split_whitespace().collect())
}

/// `1:5,7` as first and last numbers, in order; what is none is left out.
pub(crate) fn ranges(set: &[u8]) -> Vec<(u32, u32)> {
    let uid = |text: &[u8]| number(text).and_then(|number| u32::try_from(number).ok());
    set.split(|octet| *octet == b',')
        .filter_map(|range| {
            let mut ends = range.splitn(2, |octet| *octet == b':');
            let first = uid(ends.next()?)?;
            let last = ends.next().map_or(Some(first), uid)?;
            Some((first.min(last), first.max(last)))
        })
        .collect()
}

/// The numbers of ranges, no more than `max` of them.
pub(crate) fn flatten(ranges: &[(u32, u32)], max: usize) -> Vec<u32> {
    ranges.iter().flat_map(|(first, last)| *first..=*last).take(max).collect()
}

fn capabilities(text: &[u8]) -> Vec<String> {
    words_of(text, 10_000).split_ascii_whitespace().map(str::to_ascii_uppercase).collect()
}

/// Text for people: UTF-8, or else Latin-1; control characters become blanks.
pub(crate) fn words(text: &[u8]) -> String {
    words_of(text, WORDS_MAX)
}

fn words_of(text: &[u8], characters: usize) -> String {
    let keep =
        |letter: char| if letter.is_control() && letter != '\n' && letter != '\r' { ' ' } else { letter };
    match std::str::from_utf8(text) {
        Ok(text) => text.chars().take(characters).map(keep).collect(),
        Err(_) => text.iter().take(characters).map(|octet| keep(char::from(*octet))).collect(),
    }
}

#[cfg(test)]
mod tests;
