//! Migrations: one set of files, turned for each engine, run by refinery.

use std::path::{Path, PathBuf};

use refinery::{Migration, Runner};
use rusqlite::Connection;
use tokio::runtime::Handle;
use tokio_postgres::Client;

use crate::error::{Cause, Result, StoreError, is_full};
use crate::snapshot;

/// Newest format this program knows; the row of table `format`, which the newest migration sets.
pub(crate) const FORMAT: i64 = 30;

/// Name and text, oldest first. Only ever added to.
const MIGRATIONS: &[(&str, &str)] = &[
    ("V0001__accounts", include_str!("../migrations/0001_accounts.sql")),
    ("V0002__mails", include_str!("../migrations/0002_mails.sql")),
    ("V0003__people", include_str!("../migrations/0003_people.sql")),
    ("V0004__log", include_str!("../migrations/0004_log.sql")),
    ("V0005__standing", include_str!("../migrations/0005_standing.sql")),
    ("V0006__outgoing", include_str!("../migrations/0006_outgoing.sql")),
    ("V0007__source", include_str!("../migrations/0007_source.sql")),
    ("V0008__address_parts", include_str!("../migrations/0008_address_parts.sql")),
    ("V0009__oauth", include_str!("../migrations/0009_oauth.sql")),
    ("V0010__examination", include_str!("../migrations/0010_examination.sql")),
    ("V0011__doctor", include_str!("../migrations/0011_doctor.sql")),
    ("V0012__import_entries", include_str!("../migrations/0012_import_entries.sql")),
    ("V0013__keeping", include_str!("../migrations/0013_keeping.sql")),
    ("V0014__exclusions", include_str!("../migrations/0014_exclusions.sql")),
    ("V0015__graph", include_str!("../migrations/0015_graph.sql")),
    ("V0016__records", include_str!("../migrations/0016_records.sql")),
    ("V0017__links", include_str!("../migrations/0017_links.sql")),
    ("V0018__erp_sources", include_str!("../migrations/0018_erp_sources.sql")),
    ("V0019__link_batches", include_str!("../migrations/0019_link_batches.sql")),
    ("V0020__groups", include_str!("../migrations/0020_groups.sql")),
    ("V0021__tokens", include_str!("../migrations/0021_tokens.sql")),
    ("V0022__record_documents", include_str!("../migrations/0022_record_documents.sql")),
    ("V0023__shared_objects", include_str!("../migrations/0023_shared_objects.sql")),
    ("V0024__log_leaves", include_str!("../migrations/0024_log_leaves.sql")),
    ("V0025__suspicions", include_str!("../migrations/0025_suspicions.sql")),
    ("V0026__retention", include_str!("../migrations/0026_retention.sql")),
    ("V0027__erasures", include_str!("../migrations/0027_erasures.sql")),
    ("V0028__audit", include_str!("../migrations/0028_audit.sql")),
    ("V0029__replay", include_str!("../migrations/0029_replay.sql")),
    ("V0030__remote_storage", include_str!("../migrations/0030_remote_storage.sql")),
    ("V0031__correspondence", include_str!("../migrations/0031_correspondence.sql")),
    ("V0032__attachment_files", include_str!("../migrations/0032_attachment_files.sql")),
    ("V0033__anchoring", include_str!("../migrations/0033_anchoring.sql")),
];

/// What SQLite reads: its four storage classes, strict tables, clustered ones without a rowid.
fn for_sqlite(text: &str) -> String {
    text.replace("BIGINT", "INTEGER")
        .replace("SMALLINT", "INTEGER")
        .replace("BYTEA", "BLOB")
        .replace("DOUBLE PRECISION", "REAL")
        .replace("\n);", "\n) STRICT;")
        .replace("\n) CLUSTERED;", "\n) STRICT, WITHOUT ROWID;")
}

/// What PostgreSQL reads: text compared by octets, as SQLite does, whatever the locale of the cluster.
fn for_postgres(text: &str) -> String {
    text.replace(" TEXT", " TEXT COLLATE \"C\"").replace("\n) CLUSTERED;", "\n);")
}

fn runner(turn: fn(&str) -> String) -> Runner {
    let migrations: Vec<Migration> = MIGRATIONS
        .iter()
        .map(|(name, text)| Migration::unapplied(name, &turn(text)).expect("names are of refinery's form"))
        .collect();
    Runner::new(&migrations).set_grouped(true)
}

fn check(format: Option<i64>, database: &str) -> Result<()> {
    match format {
        Some(found) if found > FORMAT => {
            Err(StoreError::Newer { database: database.to_owned(), found, known: FORMAT })
        }
        _ => Ok(()),
    }
}

