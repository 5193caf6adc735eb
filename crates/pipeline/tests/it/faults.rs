//! Over bad lines from a real Dovecot: nothing is lost, nothing is doubled, and it does not take forever.

use std::collections::HashMap;
use std::time::Duration;

use connect::{ClientTls, Timeouts, Trust};
use intake::imap::{Encryption, Options, Selection, Settings};
use model::{AccountId, Scope};
use store::{Account, AccountKind, NewAccount};
use test_support::dovecot::{Setup, free_port, pop3_on};
use test_support::fixtures::slow_tests;
use test_support::{Dovecot, Fault, Proxy, Random};
use uuid::Uuid;

use crate::world::{World, now};

const MAILS: usize = 40;
/// Beyond 1 MiB mails are passed on in pieces.
const LARGE_OCTETS: usize = 1_500_000;
/// Faulty connections of a run; all others are good.
const FAULTS: u64 = 4;
/// Fetches after which all must be there.
const FETCHES_MAX: usize = 12;

struct Server {
    dovecot: Dovecot,
    imaps: u16,
    pop3s: u16,
}

fn octets(n: usize) -> Vec<u8> {
    let filler = match n {
        17 => LARGE_OCTETS,
        n if n % 10 == 3 => 100_000,
        n => 200 * n,
    };
    let mut text = format!("Message-ID: <{n}@faults.example>\r\nFrom: a@b.example\r\nSubject: {n}\r\n\r\n");
    while text.len() < filler {
        text.push_str("Zeile um Zeile, und keine geht verloren.\r\n.\r\n");
    }
    text.into_bytes()
}

const fn is_in_inbox(n: usize) -> bool {
    n % 8 != 5
}

impl Server {
    fn start() -> Self {
        let (pop3, pop3s) = (free_port(), free_port());
        let setup = Setup { extra: pop3_on(pop3, pop3s), ..Setup::default() };
        let mut dovecot = Dovecot::with(setup);
        for n in 0..MAILS {
            dovecot.deliver("alice", if is_in_inbox(n) { "INBOX" } else { "Berichte" }, &octets(n), "");
        }
        Self { imaps: dovecot.imaps_port(), pop3s, dovecot }
    }

    fn settings(&self, port: u16) -> Settings {
        let brief = Duration::from_secs(3);
        Settings {
            host: "localhost".to_owned(),
            port,
            encryption: Encryption::Tls,
            tls: ClientTls::new(&Trust::Pem(self.dovecot.certificate().to_owned())).unwrap(),
            login: "alice".to_owned(),
            credential: "secret".into(),
            options: Options {
                timeouts: Timeouts { connect: brief, tls: brief, ..Timeouts::default() },
                answer_timeout: brief,
                batch_mails: 7,
                ..Options::default()
            },
        }
    }
}

fn fault(random: &mut Random) -> Fault {
    // Most of it is mail; the rest is the beginning of the conversation, TLS included.
    let at = if random.below(2) == 0 { random.below(12_000) } else { random.below(3_000_000) } as usize;
    match random.below(10) {
        0 => Fault::Refuse,
        1..=3 => Fault::Cut(at),
        4 => Fault::CutBefore(random.below(3_000) as usize),
        5 => Fault::Stall(at),
        6 | 7 => Fault::Corrupt(at),
        8 => Fault::Dawdle(1 + random.below(8_000) as usize),
        _ => Fault::None,
    }
}

fn account(world: &World, kind: AccountKind) -> Account {
    let id = AccountId::new(Uuid::now_v7());
    let new =
        NewAccount { name: id.to_string(), kind, host: "localhost".to_owned(), ..NewAccount::default() };
    world.store().create_account(id, new, now()).unwrap();
    world.store().account(id).unwrap().unwrap()
}

/// Digest, and how often it lies in this account.
fn placed(world: &World, account: AccountId) -> HashMap<String, usize> {
    let scope = Scope::accounts(vec![account]);
    let (mut placed, mut after) = (HashMap::new(), 0);
    while let Some((lines, last)) = world.store().mail_lines(&scope, after, 1000).unwrap() {
        for line in lines {
            *placed.entry(line.sha256.to_string()).or_default() += line.placements.len();
        }
        after = last;
    }
    placed
}

fn run(world: &World, server: &Server, kind: AccountKind, seed: u64) {
    let is_pop3 = kind == AccountKind::Pop3;
    let port = if is_pop3 { server.pop3s } else { server.imaps };
    let mut random = Random(seed);
    let faults: Vec<Fault> = (0..FAULTS).map(|_| fault(&mut random)).collect();
    let told = faults.clone();
    let proxy = Proxy::start(port, move |n| faults.get(n).copied().unwrap_or(Fault::None));
    let account = account(world, kind);
    let mut fetches = Vec::new();
    loop {
        let settings = server.settings(proxy.port());
        let is_good = proxy.connections() >= told.len();
        match world.engine.fetch_once(world.runtime(), &account, settings, &Selection::All) {
            Ok((counts, _)) => {
                fetches.push(format!("{counts:?}"));
                if is_good {
                    break;
                }
            }
            Err(error) => fetches.push(pipeline::chain(&error)),
        }
        assert!(fetches.len() < FETCHES_MAX, "run {seed}: {told:?}: {fetches:?}");
    }
    let expected = (0..MAILS).filter(|n| !is_pop3 || is_in_inbox(*n));
    let expected: HashMap<String, usize> =
        expected.map(|n| (archive::sha256(&octets(n)).to_string(), 1)).collect();
    let found = placed(world, account.id);
    let lost = expected.keys().filter(|digest| !found.contains_key(*digest));
    let lost: Vec<usize> = lost
        .filter_map(|lost| (0..MAILS).find(|n| archive::sha256(&octets(*n)).to_string() == *lost))
        .collect();
    let left = world.store().left_out(account.id, 10, 0).unwrap();
    let story = || format!("run {seed}: {told:?}: {fetches:#?}\n{left:#?}");
    assert!(lost.is_empty(), "{lost:?} {}", story());
    assert_eq!(found, expected, "{}", story());
    assert!(left.is_empty(), "{}", story());
}

#[test]
fn nothing_is_lost_or_doubled_over_bad_lines() {
    let server = Server::start();
    let world = World::new();
    let runs = if slow_tests() { 100 } else { 10 };
    for seed in 0..runs {
        run(&world, &server, AccountKind::Imap, seed);
        run(&world, &server, AccountKind::Pop3, 1_000 + seed);
    }
    world.engine.catch_up().unwrap();
    let verified = world.engine.verify(&mut |_| ()).unwrap();
    assert!(verified.faults.is_empty(), "{:?}", verified.faults);
}
