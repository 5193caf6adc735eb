//! Tries settings step by step, for the button "Test settings".

use connect::Stream;

use super::drive::{Encryption, Session, Settings};
use super::error::{During, ImapError};
use super::mailbox::Mailbox;
use crate::connection::{LoggedIn as _, log_in};

/// A step of the test, in the order of the way. With STARTTLS the greeting comes before TLS and belongs to `Connect`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum TestStep {
    /// Finding the host's addresses.
    Name,
    /// TCP connection.
    Connect,
    /// TLS; left out with [`Encryption::None`].
    Tls,
    /// Greeting and login.
    Login,
    /// Microsoft Graph: the mailbox is there, and may be read.
    Mailbox,
    /// Listing the mailboxes.
    Folders,
}

impl TestStep {
    /// `name`, `connect`, `tls`, `login`, `mailbox` or `folders`.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Name => "name",
            Self::Connect => "connect",
            Self::Tls => "tls",
            Self::Login => "login",
            Self::Mailbox => "mailbox",
            Self::Folders => "folders",
        }
    }
}

/// What became of a step.
#[derive(Debug)]
pub struct TestResult {
    /// Which.
    pub step: TestStep,
    /// Addresses, certificate or the server's own words; of a failure its words, if it said any.
    pub detail: String,
    /// Why it failed; [`ImapError::key`] names the sentence and the advice for people.
    pub error: Option<ImapError>,
}

/// What a test has shown. The last step is the one that failed, if one did.
#[derive(Debug, Default)]
pub struct TestReport {
    /// Those that were reached, in order.
    pub steps: Vec<TestResult>,
    /// With their numbers, as far as the server tells.
    pub mailboxes: Vec<Mailbox>,
}

impl TestReport {
    /// Whether all went well.
    pub fn is_ok(&self) -> bool {
        self.steps.iter().all(|result| result.error.is_none())
    }

    pub(crate) fn passed(&mut self, step: TestStep, detail: impl Into<String>) {
        self.steps.push(TestResult { step, detail: detail.into(), error: None });
    }

    pub(crate) fn failed(mut self, step: TestStep, error: ImapError) -> Self {
        let _: Option<()> = self.stopped(step, error);
        self
    }

    fn stopped<T>(&mut self, step: TestStep, error: ImapError) -> Option<T> {
        let detail = error.words().unwrap_or_default().to_owned();
        self.steps.push(TestResult { step, detail, error: Some(error) });
        None
    }
}

/// The way to a stream on which a login can begin, with the other side's address; `None` if it was not reached.
pub(crate) async fn begin_test(settings: &Settings, report: &mut TestReport) -> Option<(Stream, String)> {
    let (host, port, timeouts) = (&settings.host, settings.port, &settings.options.timeouts);
    let addresses = match connect::resolve(host, port, timeouts.name).await {
        Ok(addresses) => addresses,
        Err(error) => return report.stopped(TestStep::Name, error.into()),
    };
    let shown: Vec<String> = addresses.iter().map(|address| address.ip().to_string()).collect();
    report.passed(TestStep::Name, shown.join(", "));
    let plain = match connect::connect(host, &addresses, timeouts.connect).await {
        Ok(plain) => plain,
        Err(error) => return report.stopped(TestStep::Connect, error.into()),
    };
    let peer = plain.peer_addr().map_or_else(|_| String::new(), |peer| peer.to_string());
    if settings.encryption != Encryption::Tls {
        return Some((plain, peer));
    }
    report.passed(TestStep::Connect, peer.clone());
    match plain.start_tls(&settings.tls, host, timeouts.tls).await {
        Ok(stream) => {
            report.passed(TestStep::Tls, certificate(&stream));
            Some((stream, peer))
        }
        Err(error) => report.stopped(TestStep::Tls, error.into()),
    }
}

/// The certificate a server showed, in words.
pub(crate) fn certificate(stream: &Stream) -> String {
    stream.peer_certificate().map_or_else(String::new, |shown| shown.to_string())
}

/// Goes all the way to the list of mailboxes and says at each step what was found. Changes nothing.
pub async fn test_settings(settings: &Settings) -> TestReport {
    let mut report = TestReport::default();
    let Some((stream, peer)) = begin_test(settings, &mut report).await else { return report };
    let mut session: Session = match log_in(stream, settings).await {
        Ok(session) => session,
        Err(error) => return login_failed(report, settings.encryption, peer, error),
    };
    if settings.encryption != Encryption::Tls {
        report.passed(TestStep::Connect, format!("{peer} {}", session.greeting()));
    }
    if settings.encryption == Encryption::StartTls {
        report.passed(TestStep::Tls, session.stream().map_or_else(String::new, certificate));
    }
    report.passed(TestStep::Login, session.login_words());
    match session.mailboxes().await {
        Ok(mut mailboxes) => {
            add_numbers(&mut session, &mut mailboxes).await;
            report.passed(TestStep::Folders, String::new());
            report.mailboxes = mailboxes;
        }
        Err(error) => return report.failed(TestStep::Folders, error),
    }
    session.close().await;
    report
}

/// Sorts a failure between greeting and login into its step, and the steps before it as passed.
pub(crate) fn login_failed(
    mut report: TestReport,
    encryption: Encryption,
    peer: String,
    error: ImapError,
) -> TestReport {
    let is_greeting = matches!(
        error,
        ImapError::Greeting { .. }
            | ImapError::Timeout { during: During::Greeting, .. }
            | ImapError::Closed { during: During::Greeting }
            | ImapError::Broken { during: During::Greeting, .. }
    );
    let step = match error.class() {
        super::Class::Tls => TestStep::Tls,
        _ if is_greeting && encryption != Encryption::Tls => TestStep::Connect,
        _ => TestStep::Login,
    };
    if encryption != Encryption::Tls && step > TestStep::Connect {
        report.passed(TestStep::Connect, peer);
    }
    if encryption == Encryption::StartTls && step > TestStep::Tls {
        report.passed(TestStep::Tls, String::new());
    }
    report.failed(step, error)
}

/// Of servers that do not give them with the list; what they refuse stays unknown.
async fn add_numbers(session: &mut Session, mailboxes: &mut [Mailbox]) {
    let asked = mailboxes.iter().filter(|mailbox| mailbox.is_selectable && mailbox.status.is_none());
    let asked: Vec<Vec<u8>> = asked.map(|mailbox| mailbox.raw.clone()).collect();
    if asked.is_empty() {
        return;
    }
    let Ok(answers) = session.status(asked).await else { return };
    for mailbox in mailboxes {
        if mailbox.status.is_none() {
            mailbox.status = answers.iter().find(|answer| answer.raw == mailbox.raw).cloned();
        }
    }
}
