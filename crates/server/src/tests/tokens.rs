//! Tokens of programs: what they may, and what ends them; on both databases.

use api::{Access, OPERATIONS, TokenScope};
use axum::http::{Method, StatusCode};
use model::{AccountId, Role};
use serde_json::{Value, json};
use test_support::Postgres;

use super::world::{Answer, Caller, NOW, World, mail};

async fn make(world: &World, owner: &Caller, scopes: &[&str], expires: Option<&str>) -> (String, String) {
    let asked = json!({"name": "Shop", "scopes": scopes, "expires": expires});
    let made =
        world.ask(Method::POST, "/api/v1/tokens").by(owner).json(&asked).expect(StatusCode::CREATED).await;
    let secret = made["secret"].as_str().unwrap().to_owned();
    assert!(secret.starts_with("pst_") && secret.len() == 47, "{secret}");
    (made["token"]["id"].as_str().unwrap().to_owned(), secret)
}

/// As programs ask: without a cookie, and from wherever they are.
async fn send(world: &World, secret: &str, method: Method, path: &str, body: Option<&Value>) -> Answer {
    let ask = world.ask(method, path).foreign().header("authorization", &format!("Bearer {secret}"));
    let ask = ask.header("origin", "https://automation.example");
    match body {
        Some(body) => ask.json(body).send().await,
        None => ask.send().await,
    }
}

fn refused(answer: &Answer) -> (StatusCode, String) {
    (answer.status, answer.json()["type"].as_str().unwrap_or_default().to_owned())
}

async fn get(world: &World, secret: &str, path: &str) -> Answer {
    send(world, secret, Method::GET, path, None).await
}

/// Made before the first request: what blocks does not belong among what waits.
struct Scene {
    account: AccountId,
    owner: Caller,
    admin: Caller,
    agent: Caller,
}

impl Scene {
    fn new(world: &World) -> Self {
        Self {
            account: world.account("Info", &[&mail(1, "eva@example.org", "Hello", "text")]),
            owner: world.user("shop@example.org", Role::Administrator, &[]),
            admin: world.administrator(),
            agent: world.user("agent@example.org", Role::Agent, &[]),
        }
    }
}

