//! Mails are put back into a mailbox of a real Dovecot: once, with their flags and times, whatever else is in the way.

use std::path::Path;

use intake::files::Source;
use intake::imap::{Selection, Settings};
use model::{AccountId, MailId, Scope};
use pipeline::{Asked, Engine, Error, Import, Person, PutBackOf};
use store::{Account, AccountKind, ListFilter, ListOrder, ListStart, NewAccount, SourceState};
use test_support::Dovecot;
use test_support::dovecot::Setup;
use uuid::Uuid;

use crate::world::{World, alice_over_tls as settings, now, write};

fn octets(n: usize, body: &str) -> Vec<u8> {
    format!(
        "Message-ID: <{n}@back.example>\r\nFrom: eva@kunde.example\r\nSubject: Mail {n}\r\n\r\n{body}\r\n"
    )
    .into_bytes()
}

fn account(world: &World, name: &str, kind: AccountKind) -> Account {
    let id = AccountId::new(Uuid::now_v7());
    let new =
        NewAccount { name: name.to_owned(), kind, host: "localhost".to_owned(), ..NewAccount::default() };
    world.store().create_account(id, new, now()).unwrap();
    world.store().account(id).unwrap().unwrap()
}

fn fetch(world: &World, account: &Account, settings: Settings) {
    world.engine.fetch_once(world.runtime(), account, settings, &Selection::All).unwrap();
    world.engine.catch_up().unwrap();
}

fn all(world: &World) -> Vec<store::MessageRow> {
    let page =
        world.store().list(&Scope::All, &ListFilter::default(), ListOrder::Descending, ListStart::Top, 100);
    page.unwrap().rows
}

fn search(query: &str) -> PutBackOf {
    PutBackOf::Search(Asked { query: query.to_owned(), ..Asked::default() })
}

fn put(engine: &Engine, of: &PutBackOf, account: AccountId, folder: &str) -> Result<u64, Error> {
    engine.put_back(&Scope::All, of, account, folder, &Person::command_line())
}

fn with_lf(octets: &[u8]) -> Vec<u8> {
    String::from_utf8_lossy(octets).replace("\r\n", "\n").into_bytes()
}

/// Flags and octets, sorted; Dovecot keeps lines with LF.
fn files(folder: &Path) -> Vec<(String, Vec<u8>)> {
    let mut found = Vec::new();
    for part in ["cur", "new"] {
        for entry in std::fs::read_dir(folder.join(part)).into_iter().flatten() {
            let path = entry.unwrap().path();
            let name = path.file_name().unwrap().to_string_lossy().into_owned();
            let flags = name.rsplit_once(":2,").map_or("", |(_, flags)| flags).to_owned();
            found.push((flags, with_lf(&std::fs::read(&path).unwrap())));
        }
    }
    found.sort();
    found
}

#[test]
fn mails_go_back_into_a_mailbox_once() {
    let mut dovecot = Dovecot::with(Setup::default());
    let long = "Zeile\r\n".repeat(60_000);
    for (n, flags) in [(1, "S"), (2, "F"), (3, "")] {
        dovecot.deliver("alice", "INBOX", &octets(n, if n == 2 { &long } else { "kurz" }), flags);
    }
    let (world, port) = (World::new(), dovecot.imaps_port());
    let ours = account(&world, "info", AccountKind::Imap);
    let error = put(&world.engine, &search("mail"), ours.id, "Zurück").unwrap_err();
    assert!(matches!(error, Error::PutBack("put-back-never-fetched")), "{error}");
    fetch(&world, &ours, settings(&dovecot, port));
    // One that never lay there, with the line ends of files.
    let dir = tempfile::TempDir::new().unwrap();
    write(
        &dir.path().join("4.eml"),
        "Message-ID: <4@back.example>\nFrom: eva@kunde.example\nSubject: Mail 4\n\nText\n",
    );
    let files_account = world.engine.account_or_import("alt").unwrap();
    let sources = vec![Source { path: dir.path().to_owned(), name: None }];
    let import = Import { account: files_account, sources, directory: None, run: None };
    world.engine.import(&import, &mut std::io::empty(), &false.into(), &mut |_| ()).unwrap();
    world.engine.catch_up().unwrap();

    for (folder, account, expected) in [
        (" ", ours.id, "put-back-folder"),
        ("a\nb", ours.id, "put-back-folder"),
        ("Zurück", files_account, "put-back-not-imap"),
    ] {
        let error = put(&world.engine, &search("mail"), account, folder).unwrap_err();
        assert!(matches!(error, Error::PutBack(found) if found == expected), "{error}");
    }
    assert!(matches!(put(&world.engine, &search("after:nie"), ours.id, "x"), Err(Error::Query(_))));

    let back = dovecot.maildir("alice").join(".Archiv.Zur&APw-ck");
    assert_eq!(put(&world.engine, &search("from:eva"), ours.id, "Archiv/Zurück").unwrap(), 4);
    assert_eq!(world.store().source_action_counts(ours.id).unwrap(), (4, 0));
    fetch(&world, &ours, settings(&dovecot, port));
    let lying = files(&back);
    let fourth = b"Message-ID: <4@back.example>\nFrom: eva@kunde.example\nSubject: Mail 4\n\nText\n".to_vec();
    let mut expected = vec![
        ("S".to_owned(), with_lf(&octets(1, "kurz"))),
        ("F".to_owned(), with_lf(&octets(2, &long))),
        (String::new(), with_lf(&octets(3, "kurz"))),
        (String::new(), fourth),
    ];
    expected.sort();
    assert_eq!(lying, expected);
    assert_eq!(world.store().source_action_counts(ours.id).unwrap(), (0, 0));
    let done = world.store().source_actions(ours.id, SourceState::Done, None, 10).unwrap();
    assert!(done.iter().all(|row| row.action.as_str() == "put_back" && row.error.is_empty()), "{done:?}");
    // The log says so, and what lies there now is no new message.
    fetch(&world, &ours, settings(&dovecot, port));
    let events = world.store().leaves(0, 1000).unwrap();
    assert_eq!(events.iter().filter(|row| row.kind == ledger::Kind::Restored.code()).count(), 1);
    let mine: Vec<MailId> = all(&world).iter().map(|row| row.mail_id).collect();
    // Asked for again, by name: they stay the only ones.
    assert!(put(&world.engine, &PutBackOf::Mails(mine), ours.id, "Archiv/Zurück").unwrap() >= 4);
    fetch(&world, &ours, settings(&dovecot, port));
    assert_eq!(files(&back), expected);
}
