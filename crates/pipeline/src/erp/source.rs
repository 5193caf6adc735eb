//! What is set for a source of records, and what its runs leave for the next one.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Component, Path, PathBuf};

use model::RecordKind;
use serde::{Deserialize, Serialize};
use store::ErpSource;

use super::dav::{BookState, DavBook};
use crate::engine::Engine;
use crate::error::{Error, Result};
use crate::rekey::erp_field;

/// Settings of a source, as the database keeps them.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ErpOptions {
    /// Others send.
    Rest,
    /// A file.
    File(FileOptions),
    /// A database.
    Sql(SqlOptions),
    /// Address books.
    Dav(DavOptions),
}

/// Address books of a `CardDAV` server.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct DavOptions {
    /// Any address on the server.
    pub url: String,
    /// Login name.
    pub login: String,
    /// Certificates believed, PEM; absent: known authorities.
    #[serde(default)]
    pub ca_pem: Option<String>,
    /// Those to be read; empty: all of the login.
    #[serde(default)]
    pub books: Vec<DavBook>,
    /// A run may take so long, seconds.
    #[serde(default = "timeout")]
    pub timeout_seconds: u32,
    /// An address book may hold so many cards.
    #[serde(default = "cards_max")]
    pub cards_max: usize,
}

impl Default for DavOptions {
    fn default() -> Self {
        Self {
            url: String::new(),
            login: String::new(),
            ca_pem: None,
            books: Vec::new(),
            timeout_seconds: timeout(),
            cards_max: cards_max(),
        }
    }
}

const fn cards_max() -> usize {
    200_000
}

/// A file that is read when it has changed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct FileOptions {
    /// Below the folder `erp` of the data directory.
    pub path: String,
    /// What its rows are: a word of [`RecordKind`].
    pub kind: String,
    /// Which column means what.
    #[serde(default)]
    pub map: String,
    /// It holds a part of the records only: nothing vanishes.
    #[serde(default)]
    pub partial: bool,
}

/// A database server.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct SqlOptions {
    /// Name or address of the server.
    pub host: String,
    /// Its port.
    pub port: u16,
    /// The database.
    pub database: String,
    /// Login name.
    pub login: String,
    /// Protection.
    #[serde(default)]
    pub tls: SqlTls,
    /// At most one for each kind.
    pub queries: Vec<ErpQuery>,
    /// One query may take so long, seconds.
    #[serde(default = "timeout")]
    pub timeout_seconds: u32,
    /// One query may give so many rows.
    #[serde(default = "rows_max")]
    pub rows_max: u64,
}

const fn timeout() -> u32 {
    600
}

const fn rows_max() -> u64 {
    5_000_000
}

/// Protection of the connection to a database.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum SqlTls {
    /// None.
    None,
    /// TLS; the certificate comes from a known authority.
    #[default]
    System,
    /// TLS; the certificate is, or comes from, one of these (PEM).
    CaPem(String),
}

/// A statement that gives records.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ErpQuery {
    /// What its rows are: a word of [`RecordKind`].
    pub kind: String,
    /// One `SELECT`; `{watermark}` stands for the largest value that the column `watermark` had, as a literal.
    pub sql: String,
    /// What `{watermark}` is at first; makes no difference without it.
    #[serde(default)]
    pub watermark_start: String,
}

impl ErpQuery {
    /// The kind, if it is one.
    pub fn kind(&self) -> Option<RecordKind> {
        RecordKind::from_word(&self.kind)
    }

    /// Whether it gives what has changed only.
    pub fn is_partial(&self) -> bool {
        self.sql.contains("{watermark}")
    }
}

/// What a run leaves for the next one.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct SourceState {
    /// Size and time of change of the file when it was looked at last.
    #[serde(default)]
    pub(crate) looked: Option<(u64, i64)>,
    /// The same when it was read last.
    #[serde(default)]
    pub(crate) read: Option<(u64, i64)>,
    /// Largest value of the column `watermark`, by kind.
    #[serde(default)]
    pub(crate) watermarks: BTreeMap<String, String>,
    /// What is known of address books, by path.
    #[serde(default)]
    pub(crate) books: BTreeMap<String, BookState>,
    /// Numbers of contacts that are gone there, and wait for somebody to allow that they vanish.
    #[serde(default)]
    pub(crate) gone: BTreeSet<String>,
}

impl SourceState {
    pub(crate) fn of(source: &ErpSource) -> Self {
        serde_json::from_str(&source.state).unwrap_or_default()
    }

    pub(crate) fn text(&self) -> String {
        serde_json::to_string(self).unwrap_or_default()
    }
}

impl ErpOptions {
    /// As the database keeps them.
    pub fn text(&self) -> String {
        serde_json::to_string(self).unwrap_or_default()
    }

    /// Reads them.
    ///
    /// # Errors
    /// `Erp`.
    pub fn of(source: &ErpSource) -> Result<Self> {
        serde_json::from_str(&source.settings.options).map_err(|error| Error::Erp(error.to_string()))
    }
}

/// The folder that files of sources lie in.
pub fn erp_folder(dir: &Path) -> PathBuf {
    dir.join("erp")
}

/// A file of a source: below the folder, so that the page cannot be used to read other files of the machine.
pub(crate) fn file(engine: &Engine, options: &FileOptions) -> Result<PathBuf> {
    let path = Path::new(options.path.trim());
    let inside = path.components().all(|part| matches!(part, Component::Normal(_)));
    if !inside || path.as_os_str().is_empty() {
        return Err(Error::Erp(format!("{} is no name of a file below the folder erp", path.display())));
    }
    Ok(erp_folder(engine.dir()).join(path))
}

fn password(engine: &Engine, source: &ErpSource) -> Result<keys::Secret<String>> {
    Ok(match &source.settings.credential {
        Some(sealed) => engine.sealer().open_text(&erp_field(source.id), sealed)?,
        None => keys::Secret::new(String::new()),
    })
}

/// How to reach the address books of a source.
pub(crate) fn dav_server(
    engine: &Engine,
    source: &ErpSource,
    options: &DavOptions,
) -> Result<erp::DavServer> {
    Ok(erp::DavServer {
        url: options.url.clone(),
        login: options.login.clone(),
        password: password(engine, source)?,
        trust: options.ca_pem.clone().map_or(connect::Trust::System, connect::Trust::Pem),
        timeout: std::time::Duration::from_secs(u64::from(options.timeout_seconds.clamp(1, 24 * 3600))),
        cards_max: options.cards_max,
    })
}

/// How to reach the database of a source.
pub(crate) fn server(engine: &Engine, source: &ErpSource, options: &SqlOptions) -> Result<erp::SqlServer> {
    let password = password(engine, source)?;
    Ok(erp::SqlServer {
        engine: match source.settings.kind {
            store::ErpSourceKind::Mysql => erp::SqlEngine::Mysql,
            _ => erp::SqlEngine::Postgres,
        },
        host: options.host.clone(),
        port: options.port,
        database: options.database.clone(),
        login: options.login.clone(),
        password,
        tls: match &options.tls {
            SqlTls::None => erp::SqlTls::None,
            SqlTls::System => erp::SqlTls::System,
            SqlTls::CaPem(pem) => erp::SqlTls::Pem(pem.clone()),
        },
        timeout: std::time::Duration::from_secs(u64::from(options.timeout_seconds.clamp(1, 24 * 3600))),
        rows_max: options.rows_max,
    })
}
