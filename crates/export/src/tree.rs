//! Where a file goes in a tree of folders: a pattern with placeholders and the values of one attachment in, the names of the folders and of
//! the file out. Each name can be kept by Linux, Windows and macOS, and none leads out of the tree.

mod name;
#[cfg(test)]
mod tests;

pub use name::{NAME_OCTETS_MAX, safe_name};

/// Characters of a pattern at most.
pub const PATTERN_MAX: usize = 300;
/// Folders above each other, the file counted.
pub const LEVELS_MAX: usize = 12;

/// What a placeholder stands for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Field {
    /// Year of the mail's date, four digits.
    Year,
    /// Its month, two digits.
    Month,
    /// Its day, two digits.
    Day,
    /// Name of the account it lies in.
    Account,
    /// Name or number of the contact it is filed under, otherwise the domain of its author.
    Contact,
    /// Number of the order it is filed under.
    Order,
    /// Address of its author.
    Sender,
    /// Domain of its author.
    Domain,
    /// Kind of file, as a word.
    Type,
    /// Ending of the file name, in lower case.
    Ending,
    /// Subject of the mail.
    Subject,
    /// Number of the mail.
    Number,
    /// Name of the file, with its ending.
    Name,
}

impl Field {
    /// All of them, in the order in which they are told.
    pub const ALL: [Self; 13] = [
        Self::Year,
        Self::Month,
        Self::Day,
        Self::Account,
        Self::Contact,
        Self::Order,
        Self::Sender,
        Self::Domain,
        Self::Type,
        Self::Ending,
        Self::Subject,
        Self::Number,
        Self::Name,
    ];

    /// The word between the braces.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Year => "year",
            Self::Month => "month",
            Self::Day => "day",
            Self::Account => "account",
            Self::Contact => "contact",
            Self::Order => "order",
            Self::Sender => "sender",
            Self::Domain => "domain",
            Self::Type => "type",
            Self::Ending => "ending",
            Self::Subject => "subject",
            Self::Number => "number",
            Self::Name => "name",
        }
    }
}

/// What the placeholders stand for in one case.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Values([String; Field::ALL.len()]);

impl Values {
    /// Sets one.
    #[must_use]
    pub fn with(mut self, field: Field, value: impl Into<String>) -> Self {
        if let Some(place) = self.0.get_mut(field as usize) {
            *place = value.into();
        }
        self
    }

    fn get(&self, field: Field) -> &str {
        self.0.get(field as usize).map(String::as_str).unwrap_or_default()
    }
}

/// What is wrong with a pattern.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum PatternError {
    /// There is nothing in it.
    #[error("the pattern is empty")]
    Empty,
    /// Longer than [`PATTERN_MAX`].
    #[error("the pattern has more than {PATTERN_MAX} characters")]
    TooLong,
    /// More than [`LEVELS_MAX`] folders.
    #[error("the pattern has more than {LEVELS_MAX} levels")]
    TooDeep,
    /// It begins with a slash, or has two in a row, or ends with one.
    #[error("a folder of the pattern has no name")]
    NoFolder,
    /// It leads out of the folder, or nowhere.
    #[error("{0} is no name of a folder")]
    Traversal(String),
    /// A character that not every system keeps in names.
    #[error("{0:?} cannot be in a name")]
    Character(char),
    /// A brace without its other half.
    #[error("a brace has no other half")]
    Brace,
    /// There is no such placeholder.
    #[error("there is no placeholder {0}")]
    Unknown(String),
    /// The last part does not say the name of the file.
    #[error("the last part has no {{name}}")]
    NoName,
}

#[derive(Clone, Debug, PartialEq, Eq)]
enum Piece {
    Text(String),
    Field(Field),
}

/// A pattern of a path, such as `{year}/{contact}/{name}`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Pattern(Vec<Vec<Piece>>);

impl Pattern {
    /// Reads one.
    ///
    /// # Errors
    /// [`PatternError`], the first fault from the left.
    pub fn parse(text: &str) -> Result<Self, PatternError> {
        let text = text.trim();
        if text.is_empty() {
            return Err(PatternError::Empty);
        }
        if text.chars().count() > PATTERN_MAX {
            return Err(PatternError::TooLong);
        }
        let levels: Vec<Vec<Piece>> = text.split('/').map(level).collect::<Result<_, _>>()?;
        if levels.len() > LEVELS_MAX {
            return Err(PatternError::TooDeep);
        }
        if !levels.last().is_some_and(|last| last.contains(&Piece::Field(Field::Name))) {
            return Err(PatternError::NoName);
        }
        Ok(Self(levels))
    }

    /// Names of the folders, and of the file, which is the last one. Never empty; each is as [`safe_name`] makes it.
    pub fn path(&self, values: &Values) -> Vec<String> {
        let level = |pieces: &Vec<Piece>| {
            let text: String = pieces
                .iter()
                .map(|piece| match piece {
                    Piece::Text(text) => text.as_str(),
                    Piece::Field(field) => values.get(*field),
                })
                .collect();
            safe_name(&text)
        };
        self.0.iter().map(level).collect()
    }
}

/// The same file under another name, where this one is taken: from 2 on ` (n)` stands before the ending.
pub fn numbered(path: &[String], n: u32) -> Vec<String> {
    let mut path = path.to_vec();
    if let Some(last) = path.last_mut().filter(|_| n > 1) {
        let (stem, ending) = name::split(last);
        *last = format!("{stem} ({n}){ending}");
    }
    path
}

fn level(text: &str) -> Result<Vec<Piece>, PatternError> {
    if text.trim().is_empty() {
        return Err(PatternError::NoFolder);
    }
    if text.chars().all(|c| c == '.' || c.is_whitespace()) {
        return Err(PatternError::Traversal(text.to_owned()));
    }
    let mut pieces = Vec::new();
    let mut rest = text;
    while let Some(at) = rest.find(['{', '}']) {
        let (before, from) = rest.split_at(at);
        literal(before, &mut pieces)?;
        let inside = from.strip_prefix('{').ok_or(PatternError::Brace)?;
        let (word, behind) = inside.split_once('}').ok_or(PatternError::Brace)?;
        let field = Field::ALL.into_iter().find(|field| field.as_str() == word.trim());
        pieces.push(Piece::Field(field.ok_or_else(|| PatternError::Unknown(format!("{{{word}}}")))?));
        rest = behind;
    }
    literal(rest, &mut pieces)?;
    Ok(pieces)
}

fn literal(text: &str, pieces: &mut Vec<Piece>) -> Result<(), PatternError> {
    if let Some(bad) = text.chars().find(|c| name::is_forbidden(*c)) {
        return Err(PatternError::Character(bad));
    }
    if !text.is_empty() {
        pieces.push(Piece::Text(text.to_owned()));
    }
    Ok(())
}
