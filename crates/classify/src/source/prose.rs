//! Recipients and what is said of each, out of running text.
//!
//! Nearly every program writes one of four things: a line that begins with the address, a line that names the
//! address behind a label, the command that failed, or a sentence. The best sort that occurs is taken.

use model::{Message, RecipientReport};
use parse::report::dsn::delivery_status;

use crate::address::{InText, addresses};
use crate::own_text::OwnText;
use crate::report::dsn;

/// Recipients read.
const RECIPIENTS_MAX: usize = 1_000;

/// Bytes kept of what is said of one recipient.
const DIAGNOSTIC_BYTES_MAX: usize = 2_000;

/// Lines read of what is said of one recipient.
const LINES_MAX: usize = 40;

/// How plainly a line names a recipient; less is better.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Rank {
    /// The line begins with the address.
    Line,
    /// A label stands before it: `Recipient: …`, `unable to deliver to …`.
    Label,
    /// The SMTP command.
    Command,
    /// Anywhere in a sentence.
    Sentence,
}

struct Named {
    address: String,
    line: usize,
    rank: Rank,
}

/// Whether the fields of RFC 3464 stand in the text.
pub(crate) fn has_fields(own: &OwnText<'_>) -> bool {
    own.lines.iter().any(|line| is_field(line, "final-recipient:"))
}

fn is_field(line: &str, name: &str) -> bool {
    let line = line.trim_start_matches(['>', ' ', '\t']);
    line.get(..name.len()).is_some_and(|start| start.eq_ignore_ascii_case(name))
}

/// One report for each recipient that the text names.
pub(crate) fn reports(message: &Message, own: &OwnText<'_>) -> Vec<RecipientReport> {
    let fields = of_fields(own);
    if !fields.is_empty() {
        return fields;
    }
    let mut named = named(message, own);
    if named.iter().all(|one| one.rank == Rank::Sentence) {
        let bare = bare_names(message, own);
        if !bare.is_empty() {
            named = bare;
        }
    }
    let starts: Vec<usize> = named.iter().map(|n| n.line).collect();
    let mut reports: Vec<RecipientReport> = Vec::new();
    let mut index: std::collections::HashMap<String, usize> = std::collections::HashMap::new();
    for (n, one) in named.iter().enumerate() {
        let end = starts.get(n + 1..).and_then(|rest| rest.iter().find(|s| **s > one.line)).copied();
        let said = said(own, one, end);
        if let Some(known) = index.get(&one.address).and_then(|at| reports.get_mut(*at)) {
            append(known, &said);
        } else if reports.len() < RECIPIENTS_MAX {
            index.insert(one.address.clone(), reports.len());
            let original_recipient = expanded_from(&said).filter(|from| *from != one.address);
            reports.push(RecipientReport {
                recipient: Some(one.address.clone()),
                original_recipient,
                diagnostic: (!said.is_empty()).then_some(said),
                ..RecipientReport::default()
            });
        }
    }
    for report in reports.iter_mut().filter(|report| report.diagnostic.is_none()) {
        let all = own.folded.get(..own.folded.floor_char_boundary(DIAGNOSTIC_BYTES_MAX)).unwrap_or_default();
        report.diagnostic = (!all.trim().is_empty()).then(|| all.trim().to_owned());
    }
    reports
}

/// What the text says of one recipient of a structured report.
pub(crate) fn about(message: &Message, own: &OwnText<'_>, recipient: &str, sole: bool) -> String {
    if sole {
        return own.folded.get(..own.folded.floor_char_boundary(8 << 10)).unwrap_or_default().to_owned();
    }
    reports_of_lines(message, own, recipient)
}

fn reports_of_lines(message: &Message, own: &OwnText<'_>, recipient: &str) -> String {
    let named = named(message, own);
    let mut text = String::new();
    for (n, one) in named.iter().enumerate().filter(|(_, one)| one.address == recipient) {
        let end = named.get(n + 1..).and_then(|rest| rest.iter().find(|s| s.line > one.line)).map(|s| s.line);
        text.push_str(&said(own, one, end));
        text.push(' ');
    }
    text
}

/// `(expanded from: <a@b>)`, `(ultimately generated from a@b)`.
fn expanded_from(said: &str) -> Option<String> {
    let at = ["expanded from", "generated from"].iter().find_map(|words| said.find(words))?;
    let rest = said.get(at..)?;
    addresses(rest.get(..rest.floor_char_boundary(400))?).into_iter().next().map(|found| found.address)
}

