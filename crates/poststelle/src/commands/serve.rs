//! `poststelle serve`.

use std::io::Write as _;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::Arc;

use clap::{CommandFactory as _, FromArgMatches as _};
use connect::{ClientTls, FetchLimits, Fetcher, Guard, Trust};
use pipeline::{Engine, OutgoingOptions};
use server::{Bound, ListenError, Options, Parts, StartError, State, TlsFiles};

use super::Context;
use super::Opening;
use crate::background::Tasks;
use crate::cli::{self, Cli};
use crate::config::Config;
use crate::control::{self, Request, Streams};
use crate::deliveries::{self, Deliveries};
use crate::failure::{Failure, chain};
use crate::lang::Lang;
use crate::mailbox_server;

/// Serves until the process is asked to end.
pub fn run(args: &cli::Serve, config: &Config, lang: Lang) -> Result<i32, Failure> {
    super::log_to_stderr(config, "info")?;
    let dir = &args.data.data;
    let options = options(config, dir.clone())?;
    let engine = super::open(dir, config, Opening { create: true, ..Opening::default() })?;
    let served = serve(&engine, options, config, lang);
    engine.close();
    // The socket is ours while the archive's lock is.
    std::fs::remove_file(dir.join(control::NAME)).ok();
    served
}

fn serve(engine: &Engine, options: Options, config: &Config, lang: Lang) -> Result<i32, Failure> {
    let intake = deliveries::settings(config, engine)?;
    let bound = server::bind(&options).map_err(|error| of_listen(&error))?;
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()
        .map_err(|error| Failure::new("storage").with("path", "–").with("reason", error))?;
    let trust = ClientTls::new(&Trust::System)
        .map_err(|error| Failure::new("storage").with("path", "–").with("reason", chain(&error)))?;
    let outgoing = OutgoingOptions {
        resolve: Box::new(mailbox_server::resolve_smtp),
        tls: trust.clone(),
        base: options.public_url.as_ref().map(|url| url.as_str().trim_end_matches('/').to_owned()),
        gather_ms: OutgoingOptions::GATHER_MS,
        quiet_ms: OutgoingOptions::QUIET_MS,
    };
    let tasks = Arc::new(Tasks::start(engine.clone(), runtime.handle().clone(), outgoing)?);
    let fetcher = Fetcher::new(Guard::default(), FetchLimits::default(), trust);
    let background: Arc<dyn server::Background> = Arc::clone(&tasks) as Arc<dyn server::Background>;
    let state = State::new(Parts { engine: engine.clone(), background, fetcher, options })
        .map_err(|error| of_start(&error))?;
    listen_for_commands(engine, &tasks, config)?;
    let deliveries = deliveries::start(engine, runtime.handle(), intake)?;
    greet(engine, &bound, &state, config, &deliveries, lang);
    let ended = runtime.block_on(bound.serve(state, end()));
    let mut err = std::io::stderr();
    writeln!(err, "{}", lang.text("stopping", &[])).ok();
    tasks.stop();
    deliveries.stop();
    runtime.shutdown_timeout(std::time::Duration::from_secs(5));
    deliveries.join();
    ended.map_err(|error| Failure::new("storage").with("path", "–").with("reason", error))?;
    Ok(0)
}

/// What the person who started it should know.
fn greet(
    engine: &Engine,
    bound: &Bound,
    state: &State,
    config: &Config,
    deliveries: &Deliveries,
    lang: Lang,
) {
    let mut lines = Vec::new();
    let recovered = engine.recovered();
    if recovered.adopted + recovered.cut > 0 {
        lines.push(lang.text("recovered", &[("adopted", &recovered.adopted), ("cut", &recovered.cut)]));
    }
    if config.set("master_key_file").is_none() {
        lines.push(
            lang.text(
                "serving-key-beside",
                &[("path", &keys::MasterKey::default_path(engine.dir()).display())],
            ),
        );
    }
    if let Some(code) = state.setup_code() {
        lines.push(lang.text("setup-code", &[("code", &code.expose())]));
    }
    for (protocol, address) in deliveries.addresses() {
        lines.push(lang.text("intake-serving", &[("protocol", protocol), ("address", address)]));
    }
    lines.push(lang.text("serving", &[("url", &bound.url())]));
    // Nobody has to listen.
    writeln!(std::io::stderr(), "{}", lines.join("\n")).ok();
}

