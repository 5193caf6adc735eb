//! Contacts: customers, members, suppliers.

use crate::{Columns, RowError};

/// Columns of contacts; the first one must be there.
pub const CONTACT_COLUMNS: [&str; 4] = ["number", "name", "active", "email"];

/// Addresses of one contact read at most.
const ADDRESSES_MAX: usize = 100;

/// A contact.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Contact {
    /// Number in the ERP.
    pub number: String,
    /// Name; may be empty.
    pub name: String,
    /// Whether it is active; it is if the file does not say.
    pub active: bool,
    /// Addresses, lower case, the one to write to first.
    pub addresses: Vec<String>,
    /// Further columns, with their names.
    pub extra: Vec<(String, String)>,
    /// What stands among the addresses and is none.
    pub unusable: Vec<String>,
}

/// Reads a row as a contact.
///
/// # Errors
/// `NumberMissing`, `Boolean`.
pub fn contact(columns: &Columns, cells: &[String]) -> Result<Contact, RowError> {
    let cell = |name| columns.cell(cells, name);
    let number = cell("number").trim();
    if number.is_empty() {
        return Err(RowError::NumberMissing);
    }
    let mut contact = Contact {
        number: number.to_owned(),
        name: cell("name").to_owned(),
        active: boolean(cell("active"))?.unwrap_or(true),
        addresses: Vec::new(),
        extra: columns.extra(cells),
        unusable: Vec::new(),
    };
    for item in cell("email").split([';', '\n']).map(str::trim).filter(|item| !item.is_empty()) {
        match address(item) {
            Some(address) if contact.addresses.contains(&address) => {}
            Some(address) if contact.addresses.len() < ADDRESSES_MAX => contact.addresses.push(address),
            _ => contact.unusable.push(item.chars().take(200).collect()),
        }
    }
    Ok(contact)
}

/// Also `Name <local@domain>` and `mailto:`.
fn address(item: &str) -> Option<String> {
    let bare = match item.rsplit_once('<') {
        Some((_, rest)) => rest.strip_suffix('>')?,
        None => item,
    };
    let bare = bare.trim().trim_start_matches("mailto:").to_lowercase();
    let (local, domain) = bare.rsplit_once('@')?;
    let odd = |c: char| c.is_whitespace() || c.is_control() || "<>\",;".contains(c);
    (!local.is_empty() && !domain.is_empty() && bare.len() <= 320 && !bare.contains(odd)).then_some(bare)
}

/// Yes or no, in the words of German and English programs; `None` if the cell is empty.
///
/// # Errors
/// `Boolean`.
pub fn boolean(cell: &str) -> Result<Option<bool>, RowError> {
    match cell.trim().to_lowercase().as_str() {
        "" => Ok(None),
        "1" | "true" | "yes" | "y" | "ja" | "j" | "x" | "wahr" | "aktiv" | "active" => Ok(Some(true)),
        "0" | "false" | "no" | "n" | "nein" | "falsch" | "inaktiv" | "inactive" => Ok(Some(false)),
        other => Err(RowError::Boolean { value: other.chars().take(40).collect() }),
    }
}
