//! The event log, status, quarantine, health, metrics, repeated requests.

use axum::http::{Method, StatusCode};
use model::{
    AccountId, Flags, Location, MailId, MailboxId, ObjectId, Position, Role, SegmentId, Sha256, UnixMillis,
};
use serde_json::json;
use store::{Intake, IntakeItem, IntakeOutcome, MailboxListing, SegmentCommit};

use super::world::{World, mail};
use crate::Peer;

#[tokio::test]
async fn who_read_what_is_in_the_log() {
    let world = World::new();
    let account = world.account("Info", &[&mail(1, "eva@example.org", "One", "first")]);
    let agent = world.user("agent@example.org", Role::Agent, &[account]);
    let auditor = world.user("auditor@example.org", Role::Auditor, &[]);
    let id = world.first_mail(account);
    for _ in 0..3 {
        world.get(&format!("/api/v1/messages/{id}")).by(&agent).expect(StatusCode::OK).await;
        world.get(&format!("/api/v1/messages/{id}/raw")).by(&agent).send().await;
        world.get("/api/v1/search?q=first").by(&agent).expect(StatusCode::OK).await;
    }
    world.state.flush();
    let page = world.get("/api/v1/events?limit=2").by(&auditor).expect(StatusCode::OK).await;
    let more = format!("/api/v1/events?limit=2&cursor={}", page["next"].as_str().unwrap());
    let rest = world.get(&more).by(&auditor).expect(StatusCode::OK).await;
    assert_eq!(rest["next"], json!(null));
    let all: Vec<_> = [&page, &rest].iter().flat_map(|page| page["items"].as_array().unwrap()).collect();
    let told: Vec<_> = all
        .iter()
        .map(|event| (event["action"].as_str().unwrap(), event["text"].as_str().unwrap()))
        .collect();
    assert_eq!(
        told,
        [
            ("mail.searched", "Searched: first"),
            ("mail.downloaded", "Original downloaded"),
            ("mail.read", "Mail read")
        ]
    );
    assert_eq!((&all[2]["target"], &all[2]["actor"]["name"]), (&json!(id.to_string()), &json!("agent")));
    world.pass(11 * 60_000);
    world.get(&format!("/api/v1/messages/{id}")).by(&agent).expect(StatusCode::OK).await;
    world.state.flush();
    assert_eq!(world.engine.store().event_count().unwrap(), 4);
    assert_eq!(
        world.get("/api/v1/events?cursor=x").by(&auditor).problem(StatusCode::BAD_REQUEST).await,
        "cursor"
    );
}

#[tokio::test]
async fn status_counts_what_one_may_see() {
    let world = World::new();
    let account = world
        .account("Info", &[&mail(1, "a@example.org", "One", "1"), &mail(2, "b@example.org", "Two", "2")]);
    world.account("Other", &[&mail(3, "c@example.org", "Three", "3")]);
    let agent = world.user("agent@example.org", Role::Agent, &[account]);
    let status = world.get("/api/v1/status").by(&agent).expect(StatusCode::OK).await;
    assert_eq!(
        (&status["messages"], &status["stages"], &status["disk"]),
        (&json!(2), &json!(null), &json!(null))
    );
    assert_eq!(status["index_behind"], 0);
    let admin = world.administrator();
    let status = world.get("/api/v1/status").by(&admin).expect(StatusCode::OK).await;
    assert_eq!((&status["messages"], &status["stages"]["filed"]), (&json!(0), &json!(3)));
    assert!(status["disk"]["free_octets"].as_u64().unwrap() > 0);
}

