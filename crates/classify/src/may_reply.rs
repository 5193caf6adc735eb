//! Whether a machine may answer (RFC 3834 §2).

use model::{Evidence, Message, ReversePath};

use crate::{Options, author_local_part, first_word, in_field};

/// What speaks against an automatic answer; nothing if it may be sent.
pub(crate) fn against(message: &Message, options: &Options) -> Vec<Evidence> {
    let mut against = Vec::new();
    if message.from.is_empty() {
        against.push(in_field("may_reply.no_author", "From"));
    }
    if message.reverse_path == Some(ReversePath::Null) {
        against.push(in_field("may_reply.null_path", "Return-Path"));
    }
    if is_machine(&author_local_part(message)) {
        against.push(in_field("may_reply.machine", "From"));
    }
    if message.field("Auto-Submitted").is_some_and(|body| first_word(body) != "no") {
        against.push(in_field("may_reply.auto_submitted", "Auto-Submitted"));
    }
    if message
        .field("Precedence")
        .is_some_and(|body| matches!(first_word(body).as_str(), "bulk" | "list" | "junk"))
    {
        against.push(in_field("may_reply.precedence", "Precedence"));
    }
    let suppressed = message.field("X-Auto-Response-Suppress").is_some_and(|body| {
        body.split([',', ';'])
            .any(|word| ["all", "oof", "autoreply"].iter().any(|w| word.trim().eq_ignore_ascii_case(w)))
    });
    if suppressed {
        against.push(in_field("may_reply.suppressed", "X-Auto-Response-Suppress"));
    }
    if let Some(field) = message
        .header_section
        .iter()
        .find(|f| f.name.get(..5).is_some_and(|n| n.eq_ignore_ascii_case("List-")))
    {
        against.push(in_field("may_reply.list", &field.name));
    }
    if message.field("X-Loop").is_some() {
        against.push(in_field("may_reply.loop", "X-Loop"));
    }
    if !options.own_addresses.is_empty() && !names_us(message, &options.own_addresses) {
        against.push(in_field("may_reply.not_addressed", "To"));
    }
    against
}

fn names_us(message: &Message, own: &[String]) -> bool {
    message.to.iter().chain(&message.cc).chain(&message.bcc).any(|address| {
        let folded = address.folded();
        own.contains(&folded)
    })
}

/// RFC 3834 §2 and RFC 2142; nobody reads answers there.
fn is_machine(local_part: &str) -> bool {
    const WHOLE: [&str; 10] = [
        "mailer-daemon",
        "mail-daemon",
        "postmaster",
        "listserv",
        "majordomo",
        "noreply",
        "no-reply",
        "donotreply",
        "do-not-reply",
        "no_reply",
    ];
    WHOLE.contains(&local_part)
        || local_part.starts_with("owner-")
        || local_part.ends_with("-request")
        || local_part.ends_with("-owner")
        || ["noreply", "no-reply", "donotreply"].iter().any(|word| local_part.contains(word))
}
