//! Addresses that people confirm, masks, folders, and everything of a record as a ZIP file.

use std::collections::BTreeMap;
use std::io::{Cursor, Read as _};

use axum::http::{Method, StatusCode};
use http_body_util::BodyExt as _;
use model::{RecordKind, Role, UnixMillis};
use serde_json::{Value, json};
use store::Record;

use super::attachments::with_program;
use super::world::{Caller, NOW, World, mail};

fn contact(world: &World) {
    let contact = Record {
        name: "Eva".to_owned(),
        addresses: vec!["eva@example.org".to_owned()],
        ..Record::new(RecordKind::Contact, "K-1")
    };
    let orders = ["B-2026-00001", "B-2026-00002"].map(|number| Record::new(RecordKind::Order, number));
    let records = [vec![contact], orders.to_vec()].concat();
    world.engine.store().put_records(records, 0, UnixMillis(NOW)).unwrap();
}

/// Answers mail `to`.
fn answer(number: u32, from: &str, to: u32) -> String {
    let mail = mail(number, from, "AW: Frage", "text");
    let (head, body) = mail.split_once("\r\n\r\n").unwrap();
    format!("{head}\r\nIn-Reply-To: <mail.{to}@example.org>\r\n\r\n{body}")
}

async fn addresses(world: &World, by: &Caller, state: &str) -> Value {
    let page = world.get(&format!("/api/v1/links/addresses?state={state}")).by(by);
    page.expect(StatusCode::OK).await["items"].clone()
}

#[tokio::test]
async fn addresses_are_confirmed_and_rejected() {
    let world = World::new();
    contact(&world);
    let mails = [mail(1, "eva@example.org", "Frage", "text"), answer(2, "eva.privat@example.net", 1)];
    let account = world.account("Info", &[&mails[0], &mails[1]]);
    let agent = world.user("agent@example.org", Role::Agent, &[account]);
    let other = world.user("other@example.org", Role::Agent, &[]);
    let auditor = world.user("auditor@example.org", Role::Auditor, &[account]);
    let proposed = addresses(&world, &agent, "proposed").await;
    assert_eq!(
        (&proposed[0]["address"], &proposed[0]["used"], &proposed[0]["record"]["number"]),
        (&json!("eva.privat@example.net"), &json!("own"), &json!("K-1"))
    );
    assert_eq!(proposed[0]["mail"]["subject"], "AW: Frage");
    assert_eq!(addresses(&world, &other, "proposed").await, json!([]));
    let path = "/api/v1/links/records/contact/K-1/addresses/eva.privat%40example.net";
    let decide = |by: &Caller, used: &str, state: &str| {
        world.ask(Method::PUT, path).by(by).json(&json!({"used": used, "state": state}))
    };
    assert_eq!(decide(&auditor, "own", "confirmed").problem(StatusCode::FORBIDDEN).await, "role");
    assert_eq!(decide(&other, "own", "confirmed").problem(StatusCode::NOT_FOUND).await, "not-found");
    decide(&agent, "own", "confirmed").expect(StatusCode::NO_CONTENT).await;
    assert_eq!(addresses(&world, &agent, "proposed").await, json!([]));
    let sheet = world.get("/api/v1/links/records/contact/K-1").by(&agent).expect(StatusCode::OK).await;
    assert_eq!(sheet["addresses"], json!(["eva@example.org"]));
    let added = &sheet["added"][0];
    assert_eq!(
        (&added["address"], &added["state"], &added["user"]),
        (&json!("eva.privat@example.net"), &json!("confirmed"), &json!("agent"))
    );
    decide(&agent, "own", "rejected").expect(StatusCode::NO_CONTENT).await;
    assert_eq!(addresses(&world, &agent, "rejected").await[0]["address"], "eva.privat@example.net");
    let wrong = "/api/v1/links/records/contact/K-1/addresses/nonsense";
    let wrong = world.ask(Method::PUT, wrong).by(&agent).json(&json!({"used": "own", "state": "confirmed"}));
    assert_eq!(wrong.send().await.status, StatusCode::BAD_REQUEST);
    let order = "/api/v1/links/records/order/B-2026-00001/addresses/a%40b.example";
    let order = world.ask(Method::PUT, order).by(&agent).json(&json!({"used": "own", "state": "confirmed"}));
    assert_eq!(order.problem(StatusCode::NOT_FOUND).await, "not-found");
    let admin = world.administrator();
    let log = world.get("/api/v1/events").by(&admin).expect(StatusCode::OK).await;
    let said = log["items"]
        .as_array()
        .unwrap()
        .iter()
        .any(|event| event["text"] == "Address eva.privat@example.net of contact K-1 confirmed");
    assert!(said, "{log}");
}

