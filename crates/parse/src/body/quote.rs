//! Tells text of earlier mails and signatures from what was written for this mail.

use model::{Span, TextKind};

/// Bytes of a line that are looked at; longer lines are never introductions or signatures.
pub(super) const LINE_BYTES_MAX: usize = 300;

pub(super) struct Line<'a> {
    /// Without white space at either end.
    pub(super) text: &'a str,
    at: usize,
    /// Bytes, line end included.
    len: usize,
    pub(super) kind: TextKind,
    /// Begins with `>`.
    prefixed: bool,
    /// Begins with white space of at least two columns.
    indented: bool,
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
    super::signature::signatures(&mut lines);
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
        let whole = &text[at..at + len];
        let line = whole.trim();
        let indented = whole.starts_with("  ") || whole.starts_with('\t');
        let prefixed = line.starts_with('>');
        let kind_of_line = if prefixed { TextKind::Quoted } else { kind };
        lines.push(Line { text: line, at, len, kind: kind_of_line, prefixed, indented });
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
            1 + header_block(lines, index + 1).lines
        } else {
            header_block(lines, index).filter_form(lines, index)
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

/// What looks like the header section of an earlier mail.
#[derive(Default)]
struct HeaderBlock {
    lines: usize,
    /// Labels in it.
    seen: u8,
}

impl HeaderBlock {
    /// The lines of the block, but 0 for the form of a web page: nothing stands before it, and nobody is
    /// written to.
    fn filter_form(self, lines: &[Line<'_>], from: usize) -> usize {
        let first = lines[..from].iter().all(|line| line.text.is_empty());
        if first && self.seen & TO == 0 { 0 } else { self.lines }
    }
}

/// A block `Von: … Gesendet: … An: … Betreff: …` that begins at `from`; empty if there is none.
fn header_block(lines: &[Line<'_>], from: usize) -> HeaderBlock {
    let begins = lines.get(from).is_some_and(|line| line.text.is_empty() || label(line.text).is_some());
    if !begins {
        return HeaderBlock::default();
    }
    let mut seen = 0_u8;
    let mut count = 0;
    let mut gaps = 0;
    for (offset, line) in lines[from.min(lines.len())..].iter().enumerate().take(16) {
        match label(line.text) {
            Some(FROM) if seen & FROM != 0 => break,
            Some(label) => {
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
    let is_block = seen & FROM != 0 && seen & DATE != 0 && seen & (TO | SUBJECT) != 0
        || seen & FROM != 0 && seen & TO != 0 && seen & SUBJECT != 0
        || seen & DATE != 0 && seen & TO != 0 && seen & SUBJECT != 0;
    if is_block { HeaderBlock { lines: count, seen } } else { HeaderBlock::default() }
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

/// Words between the dashes of a separator, lower case.
const SEPARATORS: [&str; 20] = [
    "ursprüngliche nachricht",
    "ursprüngliche mail",
    "original-nachricht",
    "originalnachricht",
    "original nachricht",
    "originalmail",
    "original message",
    "original email",
    "original e-mail",
    "weitergeleitete nachricht",
    "weitergeleitete e-mail",
    "weitergeleitete mail",
    "weitergeleitet von",
    "forwarded message",
    "forwarded email",
    "forwarded by",
    "forward message",
    "message d'origine",
    "message transféré",
    "mensaje original",
];

/// Separators without dashes, lower case, with their colon.
const OPENINGS: [&str; 4] = [
    "anfang der weitergeleiteten nachricht:",
    "anfang der weitergeleiteten e-mail:",
    "begin forwarded message:",
    "ursprüngliche nachricht:",
];

/// `-----Ursprüngliche Nachricht-----` and its relatives; text may follow the dashes.
fn is_separator(line: &str) -> bool {
    let inner = line.trim_start_matches(['-', '_', '=', '*']);
    let dashes = line.len() - inner.len();
    let lower = || inner[..inner.floor_char_boundary(48)].trim_start().to_lowercase();
    match dashes {
        0 => line.ends_with(':') && line.len() < 48 && OPENINGS.contains(&lower().as_str()),
        1..4 => false,
        _ => {
            let lower = lower();
            SEPARATORS.iter().any(|words| {
                lower.strip_prefix(words).is_some_and(|rest| {
                    let rest = rest.trim_start_matches([':', ' ']);
                    rest.is_empty()
                        || rest.starts_with(['-', '_', '=', '*'])
                        || words.ends_with(['n', 'y'])
                        || rest.starts_with("from")
                })
            })
        }
    }
}

/// `____________`, which Outlook writes above its header block.
pub(super) fn is_rule(line: &str) -> bool {
    line.len() >= 8 && line.bytes().all(|c| matches!(c, b'_' | b'-' | b'*'))
}

/// Index of the next line at or behind `from` that is neither empty nor a mark of omission (`[…]`).
fn next_text(lines: &[Line<'_>], from: usize) -> Option<usize> {
    let omits =
        |text: &str| text.len() <= 10 && text.chars().all(|c| matches!(c, '.' | '…' | '[' | ']' | '(' | ')'));
    (from..lines.len()).take(4).find(|&index| !omits(lines[index].text))
}

/// `Am … schrieb …:`, `On … wrote:`, over up to three lines.
fn introductions(lines: &mut [Line<'_>]) {
    let last_prefixed = lines.iter().rposition(|line| line.prefixed);
    let mut index = 0;
    let mut new_before = false;
    while index < lines.len() {
        let line = &lines[index];
        if line.kind == TextKind::New && line.text.len() <= LINE_BYTES_MAX && line.text.ends_with(':') {
            let next = next_text(lines, index + 1);
            let quote_follows = next.is_some_and(|next| lines[next].kind == TextKind::Quoted);
            if let Some((from, certain)) = introduction(lines, index)
                && (quote_follows || certain)
            {
                let prefixes_later = last_prefixed.is_some_and(|last| last > index);
                let to = if quote_follows || prefixes_later {
                    index + 1
                } else {
                    quoted_to(lines, next, new_before)
                };
                lines[from..to.max(index + 1)].iter_mut().for_each(|line| line.kind = TextKind::Quoted);
                index = to.max(index + 1);
                continue;
            }
        }
        new_before |= line.kind == TextKind::New && !line.text.is_empty();
        index += 1;
    }
}

/// How far text without `>` behind an introduction is quoted. `next`: its first line.
///
/// To the end where new text stands before the introduction, or the quote is indented. Lines that begin with
/// another mark than `>` are quoted as long as they do. Otherwise nobody can tell, and nothing is.
fn quoted_to(lines: &[Line<'_>], next: Option<usize>, new_before: bool) -> usize {
    let Some(next) = next else { return 0 };
    let Some(mark) = lines[next].text.chars().next() else { return 0 };
    if matches!(mark, ')' | '#' | '|' | ':' | '%' | '}' | '+' | '=') {
        let same = |line: &Line<'_>| line.text.is_empty() || line.text.starts_with(mark);
        return lines[next..].iter().position(|line| !same(line)).map_or(lines.len(), |behind| next + behind);
    }
    if new_before || lines[next].indented { lines.len() } else { 0 }
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
    // `Eva Muster schrieb:`, or a date and an address in any language, count if a quote follows.
    let line = lines[last].text;
    let dated_address = line.contains('@') && line.bytes().any(|c| c.is_ascii_digit());
    (has_verb(line) || dated_address).then_some((last, false))
}

fn has_verb(line: &str) -> bool {
    const VERBS: [&str; 22] = [
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
        "escribió",
        "escreveu",
        "scritto",
        "skrev",
        "kirjoitti",
        "napisał",
        "pisze",
        "napsal",
        "написал",
        "пише",
        "yazdı",
    ];
    line.split(|c: char| !c.is_alphanumeric())
        .any(|word| VERBS.iter().any(|verb| word.eq_ignore_ascii_case(verb)))
}

pub(super) fn starts_with(line: &str, prefix: &str) -> bool {
    line.get(..prefix.len()).is_some_and(|start| start.eq_ignore_ascii_case(prefix))
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
