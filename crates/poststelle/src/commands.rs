//! The commands, one file each.

pub mod account;
mod account_exclude;
mod account_oauth;
mod account_set;
mod account_sort;
mod attachments;
pub mod backup;
pub mod classify;
pub mod config;
pub mod doctor;
mod document;
mod erase;
pub mod erp;
mod erp_source;
pub mod explain;
mod export;
mod group;
pub mod import;
pub mod imports;
pub mod key;
pub mod link;
pub mod listings;
mod mail_files;
pub mod parse;
mod proof;
mod put_back;
mod retention;
pub mod search;
pub mod serve;
pub mod show;
pub mod user;
pub mod verify;

use std::io::Read;
use std::path::{Path, PathBuf};

use intake::files::Reason;
use jiff::tz::TimeZone;
use model::UnixMillis;
use pipeline::{Engine, Options};
use store::Database;

use crate::background::Tasks;
use crate::cli::{AccountAction, Command, ErpAction, ErpSourceAction, KeyAction, OauthAction, UserAction};
use crate::config::Config;
use crate::control::Streams;
use crate::failure::Failure;
use crate::lang::Lang;

/// Octets of a password read from standard input.
const PASSWORD_OCTETS_MAX: u64 = 4096;

/// The data directory a command works on.
pub fn data(command: &Command) -> &Path {
    match command {
        Command::Serve(args) => &args.data.data,
        Command::Import(args) => &args.data.data,
        Command::Imports(args) => &args.data.data,
        Command::Threads(args) => &args.data.data,
        Command::Search(args) => &args.data.data,
        Command::Show(args) => &args.data.data,
        Command::Mails(args) => &args.data.data,
        Command::Export(args) => &args.data.data,
        Command::Backup(args) => &args.data.data,
        Command::Verify(args) => &args.data.data,
        Command::Document(args) => &args.data.data,
        Command::Doctor(args) => &args.data.data,
        Command::Proof(args) => &args.data.data,
        Command::Log(args) => &args.data.data,
        Command::Erase(args) => &args.data.data,
        Command::Person(args) => &args.data.data,
        Command::PutBack(args) => &args.data.data,
        Command::Attachments(args) => &args.data.data,
        Command::Rebuild(args) => &args.data,
        Command::Erp(args) => &args.data.data,
        Command::Link(args) => &args.data.data,
        Command::Account(args) => &args.data.data,
        Command::Key(args) => &args.data.data,
        Command::User(args) => &args.data.data,
        Command::Group(args) => &args.data.data,
        Command::Retention(args) => &args.data.data,
        Command::Config(args) => &args.data.data,
        Command::Classify(_)
        | Command::Explain(_)
        | Command::Parse(_)
        | Command::Restore(_)
        | Command::Child => Path::new("."),
    }
}

/// Whether a command makes the data directory.
pub fn creates(command: &Command) -> bool {
    match command {
        Command::Import(_) | Command::Serve(_) | Command::Erp(_) => true,
        Command::Account(args) => matches!(
            args.action,
            AccountAction::Add(_) | AccountAction::Oauth { action: OauthAction::Service(_) }
        ),
        Command::User(args) => matches!(args.action, UserAction::Add { .. }),
        _ => false,
    }
}

/// Whether a command reads standard input; passwords only if the environment has none.
pub fn reads_input(command: &Command, has_password: bool) -> bool {
    match command {
        Command::Import(args) => args.paths.iter().any(|path| path.as_os_str() == "-"),
        Command::Link(args) => args.paths.iter().any(|path| path.as_os_str() == "-"),
        Command::Account(args) => {
            !has_password
                && match &args.action {
                    AccountAction::Add(add) => add.oauth.is_none(),
                    AccountAction::Oauth { action: OauthAction::Service(service) } => !service.no_secret,
                    _ => false,
                }
        }
        Command::Erp(args) => {
            !has_password
                && matches!(&args.action, ErpAction::Source { action: ErpSourceAction::Add(add) }
                    if matches!(add.source.as_str(), "postgres" | "mysql"))
        }
        Command::Key(args) => matches!(args.action, KeyAction::Check),
        Command::User(args) => {
            !has_password && matches!(args.action, UserAction::Add { .. } | UserAction::Password { .. })
        }
        _ => false,
    }
}

