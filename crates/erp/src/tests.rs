//! Files as programs write them.

use model::{RecordKind, UnixMillis};

use crate::{Error, Record, Records, RowError};

fn read_as(kind: RecordKind, octets: &[u8], map: &str) -> Result<Vec<Result<Record, RowError>>, Error> {
    let mut records = Records::open(kind, octets, map)?;
    let mut out = Vec::new();
    while let Some((_, record)) = records.next_record()? {
        out.push(record);
    }
    Ok(out)
}

fn read(octets: &[u8], map: &str) -> Result<Vec<Result<Record, RowError>>, Error> {
    read_as(RecordKind::Contact, octets, map)
}

fn check(octets: &[u8], expected: &[(&str, &str, bool, &[&str])]) {
    let read = read(octets, "").unwrap();
    let read: Vec<Record> = read.into_iter().map(Result::unwrap).collect();
    let read: Vec<(&str, &str, bool, Vec<&str>)> = read
        .iter()
        .map(|c| {
            (c.number.as_str(), c.name.as_str(), c.active, c.addresses.iter().map(String::as_str).collect())
        })
        .collect();
    let expected: Vec<_> = expected.iter().map(|(n, name, a, list)| (*n, *name, *a, list.to_vec())).collect();
    assert_eq!(read, expected);
}

#[test]
fn delimiters_encodings_and_quotes() {
    let one: &[(&str, &str, bool, &[&str])] =
        &[("7", "Müller; Söhne", true, &["a@b.example", "c@b.example"])];
    check("number,name,active,email\n7,Müller; Söhne,1,A@b.example;c@b.example\n".as_bytes(), one);
    check(
        "number;name;active;email\r\n7;\"Müller; Söhne\";ja;\"a@b.example; Eva <C@b.example>\"".as_bytes(),
        one,
    );
    check(
        "\u{feff}Number\tName\tActive\tEmail\n7\tMüller; Söhne\tTRUE\ta@b.example;c@b.example".as_bytes(),
        one,
    );
    check(b"number|name|active|email\n7|M\xfcller; S\xf6hne|yes|a@b.example;c@b.example\n\n|||\n", one);
    let utf16: Vec<u8> =
        "\u{feff}number\tname\tactive\temail\n7\tMüller; Söhne\tj\ta@b.example;c@b.example\n"
            .encode_utf16()
            .flat_map(u16::to_le_bytes)
            .collect();
    check(&utf16, one);
    // Line ends and quotes inside cells; columns that are not there.
    check(b"name,number\n\"two\nlines \"\"x\"\"\",1\n", &[("1", "two\nlines \"x\"", true, &[])]);
    check(
        b"number,active\n1,nein\n2,0\n3,\n",
        &[("1", "", false, &[]), ("2", "", false, &[]), ("3", "", true, &[])],
    );
}

#[test]
fn maps_and_further_columns() {
    let octets = "Kundennr;Firma;E-Mail;Ort\n1;A;x@b.example;Graz\n".as_bytes();
    let map = "# theirs\nnumber = kundennr\nname=Firma\nemail = \"E-Mail\"\n";
    let contact = read(octets, map).unwrap().remove(0).unwrap();
    assert_eq!((contact.number.as_str(), contact.name.as_str()), ("1", "A"));
    assert_eq!(contact.addresses, ["x@b.example"]);
    assert_eq!(contact.extra, [("Ort".to_owned(), "Graz".to_owned())]);
    assert!(matches!(read(octets, ""), Err(Error::ColumnMissing { column: "number" })));
    assert!(matches!(
        read(octets, "number=Kundennr\nactive=Aktiv"),
        Err(Error::ColumnMissing { column: "active" })
    ));
    assert!(matches!(read(octets, "\nphone = x"), Err(Error::Map { line: 2 })));
}

