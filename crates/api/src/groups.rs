//! Groups, and which mails of an account are sorted to them.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use uuid::Uuid;

use crate::Timestamp;

/// A user in a group.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct GroupMember {
    /// Key.
    pub id: Uuid,
    /// Name.
    pub name: String,
}

/// Who deals with which mail together. What its members may read is a matter of the accounts granted.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Group {
    /// Key.
    pub id: Uuid,
    /// Name, unique whatever its case.
    pub name: String,
    /// What it is for.
    pub description: String,
    /// Its addresses, in lower case.
    pub addresses: Vec<String>,
    /// Who belongs to it.
    pub members: Vec<GroupMember>,
    /// When it was made.
    pub created: Timestamp,
}

/// All groups.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct GroupList {
    /// By name.
    pub items: Vec<Group>,
}

/// What a group is to be.
#[derive(Clone, Debug, Default, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct GroupRequest {
    /// Name, unique whatever its case.
    #[schema(min_length = 1, max_length = 200)]
    pub name: String,
    /// What it is for.
    #[serde(default)]
    #[schema(max_length = 1000)]
    pub description: String,
    /// Its addresses.
    #[serde(default)]
    #[schema(max_items = 100)]
    pub addresses: Vec<String>,
    /// Keys of its users.
    #[serde(default)]
    #[schema(max_items = 500)]
    pub members: Vec<Uuid>,
}

/// Name of a group, beside a message in a list.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct GroupName {
    /// Key.
    pub id: Uuid,
    /// Name.
    pub name: String,
}

/// A group of a message, and why.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct MessageGroup {
    /// Key.
    pub id: Uuid,
    /// Name.
    pub name: String,
    /// Account whose rule it was.
    pub account: Uuid,
    /// Its name.
    pub account_name: String,
    /// Where the address stood that decided: `envelope`, `delivered_to`, `original_to`, `to`; `rest`: none was named by a rule.
    pub by: String,
    /// The address; empty for `rest`.
    pub value: String,
    /// The rule: an address, `@domain`, or empty.
    pub pattern: String,
}

/// Mails to an address go to a group.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct SortingRule {
    /// An address, `@domain`, or empty: what no other rule names.
    #[schema(max_length = 320)]
    pub pattern: String,
    /// Key of the group.
    pub group: Uuid,
}

/// Rules of an account; an address counts before its domain.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct SortingRules {
    /// At most one of each pattern.
    #[schema(max_items = 500)]
    pub items: Vec<SortingRule>,
}
