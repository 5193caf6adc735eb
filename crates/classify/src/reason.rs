//! Why a mail was not delivered: one word of the list in `docs/reasons.md`, from text and code.

mod authentication_failed;
mod blocked;
mod content_rejected;
mod domain_unknown;
mod expired;
mod greylisted;
mod mailbox_disabled;
mod mailbox_full;
mod message_too_large;
mod moved;
mod network;
mod no_mail_host;
mod not_permitted;
mod policy;
mod protocol_error;
mod rate_limited;
mod relaying_denied;
mod reverse_dns;
mod routing_loop;
mod sender_rejected;
mod spam;
mod system_error;
mod system_full;
mod tls_failed;
mod user_unknown;
mod virus;

use std::borrow::Cow;
use std::sync::LazyLock;

use memchr::memmem;
use model::{Action, Permanence};
use parse::report::status::{EnhancedStatus, StatusClass};

use crate::needles::Needles;

/// One reason: its word and what shows it.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Reason {
    /// The word in JSON.
    pub(crate) word: &'static str,
    /// Rule id when text shows it.
    pub(crate) by_text: &'static str,
    /// Rule id when a code shows it.
    pub(crate) by_code: &'static str,
    /// What it says of the address.
    permanence: Permanence,
    /// Subject and detail of enhanced codes.
    codes: &'static [(u16, u16)],
    /// Lower case; found anywhere in what a server wrote.
    phrases: &'static [&'static str],
}

/// In order of weight: where a text shows several, the first one counts.
const REASONS: [Reason; 26] = [
    authentication_failed::REASON,
    reverse_dns::REASON,
    virus::REASON,
    greylisted::REASON,
    relaying_denied::REASON,
    mailbox_full::REASON,
    message_too_large::REASON,
    mailbox_disabled::REASON,
    blocked::REASON,
    spam::REASON,
    sender_rejected::REASON,
    rate_limited::REASON,
    not_permitted::REASON,
    no_mail_host::REASON,
    domain_unknown::REASON,
    user_unknown::REASON,
    moved::REASON,
    routing_loop::REASON,
    tls_failed::REASON,
    content_rejected::REASON,
    policy::REASON,
    system_full::REASON,
    expired::REASON,
    network::REASON,
    system_error::REASON,
    protocol_error::REASON,
];

impl Reason {
    /// Words that occur in reports of other reasons too.
    fn is_vague(&self) -> bool {
        matches!(
            self.word,
            "policy" | "network" | "system_error" | "expired" | "protocol_error" | "content_rejected"
        )
    }
}

/// Every word that a reason may be.
pub fn reasons() -> impl Iterator<Item = &'static str> {
    REASONS.iter().map(|reason| reason.word)
}

/// All phrases, and for each the index of its reason.
static PHRASES: LazyLock<(Needles, Vec<usize>)> = LazyLock::new(|| {
    let rows =
        || REASONS.iter().enumerate().flat_map(|(n, reason)| reason.phrases.iter().map(move |p| (n, p)));
    (Needles::new(rows().map(|(_, phrase)| *phrase)), rows().map(|(n, _)| n).collect())
});

/// What a server said about one recipient.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Said<'a> {
    /// Its words, lower case, white space folded.
    pub(crate) text: &'a str,
    /// The recipient, lower case; empty if the words are not only about that one.
    pub(crate) recipient: &'a str,
    /// The effective code.
    pub(crate) status: Option<EnhancedStatus>,
    /// The reply code.
    pub(crate) smtp_code: Option<u16>,
    /// The action reported.
    pub(crate) action: Option<Action>,
    /// It was said after the host had taken the address and read the mail.
    pub(crate) after_data: bool,
}

