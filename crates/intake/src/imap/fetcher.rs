//! The mailboxes of one account, run after run: keeps the connection between runs, begins anew after a loss, and finds out
//! which mail it is that makes the server hang up.

mod wait;

use std::collections::{HashMap, HashSet};
use std::sync::Arc;
use std::time::Duration;

use super::append::{Append, AppendReport};
use super::change::{ChangeReport, Order};
use super::channel::Outlet;
use super::command::Command;
use super::compare::{Comparing, Fetched};
use super::drive::{Session, Settings};
use super::error::ImapError;
use super::event::Event;
use super::fetch::{BLAMED_MAX, Blamed, Wanted};
use super::inventory::inventory;
use super::mailbox::{Mailbox, MailboxStatus, SpecialUse};
use super::notify::Watched;
use crate::Connection;
use crate::line::Sink;

/// Connections lost one after the other, without a mail between them, before a run is given up.
const LOSSES_MAX: u32 = 3;

/// Which mailboxes of an account are fetched.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum Selection {
    /// Every one that holds mail.
    #[default]
    All,
    /// The inbox.
    Inbox,
    /// These, by raw name or by the name for people.
    Named(Vec<String>),
    /// Some, but those in these folders ([`Mailbox::is_in`]): they are not even opened.
    Except {
        /// Which otherwise.
        of: Box<Selection>,
        /// Names of folders.
        folders: Vec<String>,
    },
}

impl Selection {
    /// Whether a mailbox is meant.
    pub fn includes(&self, mailbox: &Mailbox) -> bool {
        mailbox.is_selectable
            && match self {
                Self::All => true,
                Self::Inbox => mailbox.special_use == Some(SpecialUse::Inbox),
                Self::Named(names) => {
                    names.iter().any(|name| *name == mailbox.name || name.as_bytes() == mailbox.raw)
                }
                Self::Except { of, folders } => {
                    of.includes(mailbox) && !folders.iter().any(|folder| mailbox.is_in(folder))
                }
            }
    }

    /// All of these but those in `folders`.
    #[must_use]
    pub fn except(self, folders: Vec<String>) -> Self {
        if folders.is_empty() { self } else { Self::Except { of: Box::new(self), folders } }
    }

    /// Whether a mailbox would be meant without [`Selection::Except`].
    pub fn passes_by(&self, mailbox: &Mailbox) -> bool {
        matches!(self, Self::Except { of, .. } if of.includes(mailbox)) && !self.includes(mailbox)
    }
}

/// Why waiting has ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Waited {
    /// The server says that there is more mail, or hung up: look now.
    News,
    /// The time has come.
    Time,
    /// Somebody rang.
    Rung,
}

/// Fetches the mailboxes of one account. One at a time per account; drop it to end the connection.
#[derive(Debug)]
pub struct Fetcher {
    settings: Settings,
    session: Option<Session>,
    /// By raw name, and the numbering the UIDs belong to.
    blamed: HashMap<Vec<u8>, (u32, Blamed)>,
    /// The mailboxes of the last run, and how far they are fetched.
    fetched: Vec<Fetched>,
    /// All of them, by raw name.
    selected: Vec<Vec<u8>>,
    connection: Arc<Connection>,
    comparing: Comparing,
    /// Where news is waited for: the mailbox to open first, then the others.
    watched: Vec<Watched>,
    /// Mails that came, by raw name of the mailbox.
    arrived: HashMap<Vec<u8>, u64>,
    /// The server does not do IDLE, whatever it says.
    is_deaf: bool,
    /// Nor NOTIFY.
    is_blind: bool,
    was_woken: bool,
    false_alarms: u32,
}

impl Fetcher {
    /// Nothing is connected yet.
    pub fn new(settings: Settings) -> Self {
        Self {
            settings,
            session: None,
            blamed: HashMap::new(),
            fetched: Vec::new(),
            selected: Vec::new(),
            connection: Arc::default(),
            comparing: Comparing::default(),
            watched: Vec::new(),
            arrived: HashMap::new(),
            is_deaf: false,
            is_blind: false,
            was_woken: false,
            false_alarms: 0,
        }
    }

