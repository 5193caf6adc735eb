//! `IMAP4rev1` and `IMAP4rev2` client. It reads with EXAMINE and BODY.PEEK, so that nothing changes at the source, and changes
//! there only what an [`Order`] says.
//!
//! | file | what it does |
//! | --- | --- |
//! | `framer` | cuts octets into lines and literals, whatever they are |
//! | `lexer`, `response` | understands lines, as much as makes sense |
//! | `command` | puts command lines together; nothing else does |
//! | `talk` | tags, continuations, literals passed on in pieces |
//! | `open`, `list`, `fetch`, `once`, `answer` | procedures: pure state machines over `talk`, each a `line::Machine` |
//! | `change` | marks, moves and removes mails: one `answer` after the other |
//! | `append` | puts mails into a mailbox, in a stream |
//! | `idle` | waits for news of the open mailbox |
//! | `notify` | waits for news of all chosen mailboxes, where the server can do that |
//! | `compare` | which mails fetched before have gone, and which flags have changed: one `answer` after the other |
//! | `inventory` | all UIDs of a mailbox, in pieces |
//! | `target` | the name of the mailbox mails are moved to |
//! | `drive` | a session: procedures on a `line::Line`, which has the sockets and the clock |
//! | `fetcher` | a whole account, run after run |
//! | `check` | the test of settings, step by step |
//!
//! A further extension is a further machine, and where it needs one a further command and response.

mod answer;
mod append;
mod capability;
mod change;
mod channel;
mod check;
mod command;
mod compare;
mod drive;
mod error;
mod event;
mod fetch;
mod fetcher;
mod framer;
mod idle;
mod inventory;
mod lexer;
mod list;
mod mailbox;
mod notify;
mod once;
mod open;
mod rehearse;
mod response;
mod talk;
mod target;
pub(crate) mod utf7;

pub use append::{Append, AppendReport, Appended};
pub use capability::Capabilities;
pub use change::{Change, ChangeReport, Changed, Order};
pub use channel::{Inlet, Outlet, channel};
pub use check::{TestReport, TestResult, TestStep, test_settings};
pub(crate) use check::{begin_test, certificate, login_failed};
pub use drive::{Encryption, Options, Session, Settings};
pub use error::{Class, During, ImapError, MailFault};
pub use event::{Cursor, Event, Facts, KnownMail, Mail};
pub(crate) use fetch::BLAMED_MAX;
pub use fetch::Wanted;
pub(crate) use fetcher::is_loss;
pub use fetcher::{Fetcher, Selection, Waited};
pub use mailbox::{Mailbox, MailboxStatus, SpecialUse};
#[doc(hidden)]
pub use rehearse::rehearse;
pub(crate) use rehearse::{check_order, identity};

#[cfg(test)]
mod tests;
