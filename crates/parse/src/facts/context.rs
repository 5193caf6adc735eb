//! What looks like a number and is none that a record could be known by.

use crate::facts::joined::is_gap;

/// How far around a number is looked for what says what it is, octets; bounded, so that a long line costs no more than
/// many short ones.
const AROUND: usize = 64;
/// Longer than any word listed here, octets.
const WORD_MAX: usize = 24;

/// Words that say that a record's number follows; what they name counts, whatever it looks like.
const REFERENCE: [&str; 40] = [
    "nr",
    "no",
    "num",
    "nummer",
    "number",
    "numéro",
    "nro",
    "ref",
    "referenz",
    "reference",
    "az",
    "aktenzeichen",
    "bestellung",
    "bestellnr",
    "bestellnummer",
    "bestell-nr",
    "auftrag",
    "auftragsnr",
    "auftragsnummer",
    "auftrags-nr",
    "angebot",
    "angebotsnr",
    "angebotsnummer",
    "angebots-nr",
    "order",
    "quote",
    "quotation",
    "rechnung",
    "rechnungsnr",
    "rechnungsnummer",
    "rechnungs-nr",
    "invoice",
    "lieferschein",
    "vorgang",
    "vorgangsnummer",
    "kundennummer",
    "kundennr",
    "kunden-nr",
    "ticket",
    "zeichen",
];
/// Words that a telephone number follows.
const TELEPHONE: [&str; 16] = [
    "tel",
    "telefon",
    "telephone",
    "phone",
    "fon",
    "mobil",
    "mobile",
    "handy",
    "fax",
    "telefax",
    "mobiltelefon",
    "cell",
    "durchwahl",
    "hotline",
    "whatsapp",
    "téléphone",
];
/// Words that numbers of the footer follow: register, tax, bank.
const FOOTER: [&str; 27] = [
    "vr",
    "vereinsregister",
    "hrb",
    "hra",
    "gnr",
    "handelsregister",
    "registergericht",
    "amtsgericht",
    "registernummer",
    "ust-idnr",
    "ust-id",
    "ustid",
    "ustidnr",
    "ust-id-nr",
    "vat",
    "uid",
    "steuernummer",
    "steuernr",
    "steuer-nr",
    "st-nr",
    "blz",
    "bic",
    "swift",
    "konto",
    "kto",
    "iban",
    "kontonummer",
];
/// Months; a year follows them.
const MONTHS: [&str; 24] = [
    "januar",
    "februar",
    "märz",
    "april",
    "mai",
    "juni",
    "juli",
    "august",
    "september",
    "oktober",
    "november",
    "dezember",
    "january",
    "february",
    "march",
    "may",
    "june",
    "july",
    "october",
    "december",
    "jan",
    "feb",
    "dez",
    "dec",
];
/// What follows or precedes an amount of money, or a share.
const MONEY: [&str; 9] = ["€", "$", "£", "%", "eur", "usd", "chf", "gbp", "euro"];

/// Whether the token at `from..to` of a text may be the number of a record: no date, telephone number, IBAN, amount or
/// postcode, and no number of a footer (register, tax, bank).
pub(super) fn is_reference(text: &str, from: usize, to: usize) -> bool {
    let token = &text[from..to];
    let near = text.floor_char_boundary(from.saturating_sub(AROUND));
    let line = text[near..from].rfind('\n').map(|at| near + at + 1);
    let is_line = line.is_some() || near == 0;
    let near = line.unwrap_or(near);
    let before = &text[near..from];
    let after = &text[to..text.floor_char_boundary(to + AROUND)];
    let word = word_before(before);
    let word = if word.len() <= WORD_MAX { word.to_lowercase() } else { String::new() };
    let word = word.as_str();
    if FOOTER.contains(&word) || TELEPHONE.contains(&word) {
        return false;
    }
    if REFERENCE.contains(&word) || before.trim_end().ends_with('#') {
        return true;
    }
    !(is_date(token, before, word, after)
        || is_amount(token, before, after)
        || is_telephone(token, before, after)
        || is_postcode(token, before, after, is_line)
        || is_iban(token, before, after))
}

