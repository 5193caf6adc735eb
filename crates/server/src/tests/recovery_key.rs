//! The recovery key of the page.

use axum::http::{Method, StatusCode};
use model::Role;
use serde_json::json;

use super::world::World;

const PATH: &str = "/api/v1/recovery-key";

#[tokio::test]
async fn a_recovery_key_is_made_once_and_compared() {
    let world = World::new();
    let admin = world.administrator();
    let agent = world.user("agent@example.org", Role::Agent, &[]);
    assert_eq!(world.ask(Method::POST, PATH).by(&agent).problem(StatusCode::FORBIDDEN).await, "role");
    let state = world.get(PATH).by(&admin).expect(StatusCode::OK).await;
    assert_eq!(state["made_at"], json!(null));
    let made = world.ask(Method::POST, PATH).by(&admin).expect(StatusCode::OK).await;
    assert_eq!(made["replaced"], false);
    let groups: Vec<&str> =
        made["groups"].as_array().unwrap().iter().map(|group| group.as_str().unwrap()).collect();
    assert!(groups.len() == 8 && groups.iter().all(|group| group.len() == 8), "{groups:?}");
    assert!(world.get(PATH).by(&admin).expect(StatusCode::OK).await["made_at"].is_string());

    let check = format!("{PATH}/check");
    let ask = |key: String| world.ask(Method::POST, &check).by(&admin).json(&json!({ "key": key }));
    let numbered: Vec<String> = groups.iter().zip(1..).map(|(group, n)| format!("{n} {group}")).collect();
    ask(numbered.join("\n").to_lowercase()).expect(StatusCode::NO_CONTENT).await;
    assert_eq!(ask("1234".to_owned()).problem(StatusCode::BAD_REQUEST).await, "recovery-length");
    let other = if groups[2].starts_with('0') { "1" } else { "0" };
    let wrong = groups.join(" ").replace(groups[2], &format!("{other}{}", &groups[2][1..]));
    let answer = ask(wrong).send().await;
    assert_eq!(answer.status, StatusCode::BAD_REQUEST);
    assert!(answer.json()["title"].as_str().unwrap().contains('3'), "{}", answer.json());

    let again = world.ask(Method::POST, PATH).by(&admin).expect(StatusCode::OK).await;
    assert_eq!(again["replaced"], true);
    let old = groups.join(" ");
    assert_eq!(ask(old).problem(StatusCode::BAD_REQUEST).await, "recovery-other");
    let events =
        world.get("/api/v1/events?action=recovery_key.created").by(&admin).expect(StatusCode::OK).await;
    assert_eq!(events["items"].as_array().unwrap().len(), 2);
    let written = events.to_string();
    assert!(groups.iter().all(|group| !written.contains(group)));
}
