//! What is linked in may be linked in: no GPL, no AGPL, no OpenSSL, one crypto provider.

use std::path::Path;
use std::process::Command;

use anyhow::{Context, Result, ensure};
use serde_json::Value;

use super::{Findings, members, packages, text};

/// Licences under which code may be linked into a program that is MIT OR Apache-2.0.
const FREE: &[&str] = &[
    "MIT",
    "MIT-0",
    "Apache-2.0",
    "Apache-2.0 WITH LLVM-exception",
    "BSD-1-Clause",
    "BSD-2-Clause",
    "BSD-3-Clause",
    "ISC",
    "Zlib",
    "0BSD",
    "CC0-1.0",
    "Unlicense",
    "BSL-1.0",
    "Unicode-3.0",
    "Unicode-DFS-2016",
    "MPL-2.0",
    "CDLA-Permissive-2.0",
    "bzip2-1.0.6",
    "OpenSSL",
];

/// Never part of the program, whoever brings them.
const BANNED: &[&str] = &["openssl", "openssl-sys", "native-tls", "ring", "pq-sys", "sieve-rs"];

pub(super) fn check(root: &Path, metadata: &Value, findings: &mut Findings) -> Result<()> {
    for package in packages(metadata) {
        let (name, version) = (text(package, "name"), text(package, "version"));
        let licence = text(package, "license");
        if !allowed(licence) {
            findings.error(format!("{name} {version}: licence `{licence}` is not among the allowed ones"));
        }
    }
    let linked = linked(root)?;
    for banned in BANNED.iter().filter(|banned| linked.iter().any(|name| name == *banned)) {
        findings.error(format!("{banned} is banned and linked in"));
    }
    let notes = std::fs::read_to_string(root.join("docs/dependencies.md")).context("docs/dependencies.md")?;
    for package in members(metadata) {
        for dependency in package["dependencies"].as_array().into_iter().flatten() {
            let name = text(dependency, "name");
            if dependency["path"].is_null() && !notes.contains(&format!("`{name}`")) {
                findings.error(format!(
                    "docs/dependencies.md has no line for `{name}` (used by {})",
                    text(package, "name")
                ));
            }
        }
    }
    Ok(())
}

/// Names of all packages that are part of the program on this system.
fn linked(root: &Path) -> Result<Vec<String>> {
    let output = Command::new(env!("CARGO"))
        .args([
            "tree",
            "--package",
            "poststelle",
            "--edges",
            "normal",
            "--prefix",
            "none",
            "--format",
            "{p}",
            "--locked",
        ])
        .current_dir(root)
        .output()
        .context("cargo tree")?;
    ensure!(output.status.success(), "cargo tree: {}", String::from_utf8_lossy(&output.stderr));
    let lines = String::from_utf8_lossy(&output.stdout).into_owned();
    Ok(lines.lines().filter_map(|line| line.split(' ').next()).map(str::to_owned).collect())
}

/// Whether one alternative of an SPDX expression needs allowed licences only.
fn allowed(expression: &str) -> bool {
    let expression = expression.replace('/', " OR ").replace(['(', ')'], " ");
    // Without a grammar of brackets: `A AND (B OR C)` is taken as alternatives of `A AND B` and `C`, all in the list anyway.
    !expression.trim().is_empty()
        && expression
            .split(" OR ")
            .any(|alternative| alternative.split(" AND ").all(|licence| FREE.contains(&licence.trim())))
}

#[cfg(test)]
mod tests {
    use super::allowed;

    #[test]
    fn licences() {
        for yes in [
            "MIT",
            "MIT OR Apache-2.0",
            "MIT/Apache-2.0",
            "GPL-3.0 OR MIT",
            "(MIT OR Apache-2.0) AND Unicode-3.0",
        ] {
            assert!(allowed(yes), "{yes}");
        }
        for no in ["", "GPL-3.0", "AGPL-3.0-only", "MIT AND GPL-2.0", "SSPL-1.0"] {
            assert!(!allowed(no), "{no}");
        }
    }
}
