//! Records of the ERP: one by one, in batches, in sessions, from files.

use axum::http::{Method, StatusCode};
use model::{ErpSourceId, RecordKind, Role};
use pipeline::Vanishing;
use serde_json::{Value, json};

use super::world::Scene;

impl Scene {
    async fn octets(&self, path: &str, body: impl Into<axum::body::Body>) -> Value {
        self.world.ask(Method::POST, path).by(&self.admin).body(body).expect(StatusCode::OK).await
    }

    async fn session(&self) -> String {
        let asked = json!({"kinds": ["order"], "source": "shop"});
        let run = self.send(Method::POST, "/api/v1/records/sessions", &asked, StatusCode::CREATED).await;
        run["id"].as_str().unwrap().to_owned()
    }

    async fn finish(&self, session: &str, query: &str) -> super::world::Answer {
        let path = format!("/api/v1/records/sessions/{session}/finish{query}");
        self.world.ask(Method::POST, &path).by(&self.admin).send().await
    }
}

fn lines(numbers: std::ops::Range<u32>) -> String {
    numbers
        .map(|n| json!({"kind": "order", "number": format!("B-{n:05}"), "contact": "K1"}).to_string() + "\n")
        .collect()
}

#[tokio::test]
async fn records_are_put_found_and_removed() {
    let scene = Scene::new();
    let path = "/api/v1/records/order/B%2F2026-1";
    let body = json!({
        "name": "Desk", "contact": "K1", "email": ["Eva@B.example"], "items": ["P1", "P2"], "references": ["R7"],
        "date": "2026-03-02", "state": "open", "url": "https://erp.example/1", "extra": {"Ort": "Graz"},
    });
    let made = scene.send(Method::PUT, path, &body, StatusCode::OK).await;
    assert_eq!((&made["number"], &made["email"][0]), (&json!("B/2026-1"), &json!("eva@b.example")));
    assert_eq!((&made["date"], &made["extra"]["Ort"]), (&json!("2026-03-02T00:00:00.000Z"), &json!("Graz")));
    assert_eq!(scene.send(Method::PUT, path, &body, StatusCode::OK).await, made);
    assert_eq!(scene.get(path).await, made);
    for found in ["?q=r-7", "?q=b/2026", "?q=eva@b", "?q=desk&kind=order", "?kind=order"] {
        assert_eq!(scene.get(&format!("/api/v1/records{found}")).await["items"], json!([made]), "{found}");
    }
    assert_eq!(scene.get("/api/v1/records?kind=item").await["items"], json!([]));
    for wrong in [
        json!({"email": ["nobody"]}),
        json!({"url": "javascript:alert(1)"}),
        json!({"date": "tomorrow"}),
        json!({"state": "x".repeat(3000)}),
    ] {
        let refused = scene.world.ask(Method::PUT, path).by(&scene.admin).json(&wrong);
        assert_eq!(refused.problem(StatusCode::BAD_REQUEST).await, "erp-record");
    }
    scene
        .world
        .ask(Method::PUT, "/api/v1/records/planet/1")
        .by(&scene.admin)
        .json(&json!({}))
        .expect(StatusCode::NOT_FOUND)
        .await;
    scene.world.ask(Method::DELETE, path).by(&scene.admin).expect(StatusCode::NO_CONTENT).await;
    assert_eq!(scene.get(path).await["vanished"], true);
    let agent = scene.world.user("agent@example.org", Role::Agent, &[]);
    scene.world.ask(Method::PUT, path).by(&agent).json(&body).expect(StatusCode::FORBIDDEN).await;
    scene.world.get(path).by(&agent).expect(StatusCode::NOT_FOUND).await;
}

