//! The beginning of a mail, for lists.

use model::{BodyText, TextKind};

/// The first `chars_max` characters of the new text, white space folded; of the whole text if nothing in it is
/// new. Cut at the end of a word where one is near.
pub fn preview(body: &BodyText, chars_max: usize) -> String {
    let new = folded(body.of_kind(TextKind::New), chars_max);
    if new.is_empty() { folded(std::iter::once(body.text.as_str()), chars_max) } else { new }
}

/// Folds white space and cuts after `chars_max` characters.
fn folded<'a>(texts: impl Iterator<Item = &'a str>, chars_max: usize) -> String {
    let mut out = String::new();
    let mut left = chars_max;
    for word in texts.flat_map(str::split_whitespace) {
        if !out.is_empty() && left > 0 {
            out.push(' ');
            left -= 1;
        }
        for c in word.chars() {
            if left == 0 {
                out.truncate(out.trim_end().len());
                return out;
            }
            out.push(c);
            left -= 1;
        }
    }
    out
}
