//! What goes on without a page being open, as the server asks for it: fetching, tests of settings, imports.

use std::future::Future;
use std::path::PathBuf;
use std::pin::Pin;

use connect::Trust;
use keys::Secret;
use model::{AccountId, ImportRunId};

/// A future that the caller may hold across threads.
pub type Pending<'a, T> = Pin<Box<dyn Future<Output = T> + Send + 'a>>;

/// Connection settings to try.
#[derive(Debug)]
pub struct TestSettings {
    /// What the server speaks.
    pub kind: store::AccountKind,
    /// Server.
    pub host: String,
    /// Port.
    pub port: u16,
    /// Protection.
    pub tls: store::Tls,
    /// Certificates.
    pub trust: Trust,
    /// Login.
    pub login: String,
    /// What to log in with.
    pub credential: TestCredential,
}

/// What a test logs in with.
#[derive(Debug)]
pub enum TestCredential {
    /// A password.
    Password(Secret<String>),
    /// A token of this account.
    Token(AccountId),
}

/// One step of a test.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TestedStep {
    /// Which.
    pub step: api::TestStepWord,
    /// Whether it went well.
    pub ok: bool,
    /// The server's own words, or the system's.
    pub detail: String,
    /// Key of the sentence that mends it (group `advice` of the language files) and its values, where it failed.
    pub advice: Option<(&'static str, Vec<(&'static str, String)>)>,
}

/// How a test went; the steps up to the first that failed.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Tested {
    /// In order.
    pub steps: Vec<TestedStep>,
    /// As the server lists them.
    pub mailboxes: Vec<api::MailboxFound>,
}

/// An import of files that lie in a folder of their own.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ImportJob {
    /// Goes into this account.
    pub account: AccountId,
    /// Files; removed when the import has ended. A note beside it, `<folder>.json`, keeps the next server from taking
    /// it for an upload that nobody finished.
    pub folder: PathBuf,
    /// For display: what was given.
    pub source: String,
    /// Who asked: a user's id, as the run and the event log keep it.
    pub actor: String,
    /// Octets in all.
    pub octets: u64,
}

/// Why what was asked is not done.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum BackgroundError {
    /// No such account or import.
    #[error("does not exist")]
    Missing,
    /// The account is switched off, or holds files only.
    #[error("the account is not fetched")]
    NotFetched,
    /// Anything else.
    #[error("background work failed")]
    Failed(#[source] Box<dyn std::error::Error + Send + Sync>),
}

/// Tasks behind the server. Calls that are not [`Pending`] may block: they are made from threads that may.
pub trait Background: Send + Sync + 'static {
    /// Settings of this account were made, changed or removed.
    fn account_changed(&self, account: AccountId);

    /// Fetches now instead of at the next time.
    ///
    /// # Errors
    /// `Missing`, `NotFetched`.
    fn fetch(&self, account: AccountId) -> Result<(), BackgroundError>;

    /// Fetches, and compares the mailboxes of this account with their server, now.
    ///
    /// # Errors
    /// `Missing`, `NotFetched`.
    fn compare(&self, account: AccountId) -> Result<(), BackgroundError>;

    /// Settings of sources of records are others now, or one is due.
    fn erp_changed(&self);

    /// Something waits to be sent, or settings of what goes out are others now.
    fn outgoing_changed(&self);

    /// Tries connection settings, step by step.
    fn test(&self, settings: TestSettings) -> Pending<'_, Tested>;

    /// Starts an import; gives the key of the run, whose row is there when this returns.
    ///
    /// # Errors
    /// `Missing`, `Failed`; the folder stays then.
    fn import(&self, job: ImportJob) -> Result<ImportRunId, BackgroundError>;

    /// Stops an import after the mail it is at; without effect on one that has ended.
    ///
    /// # Errors
    /// `Missing`.
    fn cancel_import(&self, run: ImportRunId) -> Result<(), BackgroundError>;
}
