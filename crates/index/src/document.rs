//! A message on its way into the index.

use model::{AccountId, Address, Kind, Message, RecordKind, TextKind, UnixMillis};

/// One message: what people see as one mail, its twins merged.
#[derive(Clone, Debug, Default)]
pub struct Document<'a> {
    /// Key: `seq` of the mail that stands for the message. The same key again replaces it.
    pub seq: u64,
    /// Accounts in which any of its twins lies.
    pub accounts: &'a [AccountId],
    /// Effective date.
    pub date: UnixMillis,
    /// Size of the mail, octets.
    pub octets: u64,
    /// What kind of mail it is.
    pub kind: Kind,
    /// Not yet seen.
    pub unread: bool,
    /// Has at least one attachment.
    pub has_attachment: bool,
    /// Authors.
    pub from: &'a [Address],
    /// Recipients.
    pub to: &'a [Address],
    /// Further recipients.
    pub cc: &'a [Address],
    /// Decoded subject.
    pub subject: &'a str,
    /// Body text, in stretches.
    pub text: Vec<(TextKind, &'a str)>,
    /// Names of attachments and, where it could be read, their text.
    pub attachments: Vec<Attached<'a>>,
    /// Without angle brackets.
    pub message_id: &'a str,
    /// Somebody deleted it: found only by queries that say `is:deleted`.
    pub deleted: bool,
    /// It counts as spam.
    pub spam: bool,
    /// Keys of the groups it is sorted to.
    pub groups: &'a [i64],
    /// Names of tags, as people write them.
    pub tags: &'a [String],
    /// Records it is filed under, with their numbers.
    pub links: &'a [(RecordKind, String)],
    /// Numbers of invoices in it.
    pub invoices: &'a [String],
}

/// Name and text of an attachment.
#[derive(Clone, Copy, Debug, Default)]
pub struct Attached<'a> {
    /// File name as the mail says.
    pub name: &'a str,
    /// Text inside; empty if none was read.
    pub text: &'a str,
}

impl<'a> Document<'a> {
    /// Takes from a parsed mail what is searched in it; accounts, date, size, kind and `unread` are the caller's, and so
    /// is the text of attachments.
    pub fn of_message(seq: u64, message: &'a Message) -> Self {
        let body = &message.body;
        let stretches = body.stretches.iter().filter_map(|(kind, span)| {
            let at = usize::try_from(span.at).ok()?;
            let end = at.checked_add(usize::try_from(span.len).ok()?)?;
            Some((*kind, body.text.get(at..end)?))
        });
        let attachments: Vec<Attached<'a>> = message
            .attachments()
            .map(|part| Attached { name: part.name.as_deref().unwrap_or_default(), text: "" })
            .collect();
        Self {
            seq,
            has_attachment: !attachments.is_empty(),
            from: &message.from,
            to: &message.to,
            cc: &message.cc,
            subject: message.subject.as_deref().unwrap_or_default(),
            text: stretches.collect(),
            attachments,
            message_id: message.message_id.as_ref().map_or("", |id| id.as_str()),
            ..Self::default()
        }
    }
}
