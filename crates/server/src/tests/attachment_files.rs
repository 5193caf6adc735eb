//! Attachments as files: who may, what is refused and how that is said, and whose names are shown.

use axum::http::{Method, StatusCode};
use model::Role;
use serde_json::{Value, json};

use super::world::World;

const FILES: &str = "/api/v1/attachment-files";

fn asked(folder: &str, pattern: &str) -> Value {
    json!({ "active": true, "folder": folder, "pattern": pattern, "language": "de" })
}

#[tokio::test]
async fn settings_are_checked_set_and_logged() {
    let world = World::new();
    let admin = world.administrator();
    let agent = world.user("agent@example.org", Role::Agent, &[]);
    assert_eq!(world.get(FILES).by(&agent).problem(StatusCode::FORBIDDEN).await, "role");
    let state = world.get(FILES).by(&admin).expect(StatusCode::OK).await;
    assert_eq!((&state["settings"]["active"], &state["written"]), (&json!(false), &json!(0)));
    assert!(state["placeholders"].as_array().unwrap().contains(&json!("contact")));
    let target = tempfile::tempdir().unwrap();
    let folder = target.path().join("files").to_str().unwrap().to_owned();
    let set = |body: Value| world.ask(Method::PUT, FILES).json(&body).by(&admin);
    for (folder, pattern, problem) in [
        (folder.as_str(), "", "files-pattern-folder"),
        (&folder, "{year}/{month}", "files-pattern-name"),
        (&folder, "{jahr}/{name}", "files-pattern-unknown"),
        (&folder, "../{name}", "files-pattern-traversal"),
        (&folder, "{year/{name}", "files-pattern-brace"),
        (&folder, "a:b/{name}", "files-pattern-character"),
        ("", "{name}", "files-folder-path"),
        ("/", "{name}", "files-folder-data"),
        ("/dev/null/x", "{name}", "files-folder-unusable"),
    ] {
        let refused = set(asked(folder, pattern)).problem(StatusCode::BAD_REQUEST).await;
        assert_eq!(refused, problem, "{folder} {pattern}");
    }
    let mut body = asked(&folder, "{name}");
    body["accounts"] = json!(["00000000-0000-7000-8000-000000000000"]);
    assert_eq!(set(body).problem(StatusCode::BAD_REQUEST).await, "files-account");
    let state = set(asked(&folder, " {type}/{name} ")).expect(StatusCode::OK).await;
    assert_eq!(
        (&state["settings"]["pattern"], &state["settings"]["language"]),
        (&json!("{type}/{name}"), &json!("de"))
    );
    let again = world.ask(Method::POST, "/api/v1/attachment-files/again").by(&admin).send().await;
    assert_eq!(again.status, StatusCode::ACCEPTED);
    let log = world.get("/api/v1/events").by(&admin).expect(StatusCode::OK).await;
    let told: Vec<_> = log["items"].as_array().unwrap().iter().map(|event| event["action"].clone()).collect();
    assert_eq!(told[..2], ["files.again", "files.changed"]);
}

#[tokio::test]
async fn examples_are_of_mails_one_may_read() {
    let world = World::new();
    let admin = world.administrator();
    let preview = |pattern: &str| {
        let body = json!({ "active": false, "folder": "", "pattern": pattern, "language": "de" });
        world.ask(Method::POST, "/api/v1/attachment-files/preview").json(&body).by(&admin)
    };
    let shown = preview("{type}/{contact}/{name}").expect(StatusCode::OK).await;
    assert_eq!(shown["examples"], json!([{ "mail_id": null, "path": "PDF/Example AG/4711.pdf" }]));
    assert_eq!(preview("{x}/{name}").problem(StatusCode::BAD_REQUEST).await, "files-pattern-unknown");
    let list =
        world.get("/api/v1/attachment-files/list?state=failed").by(&admin).expect(StatusCode::OK).await;
    assert_eq!(list, json!({ "items": [], "next": null }));
}

/// An attachment that is text, in a mail.
fn with_table(name: &str) -> String {
    format!(
        "From: eva@kunde.example\r\nTo: post@ours.example\r\nSubject: table\r\n\
         Date: Mon, 2 Mar 2026 09:00:00 +0000\r\nMessage-ID: <{name}@kunde.example>\r\nMIME-Version: 1.0\r\n\
         Content-Type: multipart/mixed; boundary=x\r\n\r\n--x\r\nContent-Type: text/plain\r\n\r\nHere.\r\n\
         --x\r\nContent-Type: text/csv\r\nContent-Disposition: attachment; filename=\"{name}\"\r\n\r\na;b\r\n\
         --x--\r\n"
    )
}

#[tokio::test]
async fn names_are_shown_to_those_who_may_read_the_mail() {
    let world = World::new();
    let admin = world.administrator();
    let target = tempfile::tempdir().unwrap();
    let body = asked(target.path().to_str().unwrap(), "{name}");
    world.ask(Method::PUT, FILES).json(&body).by(&admin).expect(StatusCode::OK).await;
    let sales = world.account("sales", &[&with_table("offer.csv")]);
    assert!(world.engine.write_attachment_files().unwrap());
    assert!(target.path().join("offer.csv").exists());
    let reader = world.user("reader@example.org", Role::Administrator, &[sales]);
    let list = format!("{FILES}/list?state=written");
    let items = |list: &Value| list["items"].as_array().unwrap().clone();
    let shown = items(&world.get(&list).by(&reader).expect(StatusCode::OK).await);
    assert_eq!((shown.len(), &shown[0]["path"]), (1, &json!("offer.csv")));
    assert_eq!(shown[0]["mail_id"], json!(world.first_mail(sales).uuid()));
    let shown = items(&world.get(&list).by(&admin).expect(StatusCode::OK).await);
    assert_eq!(
        (shown.len(), &shown[0]["path"], &shown[0]["mail_id"]),
        (1, &Value::Null, &Value::Null),
        "who may not read the mail learns that there is a file, and no more"
    );
}
