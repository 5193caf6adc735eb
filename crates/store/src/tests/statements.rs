//! Every statement is understood by both engines.

use super::engine::{Folder, Postgres};
use crate::db::Db;
use crate::sql::Sql;
use crate::{Database, Store, StoreError};

fn all() -> Vec<&'static Sql> {
    [
        crate::accounts::ALL,
        crate::address_search::ALL,
        crate::addresses::ALL,
        crate::anchoring::ALL,
        crate::api_tokens::ALL,
        crate::approvals::ALL,
        crate::authentications::ALL,
        crate::bounce_rules::ALL,
        crate::changes::ALL,
        crate::clock::ALL,
        crate::detail::ALL,
        crate::entries::ALL,
        crate::erasing::ALL,
        crate::erasures::ALL,
        crate::erp_sources::ALL,
        crate::events::ALL,
        crate::replay::ALL,
        crate::examination::ALL,
        crate::exclusions::ALL,
        crate::exports::ALL,
        crate::feedback::ALL,
        crate::feedback_days::ALL,
        crate::filing::ALL,
        crate::groups::ALL,
        crate::holds::ALL,
        crate::invoices::ALL,
        crate::kept::ALL,
        crate::retention::ALL,
        crate::intake::ALL,
        crate::account_sets::ALL,
        crate::keeping::ALL,
        crate::keys::ALL,
        crate::lists::ALL,
        crate::attachment_files::ALL,
        crate::log_leaves::ALL,
        crate::mailboxes::ALL,
        crate::mailing_lists::ALL,
        crate::marked::ALL,
        crate::manual_queue::ALL,
        crate::notices::ALL,
        crate::oauth_attempts::ALL,
        crate::oauth_clients::ALL,
        crate::oauth_grants::ALL,
        crate::originals::ALL,
        crate::outgoing::ALL,
        crate::people::ALL,
        crate::procedures::ALL,
        crate::shared_objects::ALL,
        crate::placements::ALL,
        crate::conditions::ALL,
        crate::ledgers::ALL,
        crate::record_find::ALL,
        crate::records::ALL,
        crate::remote_storage::ALL,
        crate::rows::ALL,
        crate::rule_firings::ALL,
        crate::import_entries::ALL,
        crate::import_list::ALL,
        crate::documents::ALL,
        crate::extra_addresses::ALL,
        crate::link_acts::ALL,
        crate::link_blocklist::ALL,
        crate::link_statistics::ALL,
        crate::media::ALL,
        crate::message_links::ALL,
        crate::message_states::ALL,
        crate::record_mails::ALL,
        crate::runs::ALL,
        crate::sealed::ALL,
        crate::senders::ALL,
        crate::sessions::ALL,
        crate::sorting::ALL,
        crate::put_back::ALL,
        crate::source_actions::ALL,
        crate::standing_events::ALL,
        crate::standings::ALL,
        crate::settings::ALL,
        crate::smtp_accounts::ALL,
        crate::status::ALL,
        crate::store::ALL,
        crate::streams::ALL,
        crate::suppressions::ALL,
        crate::suspicions::ALL,
        crate::links::ALL,
        crate::tags::ALL,
        crate::thread::ALL,
        crate::webhooks::ALL,
        crate::what_if::ALL,
        crate::work::ALL,
    ]
    .concat()
}

/// The list above forgets no file.
#[test]
fn every_file_is_listed() {
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/src");
    let files = std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
    let sources = files.filter_map(|path| std::fs::read_to_string(path).ok());
    let statements: usize = sources
        .map(|source| match source.split_once("\nstatements! {") {
            Some((_, rest)) => {
                let block = rest.split_once("\n}\n").unwrap().0;
                block
                    .lines()
                    .filter(|line| line.starts_with("    ") && !line.starts_with("     "))
                    .filter(|line| line.trim_start().starts_with(|c: char| c.is_ascii_uppercase()))
                    .count()
            }
            None => 0,
        })
        .sum();
    assert_eq!(all().len(), statements);
}

#[test]
fn sqlite_prepares_every_statement() {
    let folder = Folder::new();
    let path = folder.path.join("poststelle.db");
    drop(Store::open(&Database::Sqlite { path: path.clone() }).unwrap());
    let connection = rusqlite::Connection::open(path).unwrap();
    rusqlite::vtab::array::load_module(&connection).unwrap();
    for sql in all() {
        for text in [sql.sqlite(), sql.sqlite_many()] {
            if let Err(error) = connection.prepare(text) {
                panic!("{}: {error}\n{text}", sql.name);
            }
        }
    }
}

#[test]
fn postgres_prepares_every_statement() {
    let Some(server) = Postgres::start() else { return };
    let store = Store::open(&server.database("statements")).unwrap();
    let Db::Postgres(db) = store.db() else { unreachable!() };
    db.read(&mut |tx| {
        let crate::db::Tx::Postgres(session) = tx else { unreachable!() };
        for sql in all() {
            if let Err(StoreError::Engine { source, .. }) = session.prepare(sql) {
                panic!("{}: {source:?}\n{}", sql.name, sql.postgres());
            }
        }
        Ok(())
    })
    .unwrap();
}
