//! Servers that send, webhooks, notifications: settings, what they refuse, and who may.

use axum::http::{Method, StatusCode};
use model::Role;
use serde_json::{Value, json};

use super::world::Scene;

const SMTP: &str = "/api/v1/smtp_accounts";
const WEBHOOKS: &str = "/api/v1/webhooks";
const NOTIFICATIONS: &str = "/api/v1/notifications";
const PASSWORD: &str = "s3cret of the server";

fn smtp() -> Value {
    json!({
        "name": "Notices", "host": "SMTP.example.org", "port": 465, "login": "post", "password": PASSWORD,
        "from_address": "post@example.org", "bounce_address": "bounces@example.org", "notices": true, "active": true,
    })
}

fn webhook() -> Value {
    json!({ "name": "ERP", "url": "https://erp.example.org/hook", "kinds": ["address.dead"], "active": true })
}

/// The same with one field changed.
fn with(mut whole: Value, field: &str, value: &Value) -> Value {
    whole[field] = value.clone();
    whole
}

impl Scene {
    /// Key and field of the refusal.
    async fn refused(&self, method: Method, path: &str, body: &Value) -> (String, String) {
        let problem = self.send(method, path, body, StatusCode::BAD_REQUEST).await;
        let word = |name: &str| problem[name].as_str().unwrap_or_default().to_owned();
        (word("type"), word("field"))
    }

    async fn log(&self) -> String {
        self.get("/api/v1/events").await.to_string()
    }
}

#[tokio::test]
async fn servers_that_send_are_kept_without_showing_the_password() {
    let scene = Scene::new();
    let made = scene.send(Method::POST, SMTP, &smtp(), StatusCode::CREATED).await;
    assert_eq!((&made["host"], &made["password_set"]), (&json!("smtp.example.org"), &json!(true)));
    let path = format!("{SMTP}/{}", made["id"].as_str().unwrap());
    let taken = scene.world.ask(Method::POST, SMTP).by(&scene.admin).json(&smtp());
    assert_eq!(taken.problem(StatusCode::CONFLICT).await, "smtp-name-taken");
    assert_eq!(scene.get(NOTIFICATIONS).await["sender"], "Notices");
    // The stored password stays with its server.
    let mut change = smtp();
    change.as_object_mut().unwrap().remove("password");
    let changed =
        scene.send(Method::PUT, &path, &with(change.clone(), "port", &json!(587)), StatusCode::OK).await;
    assert_eq!((&changed["port"], &changed["password_set"]), (&json!(587), &json!(true)));
    let elsewhere = with(change, "host", &json!("evil.example"));
    let again = ("account-password-again".to_owned(), "password".to_owned());
    assert_eq!(scene.refused(Method::PUT, &path, &elsewhere).await, again);
    let test = json!({ "account": made["id"], "settings": elsewhere });
    assert_eq!(scene.refused(Method::POST, &format!("{SMTP}/test"), &test).await, again);
    scene.send(Method::DELETE, &path, &json!(null), StatusCode::NO_CONTENT).await;
    scene.send(Method::DELETE, &path, &json!(null), StatusCode::NOT_FOUND).await;
    let log = scene.log().await;
    for kind in ["smtp.created", "smtp.changed", "smtp.removed"] {
        assert!(log.contains(kind), "{kind} is not in {log}");
    }
    let all = format!("{made}{changed}{log}{}", scene.get(SMTP).await);
    assert!(!all.contains(PASSWORD), "{all}");
}

