//! Mails put back into a mailbox of a server, where they are not any more or never were.
//!
//! Lines end with CRLF there, as IMAP wants it: a mail whose lines end otherwise is put back so, and the archive's octets stay as they are.

use std::io::{ErrorKind, Read};
use std::sync::Arc;

use intake::imap::{Append, AppendReport, Appended, Fetcher, ImapError};
use model::{AccountId, MailId, Scope};
use store::{AccountKind, DueAction, PutBackMail, SourceOutcome};
use tokio::sync::mpsc;

use crate::approvals::Person;
use crate::blocking::blocking;
use crate::core::Core;
use crate::engine::Engine;
use crate::error::{Error, Result};
use crate::notify;
use crate::search::Asked;
use crate::source::{Outcomes, failed, is_refusal};

/// Mails given to the server with one order.
const TOGETHER: usize = 20;
/// Octets read at a time.
const PIECE_OCTETS: usize = 64 << 10;
/// Pieces that wait for the server.
const PIECES: usize = 2;
/// Messages queued in one transaction.
const CHUNK: usize = 1000;
/// Longest name of a folder, octets.
const FOLDER_MAX: usize = 500;

/// Which mails are put back: of each message one.
#[derive(Clone, Debug)]
pub enum PutBackOf {
    /// The messages of these mails.
    Mails(Vec<MailId>),
    /// Those of a search.
    Search(Asked),
}

impl Engine {
    /// Has mails put into a folder of an account, as far as the scope allows; gives how many. It is done with the next fetch of the
    /// account, and listed with what is done at its source. The folder is made if it is missing; `/` between levels.
    ///
    /// # Errors
    /// `Missing` account; `PutBack` if it is none of IMAP, was never fetched, or the folder has no name; `Query`; those of the database.
    pub fn put_back(
        &self,
        scope: &Scope,
        of: &PutBackOf,
        account: AccountId,
        folder: &str,
        by: &Person,
    ) -> Result<u64> {
        let folder = folder.trim();
        if folder.is_empty() || folder.len() > FOLDER_MAX || folder.chars().any(char::is_control) {
            return Err(Error::PutBack("put-back-folder"));
        }
        let known = self.store().account(account)?;
        let known = known.ok_or_else(|| Error::Missing { what: "account", name: account.to_string() })?;
        if known.settings.kind != AccountKind::Imap {
            return Err(Error::PutBack("put-back-not-imap"));
        }
        if self.store().mailboxes(account)?.is_empty() {
            return Err(Error::PutBack("put-back-never-fetched"));
        }
        let now = self.core().now();
        let mut count = 0;
        let mut queue = |messages: &[i64]| -> Result<()> {
            for some in messages.chunks(CHUNK) {
                let target = (account, folder.to_owned());
                count += self.store().put_back(scope, some.to_vec(), target, now)?;
            }
            Ok(())
        };
        let query = match of {
            PutBackOf::Mails(mails) => {
                queue(&self.store().messages_of_mails(mails)?)?;
                ""
            }
            PutBackOf::Search(asked) => {
                self.messages_of(scope, asked, &mut queue)?;
                asked.query.as_str()
            }
        };
        if count > 0 {
            let number = count.to_string();
            let details = [
                ("user", by.name.as_str()),
                ("count", &number),
                ("account", &known.settings.name),
                ("folder", folder),
                ("query", query),
            ];
            let event = notify::entry(&by.actor(), now, "mails.put_back", "", &details);
            self.store().append_events(vec![event])?;
        }
        Ok(count)
    }
}

/// Puts mails into a folder, on the connection of the account's task.
///
/// # Errors
/// Those of the database.
pub(crate) async fn put(
    core: &Arc<Core>,
    fetcher: &mut Fetcher,
    folder: &str,
    batch: &[DueAction],
) -> Result<(Outcomes, Option<ImapError>)> {
    let mut outcomes = Outcomes::with_capacity(batch.len());
    for some in batch.chunks(TOGETHER) {
        let mut wanted: Vec<(&DueAction, PutBackMail, u64)> = Vec::with_capacity(some.len());
        let seqs: Vec<i64> = some.iter().map(|action| action.seq).collect();
        let for_mails = Arc::clone(core);
        let sized = blocking(move || sized(&for_mails, &seqs)).await?;
        for (action, mail) in some.iter().zip(sized) {
            match mail {
                Known::Here(mail, octets) => wanted.push((action, mail, octets)),
                Known::Not(outcome) => outcomes.push((action.key, false, outcome)),
            }
        }
        // One whose octets cannot be read ends the connection; the others are given again behind it.
        let mut rest = wanted.as_slice();
        while !rest.is_empty() {
            let report = match append(core, fetcher, folder, rest).await {
                Ok(report) => report,
                Err(error) => {
                    let left: Vec<DueAction> = rest.iter().map(|(action, ..)| (*action).clone()).collect();
                    outcomes.extend(failed(&left, &error));
                    return Ok((outcomes, (!is_refusal(&error)).then_some(error)));
                }
            };
            let (done, left) = rest.split_at(report.mails.len().min(rest.len()));
            outcomes.extend(done.iter().zip(report.mails).map(|((action, ..), mail)| {
                let outcome = match mail {
                    Appended::Done { .. } | Appended::Present => SourceOutcome::Done { to: None },
                    Appended::Refused(error) => {
                        let words = error.words().map_or_else(|| error.to_string(), str::to_owned);
                        SourceOutcome::Failed(words)
                    }
                };
                (action.key, false, outcome)
            }));
            rest = left;
            match (report.lost, rest.split_first()) {
                (Some(ImapError::Abandoned), Some(((action, ..), behind))) => {
                    let outcome = SourceOutcome::Failed("put-back-unread".to_owned());
                    outcomes.push((action.key, false, outcome));
                    rest = behind;
                }
                (Some(error), _) => return Ok((outcomes, Some(error))),
                (None, _) => {}
            }
        }
    }
    Ok((outcomes, None))
}

