//! Fetching of one account: events of the intake become pieces on the way in.

use std::collections::{HashMap, HashSet};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use doctor::Ours;
use intake::Connection;
use intake::imap::{
    self, Event, Facts, Fetcher, ImapError, Inlet, MailFault, Outlet, Selection, Settings, Wanted,
};
use intake::{graph, pop3};
use model::{AccountId, Flags, MailboxId, Position, Provenance, UnixMillis};
use store::{Account, AccountKind, Cursor, LeftOut, MailboxListing};

use crate::blocking::blocking;
use crate::core::Core;
use crate::error::{Error, Result};
use crate::feed::{Coming, Counts, Feed, Incoming, Piece};
use crate::flow::Entrance;

/// Octets of mail that may wait between the connection and the way in.
const CHANNEL_OCTETS: usize = 4 << 20;
/// Failed mails of a mailbox that are tried again in one run.
const AGAIN_MAX: usize = 1000;
/// A mail that failed so often is left alone …
const ATTEMPTS_MAX: u32 = 3;
/// … for a day at a time: a bad line, or a server's bad week, is no reason to lose it.
const REST_MS: i64 = 24 * 60 * 60 * 1000;
/// With more mails than this still to come, they are made durable first and read afterwards …
const LATER_MAILS: u64 = 500;
/// … for so long: in a longer fetch reading goes along, so that a slow server does not hold up the page.
const LATER_PATIENCE: Duration = Duration::from_secs(10);
/// UIDs read at once of those above a cursor.
const SETTLED_PAGE: usize = 10_000;
/// Positions marked at once.
const GONE_CHUNK: usize = 1000;

/// How far a fetch is.
#[derive(Default)]
pub(crate) struct Progress {
    done: AtomicU64,
    total: AtomicU64,
}

impl Progress {
    pub(crate) fn read(&self) -> (u64, u64) {
        (self.done.load(Ordering::Relaxed), self.total.load(Ordering::Relaxed))
    }
}

/// Fetches what is new. The connection stays in `mailboxes` for the next time.
///
/// # Errors
/// `Fetch` if the server does not deliver; those of archive and database.
pub(crate) async fn fetch(
    core: &Arc<Core>,
    entrance: &Entrance,
    account: &Account,
    mailboxes: &mut Mailboxes,
    progress: &Arc<Progress>,
) -> Result<Counts> {
    let (for_asking, id) = (Arc::clone(core), account.id);
    let reopened = || {
        let core = Arc::clone(&for_asking);
        blocking(move || Ok(core.store.reopened(id)?))
    };
    let mut counts = fetch_run(core, entrance, account, mailboxes, progress).await?;
    // What is no longer excluded comes in portions; it need not wait for the next time.
    let mut waiting = reopened().await?;
    while waiting > 0 {
        counts = counts.plus(fetch_run(core, entrance, account, mailboxes, progress).await?);
        let left = reopened().await?;
        if left >= waiting {
            break;
        }
        waiting = left;
    }
    Ok(counts)
}

async fn fetch_run(
    core: &Arc<Core>,
    entrance: &Entrance,
    account: &Account,
    mailboxes: &mut Mailboxes,
    progress: &Arc<Progress>,
) -> Result<Counts> {
    let host = account.settings.host.clone();
    if let Some(wait_ms) = core.allowances.wait_ms(account.id, &host, core.now()) {
        return Err(Error::Allowance { wait_ms });
    }
    let (outlet, inlet) = imap::channel(CHANNEL_OCTETS);
    let (for_feed, for_entering, id) = (Arc::clone(core), entrance.clone(), account.id);
    let feed = blocking(move || for_entering.feed(&for_feed, id, None)).await?;
    let selection = mailboxes.selection().except(feed.exclusions().folders());
    let taker = Taker {
        core: Arc::clone(core),
        feed,
        account: account.id,
        account_name: account.settings.name.clone(),
        host,
        has_batches: matches!(mailboxes, Mailboxes::Imap(..)),
        selection: selection.clone(),
        mailboxes: HashMap::new(),
        passed_by: HashMap::new(),
        gone: HashMap::new(),
        large: None,
        opened: None,
        closed: Vec::new(),
        renumbered: Vec::new(),
        changes: Vec::new(),
        refused: None,
        failed: HashSet::new(),
        progress: Arc::clone(progress),
        began: Instant::now(),
        later: false,
    };
    let taking = tokio::task::spawn_blocking(move || taker.run(inlet));
    let fetched = mailboxes.run(core, account.id, &selection, &outlet).await;
    drop(outlet);
    let taken = taking.await.map_err(|_| Error::Stopped)?;
    core.wake_runner();
    // What stopped the taking is the cause, if it did; the connection's error only follows from it.
    let (counts, refused) = taken?;
    fetched?;
    match refused {
        Some(error) => Err(error.into()),
        None => Ok(counts),
    }
}

