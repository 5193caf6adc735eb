//! Who mails are from: signed by the tests, asked of a name server of the tests.

use std::net::IpAddr;

use examine::{AuthResult, Authentication};
use intake::smtp::{Delivery, Outcome, Spool};
use mail_auth::arc::ArcSealer;
use mail_auth::common::crypto::Ed25519Key;
use mail_auth::common::headers::HeaderWriter as _;
use mail_auth::dkim::DkimSigner;
use mail_auth::hickory_resolver::config::{ConnectionConfig, NameServerConfig, ResolverConfig, ResolverOpts};
use mail_auth::{AuthenticatedMessage, AuthenticationResults, MessageAuthenticator};
use model::{Client, Envelope, MailId, ReversePath, Scope};
use pipeline::{ExaminationSettings, Taking};
use store::{ListFilter, ListOrder, ListStart};
use test_support::NameServer;
use tokio::sync::{mpsc, oneshot};

use crate::malware::base64;
use crate::world::{World, wait};

/// Public, and nobody's in a test.
const CLIENT: [u8; 4] = [203, 0, 114, 7];

pub(crate) struct Post {
    pub(crate) world: World,
    names: NameServer,
    key: Vec<u8>,
}

impl Post {
    pub(crate) fn new() -> Self {
        let (world, names) = (World::new(), NameServer::start());
        let key = Ed25519Key::generate_pkcs8().unwrap();
        let public = Ed25519Key::from_pkcs8_der(&key).unwrap().public_key();
        names.set("s1._domainkey.example.org", format!("v=DKIM1; k=ed25519; p={}", base64(&public)));
        names.set("example.org", "v=spf1 ip4:203.0.114.7 -all");
        names.set("_dmarc.example.org", "v=DMARC1; p=reject");
        let settings = ExaminationSettings {
            name_servers: vec![names.address()],
            trusted_hosts: vec!["mx.here.example".to_owned()],
            ..ExaminationSettings::default()
        };
        world.engine.set_examination(settings.checked().unwrap()).unwrap();
        Self { world, names, key }
    }

    fn signed(&self, mail: &str) -> String {
        let key = Ed25519Key::from_pkcs8_der(&self.key).unwrap();
        let signer =
            DkimSigner::from_key(key).domain("example.org").selector("s1").headers(["From", "Subject"]);
        signer.sign(mail.as_bytes()).unwrap().to_header() + mail
    }

    /// What a forwarder makes of a mail (RFC 8617 §5.1).
    fn sealed(&self, mail: &str, domain: &str) -> String {
        let key = Ed25519Key::from_pkcs8_der(&self.key).unwrap();
        let record = format!("v=DKIM1; k=ed25519; p={}", base64(&key.public_key()));
        self.names.set(&format!("arc._domainkey.{domain}"), record);
        let address: std::net::SocketAddr = self.names.address().parse().unwrap();
        let mut way = ConnectionConfig::udp();
        way.port = address.port();
        let server = NameServerConfig::new(address.ip(), true, vec![way]);
        let config = ResolverConfig::from_parts(None, Vec::new(), vec![server]);
        let runtime = tokio::runtime::Runtime::new().unwrap();
        let message = AuthenticatedMessage::parse(mail.as_bytes()).unwrap();
        let arc = runtime.block_on(async {
            let asking = MessageAuthenticator::new(config, ResolverOpts::default()).unwrap();
            asking.verify_arc(&message).await
        });
        let results = AuthenticationResults::new(domain).with_arc_result(&arc, CLIENT.into());
        let sealer = ArcSealer::from_key(key).domain(domain).selector("arc").headers([
            "From",
            "Subject",
            "DKIM-Signature",
        ]);
        sealer.seal(&message, &results, &arc).unwrap().to_header() + mail
    }

    /// Hands a mail over as the listener does.
    pub(crate) fn deliver(&self, mail: &str, client: Option<[u8; 4]>) {
        let (deliveries, waiting) = mpsc::channel(1);
        let taking = Taking::start(&self.world.engine, "archive", waiting).unwrap();
        let mut content = Spool::default();
        content.push(mail.as_bytes(), std::path::Path::new("/tmp")).unwrap();
        let (answer, answered) = oneshot::channel();
        let envelope = Envelope {
            reverse_path: Some(ReversePath::Path("eva@example.org".to_owned())),
            forward_paths: vec!["tom@example.net".to_owned()],
            client: client.map(|ip| Client { ip: ip.into(), helo: "out.example.org".to_owned() }),
        };
        deliveries.blocking_send(Delivery { envelope, content, answer }).unwrap();
        drop(deliveries);
        assert_eq!(answered.blocking_recv().unwrap(), Outcome::Kept);
        taking.join();
    }

    /// What was found out about the mail with this subject.
    pub(crate) fn found(&self, subject: &str) -> Authentication {
        let store = self.world.store();
        wait(|| {
            let page =
                store.list(&Scope::All, &ListFilter::default(), ListOrder::Descending, ListStart::Top, 50);
            let id: MailId = page.unwrap().rows.iter().find(|row| row.subject == subject)?.mail_id;
            let seq = store.mail_octets(&Scope::All, id).unwrap()?.seq;
            store.checked_mail(seq).unwrap().map(|(_, text)| serde_json::from_str(&text).unwrap())
        })
    }
}

