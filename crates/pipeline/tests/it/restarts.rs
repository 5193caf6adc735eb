//! What happens at a mailbox server between two fetches: it is restarted, a mailbox is renamed.

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use intake::imap::{Options, Selection, Settings};
use model::{AccountId, Scope};
use pipeline::Supervisor;
use store::{Account, AccountKind, NewAccount, Tls};
use test_support::Dovecot;
use uuid::Uuid;

use crate::world::{World, alice, now, wait};

fn mail(n: u32) -> Vec<u8> {
    format!("Message-ID: <{n}@restarts.example>\r\nFrom: a@b.example\r\nSubject: {n}\r\n\r\nx\r\n")
        .into_bytes()
}

fn settings(port: u16) -> Settings {
    alice(port, Options { stood_min: Duration::from_millis(200), ..Options::default() })
}

fn account(world: &World, port: u16) -> Account {
    let id = AccountId::new(Uuid::now_v7());
    let new = NewAccount {
        name: "box".to_owned(),
        kind: AccountKind::Imap,
        active: true,
        host: "127.0.0.1".to_owned(),
        port,
        tls: Tls::None,
        login: "alice".to_owned(),
        // Nobody waits for that.
        poll_seconds: 3600,
        ..NewAccount::default()
    };
    world.store().create_account(id, new, now()).unwrap();
    world.store().account(id).unwrap().unwrap()
}

fn activity(world: &World, id: AccountId) -> String {
    let state = world.store().account(id).unwrap().unwrap().state.unwrap_or_default();
    state.activity.as_str().to_owned()
}

/// With NOTIFY, and with IDLE alone.
#[test]
fn a_server_restarted_while_it_is_listened_to_loses_nothing() {
    for selection in [Selection::All, Selection::Inbox] {
        let world = World::new();
        let mut server = Dovecot::start();
        let account = account(&world, server.imap_port());
        let supervisor = {
            let resolve = move |_: &pipeline::Engine, account: &Account| {
                Ok((settings(account.settings.port), selection.clone()))
            };
            Supervisor::start(world.engine.clone(), world.runtime().clone(), Box::new(resolve)).unwrap()
        };
        server.deliver("alice", "INBOX", &mail(1), "");
        wait(|| (world.mails() == 1).then_some(()));
        wait(|| (activity(&world, account.id) == "watching").then_some(()));
        // Long enough for the account to notice that nobody is there.
        server.stop();
        wait(|| (activity(&world, account.id) == "backing_off").then_some(()));
        server.deliver("alice", "INBOX", &mail(2), "");
        server.start_again();
        let begun = Instant::now();
        wait(|| (world.mails() == 2).then_some(()));
        println!("visible {:?} after the server was there again", begun.elapsed());
        assert!(begun.elapsed() < Duration::from_mins(1));
        // And it is listened to as before.
        wait(|| (activity(&world, account.id) == "watching").then_some(()));
        server.deliver("alice", "INBOX", &mail(3), "");
        wait(|| (world.mails() == 3).then_some(()));
        supervisor.stop();
    }
}

/// Names of mailboxes, with the digests that lie there.
fn placed(world: &World) -> BTreeMap<String, Vec<String>> {
    let mut placed: BTreeMap<String, Vec<String>> = BTreeMap::new();
    let mut after = 0;
    while let Some((lines, last)) = world.store().mail_lines(&Scope::All, after, 1000).unwrap() {
        for line in lines {
            for placement in line.placements.iter().filter(|placement| placement.gone.is_none()) {
                placed.entry(placement.mailbox_name.clone()).or_default().push(line.sha256.to_string());
            }
        }
        after = last;
    }
    for digests in placed.values_mut() {
        digests.sort();
    }
    placed
}

#[test]
fn a_mailbox_renamed_between_two_fetches_loses_and_doubles_nothing() {
    let world = World::new();
    let server = Dovecot::start();
    let account = account(&world, server.imap_port());
    let fetch = || {
        let settings = settings(server.imap_port());
        world.engine.fetch_once(world.runtime(), &account, settings, &Selection::All).unwrap().0
    };
    let digests = |numbers: &[u32]| {
        let mut digests: Vec<String> =
            numbers.iter().map(|n| archive::sha256(&mail(*n)).to_string()).collect();
        digests.sort();
        digests
    };
    server.make_mailbox("alice", "Kunden");
    for n in 1..=20 {
        server.save("alice", if n % 2 == 0 { "INBOX" } else { "Kunden" }, &mail(n));
    }
    let fetched = fetch();
    assert_eq!(fetched.archived, 20, "{fetched:?}");
    let odd: Vec<u32> = (1..=20).filter(|n| n % 2 == 1).collect();
    let even: Vec<u32> = (1..=20).filter(|n| n % 2 == 0).collect();
    assert_eq!(placed(&world)["Kunden"], digests(&odd));
    // Renamed, and one more in it.
    server.rename_mailbox("alice", "Kunden", "Kundschaft/Alt");
    server.save("alice", "Kundschaft/Alt", &mail(21));
    let fetched = fetch();
    assert_eq!(fetched.archived, 1, "{fetched:?}");
    let with_new = [&odd[..], &[21]].concat();
    let expected = |name: &str| {
        BTreeMap::from([("INBOX".to_owned(), digests(&even)), (name.to_owned(), digests(&with_new))])
    };
    assert_eq!(placed(&world), expected("Kundschaft/Alt"));
    assert_eq!(fetch().archived, 0);
    // And back again.
    server.rename_mailbox("alice", "Kundschaft/Alt", "Kunden");
    assert_eq!(fetch().archived, 0);
    assert_eq!(placed(&world), expected("Kunden"));
    assert_eq!(world.mails(), 21);
    let verified = world.engine.verify(&mut |_| ()).unwrap();
    assert!(verified.faults.is_empty(), "{:?}", verified.faults);
}
