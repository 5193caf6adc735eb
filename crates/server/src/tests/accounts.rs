//! Accounts: settings, tests, fetching.

use axum::http::{Method, StatusCode};
use keys::account_field;
use model::{AccountId, Position, Role, UnixMillis};
use serde_json::{Value, json};
use store::LeftOut;

use super::world::World;
use crate::{PASSWORD_FIELD, Tested, TestedStep};

const SECRET: &str = "s3cret of the mailbox";

fn request() -> Value {
    json!({
        "name": "Info", "address": "Info@example.org", "kind": "imap", "active": true,
        "connection": {"host": "IMAP.example.org", "port": 993, "login": "info", "password": SECRET, "mailboxes": {"names": ["INBOX"]}},
    })
}

fn id_of(account: &Value) -> AccountId {
    account["id"].as_str().unwrap().parse().unwrap()
}

#[tokio::test]
async fn what_happens_in_the_mailbox_is_set_and_shown() {
    let world = World::new();
    let admin = world.administrator();
    let made = world
        .ask(Method::POST, "/api/v1/accounts")
        .by(&admin)
        .json(&request())
        .expect(StatusCode::CREATED)
        .await;
    let id = id_of(&made);
    let nothing =
        json!({"role": "normal", "handled": "leave", "handled_folder": null, "manual_folder": null});
    assert_eq!(made["handling"], nothing);
    let path = format!("/api/v1/accounts/{id}");
    let change = |handling: Value| json!({ "handling": handling });
    let ask = |handling: Value| world.ask(Method::PATCH, &path).by(&admin).json(&change(handling));
    let refused =
        ask(json!({"handled": "move", "handled_folder": " "})).expect(StatusCode::BAD_REQUEST).await;
    assert_eq!((&refused["type"], &refused["field"]), (&json!("account-folder"), &json!("handled_folder")));
    let asked =
        json!({"role": "bounce", "handled": "move", "handled_folder": " Done ", "manual_folder": "Open"});
    let changed = ask(asked).expect(StatusCode::OK).await;
    let expected =
        json!({"role": "bounce", "handled": "move", "handled_folder": "Done", "manual_folder": "Open"});
    assert_eq!(changed["handling"], expected);
    let listed = world.get(&format!("{path}/source_actions")).by(&admin).expect(StatusCode::OK).await;
    assert_eq!(listed, json!({"items": [], "waiting": 0, "given_up": 0}));
    let other = world.user("agent@example.org", Role::Agent, &[]);
    world.get(&format!("{path}/source_actions")).by(&other).expect(StatusCode::NOT_FOUND).await;
    world
        .ask(Method::POST, &format!("{path}/source_actions/retry"))
        .by(&other)
        .expect(StatusCode::FORBIDDEN)
        .await;
    world
        .ask(Method::POST, &format!("{path}/source_actions/retry"))
        .by(&admin)
        .expect(StatusCode::NO_CONTENT)
        .await;
}

#[tokio::test]
async fn tags_are_kept_and_names_are_taken_once() {
    let world = World::new();
    let admin = world.administrator();
    let new = |name: &str| {
        world.ask(Method::POST, "/api/v1/tags").by(&admin).json(&json!({"name": name, "colour": "red"}))
    };
    let tag = new("Urgent").expect(StatusCode::CREATED).await;
    assert_eq!((&tag["name"], &tag["colour"]), (&json!("Urgent"), &json!("red")));
    let taken = new("urgent").expect(StatusCode::CONFLICT).await;
    assert_eq!(taken["type"], "tag-name-taken");
    let path = format!("/api/v1/tags/{}", tag["key"]);
    let changed =
        world.ask(Method::PUT, &path).by(&admin).json(&json!({"name": "Later"})).expect(StatusCode::OK).await;
    assert_eq!((&changed["name"], &changed["colour"]), (&json!("Later"), &json!("grey")));
    let none = json!({"mails": ["018f0000-0000-7000-8000-000000000000"], "add": ["Later"]});
    world
        .ask(Method::POST, "/api/v1/tags/messages")
        .by(&admin)
        .json(&none)
        .expect(StatusCode::NOT_FOUND)
        .await;
    world.ask(Method::DELETE, &path).by(&admin).expect(StatusCode::NO_CONTENT).await;
    world.ask(Method::DELETE, &path).by(&admin).expect(StatusCode::NOT_FOUND).await;
    let left = world.get("/api/v1/tags").by(&admin).expect(StatusCode::OK).await;
    assert_eq!(left, json!({"items": []}));
}

