//! The first lock: reads tokens and writes only what is known, in linear time and within bounds.

use std::fmt::Write as _;

use crate::elements::{self, Group, Treatment};
use crate::images::{Images, Shown};
use crate::links::{self, Target};
use crate::tokens::{Attribute, Token, Tokens, is_space, push_escaped};
use crate::{Options, css, entities};

/// Text formatting open at the same time; more is left out.
const FORMATTING_MAX: usize = 24;
/// Pieces that stand in a table, but in none of its cells: a browser moves each before the table. With more than these
/// the table is closed, since moving takes longer the more there are.
const MISPLACED_MAX: usize = 200;
/// Longer values of simple attributes are cut.
const VALUE_OCTETS_MAX: usize = 2000;
/// A transparent pixel: keeps the place of an image that is not shown.
const PIXEL: &str = "data:image/gif;base64,R0lGODlhAQABAIAAAAAAAP///yH5BAEAAAAALAAAAAABAAEAAAIBRAA7";

/// What the filter found.
pub(crate) struct Filtered<'a> {
    /// Content of the body.
    pub(crate) body: String,
    /// Attributes of the body, each with a blank before it.
    pub(crate) body_attributes: String,
    /// All style sheets.
    pub(crate) css: String,
    /// The source names a document type: not shown in quirks mode.
    pub(crate) doctype: bool,
    /// With their counts.
    pub(crate) images: Images<'a>,
}

/// Filters a source; `None` if it exceeds the bounds.
pub(crate) fn filter<'a>(source: &str, options: &Options<'a>) -> Option<Filtered<'a>> {
    let mut filter = Filter {
        found: Filtered {
            body: String::with_capacity(source.len()),
            body_attributes: String::new(),
            css: String::new(),
            doctype: false,
            images: Images::new(options.remote_images, options.image_url),
        },
        open: Vec::new(),
        too_deep: 0,
        formatting: 0,
        cost: 0,
        misplaced: 0,
        css_left: options.limits.css_octets,
        depth_max: options.limits.depth,
        skipped: None,
    };
    let mut tokens = Tokens::new(source);
    while let Some(token) = tokens.next() {
        filter.token(token, &mut tokens);
        if filter.cost > options.limits.elements {
            return None;
        }
    }
    Some(filter.found)
}

/// The text of a source, blocks on lines of their own; at most `octets_max`.
pub(crate) fn plain_text(source: &str, octets_max: usize) -> String {
    let mut out = String::new();
    let mut tokens = Tokens::new(source);
    while let Some(token) = tokens.next() {
        if out.len() >= octets_max {
            break;
        }
        match token {
            Token::Text(text) => {
                let decoded = entities::decode(text, false);
                let words = decoded.split(|c: char| c.is_ascii_whitespace());
                for word in words.filter(|word| !word.is_empty()) {
                    if !out.is_empty() && !out.ends_with(['\n', ' ']) {
                        out.push(' ');
                    }
                    out.push_str(word);
                }
            }
            Token::Start { name, .. } => {
                let name = name.to_ascii_lowercase();
                match elements::treatment(&name) {
                    Treatment::Style | Treatment::DropRaw => drop(tokens.raw_text(&name)),
                    Treatment::Keep(_, Group::Inline | Group::Formatting) | Treatment::Unwrap => {}
                    _ if name == "br" || !out.ends_with('\n') => out.push('\n'),
                    _ => {}
                }
            }
            Token::End { .. } | Token::Doctype | Token::Comment => {}
        }
    }
    while out.len() > octets_max {
        out.pop();
    }
    out
}

struct Filter<'a> {
    found: Filtered<'a>,
    /// Open elements that were written.
    open: Vec<(&'static str, Group)>,
    /// Open elements whose tags were left out because they are too deep.
    too_deep: usize,
    /// How many of the open ones are text formatting.
    formatting: usize,
    cost: usize,
    misplaced: usize,
    css_left: usize,
    depth_max: usize,
    /// An element that is left out with its content, and how often it is open.
    skipped: Option<(String, usize)>,
}

