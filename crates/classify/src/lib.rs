//! What kind of mail a message is, and what it reports about other mails.
//!
//! In: a parsed [`model::Message`] and [`Options`]. Out: a [`model::Verdict`] with its evidence: kind, one
//! report per recipient, the mail reported on, whether a machine may answer. It looks at nothing else: no
//! octets, no directory, no history. It does not match reports with mails that were sent, nor change the
//! standing of an address.

mod address;
mod auto_reply;
mod auto_submitted;
mod challenge;
mod codes;
mod complaint;
mod judge;
mod list;
mod may_reply;
mod needles;
mod original;
mod own_text;
mod phrase;
mod reason;
mod report;
mod return_path;
mod source;
mod unsubscribe;
mod verdict;

pub use reason::reasons;
pub use verdict::{Options, verdict};

use model::{Evidence, Message};

/// The text in lower case, mostly ASCII. A sigma at the end of a word is no other than one inside it.
fn lower(text: &str) -> String {
    let mut lower = text.to_ascii_lowercase();
    if lower.is_ascii() {
        return lower;
    }
    lower.clear();
    let mut rest = text;
    while let Some(at) = rest.bytes().position(|c| c >= 0x80) {
        let (ascii, after) = rest.split_at(at);
        let from = lower.len();
        lower.push_str(ascii);
        lower[from..].make_ascii_lowercase();
        let mut chars = after.chars();
        lower.extend(chars.next().into_iter().flat_map(char::to_lowercase));
        rest = chars.as_str();
    }
    let from = lower.len();
    lower.push_str(rest);
    lower[from..].make_ascii_lowercase();
    lower
}

/// A rule that spoke, and where.
fn evidence(rule: &'static str, place: impl Into<String>) -> Evidence {
    Evidence { rule, place: place.into() }
}

/// A rule that read a header field.
fn in_field(rule: &'static str, name: &str) -> Evidence {
    evidence(rule, format!("header {name}"))
}

/// The first word of a field, lower case, without comment and parameters.
fn first_word(body: &str) -> String {
    body.split(|c: char| c.is_whitespace() || matches!(c, ';' | '(' | ','))
        .find(|w| !w.is_empty())
        .unwrap_or_default()
        .to_ascii_lowercase()
}

/// What stands before the `@` of the author, lower case; empty without one.
fn author_local_part(message: &Message) -> String {
    message
        .from
        .first()
        .map(|author| author.addr_spec.split('@').next().unwrap_or_default().to_lowercase())
        .unwrap_or_default()
}

#[cfg(test)]
mod tests;
