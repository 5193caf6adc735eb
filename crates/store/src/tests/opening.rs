//! Databases that cannot be used, and disks that fill up.

use model::Scope;

use super::engine::{Folder, Postgres};
use super::world::*;
use crate::db::Tx;
use crate::migrate::FORMAT;
use crate::{Database, Intake, ListFilter, Store, StoreError};

fn sqlite(folder: &Folder) -> Database {
    Database::Sqlite { path: folder.path.join("poststelle.db") }
}

#[test]
fn what_was_written_is_there_again() {
    let folder = Folder::new();
    let store = Store::open(&sqlite(&folder)).unwrap();
    account(&store, 1);
    fill(&store, 1, 0..20);
    let clone = store.clone();
    store.close();
    assert!(matches!(clone.set_setting("a".to_owned(), None), Err(StoreError::Closed)));
    drop((store, clone));
    let store = Store::open(&sqlite(&folder)).unwrap();
    assert_eq!(subjects(&store, &scope(&[1]), &ListFilter::default()).len(), 20);
    assert_eq!(fill(&store, 1, 20..21), [21]);
}

#[test]
fn newer_format_is_named() {
    let folder = Folder::new();
    let newer = |store: Store| {
        store
            .write(|tx| match tx {
                Tx::Sqlite(connection) => {
                    connection.execute("UPDATE format SET version = 99", []).unwrap();
                    Ok(())
                }
                Tx::Postgres(session) => session.run("UPDATE format SET version = 99"),
            })
            .unwrap();
    };
    let check = |database: &Database| {
        newer(Store::open(database).unwrap());
        let error = Store::open(database).err().unwrap();
        assert!(matches!(error, StoreError::Newer { found: 99, known: FORMAT, .. }), "{error}");
        assert!(!error.is_transient());
    };
    check(&sqlite(&folder));
    if let Some(server) = Postgres::start() {
        check(&server.database("newer"));
        let Database::Postgres { url, .. } = server.database("x") else { unreachable!() };
        let missing = Database::Postgres { url: url.replace("/x", "/missing"), tls: None };
        let error = Store::open(&missing).err().unwrap();
        assert!(matches!(&error, StoreError::Unreachable { database, .. } if database.ends_with("/missing")));
    }
}

#[test]
fn no_database_of_ours() {
    let folder = Folder::new();
    std::fs::write(
        folder.path.join("poststelle.db"),
        "this is a text, and quite a long one, that is no database".repeat(40),
    )
    .unwrap();
    let error = Store::open(&sqlite(&folder)).err().unwrap();
    assert!(
        matches!(&error, StoreError::Damaged { database, .. } if database.ends_with("poststelle.db")),
        "{error}"
    );
    let nowhere = Database::Sqlite { path: folder.path.join("missing/poststelle.db") };
    let error = Store::open(&nowhere).err().unwrap();
    assert!(matches!(error, StoreError::Unreachable { .. }), "{error}");
    for url in ["postgres://x@127.0.0.1:1/y?connect_timeout=2", "nonsense"] {
        let error = Store::open(&Database::Postgres { url: url.to_owned(), tls: None }).err().unwrap();
        assert!(matches!(error, StoreError::Unreachable { .. }) && error.is_transient(), "{error}");
    }
}

/// Nothing of a batch is kept when the disk is full, and it goes on when there is room.
#[test]
fn full_disk() {
    let folder = Folder::new();
    let store = Store::open(&sqlite(&folder)).unwrap();
    account(&store, 1);
    fill(&store, 1, 0..50);
    let limit = |pages: i64| {
        store
            .write(move |tx| {
                let Tx::Sqlite(connection) = tx else { unreachable!() };
                let now: i64 = connection.query_row("PRAGMA page_count", [], |row| row.get(0)).unwrap();
                let pragma = format!("PRAGMA max_page_count = {}", now + pages);
                connection.query_row(&pragma, [], |row| row.get::<_, i64>(0)).unwrap();
                Ok(())
            })
            .unwrap();
    };
    limit(3);
    let batch = || Intake {
        items: (50..450).map(|n| item(n, 1, n as u32 + 1)).collect(),
        now: NOW,
        ..Intake::default()
    };
    let error = store.commit_intake(batch()).unwrap_err();
    assert!(matches!(error, StoreError::DiskFull(_)) && error.is_transient(), "{error}");
    assert_eq!(store.counters().unwrap().received, 0);
    limit(10_000);
    store.commit_intake(batch()).unwrap();
    assert_eq!(store.counters().unwrap().received, 400);
    assert_eq!(store.count(&Scope::All, &ListFilter::default()).unwrap(), 50);
}

/// A panic in a write is the caller's; the writer goes on.
#[test]
fn panic_in_a_write() {
    let folder = Folder::new();
    let store = Store::open(&sqlite(&folder)).unwrap();
    let result = store.write_batch(|tx| -> crate::Result<()> {
        crate::store::take(tx, "row", 5)?;
        panic!("on purpose");
    });
    assert!(matches!(result, Err(StoreError::Closed)));
    let row = store.write(|tx| crate::store::take(tx, "row", 1)).unwrap();
    assert_eq!(row, 1);
}

/// The log is moved into the file while the store is open, and is empty after it is closed.
#[test]
fn log_is_moved() {
    let folder = Folder::new();
    let store = Store::open(&sqlite(&folder)).unwrap();
    let size = |name: &str| std::fs::metadata(folder.path.join(name)).map_or(0, |file| file.len());
    let before = size("poststelle.db");
    let mut round = 0;
    // 2,000 pages are 8 MB: some rounds until the other thread has been asked and is done.
    while size("poststelle.db") < before + (4 << 20) {
        let value = "x".repeat(1 << 20);
        store.set_setting(format!("s{}", round % 16), Some(value)).unwrap();
        round += 1;
        assert!(round < 10_000, "the log is never moved");
    }
    store.close();
    assert_eq!(size("poststelle.db-wal"), 0);
}
