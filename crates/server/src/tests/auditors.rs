//! Auditors: what they see, for how long, and that they change nothing.

use axum::http::{Method, StatusCode};
use model::{Period, Role, UnixMillis};
use serde_json::{Value, json};

use super::rights::path;
use super::world::{Caller, NOW, World, mail};

fn limited(world: &World, who: &Caller, limits: store::UserLimits) {
    let patch = store::UserPatch { limits: Some(limits), ..store::UserPatch::default() };
    world.engine.store().update_user(who.id, patch).unwrap();
}

/// Every operation of the published description that is no `GET`.
fn changing() -> Vec<(Method, String)> {
    let description: Value = serde_json::from_str(&api::description_json()).unwrap();
    let mut found = Vec::new();
    for (path, methods) in description["paths"].as_object().unwrap() {
        for method in methods.as_object().unwrap().keys() {
            if method != "get" {
                found.push((method.to_uppercase().parse().unwrap(), path.clone()));
            }
        }
    }
    found
}

#[tokio::test]
async fn auditors_change_nothing() {
    let world = World::new();
    let account = world.account("info", &[&mail(1, "eva@b.example", "Offer", "x")]);
    let auditor = world.user("auditor@example.org", Role::Auditor, &[account]);
    // Logging in and out, one's own profile, a question that is too long for an address, and what other logs ask a witness.
    let own = [
        "/api/v1/session",
        "/api/v1/me",
        "/api/v1/suppression/check",
        "/api/v1/setup",
        "/api/v1/witness/add-checkpoint",
    ];
    let changing = changing();
    assert!(changing.len() > 100, "{}", changing.len());
    for (method, path) in changing.iter().filter(|(_, path)| !own.contains(&path.as_str())) {
        let path: Vec<&str> =
            path.split('/').map(|part| if part.starts_with('{') { "1" } else { part }).collect();
        let answer = world.ask(method.clone(), &path.join("/")).by(&auditor).json(&json!({})).send().await;
        assert_eq!(answer.status, StatusCode::FORBIDDEN, "{method} {path:?} {}", answer.text());
        assert_eq!(answer.json()["type"], "role", "{method} {path:?}");
    }
    for path in
        ["/api/v1/events", "/api/v1/proof", "/api/v1/messages", "/api/v1/approvals", "/api/v1/events/words"]
    {
        world.get(path).by(&auditor).expect(StatusCode::OK).await;
    }
    let export = world.get("/api/v1/export?format=csv").by(&auditor).send().await;
    assert_eq!(export.text().lines().count(), 2);
}

fn dated(number: u32, date: &str) -> String {
    mail(number, "eva@b.example", &format!("Letter {number}"), "about the Bilanz")
        .replace("Mon, 2 Mar 2026 08", &format!("{date} 08"))
}

