//! Reports that keep to no standard: which program wrote them, and what they say of whom.

mod amavis;
mod apple;
mod barracuda;
mod courier;
mod domino;
mod dragonfly;
mod exchange;
mod exim;
mod gmail;
mod gmx;
mod groupware;
mod groupwise;
mod haraka;
mod hmailserver;
mod imail;
mod james;
mod list_manager;
mod mailenable;
mod mailru;
mod mcafee;
mod mdaemon;
mod messagelabs;
mod mimecast;
mod opensmtpd;
mod postfix;
mod powermta;
pub(crate) mod prose;
mod qmail;
mod sendgrid;
mod sendmail;
pub(crate) mod ses;
mod t_online;
mod trendmicro;
mod yahoo;
mod yandex;
mod zoho;

use std::sync::LazyLock;

use model::{Action, Kind, Message, PartRole, RecipientReport, ReversePath, Source, Verdict};

use crate::needles::Needles;
use crate::own_text::{OwnText, own_text};
use crate::report::failed_recipients;
use crate::{evidence, in_field, judge, original, phrase};

/// A format: its name and the words that show it.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Format {
    /// The word in JSON.
    pub(crate) name: &'static str,
    /// Rule id.
    pub(crate) rule: &'static str,
    /// Lower case, white space folded; each one alone shows the format.
    signs: &'static [&'static str],
}

/// The more particular ones first: where words of several are found, the first one counts.
const FORMATS: [Format; 34] = [
    opensmtpd::FORMAT,
    dragonfly::FORMAT,
    postfix::FORMAT,
    qmail::FORMAT,
    gmx::FORMAT,
    exim::FORMAT,
    domino::FORMAT,
    gmail::FORMAT,
    yahoo::FORMAT,
    mailru::FORMAT,
    yandex::FORMAT,
    zoho::FORMAT,
    mdaemon::FORMAT,
    imail::FORMAT,
    trendmicro::FORMAT,
    mimecast::FORMAT,
    amavis::FORMAT,
    sendgrid::FORMAT,
    powermta::FORMAT,
    groupwise::FORMAT,
    james::FORMAT,
    mailenable::FORMAT,
    hmailserver::FORMAT,
    haraka::FORMAT,
    apple::FORMAT,
    t_online::FORMAT,
    sendmail::FORMAT,
    courier::FORMAT,
    exchange::FORMAT,
    barracuda::FORMAT,
    mcafee::FORMAT,
    messagelabs::FORMAT,
    list_manager::FORMAT,
    groupware::FORMAT,
];

/// All signs, and for each the index of its format.
static SIGNS: LazyLock<(Needles, Vec<usize>)> = LazyLock::new(|| {
    let rows = || FORMATS.iter().enumerate().flat_map(|(n, format)| format.signs.iter().map(move |s| (n, s)));
    (Needles::new(rows().map(|(_, sign)| *sign)), rows().map(|(n, _)| n).collect())
});

/// The format that a text in lower case shows, and where.
fn format_of(text: &str) -> Option<(&'static Format, usize)> {
    let (needles, formats) = &*SIGNS;
    let (format, at) =
        needles.find(text).filter_map(|(number, at)| Some((*formats.get(number)?, at))).min()?;
    Some((FORMATS.get(format)?, at))
}

/// Who sent a mail, as far as it matters here.
struct Sender {
    /// A mail system by its address or name.
    daemon: bool,
    /// The null path, or that of a mail system.
    null_path: bool,
    /// A machine by another sign.
    machine: bool,
    /// Answers or forwards a mail.
    conversation: bool,
    /// Sent through a list or to subscribers.
    list: bool,
}

/// Names that mail systems give themselves, lower case.
const DAEMON_NAMES: [&str; 16] = [
    "mail delivery s",
    "mail deliver s",
    "mailer-daemon",
    "mailer daemon",
    "maildelivery",
    "mail.delivery",
    "postmaster",
    "system administrator",
    "systemadministrator",
    "mail administrator",
    "administrateur système",
    "administrador del sistema",
    "amministratore di sistema",
    "pmdf",
    "internet mail delivery",
    "bounce notification",
];

