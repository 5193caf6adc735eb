//! PostgreSQL.

use std::pin::pin;

use connect::{ClientTls, Trust};
use futures_util::StreamExt as _;
use tokio::sync::mpsc::Sender;
use tokio_postgres::{Client, Config, NoTls, SimpleQueryMessage};

use super::{SqlError, SqlItem, SqlServer, SqlTls, hand_over};

/// Tables that the login may change.
const WRITABLE: &str = "SELECT EXISTS (SELECT 1 FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace \
    WHERE c.relkind IN ('r', 'p') AND n.nspname NOT LIKE 'pg\\_%' AND n.nspname <> 'information_schema' \
    AND has_table_privilege(c.oid, 'INSERT, UPDATE, DELETE, TRUNCATE'))";

fn failed(error: &tokio_postgres::Error) -> SqlError {
    if let Some(database) = error.as_db_error() {
        return match database.code().code() {
            "57014" => SqlError::TimedOut { seconds: 0 },
            _ => SqlError::Refused { reason: database.message().to_owned() },
        };
    }
    let mut reason = error.to_string();
    let mut cause = std::error::Error::source(error);
    while let Some(inner) = cause {
        reason = format!("{reason}: {inner}");
        cause = inner.source();
    }
    SqlError::Unreachable { reason }
}

fn tls(trust: &Trust) -> Result<tokio_postgres_rustls::MakeRustlsConnect, SqlError> {
    let tls = ClientTls::new(trust).map_err(|error| SqlError::Tls { reason: error.to_string() })?;
    Ok(tokio_postgres_rustls::MakeRustlsConnect::new((*tls.config()).clone()))
}

async fn connect(server: &SqlServer) -> Result<Client, SqlError> {
    let mut config = Config::new();
    config
        .host(&server.host)
        .port(server.port)
        .dbname(&server.database)
        .user(&server.login)
        .password(server.password.expose())
        .application_name("poststelle")
        .options("-c default_transaction_read_only=on")
        .connect_timeout(server.timeout.min(std::time::Duration::from_secs(20)));
    let trust = match &server.tls {
        SqlTls::None => None,
        SqlTls::System => Some(Trust::System),
        SqlTls::Pem(pem) => Some(Trust::Pem(pem.clone())),
    };
    // The task that serves the connection ends with the client.
    match trust {
        None => {
            config.ssl_mode(tokio_postgres::config::SslMode::Disable);
            let (client, connection) = config.connect(NoTls).await.map_err(|error| failed(&error))?;
            tokio::spawn(connection);
            Ok(client)
        }
        Some(trust) => {
            config.ssl_mode(tokio_postgres::config::SslMode::Require);
            let (client, connection) = config.connect(tls(&trust)?).await.map_err(|error| failed(&error))?;
            tokio::spawn(connection);
            Ok(client)
        }
    }
}

pub(super) async fn read_rows(
    server: &SqlServer,
    sql: &str,
    rows_max: u64,
    send: &Sender<SqlItem>,
) -> Result<(), SqlError> {
    let client = connect(server).await?;
    let limits = format!(
        "BEGIN READ ONLY; SET LOCAL statement_timeout = {}; SET LOCAL standard_conforming_strings = on",
        server.timeout.as_millis().min(86_400_000)
    );
    client.batch_execute(&limits).await.map_err(|error| late(failed(&error), server))?;
    // Prepared, it can be one statement only; what could end the transaction is refused.
    let prepared = client.prepare(sql).await.map_err(|error| late(failed(&error), server))?;
    if prepared.columns().is_empty() {
        return Err(SqlError::Refused { reason: "SELECT".to_owned() });
    }
    let columns = prepared.columns().iter().map(|column| column.name().to_owned()).collect();
    hand_over(send, SqlItem::Columns(columns)).await?;
    // The simple protocol gives every value as text.
    let rows = client.simple_query_raw(sql).await.map_err(|error| late(failed(&error), server))?;
    let mut rows = pin!(rows);
    let mut count = 0;
    while let Some(message) = rows.next().await {
        let message = message.map_err(|error| late(failed(&error), server))?;
        let SimpleQueryMessage::Row(row) = message else { continue };
        count += 1;
        if count > rows_max {
            return Err(SqlError::TooManyRows { rows: rows_max });
        }
        let cells = (0..row.len()).map(|at| row.get(at).unwrap_or_default().to_owned()).collect();
        hand_over(send, SqlItem::Row(cells)).await?;
    }
    Ok(())
}

/// The server's own clock ended it.
fn late(error: SqlError, server: &SqlServer) -> SqlError {
    match error {
        SqlError::TimedOut { .. } => SqlError::TimedOut { seconds: server.timeout.as_secs() },
        other => other,
    }
}

pub(super) async fn may_write(server: &SqlServer) -> Result<bool, SqlError> {
    let client = connect(server).await?;
    let row = client.query_one(WRITABLE, &[]).await.map_err(|error| failed(&error))?;
    row.try_get(0).map_err(|error| failed(&error))
}
