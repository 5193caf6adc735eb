//! The suppression list, mailing lists and their members.

use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};
use uuid::Uuid;

use crate::{AddressStateWord, ContactName, MailClass, Timestamp};

/// Which page.
#[derive(Clone, Debug, Default, Deserialize, IntoParams)]
#[serde(deny_unknown_fields, default)]
#[into_params(parameter_in = Query)]
pub struct SuppressionQuery {
    /// `next` of the page before.
    pub cursor: Option<String>,
    /// How many, at most 200.
    #[param(default = 50, minimum = 1, maximum = 200)]
    pub limit: Option<u32>,
}

/// An entry of the suppression list.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Suppression {
    /// Key.
    pub key: i64,
    /// Lower case.
    pub address: String,
    /// Mail of this class; null: all mail.
    pub class: Option<MailClass>,
    /// Mail to this list; null: all mail.
    pub list: Option<Uuid>,
    /// Made by a rule, whose name is the reason.
    pub by_rule: bool,
    /// Why.
    pub reason: String,
    /// The user who made it.
    pub user: Option<Uuid>,
    /// Since when.
    pub since: Timestamp,
    /// Until when; null: for good.
    pub expires: Option<Timestamp>,
}

/// A page of the suppression list.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct SuppressionPage {
    /// Oldest first.
    pub items: Vec<Suppression>,
    /// Cursor of the next page; null at the end.
    pub next: Option<String>,
}

/// A new entry.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct SuppressionItemRequest {
    /// The address.
    pub address: String,
    /// Mail of this class; absent: all mail.
    #[serde(default)]
    pub class: Option<MailClass>,
    /// Mail to this list; absent: all mail.
    #[serde(default)]
    pub list: Option<Uuid>,
    /// Why.
    #[serde(default)]
    #[schema(max_length = 500)]
    pub reason: String,
    /// Until when; absent: for good.
    #[serde(default)]
    pub expires: Option<Timestamp>,
}

/// New entries, at most 5,000.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct SuppressionRequest {
    /// The same address, class and list again replaces reason and expiry.
    #[schema(max_items = 5000)]
    pub items: Vec<SuppressionItemRequest>,
}

/// Addresses that are to be written to, at most 5,000.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct SuppressionCheckRequest {
    /// Addresses.
    #[schema(max_items = 5000)]
    pub addresses: Vec<String>,
    /// What kind of mail.
    pub class: MailClass,
    /// The list it goes to.
    #[serde(default)]
    pub list: Option<Uuid>,
}

/// Whether one address may be written to.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct SuppressionChecked {
    /// As asked.
    pub address: String,
    /// Whether it may.
    pub allowed: bool,
    /// State of the address.
    pub state: AddressStateWord,
    /// What forbids it: `state`, `left_list`, `person`, `rule`; null if it may.
    pub by: Option<String>,
    /// Name of the rule, a person's words, or the reason of the state.
    pub reason: String,
    /// Since when.
    pub since: Option<Timestamp>,
    /// Another address of the same contact that may be written to.
    pub alternative: Option<String>,
}

/// In the order asked.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct SuppressionCheck {
    /// One for each address, in the order asked.
    pub items: Vec<SuppressionChecked>,
}

/// A mailing list.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct MailingList {
    /// Key.
    pub id: Uuid,
    /// Name.
    pub name: String,
    /// Address it is sent from or to: mails with it belong to the list.
    pub address: Option<String>,
    /// When it was made.
    pub created: Timestamp,
    /// Members on it.
    pub active: u64,
    /// Members taken off.
    pub off: u64,
}

/// All mailing lists, by name.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct MailingLists {
    /// By name.
    pub items: Vec<MailingList>,
}

/// Name and address of a mailing list.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct MailingListRequest {
    /// Name, unique.
    #[schema(min_length = 1, max_length = 200)]
    pub name: String,
    /// Address it is sent from or to.
    #[serde(default)]
    pub address: Option<String>,
}

/// A member.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct ListMember {
    /// Lower case.
    pub address: String,
    /// Name; may be empty.
    pub name: String,
    /// Whose address it is; null: nobody's, or not for the caller.
    pub contact: Option<ContactName>,
    /// On the list; otherwise taken off.
    pub active: bool,
    /// Since when.
    pub since: Timestamp,
    /// Taken off by a rule.
    pub by_rule: bool,
}

/// A page of members, by address.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct MemberPage {
    /// By address.
    pub items: Vec<ListMember>,
    /// Cursor of the next page; null at the end.
    pub next: Option<String>,
}

/// A member to put on a list or take off it.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct MemberItemRequest {
    /// The address.
    pub address: String,
    /// Name; absent: stays.
    #[serde(default)]
    #[schema(max_length = 200)]
    pub name: String,
    /// On the list; absent: yes.
    #[serde(default)]
    pub active: Option<bool>,
}

/// Members to put on a list or take off it, at most 5,000.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct MemberRequest {
    /// Members.
    #[schema(max_items = 5000)]
    pub items: Vec<MemberItemRequest>,
}

/// What a file of members gave.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct MemberImport {
    /// Rows that were taken.
    pub taken: u64,
    /// Rows without a usable address: their numbers, the first hundred.
    pub unusable: Vec<u64>,
}
