//! What the compiler does not check: layers, licences, sizes, words.

mod layers;
mod licences;
mod sources;

use std::path::Path;
use std::process::Command;

use anyhow::{Context, Result, ensure};
use serde_json::Value;

/// What the checks found.
#[derive(Default)]
pub(crate) struct Findings {
    errors: Vec<String>,
    warnings: Vec<String>,
}

impl Findings {
    /// Something that must not be.
    fn error(&mut self, text: impl Into<String>) {
        self.errors.push(text.into());
    }

    /// A question to the author.
    fn warning(&mut self, text: impl Into<String>) {
        self.warnings.push(text.into());
    }
}

/// Runs all checks on the checkout at `root`; true if nothing must be mended.
///
/// # Errors
/// If cargo or git cannot be asked, or a file cannot be read.
pub(crate) fn run(root: &Path) -> Result<bool> {
    let metadata = metadata(root)?;
    let mut findings = Findings::default();
    layers::check(root, &metadata, &mut findings)?;
    licences::check(root, &metadata, &mut findings)?;
    sources::check(root, &mut findings)?;
    for warning in &findings.warnings {
        eprintln!("tidy: warning: {warning}");
    }
    for error in &findings.errors {
        eprintln!("tidy: error: {error}");
    }
    eprintln!("tidy: {} errors, {} warnings", findings.errors.len(), findings.warnings.len());
    Ok(findings.errors.is_empty())
}

fn metadata(root: &Path) -> Result<Value> {
    let output = Command::new(env!("CARGO"))
        .args(["metadata", "--format-version", "1", "--locked"])
        .current_dir(root)
        .output()
        .context("cargo metadata")?;
    ensure!(output.status.success(), "cargo metadata: {}", String::from_utf8_lossy(&output.stderr));
    serde_json::from_slice(&output.stdout).context("answer of cargo metadata")
}

/// The packages of the workspace.
fn members(metadata: &Value) -> impl Iterator<Item = &Value> {
    let ids = metadata["workspace_members"].as_array().cloned().unwrap_or_default();
    packages(metadata).filter(move |package| ids.contains(&package["id"]))
}

/// All packages, ours and others'.
fn packages(metadata: &Value) -> impl Iterator<Item = &Value> {
    metadata["packages"].as_array().into_iter().flatten()
}

fn text<'a>(value: &'a Value, key: &str) -> &'a str {
    value[key].as_str().unwrap_or_default()
}
