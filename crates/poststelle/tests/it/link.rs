//! Mails filed under records: on the command line, when they come, when the records come later, after a rebuild.

use std::fs;

use serde_json::{Value, json};

use crate::support::Poststelle;

fn write(post: &Poststelle, name: &str, text: &str) {
    let path = post.dir.path().join(name);
    fs::create_dir_all(path.parent().unwrap()).unwrap();
    fs::write(path, text).unwrap();
}

fn mail(post: &Poststelle, name: &str, header: &str, text: &str) {
    write(
        post,
        &format!("mails/{name}.eml"),
        &format!("{header}Message-ID: <{name}@customer.example>\r\nTo: info@our.example\r\n\r\n{text}\r\n"),
    );
}

fn records(post: &Poststelle) {
    write(
        post,
        "contact.csv",
        "number;name;active;email\nK-1;Müller GmbH;ja;eva@mueller.example\nK-2;Alt;nein;alt@mueller.example\n",
    );
    write(post, "item.csv", "number,name\nA-100,Stehlampe\nA-200,Birne\n");
    write(
        post,
        "quote.csv",
        "number,contact,email,date,state,items,references\nQ-2026-7,K-1,,2026-02-01,open,A-200,\n",
    );
    write(
        post,
        "order.csv",
        "number;contact;email;date;state;quote;items;references;Lager\n\
         B-2026-15343;K-1;;01.03.2026;offen;Q-2026-7;A-100;\"PO-4711;K/77/12\";Nord\n\
         B-2026-15344;;otto@other.example;2026-03-01;offen;;\"A-100;A-200\";;Süd\n",
    );
    for kind in ["contact", "item", "quote", "order"] {
        post.run(&["erp", "import", "--kind", kind, &format!("{kind}.csv")]).expect(0);
    }
}

fn mails(post: &Poststelle) {
    let at = |hour: u8| format!("Date: Mon, 02 Mar 2026 {hour:02}:00:00 +0100\r\n");
    mail(
        post,
        "first-1",
        &format!("From: Eva <Eva@Mueller.example>\r\nSubject: Frage\r\n{}", at(9)),
        "Hallo",
    );
    mail(
        post,
        "answer-2",
        &format!(
            "From: chef@elsewhere.example\r\nSubject: AW: Frage\r\nIn-Reply-To: <first-1@customer.example>\r\n{}",
            at(10)
        ),
        "Ja",
    );
    mail(
        post,
        "forward-3",
        &format!(
            "From: chef@elsewhere.example\r\nSubject: WG: Frage\r\nReferences: <first-1@customer.example>\r\n{}",
            at(11)
        ),
        "Nein",
    );
    mail(
        post,
        "numbers-4",
        &format!("From: neu@third.example\r\nSubject: Lieferung\r\n{}", at(12)),
        "Bestellung b 2026 15343, Ihr Zeichen K-77-12",
    );
    mail(
        post,
        "single-5",
        &format!("From: neu@third.example\r\nSubject: Lieferung\r\n{}", at(13)),
        "Was ist mit B-2026-15344?",
    );
}

/// `kind number how` of each link, by Message-ID; sorted.
fn filed(post: &Poststelle, id: &str) -> Vec<String> {
    let rows = post.mails();
    let row = rows.values().find(|row| row["message_id"] == format!("{id}@customer.example")).unwrap();
    let text = |link: &Value, name: &str| link[name].as_str().unwrap().to_owned();
    let mut links: Vec<String> = row["links"]
        .as_array()
        .unwrap()
        .iter()
        .map(|link| {
            assert_eq!(link["by"], "rule");
            format!("{} {} {}", text(link, "kind"), text(link, "number"), text(link, "how"))
        })
        .collect();
    links.sort();
    links
}