#[tokio::test]
async fn accounts_in_trouble_are_told() {
    let world = World::new();
    let admin = world.administrator();
    let request = json!({"name": "Info", "kind": "imap", "active": true, "connection": {"host": "imap.example.org", "port": 993, "login": "i", "password": "p"}});
    let made = world
        .ask(Method::POST, "/api/v1/accounts")
        .by(&admin)
        .json(&request)
        .expect(StatusCode::CREATED)
        .await;
    let error = store::AccountError {
        class: "login".to_owned(),
        text: "NO wrong".to_owned(),
        since: model::UnixMillis(super::world::NOW),
    };
    let state = store::AccountState {
        activity: model::Activity::NeedsSettings,
        last_error: Some(error),
        ..store::AccountState::default()
    };
    world.engine.store().set_account_state(made["id"].as_str().unwrap().parse().unwrap(), state).unwrap();
    let status = world.get("/api/v1/status").by(&admin).expect(StatusCode::OK).await;
    let trouble = &status["accounts_in_trouble"][0];
    assert_eq!(
        (&trouble["state"], &trouble["error"]["text"]),
        (&json!("needs_settings"), &json!("NO wrong"))
    );
    assert_eq!(trouble["error"]["since"], "2026-03-02T09:00:00.000Z");
    let list = world.get("/api/v1/accounts").by(&admin).expect(StatusCode::OK).await;
    assert_eq!(list["items"][0]["state"]["last_error"]["class"], "login");
}

#[tokio::test]
async fn an_empty_quarantine() {
    let world = World::new();
    let admin = world.administrator();
    let page = world.get("/api/v1/quarantine").by(&admin).expect(StatusCode::OK).await;
    assert_eq!(page, json!({"items": [], "next": null}));
    let account = world.account("Info", &[&mail(1, "a@example.org", "One", "1")]);
    let retry = |id: &str| world.ask(Method::POST, &format!("/api/v1/quarantine/{id}/retry")).by(&admin);
    assert_eq!(
        retry(&world.first_mail(account).to_string()).problem(StatusCode::NOT_FOUND).await,
        "not-found"
    );
    assert_eq!(retry("nonsense").problem(StatusCode::NOT_FOUND).await, "not-found");
}

/// A mail that was archived and could not be taken apart three times.
fn quarantined(world: &World, account: AccountId) -> MailId {
    let store = world.engine.store();
    let listing = MailboxListing {
        id: MailboxId::from_octets([1; 16]),
        name: b"INBOX".to_vec(),
        display_name: "INBOX".to_owned(),
        special_use: None,
        selected: true,
    };
    let mailbox = store.upsert_mailboxes(account, vec![listing]).unwrap()[0];
    let (id, segment) = (MailId::from_octets([2; 16]), SegmentId::from_octets([3; 16]));
    let item = IntakeItem {
        mail_id: id,
        sha256: Sha256([4; 32]),
        octets: 17,
        record: Some((ObjectId::from_octets([5; 16]), Location { segment, at: 64, len: 40 })),
        mailbox,
        position: Position::Imap { uid_validity: 1, uid: 1 },
        received: None,
        fetched: UnixMillis(super::world::NOW),
        flags: Flags::default(),
        envelope: None,
    };
    let segments = vec![SegmentCommit { segment, committed: 104, sealed: true }];
    let outcome = store.commit_intake(Intake { items: vec![item], segments, ..Intake::default() }).unwrap();
    let IntakeOutcome::New { seq, .. } = outcome[0] else { panic!("not new") };
    for _ in 0..3 {
        let now = UnixMillis(super::world::NOW);
        store.fail_step(seq, "parse".to_owned(), "gave up".to_owned(), now, now).unwrap();
    }
    id
}

