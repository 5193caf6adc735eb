//! Accounts that log in with tokens: a real authorization server gives them, a real Dovecot asks it whether they are good.

use std::sync::{Arc, Mutex};

use connect::oauth::{Client, Endpoints, Needs};
use connect::{ClientTls, Trust};
use intake::imap::{Encryption, ImapError, Selection, Settings};
use intake::{Login, TokenSource as _};
use keys::Secret;
use model::{AccountId, OauthClientId, UnixMillis};
use pipeline::{Error, Linked, OauthOptions, Supervisor, oauth_secret_field};
use store::{
    Account, AccountKind, EventFilter, NewAccount, NewOauthClient, OauthGrant, OauthService, Renewed, Tls,
};
use test_support::dovecot::{Setup, free_port, pop3_on};
use test_support::{Dovecot, Oidc, OidcSetup, Scratch};
use uuid::Uuid;

use crate::world::{World, now, wait};

const BACK: &str = "http://127.0.0.1:1/oauth/callback";
const ME: &str = "mara";

fn mail(n: u32) -> Vec<u8> {
    format!("From: a@example.org\r\nTo: b@example.org\r\nSubject: Mail {n}\r\nMessage-ID: <{n}@example.org>\r\n\r\nText {n}\r\n")
        .into_bytes()
}

/// Dovecot with the mailboxes `alice`, `bob` and `info`, which all have one mail; the ports of POP3.
fn dovecot(oidc: &Oidc, mechanisms: &str) -> (Dovecot, Scratch, u16) {
    let folder = Scratch::new("oauth");
    let pop3 = free_port();
    let extra = format!("{}{}", pop3_on(pop3, free_port()), oidc.for_dovecot(&folder, mechanisms));
    let users = ["alice", "bob", "info"].map(|name| (name.to_owned(), "secret".to_owned())).to_vec();
    let mut server = Dovecot::with(Setup { users, extra, ..Setup::default() });
    for (n, user) in ["alice", "bob", "info"].into_iter().enumerate() {
        server.deliver(user, "INBOX", &mail(n as u32), "");
    }
    (server, folder, pop3)
}

fn app(world: &World, oidc: &Oidc, id: &str, secret: &str, scopes: &[&str]) -> OauthClientId {
    let http = OauthOptions::default().http().unwrap();
    let found = world.runtime.block_on(Endpoints::discover(&http, &oidc.issuer())).unwrap();
    let (Endpoints { authorize, token, device, revoke, userinfo }, basic) = found;
    let options = OauthOptions {
        authorize,
        token,
        device: device.unwrap(),
        revoke: revoke.unwrap(),
        userinfo: userinfo.unwrap(),
        scopes: scopes.iter().map(|scope| (*scope).to_owned()).collect(),
        basic,
        ..OauthOptions::default()
    };
    let client = OauthClientId::new(Uuid::now_v7());
    let new = NewOauthClient {
        name: id.to_owned(),
        service: OauthService::Other,
        registered: id.to_owned(),
        secret: Some(world.engine.sealer().seal(&oauth_secret_field(client), secret.as_bytes()).unwrap()),
        secret_expires: None,
        options: serde_json::to_string(&options).unwrap(),
    };
    world.store().create_oauth_client(client, new, now()).unwrap();
    client
}

pub(crate) fn ours(world: &World, oidc: &Oidc) -> OauthClientId {
    let scopes = ["openid", "email", "offline_access", "mail"];
    app(world, oidc, "poststelle", "poststelle-secret", &scopes)
}

pub(crate) fn account(
    world: &World,
    client: OauthClientId,
    kind: AccountKind,
    login: &str,
    port: u16,
) -> AccountId {
    let id = AccountId::new(Uuid::now_v7());
    let new = NewAccount {
        name: login.to_owned(),
        kind,
        host: "127.0.0.1".to_owned(),
        port,
        tls: Tls::None,
        login: login.to_owned(),
        poll_seconds: 2,
        oauth: Some(client),
        ..NewAccount::default()
    };
    world.store().create_account(id, new, now()).unwrap();
    id
}