/// The connection of an account, whatever it speaks.
pub(crate) enum Mailboxes {
    Imap(Box<Fetcher>, Selection),
    Pop3(Box<pop3::Fetcher>),
    Graph(Box<graph::Fetcher>, Selection),
}

impl Mailboxes {
    pub(crate) fn new(kind: AccountKind, settings: Settings, selection: Selection) -> Self {
        match kind {
            AccountKind::Pop3 => Self::Pop3(Box::new(pop3::Fetcher::new(settings))),
            AccountKind::Graph => Self::Graph(Box::new(graph::Fetcher::new(settings)), selection),
            _ => Self::Imap(Box::new(Fetcher::new(settings)), selection),
        }
    }

    fn selection(&self) -> Selection {
        match self {
            Self::Imap(_, selection) | Self::Graph(_, selection) => selection.clone(),
            Self::Pop3(_) => Selection::All,
        }
    }

    /// What is known of the connection, while it goes on.
    pub(crate) fn connection(&self) -> Arc<Connection> {
        match self {
            Self::Imap(fetcher, _) => fetcher.connection(),
            Self::Pop3(fetcher) => fetcher.connection(),
            Self::Graph(fetcher, _) => fetcher.connection(),
        }
    }

    /// Hands over what is not here yet.
    async fn run(
        &mut self,
        core: &Arc<Core>,
        account: AccountId,
        selection: &Selection,
        outlet: &Outlet,
    ) -> Result<()> {
        let for_asking = Arc::clone(core);
        match self {
            Self::Imap(fetcher, _) => {
                let wanted = blocking(move || wanted(&for_asking, account)).await?;
                fetcher.run(selection, wanted, outlet).await?;
                // The mails are here; what became of older ones can wait for the next time.
                if let Err(error) = fetcher.compare(outlet).await {
                    tracing::info!(account.id = %account, %error, "a mailbox could not be compared with what was fetched of it");
                }
            }
            Self::Pop3(fetcher) => {
                let known = blocking(move || known(&for_asking, account)).await?;
                fetcher.run(known, outlet).await?;
            }
            Self::Graph(fetcher, _) => {
                let wanted = blocking(move || wanted_named(&for_asking, account)).await?;
                fetcher.run(selection, wanted, outlet).await?;
            }
        }
        Ok(())
    }

    /// Says goodbye to the server.
    pub(crate) async fn close(self) {
        if let Self::Imap(fetcher, _) = self {
            fetcher.close().await;
        }
    }
}

/// What failed last at this time or before is tried again.
fn rested(core: &Core) -> UnixMillis {
    core.now().plus_ms(-REST_MS)
}

/// Names of the mails of a POP3 account that are here, are excluded, or were tried often enough.
fn known(core: &Core, account: AccountId) -> Result<HashSet<String>> {
    let mut known = HashSet::new();
    for mailbox in core.store.mailboxes(account)? {
        known.extend(core.store.unique_ids(mailbox.id)?);
        let (mut after, tried) = (String::new(), (ATTEMPTS_MAX, rested(core)));
        loop {
            let names = core.store.names_left_alone(mailbox.id, &after, tried, AGAIN_MAX)?;
            let Some(last) = names.last() else { break };
            after.clone_from(last);
            known.extend(names);
        }
    }
    Ok(known)
}

