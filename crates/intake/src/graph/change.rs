//! Marks, moves and deletes mails, and sends. What is done already counts as done.
//!
//! Source: Microsoft Graph REST API v1.0: "Update message", "message: move", "Delete message", "user: sendMail".

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use connect::Method;
use model::Position;

use super::client::unreadable;
use super::fetcher::Fetcher;
use super::folders;
use super::json;
use super::refusal::Trouble;
use crate::imap::{Change, Changed, During, ImapError, Mailbox};

/// Longest mail the service takes by `sendMail`, octets of the request: 4 MB.
const SEND_OCTETS_MAX: usize = 4_000_000;

impl Fetcher {
    /// Changes one mail, by its id. A move gives the folder it went to, which is made if it is missing. Deleted mails go to
    /// the folder for deleted mails: the service has it so.
    ///
    /// # Errors
    /// [`ImapError::Refused`] if the service says no to this one; others where there is no use in going on.
    pub async fn change(
        &mut self,
        id: &str,
        change: &Change,
    ) -> Result<(Changed, Option<Mailbox>), ImapError> {
        match self.try_change(id, change).await {
            Ok(done) => Ok(done),
            Err(Trouble::Refused(refusal)) if refusal.is_missing() => Ok((Changed::Gone, None)),
            Err(Trouble::Refused(refusal))
                if refusal.is_of_account() || refusal.is_of_server() || refusal.status == 403 =>
            {
                Err(refusal.into_error())
            }
            Err(Trouble::Refused(refusal)) => Err(ImapError::Refused {
                command: command(change),
                words: format!("{} {}", refusal.status, refusal.said()),
                code: None,
                is_bad: false,
            }),
            Err(Trouble::Error(error)) => Err(error),
        }
    }

    async fn try_change(&mut self, id: &str, change: &Change) -> Result<(Changed, Option<Mailbox>), Trouble> {
        let client = self.client()?;
        let json = |value: serde_json::Value| Some(("application/json", value.to_string().into_bytes()));
        match change {
            Change::Flags { is_set, .. } => {
                let body = json(serde_json::json!({ "isRead": is_set }));
                client.answer(Method::PATCH, client.address(&["messages", id]), body, During::Change).await?;
                Ok((Changed::Done { to: None }, None))
            }
            Change::Delete => {
                client
                    .answer(Method::DELETE, client.address(&["messages", id]), None, During::Change)
                    .await?;
                Ok((Changed::Done { to: None }, None))
            }
            Change::Move { to } => {
                let target = if let Some(known) = folders::find(&self.folders, to) {
                    known.clone()
                } else {
                    let special_uses = self.special_uses.clone();
                    folders::make(&client, &mut self.folders, &special_uses, to).await?
                };
                let body = json(serde_json::json!({ "destinationId": String::from_utf8_lossy(&target.raw) }));
                let url = client.address(&["messages", id, "move"]);
                let octets = client.answer(Method::POST, url, body, During::Change).await?;
                let unique_id = json::single(&octets).map_err(unreadable)?.id;
                Ok((Changed::Done { to: Some(Position::Unique { unique_id }) }, Some(target)))
            }
        }
    }

    /// Sends a mail as it is, octets with CRLF; the service keeps a copy among those sent. It takes recipients from the
    /// fields `To`, `Cc` and `Bcc` of the mail, and has no envelope.
    ///
    /// # Errors
    /// [`ImapError::Refused`] if the service says no to this one or it is too large; others as for a fetch.
    pub async fn send(&mut self, octets: &[u8]) -> Result<(), ImapError> {
        let encoded = STANDARD.encode(octets).into_bytes();
        let refused =
            |words: String| ImapError::Refused { command: "sendMail", code: None, words, is_bad: false };
        if encoded.len() > SEND_OCTETS_MAX {
            return Err(refused(format!("more than {SEND_OCTETS_MAX} octets")));
        }
        let client = self.client()?;
        let url = client.address(&["sendMail"]);
        match client.answer(Method::POST, url, Some(("text/plain", encoded)), During::Change).await {
            Ok(_) => Ok(()),
            Err(Trouble::Refused(refusal)) if matches!(refusal.status, 400 | 404 | 413) => {
                Err(refused(format!("{} {}", refusal.status, refusal.said())))
            }
            Err(trouble) => Err(trouble.into()),
        }
    }
}

const fn command(change: &Change) -> &'static str {
    match change {
        Change::Flags { .. } => "PATCH",
        Change::Move { .. } => "move",
        Change::Delete => "DELETE",
    }
}
