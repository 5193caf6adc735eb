//! Records of an ERP, and what joins mails with them.

/// Kind of a record.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum RecordKind {
    /// Customer, member, supplier.
    Contact,
    /// Order.
    Order,
    /// Quote.
    Quote,
    /// Item.
    Item,
}

impl RecordKind {
    /// Every kind, in the order of the definition.
    pub const ALL: [Self; 4] = [Self::Contact, Self::Order, Self::Quote, Self::Item];

    /// The word in JSON, addresses and commands.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Contact => "contact",
            Self::Order => "order",
            Self::Quote => "quote",
            Self::Item => "item",
        }
    }

    /// The kind of this word, if it is one.
    pub fn from_word(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.as_str() == word)
    }
}

/// Key of a record in the database; ascending, never given out twice.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct RecordKey(pub i64);

/// How a mail came to a record.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum How {
    /// Handed over by an earlier mail of the thread.
    History,
    /// The only order or quote of an address.
    Address,
    /// One of several of an address: a number of it stands in the mail.
    AddressAndReference,
    /// Two different numbers of it stand in the body.
    TwoReferences,
    /// Came with an order: its customer or its quote.
    WithOrder,
    /// Came with a quote: its customer.
    WithQuote,
    /// The only distinct item of the order or quote.
    OnlyItem,
    /// The contact of an address.
    Contact,
    /// A person set it.
    Person,
    /// A signed reference to it stands in the mail of somebody who belongs to it.
    Reference,
}

impl How {
    /// Every way, in the order of the definition.
    pub const ALL: [Self; 10] = [
        Self::History,
        Self::Address,
        Self::AddressAndReference,
        Self::TwoReferences,
        Self::WithOrder,
        Self::WithQuote,
        Self::OnlyItem,
        Self::Contact,
        Self::Person,
        Self::Reference,
    ];

    /// The words in JSON.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::History => "history",
            Self::Address => "address",
            Self::AddressAndReference => "address+reference",
            Self::TwoReferences => "two references",
            Self::WithOrder => "with order",
            Self::WithQuote => "with quote",
            Self::OnlyItem => "only item",
            Self::Contact => "contact",
            Self::Person => "person",
            Self::Reference => "signed reference",
        }
    }

    /// The one of this word.
    pub fn from_word(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|how| how.as_str() == word)
    }
}
