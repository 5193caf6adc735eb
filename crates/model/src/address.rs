//! Addresses of people and of the envelope.

/// What the grammar calls *mailbox*: a person's name and address.
///
/// Source: RFC 5322 §3.4.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub struct Address {
    /// Decoded name as the sender wrote it, never empty.
    pub display_name: Option<String>,
    /// `local@domain` as written, white space and comments removed; may lack `@` in broken mail, never empty.
    pub addr_spec: String,
}

impl Address {
    /// The address in the form compared and stored: lower case. (IDNA is the business of linking.)
    pub fn folded(&self) -> String {
        self.addr_spec.to_lowercase()
    }

    /// What stands behind the last `@`, lower case; empty if there is none.
    pub fn domain(&self) -> String {
        self.addr_spec.rsplit_once('@').map_or_else(String::new, |(_, domain)| domain.to_lowercase())
    }
}

/// Envelope sender: the null path of notifications is not the same as an unknown one.
///
/// Source: RFC 5321 §4.4, §4.5.5.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum ReversePath {
    /// `<>`.
    Null,
    /// An address, as written.
    Path(String),
}
