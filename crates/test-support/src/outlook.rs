//! Files of Outlook, written from the documents of their formats: [MS-OXMSG], [MS-OXTNEF], [MS-PST].
//!
//! `readpst`, `msgconvert` and `tnef` read them, which the tests that have those programs check.

mod msg;
mod pst;
mod tnef;

pub use msg::msg;
pub use pst::{Crypt, Folder, Form, pst, pst_as};
pub use tnef::tnef;

/// A property: id, type and value.
pub type Property = (u16, Value);

/// Value of a property.
#[derive(Clone, Debug)]
pub enum Value {
    /// `PtypInteger32`.
    Int(i32),
    /// `PtypString`.
    Text(String),
    /// `PtypBinary`.
    Binary(Vec<u8>),
    /// `PtypTime`: milliseconds since 1970.
    Time(u64),
}

impl Value {
    fn kind(&self) -> u16 {
        match self {
            Self::Int(_) => 0x0003,
            Self::Text(_) => 0x001f,
            Self::Binary(_) => 0x0102,
            Self::Time(_) => 0x0040,
        }
    }

    fn octets(&self) -> Vec<u8> {
        match self {
            Self::Int(value) => value.to_le_bytes().to_vec(),
            Self::Text(text) => text.encode_utf16().flat_map(u16::to_le_bytes).collect(),
            Self::Binary(octets) => octets.clone(),
            Self::Time(ms) => (ms * 10_000 + 116_444_736_000_000_000).to_le_bytes().to_vec(),
        }
    }
}

/// An item to be written.
#[derive(Clone, Debug, Default)]
pub struct Made {
    /// Its properties.
    pub properties: Vec<Property>,
    /// Of each recipient.
    pub recipients: Vec<Vec<Property>>,
    /// Files: name, octets.
    pub files: Vec<(String, Vec<u8>)>,
    /// Items inside.
    pub items: Vec<Made>,
}

impl Made {
    /// A mail with sender, one recipient, times and text.
    pub fn mail(subject: &str, text: &str) -> Self {
        let said = |id, value: &str| (id, Value::Text(value.to_owned()));
        Self {
            properties: vec![
                said(0x001a, "IPM.Note"),
                said(0x0037, subject),
                (0x0039, Value::Time(1_772_442_000_000)),
                said(0x0042, "Eva Müller"),
                said(0x0064, "SMTP"),
                said(0x0065, "eva@example.org"),
                said(0x0c1a, "Eva Müller"),
                said(0x0c1e, "SMTP"),
                said(0x0c1f, "eva@example.org"),
                (0x0e06, Value::Time(1_772_442_060_000)),
                (0x0e07, Value::Int(1)),
                said(0x1000, text),
                said(0x1035, "<1@example.org>"),
            ],
            recipients: vec![vec![
                (0x0c15, Value::Int(1)),
                said(0x3001, "Info"),
                said(0x3002, "SMTP"),
                said(0x3003, "info@example.org"),
                said(0x39fe, "info@example.org"),
            ]],
            ..Self::default()
        }
    }

    /// With another value for a property.
    #[must_use]
    pub fn with(mut self, id: u16, value: Value) -> Self {
        self.properties.retain(|(known, _)| *known != id);
        self.properties.push((id, value));
        self.properties.sort_by_key(|(id, _)| *id);
        self
    }

    /// With a file.
    #[must_use]
    pub fn file(mut self, name: &str, octets: &[u8]) -> Self {
        self.files.push((name.to_owned(), octets.to_vec()));
        self
    }

    /// With an item inside.
    #[must_use]
    pub fn item(mut self, item: Self) -> Self {
        self.items.push(item);
        self
    }
}

/// Properties of an attachment; `method`: 1 a file, 5 an item.
fn of_attachment(name: &str, method: i32) -> Vec<Property> {
    let said = |id, value: &str| (id, Value::Text(value.to_owned()));
    vec![said(0x3001, name), (0x3705, Value::Int(method)), said(0x3707, name)]
}
