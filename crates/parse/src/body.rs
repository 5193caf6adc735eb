//! Body text: which parts make it up, and what in it is new, quoted, signature.

pub(crate) mod charset;
pub(crate) mod digest;
pub(crate) mod flowed;
pub(crate) mod html;
pub(crate) mod quote;
pub(crate) mod signature;
pub(crate) mod transfer;

use model::{BodyText, Part, PartRole, Span, TextKind};

use crate::tree::Flowed;

/// Makes the text a person reads from the parts of the mail itself.
///
/// Of alternatives, text/plain is taken unless it is empty; without any text/plain, HTML. Several texts in
/// sequence are joined by an empty line.
pub(crate) fn text(parts: &[Part], flowed: &[Flowed], octets_max: usize) -> BodyText {
    let mut body = BodyText::default();
    let mut any_plain = false;
    for index in readable(parts) {
        let part = &parts[index];
        let Some(text) = part.text.as_deref().filter(|text| !text.trim().is_empty()) else { continue };
        let is_html = is_html(part);
        let (text, marks) = if is_html {
            html::text(text, octets_max.saturating_sub(body.text.len()))
        } else {
            (flowed::plain(text, flowed[index]), Vec::new())
        };
        let stretches = quote::stretches(&text, &marks);
        append(&mut body, &text, stretches);
        any_plain |= !is_html;
    }
    body.from_html = !any_plain && !body.text.is_empty();
    body
}

fn is_html(part: &Part) -> bool {
    matches!(part.content_type.as_str(), "text/html" | "application/xhtml+xml")
}

fn append(body: &mut BodyText, text: &str, stretches: Vec<(TextKind, Span)>) {
    if text.is_empty() {
        return;
    }
    if !body.text.is_empty() {
        let gap = if body.text.ends_with('\n') { "\n" } else { "\n\n" };
        body.text.push_str(gap);
        if let Some((_, last)) = body.stretches.last_mut() {
            last.len += gap.len() as u64;
        }
    }
    let base = body.text.len() as u64;
    body.text.push_str(text);
    for (kind, span) in stretches {
        let span = Span { at: span.at + base, len: span.len };
        match body.stretches.last_mut() {
            Some((last_kind, last)) if *last_kind == kind => last.len += span.len,
            _ => body.stretches.push((kind, span)),
        }
    }
}

/// Indexes of the parts whose text is read, in order.
fn readable(parts: &[Part]) -> Vec<usize> {
    let mut children: Vec<Vec<usize>> = vec![Vec::new(); parts.len()];
    for (index, part) in parts.iter().enumerate() {
        if let Some(parent) = part.parent
            && part.message_depth == 0
        {
            children[parent as usize].push(index);
        }
    }
    let mut readable = Vec::new();
    if !parts.is_empty() {
        collect(parts, &children, 0, &mut readable);
    }
    readable
}

/// Depth of recursion is that of the tree, which is bounded.
fn collect(parts: &[Part], children: &[Vec<usize>], index: usize, into: &mut Vec<usize>) {
    let part = &parts[index];
    match part.role {
        PartRole::Body if is_html(part) || is_plain(part) => into.push(index),
        PartRole::Container if part.content_type == "multipart/alternative" => {
            let mut choices: Vec<Vec<usize>> = Vec::new();
            for &child in &children[index] {
                let mut choice = Vec::new();
                collect(parts, children, child, &mut choice);
                choice.retain(|&i| parts[i].text.as_deref().is_some_and(|text| !text.trim().is_empty()));
                if !choice.is_empty() {
                    choices.push(choice);
                }
            }
            let plain = choices.iter().position(|choice| !choice.iter().any(|&i| is_html(&parts[i])));
            let chosen = plain.unwrap_or(0);
            if chosen < choices.len() {
                into.append(&mut choices[chosen]);
            }
        }
        PartRole::Container => {
            for &child in &children[index] {
                collect(parts, children, child, into);
            }
        }
        _ => {}
    }
}

/// Text that is read as it stands. Calendars and cards are not.
fn is_plain(part: &Part) -> bool {
    part.content_type.starts_with("multipart/")
        || matches!(
            part.content_type.as_str(),
            "text/plain" | "text/enriched" | "text/markdown" | "text/x-markdown" | "text"
        )
}
