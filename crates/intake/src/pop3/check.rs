//! Tries settings step by step, for the button "Test settings".

use super::drive::Session;
use crate::connection::{LoggedIn as _, log_in};
use crate::imap::{Encryption, Mailbox, Settings, TestReport, TestStep, begin_test, login_failed};

/// Goes all the way to the list of mails and says at each step what was found. Changes nothing.
pub async fn test_settings(settings: &Settings) -> TestReport {
    let mut report = TestReport::default();
    let Some((stream, peer)) = begin_test(settings, &mut report).await else { return report };
    let mut session: Session = match log_in(stream, settings).await {
        Ok(session) => session,
        Err(error) => return login_failed(report, settings.encryption, peer, error),
    };
    if settings.encryption != Encryption::Tls {
        report.passed(TestStep::Connect, format!("{peer} {}", session.opened.greeting));
    }
    if settings.encryption == Encryption::StartTls {
        report.passed(TestStep::Tls, session.stream().map_or_else(String::new, crate::imap::certificate));
    }
    report.passed(TestStep::Login, session.opened.login.clone());
    match session.entries().await {
        Ok(entries) => {
            report.passed(TestStep::Folders, String::new());
            report.mailboxes = vec![Mailbox::only_inbox(entries.len() as u32)];
        }
        Err(error) => return report.failed(TestStep::Folders, error),
    }
    // Whether the server hears the goodbye does not matter.
    let _ = session.remove(Vec::new()).await;
    report
}
