//! Names of files and folders that every system can keep.

/// Octets of a name at most, in UTF-8: every usual file system takes 255, and a number has room behind it.
pub const NAME_OCTETS_MAX: usize = 200;
/// Characters of an ending that is kept when a name is cut.
const ENDING_MAX: usize = 16;

/// A name that Linux, Windows and macOS can keep and that means the same to each: no path, no control character, none that turns the
/// direction of writing, not hidden, no device, no file with which a system decorates or starts something, no blanks or dots at its ends, at
/// most [`NAME_OCTETS_MAX`] octets. Never empty; a safe name stays as it is.
pub fn safe_name(name: &str) -> String {
    let mut plain = String::with_capacity(name.len());
    for c in name.chars().filter(|c| !is_invisible(*c)) {
        if c.is_whitespace() {
            if !plain.ends_with(' ') {
                plain.push(' ');
            }
        } else {
            plain.push(if is_forbidden(c) { '_' } else { c });
        }
    }
    let name = shortened(trimmed(&plain));
    let name = trimmed(&name);
    if name.is_empty() {
        return "_".to_owned();
    }
    // Programs take a name with a hyphen in front for an option.
    if name.starts_with('-') || is_reserved(name) { format!("_{name}") } else { name.to_owned() }
}

fn trimmed(name: &str) -> &str {
    name.trim_matches(|c: char| c == '.' || c.is_whitespace())
}

/// What some system does not keep in a name.
pub(super) fn is_forbidden(c: char) -> bool {
    c.is_control()
        || matches!(c, '/' | '\\' | '<' | '>' | ':' | '"' | '|' | '?' | '*' | '\u{fffe}' | '\u{ffff}')
}

/// Marks of direction, joiners, byte order mark, separators, tags and variation selectors.
const fn is_invisible(c: char) -> bool {
    matches!(c, '\u{ad}' | '\u{61c}' | '\u{115f}' | '\u{1160}' | '\u{180b}'..='\u{180f}' | '\u{200b}'..='\u{200f}'
        | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{206f}' | '\u{3164}' | '\u{fe00}'..='\u{fe0f}' | '\u{feff}' | '\u{ffa0}'
        | '\u{fff9}'..='\u{fffb}' | '\u{e0000}'..='\u{e0fff}')
}

/// Devices of Windows, with any ending, and files that systems read of their own accord.
fn is_reserved(name: &str) -> bool {
    let whole = name.to_lowercase();
    if matches!(whole.as_str(), "desktop.ini" | "autorun.inf" | "thumbs.db" | "folder.htt") {
        return true;
    }
    let stem = whole.split('.').next().unwrap_or_default().trim_end();
    if matches!(stem, "con" | "prn" | "aux" | "nul" | "conin$" | "conout$" | "clock$") {
        return true;
    }
    let port = stem.strip_prefix("com").or_else(|| stem.strip_prefix("lpt")).unwrap_or_default();
    let mut characters = port.chars();
    matches!((characters.next(), characters.next()), (Some(c), None) if c.is_ascii_digit() || "¹²³".contains(c))
}

/// What stands before the ending, and the ending with its dot; it is empty where there is none.
pub(super) fn split(name: &str) -> (&str, &str) {
    match name.rfind('.') {
        Some(at) if at > 0 && is_ending(&name[at + 1..]) => name.split_at(at),
        _ => (name, ""),
    }
}

fn is_ending(text: &str) -> bool {
    !text.is_empty() && text.len() <= ENDING_MAX && text.chars().all(char::is_alphanumeric)
}

/// Keeps the ending: it says what kind of file it is.
fn shortened(name: &str) -> String {
    if name.len() <= NAME_OCTETS_MAX {
        return name.to_owned();
    }
    let (stem, ending) = split(name);
    let mut end = NAME_OCTETS_MAX - ending.len();
    while !stem.is_char_boundary(end) {
        end -= 1;
    }
    format!("{}{ending}", trimmed(&stem[..end]))
}
