//! From a bounce in a mailbox to the answer for whoever sends next.

use axum::http::{Method, StatusCode};
use model::Role;
use serde_json::{Value, json};

use super::world::{Caller, World};

/// So many minutes ago, as a mail says it.
fn ago(minutes: i64) -> String {
    let at = jiff::Timestamp::from_second(jiff::Timestamp::now().as_second() - minutes * 60).unwrap();
    at.strftime("%a, %d %b %Y %H:%M:%S +0000").to_string()
}

/// Newsletter `n` to Tom.
fn sent(n: u32) -> String {
    let date = ago(120 - i64::from(n));
    format!(
        "From: us@ours.example\r\nTo: Tom <tom@b.example>\r\nSubject: News {n}\r\nDate: {date}\r\nMessage-ID: <sent.{n}@ours.example>\r\nList-Id: <news.ours.example>\r\nPrecedence: bulk\r\n\r\nNews.\r\n"
    )
}

/// A report that newsletter `of` could not be delivered.
fn bounce(n: u32, recipient: &str, of: u32) -> String {
    let date = ago(60 - i64::from(n));
    format!(
        "From: MAILER-DAEMON@mx.example\r\nTo: us@ours.example\r\nSubject: Undelivered {n}\r\nDate: {date}\r\nMessage-ID: <bounce.{n}@mx.example>\r\nMIME-Version: 1.0\r\nContent-Type: multipart/report; report-type=delivery-status; boundary=x\r\n\r\n--x\r\nContent-Type: text/plain\r\n\r\nSorry.\r\n--x\r\nContent-Type: message/delivery-status\r\n\r\nReporting-MTA: dns; mx.example\r\n\r\nFinal-Recipient: rfc822; {recipient}\r\nAction: failed\r\nStatus: 5.1.1\r\nDiagnostic-Code: smtp; 550 5.1.1 =unknown\r\n\r\n--x\r\nContent-Type: message/rfc822\r\n\r\nFrom: us@ours.example\r\nTo: {recipient}\r\nSubject: News {of}\r\nMessage-ID: <sent.{of}@ours.example>\r\n\r\nNews.\r\n--x--\r\n"
    )
}

struct Scene {
    world: World,
    admin: Caller,
    reader: Caller,
    stranger: Caller,
    auditor: Caller,
}

impl Scene {
    /// Three bounces for Tom, one that nobody can match.
    async fn new() -> Self {
        let world = World::new();
        world.today();
        let admin = world.administrator();
        let mut rules = world.get("/api/v1/bounces/rules").by(&admin).expect(StatusCode::OK).await;
        rules["settings"]["count_imported"] = json!(true);
        let saved = world.ask(Method::PUT, "/api/v1/bounces/rules").by(&admin).json(&rules);
        assert_eq!(saved.expect(StatusCode::OK).await, rules);
        let mut mails: Vec<String> = (1..4).map(sent).collect();
        mails.extend((1..4).map(|n| bounce(n, "tom@b.example", n)));
        mails.push(bounce(4, "lost@b.example", 77));
        let mails: Vec<&str> = mails.iter().map(String::as_str).collect();
        let account = world.account("bounces", &mails);
        let reader = world.user("eva@example.org", Role::Agent, &[account]);
        let stranger = world.user("new@example.org", Role::Agent, &[]);
        let auditor = world.user("audit@example.org", Role::Auditor, &[account]);
        Self { world, admin, reader, stranger, auditor }
    }

    async fn get(&self, path: &str, by: &Caller) -> Value {
        self.world.get(path).by(by).expect(StatusCode::OK).await
    }

    async fn check(&self, class: &str) -> Value {
        let asked = json!({"addresses": ["Tom@b.example", "nobody@b.example"], "class": class});
        let ask = self.world.ask(Method::POST, "/api/v1/suppression/check").by(&self.reader).json(&asked);
        ask.expect(StatusCode::OK).await["items"].clone()
    }
}

