//! Until when somebody is away, and who answers meanwhile.

use model::{Address, AutoReply, Message, TextKind, UnixMillis};

use super::language::language;
use crate::address::addresses;

/// Bytes of the note that are read.
const TEXT_BYTES_MAX: usize = 4 << 10;

/// Reads the details of an automatic reply.
pub(crate) fn details(message: &Message) -> AutoReply {
    let mut text: String = message.body.of_kind(TextKind::New).collect();
    if text.trim().is_empty() {
        text.clone_from(&message.body.text);
    }
    text.truncate(text.floor_char_boundary(TEXT_BYTES_MAX));
    let field = message
        .field("Content-Language")
        .map(|body| body.trim().split(['-', ',', ';']).next().unwrap_or_default().to_ascii_lowercase());
    AutoReply {
        language: language(&text)
            .map(ToOwned::to_owned)
            .or(field.filter(|tag| tag.len() == 2 && tag.bytes().all(|c| c.is_ascii_alphabetic()))),
        until: apple_end(message).or_else(|| until(&text, message.date)),
        deputy: deputy(&text, message),
    }
}

/// `endDate=2020-01-10T14:59:59Z` of iCloud.
fn apple_end(message: &Message) -> Option<UnixMillis> {
    let body = message.field("X-Apple-Criteria")?;
    let date = body.split("endDate=").nth(1)?.get(..10)?;
    let mut numbers = date.split('-').map(|n| n.parse::<i64>().ok());
    day(numbers.next()??, numbers.next()??, numbers.next()??)
}

/// Words after which the last day stands, lower case.
const UNTIL: [&str; 36] = [
    "voraussichtlich am",
    "per",
    "rueckkehr am",
    "reopens on",
    "reopen on",
    "wieder da am",
    "ab",
    "wieder am",
    "wieder im büro am",
    "sprechstunde:",
    "back",
    "return",
    "retour le",
    "rückkehr am",
    "zurück am",
    "do",
    "di nuovo dal",
    "de vuelta el",
    "terug op",
    "until",
    "till",
    "through",
    "thru",
    "returning on",
    "back on",
    "return on",
    "bis einschließlich",
    "bis zum",
    "bis",
    "wieder ab",
    "ab dem",
    "jusqu'au",
    "hasta el",
    "fino al",
    "tot en met",
    "tot",
];

/// The first date behind one of the words.
fn until(text: &str, sent: Option<UnixMillis>) -> Option<UnixMillis> {
    let lower = text.to_lowercase();
    let mut best: Option<(usize, UnixMillis)> = None;
    for word in UNTIL {
        for (at, _) in lower.match_indices(word).take(8) {
            let begins = !lower.get(..at)?.ends_with(char::is_alphanumeric);
            let rest = lower.get(at + word.len()..)?;
            if !begins || rest.starts_with(char::is_alphanumeric) {
                continue;
            }
            let near = rest.get(..rest.floor_char_boundary(48))?;
            if let Some(found) = date(near, sent)
                && best.is_none_or(|(known, _)| at < known)
            {
                best = Some((at, found));
            }
        }
    }
    best.map(|(_, found)| found).or_else(|| between(&lower, sent)).or_else(|| week(&lower, sent?))
}

/// `in der 33. und 34. Kalenderwoche`: the Sunday of the last week named.
fn week(lower: &str, sent: UnixMillis) -> Option<UnixMillis> {
    let at = lower.find("kalenderwoche")?;
    let before = lower.get(..at)?.trim_end().trim_end_matches('.');
    let digits = before.len() - before.bytes().rev().take_while(u8::is_ascii_digit).count();
    let number: i64 = before.get(digits..)?.parse().ok().filter(|week| (1..=53).contains(week))?;
    let year = 1970 + sent.0.div_euclid(31_556_952_000);
    (year..=year + 1)
        .filter_map(|year| {
            // Week 1 holds the 4th of January; 1970-01-01 was a Thursday.
            let fourth = day(year, 1, 4)?.0.div_euclid(86_400_000);
            let monday = fourth - (fourth + 3).rem_euclid(7);
            Some(UnixMillis((monday + (number - 1) * 7 + 6) * 86_400_000))
        })
        .find(|sunday| sunday.0 >= sent.0)
}

