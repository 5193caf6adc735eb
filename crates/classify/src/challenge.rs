//! Mails that ask the sender to prove to be human before the mail is delivered.

use std::sync::LazyLock;

use model::{Kind, Message, Source, Verdict};

use crate::needles::Needles;
use crate::{evidence, in_field};

/// What such services write, lower case.
const PHRASES: [&str; 40] = [
    "delivery software (tmda)",
    "to release your pending message",
    "sender not pre-approved",
    "confirm your message to",
    "to be approved, answer",
    "verification required",
    "complete the verification process",
    "protecting myself from receiving junk",
    "uses a guest list",
    "message is on the waiting list",
    "schützt sich vor spam mit einer bestätigung",
    "not pre-approved",
    "boxbe guest list",
    "x-boxbe-notice",
    "spamarrest",
    "spam arrest",
    "challenge-response",
    "challenge/response",
    "confirm that you are a human",
    "prove that you are a human",
    "verify that you are human",
    "only from senders i have approved",
    "only from people i have approved",
    "request form to be added",
    "to be added to my allowed senders",
    "add you to my list of allowed senders",
    "confirm your email address to have your message delivered",
    "confirm your message by replying",
    "your message is being held until",
    "message will be delivered once you confirm",
    "to release your message",
    "must confirm that you sent",
    "please reply to this message to confirm",
    "click the link below to have your message delivered",
    "click on the link below to verify your address",
    "auf meine liste erlaubter absender",
    "bestätigen sie, dass sie ein mensch sind",
    "bestätigen sie bitte ihre nachricht",
    "damit ihre nachricht zugestellt wird, bestätigen",
    "vous identifier pour que votre message soit remis",
];

static WORDS: LazyLock<Needles> = LazyLock::new(|| Needles::new(PHRASES.into_iter()));

/// Header fields that such services write.
const FIELDS: [(&str, &str); 3] = [
    ("X-Spamarrest-Challenge", "challenge.spamarrest"),
    ("X-UOL-Challenge", "challenge.uol"),
    ("X-ChoiceMail-Registration-Request", "challenge.choicemail"),
];

/// Bytes of text that are looked at.
const TEXT_BYTES_MAX: usize = 6 << 10;

pub(crate) fn verdict(message: &Message) -> Option<Verdict> {
    let mut found: Vec<_> = FIELDS
        .iter()
        .filter(|(name, _)| message.field(name).is_some())
        .map(|(n, rule)| in_field(rule, n))
        .collect();
    if found.is_empty() {
        let machine = message.field("Auto-Submitted").is_some_and(|body| crate::first_word(body) != "no")
            || message.reverse_path == Some(model::ReversePath::Null)
            || message.parts.iter().any(|part| part.content_type == "message/delivery-status")
            || matches!(&message.reverse_path, Some(model::ReversePath::Path(path)) if path.to_ascii_lowercase().contains("challenge"))
            || message.field("Precedence").is_some();
        if !machine || message.field("List-Id").is_some() {
            return None;
        }
        let texts = message
            .parts
            .iter()
            .filter(|part| part.message_depth == 0)
            .filter_map(|part| Some((part.number.as_str(), part.text.as_deref()?)));
        for (number, text) in texts {
            let text = text.get(..text.floor_char_boundary(TEXT_BYTES_MAX)).unwrap_or_default();
            if WORDS.find(&text.to_ascii_lowercase()).next().is_some() {
                let place = if number.is_empty() { "body".to_owned() } else { format!("part {number}") };
                found.push(evidence("challenge.text", place));
                break;
            }
        }
    }
    (!found.is_empty()).then(|| Verdict {
        kind: Kind::Challenge,
        confidence: 0.9,
        source: Some(Source("challenge")),
        evidence: found,
        ..Verdict::default()
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_phrase_asks() {
        for phrase in PHRASES {
            let mail = format!("From: a@b.example\nAuto-Submitted: auto-replied\n\n{phrase}\n");
            let message = parse::parse(mail.as_bytes(), &parse::Limits::default()).message;
            assert!(verdict(&message).is_some(), "{phrase}");
        }
        for (name, _) in FIELDS {
            let mail = format!("From: a@b.example\n{name}: 1\n\nx\n");
            let message = parse::parse(mail.as_bytes(), &parse::Limits::default()).message;
            assert!(verdict(&message).is_some(), "{name}");
        }
    }
}
