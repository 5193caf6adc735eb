//! Sizes: `5M`, `200k`, `1.5 MB`.

/// Octets; k, M and G are powers of 1,024.
pub(super) fn parse(text: &str) -> Option<u64> {
    let digits = text.find(|c: char| !c.is_ascii_digit() && c != '.' && c != ',').unwrap_or(text.len());
    let (number, unit) = text.split_at(digits);
    let number: f64 = number.replace(',', ".").parse().ok()?;
    let shift = match unit.trim().to_ascii_lowercase().as_str() {
        "" | "b" => 0,
        "k" | "kb" | "kib" => 10,
        "m" | "mb" | "mib" => 20,
        "g" | "gb" | "gib" => 30,
        _ => return None,
    };
    let octets = number * f64::from(1_u32 << shift);
    (octets.is_finite() && octets < 1e18).then_some(octets as u64)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sizes() {
        for (text, expected) in [
            ("5M", Some(5 << 20)),
            ("200k", Some(200 << 10)),
            ("1,5MB", Some(3 << 19)),
            ("100", Some(100)),
            ("1G", Some(1 << 30)),
            ("", None),
            ("M", None),
            ("5X", None),
            ("1.2.3", None),
            ("99999999999999999999G", None),
        ] {
            assert_eq!(parse(text), expected, "{text}");
        }
    }
}
