//! Accounts, mailboxes, users, sessions, settings, log.

use model::{AccountId, ApiTokenId, RemoteId, Role, Scope, SegmentId, UnixMillis, UserId};

use super::Case;
use super::world::*;
use crate::{
    AccountError, AccountKind, AccountState, Cursor, EventCursor, EventFilter, IndexState, ListFilter,
    MailboxListing, NewAccount, NewApiToken, NewUser, Store, StoreError, Throttle, Tls, UserPatch,
};

pub(super) const ALL: &[Case] = &[
    ("procedures", procedures),
    ("remote_storage", remote_storage),
    ("accounts", accounts),
    ("account_states", account_states),
    ("mailboxes", mailboxes),
    ("users", users),
    ("first_user_is_one", first_user_is_one),
    ("sessions", sessions),
    ("api_tokens", api_tokens),
    ("throttles", throttles),
    ("settings_and_log", settings_and_log),
];

fn accounts(store: &Store) {
    let new = NewAccount {
        name: "info".to_owned(),
        address: Some("info@example.org".to_owned()),
        kind: AccountKind::Imap,
        host: "imap.example.org".to_owned(),
        port: 993,
        tls: Tls::StartTls,
        login: "info".to_owned(),
        options: "{\"trust\":\"system\"}".to_owned(),
        credential: Some(vec![0, 1, 255]),
        poll_seconds: 30,
        active: true,
        handling: crate::Handling {
            role: crate::MailboxRole::Bounce,
            handled: crate::Handled::Move,
            handled_folder: "Done".to_owned(),
            manual_folder: Some("Open".to_owned()),
        },
        oauth: None,
    };
    store.create_account(account_id(1), new.clone(), NOW).unwrap();
    let kept = store.account(account_id(1)).unwrap().unwrap();
    assert_eq!((&kept.settings, kept.created, &kept.state), (&new, NOW, &None));
    let error = store.create_account(account_id(2), new.clone(), NOW).unwrap_err();
    assert!(matches!(error, StoreError::Exists { what: "account name" }), "{error}");
    assert_eq!(store.account_or_create(account_id(2), new.clone(), NOW).unwrap(), account_id(1));
    let other = NewAccount { name: "a".to_owned(), ..NewAccount::default() };
    assert_eq!(store.account_or_create(account_id(3), other.clone(), NOW).unwrap(), account_id(3));
    assert_eq!(store.account_by_name("a").unwrap().unwrap().id, account_id(3));
    let changed = NewAccount { tls: Tls::None, active: false, credential: None, ..new.clone() };
    store.update_account(account_id(1), changed.clone()).unwrap();
    assert_eq!(store.account(account_id(1)).unwrap().unwrap().settings, changed);
    assert!(matches!(store.update_account(account_id(1), other), Err(StoreError::Exists { .. })));
    assert!(matches!(store.update_account(account_id(9), changed), Err(StoreError::Missing { .. })));
    // Removed: out of the list, its mail stays, its name is free.
    store.upsert_mailboxes(account_id(1), vec![listing(1, b"INBOX")]).unwrap();
    fill(store, 1, 0..2);
    store.remove_account(account_id(1), NOW).unwrap();
    assert!(matches!(store.remove_account(account_id(1), NOW), Err(StoreError::Missing { .. })));
    assert_eq!(store.accounts(false).unwrap().len(), 1);
    assert_eq!(store.accounts(true).unwrap().len(), 2);
    assert_eq!(store.account(account_id(1)).unwrap().unwrap().settings.credential, None);
    assert_eq!(store.account_or_create(account_id(4), new, NOW).unwrap(), account_id(4));
    assert_eq!(store.count(&scope(&[1]), &ListFilter::default()).unwrap(), 2);
}

fn account_states(store: &Store) {
    account(store, 1);
    let error = AccountError { class: "login".to_owned(), text: "NO go away".to_owned(), since: NOW };
    let state = AccountState {
        activity: model::Activity::Throttled { until: NOW.plus_ms(7) },
        since: NOW,
        last_success: None,
        last_error: Some(error),
        next_action: Some(NOW.plus_ms(60_000)),
    };
    store.set_account_state(account_id(1), state.clone()).unwrap();
    assert_eq!(store.account(account_id(1)).unwrap().unwrap().state, Some(state));
    let state = AccountState {
        activity: model::Activity::Watching,
        since: NOW,
        last_success: Some(NOW),
        ..AccountState::default()
    };
    store.set_account_state(account_id(1), state.clone()).unwrap();
    assert_eq!(store.accounts(false).unwrap()[0].state, Some(state.clone()));
    assert!(matches!(store.set_account_state(account_id(7), state), Err(StoreError::Missing { .. })));
}

