//! What was found in an attachment.

use crate::Class;

/// Longest detail, octets.
const DETAIL_MAX: usize = 200;

/// One thing found.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Finding {
    /// Of which kind.
    pub class: Class,
    /// Where: the path inside an archive, such as `invoices.zip/invoice.pdf.exe`, or empty for the attachment itself. At most 200
    /// octets, without control characters and marks of direction.
    pub at: String,
}

impl Finding {
    pub(crate) fn new(class: Class, at: &str) -> Self {
        Self { class, at: clean(at) }
    }

    /// Findings as one text: a line for each, the class, then a blank and the place where there is one.
    pub fn to_text(findings: &[Self]) -> String {
        let line = |finding: &Self| match finding.at.as_str() {
            "" => finding.class.as_str().to_owned(),
            at => format!("{} {at}", finding.class.as_str()),
        };
        findings.iter().map(line).collect::<Vec<_>>().join("\n")
    }

    /// Reads what [`Self::to_text`] wrote; lines of unknown classes are left out.
    pub fn from_text(text: &str) -> Vec<Self> {
        let line = |line: &str| {
            let (word, at) = line.split_once(' ').unwrap_or((line, ""));
            Class::from_word(word).map(|class| Self { class, at: at.to_owned() })
        };
        text.lines().filter_map(line).collect()
    }
}

fn clean(at: &str) -> String {
    let visible = |c: &char| {
        !c.is_control() && !crate::ending::turns_direction(*c) && !matches!(c, '\u{2028}' | '\u{2029}')
    };
    let text: String = at.chars().filter(visible).collect();
    text[..text.floor_char_boundary(DETAIL_MAX)].trim().to_owned()
}
