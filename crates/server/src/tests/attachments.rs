//! Attachments: what is handed out, what is held, who lets it through, the policy.

use axum::http::{Method, StatusCode};
use model::Role;
use serde_json::{Value, json};

use super::messages::RICH;
use super::world::{Ask, Caller, World};

const SETTINGS: &str = "/api/v1/attachments/settings";

/// A mail with a program as only attachment.
pub(super) fn with_program(number: u32) -> String {
    format!(
        "From: eva@example.org\r\nSubject: {number}\r\nMessage-ID: <program.{number}@example.org>\r\nMIME-Version: 1.0\r\n\
         Content-Type: multipart/mixed; boundary=m\r\n\r\n--m\r\n\r\nhello {number}\r\n--m\r\n\
         Content-Type: application/octet-stream; name=\"setup.exe\"\r\nContent-Disposition: attachment; filename=\"setup.exe\"\r\n\
         Content-Transfer-Encoding: base64\r\n\r\nTVqQAAMAAAAEAAAA//8AALgAAAAAAAAA\r\n--m--\r\n"
    )
}

async fn set(world: &World, by: &Caller, change: Value) -> Value {
    world.ask(Method::PUT, SETTINGS).by(by).json(&change).expect(StatusCode::OK).await
}

#[tokio::test]
async fn what_is_held_is_let_through_with_a_reason() {
    let world = World::new();
    let account = world.account("Info", &[RICH]);
    let agent = world.user("agent@example.org", Role::Agent, &[account]);
    // Granted no account.
    let admin = world.administrator();
    let id = world.first_mail(account);
    let part = format!("/api/v1/messages/{id}/parts/3");
    let raw = format!("/api/v1/messages/{id}/raw");
    let release = format!("{part}/release");
    let because = json!({"reason": "known sender"});

    assert_eq!(world.get(&part).by(&agent).problem(StatusCode::FORBIDDEN).await, "part-blocked");
    assert_eq!(world.get(&raw).by(&agent).problem(StatusCode::FORBIDDEN).await, "raw-held");
    let held = world.get("/api/v1/attachments/held").by(&admin).expect(StatusCode::OK).await;
    let row = &held["items"][0];
    assert_eq!((held["items"].as_array().unwrap().len(), &held["next"]), (1, &Value::Null));
    assert_eq!(
        (&row["mail_id"], &row["number"], &row["name"]),
        (&json!(id.to_string()), &json!("3"), &json!("cat.pdf"))
    );
    assert_eq!((&row["subject"], &row["readable"]), (&Value::Null, &json!(false)));
    assert_eq!((&row["hold"]["reason"], &row["hold"]["released"]), (&json!("policy"), &Value::Null));
    assert_eq!(row["hold"]["findings"][0]["class"], "disguised");

    let ask = |by: &Caller, body: &Value| -> Ask<'_> { world.ask(Method::POST, &release).by(by).json(body) };
    assert_eq!(ask(&agent, &because).send().await.status, StatusCode::FORBIDDEN);
    let empty = ask(&admin, &json!({"reason": " "}));
    assert_eq!(empty.problem(StatusCode::BAD_REQUEST).await, "field-empty");
    let other = world.ask(Method::POST, &format!("/api/v1/messages/{id}/parts/9/release"));
    assert_eq!(other.by(&admin).json(&because).send().await.status, StatusCode::NOT_FOUND);
    assert_eq!(ask(&admin, &because).send().await.status, StatusCode::NO_CONTENT);

    let program = world.get(&part).by(&agent).send().await;
    assert_eq!((program.status, &program.body[..4]), (StatusCode::OK, &b"\x7fELF"[..]));
    assert!(program.header("content-disposition").starts_with("attachment; "));
    assert_eq!(world.get(&raw).by(&agent).send().await.body, RICH.as_bytes());
    let detail = world.get(&format!("/api/v1/messages/{id}")).by(&agent).expect(StatusCode::OK).await;
    let shown = detail["attachments"].as_array().unwrap().iter().find(|part| part["number"] == "3").unwrap();
    assert_eq!(shown["hold"]["released"]["reason"], "known sender");
    let log = world.get("/api/v1/events?limit=200").by(&admin).expect(StatusCode::OK).await;
    let entry =
        log["items"].as_array().unwrap().iter().find(|entry| entry["action"] == "attachment.released");
    assert_eq!(entry.unwrap()["details"], json!({"part": "3", "reason": "known sender"}));

    let again = world.ask(Method::DELETE, &release);
    assert_eq!(again.by(&agent).send().await.status, StatusCode::FORBIDDEN);
    let again = world.ask(Method::DELETE, &release).by(&admin).send().await;
    assert_eq!(again.status, StatusCode::NO_CONTENT);
    assert_eq!(world.get(&part).by(&agent).problem(StatusCode::FORBIDDEN).await, "part-blocked");
}

