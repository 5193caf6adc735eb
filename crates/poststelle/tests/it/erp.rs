//! Records from databases, by the command line.

use std::fs;

use test_support::{Mariadb, Postgres, Radicale};

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

/// Contacts of a real `CardDAV` server: added, changed and removed there, found here; many do not vanish unasked.
#[test]
fn address_books() {
    let radicale = Radicale::start();
    radicale.add_book("/eva/kunden/", "Kunden");
    let card = |n: u32, name: &str| {
        let text = format!(
            "BEGIN:VCARD\r\nVERSION:3.0\r\nUID:k{n}\r\nFN:{name}\r\nN:{name};;;;\r\nEMAIL:k{n}@kunde.example\r\nEND:VCARD\r\n"
        );
        radicale.put(&format!("/eva/kunden/{n}.vcf"), &text);
    };
    (0..8).for_each(|n| card(n, "Eva"));
    let post = Poststelle::new();
    let erp = |words: &[&str]| post.run(&[&["erp", "source"], words].concat());
    let url = radicale.url();
    let mut add =
        post.command(&["erp", "source", "add", "buch", "--type", "carddav", "--url", &url, "--login", "eva"]);
    finish(add.env("POSTSTELLE_PASSWORD", "secret")).expect(0);
    let tried = erp(&["test", "buch", "--json"]).expect(0).last();
    assert_eq!(tried["books"], serde_json::json!([{"path": "/eva/kunden/", "name": "Kunden"}]));
    assert_eq!((&tried["queries"][0]["rows"][0][1], &tried["ok"]), (&"Eva".into(), &true.into()));
    let run = |words: &[&str], status: i32, expected: [u64; 4]| {
        let ran = erp(&[&["run", "buch", "--json"], words].concat()).expect(status).last();
        let sums = ["new", "changed", "vanished", "held"].map(|name| ran[name].as_u64().unwrap());
        assert_eq!(sums, expected, "{ran}");
    };
    run(&[], 0, [8, 0, 0, 0]);
    run(&[], 0, [0, 0, 0, 0]);
    card(8, "Neu");
    card(2, "Anders");
    radicale.remove("/eva/kunden/7.vcf");
    run(&[], 0, [1, 1, 1, 0]);
    (0..4).for_each(|n| radicale.remove(&format!("/eva/kunden/{n}.vcf")));
    radicale.forget_tokens();
    run(&[], 1, [0, 0, 0, 4]);
    // It asks until somebody allows it; what comes back meanwhile does not vanish.
    card(0, "Eva");
    run(&[], 1, [0, 0, 0, 3]);
    run(&["--allow-vanish"], 0, [0, 0, 3, 0]);
    run(&[], 0, [0, 0, 0, 0]);
    let listed = erp(&["list", "--json"]).expect(0).last();
    assert_eq!((&listed["type"], &listed["last"]["error"]), (&"carddav".into(), &"".into()));
}
