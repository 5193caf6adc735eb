//! Addresses: may they be written to, and why not.

use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};
use uuid::Uuid;

use crate::{Permanence, Timestamp};

/// State of an address.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum AddressStateWord {
    /// Nothing speaks against it.
    Fine,
    /// Something failed, but it is not sure enough.
    Doubtful,
    /// Mail to it fails at present.
    Failing,
    /// Does not exist any more, or has failed for too long.
    Dead,
    /// Its owner complained.
    Complained,
    /// Its owner wants no more.
    Unsubscribed,
    /// A person blocked it.
    Blocked,
}

impl From<standing::State> for AddressStateWord {
    fn from(state: standing::State) -> Self {
        match state {
            standing::State::Fine => Self::Fine,
            standing::State::Doubtful => Self::Doubtful,
            standing::State::Failing => Self::Failing,
            standing::State::Dead => Self::Dead,
            standing::State::Complained => Self::Complained,
            standing::State::Unsubscribed => Self::Unsubscribed,
            standing::State::Blocked => Self::Blocked,
        }
    }
}

impl From<AddressStateWord> for standing::State {
    fn from(state: AddressStateWord) -> Self {
        match state {
            AddressStateWord::Fine => Self::Fine,
            AddressStateWord::Doubtful => Self::Doubtful,
            AddressStateWord::Failing => Self::Failing,
            AddressStateWord::Dead => Self::Dead,
            AddressStateWord::Complained => Self::Complained,
            AddressStateWord::Unsubscribed => Self::Unsubscribed,
            AddressStateWord::Blocked => Self::Blocked,
        }
    }
}

/// What kind of mail.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum MailClass {
    /// To many: newsletters, circulars.
    Bulk,
    /// To one, because something happened: invoices, confirmations, answers.
    Transactional,
}

impl From<standing::MailClass> for MailClass {
    fn from(class: standing::MailClass) -> Self {
        match class {
            standing::MailClass::Bulk => Self::Bulk,
            standing::MailClass::Transactional => Self::Transactional,
        }
    }
}

impl From<MailClass> for standing::MailClass {
    fn from(class: MailClass) -> Self {
        match class {
            MailClass::Bulk => Self::Bulk,
            MailClass::Transactional => Self::Transactional,
        }
    }
}

/// How sure it is that a report speaks of a mail of ours.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum Strength {
    /// A signature of ours that is wrong, or a recipient the mail never had.
    Forged,
    /// No mail of ours fits.
    Unmatched,
    /// Recipient, subject and time fit, or a conversation does.
    Circumstantial,
    /// Names the mail by an id that its recipients know.
    Named,
    /// Bears a signature of ours, or a person said so.
    Signed,
}

impl From<standing::Strength> for Strength {
    fn from(strength: standing::Strength) -> Self {
        match strength {
            standing::Strength::Forged => Self::Forged,
            standing::Strength::Unmatched => Self::Unmatched,
            standing::Strength::Circumstantial => Self::Circumstantial,
            standing::Strength::Named => Self::Named,
            standing::Strength::Signed => Self::Signed,
        }
    }
}

/// Which page of addresses.
#[derive(Clone, Debug, Default, Deserialize, IntoParams)]
#[serde(deny_unknown_fields, default)]
#[into_params(parameter_in = Query)]
pub struct AddressQuery {
    /// Only those in this state.
    #[param(inline)]
    pub state: Option<AddressStateWord>,
    /// Only those of which the whole or a part (behind one of `@ . - _ +`) begins with this; then by that part.
    #[param(max_length = 320)]
    pub search: Option<String>,
    /// `next` of the page before.
    pub cursor: Option<String>,
    /// How many, at most 200.
    #[param(default = 50, minimum = 1, maximum = 200)]
    pub limit: Option<u32>,
}

/// The contact an address belongs to.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct ContactName {
    /// Number in the ERP.
    pub number: String,
    /// Name.
    pub name: String,
}

