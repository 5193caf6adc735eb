//! Address lists, also broken ones (RFC 5322 §3.4 and §4.4).

use model::Address;

use super::text;

/// Reads an address list.
///
/// `body`: octets behind the colon, folded or not. Groups are dissolved into their members; comments serve as
/// display name where there is no other; routes are dropped; `;` separates like `,`. What has no address at
/// all is left out. At most `max` addresses; the flag says whether there were more. Linear, without recursion.
///
/// Source: RFC 5322 §3.4, §4.4. Encoded words are decoded in quoted strings too, as every mailer expects.
pub fn addresses(body: &[u8], max: usize) -> (Vec<Address>, bool) {
    let mut list = List { addresses: Vec::new(), max, more: false, reread: true };
    list.read(body);
    (list.addresses, list.more)
}

struct List {
    addresses: Vec<Address>,
    max: usize,
    more: bool,
    /// Whether a whole address inside an encoded word is still looked for; once only.
    reread: bool,
}

/// What has been read of one address.
#[derive(Default)]
struct Item<'a> {
    /// Words outside angle brackets, quotes removed.
    phrase: Vec<u8>,
    /// The same with quotes as written: what a bare address is made of.
    bare: Vec<u8>,
    /// Between `<` and `>`.
    angle: Option<&'a [u8]>,
    /// First comment that is not empty.
    comment: Vec<u8>,
}

impl List {
    fn read(&mut self, body: &[u8]) {
        let mut item = Item::default();
        let mut rest = body;
        while let Some((&c, after)) = rest.split_first() {
            let here = rest;
            rest = after;
            match c {
                b'(' => rest = item.comment(after),
                b'"' => rest = item.quoted(after),
                b'<' => rest = item.angle(after),
                b',' | b';' => {
                    self.take(&item);
                    item = Item::default();
                }
                b':' if item.angle.is_none() && !item.bare.contains(&b'@') => item = Item::default(),
                b'\r' | b'\n' => {}
                b'\\' if !after.is_empty() => {
                    item.push(&after[..1]);
                    rest = &after[1..];
                }
                _ => {
                    let special = |c: &u8| b"(\"<,;:\r\n\\".contains(c);
                    let plain = 1 + after.iter().position(special).unwrap_or(after.len());
                    item.push(&here[..plain]);
                    rest = &here[plain..];
                }
            }
            if self.more {
                return;
            }
        }
        self.take(&item);
    }

    fn take(&mut self, item: &Item<'_>) {
        let name = text::decode(&item.phrase);
        let (addr_spec, name) = match item.angle {
            Some(angle) => (addr_spec(angle), name),
            None => match bare_address(&item.bare) {
                Some((addr_spec, before)) => (addr_spec, before),
                None => return self.take_hidden(&item.phrase, &name),
            },
        };
        if addr_spec.is_empty() {
            return self.take_hidden(&item.phrase, &name);
        }
        let name = if name.is_empty() { text::decode(&item.comment) } else { name };
        self.push(Address { display_name: (!name.is_empty()).then_some(name), addr_spec });
    }

    /// A whole list may hide in encoded words: `=?utf-8?Q?Name_<a@b.example>?=`.
    fn take_hidden(&mut self, phrase: &[u8], decoded: &str) {
        if self.reread && decoded.contains('@') && memchr::memmem::find(phrase, b"=?").is_some() {
            self.reread = false;
            self.read(decoded.as_bytes());
            self.reread = true;
        }
    }

    fn push(&mut self, address: Address) {
        if self.addresses.len() < self.max {
            self.addresses.push(address);
        } else {
            self.more = true;
        }
    }
}

impl<'a> Item<'a> {
    fn push(&mut self, octets: &[u8]) {
        self.phrase.extend_from_slice(octets);
        self.bare.extend_from_slice(octets);
    }