fn listing(n: u64, name: &[u8]) -> MailboxListing {
    MailboxListing {
        id: mailbox_id(n),
        name: name.to_vec(),
        display_name: String::from_utf8_lossy(name).into_owned(),
        special_use: None,
        selected: true,
    }
}

fn mailboxes(store: &Store) {
    account(store, 1);
    let sent = MailboxListing { special_use: Some("sent".to_owned()), ..listing(8, b"Ge\xffsendet") };
    // INBOX is known: it keeps its id.
    let ids = store.upsert_mailboxes(account_id(1), vec![listing(7, b"INBOX"), sent]).unwrap();
    assert_eq!(ids, [mailbox_id(1), mailbox_id(8)]);
    store.set_mailbox_status(mailbox_id(8), Some(u32::MAX), Some(17), Some(16)).unwrap();
    assert!(store.set_mailbox_status(mailbox_id(99), None, None, None).is_err());
    let cursor = Cursor { uid_validity: u32::MAX, uid: 16, opaque: String::new(), updated: NOW };
    store.set_cursor(mailbox_id(8), Some(cursor.clone())).unwrap();
    let kept = store.mailboxes(account_id(1)).unwrap();
    assert_eq!(kept.iter().map(|m| m.id).collect::<Vec<_>>(), [mailbox_id(8), mailbox_id(1)]);
    assert_eq!((&kept[0].name[..], kept[0].special_use.as_deref()), (&b"Ge\xffsendet"[..], Some("sent")));
    assert_eq!(
        (kept[0].uid_validity, kept[0].uid_next, kept[0].messages),
        (Some(u32::MAX), Some(17), Some(16))
    );
    assert_eq!((&kept[0].cursor, &kept[1].cursor), (&Some(cursor), &None));
    store.set_cursor(mailbox_id(8), None).unwrap();
    assert_eq!(store.mailboxes(account_id(1)).unwrap()[0].cursor, None);
    assert!(matches!(store.mailboxes(account_id(5)), Err(StoreError::Missing { .. })));
}

fn user_id(n: u64) -> UserId {
    UserId::from_octets(id(20, n))
}

fn new_user(email: &str) -> NewUser {
    NewUser {
        name: "Eva".to_owned(),
        email: email.to_owned(),
        password_hash: "$argon2id$x".to_owned(),
        role: Role::Agent,
        language: "de".to_owned(),
        theme: String::new(),
        zone: "Europe/Berlin".to_owned(),
    }
}

fn users(store: &Store) {
    account(store, 1);
    account(store, 2);
    store.create_user(user_id(1), new_user("Eva@Example.org"), vec![account_id(2)], false, NOW).unwrap();
    let error =
        store.create_user(user_id(2), new_user("EVA@example.org"), Vec::new(), false, NOW).unwrap_err();
    assert!(matches!(error, StoreError::Exists { what: "user address" }), "{error}");
    let unknown: Vec<AccountId> = vec![account_id(9)];
    assert!(store.create_user(user_id(3), new_user("b@c.example"), unknown, false, NOW).is_err());
    assert_eq!(store.user_count().unwrap(), 1);
    let user = store.user_by_email("eva@EXAMPLE.org").unwrap().unwrap();
    assert_eq!((user.id, &user.profile), (user_id(1), &new_user("Eva@Example.org")));
    assert_eq!(user.scope(), scope(&[2]));
    store.grant(user_id(1), account_id(1)).unwrap();
    store.grant(user_id(1), account_id(1)).unwrap();
    assert_eq!(store.user(user_id(1)).unwrap().unwrap().accounts, [account_id(1), account_id(2)]);
    let patch = UserPatch {
        email: Some("e@example.org".to_owned()),
        role: Some(Role::Auditor),
        active: Some(false),
        accounts: Some(Vec::new()),
        ..UserPatch::default()
    };
    store.update_user(user_id(1), patch).unwrap();
    let user = store.users().unwrap().remove(0);
    assert_eq!((user.profile.role, user.active, user.accounts.len()), (Role::Auditor, false, 0));
    assert_eq!((user.profile.email.as_str(), user.profile.name.as_str()), ("e@example.org", "Eva"));
    // Who may read no account sees nothing.
    assert_eq!(user.scope(), Scope::Accounts(Vec::new()));
    store.delete_user(user_id(1)).unwrap();
    assert!(store.delete_user(user_id(1)).is_err());
    assert!(store.users().unwrap().is_empty());
}