#[tokio::test]
async fn auditors_see_mail_of_their_period_only() {
    let world = World::new();
    let mails =
        [dated(1, "10 Dec 2024"), dated(2, "10 Jan 2025"), dated(3, "10 Dec 2025"), dated(4, "10 Jan 2026")];
    let account = world.account("info", &mails.each_ref().map(String::as_str));
    let reader = world.user("reader@example.org", Role::Agent, &[account]);
    let auditor = world.user("auditor@example.org", Role::Auditor, &[account]);
    let at = |text: &str| Some(UnixMillis(text.parse::<jiff::Timestamp>().unwrap().as_millisecond()));
    let period = Period { from: at("2025-01-01T00:00:00Z"), until: at("2026-01-01T00:00:00Z") };
    limited(&world, &auditor, store::UserLimits { period, expires: None });

    let all = world.get("/api/v1/messages").by(&reader).expect(StatusCode::OK).await;
    assert_eq!(all["total"], 4);
    let subjects = |list: &Value| {
        let items = list["items"].as_array().unwrap().iter();
        items.map(|item| item["subject"].as_str().unwrap().to_owned()).collect::<Vec<_>>()
    };
    let whole = ["Letter 3", "Letter 2"];
    for query in ["", "?unread=true", "?order=asc", "?limit=1", "?offset=1", &format!("?account={account}")] {
        let list = world.get(&format!("/api/v1/messages{query}")).by(&auditor).expect(StatusCode::OK).await;
        assert_eq!(list["total"], 2, "{query}");
        let expected: Vec<&str> = match query {
            "?order=asc" => vec!["Letter 2", "Letter 3"],
            "?limit=1" => vec!["Letter 3"],
            "?offset=1" => vec!["Letter 2"],
            _ => whole.to_vec(),
        };
        assert_eq!(subjects(&list), expected, "{query}");
    }
    for query in ["Bilanz", "", "after:2020-01-01"] {
        let found = world.get(&format!("/api/v1/search?q={query}")).by(&auditor).expect(StatusCode::OK).await;
        assert_eq!(
            (&found["total"], subjects(&found)),
            (&json!(2), whole.map(str::to_owned).to_vec()),
            "{query}"
        );
    }
    for query in ["q=Bilanz&", ""] {
        let export = world.get(&format!("/api/v1/export?{query}format=csv")).by(&auditor).send().await;
        assert_eq!(export.text().lines().count(), 3, "{query}: {}", export.text());
    }
    for item in all["items"].as_array().unwrap() {
        let id = item["id"].as_str().or(item["mail_id"].as_str()).unwrap();
        let is_in = whole.contains(&item["subject"].as_str().unwrap());
        for part in ["", "/raw", "/frame", "/links"] {
            let answer = world.get(&format!("/api/v1/messages/{id}{part}")).by(&auditor).send().await;
            let expected = if is_in { StatusCode::OK } else { StatusCode::NOT_FOUND };
            assert_eq!(answer.status, expected, "{part} of {item}");
        }
    }
    // What does not keep to it is not shown at all.
    for operation in api::OPERATIONS {
        if operation.method != api::Method::Get
            || operation.keeps_to_period()
            || !operation.access.allows(Role::Auditor)
        {
            continue;
        }
        let answer = world.get(&path(operation)).by(&auditor).send().await;
        assert_eq!(answer.status, StatusCode::FORBIDDEN, "{}", operation.id);
        assert_eq!(answer.json()["type"], "auditor-period", "{}", operation.id);
    }
    let status = world.get("/api/v1/status").by(&auditor).expect(StatusCode::OK).await;
    assert_eq!(status["messages"], 2);
}

#[tokio::test]
async fn a_login_ends_when_it_was_said() {
    let world = World::new();
    let admin = world.administrator();
    let end = jiff::Timestamp::from_millisecond(NOW + 60_000).unwrap().to_string();
    let asked = json!({
        "name": "Revision", "email": "revision@example.org", "role": "auditor", "language": "de",
        "password": "ein sehr langes Kennwort", "limits": { "expires": end, "mails_from": "2025-01-01T00:00:00Z" },
    });
    let made =
        world.ask(Method::POST, "/api/v1/users").by(&admin).json(&asked).expect(StatusCode::CREATED).await;
    assert_eq!(made["limits"]["mails_from"], "2025-01-01T00:00:00.000Z");
    let log_in = || {
        let login = json!({ "email": "revision@example.org", "password": "ein sehr langes Kennwort" });
        world.ask(Method::POST, "/api/v1/session").json(&login).send()
    };
    let answer = log_in().await;
    assert_eq!(answer.status, StatusCode::CREATED);
    let cookie = answer.header("set-cookie").split(';').next().unwrap().to_owned();
    let auditor = Caller { id: admin.id, cookie };
    world.get("/api/v1/events").by(&auditor).expect(StatusCode::OK).await;
    world.pass(59_999);
    world.get("/api/v1/events").by(&auditor).expect(StatusCode::OK).await;
    world.pass(1);
    assert_eq!(
        world.get("/api/v1/events").by(&auditor).problem(StatusCode::UNAUTHORIZED).await,
        "session-needed"
    );
    assert_eq!(log_in().await.status, StatusCode::UNAUTHORIZED);

    let id = made["id"].as_str().unwrap();
    let change = |body: Value| {
        let path = format!("/api/v1/users/{id}");
        let (world, admin) = (&world, &admin);
        async move { world.ask(Method::PATCH, &path).by(admin).json(&body).send().await }
    };
    let wrong =
        json!({ "limits": { "mails_from": "2026-01-01T00:00:00Z", "mails_until": "2025-01-01T00:00:00Z" } });
    let answer = change(wrong).await;
    assert_eq!((answer.status, &answer.json()["type"]), (StatusCode::BAD_REQUEST, &json!("period")));
    // Only auditors have limits.
    let answer = change(json!({ "role": "agent" })).await;
    assert_eq!(answer.json()["limits"], json!({ "mails_from": null, "mails_until": null, "expires": null }));
    assert_eq!(log_in().await.status, StatusCode::CREATED);
}

