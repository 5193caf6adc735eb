//! The store besides this machine: who may, what is refused, the test, and that its key is never shown.

use axum::http::{Method, StatusCode};
use model::Role;
use serde_json::{Value, json};
use test_support::Moto;

use super::world::World;

const REMOTE: &str = "/api/v1/storage/remote";

fn asked(endpoint: &str, secret: Option<&str>) -> Value {
    let mut asked = json!({
        "endpoint": endpoint, "bucket": "mails", "prefix": "a/b", "path_style": true,
        "access_key": "key", "active": true,
    });
    if let Some(secret) = secret {
        asked["secret"] = json!(secret);
    }
    asked
}

#[tokio::test]
async fn what_cannot_be_a_store_is_refused() {
    let world = World::new();
    let admin = world.administrator();
    let agent = world.user("agent@example.org", Role::Agent, &[]);
    let set = |body: &Value| world.ask(Method::PUT, REMOTE).json(body);
    assert_eq!(world.get("/api/v1/storage").by(&agent).problem(StatusCode::FORBIDDEN).await, "role");
    assert_eq!(
        set(&asked("https://s3.example", Some("x"))).by(&agent).problem(StatusCode::FORBIDDEN).await,
        "role"
    );
    let state = world.get("/api/v1/storage").by(&admin).expect(StatusCode::OK).await;
    assert_eq!(state, json!({"segments": {"sealed": 0, "read_only": 0, "immutable": 0}, "remote": null}));
    for (body, problem) in [
        (asked("http://s3.example", Some("x")), "remote-endpoint"),
        (asked("https://s3.example/path", Some("x")), "remote-endpoint"),
        (asked("https://s3.example", None), "remote-secret"),
        (asked("https://s3.example", Some("")), "remote-secret"),
    ] {
        assert_eq!(set(&body).by(&admin).problem(StatusCode::BAD_REQUEST).await, problem, "{body}");
    }
    for (field, value, problem) in [("bucket", "ma ils", "remote-bucket"), ("prefix", "ä", "remote-prefix")]
    {
        let mut body = asked("https://s3.example", Some("x"));
        body[field] = json!(value);
        assert_eq!(set(&body).by(&admin).problem(StatusCode::BAD_REQUEST).await, problem);
    }
}

#[tokio::test]
async fn a_store_is_tried_set_and_forgotten() {
    let Some(moto) = Moto::start() else { return };
    moto.make_bucket("mails", true);
    let world = World::new();
    let admin = world.administrator();
    let body = asked(&moto.url(), Some("very secret"));
    let test = |body: &Value| world.ask(Method::POST, "/api/v1/storage/remote/test").json(body);
    let tried = test(&body).by(&admin).expect(StatusCode::OK).await;
    assert_eq!(tried["ok"], true, "{tried:#}");
    let steps: Vec<_> = tried["steps"].as_array().unwrap().iter().map(|step| step["step"].clone()).collect();
    assert_eq!(steps, ["bucket", "write", "lock"]);
    assert_eq!(tried["lock"], json!({"state": "held", "mode": "COMPLIANCE", "days": 1, "why": null}));
    let nobody = test(&asked("http://127.0.0.1:9", Some("x"))).by(&admin).expect(StatusCode::OK).await;
    assert_eq!(nobody["steps"][0]["advice"]["key"], "remote-unreachable", "{nobody:#}");
    assert!(nobody["lock"].is_null() && nobody["steps"].as_array().unwrap().len() == 1);

    let set = world.ask(Method::PUT, REMOTE).json(&body).by(&admin).expect(StatusCode::OK).await;
    assert_eq!((&set["remote"]["prefix"], &set["remote"]["trust"]), (&json!("a/b"), &json!("system")));
    assert!(!set.to_string().contains("very secret"));
    // The key that is kept is used for the same store, and for no other.
    let tried = test(&asked(&moto.url(), None)).by(&admin).expect(StatusCode::OK).await;
    assert_eq!(tried["ok"], true, "{tried:#}");
    let other = test(&asked("https://s3.example", None)).by(&admin);
    assert_eq!(other.problem(StatusCode::BAD_REQUEST).await, "remote-secret");

    let gone = world.ask(Method::DELETE, REMOTE).by(&admin).send().await;
    assert_eq!(gone.status, StatusCode::NO_CONTENT);
    let state = world.get("/api/v1/storage").by(&admin).expect(StatusCode::OK).await;
    assert!(state["remote"].is_null());
    let log = world.get("/api/v1/events").by(&admin).expect(StatusCode::OK).await;
    let told: Vec<_> = log["items"].as_array().unwrap().iter().map(|event| event["action"].clone()).collect();
    assert_eq!(told[..2], ["remote.removed", "remote.changed"]);
    assert!(!log.to_string().contains("very secret"));
}