async fn a_token_does_what_it_may_until_it_is_revoked(world: &World, scene: Scene) {
    let Scene { account, owner, admin, agent } = scene;
    let (id, secret) = make(world, &owner, &["erp"], None).await;

    let desk = json!({"name": "Desk", "contact": "K1"});
    let put = send(world, &secret, Method::PUT, "/api/v1/records/order/B-1", Some(&desk)).await;
    assert_eq!(put.status, StatusCode::OK, "{}", put.text());
    let lines = "{\"kind\":\"order\",\"number\":\"B-2\",\"contact\":\"K1\"}\n\
                 {\"kind\":\"order\",\"number\":\"B-3\",\"contact\":\"K1\"}\n";
    let batch = world.ask(Method::POST, "/api/v1/records/batch").foreign().body(lines);
    let batch = batch.header("authorization", &format!("bearer {secret}")).expect(StatusCode::OK).await;
    assert_eq!(batch["seen"], 2, "{batch}");
    assert_eq!(get(world, &secret, "/api/v1/records/order/B-3").await.status, StatusCode::OK);
    // Nothing else, although its owner might.
    for path in ["/api/v1/messages", "/api/v1/search?q=hello", "/api/v1/accounts", "/api/v1/suppression"] {
        let answer = get(world, &secret, path).await;
        assert_eq!(refused(&answer), (StatusCode::FORBIDDEN, "token-scope".to_owned()), "{path}");
    }
    let listed = world.get("/api/v1/tokens").by(&owner).expect(StatusCode::OK).await;
    assert_eq!(listed["items"][0]["used"], "2026-03-02T09:00:00.000Z");
    assert!(!listed.to_string().contains(&secret));

    // Never more than its owner: rights are those of now.
    let (_, all) = make(world, &owner, &["read", "write"], None).await;
    let shown = get(world, &all, "/api/v1/messages").await.json();
    assert_eq!(shown["total"], 0);
    let grant = json!({"accounts": [account.to_string()], "role": "agent"});
    let path = format!("/api/v1/users/{}", owner.id);
    world.ask(Method::PATCH, &path).by(&admin).json(&grant).expect(StatusCode::OK).await;
    assert_eq!(get(world, &all, "/api/v1/messages").await.json()["total"], 1);
    let put = send(world, &secret, Method::PUT, "/api/v1/records/order/B-9", Some(&desk)).await;
    assert_eq!(refused(&put), (StatusCode::FORBIDDEN, "role".to_owned()));

    // Somebody else's is not theirs to revoke, unless they are administrators.
    let path = format!("/api/v1/tokens/{id}");
    world.ask(Method::DELETE, &path).by(&agent).expect(StatusCode::NOT_FOUND).await;
    let others = world.get("/api/v1/tokens").by(&agent).expect(StatusCode::OK).await;
    assert_eq!(others["items"], json!([]));
    world.ask(Method::DELETE, &path).by(&admin).expect(StatusCode::NO_CONTENT).await;
    let wrong = (StatusCode::UNAUTHORIZED, "token-wrong".to_owned());
    assert_eq!(refused(&get(world, &secret, "/api/v1/records?kind=order").await), wrong);

    // With its owner's login it ends.
    let off = json!({"active": false});
    let path = format!("/api/v1/users/{}", owner.id);
    world.ask(Method::PATCH, &path).by(&admin).json(&off).expect(StatusCode::OK).await;
    assert_eq!(refused(&get(world, &all, "/api/v1/messages").await), wrong);

    let log = world.get("/api/v1/events").by(&admin).expect(StatusCode::OK).await;
    let entries = log["items"].as_array().unwrap();
    let said = |action: &str| {
        let entry = entries.iter().find(|entry| entry["action"] == action).unwrap();
        entry["text"].as_str().unwrap().to_owned()
    };
    assert_eq!(said("token.created"), "Token “Shop” made: read write");
    assert_eq!(said("token.revoked"), "Token “Shop” of shop revoked");
    assert_eq!(said("token.refused"), "A token from 127.0.0.1 was refused");
    assert!(!log.to_string().contains(&secret));
}

#[tokio::test]
async fn a_token_on_sqlite() {
    let world = World::new();
    a_token_does_what_it_may_until_it_is_revoked(&world, Scene::new(&world)).await;
}

#[test]
fn a_token_on_postgresql() {
    let Some(server) = Postgres::start() else { return };
    let world = World::on_database(&server.database("tokens"));
    let scene = Scene::new(&world);
    let runtime = tokio::runtime::Runtime::new().unwrap();
    runtime.block_on(a_token_does_what_it_may_until_it_is_revoked(&world, scene));
}

#[tokio::test]
async fn a_token_expires() {
    let world = World::new();
    let admin = world.administrator();
    let (_, secret) = make(&world, &admin, &["read"], Some("2026-03-02T10:00:00Z")).await;
    assert_eq!(get(&world, &secret, "/api/v1/status").await.status, StatusCode::OK);
    world.pass(3_600_000);
    let over = get(&world, &secret, "/api/v1/status").await;
    assert_eq!(refused(&over), (StatusCode::UNAUTHORIZED, "token-wrong".to_owned()));
    let past = json!({"name": "x", "scopes": ["read"], "expires": "2026-03-02T09:59:00Z"});
    let ask = |body: &Value| world.ask(Method::POST, "/api/v1/tokens").by(&admin).json(body);
    assert_eq!(ask(&past).problem(StatusCode::BAD_REQUEST).await, "expires-past");
    let nothing = json!({"name": "x", "scopes": []});
    assert_eq!(ask(&nothing).problem(StatusCode::BAD_REQUEST).await, "field-empty");
    let nameless = json!({"name": " ", "scopes": ["read"]});
    assert_eq!(ask(&nameless).problem(StatusCode::BAD_REQUEST).await, "field-empty");
}

