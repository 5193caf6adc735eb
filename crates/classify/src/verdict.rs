//! The order in which the rules are asked.

use model::{Kind, Message, Verdict};

use crate::report::{aggregate, arf, dsn, failed_recipients, mdn};
use crate::{
    auto_reply, auto_submitted, challenge, complaint, list, may_reply, return_path, source, unsubscribe,
};

/// What the mailbox knows of itself.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Options {
    /// Addresses of the mailbox that received the mail, lower case. If there are any, a machine may answer only
    /// mail that names one of them (RFC 3834 §2). Empty: unknown.
    pub own_addresses: Vec<String>,
}

/// A rule: the verdict if it is the one to speak.
type Rule = fn(&Message) -> Option<Verdict>;

/// What the structure of a mail says with certainty comes first; what its sender merely claims, later.
const RULES: [Rule; 12] = [
    challenge::verdict,
    dsn::verdict,
    mdn::verdict,
    arf::verdict,
    complaint::verdict,
    aggregate::verdict,
    source::verdict,
    failed_recipients::verdict,
    auto_submitted::verdict,
    auto_reply::verdict,
    unsubscribe::verdict,
    list::verdict,
];

/// Decides what a mail is. The same message and options always give the same verdict.
///
/// Kind [`Kind::Personal`] if nothing speaks for another one.
pub fn verdict(message: &Message, options: &Options) -> Verdict {
    let mut verdict = RULES.iter().find_map(|rule| rule(message)).unwrap_or_else(|| Verdict {
        kind: Kind::Personal,
        confidence: 0.5,
        ..Verdict::default()
    });
    if !matches!(verdict.kind, Kind::Personal | Kind::List) {
        verdict.return_path = return_path::of(message);
    }
    if verdict.kind == Kind::Personal || verdict.kind == Kind::Unsubscribe {
        let against = may_reply::against(message, options);
        verdict.may_reply = against.is_empty();
        verdict.evidence.extend(against);
    }
    verdict
}