/// Mails of each mailbox that failed and are to be tried again, by what `place` makes of their positions.
fn again<T>(
    core: &Core,
    account: AccountId,
    place: impl Fn(Position) -> Option<T>,
) -> Result<HashMap<MailboxId, Vec<T>>> {
    let mut again: HashMap<MailboxId, Vec<T>> = HashMap::new();
    for (mailbox, position) in core.store.failed_to_try(account, ATTEMPTS_MAX, rested(core), AGAIN_MAX)? {
        if let Some(place) = place(position) {
            again.entry(mailbox).or_default().push(place);
        }
    }
    Ok(again)
}

/// Where each mailbox was left, and which mails are to be tried again.
fn wanted(core: &Core, account: AccountId) -> Result<Vec<Wanted>> {
    let mailboxes = core.store.mailboxes(account)?;
    let mut again = again(core, account, |position| match position {
        Position::Imap { uid_validity, uid } => Some((uid_validity, uid)),
        _ => None,
    })?;
    let mut all = Vec::with_capacity(mailboxes.len());
    for mailbox in mailboxes {
        let cursor =
            mailbox.cursor.map(|cursor| imap::Cursor { uid_validity: cursor.uid_validity, uid: cursor.uid });
        let valid = cursor.map(|cursor| cursor.uid_validity);
        let of_mailbox = again.remove(&mailbox.id).unwrap_or_default();
        let uids = of_mailbox
            .into_iter()
            .filter(|(validity, _)| Some(*validity) == valid)
            .map(|(_, uid)| uid)
            .collect();
        let here = cursor.map_or_else(|| Ok(Vec::new()), |cursor| above(core, mailbox.id, cursor))?;
        all.push(Wanted { mailbox: mailbox.name, cursor, uid_next: mailbox.uid_next, again: uids, here });
    }
    Ok(all)
}

/// What a run that was interrupted has dealt with above its cursor: the newest come first.
fn above(core: &Core, mailbox: MailboxId, cursor: imap::Cursor) -> Result<Vec<u32>> {
    let (mut here, mut after) = (Vec::new(), cursor.uid);
    loop {
        let page = core.store.settled_uids(mailbox, cursor.uid_validity, after, SETTLED_PAGE)?;
        let Some(last) = page.last() else { return Ok(here) };
        after = *last;
        here.extend(page);
    }
}

/// The same for an account of Microsoft Graph: the link each folder was left at, and the ids of the mails.
fn wanted_named(core: &Core, account: AccountId) -> Result<Vec<graph::Wanted>> {
    let mut again = again(core, account, |position| match position {
        Position::Unique { unique_id } => Some(unique_id),
        _ => None,
    })?;
    let wanted = core.store.mailboxes(account)?.into_iter().map(|mailbox| graph::Wanted {
        mailbox: mailbox.name,
        link: mailbox.cursor.map(|cursor| cursor.opaque).filter(|link| !link.is_empty()),
        again: again.remove(&mailbox.id).unwrap_or_default(),
    });
    Ok(wanted.collect())
}

/// What the server said when a mailbox was read to its end.
struct Closed {
    mailbox: MailboxId,
    opened: Option<Opened>,
    uid_next: Option<u32>,
}

/// What it said when the mailbox was opened.
#[derive(Clone, Copy)]
struct Opened {
    uid_validity: u32,
    messages: u32,
}