#[test]
fn what_makes_no_sense_is_said() {
    let rows =
        read(b"number,active,email\n,1,\n2,perhaps,\n3,1,none;a@b.example;@;A@b.example\n", "").unwrap();
    assert_eq!(rows[0], Err(RowError::NumberMissing));
    assert_eq!(rows[1], Err(RowError::Boolean { value: "perhaps".to_owned() }));
    let last = rows[2].as_ref().unwrap();
    assert_eq!(
        (last.addresses.len(), last.unusable.as_slice()),
        (1, &["none".to_owned(), "@".to_owned()][..])
    );
    assert!(matches!(read(b"", ""), Err(Error::Empty)));
    assert!(matches!(read(b"PK\x03\x04 no workbook", ""), Err(Error::Workbook { .. })));
    let endless = [&b"number\n\""[..], &vec![b'x'; 5 << 20]].concat();
    assert!(matches!(read(&endless, ""), Err(Error::RowTooLong { row: 2 })));
}

#[test]
fn any_octets_are_read_or_refused() {
    let mut seed = 7_u32;
    for _ in 0..3000 {
        let octets: Vec<u8> = (0..60)
            .map(|_| {
                seed = seed.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
                b"number,;\t\"\n\r1\xff\xfea@"[(seed >> 16) as usize % 17]
            })
            .collect();
        drop(read(&octets, ""));
    }
}

#[test]
fn orders_quotes_and_items() {
    let octets = "number;contact;email;date;state;quote;items;references;Ort\n\
        B-1;K1;\"a@b.example;c@b.example\";02.03.2026;offen;Q1;\"P1; P2;\";R 7;Graz\n\
        B-1;K1;;2026-13-01;;B-1;;B-1\n7;;;;;;;\n"
        .as_bytes();
    let orders = read_as(RecordKind::Order, octets, "").unwrap();
    let first = orders[0].as_ref().unwrap();
    let expected = Record {
        contact: Some("K1".to_owned()),
        addresses: vec!["a@b.example".to_owned(), "c@b.example".to_owned()],
        date: Some(UnixMillis(1_772_409_600_000)),
        state: "offen".to_owned(),
        quote: Some("Q1".to_owned()),
        items: vec!["P1".to_owned(), "P2".to_owned()],
        references: vec!["R 7".to_owned()],
        extra: vec![("Ort".to_owned(), "Graz".to_owned())],
        ..Record::new(RecordKind::Order, "B-1")
    };
    assert_eq!(*first, expected);
    // An order that names itself, and a date that is none.
    let second = orders[1].as_ref().unwrap();
    assert_eq!(
        (second.quote.as_deref(), second.references.as_slice()),
        (Some("B-1"), &["B-1".to_owned()][..])
    );
    assert_eq!((second.date, second.unusable.as_slice()), (None, &["2026-13-01".to_owned()][..]));
    assert_eq!(*orders[2].as_ref().unwrap(), Record::new(RecordKind::Order, "7"));
    let quote = read_as(RecordKind::Quote, b"number,quote,url\nQ1,x,javascript:alert(1)\n", "").unwrap();
    let quote = quote[0].as_ref().unwrap();
    assert_eq!((quote.quote.as_deref(), quote.url.as_str(), quote.unusable.len()), (None, "", 1));
    let item = read_as(RecordKind::Item, b"number,name,url\n1,Desk,https://erp.example/1\n", "").unwrap();
    assert_eq!(item[0].as_ref().unwrap().url, "https://erp.example/1");
}

#[test]
fn files_cut_off_in_a_row() {
    let cut = |octets: &[u8]| {
        let rows = read(octets, "").unwrap();
        let cut = rows.iter().filter(|row| **row == Err(RowError::CutOff)).count();
        (rows.len(), cut)
    };
    assert_eq!(cut(b"number,name,email\n1,a,x@b.example\n2,b"), (2, 1));
    assert_eq!(cut(b"number,name,email\n1,a,x@b.example\n2,\"b and"), (2, 1));
    assert_eq!(cut(b"number,name,email\n1,a,x@b.example\n2,\"b and\n3,c,\n"), (2, 1));
    assert_eq!(cut(b"number,name,email\n1,a,x@b.example"), (1, 0));
    assert_eq!(cut(b"number,name,email\n1\n2,b\n"), (2, 0));
    let long = [&b"number\n"[..], &[b'7'; 201]].concat();
    assert_eq!(read(&long, "").unwrap()[0], Err(RowError::TooLong { column: "number" }));
}

