//! The command line and the server binary: wires the crates together, and nothing else knows the settings.
#![expect(unreachable_pub, reason = "a binary has no outside")]

mod background;
mod cli;
mod commands;
mod config;
mod control;
mod deliveries;
mod failure;
mod lang;
mod mailbox_server;

use std::ffi::OsString;
use std::io::{self, IsTerminal as _, Write as _};
use std::path::Path;
use std::process::ExitCode;

use clap::{CommandFactory as _, FromArgMatches as _};

use crate::cli::{Cli, Command};
use crate::commands::{Context, Opening};
use crate::config::Config;
use crate::control::{Request, Streams};
use crate::failure::{Failure, USAGE};
use crate::lang::Lang;

/// Signal of a process that writes beyond a limit on file sizes.
const SIGXFSZ: i32 = 25;

fn main() -> ExitCode {
    survive_file_limits();
    let arguments = cli::options_first(std::env::args_os().collect());
    let lang = wanted_lang(&arguments).unwrap_or_else(|| Lang::from_locale(|name| std::env::var(name).ok()));
    let status = match parsed(&arguments, lang) {
        Ok(cli) => {
            share_memory(&arguments);
            run(&cli, &arguments, lang)
        }
        Err(status) => status,
    };
    ExitCode::from(u8::try_from(status).unwrap_or(1))
}

/// The C library gives each thread memory of its own and keeps what was freed there. Measured: a first fetch takes 116 MB
/// with two shared pieces and 159 MB without, at the same speed. It reads the setting only when a process begins.
fn share_memory(arguments: &[OsString]) {
    use std::os::unix::process::CommandExt as _;
    const SETTING: &str = "MALLOC_ARENA_MAX";
    if !cfg!(target_env = "gnu") || std::env::var_os(SETTING).is_some() {
        return;
    }
    let (Ok(program), Some((name, rest))) = (std::env::current_exe(), arguments.split_first()) else {
        return;
    };
    // Comes back only if it did not work; then it goes on as it is.
    let error = std::process::Command::new(program).arg0(name).args(rest).env(SETTING, "2").exec();
    tracing::debug!(%error, "memory is not shared between threads");
}

/// A limit on file sizes is to be an error that is told, like a full disk, and not the end of the process.
fn survive_file_limits() {
    use tokio::signal::unix::{SignalKind, signal};
    let Ok(runtime) = tokio::runtime::Builder::new_current_thread().enable_io().build() else { return };
    let _inside = runtime.enter();
    // The handler stays when the runtime is gone.
    if signal(SignalKind::from_raw(SIGXFSZ)).is_err() {
        tracing::warn!("a limit on file sizes will end the process");
    }
}

/// `--lang` as far as it can be seen before the command line is understood, so that even its errors are in that language.
fn wanted_lang(arguments: &[OsString]) -> Option<Lang> {
    let words: Vec<&str> = arguments.iter().filter_map(|word| word.to_str()).collect();
    let value = words.iter().find_map(|word| word.strip_prefix("--lang="));
    let next = words.windows(2).find(|pair| pair[0] == "--lang").map(|pair| pair[1]);
    match value.or(next)? {
        "de" => Some(Lang::De),
        "en" => Some(Lang::En),
        _ => None,
    }
}

/// Understands the command line; what cannot be understood is said, and the exit status given.
fn parsed(arguments: &[OsString], lang: Lang) -> Result<Cli, i32> {
    let command = cli::localised(Cli::command(), lang);
    command.try_get_matches_from(arguments).and_then(|matches| Cli::from_arg_matches(&matches)).map_err(
        |error| {
            use clap::error::ErrorKind::{
                DisplayHelp, DisplayHelpOnMissingArgumentOrSubcommand, DisplayVersion,
            };
            match error.kind() {
                DisplayHelp | DisplayVersion => {
                    error.print().ok();
                    0
                }
                DisplayHelpOnMissingArgumentOrSubcommand => {
                    error.print().ok();
                    USAGE
                }
                _ => say(&usage_failure(&error), lang),
            }
        },
    )
}

fn usage_failure(error: &clap::Error) -> Failure {
    use clap::error::{ContextKind, ErrorKind};
    let of = |kind| error.get(kind).map(ToString::to_string).unwrap_or_default();
    match error.kind() {
        ErrorKind::UnknownArgument => {
            Failure::usage("usage-unknown").with("what", of(ContextKind::InvalidArg))
        }
        ErrorKind::InvalidSubcommand => {
            Failure::usage("usage-unknown").with("what", of(ContextKind::InvalidSubcommand))
        }
        ErrorKind::MissingRequiredArgument => {
            Failure::usage("usage-missing").with("what", of(ContextKind::InvalidArg))
        }
        ErrorKind::MissingSubcommand => {
            Failure::usage("usage-missing").with("what", of(ContextKind::ValidSubcommand))
        }
        ErrorKind::InvalidValue => Failure::usage("usage-value")
            .with("what", of(ContextKind::InvalidArg))
            .with("value", of(ContextKind::InvalidValue))
            .with("possible", of(ContextKind::ValidValue)),
        _ => Failure::usage("usage-other")
            .with("reason", error.render().to_string().trim_start_matches("error: ").trim_end()),
    }
}