    /// Fetches what is new in the selected mailboxes; a mailbox not in `wanted` is fetched from its beginning.
    ///
    /// Events go to `outlet`; each `BatchEnd` says from where to go on next time. When the connection is lost it begins
    /// anew from the last `BatchEnd`, so that mails after it may come twice, at the same position.
    ///
    /// # Errors
    /// [`ImapError`], if there is no connection or it is lost again and again. A mailbox refused is no error of the run:
    /// see [`Event::Closed`].
    pub async fn run(
        &mut self,
        selection: &Selection,
        wanted: Vec<Wanted>,
        outlet: &Outlet,
    ) -> Result<(), ImapError> {
        let mut wanted: HashMap<Vec<u8>, Wanted> =
            wanted.into_iter().map(|wanted| (wanted.mailbox.clone(), wanted)).collect();
        let mut losses = 0;
        let mut is_listed = false;
        let mut settled_in_all = 0;
        self.watched.clear();
        self.fetched.clear();
        // What was passed by and is wanted again gets another chance.
        for (_, blamed) in self.blamed.values_mut() {
            blamed.retain(|_, (times, _)| *times < BLAMED_MAX);
        }
        loop {
            let mut session = match self.session.take() {
                Some(mut session) => {
                    if session.is_alive().await {
                        session
                    } else {
                        continue;
                    }
                }
                None => self.connection.open(&self.settings).await?,
            };
            let mut pass = Pass {
                selection,
                wanted: &mut wanted,
                blamed: &mut self.blamed,
                arrived: &mut self.arrived,
                outlet,
                settled: 0,
                watched: Vec::new(),
                fetched: Vec::new(),
                selected: Vec::new(),
                fresh: HashSet::new(),
            };
            let result = pass.run(&mut session, &mut is_listed).await;
            let settled = pass.settled;
            settled_in_all += settled;
            match result {
                Ok(()) => {
                    self.watched = pass.watched;
                    self.fetched = pass.fetched;
                    self.selected = pass.selected;
                    let was_false = std::mem::take(&mut self.was_woken) && settled_in_all == 0;
                    self.false_alarms = if was_false { self.false_alarms + 1 } else { 0 };
                    self.session = Some(session);
                    return Ok(());
                }
                Err(error) if !is_loss(&error) => return Err(error),
                Err(error) => {
                    self.lost(&error);
                    losses = if settled > 0 { 1 } else { losses + 1 };
                    if losses >= LOSSES_MAX {
                        return Err(error);
                    }
                }
            }
        }
    }

    /// Looks what has become of mails fetched before, in the mailboxes of the last run: [`Event::Flags`],
    /// [`Event::Vanished`], [`Event::Present`]. How often depends on what the server can and on the size of a mailbox, so
    /// that it may be called after each run.
    ///
    /// # Errors
    /// [`ImapError`]; a mailbox refused is passed by.
    pub async fn compare(&mut self, outlet: &Outlet) -> Result<(), ImapError> {
        let Some(mut session) = self.session.take() else { return Ok(()) };
        let interval = self.settings.options.compare_interval;
        for fetched in &self.fetched {
            let compared = self.comparing.compare(&mut session, fetched, interval, outlet).await;
            if let Err(error) = compared {
                self.lost(&error);
                return Err(error);
            }
        }
        self.session = Some(session);
        Ok(())
    }

    /// Lists what each mailbox of the last run holds: [`Event::Inventory`], [`Event::Listed`], [`Event::InventoryEnd`].
    ///
    /// # Errors
    /// [`ImapError`]; a mailbox refused is passed by.
    pub async fn inventory(&mut self, outlet: &Outlet) -> Result<(), ImapError> {
        let mut session = match self.session.take() {
            Some(session) => session,
            None => self.connection.open(&self.settings).await?,
        };
        for mailbox in &self.selected {
            match inventory(&mut session, mailbox, outlet).await {
                Ok(()) | Err(ImapError::Refused { .. }) => {}
                Err(error) => return Err(error),
            }
        }
        self.session = Some(session);
        Ok(())
    }