fn first_user_is_one(store: &Store) {
    let made = std::thread::scope(|threads| {
        let tries = (0..6).map(|n| {
            let new = new_user(&format!("{n}@example.org"));
            threads.spawn(move || store.create_user(user_id(n), new, Vec::new(), true, NOW).is_ok())
        });
        let tries: Vec<_> = tries.collect();
        tries.into_iter().filter(|_| true).map(|t| t.join().unwrap()).filter(|made| *made).count()
    });
    assert_eq!((made, store.user_count().unwrap()), (1, 1));
}

fn api_tokens(store: &Store) {
    account(store, 1);
    for (n, email) in [(1, "a@b.example"), (2, "c@d.example")] {
        store.create_user(user_id(n), new_user(email), vec![account_id(1)], false, NOW).unwrap();
    }
    let token_id = |n| ApiTokenId::from_octets(id(30, n));
    let later = NOW.plus_ms(1000);
    let new = |user, expires| NewApiToken {
        user: user_id(user),
        name: "Shop".to_owned(),
        scopes: "read erp".to_owned(),
        expires,
    };
    store.create_api_token(token_id(1), [1; 32], new(1, Some(later)), NOW).unwrap();
    store.create_api_token(token_id(2), [2; 32], new(2, None), NOW).unwrap();
    assert!(store.create_api_token(token_id(3), [3; 32], new(9, None), NOW).is_err());
    let held = |hash, at| store.api_token_by_hash(&[hash; 32], at).unwrap();
    let (user, token) = held(1, NOW).unwrap();
    assert_eq!((user.id, user.accounts, token.owner.as_str()), (user_id(1), vec![account_id(1)], "Eva"));
    assert_eq!((token.settings, token.created, token.used), (new(1, Some(later)), NOW, None));
    assert!(held(1, later).is_none());
    assert!(held(2, later.plus_ms(i64::from(u32::MAX))).is_some());
    store.set_api_token_used(token_id(2), later).unwrap();
    assert_eq!(store.api_token(token_id(2)).unwrap().unwrap().used, Some(later));
    let listed = |of| store.api_tokens(of).unwrap().into_iter().map(|token| token.id).collect::<Vec<_>>();
    assert_eq!(listed(None), [token_id(2), token_id(1)]);
    assert_eq!(listed(Some(user_id(1))), [token_id(1)]);
    // Who may not log in has no programs that may.
    let off = UserPatch { active: Some(false), ..UserPatch::default() };
    store.update_user(user_id(2), off).unwrap();
    assert!(held(2, NOW).is_none());
    assert!(store.create_api_token(token_id(3), [3; 32], new(2, None), NOW).is_err());
    store.remove_api_token(token_id(1)).unwrap();
    assert!(held(1, NOW).is_none());
    assert!(store.remove_api_token(token_id(1)).is_err());
    store.delete_user(user_id(2)).unwrap();
    assert!(listed(None).is_empty());
}