#[tokio::test]
async fn three_bounces_stop_bulk_mail() {
    let scene = Scene::new().await;
    let page = scene.get("/api/v1/addresses", &scene.reader).await;
    let tom = &page["items"][0];
    assert_eq!((&tom["address"], &tom["state"]), (&json!("tom@b.example"), &json!("failing")), "{page}");
    assert_eq!((&tom["reason"], &tom["total"]), (&json!("unsigned_repeated"), &json!(3)));
    for (path, by, count) in [
        ("/api/v1/addresses", &scene.stranger, 0),
        ("/api/v1/addresses", &scene.admin, 1),
        ("/api/v1/addresses?state=failing", &scene.auditor, 1),
        ("/api/v1/addresses?state=dead", &scene.reader, 0),
    ] {
        assert_eq!(scene.get(path, by).await["items"].as_array().unwrap().len(), count, "{path}");
    }
    let detail = scene.get("/api/v1/addresses/tom@b.example?limit=2", &scene.reader).await;
    let event = &detail["history"][0];
    assert_eq!((&event["kind"], &event["permanence"]), (&json!("failed"), &json!("permanent")));
    assert_eq!((&event["strength"], &event["class"]), (&json!("named"), &json!("bulk")));
    assert!(event["mail_id"].is_string() && event["trace"].as_array().unwrap().len() > 1, "{event}");
    let next = format!("/api/v1/addresses/tom@b.example?cursor={}", detail["next"].as_str().unwrap());
    assert_eq!(scene.get(&next, &scene.reader).await["history"].as_array().unwrap().len(), 1);
    // Administrators see that it happened; what stands in mails is for those who may read them.
    let seen = scene.get("/api/v1/addresses/tom@b.example", &scene.admin).await;
    assert_eq!(
        (&seen["history"][0]["mail_id"], &seen["history"][0]["diagnostic"]),
        (&json!(null), &json!(null))
    );
    let bulk = scene.check("bulk").await;
    assert_eq!((&bulk[0]["allowed"], &bulk[0]["by"]), (&json!(false), &json!("rule")));
    assert_eq!((&bulk[0]["reason"], &bulk[1]["allowed"]), (&json!("three-failures"), &json!(true)));
    assert_eq!(scene.check("transactional").await[0]["allowed"], true);
    // Out of the list by hand, it stays out.
    let list = scene.get("/api/v1/suppression", &scene.reader).await;
    let path = format!("/api/v1/suppression/{}", list["items"][0]["key"]);
    let remove = |by: &Caller| scene.world.ask(Method::DELETE, &path).by(by);
    assert_eq!(remove(&scene.auditor).problem(StatusCode::FORBIDDEN).await, "role");
    remove(&scene.reader).expect(StatusCode::NO_CONTENT).await;
    assert_eq!(scene.check("bulk").await[0]["allowed"], true);
    let numbers = scene.get("/api/v1/bounces/dashboard?days=7", &scene.reader).await;
    let reports: u64 =
        numbers["days"].as_array().unwrap().iter().map(|day| day["count"].as_u64().unwrap()).sum();
    assert_eq!(reports, 4, "{numbers}");
    assert_eq!((&numbers["domains"][0]["of"], &numbers["waiting"]), (&json!("b.example"), &json!(1)));
    // Nobody knows how many were sent: no mailbox for sent mail is fetched.
    assert_eq!((&numbers["sent"], &numbers["affected"]), (&json!(null), &json!(1)));
    assert_eq!(numbers["affected_domains"], json!([{"of": "b.example", "count": 1}]));
    assert_eq!(numbers["known"], json!(1));
    assert_eq!(scene.get("/api/v1/bounces/dashboard", &scene.stranger).await["days"], json!([]));
    let log = scene.get("/api/v1/events", &scene.admin).await.to_string();
    assert!(log.contains("feedback.handled") && log.contains("suppression.removed"), "{log}");
}