#[tokio::test]
async fn every_operation_takes_the_scopes_of_the_table() {
    let world = World::new();
    let admin = world.administrator();
    for scope in [TokenScope::Read, TokenScope::Write, TokenScope::Erp, TokenScope::Suppression] {
        let (_, secret) = make(&world, &admin, &[scope.as_str()], None).await;
        for operation in OPERATIONS.iter().filter(|operation| operation.access != Access::Public) {
            if operation.id == "LIVE" {
                continue;
            }
            let path = super::rights::path(operation);
            let method = operation.method.as_str().parse().unwrap();
            let answer = send(&world, &secret, method, &path, None).await;
            let forbidden = answer.status == StatusCode::FORBIDDEN;
            assert_eq!(
                forbidden,
                !operation.is_open_to(&[scope]),
                "{} {scope:?} {}",
                operation.id,
                answer.status
            );
        }
    }
}

#[test]
fn what_needs_a_person_takes_no_token() {
    let closed: Vec<_> = OPERATIONS
        .iter()
        .filter(|operation| operation.access != Access::Public && operation.token_scope().is_none())
        .map(|operation| operation.id)
        .collect();
    let expected = [
        "SETUP_SAMPLES",
        "SESSION",
        "LOG_OUT",
        "CHANGE_PROFILE",
        "OAUTH_CLIENTS",
        "CREATE_OAUTH_CLIENT",
        "CHANGE_OAUTH_CLIENT",
        "REMOVE_OAUTH_CLIENT",
        "OAUTH_RETURN",
        "START_LINK",
        "CONFIRM_LINK",
        "UNLINK",
        "API_TOKENS",
        "CREATE_API_TOKEN",
        "REVOKE_API_TOKEN",
        "APPROVE",
        "REFUSE",
        "USERS",
        "CREATE_USER",
        "USER",
        "CHANGE_USER",
        "REMOVE_USER",
    ];
    assert_eq!(closed, expected);
}

#[tokio::test]
async fn wrong_tokens_have_to_wait() {
    let world = World::new();
    let admin = world.administrator();
    let (_, secret) = make(&world, &admin, &["read"], None).await;
    for n in 0..30 {
        let answer = get(&world, &format!("pst_{n}"), "/api/v1/status").await;
        assert_eq!(answer.status, StatusCode::UNAUTHORIZED);
    }
    let answer = get(&world, "pst_x", "/api/v1/status").await;
    assert_eq!((refused(&answer).1.as_str(), answer.header("retry-after")), ("throttled", "15"));
    // Another program at the same place is not held up.
    assert_eq!(get(&world, &secret, "/api/v1/status").await.status, StatusCode::OK);
    let log = world.get("/api/v1/events?limit=200").by(&admin).expect(StatusCode::OK).await;
    let entries = log["items"].as_array().unwrap().iter().filter(|entry| entry["action"] == "token.refused");
    assert_eq!(entries.count(), 30);
}

#[tokio::test]
async fn the_log_names_the_program() {
    let world = World::new();
    let account = world.account("Info", &[&mail(1, "eva@example.org", "Hello", "text")]);
    let owner = world.user("eva@example.org", Role::Agent, &[account]);
    let (_, secret) = make(&world, &owner, &["write"], None).await;
    let tag = json!({"name": "Urgent", "colour": "red"});
    let made = send(&world, &secret, Method::POST, "/api/v1/tags", Some(&tag)).await;
    assert_eq!(made.status, StatusCode::CREATED, "{}", made.text());
    let admin = world.administrator();
    let log = world.get("/api/v1/events").by(&admin).expect(StatusCode::OK).await;
    let entry =
        log["items"].as_array().unwrap().iter().find(|entry| entry["action"] == "tag.created").unwrap();
    assert_eq!(entry["actor"]["name"], "eva (Shop)");
    assert_eq!(entry["at"], api::Timestamp(model::UnixMillis(NOW)).to_string());
}
