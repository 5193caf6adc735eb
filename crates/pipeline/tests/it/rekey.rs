//! A new master key, and interruptions on the way to it.

use std::fs;
use std::path::Path;

use keys::{MasterKey, account_field};
use model::{AccountId, SmtpAccountId};
use pipeline::{Engine, Options, smtp_field};
use store::{NewAccount, NewSmtpAccount};
use tempfile::TempDir;
use uuid::Uuid;

use crate::world::now;

const SECRET: &str = "Geheim";

fn open(dir: &Path) -> Engine {
    Engine::open(dir, &Options { create: true, workers: 1, ..Options::default() }).unwrap()
}

/// What the secrets of both accounts are, as far as the key of now opens them.
fn secrets(engine: &Engine, account: AccountId, smtp: SmtpAccountId) -> [Option<String>; 2] {
    let open = |place: &str, sealed: Option<Vec<u8>>| {
        engine.sealer().open_text(place, &sealed.unwrap()).ok().map(|text| text.expose().clone())
    };
    let store = engine.store();
    [
        open(
            &account_field(account, "password"),
            store.account(account).unwrap().unwrap().settings.credential,
        ),
        open(&smtp_field(smtp), store.smtp_account(smtp).unwrap().unwrap().settings.credential),
    ]
}

#[test]
fn secrets_open_after_a_change_and_after_each_interruption() {
    let dir = TempDir::new().unwrap();
    let at = MasterKey::default_path(dir.path());
    let (account, smtp) = (AccountId::new(Uuid::now_v7()), SmtpAccountId::new(Uuid::now_v7()));
    let engine = open(dir.path());
    let seal = |place: &str| Some(engine.sealer().seal(place, SECRET.as_bytes()).unwrap());
    let credential = seal(&account_field(account, "password"));
    let new = NewAccount { name: "a".to_owned(), credential, ..NewAccount::default() };
    engine.store().create_account(account, new, now()).unwrap();
    let new = NewSmtpAccount {
        name: "s".to_owned(),
        credential: seal(&smtp_field(smtp)),
        ..NewSmtpAccount::default()
    };
    engine.store().create_smtp_account(smtp, new, now()).unwrap();
    let reference = engine.reference().sign(7);
    let first = fs::read(&at).unwrap();
    let good = || [Some(SECRET.to_owned()), Some(SECRET.to_owned())];

    // Killed before the transaction: the old key counts, and the new one is used next time.
    MasterKey::create(&MasterKey::next_path(&at)).unwrap();
    let next = fs::read(MasterKey::next_path(&at)).unwrap();
    engine.close();
    drop(engine);
    let engine = open(dir.path());
    assert_eq!(secrets(&engine, account, smtp), good());
    assert_eq!(engine.rotate_master_key().unwrap(), 2);
    assert_eq!(
        (fs::read(&at).unwrap(), fs::read(MasterKey::old_path(&at)).unwrap()),
        (next.clone(), first.clone())
    );
    assert_eq!(secrets(&engine, account, smtp), [None, None], "this engine has the old key");
    engine.close();
    drop(engine);

    // Killed after the transaction: the files are as they were before.
    fs::rename(&at, MasterKey::next_path(&at)).unwrap();
    fs::rename(MasterKey::old_path(&at), &at).unwrap();
    let engine = open(dir.path());
    assert_eq!(secrets(&engine, account, smtp), good());
    assert_eq!((fs::read(&at).unwrap(), fs::read(MasterKey::old_path(&at)).unwrap()), (next, first));
    assert_eq!(
        engine.reference().verify(&reference),
        Some(7),
        "what was sent before is known when it comes back"
    );
    engine.close();
}
