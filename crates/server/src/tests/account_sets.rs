//! Several accounts at once; an account and the server that sends for it.

use axum::http::{Method, StatusCode};
use model::{AccountId, Role};
use serde_json::{Value, json};

use super::world::{Caller, World};

const ACCOUNTS: &str = "/api/v1/accounts";
const SMTP: &str = "/api/v1/smtp_accounts";

fn request(name: &str, kind: &str) -> Value {
    json!({
        "name": name, "kind": kind, "active": true,
        "connection": {"host": "mail.example.org", "port": 993, "login": "info", "password": "s3cret"},
    })
}

async fn made(world: &World, admin: &Caller, name: &str, kind: &str) -> String {
    let made = world.ask(Method::POST, ACCOUNTS).by(admin).json(&request(name, kind));
    made.expect(StatusCode::CREATED).await["id"].as_str().unwrap().to_owned()
}

#[tokio::test]
async fn accounts_are_changed_together_and_each_is_answered_for() {
    let world = World::new();
    let admin = world.administrator();
    let info = made(&world, &admin, "Info", "imap").await;
    let sales = made(&world, &admin, "Sales", "imap").await;
    let old = made(&world, &admin, "Old", "pop3").await;
    let files = world.account("Files", &[]).to_string();
    let nobody = "018f0000-0000-7000-8000-000000000000";
    world.behind.asked.lock().unwrap().changed.clear();
    let ask = |body: &Value| world.ask(Method::PATCH, ACCOUNTS).by(&admin).json(body);
    let mut change = json!({
        "accounts": [&info, &sales, &old, &files, nobody, &info],
        "active": false, "poll_seconds": 120, "role": "archive", "fetched": "move", "fetched_folder": " Fetched ",
        "delete_after": {"days": 0}, "dry_run": true,
    });
    let problems = |answer: &Value| -> Vec<(String, String)> {
        let word = |item: &Value| item["problem"]["type"].as_str().unwrap_or("none").to_owned();
        let name = |item: &Value| item["name"].as_str().unwrap_or("nobody").to_owned();
        answer["items"].as_array().unwrap().iter().map(|item| (name(item), word(item))).collect()
    };
    let expected = [
        ("Info", "none"),
        ("Sales", "none"),
        ("Old", "account-pop3-fetched"),
        ("Files", "account-only-files"),
        ("nobody", "not-found"),
    ]
    .map(|(name, word)| (name.to_owned(), word.to_owned()));
    // Said first, and nothing is done.
    let said = ask(&change).expect(StatusCode::OK).await;
    assert_eq!(problems(&said), expected);
    assert_eq!((&said["items"][0]["deletable"], &said["items"][2]["deletable"]), (&json!(0), &json!(null)));
    let shown = |id: &str| {
        let path = format!("{ACCOUNTS}/{id}");
        let (world, admin) = (&world, &admin);
        async move {
            let account = world.get(&path).by(admin).expect(StatusCode::OK).await;
            let keeping = world.get(&format!("{path}/keeping")).by(admin).expect(StatusCode::OK).await;
            let poll = account["connection"]["poll_seconds"].clone();
            (
                account["active"].clone(),
                poll,
                account["handling"]["role"].clone(),
                keeping["fetched_folder"].clone(),
            )
        }
    };
    let before = (json!(true), json!(300), json!("normal"), json!(null));
    assert_eq!(shown(&info).await, before);
    assert!(world.behind.asked.lock().unwrap().changed.is_empty());
    // Done: those that can have all of it, the others nothing.
    change["dry_run"] = json!(false);
    assert_eq!(problems(&ask(&change).expect(StatusCode::OK).await), expected);
    let after = (json!(false), json!(120), json!("archive"), json!("Fetched"));
    assert_eq!(shown(&info).await, after);
    assert_eq!(shown(&sales).await, after);
    assert_eq!(shown(&old).await, before);
    let told: Vec<AccountId> = [&info, &sales].map(|id| id.parse().unwrap()).to_vec();
    assert_eq!(world.behind.asked.lock().unwrap().changed, told);
    let log = world.engine.store().events(&store::EventFilter::default(), None, 100).unwrap();
    assert_eq!(log.iter().filter(|(_, event)| event.kind == "account.changed").count(), 2);
    // What is not named stays.
    let only = json!({"accounts": [&info], "delete_after": "never"});
    ask(&only).expect(StatusCode::OK).await;
    assert_eq!(shown(&info).await, after);
}