/// Fields that stand in the text: a report whose parts were torn, or one that was never a part.
fn of_fields(own: &OwnText<'_>) -> Vec<RecipientReport> {
    let names = ["final-recipient:", "original-recipient:", "action:", "reporting-mta:"];
    let Some(first) = own.lines.iter().position(|line| names.iter().any(|name| is_field(line, name))) else {
        return Vec::new();
    };
    if !has_fields(own) {
        return Vec::new();
    }
    let text: Vec<&str> = own
        .lines
        .iter()
        .skip(first)
        .map(|line| {
            let bare = line.trim_start_matches("> ");
            if names.iter().any(|n| is_field(bare, n))
                || is_field(bare, "status:")
                || is_field(bare, "diagnostic-code:")
            {
                bare.trim_start()
            } else {
                bare
            }
        })
        .collect();
    let report = delivery_status(&text.join("\n"));
    report
        .per_recipient
        .iter()
        .take(RECIPIENTS_MAX)
        .map(|one| dsn::fields_of(one, &report.per_message))
        .collect()
}

/// Whether the text names a recipient in another way than in the middle of a sentence.
pub(crate) fn names_plainly(message: &Message, own: &OwnText<'_>) -> bool {
    has_fields(own) || named(message, own).iter().any(|one| one.rank < Rank::Sentence)
}

/// The recipients of the best sort that occurs, in order.
fn named(message: &Message, own: &OwnText<'_>) -> Vec<Named> {
    let strict = Excluded::of(message, true);
    let mut all = scan(own, &strict);
    if all.is_empty() {
        all = scan(own, &Excluded::of(message, false));
    }
    let Some(best) = all.iter().map(|named| named.rank).min() else { return Vec::new() };
    // Labels beside lines name the same recipients, or others: `To:` of the mail is no label.
    let keep = if best == Rank::Line { Rank::Line } else { best };
    all.retain(|named| named.rank <= keep);
    if keep == Rank::Sentence {
        all.truncate(1);
    }
    all
}

/// AOL lists its recipients without their domain: indented words below a line that speaks of recipients.
fn bare_names(message: &Message, own: &OwnText<'_>) -> Vec<Named> {
    let Some(domain) = message.from.first().map(model::Address::domain).filter(|domain| !domain.is_empty())
    else {
        return Vec::new();
    };
    let lists = |line: &&str| {
        let line = line.to_lowercase();
        line.contains("following recipients") || line.contains("not delivered to the following")
    };
    let Some(above) = own.lines.iter().position(lists) else {
        return Vec::new();
    };
    // Alone in its line, or with a reason behind several blanks.
    let name = |line: &str| {
        let bare = line.trim();
        let name = bare.split_whitespace().next().filter(|_| line.starts_with([' ', '\t']))?;
        let alone = name.len() == bare.len() || bare.get(name.len()..)?.starts_with("  ");
        let plain = name.bytes().all(|c| c.is_ascii_alphanumeric() || matches!(c, b'.' | b'_' | b'-'));
        (alone && plain && name.len() <= 64).then(|| name.to_lowercase())
    };
    own.lines
        .iter()
        .enumerate()
        .skip(above + 1)
        .take(100)
        .filter_map(|(n, line)| Some((n, name(line)?)))
        .map(|(line, name)| Named { address: format!("{name}@{domain}"), line, rank: Rank::Line })
        .collect()
}

fn scan(own: &OwnText<'_>, excluded: &Excluded) -> Vec<Named> {
    let mut all = Vec::new();
    let mut before = "";
    for (n, line) in own.lines.iter().enumerate() {
        if all.len() >= RECIPIENTS_MAX {
            break;
        }
        if !line.contains('@') {
            if !line.trim().is_empty() {
                before = line;
            }
            continue;
        }
        let line = line.get(..line.floor_char_boundary(2_000)).unwrap_or_default();
        let sender_follows = follows_sender(before);
        for found in addresses(line) {
            if excluded.has(&found.address) || sender_follows && is_alone(line, &found) {
                continue;
            }
            if let Some(rank) = rank(line, &found) {
                all.push(Named { address: found.address, line: n, rank });
            }
        }
        before = line;
    }
    all
}

/// `A message sent by`, `from`, `please contact`: the address on the next line is no recipient.
fn follows_sender(before: &str) -> bool {
    let before = before.trim().trim_end_matches([':', ',']).to_lowercase();
    ["sent by", " from", "contact", "sender", "von", "reply to", "write to", "the address"]
        .iter()
        .any(|word| before.ends_with(word))
        && !before.ends_with("expanded from")
}

