//! The fields of the index and their weights.

use model::Kind;
use tantivy::schema::{
    BytesOptions, Field, IndexRecordOption, NumericOptions, Schema, TextFieldIndexing, TextOptions,
};
use tantivy::tokenizer::RAW_TOKENIZER_NAME;

/// Text fields, in the order of the schema.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Text {
    Subject,
    From,
    To,
    Body,
    /// Quoted text and signatures.
    Aside,
    /// Names of attachments.
    File,
    /// Text of attachments.
    Attached,
    /// Stems of words of the subject, and behind [`PART`] those of parts of compounds.
    SubjectStems,
    /// The same of the body.
    BodyStems,
    /// The same of names and text of attachments.
    AttachedStems,
}

impl Text {
    pub(crate) const ALL: [Self; 10] = [
        Self::Subject,
        Self::From,
        Self::To,
        Self::Body,
        Self::Aside,
        Self::File,
        Self::Attached,
        Self::SubjectStems,
        Self::BodyStems,
        Self::AttachedStems,
    ];
    pub(crate) const COUNT: usize = Self::ALL.len();

    const fn name(self) -> &'static str {
        match self {
            Self::Subject => "subject",
            Self::From => "from",
            Self::To => "to",
            Self::Body => "body",
            Self::Aside => "aside",
            Self::File => "file",
            Self::Attached => "attached",
            Self::SubjectStems => "subject_stems",
            Self::BodyStems => "body_stems",
            Self::AttachedStems => "attached_stems",
        }
    }

    /// Weight of an exact word found here.
    pub(crate) const fn weight(self) -> f32 {
        match self {
            Self::Subject => 2.5,
            Self::From => 1.5,
            Self::To | Self::Body | Self::File => 1.0,
            Self::Attached => 0.6,
            Self::Aside => 0.3,
            Self::SubjectStems | Self::BodyStems | Self::AttachedStems => 0.1,
        }
    }

    /// Holds stems: no places, no frequencies.
    pub(crate) const fn is_stems(self) -> bool {
        matches!(self, Self::SubjectStems | Self::BodyStems | Self::AttachedStems)
    }

    /// Number of the field.
    pub(crate) const fn field(self) -> Field {
        Field::from_field_id(self as u32)
    }
}

/// Where a stem comes from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Origin {
    Subject,
    Body,
    Attached,
}

impl Origin {
    pub(crate) const ALL: [Self; 3] = [Self::Subject, Self::Body, Self::Attached];

    /// Where its stems stand.
    pub(crate) const fn stems(self) -> Text {
        match self {
            Self::Subject => Text::SubjectStems,
            Self::Body => Text::BodyStems,
            Self::Attached => Text::AttachedStems,
        }
    }

    /// As a bit.
    pub(crate) const fn bit(self) -> u8 {
        1 << self as u8
    }
}

/// First character of the stem of a part of a compound.
pub(crate) const PART: char = '+';

/// Key of a mail.
pub(crate) const SEQ: Field = Field::from_field_id(10);
/// Milliseconds since 1970.
pub(crate) const DATE: Field = Field::from_field_id(11);
/// Size.
pub(crate) const OCTETS: Field = Field::from_field_id(12);
/// 16 octets each.
pub(crate) const ACCOUNT: Field = Field::from_field_id(14);
/// Filters as terms: see [`label`].
pub(crate) const LABEL: Field = Field::from_field_id(15);

/// Names of the columns; the flags are what facets read, packed: see [`flags`].
pub(crate) mod column {
    pub(crate) const SEQ: &str = "seq";
    pub(crate) const DATE: &str = "date";
    pub(crate) const OCTETS: &str = "octets";
    pub(crate) const FLAGS: &str = "flags";
    pub(crate) const ACCOUNT: &str = "account";
}

/// Bit of [`column::FLAGS`]: has an attachment. The low five bits hold the kind.
pub(crate) const FLAG_ATTACHMENT: u64 = 1 << 5;
/// Bit of [`column::FLAGS`]: unread.
pub(crate) const FLAG_UNREAD: u64 = 1 << 6;

