//! Records from databases, by the command line.

use std::fs;

use test_support::{Mariadb, Postgres};

use crate::support::{Poststelle, finish};

const TABLES: &str = "CREATE TABLE orders (id INT PRIMARY KEY, customer VARCHAR(20), mail VARCHAR(80), placed DATE, \
    state VARCHAR(20), changed INT); \
    INSERT INTO orders VALUES (1, 'K1', 'a@b.example', '2026-03-02', 'open', 9), (2, 'K2', '', NULL, 'done', 10)";

const SELECT: &str = "SELECT id AS number, customer AS contact, mail AS email, placed AS date, state, \
    changed AS watermark FROM orders WHERE changed > {watermark}";

fn check(kind: &str, host: &str, login: &str, run: impl Fn(&str)) {
    run(TABLES);
    let post = Poststelle::new();
    let write = |name: &str, text: &str| fs::write(post.dir.path().join(name), text).unwrap();
    write("orders.sql", SELECT);
    write("columns.sql", "SELECT id AS other FROM orders");
    let erp = |words: &[&str]| post.run(&[&["erp", "source"], words].concat());
    let add = |name: &str, query: &str| {
        let words = [
            "add",
            name,
            "--type",
            kind,
            "--host",
            host,
            "--database",
            "shop",
            "--login",
            login,
            "--tls",
            "none",
            "--query",
            query,
            "--watermark-start",
            "0",
        ];
        let mut command = post.command(&[&["erp", "source"], &words[..]].concat());
        finish(command.env("POSTSTELLE_PASSWORD", "geheim")).expect(0);
    };
    add("shop", "order=orders.sql");
    let tried = erp(&["test", "shop", "--json"]).expect(0).last();
    assert_eq!((&tried["may_write"], &tried["queries"][0]["rows"][0][1]), (&true.into(), &"K1".into()));
    let first = erp(&["run", "shop", "--json"]).expect(0).last();
    assert_eq!((&first["new"], &first["failed"]), (&2.into(), &0.into()));
    // Only what has changed since, compared as numbers; nothing vanishes by that.
    run("UPDATE orders SET state = 'sent', changed = 11 WHERE id = 1");
    let second = erp(&["run", "shop", "--json"]).expect(0).last();
    let sums = (&second["new"], &second["changed"], &second["same"], &second["vanished"]);
    assert_eq!(sums, (&0.into(), &1.into(), &0.into(), &0.into()));
    let third = erp(&["run", "shop", "--json"]).expect(0).last();
    assert_eq!((&third["changed"], &third["same"]), (&0.into(), &0.into()));
    add("other", "order=columns.sql");
    assert!(erp(&["test", "other"]).expect(1).err.contains("number"));
    assert!(erp(&["run", "other"]).expect(1).err.contains("number"));
    let listed = erp(&["list", "--json"]).expect(0);
    let listed = String::from_utf8_lossy(&listed.out);
    assert!(listed.contains("column number is missing"), "{listed}");
    erp(&["remove", "other"]).expect(0);
    erp(&["run", "other"]).expect(1);
    assert!(!String::from_utf8_lossy(&erp(&["list"]).expect(0).out).contains("other"));
}

#[test]
fn from_postgres() {
    let Some(postgres) = Postgres::start() else { return };
    postgres.database("shop");
    let host = postgres.folder().to_str().unwrap();
    check("postgres", host, "postgres", |sql| postgres.run_in("shop", sql));
}

#[test]
fn from_mariadb() {
    let Some(mariadb) = Mariadb::start() else { return };
    mariadb.run("CREATE DATABASE shop");
    mariadb
        .run("CREATE USER writer@localhost IDENTIFIED BY 'geheim'; GRANT ALL ON shop.* TO writer@localhost");
    let socket = mariadb.socket();
    check("mysql", socket.to_str().unwrap(), "writer", |sql| mariadb.run(&format!("USE shop; {sql}")));
}