fn check(post: &Poststelle) {
    let everything = |how: [&str; 4]| {
        vec![
            format!("contact K-1 {}", how[0]),
            format!("item A-100 {}", how[1]),
            format!("order B-2026-15343 {}", how[2]),
            format!("quote Q-2026-7 {}", how[3]),
        ]
    };
    assert_eq!(filed(post, "first-1"), everything(["with order", "only item", "address", "with order"]));
    assert_eq!(filed(post, "answer-2"), everything(["history", "history", "history", "history"]));
    assert_eq!(filed(post, "forward-3"), Vec::<String>::new());
    assert_eq!(
        filed(post, "numbers-4"),
        everything(["with order", "only item", "two references", "with order"])
    );
    assert_eq!(filed(post, "single-5"), Vec::<String>::new());
    let found = post.run(&["search", "order:b202615343", "--json"]).expect(0).last();
    assert_eq!(found["total"], 3);
    let found = post.run(&["search", "kontakt:K-1 from:chef", "--json"]).expect(0).last();
    assert_eq!(found["total"], 1);
}

#[test]
fn mails_are_filed_when_they_come() {
    let post = Poststelle::new();
    records(&post);
    mails(&post);
    post.import(&post.dir.path().join("mails")).expect(0);
    check(&post);
    let before = post.run(&["mails", "--jsonl"]).expect(0).text();
    post.run(&["rebuild"]).expect(0);
    check(&post);
    assert_eq!(post.run(&["mails", "--jsonl"]).expect(0).text(), before);
}

#[test]
fn mails_are_filed_when_records_come_later() {
    let post = Poststelle::new();
    let days = |text: String| text.replace("02 Mar 2026", &recent());
    mails(&post);
    for entry in fs::read_dir(post.dir.path().join("mails")).unwrap() {
        let path = entry.unwrap().path();
        let text = days(fs::read_to_string(&path).unwrap());
        fs::write(&path, text.replace("Mon, ", "")).unwrap();
    }
    post.import(&post.dir.path().join("mails")).expect(0);
    assert_eq!(filed(&post, "first-1"), Vec::<String>::new());
    records(&post);
    check(&post);
}

/// Yesterday, as mails write it: only the last weeks are looked at again.
fn recent() -> String {
    let yesterday = jiff::Timestamp::now() - jiff::SignedDuration::from_hours(24);
    yesterday.to_zoned(jiff::tz::TimeZone::UTC).strftime("%d %b %Y").to_string()
}

#[test]
fn the_command_decides_and_writes_nothing() {
    let post = Poststelle::new();
    records(&post);
    mails(&post);
    let rows = post.run(&["link", "--jsonl", "mails"]).expect(0).rows();
    assert_eq!(rows.len(), 5);
    let row = |name: &str| {
        let file = format!("mails/{name}.eml");
        rows.iter().find(|row| row["file"] == file).unwrap_or_else(|| panic!("{file}")).clone()
    };
    assert_eq!(
        row("first-1")["links"],
        json!([
            {"kind": "order", "number": "B-2026-15343", "how": "address"},
            {"kind": "quote", "number": "Q-2026-7", "how": "with order"},
            {"kind": "contact", "number": "K-1", "how": "with order"},
            {"kind": "item", "number": "A-100", "how": "only item"},
        ])
    );
    assert_eq!(row("first-1")["outcome"], "linked");
    // Each mail alone: no history.
    assert_eq!((&row("answer-2")["outcome"], &row("answer-2")["links"]), (&json!("none"), &json!([])));
    let single = row("single-5");
    assert_eq!(single["suggestions"], json!([{"kind": "order", "number": "B-2026-15344", "why": "number"}]));
    let steps: Vec<&str> =
        single["trace"].as_array().unwrap().iter().map(|step| step["step"].as_str().unwrap()).collect();
    assert_eq!(steps, ["S1", "S2a", "S2b", "S2c", "S3a", "S3b", "S3c", "S4a", "S4b"]);
    assert_eq!(single["trace"][3]["looked_at"], "B-2026-15344");
    assert!(post.mails().is_empty());
    let missing =
        post.run(&["link", "--jsonl", "--lang", "de", "mails/first-1.eml", "nowhere.eml"]).expect(1);
    assert_eq!(missing.rows().len(), 2);
    assert!(missing.err.contains("nowhere.eml"), "{}", missing.err);
}
