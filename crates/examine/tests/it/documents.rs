//! Ordinary documents of every kind.

use examine::{Document, Outcome, Reason};
use lopdf::{Object, dictionary};
use model::InvoiceForm;

use crate::{examiner, make, read};

fn check(name: &str, octets: &[u8], expected: &str) {
    let outcome = read(&examiner(), name, octets);
    assert_eq!(outcome.text(), Some(expected), "{name}: {outcome:?}");
}

#[test]
fn word() {
    let octets = make::docx(
        "<w:p><w:r><w:t>Sehr geehrte</w:t></w:r><w:r><w:t xml:space=\"preserve\"> Frau &amp; Herr</w:t></w:r></w:p>\
         <w:p><w:r><w:instrText>PAGE</w:instrText><w:t>Gr&#252;&#xDF;e</w:t><w:tab/><w:t>aus</w:t><w:br/><w:t>Köln</w:t></w:r>\
         <w:del><w:r><w:delText>weg</w:delText></w:r></w:del></w:p>\
         <w:tbl><w:tr><w:tc><w:p><w:r><w:t>a</w:t></w:r></w:p></w:tc><w:tc><w:p><w:r><w:t>b</w:t></w:r></w:p></w:tc></w:tr></w:tbl>",
    );
    check("Brief.docx", &octets, "Sehr geehrte Frau & Herr\nGrüße\taus\nKöln\na\tb");
    check("ohne Endung", &octets, "Sehr geehrte Frau & Herr\nGrüße\taus\nKöln\na\tb");
}

#[test]
fn slides_in_their_order() {
    let slide = |text: &str| format!("<p:sld><a:p><a:r><a:t>{text}</a:t></a:r></a:p></p:sld>").into_bytes();
    let (one, two, ten) = (slide("eins"), slide("zwei"), slide("zehn"));
    let octets = make::zip(&[
        ("ppt/presentation.xml", b"<x/>"),
        ("ppt/slides/slide10.xml", &ten),
        ("ppt/slides/slide2.xml", &two),
        ("ppt/slides/slide1.xml", &one),
        ("ppt/slides/_rels/slide1.xml.rels", b"<x/>"),
    ]);
    check("Vortrag.pptx", &octets, "eins\nzwei\nzehn");
}

#[test]
fn sheets() {
    let octets = make::zip(&[
        ("xl/workbook.xml", b"<workbook><sheets><sheet name=\"Umsatz\" sheetId=\"1\"/></sheets></workbook>"),
        (
            "xl/sharedStrings.xml",
            b"<sst><si><t>Kunde</t></si><si><r><t>M\xc3\xbc</t></r><r><t>ller</t></r><rPh><t>x</t></rPh></si></sst>",
        ),
        (
            "xl/worksheets/sheet1.xml",
            b"<worksheet><sheetData><row><c t=\"s\"><v>0</v></c><c t=\"inlineStr\"><is><t>Betrag</t></is></c></row>\
              <row><c t=\"s\"><v>1</v></c><c><f>1+1</f><v>1234.5</v></c><c t=\"s\"><v>99</v></c></row></sheetData></worksheet>",
        ),
    ]);
    check("Liste.xlsx", &octets, "Umsatz\nKunde\tBetrag\nMüller\t1234.5");
}

#[test]
fn open_document() {
    let content = b"<office:document-content><office:body><office:text><text:tracked-changes><text:p>weg</text:p>\
        </text:tracked-changes><text:h>Titel</text:h><text:p>Ein<text:s text:c=\"2\"/>Satz<text:line-break/>neu</text:p>\
        <table:table-row><table:table-cell><text:p>a</text:p></table:table-cell><table:table-cell><text:p>b</text:p>\
        </table:table-cell></table:table-row></office:text></office:body></office:document-content>";
    let octets =
        make::zip(&[("mimetype", b"application/vnd.oasis.opendocument.text"), ("content.xml", content)]);
    check("Text.odt", &octets, "Titel\nEin Satz\nneu\na\tb");
    let manifest = b"<manifest:manifest><manifest:file-entry><manifest:encryption-data/></manifest:file-entry></manifest:manifest>";
    let octets = make::zip(&[("content.xml", b"\x01\x02"), ("META-INF/manifest.xml", manifest)]);
    assert_eq!(read(&examiner(), "Text.odt", &octets), Outcome::Failed(Reason::Encrypted));
}

