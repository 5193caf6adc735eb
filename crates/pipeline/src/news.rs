//! What pages may want to show at once.

use model::{AccountId, ImportRunId, MailId};

/// Something that happened. Sent through a channel that forgets what nobody took in time.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum News {
    /// Mails of an account came; several at once are one piece of news.
    Filed {
        /// Account.
        account: AccountId,
        /// How many.
        count: u64,
        /// The newest of them.
        newest: Option<MailId>,
    },
    /// The account does something else, or went on.
    Account(AccountId),
    /// An import went on or ended.
    Import {
        /// The run.
        run: ImportRunId,
        /// Account it goes into.
        account: AccountId,
    },
    /// Counters changed.
    Counters,
    /// Attachments were looked at, or mails were checked for who they are from.
    Examined,
}
