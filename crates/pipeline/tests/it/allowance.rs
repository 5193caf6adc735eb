//! What may be fetched of an account in a day is used up: nothing is fetched any more, and nothing is lost of what was.

use intake::imap::{Options, Selection, Settings};
use model::AccountId;
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
