//! Retention classes, rules, holds, what is due: who may, what is refused, and what the log says.

use axum::http::{Method, StatusCode};
use model::Role;
use serde_json::{Value, json};

use super::world::{Scene, mail};

const CLASSES: &str = "/api/v1/retention/classes";
const RULES: &str = "/api/v1/retention/rules";
const HOLDS: &str = "/api/v1/retention/holds";
/// Ten years.
const TEN_YEARS_MS: i64 = 10 * 366 * 86_400_000;

fn rule(name: &str, class: i64, conditions: &Value) -> Value {
    json!({"name": name, "class": class, "conditions": conditions})
}

#[tokio::test]
async fn rules_give_classes_and_what_is_due_is_listed() {
    let scene = Scene::new();
    let Scene { world, admin } = &scene;
    let account = world.account("Info", &[&mail(1, "eva@example.org", "One", "Zebra")]);
    let agent = world.user("agent@example.org", Role::Agent, &[account]);
    let auditor = world.user("auditor@example.org", Role::Auditor, &[account]);
    let id = world.first_mail(account).to_string();
    let state = scene.get("/api/v1/retention").await;
    let presets: Vec<&str> =
        state["classes"].as_array().unwrap().iter().map(|class| class["preset"].as_str().unwrap()).collect();
    assert_eq!(presets, ["letters", "vouchers", "books", "applications", "unlimited"]);
    assert_eq!((&state["zone"], &state["bank"]), (&json!("Europe/Berlin"), &json!(false)));

    for (body, field) in [
        (rule("", -1, &json!({"invoice": true})), "name"),
        (rule("Leer", -1, &json!({})), "conditions"),
        (rule("Art", -1, &json!({"kinds": ["letter"]})), "kinds"),
        (rule("Wer", -1, &json!({"senders": ["nobody"]})), "senders"),
    ] {
        let refused = scene.send(Method::POST, RULES, &body, StatusCode::BAD_REQUEST).await;
        assert_eq!(refused["field"], field, "{refused}");
    }
    let missing = rule("Briefe", 77, &json!({"invoice": true}));
    scene.send(Method::POST, RULES, &missing, StatusCode::NOT_FOUND).await;
    let body = rule("Briefe", -1, &json!({"senders": ["@Example.org"]}));
    world.ask(Method::POST, RULES).by(&agent).json(&body).problem(StatusCode::FORBIDDEN).await;
    let made = scene.send(Method::POST, RULES, &body, StatusCode::CREATED).await;
    assert_eq!(made["rules"][0]["conditions"]["senders"], json!(["@example.org"]));
    let key = made["rules"][0]["key"].as_i64().unwrap();
    let preview =
        world.ask(Method::POST, "/api/v1/retention/rules/preview").by(admin).expect(StatusCode::OK).await;
    assert_eq!(preview["rules"], json!([{"rule": key, "mails": 1}]));
    let apply = world.ask(Method::POST, "/api/v1/retention/rules/apply").by(admin);
    apply.expect(StatusCode::ACCEPTED).await;
    world.engine.catch_up().unwrap();

    let path = format!("/api/v1/messages/{id}/keeping");
    let kept = world.get(&path).by(&agent).expect(StatusCode::OK).await;
    assert_eq!(kept["classes"][0]["until"], "2032-12-31");
    assert_eq!(kept["classes"][0]["rule"], "Briefe");
    assert_eq!(kept["classes"][0]["class"]["preset"], "letters");
    // An administrator without grants counts, and reads nothing.
    world.get(&path).by(admin).problem(StatusCode::NOT_FOUND).await;

    let due = scene.get("/api/v1/retention/due").await;
    let year =
        json!({"class": -1, "year": 2026, "mails": 1, "due": 0, "until": "2032-12-31", "suspended": false});
    assert_eq!(due["items"], json!([year]));
    world.pass(TEN_YEARS_MS);
    world.begin();
    let admin_again = world.user("later@example.org", Role::Administrator, &[]);
    let list = "/api/v1/retention/due/mails?class=-1&year=2026&limit=1";
    let page = world.get(list).by(&admin_again).expect(StatusCode::OK).await;
    let row = json!({"mail": id, "until": "2032-12-31", "held": false, "subject": null, "from": null, "date": null});
    assert_eq!((&page["items"], &page["next"]), (&json!([row]), &Value::Null));
    let bad = world.get(&format!("{list}&cursor=x")).by(&admin_again);
    bad.problem(StatusCode::BAD_REQUEST).await;
    let auditor_due = world.get("/api/v1/retention/due").by(&auditor).send().await;
    assert_ne!(auditor_due.status, StatusCode::OK);
}

