//! Pages of one document: where one writes, and what stands there.

use std::fmt::Write as _;

use super::font::{Font, Weight};

/// A4, points.
pub(super) const WIDTH: f32 = 595.28;
/// A4, points.
pub(super) const HEIGHT: f32 = 841.89;
/// Left and right, points.
pub(super) const MARGIN: f32 = 62.0;
const TOP: f32 = 68.0;
const BOTTOM: f32 = 72.0;

/// Colours: text, what stands back, the accent.
pub(super) const INK: &str = "0.11 0.13 0.15";
pub(super) const DIM: &str = "0.38 0.42 0.46";
pub(super) const ACCENT: &str = "0.05 0.38 0.42";

/// A size, a weight and a colour.
#[derive(Clone, Copy)]
pub(super) struct Style {
    pub(super) size: f32,
    pub(super) weight: Weight,
    pub(super) colour: &'static str,
}

impl Style {
    pub(super) const fn new(size: f32, weight: Weight, colour: &'static str) -> Self {
        Self { size, weight, colour }
    }

    /// From one line to the next, points.
    pub(super) fn leading(self) -> f32 {
        self.size * 1.45
    }
}

pub(super) const BODY: Style = Style::new(9.5, Weight::Regular, INK);
pub(super) const CELL: Style = Style::new(8.5, Weight::Regular, INK);
pub(super) const CELL_HEAD: Style = Style::new(8.5, Weight::Bold, INK);
pub(super) const FOOT: Style = Style::new(8.0, Weight::Regular, DIM);

/// Where a page leads to another one.
pub(super) struct Jump {
    pub(super) bounds: [f32; 4],
    /// Page from 0.
    pub(super) to: usize,
}

#[derive(Default)]
pub(super) struct Page {
    pub(super) content: String,
    pub(super) jumps: Vec<Jump>,
}

/// The pages, written from top to bottom.
pub(super) struct Sheets {
    pub(super) regular: Font,
    pub(super) bold: Font,
    pub(super) pages: Vec<Page>,
    /// Of the next line's top, points from below.
    pub(super) y: f32,
}

impl Sheets {
    pub(super) fn new() -> Self {
        let (regular, bold) = (Font::new(Weight::Regular), Font::new(Weight::Bold));
        Self { regular, bold, pages: vec![Page::default()], y: HEIGHT - TOP }
    }

    fn font(&mut self, weight: Weight) -> &mut Font {
        match weight {
            Weight::Regular => &mut self.regular,
            Weight::Bold => &mut self.bold,
        }
    }

    pub(super) fn next_page(&mut self) {
        self.pages.push(Page::default());
        self.y = HEIGHT - TOP;
    }

    /// Begins a new page if less than this is left, points; whether it did.
    pub(super) fn need(&mut self, height: f32) -> bool {
        let full = self.y - height < BOTTOM;
        if full {
            self.next_page();
        }
        full
    }

    pub(super) fn skip(&mut self, height: f32) {
        self.y -= height;
    }

    pub(super) fn current(&mut self) -> &mut Page {
        self.pages.last_mut().expect("there is one from the beginning")
    }

    pub(super) fn width(&self, text: &str, style: Style) -> f32 {
        match style.weight {
            Weight::Regular => self.regular.width(text, style.size),
            Weight::Bold => self.bold.width(text, style.size),
        }
    }

    /// Puts one line with its base line at `y` on a page.
    pub(super) fn put(&mut self, page: usize, x: f32, y: f32, style: Style, text: &str) {
        let shown = self.font(style.weight).shown(text);
        let font = if style.weight == Weight::Regular { "F1" } else { "F2" };
        let _ = writeln!(
            self.pages[page].content,
            "BT {} rg /{font} {} Tf 1 0 0 1 {x:.2} {y:.2} Tm <{shown}> Tj ET",
            style.colour, style.size
        );
    }

    /// A filled area, corner at the lower left.
    pub(super) fn fill(&mut self, x: f32, y: f32, width: f32, height: f32, colour: &str) {
        let page = self.current();
        let _ = writeln!(page.content, "{colour} rg {x:.2} {y:.2} {width:.2} {height:.2} re f");
    }

    /// Lines of a text in the width, points.
    pub(super) fn lines(&self, text: &str, style: Style, width: f32) -> Vec<String> {
        let mut lines = Vec::new();
        for paragraph in text.split('\n') {
            let mut line = String::new();
            for word in paragraph.split_whitespace() {
                let wider = if line.is_empty() { word.to_owned() } else { format!("{line} {word}") };
                if self.width(&wider, style) <= width {
                    line = wider;
                    continue;
                }
                if !line.is_empty() {
                    lines.push(std::mem::take(&mut line));
                }
                line = self.broken(word, style, width, &mut lines);
            }
            lines.push(line);
        }
        lines
    }

    /// Breaks a word that is wider than a line; gives what is left of it.
    fn broken(&self, word: &str, style: Style, width: f32, lines: &mut Vec<String>) -> String {
        let mut line = String::new();
        for c in word.chars() {
            line.push(c);
            if self.width(&line, style) > width && line.chars().count() > 1 {
                line.pop();
                lines.push(std::mem::replace(&mut line, c.to_string()));
            }
        }
        line
    }

    /// Writes a text from here on down.
    pub(super) fn write(&mut self, x: f32, width: f32, style: Style, text: &str) {
        for line in self.lines(text, style, width) {
            self.need(style.leading());
            let (page, y) = (self.pages.len() - 1, self.y - style.size);
            self.put(page, x, y, style, &line);
            self.skip(style.leading());
        }
    }
}