fn is_alone(line: &str, found: &InText) -> bool {
    let around = |c: char| c.is_whitespace() || matches!(c, '<' | '>' | '"' | '\'' | ':' | '.' | ',');
    line.get(..found.start).is_some_and(|text| text.chars().all(around))
        && line.get(found.end..).is_some_and(|text| text.chars().all(around))
}

/// Labels before an address, lower case, without the blanks and brackets between.
const LABELS: [&str; 64] = [
    "recipient:",
    "recipients:",
    "recipient",
    "failed recipient:",
    "intended recipient:",
    "recipient address:",
    "final-recipient: rfc822;",
    "original-recipient: rfc822;",
    "rfc822;",
    "user:",
    "unknown user:",
    "allowed size:",
    "delivery userid:",
    "delivered to:",
    "addressed to",
    "undeliverable to",
    "deliver to",
    "deliver message to",
    "deliver your message to",
    "delivering your mail to",
    "delivered to",
    "your message to",
    "your mail to",
    "your email to",
    "your e-mail to",
    "sent mail to",
    "mail to",
    "message to",
    "following recipient:",
    "following address:",
    "following user:",
    "following recipients:",
    "addresses:",
    "errors:",
    "empfänger:",
    "empfänger",
    "nachricht an",
    "mail an",
    "zustellung an",
    "adresse:",
    "e-mail-adresse:",
    "adressaten:",
    "destinataire :",
    "destinataire:",
    "message à",
    "destinatario:",
    "destinatarios:",
    "mensaje a",
    "messaggio a",
    "geadresseerde:",
    "bericht aan",
    "adresat:",
    "odbiorca:",
    "wiadomości do",
    "mailbox",
    "mailto:",
    "address:",
    "email address:",
    "permanent errors:",
    "addressee:",
    "violation for",
    "addressed,",
    "delivered to address",
    "message for",
];

/// Labels of the mail that was sent, of people to ask, and of senders.
const OTHERS: [&str; 29] = [
    "from:",
    "sender:",
    "reply-to:",
    "message-id:",
    "subject:",
    "contact",
    "cc:",
    "date:",
    "von:",
    "betreff:",
    "de :",
    "postmaster",
    "mail from:",
    "mail from",
    "sent by",
    "message from",
    "mail from:<",
    "references:",
    "in-reply-to:",
    "return-path:",
    "x-postfix-sender: rfc822;",
    "received:",
    "write to",
    "email us at",
    "http",
    "sender",
    "absender:",
    "via",
    "for assistance",
];

fn rank(line: &str, found: &InText) -> Option<Rank> {
    let before = line.get(..found.start)?.to_lowercase();
    let before = before.trim_end_matches(['<', '"', '\'', '[', '(', ' ', '\t', '`', '“', '„', '‘', '\u{a0}']);
    let trimmed = before.trim_start_matches(|c: char| {
        c.is_whitespace() || matches!(c, '*' | '-' | '>' | '•' | '·' | '|' | '#')
    });
    if trimmed.is_empty() || matches!(trimmed, "smtp:" | "to" | "=>" | "**") {
        return Some(if begins_report(line, found) { Rank::Line } else { Rank::Label });
    }
    if OTHERS.iter().any(|label| trimmed.ends_with(label))
        || is_field(trimmed, "message-id")
        || is_field(trimmed, "subject")
        || is_field(trimmed, "from:")
    {
        return None;
    }
    if trimmed.ends_with("expanded from:")
        || trimmed.ends_with("expanded from")
        || trimmed.ends_with("generated from")
    {
        return None;
    }
    // `550 <a@b>... User unknown`: a reply that begins with the address.
    let code = trimmed.trim_end().len() == 3 && trimmed.bytes().all(|c| c.is_ascii_digit());
    let rest = line.get(found.end..)?.trim_start_matches(['>', '"', '\'']);
    if code && rest.starts_with("...") {
        return Some(Rank::Line);
    }
    if trimmed.ends_with("rcpt to:") || trimmed.ends_with("rcpt to") || trimmed.ends_with("rcpt:") {
        return Some(Rank::Command);
    }
    if LABELS.iter().any(|label| trimmed.ends_with(label)) {
        return Some(Rank::Label);
    }
    if matches!(trimmed, "to:" | "an:" | "a:" | "à:" | "aan:" | "do:" | "para:") {
        return Some(Rank::Sentence);
    }
    Some(Rank::Sentence)
}

