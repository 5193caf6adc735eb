//! The language of a short text, by its small words.

/// Small words that the other languages of the list do not have.
const WORDS: [(&str, &[&str]); 7] = [
    (
        "de",
        &[
            "ich",
            "bin",
            "und",
            "nicht",
            "ihre",
            "sie",
            "wieder",
            "bis",
            "zum",
            "der",
            "wenden",
            "erreichbar",
            "büro",
            "mit",
            "bitte",
            "vielen",
            "dank",
            "da",
            "habe",
            "wir",
            "ist",
            "im",
            "ein",
            "eine",
            "wird",
            "wurde",
            "unser",
            "unsere",
            "diese",
            "uns",
            "das",
            "den",
            "dem",
            "ab",
            "kein",
            "keine",
            "liebe",
            "lieber",
            "auf",
            "zu",
            "für",
            "nach",
            "montag",
            "haben",
            "erhalten",
            "zur",
            "mal",
            "weg",
            "erst",
            "hat",
            "bleibt",
        ],
    ),
    (
        "en",
        &[
            "the", "and", "will", "your", "office", "until", "am", "with", "please", "for", "of", "my",
            "thank", "you", "is", "are", "on", "we", "this", "to", "back", "that", "it", "got", "monday",
            "have", "be", "at", "been", "not", "out", "away", "from",
        ],
    ),
    (
        "fr",
        &[
            "je", "suis", "et", "votre", "vous", "jusqu'au", "absent", "bureau", "merci", "pour", "des",
            "sera", "de", "le", "la", "les", "nous", "retour", "serai", "au", "sur", "di", "del", "nostro",
            "in", "ferie",
        ],
    ),
    (
        "es",
        &[
            "estoy", "y", "su", "hasta", "oficina", "el", "los", "gracias", "por", "correo", "fuera",
            "favor", "de", "la", "en", "del", "no", "estaré",
        ],
    ),
    (
        "it",
        &[
            "sono",
            "fino",
            "ufficio",
            "il",
            "gli",
            "grazie",
            "per",
            "non",
            "della",
            "messaggio",
            "prego",
            "assente",
        ],
    ),
    (
        "nl",
        &[
            "ik", "ben", "niet", "tot", "kantoor", "het", "een", "uw", "bedankt", "voor", "met", "contact",
            "afwezig", "van", "de", "is", "wij", "deze", "dat", "gesloten", "op",
        ],
    ),
    (
        "pl",
        &[
            "jestem",
            "nie",
            "do",
            "biurze",
            "dziękuję",
            "się",
            "proszę",
            "będę",
            "wiadomość",
            "oraz",
            "na",
            "w",
            "jest",
            "po",
            "od",
            "wiadomości",
        ],
    ),
];

/// Words looked at.
const WORDS_MAX: usize = 16;

/// `de`, `en`, … of which more small words are found than of any other.
pub(super) fn language(text: &str) -> Option<&'static str> {
    let mut counts = [0_usize; WORDS.len()];
    for word in
        text.split(|c: char| !c.is_alphanumeric() && c != '\'').filter(|w| !w.is_empty()).take(WORDS_MAX)
    {
        let word = word.to_lowercase();
        for (count, (_, words)) in counts.iter_mut().zip(&WORDS) {
            *count += usize::from(words.contains(&word.as_str()));
        }
    }
    let (best, most) = counts.iter().enumerate().max_by_key(|(_, count)| **count)?;
    let second =
        counts.iter().enumerate().filter(|(n, _)| *n != best).map(|(_, c)| *c).max().unwrap_or_default();
    (*most >= 1 && *most > second).then(|| WORDS.get(best).map(|(tag, _)| *tag)).flatten()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn of_short_notes() {
        let check = |text: &str, expected: Option<&str>| assert_eq!(language(text), expected, "{text}");
        check("Ich bin bis zum 5. Januar nicht im Büro. Bitte wenden Sie sich an Eva.", Some("de"));
        check("I am out of the office until Monday. Please contact Eva.", Some("en"));
        check("Je suis absent du bureau jusqu'au 5 janvier. Merci de votre message.", Some("fr"));
        check("Estoy fuera de la oficina hasta el lunes. Gracias por su correo.", Some("es"));
        check("Sono fuori ufficio fino al 5 gennaio, grazie per il messaggio.", Some("it"));
        check("Ik ben tot maandag niet op kantoor. Bedankt voor uw bericht.", Some("nl"));
        check("Nie ma mnie w biurze do poniedziałku. Proszę o kontakt na adres, dziękuję.", Some("pl"));
        check("12345", None);
    }
}