#[tokio::test]
async fn what_can_never_work_for_any_is_refused_as_a_whole() {
    let world = World::new();
    let admin = world.administrator();
    let id = made(&world, &admin, "Info", "imap").await;
    let check = async |change: Value, key: &str| {
        let mut body = change;
        body["accounts"] = json!([&id]);
        let problem =
            world.ask(Method::PATCH, ACCOUNTS).by(&admin).json(&body).expect(StatusCode::BAD_REQUEST).await;
        assert_eq!(problem["type"], key, "{problem}");
    };
    check(json!({}), "accounts-nothing").await;
    check(json!({"poll_seconds": 1}), "account-poll").await;
    check(json!({"fetched": "move"}), "account-fetched-folder").await;
    check(json!({"delete_after": {"days": 40_000}}), "account-delete-days").await;
    let none = world.ask(Method::PATCH, ACCOUNTS).by(&admin).json(&json!({"accounts": [], "active": true}));
    assert_eq!(none.problem(StatusCode::BAD_REQUEST).await, "accounts-count");
    let agent = world.user("agent@example.org", Role::Agent, &[id.parse().unwrap()]);
    let body = json!({"accounts": [&id], "active": false});
    world.ask(Method::PATCH, ACCOUNTS).by(&agent).json(&body).problem(StatusCode::FORBIDDEN).await;
}

#[tokio::test]
async fn an_account_brings_the_server_that_sends_for_it_and_takes_it_along() {
    let world = World::new();
    let admin = world.administrator();
    let mut body = request("Info", "imap");
    body["sending"] = json!({
        "name": "Info", "host": "https://smtp.example.org", "port": 465, "login": "info", "password": "s3cret",
        "from_address": "info@example.org", "active": true,
    });
    let create = |body: &Value| world.ask(Method::POST, ACCOUNTS).by(&admin).json(body);
    let wrong = create(&body).expect(StatusCode::BAD_REQUEST).await;
    assert_eq!((&wrong["type"], &wrong["field"]), (&json!("account-host"), &json!("sending.host")));
    body["sending"]["host"] = json!("smtp.example.org");
    let account = create(&body).expect(StatusCode::CREATED).await;
    let servers = world.get(SMTP).by(&admin).expect(StatusCode::OK).await;
    assert_eq!(
        (&servers["items"][0]["name"], &servers["items"][0]["password_set"]),
        (&json!("Info"), &json!(true))
    );
    // The name of the server is taken: no account either.
    body["name"] = json!("Other");
    let taken = create(&body).expect(StatusCode::CONFLICT).await;
    assert_eq!((&taken["type"], &taken["field"]), (&json!("smtp-name-taken"), &json!("sending.name")));
    let names = world.get(ACCOUNTS).by(&admin).expect(StatusCode::OK).await;
    assert_eq!(names["items"].as_array().unwrap().len(), 1, "{names}");
    let path = format!("{ACCOUNTS}/{}", account["id"].as_str().unwrap());
    let remove = |smtp: Value| {
        let body = json!({"confirm": "Info", "smtp_accounts": smtp});
        world.ask(Method::DELETE, &path).by(&admin).json(&body)
    };
    // A server that does not exist: the account stays.
    let nobody = json!(["018f0000-0000-7000-8000-000000000000"]);
    assert_eq!(remove(nobody).problem(StatusCode::NOT_FOUND).await, "not-found");
    remove(json!([servers["items"][0]["id"]])).expect(StatusCode::NO_CONTENT).await;
    let left = world.get(SMTP).by(&admin).expect(StatusCode::OK).await;
    assert_eq!(left["items"], json!([]));
    let log = world.get("/api/v1/events").by(&admin).expect(StatusCode::OK).await.to_string();
    assert!(log.contains("smtp.created") && log.contains("smtp.removed") && log.contains("account.removed"));
}