#[test]
fn pdf() {
    let octets = make::saved(make::pdf(&["Rechnung 4711", "Seite zwei"]));
    check("Rechnung.pdf", &octets, "Rechnung 4711\nSeite zwei");
    assert_eq!(read(&examiner(), "leer.pdf", &make::saved(make::pdf(&[""]))), Outcome::NoText);
    assert_eq!(read(&examiner(), "kaputt.pdf", b"%PDF-1.4 garbage"), Outcome::Failed(Reason::Broken));
    let cut = read(&examiner(), "halb.pdf", &octets[..octets.len() / 2]);
    assert!(!matches!(cut, Outcome::Failed(Reason::Crash)), "{cut:?}");
}

#[test]
fn pdf_with_a_password() {
    let mut document = make::pdf(&["geheim"]);
    let id = lopdf::Object::string_literal("0123456789abcdef");
    document.trailer.set("ID", vec![id.clone(), id]);
    let version = lopdf::EncryptionVersion::V2 {
        document: &document,
        owner_password: "owner",
        user_password: "user",
        key_length: 128,
        permissions: lopdf::Permissions::all(),
    };
    let state = lopdf::EncryptionState::try_from(version).unwrap();
    document.encrypt(&state).unwrap();
    let mut octets = Vec::new();
    document.save_to(&mut octets).unwrap();
    assert_eq!(read(&examiner(), "geheim.pdf", &octets), Outcome::Failed(Reason::Encrypted));
}

