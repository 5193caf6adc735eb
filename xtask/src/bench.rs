//! Benchmarks as programs: figures of one run, beside other programs on the same mails where they are installed.

mod accounts;
mod archive;
mod classify;
mod erp;
mod http;
mod idle;
mod imap;
mod import;
mod measure;
mod search;
mod smtp_intake;

use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result, bail, ensure};

/// Runs the benchmark of this name with its arguments.
///
/// # Errors
/// If something it needs is missing, or a program fails.
pub(crate) fn run(root: &Path, name: &str, arguments: &[&str]) -> Result<bool> {
    if name == "classify" {
        // Needs the library alone.
        classify::run(root, arguments)?;
        return Ok(true);
    }
    if name == "log" {
        library(root, "logbook", "log", &[])?;
        return Ok(true);
    }
    if name == "reports" {
        // Completeness of a mailbox with 500,000 mails, and the report of an import with 1,000,000 entries.
        library(root, "store", "reports", &[])?;
        return Ok(true);
    }
    let bench = Bench::new(root, arguments.contains(&"--debug"))?;
    match name {
        "archive" => archive::run(&bench, arguments)?,
        "accounts" => accounts::run(&bench, arguments)?,
        "erp" => erp::run(&bench, arguments)?,
        "link" => {
            let mails = bench.mails(arguments, 20_000)?.canonicalize()?;
            library(root, "link", "link", &[])?;
            // Intake beside records, and a dry run.
            library(root, "pipeline", "linking", &[&mails])?;
        }
        "import" => import::run(&bench, arguments)?,
        "search" => search::run(&bench, arguments)?,
        "imap" => imap::run(&bench, imap::Protocol::Imap, arguments)?,
        "pop3" => imap::run(&bench, imap::Protocol::Pop3, arguments)?,
        "idle" => idle::run(&bench, arguments)?,
        "smtp-intake" => smtp_intake::run(&bench, arguments)?,
        other => {
            bail!(
                "no benchmark `{other}`; there are archive, import, search, imap, pop3, idle, accounts, smtp-intake, erp, classify, link, log, reports"
            )
        }
    }
    Ok(true)
}

/// The benchmark of a library: deciding under which records mails are filed, deriving and signing the log, pages of reports.
fn library(root: &Path, package: &str, name: &str, arguments: &[&Path]) -> Result<()> {
    let status = Command::new(env!("CARGO"))
        .args(["bench", "--quiet", "--locked", "--package", package, "--bench", name, "--"])
        .args(arguments)
        .current_dir(root)
        .status()?;
    ensure!(status.success(), "the library's benchmark failed");
    Ok(())
}

/// Where benchmarks build and work.
struct Bench {
    root: PathBuf,
    /// `target/bench`.
    dir: PathBuf,
    /// The release build, or that for debugging.
    program: PathBuf,
}

impl Bench {
    fn new(root: &Path, is_debug: bool) -> Result<Self> {
        let mut build = Command::new(env!("CARGO"));
        build.args(["build", "--locked", "--package", "poststelle"]).current_dir(root);
        if !is_debug {
            build.arg("--release");
        }
        ensure!(build.status()?.success(), "the build failed");
        let target = std::env::var_os("CARGO_TARGET_DIR").map_or_else(|| root.join("target"), PathBuf::from);
        let dir = target.join("bench");
        std::fs::create_dir_all(&dir)?;
        Ok(Self {
            root: root.to_owned(),
            dir,
            program: target.join(if is_debug { "debug" } else { "release" }).join("poststelle"),
        })
    }

    /// A Maildir with `count` generated mails, made once by the generator of the shared tools.
    fn corpus(&self, count: u32) -> Result<PathBuf> {
        let out = self.dir.join(format!("corpus-{count}"));
        if out.join("manifest.jsonl").exists() {
            return Ok(out);
        }
        let generator = self.root.join("../shared/tools/gen_corpus.py");
        ensure!(generator.exists(), "{} is missing: give a folder with mails instead", generator.display());
        eprintln!("bench: generating {count} mails");
        let status = Command::new("python3")
            .arg(generator)
            .arg(&out)
            .args(["--count", &count.to_string(), "--seed", "1", "--format", "maildir"])
            .status()
            .context("python3")?;
        ensure!(status.success(), "the generator failed");
        Ok(out)
    }

    /// The folder given, or the generated corpus of this size (`--count N`).
    fn mails(&self, arguments: &[&str], count: u32) -> Result<PathBuf> {
        match arguments {
            ["--count", number, ..] => self.corpus(number.parse().context("--count")?),
            [folder, ..] => Ok(PathBuf::from(folder)),
            [] => self.corpus(count),
        }
    }

    /// An empty directory of this name.
    fn fresh(&self, name: &str) -> Result<PathBuf> {
        let dir = self.dir.join(name);
        if dir.exists() {
            std::fs::remove_dir_all(&dir)?;
        }
        std::fs::create_dir_all(&dir)?;
        Ok(dir)
    }

    fn command(&self) -> Command {
        let mut command = Command::new(&self.program);
        command.env("LC_ALL", "C");
        command
    }

    /// A data directory with the mails of `folder`, imported once.
    fn imported(&self, folder: &Path) -> Result<PathBuf> {
        let name =
            folder.file_name().map_or_else(|| "folder".into(), |name| name.to_string_lossy().into_owned());
        let data = self.dir.join(format!("data-{name}"));
        if !data.join("imported").exists() {
            let data = self.fresh(&format!("data-{name}"))?;
            let status = self
                .command()
                .args(["import", "--account", "bench", "--data"])
                .arg(&data)
                .arg(folder)
                .status()?;
            ensure!(status.code().is_some(), "the import was killed");
            std::fs::write(data.join("imported"), "")?;
        }
        Ok(data)
    }
}

/// Sum of the sizes of all files below a path.
fn octets_below(path: &Path) -> u64 {
    let Ok(entries) = std::fs::read_dir(path) else { return std::fs::metadata(path).map_or(0, |m| m.len()) };
    entries
        .flatten()
        .map(|entry| match entry.file_type() {
            Ok(kind) if kind.is_dir() => octets_below(&entry.path()),
            _ => entry.metadata().map_or(0, |m| m.len()),
        })
        .sum()
}