pub(crate) fn mail(subject: &str, from: &str, before: &str) -> String {
    format!(
        "{before}From: {from}\r\nTo: tom@example.net\r\nSubject: {subject}\r\nMessage-ID: <{subject}@example.org>\r\n\
         Date: Mon, 2 Mar 2026 09:00:00 +0000\r\n\r\nhello\r\n"
    )
}

#[test]
fn signatures_and_senders_are_checked() {
    let post = Post::new();
    post.deliver(&post.signed(&mail("true", "eva@example.org", "")), Some(CLIENT));
    let found = post.found("true");
    assert_eq!((found.spf, found.dmarc), (AuthResult::Pass, AuthResult::Pass), "{found:?}");
    assert_eq!((found.spf_domain.as_str(), found.client), ("example.org", Some(IpAddr::from(CLIENT))));
    let [signature] = &found.dkim[..] else { panic!("{found:?}") };
    assert_eq!((signature.result, signature.domain.as_str()), (AuthResult::Pass, "example.org"));
    assert_eq!((found.dmarc_domain.as_str(), found.dmarc_policy.as_str()), ("example.org", "reject"));
    assert_eq!(found.arc, AuthResult::None);
    // Changed on the way, from elsewhere.
    let changed = post.signed(&mail("changed", "eva@example.org", "")).replace("hello", "pay me");
    post.deliver(&changed, Some([203, 0, 114, 8]));
    let found = post.found("changed");
    assert_eq!((found.spf, found.dmarc), (AuthResult::Fail, AuthResult::Fail), "{found:?}");
    assert_ne!(found.dkim[0].result, AuthResult::Pass);
    assert!(!found.dkim[0].reason.is_empty());
    // Nothing to go by.
    post.deliver(&mail("plain", "x@unknown.example", ""), None);
    let found = post.found("plain");
    assert_eq!((found.spf, found.dmarc, found.dkim.len()), (AuthResult::None, AuthResult::None, 0));
}

/// From a host that passes on what others brought: only what a trusted host wrote names the client.
#[test]
fn the_client_is_never_guessed() {
    let post = Post::new();
    let hop =
        "Received: from out.example.org (out.example.org [203.0.114.7]) by mx.here.example with ESMTP; x\r\n";
    post.deliver(&mail("passed on", "eva@example.org", hop), Some([10, 0, 0, 1]));
    assert_eq!(post.found("passed on").spf, AuthResult::Pass);
    let forged = hop.replace("mx.here.example", "mx.other.example");
    post.deliver(&mail("forged", "eva@example.org", &forged), Some([10, 0, 0, 1]));
    let found = post.found("forged");
    assert_eq!((found.spf, found.client, found.dmarc), (AuthResult::None, None, AuthResult::Fail));
}

/// A server of our own has checked them; nobody else is believed.
#[test]
fn results_of_our_own_server_count() {
    let post = Post::new();
    let settings = ExaminationSettings {
        authserv_ids: vec!["mx.here.example".to_owned()],
        ..(*post.world.engine.examination()).clone()
    };
    post.world.engine.set_examination(settings.checked().unwrap()).unwrap();
    let field = "Authentication-Results: mx.here.example; spf=pass smtp.mailfrom=eva@example.org; dmarc=pass header.from=example.org\r\n";
    post.deliver(&mail("stated", "eva@example.org", field), None);
    let found = post.found("stated");
    assert_eq!((found.spf, found.spf_domain.as_str()), (AuthResult::Pass, "example.org"), "{found:?}");
    assert_eq!((found.dmarc, found.stated.len()), (AuthResult::Pass, 2));
    post.deliver(&mail("by others", "eva@example.org", &field.replace("mx.here", "mx.there")), None);
    let found = post.found("by others");
    assert_eq!((found.spf, found.dmarc, found.stated.len()), (AuthResult::None, AuthResult::Fail, 0));
    // What was seen here is not overruled.
    post.deliver(&mail("seen", "eva@example.org", field), Some([203, 0, 114, 8]));
    let found = post.found("seen");
    assert_eq!((found.spf, found.dmarc, found.is_forged()), (AuthResult::Fail, AuthResult::Fail, true));
}

/// Two forwarders seal a mail, each what it found out; then it is changed.
#[test]
fn chains_of_seals_are_checked() {
    let post = Post::new();
    let sealed = post.signed(&mail("sealed", "eva@example.org", ""));
    let sealed = post.sealed(&post.sealed(&sealed, "list.example"), "relay.example");
    assert_eq!(sealed.matches("ARC-Seal:").count(), 2);
    post.deliver(&sealed, Some(CLIENT));
    assert_eq!(post.found("sealed").arc, AuthResult::Pass);
    let changed = sealed.replace("Subject: sealed", "Subject: changed").replace("hello", "pay me");
    post.deliver(&changed, Some(CLIENT));
    let found = post.found("changed");
    assert!(matches!(found.arc, AuthResult::Fail | AuthResult::Neutral), "{found:?}");
}

#[test]
fn without_names_the_mail_is_there_and_is_checked_again() {
    let post = Post::new();
    post.names.fail(true);
    post.deliver(&post.signed(&mail("later", "eva@example.org", "")), Some(CLIENT));
    let found = post.found("later");
    assert!(found.is_temporary(), "{found:?}");
    assert_eq!((found.spf, found.dkim[0].result), (AuthResult::TempError, AuthResult::TempError));
    assert!(post.names.asked() > 0);
    let due = post.world.store().next_examination(store::ExaminationTask::Authenticate).unwrap();
    assert!(due.is_some_and(|due| due > crate::world::now()), "{due:?}");
}