fn sessions(store: &Store) {
    account(store, 1);
    store.create_user(user_id(1), new_user("a@b.example"), vec![account_id(1)], true, NOW).unwrap();
    let later = NOW.plus_ms(1000);
    for token in [[1; 32], [2; 32], [3; 32]] {
        store.start_session(token, user_id(1), NOW, later).unwrap();
    }
    assert!(store.start_session([4; 32], user_id(9), NOW, later).is_err());
    let session = store.session(&[1; 32], NOW).unwrap().unwrap();
    assert_eq!((session.user.id, session.expires, session.user.accounts.len()), (user_id(1), later, 1));
    assert!(store.session(&[1; 32], later).unwrap().is_none());
    store.extend_session([1; 32], later.plus_ms(10)).unwrap();
    assert!(store.session(&[1; 32], later).unwrap().is_some());
    assert_eq!(store.end_sessions(user_id(1), Some([2; 32])).unwrap(), 2);
    assert!(store.session(&[1; 32], NOW).unwrap().is_none());
    store.end_session([2; 32]).unwrap();
    assert!(store.session(&[2; 32], NOW).unwrap().is_none());
    store.start_session([5; 32], user_id(1), NOW, later).unwrap();
    store.update_user(user_id(1), UserPatch { active: Some(false), ..UserPatch::default() }).unwrap();
    assert!(store.session(&[5; 32], NOW).unwrap().is_none());
    assert!(store.start_session([6; 32], user_id(1), NOW, later).is_err());
    assert_eq!(store.expire_sessions(later, NOW).unwrap(), 1);
}

fn throttles(store: &Store) {
    assert_eq!(store.throttle("a@b.example").unwrap(), None);
    let throttle = Throttle { failures: 3, last: NOW, until: NOW.plus_ms(9) };
    store.set_throttle("a@b.example".to_owned(), Some(throttle)).unwrap();
    store.set_throttle("192.0.2.1".to_owned(), Some(throttle)).unwrap();
    assert_eq!(store.throttle("a@b.example").unwrap(), Some(throttle));
    store.set_throttle("a@b.example".to_owned(), None).unwrap();
    assert_eq!(store.throttle("a@b.example").unwrap(), None);
    store.expire_sessions(NOW, NOW.plus_ms(1)).unwrap();
    assert_eq!(store.throttle("192.0.2.1").unwrap(), None);
}

fn settings_and_log(store: &Store) {
    store.health().unwrap();
    store.set_setting("organisation".to_owned(), Some("Verein".to_owned())).unwrap();
    store.set_setting("organisation".to_owned(), Some("Verein e. V.".to_owned())).unwrap();
    store.set_setting("x".to_owned(), Some(String::new())).unwrap();
    store.set_setting("x".to_owned(), None).unwrap();
    assert_eq!(store.setting("organisation").unwrap().as_deref(), Some("Verein e. V."));
    assert_eq!(store.settings().unwrap().len(), 1);
    assert_eq!(store.index_state("full").unwrap(), None);
    let state = IndexState { version: 2, change_seq: 77 };
    store.set_index_state("full".to_owned(), state).unwrap();
    assert_eq!(store.index_state("full").unwrap(), Some(state));
    let events = (0..10).map(|n| {
        let mut event = event(n, if n % 2 == 0 { "even" } else { "odd" });
        event.subject = (n / 3).to_string();
        event.at = UnixMillis(n as i64);
        event
    });
    store.append_events(events.collect()).unwrap();
    let page = |filter: &EventFilter, before, limit| -> (Vec<i64>, Option<EventCursor>) {
        let rows = store.events(filter, before, limit).unwrap();
        let last = rows.last().map(|(seq, event)| EventCursor { at: event.at, seq: *seq });
        (rows.iter().map(|(_, event)| event.at.0).collect(), last)
    };
    let (first, before) = page(&EventFilter::default(), None, 4);
    assert_eq!(first, [9, 8, 7, 6]);
    assert_eq!(page(&EventFilter::default(), before, 4).0, [5, 4, 3, 2]);
    let kind = EventFilter { kind: Some("odd".to_owned()), ..EventFilter::default() };
    let (first, before) = page(&kind, None, 3);
    assert_eq!(first, [9, 7, 5]);
    assert_eq!(page(&kind, before, 3).0, [3, 1]);
    let subject = EventFilter { subject: Some("1".to_owned()), ..EventFilter::default() };
    assert_eq!(page(&subject, None, 10).0, [5, 4, 3]);
    let both = EventFilter { kind: Some("odd".to_owned()), ..subject.clone() };
    assert_eq!(page(&both, None, 10).0, [5, 3]);
    let (from, until) = (Some(UnixMillis(2)), Some(UnixMillis(7)));
    let (first, before) = page(&EventFilter { from, until, ..EventFilter::default() }, None, 3);
    assert_eq!(first, [6, 5, 4]);
    assert_eq!(page(&EventFilter { from, until, ..EventFilter::default() }, before, 3).0, [3, 2]);
    assert_eq!(page(&EventFilter { from, ..both }, None, 10).0, [5, 3]);
    let actors = store.event_actors().unwrap();
    assert_eq!(actors.len(), 1);
    let actor = EventFilter { actor: actors.first().cloned(), ..kind };
    assert_eq!(page(&actor, None, 10).0, [9, 7, 5, 3, 1]);
    assert_eq!(page(&EventFilter { actor: Some("nobody".to_owned()), ..actor }, None, 10).0, [0; 0]);
    assert_eq!(store.event_kinds().unwrap(), ["even", "odd"]);
}

