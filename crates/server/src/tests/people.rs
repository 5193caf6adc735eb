//! Setting up, login, profiles, users.

use axum::http::{Method, StatusCode};
use model::Role;
use serde_json::{Value, json};

use super::world::{Caller, PASSWORD, World};
use crate::rights::{SESSION_IDLE_MS, SESSION_LONGEST_MS};

fn setup_request() -> Value {
    json!({"language": "de", "organisation": "Verein", "name": "Eva", "email": "Eva@Example.org", "password": PASSWORD, "zone": "Europe/Vienna"})
}

fn cookie_of(answer: &super::world::Answer) -> Caller {
    let cookie = answer.header("set-cookie");
    assert!(cookie.contains("; HttpOnly; SameSite=Lax"), "{cookie}");
    Caller { id: model::UserId::from_octets([0; 16]), cookie: cookie.split(';').next().unwrap().to_owned() }
}

#[tokio::test]
async fn the_wizard_makes_one_administrator() {
    let world = World::new();
    let state = world.get("/api/v1/setup").expect(StatusCode::OK).await;
    assert_eq!((&state["needed"], &state["code_required"]), (&json!(true), &json!(false)));
    let answer = world.ask(Method::POST, "/api/v1/setup").json(&setup_request()).send().await;
    assert_eq!(answer.status, StatusCode::CREATED);
    let session = answer.json();
    assert_eq!(session["user"]["email"], "eva@example.org");
    assert_eq!(session["user"]["role"], "administrator");
    assert_eq!(session["user"]["zone"], "Europe/Vienna");
    assert_eq!((&session["organisation"], &session["accounts"]), (&json!("Verein"), &json!([])));
    let again = cookie_of(&answer);
    assert_eq!(world.get("/api/v1/session").by(&again).expect(StatusCode::OK).await, session);
    assert_eq!(world.get("/api/v1/setup").expect(StatusCode::OK).await["needed"], false);
    let second = world.ask(Method::POST, "/api/v1/setup").json(&setup_request());
    assert_eq!(second.problem(StatusCode::CONFLICT).await, "setup-done");
    let log_in = world
        .ask(Method::POST, "/api/v1/session")
        .json(&json!({"email": " EVA@example.org", "password": PASSWORD}));
    log_in.expect(StatusCode::CREATED).await;
}

#[tokio::test]
async fn the_wizard_names_what_is_wrong() {
    let world = World::new();
    let check = async |field: &str, value: Value, key: &str| {
        let mut request = setup_request();
        request[field] = value;
        let problem =
            world.ask(Method::POST, "/api/v1/setup").json(&request).expect(StatusCode::BAD_REQUEST).await;
        assert_eq!((&problem["type"], &problem["field"]), (&json!(key), &json!(field)), "{problem}");
    };
    check("password", json!("too short"), "password-too-short").await;
    check("email", json!("eva"), "email").await;
    check("name", json!("  "), "field-empty").await;
    check("organisation", json!("x".repeat(201)), "field-too-long").await;
    check("name", json!("a\nb"), "field-control").await;
    check("zone", json!("Europe/Atlantis"), "zone").await;
    assert_eq!(world.get("/api/v1/setup").expect(StatusCode::OK).await["needed"], true);
}

#[tokio::test]
async fn off_loopback_the_wizard_wants_the_code_of_the_console() {
    let world = World::with(|options| options.listen = "0.0.0.0:8025".parse().unwrap());
    assert_eq!(world.get("/api/v1/setup").expect(StatusCode::OK).await["code_required"], true);
    let set_up = |code: &str| {
        let mut request = setup_request();
        request["code"] = json!(code);
        world.ask(Method::POST, "/api/v1/setup").json(&request)
    };
    let without = world.ask(Method::POST, "/api/v1/setup").json(&setup_request());
    assert_eq!(without.problem(StatusCode::BAD_REQUEST).await, "setup-code");
    for _ in 0..9 {
        assert_eq!(set_up("AAAA-AAAA").problem(StatusCode::BAD_REQUEST).await, "setup-code");
    }
    let code = world.state.setup_code().unwrap().expose().clone();
    let throttled = set_up(&code).send().await;
    assert_eq!((throttled.status, throttled.header("retry-after")), (StatusCode::TOO_MANY_REQUESTS, "15"));
    world.pass(15_000);
    set_up(&code.to_lowercase().replace('-', " ")).expect(StatusCode::CREATED).await;
}