async fn end() {
    use tokio::signal::unix::{SignalKind, signal};
    let (Ok(mut terminate), Ok(mut interrupt)) =
        (signal(SignalKind::terminate()), signal(SignalKind::interrupt()))
    else {
        return std::future::pending().await;
    };
    tokio::select! {
        _ = terminate.recv() => {}
        _ = interrupt.recv() => {}
    }
}

fn options(config: &Config, data: PathBuf) -> Result<Options, Failure> {
    let listen = config.get("listen");
    let listen: SocketAddr =
        listen.parse().map_err(|_| Failure::usage("listen-address").with("address", listen))?;
    let tls = match (config.set("tls_cert"), config.set("tls_key")) {
        (Some(certificate), Some(key)) => Some(TlsFiles { certificate: certificate.into(), key: key.into() }),
        (None, None) => None,
        (Some(_), None) => return Err(missing("tls_key")),
        (None, Some(_)) => return Err(missing("tls_cert")),
    };
    let bad = |key: &'static str, reason: String| {
        Failure::usage("config-value").with("key", key).with("value", config.get(key)).with("reason", reason)
    };
    let proxies = config
        .set("trusted_proxy")
        .unwrap_or_default()
        .split(',')
        .map(str::trim)
        .filter(|proxy| !proxy.is_empty());
    let trusted_proxies = proxies
        .map(|proxy| {
            proxy.parse().map_err(|error: server::NetworkError| bad("trusted_proxy", error.to_string()))
        })
        .collect::<Result<_, _>>()?;
    let public_url = config
        .set("public_url")
        .map(|url| url.parse().map_err(|error: url::ParseError| bad("public_url", error.to_string())))
        .transpose()?;
    let uploads = data.join("tmp");
    Ok(Options {
        listen,
        tls,
        trusted_proxies,
        public_url,
        data,
        uploads,
        zone: config.get("time_zone").to_owned(),
        ..Options::default()
    })
}

fn missing(key: &str) -> Failure {
    Failure::usage("usage-missing").with("what", key)
}

fn of_listen(error: &ListenError) -> Failure {
    let value = |name: &str| {
        error.values().into_iter().find(|(n, _)| *n == name).map(|(_, value)| value).unwrap_or_default()
    };
    let address = || value("listen");
    match error {
        ListenError::Unprotected { .. } => Failure::new("listen-public").with("address", address()),
        ListenError::InUse { .. } => Failure::new("listen-in-use").with("address", address()),
        ListenError::Tls(_) => Failure::new("tls-files").with("reason", chain(error)),
        ListenError::Uploads { at, source } => {
            Failure::new("storage").with("path", at.display()).with("reason", source)
        }
        other => Failure::new("listen-failed").with("address", address()).with("reason", chain(other)),
    }
}

fn of_start(error: &StartError) -> Failure {
    Failure::new("storage").with("path", "–").with("reason", chain(error))
}

/// Other commands reach the running server through a socket.
fn listen_for_commands(engine: &Engine, tasks: &Arc<Tasks>, config: &Config) -> Result<(), Failure> {
    let (for_commands, tasks, config) = (engine.clone(), Arc::clone(tasks), config.clone());
    control::listen(engine.dir(), move |request, mut streams| {
        command(&for_commands, &tasks, &config, &request, &mut streams)
    })
    .map_err(|error| {
        Failure::new("storage").with("path", engine.dir().join(control::NAME).display()).with("reason", error)
    })
}

/// Runs a command for a client; gives its exit status.
fn command(
    engine: &Engine,
    tasks: &Tasks,
    config: &Config,
    request: &Request,
    streams: &mut Streams<'_>,
) -> i32 {
    let lang = if request.lang == "de" { Lang::De } else { Lang::En };
    let words = std::iter::once("poststelle".to_owned()).chain(request.arguments.iter().cloned());
    let parsed =
        Cli::command().try_get_matches_from(words).and_then(|matches| Cli::from_arg_matches(&matches));
    let outcome = match parsed {
        Ok(cli) => super::run(&Context { engine, config, lang, tasks: Some(tasks) }, &cli.command, streams),
        // The client has understood it: it is of another version.
        Err(error) => Err(Failure::usage("usage-other").with("reason", error)),
    };
    outcome.unwrap_or_else(|failure| {
        writeln!(streams.err, "poststelle: {}", lang.failure(&failure)).ok();
        failure.status
    })
}
