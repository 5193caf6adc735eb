//! Out-of-office notes and other answers by machines that do not say so in `Auto-Submitted`, and the details of
//! all of them: language, until when, who answers meanwhile.

mod details;
mod language;

use model::{Kind, Message, ReversePath, Source, Verdict};

use crate::{author_local_part, in_field, original, source};

pub(crate) use details::details;

/// What programs put before the subject, lower case; a colon or the end follows, or a blank and more.
const SUBJECTS: [&str; 57] = [
    "out of office",
    "out-of-office",
    "out of the office",
    "out of office autoreply",
    "away from my mail",
    "autosvar",
    "automatisk svar",
    "automatiskt svar",
    "automaattinen vastaus",
    "fraværsmelding",
    "automatická odpověď",
    "自動応答",
    "自動返信",
    "automatische afwezigheid",
    "automatic reply",
    "automatic response",
    "automated reply",
    "automated response",
    "auto reply",
    "auto-reply",
    "autoreply",
    "auto response",
    "auto-response",
    "autoresponse",
    "autoresponder",
    "vacation reply",
    "vacation notice",
    "vacation response",
    "ooo",
    "abwesenheitsnotiz",
    "abwesenheitsmeldung",
    "abwesenheitsnachricht",
    "abwesenheitsassistent",
    "abwesenheitsbenachrichtigung",
    "automatische antwort",
    "automatische rückmeldung",
    "automatische abwesenheit",
    "autom. antwort",
    "automatische eingangsbestätigung",
    "nicht im büro",
    "nicht im haus",
    "réponse automatique",
    "reponse automatique",
    "absence du bureau",
    "message d'absence",
    "respuesta automática",
    "respuesta automatica",
    "fuera de la oficina",
    "risposta automatica",
    "fuori sede",
    "automatisch antwoord",
    "afwezigheidsbericht",
    "automatyczna odpowiedź",
    "odpowiedź automatyczna",
    "resposta automática",
    "automatiska atbilde",
    "автоответ",
];

/// The rule for mail without a word of its own in the header section.
pub(crate) fn verdict(message: &Message) -> Option<Verdict> {
    let subject = message.subject.as_deref().unwrap_or_default().trim().to_lowercase();
    let null_path = message.reverse_path == Some(ReversePath::Null);
    let list = message.field("List-Id").is_some() || message.field("List-Unsubscribe").is_some();
    let mut found = Vec::new();
    if message.field("X-Apple-Action").is_some_and(|body| body.trim().eq_ignore_ascii_case("VACATION")) {
        found.push(in_field("autoreply.apple", "X-Apple-Action"));
    }
    if !list && is_auto_reply_subject(&subject, message) {
        found.push(in_field("autoreply.subject", "Subject"));
    }
    if message.field("X-MS-Exchange-Inbox-Rules-Loop").is_some() && null_path {
        found.push(in_field("autoreply.exchange_rule", "X-MS-Exchange-Inbox-Rules-Loop"));
    }
    // procmail's recipes (`formail -r`) mark their answers so.
    let precedence = message.field("Precedence").map(crate::first_word).unwrap_or_default();
    if message.field("X-Loop").is_some()
        && matches!(precedence.as_str(), "junk" | "bulk")
        && !list
        && message.field("List-Post").is_none()
        && (!message.in_reply_to.is_empty() || subject.starts_with("re:"))
    {
        found.push(in_field("autoreply.loop", "X-Loop"));
    }
    if message.field("Auto-Submitted").is_some_and(|body| crate::first_word(body) == "auto-generated")
        && TICKETS.iter().any(|words| subject.contains(words))
    {
        found.push(in_field("autoreply.ticket", "Subject"));
    }
    let local = author_local_part(message);
    let machine = source::is_daemon(message)
        || ["noreply", "no-reply", "donotreply", "do-not-reply"].iter().any(|word| local.contains(word));
    // Only mail systems and answering machines use the null path; this author is no mail system.
    if null_path && !machine && !list && !message.from.is_empty() && answers(message, &subject) {
        found.push(in_field("autoreply.null_path", "Return-Path"));
    }
    if found.is_empty() {
        return None;
    }
    Some(Verdict {
        kind: Kind::AutoReply,
        confidence: if found.len() > 1 || found[0].rule == "autoreply.apple" { 0.95 } else { 0.8 },
        source: Some(Source("autoreply")),
        auto_reply: Some(details(message)),
        original: original::of(message),
        evidence: found,
        ..Verdict::default()
    })
}

/// Subjects with which ticket systems confirm a mail, lower case.
const TICKETS: [&str; 9] = [
    "request received",
    "ticket received",
    "we received your",
    "we have received your",
    "anfrage erhalten",
    "anfrage eingegangen",
    "eingangsbestätigung",
    "ticket erstellt",
    "ticket created",
];

/// It answers a mail, or thanks for one.
fn answers(message: &Message, subject: &str) -> bool {
    !message.in_reply_to.is_empty()
        || !message.references.is_empty()
        || [
            "re:",
            "aw:",
            "thank you for your",
            "thanks for your",
            "vielen dank für ihre",
            "danke für ihre",
            "ihre nachricht",
            "your message",
            "your e-mail",
            "your email",
            "your mail",
            "ihre e-mail",
            "ihre mail",
            "ihre anfrage",
            "merci pour",
            "gracias por",
        ]
        .iter()
        .any(|start| subject.starts_with(start))
}

fn is_auto_reply_subject(subject: &str, message: &Message) -> bool {
    for words in SUBJECTS {
        if let Some(rest) = subject
            .strip_prefix(words)
            .or_else(|| subject.strip_prefix('[').and_then(|s| s.strip_prefix(words)))
        {
            let rest = rest.trim_start();
            let heading = rest.is_empty() || rest.starts_with([':', ']', '-', '–', '(', '/', '!']);
            // `Out of office Re: …`, `AutoReply 'subject'`; a person writes on in words.
            let quotes =
                rest.starts_with(['"', '\'', '„', '“']) || rest.starts_with("re") || rest.starts_with("aw");
            if heading || quotes && !rest.starts_with("reg") {
                return true;
            }
        }
    }
    // Exchange in any language: `<words>: <subject>`, the topic being that subject.
    let topic = message.field("Thread-Topic").unwrap_or_default().trim().to_lowercase();
    let Some((words, rest)) = subject.split_once(": ") else { return false };
    !topic.is_empty()
        && rest.trim() == topic
        && words.chars().count() > 6
        && ["auto", "авто", "office", "abwes", "absen", "ausente", "assen", "afwez", "nieobecn"]
            .iter()
            .any(|part| words.contains(part))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_subject_is_one() {
        let kind = |subject: &str, more: &str| {
            let mail = format!("From: joe@b.example\nTo: us@a.example\nSubject: {subject}\n{more}\nx\n");
            let message = parse::parse(mail.as_bytes(), &parse::Limits::default()).message;
            verdict(&message).is_some()
        };
        for words in SUBJECTS {
            assert!(kind(&format!("{words}: Angebot"), ""), "{words}");
        }
        for subject in [
            "Abwesenheit Montag",
            "Re: Automatic reply: x",
            "Out of office furniture",
            "Automatische Antworten einrichten",
        ] {
            assert!(!kind(subject, ""), "{subject}");
        }
        assert!(kind("Sonstiges", "X-Apple-Action: VACATION\n"));
        assert!(kind("Ihre Nachricht", "Return-Path: <>\n"));
        assert!(kind("Automaattinen vastaus, autovastaus: Angebot", "Thread-Topic: Angebot\n"));
    }
}