#[tokio::test]
async fn what_nobody_can_match_waits_for_a_person() {
    let scene = Scene::new().await;
    let queue = scene.get("/api/v1/bounces/queue", &scene.reader).await;
    let item = &queue["items"][0];
    assert_eq!(
        (&item["why"], &item["recipient"]),
        (&json!("unmatched"), &json!("lost@b.example")),
        "{queue}"
    );
    assert!(
        scene.get("/api/v1/bounces/queue", &scene.stranger).await["items"].as_array().unwrap().is_empty()
    );
    let path = format!("/api/v1/bounces/queue/{}/resolution", item["key"]);
    let resolve =
        |by: &Caller| scene.world.ask(Method::POST, &path).by(by).json(&json!({"address": "Lost@B.example"}));
    assert_eq!(resolve(&scene.stranger).problem(StatusCode::NOT_FOUND).await, "not-found");
    assert_eq!(resolve(&scene.auditor).problem(StatusCode::FORBIDDEN).await, "role");
    resolve(&scene.reader).expect(StatusCode::NO_CONTENT).await;
    assert_eq!(resolve(&scene.reader).problem(StatusCode::NOT_FOUND).await, "not-found");
    let detail = scene.get("/api/v1/addresses/lost@b.example", &scene.reader).await;
    assert_eq!(
        (&detail["states"][0]["state"], &detail["states"][0]["reason"]),
        (&json!("dead"), &json!("permanent"))
    );
    assert_eq!(detail["history"][0]["user"], json!(scene.reader.id.uuid()));
    // By hand.
    let set = |change: Value| {
        scene.world.ask(Method::PUT, "/api/v1/addresses/lost@b.example/state").by(&scene.reader).json(&change)
    };
    scene.world.pass(1000);
    let blocked = set(json!({"state": "blocked", "note": "phoned"})).expect(StatusCode::OK).await;
    assert_eq!(
        (&blocked["states"][0]["state"], &blocked["history"][0]["note"]),
        (&json!("blocked"), &json!("phoned"))
    );
    assert_eq!(
        set(json!({"expires": "2020-01-01T00:00:00Z"})).problem(StatusCode::BAD_REQUEST).await,
        "expires-past"
    );
    scene.world.pass(1000);
    assert_eq!(set(json!({})).expect(StatusCode::OK).await["states"][0]["state"], "fine");
}

#[tokio::test]
async fn rules_are_tried_and_asked_about() {
    let scene = Scene::new().await;
    let mut rules = scene.get("/api/v1/bounces/rules", &scene.reader).await;
    rules["rules"][0]["category"]["count"] = json!(1);
    rules["rules"][0]["actions"] =
        json!([{"do": "stop_mailing", "class": null}, {"do": "tag", "tag": "phone"}]);
    let put =
        |rules: &Value| scene.world.ask(Method::PUT, "/api/v1/bounces/rules").by(&scene.admin).json(rules);
    let try_out = json!({"rules": rules["rules"], "days": 365});
    let run = scene.world.ask(Method::POST, "/api/v1/bounces/rules/dry_run").by(&scene.reader).json(&try_out);
    let run = run.expect(StatusCode::OK).await;
    assert_eq!(
        (&run["judged"], &run["transactional"], &run["needs_confirmation"]),
        (&json!(1), &json!(1), &json!(true))
    );
    let tom = json!([{"address": "tom@b.example", "rule": "three-failures"}]);
    assert_eq!((&run["stopped"], &run["freed"]), (&tom, &json!([])));
    assert_eq!(put(&rules).problem(StatusCode::CONFLICT).await, "rules-stop-many");
    rules["confirm"] = json!(true);
    put(&rules).expect(StatusCode::OK).await;
    assert_eq!(scene.check("transactional").await[0]["allowed"], false);
    rules["rules"][0]["category"]["count"] = json!(0);
    assert_eq!(put(&rules).problem(StatusCode::BAD_REQUEST).await, "number-between");
    rules["rules"][0]["category"]["count"] = json!(1);
    rules["rules"][0]["category"]["kinds"] = json!(["moved"]);
    assert_eq!(put(&rules).problem(StatusCode::BAD_REQUEST).await, "word-unknown");
    rules["rules"] = json!([]);
    let free = |by: &Caller| {
        let none = json!({"rules": [], "days": 30});
        scene.world.ask(Method::POST, "/api/v1/bounces/rules/dry_run").by(by).json(&none)
    };
    let run = free(&scene.reader).expect(StatusCode::OK).await;
    assert_eq!((&run["newly"], &run["released"], &run["freed"]), (&json!(0), &json!(1), &tom));
    let run = free(&scene.stranger).expect(StatusCode::OK).await;
    assert_eq!((&run["released"], &run["freed"]), (&json!(1), &json!([])));
    put(&rules).expect(StatusCode::OK).await;
    assert_eq!(scene.check("bulk").await[0]["allowed"], true);
    let agent = scene.world.ask(Method::PUT, "/api/v1/bounces/rules").by(&scene.reader).json(&rules);
    assert_eq!(agent.problem(StatusCode::FORBIDDEN).await, "role");
}