impl Filter<'_> {
    fn token(&mut self, token: Token<'_>, tokens: &mut Tokens<'_>) {
        match token {
            Token::Doctype => self.found.doctype = true,
            Token::Comment => {}
            Token::Text(text) => {
                if self.skipped.is_none() {
                    if !text.bytes().all(is_space) {
                        self.misplace();
                    }
                    self.text(&entities::decode(text, false));
                }
            }
            Token::End { name } => self.end(&name.to_ascii_lowercase()),
            Token::Start { name, attributes, self_closing } => {
                let name = name.to_ascii_lowercase();
                if self.skips(&name, self_closing) {
                    return;
                }
                self.start(&name, &attributes, self_closing, tokens);
            }
        }
    }

    /// Whether a start tag lies in an element that is left out.
    fn skips(&mut self, name: &str, self_closing: bool) -> bool {
        let Some((skipped, depth)) = &mut self.skipped else { return false };
        if skipped != "template" && elements::breaks_out(name) {
            self.skipped = None;
            return false;
        }
        if skipped == name && !self_closing {
            *depth += 1;
        }
        true
    }

    fn start(
        &mut self,
        name: &str,
        attributes: &[Attribute<'_>],
        self_closing: bool,
        tokens: &mut Tokens<'_>,
    ) {
        match elements::treatment(name) {
            Treatment::Keep(name, group) => self.element(name, group, attributes),
            Treatment::Image => self.image(attributes),
            Treatment::Style => {
                let sheet = tokens.raw_text(name);
                self.style(sheet, value(attributes, "media"));
            }
            Treatment::Body => {
                let mut written = std::mem::take(&mut self.found.body_attributes);
                if written.is_empty() {
                    self.attributes("body", attributes, &mut written);
                    Self::body_colours(attributes, &mut written);
                }
                self.found.body_attributes = written;
            }
            Treatment::DropRaw => drop(tokens.raw_text(name)),
            Treatment::ShowRaw => {
                let text = tokens.raw_text(name);
                self.preformatted(text, name == "textarea");
            }
            Treatment::ShowRest => {
                let text = tokens.remaining();
                self.preformatted(text, false);
            }
            Treatment::Foreign if self_closing => {}
            Treatment::Foreign | Treatment::Drop => self.skipped = Some((name.to_owned(), 1)),
            Treatment::Unwrap => {}
        }
    }

    fn end(&mut self, name: &str) {
        if let Some((skipped, depth)) = &mut self.skipped {
            if skipped == name {
                *depth -= 1;
                if *depth == 0 {
                    self.skipped = None;
                }
            }
            return;
        }
        match elements::treatment(name) {
            // Browsers read `</br>` as `<br>`.
            Treatment::Keep("br", _) => self.found.body.push_str("<br>"),
            Treatment::Keep(name, group) => self.close(name, group),
            _ => {}
        }
    }

    fn close(&mut self, name: &'static str, group: Group) {
        if self.too_deep > 0 {
            self.too_deep -= 1;
            return;
        }
        let table_part = matches!(group, Group::Table | Group::Section | Group::Row | Group::Cell);
        let stop = |open: Group| match open {
            Group::Table => !table_part,
            Group::Cell => !table_part && group != Group::Cell,
            _ => false,
        };
        let mut at = None;
        for (index, (open, open_group)) in self.open.iter().enumerate().rev() {
            if *open == name {
                at = Some(index);
                break;
            }
            if stop(*open_group) || (group != Group::Table && *open_group == Group::Table) {
                break;
            }
        }
        let Some(at) = at else { return };
        if group == Group::Formatting {
            // The browser opens again what was open inside.
            self.open.remove(at);
            self.formatting -= 1;
        } else {
            self.truncate(at);
        }
        let _ = write!(self.found.body, "</{name}>");
    }

    fn truncate(&mut self, len: usize) {
        let closed = &self.open[len..];
        self.formatting -= closed.iter().filter(|(_, group)| *group == Group::Formatting).count();
        self.open.truncate(len);
    }

    fn element(&mut self, name: &'static str, group: Group, attributes: &[Attribute<'_>]) {
        // As the browser does, so that depth is counted right: a new paragraph ends the last, and the like.
        if let Some(at) = self.closed_by(group) {
            self.truncate(at);
        }
        if name == "a" && self.open.iter().any(|(open, _)| *open == "a") {
            self.close("a", Group::Formatting);
        }
        if !matches!(group, Group::Table | Group::Section | Group::Row | Group::Cell) && name != "col" {
            self.misplace();
        }
        self.cost += 1 + self.formatting;
        if group != Group::Void {
            if self.open.len() >= self.depth_max || self.too_deep > 0 {
                self.too_deep += 1;
                return;
            }
            if group == Group::Formatting {
                if self.formatting >= FORMATTING_MAX {
                    return;
                }
                self.formatting += 1;
            }
            self.open.push((name, group));
        }
        let mut tag = std::mem::take(&mut self.found.body);
        tag.push('<');
        tag.push_str(name);
        self.attributes(name, attributes, &mut tag);
        tag.push('>');
        self.found.body = tag;
    }

    /// Counts what stands in a table but in no cell, and closes the table if that is too much.
    fn misplace(&mut self) {
        let innermost = self.open.iter().rposition(|(_, group)| {
            matches!(group, Group::Table | Group::Section | Group::Row | Group::Cell)
        });
        let Some(innermost) = innermost.filter(|at| self.open[*at].1 != Group::Cell) else { return };
        self.misplaced += 1;
        if self.misplaced > MISPLACED_MAX {
            let table = self.open[..=innermost].iter().rposition(|(_, group)| *group == Group::Table);
            if let Some(table) = table {
                self.truncate(table);
                self.found.body.push_str("</table>");
            }
        }
    }

    /// The place in the stack from which on a beginning element closes what is open.
    fn closed_by(&self, group: Group) -> Option<usize> {
        let mut from = None;
        for (index, (_, open)) in self.open.iter().enumerate().rev() {
            if elements::closes(group, *open) {
                from = Some(index);
            } else if elements::stops(group, *open) {
                break;
            }
        }
        from
    }

    /// Writes the attributes that may stay, each with a blank before it.
    fn attributes(&mut self, element: &str, attributes: &[Attribute<'_>], out: &mut String) {
        let mut style = String::new();
        for attribute in attributes {
            let lower = attribute.name.to_ascii_lowercase();
            let Some(name) = elements::attribute(element, &lower) else { continue };
            let value = entities::decode(attribute.value, true);
            match name {
                "style" => style.insert_str(0, &css::attribute(&value, &mut self.found.images)),
                "background" => {
                    if let Shown::At(path) = self.found.images.show(&value, false) {
                        let _ = write!(style, "background-image:url(\"{path}\");");
                    }
                }
                "href" => match links::target(&value) {
                    Some(Target::Fragment(fragment)) => push_attribute(out, name, &fragment),
                    Some(Target::Outside(url)) => {
                        push_attribute(out, name, &url);
                        push_attribute(out, "target", "_blank");
                    }
                    None => {}
                },
                "target" | "src" => {}
                "colspan" | "rowspan" | "span" => {
                    let number = value.trim().parse::<u16>().unwrap_or(1).clamp(1, 1000);
                    push_attribute(out, name, &number.to_string());
                }
                // An image of that name would hide properties of the document.
                "id" if element == "img" => {}
                _ => push_attribute(out, name, cut(&value, VALUE_OCTETS_MAX)),
            }
        }
        if !style.is_empty() {
            push_attribute(out, "style", &style);
        }
    }

    /// `text`, `link` and margins of the body, as styles.
    fn body_colours(attributes: &[Attribute<'_>], out: &mut String) {
        if let Some(colour) = value(attributes, "text") {
            push_attribute(out, "text", cut(&entities::decode(colour, true), 40));
        }
        if let Some(colour) = value(attributes, "link") {
            push_attribute(out, "link", cut(&entities::decode(colour, true), 40));
        }
    }

    fn image(&mut self, attributes: &[Attribute<'_>]) {
        self.misplace();
        self.cost += 1 + self.formatting;
        let source = entities::decode(value(attributes, "src").unwrap_or_default(), true);
        let invisible = is_invisible(attributes);
        let shown = self.found.images.show(&source, invisible);
        let mut tag = std::mem::take(&mut self.found.body);
        let before = tag.len();
        tag.push_str("<img");
        self.attributes("img", attributes, &mut tag);
        match shown {
            Shown::At(url) => push_attribute(&mut tag, "src", &url),
            Shown::Blocked => {
                push_attribute(&mut tag, "src", PIXEL);
                push_attribute(&mut tag, "data-blocked", "");
            }
            Shown::Nothing => tag.truncate(before),
        }
        if tag.len() > before {
            tag.push('>');
        }
        self.found.body = tag;
    }

    fn style(&mut self, sheet: &str, media: Option<&str>) {
        if sheet.len() > self.css_left {
            self.css_left = 0;
            return;
        }
        self.css_left -= sheet.len();
        match media.map(|media| entities::decode(media, true)) {
            Some(media) if !media.trim().is_empty() && media.len() < 1000 => {
                let conditional = format!("@media {media}{{{sheet}}}");
                css::sheet(&conditional, &mut self.found.images, &mut self.found.css);
            }
            _ => css::sheet(sheet, &mut self.found.images, &mut self.found.css),
        }
    }

    fn preformatted(&mut self, text: &str, references: bool) {
        self.misplace();
        self.cost += 1 + self.formatting;
        self.found.body.push_str("<pre>");
        if references {
            self.text(&entities::decode(text, false));
        } else {
            self.text(text);
        }
        self.found.body.push_str("</pre>");
    }

    /// Writes text without references. Each character that must be written as one is weighed: the tree takes time
    /// that grows with the square of their number in one text.
    fn text(&mut self, text: &str) {
        let before = self.found.body.len();
        push_escaped(&mut self.found.body, text);
        self.cost += (self.found.body.len() - before).saturating_sub(text.len());
    }
}

fn value<'a>(attributes: &[Attribute<'a>], name: &str) -> Option<&'a str> {
    attributes.iter().find(|a| a.name.eq_ignore_ascii_case(name)).map(|a| a.value)
}

