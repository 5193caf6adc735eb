//! Mailboxes of Microsoft Graph, from a server written from the public documentation into the archive.

use std::collections::HashMap;
use std::time::Duration;

use connect::{ClientTls, ServerTls, Timeouts, Trust};
use doctor::Reason;
use intake::imap::{Encryption, Options, Selection, Settings};
use intake::{Credential, Login};
use model::{AccountId, Scope};
use pipeline::{Error, Supervisor};
use store::{Account, AccountKind, AfterFetch, Keeping, NewAccount};
use test_support::fixtures::slow_tests;
use test_support::{Certificate, Fault, Graph, Oidc, Proxy, Random, Scratch};
use tokio::net::{TcpListener, TcpStream};
use uuid::Uuid;

use crate::oauth::{link, ours};
use crate::world::{World, now, wait};

const OWNER: &str = "alice";

fn server() -> Graph {
    Graph::start(OWNER, |token| token == "token")
}

fn octets(n: usize, size: usize) -> Vec<u8> {
    let mut text = format!("Message-ID: <{n}@graph.example>\r\nFrom: a@b.example\r\nSubject: {n}\r\n\r\n");
    while text.len() < size {
        text.push_str("Zeile um Zeile, und keine geht verloren.\r\n");
    }
    text.into_bytes()
}

fn settings(port: u16) -> Settings {
    let brief = Duration::from_secs(3);
    Settings {
        host: "127.0.0.1".to_owned(),
        port,
        encryption: Encryption::None,
        tls: ClientTls::new(&Trust::System).unwrap(),
        login: OWNER.to_owned(),
        credential: Login::Known(Credential::Bearer("token".into())),
        options: Options {
            timeouts: Timeouts { connect: brief, ..Timeouts::default() },
            answer_timeout: brief,
            ..Options::default()
        },
    }
}

fn account(world: &World) -> Account {
    let id = AccountId::new(Uuid::now_v7());
    let new = NewAccount {
        name: id.to_string(),
        kind: AccountKind::Graph,
        host: "127.0.0.1".to_owned(),
        login: OWNER.to_owned(),
        ..NewAccount::default()
    };
    world.store().create_account(id, new, now()).unwrap();
    world.store().account(id).unwrap().unwrap()
}

/// How many mails were new, how many known.
fn fetch(world: &World, account: &Account, port: u16) -> Result<(u64, u64), Error> {
    fetch_with(world, account, settings(port))
}

fn fetch_with(world: &World, account: &Account, settings: Settings) -> Result<(u64, u64), Error> {
    let fetched = world.engine.fetch_once(world.runtime(), account, settings, &Selection::All);
    fetched.map(|(counts, _)| (counts.archived, counts.duplicates))
}

/// Where mails lie: digest, and the names of the folders they are in as far as is known.
fn placed(world: &World, account: &Account) -> HashMap<String, Vec<String>> {
    let scope = Scope::accounts(vec![account.id]);
    let (mut placed, mut after) = (HashMap::<String, Vec<String>>::new(), 0);
    while let Some((lines, last)) = world.store().mail_lines(&scope, after, 1000).unwrap() {
        for line in lines {
            let folders = line.placements.iter().map(|placement| placement.mailbox_name.clone());
            placed.entry(line.sha256.to_string()).or_default().extend(folders);
        }
        after = last;
    }
    placed
}

fn live(world: &World, account: &Account, folder: &str) -> Vec<String> {
    let mailboxes = world.store().mailboxes(account.id).unwrap();
    let mailbox = mailboxes.into_iter().find(|mailbox| mailbox.display_name == folder).unwrap();
    world.store().live_names(mailbox.id, "", 1000).unwrap()
}

fn digest(octets: &[u8]) -> String {
    archive::sha256(octets).to_string()
}

