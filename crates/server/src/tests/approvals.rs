//! What needs a second person.

use axum::http::{Method, StatusCode};
use model::Role;
use serde_json::{Value, json};

use super::world::{Caller, World, mail};

struct Two {
    world: World,
    mara: Caller,
    eva: Caller,
    agent: Caller,
}

/// Two administrators and an agent, who may read two mails; an export of two needs an approval.
async fn two() -> Two {
    let world = World::new();
    world.today();
    let account = world.account(
        "info",
        &[&mail(1, "eva@b.example", "Offer 1", "x"), &mail(2, "tom@b.example", "Offer 2", "y")],
    );
    let user = |name: &str, role| world.user(&format!("{name}@example.org"), role, &[account]);
    let (mara, eva) = (user("mara", Role::Administrator), user("eva", Role::Administrator));
    let agent = user("agent", Role::Agent);
    let settings = world.ask(Method::PUT, "/api/v1/approvals/settings").by(&mara);
    let set = settings.json(&json!({ "export_from": 2 })).expect(StatusCode::OK).await;
    assert_eq!(set, json!({ "export_from": 2, "export_holds": 2 }));
    Two { world, mara, eva, agent }
}

impl Two {
    async fn asked(&self, by: &Caller) -> Value {
        let asked = json!({ "q": "offer", "format": "csv", "note": "For the tax adviser" });
        let ask = self.world.ask(Method::POST, "/api/v1/approvals/exports").by(by).json(&asked);
        ask.expect(StatusCode::CREATED).await
    }

    fn act(&self, by: &Caller, of: &Value, what: &str) -> super::world::Ask<'_> {
        let path = format!("/api/v1/approvals/{}/{what}", of["id"].as_str().unwrap());
        self.world.ask(Method::POST, &path).by(by)
    }

    async fn listed(&self, by: &Caller) -> Vec<Value> {
        let list = self.world.get("/api/v1/approvals").by(by).expect(StatusCode::OK).await;
        list["items"].as_array().unwrap().clone()
    }
}

#[tokio::test]
async fn an_export_of_many_needs_another_person() {
    let two = two().await;
    let world = &two.world;
    let export =
        |by: &Caller, more: &str| world.get(&format!("/api/v1/export?q=offer&format=csv{more}")).by(by);
    assert_eq!(export(&two.agent, "").problem(StatusCode::FORBIDDEN).await, "export-needs-approval");
    let check = world.get("/api/v1/export/check?q=offer&format=csv").by(&two.agent);
    assert_eq!(check.expect(StatusCode::OK).await, json!({ "mails": 2, "needs_approval": true }));
    let one = world.get("/api/v1/export?q=subject:1&format=csv").by(&two.agent).send().await;
    assert_eq!(one.status, StatusCode::OK);

    let asked = two.asked(&two.agent).await;
    assert_eq!(
        (&asked["state"], &asked["due"], &asked["own"]),
        (&json!("waiting"), &json!(null), &json!(true))
    );
    assert_eq!(asked["text"], "Hand out 2 mails as csv: offer");
    let id = asked["id"].as_str().unwrap();
    let with = format!("&approval={id}");
    assert_eq!(export(&two.agent, &with).problem(StatusCode::CONFLICT).await, "approval-over");
    assert_eq!(two.act(&two.agent, &asked, "approve").problem(StatusCode::FORBIDDEN).await, "role");
    let seen = &two.listed(&two.mara).await[0];
    assert_eq!((&seen["may_approve"], &seen["note"]), (&json!(true), &json!("For the tax adviser")));
    assert_eq!(seen["asked_by"], "agent");
    let approved = two.act(&two.mara, &asked, "approve").expect(StatusCode::OK).await;
    assert_eq!((&approved["state"], &approved["decided_by"]), (&json!("approved"), &json!("mara")));
    assert!(approved["open_until"].is_string());
    let answer = export(&two.agent, &with).send().await;
    assert_eq!((answer.status, answer.text().lines().count()), (StatusCode::OK, 3));
    // It holds for who asked, and for what was asked.
    assert_eq!(export(&two.eva, &with).problem(StatusCode::CONFLICT).await, "approval-over");
    let other = world.get(&format!("/api/v1/export?q=offer&format=zip&approval={id}")).by(&two.agent);
    assert_eq!(other.problem(StatusCode::CONFLICT).await, "approval-over");
    assert_eq!(
        two.act(&two.eva, &asked, "refuse").json(&json!({})).problem(StatusCode::CONFLICT).await,
        "approval-decided"
    );
    let log = world.get("/api/v1/events").by(&two.mara).expect(StatusCode::OK).await;
    let texts: Vec<_> =
        log["items"].as_array().unwrap().iter().filter_map(|one| one["text"].as_str()).collect();
    for text in ["Approved (export)", "Approval asked for (export): For the tax adviser"] {
        assert!(texts.contains(&text), "{texts:?}");
    }
}

