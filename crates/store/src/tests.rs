//! One suite for both engines: each case gets an empty database of each.

mod account_sets;
mod address_search;
mod approvals;
mod cases;
mod correspondence;
mod deletion;
mod doctor;
pub(crate) mod engine;
mod erasures;
mod examination;
mod exclusions;
mod extra_addresses;
mod flow;
mod groups;
mod link_people;
mod links;
mod lists;
mod log_leaves;
mod oauth;
mod opening;
mod outgoing;
mod people;

mod keeping;
mod records;
mod retention;
mod source;
mod standing;
mod statements;
mod suspicions;
mod world;

use engine::Postgres;

/// A case and its name.
type Case = (&'static str, fn(&crate::Store));

fn all() -> Vec<Case> {
    [
        address_search::ALL,
        approvals::ALL,
        cases::ALL,
        correspondence::ALL,
        deletion::ALL,
        examination::ALL,
        exclusions::ALL,
        extra_addresses::ALL,
        doctor::ALL,
        erasures::ALL,
        flow::ALL,
        groups::ALL,
        links::ALL,
        link_people::CASES,
        lists::ALL,
        log_leaves::ALL,
        oauth::ALL,
        outgoing::ALL,
        people::ALL,
        account_sets::ALL,
        keeping::ALL,
        records::ALL,
        retention::ALL,
        source::ALL,
        standing::ALL,
        suspicions::ALL,
    ]
    .concat()
}

#[test]
fn conformance_on_sqlite() {
    for (name, case) in all() {
        eprintln!("case {name}");
        let folder = engine::Folder::new();
        let database = crate::Database::Sqlite { path: folder.path.join("poststelle.db") };
        case(&crate::Store::open(&database).unwrap());
    }
}

#[test]
fn conformance_on_postgres() {
    let Some(server) = Postgres::start() else { return };
    // Migrations take longer than most cases.
    let new = "new";
    drop(crate::Store::open(&server.database(new)).unwrap());
    for (name, case) in all() {
        eprintln!("case {name}");
        let copy = crate::Database::Postgres { url: server.0.copy(name, new), tls: None };
        case(&crate::Store::open(&copy).unwrap());
    }
}