/// Position of a kind in [`Kind::ALL`].
pub(crate) fn kind_number(kind: Kind) -> u64 {
    Kind::ALL.iter().position(|other| *other == kind).unwrap_or(Kind::ALL.len() - 1) as u64
}

/// The packed flags of a mail.
pub(crate) fn flags(kind: Kind, has_attachment: bool, unread: bool) -> u64 {
    kind_number(kind)
        | if has_attachment { FLAG_ATTACHMENT } else { 0 }
        | if unread { FLAG_UNREAD } else { 0 }
}

/// Terms of [`LABEL`].
pub(crate) mod label {
    use model::{Kind, RecordKind};

    use super::kind_number;
    use crate::parts::digest;

    pub(crate) const ATTACHMENT: u64 = 100;
    pub(crate) const UNREAD: u64 = 101;
    pub(crate) const DELETED: u64 = 102;
    pub(crate) const INVOICE: u64 = 103;
    pub(crate) const SPAM: u64 = 104;

    pub(crate) fn kind(kind: Kind) -> u64 {
        kind_number(kind)
    }

    /// A tag, whatever the case and the blanks of its name.
    pub(crate) fn tag(name: &str) -> u64 {
        let words: Vec<&str> = name.split_whitespace().collect();
        digest(words.join(" ").to_lowercase().as_bytes()) & (u64::MAX >> 1) | 1 << 62
    }

    /// A record, however its number is written.
    pub(crate) fn record(kind: RecordKind, number: &str) -> u64 {
        let text = format!("{} {}", kind.as_str(), link::normal_number(number));
        digest(text.as_bytes()) & (u64::MAX >> 2) | 1 << 61
    }

    /// A group, by its key: its name may change.
    pub(crate) fn group(key: i64) -> u64 {
        key.unsigned_abs() & (u64::MAX >> 4) | 1 << 60
    }

    /// An invoice, however its number is written.
    pub(crate) fn invoice(number: &str) -> u64 {
        digest(link::normal_number(number).as_bytes()) & (u64::MAX >> 5) | 1 << 59
    }

    /// A `Message-ID` without brackets.
    pub(crate) fn message_id(id: &str) -> u64 {
        digest(id.as_bytes()) | 1 << 63
    }
}

/// The schema; a change here needs another [`crate::FORMAT`].
pub(crate) fn schema() -> Schema {
    let mut builder = Schema::builder();
    for text in Text::ALL {
        let option =
            if text.is_stems() { IndexRecordOption::Basic } else { IndexRecordOption::WithFreqsAndPositions };
        // Words come here analysed.
        let indexing = TextFieldIndexing::default()
            .set_tokenizer(RAW_TOKENIZER_NAME)
            .set_fieldnorms(!text.is_stems())
            .set_index_option(option);
        builder.add_text_field(text.name(), TextOptions::default().set_indexing_options(indexing));
    }
    builder.add_u64_field(column::SEQ, NumericOptions::default().set_indexed().set_fast());
    builder.add_i64_field(column::DATE, NumericOptions::default().set_fast());
    builder.add_u64_field(column::OCTETS, NumericOptions::default().set_fast());
    builder.add_u64_field(column::FLAGS, NumericOptions::default().set_fast());
    builder.add_bytes_field(column::ACCOUNT, BytesOptions::default().set_indexed().set_fast());
    builder.add_u64_field("label", NumericOptions::default().set_indexed());
    builder.build()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_of_fields_are_those_of_the_schema() {
        let schema = schema();
        for text in Text::ALL {
            assert_eq!(schema.get_field(text.name()).unwrap(), text.field());
        }
        for (name, field) in [
            (column::SEQ, SEQ),
            (column::DATE, DATE),
            (column::OCTETS, OCTETS),
            (column::ACCOUNT, ACCOUNT),
            ("label", LABEL),
        ] {
            assert_eq!(schema.get_field(name).unwrap(), field);
        }
    }
}
