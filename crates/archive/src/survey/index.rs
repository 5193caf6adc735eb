//! Comparing the footer of a sealed segment with its records.

use std::fs::File;
use std::sync::Arc;

use proof::segment::{FOOTER_HEAD_LEN, INDEX_ENTRY_LEN, IndexEntry, footer_entries};
use proof::{Crc, Defect};

use crate::folder;
use crate::segment::Segment;
use crate::walk::AHEAD;
use crate::window::{Fault, Window};

/// The footer's entries, compared one by one with the records found.
pub(super) struct Index {
    window: Window,
    at: u64,
    entries: u32,
    left: u32,
    matched: u32,
    octets: u64,
    octets_expected: u64,
    crc: Crc,
    crc_expected: u32,
    defect: Option<Defect>,
}

impl Index {
    pub(super) fn open(file: &Arc<File>, segment: &Segment) -> Result<Self, Defect> {
        let len = file.metadata().map_err(|_| Defect::Short)?.len();
        let tail = folder::footer_tail(file, len)?;
        let mut window = Window::new(Arc::clone(file), segment.path.clone(), len, AHEAD);
        let head = window.slice(tail.footer_at, FOOTER_HEAD_LEN).map_err(|_| Defect::Short)?;
        if footer_entries(head, segment.mark())? != tail.entries {
            return Err(Defect::Index);
        }
        let crc = Crc::new().with(head);
        Ok(Self {
            window,
            at: tail.footer_at + FOOTER_HEAD_LEN as u64,
            entries: tail.entries,
            left: tail.entries,
            matched: 0,
            octets: 0,
            octets_expected: tail.octets,
            crc,
            crc_expected: tail.entries_crc,
            defect: None,
        })
    }

    fn entry(&mut self) -> Result<IndexEntry, Fault> {
        self.left = self.left.checked_sub(1).ok_or(Defect::Index)?;
        let octets = self.window.slice(self.at, INDEX_ENTRY_LEN)?;
        self.crc.update(octets);
        self.at += INDEX_ENTRY_LEN as u64;
        Ok(IndexEntry::decode(octets)?)
    }

    /// A record of `octets` raw octets lies there.
    pub(super) fn expect(&mut self, expected: IndexEntry, octets: u64) {
        self.octets += octets;
        // Entries of records that are damaged now come in between.
        while self.defect.is_none() {
            match self.entry() {
                Ok(entry) if entry == expected => {
                    self.matched += 1;
                    return;
                }
                Ok(entry) if entry.at < expected.at => {}
                _ => self.defect = Some(Defect::Index),
            }
        }
    }

    /// What is wrong with the footer itself, after the last record.
    pub(super) fn verdict(mut self) -> Option<Defect> {
        while self.defect.is_none() && self.left > 0 {
            if self.entry().is_err() {
                self.defect = Some(Defect::Short);
            }
        }
        if self.defect.is_none() && self.crc.value() != self.crc_expected {
            return Some(Defect::Checksum);
        }
        // Only if every record of the index was found can their octets be compared.
        if self.defect.is_none() && self.matched == self.entries && self.octets != self.octets_expected {
            return Some(Defect::Index);
        }
        self.defect
    }
}