#[tokio::test]
async fn the_log_is_filtered_and_handed_out() {
    let world = World::new();
    let account = world.account("info", &[&mail(1, "eva@b.example", "Offer", "x")]);
    let reader = world.user("reader@example.org", Role::Agent, &[account]);
    let auditor = world.user("auditor@example.org", Role::Auditor, &[account]);
    let id = world.first_mail(account);
    world.get(&format!("/api/v1/messages/{id}")).by(&reader).expect(StatusCode::OK).await;
    world.pass(60_000);
    world.get(&format!("/api/v1/messages/{id}/raw")).by(&auditor).send().await;
    world.state.access_log().flush();
    let list = async |query: &str| {
        let page = world.get(&format!("/api/v1/events?{query}")).by(&auditor).expect(StatusCode::OK).await;
        let items = page["items"].as_array().unwrap().iter();
        items.map(|item| item["action"].as_str().unwrap().to_owned()).collect::<Vec<_>>()
    };
    assert_eq!(list(&format!("target={id}")).await, ["mail.downloaded", "mail.read"]);
    assert_eq!(list(&format!("actor={}", reader.id)).await, ["mail.read"]);
    assert_eq!(list("action=mail.read").await, ["mail.read"]);
    assert_eq!(list("action=mail.read&actor=nobody").await, [""; 0]);
    let later = jiff::Timestamp::from_millisecond(NOW + 1).unwrap();
    assert_eq!(list(&format!("from={later}")).await, ["mail.downloaded"]);
    assert_eq!(list(&format!("until={later}&target={id}")).await, ["mail.read"]);
    let first = world.get("/api/v1/events?limit=1").by(&auditor).expect(StatusCode::OK).await;
    let next = first["next"].as_str().unwrap();
    assert_eq!(list(&format!("cursor={next}")).await, ["mail.read"]);
    world.get("/api/v1/events?cursor=7").by(&auditor).problem(StatusCode::BAD_REQUEST).await;

    let words = world.get("/api/v1/events/words").by(&auditor).expect(StatusCode::OK).await;
    let names = |list: &str| {
        words[list].as_array().unwrap().iter().map(|word| word["name"].clone()).collect::<Vec<_>>()
    };
    assert_eq!(names("actors"), ["auditor", "reader"]);
    assert!(names("actions").contains(&json!("Mail read")), "{words}");

    let csv = world.get(&format!("/api/v1/events/export?format=csv&target={id}")).by(&auditor).send().await;
    assert!(csv.header("content-disposition").contains("log.csv"));
    assert_eq!(csv.text().lines().count(), 3, "{}", csv.text());
    let lines = world.get("/api/v1/events/export?format=json&action=mail.read").by(&auditor).send().await;
    let line: Value = serde_json::from_str(lines.text().lines().next().unwrap()).unwrap();
    assert_eq!((&line["actor"]["name"], &line["target"]), (&json!("reader"), &json!(id.to_string())));
    assert_eq!(list("action=log.exported").await.len(), 2);
    let agent = world.get("/api/v1/events/export?format=csv").by(&reader);
    assert_eq!(agent.problem(StatusCode::FORBIDDEN).await, "role");
}
