//! Mailing lists and mail to subscribers (RFC 2369, RFC 2919, RFC 8058).

use model::{Kind, Message, Source, Verdict};

use crate::{first_word, in_field};

const FIELDS: [(&str, &str, &str); 6] = [
    ("List-Id", "list.id", "rfc2919"),
    ("List-Post", "list.post", "rfc2369"),
    ("List-Unsubscribe", "list.unsubscribe", "rfc2369"),
    ("List-Unsubscribe-Post", "list.unsubscribe_post", "rfc8058"),
    ("Mailing-List", "list.mailing_list", "mailing_list"),
    ("X-Mailing-List", "list.mailing_list", "mailing_list"),
];

pub(crate) fn verdict(message: &Message) -> Option<Verdict> {
    let mut evidence = Vec::new();
    let mut source = None;
    for (name, rule, of) in FIELDS {
        if message.field(name).is_some() {
            evidence.push(in_field(rule, name));
            source = source.or(Some(of));
        }
    }
    let mut confidence = 0.95;
    if evidence.is_empty() {
        let precedence = message.field("Precedence").map(first_word)?;
        if !matches!(precedence.as_str(), "list" | "bulk" | "junk") {
            return None;
        }
        evidence.push(in_field("list.precedence", "Precedence"));
        source = Some("precedence");
        confidence = if precedence == "list" { 0.9 } else { 0.7 };
    }
    Some(Verdict { kind: Kind::List, confidence, source: source.map(Source), evidence, ..Verdict::default() })
}