#[tokio::test]
async fn people_choose_classes_and_only_administrators_make_them_shorter() {
    let scene = Scene::new();
    let Scene { world, .. } = &scene;
    let account = world.account("Info", &[&mail(1, "eva@example.org", "One", "Zebra")]);
    let agent = world.user("agent@example.org", Role::Agent, &[account]);
    let auditor = world.user("auditor@example.org", Role::Auditor, &[account]);
    let boss = world.user("boss@example.org", Role::Administrator, &[account]);
    let id = world.first_mail(account).to_string();
    let choose = |class: Value, reason: &str| json!({"mails": [id], "class": class, "reason": reason});
    let ask = |body: &Value| world.ask(Method::POST, "/api/v1/messages/retention").json(body);
    let books = choose(json!(-3), "Jahresabschluss");
    ask(&books).by(&auditor).problem(StatusCode::FORBIDDEN).await;
    ask(&choose(json!(-3), " ")).by(&agent).problem(StatusCode::BAD_REQUEST).await;
    ask(&books).by(&agent).expect(StatusCode::NO_CONTENT).await;
    let letters = choose(json!(-1), "doch nur ein Brief");
    assert_eq!(ask(&letters).by(&agent).problem(StatusCode::FORBIDDEN).await, "retention-shorter");
    assert_eq!(
        ask(&choose(Value::Null, "x")).by(&agent).problem(StatusCode::FORBIDDEN).await,
        "retention-shorter"
    );
    ask(&letters).by(&boss).expect(StatusCode::NO_CONTENT).await;
    ask(&letters).by(&scene.admin).problem(StatusCode::NOT_FOUND).await;
    let path = format!("/api/v1/messages/{id}/keeping");
    let kept = world.get(&path).by(&agent).expect(StatusCode::OK).await;
    let class = &kept["classes"][0];
    assert_eq!((&class["reason"], &class["rule"]), (&json!("doch nur ein Brief"), &Value::Null));
    // A class that mails have stays, and so does its start.
    let own = json!({"name": "Verträge", "months": 24, "start": "received"});
    let made = scene.send(Method::POST, CLASSES, &own, StatusCode::CREATED).await;
    let key = made["classes"][5]["key"].as_i64().unwrap();
    let taken = scene.send(Method::POST, CLASSES, &own, StatusCode::CONFLICT).await;
    assert_eq!((&taken["type"], &taken["field"]), (&json!("retention-name-taken"), &json!("name")));
    let wrong = json!({"name": "X", "months": 0, "start": "received"});
    assert_eq!(scene.send(Method::POST, CLASSES, &wrong, StatusCode::BAD_REQUEST).await["field"], "months");
    ask(&choose(json!(key), "Vertrag")).by(&boss).expect(StatusCode::NO_CONTENT).await;
    let path = format!("{CLASSES}/{key}");
    let start = json!({"name": "Verträge", "months": 24, "start": "document"});
    let fixed = scene.send(Method::PUT, &path, &start, StatusCode::CONFLICT).await;
    assert_eq!(fixed["type"], "retention-start");
    let used = world.ask(Method::DELETE, &path).by(&scene.admin).problem(StatusCode::CONFLICT).await;
    assert_eq!(used, "retention-in-use");
    let open = json!({"from": 2026, "to": 2024, "reason": "Prüfung"});
    scene.send(Method::POST, "/api/v1/retention/open-years", &open, StatusCode::BAD_REQUEST).await;
    let open = json!({"from": 2024, "to": 2026, "reason": "Prüfung"});
    let open = scene.send(Method::POST, "/api/v1/retention/open-years", &open, StatusCode::CREATED).await;
    assert_eq!(scene.get("/api/v1/retention/due").await["items"][0]["suspended"], true);
    let path = format!("/api/v1/retention/open-years/{}", open["open_years"][0]["key"]);
    world.ask(Method::DELETE, &path).by(&scene.admin).expect(StatusCode::NO_CONTENT).await;
    let log = scene.get("/api/v1/events").await.to_string();
    for kind in ["mail.retention", "retention-class.created", "open-years.created", "open-years.removed"] {
        assert!(log.contains(kind), "{kind}: {log}");
    }
}