#[tokio::test]
async fn who_asks_does_not_approve() {
    let two = two().await;
    let asked = two.asked(&two.mara).await;
    assert_eq!(two.act(&two.mara, &asked, "approve").problem(StatusCode::CONFLICT).await, "approval-own");
    assert_eq!(two.listed(&two.mara).await[0]["may_approve"], false);
    // Nobody gets around it by being left alone afterwards.
    let patch = store::UserPatch { active: Some(false), ..store::UserPatch::default() };
    two.world.engine.store().update_user(two.eva.id, patch).unwrap();
    assert_eq!(two.act(&two.mara, &asked, "approve").problem(StatusCode::CONFLICT).await, "approval-own");
    assert_eq!(
        two.act(&two.agent, &asked, "withdraw").problem(StatusCode::CONFLICT).await,
        "approval-not-asker"
    );
    let refused = two.act(&two.mara, &asked, "withdraw").expect(StatusCode::OK).await;
    assert_eq!(refused["state"], "withdrawn");

    // Alone: seven days, and everybody hears of it.
    let asked = two.asked(&two.mara).await;
    assert!(asked["due"].is_string());
    assert_eq!(
        two.act(&two.mara, &asked, "approve").problem(StatusCode::CONFLICT).await,
        "approval-too-early"
    );
    let told = two.world.get("/api/v1/approvals/delayed").by(&two.agent).expect(StatusCode::OK).await;
    assert_eq!((&told["items"][0]["id"], &told["items"][0]["asked_by"]), (&asked["id"], &json!("mara")));
    // What others asked for is none of an agent's business otherwise.
    assert_eq!(two.listed(&two.agent).await, [json!(null); 0]);
    // It may be approved at once by somebody else who has come.
    let tom = two.world.user("tom@example.org", Role::Administrator, &[]);
    assert_eq!(two.act(&two.mara, &asked, "approve").problem(StatusCode::CONFLICT).await, "approval-own");
    let refuse = two.act(&tom, &asked, "refuse").json(&json!({ "reason": "Too many" }));
    let refused = refuse.expect(StatusCode::OK).await;
    assert_eq!((&refused["state"], &refused["outcome"]), (&json!("refused"), &json!("Too many")));
}

#[tokio::test]
async fn what_cannot_be_carried_out_is_not_asked_for() {
    let two = two().await;
    let limit = two.world.engine.export_limit().unwrap();
    assert_eq!((limit.set, limit.holds), (Some(2), Some(2)));
    for (set, holds) in [(Some(0), None), (None, Some(1000))] {
        two.world.engine.set_export_limit(set).unwrap();
        assert_eq!(two.world.engine.export_limit().unwrap().holds, holds);
    }
    let alone = World::new();
    alone.administrator();
    assert_eq!(alone.engine.export_limit().unwrap().holds, None);
}
