//! Files of Apple Mail: a line with the length of the mail, the mail, a property list.
//!
//! Not published by Apple; as Mail of macOS 10.4 to 15 writes it.

use std::io::{self, BufRead, BufReader, Read};

use model::Flags;

use super::maildir;
use super::reason::Reason;
use super::walker::{Place, Step, Walker};

/// Longest line that counts octets: digits and blanks.
const LINE_OCTETS_MAX: u64 = 40;
/// The property list is small; more is not looked at.
const TRAILER_OCTETS_MAX: u64 = 64 << 10;

/// Whether a file is one of these, by its name.
pub(super) fn is_emlx(name: &str) -> bool {
    super::walker::has_extension(name, "emlx")
}

/// Rule for a file that Apple Mail keeps beside its mails.
pub(super) fn excluded(path: &str, name: &str) -> Option<&'static str> {
    if name == ".DS_Store" {
        return Some("macos attributes");
    }
    let inside = path.contains(".mbox/");
    let is_index = matches!(name, "table_of_contents" | "mbox.SKindex" | "mbox_Summary" | "Info.plist")
        || name.ends_with(".emlxpart");
    if inside && is_index {
        Some("apple mail index")
    } else if inside && path.contains("/Attachments/") {
        Some("apple mail attachment")
    } else {
        None
    }
}

/// Folders without what Apple Mail puts between them: `a.mbox/<uuid>/Data/1/2/Messages` is `a`.
pub(super) fn folders(folders: &str) -> Option<String> {
    let (_, tail) = folders.rsplit_once(".mbox/")?;
    if !tail.split('/').all(is_store_part) || !tail.ends_with("Messages") {
        return None;
    }
    let named = folders[..folders.len() - tail.len() - 1].split('/');
    Some(named.map(|part| part.strip_suffix(".mbox").unwrap_or(part)).collect::<Vec<_>>().join("/"))
}

fn is_store_part(part: &str) -> bool {
    matches!(part, "Data" | "Messages") || part.bytes().all(|c| c.is_ascii_digit()) || is_uuid(part)
}

fn is_uuid(part: &str) -> bool {
    part.len() == 36 && part.bytes().all(|c| c.is_ascii_hexdigit() || c == b'-')
}

/// Mailbox of a mail of Apple Mail.
fn mailbox(place: &Place) -> String {
    if let Some(folders) = folders(&place.folders) {
        return folders;
    }
    if place.folders.split('/').all(is_store_part) {
        // A folder `a.mbox` was given itself.
        let named = place.path.split('/').rev().find_map(|part| part.strip_suffix(".mbox"));
        return named.unwrap_or_default().to_owned();
    }
    maildir::mailbox(&place.folders, place.is_delivered)
}

impl Walker<'_, '_> {
    pub(super) fn emlx(&mut self, place: &Place, content: &mut dyn Read) -> Step {
        let mut content = BufReader::with_capacity(64 << 10, content);
        let mut line = Vec::new();
        content.by_ref().take(LINE_OCTETS_MAX).read_until(b'\n', &mut line)?;
        let digits = line.trim_ascii();
        if digits.is_empty() && line.is_empty() {
            return Err(Reason::Empty.into());
        }
        let octets: Option<u64> = std::str::from_utf8(digits).ok().and_then(|digits| digits.parse().ok());
        let octets = octets.ok_or_else(|| Reason::damaged("length line of an emlx file"))?;
        let note = if place.name.ends_with(".partial.emlx") { "incomplete" } else { "" };
        if octets <= super::SMALL_OCTETS {
            let mut mail = Vec::new();
            content.by_ref().take(octets).read_to_end(&mut mail)?;
            if (mail.len() as u64) < octets {
                return Err(Reason::Truncated.into());
            }
            let mut trailer = Vec::new();
            content.take(TRAILER_OCTETS_MAX).read_to_end(&mut trailer)?;
            let mailbox = mailbox(place);
            return self.whole(place, mail, &mailbox, None, flags(&trailer), note);
        }
        // A large one is handed over before its trailer is known.
        let mailbox = mailbox(place);
        let mut exact = Exact { inner: content, left: octets };
        self.handed(place, &mut exact, &mailbox, None, Flags::default(), note)
    }
}

/// As many octets as were counted; fewer are an error.
struct Exact<R> {
    inner: R,
    left: u64,
}

impl<R: Read> Read for Exact<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let room = buffer.len().min(usize::try_from(self.left).unwrap_or(usize::MAX));
        if room == 0 {
            return Ok(0);
        }
        let read = self.inner.read(&mut buffer[..room])?;
        if read == 0 {
            return Err(io::ErrorKind::UnexpectedEof.into());
        }
        self.left -= read as u64;
        Ok(read)
    }
}

/// Flags of the property list: bits of the number behind `flags`.
fn flags(trailer: &[u8]) -> Flags {
    let bits = memchr::memmem::find(trailer, b"<key>flags</key>").and_then(|at| {
        let rest = &trailer[at..];
        let from = memchr::memmem::find(rest, b"<integer>")? + b"<integer>".len();
        let digits = rest[from..].split(|c| *c == b'<').next()?;
        std::str::from_utf8(digits).ok()?.trim().parse::<u64>().ok()
    });
    let bits = bits.unwrap_or(0);
    let has = |bit: u32| bits >> bit & 1 == 1;
    Flags { seen: has(0), deleted: has(1), answered: has(2), flagged: has(4), draft: has(6) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn folders_of_the_store() {
        let check = |path: &str, expected: Option<&str>| {
            assert_eq!(folders(path).as_deref(), expected, "{path}");
        };
        check("INBOX.mbox/Messages", Some("INBOX"));
        let uuid = "7F3A2B10-0000-4000-8000-0123456789AB";
        check(
            &format!("V10/{uuid}/Kunden.mbox/Alt.mbox/{uuid}/Data/1/4/Messages"),
            Some(&format!("V10/{uuid}/Kunden/Alt")),
        );
        check("a.mbox/other", None);
        check("plain/folder", None);
    }

    #[test]
    fn flags_of_the_list() {
        let list = b"<plist><dict><key>date-sent</key><real>1</real><key>flags</key>\n<integer>8590195733</integer></dict>";
        let found = flags(list);
        assert!(found.seen && found.answered && found.flagged && !found.deleted && !found.draft, "{found:?}");
        assert_eq!(flags(b"nothing"), Flags::default());
    }
}
