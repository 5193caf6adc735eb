//! Mail from files: a walk over paths, fed into the way.

use std::collections::HashMap;
use std::io::Read;
use std::ops::ControlFlow;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use intake::files::{self, Convert, Failed, Item, Mail, Octets, Reason, Source};
use model::{AccountId, ImportRunId, MailboxId, Position, Provenance};
use store::{EntryFate, MailboxListing};

use crate::core::Core;
use crate::error::{Error, Result};
use crate::feed::{Counts, Entry, Feed, Incoming, Piece};
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
    /// Each entry is kept for this run of the database, if it is one. What an interrupted run has kept already is passed
    /// over: the sources must be the same, unchanged.
    pub run: Option<ImportRunId>,
}

impl crate::Engine {
    /// Begins a run of the database; [`Import::run`] names it, [`crate::Engine::end_import`] ends it.
    ///
    /// `actor`: a user's id, or a part of the program; `source`: what is imported, for people.
    ///
    /// # Errors
    /// `Missing` account, those of the database.
    pub fn begin_import(
        &self,
        account: AccountId,
        actor: &str,
        source: &str,
        total_octets: Option<u64>,
    ) -> std::result::Result<ImportRunId, store::StoreError> {
        let id = ImportRunId::new(uuid::Uuid::now_v7());
        self.store().start_import(store::ImportRun {
            id,
            account,
            actor: actor.to_owned(),
            source: source.to_owned(),
            state: "running".to_owned(),
            started: self.core().now(),
            finished: None,
            total_octets,
            counts: store::RunCounts::default(),
            entries: None,
        })?;
        Ok(id)
    }

    /// Ends a run; `state` as in [`store::ImportRun::state`].
    ///
    /// # Errors
    /// `Missing` run, those of the database.
    pub fn end_import(&self, run: ImportRunId, state: &str) -> std::result::Result<(), store::StoreError> {
        self.store().set_import_state(run, state.to_owned(), Some(self.core().now()), None)
    }
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
        feed: entrance.feed(core, import.account, import.run)?,
        account: import.account,
        account_name: account.settings.name,
        mailboxes: HashMap::new(),
        done: import.run.map_or(Ok(0), |run| core.store.import_entries_done(run))?,
        seen: 0,
        error: None,
    };
    let scratch = core.scratch.clone();
    let options = files::Options {
        directory: import.directory.clone(),
        scratch: Some(scratch),
        convert: Some(Arc::clone(core) as Arc<dyn Convert>),
        ..files::Options::default()
    };
    let walked = files::walk(&import.sources, stdin, &options, &mut |item| {
        match item {
            Item::Failed(failed) => {
                on_step(Step::Failed { path: &failed.path, reason: &failed.reason });
                walk.failed(failed);
            }
            Item::Progress(progress) => {
                on_step(Step::Progress {
                    counts: walk.feed.tally().counts(),
                    files: progress.files,
                    octets: progress.octets,
                });
            }
            Item::Mail(mail) => walk.mail(mail),
            Item::Excluded(excluded) => {
                let (rule, detail) = (key(excluded.rule), excluded.detail);
                walk.entry(excluded.path, EntryFate::Excluded { rule, detail });
            }
            _ => {}
        }
        if walk.error.is_some() || stop.load(Ordering::Relaxed) {
            ControlFlow::Break(())
        } else {
            ControlFlow::Continue(())
        }
    });
    if let Some(error) = walk.error {
        return Err(error);
    }
    let counts = walk.feed.flush()?;
    if let Some(run) = import.run
        && walked.is_continue()
    {
        core.store.complete_import(run, walk.seen)?;
    }
    Ok(counts)
}

struct Walk<'a> {
    core: &'a Core,
    feed: Feed,
    account: AccountId,
    account_name: String,
    mailboxes: HashMap<String, MailboxId>,
    /// Entries that are not to be handed in again.
    done: u64,
    /// Entries so far.
    seen: u64,
    error: Option<Error>,
}

impl Walk<'_> {
    /// Counts an entry that is no mail.
    fn entry(&mut self, path: String, fate: EntryFate) {
        self.seen += 1;
        if self.seen <= self.done {
            return;
        }
        let entry = Entry { n: self.seen, path, note: String::new() };
        if let Err(error) = self.feed.push(Piece::Entry(entry, fate)) {
            self.error = Some(error);
        }
    }

    fn failed(&mut self, failed: Failed) {
        let reason = failed.reason.key().to_owned();
        let detail = failed.reason.parameter().map(|(_, value)| value).unwrap_or_default();
        self.entry(failed.path, EntryFate::Failed { reason, detail });
    }

    fn mail(&mut self, mail: Mail<'_>) {
        let n = self.seen + 1;
        let taken = if n <= self.done { Ok(passed_over(mail.octets)) } else { self.hand_in(mail, n) };
        match taken {
            Ok(true) => self.seen = n,
            // The walk reports it afterwards.
            Ok(false) => {}
            Err(error) => self.error = Some(error),
        }
    }

    /// False if its octets could not be read.
    fn hand_in(&mut self, mail: Mail<'_>, n: u64) -> Result<bool> {
        let mailbox = self.mailbox(&mail.mailbox)?;
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
        let entry = Some(Entry { n, path: mail.path, note: key(mail.note) });
        match mail.octets {
            Octets::Small(octets) => {
                self.feed.mail(Incoming {
                    mailbox,
                    provenance,
                    octets,
                    is_junk: false,
                    later: false,
                    entry,
                })?;
                Ok(true)
            }
            Octets::Large(reader) => Ok(self.feed.stream(mailbox, provenance, reader, entry)?.is_ok()),
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

/// Key of the text people see for a rule or note.
fn key(name: &str) -> String {
    if name.is_empty() { String::new() } else { format!("import-{}", name.replace(' ', "-")) }
}

fn name_of(folder: &str) -> &str {
    if folder.is_empty() { NO_FOLDER } else { folder }
}

/// Whether the mail counts as an entry: one that cannot be read is counted when the walk reports it.
fn passed_over(octets: Octets<'_>) -> bool {
    match octets {
        Octets::Small(_) => true,
        Octets::Large(reader) => std::io::copy(reader, &mut std::io::sink()).is_ok(),
    }
}
