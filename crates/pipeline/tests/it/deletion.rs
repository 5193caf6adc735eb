//! What is deleted here is deleted at the source where an account says so: a real Dovecot over IMAP and POP3, and Microsoft Graph.

use std::path::Path;

use connect::{ClientTls, Trust};
use intake::imap::{Encryption, Options, Selection, Settings};
use model::{AccountId, MailId, Scope};
use store::{Account, AccountKind, Hidden, Keeping, LinkActor, NewAccount};
use test_support::dovecot::{Setup, free_port, pop3_on};
use test_support::{Dovecot, Graph};
use uuid::Uuid;

use crate::world::{World, alice_over_tls as settings, now};

/// Longer ago than what was deleted is left alone.
const BEFORE_MS: i64 = -60_000;
/// Takes from the mailbox for deleted mails what makes it known as that.
const NO_TRASH: &str = "namespace inbox {\n  mailbox Trash {\n    special_use =\n  }\n}\n";

fn octets(n: usize) -> Vec<u8> {
    format!("Message-ID: <{n}@deletion.example>\r\nFrom: a@b.example\r\nSubject: {n}\r\n\r\nText {n}\r\n")
        .into_bytes()
}

fn account(world: &World, kind: AccountKind, mirrored: bool) -> Account {
    let id = AccountId::new(Uuid::now_v7());
    let new =
        NewAccount { name: id.to_string(), kind, host: "localhost".to_owned(), ..NewAccount::default() };
    world.store().create_account(id, new, now()).unwrap();
    world.store().set_keeping(id, Keeping { mirrored, ..Keeping::default() }, now()).unwrap();
    world.store().account(id).unwrap().unwrap()
}

fn fetch(world: &World, account: &Account, settings: Settings) {
    world.engine.fetch_once(world.runtime(), account, settings, &Selection::All).unwrap();
    world.engine.catch_up().unwrap();
}

/// The mails of these numbers.
fn mails(world: &World, numbers: &[usize]) -> Vec<MailId> {
    let mail = |n: &usize| {
        let id = model::MessageId(format!("{n}@deletion.example"));
        world.store().mails_by_message_id(&Scope::All, &id, 2).unwrap()[0].mail_id
    };
    numbers.iter().map(mail).collect()
}

fn actor() -> LinkActor {
    LinkActor { id: "user-1".to_owned(), name: "Eva".to_owned() }
}

/// Deletes them a minute ago, so that it is due.
fn delete(world: &World, numbers: &[usize]) -> Hidden {
    let at = now().plus_ms(BEFORE_MS);
    world.store().delete_messages(&Scope::All, &mails(world, numbers), actor(), at).unwrap()
}

fn files(maildir: &Path) -> usize {
    let count = |folder: &str| std::fs::read_dir(maildir.join(folder)).map_or(0, Iterator::count);
    count("cur") + count("new")
}

#[test]
fn over_imap_deleted_mails_are_removed_or_go_to_the_trash() {
    for (extra, in_trash) in [(NO_TRASH.to_owned(), 0), (String::new(), 2)] {
        let mut dovecot = Dovecot::with(Setup { extra, ..Setup::default() });
        for n in 0..4 {
            dovecot.deliver("alice", if n == 1 { "Berichte" } else { "INBOX" }, &octets(n), "");
        }
        let (world, port) = (World::new(), dovecot.imaps_port());
        let ours = account(&world, AccountKind::Imap, true);
        fetch(&world, &ours, settings(&dovecot, port));
        assert_eq!(delete(&world, &[0, 1, 2]).sources, [ours.id]);
        world.store().restore_messages(&Scope::All, &mails(&world, &[2]), actor(), now()).unwrap();
        fetch(&world, &ours, settings(&dovecot, port));
        let inbox = dovecot.maildir("alice");
        let left = (files(&inbox), files(&inbox.join(".Berichte")), files(&inbox.join(".Trash")));
        assert_eq!(left, (2, 0, in_trash));
        assert_eq!(world.store().source_action_counts(ours.id).unwrap(), (0, 0));
        // It stays deleted here, however often it is seen there; restored, it is read from the archive.
        fetch(&world, &ours, settings(&dovecot, port));
        let filter = store::ListFilter { deleted: true, ..store::ListFilter::default() };
        assert_eq!(world.store().count(&Scope::All, &filter).unwrap(), 2);
        let kept = mails(&world, &[0]);
        world.store().restore_messages(&Scope::All, &kept, actor(), now()).unwrap();
        assert_eq!(world.store().count(&Scope::All, &store::ListFilter::default()).unwrap(), 3);
        let found = world.store().mail_octets(&Scope::All, kept[0]).unwrap().unwrap();
        assert_eq!(world.engine.archive().read_all(found.location, 10_000).unwrap(), octets(0));
        assert!(world.engine.verify(&mut |_| ()).unwrap().faults.is_empty());
    }
}

