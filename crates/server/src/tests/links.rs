//! What mails are linked to, by hand: routes, rights, taking back.

use axum::http::{Method, StatusCode};
use model::{RecordKind, Role, UnixMillis};
use serde_json::{Value, json};
use store::Record;

use super::world::{Caller, NOW, World, mail};

fn records(world: &World) {
    let customer = Record {
        name: "Eva Müller".to_owned(),
        addresses: vec!["eva@example.org".to_owned()],
        url: "javascript:alert(1)".to_owned(),
        ..Record::new(RecordKind::Contact, "K-1")
    };
    let order = Record {
        contact: Some("K-1".to_owned()),
        state: "offen".to_owned(),
        url: "https://erp.example/o/1".to_owned(),
        extra: json!({"Betrag": "12,00", "Menge": 3}).to_string(),
        ..Record::new(RecordKind::Order, "B/2026 1")
    };
    world.engine.store().put_records(vec![customer, order], 0, UnixMillis(NOW)).unwrap();
}

async fn links(world: &World, caller: &Caller, id: &str) -> Value {
    world.get(&format!("/api/v1/messages/{id}/links")).by(caller).expect(StatusCode::OK).await
}

#[tokio::test]
async fn links_are_set_and_removed_and_come_back() {
    let world = World::new();
    world.today();
    records(&world);
    let account = world.account("Info", &[&mail(1, "neu@example.net", "=1+1", "text")]);
    let agent = world.user("agent@example.org", Role::Agent, &[account]);
    let other = world.user("other@example.org", Role::Agent, &[]);
    let id = world.first_mail(account).to_string();
    let path = format!("/api/v1/messages/{id}/links/order/B%2F2026%201");
    assert_eq!(world.ask(Method::PUT, &path).by(&other).problem(StatusCode::NOT_FOUND).await, "not-found");
    let set = world.ask(Method::PUT, &path).by(&agent).expect(StatusCode::OK).await;
    assert_eq!(set["messages"], 1);
    let now = links(&world, &agent, &id).await;
    let link = &now["links"][0];
    assert_eq!(
        (&link["how"], &link["by"], &link["user"]),
        (&json!("person"), &json!("person"), &json!("agent"))
    );
    assert_eq!(
        (&link["record"]["state"], &link["record"]["url"]),
        (&json!("offen"), &json!("https://erp.example/o/1"))
    );
    assert_eq!(link["record"]["extra"], json!({"Betrag": "12,00", "Menge": "3"}));
    assert_eq!(now["person"], true);

    let unknown = format!("/api/v1/messages/{id}/links/order/B-9");
    assert_eq!(world.ask(Method::PUT, &unknown).by(&agent).problem(StatusCode::NOT_FOUND).await, "not-found");
    let removed = world.ask(Method::DELETE, &format!("{path}?remember=address")).by(&agent);
    let removed = removed.expect(StatusCode::OK).await;
    assert_eq!(links(&world, &agent, &id).await["links"], json!([]));
    let undo = format!("/api/v1/links/undo/{}", removed["undo"].as_str().unwrap());
    assert_eq!(world.ask(Method::POST, &undo).by(&other).problem(StatusCode::NOT_FOUND).await, "undo-gone");
    world.ask(Method::POST, &undo).by(&agent).expect(StatusCode::NO_CONTENT).await;
    assert_eq!(links(&world, &agent, &id).await["links"][0]["record"]["number"], "B/2026 1");
    assert_eq!(world.ask(Method::POST, &undo).by(&agent).problem(StatusCode::NOT_FOUND).await, "undo-gone");

    let bulk = json!({"mails": [id], "set": [{"kind": "contact", "number": "K-1"}],
        "remove": [{"kind": "order", "number": "B/2026 1"}]});
    world.ask(Method::POST, "/api/v1/links/bulk").by(&agent).json(&bulk).expect(StatusCode::OK).await;
    let now = links(&world, &agent, &id).await;
    assert_eq!(now["links"][0]["record"]["number"], "K-1");
    assert_eq!(now["links"][0]["record"]["url"], Value::Null, "nothing that runs");
    assert_eq!(now["removed"][0]["remover"], "agent");
    let wrong = json!({"mails": [id], "set": [{"kind": "invoice", "number": "1"}]});
    let wrong = world.ask(Method::POST, "/api/v1/links/bulk").by(&agent).json(&wrong);
    assert_eq!(wrong.problem(StatusCode::BAD_REQUEST).await, "word-unknown");

    let page =
        world.get("/api/v1/records/contact/K-1/messages?text=1%2B").by(&agent).expect(StatusCode::OK).await;
    assert_eq!((&page["total"], &page["items"][0]["mail_id"]), (&json!(1), &json!(id)));
    let none = world.get("/api/v1/records/contact/K-1/messages").by(&other).expect(StatusCode::OK).await;
    assert_eq!(none["total"], 0);
    let wrong = world.get("/api/v1/records/contact/K-1/messages?from=gestern").by(&agent);
    assert_eq!(wrong.problem(StatusCode::BAD_REQUEST).await, "time");
    let csv = world.get("/api/v1/records/contact/K-1/messages.csv").by(&agent).send().await;
    assert!(csv.text().contains("\"'=1+1\""), "{}", csv.text());
    let found = world.get("/api/v1/links/records?text=m%C3%BCl").by(&agent).expect(StatusCode::OK).await;
    assert_eq!(found["items"][0]["record"]["number"], "K-1");
    let sheet = world.get("/api/v1/links/records/order/B%2F2026%201").by(&agent).expect(StatusCode::OK).await;
    assert_eq!((&sheet["contact"], &sheet["record"]["state"]), (&json!("K-1"), &json!("offen")));
    let none = world.get("/api/v1/records/contact/K-1/attachments").by(&agent).expect(StatusCode::OK).await;
    assert_eq!(none["total"], 0);
    let missing = world.get("/api/v1/records/contact/K-7/messages").by(&agent);
    assert_eq!(missing.problem(StatusCode::NOT_FOUND).await, "not-found");

    world.pass(60_000);
    let statistics = world.get("/api/v1/links/statistics?days=3660").by(&agent).expect(StatusCode::OK).await;
    assert_eq!(statistics["by_hand"], 1);
    let admin = world.administrator();
    let log = world.get("/api/v1/events").by(&admin).expect(StatusCode::OK).await;
    let texts: Vec<&str> =
        log["items"].as_array().unwrap().iter().filter_map(|e| e["text"].as_str()).collect();
    assert!(texts.contains(&"Linked with K-1") && texts.contains(&"Link with B/2026 1 removed"), "{texts:?}");
}

