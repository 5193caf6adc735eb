//! Webhooks: signed, tried again, switched off, never into the own network unless allowed.

use std::io::Write as _;
use std::process::{Command, Stdio};

use dispatch::WebhookSecret;
use model::{OutgoingId, UnixMillis, WebhookId};
use pipeline::webhook_field;
use store::{Attempt, Channel, NewOutgoing, NewWebhook, OutgoingState, Webhook};
use uuid::Uuid;

use crate::receiver::{Got, Receiver};
use crate::world::{World, now, wait};

const SECRET: &str = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw";
const OLD: &str = "whsec_AAECAwQFBgcICQoLDA0ODxAREhMUFRYX";

fn known(world: &World, url: &str, private: bool, old: bool) -> Webhook {
    let id = WebhookId::new(Uuid::now_v7());
    let seal = |text: &str| {
        let secret = WebhookSecret::read(text).unwrap();
        world.engine.sealer().seal(&webhook_field(id, "secret"), secret.text().expose().as_bytes()).unwrap()
    };
    let new = NewWebhook {
        name: "ERP".to_owned(),
        url: url.to_owned(),
        kinds: vec!["address.dead".to_owned()],
        secret: seal(SECRET),
        old_secret: old.then(|| (seal(OLD), now().plus_ms(60_000))),
        private,
        active: true,
    };
    world.store().create_webhook(id, new, now()).unwrap();
    world.store().webhook(id).unwrap().unwrap()
}

