//! Groups, their rights, and what is sorted to them.

use axum::http::{Method, StatusCode};
use model::Role;
use serde_json::{Value, json};

use super::world::{Caller, World, mail};

async fn make(world: &World, caller: &Caller, body: &Value) -> Value {
    world.ask(Method::POST, "/api/v1/groups").by(caller).json(body).expect(StatusCode::CREATED).await
}

#[tokio::test]
async fn groups_are_for_administrators_to_change_and_for_all_to_see() {
    let world = World::new();
    let admin = world.administrator();
    let agent = world.user("agent@example.org", Role::Agent, &[]);
    let users = world.get("/api/v1/users").by(&admin).expect(StatusCode::OK).await;
    let member = &users["items"][0]["id"];
    let body = json!({"name": "Vertrieb", "description": " Angebote ", "addresses": ["Sales@A.example"], "members": [member]});
    let refused = world.ask(Method::POST, "/api/v1/groups").by(&agent).json(&body);
    refused.problem(StatusCode::FORBIDDEN).await;
    let made = make(&world, &admin, &body).await;
    assert_eq!((&made["description"], &made["addresses"]), (&json!("Angebote"), &json!(["sales@a.example"])));
    assert_eq!(made["members"], json!([{"id": member, "name": users["items"][0]["name"]}]));
    let post = |body: &Value| world.ask(Method::POST, "/api/v1/groups").by(&admin).json(body);
    let taken = post(&json!({"name": "vertrieb"})).expect(StatusCode::CONFLICT).await;
    assert_eq!((&taken["type"], &taken["field"]), (&json!("group-name-taken"), &json!("name")));
    let broken = post(&json!({"name": "X", "addresses": ["nowhere"]})).expect(StatusCode::BAD_REQUEST).await;
    assert_eq!(broken["field"], "addresses");
    let path = format!("/api/v1/groups/{}", made["id"].as_str().unwrap());
    let changed = world.ask(Method::PUT, &path).by(&admin).json(&json!({"name": "Verkauf"}));
    assert_eq!(changed.expect(StatusCode::OK).await["members"], json!([]));
    let seen = world.get("/api/v1/groups").by(&agent).expect(StatusCode::OK).await;
    assert_eq!(seen["items"][0]["name"], "Verkauf");
    world.ask(Method::DELETE, &path).by(&agent).problem(StatusCode::FORBIDDEN).await;
    world.ask(Method::DELETE, &path).by(&admin).expect(StatusCode::NO_CONTENT).await;
    world.ask(Method::DELETE, &path).by(&admin).problem(StatusCode::NOT_FOUND).await;
    let log = world.get("/api/v1/events").by(&admin).expect(StatusCode::OK).await.to_string();
    for kind in ["group.created", "group.changed", "group.removed"] {
        assert!(log.contains(kind), "{kind}: {log}");
    }
}

