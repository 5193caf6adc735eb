//! Files as programs write them.

use crate::{CONTACT_COLUMNS, Columns, Contact, Error, RowError, Table, contact};

fn read(octets: &[u8], map: &str) -> Result<Vec<Result<Contact, RowError>>, Error> {
    let mut table = Table::open(octets)?;
    let columns = Columns::find(&CONTACT_COLUMNS, table.header(), map)?;
    let mut out = Vec::new();
    while let Some(row) = table.next_row()? {
        out.push(contact(&columns, &row.cells));
    }
    Ok(out)
}

fn check(octets: &[u8], expected: &[(&str, &str, bool, &[&str])]) {
    let read = read(octets, "").unwrap();
    let read: Vec<Contact> = read.into_iter().map(Result::unwrap).collect();
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