#[tokio::test]
async fn masks_are_learnt_and_confirmed() {
    let world = World::new();
    contact(&world);
    let account = world.account("Info", &[&mail(1, "neu@example.net", "Frage", "Es geht um B-2026-00009.")]);
    let agent = world.user("agent@example.org", Role::Agent, &[account]);
    let admin = world.administrator();
    let id = world.first_mail(account);
    assert_eq!(world.get("/api/v1/links/masks").by(&agent).problem(StatusCode::FORBIDDEN).await, "role");
    let learnt = world.get("/api/v1/links/masks").by(&admin).expect(StatusCode::OK).await;
    let orders = &learnt["items"][1];
    assert_eq!((&orders["kind"], &orders["of"]), (&json!("order"), &json!(2)));
    assert_eq!(
        orders["masks"],
        json!([{"mask": "B-dddd-ddddd", "count": 2, "examples": ["B-2026-00001", "B-2026-00002"]}])
    );
    let links = format!("/api/v1/messages/{id}/links");
    let unknown = |links: Value| links["unknown"].clone();
    assert_eq!(unknown(world.get(&links).by(&agent).expect(StatusCode::OK).await), json!([]));
    let settings = |masks: Value| {
        json!({"first_address_wins": false, "contacts_one_by_one": false, "months": null, "own_numbers": [],
            "masks": masks})
    };
    let set =
        |masks: Value| world.ask(Method::PUT, "/api/v1/links/settings").by(&admin).json(&settings(masks));
    let wrong = set(json!([{"kind": "order", "mask": "4711"}]));
    assert_eq!(wrong.problem(StatusCode::BAD_REQUEST).await, "mask");
    let wrong = set(json!([{"kind": "invoice", "mask": "dd"}]));
    assert_eq!(wrong.problem(StatusCode::BAD_REQUEST).await, "word-unknown");
    let kept = set(json!([{"kind": "order", "mask": "B-dddd-ddddd"}])).expect(StatusCode::OK).await;
    assert_eq!((&kept["masks_restrict"], &kept["masks"][0]["kind"]), (&json!(false), &json!("order")));
    let now = world.get(&links).by(&agent).expect(StatusCode::OK).await;
    assert_eq!(unknown(now), json!([{"kind": "order", "number": "B-2026-00009"}]));
}

#[tokio::test]
async fn folders_and_what_is_filed_in_them() {
    let world = World::new();
    contact(&world);
    let account = world.account("Info", &[&mail(1, "eva@example.org", "Frage", "text")]);
    let agent = world.user("agent@example.org", Role::Agent, &[account]);
    let other = world.user("other@example.org", Role::Agent, &[]);
    let id = world.first_mail(account).to_string();
    let folders = "/api/v1/documents/folders";
    let add = |body: Value| world.ask(Method::POST, folders).by(&agent).json(&body);
    let top = add(json!({"name": "Verträge", "kind": "contact"})).expect(StatusCode::CREATED).await;
    let below = add(json!({"name": "2026", "parent": top["key"]})).expect(StatusCode::CREATED).await;
    assert_eq!((&below["kind"], &below["parent"]), (&json!("contact"), &top["key"]));
    let taken = add(json!({"name": "2026", "parent": top["key"]}));
    assert_eq!(taken.problem(StatusCode::CONFLICT).await, "folder-taken");
    let wrong = add(json!({"name": "x", "kind": "invoice"}));
    assert_eq!(wrong.problem(StatusCode::BAD_REQUEST).await, "word-unknown");
    let filing = json!({"mail_id": id, "folder": below["key"], "filed": true});
    let file =
        |by: &Caller| world.ask(Method::POST, "/api/v1/records/contact/K-1/documents").by(by).json(&filing);
    assert_eq!(file(&other).problem(StatusCode::NOT_FOUND).await, "not-found");
    file(&agent).expect(StatusCode::NO_CONTENT).await;
    let documents = format!("/api/v1/messages/{id}/documents");
    let found = world.get(&documents).by(&agent).expect(StatusCode::OK).await;
    assert_eq!((&found["items"][0]["folder"], &found["items"][0]["user"]), (&below["key"], &json!("agent")));
    assert_eq!(world.get(&documents).by(&other).problem(StatusCode::NOT_FOUND).await, "not-found");
    let of_record = world.get("/api/v1/records/contact/K-1/folders").by(&agent).expect(StatusCode::OK).await;
    assert_eq!(
        (&of_record["items"][0]["folder"]["name"], &of_record["items"][0]["documents"]),
        (&json!("2026"), &json!(1))
    );
    let orders =
        world.get("/api/v1/records/order/B-2026-00001/folders").by(&agent).expect(StatusCode::OK).await;
    assert_eq!(orders["items"], json!([]));
    let key = &top["key"];
    let mails = format!("/api/v1/records/contact/K-1/messages?folder={key}");
    assert_eq!(world.get(&mails).by(&agent).expect(StatusCode::OK).await["total"], 1);
    let full = world.ask(Method::DELETE, &format!("{folders}/{key}")).by(&agent);
    assert_eq!(full.problem(StatusCode::CONFLICT).await, "folder-full");
    let rename =
        world.ask(Method::PUT, &format!("{folders}/{key}")).by(&agent).json(&json!({"name": "Akten"}));
    rename.expect(StatusCode::NO_CONTENT).await;
    let list = world.get(folders).by(&agent).expect(StatusCode::OK).await;
    assert_eq!(list["items"][1]["name"], "Akten");
}

