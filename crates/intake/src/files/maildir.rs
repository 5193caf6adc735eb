//! What the place of a file says: Maildir flags, folders, index files.
//!
//! Source: <https://cr.yp.to/proto/maildir.html>, Courier's Maildir++ for sub-folders.

use model::Flags;

/// Files that servers keep beside `cur`, `new` and `tmp`; their beginnings.
const INDEX_FILES: [&str; 14] = [
    "dovecot-uidlist",
    "dovecot-uidvalidity",
    "dovecot-keywords",
    "dovecot-acl",
    "dovecot.index",
    "dovecot.list.index",
    "dovecot.mailbox.log",
    "dovecot-quota",
    "courierimap",
    "courierpop3",
    "maildirfolder",
    "maildirsize",
    "subscriptions",
    ".mbsyncstate",
];

/// Whether the last folder of a path is `cur` or `new`.
pub(super) fn is_delivered(folders: &str) -> bool {
    matches!(folders.rsplit('/').next(), Some("cur" | "new"))
}

/// Whether a name is that of an index file of a Maildir (which the caller knows the folder to be).
pub(super) fn is_index(name: &str) -> bool {
    INDEX_FILES.iter().any(|index| name.starts_with(index))
}

/// Whether a name is one a delivery gives to its file in `tmp`.
pub(super) fn is_delivery(name: &str) -> bool {
    let digits = name.bytes().take_while(u8::is_ascii_digit).count();
    digits > 0 && name[digits..].starts_with(['.', '_'])
}

/// Flags in the name of a file in `cur`: what follows `:2,`.
pub(super) fn flags(name: &str) -> Flags {
    // Where `:` is no letter of file names, `;` and `!` stand in its place.
    let letters = [":2,", ";2,", "!2,"].iter().find_map(|mark| name.rsplit_once(mark));
    let has = |letter| letters.is_some_and(|(_, letters)| letters.contains(letter));
    Flags { seen: has('S'), answered: has('R'), flagged: has('F'), draft: has('D'), deleted: has('T') }
}

/// Mailbox of a file by the folders it lies in, relative to the import, joined by `/`.
///
/// `cur` and `new` are no part of it; a Maildir++ folder `.a.b` is `a/b`, its letters decoded from modified UTF-7 where
/// they are such; Thunderbird's `.sbd` is dropped. The import's own `cur` and `new` are `INBOX`. `is_delivered`: the file
/// lies in `cur` or `new`, which may be the import itself.
pub(super) fn mailbox(folders: &str, is_delivered: bool) -> String {
    let folders = if self::is_delivered(folders) {
        folders.rsplit_once('/').map_or("", |(outer, _)| outer)
    } else {
        folders
    };
    let (outer, last) = folders.rsplit_once('/').map_or((None, folders), |(outer, last)| (Some(outer), last));
    let last = match last.strip_prefix('.') {
        Some(name) if is_delivered && !name.is_empty() => {
            crate::imap::utf7::decoded(name.as_bytes()).replace('.', "/")
        }
        _ => readable(last.strip_suffix(".sbd").unwrap_or(last)),
    };
    match outer {
        Some(outer) => {
            let outer = outer.replace(".sbd/", "/");
            let outer = outer.trim_end_matches(".sbd").split('/').map(readable).collect::<Vec<_>>().join("/");
            format!("{outer}/{last}")
        }
        None if is_delivered && last.is_empty() => "INBOX".to_owned(),
        None => last,
    }
}

/// A folder's name as people read it: Thunderbird keeps folders of IMAP accounts under their names in modified UTF-7.
/// A name that is not that, or is no more readable for it, stays as it is.
fn readable(name: &str) -> String {
    let decoded = crate::imap::utf7::decoded(name.as_bytes());
    if name.contains('&') && !decoded.is_ascii() { decoded } else { name.to_owned() }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn mailboxes() {
        let check = |folders: &str, expected: &str| {
            assert_eq!(mailbox(folders, is_delivered(folders)), expected, "{folders}");
        };
        check("", "");
        check("cur", "INBOX");
        check("a/b", "a/b");
        check("a/new", "a");
        check(".Sent.2024/cur", "Sent/2024");
        check("alice/.Entw&APw-rfe/cur", "alice/Entwürfe");
        check("imap.example.org/Entw&APw-rfe", "imap.example.org/Entwürfe");
        check("Gel&APY-scht.sbd/R&D", "Gelöscht/R&D");
        check("A&-B", "A&-B");
        check(".hidden", ".hidden");
        check("Mail/Archives.sbd", "Mail/Archives");
        check("Mail/Archives.sbd/2024.sbd/x", "Mail/Archives/2024/x");
    }

    #[test]
    fn flags_of_names() {
        let check = |name, expected: Flags| assert_eq!(flags(name), expected, "{name}");
        check("1.M.h:2,FRS", Flags { seen: true, answered: true, flagged: true, ..Flags::default() });
        check("1.M.h,S=12,W=13:2,STD", Flags { seen: true, deleted: true, draft: true, ..Flags::default() });
        check("1.M.h", Flags::default());
        check("1.S.h", Flags::default());
    }
}
