//! What was found in attachments while their mail was read: kept for a moment, so that no mail is taken out of the archive for
//! it. May be lost at any time: then that is done.

use std::collections::{HashMap, VecDeque};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::{Mutex, PoisonError};

use inspect::{Class, Finding};
use model::{MailId, Message, PartRole};

/// Mails kept; a mail with the findings of its attachments takes some hundred octets.
const MAILS_MAX: usize = 20_000;
/// More attachments are looked at afterwards.
const PARTS_MAX: usize = 20;
/// Attachments together, encoded; more is looked at afterwards. Octets.
const OCTETS_MAX: u64 = 2 << 20;

/// Findings by number of the part.
pub(crate) type Findings = Vec<(String, Vec<Finding>)>;

/// Looks at the attachments of a small mail; `None` for one that is not small, or has none.
pub(crate) fn look(octets: &[u8], message: &Message) -> Option<Findings> {
    let attachments =
        || message.parts.iter().enumerate().filter(|(_, part)| part.role == PartRole::Attachment);
    let count = attachments().count();
    let together: u64 = attachments().map(|(_, part)| part.body_at.len).sum();
    if count == 0 || count > PARTS_MAX || together > OCTETS_MAX {
        return None;
    }
    let found = |(index, part): (usize, &model::Part)| {
        let content = parse::part_content(octets, &message.parts, index, usize::MAX);
        (part.number.clone(), findings(part.name.as_deref(), &part.content_type, content.as_deref()))
    };
    Some(attachments().map(found).collect())
}

/// What is found in an attachment. `None`: it could not be taken out of its mail.
pub(crate) fn findings(name: Option<&str>, content_type: &str, content: Option<&[u8]>) -> Vec<Finding> {
    let Some(octets) = content else { return vec![alone(Class::Oversized)] };
    let look = || inspect::findings(octets, name, content_type, &inspect::Limits::default());
    // Whatever a look stumbles over, nobody has seen what is inside.
    catch_unwind(AssertUnwindSafe(look)).unwrap_or_else(|_| vec![alone(Class::OpaqueArchive)])
}

/// A finding about the attachment as a whole.
pub(crate) const fn alone(class: Class) -> Finding {
    Finding { class, at: String::new() }
}

/// What was found lately.
#[derive(Default)]
pub(crate) struct Lately(Mutex<Kept>);

#[derive(Default)]
struct Kept {
    mails: HashMap<MailId, Findings>,
    order: VecDeque<MailId>,
}

impl Lately {
    /// Keeps findings; the oldest give way.
    pub(crate) fn put(&self, mail: MailId, findings: Findings) {
        let mut kept = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if kept.order.len() >= MAILS_MAX
            && let Some(oldest) = kept.order.pop_front()
        {
            kept.mails.remove(&oldest);
        }
        kept.order.push_back(mail);
        kept.mails.insert(mail, findings);
    }

    /// Forgets everything.
    pub(crate) fn clear(&self) {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = Kept::default();
    }

    /// Takes findings out, if they are there.
    pub(crate) fn take(&self, mail: MailId) -> Option<Findings> {
        let mut kept = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let found = kept.mails.remove(&mail);
        if kept.mails.is_empty() {
            kept.order.clear();
        }
        found
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn id(n: usize) -> MailId {
        let mut octets = [0; 16];
        octets[..8].copy_from_slice(&(n as u64).to_be_bytes());
        MailId::from_octets(octets)
    }

    #[test]
    fn the_oldest_give_way() {
        let lately = Lately::default();
        (0..MAILS_MAX + 2).for_each(|n| lately.put(id(n), Vec::new()));
        assert_eq!((lately.take(id(1)), lately.take(id(2))), (None, Some(Vec::new())));
        assert_eq!(lately.take(id(2)), None);
        (3..MAILS_MAX + 2).for_each(|n| assert!(lately.take(id(n)).is_some()));
        assert!(lately.0.lock().unwrap().order.is_empty());
    }

    #[test]
    fn small_mails_are_looked_at_when_they_are_read() {
        let mail = |name: &str, lines: usize| {
            let program = "TVqQAAMAAAAEAAAA".repeat(lines);
            format!(
                "Subject: a\r\nMIME-Version: 1.0\r\nContent-Type: multipart/mixed; boundary=b\r\n\r\n--b\r\n\r\nhello\r\n--b\r\n\
                 Content-Type: application/octet-stream\r\nContent-Transfer-Encoding: base64\r\n\
                 Content-Disposition: attachment; filename={name}\r\n\r\n{program}\r\n--b--\r\n"
            )
        };
        let look = |mail: &str| {
            let message = parse::read(mail.as_bytes(), &parse::Limits::default()).0;
            super::look(mail.as_bytes(), &message)
        };
        let found = look(&mail("a.exe", 1)).unwrap();
        assert_eq!((found.len(), found[0].0.as_str()), (1, "2"));
        assert!(found[0].1.iter().any(|finding| finding.class == Class::Program), "{found:?}");
        assert_eq!(look(&mail("a.exe", 1 << 18)), None, "too large");
        assert_eq!(look("Subject: a\r\n\r\nhello\r\n"), None);
    }
}