    /// Raw names of the mailboxes of the last run.
    pub fn selected(&self) -> &[Vec<u8>] {
        &self.selected
    }

    /// Octets taken and octets in all, of the inbox; `None` if the server does not tell (RFC 9208), or there is no
    /// connection.
    ///
    /// # Errors
    /// [`ImapError`].
    pub async fn quota(&mut self) -> Result<Option<(u64, u64)>, ImapError> {
        let Some(mut session) = self.session.take() else { return Ok(None) };
        let mut quota = None;
        if session.capabilities().has("QUOTA") {
            match session.ask(Command::QuotaRoot { mailbox: b"INBOX" }).await {
                Ok(answer) => quota = answer.quota.filter(|(_, most)| *most > 0),
                Err(ImapError::Refused { .. }) => {}
                Err(error) => return Err(error),
            }
        }
        self.session = Some(session);
        Ok(quota)
    }

    /// What is known of the connection, while it goes on.
    pub fn connection(&self) -> Arc<Connection> {
        Arc::clone(&self.connection)
    }

    /// A connection is lost. What was agreed on and could not be kept is not agreed on again.
    fn lost(&mut self, error: &ImapError) {
        if matches!(error, ImapError::Unpackable { .. }) {
            self.settings.options.pack_from = Duration::MAX;
        }
    }

    /// Carries out an order, on the connection that is there or another one.
    ///
    /// # Errors
    /// [`ImapError`]. Then nobody knows how far it came: give it again, with [`Order::is_repeated`].
    pub async fn change(&mut self, order: &Order) -> Result<ChangeReport, ImapError> {
        let mut session = self.alive().await?;
        let result = session.change(order).await;
        match &result {
            Err(error) if is_loss(error) => self.lost(error),
            _ => self.session = Some(session),
        }
        result
    }

    /// Puts mails into the mailbox of this name, which is made if it is missing, on the connection that is there or another one.
    ///
    /// # Errors
    /// [`ImapError`] if nothing was put there. A connection that was lost later is [`AppendReport::lost`].
    pub async fn append(&mut self, to: &str, mails: Vec<Append>) -> Result<AppendReport, ImapError> {
        let mut session = self.alive().await?;
        let result = session.append(to, mails).await;
        match &result {
            Ok(AppendReport { lost: Some(error), .. }) => self.lost(error),
            Err(error) if is_loss(error) => self.lost(error),
            _ => self.session = Some(session),
        }
        result
    }

    /// The connection that is there, if it still stands, or another one.
    async fn alive(&mut self) -> Result<Session, ImapError> {
        let kept = match self.session.take() {
            Some(mut session) => session.is_alive().await.then_some(session),
            None => None,
        };
        match kept {
            Some(session) => Ok(session),
            None => self.connection.open(&self.settings).await,
        }
    }

    /// Ends the connection without a word; what is known of the mailboxes stays.
    pub fn disconnect(&mut self) {
        self.session = None;
    }

    /// Says goodbye to the server.
    pub async fn close(mut self) {
        if let Some(session) = self.session.take() {
            session.close().await;
        }
    }
}

/// Whether the connection is gone, and another may fare better.
pub(crate) fn is_loss(error: &ImapError) -> bool {
    matches!(
        error,
        ImapError::Closed { .. }
            | ImapError::Broken { .. }
            | ImapError::Timeout { .. }
            | ImapError::Bye { .. }
            | ImapError::Protocol { .. }
            | ImapError::Unpackable { .. }
    )
}

/// The mailboxes over one connection.
struct Pass<'r> {
    selection: &'r Selection,
    wanted: &'r mut HashMap<Vec<u8>, Wanted>,
    blamed: &'r mut HashMap<Vec<u8>, (u32, Blamed)>,
    arrived: &'r mut HashMap<Vec<u8>, u64>,
    outlet: &'r Outlet,
    settled: u64,
    watched: Vec<Watched>,
    fetched: Vec<Fetched>,
    selected: Vec<Vec<u8>>,
    /// Mailboxes never fetched before: there is nothing to compare yet.
    fresh: HashSet<Vec<u8>>,
}

