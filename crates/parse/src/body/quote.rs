//! Tells text of earlier mails and signatures from what was written for this mail.

use model::{Span, TextKind};

/// Bytes of a line that are looked at; longer lines are never introductions or signatures.
const LINE_BYTES_MAX: usize = 300;

/// Lines a signature behind a closing formula may have; more is text.
const SIGNATURE_LINES_MAX: usize = 40;

struct Line<'a> {
    /// Without white space at either end.
    text: &'a str,
    at: usize,
    /// Bytes, line end included.
    len: usize,
    kind: TextKind,
    /// Begins with `>`.
    prefixed: bool,
}

/// Divides `text` into stretches that cover it without gaps.
///
/// `marks`: from which offset on the markup says what the text is (empty for plain text). Beyond that: lines
/// with `>`, the line that introduces them, Outlook's separator and header block with all that follows,
/// forwarded mails, the signature delimiter, closing formulas, footers of telephones and lists.
pub(crate) fn stretches(text: &str, marks: &[(usize, TextKind)]) -> Vec<(TextKind, Span)> {
    let mut lines = split(text, marks);
    quoted_blocks(&mut lines);
    introductions(&mut lines);
    signatures(&mut lines);
    joined(&lines)
}

fn split<'a>(text: &'a str, marks: &[(usize, TextKind)]) -> Vec<Line<'a>> {
    let mut lines = Vec::with_capacity(text.len() / 40 + 1);
    let mut marks = marks.iter().peekable();
    let mut kind = TextKind::New;
    let mut at = 0;
    while at < text.len() {
        let len = memchr::memchr(b'\n', &text.as_bytes()[at..]).map_or(text.len() - at, |end| end + 1);
        // A line is what its first character is; a mark inside it counts from the next line on.
        while marks.peek().is_some_and(|(from, _)| *from <= at) {
            kind = marks.next().map_or(kind, |(_, kind)| *kind);
        }
        let line = text[at..at + len].trim();
        let prefixed = line.starts_with('>');
        let kind_of_line = if prefixed { TextKind::Quoted } else { kind };
        lines.push(Line { text: line, at, len, kind: kind_of_line, prefixed });
        at += len;
    }
    lines
}