fn kept(world: &World, id: AccountId) -> Account {
    world.store().account(id).unwrap().unwrap()
}

fn settings(engine: &pipeline::Engine, account: &Account) -> Settings {
    Settings {
        host: account.settings.host.clone(),
        port: account.settings.port,
        encryption: Encryption::None,
        tls: ClientTls::new(&Trust::System).unwrap(),
        login: account.settings.login.clone(),
        credential: Login::Tokens(Arc::new(engine.tokens(account))),
        options: intake::imap::Options::default(),
    }
}

fn supervisor(world: &World) -> Supervisor {
    let resolve =
        |engine: &pipeline::Engine, account: &Account| Ok((settings(engine, account), Selection::Inbox));
    Supervisor::start(world.engine.clone(), world.runtime.handle().clone(), Box::new(resolve)).unwrap()
}

/// The person goes to the service's page, and comes back.
pub(crate) fn link(world: &World, oidc: &Oidc, id: AccountId, person: &str) -> Result<Linked, Error> {
    let url = world.engine.begin_link(&kept(world, id), BACK, ME).unwrap();
    let back = url::Url::parse(&oidc.consent(&url, person)).unwrap();
    let field = |name: &str| back.query_pairs().find(|(found, _)| found == name).unwrap().1.into_owned();
    world.runtime.block_on(world.engine.finish_link(&field("state"), Ok(&field("code")), ME))
}

fn grant(world: &World, id: AccountId) -> OauthGrant {
    world.store().oauth_grant(kept(world, id).grant.unwrap()).unwrap().unwrap()
}

/// What the account does, and the class of its error.
fn state(world: &World, id: AccountId) -> Option<(String, String)> {
    let state = kept(world, id).state?;
    let word = state.activity.as_str().to_owned();
    Some((word, state.last_error.map(|error| error.class).unwrap_or_default()))
}

#[track_caller]
fn wait_for(world: &World, id: AccountId, word: &str, class: &str) {
    wait(|| (state(world, id)? == (word.to_owned(), class.to_owned())).then_some(()));
}

fn told(world: &World, kind: &str) -> usize {
    let filter = EventFilter { kind: Some(kind.to_owned()), ..EventFilter::default() };
    world.store().events(&filter, None, 100).unwrap().len()
}

fn token(world: &World, id: AccountId) -> Result<Secret<String>, Needs> {
    let tokens = world.engine.tokens(&kept(world, id));
    world.runtime.block_on(tokens.token()).map_err(|none| none.needs)
}

fn refresh_token(world: &World, id: AccountId) -> Secret<String> {
    let grant = grant(world, id);
    let place = format!("oauth-grant:{}:refresh", grant.id);
    world.engine.sealer().open_text(&place, &grant.granted.refresh.unwrap()).unwrap()
}

fn asking(world: &World, client: OauthClientId) -> Client {
    let kept = world.store().oauth_client(client).unwrap().unwrap().settings;
    let options: OauthOptions = serde_json::from_str(&kept.options).unwrap();
    let secret = Some(Secret::from("poststelle-secret"));
    Client::new(options.provider(kept.service), kept.registered, secret, options.http().unwrap()).unwrap()
}