fn failed(database: &str, source: impl Into<Cause>) -> StoreError {
    let source = source.into();
    let mut cause: Option<&(dyn std::error::Error + 'static)> = Some(source.as_ref());
    while let Some(error) = cause {
        if error.downcast_ref::<rusqlite::Error>().is_some_and(is_full) {
            return StoreError::DiskFull(source);
        }
        cause = error.source();
    }
    StoreError::Damaged { database: database.to_owned(), source }
}

/// Brings an SQLite database to the present format; refuses a newer one untouched.
pub(crate) fn sqlite(connection: &mut Connection, database: &str) -> Result<()> {
    let engine = |error| StoreError::sqlite("format", error).of_database(database);
    let tables: i64 = connection
        .query_row("SELECT COUNT(*) FROM sqlite_master WHERE name = 'format'", [], |row| row.get(0))
        .map_err(engine)?;
    if tables > 0 {
        let found = connection
            .query_row("SELECT MAX(version) FROM format", [], |row| row.get::<_, Option<i64>>(0))
            .map_err(engine)?;
        check(found, database)?;
        if found == Some(FORMAT) {
            return Ok(());
        }
        if let (Some(found), Some(path)) = (found, connection.path().filter(|path| !path.is_empty())) {
            let kept = PathBuf::from(format!("{path}.format-{found}"));
            snapshot::copy(Path::new(path), &kept).map_err(|error| failed(database, error))?;
        }
    }
    runner(for_sqlite).run(connection).map_err(|error| failed(database, error))?;
    Ok(())
}

/// Brings a PostgreSQL database to the present format; refuses a newer one untouched.
pub(crate) fn postgres(handle: &Handle, client: &mut Client, database: &str) -> Result<()> {
    let engine = |error| StoreError::postgres("format", error).of_database(database);
    // Two processes that start at once migrate one after the other.
    let lock = "SELECT pg_advisory_lock(7304881)";
    handle.block_on(client.batch_execute(lock)).map_err(engine)?;
    let tables = "SELECT COUNT(*) FROM pg_class WHERE relname = 'format' AND pg_table_is_visible(oid)";
    let tables: i64 = handle.block_on(client.query_one(tables, &[])).map_err(engine)?.get(0);
    let mut current = false;
    if tables > 0 {
        let row =
            handle.block_on(client.query_one("SELECT MAX(version) FROM format", &[])).map_err(engine)?;
        let found: Option<i64> = row.get(0);
        check(found, database)?;
        current = found == Some(FORMAT);
    }
    if !current {
        handle.block_on(runner(for_postgres).run_async(client)).map_err(|error| failed(database, error))?;
    }
    handle.block_on(client.batch_execute("SELECT pg_advisory_unlock(7304881)")).map_err(engine)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// `schema.sql` is the sum of the migrations as SQLite keeps it. `UPDATE=1` writes it anew.
    #[test]
    fn schema_is_the_sum() {
        let mut connection = Connection::open_in_memory().unwrap();
        sqlite(&mut connection, "memory").unwrap();
        let mut statement = connection
            .prepare(
                "SELECT sql || ';' FROM sqlite_master WHERE sql IS NOT NULL \
                 AND name NOT LIKE 'refinery%' AND name NOT LIKE 'sqlite_%' \
                 ORDER BY tbl_name, type DESC, name",
            )
            .unwrap();
        let rows = statement.query_map([], |row| row.get::<_, String>(0)).unwrap();
        let sum = rows.map(|row| row.unwrap() + "\n").collect::<String>();
        let sum = format!(
            "-- Generated from migrations/ (UPDATE=1 cargo test -p store); as SQLite keeps it.\n{sum}"
        );
        let path = concat!(env!("CARGO_MANIFEST_DIR"), "/schema.sql");
        if std::env::var_os("UPDATE").is_some() {
            std::fs::write(path, &sum).unwrap();
        }
        assert_eq!(std::fs::read_to_string(path).unwrap_or_default(), sum);
    }

    /// Addresses that were there before searches within them are found by the same parts as new ones.
    #[test]
    fn addresses_of_an_older_database_get_their_parts() {
        let mut connection = Connection::open_in_memory().unwrap();
        runner(for_sqlite).set_target(refinery::Target::Version(7)).run(&mut connection).unwrap();
        let addresses = [
            "anna.maria-schmidt@mail.kunde.example",
            "o'neil+news@verein.example",
            "..seltsam__name@x.example",
            "jürgen.müller@bücher.example",
            "ohne-domain",
        ];
        let insert = "INSERT INTO standings (key, folded, list, state, reason, failures, soft_recent, hard, weight, \
             total, last) VALUES (?1, ?2, 0, 0, 0, 0, 0, 0, 0, 1, 1)";
        for (key, address) in addresses.iter().enumerate() {
            connection.execute(insert, (key as i64 + 1, address)).unwrap();
        }
        sqlite(&mut connection, "memory").unwrap();
        let mut statement =
            connection.prepare("SELECT part FROM address_parts WHERE standing = ?1 ORDER BY part").unwrap();
        for (key, address) in addresses.iter().enumerate() {
            let rows = statement.query_map([key as i64 + 1], |row| row.get::<_, String>(0)).unwrap();
            let filled: Vec<String> = rows.map(|row| row.unwrap()).collect();
            let expected: Vec<&str> = crate::address_search::parts(address).into_iter().collect();
            assert_eq!(filled, expected, "{address}");
            assert!(!filled.is_empty());
        }
    }

    const CONTACTS: &str = "INSERT INTO contacts (key, number, name, active, extra, updated, vanished) VALUES \
        (7, 'k-1 ö', 'ÄRGER GmbH', 1, '{}', 5, NULL), (9, 'k2', '', 0, '{\"a\":1}', 6, 8); \
        INSERT INTO contact_addresses (contact, n, folded) VALUES (7, 0, 'a@b.example'), (7, 1, 'c@b.example'); \
        UPDATE counters SET value = 9 WHERE name = 'row'";
    /// Contacts of format 12 as records.
    fn records_of_contacts(store: &crate::Store) {
        let records = store.records_changed(0, 10).unwrap();
        let numbers: Vec<_> =
            records.iter().map(|known| (known.key.0, known.change_seq, known.vanished)).collect();
        assert_eq!(numbers, [(7, 1, false), (9, 2, true)]);
        let mut first = crate::Record::new(model::RecordKind::Contact, "k-1 ö");
        first.name = "ÄRGER GmbH".to_owned();
        first.addresses = vec!["a@b.example".to_owned(), "c@b.example".to_owned()];
        assert_eq!(records[0].record, first);
        let mut last = crate::Record::new(model::RecordKind::Contact, "k2");
        (last.active, last.extra) = (false, "{\"a\":1}".to_owned());
        assert_eq!(records[1].record, last);
        for text in ["K1Ö", "ärger", "c@b"] {
            assert_eq!(store.find_records(text, None, 5).unwrap(), records[..1], "{text}");
        }
        first.number = "new".to_owned();
        store.put_records(vec![first], 0, model::UnixMillis(9)).unwrap();
        assert_eq!(store.records_changed(2, 10).unwrap()[0].change_seq, 3);
    }

    /// Mails that were there before the log get their leaves afterwards, some at a time.
    #[test]
    fn mails_of_an_older_database_get_their_leaves() {
        let folder = crate::tests::engine::Folder::new();
        let path = folder.path.join("poststelle.db");
        let mut connection = Connection::open(&path).unwrap();
        runner(for_sqlite).set_target(refinery::Target::Version(19)).run(&mut connection).unwrap();
        connection
            .execute_batch(
                "INSERT INTO segments (key, segment_id, committed, sealed) VALUES (1, zeroblob(16), 900, 0);
                 WITH RECURSIVE n(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM n WHERE n < 1500)
                 INSERT INTO objects (seq, object_id, segment, at, len, octets, sha256)
                 SELECT n, randomblob(16), 1, n * 10, 10, 7, randomblob(32) FROM n;
                 INSERT INTO mails (seq, mail_id, stage, change_seq, unread, attachments, defects)
                 SELECT seq, randomblob(16), 0, 0, 0, 0, 0 FROM objects",
            )
            .unwrap();
        drop(connection);
        let store = crate::Store::open(&crate::Database::Sqlite { path }).unwrap();
        let mut counts = Vec::new();
        while counts.last() != Some(&0) {
            counts.push(store.backfill_leaves(model::UnixMillis(3)).unwrap());
        }
        assert_eq!(counts, [1000, 500, 0]);
        assert_eq!(store.leaf_count().unwrap(), 1500);
        assert!(store.leaves(0, 2000).unwrap().iter().all(|leaf| leaf.kind == 1 && leaf.subject.is_some()));
    }

    #[test]
    fn contacts_become_records() {
        let target = refinery::Target::Version(15);
        let folder = crate::tests::engine::Folder::new();
        let path = folder.path.join("poststelle.db");
        let mut connection = Connection::open(&path).unwrap();
        runner(for_sqlite).set_target(target).run(&mut connection).unwrap();
        connection.execute_batch(CONTACTS).unwrap();
        drop(connection);
        records_of_contacts(&crate::Store::open(&crate::Database::Sqlite { path }).unwrap());
        let Some(server) = crate::tests::engine::Postgres::start() else { return };
        let database = server.database("contacts");
        let crate::Database::Postgres { url, .. } = &database else { unreachable!() };
        let runtime = tokio::runtime::Runtime::new().unwrap();
        runtime.block_on(async {
            let (mut client, connection) = tokio_postgres::connect(url, tokio_postgres::NoTls).await.unwrap();
            let served = tokio::spawn(connection);
            runner(for_postgres).set_target(target).run_async(&mut client).await.unwrap();
            client.batch_execute(CONTACTS).await.unwrap();
            drop(client);
            served.await.unwrap().unwrap();
        });
        records_of_contacts(&crate::Store::open(&database).unwrap());
    }

    #[test]
    fn newer_format_is_refused() {
        let mut connection = Connection::open_in_memory().unwrap();
        sqlite(&mut connection, "memory").unwrap();
        connection.execute("UPDATE format SET version = 99", []).unwrap();
        let error = sqlite(&mut connection, "memory").unwrap_err();
        assert!(matches!(error, StoreError::Newer { found: 99, known: FORMAT, .. }));
    }
}