#[test]
fn what_is_new_comes_once_and_what_is_gone_is_noted() {
    let (server, world) = (server(), World::new());
    server.page_max(7);
    let below = server.folder("Berichte", Some("inbox"));
    let mails: Vec<Vec<u8>> = (0..30).map(|n| octets(n, if n == 11 { 3_000_000 } else { 200 * n })).collect();
    let place = |n: usize| if n % 8 == 5 { below.as_str() } else { "inbox" };
    let ids: Vec<String> = mails.iter().enumerate().map(|(n, mail)| server.deliver(place(n), mail)).collect();
    let account = account(&world);
    assert_eq!(fetch(&world, &account, server.port()).unwrap(), (30, 0));
    let placed_first = placed(&world, &account);
    assert_eq!(placed_first.len(), 30);
    for (n, mail) in mails.iter().enumerate() {
        let folder = if n % 8 == 5 { "Posteingang/Berichte" } else { "Posteingang" };
        assert_eq!(placed_first[&digest(mail)], [folder], "octet by octet, {n}");
    }
    let downloads = || server.requests().iter().filter(|line| line.ends_with("$value")).count();
    assert_eq!(downloads(), 30);

    // Nothing has changed: nothing is fetched.
    assert_eq!(fetch(&world, &account, server.port()).unwrap(), (0, 0));
    // New, gone, moved, read.
    server.deliver("inbox", &octets(100, 100));
    server.remove(&ids[0]);
    server.move_to(&ids[1], &below);
    server.read(&ids[2]);
    assert_eq!(fetch(&world, &account, server.port()).unwrap(), (1, 1));
    let inbox = live(&world, &account, "Posteingang");
    assert!(!inbox.contains(&ids[0]) && !inbox.contains(&ids[1]) && inbox.contains(&ids[2]));
    assert!(live(&world, &account, "Posteingang/Berichte").contains(&ids[1]));
    assert_eq!(placed(&world, &account).len(), 31, "what has gone there stays here");

    // Links are good no more: all is listed again, and nothing comes twice.
    server.expire_links();
    server.remove(&ids[3]);
    server.deliver("inbox", &octets(101, 100));
    let before = downloads();
    assert_eq!(fetch(&world, &account, server.port()).unwrap(), (1, 0));
    assert_eq!(downloads(), before + 1);
    assert!(!live(&world, &account, "Posteingang").contains(&ids[3]));
    assert!(placed(&world, &account).values().all(|folders| !folders.is_empty()));

    // Nobody told of it: the comparison finds it, and the next run fetches it.
    let silent = server.deliver("inbox", &octets(102, 100));
    server.forget_changes();
    let compare = || {
        let compared =
            world.engine.compare_once(world.runtime(), &account, settings(server.port()), &Selection::All);
        compared.unwrap();
        let ledgers = world.store().ledgers(account.id).unwrap();
        let sum =
            |of: &dyn Fn(&doctor::Tally) -> u64| ledgers.iter().map(|ledger| of(&ledger.tally)).sum::<u64>();
        (sum(&|it| it.source), sum(&|it| it.archived), sum(&|it| it.count(Reason::Pending)))
    };
    assert_eq!(compare(), (31, 30, 1));
    assert_eq!(compare(), (31, 31, 0));
    assert!(live(&world, &account, "Posteingang").contains(&silent));
    world.engine.catch_up().unwrap();
    let verified = world.engine.verify(&mut |_| ()).unwrap();
    assert!(verified.faults.is_empty(), "{:?}", verified.faults);
}

fn fault(random: &mut Random) -> Fault {
    let at = if random.below(2) == 0 { random.below(12_000) } else { random.below(2_000_000) } as usize;
    match random.below(9) {
        0 => Fault::Refuse,
        1..=3 => Fault::Cut(at),
        4 => Fault::CutBefore(random.below(3_000) as usize),
        5 | 6 => Fault::Stall(at),
        7 => Fault::Dawdle(1000 + random.below(8_000) as usize),
        _ => Fault::None,
    }
}

/// Octets that arrive as others, and answers that end early. Over TLS, as with Microsoft: what was changed on the way is not whole.
fn corruption(random: &mut Random) -> Fault {
    let at = if random.below(3) == 0 { random.below(12_000) } else { random.below(2_000_000) } as usize;
    match random.below(8) {
        0 => Fault::Cut(at),
        1 => Fault::None,
        _ => Fault::Corrupt(at),
    }
}

/// The server behind TLS, for as long as this is there.
struct Tls {
    port: u16,
    _files: Scratch,
    _runtime: tokio::runtime::Runtime,
}

fn behind_tls(server: u16, certificate: &Certificate) -> Tls {
    let files = Scratch::new("graph-tls");
    let shown = files.write("certificate.pem", &certificate.certificate);
    let tls = ServerTls::load(&shown, &files.write("key.pem", &certificate.key)).unwrap();
    let tls = tls.for_mail(None).unwrap();
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build().unwrap();
    let listener = runtime.block_on(TcpListener::bind("127.0.0.1:0")).unwrap();
    let port = listener.local_addr().unwrap().port();
    runtime.spawn(async move {
        while let Ok((client, _)) = listener.accept().await {
            let tls = tls.clone();
            tokio::spawn(async move {
                let accepted = tls.accept(client).await;
                let (Ok((mut client, _)), Ok(mut server)) =
                    (accepted, TcpStream::connect(("127.0.0.1", server)).await)
                else {
                    return;
                };
                tokio::io::copy_bidirectional(&mut client, &mut server).await.ok();
            });
        }
    });
    Tls { port, _files: files, _runtime: runtime }
}

