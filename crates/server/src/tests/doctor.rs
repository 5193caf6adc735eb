//! What is wrong, and completeness of mailboxes.

use axum::http::{Method, StatusCode};
use doctor::{Ours, Tally};
use model::{AccountId, Activity, MailboxId, Position, Role, UnixMillis};
use serde_json::{Value, json};
use store::MailboxListing;

use super::world::{Caller, NOW, World};

/// An account that is fetched, with an inbox that lacks mails.
async fn lacking(world: &World, admin: &Caller) -> (AccountId, MailboxId) {
    let connection = json!({"host": "imap.example.org", "port": 993, "login": "i", "password": "p"});
    let request = json!({"name": "Info", "kind": "imap", "active": true, "connection": connection});
    let made = world
        .ask(Method::POST, "/api/v1/accounts")
        .by(admin)
        .json(&request)
        .expect(StatusCode::CREATED)
        .await;
    let account: AccountId = made["id"].as_str().unwrap().parse().unwrap();
    let inbox = MailboxListing {
        id: MailboxId::new(uuid::Uuid::now_v7()),
        name: b"INBOX".to_vec(),
        display_name: "INBOX".to_owned(),
        special_use: None,
        selected: true,
    };
    let store = world.engine.store();
    let mailbox = store.upsert_mailboxes(account, vec![inbox]).unwrap()[0];
    let mut tally = Tally::default();
    tally.window(&[(1, 9), (20, 30)], &[(3, Ours::Archived { is_live: true }), (4, Ours::Failed)], 25);
    store.set_ledger(mailbox, 7, tally, UnixMillis(NOW)).unwrap();
    (account, mailbox)
}

#[tokio::test]
async fn a_gap_is_told_to_those_who_may_read_the_account() {
    let world = World::new();
    let admin = world.administrator();
    let (account, mailbox) = lacking(&world, &admin).await;
    world.engine.check_up().unwrap();
    let report = world.get("/api/v1/doctor").by(&admin).expect(StatusCode::OK).await;
    let found = &report["conditions"].as_array().unwrap();
    let gap = found.iter().find(|of| of["kind"] == "mailbox.incomplete").unwrap();
    assert_eq!((&report["ok"], &gap["severity"]), (&json!(false), &json!("critical")));
    assert_eq!(gap["what"], "Folder “INBOX” of “Info” is incomplete: 13 mails missing, 1 failed");
    assert!(gap["to_do"].as_str().unwrap().starts_with("Open the account"), "{gap}");
    assert_eq!(
        (&gap["account"], &gap["id"]),
        (&json!(account.to_string()), &json!(format!("mailbox.incomplete:{mailbox}")))
    );
    let may = world.user("may@example.org", Role::Agent, &[account]);
    let may_not = world.user("not@example.org", Role::Agent, &[]);
    let kinds = |report: Value| -> Vec<Value> {
        report["conditions"].as_array().unwrap().iter().map(|of| of["kind"].clone()).collect()
    };
    assert!(
        kinds(world.get("/api/v1/doctor").by(&may).expect(StatusCode::OK).await)
            .contains(&json!("mailbox.incomplete"))
    );
    let nothing = world.get("/api/v1/doctor").by(&may_not).expect(StatusCode::OK).await;
    assert_eq!((kinds(nothing.clone()), &nothing["ok"]), (vec![], &json!(true)));
    // It is an entry of the log and a notice, once.
    world.engine.check_up().unwrap();
    let notices = world.get("/api/v1/notices").by(&admin).expect(StatusCode::OK).await;
    let told = notices["items"].as_array().unwrap().iter().filter(|of| of["kind"] == "mailbox.incomplete");
    assert_eq!(told.map(|of| of["path"].clone()).collect::<Vec<_>>(), [json!("/doctor")]);
    // It is over.
    world.engine.store().set_ledger(mailbox, 7, Tally::default(), UnixMillis(NOW)).unwrap();
    world.engine.check_up().unwrap();
    let report = world.get("/api/v1/doctor").by(&admin).expect(StatusCode::OK).await;
    assert!(!kinds(report.clone()).contains(&json!("mailbox.incomplete")));
    assert_eq!(report["ended"][0]["kind"], "mailbox.incomplete");
}