#[tokio::test]
async fn settings_that_cannot_work_are_refused_by_name() {
    let scene = Scene::new();
    for (field, value, key) in [
        ("name", json!(" "), "field-empty"),
        ("host", json!("https://smtp.example.org"), "account-host"),
        ("port", json!(0), "smtp-port"),
        ("tls", json!("none"), "account-tls-none"),
        ("password", json!("a\r\nQUIT"), "account-password"),
        ("trust", json!({ "ca_pem": "nonsense" }), "account-trust"),
        ("from_address", json!("nobody"), "email"),
        ("from_name", json!("a\r\nBcc: all@example.org"), "field-control"),
        ("bounce_address", json!(format!("{}@example.org", "b".repeat(40))), "smtp-bounces"),
    ] {
        let refused = scene.refused(Method::POST, SMTP, &with(smtp(), field, &value)).await;
        assert_eq!(refused, (key.to_owned(), field.to_owned()), "{value}");
    }
    assert_eq!(scene.get(SMTP).await["items"], json!([]));
    let test = json!({ "settings": smtp(), "recipient": "a@b.example\r\nDATA" });
    assert_eq!(scene.refused(Method::POST, &format!("{SMTP}/test"), &test).await.1, "recipient");
    for (field, value, key) in [
        ("name", json!("a\u{0}b"), "field-control"),
        ("url", json!("ftp://erp.example.org/"), "url"),
        ("url", json!("https://user:secret@erp.example.org/"), "url"),
        ("url", json!("nonsense"), "url"),
        ("kinds", json!(["address.dead", "address.loved"]), "word-unknown"),
    ] {
        let refused = scene.refused(Method::POST, WEBHOOKS, &with(webhook(), field, &value)).await;
        assert_eq!(refused, (key.to_owned(), field.to_owned()), "{value}");
    }
    assert_eq!(scene.get(WEBHOOKS).await["items"], json!([]));
    let asked = json!({ "recipients": [], "ways": {}, "digest_hour": 7, "zone": "Europe/Berlin" });
    let many: Vec<Value> =
        (0..51).map(|n| json!({ "address": format!("{n}@example.org"), "language": "de" })).collect();
    for (field, value, key) in [
        ("recipients", json!([{ "address": "nobody", "language": "de" }]), "email"),
        ("recipients", json!(many), "too-many-items"),
        ("ways", json!({ "address.loved": "digest" }), "word-unknown"),
        ("digest_hour", json!(24), "number-between"),
        ("zone", json!("Mars/Olympus"), "zone"),
    ] {
        let refused = scene.refused(Method::PUT, NOTIFICATIONS, &with(asked.clone(), field, &value)).await;
        assert_eq!(refused, (key.to_owned(), field.to_owned()), "{value}");
    }
}

#[tokio::test]
async fn secrets_of_webhooks_are_shown_once() {
    let scene = Scene::new();
    let made = scene.send(Method::POST, WEBHOOKS, &webhook(), StatusCode::CREATED).await;
    let secret = made["secret"].as_str().unwrap();
    assert!(secret.starts_with("whsec_"));
    let taken = scene.world.ask(Method::POST, WEBHOOKS).by(&scene.admin).json(&webhook());
    assert_eq!(taken.problem(StatusCode::CONFLICT).await, "webhook-taken");
    let path = format!("{WEBHOOKS}/{}", made["webhook"]["id"].as_str().unwrap());
    let rotated = scene.send(Method::POST, &format!("{path}/secret"), &json!(null), StatusCode::OK).await;
    let other = rotated["secret"].as_str().unwrap();
    assert_ne!(secret, other);
    assert!(rotated["webhook"]["old_secret_until"].is_string());
    let listed = scene.get(WEBHOOKS).await.to_string();
    let log = scene.log().await;
    assert!(![secret, other].iter().any(|secret| listed.contains(secret) || log.contains(secret)));
    // A day later the old one signs no more.
    scene.world.pass(25 * 60 * 60_000);
    let listed = scene.get(WEBHOOKS).await;
    assert_eq!(listed["items"][0]["old_secret_until"], json!(null));
}

