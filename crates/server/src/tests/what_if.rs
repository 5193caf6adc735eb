//! Other settings of linking tried on past mails, put into effect, and taken back.

use axum::http::{Method, StatusCode};
use model::{RecordKind, Role, UnixMillis};
use serde_json::{Value, json};
use store::Record;

use super::world::{Caller, World, mail};

fn order(number: &str, address: &str) -> Record {
    Record { addresses: vec![address.to_owned()], ..Record::new(RecordKind::Order, number) }
}

fn settings(first_address_wins: bool) -> Value {
    json!({"first_address_wins": first_address_wins, "contacts_one_by_one": false, "months": null, "own_numbers": []})
}

async fn number(world: &World, caller: &Caller, id: &str) -> Value {
    let links = world.get(&format!("/api/v1/messages/{id}/links")).by(caller).expect(StatusCode::OK).await;
    links["links"][0]["record"]["number"].clone()
}

#[tokio::test]
async fn other_settings_are_tried_put_into_effect_and_taken_back() {
    let world = World::new();
    let records =
        vec![order("B-1", "ada@x.example"), order("B-2", "bob@x.example"), order("B-3", "eve@x.example")];
    world.engine.store().put_records(records, 0, UnixMillis(0)).unwrap();
    let both = "Bob: bob@x.example";
    let mails = [
        mail(1, "ada@x.example", "ada", "text"),
        mail(2, "stranger@y.example", "two", &format!("ada@x.example\n{both}")),
        mail(3, "eve@x.example", "eve", "text"),
    ];
    let account = world.account("Info", &mails.iter().map(String::as_str).collect::<Vec<_>>());
    let agent = world.user("agent@example.org", Role::Agent, &[account]);
    let admin = world.user("head@example.org", Role::Administrator, &[account]);
    let list = world.get("/api/v1/messages").by(&agent).expect(StatusCode::OK).await;
    let id = |subject: &str| {
        let found = list["items"].as_array().unwrap().iter().find(|row| row["subject"] == subject);
        found.unwrap()["mail_id"].as_str().unwrap().to_owned()
    };
    assert_eq!(number(&world, &agent, &id("ada")).await, "B-1");
    assert_eq!(number(&world, &agent, &id("two")).await, Value::Null);
    // A person says that the stranger's mail belongs to Ada's order, and that Eve's belongs nowhere.
    let set = format!("/api/v1/messages/{}/links/order/B-1", id("two"));
    world.ask(Method::PUT, &set).by(&agent).expect(StatusCode::OK).await;

    let asked =
        |wins: bool, block: &[&str]| json!({"settings": settings(wins), "block": block, "last": 1000});
    let tried = |body: Value| world.ask(Method::POST, "/api/v1/links/what-if").by(&admin).json(&body);
    let refused = world.ask(Method::POST, "/api/v1/links/what-if").by(&agent).json(&asked(true, &[]));
    refused.problem(StatusCode::FORBIDDEN).await;
    assert_eq!(tried(asked(true, &["no address"])).problem(StatusCode::BAD_REQUEST).await, "blocklist-entry");
    assert_eq!(
        tried(json!({"settings": settings(false), "last": 0})).problem(StatusCode::BAD_REQUEST).await,
        "number-between"
    );
    let same = tried(asked(false, &[])).expect(StatusCode::OK).await;
    assert_eq!((&same["seen"], &same["unchanged"], &same["rows"]), (&json!(2), &json!(2), &json!([])));
    assert_eq!(
        (&same["people"], &same["people_agree_now"], &same["people_agree_then"]),
        (&json!(1), &json!(0), &json!(0))
    );
    let wins = tried(asked(true, &["eve@x.example"])).expect(StatusCode::OK).await;
    assert_eq!((&wins["people_agree_now"], &wins["people_agree_then"]), (&json!(0), &json!(1)));
    assert_eq!((&wins["lost"], &wins["unchanged"]), (&json!(1), &json!(1)));
    assert_eq!(wins["hidden"], 0);
    let blind = world.administrator();
    let asked_blindly = world.ask(Method::POST, "/api/v1/links/what-if").by(&blind);
    let unseen = asked_blindly.json(&asked(true, &["eve@x.example"])).expect(StatusCode::OK).await;
    assert_eq!((&unseen["lost"], &unseen["rows"], &unseen["hidden"]), (&json!(1), &json!([]), &json!(1)));
    let row = &wins["rows"][0];
    assert_eq!((&row["change"], &row["subject"]), (&json!("lost"), &json!("eve")));
    assert_eq!(row["before"]["links"], json!([{"kind": "order", "number": "B-3"}]));
    assert_eq!(row["after"]["outcome"], "none");
    assert!(row["after"]["steps"].as_array().unwrap().len() > 5);
    assert_eq!(number(&world, &agent, &id("eve")).await, "B-3", "nothing was written");

    let activation = json!({"tried": asked(true, &["eve@x.example"]), "past": true});
    let done = world.ask(Method::POST, "/api/v1/links/what-if/activate").by(&admin).json(&activation);
    let done = done.expect(StatusCode::OK).await;
    assert_eq!(done["changed"], 1);
    assert_eq!(number(&world, &agent, &id("eve")).await, Value::Null);
    assert_eq!(number(&world, &agent, &id("two")).await, "B-1", "what a person decided stays");
    let now = world.get("/api/v1/links/settings").by(&agent).expect(StatusCode::OK).await;
    assert_eq!(now["first_address_wins"], true);
    let blocked = world.get("/api/v1/links/blocklist").by(&admin).expect(StatusCode::OK).await;
    assert_eq!(blocked["items"][0]["entry"], "eve@x.example");

    let undo = format!("/api/v1/links/batches/{}/undo", done["batch"]);
    world.ask(Method::POST, &undo).by(&admin).expect(StatusCode::NO_CONTENT).await;
    assert_eq!(number(&world, &agent, &id("eve")).await, "B-3");
    world.ask(Method::POST, &undo).by(&admin).problem(StatusCode::NOT_FOUND).await;
    let batches = world.get("/api/v1/links/batches").by(&admin).expect(StatusCode::OK).await;
    assert_eq!((&batches["items"][0]["mails"], batches["items"][0]["undone"].is_string()), (&json!(1), true));
    let why = world
        .get(&format!("/api/v1/messages/{}/links/why", id("eve")))
        .by(&agent)
        .expect(StatusCode::OK)
        .await;
    assert_eq!((&why["outcome"], &why["steps"][1]["found"]), (&json!("linked"), &json!(["B-3"])));
}
