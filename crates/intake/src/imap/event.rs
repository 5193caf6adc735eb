//! What a fetch tells whoever takes the mail.

use std::collections::HashSet;
use std::sync::Arc;

use model::{Flags, Position, UnixMillis};
use tokio::sync::oneshot;

use super::error::{ImapError, MailFault};
use super::mailbox::Mailbox;

/// How far a mailbox is fetched.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct Cursor {
    /// Numbering of the mailbox the UID belongs to; 0 for servers that have none.
    pub uid_validity: u32,
    /// Every mail up to this UID was handed over or reported as failed; 0 = none.
    pub uid: u32,
}

/// What is known of a mail beside its octets.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Facts {
    /// Raw name of its mailbox.
    pub mailbox: Arc<[u8]>,
    /// `Position::Imap`; `Position::Unique` of POP3 and Microsoft Graph.
    pub position: Position,
    /// When the server received it.
    pub internal_date: Option<UnixMillis>,
    /// Flags at this time.
    pub flags: Flags,
    /// It bears the keyword for spam.
    pub is_junk: bool,
    /// As the server counts; some count wrong, so the octets that come are what counts.
    pub size_octets: Option<u64>,
}

/// A mail in one piece, at most [`super::Options::small_octets_max`].
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Mail {
    /// What is known of it.
    pub facts: Facts,
    /// The mail, exactly.
    pub octets: Vec<u8>,
}

/// A mail known from before, for finding it again under another number.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct KnownMail {
    /// Its UID under the old `uid_validity`.
    pub uid: u32,
    /// Octets as they were fetched.
    pub size_octets: u64,
    /// As fetched.
    pub internal_date: Option<UnixMillis>,
    /// Without angle brackets.
    pub message_id: Option<String>,
}

