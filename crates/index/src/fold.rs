//! What each character becomes in the index: lower case, without accents, umlauts in two spellings.

/// What a character is to search.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Folded {
    /// Ends a word.
    Break,
    /// Belongs to the word but leaves nothing: accents, soft hyphens, joiners.
    Nothing,
    /// U+0308 after a letter: `a`, `o` and `u` become umlauts.
    Diaeresis,
    /// A word of its own, as in scripts written without spaces, and emoji.
    Alone(char),
    /// Letters and digits it is replaced by.
    Text(&'static str),
    /// An umlaut: the spelling with `e`, and the one without.
    Umlaut(&'static str, &'static str),
    /// Itself, in lower case.
    Same(char),
}

/// ASCII: lower case letter or digit, or 0 for everything that ends a word.
pub(crate) const ASCII: [u8; 128] = {
    let mut table = [0_u8; 128];
    let mut at = 0_u8;
    while at < 128 {
        if at.is_ascii_alphanumeric() {
            table[at as usize] = at.to_ascii_lowercase();
        }
        at += 1;
    }
    table
};

/// Base letters of Latin Extended, by letter; looked up in lower case.
const LATIN: &[(&str, &str)] = &[
    ("a", "àáâãåāăąǎǟǡǻȁȃȧạảấầẩẫậắằẳẵặḁẚ"),
    ("b", "ƀɓḃḅḇ"),
    ("c", "çćĉċčƈȼḉ"),
    ("d", "ďđðɖɗḋḍḏḑḓȡ"),
    ("e", "èéêëēĕėęěȅȇȩẹẻẽếềểễệḕḗḙḛḝ"),
    ("f", "ƒḟ"),
    ("g", "ĝğġģǥǧǵɠḡ"),
    ("h", "ĥħȟḣḥḧḩḫẖ"),
    ("i", "ìíîïĩīĭįıǐȉȋỉịḭḯɨ"),
    ("j", "ĵǰɉ"),
    ("k", "ķĸƙǩḱḳḵ"),
    ("l", "ĺļľŀłƚḷḹḻḽ"),
    ("m", "ḿṁṃ"),
    ("n", "ñńņňŉŋƞǹṅṇṉṋɲ"),
    ("o", "òóôõōŏőǒǫǭȍȏȫȭȯȱọỏốồổỗộơớờởỡợṍṏṑṓ"),
    ("p", "ƥṕṗ"),
    ("r", "ŕŗřȑȓṙṛṝṟ"),
    ("s", "śŝşšșſṡṣṥṧṩẛ"),
    ("t", "ţťŧțƫƭṫṭṯṱẗ"),
    ("u", "ùúûũūŭůűųǔȕȗụủưứừửữựṳṵṷṹṻ"),
    ("v", "ṽṿ"),
    ("w", "ŵẁẃẅẇẉẘ"),
    ("x", "ẋẍ"),
    ("y", "ýÿŷȳẏẙỳỵỷỹ"),
    ("z", "źżžƶẑẓẕ"),
    ("ae", "æǣǽ"),
    ("oe", "œ"),
    ("ss", "ß"),
    ("th", "þ"),
    ("ij", "ĳ"),
    ("ff", "ﬀ"),
    ("fi", "ﬁ"),
    ("fl", "ﬂ"),
    ("ffi", "ﬃ"),
    ("ffl", "ﬄ"),
    ("st", "ﬅﬆ"),
    ("α", "ά"),
    ("ε", "έ"),
    ("η", "ή"),
    ("ι", "ίϊΐ"),
    ("ο", "ό"),
    ("σ", "ς"),
    ("υ", "ύϋΰ"),
    ("ω", "ώ"),
    ("е", "ё"),
    ("и", "й"),
    ("і", "ї"),
];

const DIGITS: [&str; 10] = ["0", "1", "2", "3", "4", "5", "6", "7", "8", "9"];

/// What this character, which is not ASCII, becomes.
pub(crate) fn fold(c: char) -> Folded {
    match c {
        'ä' | 'Ä' | 'ǟ' => Folded::Umlaut("ae", "a"),
        'ö' | 'Ö' | 'ø' | 'Ø' => Folded::Umlaut("oe", "o"),
        'ü' | 'Ü' | 'ǖ' | 'ǘ' | 'ǚ' | 'ǜ' => Folded::Umlaut("ue", "u"),
        'ß' | 'ẞ' => Folded::Text("ss"),
        '\u{308}' => Folded::Diaeresis,
        'é' | 'è' | 'ê' | 'É' => Folded::Text("e"),
        'İ' => Folded::Text("i"),
        _ => fold_rare(c),
    }
}

