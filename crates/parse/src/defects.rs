//! Collects what is wrong with a mail.

use model::{Defect, DefectKind};

/// Defects in the order found, bounded.
pub(crate) struct Defects {
    list: Vec<Defect>,
    max: usize,
    /// Offset of the text that is being read, where it is not the mail itself.
    fixed_at: Option<u64>,
}

impl Defects {
    pub(crate) fn new(max: usize) -> Self {
        Self { list: Vec::new(), max, fixed_at: None }
    }

    /// Notes a defect; more than the limit are counted as nothing.
    pub(crate) fn add(&mut self, kind: DefectKind, at: usize) {
        if self.list.len() < self.max {
            self.list.push(Defect { kind, at: self.fixed_at.unwrap_or(at as u64) });
        }
    }

    /// From now on offsets are those of decoded content that lies at `at`; gives what was set before.
    pub(crate) fn fix(&mut self, at: Option<u64>) -> Option<u64> {
        std::mem::replace(&mut self.fixed_at, at)
    }

    /// In the order of the mail.
    pub(crate) fn into_list(mut self) -> Vec<Defect> {
        self.list.sort_by_key(|defect| defect.at);
        self.list
    }
}
