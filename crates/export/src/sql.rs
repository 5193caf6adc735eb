//! Tables and rows of standard SQL.

use std::fmt::Write as _;
use std::io::{self, Write};

use crate::row::Row;
use crate::target::{Octets, Writer};

/// Rows of one statement.
const ROWS: usize = 500;

/// Texts are in single quotes, a quote doubled, as SQL says. MySQL and MariaDB read a backslash as something else
/// unless told not to, and need to hear which characters come: they alone read what stands in `/*! */`.
const HEAD: &str = "/*!40101 SET SESSION sql_mode = 'ANSI,NO_BACKSLASH_ESCAPES' */;
/*!40101 SET NAMES utf8mb4 */;
CREATE TABLE mails (
    mail_id CHAR(36) PRIMARY KEY, message_id TEXT, date_utc VARCHAR(19), subject TEXT NOT NULL, kind VARCHAR(20),
    thread_id CHAR(36), octets BIGINT NOT NULL, sha256 CHAR(64) NOT NULL
) /*!40101 DEFAULT CHARSET = utf8mb4 */;
CREATE TABLE mail_addresses (mail_id CHAR(36) NOT NULL, role VARCHAR(4) NOT NULL, n INTEGER NOT NULL, address TEXT NOT NULL, name TEXT NOT NULL) /*!40101 DEFAULT CHARSET = utf8mb4 */;
CREATE TABLE mail_placements (mail_id CHAR(36) NOT NULL, account TEXT NOT NULL, mailbox TEXT NOT NULL) /*!40101 DEFAULT CHARSET = utf8mb4 */;
CREATE TABLE mail_attachments (
    mail_id CHAR(36) NOT NULL, n INTEGER NOT NULL, name TEXT NOT NULL, content_type TEXT NOT NULL, octets BIGINT NOT NULL, sha256 CHAR(64)
) /*!40101 DEFAULT CHARSET = utf8mb4 */;
CREATE TABLE mail_links (mail_id CHAR(36) NOT NULL, kind VARCHAR(8) NOT NULL, number TEXT NOT NULL, set_by VARCHAR(6) NOT NULL) /*!40101 DEFAULT CHARSET = utf8mb4 */;
";

/// Names of the tables, in the order of [`Sql::waiting`].
const TABLES: [&str; 5] = ["mails", "mail_addresses", "mail_placements", "mail_attachments", "mail_links"];

/// Writes statements.
pub struct Sql<W> {
    out: W,
    /// Rows that wait for their statement.
    waiting: [Vec<String>; TABLES.len()],
}

impl<W: Write> Sql<W> {
    /// Begins with the tables.
    ///
    /// # Errors
    /// Those of `out`.
    pub fn new(mut out: W) -> io::Result<Self> {
        out.write_all(HEAD.as_bytes())?;
        Ok(Self { out, waiting: Default::default() })
    }

    fn add(&mut self, table: usize, row: &Values) -> io::Result<()> {
        self.waiting[table].push(format!("({})", row.0));
        if self.waiting[table].len() < ROWS { Ok(()) } else { self.flush(table) }
    }

    fn flush(&mut self, table: usize) -> io::Result<()> {
        let rows = std::mem::take(&mut self.waiting[table]);
        if rows.is_empty() {
            return Ok(());
        }
        write!(self.out, "INSERT INTO {} VALUES\n{};\n", TABLES[table], rows.join(",\n"))
    }
}

/// Values of a row.
#[derive(Default)]
struct Values(String);

impl Values {
    fn raw(mut self, value: &str) -> Self {
        if !self.0.is_empty() {
            self.0.push_str(", ");
        }
        self.0.push_str(value);
        self
    }

    fn text(self, text: &str) -> Self {
        let text = text.replace('\0', "").replace('\'', "''");
        self.raw(&format!("'{text}'"))
    }

    fn option(self, text: Option<&str>) -> Self {
        match text {
            Some(text) => self.text(text),
            None => self.raw("NULL"),
        }
    }

    fn number(mut self, number: u64) -> Self {
        if !self.0.is_empty() {
            self.0.push_str(", ");
        }
        let _ = write!(self.0, "{number}");
        self
    }
}

impl<W: Write> Writer for Sql<W> {
    fn mail(&mut self, row: &Row, _: &mut Octets<'_>) -> io::Result<()> {
        let id = row.mail_id.to_string();
        let begin = || Values::default().text(&id);
        let date = row.date.map(|date| crate::row::text(date, "%Y-%m-%d %H:%M:%S"));
        let values = begin().option(row.message_id.as_deref());
        let values = values.option(date.as_deref().filter(|date| !date.is_empty())).text(&row.subject);
        let values = values.option(row.kind).option(row.thread_id.as_deref());
        self.add(0, &values.number(row.octets).text(&row.sha256.to_string()))?;
        for (n, party) in row.parties.iter().enumerate() {
            let values = begin().text(party.role.as_str()).number(n as u64 + 1);
            self.add(1, &values.text(&party.address).text(&party.name))?;
        }
        for place in &row.places {
            self.add(2, &begin().text(&place.account).text(&place.mailbox))?;
        }
        for (n, attachment) in row.attachments.iter().enumerate() {
            let values = begin().number(n as u64 + 1).text(&attachment.name).text(&attachment.content_type);
            let sha256 = attachment.sha256.map(|digest| digest.to_string());
            self.add(3, &values.number(attachment.octets).option(sha256.as_deref()))?;
        }
        for link in &row.links {
            let by = if link.by_rule { "rule" } else { "person" };
            self.add(4, &begin().text(link.kind).text(&link.number).text(by))?;
        }
        Ok(())
    }

    fn finish(mut self: Box<Self>) -> io::Result<()> {
        for table in 0..TABLES.len() {
            self.flush(table)?;
        }
        self.out.flush()
    }
}
