//! Mails that a `List-Unsubscribe` address or a short note makes: nothing in them but the wish to leave.

use model::{Kind, Message, Source, TextKind, Verdict};

use crate::{evidence, in_field};

/// Words that are the whole of such a subject or text.
const WORDS: [&str; 12] = [
    "unsubscribe",
    "unsubscribe me",
    "please unsubscribe",
    "please unsubscribe me",
    "remove",
    "remove me",
    "abmelden",
    "abmeldung",
    "bitte abmelden",
    "newsletter abmelden",
    "newsletter abbestellen",
    "abbestellen",
];

pub(crate) fn verdict(message: &Message) -> Option<Verdict> {
    let subject = message.subject.as_deref().unwrap_or_default();
    let text: Vec<&str> =
        message.body.of_kind(TextKind::New).flat_map(str::split_whitespace).take(8).collect();
    let text = text.join(" ");
    let in_subject = is_wish(subject);
    let in_text = is_wish(&text);
    let only = in_subject && (text.is_empty() || in_text) || in_text && subject.trim().is_empty();
    if !only || message.attachments().next().is_some() {
        return None;
    }
    let mut found = Vec::new();
    if in_subject {
        found.push(in_field("unsubscribe.subject", "Subject"));
    }
    if in_text {
        found.push(evidence("unsubscribe.text", "body line 1"));
    }
    Some(Verdict {
        kind: Kind::Unsubscribe,
        confidence: 0.9,
        source: Some(Source("unsubscribe")),
        evidence: found,
        ..Verdict::default()
    })
}

/// The text is one of the words; an address, a list name in brackets or a token may follow `unsubscribe`.
fn is_wish(text: &str) -> bool {
    let text = text.trim().trim_end_matches(['.', '!']).to_lowercase();
    let first = text.split([':', '<', '[', '(']).next().unwrap_or_default().trim();
    WORDS.contains(&first)
        || text
            .strip_prefix("unsubscribe ")
            .is_some_and(|rest| !rest.contains(' ') && (rest.contains(['@', '-', '_']) || rest.len() > 12))
}
