//! Segments of the archive against what the log says of their octets.

use std::collections::{BTreeMap, BTreeSet};
use std::fs::File;
use std::io::{Read as _, Seek as _, SeekFrom};
use std::path::Path;
use std::str::FromStr as _;

use aws_lc_rs::digest::{Context, SHA256};
use model::{SegmentId, Sha256};
use proof::Defect;
use proof::record::{
    Block, Chain, FRAME_HEADER_LEN, Mark, RECORD_HEADER_MAX, RECORD_PREFIX_LEN, RecordHeader, TRAILER_LEN,
    Trailer,
};
use proof::segment::{SEGMENT_HEADER_LEN, SegmentHeader};

use crate::extents::Extent;
use crate::leaves::Log;
use crate::report::Report;
use crate::source::Folder;

/// Octets read at once.
const AHEAD: usize = 1 << 18;
/// Octets of an extent that is looked into for records, at most.
const LOOK_MAX: u64 = 1 << 30;

/// Compares every octet of the archive that the log speaks of.
pub(crate) fn check(folder: &Folder, log: &Log, report: &mut Report) -> Result<(), String> {
    if log.head.is_none() {
        return Ok(());
    }
    let mut of: BTreeMap<&str, Vec<&Extent>> = BTreeMap::new();
    for extent in &log.extents {
        of.entry(&extent.segment).or_default().push(extent);
    }
    let files: BTreeSet<String> = folder
        .names("archive")?
        .into_iter()
        .filter_map(|name| name.strip_suffix(".seg").map(str::to_owned))
        .collect();
    let (mut octets, mut good) = (0, 0_u64);
    for (segment, extents) in &of {
        if !files.contains(*segment) {
            report.fault("segment_removed", &[("segment", segment)]);
            continue;
        }
        let path = folder.dir.join(format!("archive/{segment}.seg"));
        let proven =
            one(&path, segment, extents, report).map_err(|error| format!("{}: {error}", path.display()))?;
        octets += proven;
        good += 1;
    }
    for segment in files.iter().filter(|name| !of.contains_key(name.as_str())) {
        report.note("segment_unknown", &[("segment", segment)]);
    }
    if octets > 0 {
        report.proven("segments", &[("count", &good), ("octets", &octets)]);
    }
    Ok(())
}

