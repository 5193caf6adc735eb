//! Who mails are from: signed by the tests, asked of a name server of the tests.

use std::net::IpAddr;

use examine::{AuthResult, Authentication};
use intake::smtp::{Delivery, Outcome, Spool};
use mail_auth::common::crypto::Ed25519Key;
use mail_auth::common::headers::HeaderWriter as _;
use mail_auth::dkim::DkimSigner;
use model::{Client, Envelope, MailId, ReversePath, Scope};
use pipeline::{ExaminationSettings, Taking};
use store::{ListFilter, ListOrder, ListStart};
use test_support::NameServer;
use tokio::sync::{mpsc, oneshot};

use crate::malware::base64;
use crate::world::{World, wait};

/// Public, and nobody's in a test.
const CLIENT: [u8; 4] = [203, 0, 114, 7];

struct Post {
    world: World,
    names: NameServer,
    key: Vec<u8>,
}

impl Post {
    fn new() -> Self {
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

    /// Hands a mail over as the listener does.
    fn deliver(&self, mail: &str, client: Option<[u8; 4]>) {
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
    fn found(&self, subject: &str) -> Authentication {
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

fn mail(subject: &str, from: &str, before: &str) -> String {
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