#[tokio::test]
async fn everything_of_a_record_as_zip() {
    let world = World::new();
    world.today();
    contact(&world);
    let with_text = "From: eva@example.org\r\nTo: us@our.example\r\nSubject: =1+1 ../Plan\r\nMessage-ID: <plan@example.org>\r\n\
        MIME-Version: 1.0\r\nContent-Type: multipart/mixed; boundary=m\r\n\r\n--m\r\n\r\nhello\r\n--m\r\n\
        Content-Type: text/plain; name=\"../plan.txt\"\r\nContent-Disposition: attachment; filename=\"../plan.txt\"\r\n\r\n\
        the plan\r\n--m--\r\n";
    let program = with_program(7);
    let account = world.account("Info", &[with_text, &program]);
    world.account("Secret", &[&mail(3, "eva@example.org", "Geheim", "text")]);
    let agent = world.user("agent@example.org", Role::Agent, &[account]);
    let stranger = world.user("other@example.org", Role::Agent, &[]);
    let path = "/api/v1/records/contact/K-1/documents.zip";
    let files = async |by: &Caller, query: &str| {
        let answer = world.get(&format!("{path}{query}")).by(by).begin().await;
        assert_eq!(answer.status(), StatusCode::OK);
        assert_eq!(answer.headers()["content-type"], "application/zip");
        let octets = answer.into_body().collect().await.unwrap().to_bytes();
        let mut zip = zip::ZipArchive::new(Cursor::new(octets)).unwrap();
        let mut files = BTreeMap::new();
        for n in 0..zip.len() {
            let mut entry = zip.by_index(n).unwrap();
            let mut content = Vec::new();
            entry.read_to_end(&mut content).unwrap();
            files.insert(entry.name().unwrap().into_owned(), content);
        }
        files
    };
    let found = files(&agent, "").await;
    let names: Vec<&str> = found.keys().map(String::as_str).collect();
    let (plan, mail) = match names.as_slice() {
        [plan, "index.csv", mail] => (*plan, *mail),
        other => panic!("{other:?}"),
    };
    assert!(plan.starts_with("attachments/0000") && plan.ends_with("/01__plan.txt"), "{plan}");
    assert!(mail.starts_with("mails/0000") && mail.ends_with("_1_1 .._Plan.eml"), "{mail}");
    assert_eq!(found[mail], with_text.as_bytes(), "exactly its octets");
    assert_eq!(found[plan].trim_ascii(), b"the plan");
    let index = std::str::from_utf8(&found["index.csv"]).unwrap();
    assert!(index.contains("\"'=1+1 ../Plan\""), "{index}");
    assert!(index.contains("\"mail held back\"") && index.contains("\"attachment held back\""), "{index}");
    assert!(index.contains("\"setup.exe\"") && !index.contains("Geheim"), "{index}");
    let nothing = files(&stranger, "").await;
    assert_eq!(nothing.keys().collect::<Vec<_>>(), ["index.csv"]);
    assert_eq!(files(&agent, "?text=Plan").await.len(), 3);
    let missing = world.get("/api/v1/records/contact/K-9/documents.zip").by(&agent);
    assert_eq!(missing.problem(StatusCode::NOT_FOUND).await, "not-found");
    let admin = world.administrator();
    let log = world.get("/api/v1/events").by(&admin).expect(StatusCode::OK).await;
    let texts: Vec<&str> =
        log["items"].as_array().unwrap().iter().filter_map(|e| e["text"].as_str()).collect();
    assert!(texts.contains(&"Mails of K-1 exported: 2"), "{texts:?}");
}

