//! Sign-in services, consents, and who refreshes them; sealed values for a new key.

use model::{AccountId, OauthClientId, OauthGrantId, UnixMillis};

use super::Case;
use super::world::*;
use crate::{
    Event, EventFilter, GrantTrouble, NewAccount, NewOauthClient, NewOauthGrant, OauthAttempt, Renewed,
    SealedField, Store, StoreError,
};

pub(super) const ALL: &[Case] = &[
    ("consents_belong_to_accounts", consents_belong_to_accounts),
    ("one_refreshes_at_a_time", one_refreshes_at_a_time),
    ("what_ends_is_known", what_ends_is_known),
    ("an_attempt_ends_once_and_in_time", an_attempt_ends_once_and_in_time),
    ("all_sealed_values_change_or_none", all_sealed_values_change_or_none),
];

const CLIENT: OauthClientId = OauthClientId::from_octets([7; 16]);

fn later(ms: i64) -> UnixMillis {
    UnixMillis(NOW.0 + ms)
}

fn event(kind: &str) -> Event {
    crate::events::entry("test", kind, String::new(), "{}".to_owned(), NOW)
}

fn client(store: &Store) {
    let new =
        NewOauthClient { name: "Firma".to_owned(), registered: "r".to_owned(), ..NewOauthClient::default() };
    store.create_oauth_client(CLIENT, new, NOW).unwrap();
}

fn oauth_account(store: &Store, n: u8) -> AccountId {
    let id = AccountId::from_octets([n; 16]);
    let new = NewAccount { name: format!("oauth {n}"), oauth: Some(CLIENT), ..NewAccount::default() };
    store.create_account(id, new, NOW).unwrap();
    id
}

fn grant(n: u8) -> (OauthGrantId, NewOauthGrant) {
    let new = NewOauthGrant { person: format!("p{n}"), refresh: Some(vec![n]), ..NewOauthGrant::default() };
    (OauthGrantId::from_octets([n; 16]), new)
}

fn link(store: &Store, account: AccountId, n: u8, confirmed: bool) -> OauthGrantId {
    store.link_account(account, CLIENT, grant(n), confirmed, (NOW, event("oauth.linked"))).unwrap();
    grant(n).0
}

fn consents_belong_to_accounts(store: &Store) {
    let missing = NewAccount { name: "x".to_owned(), oauth: Some(CLIENT), ..NewAccount::default() };
    let refused = store.create_account(AccountId::from_octets([9; 16]), missing, NOW);
    assert!(matches!(refused, Err(StoreError::Missing { .. })));
    client(store);
    let (a, b) = (oauth_account(store, 1), oauth_account(store, 2));
    assert_eq!(store.oauth_client(CLIENT).unwrap().unwrap().accounts, 2);
    assert!(matches!(store.remove_oauth_client(CLIENT), Err(StoreError::Missing { .. })));
    let of = |account| store.account(account).unwrap().unwrap().grant;
    assert_eq!((store.account(a).unwrap().unwrap().settings.oauth, of(a)), (Some(CLIENT), None));

    let first = link(store, a, 11, true);
    assert_eq!(of(a), Some(first));
    // Another person's waits; the one before goes on being used.
    let second = link(store, a, 12, false);
    let linked = store.account_grant(a).unwrap().unwrap();
    assert_eq!((linked.granted, linked.pending), (Some(first), Some(second)));
    store.confirm_grant(a, event("oauth.confirmed")).unwrap();
    assert_eq!(of(a), Some(second));
    assert_eq!(store.oauth_grant(first).unwrap(), None, "nobody uses it any more");
    assert!(store.confirm_grant(a, event("x")).is_err());
    assert_eq!(store.events(&EventFilter::default(), None, 9).unwrap().len(), 3);

    // One consent, two mailboxes.
    store.share_grant(b, second).unwrap();
    store.confirm_grant(b, event("oauth.confirmed")).unwrap();
    assert!(store.unlink_account(a).unwrap().is_empty(), "the other one uses it");
    let orphans = store.unlink_account(b).unwrap();
    assert_eq!((orphans.len(), orphans[0].granted.person.as_str()), (1, "p12"));
    assert!(store.oauth_grants().unwrap().is_empty());

    link(store, a, 13, true);
    store.update_account(a, NewAccount { name: "p".to_owned(), ..NewAccount::default() }).unwrap();
    assert!(store.oauth_grants().unwrap().is_empty(), "it logs in with a password now");
    link(store, b, 14, true);
    store.remove_account(b, NOW).unwrap();
    assert!(store.account_grants().unwrap().is_empty() && store.oauth_grants().unwrap().is_empty());
    store.remove_oauth_client(CLIENT).unwrap();
}