/// Mailbox after mailbox; the mails of one in the order the server sends them, which with overlapping batches need not be
/// that of their UIDs. Between `Begin` and `End` come `Chunk`s only, or one `Cut` that ends them.
#[derive(Debug)]
#[non_exhaustive]
pub enum Event {
    /// All mailboxes of the account.
    Mailboxes(Vec<Mailbox>),
    /// A mailbox fetched before is there no longer, or under another name: the server neither lists it nor knows it when it
    /// is asked for it. What lay in it has gone from there.
    MailboxGone {
        /// Raw name.
        mailbox: Arc<[u8]>,
        /// The numbering of its cursor.
        uid_validity: u32,
    },
    /// A mailbox is read from here on.
    Opened {
        /// Raw name.
        mailbox: Arc<[u8]>,
        /// Its numbering.
        uid_validity: u32,
        /// Mails in it.
        messages: u32,
    },
    /// A mail, whole.
    Mail(Mail),
    /// A mail too large to be handed over whole begins.
    Begin(Facts),
    /// Its next octets.
    Chunk(Vec<u8>),
    /// It is complete.
    End,
    /// It is not: what was handed over since `Begin` is to be dropped. It comes again, or is reported as failed.
    Cut,
    /// A mail that could not be fetched; the others go on. The cursor passes it by: to try again, name its UID in
    /// [`super::Wanted::again`].
    Failed {
        /// Raw name of its mailbox.
        mailbox: Arc<[u8]>,
        /// `Position::Imap`.
        position: Position,
        /// Why.
        fault: MailFault,
    },
    /// Flags that mails fetched before have now; others may have changed as well.
    Flags {
        /// Raw name of their mailbox.
        mailbox: Arc<[u8]>,
        /// Its numbering.
        uid_validity: u32,
        /// By UID.
        flags: Vec<(u32, Flags)>,
    },
    /// Mails are no longer in the mailbox; names also such as never were.
    Vanished {
        /// Raw name of their mailbox.
        mailbox: Arc<[u8]>,
        /// Its numbering.
        uid_validity: u32,
        /// First and last UIDs.
        uids: Vec<(u32, u32)>,
    },
    /// Everything that is in the mailbox up to a UID: what is not named is gone.
    Present {
        /// Raw name.
        mailbox: Arc<[u8]>,
        /// Its numbering.
        uid_validity: u32,
        /// Up to where this holds.
        uid_last: u32,
        /// By UID, ascending.
        flags: Vec<(u32, Flags)>,
    },
    /// What a mailbox holds is listed from here on, also when it was begun before: what was listed then does not count.
    Inventory {
        /// Raw name.
        mailbox: Arc<[u8]>,
        /// Its numbering.
        uid_validity: u32,
    },
    /// The next UIDs of the inventory.
    Listed {
        /// First and last UIDs, ascending; above those listed before.
        uids: Vec<(u32, u32)>,
    },
    /// The inventory is at its end.
    InventoryEnd {
        /// The server listed as many as it says there are, and none went meanwhile.
        is_complete: bool,
    },
    /// A mail asked for by `again` is no longer in the mailbox.
    Gone {
        /// Raw name of its mailbox.
        mailbox: Arc<[u8]>,
        /// `Position::Imap`.
        position: Position,
    },
    /// The server has numbered the mailbox anew. Answer with the mails known under the old number, or drop `known`: then
    /// everything is fetched again, and the digest tells that it is known.
    Renumbered {
        /// Raw name.
        mailbox: Arc<[u8]>,
        /// The `uid_validity` of the cursor.
        old: u32,
        /// The one now.
        new: u32,
        /// For the answer.
        known: oneshot::Sender<Vec<KnownMail>>,
    },
    /// A mail known from before stands at another position now. Size, date and `Message-ID` agree, and no other mail on
    /// either side has the same three.
    Moved {
        /// Raw name of its mailbox.
        mailbox: Arc<[u8]>,
        /// Where it was.
        from: Position,
        /// Where it is.
        to: Position,
    },
    /// What was handed over so far may be committed with this cursor.
    BatchEnd {
        /// Raw name.
        mailbox: Arc<[u8]>,
        /// To begin with next time.
        cursor: Cursor,
    },
    /// Microsoft Graph: mails have left the mailbox.
    Removed {
        /// Id of the mailbox.
        mailbox: Arc<[u8]>,
        /// `Position::Unique`.
        positions: Vec<Position>,
    },
    /// Microsoft Graph: which of these mails are here, or not to be fetched now? Drop `known` to end the fetch.
    Ask {
        /// Id of the mailbox.
        mailbox: Arc<[u8]>,
        /// Ids of mails.
        names: Vec<String>,
        /// For the answer: those that are not to be fetched.
        known: oneshot::Sender<HashSet<String>>,
    },
    /// Microsoft Graph: flags of mails fetched before.
    Marks {
        /// Id of the mailbox.
        mailbox: Arc<[u8]>,
        /// Id of the mail, which flags are told, and how they are.
        marks: Vec<(String, Flags, Flags)>,
    },
    /// Microsoft Graph: what was handed over so far may be committed with this link.
    PageEnd {
        /// Id of the mailbox.
        mailbox: Arc<[u8]>,
        /// To begin with next time.
        link: String,
    },
    /// Microsoft Graph: everything that is in the mailbox; what is not named is gone.
    AllNames {
        /// Id of the mailbox.
        mailbox: Arc<[u8]>,
        /// Ids of mails.
        names: HashSet<String>,
    },
    /// How far the mailbox is.
    Progress {
        /// Raw name.
        mailbox: Arc<[u8]>,
        /// Mails handed over, failed or found again in this run.
        done: u64,
        /// Mails to be handled in this run, as far as known.
        total: u64,
    },
    /// A mailbox that is not fetched by rule ([`super::Selection::Except`]) and was not opened.
    PassedBy {
        /// Raw name.
        mailbox: Arc<[u8]>,
        /// Its numbering, if the server says so.
        uid_validity: Option<u32>,
        /// Mails in it, if the server says so.
        messages: Option<u32>,
    },
    /// The mailbox is done.
    Closed {
        /// Raw name.
        mailbox: Arc<[u8]>,
        /// What the server said its next UID would be; see [`super::Wanted::uid_next`].
        uid_next: Option<u32>,
        /// Why it could not be read to its end; other mailboxes go on.
        error: Option<ImapError>,
    },
}

impl Event {
    /// Octets of mail in it.
    pub(crate) fn octets(&self) -> usize {
        match self {
            Self::Mail(mail) => mail.octets.len(),
            Self::Chunk(octets) => octets.len(),
            _ => 0,
        }
    }
}