/// `zwischen dem 1. und 15. April`, `from 3 to 14 May`.
fn between(lower: &str, sent: Option<UnixMillis>) -> Option<UnixMillis> {
    const PAIRS: [(&str, &str); 6] = [
        ("zwischen", "und "),
        ("between", "and "),
        ("vom", "bis "),
        ("from", "to "),
        ("du", "au "),
        ("am ", "und "),
    ];
    PAIRS.iter().find_map(|(first, second)| {
        let rest = lower.get(lower.find(first)? + first.len()..)?;
        let rest = rest.get(..rest.floor_char_boundary(60))?;
        let rest = rest.get(rest.find(second)? + second.len()..)?;
        date(rest, sent)
    })
}

/// Names of months by their first letters, in the languages of the packs.
const MONTHS: [(&str, i64); 50] = [
    ("maer", 3),
    ("stycz", 1),
    ("lut", 2),
    ("kwie", 4),
    ("maj", 5),
    ("czerw", 6),
    ("lip", 7),
    ("sierp", 8),
    ("wrze", 9),
    ("paźd", 10),
    ("listop", 11),
    ("grud", 12),
    ("januar", 1),
    ("january", 1),
    ("janvier", 1),
    ("enero", 1),
    ("gennaio", 1),
    ("jan", 1),
    ("jän", 1),
    ("feb", 2),
    ("fév", 2),
    ("mär", 3),
    ("mar", 3),
    ("maa", 3),
    ("apr", 4),
    ("avr", 4),
    ("abr", 4),
    ("mai", 5),
    ("may", 5),
    ("mag", 5),
    ("mei", 5),
    ("jun", 6),
    ("juin", 6),
    ("giu", 6),
    ("jul", 7),
    ("juil", 7),
    ("lug", 7),
    ("aug", 8),
    ("aoû", 8),
    ("ago", 8),
    ("sep", 9),
    ("set", 9),
    ("okt", 10),
    ("oct", 10),
    ("ott", 10),
    ("nov", 11),
    ("dez", 12),
    ("dec", 12),
    ("déc", 12),
    ("dic", 12),
];

/// `5.1.2027`, `05/01/2027`, `2027-01-05`, `5. Januar`, `January 5, 2027`. Without a year: the next such day.
fn date(text: &str, sent: Option<UnixMillis>) -> Option<UnixMillis> {
    let words: Vec<&str> = text
        .split(|c: char| c.is_whitespace() || matches!(c, ',' | '(' | ')' | ';' | '!'))
        .filter(|word| !word.is_empty())
        .take(9)
        .collect();
    let mut number: Option<i64> = None;
    let mut month: Option<i64> = None;
    let mut year: Option<i64> = None;
    for word in words {
        if number.is_none()
            && month.is_none()
            && let Some(found) = numeric(word, sent)
        {
            return Some(found);
        }
        let bare = word.trim_matches(['.', ',', ':']);
        let digits: String = bare.chars().take_while(char::is_ascii_digit).collect();
        if let Ok(value) = digits.parse::<i64>() {
            if (1..=31).contains(&value) && number.is_none() {
                number = Some(value);
            } else if (2000..2100).contains(&value) && month.is_some() {
                year = Some(value);
            } else {
                break;
            }
        } else if month.is_none() {
            month = MONTHS.iter().find(|(name, _)| bare.starts_with(name)).map(|(_, n)| *n);
        }
        if number.is_some() && month.is_some() && year.is_some() {
            break;
        }
    }
    // `ab Oktober 2026`.
    let number = number.or(if year.is_some() { Some(1) } else { None });
    with_year(year, month?, number?, sent)
}

fn numeric(word: &str, sent: Option<UnixMillis>) -> Option<UnixMillis> {
    let word = word.trim_end_matches(['.', ':']);
    let separator = ['-', '/', '.'].into_iter().find(|c| word.contains(*c))?;
    let numbers: Vec<i64> = word.split(separator).map(|n| n.parse().ok()).collect::<Option<_>>()?;
    match (separator, numbers.as_slice()) {
        ('-', [y, m, d]) if *y > 1000 => day(*y, *m, *d),
        ('.', [d, m]) => with_year(None, *m, *d, sent),
        (_, [a, b, y]) => {
            let year = if *y < 100 { y + 2000 } else { *y };
            // 25/12 is clear; 5/1 is read the European way, 5.1 always.
            if *b > 12 && separator == '/' { day(year, *a, *b) } else { day(year, *b, *a) }
        }
        _ => None,
    }
}

