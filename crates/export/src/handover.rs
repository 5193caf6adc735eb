//! A handover of data to an auditor (Z3): one ZIP with tables, their description by the standard for data carriers (`index.xml`,
//! `GDPdU` of 01-09-2004), the mails as files, and what proves them.

use std::fmt::Write as _;
use std::fs::File;
use std::io::{self, Read as _, Seek as _, Write};

use quick_xml::escape::escape;
use zip::ZipWriter;
use zip::write::{SimpleFileOptions, StreamWriter};

use crate::row::{Role, Row, file_name, text};
use crate::target::Octets;

/// A mail of so many octets needs the wide fields (ZIP64) already where it begins.
const WIDE: u64 = u32::MAX as u64 - (1 << 20);

/// What stands above the tables.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Supplier {
    /// Name of the organisation.
    pub name: String,
    /// Where; may be empty.
    pub location: String,
    /// What was asked for, in words.
    pub comment: String,
    /// First and last day, `2026-03-02`; empty where there is none.
    pub days: (String, String),
}

/// Kinds of columns.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Kind {
    Text,
    Number,
    Date,
}
use Kind::{Date, Number, Text};

struct Table {
    file: &'static str,
    name: &'static str,
    about: &'static str,
    /// The first is the key of [`MAILS`], in the others it leads there.
    columns: &'static [(&'static str, Kind, &'static str)],
}

const TABLES: [Table; 5] = [
    Table {
        file: "mails.csv",
        name: "Mails",
        about: "Archivierte Mails",
        columns: &[
            ("Mail", Text, "Kennung der Mail im Archiv"),
            ("Message_ID", Text, "Message-ID nach RFC 5322"),
            ("Datum", Date, "Wirksames Datum, UTC"),
            ("Uhrzeit", Text, "Uhrzeit dazu, UTC, hh:mm:ss"),
            ("Betreff", Text, "Betreff"),
            ("Art", Text, "Art der Mail, etwa personal oder bounce"),
            ("Verlauf", Text, "Kennung des Verlaufs"),
            ("Oktette", Number, "Größe der Datei"),
            ("SHA256", Text, "Prüfsumme der Datei"),
            ("Datei", Text, "Ort der Datei in dieser Überlassung"),
        ],
    },
    Table {
        file: "adressen.csv",
        name: "Adressen",
        about: "Absender und Empfänger",
        columns: &[
            ("Mail", Text, "Kennung der Mail"),
            ("Feld", Text, "from, to, cc oder bcc"),
            ("Adresse", Text, "Mailadresse"),
            ("Name", Text, "Name daneben"),
        ],
    },
    Table {
        file: "anhaenge.csv",
        name: "Anhaenge",
        about: "Anhänge der Mails",
        columns: &[
            ("Mail", Text, "Kennung der Mail"),
            ("Name", Text, "Dateiname"),
            ("Typ", Text, "Medientyp"),
            ("Oktette", Number, "Größe nach der Dekodierung"),
            ("SHA256", Text, "Prüfsumme nach der Dekodierung"),
        ],
    },
    Table {
        file: "vorgaenge.csv",
        name: "Vorgaenge",
        about: "Vorgänge, denen die Mails zugeordnet sind",
        columns: &[
            ("Mail", Text, "Kennung der Mail"),
            ("Art", Text, "order, quote, contact oder item"),
            ("Nummer", Text, "Nummer des Vorgangs"),
            ("Regel", Text, "ja, wenn eine Regel zugeordnet hat, nein bei einer Person"),
        ],
    },
    Table {
        file: "fundorte.csv",
        name: "Fundorte",
        about: "Postfächer, in denen die Mails liegen",
        columns: &[
            ("Mail", Text, "Kennung der Mail"),
            ("Konto", Text, "Name des Kontos"),
            ("Ordner", Text, "Name des Ordners"),
        ],
    },
];
/// Places in [`TABLES`].
const MAILS: usize = 0;
const ADDRESSES: usize = 1;
const ATTACHMENTS: usize = 2;
const RECORDS: usize = 3;
const PLACES: usize = 4;

/// Writes the ZIP.
pub struct Handover<W: Write> {
    out: ZipWriter<StreamWriter<W>>,
    supplier: Supplier,
    /// Rows of each table, which stand behind the mails.
    rows: Vec<File>,
}