/// The last word before a number; other digits of the same number may stand between.
fn word_before(before: &str) -> &str {
    let marks = |c: char| c.is_ascii_digit() || is_gap(c) || ":.#-/()+°".contains(c);
    let before = before.trim_end_matches(marks);
    let from = before
        .char_indices()
        .rev()
        .find(|(_, c)| !(c.is_alphabetic() || *c == '-'))
        .map_or(0, |(at, c)| at + c.len_utf8());
    &before[from..]
}

fn is_date(token: &str, before: &str, word: &str, after: &str) -> bool {
    let digits = |text: &str, most: usize| {
        (!text.is_empty() && text.len() <= most && text.bytes().all(|c| c.is_ascii_digit()))
            .then(|| text.parse::<u32>().unwrap_or(u32::MAX))
    };
    let day_and_month = |a: &str, b: &str| match (digits(a, 2), digits(b, 2)) {
        (Some(a), Some(b)) => {
            (1..=31).contains(&a) && (1..=12).contains(&b) || (1..=12).contains(&a) && (1..=31).contains(&b)
        }
        _ => false,
    };
    let is_year = |text: &str| matches!((text.len(), digits(text, 4)), (4, Some(1900..=2099)) | (2, Some(_)));
    let token = token.split_once('T').filter(|(date, _)| date.len() == 10).map_or(token, |(date, _)| date);
    let separator = token.chars().find(|c| !c.is_ascii_digit());
    let Some(separator) = separator else {
        let month = || MONTHS.contains(&word) && !before.ends_with(|c: char| c.is_alphabetic());
        return token.len() == 4 && is_year(token) && month();
    };
    if !matches!(separator, '.' | '-' | '/') {
        return false;
    }
    match token.split(separator).collect::<Vec<_>>().as_slice() {
        [a, b, c] if a.len() == 4 => is_year(a) && day_and_month(b, c),
        [a, b, c] => day_and_month(a, b) && is_year(c),
        // 02.03. without a year, 09.30 Uhr
        [a, b] => {
            day_and_month(a, b) && separator == '.' && after.starts_with('.')
                || digits(a, 2).is_some_and(|hour| hour < 24)
                    && digits(b, 2).is_some_and(|minute| minute < 60)
                    && after.trim_start_matches(is_gap).starts_with("Uhr")
        }
        _ => false,
    }
}

fn is_amount(token: &str, before: &str, after: &str) -> bool {
    if !token.bytes().all(|c| c.is_ascii_digit() || c == b'.') {
        return false;
    }
    let mut rest = after.chars();
    if rest.next() == Some(',') {
        let cents = rest.as_str();
        let digits = cents.bytes().take_while(u8::is_ascii_digit).count();
        let ends = !cents[digits..].starts_with(|c: char| c.is_alphanumeric());
        if ends && digits == 2 || cents.starts_with(['-', '–', '—']) {
            return true;
        }
    }
    let group = before.strip_suffix(',').is_some_and(|b| b.ends_with(|c: char| c.is_ascii_digit()));
    let is_money = |text: &str| {
        let text = text.to_lowercase();
        MONEY.contains(&text.as_str())
    };
    let next = after.trim_start_matches(is_gap);
    let end = next.find(|c: char| !(c.is_alphabetic() || "€$£%".contains(c))).unwrap_or(next.len());
    let behind = &next[..end];
    let front = before.trim_end_matches(is_gap);
    let at = front
        .char_indices()
        .rev()
        .find(|(_, c)| !(c.is_alphabetic() || "€$£".contains(*c)))
        .map_or(0, |(at, c)| at + c.len_utf8());
    group || (end <= 8 && is_money(behind)) || (front.len() - at <= 8 && is_money(&front[at..]))
}