    /// Skips a comment, nested ones included; `rest` begins behind its `(`.
    fn comment(&mut self, rest: &'a [u8]) -> &'a [u8] {
        let keep = self.comment.is_empty();
        let mut depth = 1_usize;
        let mut at = 0;
        while at < rest.len() {
            match rest[at] {
                b'(' => depth += 1,
                b')' => depth -= 1,
                b'\\' => at += 1,
                _ => {}
            }
            if depth == 0 {
                break;
            }
            if keep && at < rest.len() {
                self.comment.push(rest[at]);
            }
            at += 1;
        }
        self.push(b" ");
        rest.get(at + 1..).unwrap_or_default()
    }

    /// Takes a quoted string; `rest` begins behind the first quote. One that never ends is no quoted string:
    /// its quote is dropped.
    fn quoted(&mut self, rest: &'a [u8]) -> &'a [u8] {
        let mut end = 0;
        while end < rest.len() && rest[end] != b'"' {
            end += if rest[end] == b'\\' { 2 } else { 1 };
        }
        if end >= rest.len() {
            return rest;
        }
        self.bare.push(b'"');
        let mut at = 0;
        while at < end {
            match rest[at] {
                b'\\' => {
                    at += 1;
                    self.phrase.push(rest[at]);
                    self.bare.extend_from_slice(&[b'\\', rest[at]]);
                }
                b'\r' | b'\n' => {}
                c => self.push(&[c]),
            }
            at += 1;
        }
        self.bare.push(b'"');
        &rest[end + 1..]
    }

    /// Takes what stands in angle brackets; `rest` begins behind `<`. If another `<` follows, what stood
    /// before it belongs to the name. A missing `>` is put before `,` or at the end.
    fn angle(&mut self, rest: &'a [u8]) -> &'a [u8] {
        let mut quoted = false;
        let mut start = 0;
        let mut at = 0;
        while at < rest.len() {
            match rest[at] {
                b'\\' if quoted => at += 1,
                b'"' => quoted = !quoted,
                b'>' if !quoted => break,
                b'<' if !quoted => {
                    self.push(&rest[start..at]);
                    start = at + 1;
                }
                b',' if !quoted && rest.get(start) != Some(&b'@') => break,
                _ => {}
            }
            at += 1;
        }
        let end = at.min(rest.len());
        let inside = &rest[start.min(end)..end];
        if self.angle.as_ref().is_none_or(|before| !before.contains(&b'@')) {
            self.angle = Some(inside);
        }
        match rest.get(end) {
            Some(b'>') => &rest[end + 1..],
            _ => &rest[end..],
        }
    }
}

/// The address of an item without angle brackets: the last word with `@`, or the only word; and the words
/// before it as a name.
fn bare_address(bare: &[u8]) -> Option<(String, String)> {
    let only = bare.trim_ascii();
    if only.contains(&b'@') && !only.iter().any(|c| c.is_ascii_whitespace() || matches!(c, b'"' | b'=')) {
        return Some((addr_spec(only), String::new()));
    }
    let words = words(bare);
    let at = match words.iter().rposition(|word| word.contains(&b'@')) {
        Some(at) => at,
        None if words.len() == 1 && !words[0].starts_with(b"\"") => 0,
        None => return None,
    };
    let mut word = words[at].as_slice();
    if let [b'"', inside @ .., b'"'] = word
        && !inside.contains(&b'"')
    {
        word = inside;
    }
    if memchr::memmem::find(word, b"=?").is_some() {
        return None;
    }
    let name: Vec<u8> = words[..at].join(&b' ').into_iter().filter(|&c| c != b'"').collect();
    Some((addr_spec(word), text::decode(&name)))
}

/// Splits at white space outside quotes; white space around `@` and `.` does not split.
fn words(octets: &[u8]) -> Vec<Vec<u8>> {
    let mut words: Vec<Vec<u8>> = Vec::new();
    let mut word = Vec::new();
    let mut quoted = false;
    let mut joined = false;
    let mut blank = false;
    for &c in octets {
        if c.is_ascii_whitespace() && !quoted {
            blank = true;
            continue;
        }
        if blank && !joined && c != b'@' && c != b'.' && !word.is_empty() {
            words.push(std::mem::take(&mut word));
        }
        if c == b'"' {
            quoted = !quoted;
        }
        blank = false;
        joined = !quoted && (c == b'@' || c == b'.' && word.contains(&b'@'));
        word.push(c);
    }
    if !word.is_empty() {
        words.push(word);
    }
    words
}

/// White space, comments, route and stray brackets removed.
fn addr_spec(octets: &[u8]) -> String {
    let mut spec = Vec::with_capacity(octets.len());
    let mut quoted = false;
    let mut depth = 0_usize;
    for &c in octets {
        match c {
            b'"' if depth == 0 => quoted = !quoted,
            b'(' if !quoted => depth += 1,
            b')' if !quoted && depth > 0 => {
                depth -= 1;
                continue;
            }
            _ => {}
        }
        let blank = c <= b' ' || c == 0x7f;
        if depth == 0 && (!blank || quoted && c == b' ') {
            spec.push(c);
        }
    }
    let mut spec = text::decode(&spec);
    if spec.starts_with('@')
        && let Some((_, address)) = spec.rsplit_once(':')
    {
        spec = address.to_owned();
    }
    if let Some(rest) =
        spec.get(..7).filter(|p| p.eq_ignore_ascii_case("mailto:")).and_then(|_| spec.get(7..))
    {
        spec = rest.to_owned();
    }
    spec
}