struct Taker {
    core: Arc<Core>,
    feed: Feed,
    account: AccountId,
    account_name: String,
    host: String,
    /// Mails count as fetched when their batch ends, not each by itself.
    has_batches: bool,
    selection: Selection,
    mailboxes: HashMap<Vec<u8>, MailboxId>,
    /// By raw name, those that are not opened, and the exclusion that says so.
    passed_by: HashMap<Vec<u8>, String>,
    large: Option<Coming>,
    /// Mails that were to be tried again and are no longer there.
    gone: HashMap<MailboxId, Vec<Position>>,
    opened: Option<(MailboxId, Opened)>,
    closed: Vec<Closed>,
    renumbered: Vec<(MailboxId, u32)>,
    /// What became of older mails.
    changes: Vec<Event>,
    refused: Option<ImapError>,
    /// Mails left out, each once, however often the fetch began anew.
    failed: HashSet<(MailboxId, Position)>,
    progress: Arc<Progress>,
    began: Instant,
    /// Mails wait to be read.
    later: bool,
}

impl Taker {
    /// Takes events until the fetch ends; what the server said of its mailboxes is noted only when all mails before are
    /// durable. Gives what came, and why a mailbox was refused, if one was.
    fn run(mut self, inlet: Inlet) -> Result<(Counts, Option<ImapError>)> {
        let taken = self.take_all(inlet);
        self.core.store.check_exclusions(self.account, self.feed.exclusions().rules().to_vec())?;
        taken
    }

    fn take_all(&mut self, mut inlet: Inlet) -> Result<(Counts, Option<ImapError>)> {
        let mut spent = None;
        while let Some(event) = inlet.blocking_recv() {
            let may_end = match &event {
                Event::BatchEnd { .. } => true,
                Event::Mail(_) | Event::End => !self.has_batches,
                _ => false,
            };
            self.take(event)?;
            spent = if may_end { self.spent() } else { None };
            if spent.is_some() {
                break;
            }
        }
        let counts = self.feed.flush()?;
        if let Some(wait_ms) = spent {
            return Err(Error::Allowance { wait_ms });
        }
        for (mailbox, old) in std::mem::take(&mut self.renumbered) {
            self.mark_renumbered(mailbox, old)?;
        }
        for (mailbox, gone) in std::mem::take(&mut self.gone) {
            for chunk in gone.chunks(GONE_CHUNK) {
                self.core.store.forget_left_out(mailbox, chunk.to_vec())?;
            }
        }
        for change in std::mem::take(&mut self.changes) {
            self.note(change)?;
        }
        for closed in std::mem::take(&mut self.closed) {
            let Closed { mailbox, opened, uid_next } = closed;
            let (validity, messages) =
                opened.map_or((None, None), |it| (Some(it.uid_validity), Some(it.messages.into())));
            self.core.store.set_mailbox_status(mailbox, validity, uid_next, messages)?;
        }
        Ok((counts, self.refused.take()))
    }

    /// How long to wait, if no more may be fetched today.
    fn spent(&self) -> Option<i64> {
        self.core.allowances.wait_ms(self.account, &self.host, self.core.now())
    }

    fn came(&self, octets: usize) {
        self.core.allowances.add(self.account, &self.host, octets as u64, self.core.now());
    }

