//! Documents for people as PDF: a cover, contents, numbered sections, tables, page numbers. Fonts are inside.

mod font;
mod sheet;

use font::Weight;
use lopdf::{Document, Object, ObjectId, Stream, StringFormat, dictionary};
use sheet::{
    ACCENT, BODY, CELL, CELL_HEAD, DIM, FOOT, HEIGHT, INK, Jump, MARGIN, Page, Sheets, Style, WIDTH,
};

/// A document.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Paper {
    /// On the cover and in the properties.
    pub title: String,
    /// Below it.
    pub subtitle: String,
    /// `de` or `en`, for programs that read it aloud.
    pub language: String,
    /// On the cover: names and values.
    pub cover: Vec<(String, String)>,
    /// The word above the contents.
    pub contents: String,
    /// At the foot of each page, left.
    pub foot: String,
    /// At the foot, right, with `{page}` and `{pages}`.
    pub page_of: String,
    /// In their order; they are numbered here.
    pub sections: Vec<Section>,
}

/// A section: at the top level, or below the one before.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Section {
    /// Without its number.
    pub title: String,
    /// Below the one before that is not.
    pub is_below: bool,
    /// What stands in it.
    pub blocks: Vec<Block>,
}

/// What stands in a section.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Block {
    /// A paragraph.
    Text(String),
    /// Names and values.
    Facts(Vec<(String, String)>),
    /// One below the other, each with a mark.
    List(Vec<String>),
    /// A table.
    Table {
        /// Names of the columns.
        head: Vec<String>,
        /// Shares of the width.
        widths: Vec<u16>,
        /// Cells; those that are missing are empty.
        rows: Vec<Vec<String>>,
    },
}

