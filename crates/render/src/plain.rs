//! Plain text as HTML: links, quoted levels, signature.

use crate::links::{self, Target};
use crate::tokens::push_escaped;
use crate::{Rendered, document};

/// Deeper quotes look like this level.
const LEVELS_MAX: usize = 6;
/// Longer words are not looked at for links.
const WORD_OCTETS_MAX: usize = 4096;

const STYLES: &str = ".t{white-space:pre-wrap;overflow-wrap:anywhere}\
blockquote{margin:4px 0;padding:0 0 0 10px;border-left:2px solid #0b7285;color:#0b4f5a}\
blockquote blockquote{border-color:#5f3dc4;color:#4b318f}\
blockquote blockquote blockquote{border-color:#2b8a3e;color:#226b31}\
.s{color:#5c636a}";

/// The text of a mail as a document that does no harm: addresses become links, quoted lines (`>`) blocks, what follows
/// the line `-- ` is the signature. Never panics; linear in the length of `text`.
pub fn text(text: &str) -> Rendered {
    let mut body = String::with_capacity(text.len() + text.len() / 4 + 64);
    body.push_str("<div class=\"t\">");
    let mut level = 0;
    let mut signature = false;
    for line in text.lines() {
        let (depth, content) = quoted(line);
        if depth == 0 && line == "-- " && !signature {
            close(&mut body, &mut level, 0);
            body.push_str("<div class=\"s\">");
            signature = true;
        }
        close(&mut body, &mut level, depth);
        while level < depth {
            body.push_str("<blockquote>");
            level += 1;
        }
        push_linked(&mut body, content);
        body.push('\n');
    }
    close(&mut body, &mut level, 0);
    body.push_str(if signature { "</div></div>" } else { "</div>" });
    Rendered { html: document::document(true, STYLES, "", &body), ..Rendered::default() }
}

fn close(body: &mut String, level: &mut usize, to: usize) {
    while *level > to {
        body.push_str("</blockquote>");
        *level -= 1;
    }
}

/// How often a line is quoted, and what stands behind the marks.
fn quoted(line: &str) -> (usize, &str) {
    let (mut depth, mut rest) = (0, line);
    while let Some(behind) = rest.strip_prefix('>') {
        depth += 1;
        // A blank between marks belongs to them, one before the text too.
        rest = behind.strip_prefix(' ').unwrap_or(behind);
    }
    (depth.min(LEVELS_MAX), rest)
}

/// Appends a line; words that are addresses become links.
fn push_linked(out: &mut String, line: &str) {
    let mut rest = line;
    while !rest.is_empty() {
        let start = rest.find(|c: char| !is_between(c)).unwrap_or(rest.len());
        push_escaped(out, &rest[..start]);
        rest = &rest[start..];
        let end = rest.find(is_between).unwrap_or(rest.len());
        push_word(out, &rest[..end]);
        rest = &rest[end..];
    }
}

/// Characters that never belong to an address.
fn is_between(c: char) -> bool {
    c.is_whitespace()
        || c.is_control()
        || matches!(c, '<' | '>' | '"' | '„' | '“' | '”' | '«' | '»' | '`' | '|')
}

fn push_word(out: &mut String, word: &str) {
    let Some((start, end, target)) = address(word) else { return push_escaped(out, word) };
    push_escaped(out, &word[..start]);
    out.push_str("<a target=\"_blank\" rel=\"noopener noreferrer\" href=\"");
    push_escaped(out, &target);
    out.push_str("\">");
    push_escaped(out, &word[start..end]);
    out.push_str("</a>");
    push_escaped(out, &word[end..]);
}

/// The address inside a word: from, to, and where it leads.
fn address(word: &str) -> Option<(usize, usize, String)> {
    if word.len() > WORD_OCTETS_MAX || !word.contains(['.', ':', '@']) {
        return None;
    }
    let lower = word.to_ascii_lowercase();
    let start = ["http://", "https://", "www.", "mailto:"].iter().filter_map(|begin| lower.find(begin)).min();
    if let Some(start) = start {
        let before = word[..start].chars().next_back();
        if before.is_none_or(|c| !c.is_alphanumeric()) {
            let end = start + without_punctuation(&word[start..]).len();
            if let Some(Target::Outside(url)) = links::target(&word[start..end])
                && end > start + 8
            {
                return Some((start, end, url));
            }
        }
        return None;
    }
    mail_address(word)
}

fn mail_address(word: &str) -> Option<(usize, usize, String)> {
    let at = word.find('@')?;
    let is_local = |c: char| c.is_ascii_alphanumeric() || matches!(c, '.' | '_' | '+' | '-' | '=' | '&');
    let local = word[..at]
        .rfind(|c| !is_local(c))
        .map_or(0, |i| i + word[i..].chars().next().map_or(1, char::len_utf8));
    let domain_len = word[at + 1..]
        .find(|c: char| !(c.is_alphanumeric() || matches!(c, '.' | '-')))
        .unwrap_or(word.len() - at - 1);
    let domain = word[at + 1..at + 1 + domain_len].trim_end_matches(['.', '-']);
    let (start, end) = (local, at + 1 + domain.len());
    let usable = start < at && domain.contains('.') && !domain.starts_with('.') && !domain.contains("..");
    if !usable {
        return None;
    }
    match links::target(&format!("mailto:{}", &word[start..end]))? {
        Target::Outside(url) => Some((start, end, url)),
        Target::Fragment(_) => None,
    }
}

/// Without the punctuation of the sentence around it; a closing bracket stays if its partner is inside.
fn without_punctuation(mut url: &str) -> &str {
    let more = |url: &str, close: char, open: char| url.matches(close).count() > url.matches(open).count();
    for _ in 0..8 {
        let Some(last) = url.chars().next_back() else { return url };
        let cut = match last {
            '.' | ',' | ';' | ':' | '!' | '?' | '\'' | '*' | '_' | '…' | '}' => true,
            ')' => more(url, ')', '('),
            ']' => more(url, ']', '['),
            _ => false,
        };
        if !cut {
            break;
        }
        url = &url[..url.len() - last.len_utf8()];
    }
    url
}