#[tokio::test]
async fn an_account_is_made_shown_and_kept_secret() {
    let world = World::new();
    let admin = world.administrator();
    let made = world
        .ask(Method::POST, "/api/v1/accounts")
        .by(&admin)
        .json(&request())
        .expect(StatusCode::CREATED)
        .await;
    let id = id_of(&made);
    assert!(!made.to_string().contains(SECRET));
    assert_eq!(
        (&made["address"], &made["readable"], &made["mails"]),
        (&json!("info@example.org"), &json!(true), &json!(0))
    );
    let connection = &made["connection"];
    assert_eq!(
        *connection,
        json!({
            "host": "imap.example.org", "port": 993, "tls": "tls", "login": "info", "password_set": true, "oauth": null, "trust": "system",
            "mailboxes": {"names": ["INBOX"]}, "poll_seconds": 300,
        })
    );
    assert_eq!(world.behind.asked.lock().unwrap().changed, [id]);
    let kept = world.engine.store().account(id).unwrap().unwrap();
    let sealed = kept.settings.credential.unwrap();
    assert!(!sealed.windows(SECRET.len()).any(|window| window == SECRET.as_bytes()));
    let opened = world.engine.sealer().open_text(&account_field(id, PASSWORD_FIELD), &sealed).unwrap();
    assert_eq!(opened.expose(), SECRET);
    let other = world.user("agent@example.org", Role::Agent, &[id]);
    let seen = world.get(&format!("/api/v1/accounts/{id}")).by(&other).expect(StatusCode::OK).await;
    assert_eq!((&seen["name"], &seen["connection"]), (&json!("Info"), &json!(null)));
    let log = world.engine.store().events(&store::EventFilter::default(), None, 10).unwrap();
    assert!(log.iter().any(|(_, event)| event.kind == "account.created" && event.subject == id.to_string()));
    assert!(log.iter().all(|(_, event)| !event.payload.contains(SECRET)));
}

#[tokio::test]
async fn settings_that_can_never_work_are_refused() {
    let world = World::new();
    let admin = world.administrator();
    let check = async |change: fn(&mut Value), field: &str, key: &str| {
        let mut body = request();
        change(&mut body);
        let problem = world
            .ask(Method::POST, "/api/v1/accounts")
            .by(&admin)
            .json(&body)
            .expect(StatusCode::BAD_REQUEST)
            .await;
        assert_eq!((&problem["type"], &problem["field"]), (&json!(key), &json!(field)), "{problem}");
    };
    check(|b| b["connection"] = json!(null), "connection", "account-connection-needed").await;
    check(|b| b["kind"] = json!("import"), "connection", "account-connection-unneeded").await;
    check(|b| b["connection"]["host"] = json!("https://x"), "host", "account-host").await;
    check(|b| b["connection"]["port"] = json!(0), "port", "account-port").await;
    check(|b| b["connection"]["tls"] = json!("none"), "tls", "account-tls-none").await;
    check(|b| b["connection"]["password"] = json!(null), "password", "account-password").await;
    check(|b| b["connection"]["poll_seconds"] = json!(1), "poll_seconds", "account-poll").await;
    check(|b| b["connection"]["trust"] = json!({"pin_sha256": "zz"}), "trust", "account-trust").await;
    check(
        |b| b["connection"]["trust"] = json!({"ca_pem": "-----BEGIN CERTIFICATE-----"}),
        "trust",
        "account-trust",
    )
    .await;
    check(|b| b["address"] = json!("nonsense"), "address", "email").await;
    check(|b| b["name"] = json!(""), "name", "field-empty").await;
    assert!(world.engine.store().accounts(true).unwrap().is_empty());
}

#[tokio::test]
async fn names_are_unique_and_removal_wants_the_name() {
    let world = World::new();
    let admin = world.administrator();
    let create = || world.ask(Method::POST, "/api/v1/accounts").by(&admin).json(&request());
    let id = id_of(&create().expect(StatusCode::CREATED).await);
    assert_eq!(create().problem(StatusCode::CONFLICT).await, "account-name-taken");
    let path = format!("/api/v1/accounts/{id}");
    let remove =
        |confirm: &str| world.ask(Method::DELETE, &path).by(&admin).json(&json!({"confirm": confirm}));
    assert_eq!(remove("info").problem(StatusCode::CONFLICT).await, "account-confirm");
    remove("Info").expect(StatusCode::NO_CONTENT).await;
    world.get(&path).by(&admin).problem(StatusCode::NOT_FOUND).await;
    assert!(world.engine.store().account(id).unwrap().unwrap().settings.credential.is_none());
    create().expect(StatusCode::CREATED).await;
}