/// What is concluded of it.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Because {
    /// The reason, if any is known.
    pub(crate) word: Option<&'static str>,
    /// The rule that spoke.
    pub(crate) rule: Option<&'static str>,
    /// Whether the address is dead.
    pub(crate) permanence: Permanence,
    /// The words that showed it, lower case; `None` where a code did.
    pub(crate) phrase: Option<&'static str>,
    /// It says more than that something went wrong.
    pub(crate) exact: bool,
}

/// Reason and permanence of one report.
pub(crate) fn because(said: &Said<'_>) -> Because {
    let text = without_prefaces(said.text);
    let of_code = said.status.and_then(by_code);
    let found = by_text(&text);
    let found = if found.is_none() && of_code.is_none() { with_recipient_named(said, &text) } else { found };
    let (of_text, phrase) = found.unzip();
    let reason = choose(said, &text, of_text, of_code);
    let Some((reason, by_text)) = reason else {
        let permanence = match said.action {
            Some(Action::Failed | Action::Delayed) if said.status.is_some() || said.smtp_code.is_some() => {
                Permanence::Temporary
            }
            _ => Permanence::Unknown,
        };
        return Because { word: None, rule: None, permanence, phrase: None, exact: false };
    };
    Because {
        word: Some(reason.word),
        rule: Some(if by_text { reason.by_text } else { reason.by_code }),
        permanence: permanence(reason, by_text, said),
        phrase: phrase.filter(|_| by_text),
        exact: !reason.is_vague(),
    }
}

/// Words that stand there whatever the reason is: before it (Postfix), or behind it as other things that might be
/// (cPanel, for a domain that cannot be looked up).
const BESIDE: [&str; 2] =
    ["recipient address rejected: ", ", they may be blacklisted, or missing the proper dns entries"];

fn without_prefaces(text: &str) -> Cow<'_, str> {
    const KEPT: &str = "recipient address rejected: access denied";
    let mut text = Cow::Borrowed(text);
    for words in BESIDE {
        if memmem::find(text.as_bytes(), words.as_bytes()).is_some() && !text.contains(KEPT) {
            text = text.replace(words, "").into();
        }
    }
    text
}

/// The weightiest reason that a text shows, and the words that show it. Words of a link's path name a page of help,
/// which may be about anything; they count where no others do.
fn by_text(text: &str) -> Option<(&'static Reason, &'static str)> {
    let (needles, reasons) = &*PHRASES;
    let (_, first, number) = needles
        .find(text)
        .filter_map(|(number, at)| Some((in_path(text, at), reasons.get(number)?, number)))
        .min()?;
    Some((REASONS.get(*first)?, needles.phrase(number)?))
}

/// Whether this byte lies in the path of a link, behind its host.
fn in_path(text: &str, at: usize) -> bool {
    let before = text.as_bytes().get(at.saturating_sub(LINK_BYTES_MAX)..at).unwrap_or_default();
    let word = before.rsplit(u8::is_ascii_whitespace).next().unwrap_or_default();
    memmem::find(word, b"://").is_some_and(|scheme| word.iter().skip(scheme + 3).any(|c| *c == b'/'))
}

/// Bytes of a link that are looked at.
const LINK_BYTES_MAX: usize = 200;

/// A reply that has the address where others have a word: `542 a@b.example rejected`, `mailbox a@b.example is full`.
fn with_recipient_named(said: &Said<'_>, text: &str) -> Option<(&'static Reason, &'static str)> {
    if said.recipient.is_empty() || said.smtp_code.is_none() || text.len() > REPLY_BYTES_MAX {
        return None;
    }
    let (before, after) = text.split_once(said.recipient)?;
    let before = before.trim_end_matches(['<', '(', '[', '"', '\'']).trim_end();
    let after = after.trim_start_matches(['>', ')', ']', '"', '\'']).trim_start();
    by_text(&format!("{before} recipient {after}")).or_else(|| by_text(&format!("{before} {after}")))
}

/// Bytes of what a server says of one address.
const REPLY_BYTES_MAX: usize = 300;

