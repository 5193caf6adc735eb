//! The whole database as of one moment, as a file.

use std::fmt::Write as _;
use std::path::Path;
use std::process::{Command, Stdio};

use rusqlite::{Connection, OpenFlags};
use tokio_postgres::Config;
use tokio_postgres::config::Host;

use crate::error::{Result, StoreError};
use crate::store::{Database, Store};

/// Pages of SQLite copied at a time; readers and the writer go on between them.
const PAGES: i32 = 2000;

impl Store {
    /// Whether the database is a file of SQLite.
    pub fn is_sqlite(&self) -> bool {
        matches!(self.database(), Database::Sqlite { .. })
    }

    /// Writes everything to a new file while others go on: a database of SQLite, or a dump of PostgreSQL in its custom format (by `pg_dump`,
    /// which has to be installed).
    ///
    /// # Errors
    /// Those of the database; `Program` if `pg_dump` is missing or fails, with its words.
    pub fn snapshot(&self, to: &Path) -> Result<()> {
        match self.database() {
            Database::Sqlite { path } => copy(path, to).map_err(|error| StoreError::sqlite("copy", error)),
            Database::Postgres { url, tls } => {
                let mut program = postgres_program("pg_dump", url, tls.is_some()).map_err(program_failed)?;
                program.args(["--format=custom", "--no-owner", "--no-privileges", "--file"]).arg(to);
                run(program).map_err(program_failed)
            }
        }
    }
}

fn program_failed(text: String) -> StoreError {
    StoreError::Program { text }
}

/// Copies a database that is in use. In one read transaction, so that writing never begins the copy anew.
pub(crate) fn copy(from: &Path, to: &Path) -> rusqlite::Result<()> {
    let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let source = Connection::open_with_flags(from, flags)?;
    source.busy_timeout(std::time::Duration::from_secs(10))?;
    source.execute_batch("BEGIN")?;
    source.query_row("SELECT COUNT(*) FROM sqlite_master", [], |_| Ok(()))?;
    let mut target = Connection::open(to)?;
    target.execute_batch("PRAGMA synchronous = OFF")?;
    let copy = rusqlite::backup::Backup::new(&source, &mut target)?;
    while copy.step(PAGES)? != rusqlite::backup::StepResult::Done {}
    drop(copy);
    // One file, without a log beside it.
    target.query_row("PRAGMA journal_mode = DELETE", [], |_| Ok(()))?;
    source.execute_batch("COMMIT")
}

/// Fills an empty PostgreSQL database from a dump, with `pg_restore`.
///
/// # Errors
/// What the program says.
pub fn restore_dump(dump: &Path, url: &str) -> Result<(), String> {
    let mut program = postgres_program("pg_restore", url, false)?;
    program.args(["--no-owner", "--no-privileges", "--exit-on-error", "--single-transaction"]).arg(dump);
    run(program)
}

/// The password goes by the environment, which others cannot see.
fn postgres_program(name: &str, url: &str, tls: bool) -> Result<Command, String> {
    let config: Config = url.parse().map_err(|error: tokio_postgres::Error| error.to_string())?;
    let mut program = Command::new(name);
    let host = config.get_hosts().first().map(|host| match host {
        Host::Tcp(name) => name.clone(),
        Host::Unix(folder) => folder.display().to_string(),
    });
    let mut option = |name: &str, value: Option<String>| {
        if let Some(value) = value {
            program.arg(format!("--{name}={value}"));
        }
    };
    option("host", host);
    option("port", config.get_ports().first().map(u16::to_string));
    option("username", config.get_user().map(str::to_owned));
    option("dbname", config.get_dbname().or(config.get_user()).map(str::to_owned));
    program.arg("--no-password");
    if let Some(password) = config.get_password() {
        program.env("PGPASSWORD", String::from_utf8_lossy(password).into_owned());
    }
    if tls {
        program.env("PGSSLMODE", "require");
    }
    Ok(program)
}

fn run(mut program: Command) -> Result<(), String> {
    let name = program.get_program().to_string_lossy().into_owned();
    let output = program.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::piped()).output();
    let output = output.map_err(|error| format!("{name}: {error}"))?;
    if output.status.success() {
        return Ok(());
    }
    let mut text = format!("{name}: ");
    let _ = write!(text, "{}", String::from_utf8_lossy(&output.stderr).trim());
    Err(text)
}