/// How a command opens the data directory.
#[derive(Clone, Copy, Debug, Default)]
pub struct Opening {
    /// Makes it if it is missing.
    pub create: bool,
    /// Begins the search index anew.
    pub recreate_index: bool,
    /// Takes in a great deal of mail and does nothing else.
    pub bulk: bool,
}

/// Opens the data directory.
pub fn open(dir: &Path, config: &Config, how: Opening) -> Result<Engine, Failure> {
    let options = Options {
        create: how.create,
        database: database(config)?,
        master_key_file: config.set("master_key_file").map(PathBuf::from),
        workers: number(config, "workers")?,
        child: Some(vec!["child".to_owned()]),
        recreate_index: how.recreate_index,
        batch_octets: if how.bulk { pipeline::BATCH_OCTETS_ALONE } else { pipeline::BATCH_OCTETS },
        doctor: limits(config)?,
        connections_per_server: number(config, "connections_per_server")?,
        segment_octets_max: (number(config, "segment_megabytes")? as u64).clamp(1, 4096) << 20,
        immutable: switch(config, "immutable_segments")?,
        octets_per_day: (number(config, "megabytes_per_day")? as u64).saturating_mul(1_000_000),
    };
    Ok(Engine::open(dir, &options)?)
}

/// `true` or `false`.
fn switch(config: &Config, key: &str) -> Result<bool, Failure> {
    config.get(key).parse().map_err(|error| bad_value(config, key, &error))
}

fn number(config: &Config, key: &str) -> Result<usize, Failure> {
    config.get(key).parse().map_err(|error| bad_value(config, key, &error))
}

/// From when on something is said to be wrong.
fn limits(config: &Config) -> Result<::doctor::Limits, Failure> {
    let minutes = i64::try_from(number(config, "silent_minutes")?).unwrap_or(i64::MAX);
    let silent_ms = (minutes > 0).then(|| minutes.saturating_mul(60_000));
    let room_octets = (number(config, "disk_low_megabytes")? as u64).saturating_mul(1 << 20);
    let days = i64::try_from(number(config, "backup_days")?).unwrap_or(i64::MAX);
    let backup_ms = days.saturating_mul(86_400_000);
    Ok(::doctor::Limits { silent_ms, room_octets, backup_ms, ..::doctor::Limits::default() })
}

fn bad_value(config: &Config, key: &str, reason: &dyn std::fmt::Display) -> Failure {
    Failure::usage("config-value").with("key", key).with("value", config.get(key)).with("reason", reason)
}

fn database(config: &Config) -> Result<Option<Database>, Failure> {
    let Some(url) = config.set("database") else { return Ok(None) };
    if !url.starts_with("postgres://") && !url.starts_with("postgresql://") {
        // Not the value itself: it may hold a password.
        let reason = "postgresql://user:password@host/name";
        return Err(Failure::usage("config-value")
            .with("key", "database")
            .with("value", "…")
            .with("reason", reason));
    }
    let tls = if url.contains("sslmode=require") { Some(database_tls(config)?.config()) } else { None };
    Ok(Some(Database::Postgres { url: url.to_owned(), tls }))
}

fn database_tls(config: &Config) -> Result<connect::ClientTls, Failure> {
    let trust = match config.set("database_ca") {
        Some(path) => connect::Trust::Pem(
            std::fs::read_to_string(path).map_err(|error| bad_value(config, "database_ca", &error))?,
        ),
        None => connect::Trust::System,
    };
    connect::ClientTls::new(&trust).map_err(|error| bad_value(config, "database_ca", &error))
}

/// The zone of dates in queries.
pub fn zone(config: &Config) -> Result<TimeZone, Failure> {
    TimeZone::get(config.get("time_zone")).map_err(|error| bad_value(config, "time_zone", &error))
}

/// Starts logging to standard error. Later calls change nothing.
pub fn log_to_stderr(config: &Config, default: &str) -> Result<(), Failure> {
    let filter = config.set("log").filter(|_| config.is_set_by_person("log")).unwrap_or(default);
    let filter =
        tracing_subscriber::EnvFilter::try_new(filter).map_err(|error| bad_value(config, "log", &error))?;
    let builder = tracing_subscriber::fmt().with_env_filter(filter).with_writer(std::io::stderr);
    // Whoever is second keeps the first's.
    match config.get("log_format") {
        "json" => builder.json().try_init().ok(),
        "text" => builder.try_init().ok(),
        _ => return Err(bad_value(config, "log_format", &"text, json")),
    };
    Ok(())
}

