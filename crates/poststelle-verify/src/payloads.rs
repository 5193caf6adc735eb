//! Sealed payloads of the log: that they are there for every entry, and which of them were erased. What they say cannot be read here.

use std::collections::BTreeSet;
use std::fs::File;
use std::io::{self, BufReader, Read as _};
use std::path::Path;

use ledger::payload::{FRAME_HEADER_LEN, Frame, HEADER_LEN, Header, erased_places};

use crate::leaves::Log;
use crate::report::Report;
use crate::source::Folder;

const FOLDER: &str = "log/payload";

/// What is known of the payloads.
#[derive(Default)]
struct Found {
    /// The entry that comes next.
    next: u64,
    /// Entries without payload.
    erased: BTreeSet<u64>,
}

/// Looks whether each entry has its payload, or an entry says that it was erased.
pub(crate) fn check(folder: &Folder, log: &Log, report: &mut Report) -> Result<(), String> {
    let Some(head) = &log.head else { return Ok(()) };
    let names = folder.names(FOLDER)?;
    let files: Vec<&String> = names.iter().filter(|name| name.strip_suffix(".pay").is_some()).collect();
    if files.is_empty() {
        if head.size > 0 {
            report.note("payloads_elsewhere", &[]);
        }
        return Ok(());
    }
    let mut found = Found::default();
    for name in files {
        let path = folder.dir.join(FOLDER).join(name);
        let read = file(&path, name, &mut found, report);
        read.map_err(|error| format!("{}: {error}", path.display()))?;
    }
    if found.next < head.size {
        report.fault("payload_missing", &[("from", &found.next), ("to", &(head.size - 1))]);
    }
    let mut count = 0_u64;
    for (leaf, ranges) in &log.erased {
        let mut here = 0_u64;
        for (from, to) in ranges {
            while let Some(erased) = found.erased.range(from..=to).next().copied() {
                found.erased.remove(&erased);
                here += 1;
            }
        }
        let text: Vec<String> = ranges
            .iter()
            .map(|(from, to)| if from == to { from.to_string() } else { format!("{from}–{to}") })
            .collect();
        if here > 0 {
            report.note("erased", &[("entries", &text.join(", ")), ("leaf", leaf)]);
        } else if !ranges.is_empty() {
            report.note("erasing", &[("entries", &text.join(", ")), ("leaf", leaf)]);
        }
        count += here;
    }
    for leaf in found.erased.range(..head.size) {
        report.fault("payload_removed", &[("leaf", leaf)]);
    }
    report.proven("payloads", &[("count", &(head.size.min(found.next) - count)), ("erased", &count)]);
    Ok(())
}

fn file(path: &Path, name: &str, found: &mut Found, report: &mut Report) -> io::Result<()> {
    let mut file = BufReader::new(File::open(path)?);
    let mut head = Vec::with_capacity(HEADER_LEN);
    file.by_ref().take(HEADER_LEN as u64).read_to_end(&mut head)?;
    let Some(header) = Header::decode(&head) else {
        report.fault("payload_broken", &[("file", &name), ("leaf", &found.next)]);
        return Ok(());
    };
    let mut file = io::Cursor::new(head.split_off(header.size())).chain(file);
    if header.first > found.next {
        report.fault("payload_missing", &[("from", &found.next), ("to", &(header.first - 1))]);
        found.next = header.first;
    }
    loop {
        let mut head = [0; FRAME_HEADER_LEN];
        if file.read_exact(&mut head).is_err() {
            return Ok(());
        }
        let frame = Frame::decode(&head);
        let mut octets = vec![0; frame.map_or(0, |frame| frame.stored_len as usize)];
        let whole = frame.filter(|frame| {
            file.read_exact(&mut octets).is_ok() && frame.fits(&octets) && frame.first <= found.next
        });
        let places = whole.and_then(|_| {
            if header.key.is_some() {
                erased_places(&octets).map(|(places, _)| places)
            } else {
                Some(Vec::new())
            }
        });
        let (Some(frame), Some(places)) = (whole, places) else {
            // Behind the last signed entry it may be a write that was interrupted.
            report.fault("payload_broken", &[("file", &name), ("leaf", &found.next)]);
            return Ok(());
        };
        found.erased.extend(places.into_iter().map(|place| frame.first + u64::from(place)));
        found.next = found.next.max(frame.first + u64::from(frame.count));
    }
}