fn fold_rare(c: char) -> Folded {
    let code = u32::from(c);
    match code {
        // Accents, soft hyphen, joiners, direction marks, variation selectors, vowel marks, tatweel.
        0x300..=0x36F
        | 0xAD
        | 0x200B..=0x200F
        | 0x2060..=0x2064
        | 0xFE00..=0xFE0F
        | 0xFE20..=0xFE2F
        | 0xFEFF
        | 0x1AB0..=0x1AFF
        | 0x1DC0..=0x1DFF
        | 0x20D0..=0x20FF
        | 0x0591..=0x05BD
        | 0x05BF
        | 0x05C1..=0x05C2
        | 0x05C4..=0x05C5
        | 0x05C7
        | 0x0610..=0x061A
        | 0x0640
        | 0x064B..=0x065F
        | 0x0670
        | 0x06D6..=0x06DC
        | 0x0E31
        | 0x0E34..=0x0E3A
        | 0x0E47..=0x0E4E => return Folded::Nothing,
        0x0660..=0x0669 => return digit(code - 0x0660),
        0x06F0..=0x06F9 => return digit(code - 0x06F0),
        0x0966..=0x096F => return digit(code - 0x0966),
        // Full width forms of ASCII.
        0xFF01..=0xFF5E => return full_width(code - 0xFEE0),
        _ => {}
    }
    if is_alone(code) {
        return if c.is_alphanumeric() || is_symbol(code) { Folded::Alone(c) } else { Folded::Break };
    }
    // Virama and nukta of the Indic scripts stand inside words.
    if (0x0900..=0x0DFF).contains(&code) && matches!(code & 0x7F, 0x4D | 0x3C) {
        return Folded::Same(c);
    }
    if !c.is_alphanumeric() {
        return Folded::Break;
    }
    let lower = c.to_lowercase().next().unwrap_or(c);
    match lower {
        'ä' | 'ö' | 'ü' | 'ø' | 'ß' => fold(lower),
        _ => base_letter(lower).map_or(Folded::Same(lower), Folded::Text),
    }
}

fn base_letter(lower: char) -> Option<&'static str> {
    // Beyond these there is nothing to find, and the search is not free.
    if !matches!(u32::from(lower), 0xE0..=0x24F | 0x256..=0x28F | 0x386..=0x3CE | 0x439..=0x457 | 0x1E00..=0x1EFF | 0xFB00..=0xFB06)
    {
        return None;
    }
    LATIN.iter().find(|(_, letters)| letters.contains(lower)).map(|(base, _)| *base)
}

fn digit(value: u32) -> Folded {
    DIGITS.get(value as usize).map_or(Folded::Break, |text| Folded::Text(text))
}

fn full_width(ascii: u32) -> Folded {
    match u8::try_from(ascii).ok().and_then(|octet| ASCII.get(usize::from(octet))) {
        Some(0) | None => Folded::Break,
        Some(&lower) => Folded::Same(char::from(lower)),
    }
}

/// Scripts written without spaces, and emoji.
fn is_alone(code: u32) -> bool {
    matches!(code,
        0x0E01..=0x0EFF      // Thai, Lao
        | 0x1000..=0x109F    // Burmese
        | 0x1100..=0x11FF    // Hangul letters
        | 0x1780..=0x17FF    // Khmer
        | 0x2E80..=0x2FDF    // radicals
        | 0x3005..=0x3007
        | 0x3041..=0x31FF    // kana, bopomofo, Hangul compatibility letters
        | 0x3400..=0x4DBF
        | 0x4E00..=0x9FFF
        | 0xAC00..=0xD7FF    // Hangul syllables
        | 0xF900..=0xFAFF
        | 0xFF66..=0xFFDC    // half width kana and Hangul
        | 0x20000..=0x3FFFF)
        || is_symbol(code)
}

fn is_symbol(code: u32) -> bool {
    matches!(code, 0x1F300..=0x1FAFF | 0x2600..=0x27BF)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn letters_become_what_people_type() {
        for (c, expected) in [
            ('é', Folded::Text("e")),
            ('Č', Folded::Text("c")),
            ('ł', Folded::Text("l")),
            ('Æ', Folded::Text("ae")),
            ('ß', Folded::Text("ss")),
            ('Ü', Folded::Umlaut("ue", "u")),
            ('Ø', Folded::Umlaut("oe", "o")),
            ('İ', Folded::Text("i")),
            ('ﬁ', Folded::Text("fi")),
            ('Σ', Folded::Same('σ')),
            ('ς', Folded::Text("σ")),
            ('Я', Folded::Same('я')),
            ('Ａ', Folded::Same('a')),
            ('٣', Folded::Text("3")),
            ('東', Folded::Alone('東')),
            ('한', Folded::Alone('한')),
            ('😀', Folded::Alone('😀')),
            ('\u{301}', Folded::Nothing),
            ('—', Folded::Break),
            ('\u{a0}', Folded::Break),
        ] {
            assert_eq!(fold(c), expected, "{c}");
        }
    }

    #[test]
    fn every_character_is_answered() {
        for c in '\u{80}'..=char::MAX {
            if let Folded::Text(text) | Folded::Umlaut(text, _) = fold(c) {
                assert!(!text.is_empty() && text.len() < 8, "{c}");
            }
        }
    }
}
