//! What goes out: servers that send, receivers of webhooks, the queue, notices, rules that tell.

use std::sync::Arc;

use model::{Kind, MessageId, Original, OutgoingId, Permanence, SmtpAccountId, UnixMillis, WebhookId};
use standing::{Action, State, Strength};

use super::Case;
use super::standing::bounced;
use super::world::*;
use crate::{
    Attempt, BounceRules, Channel, EventFilter, Gathering, NewOutgoing, NewSmtpAccount, NewWebhook,
    NoticeChannel, Outgoing, OutgoingState, Store, StoreError,
};

pub(super) const ALL: &[Case] = &[
    ("one_server_sends_the_notices", one_server_sends_the_notices),
    ("webhooks_are_kept_and_forgotten", webhooks_are_kept_and_forgotten),
    ("the_queue_gives_each_entry_once", the_queue_gives_each_entry_once),
    ("a_receiver_that_is_gone_is_switched_off", a_receiver_that_is_gone_is_switched_off),
    ("the_log_is_followed_once", the_log_is_followed_once),
    ("rules_tell_once_for_as_many_mails_as_they_count", rules_tell_once_for_as_many_mails_as_they_count),
    ("a_signed_reference_is_the_strongest_evidence", a_signed_reference_is_the_strongest_evidence),
    ("a_signed_reference_in_a_returned_header_too", a_signed_reference_in_a_returned_header_too),
];

fn later(ms: i64) -> UnixMillis {
    UnixMillis(NOW.0 + ms)
}

fn smtp(name: &str, notices: bool) -> NewSmtpAccount {
    NewSmtpAccount {
        name: name.to_owned(),
        host: "smtp.example.org".to_owned(),
        port: 465,
        trust: "\"system\"".to_owned(),
        from_address: "post@example.org".to_owned(),
        bounce_address: Some("bounces@example.org".to_owned()),
        notices,
        active: true,
        ..NewSmtpAccount::default()
    }
}

fn one_server_sends_the_notices(store: &Store) {
    let (a, b) = (SmtpAccountId::from_octets(id(20, 1)), SmtpAccountId::from_octets(id(20, 2)));
    store.create_smtp_account(a, smtp("a", true), NOW).unwrap();
    store.create_smtp_account(b, smtp("b", true), NOW).unwrap();
    assert!(matches!(
        store.create_smtp_account(SmtpAccountId::from_octets(id(20, 3)), smtp("a", false), NOW),
        Err(StoreError::Exists { .. })
    ));
    let of_notices = |store: &Store| store.smtp_account_for_notices().unwrap().map(|account| account.id);
    assert_eq!(of_notices(store), Some(b));
    assert!(!store.smtp_account(a).unwrap().unwrap().settings.notices);
    store.set_smtp_state(b, Some("535 no".to_owned()), later(1)).unwrap();
    store.set_smtp_state(b, Some("535 still no".to_owned()), later(2)).unwrap();
    assert_eq!(
        store.smtp_account(b).unwrap().unwrap().last_error,
        Some(("535 still no".to_owned(), later(1)))
    );
    store.set_smtp_state(b, None, later(3)).unwrap();
    let kept = store.smtp_account(b).unwrap().unwrap();
    assert_eq!((kept.last_error, kept.last_success), (None, Some(later(3))));
    store.update_smtp_account(b, NewSmtpAccount { active: false, ..smtp("b", true) }).unwrap();
    assert_eq!(of_notices(store), None);
    store.remove_smtp_account(b).unwrap();
    assert!(matches!(store.remove_smtp_account(b), Err(StoreError::Missing { .. })));
    assert_eq!(store.smtp_accounts().unwrap().len(), 1);
}

fn hook(n: u64) -> (WebhookId, NewWebhook) {
    let new = NewWebhook {
        name: format!("hook {n}"),
        url: format!("https://{n}.example/hook"),
        kinds: vec!["address.dead".to_owned(), "report.queued".to_owned()],
        secret: vec![1, 2, 3],
        active: true,
        ..NewWebhook::default()
    };
    (WebhookId::from_octets(id(21, n)), new)
}

fn webhooks_are_kept_and_forgotten(store: &Store) {
    let (of, new) = hook(1);
    store.create_webhook(of, new.clone(), NOW).unwrap();
    assert!(matches!(store.create_webhook(hook(2).0, new.clone(), NOW), Err(StoreError::Exists { .. })));
    let changed = NewWebhook { old_secret: Some((vec![9], later(5))), private: true, ..new };
    store.update_webhook(of, changed.clone()).unwrap();
    let kept = store.webhook(of).unwrap().unwrap();
    assert_eq!(kept.settings, changed);
    assert_eq!(store.webhook_targets().unwrap(), [(kept.key, changed.url, changed.kinds)]);
    put(store, Channel::Webhook(kept.key), 1);
    store.remove_webhook(of).unwrap();
    assert!(store.webhooks().unwrap().is_empty());
    assert_eq!(store.outgoing_due().unwrap(), None);
}

