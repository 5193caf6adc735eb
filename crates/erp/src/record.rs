//! Records, and how they are read from cells.

use model::{RecordKind, UnixMillis};

use crate::{Columns, RowError, date};

/// Entries of a list that are read at most.
const ENTRIES_MAX: usize = 1000;
/// Longest number, characters.
const NUMBER_MAX: usize = 200;
/// Longest name, state and address of a page, characters.
const TEXT_MAX: usize = 2000;
/// All further fields of a record together, octets.
const EXTRA_MAX: usize = 64 << 10;

const CONTACT: [&str; 5] = ["number", "name", "active", "email", "url"];
const ORDER: [&str; 10] =
    ["number", "contact", "email", "date", "state", "quote", "items", "references", "name", "url"];
const QUOTE: [&str; 9] =
    ["number", "contact", "email", "date", "state", "items", "references", "name", "url"];
const ITEM: [&str; 4] = ["number", "name", "active", "url"];

/// Our names of the columns of a kind; the first one must be there.
pub const fn columns_of(kind: RecordKind) -> &'static [&'static str] {
    match kind {
        RecordKind::Contact => &CONTACT,
        RecordKind::Order => &ORDER,
        RecordKind::Quote => &QUOTE,
        RecordKind::Item => &ITEM,
    }
}

/// A record as its source has it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Record {
    /// What it is.
    pub kind: RecordKind,
    /// Number in the ERP.
    pub number: String,
    /// Name; may be empty.
    pub name: String,
    /// Whether it is active; it is if the source does not say.
    pub active: bool,
    /// Addresses, lower case, the one to write to first.
    pub addresses: Vec<String>,
    /// Number of its contact.
    pub contact: Option<String>,
    /// Number of its quote.
    pub quote: Option<String>,
    /// Numbers of its items.
    pub items: Vec<String>,
    /// Further numbers it is known by.
    pub references: Vec<String>,
    /// Of an order or a quote; midnight UTC where only the day is known.
    pub date: Option<UnixMillis>,
    /// In the words of the ERP.
    pub state: String,
    /// Where the ERP shows it: http or https, or empty.
    pub url: String,
    /// Further columns, with their names.
    pub extra: Vec<(String, String)>,
    /// What stands among addresses, dates and addresses of pages and is none.
    pub unusable: Vec<String>,
}

impl Record {
    /// An active record with nothing but its number.
    pub fn new(kind: RecordKind, number: &str) -> Self {
        Self {
            kind,
            number: number.to_owned(),
            name: String::new(),
            active: true,
            addresses: Vec::new(),
            contact: None,
            quote: None,
            items: Vec::new(),
            references: Vec::new(),
            date: None,
            state: String::new(),
            url: String::new(),
            extra: Vec::new(),
            unusable: Vec::new(),
        }
    }

    /// As it may be kept: blanks at the ends are taken off, addresses are read, what is none becomes `unusable`.
    ///
    /// # Errors
    /// `NumberMissing`, `TooLong`.
    pub fn checked(self) -> Result<Self, RowError> {
        let text = |column, text: &str, max| {
            let text = text.trim();
            let fits = text.chars().count() <= max;
            fits.then(|| text.to_owned()).ok_or(RowError::TooLong { column })
        };
        let list = |column: &'static str, entries: &[String]| {
            if entries.len() > ENTRIES_MAX {
                return Err(RowError::TooLong { column });
            }
            let entries = entries.iter().map(|entry| text(column, entry, NUMBER_MAX));
            let entries: Vec<String> = entries.collect::<Result<_, _>>()?;
            Ok(entries.into_iter().filter(|entry| !entry.is_empty()).collect::<Vec<_>>())
        };
        let one = |column, number: &Option<String>| {
            let number = number.as_deref().map(|number| text(column, number, NUMBER_MAX)).transpose()?;
            Ok::<_, RowError>(number.filter(|number| !number.is_empty()))
        };
        let mut out = Self::new(self.kind, &text("number", &self.number, NUMBER_MAX)?);
        if out.number.is_empty() {
            return Err(RowError::NumberMissing);
        }
        out.name = text("name", &self.name, TEXT_MAX)?;
        out.state = text("state", &self.state, TEXT_MAX)?;
        out.active = self.active;
        out.date = self.date;
        out.contact = one("contact", &self.contact)?;
        out.quote = one("quote", &self.quote)?;
        out.items = list("items", &self.items)?;
        out.references = list("references", &self.references)?;
        out.unusable = self.unusable;
        if self.addresses.len() > ENTRIES_MAX {
            return Err(RowError::TooLong { column: "email" });
        }
        for item in self.addresses.iter().map(|item| item.trim()).filter(|item| !item.is_empty()) {
            match address(item) {
                Some(address) if out.addresses.contains(&address) => {}
                Some(address) => out.addresses.push(address),
                None => out.unusable.push(shortened(item)),
            }
        }
        match text("url", &self.url, TEXT_MAX)? {
            url if url.is_empty() || is_page(&url) => out.url = url,
            url => out.unusable.push(shortened(&url)),
        }
        out.extra = self.extra;
        if out.extra.iter().map(|(name, value)| name.len() + value.len()).sum::<usize>() > EXTRA_MAX {
            return Err(RowError::TooLong { column: "extra" });
        }
        Ok(out)
    }
}

/// Reads a row as a record.
///
/// # Errors
/// `NumberMissing`, `Boolean`, `TooLong`.
pub fn record(kind: RecordKind, columns: &Columns, cells: &[String]) -> Result<Record, RowError> {
    let cell = |name| columns.cell(cells, name).trim();
    let list = |name| cell(name).split([';', '\n']).map(str::to_owned).collect::<Vec<_>>();
    let one = |name| Some(cell(name)).filter(|cell| !cell.is_empty()).map(str::to_owned);
    let mut record = Record {
        name: cell("name").to_owned(),
        active: boolean(cell("active"))?.unwrap_or(true),
        addresses: list("email"),
        contact: one("contact"),
        quote: one("quote"),
        items: list("items"),
        references: list("references"),
        state: cell("state").to_owned(),
        url: cell("url").to_owned(),
        extra: columns.extra(cells),
        ..Record::new(kind, cell("number"))
    };
    match date(cell("date")) {
        Ok(date) => record.date = date,
        Err(()) => record.unusable.push(shortened(cell("date"))),
    }
    record.checked()
}

fn shortened(text: &str) -> String {
    text.chars().take(200).collect()
}

fn is_page(url: &str) -> bool {
    let rest = url.strip_prefix("https://").or_else(|| url.strip_prefix("http://"));
    rest.is_some_and(|rest| !rest.is_empty()) && !url.contains(|c: char| c.is_whitespace() || c.is_control())
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
        "1" | "true" | "yes" | "y" | "t" | "ja" | "j" | "x" | "wahr" | "aktiv" | "active" => Ok(Some(true)),
        "0" | "false" | "no" | "n" | "f" | "nein" | "falsch" | "inaktiv" | "inactive" => Ok(Some(false)),
        other => Err(RowError::Boolean { value: other.chars().take(40).collect() }),
    }
}
