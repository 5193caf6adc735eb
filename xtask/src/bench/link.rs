//! `bench link [FOLDER | --count N]`: deciding under which records mails are filed, with directories of 10,000 to a million orders; then
//! intake with these records beside intake without, and a dry run over ten thousand mails.

use std::process::Command;

use anyhow::{Result, ensure};

use super::Bench;

pub(super) fn run(bench: &Bench, arguments: &[&str]) -> Result<()> {
    let folder = bench.mails(arguments, 20_000)?.canonicalize()?;
    for (package, name) in [("link", "link"), ("pipeline", "linking")] {
        let status = Command::new(env!("CARGO"))
            .args(["bench", "--quiet", "--locked", "--package", package, "--bench", name, "--"])
            .arg(&folder)
            .current_dir(&bench.root)
            .status()?;
        ensure!(status.success(), "the benchmark of {package} failed");
    }
    Ok(())
}