const DEAD: (&str, &str) =
    ("address.changed", r#"{"address":"eva@example.org","state":"dead","reason":"permanent"}"#);

/// HMAC-SHA256 as OpenSSL makes it, base64; the key of [`SECRET`] and [`OLD`] in hexadecimal digits.
fn by_openssl(key: &str, text: &str) -> String {
    let mut openssl = Command::new("openssl")
        .args(["dgst", "-sha256", "-mac", "HMAC", "-macopt", &format!("hexkey:{key}"), "-binary"])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .expect("OpenSSL is installed (package openssl)");
    openssl.stdin.take().unwrap().write_all(text.as_bytes()).unwrap();
    let mac = openssl.wait_with_output().unwrap().stdout;
    let mut base64 =
        Command::new("base64").arg("-w0").stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().unwrap();
    base64.stdin.take().unwrap().write_all(&mac).unwrap();
    String::from_utf8(base64.wait_with_output().unwrap().stdout).unwrap()
}

#[track_caller]
fn check_signatures(got: &Got) {
    let field = |name: &str| got.fields[name].clone();
    let signed = format!("{}.{}.{}", field("webhook-id"), field("webhook-timestamp"), got.body);
    let expected = [
        by_openssl("31f290f6bf06298aab4f08d43c3f082cf648a362da2da4b0", &signed),
        by_openssl("000102030405060708090a0b0c0d0e0f1011121314151617", &signed),
    ];
    let expected: Vec<String> = expected.iter().map(|mac| format!("v1,{mac}")).collect();
    assert_eq!(field("webhook-signature"), expected.join(" "));
    let seconds: i64 = field("webhook-timestamp").parse().unwrap();
    assert!((now().0 / 1000 - seconds).abs() < 300);
}

#[test]
fn signed_and_tried_again_until_it_is_taken() {
    let mut world = World::new();
    let receiver = Receiver::start(&[503]);
    let webhook = known(&world, &receiver.url, true, true);
    world.start("", 0);
    world.log(&[DEAD, ("address.changed", r#"{"address":"a@b.example","state":"fine"}"#)]);
    let got = wait(|| Some(receiver.got()).filter(|got| got.len() == 2));
    check_signatures(&got[1]);
    // The same delivery: receivers know it again.
    assert_eq!(got[0].fields["webhook-id"], got[1].fields["webhook-id"]);
    assert_eq!(got[0].body, got[1].body);
    let body: serde_json::Value = serde_json::from_str(&got[1].body).unwrap();
    assert_eq!(body["type"], "address.dead");
    assert_eq!(body["data"]["address"], "eva@example.org");
    assert_eq!(body["data"]["url"], "https://post.example.org/address/eva@example.org");
    let channel = Channel::Webhook(webhook.key);
    let sent = wait(|| world.newest(channel).filter(|one| one.state == OutgoingState::Sent));
    assert_eq!((sent.attempts, sent.code), (2, Some(204)));
    // Sent again on demand, and then switched off by the receiver.
    receiver.answer(410);
    world.store().send_again(sent.what.id, now()).unwrap();
    world.outgoing.as_ref().unwrap().wake();
    wait(|| world.newest(channel).filter(|one| one.state == OutgoingState::Refused));
    let kept = world.store().webhook(webhook.id).unwrap().unwrap();
    assert!(!kept.settings.active && kept.off_reason == "gone");
    world.log(&[DEAD]);
    wait(|| world.store().unfollowed_events(1).unwrap().is_empty().then_some(()));
    assert_eq!(receiver.got().len(), 3);
}

#[test]
fn switched_off_after_days_in_which_nothing_was_taken() {
    let mut world = World::new();
    let receiver = Receiver::start(&[500, 500]);
    let webhook = known(&world, &receiver.url, true, false);
    let channel = Channel::Webhook(webhook.key);
    let refused = |at: UnixMillis| {
        let key = world.store().reserve_outgoing(1).unwrap();
        let new = NewOutgoing {
            key,
            id: OutgoingId::new(Uuid::now_v7()),
            channel,
            recipient: receiver.url.clone(),
            kind: "test".to_owned(),
            content: b"{}".to_vec(),
        };
        world.store().add_outgoing(vec![new], at).unwrap();
        world.store().claim_outgoing(at, at, 1).unwrap();
        let attempt = Attempt {
            state: OutgoingState::GivenUp,
            due: None,
            code: Some(503),
            answer: "no".to_owned(),
            switch_off: None,
            events: Vec::new(),
        };
        world.store().finish_outgoing(key, channel, attempt, at).unwrap();
    };
    refused(now().plus_ms(-3 * 24 * 60 * 60_000));
    world.start("", 0);
    world.log(&[DEAD]);
    let kept = wait(|| world.store().webhook(webhook.id).unwrap().filter(|one| !one.settings.active));
    assert_eq!(kept.off_reason, "failing");
    assert_eq!(world.newest(channel).unwrap().state, OutgoingState::Cancelled);
    let filter = store::EventFilter { kind: Some("webhook.disabled".to_owned()), ..Default::default() };
    let told = world.store().events(&filter, None, 9).unwrap();
    assert_eq!(told.len(), 1);
    assert!(told[0].1.payload.contains("500"), "{}", told[0].1.payload);
    // Switched on again it has its three days anew.
    world.store().update_webhook(webhook.id, NewWebhook { active: true, ..kept.settings }).unwrap();
    world.log(&[DEAD]);
    let tried = wait(|| world.newest(channel).filter(|one| one.code == Some(500) && one.due.is_some()));
    assert_eq!(tried.state, OutgoingState::Waiting);
    assert!(world.store().webhook(webhook.id).unwrap().unwrap().settings.active);
}

#[test]
fn never_into_the_own_network_nor_where_it_is_sent_on_to() {
    let mut world = World::new();
    let receiver = Receiver::start(&[302]);
    let closed = known(&world, &receiver.url, false, false);
    let moved = known(&world, &format!("{}?moved", receiver.url), true, false);
    world.start("", 0);
    world.log(&[DEAD]);
    let tried = wait(|| world.newest(Channel::Webhook(closed.key)).filter(|one| !one.answer.is_empty()));
    assert_eq!((tried.state, tried.code), (OutgoingState::Waiting, None), "{}", tried.answer);
    let tried = wait(|| world.newest(Channel::Webhook(moved.key)).filter(|one| one.code.is_some()));
    assert_eq!((tried.state, tried.code), (OutgoingState::Waiting, Some(302)));
    assert_eq!(receiver.got().len(), 1);
}

#[test]
fn a_rule_calls_the_webhook_it_names_and_no_other() {
    let mut world = World::new();
    let (one, other) = (Receiver::start(&[]), Receiver::start(&[]));
    known(&world, &one.url, true, false);
    known(&world, &other.url, true, false);
    world.start("", 0);
    let payload = format!(r#"{{"address":"eva@example.org","rule":"three-failures","url":"{}"}}"#, one.url);
    world.log(&[("rule.webhook", &payload)]);
    let got = wait(|| one.got().pop());
    assert!(got.body.contains("\"rule\":\"three-failures\""), "{}", got.body);
    assert!(!got.body.contains(&one.url));
    assert!(other.got().is_empty());
    // Nobody listens there any more: that is told instead of being forgotten.
    world.log(&[("rule.webhook", r#"{"address":"a@b.example","url":"https://gone.example/"}"#)]);
    let filter = store::EventFilter { kind: Some("delivery.failed".to_owned()), ..Default::default() };
    wait(|| world.store().events(&filter, None, 1).unwrap().pop());
}
