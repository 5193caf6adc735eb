//! Decides under which records of an ERP a mail is filed, and says why.
//!
//! In: facts of a mail, what the earlier mails of its thread are filed under, a [`Directory`] of records, settings. Out:
//! links, suggestions, and a trace of every step. It keeps nothing, reads no database and never guesses: what is not
//! unique is not linked.

mod address;
mod decide;
mod directory;
mod forward;
mod mask;
mod number;
mod proposal;
mod settings;
mod trace;

pub use address::normal_address;
pub use decide::{Earlier, Had, History, Mail, decide};
pub use directory::{Directory, Entry};
pub use forward::is_forward;
pub use mask::{Learnt, MASK_CHARACTERS_MAX, MASKS_MAX, Mask, Masks, learn, unknown_numbers};
pub use number::normal_number;
pub use proposal::{AddressUse, Proposal, Sent, is_relay_address, is_role_address, proposals};
pub use settings::{Ignored, OwnNumbers, Settings};
pub use trace::{Decision, Link, Outcome, Step, StepName, StepOutcome, Suggestion, Why};

#[cfg(test)]
mod properties;
#[cfg(test)]
mod tests;