#[tokio::test]
async fn mails_in_quarantine_are_listed_for_those_who_keep_order() {
    let world = World::new();
    let account = world.account("Info", &[]);
    let id = quarantined(&world, account);
    let admin = world.administrator();
    let agent = world.user("agent@example.org", Role::Agent, &[account]);
    let stranger = world.user("stranger@example.org", Role::Agent, &[]);
    let list = async |caller| {
        world.get("/api/v1/quarantine").by(caller).expect(StatusCode::OK).await["items"].clone()
    };
    let seen = list(&agent).await;
    assert_eq!(
        seen,
        json!([{
            "mail_id": id.to_string(), "accounts": [account.to_string()], "step": "parse", "attempts": 3, "reason": "gave up",
            "since": "2026-03-02T09:00:00.000Z", "octets": 17, "readable": true,
        }])
    );
    assert_eq!(list(&admin).await[0]["readable"], false);
    assert_eq!(list(&stranger).await, json!([]));
    let row = world.get("/api/v1/messages").by(&agent).expect(StatusCode::OK).await["items"][0].clone();
    assert_eq!((&row["quarantined"], &row["mail_id"]), (&json!(true), &json!(id.to_string())));
    // The original cannot be read: what there is is a sentence, not a broken page.
    let path = format!("/api/v1/messages/{id}");
    assert_eq!(
        world.get(&path).by(&agent).problem(StatusCode::INTERNAL_SERVER_ERROR).await,
        "original-missing"
    );
    world.get(&path).by(&admin).problem(StatusCode::NOT_FOUND).await;
    let status = world.get("/api/v1/status").by(&agent).expect(StatusCode::OK).await;
    assert_eq!(status["quarantined"], 1);
    let retry = |caller| world.ask(Method::POST, &format!("/api/v1/quarantine/{id}/retry")).by(caller);
    retry(&stranger).problem(StatusCode::NOT_FOUND).await;
    retry(&admin).expect(StatusCode::ACCEPTED).await;
}

#[tokio::test]
async fn health_and_metrics() {
    let world = World::new();
    assert_eq!(world.get("/health/live").send().await.text(), "ok\n");
    assert_eq!(world.get("/health/ready").send().await.text(), "ready\n");
    let metrics = world.get("/metrics").send().await;
    assert!(metrics.text().contains("poststelle_mails{stage=\"filed\"} 0"), "{}", metrics.text());
    assert!(
        metrics.text().contains("poststelle_http_requests_total{status=\"2xx\"} 2"),
        "{}",
        metrics.text()
    );
    assert!(metrics.text().ends_with("# EOF\n"));
}

#[tokio::test]
async fn metrics_are_not_for_strangers() {
    let world = World::with(|options| options.listen = "0.0.0.0:8025".parse().unwrap());
    let admin = world.administrator();
    let ask = |cookie: Option<&str>| {
        let mut request =
            axum::http::Request::builder().uri("/metrics").extension(Peer("192.0.2.1:5000".parse().unwrap()));
        if let Some(cookie) = cookie {
            request = request.header("cookie", cookie);
        }
        tower::ServiceExt::oneshot(world.router.clone(), request.body(axum::body::Body::empty()).unwrap())
    };
    assert_eq!(ask(None).await.unwrap().status(), StatusCode::UNAUTHORIZED);
    assert_eq!(ask(Some(&admin.cookie)).await.unwrap().status(), StatusCode::OK);
}

#[tokio::test]
async fn not_ready_without_a_database() {
    let world = World::new();
    world.engine.close();
    let status = world.get("/health/ready").send().await.status;
    // SQLite reads go on after closing; PostgreSQL's do not. Either way the process lives.
    assert!(status == StatusCode::OK || status == StatusCode::SERVICE_UNAVAILABLE);
    assert_eq!(world.get("/health/live").send().await.status, StatusCode::OK);
}

#[tokio::test]
async fn the_same_key_does_it_once() {
    let world = World::new();
    let admin = world.administrator();
    let other = world.user("other@example.org", Role::Administrator, &[]);
    let create = |caller| {
        let ask = world.ask(Method::POST, "/api/v1/accounts").by(caller).header("idempotency-key", "k-1");
        ask.json(&json!({"name": "Files", "kind": "import"}))
    };
    let first = create(&admin).send().await;
    let second = create(&admin).send().await;
    assert_eq!((first.status, second.status), (StatusCode::CREATED, StatusCode::CREATED));
    assert_eq!((first.body.clone(), second.header("idempotency-replayed")), (second.body.clone(), "true"));
    assert_eq!(create(&other).problem(StatusCode::CONFLICT).await, "account-name-taken");
    world.pass(24 * 60 * 60_000);
    assert_eq!(create(&admin).problem(StatusCode::CONFLICT).await, "account-name-taken");
    let long =
        world.ask(Method::POST, "/api/v1/accounts").by(&admin).header("idempotency-key", &"x".repeat(201));
    assert_eq!(long.json(&json!({})).problem(StatusCode::BAD_REQUEST).await, "idempotency-key");
}
