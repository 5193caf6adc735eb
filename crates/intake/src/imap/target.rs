//! The name of the mailbox mails are moved to: found among those there are, or made as the server's names are made.
//!
//! Source: RFC 2342 for the prefix, RFC 9051 §5.1 for names.

use super::mailbox::{Mailbox, SpecialUse};
use super::utf7;

/// The mailbox meant by this name, if it is there and holds mail: by raw name, by name for people, either below `prefix` too.
pub(crate) fn find<'m>(mailboxes: &'m [Mailbox], wanted: &str, made: &[u8]) -> Option<&'m Mailbox> {
    let is_inbox = wanted.eq_ignore_ascii_case("INBOX");
    let by = |is: &dyn Fn(&Mailbox) -> bool| mailboxes.iter().find(|m| m.is_selectable && is(m));
    by(&|m| m.raw == wanted.as_bytes())
        .or_else(|| by(&|m| is_inbox && m.special_use == Some(SpecialUse::Inbox)))
        .or_else(|| by(&|m| m.name == wanted))
        .or_else(|| by(&|m| m.raw == made))
}

/// The raw name to make. `/` separates levels whatever the server uses; a server without levels gets `-`.
pub(crate) fn made(wanted: &str, prefix: &[u8], delimiter: Option<char>, is_utf8: bool) -> Vec<u8> {
    let separator = delimiter.unwrap_or('-');
    let levels =
        wanted.split('/').map(|level| level.trim_matches(|c: char| c == separator || c.is_whitespace()));
    let levels: Vec<String> = levels
        .filter(|level| !level.is_empty())
        .map(|level| level.chars().filter(|c| !c.is_control() && !matches!(c, '*' | '%')).collect())
        .collect();
    let name = levels.join(&separator.to_string());
    let raw = if is_utf8 { name.into_bytes() } else { utf7::encoded(&name) };
    let has_prefix = raw.get(..prefix.len()).is_some_and(|start| start.eq_ignore_ascii_case(prefix));
    if has_prefix { raw } else { [prefix, &raw].concat() }
}

/// Prefix of names where the server does not tell: `INBOX.` if all others lie below the inbox.
pub(crate) fn guessed_prefix(mailboxes: &[Mailbox]) -> (Vec<u8>, Option<char>) {
    let delimiter = mailboxes.iter().find_map(|mailbox| mailbox.delimiter);
    let below = format!("INBOX{}", delimiter.unwrap_or('/'));
    let mut others = mailboxes.iter().filter(|m| m.special_use != Some(SpecialUse::Inbox)).peekable();
    let has_others = others.peek().is_some();
    let starts =
        |raw: &[u8]| raw.get(..below.len()).is_some_and(|start| start.eq_ignore_ascii_case(below.as_bytes()));
    let all_below = has_others && others.all(|mailbox| starts(&mailbox.raw));
    (if all_below { below.into_bytes() } else { Vec::new() }, delimiter)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn mailbox(raw: &str, delimiter: char) -> Mailbox {
        Mailbox {
            raw: raw.as_bytes().to_vec(),
            name: utf7::decoded(raw.as_bytes()),
            delimiter: Some(delimiter),
            special_use: (raw == "INBOX").then_some(SpecialUse::Inbox),
            is_selectable: true,
            status: None,
        }
    }

    #[test]
    fn names_are_made_as_the_server_makes_them() {
        let check = |wanted: &str, prefix: &str, delimiter: Option<char>, expected: &str| {
            let name = made(wanted, prefix.as_bytes(), delimiter, false);
            assert_eq!(String::from_utf8_lossy(&name), expected);
        };
        check("Erledigt", "", Some('/'), "Erledigt");
        check("Berichte/Erledigt", "", Some('/'), "Berichte/Erledigt");
        check("Berichte/Erledigt", "INBOX.", Some('.'), "INBOX.Berichte.Erledigt");
        check("INBOX.Berichte", "INBOX.", Some('.'), "INBOX.Berichte");
        check("/Rückläufer/", "", Some('.'), "R&APw-ckl&AOQ-ufer");
        check("a//b", "", Some('/'), "a/b");
        check("a/b", "", None, "a-b");
        check("a*\r\n%b", "", Some('/'), "ab");
        assert_eq!(made("Ä", b"", Some('/'), true), "Ä".as_bytes());
    }

    #[test]
    fn mailboxes_that_are_there_are_found() {
        let list = [mailbox("INBOX", '.'), mailbox("INBOX.R&APw-ck", '.'), mailbox("Alt", '.')];
        let check = |wanted: &str, expected: Option<&str>| {
            let (prefix, delimiter) = (b"INBOX.".as_slice(), Some('.'));
            let found = find(&list, wanted, &made(wanted, prefix, delimiter, false));
            assert_eq!(found.map(|m| String::from_utf8_lossy(&m.raw).into_owned()).as_deref(), expected);
        };
        check("Rück", Some("INBOX.R&APw-ck"));
        check("INBOX.Rück", Some("INBOX.R&APw-ck"));
        check("inbox", Some("INBOX"));
        check("Alt", Some("Alt"));
        check("Neu", None);
    }

    #[test]
    fn prefixes_are_guessed_only_where_all_agree() {
        let below = [mailbox("INBOX", '.'), mailbox("INBOX.Sent", '.')];
        assert_eq!(guessed_prefix(&below), (b"INBOX.".to_vec(), Some('.')));
        let beside = [mailbox("INBOX", '/'), mailbox("Sent", '/'), mailbox("INBOX/x", '/')];
        assert_eq!(guessed_prefix(&beside), (Vec::new(), Some('/')));
        assert_eq!(guessed_prefix(&[mailbox("INBOX", '/')]), (Vec::new(), Some('/')));
    }
}