#[tokio::test]
async fn a_change_keeps_the_password_and_says_what_changed() {
    let world = World::new();
    let admin = world.administrator();
    let made = world
        .ask(Method::POST, "/api/v1/accounts")
        .by(&admin)
        .json(&request())
        .expect(StatusCode::CREATED)
        .await;
    let path = format!("/api/v1/accounts/{}", id_of(&made));
    let mut connection = request()["connection"].clone();
    connection["password"] = json!(null);
    connection["port"] = json!(143);
    connection["tls"] = json!("starttls");
    let body = json!({"active": false, "address": "", "connection": connection});
    let changed = world.ask(Method::PATCH, &path).by(&admin).json(&body).expect(StatusCode::OK).await;
    assert_eq!(
        (&changed["active"], &changed["address"], &changed["state"]["state"]),
        (&json!(false), &json!(null), &json!("disabled"))
    );
    assert_eq!(
        (&changed["connection"]["port"], &changed["connection"]["password_set"]),
        (&json!(143), &json!(true))
    );
    let log = world.engine.store().events(&store::EventFilter::default(), None, 1).unwrap();
    let payload: Value = serde_json::from_str(&log[0].1.payload).unwrap();
    assert_eq!(payload["fields"], "address, port, tls, active");
}

#[tokio::test]
async fn a_test_tells_each_step_in_the_callers_language() {
    let world = World::new();
    let admin = world.administrator();
    let step = |step, ok, advice: Option<&'static str>| TestedStep {
        step,
        ok,
        detail: "* OK ready".to_owned(),
        advice: advice.map(|key| (key, Vec::new())),
    };
    let answer = Tested {
        steps: vec![
            step(api::TestStepWord::Name, true, None),
            step(api::TestStepWord::Connect, false, Some("connect-refused")),
        ],
        mailboxes: Vec::new(),
    };
    world.behind.asked.lock().unwrap().answers.push_back(answer);
    let test = world
        .ask(Method::POST, "/api/v1/accounts/test")
        .by(&admin)
        .json(&json!({"connection": request()["connection"]}));
    let told = test.expect(StatusCode::OK).await;
    assert_eq!(
        (&told["ok"], &told["steps"][0]["ok"], &told["steps"][1]["step"]),
        (&json!(false), &json!(true), &json!("connect"))
    );
    let advice = &told["steps"][1]["advice"];
    assert_eq!(advice["key"], "connect-refused");
    assert!(advice["text"].as_str().unwrap().starts_with("The server takes no connection"), "{advice}");
    assert_eq!(
        world.behind.asked.lock().unwrap().tested,
        [("imap.example.org".to_owned(), SECRET.to_owned())]
    );
}

#[tokio::test]
async fn a_stored_password_goes_to_no_other_server() {
    let world = World::new();
    let admin = world.administrator();
    let made = world
        .ask(Method::POST, "/api/v1/accounts")
        .by(&admin)
        .json(&request())
        .expect(StatusCode::CREATED)
        .await;
    let test = |change: fn(&mut Value)| {
        let mut connection = request()["connection"].clone();
        connection["password"] = json!(null);
        change(&mut connection);
        world
            .ask(Method::POST, "/api/v1/accounts/test")
            .by(&admin)
            .json(&json!({"connection": connection, "account": made["id"]}))
    };
    test(|connection| connection["port"] = json!(1993)).expect(StatusCode::OK).await;
    assert_eq!(
        test(|c| c["host"] = json!("evil.example")).problem(StatusCode::BAD_REQUEST).await,
        "account-password-again"
    );
    assert_eq!(
        test(|c| c["login"] = json!("other")).problem(StatusCode::BAD_REQUEST).await,
        "account-password-again"
    );
    let without = world.ask(Method::POST, "/api/v1/accounts/test").by(&admin);
    let mut connection = request()["connection"].clone();
    connection["password"] = json!(null);
    assert_eq!(
        without.json(&json!({"connection": connection})).problem(StatusCode::BAD_REQUEST).await,
        "account-password"
    );
    let stored = format!("/api/v1/accounts/{}/test", made["id"].as_str().unwrap());
    world.ask(Method::POST, &stored).by(&admin).expect(StatusCode::OK).await;
    assert_eq!(world.behind.asked.lock().unwrap().tested.len(), 2);
}

#[tokio::test]
async fn fetching_is_for_accounts_that_are_fetched() {
    let world = World::new();
    let admin = world.administrator();
    let made = world
        .ask(Method::POST, "/api/v1/accounts")
        .by(&admin)
        .json(&request())
        .expect(StatusCode::CREATED)
        .await;
    let id = id_of(&made);
    let fetch = |id: AccountId| world.ask(Method::POST, &format!("/api/v1/accounts/{id}/fetch")).by(&admin);
    fetch(id).expect(StatusCode::ACCEPTED).await;
    assert_eq!(world.behind.asked.lock().unwrap().fetched, [id]);
    let files = world.account("Files", &[]);
    assert_eq!(fetch(files).problem(StatusCode::CONFLICT).await, "account-not-fetched");
    let auditor = world.user("auditor@example.org", Role::Auditor, &[id]);
    world
        .ask(Method::POST, &format!("/api/v1/accounts/{id}/fetch"))
        .by(&auditor)
        .problem(StatusCode::FORBIDDEN)
        .await;
}

