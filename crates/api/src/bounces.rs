//! Bounce management: rules, trial runs, the manual queue, the dashboard.

use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};
use uuid::Uuid;

use crate::{AddressEvent, AddressStateWord, MailClass, Permanence, Timestamp};

/// Which events a rule counts, and how many it takes.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct RuleCategory {
    /// `failed`, `delayed`, `complained`, `unsubscribed`; empty: `failed`.
    pub kinds: Vec<String>,
    /// Words of the documented list of reasons; empty: any.
    pub reasons: Vec<String>,
    /// Null: any.
    pub permanence: Option<Permanence>,
    /// So many about different mails.
    #[schema(minimum = 1, maximum = 100)]
    pub count: u32,
    /// Within so many days.
    #[schema(minimum = 1, maximum = 3650)]
    pub window_days: u32,
    /// Of mails of this class; null: any.
    pub class: Option<MailClass>,
    /// Of mails to these lists; empty: any.
    pub lists: Vec<Uuid>,
}

/// What a rule does.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case", tag = "do", deny_unknown_fields)]
pub enum RuleAction {
    /// No more mail.
    StopMailing {
        /// Of this class; null: no mail at all.
        class: Option<MailClass>,
    },
    /// Off mailing lists.
    LeaveLists {
        /// Off all of them; otherwise off the one the mail went to.
        all: bool,
    },
    /// Another address of the contact is offered.
    UseAlternative {},
    /// People are told.
    Notify {},
    /// The report gets a tag.
    Tag {
        /// The tag.
        tag: String,
    },
    /// The report is moved at its source.
    Move {
        /// Name of the mailbox.
        mailbox: String,
    },
    /// An address is called.
    Webhook {
        /// The address.
        url: String,
    },
}

/// A rule.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct BounceRule {
    /// Name, shown as the reason of what it does. Those of the rules delivered are `three-failures`, `complaint`,
    /// `unsubscribe`.
    #[schema(min_length = 1, max_length = 200)]
    pub name: String,
    /// Whether it applies.
    pub active: bool,
    /// When.
    pub category: RuleCategory,
    /// What then.
    pub actions: Vec<RuleAction>,
}

/// When soft becomes hard, and how long things are remembered.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct BounceSettings {
    /// So many temporary failures …
    #[schema(minimum = 1, maximum = 100)]
    pub soft_count: u32,
    /// … within so many days are one permanent failure; without a further one for so long, all is well again.
    #[schema(minimum = 1, maximum = 3650)]
    pub soft_days: u32,
    /// So many unsigned reports about different mails make an address failing.
    #[schema(minimum = 2, maximum = 100)]
    pub unsigned_count: u32,
    /// A doubtful address without a further failure for so many days is fine again.
    #[schema(minimum = 1, maximum = 3650)]
    pub doubtful_days: u32,
    /// After so many days a failure weighs half.
    #[schema(minimum = 1, maximum = 3650)]
    pub half_life_days: u32,
    /// Imported and backfilled mail counts too; holds for mail handled from now on, and after a rebuild.
    pub count_imported: bool,
}

/// The rules that hold.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct BounceRules {
    /// In order.
    pub rules: Vec<BounceRule>,
    /// Numbers.
    pub settings: BounceSettings,
}

/// New rules.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct BounceRulesRequest {
    /// In order, at most 100.
    #[schema(max_items = 100)]
    pub rules: Vec<BounceRule>,
    /// Numbers.
    pub settings: BounceSettings,
    /// Needed where the rules stop mail to a third of all known addresses and more.
    #[serde(default)]
    pub confirm: bool,
}

/// Rules to try.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct DryRunRequest {
    /// In order.
    pub rules: Vec<BounceRule>,
    /// On what happened in the past so many days.
    #[schema(minimum = 1, maximum = 3650)]
    pub days: u32,
}

/// An address that other rules would treat differently.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct DryRunStop {
    /// The address.
    pub address: String,
    /// Name of the rule.
    pub rule: String,
}

