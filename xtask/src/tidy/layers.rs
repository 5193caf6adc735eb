//! Each crate uses what its manifest says, downwards only; the pure crates stay pure.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use anyhow::{Context, Result};
use serde_json::Value;

use super::{Findings, members, text};

/// Crates that bring a runtime, sockets, a clock's side effects or a database.
const IMPURE: &[&str] = &[
    "tokio",
    "async-std",
    "smol",
    "hyper",
    "reqwest",
    "axum",
    "rusqlite",
    "tokio-postgres",
    "object_store",
    "socket2",
    "mio",
    "rustls",
    "tantivy",
    "notify",
];

struct Crate {
    layer: u64,
    uses: BTreeSet<String>,
    depends: BTreeSet<String>,
    depends_dev: BTreeSet<String>,
}

pub(super) fn check(root: &Path, metadata: &Value, findings: &mut Findings) -> Result<()> {
    let crates = crates(metadata, findings);
    for (name, this) in &crates {
        edges(name, this, &crates, findings);
        if this.layer <= 1 && name != "test-support" {
            for banned in IMPURE.iter().filter(|banned| this.depends.contains(**banned)) {
                findings.error(format!("{name} is pure and must not depend on {banned}"));
            }
            bans(root, name, findings)?;
        }
    }
    let map = std::fs::read_to_string(root.join("ARCHITECTURE.md")).context("ARCHITECTURE.md")?;
    for name in crates.keys().filter(|name| !map.contains(&format!("`{name}`"))) {
        findings.error(format!("ARCHITECTURE.md does not name the crate `{name}`"));
    }
    if map.lines().count() > 250 {
        findings.error("ARCHITECTURE.md has more than 250 lines");
    }
    Ok(())
}

fn crates(metadata: &Value, findings: &mut Findings) -> BTreeMap<String, Crate> {
    let mut crates = BTreeMap::new();
    for package in members(metadata).filter(|package| text(package, "name") != "xtask") {
        let name = text(package, "name").to_owned();
        let ours = &package["metadata"]["poststelle"];
        let Some(layer) = ours["layer"].as_u64() else {
            findings.error(format!("{name}: no [package.metadata.poststelle] layer"));
            continue;
        };
        let uses = ours["uses"]
            .as_array()
            .into_iter()
            .flatten()
            .filter_map(Value::as_str)
            .map(str::to_owned)
            .collect();
        let mut depends = BTreeSet::new();
        let mut depends_dev = BTreeSet::new();
        for dependency in package["dependencies"].as_array().into_iter().flatten() {
            let set = if dependency["kind"] == "dev" { &mut depends_dev } else { &mut depends };
            set.insert(text(dependency, "name").to_owned());
        }
        crates.insert(name, Crate { layer, uses, depends, depends_dev });
    }
    crates
}

fn edges(name: &str, this: &Crate, crates: &BTreeMap<String, Crate>, findings: &mut Findings) {
    for (other, that) in crates {
        if this.depends.contains(other) && !this.uses.contains(other) {
            findings.error(format!("{name} depends on {other}, which its `uses` does not name"));
        }
        if this.uses.contains(other) && !this.depends.contains(other) {
            findings.error(format!("{name} says it uses {other}, but does not depend on it"));
        }
        let same_layer_said = that.layer == this.layer && this.layer <= 2;
        if this.uses.contains(other) && that.layer >= this.layer && !same_layer_said {
            findings
                .error(format!("{name} (layer {}) must not use {other} (layer {})", this.layer, that.layer));
        }
        if this.depends_dev.contains(other) && that.layer > this.layer {
            findings.error(format!(
                "tests of {name} (layer {}) must not use {other} (layer {})",
                this.layer, that.layer
            ));
        }
    }
}

/// The `clippy.toml` of a pure crate replaces the root's, so it must repeat the root's lines.
fn bans(root: &Path, name: &str, findings: &mut Findings) -> Result<()> {
    let of_root = std::fs::read_to_string(root.join("clippy.toml")).context("clippy.toml")?;
    let path = root.join("crates").join(name).join("clippy.toml");
    let Ok(own) = std::fs::read_to_string(&path) else {
        findings.error(format!("{name} is pure and needs a clippy.toml with the bans"));
        return Ok(());
    };
    for line in of_root.lines().filter(|line| !own.contains(line.trim())) {
        findings.error(format!("crates/{name}/clippy.toml lacks the root's line: {line}"));
    }
    for banned in ["std::time::Instant", "std::time::SystemTime", "std::fs::", "std::net::", "std::env::"] {
        if !own.contains(banned) {
            findings.error(format!("crates/{name}/clippy.toml does not ban {banned}"));
        }
    }
    Ok(())
}