impl Pass<'_> {
    async fn run(&mut self, session: &mut Session, is_listed: &mut bool) -> Result<(), ImapError> {
        let mailboxes = session.mailboxes().await?;
        let selected: Vec<Mailbox> =
            mailboxes.iter().filter(|mailbox| self.selection.includes(mailbox)).cloned().collect();
        let passed_by: Vec<Mailbox> = mailboxes
            .iter()
            .filter(|mailbox| !*is_listed && self.selection.passes_by(mailbox))
            .cloned()
            .collect();
        let missing: Vec<Wanted> = self
            .wanted
            .values()
            .filter(|wanted| !mailboxes.iter().any(|mailbox| mailbox.raw == wanted.mailbox))
            .filter(|wanted| wanted.cursor.is_some())
            .cloned()
            .collect();
        if !std::mem::replace(is_listed, true) {
            self.outlet.send(vec![Event::Mailboxes(mailboxes)]).await?;
        }
        let mut status: HashMap<Vec<u8>, MailboxStatus> = selected
            .iter()
            .chain(&passed_by)
            .filter_map(|mailbox| Some((mailbox.raw.clone(), mailbox.status.clone()?)))
            .collect();
        // Only of those that have a cursor something can be learned; the others are opened anyway.
        let asked = selected.iter().map(|mailbox| mailbox.raw.clone()).filter(|raw| {
            !status.contains_key(raw) && self.wanted.get(raw).is_some_and(|wanted| wanted.uid_next.is_some())
        });
        let unknown = passed_by.iter().map(|mailbox| &mailbox.raw).filter(|raw| !status.contains_key(*raw));
        let asked: Vec<Vec<u8>> = asked.chain(unknown.cloned()).collect();
        if !asked.is_empty() {
            status
                .extend(session.status(asked).await?.into_iter().map(|status| (status.raw.clone(), status)));
        }
        let passed_by = passed_by.iter().map(|mailbox| {
            let status = status.get(&mailbox.raw);
            Event::PassedBy {
                mailbox: mailbox.raw.as_slice().into(),
                uid_validity: status.and_then(|status| status.uid_validity),
                messages: status.and_then(|status| status.messages),
            }
        });
        self.outlet.send(passed_by.collect()).await?;
        for mailbox in &selected {
            self.mailbox(session, mailbox, status.get(&mailbox.raw)).await?;
        }
        self.gone(session, missing).await?;
        self.watched = self.watched(&selected);
        self.selected = selected.iter().map(|mailbox| mailbox.raw.clone()).collect();
        let fetched = |mailbox: Mailbox| {
            if self.fresh.contains(&mailbox.raw) {
                return None;
            }
            let cursor = self.wanted.get(&mailbox.raw)?.cursor.filter(|cursor| cursor.uid > 0)?;
            Some(Fetched { raw: mailbox.raw, uid_validity: cursor.uid_validity, uid: cursor.uid })
        };
        self.fetched = selected.into_iter().filter_map(fetched).collect();
        Ok(())
    }

    /// Mailboxes that are not listed any more are asked for by name: a list may be incomplete.
    async fn gone(&mut self, session: &mut Session, missing: Vec<Wanted>) -> Result<(), ImapError> {
        if missing.is_empty() {
            return Ok(());
        }
        let answers = session.status(missing.iter().map(|wanted| wanted.mailbox.clone()).collect()).await?;
        let gone = missing.iter().filter(|wanted| !answers.iter().any(|answer| answer.raw == wanted.mailbox));
        let gone = gone.filter_map(|wanted| {
            let uid_validity = wanted.cursor?.uid_validity;
            Some(Event::MailboxGone { mailbox: wanted.mailbox.as_slice().into(), uid_validity })
        });
        self.outlet.send(gone.collect()).await
    }

    /// The inbox, or where most mails came from, first.
    fn watched(&self, selected: &[Mailbox]) -> Vec<Watched> {
        let mails = |mailbox: &Mailbox| {
            let is_inbox = mailbox.special_use == Some(SpecialUse::Inbox);
            (is_inbox, self.arrived.get(&mailbox.raw).copied().unwrap_or(0))
        };
        let busiest = selected.iter().enumerate().max_by_key(|(_, mailbox)| mails(mailbox));
        let mut watched: Vec<Watched> = selected
            .iter()
            .map(|mailbox| {
                let wanted = self.wanted.get(&mailbox.raw);
                let cursor = wanted.and_then(|wanted| wanted.cursor);
                Watched {
                    raw: mailbox.raw.clone(),
                    uid_validity: cursor.map(|cursor| cursor.uid_validity),
                    uid_next: wanted.and_then(|wanted| wanted.uid_next),
                }
            })
            .collect();
        if let Some((at, _)) = busiest {
            watched.swap(0, at);
        }
        watched
    }

    async fn mailbox(
        &mut self,
        session: &mut Session,
        mailbox: &Mailbox,
        status: Option<&MailboxStatus>,
    ) -> Result<(), ImapError> {
        let fresh = || Wanted { mailbox: mailbox.raw.clone(), ..Wanted::default() };
        let wanted = self.wanted.entry(mailbox.raw.clone()).or_insert_with(fresh);
        if wanted.cursor.is_none() {
            self.fresh.insert(mailbox.raw.clone());
        }
        if status.is_some_and(|status| is_unchanged(wanted, status)) {
            return Ok(());
        }
        let validity = wanted.cursor.map_or(0, |cursor| cursor.uid_validity);
        let blamed = self.blamed.entry(mailbox.raw.clone()).or_default();
        if blamed.0 != validity && validity != 0 {
            *blamed = (validity, Blamed::new());
        }
        let mut sink = Sink::new(self.outlet);
        let result = session.fetch(wanted.clone(), &blamed.1, &mut sink).await;
        self.settled += sink.settled;
        *self.arrived.entry(mailbox.raw.clone()).or_default() += sink.settled;
        if let Some(cursor) = sink.cursor {
            blamed.0 = cursor.uid_validity;
            if wanted.cursor.is_none_or(|before| before.uid_validity != cursor.uid_validity) {
                wanted.here.clear();
            }
            wanted.cursor = Some(cursor);
        }
        if let Some(cursor) = wanted.cursor {
            let of_these =
                |(validity, uid): &(u32, u32)| *validity == cursor.uid_validity && *uid > cursor.uid;
            wanted.here.retain(|uid| *uid > cursor.uid);
            wanted.here.extend(sink.uids.iter().filter(|place| of_these(place)).map(|(_, uid)| *uid));
            wanted.here.sort_unstable();
            wanted.here.dedup();
        }
        let (uid_next, error) = match result {
            Ok(outcome) => {
                wanted.uid_next = outcome.uid_next;
                wanted.again.clear();
                (outcome.uid_next, None)
            }
            Err((error @ ImapError::Refused { .. }, _)) => (None, Some(error)),
            Err((error, suspect)) => {
                if let Some(uid) = suspect.filter(|_| is_loss(&error)) {
                    let blame = blamed.1.entry(uid).or_default();
                    *blame = (blame.0 + 1, error.to_string());
                }
                return Err(error);
            }
        };
        let mailbox = mailbox.raw.as_slice().into();
        self.outlet.send(vec![Event::Closed { mailbox, uid_next, error }]).await
    }
}

/// Whether the server still says what it said when the mailbox was last read to its end.
fn is_unchanged(wanted: &Wanted, status: &MailboxStatus) -> bool {
    let (Some(cursor), Some(uid_next)) = (wanted.cursor, wanted.uid_next) else { return false };
    wanted.again.is_empty()
        && status.uid_next == Some(uid_next)
        && status.uid_validity == Some(cursor.uid_validity)
}