impl<W: Write> Handover<W> {
    /// Begins a file.
    ///
    /// # Errors
    /// Those of the temporary files in which the tables wait.
    pub fn new(out: W, supplier: Supplier) -> io::Result<Self> {
        let mut rows = Vec::with_capacity(TABLES.len());
        for table in &TABLES {
            let mut file = tempfile::tempfile()?;
            let names: Vec<&str> = table.columns.iter().map(|(name, ..)| *name).collect();
            file.write_all(line(&names).as_bytes())?;
            rows.push(file);
        }
        Ok(Self { out: ZipWriter::new_stream(out), supplier, rows })
    }

    fn begin(&mut self, name: &str, octets: u64) -> io::Result<()> {
        let options = SimpleFileOptions::default().large_file(octets >= WIDE).unix_permissions(0o644);
        self.out.start_file(name, options).map_err(io::Error::other)
    }

    /// Where the octets of a mail lie in the ZIP.
    pub fn place(row: &Row) -> String {
        format!("mails/{}", file_name(row))
    }

    /// Writes a mail.
    ///
    /// # Errors
    /// Those of the file, and of `octets`.
    pub fn mail(&mut self, row: &Row, octets: &mut Octets<'_>) -> io::Result<()> {
        let place = Self::place(row);
        self.begin(&place, row.octets)?;
        octets(&mut self.out)?;
        let id = row.mail_id.to_string();
        let at = |form: &str| row.date.map(|date| text(date, form)).unwrap_or_default();
        let cells = [
            &id,
            row.message_id.as_deref().unwrap_or_default(),
            &at("%Y-%m-%d"),
            &at("%H:%M:%S"),
            &row.subject,
            row.kind.unwrap_or_default(),
            row.thread_id.as_deref().unwrap_or_default(),
            &row.octets.to_string(),
            &row.sha256.to_string(),
            &place,
        ];
        self.row(MAILS, &cells)?;
        for party in &row.parties {
            let field = match party.role {
                Role::From => "from",
                Role::To => "to",
                Role::Cc => "cc",
                Role::Bcc => "bcc",
            };
            self.row(ADDRESSES, &[&id, field, &party.address, &party.name])?;
        }
        for part in &row.attachments {
            let digest = part.sha256.map(|digest| digest.to_string()).unwrap_or_default();
            let cells = [&id, &part.name, &part.content_type, &part.octets.to_string(), &digest];
            self.row(ATTACHMENTS, &cells.map(String::as_str))?;
        }
        for link in &row.links {
            self.row(RECORDS, &[&id, link.kind, &link.number, if link.by_rule { "ja" } else { "nein" }])?;
        }
        for place in &row.places {
            self.row(PLACES, &[&id, &place.account, &place.mailbox])?;
        }
        Ok(())
    }

    fn row(&mut self, table: usize, cells: &[&str]) -> io::Result<()> {
        self.rows[table].write_all(line(cells).as_bytes())
    }

    /// Writes a file of the proof.
    ///
    /// # Errors
    /// Those of the file.
    pub fn proof(&mut self, name: &str, octets: &[u8]) -> io::Result<()> {
        self.begin(name, octets.len() as u64)?;
        self.out.write_all(octets)
    }

    /// Writes the tables and their description. Without it the handover is not complete.
    ///
    /// # Errors
    /// Those of the file.
    pub fn finish(mut self) -> io::Result<()> {
        for (table, mut rows) in TABLES.iter().zip(std::mem::take(&mut self.rows)) {
            let octets = rows.stream_position()?;
            rows.rewind()?;
            self.begin(table.file, octets)?;
            io::copy(&mut rows.take(octets), &mut self.out)?;
        }
        let index = index(&self.supplier);
        self.begin("index.xml", index.len() as u64)?;
        self.out.write_all(index.as_bytes())?;
        self.out.finish().map_err(io::Error::other)?.into_inner().flush()
    }
}

/// One line of a table: no cell holds the end of one, and none begins like a formula.
fn line(cells: &[&str]) -> String {
    let cell = |cell: &&str| crate::csv::quoted(&cell.replace(['\r', '\n'], " "));
    cells.iter().map(cell).collect::<Vec<_>>().join(";") + "\r\n"
}

fn element(out: &mut String, depth: usize, name: &str, text: &str) {
    let _ = writeln!(out, "{:width$}<{name}>{}</{name}>", "", escape(text), width = depth * 2);
}