#[tokio::test]
async fn keys_that_cannot_be_brought_back_are_told() {
    let world = World::new();
    let admin = world.administrator();
    lacking(&world, &admin).await;
    let found = async |kind: &str| -> Option<Value> {
        world.engine.check_up().unwrap();
        let report = world.get("/api/v1/doctor").by(&admin).expect(StatusCode::OK).await;
        report["conditions"].as_array().unwrap().iter().find(|of| of["kind"] == kind).cloned()
    };
    let recovery = found("recovery.missing").await.unwrap();
    assert_eq!(recovery["severity"], "warning");
    assert!(recovery["to_do"].as_str().unwrap().contains("poststelle key recovery"), "{recovery}");
    assert_eq!(found("keyring.damaged").await, None);
    world.engine.make_recovery_key().unwrap();
    assert_eq!(found("recovery.missing").await, None);
    let copies = std::fs::read_dir(world.engine.dir().join("keyring")).unwrap();
    let mut copies: Vec<_> = copies.map(|entry| entry.unwrap().path()).collect();
    copies.retain(|path| path.extension().is_some_and(|end| end == "a"));
    std::fs::remove_file(&copies[0]).unwrap();
    assert_eq!(found("keyring.damaged").await.unwrap()["severity"], "critical");
    let notices = world.get("/api/v1/notices").by(&admin).expect(StatusCode::OK).await;
    assert!(notices["items"].as_array().unwrap().iter().any(|of| of["kind"] == "keyring.damaged"));
}

#[tokio::test]
async fn ledgers_are_listed_and_fetched_anew() {
    let world = World::new();
    let admin = world.administrator();
    let (account, mailbox) = lacking(&world, &admin).await;
    let base = format!("/api/v1/accounts/{account}/ledgers");
    let ledgers = world.get(&base).by(&admin).expect(StatusCode::OK).await;
    let inbox = &ledgers["items"][0];
    assert_eq!(
        (&inbox["source"], &inbox["archived"], &inbox["missing"]),
        (&json!(20), &json!(1), &json!(13))
    );
    assert_eq!((&inbox["failed"], &inbox["pending"]), (&json!(1), &json!(5)));
    let one = world.get(&format!("{base}/{mailbox}?limit=2")).by(&admin).expect(StatusCode::OK).await;
    let row = |reason: &str, first: u32, last: u32| json!({"reason": reason, "first": first, "last": last, "name": null});
    assert_eq!(one["items"], json!([row("missing", 1, 2), row("failed", 4, 4)]));
    let more = format!("{base}/{mailbox}?limit=2&cursor={}", one["next"].as_str().unwrap());
    let more = world.get(&more).by(&admin).expect(StatusCode::OK).await;
    assert_eq!(more["items"], json!([row("missing", 5, 9), row("missing", 20, 25)]));
    let anew = world.ask(Method::POST, &format!("{base}/{mailbox}/anew")).by(&admin);
    assert_eq!(anew.expect(StatusCode::ACCEPTED).await, json!({"count": 14}));
    let again = world.engine.store().failed_to_try(account, 3, UnixMillis(0), 100).unwrap();
    assert_eq!((again.len(), &again[0].1), (14, &Position::Imap { uid_validity: 7, uid: 1 }));
    let other = world.user("agent@example.org", Role::Agent, &[]);
    for path in [base.clone(), format!("{base}/{mailbox}")] {
        world.get(&path).by(&other).expect(StatusCode::NOT_FOUND).await;
    }
    let compare = format!("/api/v1/accounts/{account}/compare");
    world.ask(Method::POST, &compare).by(&other).expect(StatusCode::NOT_FOUND).await;
    assert_eq!(world.ask(Method::POST, &compare).by(&admin).send().await.status, StatusCode::ACCEPTED);
    world.get(&format!("{base}/nonsense")).by(&admin).expect(StatusCode::NOT_FOUND).await;
}

#[tokio::test]
async fn every_word_has_its_sentences() {
    for kind in doctor::Kind::ALL {
        for language in [api::Language::De, api::Language::En] {
            let text = crate::condition_text(language, kind, &std::collections::BTreeMap::new());
            assert!(text.what != kind.as_str().replace('.', "-") && !text.to_do.is_empty(), "{kind:?}");
        }
        assert!(dispatch::KINDS.contains(&kind.as_str()), "{kind:?}");
    }
}

#[tokio::test]
async fn a_pause_is_shown_with_its_end() {
    let world = World::new();
    let admin = world.administrator();
    let (account, _) = lacking(&world, &admin).await;
    let state = store::AccountState {
        activity: Activity::Throttled { until: UnixMillis(NOW + 60_000) },
        ..store::AccountState::default()
    };
    world.engine.store().set_account_state(account, state).unwrap();
    let shown = world.get(&format!("/api/v1/accounts/{account}")).by(&admin).expect(StatusCode::OK).await;
    assert_eq!(
        (&shown["state"]["state"], &shown["state"]["until"]),
        (&json!("throttled"), &json!("2026-03-02T09:01:00.000Z"))
    );
}
