//! Mail from files: a walk over paths, fed into the way.

use std::collections::HashMap;
use std::io::Read;
use std::ops::ControlFlow;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use intake::files::{self, Failed, Item, Mail, Octets, Reason, Source};
use model::{AccountId, ImportRunId, MailboxId, Position, Provenance};
use store::{ImportFailure, MailboxListing};

use crate::core::Core;
use crate::error::{Error, Result};
use crate::feed::{Counts, Feed, Incoming, Piece};
use crate::flow::Entrance;

/// Mailbox of files that lie in no folder of the import.
const NO_FOLDER: &str = "Import";

/// What to import.
#[derive(Clone, Debug)]
pub struct Import {
    /// Into this account, which exists.
    pub account: AccountId,
    /// Paths, as `intake` takes them.
    pub sources: Vec<Source>,
    /// Relative paths are relative to it.
    pub directory: Option<PathBuf>,
    /// Counted for this run of the database, if it is one.
    pub run: Option<ImportRunId>,
}

/// What an import tells while it runs.
#[derive(Debug)]
pub enum Step<'a> {
    /// Something did not become a mail.
    Failed {
        /// Path as given or found.
        path: &'a str,
        /// Why.
        reason: &'a Reason,
    },
    /// How far it is.
    Progress {
        /// Sums so far; mails under way are not in them yet.
        counts: Counts,
        /// Files read.
        files: u64,
        /// Octets of the files read.
        octets: u64,
    },
}

/// Reads the files and waits until all that was found is durable and filed. `on_step` may stop it by `stop`.
///
/// # Errors
/// Of archive and database; what was taken in before stays, and the same import again goes on from there.
pub(crate) fn import(
    core: &Arc<Core>,
    entrance: &Entrance,
    import: &Import,
    stdin: &mut dyn Read,
    stop: &AtomicBool,
    on_step: &mut dyn FnMut(Step<'_>),
) -> Result<Counts> {
    let account = core
        .store
        .account(import.account)?
        .ok_or_else(|| Error::Missing { what: "account", name: import.account.to_string() })?;
    let mut walk = Walk {
        core,
        feed: entrance.feed(core, import.run),
        account: import.account,
        account_name: account.settings.name,
        mailboxes: HashMap::new(),
        error: None,
    };
    let scratch = core.scratch.clone();
    let options = files::Options {
        directory: import.directory.clone(),
        scratch: Some(scratch),
        ..files::Options::default()
    };
    // Whether it broke off shows in `error` and `stop`.
    let _ = files::walk(&import.sources, stdin, &options, &mut |item| {
        match item {
            Item::Failed(failed) => {
                on_step(Step::Failed { path: &failed.path, reason: &failed.reason });
                walk.failed(&failed);
            }
            Item::Progress(progress) => {
                on_step(Step::Progress {
                    counts: walk.feed.tally().counts(),
                    files: progress.files,
                    octets: progress.octets,
                });
            }
            Item::Mail(mail) => walk.mail(mail),
            Item::Excluded(_) => walk.push(Piece::Excluded),
            _ => {}
        }
        if walk.error.is_some() || stop.load(Ordering::Relaxed) {
            ControlFlow::Break(())
        } else {
            ControlFlow::Continue(())
        }
    });
    match walk.error {
        Some(error) => Err(error),
        None => walk.feed.flush(),
    }
}

struct Walk<'a> {
    core: &'a Core,
    feed: Feed,
    account: AccountId,
    account_name: String,
    mailboxes: HashMap<String, MailboxId>,
    error: Option<Error>,
}

impl Walk<'_> {
    fn push(&mut self, piece: Piece) {
        if let Err(error) = self.feed.push(piece) {
            self.error = Some(error);
        }
    }

    fn failed(&mut self, failed: &Failed) {
        let reason = match failed.reason.parameter() {
            Some((_, value)) => format!("{} {value}", failed.reason.key()),
            None => failed.reason.key().to_owned(),
        };
        self.push(Piece::Failure(ImportFailure { locator: failed.path.clone(), reason }));
    }

    fn mail(&mut self, mail: Mail<'_>) {
        let taken = self.mailbox(&mail.mailbox).and_then(|mailbox| {
            let provenance = Provenance {
                account: self.account,
                account_name: self.account_name.clone(),
                mailbox: name_of(&mail.mailbox).as_bytes().to_vec(),
                position: Position::File { locator: mail.locator },
                received: mail.received,
                fetched: self.core.now(),
                flags: mail.flags,
                envelope: None,
            };
            match mail.octets {
                Octets::Small(octets) => {
                    self.feed.mail(Incoming { mailbox, provenance, octets, later: false })
                }
                // That reading failed is reported by the walk afterwards.
                Octets::Large(reader) => self.feed.stream(mailbox, provenance, reader).map(|_| ()),
            }
        });
        if let Err(error) = taken {
            self.error = Some(error);
        }
    }

    fn mailbox(&mut self, folder: &str) -> Result<MailboxId> {
        if let Some(id) = self.mailboxes.get(folder) {
            return Ok(*id);
        }
        let name = name_of(folder);
        let listing = MailboxListing {
            id: MailboxId::new(uuid::Uuid::now_v7()),
            name: name.as_bytes().to_vec(),
            display_name: name.to_owned(),
            special_use: None,
            selected: true,
        };
        let id = self
            .core
            .store
            .upsert_mailboxes(self.account, vec![listing])?
            .first()
            .copied()
            .ok_or(Error::Stopped)?;
        self.mailboxes.insert(folder.to_owned(), id);
        Ok(id)
    }
}

fn name_of(folder: &str) -> &str {
    if folder.is_empty() { NO_FOLDER } else { folder }
}
