//! Sizes of files and functions, and words that do not belong into the repository.

use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result};

use super::Findings;

const FILE_LINES_MAX: usize = 500;
const FUNCTION_LINES_MAX: usize = 70;

pub(super) fn check(root: &Path, findings: &mut Findings) -> Result<()> {
    for path in tracked(root)? {
        let Ok(source) = std::fs::read_to_string(root.join(&path)) else { continue };
        let name = path.display().to_string();
        machine_paths(&name, &source, findings);
        match path.extension().and_then(std::ffi::OsStr::to_str) {
            Some("rs") => rust(&name, &source, findings),
            Some("ts" | "tsx") => lines(&name, &source, findings),
            Some("sh") if source.lines().count() > 10 => {
                findings.error(format!("{name}: shell scripts stay under 10 lines"));
            }
            _ => {}
        }
    }
    Ok(())
}

/// Files git knows or would know.
fn tracked(root: &Path) -> Result<Vec<PathBuf>> {
    let output = Command::new("git")
        .args(["ls-files", "-z", "--cached", "--others", "--exclude-standard"])
        .current_dir(root)
        .output()
        .context("git ls-files")?;
    let list = String::from_utf8_lossy(&output.stdout).into_owned();
    Ok(list.split('\0').filter(|path| !path.is_empty()).map(PathBuf::from).collect())
}

/// No path of a machine, no host of a package registry.
fn machine_paths(name: &str, source: &str, findings: &mut Findings) {
    if name.starts_with("fixtures/") || name == "Cargo.lock" || name == "xtask/src/tidy/sources.rs" {
        return;
    }
    for (number, line) in source.lines().enumerate() {
        for word in ["/work/", "/root/", "registry.npmjs.org", "crates.io/api", "pypi.org/simple"] {
            if line.contains(word) {
                findings.error(format!(
                    "{name}:{}: names a machine's path or a registry's host: {word}",
                    number + 1
                ));
            }
        }
    }
}

fn rust(name: &str, source: &str, findings: &mut Findings) {
    lines(name, source, findings);
    let mut start: Option<(usize, usize, &str)> = None;
    for (number, line) in source.lines().enumerate() {
        let indent = line.len() - line.trim_start().len();
        let code = line.trim_start();
        let code_no_pub = code
            .strip_prefix("pub(crate) ")
            .or_else(|| code.strip_prefix("pub(super) "))
            .or_else(|| code.strip_prefix("pub "))
            .unwrap_or(code);
        let is_function = ["fn ", "async fn ", "const fn "].iter().any(|word| code_no_pub.starts_with(word));
        match start {
            None if is_function && !code.ends_with('}') && !code.ends_with(';') => {
                start = Some((number, indent, code));
            }
            Some((begin, at, signature)) if indent == at && code.starts_with('}') => {
                let length = number - begin + 1;
                if length > FUNCTION_LINES_MAX {
                    findings.warning(format!(
                        "{name}:{}: {length} lines in `{}`",
                        begin + 1,
                        signature.trim_end_matches('{').trim()
                    ));
                }
                start = None;
            }
            _ => {}
        }
    }
}

fn lines(name: &str, source: &str, findings: &mut Findings) {
    let count = source.lines().count();
    if count > FILE_LINES_MAX {
        findings.warning(format!("{name}: {count} lines"));
    }
}