#[tokio::test]
async fn answers_to_signed_mails_find_their_record() {
    let world = World::new();
    contact(&world);
    let of_eva =
        |number: &str| Record { contact: Some("K-1".to_owned()), ..Record::new(RecordKind::Order, number) };
    let orders = vec![of_eva("B-2026-00001"), of_eva("B-2026-00002")];
    world.engine.store().put_records(orders, 0, UnixMillis(NOW)).unwrap();
    let text = b"Subject: Ihr Auftrag\r\n\r\nWegen B-2026-00002 melden wir uns.\r\n";
    let draft = store::Draft {
        from: "us@our.example".to_owned(),
        to: vec!["eva@example.org".to_owned()],
        subject: "Ihr Auftrag".to_owned(),
        facts: parse::parse(text, &parse::Limits::default()).facts,
        answers: Vec::new(),
    };
    let sending = world.engine.decide_sending(&draft, "our.example", true).unwrap();
    let numbers: Vec<&str> = sending.decision.links.iter().map(|link| link.number.as_str()).collect();
    assert_eq!(numbers, ["B-2026-00002", "K-1"]);
    let mark = sending.subject.strip_prefix("Ihr Auftrag ").unwrap();
    assert!(mark.starts_with("[#") && sending.message_id.ends_with("@our.example"), "{sending:?}");
    // Without mark; and where there is no record, nothing is signed.
    assert_eq!(world.engine.decide_sending(&draft, "our.example", false).unwrap().subject, "Ihr Auftrag");
    let nobody =
        store::Draft { to: vec!["eve@y.example".to_owned()], facts: model::MailFacts::default(), ..draft };
    assert_eq!(world.engine.decide_sending(&nobody, "our.example", true).unwrap().subject, "Ihr Auftrag");

    // The address alone has two orders; the reference tells which. The mail answered is not here: no thread helps.
    let plain = mail(1, "eva@example.org", "AW: Ihr Auftrag", "Danke.");
    let (head, body) = plain.split_once("\r\n\r\n").unwrap();
    let known = format!("{head}\r\nIn-Reply-To: <{}>\r\n\r\n{body}", sending.message_id);
    let stranger = mail(2, "eve@y.example", &format!("AW: Ihr Auftrag {mark}"), "Danke.");
    let forged =
        mail(3, "eva@example.org", "AW: Ihr Auftrag [#aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa]", "Danke.");
    for (name, mail, links, suggestions) in [
        ("known", &known, vec!["K-1 with order", "B-2026-00002 signed reference"], vec![]),
        ("stranger", &stranger, vec![], vec!["B-2026-00002 reference"]),
        (
            "forged",
            &forged,
            vec!["K-1 contact"],
            vec!["B-2026-00001 one of several", "B-2026-00002 one of several"],
        ),
    ] {
        let account = world.account(name, &[mail.as_str()]);
        let agent = world.user(&format!("{name}@our.example"), Role::Agent, &[account]);
        let id = world.first_mail(account);
        let found =
            world.get(&format!("/api/v1/messages/{id}/links")).by(&agent).expect(StatusCode::OK).await;
        let said = |list: &str, how: &str| -> Vec<String> {
            let list = found[list].as_array().unwrap().iter();
            list.map(|one| {
                format!("{} {}", one["record"]["number"].as_str().unwrap(), one[how].as_str().unwrap())
            })
            .collect()
        };
        assert_eq!(
            (said("links", "how"), said("suggestions", "why")),
            (strings(&links), strings(&suggestions)),
            "{name}"
        );
    }
}

fn strings(words: &[&str]) -> Vec<String> {
    words.iter().map(|&word| word.to_owned()).collect()
}