/// A document that cannot be written.
#[derive(Debug, thiserror::Error)]
#[error("the document cannot be written")]
pub struct PdfError(#[from] lopdf::Error);

const INNER: f32 = WIDTH - 2.0 * MARGIN;
const TITLE: Style = Style::new(27.0, Weight::Bold, INK);
const SUBTITLE: Style = Style::new(13.0, Weight::Regular, DIM);
const H1: Style = Style::new(15.0, Weight::Bold, ACCENT);
const H2: Style = Style::new(11.5, Weight::Bold, INK);
const LINE: &str = "0.82 0.85 0.87";
const SHADE: &str = "0.955 0.965 0.97";
/// Entries of the contents on a page.
const ENTRIES: usize = 34;

/// Where a section begins.
struct Place {
    number: String,
    title: String,
    is_below: bool,
    page: usize,
}

/// The document as the octets of a file.
///
/// # Errors
/// `PdfError` if it cannot be put together.
pub fn pdf(paper: &Paper) -> Result<Vec<u8>, PdfError> {
    let mut sheets = Sheets::new();
    cover(&mut sheets, paper);
    let contents = sheets.pages.len();
    for _ in 0..paper.sections.len().div_ceil(ENTRIES) {
        sheets.next_page();
    }
    let places = body(&mut sheets, paper);
    write_contents(&mut sheets, paper, &places, contents);
    feet(&mut sheets, paper);
    written(&sheets, paper, &places)
}

fn cover(sheets: &mut Sheets, paper: &Paper) {
    sheets.fill(0.0, HEIGHT - 14.0, WIDTH, 14.0, ACCENT);
    sheets.y = HEIGHT - 210.0;
    sheets.write(MARGIN, INNER, TITLE, &paper.title);
    sheets.skip(4.0);
    sheets.write(MARGIN, INNER, SUBTITLE, &paper.subtitle);
    sheets.skip(26.0);
    sheets.fill(MARGIN, sheets.y, 64.0, 2.5, ACCENT);
    sheets.skip(30.0);
    facts(sheets, &paper.cover);
}

/// The sections, each at the top level with some room around it.
fn body(sheets: &mut Sheets, paper: &Paper) -> Vec<Place> {
    let (mut first, mut second) = (0, 0);
    let mut places = Vec::with_capacity(paper.sections.len());
    if !paper.sections.is_empty() {
        sheets.next_page();
    }
    for section in &paper.sections {
        let (number, style) = if section.is_below && first > 0 {
            second += 1;
            (format!("{first}.{second}"), H2)
        } else {
            (first, second) = (first + 1, 0);
            (first.to_string(), H1)
        };
        // A heading is not the last thing on a page.
        if !sheets.need(style.leading() + 70.0) && !places.is_empty() {
            sheets.skip(if style.size == H1.size { 16.0 } else { 8.0 });
        }
        let page = sheets.pages.len() - 1;
        sheets.write(MARGIN, INNER, style, &format!("{number} {}", section.title));
        sheets.skip(4.0);
        places.push(Place { number, title: section.title.clone(), is_below: style.size == H2.size, page });
        for block in &section.blocks {
            self::block(sheets, block);
        }
    }
    places
}

fn block(sheets: &mut Sheets, block: &Block) {
    match block {
        Block::Text(text) => sheets.write(MARGIN, INNER, BODY, text),
        Block::Facts(list) => facts(sheets, list),
        Block::List(items) => {
            for item in items {
                sheets.need(BODY.leading());
                let (page, y) = (sheets.pages.len() - 1, sheets.y - BODY.size);
                sheets.put(page, MARGIN + 4.0, y, BODY, "•");
                sheets.write(MARGIN + 16.0, INNER - 16.0, BODY, item);
                sheets.skip(1.5);
            }
        }
        Block::Table { head, widths, rows } => table(sheets, head, widths, rows),
    }
    sheets.skip(7.0);
}

fn facts(sheets: &mut Sheets, list: &[(String, String)]) {
    let style = Style { colour: DIM, ..BODY };
    let wide = list.iter().map(|(name, _)| sheets.width(name, style)).fold(0.0_f32, f32::max);
    let left = (wide + 16.0).min(INNER * 0.45);
    for (name, value) in list {
        let names = sheets.lines(name, style, left - 8.0);
        let values = sheets.lines(value, BODY, INNER - left);
        row(sheets, &[(MARGIN, style, names), (MARGIN + left, BODY, values)]);
        sheets.skip(2.0);
    }
}

/// Cells beside each other, each a column of lines; they stay together unless they fill more than half a page.
fn row(sheets: &mut Sheets, cells: &[(f32, Style, Vec<String>)]) {
    let leading = cells.iter().map(|(_, style, _)| style.leading()).fold(0.0_f32, f32::max);
    let count = cells.iter().map(|(_, _, lines)| lines.len()).max().unwrap_or_default();
    let height = leading * count as f32;
    if height < HEIGHT / 2.0 {
        sheets.need(height);
    }
    for at in 0..count {
        sheets.need(leading);
        let page = sheets.pages.len() - 1;
        for (x, style, lines) in cells {
            if let Some(line) = lines.get(at) {
                let y = sheets.y - style.size;
                sheets.put(page, *x, y, *style, line);
            }
        }
        sheets.skip(leading);
    }
}

fn table(sheets: &mut Sheets, head: &[String], widths: &[u16], rows: &[Vec<String>]) {
    const PAD: f32 = 5.0;
    let sum: f32 = widths.iter().map(|share| f32::from(*share)).sum::<f32>().max(1.0);
    let shares: Vec<f32> = widths.iter().map(|share| INNER * f32::from(*share) / sum).collect();
    let cells = |sheets: &Sheets, texts: &[String], style: Style| {
        let mut x = MARGIN;
        let mut cells = Vec::with_capacity(shares.len());
        for (at, share) in shares.iter().enumerate() {
            let text = texts.get(at).map_or("", String::as_str);
            cells.push((x + PAD, style, sheets.lines(text, style, share - 2.0 * PAD)));
            x += share;
        }
        cells
    };
    let height = |cells: &[(f32, Style, Vec<String>)]| {
        CELL.leading() * cells.iter().map(|(_, _, lines)| lines.len()).max().unwrap_or_default() as f32 + 6.0
    };
    let heading = cells(sheets, head, CELL_HEAD);
    let begin = |sheets: &mut Sheets| {
        let high = height(&heading);
        sheets.fill(MARGIN, sheets.y - high, INNER, high, SHADE);
        sheets.skip(3.0);
        row(sheets, &heading);
        sheets.skip(3.0);
        sheets.fill(MARGIN, sheets.y, INNER, 0.8, LINE);
    };
    sheets.need(height(&heading) + 30.0);
    begin(sheets);
    for texts in rows {
        let cells = cells(sheets, texts, CELL);
        let high = height(&cells);
        if high < HEIGHT / 2.0 && sheets.need(high) {
            begin(sheets);
        }
        sheets.skip(3.0);
        row(sheets, &cells);
        sheets.skip(3.0);
        sheets.fill(MARGIN, sheets.y, INNER, 0.4, LINE);
    }
}

fn write_contents(sheets: &mut Sheets, paper: &Paper, places: &[Place], from: usize) {
    for (at, chunk) in places.chunks(ENTRIES).enumerate() {
        let page = from + at;
        let mut y = HEIGHT - 84.0;
        sheets.put(page, MARGIN, y, H1, &paper.contents);
        y -= 30.0;
        for place in chunk {
            let style = if place.is_below { BODY } else { Style { weight: Weight::Bold, ..BODY } };
            let indent = if place.is_below { 18.0 } else { 0.0 };
            let number = (place.page + 1).to_string();
            let right = MARGIN + INNER - sheets.width(&number, style);
            let text = format!("{} {}", place.number, place.title);
            let text = sheets.lines(&text, style, right - MARGIN - indent - 12.0).swap_remove(0);
            sheets.put(page, MARGIN + indent, y, style, &text);
            sheets.put(page, right, y, style, &number);
            let bounds = [MARGIN, y - 4.0, MARGIN + INNER, y + 12.0];
            sheets.pages[page].jumps.push(Jump { bounds, to: place.page });
            y -= 18.5;
        }
    }
}

/// Every page but the cover has a foot.
fn feet(sheets: &mut Sheets, paper: &Paper) {
    let pages = sheets.pages.len();
    for page in 1..pages {
        let number = paper.page_of.replace("{page}", &(page + 1).to_string());
        let number = number.replace("{pages}", &pages.to_string());
        let right = MARGIN + INNER - sheets.width(&number, FOOT);
        let left = sheets.lines(&paper.foot, FOOT, right - MARGIN - 12.0).swap_remove(0);
        sheets.put(page, MARGIN, 40.0, FOOT, &left);
        sheets.put(page, right, 40.0, FOOT, &number);
    }
}

/// Text of properties and bookmarks: UTF-16 with its mark (ISO 32000-1 §7.9.2.2).
fn text(text: &str) -> Object {
    let octets = [0xfe, 0xff].into_iter().chain(text.encode_utf16().flat_map(u16::to_be_bytes)).collect();
    Object::String(octets, StringFormat::Hexadecimal)
}

fn written(sheets: &Sheets, paper: &Paper, places: &[Place]) -> Result<Vec<u8>, PdfError> {
    let mut document = Document::with_version("1.7");
    let (regular, bold) = (sheets.regular.embed(&mut document)?, sheets.bold.embed(&mut document)?);
    let resources =
        document.add_object(dictionary! { "Font" => dictionary! { "F1" => regular, "F2" => bold } });
    let tree = document.new_object_id();
    let ids: Vec<ObjectId> = sheets.pages.iter().map(|_| document.new_object_id()).collect();
    for (page, id) in sheets.pages.iter().zip(&ids) {
        let page = one_page(&mut document, page, &ids, tree, resources)?;
        document.objects.insert(*id, page);
    }
    let kids: Vec<Object> = ids.iter().copied().map(Object::Reference).collect();
    let pages = dictionary! { "Type" => "Pages", "Count" => kids.len() as i64, "Kids" => kids };
    document.objects.insert(tree, Object::Dictionary(pages));
    let outlines = bookmarks(&mut document, places, &ids);
    let catalog = document.add_object(dictionary! {
        "Type" => "Catalog",
        "Pages" => tree,
        "Outlines" => outlines,
        "Lang" => text(&paper.language),
        "ViewerPreferences" => dictionary! { "DisplayDocTitle" => true },
    });
    let about = document.add_object(dictionary! {
        "Title" => text(&paper.title),
        "Subject" => text(&paper.subtitle),
        "Creator" => text("Poststelle"),
    });
    document.trailer.set("Root", catalog);
    document.trailer.set("Info", about);
    let mut octets = Vec::new();
    document.save_to(&mut octets).map_err(lopdf::Error::from)?;
    Ok(octets)
}

fn one_page(
    document: &mut Document,
    page: &Page,
    ids: &[ObjectId],
    tree: ObjectId,
    resources: ObjectId,
) -> Result<Object, PdfError> {
    let mut content = Stream::new(dictionary! {}, page.content.clone().into_bytes());
    content.compress()?;
    let content = document.add_object(content);
    let jumps = page.jumps.iter().map(|jump| {
        Object::Dictionary(dictionary! {
            "Type" => "Annot",
            "Subtype" => "Link",
            "Rect" => jump.bounds.map(Object::Real).to_vec(),
            "Border" => vec![Object::Integer(0), Object::Integer(0), Object::Integer(0)],
            "Dest" => destination(ids[jump.to]),
        })
    });
    Ok(Object::Dictionary(dictionary! {
        "Type" => "Page",
        "Parent" => tree,
        "MediaBox" => [0.0, 0.0, WIDTH, HEIGHT].map(Object::Real).to_vec(),
        "Resources" => resources,
        "Contents" => content,
        "Annots" => jumps.collect::<Vec<_>>(),
    }))
}

fn destination(page: ObjectId) -> Vec<Object> {
    vec![Object::Reference(page), Object::Name(b"Fit".to_vec())]
}

/// One bookmark a section, all at the same level.
fn bookmarks(document: &mut Document, places: &[Place], pages: &[ObjectId]) -> ObjectId {
    let root = document.new_object_id();
    let ids: Vec<ObjectId> = places.iter().map(|_| document.new_object_id()).collect();
    for (at, place) in places.iter().enumerate() {
        let mut mark = dictionary! {
            "Title" => text(&format!("{} {}", place.number, place.title)),
            "Parent" => root,
            "Dest" => destination(pages[place.page]),
        };
        if at > 0 {
            mark.set("Prev", ids[at - 1]);
        }
        if let Some(next) = ids.get(at + 1) {
            mark.set("Next", *next);
        }
        document.objects.insert(ids[at], Object::Dictionary(mark));
    }
    let mut outlines = dictionary! { "Type" => "Outlines", "Count" => ids.len() as i64 };
    if let (Some(first), Some(last)) = (ids.first(), ids.last()) {
        outlines.set("First", *first);
        outlines.set("Last", *last);
    }
    document.objects.insert(root, Object::Dictionary(outlines));
    root
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What a program reads in it that knows nothing of us.
    fn read(octets: &[u8]) -> (usize, String) {
        let document = Document::load_mem(octets).unwrap();
        let pages: Vec<u32> = document.get_pages().into_keys().collect();
        (pages.len(), document.extract_text(&pages).unwrap())
    }

    fn paper(sections: usize, rows: usize) -> Paper {
        let table = Block::Table {
            head: vec!["Größe".to_owned(), "Wert".to_owned()],
            widths: vec![1, 3],
            rows: (0..rows).map(|n| vec![format!("Zeile {n}"), "ein längerer Text ".repeat(9)]).collect(),
        };
        let section = |n: usize| Section {
            title: format!("Abschnitt {n} über Übungen"),
            is_below: n % 2 == 1,
            blocks: vec![
                Block::Text("Straße, Öl, § 147 AO, 12 €, „so“ – und weiter.".to_owned()),
                Block::List(vec!["eins".to_owned(), "x".repeat(400)]),
                Block::Facts(vec![("Name".to_owned(), "Wert 🙂".to_owned())]),
                table.clone(),
            ],
        };
        Paper {
            title: "Verfahrensdokumentation".to_owned(),
            contents: "Inhalt".to_owned(),
            page_of: "Seite {page} von {pages}".to_owned(),
            foot: "Musterverein".to_owned(),
            sections: (0..sections).map(section).collect(),
            ..Paper::default()
        }
    }

    #[test]
    fn what_is_written_can_be_read() {
        let octets = pdf(&paper(3, 60)).unwrap();
        let (pages, text) = read(&octets);
        assert!((8..40).contains(&pages), "{pages}");
        for piece in [
            "Verfahrensdokumentation",
            "Inhalt",
            "1.1 Abschnitt 1 über Übungen",
            "2 Abschnitt 2",
            "Straße, Öl, § 147 AO, 12 €, „so“ – und weiter.",
            "Zeile 59",
            "Wert ?",
            &format!("Seite {pages} von {pages}"),
        ] {
            assert!(text.contains(piece), "{piece}: {text}");
        }
        assert!(text.matches("Größe").count() > 3, "a table's head stands on each of its pages");
    }

    #[test]
    fn any_length_is_written() {
        for (sections, rows) in [(0, 0), (1, 0), (80, 1)] {
            let (pages, _) = read(&pdf(&paper(sections, rows)).unwrap());
            assert!(pages >= 1, "{sections} {rows}");
        }
    }
}
