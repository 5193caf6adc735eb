//! The parts of multipart/report (RFC 6522): blocks of fields to small values. What they mean is `classify`'s.

pub mod arf;
pub mod dsn;
pub mod journal;
pub mod mdn;
pub mod status;

use std::borrow::Cow;

/// Blocks read of one part; a delivery report has one for each recipient.
const BLOCKS_MAX: usize = 10_000;

/// A field of a report part: name as written, body unfolded and trimmed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ReportField<'a> {
    /// Without the colon.
    pub name: &'a str,
    /// Folds replaced by one blank.
    pub body: Cow<'a, str>,
    /// Line of the part it begins in, from 1.
    pub line: usize,
}

impl ReportField<'_> {
    fn is(&self, name: &str) -> bool {
        self.name.eq_ignore_ascii_case(name)
    }
}

/// Fields between empty lines.
pub type Block<'a> = Vec<ReportField<'a>>;

/// Divides the text of a report part into blocks of fields. Lines that are no fields are skipped; a block
/// without any field is none.
///
/// Source: RFC 3464 §2.1 (the body is fields in the syntax of RFC 5322, blocks parted by empty lines).
pub fn blocks(text: &str) -> Vec<Block<'_>> {
    let mut blocks = vec![Block::new()];
    for (number, line) in text.lines().enumerate() {
        let Some(block) = blocks.last_mut() else { break };
        if line.trim().is_empty() {
            if !block.is_empty() {
                if blocks.len() >= BLOCKS_MAX {
                    break;
                }
                blocks.push(Block::new());
            }
        } else if line.starts_with([' ', '\t']) {
            if let Some(field) = block.last_mut() {
                let body = field.body.to_mut();
                if !body.is_empty() {
                    body.push(' ');
                }
                body.push_str(line.trim());
            }
        } else if let Some((name, body)) = line.split_once(':') {
            let name = name.trim_end();
            if !name.is_empty() && !name.contains(char::is_whitespace) {
                block.push(ReportField { name, body: body.trim().into(), line: number + 1 });
            }
        }
    }
    blocks.retain(|block| !block.is_empty());
    blocks
}

/// Line of the first field of this name.
fn line(block: &Block<'_>, name: &str) -> Option<usize> {
    block.iter().find(|field| field.is(name)).map(|field| field.line)
}

/// Body of the first field of this name.
fn body<'b>(block: &'b Block<'_>, name: &str) -> Option<&'b str> {
    block.iter().find(|field| field.is(name)).map(|field| field.body.as_ref()).filter(|body| !body.is_empty())
}

/// What stands behind `type;`, comments at the end and brackets removed: `rfc822; joe@a.example`.
///
/// Source: RFC 3464 §2.1.2. The type is often missing.
fn typed(body: &str) -> &str {
    let value = match body.split_once(';') {
        Some((kind, value)) if !kind.contains('@') => value,
        _ => body,
    };
    value.trim()
}

/// An address behind its type, lower case. `None` if there is nothing that could be one.
fn address(body: &str) -> Option<String> {
    let value = typed(body);
    let value = match (value.rfind('<'), value.rfind('>')) {
        (Some(from), Some(to)) if from < to => &value[from + 1..to],
        _ => value,
    };
    let value = value.trim().trim_matches(['<', '>', '"', '\'']);
    let value = value
        .split_whitespace()
        .find(|word| word.contains('@'))
        .or_else(|| value.split_whitespace().next())?;
    let value = value.to_lowercase();
    // RFC 3461 §4 xtext that nobody decoded.
    Some(if value.contains('@') { value } else { value.replace("+40", "@") })
}

/// A host behind its type: `dns; mx.a.example`. `None` if empty.
fn host(body: &str) -> Option<String> {
    let value = typed(body);
    let value = value.split_whitespace().next()?.trim_end_matches(['.', ';']);
    (!value.is_empty()).then(|| value.to_lowercase())
}
