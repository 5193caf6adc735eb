//! `bench link`: deciding under which records mails are filed, with directories of 10,000 to a million orders.

use std::path::Path;
use std::process::Command;

use anyhow::{Result, ensure};

pub(super) fn run(root: &Path) -> Result<()> {
    let status = Command::new(env!("CARGO"))
        .args(["bench", "--quiet", "--locked", "--package", "link", "--bench", "link"])
        .current_dir(root)
        .status()?;
    ensure!(status.success(), "the library's benchmark failed");
    Ok(())
}