#[tokio::test]
async fn tests_stand_in_the_list_of_deliveries_and_are_sent_again() {
    let scene = Scene::new();
    let made = scene.send(Method::POST, WEBHOOKS, &webhook(), StatusCode::CREATED).await;
    let path = format!("{WEBHOOKS}/{}", made["webhook"]["id"].as_str().unwrap());
    let test = format!("{path}/test");
    let first = scene.send(Method::POST, &test, &json!(null), StatusCode::ACCEPTED).await;
    assert_eq!((&first["state"], &first["kind"]), (&json!("waiting"), &json!("test")));
    let second = scene.send(Method::POST, &test, &json!(null), StatusCode::ACCEPTED).await;
    let page = scene.get(&format!("{path}/deliveries?limit=1")).await;
    assert_eq!(page["items"][0]["id"], second["id"]);
    let next = page["next"].as_str().unwrap();
    let page = scene.get(&format!("{path}/deliveries?limit=1&cursor={next}")).await;
    assert_eq!((&page["items"][0]["id"], &page["next"]), (&first["id"], &json!(null)));
    let bad = scene.world.get(&format!("{path}/deliveries?cursor=x")).by(&scene.admin);
    assert_eq!(bad.problem(StatusCode::BAD_REQUEST).await, "cursor");
    let again = format!("/api/v1/outgoing/{}/again", first["id"].as_str().unwrap());
    scene.send(Method::POST, &again, &json!(null), StatusCode::ACCEPTED).await;
    assert!(scene.log().await.contains("outgoing.again"));
    // Calls are no mails.
    assert_eq!(scene.get("/api/v1/outgoing").await["items"], json!([]));
    scene.send(Method::PUT, &path, &with(webhook(), "active", &json!(false)), StatusCode::OK).await;
    let off = scene.world.ask(Method::POST, &test).by(&scene.admin).json(&json!(null));
    assert_eq!(off.problem(StatusCode::CONFLICT).await, "webhook-off");
    scene.send(Method::DELETE, &path, &json!(null), StatusCode::NO_CONTENT).await;
    scene.send(Method::POST, &again, &json!(null), StatusCode::NOT_FOUND).await;
}

#[tokio::test]
async fn rules_call_only_webhooks_that_are_set_up() {
    let scene = Scene::new();
    let mut rules = scene.get("/api/v1/bounces/rules").await;
    rules["rules"][0]["actions"]
        .as_array_mut()
        .unwrap()
        .push(json!({ "do": "webhook", "url": webhook()["url"] }));
    let refused = scene.refused(Method::PUT, "/api/v1/bounces/rules", &rules).await;
    assert_eq!(refused, ("webhook-unknown".to_owned(), "url".to_owned()));
    scene.send(Method::POST, WEBHOOKS, &webhook(), StatusCode::CREATED).await;
    scene.send(Method::PUT, "/api/v1/bounces/rules", &rules, StatusCode::OK).await;
}

#[tokio::test]
async fn who_hears_of_what_is_kept_and_said_only_to_administrators() {
    let scene = Scene::new();
    let asked = json!({
        "recipients": [{ "address": "Eva@example.org", "language": "en" }, { "address": "eva@example.org", "language": "de" }],
        "ways": { "address.dead": "at_once" }, "digest_hour": 6, "zone": "Europe/Lisbon",
    });
    scene.send(Method::PUT, NOTIFICATIONS, &asked, StatusCode::OK).await;
    let kept = scene.get(NOTIFICATIONS).await;
    assert_eq!(kept["recipients"], json!([{ "address": "eva@example.org", "language": "en" }]));
    assert_eq!((&kept["digest_hour"], &kept["zone"]), (&json!(6), &json!("Europe/Lisbon")));
    assert_eq!((&kept["ways"]["address.dead"], &kept["sender"]), (&json!("at_once"), &json!(null)));
    // Kinds that were not named are told as delivered.
    assert_eq!(kept["ways"]["disk.low"], "at_once");
    assert!(scene.log().await.contains("notifications.changed"));
    for role in [Role::Agent, Role::Auditor] {
        let other = scene.world.user(&format!("{role:?}@example.org"), role, &[]);
        for path in [SMTP, WEBHOOKS, NOTIFICATIONS, "/api/v1/outgoing"] {
            assert_eq!(
                scene.world.get(path).by(&other).problem(StatusCode::FORBIDDEN).await,
                "role",
                "{path}"
            );
        }
        let write = scene.world.ask(Method::POST, WEBHOOKS).by(&other).json(&webhook());
        assert_eq!(write.problem(StatusCode::FORBIDDEN).await, "role");
    }
    assert_eq!(scene.get(WEBHOOKS).await["items"], json!([]));
}

