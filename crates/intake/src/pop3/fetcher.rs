//! An account, run after run: what is new is retrieved, begins anew after a loss, and the mail that makes the server hang
//! up is found out and passed by.

use std::collections::{HashMap, HashSet};
use std::sync::Arc;

use super::drive::Session;
use super::list::Entry;
use super::retrieve::{Retrieving, failed};
use crate::Connection;
use crate::imap::{BLAMED_MAX, Event, ImapError, MailFault, Mailbox, Outlet, Settings, is_loss};

/// The one mailbox an account has.
pub const MAILBOX: &[u8] = b"INBOX";
/// Connections lost one after the other, without a mail between them, before a run is given up.
const LOSSES_MAX: u32 = 3;
/// Of a maildrop with more mails than this the newest come first.
const NEWEST_FIRST_FROM: usize = 50;

/// What became of mails that were to be removed.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Removed {
    /// Removed, or not there any more.
    pub gone: Vec<String>,
    /// Refused, with the server's words.
    pub refused: Vec<(String, String)>,
}

/// Fetches one account. One at a time per account; dropping it ends the connection, and nothing is removed then.
#[derive(Debug)]
pub struct Fetcher {
    settings: Settings,
    session: Option<Open>,
    connection: Arc<Connection>,
    /// Mails that ended connections: how often, and how it ended.
    blamed: HashMap<String, (u32, String)>,
}

/// A session, and the mails in it.
#[derive(Debug)]
struct Open {
    session: Session,
    entries: Vec<Entry>,
}

impl Fetcher {
    /// Nothing is connected yet.
    pub fn new(settings: Settings) -> Self {
        Self { settings, session: None, connection: Arc::default(), blamed: HashMap::new() }
    }

    /// Retrieves the mails whose names are not `known`. The session stays open for [`Fetcher::finish`].
    ///
    /// Events go to `outlet`: `Mailboxes`, the mails, and `Closed`. When the connection is lost it begins anew; mails that
    /// were handed over are not retrieved again.
    ///
    /// # Errors
    /// [`ImapError`], if there is no connection or it is lost again and again.
    pub async fn run(&mut self, mut known: HashSet<String>, outlet: &Outlet) -> Result<(), ImapError> {
        // What was passed by and is wanted again gets another chance.
        self.blamed.retain(|_, (times, _)| *times < BLAMED_MAX);
        let mut losses = 0;
        let mut is_first = true;
        loop {
            self.session = None;
            let session = self.connection.open(&self.settings).await?;
            let mut settled = 0;
            match self.pass(session, &mut known, is_first, outlet, &mut settled).await {
                Ok(()) => return Ok(()),
                Err(error) if !is_loss(&error) => return Err(error),
                Err(error) => {
                    losses = if settled > 0 { 1 } else { losses + 1 };
                    if losses >= LOSSES_MAX {
                        return Err(error);
                    }
                }
            }
            is_first = false;
        }
    }

    /// What the mails in the session that [`Fetcher::run`] left open are called; `None`: the server has no names for them,
    /// or there is no session.
    pub fn names(&self) -> Option<Vec<String>> {
        let open = self.session.as_ref()?;
        open.entries.iter().map(|entry| entry.unique_id.clone()).collect()
    }

    /// What is known of the connection, while it goes on.
    pub fn connection(&self) -> Arc<Connection> {
        Arc::clone(&self.connection)
    }

    async fn pass(
        &mut self,
        mut session: Session,
        known: &mut HashSet<String>,
        is_first: bool,
        outlet: &Outlet,
        settled: &mut u64,
    ) -> Result<(), ImapError> {
        let mut entries = session.entries().await?;
        if is_first {
            let inbox = Mailbox::only_inbox(entries.len() as u32);
            outlet.send(vec![Event::Mailboxes(vec![inbox])]).await?;
        }
        let mailbox: Arc<[u8]> = MAILBOX.into();
        let (mut todo, mut passed_by) = (Vec::new(), Vec::new());
        for entry in &entries {
            let is_known = entry.unique_id.as_ref().is_some_and(|name| known.contains(name));
            match self.blamed.get(&blame_key(entry)) {
                _ if is_known => {}
                Some((times, words)) if *times >= BLAMED_MAX => {
                    passed_by.push(failed(&mailbox, entry, MailFault::Breaks { words: words.clone() }));
                }
                _ => todo.push(entry.clone()),
            }
        }
        outlet.send(passed_by).await?;
        if entries.len() > NEWEST_FIRST_FROM {
            // Who waits long, or may fetch so much in a day only, sees what is new first; names say what is here.
            todo.reverse();
        }
        let order: Vec<Entry> = todo.clone();
        let mut retrieving =
            Retrieving::new(todo, session.pipeline(), self.settings.options.small_octets_max, known);
        let result = session.run(&mut retrieving, outlet).await;
        *settled = retrieving.done();
        let suspect = retrieving.suspect().map(blame_key);
        let done = usize::try_from(retrieving.done()).unwrap_or(usize::MAX).min(order.len());
        known.extend(order[..done].iter().filter_map(|entry| entry.unique_id.clone()));
        match result {
            Ok(named) => {
                for entry in &mut entries {
                    if let Some(name) = named.get(&entry.number) {
                        entry.unique_id = Some(name.clone());
                    }
                }
                self.session = Some(Open { session, entries });
                outlet.send(vec![Event::Closed { mailbox, uid_next: None, error: None }]).await
            }
            Err(error) => {
                if let Some(suspect) = suspect.filter(|_| is_loss(&error)) {
                    let blame = self.blamed.entry(suspect).or_default();
                    *blame = (blame.0 + 1, error.to_string());
                }
                Err(error)
            }
        }
    }

    /// Ends the session that [`Fetcher::run`] left open, and removes these mails with it. Names that are in no mailbox any
    /// more count as gone.
    ///
    /// # Errors
    /// [`ImapError`]. Then nobody knows what was removed: ask for it again after the next run.
    pub async fn finish(&mut self, names: &HashSet<String>) -> Result<Removed, ImapError> {
        let Some(Open { session, entries }) = self.session.take() else { return Ok(Removed::default()) };
        let numbers: HashMap<u32, String> = entries
            .into_iter()
            .filter_map(|entry| entry.unique_id.map(|name| (entry.number, name)))
            .filter(|(_, name)| names.contains(name))
            .collect();
        let mut ascending: Vec<u32> = numbers.keys().copied().collect();
        ascending.sort_unstable();
        let there: HashSet<&String> = numbers.values().collect();
        let mut gone: Vec<String> = names.iter().filter(|name| !there.contains(name)).cloned().collect();
        let outcome = session.remove(ascending).await?;
        gone.extend(outcome.removed.iter().filter_map(|number| numbers.get(number).cloned()));
        let refused = outcome
            .refused
            .into_iter()
            .filter_map(|(number, words)| Some((numbers.get(&number)?.clone(), words)))
            .collect();
        Ok(Removed { gone, refused })
    }
}

/// By name, or by size where a mail has none yet.
fn blame_key(entry: &Entry) -> String {
    entry.unique_id.clone().unwrap_or_else(|| format!("{} {:?}", entry.number, entry.size_octets))
}