#[tokio::test]
async fn batches_name_what_is_wrong_and_sessions_let_vanish() {
    let scene = Scene::new();
    let session = scene.session().await;
    let batch = format!("/api/v1/records/batch?session={session}");
    let odd = "\n{\"kind\":\"order\"}\nno json\n{\"kind\":\"contact\",\"number\":\"1\"}\n{\"kind\":\"order\",\"number\":\" \"}\n";
    let answer = scene.octets(&batch, format!("{}{odd}", lines(0..3))).await;
    assert_eq!((&answer["new"], &answer["failed"], &answer["seen"]), (&json!(3), &json!(4), &json!(7)));
    let at: Vec<u64> =
        answer["errors"].as_array().unwrap().iter().map(|e| e["line"].as_u64().unwrap()).collect();
    assert_eq!(at, [5, 6, 7, 8]);
    assert_eq!(scene.finish(&session, "").await.status, StatusCode::CONFLICT);
    // A whole one, sent by several at once and again: the repeats change nothing.
    let session = scene.session().await;
    let batch = format!("/api/v1/records/batch?session={session}");
    let pieces: Vec<String> = (0..20).map(|n| lines(n * 100..(n + 1) * 100)).collect();
    let sent = pieces.iter().chain(&pieces).map(|piece| scene.octets(&batch, piece.clone()));
    let answers = futures_util::future::join_all(sent).await;
    let sum = |name: &str| answers.iter().map(|answer| answer[name].as_u64().unwrap()).sum::<u64>();
    assert_eq!((sum("new"), sum("changed"), sum("same"), sum("failed")), (1997, 0, 2003, 0));
    let ended = scene.finish(&session, "").await;
    assert_eq!((ended.status, &ended.json()["vanished"]), (StatusCode::OK, &json!(0)));
    assert_eq!(scene.finish(&session, "").await.json(), ended.json());
    let late = scene.world.ask(Method::POST, &batch).by(&scene.admin).body(lines(0..1));
    assert_eq!(late.problem(StatusCode::CONFLICT).await, "erp-session-over");
    // Less than a fifth vanishes by itself, more has to be allowed.
    let session = scene.session().await;
    scene.octets(&format!("/api/v1/records/batch?session={session}"), lines(0..1000)).await;
    let held = scene.finish(&session, "").await;
    assert_eq!(held.status, StatusCode::CONFLICT);
    assert!(held.json()["detail"].as_str().unwrap().contains("1000"), "{}", held.json());
    assert_eq!(scene.get("/api/v1/records/order/B-01999").await["vanished"], false);
    assert_eq!(scene.finish(&session, "?allow=true").await.json()["vanished"], 1000);
    assert_eq!(scene.get("/api/v1/records/order/B-01999").await["vanished"], true);
    let mut pages = 0;
    let mut path = "/api/v1/records?kind=order&limit=200".to_owned();
    loop {
        let page = scene.get(&path).await;
        pages += 1;
        let Some(next) = page["next"].as_str() else { break };
        path = format!("/api/v1/records?kind=order&limit=200&cursor={next}");
    }
    assert_eq!(pages, 10);
    let list = scene.get("/api/v1/erp/sources").await;
    assert_eq!((&list["items"][0]["name"], &list["counts"]["order"]), (&json!("shop"), &json!(1000)));
    assert_eq!(list["items"][0]["last_run"]["vanished"], 1000);
    let unknown = scene
        .world
        .ask(Method::POST, "/api/v1/records/batch?session=00000000-0000-7000-8000-000000000000")
        .by(&scene.admin)
        .body(lines(0..1));
    assert_eq!(unknown.problem(StatusCode::BAD_REQUEST).await, "erp-session");
}

#[tokio::test]
async fn files_are_compared_before_they_count() {
    let scene = Scene::new();
    let first = "number;name;active;email\n1;A;1;a@b.example\n2;B;1;\n3;C;1;\n";
    let map = "kind=contact&name=first.csv";
    assert_eq!(scene.octets(&format!("/api/v1/erp/import?{map}"), first).await["new"], 3);
    let second = "Nr;Name\n1;A\n2;Bee\n2;Bea\n4;D\n;E\n";
    let preview = scene.octets("/api/v1/erp/preview?kind=contact&map=number%3DNr", second).await;
    let counts = ["new", "changed", "same", "vanished", "failed", "duplicates"]
        .map(|name| preview[name].as_u64().unwrap());
    assert_eq!(counts, [1, 2, 0, 1, 1, 1]);
    assert_eq!((&preview["first_new"], &preview["first_vanished"]), (&json!(["4"]), &json!(["3"])));
    assert_eq!(
        preview["first_changed"][1]["fields"][0],
        json!({"field": "name", "before": "B", "after": "Bea"})
    );
    assert_eq!(scene.get("/api/v1/records/contact/2").await["name"], "B");
    let missing =
        scene.world.ask(Method::POST, "/api/v1/erp/preview?kind=contact").by(&scene.admin).body(second);
    assert_eq!(missing.problem(StatusCode::BAD_REQUEST).await, "erp-column");
    let run = scene.octets("/api/v1/erp/import?kind=contact&map=number%3DNr", second).await;
    assert_eq!((&run["changed"], &run["vanished"], &run["failed"]), (&json!(2), &json!(0), &json!(1)));
    let runs = scene.get("/api/v1/erp/runs").await;
    assert_eq!(
        (runs["items"].as_array().unwrap().len(), &runs["items"][1]["what"]),
        (2, &json!("first.csv"))
    );
}