#[tokio::test]
async fn lists_and_suppression_go_in_and_out() {
    let world = World::new();
    let agent = world.user("eva@example.org", Role::Agent, &[]);
    let make = |name: &str| {
        let new = json!({"name": name, "address": "News@Ours.example"});
        world.ask(Method::POST, "/api/v1/lists").by(&agent).json(&new)
    };
    let list = make("News").expect(StatusCode::CREATED).await;
    assert_eq!(make("News").problem(StatusCode::CONFLICT).await, "list-name-taken");
    let path = format!("/api/v1/lists/{}", list["id"].as_str().unwrap());
    let file = "email;name;active\na@b.example;=1+1;ja\nnobody;x;\nc@b.example;Eva;nein\n";
    let import = world.ask(Method::POST, &format!("{path}/members/import")).by(&agent);
    let done = import.header("content-type", "text/csv").body(file).expect(StatusCode::OK).await;
    assert_eq!(done, json!({"taken": 2, "unusable": [3]}));
    let put = json!({"items": [{"address": "d@b.example"}]});
    world
        .ask(Method::PUT, &format!("{path}/members"))
        .by(&agent)
        .json(&put)
        .expect(StatusCode::NO_CONTENT)
        .await;
    let page = world.get(&format!("{path}/members?limit=2")).by(&agent).expect(StatusCode::OK).await;
    assert_eq!((&page["items"][1]["active"], &page["next"]), (&json!(false), &json!("c@b.example")));
    let export = world.get(&format!("{path}/members/export")).by(&agent).send().await;
    assert!(export.text().contains("\"a@b.example\",\"'=1+1\",\"yes\""), "{}", export.text());
    assert!(export.header("content-disposition").contains("News.csv"));
    let gone = world.ask(Method::DELETE, &format!("{path}/members/d@b.example")).by(&agent);
    gone.expect(StatusCode::NO_CONTENT).await;
    // Suppression.
    let list_id = list["id"].clone();
    let add = json!({"items": [
        {"address": "a@b.example", "class": "bulk", "reason": "-moved"},
        {"address": "d@b.example", "list": list_id, "expires": "2030-01-01T00:00:00Z"},
    ]});
    world.ask(Method::POST, "/api/v1/suppression").by(&agent).json(&add).expect(StatusCode::NO_CONTENT).await;
    let check = async |list: Value| {
        let asked = json!({"addresses": ["a@b.example", "c@b.example", "d@b.example"], "class": "bulk", "list": list});
        let ask = world.ask(Method::POST, "/api/v1/suppression/check").by(&agent).json(&asked);
        let items = ask.expect(StatusCode::OK).await["items"].clone();
        items.as_array().unwrap().iter().map(|item| item["by"].clone()).collect::<Vec<_>>()
    };
    assert_eq!(check(json!(null)).await, [json!("person"), json!(null), json!(null)]);
    assert_eq!(check(list["id"].clone()).await, [json!("person"), json!("left_list"), json!("person")]);
    let export = world.get("/api/v1/suppression/export").by(&agent).send().await;
    assert!(
        export.text().contains("\"a@b.example\",\"bulk\",\"\",\"person\",\"'-moved\""),
        "{}",
        export.text()
    );
    let many: Vec<String> = (0..5001).map(|n| format!("{n}@b.example")).collect();
    let ask = |many: &[String]| {
        let asked = json!({"addresses": many, "class": "bulk"});
        world.ask(Method::POST, "/api/v1/suppression/check").by(&agent).json(&asked)
    };
    assert_eq!(ask(&many).problem(StatusCode::BAD_REQUEST).await, "too-many-items");
    assert_eq!(ask(&many[1..]).expect(StatusCode::OK).await["items"].as_array().unwrap().len(), 5000);
    world.ask(Method::DELETE, &path).by(&agent).expect(StatusCode::NO_CONTENT).await;
    world.get(&path).by(&agent).expect(StatusCode::NOT_FOUND).await;
}