    fn take(&mut self, event: Event) -> Result<()> {
        match event {
            Event::Mailboxes(list) => self.list(list),
            Event::Opened { mailbox, uid_validity, messages } => {
                self.opened = Some((self.mailbox(&mailbox)?, Opened { uid_validity, messages }));
                Ok(())
            }
            Event::Mail(mail) => {
                self.came(mail.octets.len());
                let is_junk = mail.facts.is_junk;
                let (mailbox, provenance) = self.provenance(mail.facts)?;
                let later = self.later();
                let octets = mail.octets;
                self.feed.mail(Incoming { mailbox, provenance, octets, is_junk, later, entry: None })
            }
            Event::Begin(facts) => {
                let is_junk = facts.is_junk;
                let (mailbox, provenance) = self.provenance(facts)?;
                self.large = Some(self.feed.begin(mailbox, provenance, is_junk)?);
                Ok(())
            }
            Event::Chunk(octets) => {
                self.came(octets.len());
                match &mut self.large {
                    Some(coming) => self.feed.take(coming, &octets),
                    None => Ok(()),
                }
            }
            Event::End => match self.large.take() {
                Some(coming) => self.feed.end(coming, None),
                None => Ok(()),
            },
            Event::PassedBy { mailbox, uid_validity, messages } => {
                let Some(name) = self.passed_by.get(&*mailbox).cloned() else { return Ok(()) };
                let mailbox = self.mailbox(&mailbox)?;
                Ok(self.core.store.pass_by_mailbox(mailbox, name, uid_validity, messages)?)
            }
            Event::Gone { mailbox, position } => {
                let mailbox = self.mailbox(&mailbox)?;
                self.gone.entry(mailbox).or_default().push(position);
                Ok(())
            }
            Event::Cut => {
                self.large = None;
                Ok(())
            }
            Event::Failed { mailbox, position, fault } => {
                let mailbox = self.mailbox(&mailbox)?;
                if !self.failed.insert((mailbox, position.clone())) {
                    return Ok(());
                }
                self.feed.push(Piece::LeftOut(LeftOut {
                    mailbox,
                    position,
                    excluded: false,
                    reason: reason(&fault),
                }))
            }
            Event::Renumbered { mailbox, old, .. } => {
                let mailbox = self.mailbox(&mailbox)?;
                self.renumbered.push((mailbox, old));
                Ok(())
            }
            Event::BatchEnd { mailbox, cursor } => {
                let mailbox = self.mailbox(&mailbox)?;
                let cursor = Cursor {
                    uid_validity: cursor.uid_validity,
                    uid: cursor.uid,
                    opaque: String::new(),
                    updated: self.core.now(),
                };
                self.feed.push(Piece::Cursor(mailbox, cursor))
            }
            change @ (Event::Flags { .. }
            | Event::Vanished { .. }
            | Event::Present { .. }
            | Event::AllNames { .. }
            | Event::MailboxGone { .. }) => {
                self.changes.push(change);
                Ok(())
            }
            Event::Progress { done, total, .. } => {
                self.progress.done.store(done, Ordering::Relaxed);
                self.progress.total.store(total, Ordering::Relaxed);
                Ok(())
            }
            Event::Closed { mailbox, uid_next, error } => {
                let mailbox = self.mailbox(&mailbox)?;
                match error {
                    None => {
                        let opened = self.opened.take().filter(|(opened, _)| *opened == mailbox);
                        let opened = opened.map(|(_, opened)| opened);
                        self.closed.push(Closed { mailbox, opened, uid_next });
                    }
                    Some(error) => self.refused = Some(error),
                }
                Ok(())
            }
            other => self.take_named(other),
        }
    }

    /// Events of mailboxes whose mails have names instead of UIDs (Microsoft Graph).
    fn take_named(&mut self, event: Event) -> Result<()> {
        match event {
            // Those before must be known, so that one that came and went is gone.
            Event::Removed { mailbox, positions } => {
                let mailbox = self.mailbox(&mailbox)?;
                self.feed.flush()?;
                for chunk in positions.chunks(GONE_CHUNK) {
                    self.core.store.mark_gone(mailbox, chunk.to_vec(), self.core.now())?;
                    self.core.store.forget_left_out(mailbox, chunk.to_vec())?;
                }
                Ok(())
            }
            Event::Ask { mailbox, names, known } => {
                let mailbox = self.mailbox(&mailbox)?;
                let ours = self.core.store.ours_named(mailbox, &names)?;
                let here = ours.into_iter().filter(|(_, ours)| is_here(*ours)).map(|(name, _)| name);
                // Who asked may have gone.
                let _ = known.send(here.collect());
                Ok(())
            }
            Event::Marks { mailbox, marks } => {
                let mailbox = self.mailbox(&mailbox)?;
                self.core.store.set_marks(mailbox, marks)?;
                Ok(())
            }
            Event::PageEnd { mailbox, link } => {
                let mailbox = self.mailbox(&mailbox)?;
                let cursor = Cursor { opaque: link, updated: self.core.now(), ..Cursor::default() };
                self.feed.push(Piece::Cursor(mailbox, cursor))
            }
            _ => Ok(()),
        }
    }

