//! Snippets, and input of any shape.

use proptest::prelude::*;

use super::{query, try_query};
use crate::snippet;

fn shown(text: &str, body: &str) -> String {
    let pieces = snippet(&query(text), body);
    pieces
        .iter()
        .map(|piece| if piece.hit { format!("[{}]", piece.text) } else { piece.text.clone() })
        .collect()
}

#[test]
fn snippets_show_the_best_place() {
    for (text, body, expected) in [
        ("rechnung", "Die Rechnungen für Müller.", "Die [Rechnungen] für Müller."),
        ("muller", "Die Rechnung für Müller.", "Die Rechnung für [Müller]."),
        ("nummer", "Ihre Rechnungsnummer.", "Ihre [Rechnungsnummer]."),
        ("rech*", "Die Rechnung.", "Die [Rechnung]."),
        ("\"grüner strom\"", "Grüner Tee, gruener Strom.", "Grüner Tee, [gruener Strom]."),
        ("b202615343", "Nr. B-2026-15343!", "Nr. [B-2026-15343]!"),
        ("15343", "Nr. B-2026-15343!", "Nr. B-2026-[15343]!"),
        ("from:anna tee -milch", "Anna trinkt Tee ohne Milch", "Anna trinkt [Tee] ohne Milch"),
        ("東京", "東京都の天気", "[東京]都の天気"),
        ("fehlt", "  Ganz anderer Text.\n", "Ganz anderer Text."),
        ("", "", ""),
    ] {
        assert_eq!(shown(text, body), expected, "{text}");
    }
    let long = "Viel Text, der nichts zur Sache tut. ".repeat(30)
        + "Hier steht die Mahnung endlich. "
        + &"Und noch mehr Text. ".repeat(30);
    let snippet = shown("mahnung", &long);
    assert!(snippet.contains("steht die [Mahnung] endlich."), "{snippet}");
    assert!((120..=165).contains(&snippet.chars().count()), "{snippet}");
    assert!(!snippet.starts_with(' ') && !snippet.ends_with(' '));
}

/// Shapes of queries, near enough to the grammar to reach its corners.
fn typed() -> impl Strategy<Value = String> {
    let word = "(-?(from|to|has|is|kind|before|on|larger|account|tag|subject|x):?)?[\"(„]?[a-zäß0-9.*@/+東\u{308} -]{0,12}[\")“]?( OR | )?";
    prop_oneof![prop::collection::vec(word, 0..6).prop_map(|words| words.concat()), "\\PC*", "(?s).{0,40}",]
}

proptest! {
    #[test]
    fn no_query_and_no_text_panics(text in typed(), body in "(\\PC|[a-z ä.@-]){0,300}") {
        if let Ok(query) = try_query(&text) {
            let pieces = snippet(&query, &body);
            let together: String = pieces.iter().map(|piece| piece.text.as_str()).collect();
            prop_assert!(body.contains(&together));
            prop_assert!(together.chars().count() <= 200);
            crate::compile::compile(&query.root);
        }
    }

    #[test]
    fn every_word_of_a_text_is_found_in_its_snippet(body in "([a-zäöü]{3,8} ){1,30}", pick in 0_usize..30) {
        let words: Vec<&str> = body.split_whitespace().collect();
        let word = words[pick % words.len()];
        let pieces = snippet(&query(&format!("\"{word}\"")), &body);
        prop_assert!(pieces.iter().any(|piece| piece.hit && piece.text == word));
    }
}
