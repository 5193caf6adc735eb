//! Mailboxes as servers list them.

use super::lexer::{Lexer, Token};
use super::utf7;

/// What a mailbox is for, by attribute, never by name.
///
/// Source: RFC 6154 §2; `Inbox` by RFC 9051 §5.1.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum SpecialUse {
    /// Where mail arrives.
    Inbox,
    /// A view of all mail.
    All,
    /// Mail put away.
    Archive,
    /// Mail not finished.
    Drafts,
    /// A view of flagged mail.
    Flagged,
    /// Suspected spam.
    Junk,
    /// Mail sent.
    Sent,
    /// Mail about to be deleted.
    Trash,
}

impl SpecialUse {
    /// The attribute in lower case without the backslash: `sent`.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Inbox => "inbox",
            Self::All => "all",
            Self::Archive => "archive",
            Self::Drafts => "drafts",
            Self::Flagged => "flagged",
            Self::Junk => "junk",
            Self::Sent => "sent",
            Self::Trash => "trash",
        }
    }

    fn read(attribute: &[u8]) -> Option<Self> {
        // `\Spam`, `\Starred`, `\AllMail` are the words of XLIST, from before the RFC.
        const ATTRIBUTES: [(&str, SpecialUse); 11] = [
            ("\\Inbox", SpecialUse::Inbox),
            ("\\All", SpecialUse::All),
            ("\\AllMail", SpecialUse::All),
            ("\\Archive", SpecialUse::Archive),
            ("\\Drafts", SpecialUse::Drafts),
            ("\\Flagged", SpecialUse::Flagged),
            ("\\Starred", SpecialUse::Flagged),
            ("\\Junk", SpecialUse::Junk),
            ("\\Spam", SpecialUse::Junk),
            ("\\Sent", SpecialUse::Sent),
            ("\\Trash", SpecialUse::Trash),
        ];
        let found = ATTRIBUTES.iter().find(|(name, _)| attribute.eq_ignore_ascii_case(name.as_bytes()));
        found.map(|(_, special_use)| *special_use)
    }
}

/// A mailbox of an account.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Mailbox {
    /// As the server spells it; its identity, and what is sent back to the server.
    pub raw: Vec<u8>,
    /// For people: modified UTF-7 decoded, or UTF-8 as it is.
    pub name: String,
    /// What separates the levels of the name.
    pub delimiter: Option<char>,
    /// By attribute; the first if there are several.
    pub special_use: Option<SpecialUse>,
    /// It holds mail; otherwise it is only a level above others.
    pub is_selectable: bool,
    /// Numbers, if the server gave them with the list.
    pub status: Option<MailboxStatus>,
}

impl Mailbox {
    /// Whether it is the folder of this name, raw or for people, or lies below it. `/` separates levels whatever the server
    /// writes; of the inbox only itself is meant, since some servers keep everything below it.
    pub fn is_in(&self, folder: &str) -> bool {
        let levels = |name: &str| match self.delimiter {
            Some(delimiter) => name.replace(delimiter, "/"),
            None => name.to_owned(),
        };
        let folder = folder.trim_end_matches('/');
        if folder.eq_ignore_ascii_case("INBOX") {
            return self.special_use == Some(SpecialUse::Inbox);
        }
        if folder.as_bytes() == self.raw {
            return true;
        }
        let (name, folder) = (levels(&self.name), levels(folder));
        !folder.is_empty()
            && name.strip_prefix(&folder).is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
    }

    /// The inbox of a server that has nothing else, with so many mails.
    pub(crate) fn only_inbox(messages: u32) -> Self {
        let raw = b"INBOX".to_vec();
        let status = MailboxStatus { raw: raw.clone(), messages: Some(messages), ..MailboxStatus::default() };
        Self {
            name: "INBOX".to_owned(),
            delimiter: None,
            special_use: Some(SpecialUse::Inbox),
            is_selectable: true,
            status: Some(status),
            raw,
        }
    }