#[test]
fn nothing_is_lost_or_doubled_over_bad_lines() {
    let server = server();
    over_bad_lines(&server, server.port(), "http", fault, settings);
}

#[test]
fn nothing_half_is_archived_of_octets_that_were_changed() {
    let server = server();
    let certificate = Certificate::for_names(&["127.0.0.1"]);
    let tls = behind_tls(server.port(), &certificate);
    let trust = ClientTls::new(&Trust::Pem(certificate.certificate)).unwrap();
    over_bad_lines(&server, tls.port, "https", corruption, |port| Settings {
        encryption: Encryption::Tls,
        tls: trust.clone(),
        ..settings(port)
    });
}

/// Fetches all of a mailbox whose first connections are bad, through `port`, until it is whole: each mail with its own octets,
/// once, and nothing else.
fn over_bad_lines(
    server: &Graph,
    port: u16,
    scheme: &str,
    fault: fn(&mut Random) -> Fault,
    settings: impl Fn(u16) -> Settings,
) {
    const FAULTS: usize = 6;
    const FETCHES_MAX: usize = 12;
    let world = World::new();
    server.page_max(9);
    let sent: HashMap<String, Vec<String>> = (0..40)
        .map(|n| {
            let mail = octets(n, if n == 17 { 1_500_000 } else { 200 * n });
            server.deliver("inbox", &mail);
            (digest(&mail), vec!["Posteingang".to_owned()])
        })
        .collect();
    for seed in 0..if slow_tests() { 100 } else { 8 } {
        let mut random = Random(seed);
        let faults: Vec<Fault> = (0..FAULTS).map(|_| fault(&mut random)).collect();
        let told = faults.clone();
        let proxy = Proxy::start(port, move |n| faults.get(n).copied().unwrap_or(Fault::None));
        // Links lead through the bad line again.
        server.links_name(&format!("{scheme}://127.0.0.1:{}", proxy.port()));
        let account = account(&world);
        let mut fetches = Vec::new();
        loop {
            let is_good = proxy.connections() >= FAULTS;
            match fetch_with(&world, &account, settings(proxy.port())) {
                Ok(counts) if is_good => {
                    fetches.push(format!("{counts:?}"));
                    break;
                }
                other => {
                    fetches.push(other.map_or_else(|error| pipeline::chain(&error), |it| format!("{it:?}")));
                }
            }
            assert!(fetches.len() < FETCHES_MAX, "run {seed}: {told:?}: {fetches:#?}");
        }
        // What was given up at first has its turn again.
        fetch_with(&world, &account, settings(proxy.port())).unwrap();
        let found = placed(&world, &account);
        let left = world.store().left_out(account.id, 10, 0).unwrap();
        assert!(
            found == sent && left.is_empty(),
            "run {seed}: {told:?}: {fetches:#?} {left:?} {}",
            found.len()
        );
    }
}

#[test]
fn what_was_fetched_is_marked_moved_or_deleted_there() {
    let (server, world) = (server(), World::new());
    let account = account(&world);
    let keep = |keeping: Keeping| world.store().set_keeping(account.id, keeping, now()).unwrap();
    let folder = || "Archiv/Erledigt".to_owned();
    let old = server.deliver("inbox", &octets(0, 100));
    let sent = server.deliver("sentitems", &octets(1, 100));
    fetch(&world, &account, server.port()).unwrap();
    let place = |id: &str| server.place(id).unwrap();
    assert_eq!(place(&old), ("Posteingang".to_owned(), false), "nothing happens unasked");

    keep(Keeping { fetched: AfterFetch::MarkRead, ..Keeping::default() });
    let marked = server.deliver("inbox", &octets(2, 100));
    fetch(&world, &account, server.port()).unwrap();
    assert_eq!(place(&marked), ("Posteingang".to_owned(), true));

    keep(Keeping { fetched: AfterFetch::Move, fetched_folder: folder(), ..Keeping::default() });
    let moved = server.deliver("inbox", &octets(3, 100));
    fetch(&world, &account, server.port()).unwrap();
    assert_eq!(place(&moved).0, "Archiv/Erledigt");
    // It is known at its new place, and not fetched there.
    let before = server.requests().len();
    fetch(&world, &account, server.port()).unwrap();
    assert!(!server.requests()[before..].iter().any(|line| line.ends_with("$value")));
    assert_eq!(live(&world, &account, "Archiv/Erledigt"), [moved]);

    // The service says no: tried again later, and the others go on.
    keep(Keeping { delete_after_days: Some(0), ..Keeping::default() });
    server.refuse("DELETE", 400, None, 1);
    fetch(&world, &account, server.port()).unwrap();
    let gone = [&old, &marked].into_iter().filter(|id| place(id).0 == "Gelöschte Elemente").count();
    assert_eq!(gone, 1);
    assert_eq!(world.store().source_action_counts(account.id).unwrap(), (1, 0));
    assert_eq!(place(&sent).0, "Gesendete Elemente", "what was sent is never touched");
    assert_eq!(placed(&world, &account).len(), 4);
}

