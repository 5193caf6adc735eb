//! A mail, contact, task or the like as MAPI has it.

use crate::property::{Properties, id};

/// An object with recipients and attachments.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Item {
    /// Its own properties.
    pub properties: Properties,
    /// Of each recipient.
    pub recipients: Vec<Properties>,
    /// In order.
    pub attachments: Vec<Attachment>,
}

/// An attachment.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Attachment {
    /// Its properties.
    pub properties: Properties,
    /// What it holds.
    pub content: Content,
}

/// What an attachment holds.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum Content {
    /// Nothing, or nothing that can be read.
    #[default]
    None,
    /// A file.
    Octets(Vec<u8>),
    /// Another item.
    Item(Box<Item>),
}

/// Classes of mails, lower case; what begins with them, too.
const MAILS: [&str; 8] = [
    "ipm.note",
    "report",
    "ipm.post",
    "ipm.schedule.meeting",
    "ipm.outlook.recall",
    "ipm.recall",
    "ipm.sharing",
    "ipm.resend",
];
/// Classes of what is no mail.
const OTHERS: [&str; 10] = [
    "ipm.contact",
    "ipm.abchperson",
    "ipm.distlist",
    "ipm.appointment",
    "ipm.task",
    "ipm.stickynote",
    "ipm.activity",
    "ipm.configuration",
    "ipm.ole.class",
    "ipm.microsoft",
];

impl Item {
    /// `PidTagMessageClass`; empty if it has none.
    pub fn class(&self) -> String {
        self.properties.text(id::MESSAGE_CLASS).unwrap_or_default()
    }

    /// Whether it is something that was or will be sent, and no contact, task or the like.
    pub fn is_mail(&self) -> bool {
        let class = self.class().to_ascii_lowercase();
        let begins = |with: &&str| {
            class.strip_prefix(*with).is_some_and(|rest| rest.is_empty() || rest.starts_with(['.', '_']))
        };
        if MAILS.iter().any(begins) {
            return true;
        }
        let has = |id| self.properties.text(id).is_some();
        !OTHERS.iter().any(begins)
            && (has(id::TRANSPORT_HEADERS)
                || has(id::SENDER_ADDRESS)
                || has(id::REPRESENTING_ADDRESS)
                || !self.recipients.is_empty())
    }

    /// When it was delivered or, of one that was sent, handed in; milliseconds since 1970.
    pub fn received_ms(&self) -> Option<i64> {
        [id::DELIVERY_TIME, id::CLIENT_SUBMIT_TIME].into_iter().find_map(|id| self.properties.time_ms(id))
    }

    /// Whether it was read.
    pub fn is_read(&self) -> bool {
        self.properties.int(id::MESSAGE_FLAGS).unwrap_or_default() & 1 != 0
    }

    /// Whether it was never sent.
    pub fn is_draft(&self) -> bool {
        self.properties.int(id::MESSAGE_FLAGS).unwrap_or_default() & 8 != 0
    }

    /// Whether it was answered: `PidTagLastVerbExecuted` is reply or reply to all.
    pub fn is_answered(&self) -> bool {
        matches!(self.properties.int(id::LAST_VERB), Some(102 | 103))
    }

    /// Whether it has a flag for follow-up.
    pub fn is_flagged(&self) -> bool {
        self.properties.int(id::FLAG_STATUS) == Some(2)
    }
}
