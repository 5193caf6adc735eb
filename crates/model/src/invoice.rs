//! Invoices a program can read.

use crate::Day;

/// How an invoice is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum InvoiceForm {
    /// UBL 2.1 (XRechnung).
    Ubl,
    /// Cross Industry Invoice (XRechnung).
    Cii,
    /// Cross Industry Invoice inside a PDF: ZUGFeRD, Factur-X.
    Zugferd,
}

impl InvoiceForm {
    /// Every form.
    pub const ALL: [Self; 3] = [Self::Ubl, Self::Cii, Self::Zugferd];

    /// The word in JSON and in the database.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Ubl => "ubl",
            Self::Cii => "cii",
            Self::Zugferd => "zugferd",
        }
    }

    /// The form of this word, if it is one.
    pub fn from_word(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|form| form.as_str() == word)
    }
}

/// What an invoice or credit note says of itself. Source: EN 16931.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Invoice {
    /// How it is written.
    pub form: InvoiceForm,
    /// Number of the invoice (BT-1).
    pub number: String,
    /// Date of issue (BT-2).
    pub date: Option<Day>,
    /// Sum with tax (BT-112): digits, with a minus sign and a point where there is one; empty if it is not said.
    pub total: String,
    /// Code of the currency (BT-5), three capital letters; empty if it is not said.
    pub currency: String,
    /// Name of the seller (BT-27); empty if it is not said.
    pub seller: String,
}