#[tokio::test]
async fn holds_keep_what_their_search_finds() {
    let scene = Scene::new();
    let Scene { world, .. } = &scene;
    let account = world.account(
        "Info",
        &[&mail(1, "eva@example.org", "One", "Zebra"), &mail(2, "max@example.org", "Two", "Giraffe")],
    );
    let agent = world.user("agent@example.org", Role::Agent, &[account]);
    world.engine.catch_up().unwrap();
    let preview = format!("{HOLDS}/preview");
    let found = scene.send(Method::POST, &preview, &json!({"query": "zebra"}), StatusCode::OK).await;
    assert_eq!(found["messages"], 1);
    for query in ["before:bald", "zebra is:done"] {
        let body = json!({"name": "Fall", "reason": "Klage", "query": query});
        scene.send(Method::POST, HOLDS, &body, StatusCode::BAD_REQUEST).await;
    }
    let body = json!({"name": "Fall", "reason": "Klage", "query": "zebra"});
    world.ask(Method::POST, HOLDS).by(&agent).json(&body).problem(StatusCode::FORBIDDEN).await;
    scene.send(Method::POST, HOLDS, &body, StatusCode::CREATED).await;
    let taken = scene.send(Method::POST, HOLDS, &body, StatusCode::CONFLICT).await;
    assert_eq!(taken["type"], "hold-name-taken");
    world.engine.catch_up().unwrap();
    // What comes later is held too.
    world.fill(account, &[&mail(3, "ida@example.org", "Three", "Zebra")]);
    world.engine.catch_up().unwrap();
    let hold = &scene.get(HOLDS).await["items"][0];
    assert_eq!((&hold["mails"], &hold["looking"], &hold["lifted"]), (&json!(2), &json!(false), &Value::Null));
    let newest = world.first_mail(account);
    let path = format!("/api/v1/messages/{newest}/keeping");
    let kept = world.get(&path).by(&agent).expect(StatusCode::OK).await;
    assert_eq!(kept["holds"][0]["name"], "Fall");
    let path = format!("{HOLDS}/{}/lift", hold["key"]);
    scene.send(Method::POST, &path, &json!({"reason": ""}), StatusCode::BAD_REQUEST).await;
    let lifted = scene.send(Method::POST, &path, &json!({"reason": "Vergleich"}), StatusCode::OK).await;
    assert_eq!(lifted["items"][0]["lift_reason"], "Vergleich");
    scene.send(Method::POST, &path, &json!({"reason": "nochmal"}), StatusCode::NOT_FOUND).await;
    let log = scene.get("/api/v1/events").await.to_string();
    assert!(log.contains("hold.created") && log.contains("hold.removed"), "{log}");
}

#[tokio::test]
async fn what_is_due_is_erased_when_a_second_person_releases_it() {
    let scene = Scene::new();
    let Scene { world, .. } = &scene;
    let old = "From: eva@example.org\r\nTo: us@example.org\r\nSubject: Old\r\nMessage-ID: <old@example.org>\r\n\
        Date: Wed, 3 Mar 2010 10:00:00 +0000\r\n\r\nZebra\r\n";
    let account = world.account("Info", &[old, &mail(2, "eva@example.org", "New", "Zebra")]);
    let boss = world.user("boss@example.org", Role::Administrator, &[account]);
    let second = world.user("second@example.org", Role::Administrator, &[account]);
    let list = world.get("/api/v1/messages").by(&boss).expect(StatusCode::OK).await;
    let ids: Vec<&Value> = list["items"].as_array().unwrap().iter().map(|item| &item["mail_id"]).collect();
    let chosen = json!({"mails": ids, "class": -1, "reason": "Brief"});
    let choose = world.ask(Method::POST, "/api/v1/messages/retention").by(&boss).json(&chosen);
    choose.expect(StatusCode::NO_CONTENT).await;
    let asked = json!({"class": -1, "year": 2010, "note": "Jahresende"});
    let release = || world.ask(Method::POST, "/api/v1/retention/due/release").json(&asked);
    let waiting = release().by(&boss).expect(StatusCode::CREATED).await;
    assert_eq!((&waiting["kind"], &waiting["state"]), (&json!("release"), &json!("waiting")));
    let approve = format!("/api/v1/approvals/{}/approve", waiting["id"].as_str().unwrap());
    let own = world.ask(Method::POST, &approve).by(&boss).send().await;
    assert_eq!(own.status, StatusCode::CONFLICT, "nobody releases what they asked for");
    let count = async || {
        let list = world.get("/api/v1/messages").by(&boss).expect(StatusCode::OK).await;
        list["items"].as_array().unwrap().len()
    };
    assert_eq!(count().await, 2);
    world.ask(Method::POST, &approve).by(&second).expect(StatusCode::OK).await;
    let begun = std::time::Instant::now();
    while count().await == 2 {
        assert!(begun.elapsed() < std::time::Duration::from_mins(2), "it is carried out");
        tokio::time::sleep(std::time::Duration::from_millis(20)).await;
    }
    assert_eq!(count().await, 1, "only what is due is gone");
    let none = release().by(&second).send().await;
    assert_eq!(none.status, StatusCode::NOT_FOUND, "nothing is due any more");
}