#[tokio::test]
async fn what_was_left_at_the_source_is_accounted_for() {
    let world = World::new();
    let admin = world.administrator();
    let account = world.account("Info", &[&super::world::mail(1, "eva@example.org", "One", "text")]);
    let store = world.engine.store();
    let mailbox = store.mailboxes(account).unwrap()[0].id;
    let left = |uid, excluded, reason: &str| LeftOut {
        mailbox,
        position: Position::Imap { uid_validity: 7, uid },
        excluded,
        reason: reason.to_owned(),
    };
    let list = vec![left(1, false, "import-truncated"), left(2, true, "rule spam")];
    store.leave_out(list, UnixMillis(super::world::NOW)).unwrap();
    let path = format!("/api/v1/accounts/{account}/left_out");
    let page = world.get(&format!("{path}?limit=1")).by(&admin).expect(StatusCode::OK).await;
    assert_eq!(page["total"], 2);
    let item = &page["items"][0];
    assert_eq!(
        (&item["uid"], &item["excluded"], &item["reason"]),
        (&json!(1), &json!(false), &json!("The file is cut off."))
    );
    let rest = world.get(&format!("{path}?offset=1")).by(&admin).expect(StatusCode::OK).await;
    assert_eq!(rest["items"][0]["reason"], "rule spam");
    let shown = world.get(&format!("/api/v1/accounts/{account}")).by(&admin).expect(StatusCode::OK).await;
    assert_eq!((&shown["state"]["excluded"], &shown["state"]["failed"]), (&json!(1), &json!(1)));
    let stranger = world.user("agent@example.org", Role::Agent, &[]);
    world.get(&path).by(&stranger).problem(StatusCode::NOT_FOUND).await;
}

#[tokio::test]
async fn exclusions_are_named_counted_and_replaced() {
    let world = World::new();
    let admin = world.administrator();
    let account = world.account("Info", &[&super::world::mail(1, "eva@example.org", "One", "text")]);
    let path = format!("/api/v1/accounts/{account}/exclusions");
    let put = |items: Value| world.ask(Method::PUT, &path).by(&admin).json(&json!({ "items": items }));
    assert_eq!(world.get(&path).by(&admin).expect(StatusCode::OK).await, json!({"items": []}));
    let news = json!({"name": "News", "kind": "sender", "values": ["News.example"]});
    let kept = put(json!([news, {"name": "Spam", "kind": "spam"}])).expect(StatusCode::OK).await;
    let shown = json!({"name": "News", "kind": "sender", "values": ["news.example"], "mails": 0});
    assert_eq!(kept["items"][0], shown);
    assert!(world.behind.asked.lock().unwrap().changed.contains(&account));
    let store = world.engine.store();
    let mailbox = store.mailboxes(account).unwrap()[0].id;
    let position = Position::Imap { uid_validity: 7, uid: 2 };
    let left = LeftOut { mailbox, position, excluded: true, reason: "Spam".to_owned() };
    store.leave_out(vec![left], UnixMillis(super::world::NOW)).unwrap();
    let counted = world.get(&path).by(&admin).expect(StatusCode::OK).await;
    assert_eq!((&counted["items"][0]["mails"], &counted["items"][1]["mails"]), (&json!(0), &json!(1)));
    assert_eq!(put(json!([news, news])).problem(StatusCode::BAD_REQUEST).await, "exclusion-same-name");
    let empty = json!([{"name": "News", "kind": "works_council"}]);
    assert_eq!(put(empty).problem(StatusCode::BAD_REQUEST).await, "exclusion-empty");
    let kept = put(json!([])).expect(StatusCode::OK).await;
    assert_eq!((&kept["items"], store.reopened(account).unwrap()), (&json!([]), 1));
    let auditor = world.user("auditor@example.org", Role::Auditor, &[account]);
    world.get(&path).by(&auditor).expect(StatusCode::OK).await;
    world
        .ask(Method::PUT, &path)
        .by(&auditor)
        .json(&json!({"items": []}))
        .problem(StatusCode::FORBIDDEN)
        .await;
    let stranger = world.user("agent@example.org", Role::Agent, &[]);
    world.get(&path).by(&stranger).problem(StatusCode::NOT_FOUND).await;
}