fn one_refreshes_at_a_time(store: &Store) {
    client(store);
    let account = oauth_account(store, 1);
    let id = link(store, account, 11, true);
    let seen = || store.oauth_grant(id).unwrap().unwrap().granted.access_expires;
    let first = store.lease_grant(id, seen(), NOW, later(60)).unwrap().unwrap();
    assert_eq!(store.lease_grant(id, seen(), later(59), later(200)).unwrap(), None);
    // Whoever held it is gone.
    let second = store.lease_grant(id, seen(), later(60), later(120)).unwrap().unwrap();
    let renewed = |text: &[u8]| Renewed {
        refresh: Some(text.to_vec()),
        access: b"access".to_vec(),
        access_expires: Some(later(3600)),
        refresh_expires: None,
    };
    assert!(!store.grant_renewed(id, first, renewed(b"late"), later(70)).unwrap());
    assert!(store.grant_renewed(id, second, renewed(b"next"), later(70)).unwrap());
    let kept = store.oauth_grant(id).unwrap().unwrap();
    assert_eq!(kept.granted.refresh.as_deref(), Some(&b"next"[..]));
    assert_eq!((kept.refreshed, kept.epoch), (Some(later(70)), second));
    // Whoever looked before that has nothing to refresh.
    assert_eq!(store.lease_grant(id, Some(later(30)), later(75), later(140)).unwrap(), None);
    // The mail server refuses a token: only that one is forgotten.
    store.forget_access(id, first).unwrap();
    assert!(store.oauth_grant(id).unwrap().unwrap().granted.access.is_some());
    store.forget_access(id, second).unwrap();
    assert!(store.oauth_grant(id).unwrap().unwrap().granted.access.is_none());

    let third = store.lease_grant(id, seen(), later(80), later(140)).unwrap().unwrap();
    let trouble =
        |needs: &str, at| GrantTrouble { needs: needs.to_owned(), text: "no".to_owned(), since: at };
    assert!(
        store.grant_failed(id, third, trouble("settings", later(90)), vec![event("oauth.lost")]).unwrap()
    );
    assert!(
        !store.grant_failed(id, second, trouble("consent", later(91)), vec![event("oauth.lost")]).unwrap()
    );
    assert_eq!(store.oauth_grant(id).unwrap().unwrap().trouble, Some(trouble("settings", later(90))));
    let settings = store.oauth_client(CLIENT).unwrap().unwrap().settings;
    store.update_oauth_client(CLIENT, settings).unwrap();
    assert_eq!(store.oauth_grant(id).unwrap().unwrap().trouble, None, "other settings are tried at once");
}

fn what_ends_is_known(store: &Store) {
    client(store);
    let account = oauth_account(store, 1);
    let (id, new) = grant(11);
    let new = NewOauthGrant { refresh_expires: Some(later(500)), ..new };
    store.link_account(account, CLIENT, (id, new), true, (NOW, event("account.linked"))).unwrap();
    let settings = store.oauth_client(CLIENT).unwrap().unwrap().settings;
    store
        .update_oauth_client(CLIENT, NewOauthClient { secret_expires: Some(later(700)), ..settings })
        .unwrap();
    let ends = || -> Vec<(&str, bool, String, UnixMillis)> {
        let all = store.expiries().unwrap().into_iter();
        all.map(|of| (of.kind.as_str(), of.account == Some(account), of.name, of.ends)).collect()
    };
    assert_eq!(
        ends(),
        [
            ("consent", true, "oauth 1".to_owned(), later(500)),
            ("secret", false, "Firma".to_owned(), later(700))
        ]
    );
    store.unlink_account(account).unwrap();
    assert_eq!(ends().len(), 1);
    store.remove_account(account, NOW).unwrap();
    assert!(ends().is_empty(), "of no use to anybody");
}

fn an_attempt_ends_once_and_in_time(store: &Store) {
    client(store);
    let account = oauth_account(store, 1);
    let begin = |n: u8, expires| {
        let attempt = OauthAttempt {
            digest: [n; 32],
            account,
            client: CLIENT,
            verifier: vec![n],
            redirect: "http://127.0.0.1/".to_owned(),
            person: "eva".to_owned(),
            expires,
        };
        store.begin_oauth(attempt.clone()).unwrap();
        attempt
    };
    let first = begin(1, later(100));
    assert_eq!(store.take_oauth([2; 32], NOW).unwrap(), None);
    assert_eq!(store.take_oauth([1; 32], NOW).unwrap(), Some(first));
    assert_eq!(store.take_oauth([1; 32], NOW).unwrap(), None);
    begin(2, later(100));
    assert_eq!(store.take_oauth([2; 32], later(100)).unwrap(), None);
}

fn all_sealed_values_change_or_none(store: &Store) {
    client(store);
    let account = oauth_account(store, 1);
    let id = link(store, account, 11, true);
    let settings = store.oauth_client(CLIENT).unwrap().unwrap().settings;
    store.update_oauth_client(CLIENT, NewOauthClient { secret: Some(vec![1]), ..settings }).unwrap();
    let setting = ("key".to_owned(), "new".to_owned());
    let refused = store.reseal(setting.clone(), NOW, |field, old| match field {
        SealedField::OauthRefresh(_) => Err("no"),
        _ => Ok([old, b"!"].concat()),
    });
    assert_eq!(refused.unwrap(), Err("no"));
    assert_eq!(store.oauth_client(CLIENT).unwrap().unwrap().settings.secret, Some(vec![1]));
    assert_eq!(store.setting("key").unwrap(), None);
    let done = store.reseal(setting, NOW, |_, old| Ok::<_, ()>([old, b"!"].concat()));
    assert_eq!(done.unwrap(), Ok(2));
    assert_eq!(store.oauth_client(CLIENT).unwrap().unwrap().settings.secret, Some(vec![1, b'!']));
    assert_eq!(store.oauth_grant(id).unwrap().unwrap().granted.refresh, Some(vec![11, b'!']));
    assert_eq!(store.setting("key").unwrap().as_deref(), Some("new"));
}