fn remote_storage(store: &Store) {
    let place = |bucket: &str, secret: &[u8]| crate::RemotePlace {
        endpoint: "https://s3.example".to_owned(),
        region: "eu".to_owned(),
        bucket: bucket.to_owned(),
        prefix: "mails".to_owned(),
        path_style: true,
        access_key: "key".to_owned(),
        secret: secret.to_vec(),
        trust: "\"system\"".to_owned(),
        active: true,
    };
    let segment = |n: u8, version: Option<&str>| crate::RemoteSegment {
        segment: SegmentId::from_octets([n; 16]),
        octets: 7,
        sha256: digest(u64::from(n)),
        version: version.map(str::to_owned),
        e_tag: Some("e".to_owned()),
        at: NOW,
    };
    assert_eq!(store.remote_storage().unwrap(), None);
    let (id, other) = (RemoteId::from_octets([1; 16]), RemoteId::from_octets([2; 16]));
    store.set_remote_storage(Some((id, place("a", b"1"))), event(1, "remote.changed")).unwrap();
    store.note_remote_error(id, "no".to_owned(), NOW).unwrap();
    store.note_remote_error(id, "still no".to_owned(), NOW.plus_ms(5)).unwrap();
    let kept = store.remote_storage().unwrap().unwrap();
    assert_eq!(kept.last_error, Some(("still no".to_owned(), NOW)));
    store.note_remote_segment(id, segment(2, None)).unwrap();
    store.note_remote_segment(id, segment(1, Some("v"))).unwrap();
    store.note_remote_segment(id, segment(2, Some("w"))).unwrap();
    store.note_remote_segment(other, segment(3, None)).unwrap();
    assert_eq!(store.remote_segments().unwrap(), [segment(1, Some("v")), segment(2, Some("w"))]);
    let kept = store.remote_storage().unwrap().unwrap();
    assert_eq!((kept.last_success, kept.last_error), (Some(NOW), None));
    // Another key for the same place: what lies there is known.
    store.set_remote_storage(Some((id, place("a", b"2"))), event(2, "remote.changed")).unwrap();
    assert_eq!(store.remote_segments().unwrap().len(), 2);
    assert_eq!(store.remote_storage().unwrap().unwrap().begun, kept.begun);
    store.set_remote_storage(Some((other, place("b", b"2"))), event(3, "remote.changed")).unwrap();
    assert_eq!(store.remote_segments().unwrap(), []);
    assert_eq!(store.remote_storage().unwrap().unwrap().place.secret, b"2");
    store.set_remote_storage(None, event(4, "remote.removed")).unwrap();
    assert_eq!(store.remote_storage().unwrap(), None);
}

fn procedures(store: &Store) {
    let add = |language: &str, content: &[u8]| {
        let version = store.next_procedure(language).unwrap();
        let new = crate::Procedure {
            version,
            language: language.to_owned(),
            made: NOW,
            made_by: "Mara".to_owned(),
            sha256: digest(version),
            octets: content.len() as u64,
        };
        store.add_procedure(new.clone(), content.to_vec(), event(version, "procedure.made")).map(|()| new)
    };
    let (first, second, other) =
        (add("de", b"1").unwrap(), add("de", b"22").unwrap(), add("en", b"3").unwrap());
    assert_eq!((first.version, second.version, other.version), (1, 2, 1));
    assert_eq!(store.procedure("de", 1).unwrap(), Some(b"1".to_vec()));
    assert_eq!(store.procedure("en", 2).unwrap(), None);
    let again = store.add_procedure(first.clone(), b"9".to_vec(), event(9, "procedure.made"));
    assert!(matches!(again, Err(StoreError::Exists { .. })), "{again:?}");
    assert_eq!(store.procedures().unwrap(), [other, second, first]);
}
