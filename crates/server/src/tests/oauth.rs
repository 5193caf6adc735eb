//! Sign-in services and links: settings, rights, refusals. What the service itself says is tested in `connect` and `pipeline`.

use axum::http::{Method, StatusCode};
use model::Role;
use serde_json::{Value, json};

use super::world::World;

const SECRET: &str = "s3cret of the service";

fn service(token: &str) -> Value {
    json!({
        "name": "Haus", "service": "other", "client_id": "poststelle", "secret": SECRET, "scopes": ["openid", "mail"],
        "secret_expires": "2027-03-01T00:00:00Z",
        "endpoints": {"authorize": "https://id.example.org/a", "token": token, "device": "", "revoke": "", "userinfo": ""},
    })
}

#[tokio::test]
async fn a_service_is_kept_secret_and_used_by_accounts() {
    let world = World::new();
    let admin = world.administrator();
    let add = |body: Value| world.ask(Method::POST, "/api/v1/oauth/clients").by(&admin).json(&body);
    let made = add(service("https://id.example.org/t")).expect(StatusCode::CREATED).await;
    assert!(!made.to_string().contains(SECRET));
    assert_eq!((&made["secret_set"], &made["device_codes"]), (&json!(true), &json!(false)));
    assert_eq!(
        add(service("https://id.example.org/t")).problem(StatusCode::CONFLICT).await,
        "oauth-name-taken"
    );
    assert_eq!(add(service("http://id.example.org/t")).problem(StatusCode::CONFLICT).await, "oauth-settings");
    let agent = world.user("agent@example.org", Role::Agent, &[]);
    world.get("/api/v1/oauth/clients").by(&agent).expect(StatusCode::FORBIDDEN).await;

    let account = json!({
        "name": "Info", "kind": "imap", "active": true,
        "connection": {"host": "imap.example.org", "port": 993, "login": "info", "oauth": made["id"]},
    });
    let account = world
        .ask(Method::POST, "/api/v1/accounts")
        .by(&admin)
        .json(&account)
        .expect(StatusCode::CREATED)
        .await;
    let link = &account["connection"]["oauth"];
    assert_eq!((&link["state"], &link["client_name"]), (&json!("unlinked"), &json!("Haus")));
    let path = format!("/api/v1/accounts/{}/oauth", account["id"].as_str().unwrap());

    let client = format!("/api/v1/oauth/clients/{}", made["id"].as_str().unwrap());
    let removal = world.ask(Method::DELETE, &client).by(&admin);
    assert_eq!(removal.problem(StatusCode::CONFLICT).await, "oauth-in-use");
    // Tokens and secrets go to no other service.
    let moved = service("https://elsewhere.example.org/t");
    let moved = world.ask(Method::PUT, &client).by(&admin).json(&moved);
    assert_eq!(moved.problem(StatusCode::CONFLICT).await, "oauth-in-use");

    let start = |body: Value| world.ask(Method::POST, &path).by(&admin).json(&body);
    let begun = start(json!({"way": "browser"})).expect(StatusCode::OK).await;
    let url = url::Url::parse(begun["url"].as_str().unwrap()).unwrap();
    let field = |name: &str| url.query_pairs().find(|(found, _)| found == name).unwrap().1.into_owned();
    assert!(field("redirect_uri").ends_with("/oauth/callback"));
    assert_eq!(field("code_challenge_method"), "S256");
    assert_eq!(start(json!({"way": "device"})).problem(StatusCode::CONFLICT).await, "oauth-not-offered");
    world
        .ask(Method::POST, &path)
        .by(&agent)
        .json(&json!({"way": "browser"}))
        .expect(StatusCode::FORBIDDEN)
        .await;

    let back = |caller, body: Value| world.ask(Method::POST, "/api/v1/oauth/return").by(caller).json(&body);
    let declined = json!({"state": field("state"), "error": "access_denied"});
    let other = world.user("second@example.org", Role::Administrator, &[]);
    assert_eq!(back(&other, declined.clone()).problem(StatusCode::CONFLICT).await, "oauth-over");
    assert_eq!(back(&admin, declined).problem(StatusCode::CONFLICT).await, "oauth-over", "once only");
    let begun = start(json!({"way": "browser"})).expect(StatusCode::OK).await;
    let url = url::Url::parse(begun["url"].as_str().unwrap()).unwrap();
    let state = url.query_pairs().find(|(found, _)| found == "state").unwrap().1.into_owned();
    let declined = json!({"state": state, "error": "access_denied"});
    assert_eq!(back(&admin, declined).problem(StatusCode::CONFLICT).await, "oauth-declined");

    world.ask(Method::DELETE, &path).by(&admin).expect(StatusCode::OK).await;
    let with_password = json!({"connection": {"host": "imap.example.org", "port": 993, "login": "info"}});
    let path = path.trim_end_matches("/oauth");
    let ask = || world.ask(Method::PATCH, path).by(&admin);
    assert_eq!(ask().json(&with_password).problem(StatusCode::BAD_REQUEST).await, "account-password");
    let with_password =
        json!({"connection": {"host": "imap.example.org", "port": 993, "login": "info", "password": "p"}});
    let changed = ask().json(&with_password).expect(StatusCode::OK).await;
    assert_eq!(changed["connection"]["oauth"], Value::Null);
    world.ask(Method::DELETE, &client).by(&admin).expect(StatusCode::NO_CONTENT).await;
}