/// What may follow the address that begins the report of a recipient.
fn begins_report(line: &str, found: &InText) -> bool {
    let rest = line.get(found.end..).unwrap_or_default();
    let rest = rest.trim_start_matches(['>', '"', '\'', '”', '’']);
    if rest.is_empty() || rest.starts_with([':', ';', '[', '(', '<']) || rest.starts_with("...") {
        return true;
    }
    let rest = rest.trim_start();
    rest.is_empty()
        || rest.starts_with([':', '-', '–', '(', '[', '<'])
        || rest.starts_with("...")
        || ["on ", "am ", "le ", "el ", "il ", "op "].iter().any(|word| rest.starts_with(word))
}

/// What is said of a recipient: its line and those that follow, up to the next recipient or a ruler.
fn said(own: &OwnText<'_>, one: &Named, end: Option<usize>) -> String {
    let end = end.unwrap_or(own.lines.len()).min(one.line + LINES_MAX);
    let mut text = host_reply(own, one).unwrap_or_default().to_owned();
    let mut empty = 0;
    for (n, line) in own.lines.iter().enumerate().take(end).skip(one.line) {
        let bare = line.trim();
        if bare.is_empty() {
            empty += 1;
            continue;
        }
        let ruler = bare.len() > 20 && bare.chars().all(|c| matches!(c, '-' | '=' | '*' | '_'));
        if ruler && n > one.line + 8 || is_closing(bare) && n > one.line {
            break;
        }
        let first = n == one.line;
        if !first && text.len() > DIAGNOSTIC_BYTES_MAX || empty > 6 {
            break;
        }
        let bare = if first { behind_address(bare, &one.address) } else { bare };
        if !bare.is_empty() {
            if !text.is_empty() {
                text.push(' ');
            }
            text.push_str(bare);
        }
    }
    text.truncate(text.floor_char_boundary(DIAGNOSTIC_BYTES_MAX));
    text
}

/// Reply of the host right above, `<<< 550 no`, where the system that reports makes another one of it:
/// `554 <a@b>... Remote protocol error`.
fn host_reply<'m>(own: &OwnText<'m>, one: &Named) -> Option<&'m str> {
    let line = own.lines.get(one.line)?.trim();
    let summary = line.get(..3).filter(|code| code.bytes().all(|c| c.is_ascii_digit()))?;
    let reply = own.lines.get(one.line.checked_sub(1)?)?.trim().strip_prefix("<<<")?.trim();
    let code = reply.get(..3)?;
    let failed = code.starts_with(['4', '5']) && code.bytes().all(|c| c.is_ascii_digit());
    (failed && code != summary).then_some(reply)
}

/// The line without the address it begins with.
fn behind_address<'l>(line: &'l str, address: &str) -> &'l str {
    let Some(found) = addresses(line).into_iter().find(|found| found.address == *address) else {
        return line;
    };
    let before = line.get(..found.start).unwrap_or_default();
    let rest = line.get(found.end..).unwrap_or_default();
    if before.chars().any(char::is_alphanumeric) {
        // `554 <a@b>... 550 Host unknown`: the inner code is the cause.
        let inner = rest.trim_start_matches(['>', '.', ' ']);
        return if crate::codes::codes(inner).smtp_code.is_some() { inner } else { line };
    }
    rest.trim_start_matches(['>', ':', ' ', '"', '\''])
}

/// Lines that stand below all recipients.
fn is_closing(line: &str) -> bool {
    let lower = line.get(..line.floor_char_boundary(60)).unwrap_or_default().to_lowercase();
    ["no action is required on your part", "--- below", "reporting-mta:", "please direct further questions"]
        .iter()
        .any(|start| lower.starts_with(start))
}

fn append(report: &mut RecipientReport, said: &str) {
    if said.is_empty() {
        return;
    }
    let text = report.diagnostic.get_or_insert_default();
    if text.len() < DIAGNOSTIC_BYTES_MAX && !text.contains(said) {
        text.push(' ');
        text.push_str(said);
        text.truncate(text.floor_char_boundary(DIAGNOSTIC_BYTES_MAX));
    }
}

/// Addresses that are no recipients: the reporter, people to ask, and whom the report was sent to.
struct Excluded {
    addresses: Vec<String>,
}

impl Excluded {
    fn of(message: &Message, strict: bool) -> Self {
        let mut addresses: Vec<String> = message.from.iter().map(model::Address::folded).collect();
        if strict {
            addresses.extend(message.to.iter().take(20).map(model::Address::folded));
        }
        Self { addresses }
    }

    fn has(&self, address: &str) -> bool {
        let local = address.split('@').next().unwrap_or_default();
        self.addresses.iter().any(|known| known == address)
            || matches!(
                local,
                "postmaster" | "mailer-daemon" | "abuse" | "hostmaster" | "helpdesk" | "noreply" | "no-reply"
            )
    }
}
