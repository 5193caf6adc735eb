//! Which classes are held.

use std::collections::BTreeMap;

use crate::{Class, Finding};

/// What an administrator decided, class by class.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Policy {
    decided: BTreeMap<Class, bool>,
}

impl Policy {
    /// Whether attachments of this class are held back.
    pub fn holds(&self, class: Class) -> bool {
        self.decided.get(&class).copied().unwrap_or_else(|| class.held_by_default())
    }

    /// Decides for a class: `hold` or let through.
    pub fn decide(&mut self, class: Class, hold: bool) {
        self.decided.insert(class, hold);
    }

    /// The first finding for which an attachment is held, if there is one.
    pub fn first_held<'a>(&self, findings: &'a [Finding]) -> Option<&'a Finding> {
        findings.iter().find(|finding| self.holds(finding.class))
    }
}