#[test]
fn others() {
    check("a.rtf", b"{\\rtf1\\ansi Gr\\'fc\\'dfe}", "Grüße");
    check("a.csv", b"a;b\r\n1;\xe4", "a;b\n1;ä");
    check("a.html", b"<html><style>x</style><p>Eins<p>Zwei", "Eins\nZwei");
    let examiner = examiner();
    for (name, octets) in [
        ("a.png", &b"\x89PNG\r\n\x1a\n"[..]),
        ("a.zip", &make::zip(&[("a.txt", b"x")])),
        ("leer.docx", &make::docx("")),
        ("a.txt", b""),
        ("a.doc", b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1 W\0o\0r\0d\0D\0o\0c\0u\0m\0e\0n\0t\0"),
    ] {
        assert_eq!(read(&examiner, name, octets), Outcome::NoText, "{name}");
    }
    let encrypted: Vec<u8> = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"
        .iter()
        .copied()
        .chain("EncryptedPackage".encode_utf16().flat_map(u16::to_le_bytes))
        .collect();
    assert_eq!(read(&examiner, "a.docx", &encrypted), Outcome::Failed(Reason::Encrypted));
    assert_eq!(read(&examiner, "a.docx", b"PK\x03\x04 garbage"), Outcome::Failed(Reason::Broken));
    let workbook: Vec<u8> = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1 W\0o\0r\0k\0b\0o\0o\0k\0 garbage".to_vec();
    assert_eq!(read(&examiner, "a.xls", &workbook), Outcome::Failed(Reason::Broken));
}

#[test]
fn text_is_cut_and_says_so() {
    let limits = examine::Limits { text_octets: 10, mail_text_octets: 25, ..examine::Limits::default() };
    let examiner = crate::with_limits(limits);
    match read(&examiner, "a.txt", "ääääää".as_bytes()) {
        Outcome::Text(text) => assert_eq!((&*text.text, text.truncated), ("äääää", true)),
        other => panic!("{other:?}"),
    }
    let long = make::docx(&format!("<w:p><w:t>{}</w:t></w:p>", "Wort ".repeat(100_000)));
    let mail = make::mail(&[("1.docx", &long), ("2.docx", &long), ("3.docx", &long), ("4.docx", &long)]);
    let message = parse::parse(&mail, &parse::Limits::default()).message;
    let lengths: Vec<_> =
        examiner.attachments(&mail, &message).iter().map(|p| p.outcome.text().map(str::len)).collect();
    assert_eq!(lengths, [Some(9), Some(9), Some(7), None]);
}

#[test]
fn parts_of_a_mail_by_their_numbers() {
    let pdf = make::saved(make::pdf(&["Rechnung 4711"]));
    let mut mail =
        String::from_utf8(make::mail(&[("a.pdf", &pdf), ("b.png", b"\x89PNG"), ("c.csv", b"x;y")])).unwrap();
    let end = mail.rfind("--grenze--").unwrap();
    mail.insert_str(
        end,
        "--grenze\r\nContent-Type: message/rfc822\r\n\r\nSubject: innen\r\nContent-Type: text/html\r\n\r\n<p>Weitergeleitet\r\n\
         --grenze\r\nContent-Type: text/rtf; name=d.rtf\r\n\r\n{\\rtf1 RTF}\r\n",
    );
    let message = parse::parse(mail.as_bytes(), &parse::Limits::default()).message;
    let examiner = examiner();
    for _ in 0..2 {
        let found: Vec<(String, String)> = examiner
            .attachments(mail.as_bytes(), &message)
            .into_iter()
            .map(|part| (part.number, part.outcome.text().unwrap_or_default().to_owned()))
            .collect();
        let texts: Vec<&str> = found.iter().map(|(_, text)| text.as_str()).collect();
        assert_eq!(texts, ["Rechnung 4711", "x;y", "Weitergeleitet", "RTF"]);
        assert_eq!(found[0].0, "2");
    }
}

#[test]
fn a_batch_keeps_its_order() {
    let pdfs: Vec<Vec<u8>> =
        (0..50).map(|n| make::saved(make::pdf(&[format!("Nummer {n}").as_str()]))).collect();
    let mut documents: Vec<Document<'_>> = pdfs
        .iter()
        .map(|octets| Document { name: Some("a.pdf"), content_type: "application/pdf", octets })
        .collect();
    documents.insert(7, Document { name: Some("x.png"), content_type: "image/png", octets: b"\x89PNG" });
    let examiner = examiner();
    let outcomes = examiner.texts(&documents);
    let texts: Vec<_> = outcomes.iter().filter_map(Outcome::text).collect();
    assert_eq!(texts, (0..50).map(|n| format!("Nummer {n}")).collect::<Vec<_>>());
    assert_eq!(outcomes[7], Outcome::NoText);
    assert_eq!(examiner.children().len(), 1);
}

/// A PDF of one page with an embedded file of this name.
fn with_embedded(name: &str, content: &[u8]) -> Vec<u8> {
    let mut document = make::pdf(&["Rechnung"]);
    let stream = lopdf::Stream::new(dictionary! { "Type" => "EmbeddedFile" }, content.to_vec());
    let stream = document.add_object(stream);
    document.add_object(dictionary! {
        "Type" => "Filespec", "F" => Object::string_literal(name), "UF" => Object::string_literal(name),
        "EF" => dictionary! { "F" => stream, "UF" => stream },
    });
    make::saved(document)
}

#[test]
fn invoices_inside_pdf_and_as_xml() {
    const CII: &[u8] = b"<rsm:CrossIndustryInvoice xmlns:rsm=\"r\" xmlns:ram=\"a\"><rsm:ExchangedDocument><ram:ID>R 1</ram:ID>\
        <ram:IssueDateTime><x:DateTimeString>20240305</x:DateTimeString></ram:IssueDateTime></rsm:ExchangedDocument>\
        </rsm:CrossIndustryInvoice>";
    let found = |name: &str, octets: &[u8]| {
        let outcome = read(&examiner(), name, octets);
        outcome.invoice().map(|invoice| (invoice.form, invoice.number.clone(), invoice.date))
    };
    let day = model::Day::of_text("2024-03-05");
    let of = |form| Some((form, "R 1".to_owned(), day));
    let pdf = with_embedded("Factur-X.xml", CII);
    assert_eq!(found("a.pdf", &pdf), of(InvoiceForm::Zugferd));
    assert_eq!(read(&examiner(), "a.pdf", &pdf).text(), Some("Rechnung"), "its text is read as well");
    assert_eq!(found("a.pdf", &with_embedded("other.xml", CII)), None);
    assert_eq!(found("a.pdf", &with_embedded("factur-x.xml", b"<html/>")), None);
    assert_eq!(found("a.xml", CII), of(InvoiceForm::Cii));
    assert_eq!(found("a.txt", b"Invoice"), None);
    // What unpacks to more than is read is none, and does no harm.
    let mut large = CII.to_vec();
    large.resize(64 << 20, b' ');
    assert_eq!(found("a.pdf", &with_embedded("factur-x.xml", &large)), None);
}
