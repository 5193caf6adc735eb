//! How long a mail is to be kept.
//!
//! In: retention classes, suspensions, rules, and facts about a mail. Out: until when it is kept and why, what a rule says of it,
//! which of several classes holds longest. Days come and go as values: there is no clock and no zone here, nothing is kept, and
//! nothing is erased.

mod class;
mod rule;

#[cfg(test)]
mod tests;

pub use class::{Class, PRESETS, Start, Suspension, Until, longest};
pub use rule::{Conditions, Facts, UnreadableConditions};