/// An address and its state, everywhere or for one list.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct AddressState {
    /// Lower case.
    pub address: String,
    /// Whose it is; of several contacts the first active one. Null: nobody's, or not for the caller.
    pub contact: Option<ContactName>,
    /// The list for which this holds; null: everywhere.
    pub list: Option<Uuid>,
    /// The state.
    pub state: AddressStateWord,
    /// Why: `none`, `unsigned`, `unsigned_repeated`, `temporary`, `temporary_repeated`, `permanent`, `complaint`,
    /// `unsubscribe`, `human_mail`, `delivered`, `person`, `expired`.
    pub reason: String,
    /// Since when; null: always.
    pub since: Option<Timestamp>,
    /// When it ends by itself; null: never.
    pub expires: Option<Timestamp>,
    /// Failures about different mails since it was last cleared.
    pub failures: u32,
    /// Temporary ones within the window of the settings.
    pub soft_recent: u32,
    /// Permanent ones.
    pub hard: u32,
    /// Failures, each weighing half after each half-life; thousandths.
    pub weight: u32,
    /// Reports ever.
    pub total: u64,
    /// The last event.
    pub last: Timestamp,
}

/// A page of addresses: those with the newest events first, or found ones by the part they were found by.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct AddressPage {
    /// In order.
    pub items: Vec<AddressState>,
    /// Cursor of the next page; null at the end.
    pub next: Option<String>,
}

/// Which page of a history.
#[derive(Clone, Debug, Default, Deserialize, IntoParams)]
#[serde(deny_unknown_fields, default)]
#[into_params(parameter_in = Query)]
pub struct HistoryQuery {
    /// `next` of the page before.
    pub cursor: Option<String>,
    /// How many events, at most 200.
    #[param(default = 50, minimum = 1, maximum = 200)]
    pub limit: Option<u32>,
}

/// One step of the search for the mail a report is about.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct MatchStep {
    /// `return_path`, `envelope_id`, `own_reference`, `message_id`, `references`, `thread_index`, `circumstances`, `origin`.
    pub step: String,
    /// `nothing_to_look_at`, `no_mail`, `other_recipient`, `several`, `wrong_signature`, `wrong_sender`, `mail`.
    pub found: String,
    /// What was looked at; may be empty.
    pub looked_at: String,
}

/// Something that happened to an address, with its evidence.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct AddressEvent {
    /// When.
    pub at: Timestamp,
    /// `failed`, `delayed`, `delivered`, `complained`, `unsubscribed`, `human_mail`, `set`, `cleared`.
    pub kind: String,
    /// Of failures.
    pub permanence: Option<Permanence>,
    /// Of `set`: the state.
    pub state: Option<AddressStateWord>,
    /// Of `set`: until when.
    pub expires: Option<Timestamp>,
    /// A word of the documented list.
    pub reason: Option<String>,
    /// Effective code.
    pub status: Option<String>,
    /// Three digits.
    pub smtp_code: Option<u16>,
    /// Text of the failing server; null if the caller may not read the mail.
    pub diagnostic: Option<String>,
    /// How sure it is.
    pub strength: Strength,
    /// What the original was, if known.
    pub class: Option<MailClass>,
    /// Whether it counts; imported mail does not unless asked.
    pub counts: bool,
    /// The mail it was read from, if the caller may read it.
    pub mail_id: Option<Uuid>,
    /// The user who decided it; null if it was read from a mail.
    pub user: Option<Uuid>,
    /// What the user wrote.
    pub note: String,
    /// How the original was looked for; empty if the caller may not read the mail.
    pub trace: Vec<MatchStep>,
}

/// A contact with this address.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Contact {
    /// Number in the ERP.
    pub number: String,
    /// Name.
    pub name: String,
    /// Whether it is active.
    pub active: bool,
    /// Addresses; the first one is the one to write to.
    pub addresses: Vec<String>,
}

/// Everything about one address.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct AddressDetail {
    /// Lower case.
    pub address: String,
    /// Everywhere first, then for single lists; empty: nothing is known of it.
    pub states: Vec<AddressState>,
    /// What happened, newest first.
    pub history: Vec<AddressEvent>,
    /// Cursor of the next page of the history; null at the end.
    pub next: Option<String>,
    /// Contacts with this address, active ones first.
    pub contacts: Vec<Contact>,
    /// Entries of the suppression list.
    pub suppressions: Vec<crate::Suppression>,
}

/// A person's decision about an address.
#[derive(Clone, Debug, Default, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields, default)]
pub struct AddressStateChange {
    /// The state from now on, whatever is reported; null: what was reported so far does not count any more.
    pub state: Option<AddressStateWord>,
    /// For this list alone.
    pub list: Option<Uuid>,
    /// Until when.
    pub expires: Option<Timestamp>,
    /// Why.
    #[schema(max_length = 500)]
    pub note: String,
}