fn put(store: &Store, channel: Channel, n: u64) -> i64 {
    let key = store.reserve_outgoing(1).unwrap();
    let new = NewOutgoing {
        key,
        id: OutgoingId::from_octets(id(22, n)),
        channel,
        recipient: "eva@example.org".to_owned(),
        kind: "address.dead".to_owned(),
        content: b"Subject: x\r\n\r\n".to_vec(),
    };
    store.add_outgoing(vec![new], NOW).unwrap();
    key
}

fn attempt(state: OutgoingState, due: Option<UnixMillis>, code: u16) -> Attempt {
    Attempt { state, due, code: Some(code), answer: "words".to_owned(), switch_off: None, events: Vec::new() }
}

fn keys(list: &[Outgoing]) -> Vec<i64> {
    list.iter().map(|one| one.what.key).collect()
}

fn the_queue_gives_each_entry_once(store: &Store) {
    let (a, b) = (put(store, Channel::Mail, 1), put(store, Channel::Mail, 2));
    assert!(store.claim_outgoing(UnixMillis(NOW.0 - 1), NOW, 9).unwrap().is_empty());
    let claimed = store.claim_outgoing(NOW, later(100), 9).unwrap();
    assert_eq!(keys(&claimed), [a, b]);
    assert_eq!((claimed[0].attempts, claimed[0].state), (1, OutgoingState::Sending));
    // Whoever took them has them until then; afterwards they are free again.
    assert!(store.claim_outgoing(later(99), later(200), 9).unwrap().is_empty());
    store
        .finish_outgoing(a, Channel::Mail, attempt(OutgoingState::Waiting, Some(later(50)), 450), later(1))
        .unwrap();
    store.finish_outgoing(b, Channel::Mail, attempt(OutgoingState::Sent, None, 250), later(1)).unwrap();
    assert_eq!(store.outgoing_due().unwrap(), Some(later(50)));
    let again = store.claim_outgoing(later(50), later(150), 9).unwrap();
    assert_eq!((keys(&again), again[0].attempts), (vec![a], 2));
    // A process that starts takes up what the one before was sending.
    assert_eq!(store.release_outgoing(later(60)).unwrap(), 1);
    assert_eq!(keys(&store.claim_outgoing(later(60), later(160), 9).unwrap()), [a]);
    store.finish_outgoing(a, Channel::Mail, attempt(OutgoingState::Refused, None, 550), later(61)).unwrap();
    // What was noted is not noted again.
    store.finish_outgoing(a, Channel::Mail, attempt(OutgoingState::Sent, None, 250), later(62)).unwrap();
    let page = store.outgoing(Channel::Mail, None, 9).unwrap();
    assert_eq!(keys(&page), [b, a]);
    assert_eq!(
        (page[1].state, page[1].code, page[1].answer.as_str()),
        (OutgoingState::Refused, Some(550), "words")
    );
    assert_eq!(keys(&store.outgoing(Channel::Mail, Some(b), 9).unwrap()), [a]);
    store.send_again(OutgoingId::from_octets(id(22, 1)), later(70)).unwrap();
    assert_eq!(keys(&store.claim_outgoing(later(70), later(170), 9).unwrap()), [a]);
    assert!(store.send_again(OutgoingId::from_octets(id(22, 1)), later(70)).is_err());
    assert_eq!(store.prune_outgoing(later(1)).unwrap(), 1);
}

fn a_receiver_that_is_gone_is_switched_off(store: &Store) {
    let (of, new) = hook(1);
    store.create_webhook(of, new, NOW).unwrap();
    let channel = Channel::Webhook(store.webhook(of).unwrap().unwrap().key);
    let (first, _) = (put(store, channel, 1), put(store, channel, 2));
    store.claim_outgoing(NOW, later(100), 1).unwrap();
    let gone = Attempt {
        switch_off: Some("gone".to_owned()),
        events: vec![event(1, "webhook.disabled")],
        ..attempt(OutgoingState::Refused, None, 410)
    };
    store.finish_outgoing(first, channel, gone, later(1)).unwrap();
    let kept = store.webhook(of).unwrap().unwrap();
    assert!(!kept.settings.active);
    assert_eq!(kept.off_reason, "gone");
    assert_eq!(kept.last_error, Some(("410 words".to_owned(), later(1))));
    assert_eq!(store.outgoing_due().unwrap(), None);
    let states: Vec<_> = store.outgoing(channel, None, 9).unwrap().iter().map(|one| one.state).collect();
    assert_eq!(states, [OutgoingState::Cancelled, OutgoingState::Refused]);
    assert_eq!(logged(store, "webhook.disabled"), 1);
    // Whoever switches it on again begins anew.
    store.update_webhook(of, NewWebhook { active: true, ..kept.settings }).unwrap();
    let kept = store.webhook(of).unwrap().unwrap();
    assert_eq!((kept.off_reason.as_str(), kept.last_error), ("", None));
}

fn logged(store: &Store, kind: &str) -> usize {
    let filter = EventFilter { kind: Some(kind.to_owned()), ..EventFilter::default() };
    store.events(&filter, None, 100).unwrap().len()
}