/// Gives how many octets are proven.
fn one(path: &Path, segment: &str, extents: &[&Extent], report: &mut Report) -> std::io::Result<u64> {
    let mut file = File::open(path)?;
    let len = file.metadata()?.len();
    let (mut proven, mut broken) = (0, false);
    let end = extents.iter().map(|extent| extent.to).max().unwrap_or(0);
    let closed = extents.iter().any(|extent| extent.closed);
    if len < end {
        broken = true;
        report.fault("segment_truncated", &[("segment", &segment), ("octets", &len), ("should", &end)]);
    }
    if is_another(&mut file, segment)? {
        broken = true;
        report.fault("segment_swapped", &[("segment", &segment)]);
    }
    for extent in extents.iter().filter(|extent| extent.to <= len) {
        if digest(&mut file, extent.from, extent.to)?.to_string() == extent.sha256 {
            proven += extent.to - extent.from;
            continue;
        }
        if !broken {
            let from_to: [(&'static str, &dyn std::fmt::Display); 4] =
                [("segment", &segment), ("from", &extent.from), ("to", &extent.to), ("leaf", &extent.leaf)];
            report.fault("segment_changed", &from_to);
            records(&mut file, segment, extent, len, report)?;
        }
    }
    if closed && len > end {
        report.fault("segment_longer", &[("segment", &segment), ("octets", &(len - end))]);
    } else if len > end {
        report.note("octets_unproven", &[("segment", &segment), ("octets", &(len - end))]);
    }
    Ok(proven)
}

/// Whether the file's header names another segment.
fn is_another(file: &mut File, segment: &str) -> std::io::Result<bool> {
    let mut header = [0; SEGMENT_HEADER_LEN];
    file.seek(SeekFrom::Start(0))?;
    if file.read_exact(&mut header).is_err() {
        return Ok(false);
    }
    Ok(SegmentHeader::decode(&header).is_ok_and(|header| SegmentId::from_str(segment) != Ok(header.id)))
}

fn digest(file: &mut File, from: u64, to: u64) -> std::io::Result<Sha256> {
    let mut context = Context::new(&SHA256);
    let mut octets = vec![0; AHEAD];
    file.seek(SeekFrom::Start(from))?;
    let mut left = to.saturating_sub(from);
    while left > 0 {
        let len = usize::try_from(left).map_or(AHEAD, |left| left.min(AHEAD));
        file.read_exact(&mut octets[..len])?;
        context.update(&octets[..len]);
        left -= len as u64;
    }
    let mut sha256 = Sha256([0; 32]);
    sha256.0.copy_from_slice(context.finish().as_ref());
    Ok(sha256)
}

/// Names the records in a changed extent whose own checksums do not fit. Whoever changed a record may have mended those: then
/// only the extent is named.
fn records(
    file: &mut File,
    segment: &str,
    extent: &Extent,
    len: u64,
    report: &mut Report,
) -> std::io::Result<()> {
    let (Ok(id), true) = (SegmentId::from_str(segment), extent.to - extent.from <= LOOK_MAX) else {
        return Ok(());
    };
    let start = extent.from.max(SEGMENT_HEADER_LEN as u64);
    let mut octets = Vec::new();
    file.seek(SeekFrom::Start(start))?;
    file.take((extent.to - start).saturating_add(RECORD_HEADER_MAX as u64).min(len - start))
        .read_to_end(&mut octets)?;
    let mark = Mark::of(id);
    // Records follow each other: where one should begin and none does, its beginning was changed.
    let (mut at, mut begins) = (0, extent.from == 0);
    while let Some(next) = octets.get(at..).and_then(|rest| proof::record::next_record(rest, mark)) {
        if begins && next > 0 {
            changed(segment, &octets, start, at, report);
        }
        at += next;
        if start + at as u64 >= extent.to {
            break;
        }
        match whole(&octets[at..], mark) {
            Ok(record_len) => (at, begins) = (at + record_len, true),
            // It goes on in the next extent.
            Err(Defect::Short) => break,
            Err(_) => {
                changed(segment, &octets, start, at, report);
                (at, begins) = (at + RECORD_PREFIX_LEN, false);
            }
        }
    }
    Ok(())
}

fn changed(segment: &str, octets: &[u8], start: u64, at: usize, report: &mut Report) {
    let object = octets.get(at + 24..at + 40).map_or_else(String::new, hex);
    let values: [(&'static str, &dyn std::fmt::Display); 3] =
        [("segment", &segment), ("object", &object), ("at", &(start + at as u64))];
    report.fault("record_changed", &values);
}

/// As `ObjectId` shows itself.
fn hex(octets: &[u8]) -> String {
    <[u8; 16]>::try_from(octets)
        .map_or_else(|_| String::new(), |id| model::ObjectId::from_octets(id).to_string())
}

/// Length of the record at the front, its checksums compared.
fn whole(octets: &[u8], mark: Mark) -> Result<usize, Defect> {
    let len = RecordHeader::len_of(octets, mark)?;
    let crc = RecordHeader::crc_of(octets.get(..len).ok_or(Defect::Short)?)?;
    let mut chain = Chain::new(crc);
    let mut at = len;
    loop {
        let rest = octets.get(at..).ok_or(Defect::Short)?;
        match Block::decode(rest)? {
            Block::Trailer => {
                Trailer::decode(rest, &chain)?;
                return Ok(at + TRAILER_LEN);
            }
            Block::SealedTrailer => {
                proof::sealed::Trailer::decode(rest, &chain)?;
                return Ok(at + proof::sealed::TRAILER_LEN);
            }
            Block::Frame(frame) | Block::List(frame) => {
                let end = FRAME_HEADER_LEN + frame.stored_len as usize;
                frame.verify(rest.get(FRAME_HEADER_LEN..end).ok_or(Defect::Short)?)?;
                chain.frame(&frame);
                at += end;
            }
        }
    }
}
