//! Erasing on request: who may ask, what is shown, what is gone.

use axum::http::{Method, StatusCode, header};
use model::Role;
use serde_json::json;

use super::world::{World, mail};

#[tokio::test]
async fn mails_of_a_person_are_found_handed_out_and_erased() {
    let world = World::new();
    let ours = world.account(
        "ours",
        &[&mail(1, "eva@person.example", "First", "x"), &mail(2, "tom@b.example", "Second", "y")],
    );
    world.account("theirs", &[&mail(3, "eva@person.example", "Third", "z")]);
    let admin = world.user("second@example.org", Role::Administrator, &[ours]);
    let preview = |by| {
        let asked = world.ask(Method::POST, "/api/v1/erasures/preview");
        asked.by(by).json(&json!({ "address": "Eva@Person.example" }))
    };
    let found = preview(&admin).expect(StatusCode::OK).await;
    assert_eq!((&found["total"], &found["kept"]), (&json!(2), &json!(0)));
    let items = found["items"].as_array().unwrap();
    // That there is one elsewhere is said, not what it is about.
    assert_eq!((&items[0]["subject"], &items[1]["subject"]), (&json!("First"), &json!(null)));
    assert_eq!(items[0]["about"], "header");

    let person = world.get("/api/v1/person?address=eva@person.example").by(&admin).send().await;
    assert!(person.body.starts_with(b"PK\x03\x04"));
    assert!(person.header(header::CONTENT_DISPOSITION.as_str()).contains("person.zip"));

    let agent = world.user("agent@example.org", Role::Agent, &[ours]);
    let auditor = world.user("auditor@example.org", Role::Auditor, &[ours]);
    let request =
        |mails: serde_json::Value| json!({ "mails": mails, "basis": "objection", "note": "file 7" });
    let ids = json!([items[0]["mail_id"], items[1]["mail_id"]]);
    for other in [&agent, &auditor] {
        assert_eq!(preview(other).send().await.status, StatusCode::FORBIDDEN);
        let asked = world.ask(Method::POST, "/api/v1/erasures").by(other).json(&request(ids.clone()));
        assert_eq!(asked.send().await.status, StatusCode::FORBIDDEN);
        let person = world.get("/api/v1/person?address=eva@person.example").by(other).send().await;
        assert_eq!(person.status, StatusCode::FORBIDDEN);
    }
    let erase = |body: &serde_json::Value| world.ask(Method::POST, "/api/v1/erasures").by(&admin).json(body);
    assert_eq!(erase(&request(json!([]))).send().await.status, StatusCode::BAD_REQUEST);
    let unknown = json!({ "mails": ids, "basis": "because" });
    assert_eq!(erase(&unknown).send().await.status, StatusCode::BAD_REQUEST);
    let done = erase(&request(ids)).expect(StatusCode::CREATED).await;
    assert_eq!((&done["kind"], &done["state"]), (&json!("erasure"), &json!("waiting")));
    // Nothing is erased before somebody else has approved it.
    assert_eq!(preview(&admin).expect(StatusCode::OK).await["total"], 2);
    let list = world.get("/api/v1/erasures?limit=1").by(&admin).expect(StatusCode::OK).await;
    assert_eq!(list["items"], json!([]));
    let log = world.get("/api/v1/events").by(&admin).expect(StatusCode::OK).await;
    let named = |action: &str| log["items"].as_array().unwrap().iter().any(|entry| entry["action"] == action);
    assert!(named("approval.asked") && named("person.exported") && named("person.searched"), "{log}");
}
