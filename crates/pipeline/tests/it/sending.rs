//! Sending with the consent of an account: a real authorization server gives the tokens; a real Postfix lets a real Dovecot ask
//! it whether they are good, and Microsoft Graph is a server written from the public documentation.

use std::sync::Arc;

use connect::{ClientTls, Trust};
use dispatch::{Encryption, Letter, SendError, SmtpServer, SmtpStep, Way};
use model::{AccountId, OauthClientId};
use pipeline::{Engine, ResolveSmtp, SendingServer};
use store::{
    AccountKind, Channel, EventFilter, NewOauthClient, NewSmtpAccount, OauthService, OutgoingState,
    SendingKind, SmtpAccount,
};
use test_support::dovecot::{Setup, free_port};
use test_support::{Certificate, Dovecot, Graph, Oidc, Postfix, Scratch};
use uuid::Uuid;

use crate::mails::{DEAD, sends, tell};
use crate::oauth::{account, link, ours};
use crate::world::{World, now, wait};

/// Postfix that takes logins with tokens by this mechanism only.
struct Submission {
    oidc: Oidc,
    _dovecot: Dovecot,
    _folder: Scratch,
    postfix: Postfix,
    certificate: Certificate,
}

impl Submission {
    fn start(mechanism: &str) -> Option<Self> {
        let certificate = Certificate::for_names(&["localhost"]);
        let (oidc, folder, port) = (Oidc::start(), Scratch::new("submission"), free_port());
        let extra = format!("{}{}", oidc.for_dovecot(&folder, mechanism), Postfix::logins_of_dovecot(port));
        let dovecot = Dovecot::with(Setup { extra, ..Setup::default() });
        let postfix = Postfix::start_with_logins(&certificate, port)?;
        Some(Self { oidc, _dovecot: dovecot, _folder: folder, postfix, certificate })
    }

    fn resolve(&self) -> Box<ResolveSmtp> {
        let (pem, port) = (self.certificate.certificate.clone(), self.postfix.port());
        Box::new(move |engine, smtp| Ok(by_smtp(engine, smtp, &pem, port)))
    }
}

fn by_smtp(engine: &Engine, smtp: &SmtpAccount, pem: &str, port: u16) -> SendingServer {
    let account = engine.store().account(smtp.settings.account.unwrap()).unwrap().unwrap();
    let server = SmtpServer {
        host: "localhost".to_owned(),
        port,
        encryption: Encryption::StartTls,
        tls: ClientTls::new(&Trust::Pem(pem.to_owned())).unwrap(),
        login: None,
        our_name: "here.test".to_owned(),
    };
    let tokens = Arc::new(engine.tokens(&account));
    SendingServer::SmtpWithTokens { server: Box::new(server), login: account.settings.login, tokens }
}

fn test_mail<'a>(recipients: &'a [String]) -> Letter<'a> {
    Letter {
        reverse_path: "",
        recipients,
        envelope_id: "1",
        octets: b"From: a@here.test\r\nTo: staff@here.test\r\nSubject: Again\r\n\r\nText\r\n",
    }
}

fn trouble(world: &World, id: model::SmtpAccountId) -> Option<String> {
    world.store().smtp_account(id).unwrap().unwrap().last_error.map(|(text, _)| text)
}

fn sent_with_consent(mechanism: &str) {
    let Some(submission) = Submission::start(mechanism) else { return };
    let Submission { oidc, postfix, .. } = &submission;
    let mut world = World::new();
    let lender = account(&world, ours(&world, oidc), AccountKind::Imap, "alice", 1);
    assert!(link(&world, oidc, lender, "alice").unwrap().is_used);
    let id = sends(&world, NewSmtpAccount { account: Some(lender), ..NewSmtpAccount::default() });
    tell(&world, &[("staff@here.test", "en")], &[("address.dead", Way::AtOnce)]);
    world.log(&[DEAD]);
    world.start_through(submission.resolve(), 0);
    let mail = postfix.wait_for("staff", 1).remove(0);
    assert!(mail.contains("X-Poststelle-Reference: "), "{mail}");
    assert!(
        postfix.log().contains(&format!("sasl_method={}", mechanism.to_uppercase())),
        "{}",
        postfix.log()
    );
    wait(|| (world.newest(Channel::Mail)?.state == OutgoingState::Sent).then_some(()));
    assert_eq!(trouble(&world, id), None);

    // Taken back: the token is refused, no other is given, and the mail waits for a person.
    oidc.revoke_all("alice");
    let smtp = world.store().smtp_account(id).unwrap().unwrap();
    let resolve = submission.resolve();
    let server = resolve(&world.engine, &smtp).unwrap();
    let to = ["staff@here.test".to_owned()];
    let error = world.runtime.block_on(server.send(&test_mail(&to))).unwrap_err();
    assert!(matches!(error, SendError::NoToken { .. }), "{error}");
    assert_eq!((error.key(), error.is_transient()), ("token-consent", false));
    let steps = world.runtime.block_on(server.test(None));
    let last = steps.last().unwrap();
    assert_eq!((last.step, last.error.as_ref().unwrap().key()), (SmtpStep::Login, "token-consent"));
    let asked = world.store().events(&EventFilter::default(), None, 100).unwrap();
    let told = asked.iter().filter(|(_, event)| event.kind == "account.consent_needed").count();
    assert_eq!(told, 1, "told once, whoever asks");

    // Linked again it goes on.
    assert!(link(&world, oidc, lender, "alice").unwrap().is_used);
    let server = resolve(&world.engine, &smtp).unwrap();
    let steps = world.runtime.block_on(server.test(Some(&test_mail(&to))));
    assert!(steps.iter().all(|step| step.error.is_none()), "{steps:?}");
    assert_eq!(steps.last().unwrap().step, SmtpStep::Mail);
    assert!(postfix.wait_for("staff", 2)[1].contains("Subject: Again"));
}