#[tokio::test]
async fn mails_are_sorted_found_and_explained() {
    let world = World::new();
    let admin = world.administrator();
    let account = world.account("Info", &[&mail(1, "eva@example.org", "One", "Zebra")]);
    let agent = world.user("agent@example.org", Role::Agent, &[account]);
    let group = make(&world, &admin, &json!({"name": "Neue Kunden", "addresses": ["neu@a.example"]})).await;
    let other = make(&world, &admin, &json!({"name": "Rest"})).await;
    let path = format!("/api/v1/accounts/{account}/sorting");
    let put = |items: Value| world.ask(Method::PUT, &path).by(&admin).json(&json!({"items": items}));
    for (items, problem) in [
        (json!([{"pattern": "x", "group": group["id"]}]), "email"),
        (json!([{"pattern": "@", "group": group["id"]}]), "email"),
        (json!([{"pattern": "", "group": account.to_string()}]), "sorting-group"),
        (
            json!([{"pattern": "@A.example", "group": group["id"]}, {"pattern": "@a.example ", "group": other["id"]}]),
            "sorting-twice",
        ),
    ] {
        assert_eq!(put(items).problem(StatusCode::BAD_REQUEST).await, problem);
    }
    let rules =
        json!([{"pattern": "@example.org", "group": group["id"]}, {"pattern": "", "group": other["id"]}]);
    let kept = put(rules.clone()).expect(StatusCode::OK).await;
    assert_eq!(kept["items"], rules);
    world.ask(Method::PUT, &path).by(&agent).json(&kept).problem(StatusCode::FORBIDDEN).await;
    let search =
        async |q: &str| world.get(&format!("/api/v1/search?q={q}")).by(&agent).expect(StatusCode::OK).await;
    assert_eq!(search("group:%22neue+kunden%22").await["total"], 0, "only what comes from now on");
    let earlier = world.ask(Method::POST, &format!("{path}/earlier")).by(&admin);
    earlier.expect(StatusCode::ACCEPTED).await;
    let id = world.first_mail(account);
    let detail = loop {
        let detail = world.get(&format!("/api/v1/messages/{id}")).by(&agent).expect(StatusCode::OK).await;
        if detail["groups"] != json!([]) {
            break detail;
        }
        tokio::task::yield_now().await;
    };
    let (name, by, value, pattern) = ("Neue Kunden", "to", "info@example.org", "@example.org");
    let shown = &detail["groups"][0];
    assert_eq!((&shown["name"], &shown["by"]), (&json!(name), &json!(by)));
    assert_eq!((&shown["value"], &shown["pattern"]), (&json!(value), &json!(pattern)));
    assert_eq!(shown["account_name"], "Info");
    world.engine.catch_up().unwrap();
    let found = search(&format!("gruppe:%22{}%22", name.replace(' ', "+"))).await;
    assert_eq!((&found["total"], &found["items"][0]["groups"][0]["name"]), (&json!(1), &json!(name)));
    let unknown = world.get("/api/v1/search?q=group:nobody").by(&agent);
    assert_eq!(unknown.problem(StatusCode::BAD_REQUEST).await, "query-group-unknown");
}

#[tokio::test]
async fn a_new_account_brings_its_group_and_may_take_it_away() {
    let world = World::new();
    let admin = world.administrator();
    let account = |name: &str, group: &str| json!({"name": name, "kind": "import", "group": {"name": group, "addresses": ["info@a.example"]}});
    let post = |body: Value| world.ask(Method::POST, "/api/v1/accounts").by(&admin).json(&body);
    let made = post(account("Info", "Info")).expect(StatusCode::CREATED).await;
    let groups = world.get("/api/v1/groups").by(&admin).expect(StatusCode::OK).await;
    let group = &groups["items"][0];
    assert_eq!((&group["name"], &group["addresses"]), (&json!("Info"), &json!(["info@a.example"])));
    let path = format!("/api/v1/accounts/{}", made["id"].as_str().unwrap());
    let rules = world.get(&format!("{path}/sorting")).by(&admin).expect(StatusCode::OK).await;
    assert_eq!(rules["items"], json!([{"pattern": "", "group": group["id"]}]));
    let taken = post(account("Other", "info")).expect(StatusCode::CONFLICT).await;
    assert_eq!((&taken["type"], &taken["field"]), (&json!("group-name-taken"), &json!("group.name")));
    let broken = post(json!({"name": "Other", "kind": "import", "group": {"name": "X", "addresses": ["y"]}}));
    assert_eq!(broken.expect(StatusCode::BAD_REQUEST).await["field"], "group.addresses");
    let all = world.get("/api/v1/accounts").by(&admin).expect(StatusCode::OK).await;
    assert_eq!(all["items"].as_array().unwrap().len(), 1, "neither is made");
    let delete = |groups: Value| {
        world.ask(Method::DELETE, &path).by(&admin).json(&json!({"confirm": "Info", "groups": groups}))
    };
    delete(json!([made["id"]])).problem(StatusCode::NOT_FOUND).await;
    delete(json!([group["id"]])).expect(StatusCode::NO_CONTENT).await;
    let left = world.get("/api/v1/groups").by(&admin).expect(StatusCode::OK).await;
    assert_eq!(left["items"], json!([]));
}