/// Cells as calamine reads them from what LibreOffice and Excel write; the files are in `fixtures/erp`.
#[test]
fn workbooks() {
    for name in ["orders.xlsx", "orders.ods", "orders.xls"] {
        let path = format!("{}/../../fixtures/erp/{name}", env!("CARGO_MANIFEST_DIR"));
        let octets = std::fs::read(&path).unwrap();
        let orders = read_as(RecordKind::Order, &octets, "").unwrap();
        let orders: Vec<Record> = orders.into_iter().map(Result::unwrap).collect();
        let expected = Record {
            contact: Some("10001".to_owned()),
            addresses: vec!["eva@b.example".to_owned(), "tom@b.example".to_owned()],
            date: Some(UnixMillis(1_772_409_600_000)),
            state: "offen".to_owned(),
            items: vec!["P1".to_owned(), "P2".to_owned()],
            references: vec!["R-7".to_owned()],
            extra: vec![("Ort".to_owned(), "Köln".to_owned())],
            ..Record::new(RecordKind::Order, "2026001")
        };
        assert_eq!(orders[0], expected, "{name}");
        assert_eq!(orders[1].date, Some(UnixMillis(1_772_442_000_000)), "{name}");
        assert_eq!(orders.len(), 2, "{name}");
        // Half of it is refused, wherever it ends.
        for end in [octets.len() / 4, octets.len() / 2] {
            let read = read_as(RecordKind::Order, &octets[..end], "");
            assert!(matches!(read, Err(Error::Workbook { .. } | Error::Empty)), "{name} {end}: {read:?}");
        }
    }
}

#[test]
fn cards() {
    let octets = "BEGIN:VCARD\r\nVERSION:4.0\r\nUID:urn:uuid:4fbe8971\r\nFN:Eva Müller\r\nN:Müller;Eva;;;\r\n\
        EMAIL;PREF=1:Eva@B.example\r\nEMAIL;TYPE=work:office@b.example\r\nORG:Meier;Einkauf\r\n\
        TEL:+49 1\r\nURL:https://b.example/eva\r\nEND:VCARD\r\n\
        BEGIN:VCARD\r\nVERSION:3.0\r\nFN:Tom\r\n M.\r\nEMAIL;TYPE=INTERNET:tom@b.example\r\nEND:VCARD\r\n\
        BEGIN:VCARD\r\nVERSION:2.1\r\nFN;CHARSET=UTF-8;ENCODING=QUOTED-PRINTABLE:J=C3=B6rg\r\n\
        EMAIL;INTERNET:j@b.example\r\nEND:VCARD\r\n\
        BEGIN:VCARD\r\nVERSION:4.0\r\nFN:Nobody\r\nEND:VCARD\r\n";
    let cards = read(octets.as_bytes(), "").unwrap();
    let of = |at: usize| {
        let card = cards[at].as_ref().unwrap();
        (card.number.as_str(), card.name.as_str(), card.addresses.join(" "))
    };
    assert_eq!(of(0), ("4fbe8971", "Eva Müller", "eva@b.example office@b.example".to_owned()));
    assert_eq!(of(1), ("tom@b.example", "TomM.", "tom@b.example".to_owned()));
    assert_eq!(of(2), ("j@b.example", "Jörg", "j@b.example".to_owned()));
    assert_eq!(cards[3], Err(RowError::NumberMissing));
    let first = cards[0].as_ref().unwrap();
    assert_eq!(first.url, "https://b.example/eva");
    assert_eq!(first.extra[0], ("org".to_owned(), "Meier, Einkauf".to_owned()));
    assert!(matches!(read_as(RecordKind::Order, octets.as_bytes(), ""), Err(Error::OnlyContacts)));
    let half = &octets.as_bytes()[..octets.len() / 2];
    assert_eq!(read(half, "").unwrap().last().unwrap(), &Err(RowError::CutOff));
}
