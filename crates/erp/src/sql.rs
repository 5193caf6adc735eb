//! Records from databases: one `SELECT` for each kind, read only, within limits.

mod mysql;
mod postgres;

use std::time::Duration;

use keys::Secret;
use tokio::sync::mpsc::Sender;

/// Programs behind a database.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SqlEngine {
    /// PostgreSQL.
    Postgres,
    /// MySQL or MariaDB.
    Mysql,
}

/// Protection of the connection.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum SqlTls {
    /// None.
    None,
    /// TLS; the certificate comes from a known authority.
    System,
    /// TLS; the certificate is, or comes from, one of these (PEM).
    Pem(String),
}

/// How to reach a database.
#[derive(Debug)]
pub struct SqlServer {
    /// What it is.
    pub engine: SqlEngine,
    /// Name or address; a path is a folder with a socket (PostgreSQL), or a socket (MySQL).
    pub host: String,
    /// Port.
    pub port: u16,
    /// Name of the database.
    pub database: String,
    /// Login name.
    pub login: String,
    /// Password.
    pub password: Secret<String>,
    /// Protection.
    pub tls: SqlTls,
    /// Everything together may take so long.
    pub timeout: Duration,
    /// A statement may give so many rows.
    pub rows_max: u64,
}

/// What a database gives.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum SqlItem {
    /// Names of the columns, before the rows.
    Columns(Vec<String>),
    /// A row; NULL is empty.
    Row(Vec<String>),
}

/// Why a database could not be read, by what one can do about it.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum SqlError {
    /// No connection, or it was lost.
    #[error("the database cannot be reached: {reason}")]
    Unreachable {
        /// In the words of the system or the driver.
        reason: String,
    },
    /// The certificate, or that there is none.
    #[error("TLS: {reason}")]
    Tls {
        /// What is wrong.
        reason: String,
    },
    /// The server refused the login or the statement.
    #[error("the database says: {reason}")]
    Refused {
        /// The server's words.
        reason: String,
    },
    /// It took longer than allowed.
    #[error("no end after {seconds} seconds")]
    TimedOut {
        /// How long was waited.
        seconds: u64,
    },
    /// More rows than allowed.
    #[error("more than {rows} rows")]
    TooManyRows {
        /// How many are.
        rows: u64,
    },
    /// Nobody takes the rows any more.
    #[error("stopped")]
    Stopped,
}

impl SqlError {
    /// Whether the same may succeed later.
    pub const fn is_transient(&self) -> bool {
        matches!(self, Self::Unreachable { .. } | Self::TimedOut { .. })
    }
}

/// Puts a value in the place of `{watermark}`, as a literal of this engine.
pub fn with_watermark(engine: SqlEngine, sql: &str, value: &str) -> String {
    let quoted = value.replace('\0', "").replace('\'', "''");
    let literal = match engine {
        SqlEngine::Postgres => format!("'{quoted}'"),
        SqlEngine::Mysql => format!("'{}'", quoted.replace('\\', "\\\\")),
    };
    sql.replace("{watermark}", &literal)
}

/// A statement without the semicolon at its end.
fn bare(sql: &str) -> &str {
    sql.trim().trim_end_matches(|c: char| c == ';' || c.is_whitespace())
}

/// Reads the rows of one statement in a transaction that can change nothing. Ends when all were sent.
///
/// # Errors
/// [`SqlError`]; rows that were sent before are good.
pub async fn read_rows(
    server: &SqlServer,
    sql: &str,
    rows_max: u64,
    send: Sender<SqlItem>,
) -> Result<(), SqlError> {
    let sql = bare(sql);
    let read = async {
        match server.engine {
            SqlEngine::Postgres => postgres::read_rows(server, sql, rows_max, &send).await,
            SqlEngine::Mysql => mysql::read_rows(server, sql, rows_max, &send).await,
        }
    };
    within(server, read).await
}

/// Whether the login may change anything in the database: it should not.
///
/// # Errors
/// [`SqlError`].
pub async fn may_write(server: &SqlServer) -> Result<bool, SqlError> {
    let asked = async {
        match server.engine {
            SqlEngine::Postgres => postgres::may_write(server).await,
            SqlEngine::Mysql => mysql::may_write(server).await,
        }
    };
    within(server, asked).await
}

async fn within<T>(
    server: &SqlServer,
    work: impl Future<Output = Result<T, SqlError>>,
) -> Result<T, SqlError> {
    let late = SqlError::TimedOut { seconds: server.timeout.as_secs() };
    tokio::time::timeout(server.timeout, work).await.map_err(|_| late)?
}

async fn hand_over(send: &Sender<SqlItem>, item: SqlItem) -> Result<(), SqlError> {
    send.send(item).await.map_err(|_| SqlError::Stopped)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn watermarks_are_literals() {
        let check = |engine, value: &str, expected: &str| {
            assert_eq!(with_watermark(engine, "SELECT {watermark}", value), format!("SELECT {expected}"));
        };
        check(SqlEngine::Postgres, "2026-01-01", "'2026-01-01'");
        check(SqlEngine::Postgres, "x'; DROP TABLE t; --\\", "'x''; DROP TABLE t; --\\'");
        check(SqlEngine::Mysql, "x\\'; DROP", "'x\\\\''; DROP'");
        assert_eq!(bare(" SELECT 1 ; ;\n"), "SELECT 1");
    }
}
