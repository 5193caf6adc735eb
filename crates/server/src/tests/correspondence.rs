//! Who wrote and what was attached: lists and what is handed out of them.

use std::io::{Cursor, Read as _};

use axum::http::StatusCode;
use model::Role;
use serde_json::{Value, json};

use super::attachments::with_program;
use super::world::{World, mail};

fn with_file(number: u32, from: &str, name: &str, content: &str) -> String {
    format!(
        "From: {from}\r\nSubject: File {number}\r\nMessage-ID: <file.{number}@example.org>\r\n\
         Date: Tue, 3 Mar 2026 09:0{number}:00 +0000\r\nMIME-Version: 1.0\r\n\
         Content-Type: multipart/mixed; boundary=m\r\n\r\n--m\r\n\r\nhello {number}\r\n--m\r\n\
         Content-Type: text/plain; name=\"{name}\"\r\nContent-Disposition: attachment; filename=\"{name}\"\r\n\r\n\
         {content}\r\n--m--\r\n"
    )
}

fn all<'a>(answer: &'a Value, field: &str) -> Vec<&'a str> {
    answer["items"].as_array().unwrap().iter().map(|item| item[field].as_str().unwrap()).collect()
}

#[tokio::test]
async fn senders_are_listed_and_handed_out_as_far_as_they_may_be_read() {
    let world = World::new();
    let ours = world.account(
        "ours",
        &[
            &mail(1, "Eva Muster <eva@b.example>", "Offer 1", "x"),
            &mail(2, "eva@b.example", "Offer 2", "y"),
            &mail(3, "=tom@c.example", "Offer 3", "z"),
            &mail(4, "noreply@c.example", "Offer 4", "z"),
        ],
    );
    world.account("theirs", &[&mail(5, "uwe@b.example", "Offer 5", "z")]);
    let reader = world.user("reader@example.org", Role::Agent, &[ours]);
    let get = |path: &str| world.get(&format!("/api/v1/senders{path}")).by(&reader);
    let found = get("").expect(StatusCode::OK).await;
    assert_eq!(all(&found, "address"), ["eva@b.example", "=tom@c.example"]);
    assert_eq!((&found["items"][0]["count"], &found["items"][0]["suppressed"]), (&json!(2), &json!(false)));
    let found = get("?machines=1&search=@c.example&limit=1").expect(StatusCode::OK).await;
    assert_eq!(all(&found, "address"), ["=tom@c.example"]);
    let next = found["next"].as_str().unwrap();
    let rest =
        get(&format!("?machines=1&search=@c.example&limit=1&cursor={next}")).expect(StatusCode::OK).await;
    assert_eq!((all(&rest, "address"), &rest["next"]), (vec!["noreply@c.example"], &Value::Null));
    assert_eq!(get("?cursor=x").problem(StatusCode::BAD_REQUEST).await, "cursor");
    let suppress = json!({"address": "EVA@b.example", "reason": "asked"});
    let admin = world.administrator();
    let item = json!({"items": [suppress]});
    let put = world.ask(axum::http::Method::POST, "/api/v1/suppression").by(&admin).json(&item).send().await;
    assert!(put.status.is_success(), "{}", put.text());
    assert_eq!(get("").expect(StatusCode::OK).await["items"][0]["suppressed"], true);
    let csv = get("/export?format=csv").send().await;
    let text = csv.text();
    assert_eq!(text.lines().count(), 3, "{text}");
    assert!(
        text.contains("\"eva@b.example\"") && text.contains("\"'=tom@c.example\"") && !text.contains("uwe@")
    );
    assert!(text.lines().nth(1).unwrap().ends_with("\"1\""), "suppressed: {text}");
    let xlsx = get("/export?format=xlsx&machines=1").send().await;
    assert!(xlsx.body.starts_with(b"PK\x03\x04"));
    let log = world.get("/api/v1/events?action=senders.exported").by(&admin).expect(StatusCode::OK).await;
    assert_eq!(log["items"][0]["details"]["count"], "3");
    assert_eq!(log["items"].as_array().unwrap().len(), 2);
    // Many addresses need a second person.
    world.user("second@example.org", Role::Administrator, &[]);
    let limit = json!({"export_from": 2});
    let set = world.ask(axum::http::Method::PUT, "/api/v1/approvals/settings").by(&admin).json(&limit);
    set.expect(StatusCode::OK).await;
    assert_eq!(get("/export").problem(StatusCode::FORBIDDEN).await, "export-needs-approval");
    let check = get("/export/check").expect(StatusCode::OK).await;
    assert_eq!(check, json!({"mails": 2, "needs_approval": true}));
    let wanted = json!({"q": "order=count", "format": "senders_csv", "note": "mailing"});
    let ask = world.ask(axum::http::Method::POST, "/api/v1/approvals/exports").by(&reader).json(&wanted);
    let id = ask.expect(StatusCode::CREATED).await["id"].as_str().unwrap().to_owned();
    let path = format!("/api/v1/approvals/{id}/approve");
    world.ask(axum::http::Method::POST, &path).by(&admin).expect(StatusCode::OK).await;
    let text = get(&format!("/export?order=count&approval={id}")).send().await;
    assert_eq!(text.text().lines().count(), 3);
    let other = get(&format!("/export?order=last&approval={id}")).problem(StatusCode::CONFLICT).await;
    assert_eq!(other, "approval-over");
}