/// Separators and header blocks: they and what follows are an earlier mail.
fn quoted_blocks(lines: &mut [Line<'_>]) {
    let mut index = 0;
    while index < lines.len() {
        if lines[index].kind != TextKind::New || lines[index].text.len() > LINE_BYTES_MAX {
            index += 1;
            continue;
        }
        let block = if is_separator(lines[index].text) {
            1 + header_block(lines, index + 1)
        } else {
            header_block(lines, index)
        };
        if block == 0 {
            index += 1;
            continue;
        }
        let mut from = index;
        while from > 0 && is_rule(lines[from - 1].text) {
            from -= 1;
        }
        let behind = index + block;
        let prefixed = next_text(lines, behind).is_some_and(|next| lines[next].prefixed);
        let to = if prefixed { behind } else { lines.len() };
        for line in &mut lines[from..to] {
            line.kind = TextKind::Quoted;
        }
        index = to;
    }
}

/// Lines of a block `Von: … Gesendet: … An: … Betreff: …` that begins at `from`; 0 if there is none.
fn header_block(lines: &[Line<'_>], from: usize) -> usize {
    let mut seen = 0_u8;
    let mut count = 0;
    let mut gaps = 0;
    for (offset, line) in lines[from.min(lines.len())..].iter().enumerate().take(16) {
        match label(line.text) {
            Some(label) => {
                if offset > 0 && label == FROM && seen & FROM != 0 {
                    break;
                }
                seen |= label;
                count = offset + 1;
                gaps = 0;
            }
            // Long lists of recipients are broken, and some write empty lines between.
            None if seen == 0 && !line.text.is_empty() => break,
            None => {
                gaps += 1;
                if gaps > 2 {
                    break;
                }
            }
        }
    }
    let is_block = seen & FROM != 0 && (seen & !FROM).count_ones() >= 2
        || (seen & (DATE | SUBJECT | TO)) == (DATE | SUBJECT | TO);
    if is_block && lines.get(from).is_some_and(|l| l.text.is_empty() || label(l.text).is_some()) {
        count
    } else {
        0
    }
}

const FROM: u8 = 1;
const DATE: u8 = 2;
const TO: u8 = 4;
const SUBJECT: u8 = 8;
const COPY: u8 = 16;

/// Which header label a line begins with; asterisks and blanks around it are markup.
fn label(line: &str) -> Option<u8> {
    let line = line.trim_start_matches(['*', '_', ' ']);
    let colon = line.as_bytes().iter().take(24).position(|&c| c == b':')?;
    let word = line[..colon].trim_matches(['*', '_', ' ', '\u{a0}']);
    let is = |words: &[&str]| words.iter().any(|w| word.eq_ignore_ascii_case(w));
    if is(&["Von", "From", "De", "Da"]) {
        Some(FROM)
    } else if is(&["Gesendet", "Gesendet am", "Datum", "Sent", "Date", "Envoyé", "Sent at"]) {
        Some(DATE)
    } else if is(&["An", "To", "À"]) {
        Some(TO)
    } else if is(&["Betreff", "Subject", "Objet", "Thema"]) {
        Some(SUBJECT)
    } else if is(&[
        "Cc",
        "Kopie",
        "Bcc",
        "Reply-To",
        "Antwort an",
        "Antwort an:",
        "Priorität",
        "Wichtigkeit",
        "Importance",
    ]) {
        Some(COPY)
    } else {
        None
    }
}

/// `-----Ursprüngliche Nachricht-----` and its relatives.
fn is_separator(line: &str) -> bool {
    let inner = line.trim_matches(['-', '_', '=', '*', ' ']);
    let dashes = line.len() - inner.len();
    if inner.is_empty() || inner.len() > 80 {
        return false;
    }
    let framed = dashes >= 4 && line.starts_with(['-', '_', '=', '*']);
    let inner = inner.trim_end_matches(':');
    let is = |words: &[&str]| words.iter().any(|w| same(inner, w));
    framed
        && (is(&[
            "Ursprüngliche Nachricht",
            "Original-Nachricht",
            "Originalnachricht",
            "Original Nachricht",
            "Ursprüngliche Mail",
            "Original Message",
            "Original message",
            "Original Email",
            "Original e-mail",
            "Originalmail",
            "Weitergeleitete Nachricht",
            "Weitergeleitete E-Mail",
            "Forwarded message",
            "Forwarded Message",
            "Forwarded email",
            "Forward",
            "Message d'origine",
            "Message original",
        ]) || starts_with(inner, "Original Message")
            || starts_with(inner, "Weitergeleitet von")
            || starts_with(inner, "Forwarded by")
            || starts_with(inner, "Forwarded message from"))
        || !framed
            && dashes == 0
            && line.ends_with(':')
            && is(&[
                "Anfang der weitergeleiteten Nachricht",
                "Anfang der weitergeleiteten E-Mail",
                "Begin forwarded message",
                "Ursprüngliche Nachricht",
            ])
}

/// Compares without case, umlauts included.
fn same(a: &str, b: &str) -> bool {
    a.eq_ignore_ascii_case(b) || a.len() <= 80 && !a.is_ascii() && a.to_lowercase() == b.to_lowercase()
}

/// `____________`, which Outlook writes above its header block.
fn is_rule(line: &str) -> bool {
    line.len() >= 8 && line.bytes().all(|c| matches!(c, b'_' | b'-' | b'*'))
}

/// Index of the next line at or behind `from` that is not empty.
fn next_text(lines: &[Line<'_>], from: usize) -> Option<usize> {
    (from..lines.len()).take(4).find(|&index| !lines[index].text.is_empty())
}

/// `Am … schrieb …:`, `On … wrote:`, over up to three lines.
fn introductions(lines: &mut [Line<'_>]) {
    let mut index = 0;
    while index < lines.len() {
        let line = &lines[index];
        if line.kind == TextKind::New && line.text.len() <= LINE_BYTES_MAX && line.text.ends_with(':') {
            let next = next_text(lines, index + 1);
            let quote_follows = next.is_some_and(|next| lines[next].kind == TextKind::Quoted);
            if let Some((from, certain)) = introduction(lines, index)
                && (quote_follows || certain && next.is_some())
            {
                let to = if quote_follows { index + 1 } else { lines.len() };
                lines[from..to].iter_mut().for_each(|line| line.kind = TextKind::Quoted);
                index = to;
                continue;
            }
        }
        index += 1;
    }
}

/// First line of the introduction that ends with line `last`, and whether it is one even without quoted lines
/// behind it: it begins as one, and holds a date or an address.
fn introduction(lines: &[Line<'_>], last: usize) -> Option<(usize, bool)> {
    let mut verb = false;
    for back in 0..3 {
        let from = last.checked_sub(back)?;
        let line = &lines[from];
        if line.kind != TextKind::New || line.text.is_empty() || line.text.len() > LINE_BYTES_MAX {
            break;
        }
        verb |= has_verb(line.text);
        if !verb {
            // The verb may stand at the beginning of a longer introduction, but not three lines up.
            continue;
        }
        let opens =
            ["Am ", "On ", "Le ", "Den ", "Op ", "Il ", "El "].iter().any(|o| starts_with(line.text, o));
        let whole = || lines[from..=last].iter().map(|line| line.text);
        let dated = whole().any(|text| text.bytes().any(|c| c.is_ascii_digit()));
        let addressed = whole().any(|text| text.contains('@') || text.contains('<'));
        if opens && (dated || addressed) || back == 0 && addressed && dated {
            return Some((from, dated && (opens || addressed)));
        }
    }
    // `Eva Muster schrieb:` counts if a quote follows.
    verb.then_some((last, false)).filter(|_| has_verb(lines[last].text))
}

fn has_verb(line: &str) -> bool {
    line.split(|c: char| !c.is_alphanumeric()).any(|word| {
        [
            "schrieb",
            "schrieben",
            "schreibt",
            "geschrieben",
            "wrote",
            "writes",
            "écrit",
            "Zitat",
            "Quoting",
            "schreef",
            "said",
        ]
        .iter()
        .any(|verb| word.eq_ignore_ascii_case(verb))
    })
}

fn starts_with(line: &str, prefix: &str) -> bool {
    line.get(..prefix.len()).is_some_and(|start| start.eq_ignore_ascii_case(prefix))
}

fn signatures(lines: &mut [Line<'_>]) {
    let mut index = 0;
    while index < lines.len() {
        if lines[index].kind != TextKind::New || lines[index].text.len() > LINE_BYTES_MAX {
            index += 1;
            continue;
        }
        let end = (index..lines.len()).find(|&i| lines[i].kind != TextKind::New).unwrap_or(lines.len());
        for from in index..end {
            let text = lines[from].text;
            if text.is_empty() || text.len() > LINE_BYTES_MAX {
                continue;
            }
            let begin = if is_delimiter(text) || is_footer(text) || is_list_footer(lines, from, end) {
                from
            } else if is_closing(text) && end - from <= SIGNATURE_LINES_MAX {
                from + 1
            } else {
                continue;
            };
            let stop = (begin..end).find(|&i| is_postscript(lines[i].text)).unwrap_or(end);
            lines[begin..stop].iter_mut().for_each(|line| line.kind = TextKind::Signature);
            break;
        }
        index = end;
    }
}

/// RFC 3676 §4.3; the blank is lost on the way often enough.
fn is_delimiter(line: &str) -> bool {
    line == "--"
}

/// What telephones, companies and mail programs put below every mail.
fn is_footer(line: &str) -> bool {
    const BEGINNINGS: [&str; 17] = [
        "Von meinem iPhone",
        "Von meinem iPad",
        "Von meinem Samsung",
        "Von meinem Android",
        "Gesendet mit der",
        "Gesendet mit Outlook",
        "Gesendet von Outlook",
        "Gesendet von meinem",
        "Gesendet von Mail",
        "Sent from my",
        "Sent from Outlook",
        "Sent from Mail for",
        "Get Outlook for",
        "Outlook für",
        "Diese Nachricht wurde von meinem",
        "Diese E-Mail enthält vertrauliche",
        "This e-mail and any",
    ];
    BEGINNINGS.iter().any(|beginning| starts_with(line, beginning))
        || starts_with(line, "This email and any")
        || starts_with(line, "This message is intended only")
        || starts_with(line, "Diese Mail enthält vertrauliche")
        || starts_with(line, "Der Inhalt dieser E-Mail ist vertraulich")
}

/// A rule and the name of a mailing list below it.
fn is_list_footer(lines: &[Line<'_>], at: usize, end: usize) -> bool {
    is_rule(lines[at].text)
        && lines[at].text.len() >= 20
        && lines[at + 1..end.min(at + 3)].iter().any(|line| {
            let lower = line.text.to_ascii_lowercase();
            lower.contains("mailing list") || lower.contains("mailingliste") || lower.contains("unsubscribe")
        })
}

/// Closing formulas that are the whole line, lower case.
const CLOSINGS: [&str; 16] = [
    "mfg",
    "lg",
    "vg",
    "gruß",
    "gruss",
    "grüße",
    "grüsse",
    "regards",
    "cheers",
    "best",
    "sincerely",
    "hochachtungsvoll",
    "yours sincerely",
    "yours faithfully",
    "thanks and regards",
    "mit besten empfehlungen",
];

/// Beginnings of closing formulas, lower case.
const CLOSING_BEGINNINGS: [&str; 22] = [
    "mit freundlich",
    "mit freundl",
    "mit besten grüßen",
    "mit bestem gruß",
    "mit herzlichen",
    "mit sportlichen",
    "mit kollegialen",
    "freundliche grü",
    "freundlicher gruß",
    "viele grü",
    "liebe grü",
    "beste grü",
    "herzliche grü",
    "schöne grü",
    "sonnige grü",
    "vielen dank und",
    "kind regards",
    "best regards",
    "warm regards",
    "with kind regards",
    "with best regards",
    "best wishes",
];

/// `Mit freundlichen Grüßen` and the like, alone on the line.
fn is_closing(line: &str) -> bool {
    if line.len() > 60 {
        return false;
    }
    let words = line.trim_end_matches(['.', ',', '!', ' ', '-']);
    if words.split_ascii_whitespace().count() > 7 {
        return false;
    }
    let lower = words.to_lowercase();
    CLOSINGS.contains(&lower.as_str())
        || CLOSING_BEGINNINGS.iter().any(|beginning| {
            lower.starts_with(beginning) && (!lower.starts_with("vielen dank") || lower.contains("grü"))
        })
}

fn is_postscript(line: &str) -> bool {
    ["PS:", "PS ", "P.S.", "PPS", "NB:"].iter().any(|start| line.starts_with(start))
}

fn joined(lines: &[Line<'_>]) -> Vec<(TextKind, Span)> {
    let mut stretches: Vec<(TextKind, Span)> = Vec::new();
    for line in lines {
        match stretches.last_mut() {
            // Empty lines belong to what stands before them.
            Some((kind, span)) if *kind == line.kind || line.text.is_empty() => span.len += line.len as u64,
            _ => stretches.push((line.kind, Span { at: line.at as u64, len: line.len as u64 })),
        }
    }
    stretches
}