/// `+49 211 …`, `(0211) …`, `0211/12345`.
fn is_telephone(token: &str, before: &str, after: &str) -> bool {
    if !token.bytes().all(|c| c.is_ascii_digit() || matches!(c, b'/' | b'-' | b'.')) {
        return false;
    }
    let own = before.trim_end_matches(|c: char| c.is_ascii_digit() || is_gap(c) || "()/-.".contains(c));
    if own.ends_with('+') && !own[..own.len() - 1].ends_with(|c: char| c.is_alphanumeric()) {
        return true;
    }
    let area = &before[own.len()..];
    if area.contains("(0") {
        return true;
    }
    // Mobile: `0171 2345678`, either half.
    let digits = |text: &str| text.bytes().take_while(u8::is_ascii_digit).count();
    let is_mobile = |area: &str| {
        let octets = area.as_bytes();
        (4..=5).contains(&octets.len()) && octets.starts_with(b"01") && (b'5'..=b'7').contains(&octets[2])
    };
    let front = before.strip_suffix(is_gap).and_then(|b| b.rsplit(|c: char| !c.is_ascii_digit()).next());
    if is_mobile(token) && after.strip_prefix(is_gap).is_some_and(|rest| digits(rest) >= 5)
        || digits(token) >= 5 && front.is_some_and(is_mobile)
    {
        return true;
    }
    let mut parts = token.splitn(2, ['/', '-']);
    match (parts.next(), parts.next()) {
        (Some(area), Some(rest)) => area.starts_with('0') && (3..=6).contains(&area.len()) && rest.len() >= 4,
        _ => false,
    }
}

/// `12345 Ort` at the begin of a line or behind a house number, `D-12345 Ort`.
fn is_postcode(token: &str, before: &str, after: &str, is_line: bool) -> bool {
    let is_place = || {
        let mut rest = after.chars();
        rest.next().is_some_and(is_gap) && rest.next().is_some_and(char::is_uppercase)
    };
    let digits = |text: &str| (4..=5).contains(&text.len()) && text.bytes().all(|c| c.is_ascii_digit());
    if let Some((country, code)) = token.split_once('-') {
        return matches!(country, "D" | "DE" | "A" | "AT" | "CH") && digits(code) && is_place();
    }
    if !digits(token) || !is_place() {
        return false;
    }
    let before = before.trim_start_matches(['>', ' ', '\t']);
    let street = before.strip_suffix(", ").or_else(|| before.strip_suffix(','));
    let house = |text: &str| {
        let text = text.trim_end_matches(|c: char| c.is_ascii_lowercase());
        text.ends_with(|c: char| c.is_ascii_digit())
    };
    let line = after.lines().next().unwrap_or_default();
    let short = line.chars().count() <= 30 && !line.contains(|c: char| c.is_ascii_digit());
    (before.is_empty() && is_line && short) || street.is_some_and(house)
}

/// Part of an IBAN, compact or in groups of four (ISO 13616; its check digits must be right).
fn is_iban(token: &str, before: &str, after: &str) -> bool {
    let is_head = |group: &str| {
        let octets = group.as_bytes();
        octets.len() >= 4
            && octets[..2].iter().all(u8::is_ascii_uppercase)
            && octets[2..4].iter().all(u8::is_ascii_digit)
    };
    if token.len() > 4 {
        return is_head(token) && (15..=34).contains(&token.len()) && is_checked(token.chars());
    }
    let mut groups = vec![token];
    let mut rest = before;
    while !is_head(groups[groups.len() - 1]) {
        let Some(text) = rest.strip_suffix(' ') else { return false };
        let len = text.bytes().rev().take_while(u8::is_ascii_alphanumeric).count();
        if len != 4 || groups.len() > 8 {
            return false;
        }
        let (text, group) = text.split_at(text.len() - 4);
        groups.push(group);
        rest = text;
    }
    let behind = after.chars().take_while(|c| c.is_ascii_alphanumeric() || *c == ' ');
    let all = groups.iter().rev().flat_map(|group| group.chars()).chain(behind);
    let all: Vec<char> = all.filter(|c| *c != ' ').take(34).collect();
    let least = groups.iter().map(|group| group.len()).sum::<usize>().max(15);
    (least..=all.len()).any(|len| is_checked(all[..len].iter().copied()))
}

