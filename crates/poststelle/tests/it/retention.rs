//! Invoices are recognised, classes given, holds set: the real program on real files.

use std::io::Write as _;

use serde_json::Value;

use crate::support::{Done, Poststelle, mail};

const CII: &str = r#"<?xml version="1.0" encoding="UTF-8"?>
<rsm:CrossIndustryInvoice xmlns:rsm="r" xmlns:ram="a" xmlns:udt="u"><rsm:ExchangedDocument><ram:ID>R-2024/0815</ram:ID>
<ram:IssueDateTime><udt:DateTimeString format="102">20240305</udt:DateTimeString></ram:IssueDateTime></rsm:ExchangedDocument>
<rsm:SupplyChainTradeTransaction><ram:ApplicableHeaderTradeAgreement><ram:SellerTradeParty><ram:Name>Lieferant GmbH</ram:Name>
</ram:SellerTradeParty></ram:ApplicableHeaderTradeAgreement><ram:ApplicableHeaderTradeSettlement>
<ram:InvoiceCurrencyCode>EUR</ram:InvoiceCurrencyCode><ram:SpecifiedTradeSettlementHeaderMonetarySummation>
<ram:GrandTotalAmount>235.62</ram:GrandTotalAmount></ram:SpecifiedTradeSettlementHeaderMonetarySummation>
</ram:ApplicableHeaderTradeSettlement></rsm:SupplyChainTradeTransaction></rsm:CrossIndustryInvoice>"#;

fn with_xml() -> Vec<u8> {
    let mut mail = Vec::new();
    write!(
        mail,
        "From: Buchhaltung <rechnung@lieferant.example>\r\nTo: info@example.net\r\nSubject: Ihre Rechnung\r\n\
         Date: Wed, 06 Mar 2024 10:00:00 +0100\r\nMessage-ID: <r1@lieferant.example>\r\nMIME-Version: 1.0\r\n\
         Content-Type: multipart/mixed; boundary=grenze\r\n\r\n--grenze\r\nContent-Type: text/plain\r\n\r\nanbei\r\n\
         --grenze\r\nContent-Type: application/xml; name=xrechnung.xml\r\n\
         Content-Disposition: attachment; filename=xrechnung.xml\r\n\r\n{}\r\n--grenze--\r\n",
        CII.replace('\n', "\r\n")
    )
    .unwrap();
    mail
}

fn filled() -> Poststelle {
    let post = Poststelle::new();
    let from = post.dir.path().join("mails");
    std::fs::create_dir_all(&from).unwrap();
    std::fs::write(from.join("rechnung.eml"), with_xml()).unwrap();
    for n in 0..4 {
        std::fs::write(from.join(format!("{n}.eml")), mail(n)).unwrap();
    }
    post.import(&from).expect(0);
    post
}

fn total(post: &Poststelle, query: &str) -> u64 {
    post.run(&["search", "--json", query]).expect(0).last()["total"].as_u64().unwrap()
}

#[test]
fn invoices_are_found_by_their_number() {
    let post = filled();
    assert_eq!(total(&post, "has:invoice"), 1);
    assert_eq!(total(&post, "invoice:R-2024/0815"), 1);
    assert_eq!(total(&post, "rechnung:r20240815"), 1, "however it is written");
    assert_eq!(total(&post, "invoice:R-2024/0816"), 0);
    post.run(&["rebuild"]).expect(0);
    assert_eq!(total(&post, "invoice:R-2024/0815 has:attachment"), 1);
}

#[test]
fn holds_are_set_listed_and_lifted() {
    let post = filled();
    let add = |name: &str, query: &str| -> Done {
        post.run(&["retention", "hold", "add", name, query, "--reason", "Az. 3 O 12/26"])
    };
    let said = add("Klage", "from:lieferant.example").expect(0).err;
    assert!(said.contains("Klage") && said.contains('1'), "{said}");
    add("klage", "x").expect(1);
    add("Datum", "before:bald").expect(2);
    add("Später", "is:done").expect(2);
    let list = || -> Vec<Value> { post.run(&["retention", "hold", "list", "--json"]).expect(0).rows() };
    assert_eq!((list()[0]["mails"].as_u64(), &list()[0]["lifted"]), (Some(1), &Value::Null));
    // The same mail once more with other octets: a later mail that matches.
    let later = post.dir.path().join("later.eml");
    let changed =
        String::from_utf8(with_xml()).unwrap().replace("<r1@", "<r2@").replace("anbei", "nochmals anbei");
    std::fs::write(&later, changed).unwrap();
    post.import(&later).expect(0);
    assert_eq!(list()[0]["mails"].as_u64(), Some(2));
    post.run(&["retention", "hold", "lift", "nichts", "--reason", "x"]).expect(1);
    post.run(&["retention", "hold", "lift", "Klage", "--reason", "Vergleich"]).expect(0);
    assert!(list()[0]["lifted"].is_string());
    post.verify();
}

#[test]
fn classes_are_listed_and_nothing_is_due_without_rules() {
    let post = filled();
    let rows = post.run(&["retention", "list", "--json"]).expect(0).rows();
    let months: Vec<Option<u64>> = rows.iter().map(|row| row["months"].as_u64()).collect();
    assert_eq!(months, [Some(72), Some(96), Some(120), Some(6), None]);
    let german = post.run(&["retention", "list", "--lang", "de"]).expect(0).text();
    assert!(german.contains("Buchungsbelege und Rechnungen  8 Jahre"), "{german}");
    assert!(german.contains("Bewerbungen  6 Monate"), "{german}");
    post.run(&["retention", "apply"]).expect(0);
    assert_eq!(post.run(&["retention", "due", "--json"]).expect(0).rows().len(), 0);
}