/// Tells the person, gives the exit status.
fn say(failure: &Failure, lang: Lang) -> i32 {
    writeln!(io::stderr(), "poststelle: {}", lang.failure(failure)).ok();
    failure.status
}

fn run(cli: &Cli, arguments: &[OsString], lang: Lang) -> i32 {
    match local(cli, arguments, lang) {
        Ok(status) => status,
        // The reader of our output went away: not our failure to report.
        Err(failure)
            if failure.key == "output"
                && failure.values.iter().any(|(_, why)| why.contains("Broken pipe")) =>
        {
            failure.status
        }
        Err(failure) => say(&failure, lang),
    }
}

/// Commands that need no data directory run here; the others in the running server, or on the directory itself.
fn local(cli: &Cli, arguments: &[OsString], lang: Lang) -> Result<i32, Failure> {
    let mut out = io::BufWriter::with_capacity(64 * 1024, io::stdout().lock());
    let status = match &cli.command {
        Command::Child => return Ok(examine::child::run(io::stdin(), io::stdout())),
        Command::Classify(args) => commands::classify::run(&args.paths, lang, &mut out, &mut io::stderr()),
        Command::Parse(args) => commands::parse::run(&args.paths, lang, &mut out, &mut io::stderr()),
        Command::Explain(args) => commands::explain::run(args, lang, &mut out)?,
        Command::Restore(args) => commands::backup::restore(args, lang, &mut out)?,
        Command::Config(args) => {
            commands::config::run(args, &configuration(cli, &[], &args.data.data)?, &mut out)?
        }
        Command::Key(args)
            if matches!(args.action, cli::KeyAction::Restore)
                && control::connect(&args.data.data).is_none() =>
        {
            let config = configuration(cli, &[], &args.data.data)?;
            commands::key::restore(&args.data.data, &config, lang)?
        }
        Command::Serve(args) => {
            let options = [
                ("listen", args.listen.clone()),
                ("tls_cert", args.tls_cert.clone()),
                ("tls_key", args.tls_key.clone()),
                ("trusted_proxy", args.trusted_proxy.clone()),
            ];
            commands::serve::run(args, &configuration(cli, &options, &args.data.data)?, lang)?
        }
        _ => {
            drop(out);
            return on_data(cli, arguments, lang);
        }
    };
    out.flush()?;
    Ok(status)
}

fn configuration(
    cli: &Cli,
    options: &[(&'static str, Option<String>)],
    data: &Path,
) -> Result<Config, Failure> {
    let file = cli.config.clone().unwrap_or_else(|| data.join("poststelle.toml"));
    Config::read(options, |name| std::env::var(name).ok(), &file, cli.config.is_some())
}

fn on_data(cli: &Cli, arguments: &[OsString], lang: Lang) -> Result<i32, Failure> {
    let dir = commands::data(&cli.command);
    if let Some(stream) = control::connect(dir) {
        let request = Request {
            arguments: arguments.iter().skip(1).map(|word| word.to_string_lossy().into_owned()).collect(),
            directory: std::env::current_dir()?,
            lang: lang.code().to_owned(),
            terminal: io::stderr().is_terminal(),
            password: std::env::var("POSTSTELLE_PASSWORD").ok(),
        };
        return control::call(
            stream,
            &request,
            commands::reads_input(&cli.command, request.password.is_some()),
        )
        .map_err(|error| Failure::new("server-gone").with("reason", error));
    }
    let config = configuration(cli, &[], dir)?;
    commands::log_to_stderr(&config, "warn")?;
    let opening = Opening {
        create: commands::creates(&cli.command),
        recreate_index: matches!(cli.command, Command::Rebuild(_)),
        bulk: matches!(cli.command, Command::Import(_) | Command::Rebuild(_)),
    };
    let engine = commands::open(dir, &config, opening)?;
    let mut out = io::BufWriter::with_capacity(64 * 1024, io::stdout().lock());
    let directory = std::env::current_dir()?;
    let outcome = {
        let mut streams = Streams {
            out: &mut out,
            err: Box::new(io::stderr()),
            input: Box::new(io::stdin()),
            terminal: io::stderr().is_terminal(),
            directory,
            password: std::env::var("POSTSTELLE_PASSWORD").ok(),
        };
        commands::run(
            &Context { engine: &engine, config: &config, lang, tasks: None },
            &cli.command,
            &mut streams,
        )
    };
    let flushed = out.flush();
    engine.close();
    let status = outcome?;
    flushed?;
    Ok(status)
}