fn is_checked(iban: impl Iterator<Item = char> + Clone) -> bool {
    let turned = iban.clone().skip(4).chain(iban.take(4));
    let rest = turned.fold(0_u32, |rest, c| match c.to_digit(36) {
        Some(digit @ 0..=9) => (rest * 10 + digit) % 97,
        Some(digit) => (rest * 100 + digit) % 97,
        None => 0,
    });
    rest == 1
}

#[cfg(test)]
mod tests {
    use super::is_reference;

    /// The token stands between `‹` and `›`.
    fn check(marked: &str, expected: bool) {
        let from = marked.find('‹').unwrap();
        let to = marked.find('›').unwrap() - '‹'.len_utf8();
        let text = marked.replace(['‹', '›'], "");
        assert_eq!(is_reference(&text, from, to), expected, "{marked}");
    }

    #[test]
    fn dates_telephones_amounts_and_footers_are_no_references() {
        for text in [
            "am ‹02.03.2026› um",
            "am ‹2.3.26›,",
            "‹2026-03-02›",
            "‹2026-03-02T09›:30",
            "on ‹03/24/2026›",
            "bis ‹02.03›.",
            "um ‹09.30› Uhr",
            "im März ‹2026›",
            "Preis ‹1.234›,56 EUR",
            "‹1234› €",
            "€ ‹1234›",
            "EUR ‹1.234›",
            "1,‹234.56›",
            "‹100›,- zzgl.",
            "um ‹250› %",
            "Tel. ‹0211› 12345",
            "Tel. 0211 ‹12345›",
            "Fon: +49 (0)211 / 12 ‹3456›",
            "+49 211 ‹123456›",
            "(0211) ‹123456›",
            "erreichbar ‹0211/123456›",
            "Fax ‹0211-123456›",
            "ist ‹0171› 2345678.",
            "ist 0171 ‹2345678›.",
            "Konto DE89 ‹3704› 0044 0532 0130 00",
            "DE89 3704 0044 0532 ‹0130› 00",
            "‹DE89370400440532013000›",
            "GB82 WEST ‹1234› 5698 7654 32",
            "Beispielstraße 1\n‹40210› Düsseldorf",
            "Hauptstr. 5a, ‹40210› Düsseldorf",
            "‹D-40210› Düsseldorf",
            "HRB ‹12345›",
            "Amtsgericht Köln, HRB ‹12345›",
            "USt-IdNr.: ‹DE123456789›",
            "St.-Nr. Steuernummer: ‹123/456/7890›",
            "BIC: ‹COBADEFF370›",
        ] {
            check(text, false);
        }
    }

    #[test]
    fn numbers_of_records_are_references() {
        for text in [
            "Bestellung ‹40210› Düsseldorf",
            "Bestellnr.: ‹02.03.2026›",
            "Auftrag Nr. ‹0211/123456›",
            "unsere ‹B-2026-15343›",
            "‹2026/0815›",
            "‹2026-0815›",
            "‹4711.08-15›",
            "zu ‹12345›, bitte",
            "#‹1234› €",
            "IBAN folgt.\nDE88 ‹3704› 0044 0532 0130 00",
            "‹20260302›",
            "Ware 100 Stück, ‹2026› neu",
            "‹40210› Schrauben M4 zu 3 mm, siehe Zeichnung 7 und Seite 12",
        ] {
            check(text, true);
        }
    }
}
