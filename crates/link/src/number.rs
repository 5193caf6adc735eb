//! Numbers as they are compared.

/// Upper case, without white space and `-./_`; what is left of a number that has nothing else is empty.
///
/// `B-2026-15343`, `b 2026/15343` … the slash too: `B202615343`.
pub fn normal_number(written: &str) -> String {
    let mut out = String::with_capacity(written.len());
    for c in written.chars() {
        if !(c.is_whitespace() || "-./_".contains(c)) {
            out.extend(c.to_uppercase());
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_compared_without_case_blanks_and_marks() {
        for written in ["B-2026-15343", "b 2026/15343", "B_2026.15343", "B\u{a0}2026 15343"] {
            assert_eq!(normal_number(written), "B202615343", "{written}");
        }
        assert_eq!(normal_number("rö-7"), "RÖ7");
        assert_eq!(normal_number(" -/ "), "");
    }
}
