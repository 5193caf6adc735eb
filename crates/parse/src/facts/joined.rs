//! Numbers written with blanks: `B 2026 15343`.

/// Pieces of one number.
const PIECES_MAX: usize = 4;
/// Longest letters before the first digits.
const LETTERS_MAX: usize = 5;
/// Digits of each piece of a number without letters.
const DIGITS_MIN: usize = 3;
/// Shortest and longest, without blanks, octets.
const JOINED: std::ops::RangeInclusive<usize> = 5..=24;

/// A blank inside a number: one, breaking or not.
pub(super) fn is_gap(c: char) -> bool {
    matches!(c, ' ' | '\u{a0}' | '\u{202f}')
}

/// Where numbers begin that end with the piece at `from..to`, nearest first; at most three.
pub(super) fn begins(text: &str, from: usize, to: usize) -> impl Iterator<Item = usize> {
    let mut out = [None; PIECES_MAX - 1];
    let (mut start, mut octets, mut count) = (from, to - from, 0);
    let mut digits = is_digits(&text[from..to]);
    while count < out.len() {
        let Some(before) = text[..start].strip_suffix(is_gap) else { break };
        let Some(piece) = last_piece(before) else { break };
        octets += piece.len();
        if octets > *JOINED.end() {
            break;
        }
        start = before.len() - piece.len();
        let letters = piece.bytes().all(|c| c.is_ascii_alphabetic());
        if letters {
            // A word of the sentence is no prefix: `am 12`, `RE 12`, `b 2026`.
            let prefix = piece.len() == 1
                || piece.len() <= LETTERS_MAX && piece.bytes().all(|c| c.is_ascii_uppercase());
            if prefix && JOINED.contains(&octets) {
                out[count] = Some(start);
            }
            break;
        }
        digits &= is_digits(piece);
        if digits && JOINED.contains(&octets)
            || !digits && JOINED.contains(&octets) && starts_with_letter(piece)
        {
            out[count] = Some(start);
        }
        count += 1;
    }
    out.into_iter().flatten()
}

fn is_digits(piece: &str) -> bool {
    piece.len() >= DIGITS_MIN && piece.bytes().all(|c| c.is_ascii_digit())
}

fn starts_with_letter(piece: &str) -> bool {
    piece.starts_with(|c: char| c.is_ascii_alphabetic())
}

/// The piece that a text ends with: letters and digits, nothing else around it.
fn last_piece(text: &str) -> Option<&str> {
    let len = text.bytes().rev().take_while(u8::is_ascii_alphanumeric).count();
    let (before, piece) = text.split_at(text.len() - len);
    let free = before.is_empty() || before.ends_with(|c: char| c.is_whitespace() || "(:#„\"'>[".contains(c));
    (len > 0 && len <= 12 && free).then_some(piece)
}

#[cfg(test)]
mod tests {
    use super::begins;

    #[test]
    fn pieces_with_one_blank_between_are_one_number() {
        let check = |before: &str, last: &str, expected: &[&str]| {
            let text = format!("{before}{last}");
            let found: Vec<&str> =
                begins(&text, before.len(), text.len()).map(|at| &text[at..before.len()]).collect();
            assert_eq!(found, expected, "{text}");
        };
        check("Auftrag B 2026 ", "15343", &["2026 ", "B 2026 "]);
        check("RE\u{a0}", "20260815", &["RE\u{a0}"]);
        check("zu b 2026 ", "2", &["b 2026 "]);
        check("Nr. 4500 123 ", "456", &["123 ", "4500 123 "]);
        check("A12 B34 ", "567", &["B34 ", "A12 B34 "]);
        check("am Montag 2026 ", "15", &[]);
        check("die ", "2026", &[]);
        check("B  2026  ", "15343", &[]);
        check("12 34 ", "56", &[]);
        check("1. ", "234", &[]);
    }
}