#[tokio::test]
async fn jumps_blocklist_and_proposals() {
    let world = World::new();
    records(&world);
    let account = world.account("Info", &[&mail(1, "neu@example.net", "Frage & mehr", "text")]);
    let agent = world.user("agent@example.org", Role::Agent, &[account]);
    let admin = world.administrator();
    let id = world.first_mail(account).to_string();
    let items = |template: &str| json!({"items": [{"name": "ERP", "template": template}]});
    let write = |body: Value| world.ask(Method::PUT, "/api/v1/links/jumps").by(&admin).json(&body);
    assert_eq!(write(items("javascript:#NAME#")).problem(StatusCode::BAD_REQUEST).await, "jump-unsafe");
    let body = json!({"items": [
        {"name": "Search", "template": "https://erp.example/?q=#SUBJECT#&m=#EMAIL#"},
        {"name": "Order", "template": "erp:order/#ORDER#"},
    ]});
    write(body).expect(StatusCode::OK).await;
    let jumps = links(&world, &agent, &id).await["jumps"].clone();
    let url = "https://erp.example/?q=Frage%20%26%20mehr&m=neu%40example.net";
    assert_eq!(jumps, json!([{"name": "Search", "url": url}]), "no order, no way to it");

    let block = |entry: &str| {
        let body = json!({"entry": entry, "note": "a shop"});
        world.ask(Method::POST, "/api/v1/links/blocklist").by(&agent).json(&body)
    };
    block("Shop.Example").expect(StatusCode::NO_CONTENT).await;
    assert_eq!(block("shop").problem(StatusCode::BAD_REQUEST).await, "blocklist-entry");
    let list = world.get("/api/v1/links/blocklist").by(&agent).expect(StatusCode::OK).await;
    assert_eq!(
        (&list["items"][0]["entry"], &list["items"][0]["user"]),
        (&json!("shop.example"), &json!("agent"))
    );
    assert_eq!(list["automatic"], json!(["agent@example.org"]));
    let entry = "/api/v1/links/blocklist/shop.example";
    world.ask(Method::DELETE, entry).by(&agent).expect(StatusCode::NO_CONTENT).await;
    assert_eq!(world.ask(Method::DELETE, entry).by(&agent).problem(StatusCode::NOT_FOUND).await, "not-found");

    let proposal = json!({"name": "Eva", "address": "eva@example.org"});
    let path = format!("/api/v1/messages/{id}/contact_proposal");
    world.ask(Method::POST, &path).by(&agent).json(&proposal).expect(StatusCode::NO_CONTENT).await;
    let log = world.get("/api/v1/events").by(&admin).expect(StatusCode::OK).await;
    assert_eq!(log["items"][0]["text"], "New contact handed to the ERP: Eva, eva@example.org");
    assert_eq!(log["items"][0]["target"], json!(id));
}

#[tokio::test]
async fn import_list_has_groups() {
    let world = World::new();
    let account = world.account("Info", &[&mail(1, "eva@example.org", "Frage", "text")]);
    let agent = world.user("agent@example.org", Role::Agent, &[account]);
    let page = world.get("/api/v1/import-list?reason=none").by(&agent).expect(StatusCode::OK).await;
    let reasons: Vec<&str> =
        page["groups"].as_array().unwrap().iter().map(|group| group["reason"].as_str().unwrap()).collect();
    assert_eq!(reasons, ["order", "quote", "contact", "suggested", "none", "quarantined"]);
    let quarantined =
        world.get("/api/v1/import-list?reason=quarantined").by(&agent).expect(StatusCode::OK).await;
    assert_eq!(quarantined["items"], json!([]));
}