#[tokio::test]
async fn wrong_passwords_wait_and_tell_nothing() {
    let world = World::new();
    let eva = world.user("eva@example.org", Role::Agent, &[]);
    world.set_password(eva.id);
    let log_in = |email: &str, password: &str| {
        world.ask(Method::POST, "/api/v1/session").json(&json!({"email": email, "password": password}))
    };
    let known = log_in("eva@example.org", "wrong").expect(StatusCode::UNAUTHORIZED).await;
    let mut unknown = log_in("nobody@example.org", "wrong").expect(StatusCode::UNAUTHORIZED).await;
    unknown["instance"] = known["instance"].clone();
    assert_eq!((&known["type"], &known), (&json!("session-wrong"), &unknown));
    for _ in 0..4 {
        log_in("eva@example.org", "wrong").problem(StatusCode::UNAUTHORIZED).await;
    }
    let closed = log_in("Eva@example.org", PASSWORD).send().await;
    assert_eq!(closed.status, StatusCode::TOO_MANY_REQUESTS);
    assert_eq!((closed.header("retry-after"), &closed.json()["retry_after_seconds"]), ("15", &json!(15)));
    let elsewhere = log_in("other@example.org", "wrong").problem(StatusCode::UNAUTHORIZED).await;
    assert_eq!(elsewhere, "session-wrong");
    world.pass(15_000);
    log_in("eva@example.org", PASSWORD).expect(StatusCode::CREATED).await;
    let log = world.engine.store().events(&store::EventFilter::default(), None, 20).unwrap();
    let refused = log.iter().filter(|(_, event)| event.kind == "session.refused").count();
    assert_eq!(refused, 7);
    assert!(
        log.iter().all(|(_, event)| !event.payload.contains("wrong") && !event.payload.contains(PASSWORD))
    );
}

#[tokio::test]
async fn sessions_end_by_themselves_and_by_logging_out() {
    let world = World::new();
    let caller = world.administrator();
    let alive = async || world.get("/api/v1/session").by(&caller).send().await.status == StatusCode::OK;
    world.pass(SESSION_IDLE_MS - 1);
    assert!(alive().await);
    world.pass(SESSION_IDLE_MS - 1);
    assert!(alive().await, "it was used meanwhile");
    world.pass(SESSION_IDLE_MS);
    assert!(!alive().await);

    let other = world.user("b@example.org", Role::Agent, &[]);
    let answer = world.ask(Method::DELETE, "/api/v1/session").by(&other).send().await;
    assert_eq!(answer.status, StatusCode::UNAUTHORIZED, "made at the beginning of time");
    let mut days = 0;
    let eva = World::new();
    let caller = eva.administrator();
    while eva.get("/api/v1/session").by(&caller).send().await.status == StatusCode::OK {
        eva.pass(24 * 60 * 60_000);
        days += 1;
    }
    assert_eq!(i64::from(days), SESSION_LONGEST_MS / (24 * 60 * 60_000));
}

#[tokio::test]
async fn logging_out_forgets_the_cookie_on_both_sides() {
    let world = World::new();
    let caller = world.administrator();
    let answer = world.ask(Method::DELETE, "/api/v1/session").by(&caller).send().await;
    assert_eq!(answer.status, StatusCode::NO_CONTENT);
    assert!(
        answer
            .header("set-cookie")
            .starts_with("poststelle_session=; Path=/; HttpOnly; SameSite=Lax; Max-Age=0")
    );
    world.get("/api/v1/session").by(&caller).problem(StatusCode::UNAUTHORIZED).await;
}

#[tokio::test]
async fn behind_a_trusted_proxy_the_cookie_is_for_tls_only() {
    let world = World::with(|options| options.trusted_proxies = vec!["127.0.0.1".parse().unwrap()]);
    let eva = world.user("eva@example.org", Role::Agent, &[]);
    world.set_password(eva.id);
    let log_in = world
        .ask(Method::POST, "/api/v1/session")
        .header("x-forwarded-proto", "https")
        .header("x-forwarded-for", "192.0.2.9");
    let answer = log_in.json(&json!({"email": "eva@example.org", "password": PASSWORD})).send().await;
    assert!(answer.header("set-cookie").ends_with("; Secure"), "{}", answer.header("set-cookie"));
    assert!(answer.header("strict-transport-security").starts_with("max-age="));
    let log = world.engine.store().events(&store::EventFilter::default(), None, 1).unwrap();
    assert!(log[0].1.payload.contains("192.0.2.9"), "{}", log[0].1.payload);
}

#[tokio::test]
async fn a_new_password_needs_the_old_one_and_ends_other_sessions() {
    let world = World::new();
    let eva = world.user("eva@example.org", Role::Agent, &[]);
    world.set_password(eva.id);
    let log_in = |password: &str| {
        world
            .ask(Method::POST, "/api/v1/session")
            .json(&json!({"email": "eva@example.org", "password": password}))
    };
    let elsewhere = cookie_of(&log_in(PASSWORD).send().await);
    let change = |body: Value| world.ask(Method::PATCH, "/api/v1/me").by(&eva).json(&body);
    let new = "another long password";
    assert_eq!(change(json!({"password": new})).problem(StatusCode::BAD_REQUEST).await, "current-password");
    let wrong = change(json!({"password": new, "current_password": "wrong"}));
    assert_eq!(wrong.problem(StatusCode::BAD_REQUEST).await, "current-password");
    let short = change(json!({"password": "short", "current_password": PASSWORD}));
    assert_eq!(short.problem(StatusCode::BAD_REQUEST).await, "password-too-short");
    change(json!({"password": new, "current_password": PASSWORD})).expect(StatusCode::OK).await;
    world.get("/api/v1/session").by(&eva).expect(StatusCode::OK).await;
    world.get("/api/v1/session").by(&elsewhere).problem(StatusCode::UNAUTHORIZED).await;
    log_in(PASSWORD).problem(StatusCode::UNAUTHORIZED).await;
    log_in(new).expect(StatusCode::CREATED).await;
}