#[tokio::test]
async fn a_server_may_log_in_with_the_consent_of_an_account() {
    let scene = Scene::new();
    let service = |name: &str, service: &str| {
        json!({
            "name": name, "service": service, "client_id": "poststelle", "secret": "s", "scopes": ["mail"],
            "endpoints": {"authorize": "https://id.example.org/a", "token": "https://id.example.org/t", "device": "", "revoke": "", "userinfo": ""},
        })
    };
    let mut accounts = Vec::new();
    for (name, kind, of) in [("Mail", "imap", "other"), ("Graph", "graph", "microsoft_graph")] {
        let client =
            scene.send(Method::POST, "/api/v1/oauth/clients", &service(name, of), StatusCode::CREATED).await;
        let account = json!({
            "name": name, "kind": kind, "active": false,
            "connection": {"host": format!("{kind}.example.org"), "port": 993, "login": "info", "oauth": client["id"]},
        });
        let made = scene.send(Method::POST, "/api/v1/accounts", &account, StatusCode::CREATED).await;
        accounts.push(made["id"].clone());
    }
    let import = json!({"name": "Old", "kind": "import", "active": false});
    let import = scene.send(Method::POST, "/api/v1/accounts", &import, StatusCode::CREATED).await;

    let mut asked = smtp();
    asked.as_object_mut().unwrap().remove("password");
    let by =
        |account: &Value, kind: &str| with(with(asked.clone(), "account", account), "kind", &json!(kind));
    let wrong = ("smtp-consent".to_owned(), "account".to_owned());
    for (account, kind) in [
        (&accounts[0], "graph"),
        (&accounts[1], "smtp"),
        (&import["id"], "smtp"),
        (&json!("01900000-0000-7000-8000-000000000000"), "smtp"),
        (&json!(null), "graph"),
    ] {
        assert_eq!(scene.refused(Method::POST, SMTP, &by(account, kind)).await, wrong, "{account} {kind}");
    }
    let made = scene.send(Method::POST, SMTP, &by(&accounts[0], "smtp"), StatusCode::CREATED).await;
    assert_eq!((&made["account"], &made["login"]), (&accounts[0], &json!("")));
    assert_eq!((&made["password_set"], &made["consent_missing"]), (&json!(false), &json!(true)));
    // Not linked yet: the test says so, and asks nobody.
    let test = json!({"settings": by(&accounts[0], "smtp")});
    let tried = scene.send(Method::POST, &format!("{SMTP}/test"), &test, StatusCode::OK).await;
    assert_eq!((&tried["ok"], &tried["steps"][0]["advice"]["key"]), (&json!(false), &json!("token-consent")));
    // Microsoft Graph lies where the account does.
    let path = format!("{SMTP}/{}", made["id"].as_str().unwrap());
    let mut graph = by(&accounts[1], "graph");
    graph.as_object_mut().unwrap().retain(|name, _| !["host", "port", "login"].contains(&name.as_str()));
    let changed = scene.send(Method::PUT, &path, &graph, StatusCode::OK).await;
    assert_eq!((&changed["kind"], &changed["host"]), (&json!("graph"), &json!("graph.example.org")));
    // Back to a password, which is asked for anew.
    assert_eq!(
        scene.refused(Method::PUT, &path, &asked).await,
        ("account-password-again".to_owned(), "password".to_owned())
    );
    assert_eq!(scene.send(Method::PUT, &path, &smtp(), StatusCode::OK).await["account"], json!(null));
}
