//! MySQL and MariaDB.

use mysql_async::prelude::Queryable as _;
use mysql_async::{Conn, Error, OptsBuilder, Row, SslOpts, Value};
use tokio::sync::mpsc::Sender;

use super::{SqlError, SqlItem, SqlServer, SqlTls, hand_over};
use crate::csv;

/// Rights that change something.
const WRITING: [&str; 12] = [
    "ALL",
    "INSERT",
    "UPDATE",
    "DELETE",
    "CREATE",
    "DROP",
    "ALTER",
    "INDEX",
    "TRIGGER",
    "SUPER",
    "FILE",
    "GRANT OPTION",
];

fn failed(error: &Error, server: &SqlServer) -> SqlError {
    match error {
        // Ended by the server's own clock: MySQL, MariaDB.
        Error::Server(refused) if matches!(refused.code, 3024 | 1969) => {
            SqlError::TimedOut { seconds: server.timeout.as_secs() }
        }
        Error::Server(refused) => SqlError::Refused { reason: refused.message.clone() },
        Error::Io(mysql_async::IoError::Tls(fault)) => SqlError::Tls { reason: fault.to_string() },
        other => SqlError::Unreachable { reason: other.to_string() },
    }
}

async fn connect(server: &SqlServer) -> Result<Conn, SqlError> {
    let mut options = OptsBuilder::default()
        .user(Some(server.login.clone()))
        .pass(Some(server.password.expose().clone()))
        .db_name(Some(server.database.clone()))
        .prefer_socket(false);
    options = if server.host.starts_with('/') {
        options.socket(Some(server.host.clone()))
    } else {
        options.ip_or_hostname(server.host.clone()).tcp_port(server.port)
    };
    options = match &server.tls {
        SqlTls::None => options,
        SqlTls::System => options.ssl_opts(SslOpts::default()),
        SqlTls::Pem(pem) => options.ssl_opts(
            SslOpts::default()
                .with_root_certs(vec![pem.clone().into_bytes().into()])
                .with_disable_built_in_roots(true),
        ),
    };
    let at_most = server.timeout.min(std::time::Duration::from_secs(20));
    let connected = tokio::time::timeout(at_most, Conn::new(options)).await;
    let late = |_| SqlError::TimedOut { seconds: at_most.as_secs() };
    let mut conn = connected.map_err(late)?.map_err(|error| failed(&error, server))?;
    // Each of the two knows one of these only.
    let ms = server.timeout.as_millis();
    conn.query_drop(format!("SET SESSION max_execution_time = {ms}")).await.ok();
    conn.query_drop(format!("SET SESSION max_statement_time = {}", server.timeout.as_secs())).await.ok();
    for limit in [
        "SET SESSION sql_mode = REPLACE(@@sql_mode, 'NO_BACKSLASH_ESCAPES', '')",
        "SET SESSION TRANSACTION READ ONLY",
    ] {
        conn.query_drop(limit).await.map_err(|error| failed(&error, server))?;
    }
    Ok(conn)
}

fn cell(value: Option<Value>) -> String {
    match value {
        None | Some(Value::NULL) => String::new(),
        Some(Value::Bytes(octets)) => csv::text(&octets),
        Some(other) => other.as_sql(false).trim_matches('\'').to_owned(),
    }
}

pub(super) async fn read_rows(
    server: &SqlServer,
    sql: &str,
    rows_max: u64,
    send: &Sender<SqlItem>,
) -> Result<(), SqlError> {
    let failed = |error: Error| failed(&error, server);
    let mut conn = connect(server).await?;
    conn.query_drop("START TRANSACTION READ ONLY").await.map_err(failed)?;
    // Prepared, it can be one statement only; what could end the transaction is refused.
    let prepared = conn.prep(sql).await.map_err(failed)?;
    if prepared.columns().is_empty() {
        return Err(SqlError::Refused { reason: "SELECT".to_owned() });
    }
    let columns = prepared.columns().iter().map(|column| column.name_str().into_owned()).collect();
    conn.close(prepared).await.map_err(failed)?;
    hand_over(send, SqlItem::Columns(columns)).await?;
    // The text protocol gives every value as text.
    let mut rows = conn.query_iter(sql).await.map_err(failed)?;
    let mut count = 0;
    while let Some(mut row) = rows.next().await.map_err(failed)? {
        count += 1;
        if count > rows_max {
            return Err(SqlError::TooManyRows { rows: rows_max });
        }
        let cells = (0..row.len()).map(|at| cell(row.take(at))).collect();
        hand_over(send, SqlItem::Row(cells)).await?;
    }
    drop(rows);
    conn.disconnect().await.map_err(failed)
}

pub(super) async fn may_write(server: &SqlServer) -> Result<bool, SqlError> {
    let mut conn = connect(server).await?;
    let grants: Vec<Row> = conn.query("SHOW GRANTS").await.map_err(|error| failed(&error, server))?;
    let grants = grants.into_iter().map(|mut row| cell(row.take(0)));
    Ok(grants.into_iter().any(|grant| writes(&grant)))
}

/// Whether a line of `SHOW GRANTS` gives a right that changes something.
fn writes(grant: &str) -> bool {
    let upper = grant.to_uppercase();
    let Some(rights) = upper.strip_prefix("GRANT ").and_then(|rest| rest.split(" ON ").next()) else {
        return false;
    };
    rights.split(',').any(|right| WRITING.iter().any(|writing| right.trim().starts_with(writing)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn grants() {
        assert!(writes("GRANT ALL PRIVILEGES ON *.* TO `root`@`localhost` WITH GRANT OPTION"));
        assert!(writes("GRANT SELECT, UPDATE (`a`) ON `erp`.`t` TO `x`@`%`"));
        assert!(!writes("GRANT USAGE ON *.* TO `insert`@`%` IDENTIFIED BY PASSWORD 'UPDATE'"));
        assert!(!writes("GRANT SELECT, SHOW VIEW ON `update`.* TO `x`@`%`"));
    }
}
