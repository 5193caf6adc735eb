//! Subjects that say that a mail was passed on.

/// What stands before the colon of a forwarded mail's subject, lower case.
const PREFIXES: [&str; 16] = [
    "wg",
    "fwd",
    "fw",
    "tr",
    "rv",
    "weitergeleitet",
    "weiterleitung",
    "forwarded",
    "forward",
    "transf",
    "transféré",
    "reenv",
    "reenviado",
    "inoltro",
    "doorst",
    "doorgestuurd",
];

/// Whether the outermost prefix of a subject is that of a forward: `WG: AW: …` is one, `AW: WG: …` an answer.
pub fn is_forward(subject: &str) -> bool {
    let subject = subject.trim_start().trim_start_matches('[');
    let Some((first, _)) = subject.split_once(':') else { return false };
    let first = first.trim().to_lowercase();
    // `Fwd[2]:`, `WG (2):`
    let word = first.split(['[', '(']).next().unwrap_or_default().trim();
    PREFIXES.contains(&word)
}

#[cfg(test)]
mod tests {
    use super::is_forward;

    #[test]
    fn the_outermost_prefix_decides() {
        for subject in [
            "WG: Angebot",
            "fwd: x",
            " FW:x",
            "Fwd[2]: x",
            "TR : devis",
            "RV: x",
            "Weitergeleitet: x",
            "[Fwd: x]",
        ] {
            assert!(is_forward(subject), "{subject}");
        }
        for subject in ["AW: WG: Angebot", "Re: x", "Fwd", "", "Wgt: x", "Treffen: heute", "Order: 1"] {
            assert!(!is_forward(subject), "{subject}");
        }
    }
}