#[tokio::test]
async fn profiles() {
    let world = World::new();
    let eva = world.user("eva@example.org", Role::Auditor, &[]);
    let change = |body: Value| world.ask(Method::PATCH, "/api/v1/me").by(&eva).json(&body);
    let session =
        change(json!({"name": " Eva ", "theme": "dark", "zone": "Europe/Zurich", "language": "de"}))
            .expect(StatusCode::OK)
            .await;
    let user = &session["user"];
    assert_eq!(
        (&user["name"], &user["theme"], &user["zone"], &user["language"]),
        (&json!("Eva"), &json!("dark"), &json!("Europe/Zurich"), &json!("de"))
    );
    let back = change(json!({"theme": "auto", "zone": ""})).expect(StatusCode::OK).await;
    assert_eq!((&back["user"]["theme"], &back["user"]["zone"]), (&json!("auto"), &json!(null)));
    assert_eq!(change(json!({"zone": "Nowhere/City"})).problem(StatusCode::BAD_REQUEST).await, "zone");
    assert_eq!(
        change(json!({"role": "administrator"})).problem(StatusCode::BAD_REQUEST).await,
        "request-unreadable"
    );
}

#[tokio::test]
async fn users_are_made_changed_and_removed() {
    let world = World::new();
    let admin = world.administrator();
    let account = world.account("Info", &[]);
    let request = json!({"name": "Max", "email": "Max@example.org", "role": "agent", "language": "de", "password": PASSWORD});
    let made =
        world.ask(Method::POST, "/api/v1/users").by(&admin).json(&request).expect(StatusCode::CREATED).await;
    assert_eq!(
        (&made["email"], &made["accounts"], &made["active"]),
        (&json!("max@example.org"), &json!([]), &json!(true))
    );
    let twice = world.ask(Method::POST, "/api/v1/users").by(&admin).json(&request);
    assert_eq!(twice.problem(StatusCode::CONFLICT).await, "user-exists");
    let path = format!("/api/v1/users/{}", made["id"].as_str().unwrap());
    let change = |body: Value| world.ask(Method::PATCH, &path).by(&admin).json(&body);
    let granted =
        change(json!({"accounts": [account.to_string(), account.to_string()]})).expect(StatusCode::OK).await;
    assert_eq!(granted["accounts"], json!([account.to_string()]));
    let unknown = change(json!({"accounts": ["01900000-0000-7000-8000-000000000000"]}));
    assert_eq!(unknown.problem(StatusCode::BAD_REQUEST).await, "user-accounts");
    let log_in = || {
        world
            .ask(Method::POST, "/api/v1/session")
            .json(&json!({"email": "max@example.org", "password": PASSWORD}))
    };
    let session = log_in().send().await;
    let max = cookie_of(&session);
    assert_eq!(session.json()["accounts"][0]["name"], "Info");
    change(json!({"active": false})).expect(StatusCode::OK).await;
    world.get("/api/v1/session").by(&max).problem(StatusCode::UNAUTHORIZED).await;
    log_in().problem(StatusCode::UNAUTHORIZED).await;
    change(json!({"active": true})).expect(StatusCode::OK).await;
    world.get("/api/v1/session").by(&max).problem(StatusCode::UNAUTHORIZED).await;
    let list = world.get("/api/v1/users").by(&admin).expect(StatusCode::OK).await;
    assert_eq!(list["items"].as_array().unwrap().len(), 2);
    assert!(!list.to_string().contains("argon2"));
    assert_eq!(world.ask(Method::DELETE, &path).by(&admin).send().await.status, StatusCode::NO_CONTENT);
    world.get(&path).by(&admin).problem(StatusCode::NOT_FOUND).await;
}

#[tokio::test]
async fn somebody_stays_administrator() {
    let world = World::new();
    let admin = world.administrator();
    let own = format!("/api/v1/users/{}", admin.id);
    let change = |body: Value| world.ask(Method::PATCH, &own).by(&admin).json(&body);
    assert_eq!(
        change(json!({"role": "agent"})).problem(StatusCode::CONFLICT).await,
        "user-last-administrator"
    );
    assert_eq!(change(json!({"active": false})).problem(StatusCode::CONFLICT).await, "user-self");
    assert_eq!(world.ask(Method::DELETE, &own).by(&admin).problem(StatusCode::CONFLICT).await, "user-self");
    let second = world.user("second@example.org", Role::Administrator, &[]);
    change(json!({"role": "agent"})).expect(StatusCode::OK).await;
    world.get("/api/v1/users").by(&admin).problem(StatusCode::FORBIDDEN).await;
    world.get("/api/v1/users").by(&second).expect(StatusCode::OK).await;
}