/// What rules would do.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct DryRun {
    /// Addresses with events in that time.
    pub judged: u64,
    /// Addresses that are known at all.
    pub known: u64,
    /// Addresses that would get no bulk mail.
    pub bulk: u64,
    /// Addresses that would get no transactional mail.
    pub transactional: u64,
    /// Addresses that would leave lists.
    pub leave: u64,
    /// Addresses that get mail by the present rules and would not.
    pub newly: u64,
    /// Addresses that get no mail by the present rules and would.
    pub released: u64,
    /// The first hundred of the newly stopped.
    pub stopped: Vec<DryRunStop>,
    /// The first hundred of the released; with the rule that stops them now.
    pub freed: Vec<DryRunStop>,
    /// Saving these rules asks for a confirmation.
    pub needs_confirmation: bool,
}

/// Which page of the manual queue.
#[derive(Clone, Debug, Default, Deserialize, IntoParams)]
#[serde(deny_unknown_fields, default)]
#[into_params(parameter_in = Query)]
pub struct QueueQuery {
    /// `next` of the page before.
    pub cursor: Option<String>,
    /// How many, at most 200.
    #[param(default = 50, minimum = 1, maximum = 200)]
    pub limit: Option<u32>,
}

/// A report that waits for a person.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct QueueItem {
    /// Key.
    pub key: i64,
    /// The mail it was read from.
    pub mail_id: Uuid,
    /// Its subject.
    pub subject: String,
    /// Accounts it lies in.
    pub accounts: Vec<Uuid>,
    /// `unmatched`, `forged`, `no_recipient`, `overflow`.
    pub why: String,
    /// Something about it is wrong, not only missing.
    pub suspicious: bool,
    /// The address it names.
    pub recipient: Option<String>,
    /// What was understood.
    pub event: AddressEvent,
}

/// A page of the manual queue, newest first.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct QueuePage {
    /// Newest first.
    pub items: Vec<QueueItem>,
    /// Cursor of the next page; null at the end.
    pub next: Option<String>,
}

/// How a waiting report is resolved.
#[derive(Clone, Debug, Default, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields, default)]
pub struct QueueResolutionRequest {
    /// It is about this address, and counts there as if it were signed; null: it says nothing about an address.
    pub address: Option<String>,
}

/// Which numbers.
#[derive(Clone, Debug, Default, Deserialize, IntoParams)]
#[serde(deny_unknown_fields, default)]
#[into_params(parameter_in = Query)]
pub struct DashboardQuery {
    /// Of the past so many days.
    #[param(default = 30, minimum = 1, maximum = 3650)]
    pub days: Option<u32>,
}

/// One number.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct BounceCount {
    /// Day (UTC), domain or reason.
    pub of: String,
    /// `failed`, `delayed`, `delivered`, `complained`, `unsubscribed`.
    pub kind: String,
    /// Of failures.
    pub permanence: Option<Permanence>,
    /// How many.
    pub count: u64,
}

/// How many of something.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct CountOf {
    /// Day (UTC) or domain.
    pub of: String,
    /// How many.
    pub count: u64,
}

/// How many addresses are in a state.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct StateCount {
    /// The state.
    pub state: AddressStateWord,
    /// How many.
    pub count: u64,
}

/// Numbers of the dashboard: of mail the caller may read.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct BounceDashboard {
    /// First day.
    pub since: Timestamp,
    /// `of` is a day, such as `2026-03-02`; days without reports are left out.
    pub days: Vec<BounceCount>,
    /// `of` is a domain; the largest first, fifty of them.
    pub domains: Vec<BounceCount>,
    /// `of` is a word of the documented list; the largest first, fifty of them.
    pub reasons: Vec<BounceCount>,
    /// Mails in mailboxes for sent mail, by day; days without any are left out. Null: no such mailbox is fetched, so that
    /// nobody knows how many were sent.
    pub sent: Option<Vec<CountOf>>,
    /// Addresses something was reported of in that time, in the whole installation.
    pub affected: u64,
    /// The same for each of `domains`; those without any are left out.
    pub affected_domains: Vec<CountOf>,
    /// Addresses known at all: of contacts, of lists, and those something was ever reported of.
    pub known: u64,
    /// How many addresses are in each state, in the whole installation.
    pub states: Vec<StateCount>,
    /// How many reports wait in the manual queue, in the whole installation.
    pub waiting: u64,
}
