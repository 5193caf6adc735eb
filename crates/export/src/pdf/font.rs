//! The two fonts of documents: glyphs, widths, and what a PDF says of them.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use lopdf::{Document, Object, ObjectId, Stream, dictionary};
use ttf_parser::Face;

/// One of the fonts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Weight {
    Regular,
    Bold,
}

static REGULAR: &[u8] = include_bytes!("../../fonts/OpenSans-Regular.ttf");
static BOLD: &[u8] = include_bytes!("../../fonts/OpenSans-Semibold.ttf");

/// A font and the characters used of it.
pub(super) struct Font {
    face: Face<'static>,
    octets: &'static [u8],
    name: &'static str,
    /// Character of each glyph used.
    used: BTreeMap<u16, char>,
}

impl Font {
    pub(super) fn new(weight: Weight) -> Self {
        let (octets, name) = match weight {
            Weight::Regular => (REGULAR, "OpenSans"),
            Weight::Bold => (BOLD, "OpenSans-Semibold"),
        };
        let face = Face::parse(octets, 0).expect("the fonts of this crate are whole");
        Self { face, octets, name, used: BTreeMap::new() }
    }

    fn scale(&self) -> f32 {
        1000.0 / f32::from(self.face.units_per_em())
    }

    /// Glyph of a character, and what it shows: a question mark where the font has none.
    fn glyph(&self, c: char) -> (u16, char) {
        match self.face.glyph_index(c) {
            Some(glyph) => (glyph.0, c),
            None => (self.face.glyph_index('?').map_or(0, |glyph| glyph.0), '?'),
        }
    }

    fn advance(&self, glyph: u16) -> f32 {
        f32::from(self.face.glyph_hor_advance(ttf_parser::GlyphId(glyph)).unwrap_or_default()) * self.scale()
    }

    /// Width of a text, points.
    pub(super) fn width(&self, text: &str, size: f32) -> f32 {
        text.chars().map(|c| self.advance(self.glyph(c).0)).sum::<f32>() * size / 1000.0
    }

    /// A text as a content stream shows it: the glyphs in hexadecimal.
    pub(super) fn shown(&mut self, text: &str) -> String {
        let mut hex = String::with_capacity(text.len() * 4);
        for c in text.chars() {
            let (glyph, shown) = self.glyph(c);
            self.used.entry(glyph).or_insert(shown);
            let _ = write!(hex, "{glyph:04x}");
        }
        hex
    }

    /// Puts the font into a document.
    ///
    /// # Errors
    /// Those of compression.
    pub(super) fn embed(&self, document: &mut Document) -> lopdf::Result<ObjectId> {
        let scaled = |value: i16| Object::Integer((f32::from(value) * self.scale()).round() as i64);
        let mut file =
            Stream::new(dictionary! { "Length1" => self.octets.len() as i64 }, self.octets.to_vec());
        file.compress()?;
        let file = document.add_object(file);
        let bounds = self.face.global_bounding_box();
        let sides = [bounds.x_min, bounds.y_min, bounds.x_max, bounds.y_max];
        let descriptor = document.add_object(dictionary! {
            "Type" => "FontDescriptor",
            "FontName" => self.name,
            "Flags" => 32,
            "FontBBox" => sides.into_iter().map(scaled).collect::<Vec<_>>(),
            "ItalicAngle" => 0,
            "Ascent" => scaled(self.face.ascender()),
            "Descent" => scaled(self.face.descender()),
            "CapHeight" => scaled(self.face.capital_height().unwrap_or(1462)),
            "StemV" => 90,
            "FontFile2" => file,
        });
        let mut widths = Vec::with_capacity(self.used.len() * 2);
        for glyph in self.used.keys() {
            widths.push(Object::Integer(i64::from(*glyph)));
            widths.push(Object::Array(vec![Object::Real(self.advance(*glyph))]));
        }
        let descendant = document.add_object(dictionary! {
            "Type" => "Font",
            "Subtype" => "CIDFontType2",
            "BaseFont" => self.name,
            "CIDSystemInfo" => dictionary! {
                "Registry" => Object::string_literal("Adobe"),
                "Ordering" => Object::string_literal("Identity"),
                "Supplement" => 0,
            },
            "FontDescriptor" => descriptor,
            "CIDToGIDMap" => "Identity",
            "DW" => 600,
            "W" => widths,
        });
        let mut to_unicode = Stream::new(dictionary! {}, self.to_unicode().into_bytes());
        to_unicode.compress()?;
        let to_unicode = document.add_object(to_unicode);
        Ok(document.add_object(dictionary! {
            "Type" => "Font",
            "Subtype" => "Type0",
            "BaseFont" => self.name,
            "Encoding" => "Identity-H",
            "DescendantFonts" => vec![Object::Reference(descendant)],
            "ToUnicode" => to_unicode,
        }))
    }

    /// Which characters the glyphs are, so that text can be searched and copied (ISO 32000-1 §9.10.3).
    fn to_unicode(&self) -> String {
        let mut map = String::from(
            "/CIDInit /ProcSet findresource begin\n12 dict begin\nbegincmap\n/CIDSystemInfo << /Registry (Adobe) \
             /Ordering (UCS) /Supplement 0 >> def\n/CMapName /Adobe-Identity-UCS def\n/CMapType 2 def\n\
             1 begincodespacerange\n<0000> <ffff>\nendcodespacerange\n",
        );
        let used: Vec<(&u16, &char)> = self.used.iter().collect();
        for chunk in used.chunks(100) {
            let _ = writeln!(map, "{} beginbfchar", chunk.len());
            for (glyph, c) in chunk {
                let _ = write!(map, "<{glyph:04x}> <");
                for unit in c.encode_utf16(&mut [0; 2]) {
                    let _ = write!(map, "{unit:04x}");
                }
                map.push_str(">\n");
            }
            map.push_str("endbfchar\n");
        }
        map.push_str("endcmap\nCMapName currentdict /CMap defineresource pop\nend\nend\n");
        map
    }
}
