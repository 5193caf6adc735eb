//! Data of server-sent events; the name of the event stands in its `event` line.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use uuid::Uuid;

use crate::{AccountState, ImportState};

/// `message.new`: mails of an account were filed. Several at once are one event.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct MessageNew {
    /// Key of the account.
    pub account: Uuid,
    /// How many.
    pub count: u64,
    /// Key of the newest, if it is known.
    pub mail_id: Option<Uuid>,
}

/// `account.state`: an account does something else.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct AccountStateChanged {
    /// Key of the account.
    pub account: Uuid,
    /// What it is doing now.
    pub state: AccountState,
}

/// `mail.examined`: attachments were looked at, or mails were checked for who they are from.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct MailsExamined {
    /// Some were missed meanwhile.
    pub missed: bool,
}

/// `import.progress`: an import went on or ended.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct ImportProgress {
    /// Key of the import.
    pub id: Uuid,
    /// Key of the account.
    pub account: Uuid,
    /// How it stands.
    pub state: ImportState,
    /// Mails looked at.
    pub seen: u64,
    /// New ones.
    pub archived: u64,
    /// Already there.
    pub duplicates: u64,
    /// Left out by a rule.
    pub excluded: u64,
    /// No mail, or unreadable.
    pub failed: u64,
    /// Octets read.
    pub octets: u64,
    /// Octets in all, as far as is known.
    pub total_octets: u64,
}

/// `status`: counters changed, or events were missed; ask again for what is shown.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct StatusChanged {
    /// Events were missed: lists shown may be old.
    pub missed: bool,
}