#[tokio::test]
async fn held_ones_come_in_pages() {
    let world = World::new();
    let mails: Vec<String> = (0..5).map(with_program).collect();
    let account = world.account("Info", &mails.iter().map(String::as_str).collect::<Vec<_>>());
    let admin = world.user("admin@example.org", Role::Administrator, &[account]);
    let list = world.get("/api/v1/messages").by(&admin).expect(StatusCode::OK).await;
    for row in list["items"].as_array().unwrap() {
        let id = row["mail_id"].as_str().unwrap();
        let part = format!("/api/v1/messages/{id}/parts/2");
        assert_eq!(world.get(&part).by(&admin).problem(StatusCode::FORBIDDEN).await, "part-blocked");
    }
    let (mut subjects, mut cursor) = (Vec::new(), String::new());
    loop {
        let path = format!("/api/v1/attachments/held?limit=2{cursor}");
        let page = world.get(&path).by(&admin).expect(StatusCode::OK).await;
        let items = page["items"].as_array().unwrap();
        assert!(items.iter().all(|row| row["readable"] == true && row["name"] == "setup.exe"), "{page}");
        subjects.extend(items.iter().map(|row| row["subject"].as_str().unwrap().to_owned()));
        match page["next"].as_str() {
            Some(next) => cursor = format!("&cursor={next}"),
            None => break,
        }
    }
    assert_eq!(subjects, ["4", "3", "2", "1", "0"]);
    let bad = world.get("/api/v1/attachments/held?cursor=x").by(&admin);
    assert_eq!(bad.problem(StatusCode::BAD_REQUEST).await, "cursor");
}

#[tokio::test]
async fn the_policy_decides_at_once() {
    let world = World::new();
    let account = world.account("Info", &[&with_program(1)]);
    let agent = world.user("agent@example.org", Role::Agent, &[account]);
    let admin = world.administrator();
    let part = format!("/api/v1/messages/{}/parts/2", world.first_mail(account));
    assert_eq!(world.get(&part).by(&agent).problem(StatusCode::FORBIDDEN).await, "part-blocked");

    let before = world.get(SETTINGS).by(&admin).expect(StatusCode::OK).await;
    let holds = |settings: &Value| {
        let classes = settings["policy"].as_array().unwrap();
        classes.iter().find(|class| class["class"] == "program").unwrap()["hold"].clone()
    };
    assert_eq!((holds(&before), &before["scanner"]), (json!(true), &Value::Null));
    let after = set(&world, &admin, json!({"policy": [{"class": "program", "hold": false}]})).await;
    assert_eq!(holds(&after), false);
    assert!(after["version"].as_i64() > before["version"].as_i64());
    assert_eq!(world.get(&part).by(&agent).send().await.status, StatusCode::OK);
    let back = set(&world, &admin, json!({"policy": [{"class": "program", "hold": true}]})).await;
    assert_eq!(holds(&back), true);
    assert_eq!(world.get(&part).by(&agent).problem(StatusCode::FORBIDDEN).await, "part-blocked");

    for (change, problem) in [
        (json!({"policy": [{"class": "nonsense", "hold": true}]}), "word-unknown"),
        (json!({"scanner": "a b"}), "scanner-address"),
        (json!({"name_servers": ["dns.example.org"]}), "name-server"),
        (json!({"trusted_hosts": ["a b"]}), "trusted-host"),
        (json!({"authserv_ids": ["a b"]}), "trusted-host"),
        (json!({"spam_filter": "127.0.0.1:783"}), "spam-filter-address"),
    ] {
        let asked = world.ask(Method::PUT, SETTINGS).by(&admin).json(&change);
        assert_eq!(asked.problem(StatusCode::BAD_REQUEST).await, problem, "{change}");
    }
    assert_eq!(world.get(SETTINGS).by(&agent).send().await.status, StatusCode::FORBIDDEN);
}

#[tokio::test]
async fn a_scanner_that_is_not_there_holds_what_comes() {
    let world = World::new();
    let account = world.account("Info", &[RICH]);
    let agent = world.user("agent@example.org", Role::Agent, &[account]);
    let admin = world.administrator();
    let id = world.first_mail(account);
    let part = format!("/api/v1/messages/{id}/parts/2");
    let nowhere = world.dir.path().join("no-scanner");
    let test = world.ask(Method::POST, "/api/v1/attachments/scanner/test").by(&admin);
    let tried = test.json(&json!({"scanner": nowhere})).expect(StatusCode::OK).await;
    assert_eq!((&tried["reachable"], &tried["test_file"]), (&json!(false), &Value::Null));
    assert!(!tried["error"].as_str().unwrap().is_empty());

    let settings = set(&world, &admin, json!({"scanner": nowhere})).await;
    assert_eq!(settings["status"]["reachable"], false);
    assert_eq!(world.get(&part).by(&agent).problem(StatusCode::FORBIDDEN).await, "part-blocked");
    let detail = world.get(&format!("/api/v1/messages/{id}")).by(&agent).expect(StatusCode::OK).await;
    let shown = detail["attachments"].as_array().unwrap().iter().find(|part| part["number"] == "2").unwrap();
    assert_eq!(shown["hold"]["reason"], "waiting");
    let rescan = |asked: Value| world.ask(Method::POST, "/api/v1/attachments/rescan").json(&asked);
    assert_eq!(rescan(json!({"mail_id": id.uuid()})).by(&admin).send().await.status, StatusCode::ACCEPTED);
    assert_eq!(rescan(json!({})).by(&agent).send().await.status, StatusCode::FORBIDDEN);

    set(&world, &admin, json!({"scanner": ""})).await;
    assert_eq!(world.get(&part).by(&agent).send().await.status, StatusCode::OK);
}