/// What stands before the `@` of mail systems, lower case.
const DAEMONS: [&str; 16] = [
    "mailer-daemon",
    "mailerdaemon",
    "mail-daemon",
    "maildaemon",
    "mdaemon",
    "postmaster",
    "mail.delivery.system",
    "mailadmin",
    "microsoftexchange",
    "imss",
    "double-bounce",
    "bounce-notification",
    "mailer_daemon",
    "post_master",
    "mail-delivery-subsystem",
    "daemon",
];

/// Whether the author of a mail is a mail system.
pub(crate) fn is_daemon(message: &Message) -> bool {
    let local = crate::author_local_part(message);
    if DAEMONS.iter().any(|daemon| local == *daemon)
        || local.starts_with("mailer-daemon")
        || local.starts_with("microsoftexchange")
        || local.starts_with("postmaster")
    {
        return true;
    }
    let as_written = message.field("From").unwrap_or_default().to_lowercase();
    let name = as_written.split(['<', '(']).next().unwrap_or_default();
    let comment = as_written.split_once('(').map_or("", |(_, comment)| comment);
    DAEMON_NAMES.iter().any(|word| {
        name.contains(word) && local.is_empty()
            || name.trim_matches([' ', '"']).starts_with(word)
            || comment.starts_with(word)
    })
}

/// Before the subjects of answers and forwarded mail.
const PREFIXES: [&str; 10] = ["re:", "aw:", "fwd:", "fw:", "wg:", "tr:", "rv:", "i:", "sv:", "odp:"];

fn sender(message: &Message) -> Sender {
    let path = match &message.reverse_path {
        None => message.field("Return-Path").is_some_and(|body| body.trim().is_empty()),
        Some(ReversePath::Null) => true,
        Some(ReversePath::Path(path)) => {
            let local = path.split('@').next().unwrap_or_default().to_ascii_lowercase();
            path.trim().is_empty() || matches!(local.as_str(), "mailer-daemon" | "double-bounce")
        }
    };
    let from_is_empty = message
        .field("From")
        .is_some_and(|body| !body.contains('@') && body.contains("<>") || body.trim() == "<>");
    let auto = message.field("Auto-Submitted").is_some_and(|body| crate::first_word(body) != "no");
    let subject = message.subject.as_deref().unwrap_or_default().trim_start().to_lowercase();
    Sender {
        daemon: is_daemon(message) || from_is_empty,
        null_path: path,
        machine: auto
            || message.field("X-Failed-Recipients").is_some()
            || message
                .field("Content-Type")
                .is_some_and(|body| body.to_ascii_lowercase().contains("delivery-status")),
        conversation: PREFIXES.iter().any(|prefix| subject.starts_with(prefix)),
        list: message.field("List-Id").is_some()
            || message.field("List-Unsubscribe").is_some()
            || message.field("List-Post").is_some(),
    }
}

/// What made a mail a report, in words.
struct Words<'m> {
    own: OwnText<'m>,
    subject: phrase::Said,
    text: phrase::Said,
}

impl Words<'_> {
    /// The text begins as people begin a letter.
    fn greets(&self) -> bool {
        const GREETINGS: [&str; 16] = [
            "hallo",
            "hi",
            "hello",
            "dear",
            "guten",
            "sehr",
            "liebe",
            "lieber",
            "moin",
            "bonjour",
            "hey",
            "servus",
            "buongiorno",
            "hola",
            "beste",
            "grüß",
        ];
        let first = self.own.lower().split(|c: char| !c.is_alphabetic()).find(|word| !word.is_empty());
        first.is_some_and(|first| GREETINGS.contains(&first))
    }
}