fn by_code(status: EnhancedStatus) -> Option<&'static Reason> {
    REASONS.iter().find(|reason| reason.codes.contains(&(status.subject, status.detail)))
}

/// Text is more exact than a code, but for the few codes that programs choose with care, and for words that
/// mean the sender where the code, or the command that was answered, says so.
fn choose(
    said: &Said<'_>,
    text: &str,
    of_text: Option<&'static Reason>,
    of_code: Option<&'static Reason>,
) -> Option<(&'static Reason, bool)> {
    let unknown = |reason: &Reason| reason.permanence == Permanence::Permanent;
    match (of_text, of_code) {
        (Some(text_says), Some(code_says)) => {
            let code = said.status.map(|s| (s.subject, s.detail));
            let about_sender = code_says.word == "sender_rejected";
            let vague = text_says.is_vague();
            let transient = said.status.is_some_and(|s| s.class == StatusClass::Transient);
            // Postfix writes 4.1.1 also of an address that it could not ask about.
            let exact = matches!(code, Some((1 | 2 | 6, 1..) | (3, 4) | (7, 20..)))
                && !(transient && unknown(code_says));
            let moved = code == Some((1, 6)) && text_says.word == "user_unknown";
            if about_sender && unknown(text_says) || vague && exact || moved {
                Some((code_says, false))
            } else {
                Some((text_says, true))
            }
        }
        (Some(text_says), None) if unknown(text_says) && answers_mail_from(text) => {
            REASONS.iter().find(|r| r.word == "sender_rejected").map(|r| (r, true))
        }
        (Some(text_says), None) => Some((text_says, true)),
        (None, Some(code_says)) => Some((code_says, false)),
        (None, None) => None,
    }
}

/// The sender was refused, not the recipient.
fn answers_mail_from(text: &str) -> bool {
    ["after mail from", "in reply to mail from", "after sender", "did not like our mail from"]
        .iter()
        .any(|phrase| text.contains(phrase))
}