/// What is to be known of a mail, or why it is not put back.
enum Known {
    /// With its octets as they are sent.
    Here(PutBackMail, u64),
    Not(SourceOutcome),
}

fn sized(core: &Core, seqs: &[i64]) -> Result<Vec<Known>> {
    let mut mails = core.store.put_back_mails(seqs)?;
    let known = seqs.iter().map(|seq| {
        let Some(mail) = mails.remove(seq) else { return Known::Not(SourceOutcome::Gone) };
        if mail.held {
            return Known::Not(SourceOutcome::Failed("put-back-held".to_owned()));
        }
        let mut octets = 0;
        let read = pieces(core, &mail, &mut |piece| {
            octets += piece.len() as u64;
            true
        });
        match read {
            Ok(()) => Known::Here(mail, octets),
            Err(error) => {
                tracing::warn!(mail = %mail.octets.mail_id, error = %crate::chain(&error), "not put back");
                Known::Not(SourceOutcome::Failed("put-back-unread".to_owned()))
            }
        }
    });
    Ok(known.collect())
}

async fn append(
    core: &Arc<Core>,
    fetcher: &mut Fetcher,
    folder: &str,
    mails: &[(&DueAction, PutBackMail, u64)],
) -> std::result::Result<AppendReport, ImapError> {
    let mut appends = Vec::with_capacity(mails.len());
    let mut senders = Vec::with_capacity(mails.len());
    for (_, mail, octets) in mails {
        let (sender, body) = mpsc::channel(PIECES);
        senders.push((mail.clone(), sender));
        let message_id = mail.message_id.clone();
        appends.push(Append {
            flags: mail.flags,
            received: mail.received,
            octets: *octets,
            message_id,
            body,
        });
    }
    let for_reading = Arc::clone(core);
    let reading = tokio::task::spawn_blocking(move || {
        for (mail, sender) in senders {
            // Whoever does not want it, or not any more, has dropped the other end.
            let read = pieces(&for_reading, &mail, &mut |piece| sender.blocking_send(piece).is_ok());
            if let Err(error) = read {
                tracing::warn!(mail = %mail.octets.mail_id, error = %crate::chain(&error), "not put back");
            }
        }
    });
    let report = fetcher.append(folder, appends).await;
    reading.await.ok();
    report
}

/// The octets of a mail with CRLF at the end of each line, in pieces, until one is not wanted.
fn pieces(core: &Core, mail: &PutBackMail, take: &mut dyn FnMut(Vec<u8>) -> bool) -> Result<()> {
    let mut reader = core.archive.get(mail.octets.location)?;
    let mut read = vec![0; PIECE_OCTETS];
    let mut after_cr = false;
    loop {
        let octets = match reader.read(&mut read) {
            Ok(0) => return Ok(()),
            Ok(octets) => &read[..octets],
            Err(error) if error.kind() == ErrorKind::Interrupted => continue,
            Err(error) => {
                return Err(archive::Error::of_stream(error, std::path::Path::new("archive")).into());
            }
        };
        if !take(with_crlf(octets, &mut after_cr)) {
            return Ok(());
        }
    }
}

fn with_crlf(octets: &[u8], after_cr: &mut bool) -> Vec<u8> {
    let mut out = Vec::with_capacity(octets.len() + octets.len() / 32);
    let mut from = 0;
    for at in memchr::memchr_iter(b'\n', octets) {
        let has_cr = if at == 0 { *after_cr } else { octets[at - 1] == b'\r' };
        if !has_cr {
            out.extend_from_slice(&octets[from..at]);
            out.push(b'\r');
            from = at;
        }
    }
    out.extend_from_slice(&octets[from..]);
    *after_cr = octets.last() == Some(&b'\r');
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_end_with_crlf() {
        let text = b"\na\r\nb\n\nc\rd\r\n\r\n\n".as_slice();
        for size in 1..=text.len() {
            let mut after_cr = false;
            let whole: Vec<u8> =
                text.chunks(size).flat_map(|piece| with_crlf(piece, &mut after_cr)).collect();
            assert_eq!(whole, b"\r\na\r\nb\r\n\r\nc\rd\r\n\r\n\r\n", "{size}");
        }
    }
}