#[test]
fn a_token_revoked_in_mid_session_waits_for_a_person_and_goes_on_by_itself() {
    let world = World::new();
    let oidc = Oidc::start();
    for (mechanisms, login) in [("xoauth2", "alice"), ("oauthbearer", "bob")] {
        let (mut server, _folder, _) = dovecot(&oidc, mechanisms);
        let client = match world.store().oauth_clients().unwrap().pop() {
            Some(client) => client.id,
            None => ours(&world, &oidc),
        };
        let id = account(&world, client, AccountKind::Imap, login, server.imap_port());
        let before = world.mails();
        let supervisor = supervisor(&world);
        wait_for(&world, id, "needs_consent", "consent");
        assert!(link(&world, &oidc, id, login).unwrap().is_used);
        supervisor.changed(id);
        wait_for(&world, id, "watching", "");
        wait(|| (world.mails() == before + 1).then_some(()));

        let tells = told(&world, "account.consent_needed");
        oidc.revoke_all(login);
        server.kick(login);
        wait_for(&world, id, "needs_consent", "consent");
        server.deliver(login, "INBOX", &mail(10 + before as u32), "");
        assert_eq!(told(&world, "account.consent_needed"), tells + 1);
        let asked = oidc.refreshes();
        for _ in 0..3 {
            let since = kept(&world, id).state;
            supervisor.fetch(id);
            assert_eq!(token(&world, id).unwrap_err(), Needs::Consent);
            assert_eq!(since.map(|state| state.activity.as_str()), Some("needs_consent"));
        }
        assert_eq!(oidc.refreshes(), asked, "nobody asks in vain");

        assert!(link(&world, &oidc, id, login).unwrap().is_used);
        supervisor.changed(id);
        wait_for(&world, id, "watching", "");
        wait(|| (world.mails() == before + 2).then_some(()));
        assert_eq!(told(&world, "account.consent_needed"), tells + 1);
        supervisor.stop();
    }
}

/// The token at hand is refused, and there is no other: that is no wrong password.
#[test]
fn a_test_with_a_revoked_token_asks_for_consent() {
    let world = World::new();
    let oidc = Oidc::start();
    let client = ours(&world, &oidc);
    let (server, _folder, pop3) = dovecot(&oidc, "xoauth2");
    for (kind, login, port) in
        [(AccountKind::Imap, "alice", server.imap_port()), (AccountKind::Pop3, "bob", pop3)]
    {
        let id = account(&world, client, kind, login, port);
        assert!(link(&world, &oidc, id, login).unwrap().is_used);
        let test = || {
            let settings = settings(&world.engine, &kept(&world, id));
            world.runtime.block_on(async {
                match kind {
                    AccountKind::Pop3 => intake::pop3::test_settings(&settings).await,
                    _ => intake::imap::test_settings(&settings).await,
                }
            })
        };
        let report = test();
        assert!(report.is_ok(), "{report:?}");
        token(&world, id).unwrap();
        oidc.revoke_all(login);
        let report = test();
        let last = report.steps.last().unwrap();
        assert_eq!(last.step, intake::imap::TestStep::Login, "{report:?}");
        let Some(ImapError::NoToken(why)) = &last.error else { panic!("{report:?}") };
        assert_eq!(why.needs, Needs::Consent);
    }
}

#[test]
fn pop3_by_both_mechanisms() {
    let world = World::new();
    let oidc = Oidc::start();
    let client = ours(&world, &oidc);
    for (n, (mechanisms, login)) in (1..).zip([("xoauth2", "alice"), ("oauthbearer", "bob")]) {
        let (_server, _folder, pop3) = dovecot(&oidc, mechanisms);
        let id = account(&world, client, AccountKind::Pop3, login, pop3);
        assert!(link(&world, &oidc, id, login).unwrap().is_used);
        let supervisor = supervisor(&world);
        wait_for(&world, id, "watching", "");
        wait(|| (world.mails() == n).then_some(()));
        supervisor.stop();
    }
}

#[test]
fn the_mailbox_must_be_the_one_meant() {
    let world = World::new();
    let oidc = Oidc::start();
    let (server, _folder, _) = dovecot(&oidc, "xoauth2");
    let client = ours(&world, &oidc);
    let (alice, info) = (
        account(&world, client, AccountKind::Imap, "alice", server.imap_port()),
        account(&world, client, AccountKind::Imap, "info", server.imap_port()),
    );
    let supervisor = supervisor(&world);
    // Somebody else was logged in there.
    let linked = link(&world, &oidc, alice, "bob").unwrap();
    assert_eq!((linked.person.as_str(), linked.is_used), ("bob@example.net", false));
    assert_eq!(kept(&world, alice).grant, None);
    supervisor.changed(alice);
    wait_for(&world, alice, "needs_consent", "consent");
    // Whoever insists hears it from the mail server; the token was new, so that is the end of it.
    world.engine.confirm_link(&kept(&world, alice), ME).unwrap();
    supervisor.changed(alice);
    wait_for(&world, alice, "needs_settings", "login");
    assert_eq!(world.mails(), 0);

    // A mailbox that several share.
    let linked = link(&world, &oidc, info, "erna").unwrap();
    assert!(!linked.is_used);
    world.engine.confirm_link(&kept(&world, info), ME).unwrap();
    supervisor.changed(info);
    wait_for(&world, info, "watching", "");
    wait(|| (world.mails() == 1).then_some(()));
    assert!(link(&world, &oidc, info, "erna").unwrap().is_used, "confirmed before");
    supervisor.stop();
}