/// A domain that cannot be looked up now may be there tomorrow, and a late mail is not lost.
fn permanence(reason: &Reason, by_text: bool, said: &Said<'_>) -> Permanence {
    if said.action == Some(Action::Delayed) {
        return Permanence::Temporary;
    }
    // Who takes the address and refuses the mail filters it, whatever it says.
    if said.after_data && said.status.is_none_or(|status| (status.subject, status.detail) != (1, 1)) {
        return Permanence::Temporary;
    }
    let transient = said.status.is_some_and(|s| s.class == StatusClass::Transient)
        || said.status.is_none() && said.smtp_code.is_some_and(|code| code < 500);
    // A host that says in words that there is no such user means it, whatever the class of its code is.
    if transient && !(by_text && reason.word == "user_unknown") {
        return Permanence::Temporary;
    }
    if answers_mail_from(said.text) && reason.permanence == Permanence::Permanent {
        return Permanence::Temporary;
    }
    reason.permanence
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_phrase_shows_a_reason() {
        for reason in REASONS {
            for phrase in reason.phrases {
                let said = Said { text: phrase, ..Said::default() };
                assert!(because(&said).word.is_some(), "{}: {phrase}", reason.word);
                assert_eq!(*phrase, phrase.to_lowercase());
            }
            for (subject, detail) in reason.codes {
                let status =
                    EnhancedStatus { class: StatusClass::Permanent, subject: *subject, detail: *detail };
                let because = because(&Said { status: Some(status), ..Said::default() });
                assert!(because.word.is_some(), "{status}");
            }
        }
    }

    #[test]
    fn reason_and_permanence() {
        use Permanence::{Permanent, Temporary};
        let check = |text: &str, word: &str, permanence: Permanence| {
            let codes = crate::codes::codes(text);
            let said = Said {
                text: &text.to_lowercase(),
                recipient: "user@dest.example",
                status: codes.status,
                smtp_code: codes.smtp_code,
                action: Some(Action::Failed),
                after_data: false,
            };
            let because = because(&said);
            assert_eq!((because.word, because.permanence), (Some(word), permanence), "{text}");
        };
        check("550 5.1.1 <a@b.example>: Recipient address rejected: User unknown", "user_unknown", Permanent);
        check("550 5.7.1 No such user", "user_unknown", Permanent);
        check("450 4.1.1 user unknown in virtual alias table", "user_unknown", Permanent);
        check("550 5.1.1 mailbox is full", "mailbox_full", Temporary);
        check("552 5.2.2 Quota exceeded", "mailbox_full", Temporary);
        check("550 5.1.2 host unknown", "domain_unknown", Permanent);
        check("4.4.3 host not found, try again", "domain_unknown", Temporary);
        check("556 5.1.10 domain does not accept mail (nullMX)", "no_mail_host", Permanent);
        check("551 5.1.6 recipient has moved", "moved", Permanent);
        check("551 5.1.6 not our customer", "moved", Permanent);
        check("550 5.1.2 domain does not exist", "domain_unknown", Permanent);
        check("500 5.5.1 command not recognized", "protocol_error", Temporary);
        check("550 unbekannter Fehler 5.3.0", "system_error", Temporary);
        check("550 5.1.8 domain of sender address does not exist", "sender_rejected", Temporary);
        check("550 5.7.26 not accepted due to DMARC policy", "authentication_failed", Temporary);
        check("554 5.7.1 blocked using zen.spamhaus.org", "blocked", Temporary);
        check(
            "The account or domain may not exist, they may be blacklisted, or missing the proper dns entries.",
            "user_unknown",
            Permanent,
        );
        check("450 4.7.1 greylisted", "greylisted", Temporary);
        check("550 5.2.1 the account is disabled", "mailbox_disabled", Temporary);
        check("552 5.3.4 message too big", "message_too_large", Temporary);
        check("554 5.4.6 too many hops", "routing_loop", Temporary);
        check("550 5.1.1", "user_unknown", Permanent);
        check("550 5.7.1", "policy", Temporary);
        check("450 4.1.1 unverified address: connect to mx.dest.example: timed out", "network", Temporary);
        check("450 4.1.1", "user_unknown", Temporary);
        check("542 user@dest.example Rejected", "user_unknown", Permanent);
        check("550 Rejected: user@dest.example is a spam trap", "spam", Temporary);
        check("550 User (user@dest.example) unknown.", "user_unknown", Permanent);
        check("552 Mailbox <user@dest.example> is full", "mailbox_full", Temporary);
        check("550 account user@dest.example is locked", "mailbox_disabled", Temporary);
        check("550 RCPT not exist http://help.example/help_spam_16.htm", "user_unknown", Permanent);
        check("550 see http://www.spamhaus.org/query/bl?ip=192.0.2.1", "blocked", Temporary);
        check("550 see https://help.example/p/unsolicited", "spam", Temporary);
        check("553 sorry, this recipient is not in my validrcptto list (#5.7.1)", "user_unknown", Permanent);
        check("551 User not local; please try <new@dest.example>", "moved", Permanent);
        check("550 an MX or SRV record indicated no SMTP service", "no_mail_host", Permanent);
        check("550 5.4.310 DNS domain dest.example does not exist", "domain_unknown", Permanent);
        check("550 5.4.312 DNS query failed", "network", Temporary);
        check("550 5.1.90 You've reached your limit for recipients", "rate_limited", Temporary);
        check("550 closed due to inactivity", "mailbox_disabled", Temporary);
        check("552 Das Postfach des Empfängers ist voll", "mailbox_full", Temporary);
        check("550 Kein solcher Benutzer", "user_unknown", Permanent);
        check("550 Casella inesistente", "user_unknown", Permanent);
        check("550 dominio inesistente", "domain_unknown", Permanent);
        check("550 Bad HELO - Host impersonating domain name", "policy", Temporary);
    }
}
