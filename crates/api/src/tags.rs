//! Tags: words with a colour, on messages.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use uuid::Uuid;

/// Colour of a tag; shown with its name, never alone.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum TagColour {
    /// Grey.
    #[default]
    Grey,
    /// Red.
    Red,
    /// Orange.
    Orange,
    /// Yellow.
    Yellow,
    /// Green.
    Green,
    /// Blue.
    Blue,
    /// Violet.
    Violet,
}

impl TagColour {
    const ALL: [(Self, &'static str); 7] = [
        (Self::Grey, "grey"),
        (Self::Red, "red"),
        (Self::Orange, "orange"),
        (Self::Yellow, "yellow"),
        (Self::Green, "green"),
        (Self::Blue, "blue"),
        (Self::Violet, "violet"),
    ];

    /// The word, as it is kept.
    pub fn as_str(self) -> &'static str {
        Self::ALL.iter().find(|(colour, _)| *colour == self).map_or("grey", |(_, word)| word)
    }

    /// The colour of this word; grey for others.
    pub fn from_word(word: &str) -> Self {
        Self::ALL.iter().find(|(_, known)| *known == word).map(|(colour, _)| *colour).unwrap_or_default()
    }
}

/// A tag.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Tag {
    /// Number.
    pub key: i64,
    /// Name, unique whatever its case.
    pub name: String,
    /// Colour.
    pub colour: TagColour,
}

/// All tags.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct TagList {
    /// By name.
    pub items: Vec<Tag>,
}

/// A new or changed tag.
#[derive(Clone, Debug, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct TagRequest {
    /// Name, unique whatever its case.
    #[schema(min_length = 1, max_length = 60)]
    pub name: String,
    /// Colour.
    #[serde(default)]
    pub colour: TagColour,
}

/// Tags put on messages and taken off.
#[derive(Clone, Debug, Default, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields, default)]
pub struct TagChange {
    /// Mails whose messages are meant; those the caller may not read are left out.
    #[schema(max_items = 500)]
    pub mails: Vec<Uuid>,
    /// Names to put on; a new name makes a new tag.
    #[schema(max_items = 50)]
    pub add: Vec<String>,
    /// Keys of tags to take off.
    #[schema(max_items = 50)]
    pub remove: Vec<i64>,
}