/// A bounce or a delay that is told in words.
pub(crate) fn verdict(message: &Message) -> Option<Verdict> {
    let sender = sender(message);
    let subject = message.subject.as_deref().unwrap_or_default().to_lowercase();
    let of_subject = phrase::in_subject(&subject);
    let trusted = sender.daemon || sender.null_path || sender.machine;
    let in_subject = of_subject.failed.is_some() || of_subject.delayed.is_some();
    let returns_mail = message.parts.iter().any(|p| p.message_depth == 0 && p.role == PartRole::Message);
    if !trusted && !in_subject && !returns_mail {
        return None;
    }
    let own = own_text(message);
    if let Some(verdict) = ses::verdict(message, &own) {
        return Some(verdict);
    }
    let text = phrase::in_text(own.lower());
    let words = Words { own, subject: of_subject, text };
    let format = format_of(words.own.lower());
    let fields = prose::has_fields(&words.own);
    let said = words.text.failed.is_some() || words.text.delayed.is_some() || fields;
    let mut reports = Vec::new();
    if !refuses_for_list(&sender, &words, format)
        && !is_report(&sender, &words, format.is_some(), said, in_subject)
    {
        if !said || !returns_mail || sender.list || sender.conversation {
            return None;
        }
        reports = prose::reports(message, &words.own);
        if !words.text.bilingual && !names_the_returned(message, &reports) {
            return None;
        }
    }
    if reports.is_empty() {
        reports = prose::reports(message, &words.own);
    }
    if reports.is_empty() {
        reports = failed_recipients::reports(message);
    }
    // Somebody who is no mail system must name a recipient, or return the mail; so must one that only its name
    // shows: deceivers take such names.
    let proven = sender.machine || matches!(message.reverse_path, Some(ReversePath::Null));
    let returned = words.own.announced || words.own.returned.is_some();
    let shown = returned || format.is_some();
    let system = sender.daemon || sender.null_path;
    if reports.is_empty() && !(system && (shown || in_subject && proven)) {
        return None;
    }
    if !proven && !shown && !words.text.bilingual && !prose::names_plainly(message, &words.own) {
        return None;
    }
    Some(finish(message, &sender, &words, format, reports))
}

/// A list program that refuses the mail says so first, in a mail with the fields of the list.
fn refuses_for_list(sender: &Sender, words: &Words<'_>, format: Option<(&Format, usize)>) -> bool {
    let subject = words.subject.failed.is_some() || sender.daemon || sender.null_path;
    subject
        && !sender.conversation
        && format.is_some_and(|(format, at)| format.name == "list_manager" && at < 300)
}

/// The recipients named are those of the mail that is returned with the report, and its author is whom the
/// report was sent to: so reports somebody who gives no other sign.
fn names_the_returned(message: &Message, reports: &[RecipientReport]) -> bool {
    let Some(original) = original::of(message) else { return false };
    let to: Vec<String> = original.to.iter().map(model::Address::folded).collect();
    let ours = original.from.iter().any(|from| message.to.iter().any(|to| to.folded() == from.folded()));
    ours && !reports.is_empty()
        && reports.iter().all(|report| report.recipient.as_ref().is_some_and(|address| to.contains(address)))
}

/// Kind before reason: is this a report of a mail system at all?
fn is_report(sender: &Sender, words: &Words<'_>, format: bool, said: bool, in_subject: bool) -> bool {
    let returned = words.own.announced || words.own.returned.is_some();
    if sender.daemon && (sender.null_path || sender.machine) {
        return said || in_subject && (format || returned);
    }
    // Reports on mail to a list come through the list, with its fields.
    if sender.daemon {
        return !sender.conversation && said && (in_subject || format || returned);
    }
    if sender.null_path {
        return !sender.list && said && (format || in_subject);
    }
    let opens = words.subject.failed.or(words.subject.delayed) == Some(0)
        && words.text.failed.or(words.text.delayed).is_some_and(|at| at < 300);
    // Only machines tell it twice, in two languages, right at the beginning.
    if words.text.bilingual && in_subject && !sender.list {
        return true;
    }
    // People greet.
    if !sender.machine && words.greets() {
        return false;
    }
    // A machine, or only a subject: words, the returned mail or a format, and no conversation.
    (!sender.list || opens && format)
        && !sender.conversation
        && said
        && in_subject
        && (format || returned || sender.machine)
}

