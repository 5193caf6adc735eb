//! Deleting messages and restoring them: who may, what shows them, and what the log says.

use axum::http::{Method, StatusCode};
use model::Role;
use serde_json::{Value, json};

use super::world::{Caller, World, mail};

const DELETE: &str = "/api/v1/messages/delete";
const RESTORE: &str = "/api/v1/messages/restore";

async fn total(world: &World, caller: &Caller, path: &str) -> Value {
    world.get(path).by(caller).expect(StatusCode::OK).await["total"].clone()
}

#[tokio::test]
async fn deleted_messages_are_hidden_until_they_are_restored() {
    let world = World::new();
    let account = world.account(
        "Info",
        &[&mail(1, "eva@example.org", "One", "Zebra"), &mail(2, "max@example.org", "Two", "Zebra")],
    );
    let other = world.account("Other", &[&mail(3, "ida@example.org", "Three", "Zebra")]);
    let agent = world.user("agent@example.org", Role::Agent, &[account]);
    let both = world.user("both@example.org", Role::Agent, &[account, other]);
    let auditor = world.user("auditor@example.org", Role::Auditor, &[account]);
    let id = world.first_mail(account);
    let foreign = world.first_mail(other);
    let body = json!({"mails": [id.to_string(), foreign.to_string()]});
    let ask = |path: &str| world.ask(Method::POST, path).json(&body);
    assert_eq!(ask(DELETE).by(&auditor).problem(StatusCode::FORBIDDEN).await, "role");
    let done = ask(DELETE).by(&agent).expect(StatusCode::OK).await;
    assert_eq!(done, json!({"changed": [id.to_string()], "unchanged": 0, "at_source": []}));
    // Again, it is as it was; what one may not read is not there.
    let again = ask(DELETE).by(&agent).expect(StatusCode::OK).await;
    assert_eq!((&again["changed"], &again["unchanged"]), (&json!([]), &json!(1)));
    let none = json!({"mails": [foreign.to_string()]});
    let none = world.ask(Method::POST, DELETE).json(&none).by(&agent);
    assert_eq!(none.problem(StatusCode::NOT_FOUND).await, "not-found");
    let many = json!({"mails": vec![id.to_string(); 501]});
    let many = world.ask(Method::POST, DELETE).json(&many).by(&agent);
    assert_eq!(many.problem(StatusCode::BAD_REQUEST).await, "too-many-items");

    assert_eq!(total(&world, &both, "/api/v1/messages").await, 2);
    assert_eq!(total(&world, &both, "/api/v1/messages?deleted=true").await, 1);
    let detail = world.get(&format!("/api/v1/messages/{id}")).by(&agent).expect(StatusCode::OK).await;
    assert!(detail["deleted"].is_string(), "{detail:#}");
    world.engine.catch_up().unwrap();
    for (query, found) in [
        ("Zebra", 2),
        ("Zebra+is:deleted", 1),
        ("ist:gel%C3%B6scht", 1),
        ("Zebra+-is:deleted", 2),
        ("is:deleted+OR+Zebra", 3),
        ("", 2),
    ] {
        assert_eq!(total(&world, &both, &format!("/api/v1/search?q={query}")).await, found, "{query}");
    }
    let thread = detail["thread_id"].as_str().unwrap();
    let thread = world.get(&format!("/api/v1/threads/{thread}")).by(&agent).expect(StatusCode::OK).await;
    assert!(thread["items"][0]["deleted"].is_string());

    let back = ask(RESTORE).by(&both).expect(StatusCode::OK).await;
    assert_eq!((&back["changed"], &back["unchanged"]), (&json!([id.to_string()]), &json!(1)));
    assert_eq!(total(&world, &both, "/api/v1/messages").await, 3);
    world.engine.catch_up().unwrap();
    assert_eq!(total(&world, &both, "/api/v1/search?q=Zebra").await, 3);
    let admin = world.administrator();
    let log = world.get("/api/v1/events").by(&admin).expect(StatusCode::OK).await;
    let told: Vec<&Value> =
        log["items"].as_array().unwrap().iter().filter(|entry| entry["action"] == "mail.deleted").collect();
    assert_eq!(told.len(), 1, "{log:#}");
    assert_eq!(told[0]["target"], json!(id.to_string()));
}
