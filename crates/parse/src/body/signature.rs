//! Signatures, closing formulas, footers.

use model::TextKind;

use super::quote::{LINE_BYTES_MAX, Line, is_rule, starts_with};

/// Lines a signature may have; more is text, such as the sections of a newsletter.
const SIGNATURE_LINES_MAX: usize = 40;

/// Marks signatures, and what programs put below every mail, in what is new so far.
pub(super) fn signatures(lines: &mut [Line<'_>]) {
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
            let few = end - from <= SIGNATURE_LINES_MAX;
            // More than one delimiter behind this one: sections, not signatures.
            let sections = || lines[from + 1..end].iter().filter(|line| is_delimiter(line.text)).count() > 1;
            let delimited = few && is_delimiter(text) && !sections();
            let begin = if delimited || is_footer(text) || few && is_list_footer(lines, from, end) {
                from
            } else if few && is_closing(text) || is_thanks(text) && is_name_behind(lines, from + 1, end) {
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
    const BEGINNINGS: [&str; 18] = [
        "Von meinem iPhone",
        "Von meinem iPad",
        "Von meinem Samsung",
        "Von meinem Android",
        "Von meinem Mobil",
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
    let first = line.as_bytes().first().map_or(0, u8::to_ascii_lowercase);
    if !matches!(first, b'v' | b'g' | b's' | b'o' | b'd' | b't') {
        return false;
    }
    BEGINNINGS.iter().any(|beginning| starts_with(line, beginning))
        || starts_with(line, "This email and any")
        || starts_with(line, "This message is intended only")
        || starts_with(line, "Diese Mail enthält vertrauliche")
        || starts_with(line, "Der Inhalt dieser E-Mail ist vertraulich")
}

/// Lines of the footer of a mailing list.
const LIST_FOOTER_LINES_MAX: usize = 12;

/// A rule and the name of a mailing list below it.
fn is_list_footer(lines: &[Line<'_>], at: usize, end: usize) -> bool {
    is_rule(lines[at].text)
        && lines[at].text.len() >= 20
        && end - at <= LIST_FOOTER_LINES_MAX
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
    // No formula begins with another letter.
    let first = line.as_bytes().first().map_or(0, u8::to_ascii_lowercase);
    if line.len() > 60 || !b"bcfghklmrstvwy".contains(&first) {
        return false;
    }
    let words = line.trim_end_matches(['.', ',', '!', ' ', '-']);
    if words.split_ascii_whitespace().count() > 5 {
        return false;
    }
    let lower = words.to_lowercase();
    CLOSINGS.contains(&lower.as_str())
        || CLOSING_BEGINNINGS.iter().any(|beginning| {
            lower.starts_with(beginning) && (!lower.starts_with("vielen dank") || lower.contains("grü"))
        })
}

/// Thanks close a mail only if nothing but a name follows.
fn is_thanks(line: &str) -> bool {
    let words = line.trim_end_matches([',', '.', '!', ' ']);
    line.len() <= 30
        && [
            "Thanks",
            "Thank you",
            "Many thanks",
            "Danke",
            "Vielen Dank",
            "Besten Dank",
            "Danke schön",
            "Merci",
        ]
        .iter()
        .any(|thanks| words.eq_ignore_ascii_case(thanks))
}

/// One to three short lines are all that is left.
fn is_name_behind(lines: &[Line<'_>], from: usize, end: usize) -> bool {
    let mut left = lines[from..end].iter().filter(|line| !line.text.is_empty());
    let few = left.by_ref().take(3).all(|line| line.text.len() <= 40);
    few && left.next().is_none()
}

fn is_postscript(line: &str) -> bool {
    ["PS:", "PS ", "P.S.", "PPS", "NB:"].iter().any(|start| line.starts_with(start))
}