#[test]
fn one_refreshes_and_keeps_before_anybody_uses() {
    let world = World::new();
    // Shorter than the margin: each connection gets its own.
    let oidc = Oidc::with(&OidcSetup { access_seconds: 30, ..OidcSetup::default() });
    let client = ours(&world, &oidc);
    let id = account(&world, client, AccountKind::Imap, "alice", 1);
    link(&world, &oidc, id, "alice").unwrap();
    let old = refresh_token(&world, id);
    let first = token(&world, id).unwrap();
    assert_eq!(oidc.refreshes(), 1);
    assert_ne!(refresh_token(&world, id).expose(), old.expose(), "kept");
    assert_ne!(token(&world, id).unwrap().expose(), first.expose());
    assert_eq!(oidc.refreshes(), 2);

    // Another process is at it: its result is waited for, and used.
    let grant = grant(&world, id);
    let epoch = world
        .store()
        .lease_grant(grant.id, grant.granted.access_expires, now(), now().plus_ms(60_000))
        .unwrap()
        .unwrap();
    let tokens: Vec<_> = (0..8).map(|_| world.engine.tokens(&kept(&world, id))).collect();
    let waiting: Vec<_> =
        tokens.into_iter().map(|tokens| world.runtime.spawn(async move { tokens.token().await })).collect();
    let access = world.engine.sealer().seal(&format!("oauth-grant:{}:access", grant.id), b"theirs").unwrap();
    let renewed = Renewed { access, access_expires: Some(now().plus_ms(3_600_000)), ..Renewed::default() };
    assert!(world.store().grant_renewed(grant.id, epoch, renewed, now()).unwrap());
    for task in waiting {
        assert_eq!(world.runtime.block_on(task).unwrap().unwrap().expose(), "theirs");
    }
    assert_eq!(oidc.refreshes(), 2);

    // The service is out of order: that is nobody's fault, and over when it is over.
    world.store().forget_access(grant.id, epoch).unwrap();
    oidc.set_down(true);
    assert_eq!(token(&world, id).unwrap_err(), Needs::Retry);
    oidc.set_down(false);
    token(&world, id).unwrap();
    assert_eq!(self::grant(&world, id).trouble, None);

    // Whoever shows an old token has stolen it: the service takes everything back.
    let stolen = world.runtime.block_on(asking(&world, client).refresh(old.expose()));
    assert_eq!(stolen.unwrap_err().needs(), Needs::Consent);
    assert_eq!(token(&world, id).unwrap_err(), Needs::Consent);
    assert_eq!(told(&world, "account.consent_needed"), 1);
}

#[test]
fn callers_of_one_moment_cause_one_refresh() {
    let world = World::new();
    let oidc = Oidc::start();
    let client = ours(&world, &oidc);
    let id = account(&world, client, AccountKind::Imap, "alice", 1);
    link(&world, &oidc, id, "alice").unwrap();
    let grant = grant(&world, id);
    world.store().forget_access(grant.id, grant.epoch).unwrap();
    let tasks: Vec<_> = (0..20)
        .map(|_| world.engine.tokens(&kept(&world, id)))
        .map(|tokens| world.runtime.spawn(async move { tokens.token().await.map(Secret::into_inner) }))
        .collect();
    let got: Vec<_> = tasks.into_iter().map(|task| world.runtime.block_on(task).unwrap().unwrap()).collect();
    assert!(got.iter().all(|token| *token == got[0]));
    assert_eq!(oidc.refreshes(), 1);
}

