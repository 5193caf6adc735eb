//! What is known of an address: may it be written to?
//!
//! In: events of an address (failures, complaints, answers of people, decisions), rules, the time as a parameter; for
//! matching, a report and the mails it may be about. Out: the state of the address with its reason, what the rules
//! plan, which mail a report speaks of and how sure that is. It reads no mail, executes no action, keeps nothing and
//! knows no clock.

mod event;
mod history;
mod matching;
mod plan;
mod reported;
mod state;

pub use event::{Event, EventKind, ListKey, MailClass, Strength};
pub use history::surplus;
pub use matching::{Candidate, Found, Matched, Report, ReturnPath, Step, Trace, find};
pub use plan::{Action, Category, Plan, Planned, Rule, allows, default_rules, plan, stops_everybody};
pub use reported::{RECIPIENTS_MAX, Reported, is_feedback, reported};
pub use state::{Counters, Reason, Settings, Standing, State, standing};

#[cfg(test)]
mod tests;
