//! Records from real databases.
#![expect(clippy::unwrap_used, reason = "tests stop at the first surprise")]

use std::time::Duration;

use erp::{SqlEngine, SqlError, SqlItem, SqlServer, SqlTls, may_write, read_rows};
use keys::Secret;
use test_support::{Certificate, Mariadb, Postgres};
use tokio::sync::mpsc;

const TABLES: &str = "CREATE TABLE customers (id INT PRIMARY KEY, name VARCHAR(80), mail VARCHAR(80), since DATE, \
    amount DECIMAL(10,2), changed TIMESTAMP); \
    INSERT INTO customers VALUES (1, 'Müller', 'a@b.example;c@b.example', '2026-03-02', 12.50, '2026-03-02 09:00:00'), \
    (2, NULL, '', NULL, NULL, '2026-03-03 09:00:00')";

fn server(engine: SqlEngine, host: &str, login: &str, password: &str) -> SqlServer {
    SqlServer {
        engine,
        host: host.to_owned(),
        port: 5432,
        database: "shop".to_owned(),
        login: login.to_owned(),
        password: Secret::new(password.to_owned()),
        tls: SqlTls::None,
        timeout: Duration::from_mins(1),
        rows_max: 100,
    }
}

async fn all(server: &SqlServer, sql: &str, rows_max: u64) -> Result<Vec<SqlItem>, SqlError> {
    let (send, mut receive) = mpsc::channel(10);
    let collect = async {
        let mut items = Vec::new();
        while let Some(item) = receive.recv().await {
            items.push(item);
        }
        items
    };
    let (read, items) = tokio::join!(read_rows(server, sql, rows_max, send), collect);
    read.map(|()| items)
}

fn cells(cells: &[&str]) -> Vec<String> {
    cells.iter().map(|cell| (*cell).to_owned()).collect()
}

async fn check(root: &SqlServer, reader: &SqlServer, sleep: &str) {
    let select = "SELECT id AS number, name, mail AS email, since, amount FROM customers ORDER BY id;";
    let expected = [
        SqlItem::Columns(cells(&["number", "name", "email", "since", "amount"])),
        SqlItem::Row(cells(&["1", "Müller", "a@b.example;c@b.example", "2026-03-02", "12.50"])),
        SqlItem::Row(cells(&["2", "", "", "", ""])),
    ];
    assert_eq!(all(reader, select, 100).await.unwrap(), expected);
    assert!(may_write(root).await.unwrap());
    assert!(!may_write(reader).await.unwrap());
    // Whatever the login may, nothing is changed, and one statement is one.
    for sql in [
        "DELETE FROM customers",
        "INSERT INTO customers (id) VALUES (9)",
        "DROP TABLE customers",
        "SELECT 1; DELETE FROM customers",
        "COMMIT",
        "SELECT nothing FROM nowhere",
        "",
    ] {
        let refused = all(root, sql, 100).await.unwrap_err();
        assert!(matches!(refused, SqlError::Refused { .. }), "{sql}: {refused:?}");
    }
    assert_eq!(all(root, select, 2).await.unwrap(), expected);
    let many = all(root, select, 1).await.unwrap_err();
    assert!(matches!(many, SqlError::TooManyRows { rows: 1 }), "{many:?}");
    let hurried = SqlServer {
        timeout: Duration::from_secs(1),
        password: Secret::new(root.password.expose().clone()),
        host: root.host.clone(),
        database: root.database.clone(),
        login: root.login.clone(),
        tls: SqlTls::None,
        ..*root
    };
    let late = all(&hurried, sleep, 100).await.unwrap_err();
    assert!(matches!(late, SqlError::TimedOut { seconds: 1 }), "{late:?}");
    let nobody = server(root.engine, &root.host, "nobody", "x");
    assert!(matches!(all(&nobody, select, 1).await.unwrap_err(), SqlError::Refused { .. }));
    let nowhere = server(root.engine, "/nowhere", "x", "x");
    assert!(matches!(all(&nowhere, select, 1).await.unwrap_err(), SqlError::Unreachable { .. }));
}

#[tokio::test]
async fn postgres() {
    let Some(postgres) = Postgres::start() else { return };
    postgres.database("shop");
    postgres.run_in("shop", TABLES);
    postgres.run_in("shop", "CREATE ROLE reader LOGIN; GRANT SELECT ON customers TO reader");
    let host = postgres.folder().to_str().unwrap();
    let of = |login| server(SqlEngine::Postgres, host, login, "");
    check(&of("postgres"), &of("reader"), "SELECT pg_sleep(60)").await;
}

#[tokio::test]
async fn mariadb() {
    let Some(mariadb) = Mariadb::start() else { return };
    mariadb.run("CREATE DATABASE shop CHARACTER SET utf8mb4");
    mariadb.run(&format!("SET NAMES utf8mb4; USE shop; {TABLES}"));
    mariadb.run(
        "CREATE USER reader@localhost IDENTIFIED BY 'geheim'; GRANT SELECT ON shop.* TO reader@localhost",
    );
    let socket = mariadb.socket();
    let host = socket.to_str().unwrap();
    let root = server(SqlEngine::Mysql, host, "root", "");
    check(&root, &server(SqlEngine::Mysql, host, "reader", "geheim"), "SELECT SLEEP(60)").await;
}

/// Over TLS with an authority of one's own; without it, with another one, for another name, or unprotected: not.
async fn check_tls(engine: SqlEngine, port: u16, login: &str, password: &str, authority: &str) {
    let of = |host: &str, tls: SqlTls| SqlServer { port, tls, ..server(engine, host, login, password) };
    let select = "SELECT 1 AS number";
    let trusted = of("127.0.0.1", SqlTls::Pem(authority.to_owned()));
    let expected = [SqlItem::Columns(cells(&["number"])), SqlItem::Row(cells(&["1"]))];
    assert_eq!(all(&trusted, select, 10).await.unwrap(), expected);
    let (other, _) = Certificate::by_own_authority(&["127.0.0.1"]);
    let other_name = of("localhost", SqlTls::Pem(authority.to_owned()));
    for (refused, what) in [
        (of("127.0.0.1", SqlTls::Pem(other)), "another authority"),
        (of("127.0.0.1", SqlTls::System), "known authorities"),
        (other_name, "another name"),
        (of("127.0.0.1", SqlTls::None), "no TLS"),
    ] {
        let error = all(&refused, select, 10).await.unwrap_err();
        assert!(
            matches!(error, SqlError::Tls { .. } | SqlError::Unreachable { .. } | SqlError::Refused { .. }),
            "{what}: {error:?}"
        );
    }
}

#[tokio::test]
async fn postgres_over_tls() {
    let (authority, certificate) = Certificate::by_own_authority(&["127.0.0.1"]);
    let Some((postgres, port)) = Postgres::with_tls(&certificate) else { return };
    postgres.database("shop");
    check_tls(SqlEngine::Postgres, port, "postgres", "", &authority).await;
}

#[tokio::test]
async fn mariadb_over_tls() {
    let (authority, certificate) = Certificate::by_own_authority(&["127.0.0.1"]);
    let Some((mariadb, port)) = Mariadb::with_tls(&certificate) else { return };
    mariadb.run("CREATE DATABASE shop");
    mariadb.run(
        "CREATE USER reader@'127.0.0.1' IDENTIFIED BY 'geheim'; GRANT SELECT ON shop.* TO reader@'127.0.0.1'",
    );
    check_tls(SqlEngine::Mysql, port, "reader", "geheim", &authority).await;
}
