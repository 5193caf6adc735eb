//! Live updates.

use axum::http::StatusCode;
use http_body_util::BodyExt;
use model::{AccountId, Role};
use pipeline::News;
use serde_json::Value;

use super::world::{Caller, World};

/// Events of a page left open.
struct Page {
    body: axum::body::Body,
    text: String,
}

impl Page {
    async fn open(world: &World, caller: &Caller) -> Self {
        let response = world.get("/api/v1/live").by(caller).begin().await;
        assert_eq!(response.status(), StatusCode::OK);
        assert_eq!(response.headers()["content-type"], "text/event-stream");
        assert_eq!(response.headers()["x-accel-buffering"], "no");
        let mut page = Self { body: response.into_body(), text: String::new() };
        assert_eq!(page.next().await.unwrap().0, "status");
        page
    }

    /// Name and data of the next event; `None` at the end.
    async fn next(&mut self) -> Option<(String, Value)> {
        loop {
            if let Some((event, rest)) = self.text.split_once("\n\n") {
                let line = |start: &str| {
                    event.lines().find_map(|line| line.strip_prefix(start)).map(|text| text.trim().to_owned())
                };
                let found = line("event:").zip(line("data:"));
                self.text = rest.to_owned();
                if let Some((name, data)) = found {
                    return Some((name, serde_json::from_str(&data).unwrap()));
                }
                continue;
            }
            let frame = self.body.frame().await?.unwrap();
            self.text.push_str(std::str::from_utf8(&frame.into_data().unwrap()).unwrap());
        }
    }
}

fn filed(account: AccountId) -> News {
    News::Filed { account, count: 2, newest: None }
}

#[tokio::test]
async fn pages_hear_of_their_accounts_and_of_no_others() {
    let world = World::new();
    let mine = world.account("Mine", &[]);
    let other = world.account("Other", &[]);
    let agent = world.user("agent@example.org", Role::Agent, &[mine]);
    let mut page = Page::open(&world, &agent).await;
    world.engine.tell(filed(other));
    world.engine.tell(News::Account(other));
    world.engine.tell(filed(mine));
    world.engine.tell(filed(mine));
    world.engine.tell(News::Account(mine));
    let (name, data) = page.next().await.unwrap();
    assert_eq!(
        (name.as_str(), &data["account"], &data["count"]),
        ("message.new", &Value::from(mine.to_string()), &Value::from(4))
    );
    let (name, data) = page.next().await.unwrap();
    assert_eq!((name.as_str(), &data["state"]["state"]), ("account.state", &Value::from("files")));
}

#[tokio::test]
async fn missed_news_are_said_to_be_missed() {
    let world = World::new();
    let mine = world.account("Mine", &[]);
    let agent = world.user("agent@example.org", Role::Agent, &[mine]);
    let mut page = Page::open(&world, &agent).await;
    for _ in 0..2000 {
        world.engine.tell(filed(mine));
    }
    let (name, data) = page.next().await.unwrap();
    assert_eq!((name.as_str(), &data["missed"]), ("status", &Value::from(true)));
}

#[tokio::test]
async fn pages_end_with_the_server() {
    let world = World::new();
    let agent = world.user("agent@example.org", Role::Agent, &[]);
    let mut page = Page::open(&world, &agent).await;
    world.state.end();
    assert_eq!(page.next().await, None);
}

#[tokio::test(start_paused = true)]
async fn pages_end_with_the_session() {
    let world = World::new();
    let agent = world.user("agent@example.org", Role::Agent, &[]);
    let mut page = Page::open(&world, &agent).await;
    world.engine.store().end_sessions(agent.id, None).unwrap();
    assert_eq!(page.next().await, None);
}