fn with_year(year: Option<i64>, month: i64, of_month: i64, sent: Option<UnixMillis>) -> Option<UnixMillis> {
    if let Some(year) = year {
        return day(year, month, of_month);
    }
    let sent = sent?.0;
    // 1970 plus years of 365.2425 days; off by a day at most, mended by the comparison.
    let this = 1970 + sent.div_euclid(31_556_952_000);
    (this - 1..=this + 1)
        .filter_map(|year| day(year, month, of_month))
        .find(|time| time.0 >= sent - 86_400_000)
}

/// Midnight UTC of a day.
fn day(year: i64, month: i64, of_month: i64) -> Option<UnixMillis> {
    if !(1970..=9999).contains(&year) || !(1..=12).contains(&month) || !(1..=31).contains(&of_month) {
        return None;
    }
    let y = if month <= 2 { year - 1 } else { year };
    let era = y.div_euclid(400);
    let of_era = y.rem_euclid(400);
    let of_year = (153 * (month + if month > 2 { -3 } else { 9 }) + 2) / 5 + of_month - 1;
    let days = era * 146_097 + of_era * 365 + of_era / 4 - of_era / 100 + of_year - 719_468;
    Some(UnixMillis(days * 86_400_000))
}

/// Words that ask to turn to somebody, lower case.
const TURN_TO: [&str; 20] = [
    "contact",
    "wenden",
    "kontakt",
    "vertret",
    "vertritt",
    "please write",
    "please email",
    "please mail",
    "reach",
    "erreichen",
    "schreiben sie",
    "an meine",
    "my colleague",
    "kollege",
    "kollegin",
    "contacter",
    "póngase",
    "contattare",
    "neem contact",
    "urgent",
];

/// The first address behind such words, or anywhere, that is neither the author's nor ours.
fn deputy(text: &str, message: &Message) -> Option<Address> {
    let lower = text.to_lowercase();
    let from = TURN_TO.iter().filter_map(|word| lower.find(word)).min().unwrap_or_default();
    let known: Vec<String> = message.from.iter().chain(&message.to).map(Address::folded).collect();
    let rest = lower.get(from..)?;
    let others = |text: &str| addresses(text).into_iter().find(|found| !known.contains(&found.address));
    let found = others(rest).or_else(|| others(&lower))?;
    Some(Address { display_name: None, addr_spec: found.address })
}

#[cfg(test)]
mod tests {
    use super::*;

    /// 2026-11-21.
    const SENT: UnixMillis = UnixMillis(1_795_219_200_000);

    #[test]
    fn until_when() {
        let check = |text: &str, expected: Option<(i64, i64, i64)>| {
            assert_eq!(until(text, Some(SENT)), expected.and_then(|(y, m, d)| day(y, m, d)), "{text}");
        };
        check("I am away until 3 December.", Some((2026, 12, 3)));
        check("bis zum 5. Januar nicht erreichbar", Some((2027, 1, 5)));
        check("bin bis 12.12.2026 abwesend", Some((2026, 12, 12)));
        check("bis einschließlich 7.1. im Urlaub", Some((2027, 1, 7)));
        check("from Monday through May 29, 2027", Some((2027, 5, 29)));
        check("until 2026-12-24", Some((2026, 12, 24)));
        check("until 12/31/2026", Some((2026, 12, 31)));
        check("bis bald, bis Montag", None);
        check("jusqu'au 5 janvier", Some((2027, 1, 5)));
    }

    #[test]
    fn days() {
        assert_eq!(day(1970, 1, 1), Some(UnixMillis(0)));
        assert_eq!(day(2000, 3, 1), Some(UnixMillis(951_868_800_000)));
        assert_eq!(day(2026, 13, 1), None);
    }

    #[test]
    fn who_answers() {
        let mail =
            "From: joe@b.example\nTo: us@a.example\n\nBitte wenden Sie sich an Eva Koch (eva@b.example).\n";
        let message = parse::parse(mail.as_bytes(), &parse::Limits::default()).message;
        assert_eq!(details(&message).deputy.map(|d| d.addr_spec).as_deref(), Some("eva@b.example"));
    }
}