fn finish(
    message: &Message,
    sender: &Sender,
    words: &Words<'_>,
    format: Option<(&'static Format, usize)>,
    mut reports: Vec<RecipientReport>,
) -> Verdict {
    let delayed = is_delay(words);
    let action = if delayed { Action::Delayed } else { Action::Failed };
    let mut found = Vec::new();
    let body_line = |at: usize| format!("body line {}", words.own.line_of(at));
    if let Some((format, at)) = format {
        found.push(evidence(format.rule, body_line(at)));
    }
    if sender.daemon {
        found.push(in_field("sender.mail_system", "From"));
    }
    if sender.null_path {
        found.push(in_field("return_path.null", "Return-Path"));
    }
    if words.subject.failed.is_some() || words.subject.delayed.is_some() {
        found.push(in_field("phrase.subject", "Subject"));
    }
    if let Some(at) = if delayed { words.text.delayed } else { words.text.failed } {
        found.push(evidence(if delayed { "phrase.delayed" } else { "phrase.failed" }, body_line(at)));
    }
    let listed: Vec<RecipientReport> = failed_recipients::reports(message);
    // Structure before text: whom the text names besides is somebody else.
    if !listed.is_empty() && listed.len() < LISTED_MAX {
        let is_listed = |address: &Option<String>| listed.iter().any(|l| l.recipient == *address);
        reports.retain(|report| is_listed(&report.recipient) || is_listed(&report.original_recipient));
    }
    for listed in listed {
        if !reports
            .iter()
            .any(|r| r.recipient == listed.recipient || r.original_recipient == listed.recipient)
        {
            found.push(in_field("failed_recipients", "X-Failed-Recipients"));
            reports.push(listed);
        }
    }
    // Where one recipient is named, all of the text is about that one.
    let beside = if reports.len() == 1 {
        words.own.folded.get(..words.own.folded.floor_char_boundary(8 << 10)).unwrap_or_default()
    } else {
        ""
    };
    for report in &mut reports {
        let action = *report.action.get_or_insert(action);
        judge::judge(report, action, beside, &words.own, &mut found);
        if report.diagnostic.is_none() && !beside.is_empty() {
            report.diagnostic =
                Some(beside.get(..beside.floor_char_boundary(2_000)).unwrap_or_default().trim().to_owned());
        }
    }
    let kind = if reports.iter().any(|r| r.action == Some(Action::Failed)) || reports.is_empty() && !delayed {
        Kind::Bounce
    } else if reports.iter().all(|r| matches!(r.action, Some(Action::Delivered))) && !reports.is_empty() {
        Kind::Delivered
    } else {
        Kind::Delay
    };
    let strong = sender.daemon && (format.is_some() || sender.null_path);
    Verdict {
        kind,
        confidence: if strong && !reports.is_empty() {
            0.95
        } else if strong {
            0.85
        } else {
            0.75
        },
        source: Some(Source(format.map_or("phrases", |(format, _)| format.name))),
        original: original::of(message).or_else(|| original::in_text(words.own.returned)),
        reports,
        evidence: found,
        ..Verdict::default()
    }
}

/// Addresses in `X-Failed-Recipients` up to which the list is taken to be whole.
const LISTED_MAX: usize = 50;

/// Late and still being tried; a system that gave up says so.
fn is_delay(words: &Words<'_>) -> bool {
    if words.text.gave_up.is_some() && words.subject.delayed.is_none() {
        return false;
    }
    words.subject.delayed.is_some() || words.text.delayed.is_some()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_sign_shows_a_format() {
        for format in FORMATS {
            for sign in format.signs {
                assert!(format_of(sign).is_some(), "{sign}");
                assert_eq!(*sign, sign.to_lowercase());
            }
        }
    }
}
