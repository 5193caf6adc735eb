//! What may be fetched of an account in a day is used up: nothing is fetched any more, and nothing is lost of what was.

use std::collections::BTreeSet;

use intake::imap::{Options, Selection, Settings};
use model::{AccountId, Scope};
use pipeline::{Error, Supervisor};
use store::{Account, AccountKind, NewAccount};
use test_support::Dovecot;
use test_support::dovecot::{Setup, free_port, pop3_on};
use uuid::Uuid;

use crate::world::{World, alice, now, wait};

const MAILS: u64 = 24;
const OCTETS: usize = 10_000;
const OCTETS_PER_DAY: u64 = 100_000;
const DAY_MS: i64 = 86_400_000;

fn mail(n: u64) -> Vec<u8> {
    let head = format!("Message-ID: <{n}@allowance.example>\r\nFrom: a@b.example\r\nSubject: {n}\r\n\r\n");
    let line = "Zeile um Zeile.\r\n";
    (head + &line.repeat(OCTETS / line.len())).into_bytes()
}

fn settings(port: u16) -> Settings {
    alice(port, Options { batch_mails: 4, ..Options::default() })
}

fn account(world: &World, kind: AccountKind) -> Account {
    let id = AccountId::new(Uuid::now_v7());
    let host = "127.0.0.1".to_owned();
    let new = NewAccount { name: id.to_string(), kind, host, ..NewAccount::default() };
    world.store().create_account(id, new, now()).unwrap();
    world.store().account(id).unwrap().unwrap()
}

/// Numbers of the mails that are here.
fn here(world: &World) -> BTreeSet<u64> {
    let (mut numbers, mut after) = (BTreeSet::new(), 0);
    while let Some((lines, last)) = world.store().mail_lines(&Scope::All, after, 1000).unwrap() {
        for line in lines {
            assert_eq!(line.placements.len(), 1, "none lies twice");
            let id = line.message_id.unwrap().0;
            assert!(numbers.insert(id.split('@').next().unwrap().parse().unwrap()), "{id} is here twice");
        }
        after = last;
    }
    numbers
}

#[test]
fn the_newest_come_first_and_the_rest_on_later_days() {
    const MANY: u64 = 60;
    let pop3 = free_port();
    let mut server = Dovecot::with(Setup { extra: pop3_on(pop3, free_port()), ..Setup::default() });
    for n in 0..MANY {
        server.deliver("alice", "INBOX", &mail(n), "");
    }
    let mut there = MANY;
    for (kind, port) in [(AccountKind::Imap, server.imap_port()), (AccountKind::Pop3, pop3)] {
        let mut world = World::sparing(OCTETS_PER_DAY);
        let kept = account(&world, kind);
        let fetch =
            |world: &World| world.engine.fetch_once(world.runtime(), &kept, settings(port), &Selection::All);
        let mut days = 0;
        while let Err(error) = fetch(&world) {
            assert!(matches!(error.root(), Error::Allowance { .. }), "{}", pipeline::chain(&error));
            world.engine.catch_up().unwrap();
            let numbers = here(&world);
            let newest: BTreeSet<u64> = (there - numbers.len() as u64..there).collect();
            assert_eq!(numbers, newest, "{kind:?}, day {days}");
            if days == 1 {
                // What comes meanwhile is first on the next day.
                server.deliver("alice", "INBOX", &mail(there), "");
                there += 1;
            }
            days += 1;
            // The process ends and begins anew, and with it the day.
            world = world.sparing_again(OCTETS_PER_DAY);
        }
        assert!(days > 3, "{kind:?}: {days}");
        world.engine.catch_up().unwrap();
        assert_eq!(here(&world), (0..there).collect());
        let (counts, _) = fetch(&world).unwrap();
        assert_eq!((counts.archived, counts.duplicates), (0, 0), "{kind:?}");
    }
}

#[test]
fn a_day_is_used_up() {
    let pop3 = free_port();
    let mut server = Dovecot::with(Setup { extra: pop3_on(pop3, free_port()), ..Setup::default() });
    for n in 0..MAILS {
        server.deliver("alice", "INBOX", &mail(n), "");
    }
    for (kind, port) in [(AccountKind::Imap, server.imap_port()), (AccountKind::Pop3, pop3)] {
        let world = World::sparing(OCTETS_PER_DAY);
        let kept = account(&world, kind);
        let fetch = || world.engine.fetch_once(world.runtime(), &kept, settings(port), &Selection::All);
        let wait_ms = |error: Error| match error.root() {
            Error::Allowance { wait_ms } => *wait_ms,
            other => panic!("{}", pipeline::chain(other)),
        };
        let first = wait_ms(fetch().unwrap_err());
        assert!((DAY_MS - 600_000..=DAY_MS).contains(&first), "{first}");
        // What has come by then is durable, and no batch more.
        let here = wait(|| Some(world.mails()).filter(|here| *here >= OCTETS_PER_DAY / OCTETS as u64));
        assert!(here < MAILS, "{kind:?}: {here}");
        assert!(wait_ms(fetch().unwrap_err()) <= first);
        assert_eq!(world.mails(), here, "{kind:?}");

        let resolve = move |_: &pipeline::Engine, _: &Account| Ok((settings(port), Selection::All));
        let supervisor =
            Supervisor::start(world.engine.clone(), world.runtime().clone(), Box::new(resolve)).unwrap();
        let state = wait(|| world.store().account(kept.id).unwrap()?.state);
        assert_eq!(state.activity.as_str(), "throttled");
        assert_eq!(state.last_error.unwrap().class, "throttled");
        assert!(state.next_action.unwrap() > now().plus_ms(DAY_MS / 2));
        supervisor.stop();
        assert_eq!(world.mails(), here, "{kind:?}");
    }
}