    /// `(attributes) delimiter name`, what follows the word `LIST`.
    pub(crate) fn read(lexer: &mut Lexer<'_>) -> Option<Self> {
        let attributes = lexer.list()?;
        let delimiter = match lexer.next()? {
            Token::String(text) => text.first().copied().map(char::from),
            _ => None,
        };
        let raw = name(lexer)?;
        let has =
            |attribute: &str| attributes.iter().any(|found| found.eq_ignore_ascii_case(attribute.as_bytes()));
        let is_inbox = raw.eq_ignore_ascii_case(b"INBOX");
        let special_use = attributes.iter().find_map(|attribute| SpecialUse::read(attribute));
        Some(Self {
            name: utf7::decoded(&raw),
            delimiter,
            special_use: if is_inbox { Some(SpecialUse::Inbox) } else { special_use },
            is_selectable: !has("\\Noselect") && !has("\\NonExistent"),
            status: None,
            raw,
        })
    }
}

/// Numbers of a mailbox.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct MailboxStatus {
    /// As in [`Mailbox::raw`].
    pub raw: Vec<u8>,
    /// Mails in it.
    pub messages: Option<u32>,
    /// UID the next mail will have, at least.
    pub uid_next: Option<u32>,
    /// Changes when the server renumbers the mailbox.
    pub uid_validity: Option<u32>,
}

impl MailboxStatus {
    /// `name (ITEM number …)`, what follows the word `STATUS`.
    pub(crate) fn read(lexer: &mut Lexer<'_>) -> Option<Self> {
        let mut status = Self { raw: name(lexer)?, ..Self::default() };
        let items = lexer.list()?;
        for pair in items.chunks_exact(2) {
            let number = super::lexer::number(&pair[1]).and_then(|number| u32::try_from(number).ok());
            match pair[0].to_ascii_uppercase().as_slice() {
                b"MESSAGES" => status.messages = number,
                b"UIDNEXT" => status.uid_next = number,
                b"UIDVALIDITY" => status.uid_validity = number,
                _ => {}
            }
        }
        Some(status)
    }
}

/// A name; without quotes it may hold blanks and even parentheses on servers that do not know better.
fn name(lexer: &mut Lexer<'_>) -> Option<Vec<u8>> {
    if matches!(lexer.peek()?, b'"' | b'{') {
        return lexer.next()?.into_text();
    }
    let rest = lexer.rest().to_vec();
    let end = memchr::memmem::find_iter(&rest, b" (")
        .find(|at| begins_items(&rest[at + 2..]))
        .unwrap_or(rest.len());
    let found = rest[..end].trim_ascii_end().to_vec();
    lexer.advance(end);
    (!found.is_empty()).then_some(found)
}

/// Whether these octets behind a parenthesis begin the items of a STATUS or the extended ones of a LIST.
fn begins_items(octets: &[u8]) -> bool {
    const ITEMS: [&str; 10] = [
        "MESSAGES",
        "UIDNEXT",
        "UIDVALIDITY",
        "UNSEEN",
        "RECENT",
        "SIZE",
        "HIGHESTMODSEQ",
        "DELETED",
        "CHILDINFO",
        "OLDNAME",
    ];
    let word = octets.strip_prefix(b"\"").unwrap_or(octets);
    word.starts_with(b")")
        || ITEMS.iter().any(|item| {
            word.get(..item.len()).is_some_and(|start| start.eq_ignore_ascii_case(item.as_bytes()))
        })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn folders_and_those_below() {
        let check = |name: &str, delimiter: Option<char>, folder: &str, expected: bool| {
            let mailbox = Mailbox {
                name: name.to_owned(),
                delimiter,
                special_use: None,
                status: None,
                ..Mailbox::only_inbox(0)
            };
            assert_eq!(mailbox.is_in(folder), expected, "{name} {folder}");
        };
        check("Privat", Some('.'), "Privat", true);
        check("Privat.Urlaub", Some('.'), "Privat", true);
        check("Privat.Urlaub", Some('.'), "Privat/Urlaub", true);
        check("Privat.Urlaub", Some('.'), "Privat.Urlaub/", true);
        check("Privatkunden", Some('.'), "Privat", false);
        check("Privat/Urlaub", None, "Privat", true);
        check("Kunden/Privat", Some('/'), "Privat", false);
        check("Privat", Some('/'), "", false);
        // On some servers all folders lie below the inbox.
        check("INBOX.Kunden", Some('.'), "INBOX", false);
        assert!(Mailbox::only_inbox(0).is_in("Inbox"));
        let raw = Mailbox {
            raw: b"&AMQ-".to_vec(),
            name: "Ä".to_owned(),
            special_use: None,
            ..Mailbox::only_inbox(0)
        };
        assert!(raw.is_in("Ä") && raw.is_in("&AMQ-") && !raw.is_in("A"));
    }
}