/// What a command works with.
pub struct Context<'a> {
    /// The open data directory.
    pub engine: &'a Engine,
    /// Settings.
    pub config: &'a Config,
    /// Language of messages.
    pub lang: Lang,
    /// What goes on behind the server, if the command runs in one.
    pub tasks: Option<&'a Tasks>,
}

/// Runs a command on an open engine: here, or in the server for a client.
pub fn run(context: &Context<'_>, command: &Command, streams: &mut Streams<'_>) -> Result<i32, Failure> {
    let Context { engine, config, lang, .. } = *context;
    match command {
        Command::Import(args) => import::run(engine, args, lang, streams),
        Command::Imports(args) => imports::run(engine, args, lang, streams),
        Command::Threads(_) => listings::threads(engine, streams),
        Command::Search(args) => search::run(engine, args, config, streams),
        Command::Show(args) => show::run(engine, args, streams),
        Command::Mails(args) => listings::mails(engine, args, config, streams),
        Command::Export(args) => export::run(engine, args, config, lang, streams),
        Command::Document(args) => document::run(engine, args, config, lang, streams),
        Command::Backup(args) => backup::run(engine, args, lang, streams),
        Command::Verify(args) => verify::verify(engine, args, lang, streams),
        Command::Doctor(args) => doctor::run(engine, args, lang, streams),
        Command::Proof(args) => proof::proof(engine, args, lang, streams),
        Command::Log(args) => proof::log(engine, args, lang, streams),
        Command::Erase(args) => erase::erase(engine, args, lang, streams),
        Command::PutBack(args) => put_back::run(engine, args, config, lang, streams),
        Command::Attachments(args) => attachments::run(engine, args, lang, streams),
        Command::Person(args) => erase::person(engine, args, lang, streams),
        Command::Rebuild(_) => verify::rebuild(engine, lang, streams),
        Command::Erp(args) => erp::run(engine, args, lang, streams),
        Command::Link(args) => link::run(engine, args, lang, streams),
        Command::Account(args) => account::run(context, args, streams),
        Command::Key(args) => key::run(context, &args.action, streams),
        Command::User(args) => user::run(engine, args, lang, streams),
        Command::Group(args) => group::run(context, args, streams),
        Command::Retention(args) => retention::run(context, args, streams),
        Command::Serve(_) => Err(Failure::new("data-in-use").with("dir", engine.dir().display())),
        Command::Config(_)
        | Command::Classify(_)
        | Command::Explain(_)
        | Command::Parse(_)
        | Command::Restore(_)
        | Command::Child => Err(Failure::usage("usage-other").with("reason", "–")),
    }
}

/// A time as rows show it: `2026-03-02T09:00:00Z`.
pub fn when(at: UnixMillis) -> String {
    let timestamp = jiff::Timestamp::from_second(at.seconds());
    timestamp.map_or_else(|_| String::new(), |timestamp| timestamp.strftime("%Y-%m-%dT%H:%M:%SZ").to_string())
}

/// Why something did not become a mail, for people.
pub fn reason_text(reason: &Reason, lang: Lang) -> String {
    match reason.parameter() {
        Some((name, value)) => lang.text(reason.key(), &[(name, &value)]),
        None => lang.text(reason.key(), &[]),
    }
}

/// The password for a new account or user: from the environment, or the first line of standard input.
pub fn password(streams: &mut Streams<'_>) -> Result<keys::Secret<String>, Failure> {
    if let Some(password) = streams.password.take().filter(|password| !password.is_empty()) {
        return Ok(keys::Secret::new(password));
    }
    let mut text = String::new();
    (&mut streams.input).take(PASSWORD_OCTETS_MAX).read_to_string(&mut text)?;
    match text.lines().next() {
        Some(line) if !line.is_empty() => Ok(keys::Secret::new(line.to_owned())),
        _ => Err(Failure::new("password-missing")),
    }
}