    /// Whether the next mail is only made durable. The source comes first: what lies there only can be lost there.
    fn later(&mut self) -> bool {
        let (done, total) = self.progress.read();
        let later = total.saturating_sub(done) > LATER_MAILS && self.began.elapsed() < LATER_PATIENCE;
        if self.later && !later {
            self.core.wake_runner();
        }
        self.later = later;
        later
    }

    fn list(&mut self, list: Vec<imap::Mailbox>) -> Result<()> {
        let listing = |mailbox: &imap::Mailbox| MailboxListing {
            id: MailboxId::new(uuid::Uuid::now_v7()),
            name: mailbox.raw.clone(),
            display_name: mailbox.name.clone(),
            special_use: mailbox.special_use.map(|special_use| special_use.as_str().to_owned()),
            selected: self.selection.includes(mailbox),
        };
        let ids = self.core.store.upsert_mailboxes(self.account, list.iter().map(listing).collect())?;
        let exclusions = self.feed.exclusions();
        if let Selection::Except { .. } = self.selection {
            let passed_by = list.iter().filter(|mailbox| self.selection.passes_by(mailbox));
            let named = passed_by.filter_map(|mailbox| {
                Some((mailbox.raw.clone(), exclusions.of_mailbox(mailbox)?.to_owned()))
            });
            self.passed_by = named.collect();
            self.core.store.forget_passed_by(self.account)?;
        }
        self.mailboxes.extend(list.into_iter().map(|mailbox| mailbox.raw).zip(ids));
        Ok(())
    }

    fn mailbox(&mut self, raw: &[u8]) -> Result<MailboxId> {
        if let Some(id) = self.mailboxes.get(raw) {
            return Ok(*id);
        }
        let id = self
            .core
            .store
            .upsert_mailboxes(self.account, vec![crate::recovery::listing(raw)])?
            .first()
            .copied()
            .ok_or(Error::Stopped)?;
        self.mailboxes.insert(raw.to_vec(), id);
        Ok(id)
    }

    fn provenance(&mut self, facts: Facts) -> Result<(MailboxId, Provenance)> {
        let mailbox = self.mailbox(&facts.mailbox)?;
        let provenance = Provenance {
            account: self.account,
            account_name: self.account_name.clone(),
            mailbox: facts.mailbox.to_vec(),
            position: facts.position,
            received: facts.internal_date,
            fetched: self.core.now(),
            flags: facts.flags,
            envelope: None,
        };
        Ok((mailbox, provenance))
    }

    /// Notes what became of mails at their source: flags, and which are gone.
    fn note(&mut self, change: Event) -> Result<()> {
        match change {
            Event::Flags { mailbox, uid_validity, flags } => {
                let mailbox = self.mailbox(&mailbox)?;
                self.set_flags(mailbox, uid_validity, &flags)
            }
            Event::Vanished { mailbox, uid_validity, uids } => {
                let mailbox = self.mailbox(&mailbox)?;
                let first = uids.iter().map(|(first, _)| *first).min().unwrap_or(1);
                let last = uids.iter().map(|(_, last)| *last).max().unwrap_or(0);
                let is_gone = |uid: u32| uids.iter().any(|(first, last)| (*first..=*last).contains(&uid));
                self.mark_gone(mailbox, uid_validity, (first, last), is_gone)
            }
            Event::Present { mailbox, uid_validity, uid_last, flags } => {
                let mailbox = self.mailbox(&mailbox)?;
                self.set_flags(mailbox, uid_validity, &flags)?;
                let is_gone = |uid: u32| flags.binary_search_by_key(&uid, |(there, _)| *there).is_err();
                self.mark_gone(mailbox, uid_validity, (1, uid_last), is_gone)
            }
            Event::AllNames { mailbox, names } => {
                let mailbox = self.mailbox(&mailbox)?;
                let there = names.iter().map(|name| store::kept_name(name)).collect();
                mark_names_gone(&self.core, mailbox, &there).map(drop)
            }
            Event::MailboxGone { mailbox, uid_validity } => {
                let mailbox = self.mailbox(&mailbox)?;
                self.mark_gone(mailbox, uid_validity, (1, u32::MAX), |_| true)?;
                // If it comes back it is read from its beginning, and what is known is recognised.
                self.core.store.set_mailbox_status(mailbox, None, None, None)?;
                Ok(self.core.store.set_cursor(mailbox, None)?)
            }
            _ => Ok(()),
        }
    }