/// What stands in which table.
fn index(supplier: &Supplier) -> String {
    let mut out = String::from(
        "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<!DOCTYPE DataSet SYSTEM \"gdpdu-01-09-2004.dtd\">\n<DataSet>\n",
    );
    element(&mut out, 1, "Version", "1.0");
    out.push_str("  <DataSupplier>\n");
    element(&mut out, 2, "Name", &supplier.name);
    element(&mut out, 2, "Location", &supplier.location);
    element(&mut out, 2, "Comment", &supplier.comment);
    out.push_str("  </DataSupplier>\n  <Media>\n");
    element(&mut out, 2, "Name", "Poststelle");
    for (at, table) in TABLES.iter().enumerate() {
        describe(&mut out, table, at == MAILS, &supplier.days);
    }
    out.push_str("  </Media>\n</DataSet>\n");
    out
}

fn describe(out: &mut String, table: &Table, is_first: bool, (from, to): &(String, String)) {
    out.push_str("    <Table>\n");
    element(out, 3, "URL", table.file);
    element(out, 3, "Name", table.name);
    element(out, 3, "Description", table.about);
    if !from.is_empty() {
        out.push_str("      <Validity>\n        <Range>\n");
        element(out, 5, "From", from);
        if !to.is_empty() {
            element(out, 5, "To", to);
        }
        out.push_str("        </Range>\n");
        element(out, 4, "Format", "YYYY-MM-DD");
        out.push_str("      </Validity>\n");
    }
    out.push_str("      <UTF8/>\n");
    element(out, 3, "DecimalSymbol", ",");
    element(out, 3, "DigitGroupingSymbol", ".");
    // The names of the columns stand in the first row.
    out.push_str("      <Range>\n        <From>2</From>\n      </Range>\n      <VariableLength>\n");
    element(out, 4, "ColumnDelimiter", ";");
    out.push_str("        <RecordDelimiter>&#13;&#10;</RecordDelimiter>\n");
    element(out, 4, "TextEncapsulator", "\"");
    for (at, (name, kind, about)) in table.columns.iter().enumerate() {
        let column = if at == 0 && is_first { "VariablePrimaryKey" } else { "VariableColumn" };
        let _ = writeln!(out, "        <{column}>");
        element(out, 5, "Name", name);
        element(out, 5, "Description", about);
        out.push_str(match kind {
            Text => "          <AlphaNumeric/>\n",
            Number => "          <Numeric/>\n",
            Date => "          <Date>\n            <Format>YYYY-MM-DD</Format>\n          </Date>\n",
        });
        let _ = writeln!(out, "        </{column}>");
    }
    if !is_first {
        out.push_str("        <ForeignKey>\n");
        element(out, 5, "Name", "Mail");
        element(out, 5, "References", "Mails");
        out.push_str("        </ForeignKey>\n");
    }
    out.push_str("      </VariableLength>\n    </Table>\n");
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_description_is_of_the_standard() {
        let supplier = Supplier {
            name: "Müller & Söhne".to_owned(),
            days: ("2025-01-01".to_owned(), "2025-12-31".to_owned()),
            ..Supplier::default()
        };
        let text = index(&supplier);
        let mut reader = quick_xml::Reader::from_str(&text);
        let mut depth = 0_i32;
        loop {
            match reader.read_event().unwrap() {
                quick_xml::events::Event::Start(_) => depth += 1,
                quick_xml::events::Event::End(_) => depth -= 1,
                quick_xml::events::Event::Eof => break,
                _ => {}
            }
        }
        assert_eq!(depth, 0);
        for piece in [
            "<!DOCTYPE DataSet SYSTEM \"gdpdu-01-09-2004.dtd\">",
            "<Name>Müller &amp; Söhne</Name>",
            "<From>2025-01-01</From>",
            "<RecordDelimiter>&#13;&#10;</RecordDelimiter>",
            "<VariablePrimaryKey>\n          <Name>Mail</Name>",
        ] {
            assert!(text.contains(piece), "{piece}");
        }
        assert_eq!(text.matches("<Table>").count(), 5);
        assert_eq!(text.matches("<ForeignKey>").count(), 4);
        // The order the standard asks for.
        let places: Vec<usize> = ["<URL>", "<Validity>", "<UTF8/>", "<DecimalSymbol>", "<VariableLength>"]
            .iter()
            .map(|piece| text.find(piece).unwrap())
            .collect();
        assert!(places.is_sorted(), "{places:?}");
    }

    #[test]
    fn a_line_is_one_line() {
        assert_eq!(line(&["a\r\nb", "=1", "x\"y"]), "\"a  b\";\"'=1\";\"x\"\"y\"\r\n");
    }
}
