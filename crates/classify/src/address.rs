//! Addresses in running text.

/// Octets of an address.
const ADDRESS_BYTES_MAX: usize = 320;

/// An address and where it stands in its line: bytes, without brackets.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct InText {
    /// Lower case.
    pub(crate) address: String,
    /// First byte.
    pub(crate) start: usize,
    /// Behind the last byte.
    pub(crate) end: usize,
}

/// The addresses of a line, in order. Linear: each `@` looks at 320 octets at most.
pub(crate) fn addresses(line: &str) -> Vec<InText> {
    let octets = line.as_bytes();
    let mut found: Vec<InText> = Vec::new();
    for at in memchr::memchr_iter(b'@', octets) {
        let from = found.last().map_or(0, |last| last.end);
        if at < from {
            continue;
        }
        let lowest = from.max(at.saturating_sub(ADDRESS_BYTES_MAX));
        let before = octets.get(lowest..at).unwrap_or_default();
        let mut start = at - before.iter().rev().take_while(|c| is_local(**c)).count();
        let quoted =
            octets.get(..at).is_some_and(|b| b.ends_with(b"\"")) && line.get(lowest..at - 1).is_some();
        if quoted && let Some(open) = line.get(lowest..at - 1).and_then(|b| b.rfind('"')) {
            start = lowest + open;
        }
        // `SMTP:a@b`, `mailto:a@b` end at the colon; a leading quote or dot does not belong to it.
        while octets
            .get(start)
            .is_some_and(|c| matches!(c, b'\'' | b'`' | b'.' | b'*' | b'=') || (*c == b'-' || *c == b'/'))
            && start < at
        {
            start += 1;
        }
        let after = octets.get(at + 1..(at + 1 + ADDRESS_BYTES_MAX).min(octets.len())).unwrap_or_default();
        let mut end = at + 1 + after.iter().take_while(|c| is_domain(**c)).count();
        while end > at + 1 && octets.get(end - 1).is_some_and(|c| matches!(c, b'.' | b'-' | b'_')) {
            end -= 1;
        }
        let bracketed = start > 0 && octets.get(start - 1) == Some(&b'<') && octets.get(end) == Some(&b'>');
        let (Some(local), Some(domain)) = (line.get(start..at), line.get(at + 1..end)) else { continue };
        let plausible = bracketed || domain.contains('.') && !domain.contains("..") && domain.len() >= 3;
        if !local.is_empty() && !domain.is_empty() && plausible {
            found.push(InText { address: format!("{local}@{domain}").to_lowercase(), start, end });
        }
    }
    found
}

/// RFC 5322 atext and the dot, and what lies beyond ASCII.
fn is_local(octet: u8) -> bool {
    octet.is_ascii_alphanumeric() || octet >= 0x80 || b"!#$%&'*+-/=?^_`{|}~.".contains(&octet)
}

fn is_domain(octet: u8) -> bool {
    octet.is_ascii_alphanumeric() || octet >= 0x80 || matches!(octet, b'.' | b'-' | b'_')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn of_a_line() {
        let check = |line: &str, expected: &[&str]| {
            let found: Vec<String> = addresses(line).into_iter().map(|a| a.address).collect();
            assert_eq!(found, expected, "{line:?}");
        };
        check("<Joe@A.example>: host mx said", &["joe@a.example"]);
        check("SMTP:joe@a.example, mailto:eva@b.example.", &["joe@a.example", "eva@b.example"]);
        check("'joe@a.example' on Mon", &["joe@a.example"]);
        check("\"joe smith\"@a.example", &["\"joe smith\"@a.example"]);
        check("<joe@localhost> and joe@localhost", &["joe@localhost"]);
        check("user@", &[]);
        check("für jörg@münchen.example...", &["jörg@münchen.example"]);
    }
}