#[test]
fn a_code_typed_in_elsewhere_and_back_again() {
    let world = World::new();
    let oidc = Oidc::start();
    let client = ours(&world, &oidc);
    let id = account(&world, client, AccountKind::Imap, "alice", 1);
    let done: Arc<Mutex<Vec<Linked>>> = Arc::default();
    let heard = Arc::clone(&done);
    let linked = Arc::new(move |linked: &Linked| heard.lock().unwrap().push(linked.clone()));
    let of = kept(&world, id);
    let begun = world.engine.begin_device_link(&of, ME, linked);
    let code = world.runtime.block_on(begun).unwrap();
    assert_eq!(world.engine.device_link(id), Some(code.clone()));
    oidc.enter_code(&code.verification_uri, &code.user_code, "alice");
    let linked = wait(|| done.lock().unwrap().pop());
    assert!(linked.is_used && world.engine.device_link(id).is_none());

    let token = refresh_token(&world, id);
    assert!(world.runtime.block_on(world.engine.unlink(&kept(&world, id), ME)).unwrap());
    assert_eq!(kept(&world, id).grant, None);
    let gone = world.runtime.block_on(asking(&world, client).refresh(token.expose()));
    assert_eq!(gone.unwrap_err().needs(), Needs::Consent, "given back to the service");
    assert_eq!((told(&world, "account.linked"), told(&world, "account.unlinked")), (1, 1));
}

#[test]
fn coming_back_is_for_who_left_once_and_in_time() {
    let world = World::new();
    let oidc = Oidc::start();
    let client = ours(&world, &oidc);
    let id = account(&world, client, AccountKind::Imap, "alice", 1);
    let url = world.engine.begin_link(&kept(&world, id), BACK, "somebody else").unwrap();
    let state = url::Url::parse(&url).unwrap();
    let state = state.query_pairs().find(|(name, _)| name == "state").unwrap().1.into_owned();
    for state in [state.as_str(), state.as_str(), "nonsense"] {
        let back = world.runtime.block_on(world.engine.finish_link(state, Ok("code"), ME));
        assert!(matches!(back, Err(Error::LinkOver)), "{back:?}");
    }
    // The application itself, without a person.
    let daemon = app(&world, &oidc, "daemon", "daemon-secret", &["mail"]);
    let own = account(&world, daemon, AccountKind::Imap, "bob", 1);
    let linked = world.runtime.block_on(world.engine.link_application(&kept(&world, own), ME)).unwrap();
    assert!(linked.is_used);
    let grant = grant(&world, own);
    world.store().forget_access(grant.id, grant.epoch).unwrap();
    token(&world, own).unwrap();
}

#[test]
fn what_expires_is_told_two_weeks_before() {
    let mut world = World::new();
    let oidc = Oidc::start();
    let client = ours(&world, &oidc);
    let id = account(&world, client, AccountKind::Imap, "alice", 1);
    link(&world, &oidc, id, "alice").unwrap();
    let settings = world.store().oauth_client(client).unwrap().unwrap().settings;
    let soon = |days: i64| Some(UnixMillis(now().0 + days * 86_400_000 + 60_000));
    let expires = NewOauthClient { secret_expires: soon(13), ..settings };
    world.store().update_oauth_client(client, expires).unwrap();
    let grant = grant(&world, id);
    let epoch =
        world.store().lease_grant(grant.id, grant.granted.access_expires, now(), now()).unwrap().unwrap();
    let renewed =
        Renewed { access: grant.granted.access.unwrap(), refresh_expires: soon(5), ..Renewed::default() };
    world.store().grant_renewed(grant.id, epoch, renewed, now()).unwrap();
    world.start(&test_support::Certificate::for_names(&["localhost"]).certificate, 0);
    wait(|| (told(&world, "secret.expiring") == 1).then_some(()));
    wait(|| (told(&world, "consent.expiring") == 1).then_some(()));
}
