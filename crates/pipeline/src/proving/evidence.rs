//! What is handed out so that others can believe a mail: its octets, its leaves, their paths, what was signed.

use std::collections::{BTreeMap, BTreeSet};

use ledger::payload::{Content, Row};
use ledger::{Evidence, Kind};
use logbook::Logbook;
use model::{MailId, Sha256};
use store::Store;

use crate::core::Core;
use crate::error::{Error, Result};

/// Leaves about one mail at most.
const LEAVES_MAX: usize = 10_000;
/// Octets of a mail that is handed out at most.
const OCTETS_MAX: u64 = 1 << 30;
const MAIL: &str = "mail.eml";

/// Mail, digest and index of a leaf that says that a mail was archived.
pub(super) fn archived(row: &Row) -> Option<(MailId, Sha256, u64)> {
    let Content::Kept { payload, .. } = &row.content else { return None };
    if row.kind != Kind::Archived.code() {
        return None;
    }
    let payload: serde_json::Value = serde_json::from_slice(payload).ok()?;
    let mail = payload["mail"].as_str()?.parse().ok()?;
    let sha256 = payload["sha256"].as_str()?.parse().ok()?;
    Some((mail, sha256, row.index))
}

/// Those whose mail has other octets now by the database.
pub(super) fn differing(
    store: &Store,
    archived: Vec<(MailId, Sha256, u64)>,
) -> Result<Vec<(MailId, Sha256, u64)>> {
    let mails: Vec<MailId> = archived.iter().map(|(mail, ..)| *mail).collect();
    let now = store.digests_of(&mails)?;
    Ok(archived
        .into_iter()
        .filter(|(mail, sha256, _)| now.get(mail).is_some_and(|now| now != sha256))
        .collect())
}

/// Files that prove a mail: names and octets. Of each leaf about it, the checkpoint with a time stamp that came first, or the
/// newest one.
///
/// # Errors
/// `Missing` mail, or it has no leaf; `Log`, `Archive`; those of the database.
pub(crate) fn evidence(core: &Core, mail: MailId) -> Result<Vec<(String, Vec<u8>)>> {
    super::derive(core, true)?;
    let missing = || Error::Missing { what: "mail", name: mail.to_string() };
    let location = core.store.location_of(mail)?.ok_or_else(missing)?;
    let deriver = core.proving.lock();
    let unsigned = || Error::Missing { what: "log", name: deriver.trouble.clone().unwrap_or_default() };
    let book = deriver.book.as_ref().ok_or_else(unsigned)?;
    let rows = core.store.leaves_of(mail, LEAVES_MAX)?;
    if rows.is_empty() {
        return Err(missing());
    }
    let mut files = BTreeMap::new();
    files.insert("key.pub".to_owned(), format!("{}\n", book.public_key()).into_bytes());
    files.insert(MAIL.to_owned(), core.archive.read_all(location, OCTETS_MAX)?);
    let stamped = stamped(book)?;
    for row in &rows {
        let Content::Kept { salt, payload } = &row.content else { continue };
        let anchor = stamped.iter().find(|size| **size > row.index);
        let (name, size) = match anchor {
            Some(size) => (format!("timestamps/{size:016}.note"), *size),
            None => ("checkpoint".to_owned(), book.signed_size()),
        };
        if !files.contains_key(&name) {
            put_checkpoint(book, &mut files, anchor.copied(), &name)?;
        }
        let path = book.inclusion(row.index, size)?;
        let is_of_octets = matches!(Kind::of_code(row.kind), Some(Kind::Archived | Kind::Placed));
        let evidence = Evidence::of(&row.leaf(), salt, payload, &path, &name, is_of_octets.then_some(MAIL));
        if let Some(evidence) = evidence {
            files.insert(format!("proof/{:016}.json", row.index), evidence.text().into_bytes());
        }
    }
    Ok(files.into_iter().collect())
}

/// What the proofs of a handover of many mails lead to.
pub(crate) struct Head {
    size: u64,
    note: String,
    stamped: Vec<u64>,
    /// The line that checks signatures.
    pub(crate) key: String,
}

/// Signs what there is, and keeps to that.
///
/// # Errors
/// `Missing` log; `Log`; those of the database.
pub(crate) fn head(core: &Core) -> Result<Head> {
    super::derive(core, true)?;
    let deriver = core.proving.lock();
    let unsigned = || Error::Missing { what: "log", name: deriver.trouble.clone().unwrap_or_default() };
    let book = deriver.book.as_ref().ok_or_else(unsigned)?;
    let note = book.checkpoint().map_or(String::new(), |(_, note)| note.to_owned());
    Ok(Head { size: book.signed_size(), note, stamped: stamped(book)?, key: book.public_key().clone() })
}

/// Files that prove the octets of a mail that is handed out as `file`; checkpoints that are in `given` are not given again.
///
/// # Errors
/// `Log`; those of the database.
pub(crate) fn octets_of(
    core: &Core,
    head: &Head,
    mail: MailId,
    file: &str,
    given: &mut BTreeSet<String>,
) -> Result<BTreeMap<String, Vec<u8>>> {
    let rows = core.store.leaves_of(mail, LEAVES_MAX)?;
    let deriver = core.proving.lock();
    let Some(book) = deriver.book.as_ref() else { return Ok(BTreeMap::new()) };
    let mut files = BTreeMap::new();
    for row in rows.iter().filter(|row| row.index < head.size) {
        let Content::Kept { salt, payload } = &row.content else { continue };
        if !matches!(Kind::of_code(row.kind), Some(Kind::Archived | Kind::Placed)) {
            continue;
        }
        let anchor = head.stamped.iter().find(|size| **size > row.index).copied();
        let (name, size) = match anchor {
            Some(size) => (format!("timestamps/{size:016}.note"), size),
            None => ("checkpoint".to_owned(), head.size),
        };
        if given.insert(name.clone()) {
            match anchor {
                Some(_) => put_checkpoint(book, &mut files, anchor, &name)?,
                None => drop(files.insert(name.clone(), head.note.clone().into_bytes())),
            }
        }
        let path = book.inclusion(row.index, size)?;
        if let Some(evidence) = Evidence::of(&row.leaf(), salt, payload, &path, &name, Some(file)) {
            files.insert(format!("proof/{:016}.json", row.index), evidence.text().into_bytes());
        }
    }
    Ok(files)
}

/// Sizes of anchors that an authority has stamped, ascending.
fn stamped(book: &Logbook) -> Result<Vec<u64>> {
    let mut sizes = Vec::new();
    for size in book.anchor_sizes()? {
        if size <= book.signed_size() && !book.anchored(size)?.stamps.is_empty() {
            sizes.push(size);
        }
    }
    Ok(sizes)
}

fn put_checkpoint(
    book: &Logbook,
    files: &mut BTreeMap<String, Vec<u8>>,
    anchor: Option<u64>,
    name: &str,
) -> Result<()> {
    let Some(size) = anchor else {
        let note = book.checkpoint().map_or(String::new(), |(_, note)| note.to_owned());
        files.insert(name.to_owned(), note.into_bytes());
        return Ok(());
    };
    let anchored = book.anchored(size)?;
    files.insert(name.to_owned(), anchored.note.into_bytes());
    for (number, answer) in anchored.stamps {
        files.insert(format!("timestamps/{size:016}-{number}.tsr"), answer);
    }
    Ok(())
}
