//! Each format is read again by another program's reader.

use std::collections::BTreeMap;
use std::io::{Cursor, Read as _};
use std::sync::{Arc, Mutex};

use calamine::{Data, Reader as _, Xlsx as Book};
use model::{MailId, Sha256, UnixMillis};

use test_support::{Mariadb, Postgres};

use super::*;

const OCTETS: [&[u8]; 4] = [
    b"Subject: 1\r\n\r\nFrom here\r\n>From there\r\nFromage\r\n>> From\r\n",
    b"Subject: 2\r\n\r\nno line end, a lone \r and >>>From x",
    b"",
    b"From \r\nFro",
];

fn row(n: usize) -> Row {
    let octets = OCTETS[n];
    Row {
        mail_id: MailId::from_octets([n as u8; 16]),
        message_id: (n != 1).then(|| format!("{n}@b.example")),
        date: (n != 2).then_some(UnixMillis(1_772_442_000_000 + n as i64 * 1000)),
        subject: ["=1+1", "O'Brien \\ \"x\" <&>", "\u{0}\u{1}nul", "Grüße 🙂"][n].to_owned(),
        parties: vec![
            Party { role: Role::From, address: "eva@b.example".to_owned(), name: "Eva, \"die\"".to_owned() },
            Party { role: Role::To, address: "+tom@b.example".to_owned(), name: String::new() },
            Party { role: Role::Cc, address: "uwe@b.example".to_owned(), name: String::new() },
        ],
        kind: Some("personal"),
        thread_id: None,
        octets: octets.len() as u64,
        sha256: Sha256([7; 32]),
        places: vec![Place { account: "Büro".to_owned(), mailbox: "INBOX".to_owned() }],
        attachments: vec![Attachment {
            name: "a.pdf".to_owned(),
            content_type: "application/pdf".to_owned(),
            octets: 5,
            sha256: None,
        }],
        links: vec![Link { kind: "order", number: "B-1".to_owned(), by_rule: n == 0 }],
    }
}

fn write(mut writer: Box<dyn Writer + '_>) {
    for (n, octets) in OCTETS.iter().enumerate() {
        // In pieces, as they come from the archive.
        writer.mail(&row(n), &mut |out| octets.chunks(3).try_for_each(|piece| out.write_all(piece))).unwrap();
    }
    writer.finish().unwrap();
}

/// What is written, also when the writer is gone.
#[derive(Clone, Default)]
struct Shared(Arc<Mutex<Cursor<Vec<u8>>>>);

impl Shared {
    fn octets(&self) -> Vec<u8> {
        self.0.lock().unwrap().get_ref().clone()
    }

    fn text(&self) -> String {
        String::from_utf8(self.octets()).unwrap()
    }
}

