//! What is decided, and why.

use model::{How, RecordKey, RecordKind};

/// A step of the rules, or one of its ways.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum StepName {
    /// History of the thread.
    S1,
    /// Order by addresses in From, To and Cc.
    S2a,
    /// Order by addresses in subject and body.
    S2b,
    /// Order by two numbers in the body.
    S2c,
    /// Quote, as S2a.
    S3a,
    /// Quote, as S2b.
    S3b,
    /// Quote, as S2c.
    S3c,
    /// Contact by addresses in From, To and Cc.
    S4a,
    /// Contact by addresses in subject and body.
    S4b,
    /// Signed references; taken behind S1.
    R,
}

impl StepName {
    /// Every step, in the order of the definition.
    pub const ALL: [Self; 10] = [
        Self::S1,
        Self::S2a,
        Self::S2b,
        Self::S2c,
        Self::S3a,
        Self::S3b,
        Self::S3c,
        Self::S4a,
        Self::S4b,
        Self::R,
    ];

    /// The word in JSON.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::S1 => "S1",
            Self::S2a => "S2a",
            Self::S2b => "S2b",
            Self::S2c => "S2c",
            Self::S3a => "S3a",
            Self::S3b => "S3b",
            Self::S3c => "S3c",
            Self::S4a => "S4a",
            Self::S4b => "S4b",
            Self::R => "R",
        }
    }
}

/// How a step ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum StepOutcome {
    /// It gave a link.
    Linked,
    /// An earlier mail handed over what it is filed under, be it nothing.
    Inherited,
    /// It found several, and no way to choose.
    Ambiguous,
    /// It found nothing.
    None,
    /// A forward is no follow-up: the thread was not asked.
    Forward,
    /// A person has removed what it found.
    Denied,
}

impl StepOutcome {
    /// Every outcome, in the order of the definition.
    pub const ALL: [Self; 6] =
        [Self::Linked, Self::Inherited, Self::Ambiguous, Self::None, Self::Forward, Self::Denied];

    /// The word in JSON.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Linked => "linked",
            Self::Inherited => "inherited",
            Self::Ambiguous => "ambiguous",
            Self::None => "none",
            Self::Forward => "forward",
            Self::Denied => "denied",
        }
    }
}

/// A step, as it is explained.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Step {
    /// Which one.
    pub step: StepName,
    /// Addresses or numbers it looked at, separated by commas; of the history how many earlier mails. Bounded.
    pub looked_at: String,
    /// Numbers of the records it found, ascending; empty if they were too many to name.
    pub found: Vec<String>,
    /// How it ended.
    pub outcome: StepOutcome,
}

/// A record that a mail is filed under.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Link {
    /// Its kind.
    pub kind: RecordKind,
    /// Its key.
    pub key: RecordKey,
    /// Its number.
    pub number: String,
    /// How the mail came to it.
    pub how: How,
}

/// Why a record is only suggested.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Why {
    /// A single number of it stands in the mail.
    Number,
    /// A signed reference to it stands in the mail of somebody unknown.
    Reference,
    /// It is one of several that were found.
    OneOfSeveral,
    /// Its deputy wrote the mail.
    Deputy,
}

impl Why {
    /// Every reason, in the order of the definition.
    pub const ALL: [Self; 4] = [Self::Number, Self::Reference, Self::OneOfSeveral, Self::Deputy];

    /// The words in JSON.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Number => "number",
            Self::Reference => "reference",
            Self::OneOfSeveral => "one of several",
            Self::Deputy => "deputy",
        }
    }
}

/// A record that a person may choose.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Suggestion {
    /// Its kind.
    pub kind: RecordKind,
    /// Its key.
    pub key: RecordKey,
    /// Its number.
    pub number: String,
    /// Why.
    pub why: Why,
}

/// What became of a mail.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Outcome {
    /// Filed.
    Linked,
    /// Filed as an earlier mail of its thread is, be it nowhere.
    Inherited,
    /// Not filed: several were found.
    Ambiguous,
    /// Not filed: nothing was found.
    None,
}

impl Outcome {
    /// Every outcome, in the order of the definition.
    pub const ALL: [Self; 4] = [Self::Linked, Self::Inherited, Self::Ambiguous, Self::None];

    /// The word in JSON.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Linked => "linked",
            Self::Inherited => "inherited",
            Self::Ambiguous => "ambiguous",
            Self::None => "none",
        }
    }
}

/// The decision on a mail.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Decision {
    /// What it is filed under: order, quote, contact, item; each record once.
    pub links: Vec<Link>,
    /// What an earlier mail handed over as removed by a person.
    pub removals: Vec<Link>,
    /// What a person may choose instead.
    pub suggestions: Vec<Suggestion>,
    /// What became of it.
    pub outcome: Outcome,
    /// Whether its sender is unknown to its thread; where it begins one, to the ERP. No automatic mail goes to them.
    pub stranger: bool,
    /// Every step taken, in order.
    pub trace: Vec<Step>,
}