#[tokio::test]
async fn a_rebuild_gives_the_same_addresses() {
    let scene = Scene::new().await;
    let all = async || {
        let mut all = Vec::new();
        for path in ["/api/v1/addresses", "/api/v1/suppression/export", "/api/v1/bounces/dashboard"] {
            all.push(scene.world.get(path).by(&scene.reader).send().await.text().to_owned());
        }
        all
    };
    let before = all().await;
    let engine = scene.world.engine.clone();
    tokio::task::spawn_blocking(move || engine.rebuild(&mut |_, _| ()).unwrap()).await.unwrap();
    let after = all().await;
    // Weights are of the moment.
    let steady = |texts: &[String]| {
        texts.iter().map(|t| t.split("weight").next().unwrap().to_owned()).collect::<Vec<_>>()
    };
    assert_eq!(steady(&before), steady(&after));
}

#[tokio::test]
async fn addresses_are_found_and_named() {
    let scene = Scene::new().await;
    let contact = store::Record {
        name: "Tom Meier".to_owned(),
        addresses: vec!["Tom@b.example".to_owned()],
        ..store::Record::new(model::RecordKind::Contact, "K-7")
    };
    scene.world.engine.store().put_records(vec![contact], 0, model::UnixMillis(1)).unwrap();
    let meier = json!({"number": "K-7", "name": "Tom Meier"});
    let page = scene.get("/api/v1/addresses?search=B.EX", &scene.reader).await;
    assert_eq!(
        (&page["items"][0]["address"], &page["items"][0]["contact"]),
        (&json!("tom@b.example"), &meier),
        "{page}"
    );
    for (query, by, count) in [
        ("search=om", &scene.reader, 0),
        ("search=tom&state=dead", &scene.reader, 0),
        ("search=tom&state=failing", &scene.auditor, 1),
        ("search=tom", &scene.admin, 1),
        ("search=tom", &scene.stranger, 0),
        ("search=%20", &scene.reader, 1),
    ] {
        let page = scene.get(&format!("/api/v1/addresses?{query}"), by).await;
        assert_eq!(page["items"].as_array().unwrap().len(), count, "{query}");
    }
    let list = scene.world.ask(Method::POST, "/api/v1/lists").by(&scene.reader);
    let list = list.json(&json!({"name": "News"})).expect(StatusCode::CREATED).await;
    let path = format!("/api/v1/lists/{}/members", list["id"].as_str().unwrap());
    let members = json!({"items": [{"address": "tom@b.example"}, {"address": "z@b.example"}]});
    let put = scene.world.ask(Method::PUT, &path).by(&scene.reader).json(&members);
    put.expect(StatusCode::NO_CONTENT).await;
    let page = scene.get(&path, &scene.reader).await;
    assert_eq!((&page["items"][0]["contact"], &page["items"][1]["contact"]), (&meier, &json!(null)));
    assert_eq!(scene.get(&path, &scene.stranger).await["items"][0]["contact"], json!(null));
    // A second page of found ones.
    let block = scene.world.ask(Method::PUT, "/api/v1/addresses/toni@b.example/state").by(&scene.admin);
    block.json(&json!({"state": "blocked"})).expect(StatusCode::OK).await;
    let page = scene.get("/api/v1/addresses?search=to&limit=1", &scene.admin).await;
    assert_eq!(page["items"][0]["address"], "tom@b.example");
    let next = page["next"].as_str().unwrap().replace('@', "%40");
    let page = scene.get(&format!("/api/v1/addresses?search=to&limit=1&cursor={next}"), &scene.admin).await;
    assert_eq!((&page["items"][0]["address"], &page["next"]), (&json!("toni@b.example"), &json!(null)));
    let wrong = scene.world.get("/api/v1/addresses?search=to&cursor=x").by(&scene.admin);
    assert_eq!(wrong.problem(StatusCode::BAD_REQUEST).await, "cursor");
}