    fn set_flags(&self, mailbox: MailboxId, uid_validity: u32, flags: &[(u32, Flags)]) -> Result<()> {
        for chunk in flags.chunks(GONE_CHUNK) {
            self.core.store.set_flags(mailbox, uid_validity, chunk.to_vec())?;
        }
        Ok(())
    }

    /// Of the mails between these UIDs.
    fn mark_gone(
        &self,
        mailbox: MailboxId,
        uid_validity: u32,
        (first, last): (u32, u32),
        is_gone: impl Fn(u32) -> bool,
    ) -> Result<()> {
        let mut after = first.saturating_sub(1);
        loop {
            let uids = self.core.store.live_uids(mailbox, uid_validity, after, GONE_CHUNK)?;
            let Some(highest) = uids.last() else { return Ok(()) };
            after = *highest;
            let gone = uids.iter().filter(|uid| **uid <= last && is_gone(**uid));
            let gone: Vec<Position> = gone.map(|uid| Position::Imap { uid_validity, uid: *uid }).collect();
            if !gone.is_empty() {
                self.core.store.mark_gone(mailbox, gone, self.core.now())?;
            }
            if after >= last {
                return Ok(());
            }
        }
    }

    /// Everything was fetched again under the new numbers and recognised by its digest: the old positions are gone.
    fn mark_renumbered(&self, mailbox: MailboxId, old: u32) -> Result<()> {
        self.mark_gone(mailbox, old, (1, u32::MAX), |_| true)?;
        Ok(self.core.store.forget_numbering(mailbox, old)?)
    }
}

/// Whether a mail is not to be fetched now: it is here, left where it is, or has its turn among those that failed.
const fn is_here(ours: Ours) -> bool {
    match ours {
        Ours::Archived { is_live } | Ours::Quarantined { is_live } => is_live,
        Ours::Excluded | Ours::Failed => true,
        Ours::Awaited => false,
    }
}

/// Of the mails of a mailbox without UIDs, those are gone whose names are not `there`; gives how many.
pub(crate) fn mark_names_gone(core: &Core, mailbox: MailboxId, there: &HashSet<String>) -> Result<u64> {
    each_gone(
        there,
        |after| core.store.live_names(mailbox, after, GONE_CHUNK),
        |gone| core.store.mark_gone(mailbox, gone, core.now()).map(drop),
    )
}

/// Of the names that `page` gives above one, ascending, hands those to `forget` that are not `there`, page by page; gives how
/// many.
pub(crate) fn each_gone(
    there: &HashSet<String>,
    page: impl Fn(&str) -> store::Result<Vec<String>>,
    forget: impl Fn(Vec<Position>) -> store::Result<()>,
) -> Result<u64> {
    let (mut gone_all, mut after) = (0, String::new());
    loop {
        let names = page(&after)?;
        let Some(last) = names.last() else { return Ok(gone_all) };
        after.clone_from(last);
        let gone = names.into_iter().filter(|name| !there.contains(name));
        let gone: Vec<Position> = gone.map(|unique_id| Position::Unique { unique_id }).collect();
        gone_all += gone.len() as u64;
        if !gone.is_empty() {
            forget(gone)?;
        }
    }
}

/// Stable key, the server's words behind it.
fn reason(fault: &MailFault) -> String {
    match fault.words() {
        Some(words) => format!("{} {words}", fault.key()),
        None => fault.key().to_owned(),
    }
}
