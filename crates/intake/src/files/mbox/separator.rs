//! Which lines of an mbox begin a mail.

use crate::civil;
use model::UnixMillis;

/// How sure a line is to begin a mail, before its neighbours are looked at.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::files) struct Candidate {
    /// The date the line ends in, if it ends in one.
    pub(in crate::files) date: Option<UnixMillis>,
    /// The line is the same as the first one of the file: some writers put no sender and no date there.
    pub(in crate::files) is_like_first: bool,
}

/// Reads a line that begins with `From `; `line` may end in CR.
pub(in crate::files) fn candidate(line: &[u8]) -> Candidate {
    Candidate { date: line.strip_prefix(b"From ").and_then(date), is_like_first: false }
}

/// Whether a file whose first line this is, followed by `next`, is an mbox.
pub(in crate::files) fn begins_file(line: &[u8], next: Option<&[u8]>) -> bool {
    let found = candidate(line);
    let next = next.unwrap_or_default();
    found.date.is_some() || is_known_field(next) || is_envelope(next)
}

/// Whether a mail begins with this line.
///
/// `is_after_blank`: the line before is empty. `next`: the line behind, `None` at the end of the file. `all_dated`: the
/// first separator of the file has a date, so that the others must have one too.
pub(in crate::files) fn is_separator(
    found: Candidate,
    is_after_blank: bool,
    next: Option<&[u8]>,
    all_dated: bool,
) -> bool {
    let next = next.map(|next| next.strip_suffix(b"\r").unwrap_or(next));
    let begins_header = next.is_some_and(|next| field_name(next).is_some() || is_envelope(next));
    if found.date.is_some() || found.is_like_first {
        // Tools that glue files together forget the empty line; then the header must be there. A mail without any
        // header is believed only behind an empty line.
        return begins_header || (is_after_blank && next.is_none_or(<[u8]>::is_empty));
    }
    !all_dated && is_after_blank && next.is_some_and(|next| is_known_field(next) || is_envelope(next))
}

/// The name of the header field a line begins with: printable ASCII without colon, blanks before the colon allowed.
pub(in crate::files) fn field_name(line: &[u8]) -> Option<&[u8]> {
    let name = &line[..memchr::memchr(b':', &line[..line.len().min(200)])?];
    let name = name.trim_ascii_end();
    (!name.is_empty() && name.iter().all(u8::is_ascii_graphic)).then_some(name)
}

fn is_known_field(line: &[u8]) -> bool {
    const KNOWN: [&str; 16] = [
        "from",
        "to",
        "subject",
        "date",
        "received",
        "return-path",
        "message-id",
        "mime-version",
        "delivered-to",
        "status",
        "content-type",
        "x-gmail-labels",
        "x-gm-thrid",
        "x-mozilla-status",
        "reply-to",
        "sender",
    ];
    field_name(line).is_some_and(|name| {
        KNOWN.iter().any(|known| name.eq_ignore_ascii_case(known.as_bytes()))
            || name.get(..2).is_some_and(|start| start.eq_ignore_ascii_case(b"x-"))
    })
}

/// `>From ` at the top of a header section is the envelope line of an earlier relay.
fn is_envelope(line: &[u8]) -> bool {
    line.starts_with(b">From ")
}

/// `asctime` somewhere behind the sender: `[Www] Mmm dd hh:mm[:ss] [zone] yyyy [zone]`, or the day before the month.
fn date(text: &[u8]) -> Option<UnixMillis> {
    let words: Vec<&[u8]> = text
        .split(|octet| matches!(octet, b' ' | b'\t' | b'\r'))
        .filter(|word| !word.is_empty())
        .take(24)
        .collect();
    // From the back: senders may contain anything.
    let at = (0..words.len()).rev().find(|at| civil::time_of_day(words[*at]).is_some())?;
    let seconds = civil::time_of_day(words[at])?;
    let (year, offset) = year_and_zone(&words[at + 1..])
        // `Mon, 02 Mar 2026 10:00:00 +0100` has its year before the time.
        .or_else(|| {
            Some((year(words.get(at.checked_sub(1)?)?)?, words.get(at + 1).and_then(|w| civil::zone(w))))
        })?;
    let day_words = &words[..at];
    let (month, day) = month_and_day(day_words)
        .or_else(|| month_and_day(day_words.get(..day_words.len().checked_sub(1)?)?))?;
    civil::moment(year, month, day, seconds - offset.unwrap_or(0))
}

fn year(word: &[u8]) -> Option<u32> {
    civil::number(word).filter(|year| word.len() == 4 && (1970..2200).contains(year))
}

fn year_and_zone(words: &[&[u8]]) -> Option<(u32, Option<i64>)> {
    let at = words.iter().take(3).position(|word| year(word).is_some())?;
    let before = words[..at].iter().find_map(|word| civil::zone(word));
    let behind = words.get(at + 1).and_then(|word| civil::zone(word));
    Some((year(words[at])?, before.or(behind)))
}

fn month_and_day(words: &[&[u8]]) -> Option<(u32, u32)> {
    let [.., first, second] = words else { return None };
    let day = |word: &[u8]| civil::number(word).filter(|day| (1..=31).contains(day));
    let pair = |month: &[u8], number: &[u8]| Some((civil::month(month)?, day(number)?));
    pair(first, second).or_else(|| pair(second, first))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn dates() {
        let check = |line: &[u8], expected: Option<i64>| {
            let found = candidate(line).date.map(UnixMillis::seconds);
            assert_eq!(found, expected, "{}", line.escape_ascii());
        };
        check(b"From a@b Mon Mar  2 10:00:00 2026", Some(1_772_445_600));
        check(b"From a@b Mon Mar  2 10:00:00 2026\r", Some(1_772_445_600));
        check(b"From - Mon Mar 02 10:00:00 2026", Some(1_772_445_600));
        check(b"From a b c Mon Mar  2 10:00 2026", Some(1_772_445_600));
        check(b"From u@d  Mon Mar  2 11:00:00 2026 +0100", Some(1_772_445_600));
        check(b"From 1@xxx Mon Mar 02 10:00:00 +0000 2026", Some(1_772_445_600));
        check(b"From a@b Mon Mar  2 10:00:00 CET 2026", Some(1_772_445_600));
        check(b"From a@b Mon, 02 Mar 2026 11:00:00 +0100", Some(1_772_445_600));
        check(b"From here on it is still body", None);
        check(b"From a@b Mon Foo  2 10:00:00 2026", None);
        check(b"From 10:00:00 on, Mar 2", None);
        check(b"From ", None);
    }

    #[test]
    fn separators() {
        let dated = candidate(b"From a@b Mon Mar  2 10:00:00 2026");
        let bare = candidate(b"From - ");
        let check = |found, blank, next: Option<&[u8]>, all_dated, expected| {
            assert_eq!(is_separator(found, blank, next, all_dated), expected);
        };
        check(dated, true, Some(b"Subject: x"), true, true);
        check(dated, false, Some(b"Subject: x\r"), true, true);
        check(dated, true, Some(b""), true, true);
        check(dated, true, None, true, true);
        check(dated, false, Some(b""), true, false);
        check(dated, true, Some(b"and then"), true, false);
        check(bare, true, Some(b"Subject: x"), false, true);
        check(bare, true, Some(b"Subject: x"), true, false);
        check(bare, false, Some(b"Subject: x"), false, false);
        check(bare, true, Some(b"Note: x"), false, false);
    }
}