#[tokio::test]
async fn attachments_are_listed_and_handed_out_without_held_ones() {
    let world = World::new();
    let ours = world.account(
        "ours",
        &[
            &with_file(1, "eva@b.example", "../../first.txt", "one"),
            &with_program(2),
            &with_file(3, "Tom <tom@c.example>", "third.csv", "three"),
        ],
    );
    world.account("theirs", &[&with_file(4, "uwe@b.example", "secret.txt", "four")]);
    let reader = world.user("reader@example.org", Role::Agent, &[ours]);
    let get = |path: &str| world.get(&format!("/api/v1/media{path}")).by(&reader);
    let found = get("").expect(StatusCode::OK).await;
    let names = all(&found, "name");
    assert_eq!(names.len(), 3, "{found}");
    assert!(names.contains(&"setup.exe") && !names.contains(&"secret.txt"));
    assert_eq!(all(&get("?kind=document").expect(StatusCode::OK).await, "name").len(), 2);
    assert_eq!(all(&get("?sender=TOM").expect(StatusCode::OK).await, "name"), ["third.csv"]);
    assert_eq!(all(&get("?name=setup").expect(StatusCode::OK).await, "kind"), ["other"]);
    assert_eq!(get("?octets_min=1000000").expect(StatusCode::OK).await["items"], json!([]));
    assert_eq!(get("?kind=exe").problem(StatusCode::BAD_REQUEST).await, "request-unreadable");
    let unzip = |octets: &[u8]| -> Vec<(String, String)> {
        let mut zip = zip::ZipArchive::new(Cursor::new(octets.to_vec())).unwrap();
        let mut files = Vec::new();
        for n in 0..zip.len() {
            let mut file = zip.by_index(n).unwrap();
            let mut text = String::new();
            file.read_to_string(&mut text).unwrap();
            files.push((file.name().unwrap().into_owned(), text));
        }
        files
    };
    let answer = get("/export").send().await;
    assert_eq!(answer.header("content-type"), "application/zip");
    let files = unzip(&answer.body);
    assert_eq!(files.len(), 4, "{files:?}");
    assert!(files.iter().all(|(name, _)| !name.contains('/') && !name.contains("exe")), "{files:?}");
    assert!(files.iter().any(|(_, text)| text == "one"));
    let held = files.iter().find(|(name, _)| name == "held-back.txt").unwrap();
    assert!(held.1.starts_with("setup.exe"), "{}", held.1);
    let index = files.iter().find(|(name, _)| name == "index.csv").unwrap();
    assert_eq!(index.1.lines().count(), 4);
    let third = found["items"].as_array().unwrap().iter().find(|item| item["name"] == "third.csv").unwrap();
    let chosen = format!("{}:{}", third["mail_id"].as_str().unwrap(), third["part"].as_str().unwrap());
    let files = unzip(&get(&format!("/export?chosen={chosen}")).send().await.body);
    assert_eq!(files.len(), 2);
    assert_eq!(files[0].1, "three");
    assert_eq!(get("/export?chosen=x").problem(StatusCode::BAD_REQUEST).await, "request-unreadable");
    // A mail the caller may not read gives nothing away.
    let stranger = world.user("stranger@example.org", Role::Agent, &[]);
    let theirs = world.get(&format!("/api/v1/media/export?chosen={chosen}")).by(&stranger).send().await;
    assert_eq!(unzip(&theirs.body).len(), 1);
    let admin = world.administrator();
    let log = world.get("/api/v1/events?action=attachments.exported").by(&admin).expect(StatusCode::OK).await;
    assert_eq!(log["items"].as_array().unwrap().len(), 3);
}