#[tokio::test]
async fn sources_keep_their_password_and_their_folder() {
    let scene = Scene::new();
    let path = "/api/v1/erp/sources";
    let sql = json!({
        "host": "db.example.org", "port": 5432, "database": "shop", "login": "reader",
        "statements": [{"kind": "contact", "sql": "SELECT 1"}],
    });
    let asked = json!({"name": "Shop", "type": "postgres", "every_minutes": 60, "active": false, "sql": sql, "password": "geheim-77"});
    let made = scene.send(Method::POST, path, &asked, StatusCode::CREATED).await;
    assert_eq!((&made["password_set"], &made["sql"]["tls"]), (&json!(true), &json!(true)));
    assert!(!made.to_string().contains("geheim-77"));
    let one = format!("{path}/{}", made["id"].as_str().unwrap());
    let mut change = asked.clone();
    change.as_object_mut().unwrap().remove("password");
    scene.send(Method::PUT, &one, &change, StatusCode::OK).await;
    change["sql"]["host"] = json!("evil.example");
    let elsewhere = scene.world.ask(Method::PUT, &one).by(&scene.admin).json(&change);
    assert_eq!(elsewhere.problem(StatusCode::BAD_REQUEST).await, "account-password-again");
    for (wrong, key) in [("../secret", "erp-path"), ("/etc/passwd", "erp-path")] {
        let asked = json!({"name": "File", "type": "file", "file": {"path": wrong, "kind": "contact"}});
        let refused = scene.world.ask(Method::POST, path).by(&scene.admin).json(&asked);
        assert_eq!(refused.problem(StatusCode::BAD_REQUEST).await, key);
    }
    let agent = scene.world.user("agent@example.org", Role::Agent, &[]);
    scene.world.get(path).by(&agent).expect(StatusCode::FORBIDDEN).await;
    scene.world.ask(Method::DELETE, &one).by(&scene.admin).expect(StatusCode::NO_CONTENT).await;
    let log = scene.get("/api/v1/events").await.to_string();
    assert!(log.contains("Shop") && !log.contains("\"text\":\"erp-"), "{log}");
}

/// A file is read when two looks have found the same, and again only when it has changed.
#[tokio::test]
async fn watched_files_are_read_when_they_are_whole() {
    let scene = Scene::new();
    let asked = json!({"name": "File", "type": "file", "file": {"path": "in/items.csv", "kind": "item"}});
    let made = scene.send(Method::POST, "/api/v1/erp/sources", &asked, StatusCode::CREATED).await;
    let id: ErpSourceId = made["id"].as_str().unwrap().parse().unwrap();
    let engine = &scene.world.engine;
    let look = || pipeline::run_source(engine, id, "test", Vanishing::Ask, false).unwrap();
    assert_eq!(look(), None);
    let file = pipeline::erp_folder(engine.dir()).join("in/items.csv");
    std::fs::create_dir_all(file.parent().unwrap()).unwrap();
    std::fs::write(&file, "number,name\n1,De").unwrap();
    assert_eq!(look(), None);
    std::fs::write(&file, "number,name\n1,Desk\n2,Chair\n").unwrap();
    assert_eq!(look(), None);
    assert_eq!(look().unwrap().sums.changes.new, 2);
    assert_eq!(look(), None);
    std::fs::write(&file, "number,name\n1,Desk\n2,Chair\n3,Lamp\n").unwrap();
    assert_eq!(look(), None);
    assert_eq!(look().unwrap().sums.changes.new, 1);
    assert_eq!(engine.store().record(RecordKind::Item, "1").unwrap().unwrap().record.name, "Desk");
}
