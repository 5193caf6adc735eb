//! Rights: every route of the table, every role, and nothing without a grant.

use std::collections::BTreeSet;

use api::{Access, OPERATIONS, Operation};
use axum::http::{Method, StatusCode};
use model::Role;
use serde_json::{Value, json};

use super::world::{Caller, World, mail};

/// Some key that nothing has.
const NOBODY: &str = "01900000-0000-7000-8000-000000000000";

pub(super) fn path(operation: &Operation) -> String {
    let path = operation.path.split('/').map(|segment| match segment {
        "{number}" => "1",
        "{signed}" => "nonsense",
        id if id.starts_with('{') => NOBODY,
        other => other,
    });
    path.collect::<Vec<_>>().join("/")
}

fn method(operation: &Operation) -> Method {
    operation.method.as_str().parse().unwrap()
}

#[test]
fn every_operation_has_a_route_and_every_route_an_operation() {
    let world = World::new();
    let routed: BTreeSet<_> = crate::router::ids(&world.state).into_iter().collect();
    let described: BTreeSet<_> = OPERATIONS.iter().map(|operation| operation.id).collect();
    assert_eq!(routed, described);
}

#[tokio::test]
async fn nothing_but_the_public_without_a_session() {
    let world = World::new();
    for operation in OPERATIONS {
        let answer = world.ask(method(operation), &path(operation)).send().await;
        let refused = answer.status == StatusCode::UNAUTHORIZED;
        // Logging in without a body is another failure than not being logged in.
        assert_eq!(refused, operation.access != Access::Public, "{} {}", operation.id, answer.status);
        assert_ne!(answer.status, StatusCode::METHOD_NOT_ALLOWED, "{}", operation.id);
        if refused {
            assert_eq!(answer.json()["type"], "session-needed", "{}", operation.id);
            assert_eq!(answer.header("content-type"), "application/problem+json");
        }
    }
}

#[tokio::test]
async fn each_role_gets_where_the_table_lets_it() {
    let world = World::new();
    let callers = [
        (Role::Administrator, world.user("a@example.org", Role::Administrator, &[])),
        (Role::Agent, world.user("b@example.org", Role::Agent, &[])),
        (Role::Auditor, world.user("c@example.org", Role::Auditor, &[])),
    ];
    for operation in OPERATIONS {
        if matches!(operation.id, "LIVE" | "LOG_OUT") {
            continue;
        }
        for (role, caller) in &callers {
            let answer = world.ask(method(operation), &path(operation)).by(caller).send().await;
            let refused = answer.status == StatusCode::FORBIDDEN;
            assert_eq!(
                refused,
                !operation.access.allows(*role),
                "{} {role:?} {}",
                operation.id,
                answer.status
            );
            assert!(!answer.status.is_server_error(), "{} {role:?} {}", operation.id, answer.text());
        }
    }
}

#[tokio::test]
async fn unreadable_sessions_are_no_sessions() {
    let world = World::new();
    let stranger =
        |cookie: &str| Caller { id: model::UserId::from_octets([0; 16]), cookie: cookie.to_owned() };
    for cookie in ["poststelle_session=x", "poststelle_session=", "poststelle_session=ä"] {
        let answer = world.get("/api/v1/session").by(&stranger(cookie)).send().await;
        assert_eq!(answer.status, StatusCode::UNAUTHORIZED);
    }
}

/// What the mail of the other account would show.
const SECRET: &str = "Zitronenfalter";

fn assert_nothing(value: &Value, what: &str) {
    assert!(!value.to_string().contains(SECRET), "{what} shows {value}");
}