#[test]
fn a_service_that_wants_to_be_left_alone_is() {
    let (server, world) = (server(), World::new());
    server.deliver("inbox", &octets(0, 100));
    let account = account(&world);
    server.refuse("delta", 429, Some(30), 1);
    let port = server.port();
    let resolve = move |_: &pipeline::Engine, _: &Account| Ok((settings(port), Selection::Inbox));
    let supervisor =
        Supervisor::start(world.engine.clone(), world.runtime().clone(), Box::new(resolve)).unwrap();
    let state = || world.store().account(account.id).unwrap().unwrap().state;
    let noted = wait(|| state().filter(|state| state.last_error.is_some()));
    assert_eq!(noted.activity.as_str(), "throttled");
    assert_eq!(noted.last_error.unwrap().class, "throttled");
    let pause = noted.next_action.unwrap().0 - noted.since.0;
    assert!((30_000..=40_000).contains(&pause), "{pause}");
    assert!(!server.requests().iter().any(|line| line.ends_with("$value")));
    // Somebody does not want to wait.
    supervisor.fetch(account.id);
    wait(|| state().filter(|state| state.last_error.is_none() && state.activity.as_str() == "watching"));
    assert_eq!(placed(&world, &account).len(), 1);

    server.refuse("mailFolders", 403, None, 1);
    supervisor.fetch(account.id);
    let refused = wait(|| state().filter(|state| state.last_error.is_some()));
    assert_eq!(
        (refused.activity.as_str(), refused.last_error.unwrap().class.as_str()),
        ("needs_settings", "settings")
    );
    supervisor.stop();
}

#[test]
fn tokens_are_renewed_and_a_lost_consent_waits_for_a_person() {
    let (world, oidc) = (World::new(), Oidc::start());
    let server = Graph::start(OWNER, oidc.introspection());
    server.deliver("inbox", &octets(0, 100));
    let client = ours(&world, &oidc);
    let id = AccountId::new(Uuid::now_v7());
    let new = NewAccount {
        name: OWNER.to_owned(),
        kind: AccountKind::Graph,
        host: "127.0.0.1".to_owned(),
        login: OWNER.to_owned(),
        poll_seconds: 3600,
        oauth: Some(client),
        ..NewAccount::default()
    };
    world.store().create_account(id, new, now()).unwrap();
    let account = || world.store().account(id).unwrap().unwrap();
    assert!(link(&world, &oidc, id, OWNER).unwrap().is_used);
    let graph = server.port();
    let resolve = move |engine: &pipeline::Engine, account: &Account| {
        let credential = Login::Tokens(std::sync::Arc::new(engine.tokens(account)));
        Ok((Settings { credential, ..settings(graph) }, Selection::Inbox))
    };
    let supervisor =
        Supervisor::start(world.engine.clone(), world.runtime().clone(), Box::new(resolve)).unwrap();
    let mails = |n: usize| wait(|| (placed(&world, &account()).len() == n).then_some(()));
    let state = |word: &str| wait(|| account().state.filter(|state| state.activity.as_str() == word));
    mails(1);
    state("watching");

    // The service does not want the token any more, in the middle of it.
    let refreshes = oidc.refreshes();
    server.deliver("inbox", &octets(1, 100));
    server.refuse("delta", 401, None, 1);
    supervisor.fetch(id);
    mails(2);
    assert_eq!(oidc.refreshes(), refreshes + 1);
    state("watching");

    oidc.revoke_all(OWNER);
    supervisor.fetch(id);
    assert_eq!(state("needs_consent").last_error.unwrap().class, "consent");
    server.deliver("inbox", &octets(2, 100));
    assert!(link(&world, &oidc, id, OWNER).unwrap().is_used);
    supervisor.changed(id);
    mails(3);
    supervisor.stop();
}
