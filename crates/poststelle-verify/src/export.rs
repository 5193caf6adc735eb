//! A ZIP with proofs.

use std::collections::{BTreeMap, BTreeSet};

use ledger::{Checkpoint, Evidence, Hash, Kind, sha256};

use crate::Trust;
use crate::anchors::stamp;
use crate::report::Report;
use crate::source::{Zip, read_zip};

/// Checks each proof in it.
pub(crate) fn check(zip: &mut Zip, trust: &Trust, report: &mut Report) -> Result<(), String> {
    let names: Result<Vec<String>, _> =
        zip.file_names().map(|name| name.map(std::borrow::Cow::into_owned)).collect();
    let names = names.map_err(|error| error.to_string())?;
    let heads = heads(zip, &names, trust, report)?;
    let mut covered: BTreeSet<String> = BTreeSet::new();
    let (mut mails, mut proofs) = (BTreeSet::new(), 0_u64);
    for name in names.iter().filter(|name| name.starts_with("proof/") && name.strip_suffix(".json").is_some())
    {
        proofs += 1;
        let text = read_zip(zip, name)?.unwrap_or_default();
        let Some(evidence) = Evidence::of_text(&text) else {
            report.fault("proof_unreadable", &[("file", name)]);
            continue;
        };
        covered.extend(evidence.file.clone());
        let Some(head) = heads.get(&evidence.checkpoint) else {
            report.fault("proof_without_head", &[("file", name), ("checkpoint", &evidence.checkpoint)]);
            continue;
        };
        let proven = match evidence.check(head) {
            Ok(proven) => proven,
            Err(error) => {
                report.fault("proof_wrong", &[("file", name), ("reason", &error)]);
                continue;
            }
        };
        let Some(file) = &evidence.file else { continue };
        let Some(octets) = read_zip(zip, file)? else {
            report.fault("file_removed", &[("file", file), ("proof", name)]);
            continue;
        };
        let digest = sha256(&octets).to_string();
        if proven.payload["sha256"].as_str() != Some(&digest) {
            report.fault("file_changed", &[("file", file), ("leaf", &proven.leaf.index)]);
        } else if proven.leaf.kind == Kind::Archived.code() && mails.insert(file.clone()) {
            let at = crate::anchors::time(proven.leaf.at.0);
            report.proven("file", &[("file", file), ("at", &at), ("leaf", &proven.leaf.index)]);
        }
    }
    for name in names.iter().filter(|name| name.strip_suffix(".eml").is_some() && !covered.contains(*name)) {
        report.fault("file_inserted", &[("file", name)]);
    }
    for name in covered
        .iter()
        .filter(|name| !mails.contains(*name) && names.contains(name) && report.holds())
        .collect::<Vec<_>>()
    {
        report.fault("file_unproven", &[("file", name)]);
    }
    if proofs == 0 {
        report.fault("no_proof", &[]);
    }
    Ok(())
}

/// Checkpoints that are believed, by name.
fn heads(
    zip: &mut Zip,
    names: &[String],
    trust: &Trust,
    report: &mut Report,
) -> Result<BTreeMap<String, Checkpoint>, String> {
    let mut heads = BTreeMap::new();
    let mut roots: BTreeMap<u64, Hash> = BTreeMap::new();
    let mut is_stamped = false;
    for (name, note) in &trust.kept {
        match Checkpoint::open(note, &trust.key) {
            Ok(checkpoint) => drop(roots.insert(checkpoint.size, checkpoint.root)),
            Err(error) => report.fault("anchor_forged", &[("file", name), ("reason", &error)]),
        }
    }
    for name in names.iter().filter(|name| *name == "checkpoint" || name.strip_suffix(".note").is_some()) {
        let note = read_zip(zip, name)?.unwrap_or_default();
        let checkpoint = match Checkpoint::open(&note, &trust.key) {
            Ok(checkpoint) => checkpoint,
            Err(error) => {
                report.fault("anchor_forged", &[("file", name), ("reason", &error)]);
                continue;
            }
        };
        if roots.insert(checkpoint.size, checkpoint.root).is_some_and(|root| root != checkpoint.root) {
            report.fault("forked", &[("file", name), ("size", &checkpoint.size)]);
        }
        let start = name.trim_end_matches(".note");
        for answer in names.iter().filter(|other| {
            other
                .strip_prefix(start)
                .is_some_and(|rest| rest.starts_with('-') && rest.strip_suffix(".tsr").is_some())
        }) {
            let octets = read_zip(zip, answer)?.unwrap_or_default();
            is_stamped |= stamp(answer, &octets, &note, trust, report).is_some();
        }
        heads.insert(name.clone(), checkpoint);
    }
    if !is_stamped {
        report.note("no_stamp", &[]);
    }
    Ok(heads)
}