#[tokio::test]
async fn who_was_granted_nothing_sees_nothing() {
    let world = World::new();
    let account = world.account("Secret", &[&secret_mail()]);
    let id = world.first_mail(account);
    let reader = world.user("reader@example.org", Role::Agent, &[account]);
    for role in [Role::Administrator, Role::Agent, Role::Auditor] {
        let stranger = world.user(&format!("{role:?}@example.org"), role, &[]);
        for path in
            ["/api/v1/messages", "/api/v1/messages?offset=0", &format!("/api/v1/messages?account={account}")]
        {
            let list = world.get(path).by(&stranger).expect(StatusCode::OK).await;
            assert_eq!((&list["total"], &list["items"]), (&json!(0), &json!([])), "{path}");
        }
        for query in [SECRET, "from:eva", "", "file:brief", "account:Secret"] {
            let path = format!("/api/v1/search?q={query}");
            let found = world.get(&path).by(&stranger).send().await;
            let found = found.json();
            assert!(
                found["total"] == json!(0) || found["type"] == json!("query-account-unknown"),
                "{query}: {found}"
            );
            assert_nothing(&found["facets"], query);
            for facet in ["kind", "account", "year"] {
                let counted = found["facets"][facet].as_array().map_or(0, Vec::len);
                assert_eq!(counted, 0, "{facet} of {query}");
            }
        }
        for path in [
            format!("/api/v1/messages/{id}"),
            format!("/api/v1/messages/{id}?full=1"),
            format!("/api/v1/messages/{id}/raw"),
            format!("/api/v1/messages/{id}/frame"),
            format!("/api/v1/messages/{id}/parts/2"),
            format!("/api/v1/threads/{id}"),
            format!("/api/v1/accounts/{account}/mailboxes"),
        ] {
            assert_eq!(
                world.get(&path).by(&stranger).problem(StatusCode::NOT_FOUND).await,
                "not-found",
                "{path}"
            );
        }
        let status = world.get("/api/v1/status").by(&stranger).expect(StatusCode::OK).await;
        assert_eq!((&status["messages"], &status["unread"]), (&json!(0), &json!(0)));
        assert_eq!(status["stages"].is_null(), role != Role::Administrator);
        let session = world.get("/api/v1/session").by(&stranger).expect(StatusCode::OK).await;
        assert_eq!(session["accounts"], json!([]));
    }
    // The same questions by somebody who may.
    let list = world.get("/api/v1/messages").by(&reader).expect(StatusCode::OK).await;
    assert_eq!(list["total"], 1);
    let found = world.get(&format!("/api/v1/search?q={SECRET}")).by(&reader).expect(StatusCode::OK).await;
    assert_eq!(found["total"], 1);
}

#[tokio::test]
async fn a_right_taken_away_counts_at_once() {
    let world = World::new();
    let account = world.account("Secret", &[&secret_mail()]);
    let reader = world.user("reader@example.org", Role::Agent, &[account]);
    let path = format!("/api/v1/messages/{}", world.first_mail(account));
    world.get(&path).by(&reader).expect(StatusCode::OK).await;
    let patch = store::UserPatch { accounts: Some(Vec::new()), ..store::UserPatch::default() };
    world.engine.store().update_user(reader.id, patch).unwrap();
    world.get(&path).by(&reader).problem(StatusCode::NOT_FOUND).await;
    let patch = store::UserPatch { active: Some(false), ..store::UserPatch::default() };
    world.engine.store().update_user(reader.id, patch).unwrap();
    world.get(&path).by(&reader).problem(StatusCode::UNAUTHORIZED).await;
}

#[tokio::test]
async fn others_accounts_are_not_told_to_agents() {
    let world = World::new();
    let mine = world.account("Mine", &[]);
    let other = world.account("Other", &[]);
    let agent = world.user("agent@example.org", Role::Agent, &[mine]);
    let list = world.get("/api/v1/accounts").by(&agent).expect(StatusCode::OK).await;
    let names: Vec<_> =
        list["items"].as_array().unwrap().iter().map(|account| account["name"].clone()).collect();
    assert_eq!(names, [json!("Mine")]);
    assert_eq!(list["items"][0]["connection"], json!(null));
    for path in [format!("/api/v1/accounts/{other}"), format!("/api/v1/accounts/{other}/mailboxes")] {
        world.get(&path).by(&agent).problem(StatusCode::NOT_FOUND).await;
    }
    let fetch = world.ask(Method::POST, &format!("/api/v1/accounts/{other}/fetch"));
    fetch.by(&agent).problem(StatusCode::NOT_FOUND).await;
    for wanted in [other.to_string(), "Other".to_owned(), "New one".to_owned()] {
        let upload = world.ask(Method::POST, "/api/v1/imports").by(&agent);
        upload.form(Some(&wanted), &[("a.eml", b"From: a\r\n\r\n")]).problem(StatusCode::NOT_FOUND).await;
    }
}

fn secret_mail() -> String {
    mail(1, "Eva <eva@example.org>", SECRET, &format!("{SECRET} in the text"))
}
