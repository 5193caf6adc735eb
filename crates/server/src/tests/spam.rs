//! Suspected spam: who says so, who may contradict, what finds it, and the test of the filter.

use axum::http::{Method, StatusCode};
use model::Role;
use serde_json::{Value, json};
use test_support::SpamFilter;

use super::world::{World, mail};

const SPAM: &str = "/api/v1/messages/spam";

#[tokio::test]
async fn a_persons_word_holds() {
    let world = World::new();
    let marked = format!("X-Spam-Flag: YES\r\n{}", mail(1, "eva@example.org", "One", "Zebra"));
    let account = world.account("Info", &[&marked, &mail(2, "max@example.org", "Two", "Zebra")]);
    let other = world.account("Other", &[&mail(3, "ida@example.org", "Three", "Zebra")]);
    let agent = world.user("agent@example.org", Role::Agent, &[account]);
    let auditor = world.user("auditor@example.org", Role::Auditor, &[account]);
    let total = async |path: &str| world.get(path).by(&agent).expect(StatusCode::OK).await["total"].clone();
    let found = world.get("/api/v1/messages?spam=true").by(&agent).expect(StatusCode::OK).await;
    assert_eq!(found["total"], 1);
    let state = json!({"suspected": true, "marked": "X-Spam-Flag", "said": null});
    assert_eq!((&found["items"][0]["subject"], &found["items"][0]["spam"]), (&json!("One"), &state));
    // Nothing is hidden.
    assert_eq!(total("/api/v1/messages").await, 2);
    world.engine.catch_up().unwrap();
    for (query, count) in [("is:spam", 1), ("ist:spamverdacht+Zebra", 1), ("Zebra+-is:spam", 1), ("Zebra", 2)]
    {
        assert_eq!(total(&format!("/api/v1/search?q={query}")).await, count, "{query}");
    }

    let id = found["items"][0]["mail_id"].clone();
    let foreign = world.first_mail(other).to_string();
    let ask =
        |spam: Value| world.ask(Method::POST, SPAM).json(&json!({"mails": [id, foreign], "spam": spam}));
    assert_eq!(ask(json!(false)).by(&auditor).problem(StatusCode::FORBIDDEN).await, "role");
    let done = ask(json!(false)).by(&agent).expect(StatusCode::OK).await;
    assert_eq!(done, json!({"changed": [{"mail_id": id, "before": null}], "unchanged": 0}));
    assert_eq!(ask(json!(false)).by(&agent).expect(StatusCode::OK).await["unchanged"], 1);
    assert_eq!(total("/api/v1/messages?spam=true").await, 0);
    let path = format!("/api/v1/messages/{}", id.as_str().unwrap());
    let detail = world.get(&path).by(&agent).expect(StatusCode::OK).await;
    assert_eq!(detail["spam"], json!({"suspected": false, "marked": "X-Spam-Flag", "said": false}));
    world.engine.catch_up().unwrap();
    assert_eq!(total("/api/v1/search?q=is:spam").await, 0);
    let back = ask(json!(null)).by(&agent).expect(StatusCode::OK).await;
    assert_eq!(back["changed"][0]["before"], false);
    assert_eq!(total("/api/v1/messages?spam=true").await, 1);

    let none = json!({"mails": [foreign], "spam": true});
    let none = world.ask(Method::POST, SPAM).json(&none).by(&agent);
    assert_eq!(none.problem(StatusCode::NOT_FOUND).await, "not-found");
    let many = json!({"mails": vec![foreign; 501], "spam": true});
    let many = world.ask(Method::POST, SPAM).json(&many).by(&agent);
    assert_eq!(many.problem(StatusCode::BAD_REQUEST).await, "too-many-items");
    let log = world.get("/api/v1/events").by(&world.administrator()).expect(StatusCode::OK).await;
    let told =
        |action: &str| log["items"].as_array().unwrap().iter().filter(|e| e["action"] == action).count();
    assert_eq!((told("mail.checked"), told("mail.spam_taken_back"), told("mail.spam")), (1, 1, 0));
}

#[tokio::test]
async fn the_filter_is_tested_with_a_real_one() {
    let world = World::new();
    let admin = world.administrator();
    let agent = world.user("agent@example.org", Role::Agent, &[]);
    let test = |address: &str| {
        let body = json!({"spam_filter": address});
        world.ask(Method::POST, "/api/v1/attachments/spam_filter/test").json(&body)
    };
    assert_eq!(test("rspamd://x").by(&agent).send().await.status, StatusCode::FORBIDDEN);
    let wrong = test("127.0.0.1").by(&admin).problem(StatusCode::BAD_REQUEST).await;
    assert_eq!(wrong, "spam-filter-address");
    let mut filter = SpamFilter::rspamd();
    let address = filter.address();
    let tried = test(&address).by(&admin).expect(StatusCode::OK).await;
    assert_eq!((&tried["mark"]["is_spam"], &tried["error"]), (&json!(true), &Value::Null), "{tried:#}");
    filter.stop();
    let tried = test(&address).by(&admin).expect(StatusCode::OK).await;
    assert!(tried["mark"].is_null() && tried["error"].is_string(), "{tried:#}");
}
