//! Settings of linking, and other ones tried on past mails.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use uuid::Uuid;

use crate::{LinkStep, NumberMask, RecordName, Timestamp};

/// How linking decides where the rules leave a choice.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct LinkSettings {
    /// Two addresses, two orders: the first one gives it, instead of none.
    pub first_address_wins: bool,
    /// The contact step asks address by address, instead of all of a way together.
    pub contacts_one_by_one: bool,
    /// Orders and quotes older than so many months before the mail do not count, 1 to 1200; null: all do.
    pub months: Option<u32>,
    /// Numbers of the organisation itself, which are no references.
    pub own_numbers: Vec<String>,
    /// Addresses of deputies count as those of the contact.
    #[serde(default)]
    pub deputies_count: bool,
    /// What numbers look like, as a person has confirmed.
    #[serde(default)]
    #[schema(max_items = 50)]
    pub masks: Vec<NumberMask>,
    /// Single numbers are suggested only if a mask of their kind fits, where the kind has any.
    #[serde(default)]
    pub masks_restrict: bool,
}

/// What is tried on past mails.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize, Serialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct WhatIfRequest {
    /// Settings in the place of those that are set.
    pub settings: LinkSettings,
    /// Addresses and domains that would be ignored as well.
    #[serde(default)]
    pub block: Vec<String>,
    /// Entries of the blocklist that would not be there.
    #[serde(default)]
    pub unblock: Vec<String>,
    /// How many of the newest mails, 1 to 100,000.
    pub last: u32,
    /// Records of today count for all mails, instead of those known when each came.
    #[serde(default)]
    pub records_of_today: bool,
}

/// What a mail is filed under.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct LinkState {
    /// `linked`, `inherited`, `ambiguous`, `none`; null: nothing was decided.
    pub outcome: Option<String>,
    /// Its records.
    pub links: Vec<RecordName>,
    /// Every step taken.
    pub steps: Vec<LinkStep>,
}

/// A mail for which something would change.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct WhatIfRow {
    /// Its id.
    pub mail_id: Uuid,
    /// Effective date.
    pub date: Timestamp,
    /// Decoded subject; may be empty.
    pub subject: String,
    /// Addresses of its authors.
    pub from: Vec<String>,
    /// `newly_linked`, `changed`, `lost`, `newly_ambiguous`.
    pub change: String,
    /// As it is.
    pub before: LinkState,
    /// As it would be.
    pub after: LinkState,
}

/// What would change.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct WhatIfAnswer {
    /// Mails that were judged and on which nobody decided.
    pub seen: u64,
    /// Filed as they are.
    pub unchanged: u64,
    /// Filed nowhere now.
    pub newly_linked: u64,
    /// Filed otherwise.
    pub changed: u64,
    /// Filed nowhere any more.
    pub lost: u64,
    /// Several would be found.
    pub newly_ambiguous: u64,
    /// Mails among them on which a person decided.
    pub people: u64,
    /// How many of those the settings of now would file as the person did.
    pub people_agree_now: u64,
    /// How many of those the tried settings would.
    pub people_agree_then: u64,
    /// How long it took, milliseconds.
    pub millis: u64,
    /// The newest mails for which something would change, newest first, at most 200.
    pub rows: Vec<WhatIfRow>,
    /// How many more there are that the caller may not read.
    pub hidden: u64,
}

/// What is put into effect.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize, Serialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct WhatIfActivation {
    /// What was tried.
    pub tried: WhatIfRequest,
    /// Past mails are filed by it too, as one batch that can be undone.
    pub past: bool,
}

/// What was put into effect.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct WhatIfActivated {
    /// Number of the batch of past mails; null if there was none.
    pub batch: Option<i64>,
    /// Mails filed otherwise.
    pub changed: u64,
}

/// A batch of past mails that were filed otherwise together.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct LinkBatch {
    /// Its number.
    pub batch: i64,
    /// When.
    pub at: Timestamp,
    /// Name of who did it, if still known.
    pub user: Option<String>,
    /// How many mails.
    pub mails: u64,
    /// When it was undone.
    pub undone: Option<Timestamp>,
}

/// Batches, newest first.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct LinkBatchList {
    /// At most 50.
    pub items: Vec<LinkBatch>,
}