impl std::io::Write for Shared {
    fn write(&mut self, octets: &[u8]) -> std::io::Result<usize> {
        self.0.lock().unwrap().write(octets)
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

impl std::io::Seek for Shared {
    fn seek(&mut self, at: std::io::SeekFrom) -> std::io::Result<u64> {
        self.0.lock().unwrap().seek(at)
    }
}

#[test]
fn files_of_mails_are_their_octets() {
    let dir = tempfile::tempdir().unwrap();
    write(Box::new(Folder::new(dir.path()).unwrap()));
    let first = dir.path().join("2026/03/20260302-090000_00000000-0000-0000-0000-000000000000.eml");
    assert_eq!(std::fs::read(first).unwrap(), OCTETS[0]);
    let undated = dir.path().join("undated/undated_02020202-0202-0202-0202-020202020202.eml");
    assert_eq!(std::fs::read(undated).unwrap(), OCTETS[2]);
    let index = std::fs::read_to_string(dir.path().join("index.csv")).unwrap();
    assert_eq!(index.lines().count(), 5);
    assert!(index.contains("\"'=1+1\"") && index.contains("\"'+tom@b.example\""), "{index}");
    // Never into files of somebody else.
    assert!(Folder::new(dir.path()).is_err());
}

#[test]
fn a_zip_file_holds_the_same() {
    let shared = Shared::default();
    write(Box::new(Zip::new(shared.clone()).unwrap()));
    let mut archive = ::zip::ZipArchive::new(Cursor::new(shared.octets())).unwrap();
    let mut found = BTreeMap::new();
    for n in 0..archive.len() {
        let mut file = archive.by_index(n).unwrap();
        let mut octets = Vec::new();
        file.read_to_end(&mut octets).unwrap();
        found.insert(file.name().unwrap().into_owned(), octets);
    }
    assert_eq!(found.len(), OCTETS.len() + 1);
    for (n, octets) in OCTETS.iter().enumerate() {
        assert_eq!(found[&file_name(&row(n))], *octets, "{n}");
    }
    assert_eq!(String::from_utf8_lossy(&found["index.csv"]).lines().count(), 5);
}

#[test]
fn an_mbox_gives_its_mails_again() {
    let shared = Shared::default();
    write(Box::new(Mbox::new(shared.clone())));
    let text = shared.text();
    assert!(text.starts_with("From eva@b.example Mon Mar  2 09:00:00 2026\nSubject: 1\n"), "{text}");
    let mut mails: Vec<String> = Vec::new();
    for line in text.split_inclusive('\n') {
        if line.starts_with("From ") {
            mails.push(String::new());
            continue;
        }
        let unquoted =
            line.strip_prefix('>').filter(|rest| rest.trim_start_matches('>').starts_with("From "));
        mails.last_mut().unwrap().push_str(unquoted.unwrap_or(line));
    }
    let expected = OCTETS.map(|octets| {
        let text = String::from_utf8(octets.to_vec()).unwrap().replace("\r\n", "\n");
        let end = if text.is_empty() || text.ends_with('\n') { "\n" } else { "\n\n" };
        text + end
    });
    assert_eq!(mails, expected);
}

#[test]
fn a_workbook_has_texts_numbers_and_times() {
    let shared = Shared::default();
    // Two mails a sheet.
    write(Box::new(Xlsx::with(shared.clone(), 3)));
    let mut book: Book<_> = Book::new(Cursor::new(shared.octets())).unwrap();
    assert_eq!(book.sheet_names(), ["mails", "mails 2"]);
    let sheet = book.worksheet_range("mails").unwrap();
    assert_eq!(sheet.get_size(), (3, 14));
    let cell = |line: usize, column: usize| sheet.get((line, column)).unwrap().clone();
    assert_eq!(cell(0, 6), Data::String("subject".to_owned()));
    assert_eq!(cell(1, 6), Data::String("=1+1".to_owned()));
    assert_eq!(cell(1, 9), Data::Float(OCTETS[0].len() as f64));
    let Data::DateTime(at) = cell(1, 2) else { panic!("{:?}", cell(1, 2)) };
    assert!((at.as_f64() - 46_083.375).abs() < 1e-6, "{}", at.as_f64());
    let second = book.worksheet_range("mails 2").unwrap();
    assert_eq!(second.get((2, 6)), Some(&Data::String("Grüße 🙂".to_owned())));
}

/// Fails where it holds something else.
const PROOF: &str = "CREATE TABLE proof (n INTEGER PRIMARY KEY); INSERT INTO proof VALUES (1); INSERT INTO proof SELECT 1 WHERE \
    (SELECT count(*) FROM mails WHERE subject IN ('=1+1', 'O''Brien \\ \"x\" <&>', 'Grüße 🙂')) <> 3 OR \
    (SELECT count(*) FROM mail_placements WHERE account = 'Büro') <> 4;";

#[test]
fn statements_fill_a_database() {
    let shared = Shared::default();
    write(Box::new(Sql::new(shared.clone()).unwrap()));
    if let Some(postgres) = Postgres::start() {
        postgres.database("mails");
        postgres.run_in("mails", &(shared.text() + PROOF));
    }
    if let Some(mariadb) = Mariadb::start() {
        mariadb.run(&format!("CREATE DATABASE mails; USE mails; {}{PROOF}", shared.text()));
    }
    let database = rusqlite::Connection::open_in_memory().unwrap();
    database.execute_batch(&shared.text()).unwrap();
    let text = |query: &str| database.query_row(query, [], |row| row.get::<_, String>(0)).unwrap();
    assert_eq!(text("SELECT subject FROM mails ORDER BY mail_id LIMIT 1"), "=1+1");
    assert_eq!(text("SELECT subject FROM mails WHERE message_id IS NULL"), "O'Brien \\ \"x\" <&>");
    assert_eq!(text("SELECT subject FROM mails WHERE date_utc IS NULL"), "\u{1}nul");
    assert_eq!(text("SELECT count(*) || '' FROM mail_addresses WHERE name = 'Eva, \"die\"'"), "4");
    assert_eq!(text("SELECT set_by FROM mail_links LIMIT 1"), "rule");
    assert_eq!(text("SELECT mailbox FROM mail_placements WHERE account = 'Büro' LIMIT 1"), "INBOX");
    assert_eq!(text("SELECT date_utc FROM mails ORDER BY mail_id LIMIT 1"), "2026-03-02 09:00:00");
}

#[test]
fn elements_are_well_formed() {
    let shared = Shared::default();
    write(Box::new(Xml::new(shared.clone()).unwrap()));
    let text = shared.text();
    let mut reader = quick_xml::Reader::from_str(&text);
    let mut starts: BTreeMap<String, usize> = BTreeMap::new();
    let mut inside = 0;
    loop {
        match reader.read_event().unwrap() {
            quick_xml::events::Event::Start(start) => {
                inside += 1;
                *starts.entry(start.name().as_ref().to_owned()).or_default() += 1;
            }
            quick_xml::events::Event::End(_) => inside -= 1,
            quick_xml::events::Event::Eof => break,
            _ => {}
        }
    }
    assert_eq!(inside, 0);
    assert_eq!((starts["mails"], starts["mail"], starts["cc"], starts["link"]), (1, 4, 4, 4));
    assert!(text.contains("&lt;&amp;&gt;</subject>"), "{text}");
    assert!(text.contains("\u{fffd}\u{fffd}nul") && !text.contains('\u{0}'), "{text}");
}