fn gathering(channel: NoticeChannel, count: u64, at: UnixMillis) -> Gathering {
    Gathering {
        channel,
        kind: "address.dead".to_owned(),
        count,
        first: at,
        last: at,
        examples: vec![("eva\t@example.org".to_owned(), "/address/eva".to_owned())],
        sent: None,
    }
}

fn the_log_is_followed_once(store: &Store) {
    store.append_events((0..5).map(|n| event(n, "address.changed")).collect()).unwrap();
    let found = store.unfollowed_events(3).unwrap();
    assert_eq!(found.len(), 3);
    let at_once = gathering(NoticeChannel::AtOnce, 2, NOW);
    let digest = gathering(NoticeChannel::Digest, 1, NOW);
    store.followed(found[2].0, Vec::new(), vec![at_once.clone(), digest], NOW).unwrap();
    assert_eq!(store.unfollowed_events(9).unwrap().len(), 2);
    let more = gathering(NoticeChannel::AtOnce, 20, later(9));
    store.followed(found[2].0 + 2, Vec::new(), vec![more], later(9)).unwrap();
    assert!(store.unfollowed_events(9).unwrap().is_empty());
    let gathered = store.gathered().unwrap();
    assert_eq!((gathered[0].count, gathered[0].first, gathered[0].last), (22, NOW, later(9)));
    assert_eq!(gathered[0].examples[1], ("eva @example.org".to_owned(), "/address/eva".to_owned()));
    store
        .notices_written(NoticeChannel::AtOnce, vec!["address.dead".to_owned()], Vec::new(), later(10))
        .unwrap();
    let gathered = store.gathered().unwrap();
    assert_eq!((gathered[0].count, gathered[0].sent), (0, Some(later(10))));
    assert_eq!(gathered[1].count, 1);
}

fn rules_tell_once_for_as_many_mails_as_they_count(store: &Store) {
    let mut rules = BounceRules::default();
    rules.rules[0].actions.push(Action::Webhook("https://a.example/hook".to_owned()));
    store.set_bounce_rules(rules).unwrap();
    bounced(store, 4);
    assert_eq!((logged(store, "rule.notify"), logged(store, "rule.webhook")), (1, 1));
    let told = store
        .events(&EventFilter { kind: Some("rule.webhook".to_owned()), ..EventFilter::default() }, None, 1)
        .unwrap();
    assert!(told[0].1.payload.contains("\"address\":\"tom@b.example\""), "{}", told[0].1.payload);
    assert!(told[0].1.payload.contains("\"url\":\"https://a.example/hook\""));
    // Looking again tells nothing, nor does making everything anew.
    assert!(store.judge_standings(0, 100, later(1)).unwrap().is_some());
    assert_eq!(logged(store, "rule.notify"), 1);
}

fn a_signed_reference_is_the_strongest_evidence(store: &Store) {
    let id = MessageId("reference@example.org".to_owned());
    returned(store, Original { message_id: Some(id), ..Original::default() });
}

fn a_signed_reference_in_a_returned_header_too(store: &Store) {
    // Whoever sent it on has given it another Message-ID.
    let id = MessageId("other@relay.example".to_owned());
    let own_reference = Some("reference".to_owned());
    returned(store, Original { message_id: Some(id), own_reference, ..Original::default() });
}

/// A failure that returns this much of a mail of ours is about its recipient.
fn returned(store: &Store, original: Original) {
    account(store, 1);
    let key = put(store, Channel::Mail, 1);
    let items = intake(store, vec![item(1, 1, 1)]);
    let of_mail = seq(&items[0]);
    let mut mail = filed(of_mail, 1);
    let report = model::RecipientReport {
        recipient: Some("eva@example.org".to_owned()),
        action: Some(model::Action::Failed),
        permanence: Permanence::Permanent,
        ..model::RecipientReport::default()
    };
    mail.verdict = model::Verdict {
        kind: Kind::Bounce,
        reports: vec![report],
        original: Some(original),
        ..model::Verdict::default()
    };
    file(store, vec![mail]);
    // Our signature is stronger than what is found out about the sender.
    let ours = crate::Evidence {
        ours: Arc::new(move |text| text.starts_with("reference").then_some(key)),
        is_forged: Arc::new(|found| found == "forged"),
    };
    let checked = crate::CheckedMail {
        seq: of_mail,
        result: "forged".to_owned(),
        forged: true,
        spam: None,
        again: None,
    };
    store.put_checked(vec![checked], later(0)).unwrap();
    let at = later(10 * 3_600_000);
    while store.handle_feedback(at, 100, &ours).unwrap().more {}
    let row = store.address(&model::Scope::All, "eva@example.org").unwrap().remove(0);
    assert_eq!(row.standing.state, State::Dead);
    let history = store.address_history(&model::Scope::All, &[row.key], None, 9).unwrap();
    assert_eq!(history[0].event.event.strength, Strength::Signed);
}
