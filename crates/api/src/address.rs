//! Addresses of people.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// A person's name and address.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Address {
    /// As the sender wrote it.
    pub name: Option<String>,
    /// `local@domain`; may lack `@` in broken mail.
    pub address: String,
}

impl From<&model::Address> for Address {
    fn from(address: &model::Address) -> Self {
        Self { name: address.display_name.clone(), address: address.addr_spec.clone() }
    }
}