#[test]
fn over_pop3_deleted_mails_are_removed_and_others_accounts_keep_theirs() {
    let (pop3, pop3s) = (free_port(), free_port());
    let mut dovecot = Dovecot::with(Setup {
        users: vec![("alice".to_owned(), "secret".to_owned()), ("bob".to_owned(), "secret".to_owned())],
        extra: pop3_on(pop3, pop3s),
        ..Setup::default()
    });
    for n in 0..3 {
        dovecot.deliver("alice", "INBOX", &octets(n), "");
    }
    // The same octets lie in a mailbox whose account keeps what is deleted here.
    dovecot.deliver("bob", "INBOX", &octets(0), "");
    let world = World::new();
    let (ours, others) =
        (account(&world, AccountKind::Pop3, true), account(&world, AccountKind::Pop3, false));
    let of_bob = || Settings { login: "bob".to_owned(), ..settings(&dovecot, pop3s) };
    fetch(&world, &ours, settings(&dovecot, pop3s));
    fetch(&world, &others, of_bob());
    assert_eq!(delete(&world, &[0, 1]).sources, [ours.id]);
    world.store().restore_messages(&Scope::All, &mails(&world, &[1]), actor(), now()).unwrap();
    fetch(&world, &ours, settings(&dovecot, pop3s));
    fetch(&world, &others, of_bob());
    assert_eq!((files(&dovecot.maildir("alice")), files(&dovecot.maildir("bob"))), (2, 1));
    assert_eq!(world.store().source_action_counts(ours.id).unwrap(), (0, 0));
    assert_eq!(world.store().count(&Scope::All, &store::ListFilter::default()).unwrap(), 2);
}

#[test]
fn by_graph_deleted_mails_go_to_the_deleted_items() {
    let server = Graph::start("alice", |token| token == "token");
    let world = World::new();
    let ours = account(&world, AccountKind::Graph, true);
    let settings = || Settings {
        host: "127.0.0.1".to_owned(),
        port: server.port(),
        encryption: Encryption::None,
        tls: ClientTls::new(&Trust::System).unwrap(),
        login: "alice".to_owned(),
        credential: intake::Login::Known(intake::Credential::Bearer("token".into())),
        options: Options::default(),
    };
    let ids: Vec<String> = (0..3).map(|n| server.deliver("inbox", &octets(n))).collect();
    fetch(&world, &ours, settings());
    delete(&world, &[0, 1]);
    world.store().restore_messages(&Scope::All, &mails(&world, &[1]), actor(), now()).unwrap();
    fetch(&world, &ours, settings());
    let places: Vec<String> = ids.iter().map(|id| server.place(id).unwrap().0).collect();
    assert_eq!(places, ["Gelöschte Elemente", "Posteingang", "Posteingang"]);
    assert_eq!(world.store().source_action_counts(ours.id).unwrap(), (0, 0));
}
