//! The same program with PostgreSQL behind it.

use test_support::Postgres;

use crate::support::{Done, Poststelle, finish, folder, program};

struct Installation<'s> {
    post: Poststelle,
    database: &'s str,
}

impl Installation<'_> {
    fn run(&self, words: &[&str]) -> Done {
        finish(self.post.command(words).env("POSTSTELLE_DATABASE", self.database))
    }
}

#[test]
fn import_search_verify_and_rebuild_on_postgresql() {
    let Some(server) = Postgres::start() else { return };
    let database = server.database("poststelle");
    let installation = Installation { post: Poststelle::new(), database: &database };
    let mails = installation.post.dir.path().join("mails");
    folder(&mails, 300);
    let path = mails.to_str().unwrap();

    let first = installation.run(&["import", "--json", "--account", "box", path]).expect(0).last();
    assert_eq!(first["archived"], 300, "{first}");
    let again = installation.run(&["import", "--json", "--account", "box", path]).expect(0).last();
    assert_eq!((&again["archived"], &again["duplicates"]), (&0.into(), &300.into()), "{again}");

    let rows = installation.run(&["mails", "--jsonl"]).expect(0).rows();
    assert_eq!(rows.len(), 300);
    assert_eq!(installation.run(&["search", "--json", "guten"]).expect(0).last()["total"], 300);
    installation.run(&["verify"]).expect(0);
    installation.run(&["rebuild"]).expect(0);
    assert_eq!(installation.run(&["mails", "--jsonl"]).expect(0).rows(), rows);
    assert_eq!(installation.run(&["search", "--json", "guten"]).expect(0).last()["total"], 300);
    assert!(!installation.post.data().join("poststelle.sqlite").exists());
}

#[test]
fn a_backup_of_postgresql_goes_into_another_database() {
    let Some(server) = Postgres::start() else { return };
    let (database, empty) = (server.database("poststelle"), server.database("restored"));
    let installation = Installation { post: Poststelle::new(), database: &database };
    let mails = installation.post.dir.path().join("mails");
    folder(&mails, 30);
    installation.run(&["import", "--json", mails.to_str().unwrap()]).expect(0);
    let rows = installation.run(&["mails", "--jsonl"]).expect(0).rows();
    installation.run(&["backup", "--to", "backup", "--with-key"]).expect(0);

    let other = Installation { post: Poststelle::new(), database: &empty };
    let backup = installation.post.dir.path().join("backup");
    let restore = |words: &[&str]| {
        let data = other.post.data();
        finish(program().arg("restore").arg("--from").arg(&backup).arg("--data").arg(data).args(words))
    };
    let refused = restore(&[]).expect(1);
    assert!(refused.err.contains("--database"), "{}", refused.err);
    restore(&["--database", &empty]).expect(0);
    assert_eq!(other.run(&["mails", "--jsonl"]).expect(0).rows(), rows);
    other.run(&["verify"]).expect(0);
    // Not twice into the same one.
    std::fs::remove_dir_all(other.post.data()).unwrap();
    restore(&["--database", &empty]).expect(1);
    assert!(!other.post.data().exists());
}

#[test]
fn a_database_that_does_not_answer() {
    let installation =
        Installation { post: Poststelle::new(), database: "postgresql://nobody:secret@127.0.0.1:1/nothing" };
    let done = installation.run(&["import", "--lang", "de", "--json", "/dev/null"]).expect(1);
    assert!(done.err.contains("127.0.0.1") || done.err.contains("Datenbank"), "{}", done.err);
    assert!(!done.err.contains("secret"), "{}", done.err);
}