#[test]
fn mails_are_sent_with_the_consent_of_an_account_by_xoauth2() {
    sent_with_consent("xoauth2");
}

#[test]
fn mails_are_sent_with_the_consent_of_an_account_by_oauthbearer() {
    sent_with_consent("oauthbearer");
}

#[test]
fn a_token_of_somebody_else_does_not_send() {
    let Some(submission) = Submission::start("xoauth2") else { return };
    let world = World::new();
    let lender = account(&world, ours(&world, &submission.oidc), AccountKind::Imap, "bob", 1);
    let linked = link(&world, &submission.oidc, lender, "alice").unwrap();
    assert!(!linked.is_used, "it waits to be confirmed");
    let id = sends(&world, NewSmtpAccount { account: Some(lender), ..NewSmtpAccount::default() });
    let smtp = world.store().smtp_account(id).unwrap().unwrap();
    let server = submission.resolve()(&world.engine, &smtp).unwrap();
    let to = ["staff@here.test".to_owned()];
    let error = world.runtime.block_on(server.send(&test_mail(&to))).unwrap_err();
    assert!(matches!(error, SendError::NoToken { .. }), "{error}");
}

#[test]
fn mails_are_sent_through_microsoft_graph() {
    let oidc = Oidc::start();
    let graph = Graph::start("alice", oidc.introspection());
    let mut world = World::new();
    let lender = account(&world, ours(&world, &oidc), AccountKind::Graph, "alice", graph.port());
    assert!(link(&world, &oidc, lender, "alice").unwrap().is_used);
    let given =
        NewSmtpAccount { kind: SendingKind::Graph, account: Some(lender), ..NewSmtpAccount::default() };
    let id = sends(&world, given);
    tell(&world, &[("staff@here.test", "en")], &[("address.dead", Way::AtOnce)]);
    graph.refuse("sendMail", 403, None, 1);
    world.log(&[DEAD]);
    let port = graph.port();
    let resolve: fn(&Engine, &SmtpAccount, u16) -> SendingServer = |engine, smtp, port| {
        let account = engine.store().account(smtp.settings.account.unwrap()).unwrap().unwrap();
        let tls = ClientTls::new(&Trust::System).unwrap();
        SendingServer::graph(("127.0.0.1", port, Encryption::None), tls, "alice", engine.tokens(&account))
    };
    world.start_through(Box::new(move |engine, smtp| Ok(resolve(engine, smtp, port))), 0);
    let words = wait(|| trouble(&world, id));
    assert!(words.contains("token refused"), "{words}");
    assert!(graph.sent().is_empty());
    wait(|| (world.newest(Channel::Mail)?.state == OutgoingState::Waiting).then_some(()));

    let smtp = world.store().smtp_account(id).unwrap().unwrap();
    let server = resolve(&world.engine, &smtp, port);
    let to = ["staff@here.test".to_owned()];
    let steps = world.runtime.block_on(server.test(Some(&test_mail(&to))));
    assert!(steps.iter().all(|step| step.error.is_none()), "{steps:?}");
    assert_eq!(graph.sent(), [test_mail(&to).octets]);

    // Too much for now is tried again; no consent is not.
    graph.refuse("sendMail", 429, Some(1), 1);
    let error = world.runtime.block_on(server.send(&test_mail(&to))).unwrap_err();
    assert!(error.is_transient(), "{error}");
    oidc.revoke_all("alice");
    let error = world.runtime.block_on(server.send(&test_mail(&to))).unwrap_err();
    assert!(matches!(error, SendError::NoToken { .. }), "{error}");
    assert_eq!(graph.sent().len(), 1);
}

#[test]
fn people_are_asked_for_sending_only_where_it_is_chosen() {
    let world = World::new();
    for (service, kind, scope) in [
        (OauthService::Microsoft, AccountKind::Imap, "SMTP.Send"),
        (OauthService::MicrosoftGraph, AccountKind::Graph, "Mail.Send"),
    ] {
        let client = OauthClientId::new(Uuid::now_v7());
        let new = NewOauthClient {
            name: scope.to_owned(),
            service,
            registered: "app".to_owned(),
            secret: None,
            secret_expires: None,
            options: "{}".to_owned(),
        };
        world.store().create_oauth_client(client, new, now()).unwrap();
        let asked = |id: AccountId| {
            let account = world.store().account(id).unwrap().unwrap();
            world.engine.begin_link(&account, "http://127.0.0.1:1/oauth/callback", "mara").unwrap()
        };
        let reads = account(&world, client, kind, &format!("reads-{}@example.org", kind as u8), 1);
        let both = account(&world, client, kind, &format!("both-{}@example.org", kind as u8), 1);
        assert!(!asked(both).contains(scope));
        let id = model::SmtpAccountId::new(Uuid::now_v7());
        let smtp =
            NewSmtpAccount { name: scope.to_owned(), account: Some(both), ..NewSmtpAccount::default() };
        world.store().create_smtp_account(id, smtp, now()).unwrap();
        assert!(asked(both).contains(scope));
        assert!(!asked(reads).contains(scope));
    }
}
