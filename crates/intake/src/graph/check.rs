//! Tries settings step by step, for the button "Test settings".

use std::sync::Arc;

use super::client::Client;
use super::folders;
use crate::imap::{ImapError, Settings, TestReport, TestStep, begin_test};

/// Goes all the way to the list of folders and says at each step what was found. Changes nothing.
pub async fn test_settings(settings: &Settings) -> TestReport {
    let mut report = TestReport::default();
    let Some((stream, peer)) = begin_test(settings, &mut report).await else { return report };
    drop(stream);
    if settings.encryption != crate::imap::Encryption::Tls {
        report.passed(TestStep::Connect, peer);
    }
    let client = match Client::new(settings, Arc::default()) {
        Ok(client) => client,
        Err(error) => return report.failed(TestStep::Tls, error),
    };
    let special_uses = match folders::special_uses(&client).await {
        Ok(special_uses) => special_uses,
        Err(error @ (ImapError::LoginRefused { .. } | ImapError::Forbidden { .. })) => {
            report.passed(TestStep::Login, String::new());
            return report.failed(TestStep::Mailbox, error);
        }
        Err(error) => return report.failed(TestStep::Login, error),
    };
    report.passed(TestStep::Login, "OAuth 2");
    report.passed(TestStep::Mailbox, settings.login.clone());
    match folders::list(&client, &special_uses).await {
        Ok(mailboxes) => {
            report.passed(TestStep::Folders, String::new());
            report.mailboxes = mailboxes;
            report
        }
        Err(error) => report.failed(TestStep::Folders, error),
    }
}