fn push_attribute(out: &mut String, name: &str, value: &str) {
    out.push(' ');
    out.push_str(name);
    out.push_str("=\"");
    push_escaped(out, value);
    out.push('"');
}

fn cut(text: &str, octets_max: usize) -> &str {
    let mut end = text.len().min(octets_max);
    while !text.is_char_boundary(end) {
        end -= 1;
    }
    &text[..end]
}

/// At most two pixels in both directions, by attribute or style.
fn is_invisible(attributes: &[Attribute<'_>]) -> bool {
    let style: String = entities::decode(value(attributes, "style").unwrap_or_default(), true)
        .chars()
        .filter(|c| !c.is_whitespace())
        .collect::<String>()
        .to_ascii_lowercase();
    let small = |text: &str| {
        let digits = text.trim().trim_end_matches("!important").trim_end_matches("px");
        digits.parse::<f32>().is_ok_and(|pixels| pixels <= 2.0)
    };
    let by_style = |property: &str| {
        style.split(';').filter_map(|d| d.split_once(':')).find(|(name, _)| *name == property).map(|(_, v)| v)
    };
    ["width", "height"].into_iter().all(|side| {
        by_style(side).or_else(|| value(attributes, side)).is_some_and(small)
            || by_style(if side == "width" { "max-width" } else { "max-height" }).is_some_and(small)
    })
}
