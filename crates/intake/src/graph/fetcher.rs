//! An account, run after run: the delta query of each folder, page by page. Nothing is kept here that a later process would
//! miss: where a folder was left is handed over as a link, behind the mails before it.

use std::collections::{HashMap, HashSet};
use std::sync::Arc;

use model::Position;
use tokio::sync::oneshot;

use super::client::Client;
use super::download::{Todo, download};
use super::folders::{self, SpecialUses};
use super::json::{Item, Link};
use super::refusal::Trouble;
use crate::Connection;
use crate::imap::{During, Event, Facts, ImapError, Mailbox, Outlet, Selection, Settings};

/// Pages of one list; more would be a circle.
const PAGES_MAX: usize = 1_000_000;

/// A folder is begun anew so often in one run.
const RESTARTS_MAX: u32 = 2;

/// Where a folder was left.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Wanted {
    /// Id of the folder.
    pub mailbox: Vec<u8>,
    /// Link of the last [`Event::PageEnd`]; `None`: it was never read, or is to be read from the start.
    pub link: Option<String>,
    /// Ids of mails to be tried once more.
    pub again: Vec<String>,
}

/// Fetches one account. One at a time per account; dropping it ends its connections.
#[derive(Debug)]
pub struct Fetcher {
    settings: Settings,
    pub(super) client: Option<Arc<Client>>,
    connection: Arc<Connection>,
    pub(super) special_uses: SpecialUses,
    /// Those of the last run.
    pub(super) folders: Vec<Mailbox>,
    selected: Vec<Vec<u8>>,
}

/// How far a run is.
struct Progress {
    folder: Arc<[u8]>,
    done: u64,
    total: u64,
}

impl Progress {
    fn event(&self) -> Event {
        Event::Progress {
            mailbox: Arc::clone(&self.folder),
            done: self.done,
            total: self.total.max(self.done),
        }
    }
}

impl Fetcher {
    /// Nothing is asked yet. Of the settings, host, port and encryption make the address: `https://host:port/v1.0`; the
    /// login is the mailbox, by its user principal name.
    pub fn new(settings: Settings) -> Self {
        Self {
            settings,
            client: None,
            connection: Arc::default(),
            special_uses: SpecialUses::new(),
            folders: Vec::new(),
            selected: Vec::new(),
        }
    }

    /// What is known of the connection, while it goes on.
    pub fn connection(&self) -> Arc<Connection> {
        Arc::clone(&self.connection)
    }

    /// Ids of the folders of the last run.
    pub fn selected(&self) -> &[Vec<u8>] {
        &self.selected
    }

    pub(super) fn client(&mut self) -> Result<Arc<Client>, ImapError> {
        if let Some(client) = &self.client {
            return Ok(Arc::clone(client));
        }
        let client = Arc::new(Client::new(&self.settings, self.connection())?);
        self.client = Some(Arc::clone(&client));
        Ok(client)
    }

    /// Hands over what is new in the selected folders since they were left.
    ///
    /// Events go to `outlet`: `Mailboxes`; then for each folder the mails wanted again, page after page what has left it
    /// (`Removed`), a question which mails are here (`Ask`), marks that have changed (`Marks`), the mails and `PageEnd`; a
    /// folder that was read from its start ends with all that is in it (`AllNames`); and `Closed`.
    ///
    /// A link that is good no more begins the folder anew; what is here already is not fetched again.
    ///
    /// # Errors
    /// [`ImapError`]. What was handed over stays; the folder goes on behind its last `PageEnd`.
    pub async fn run(
        &mut self,
        selection: &Selection,
        wanted: Vec<Wanted>,
        outlet: &Outlet,
    ) -> Result<(), ImapError> {
        self.connection.reaches();
        let client = self.client()?;
        if self.special_uses.is_empty() {
            self.special_uses = folders::special_uses(&client).await?;
        }
        self.folders = folders::list(&client, &self.special_uses).await?;
        outlet.send(vec![Event::Mailboxes(self.folders.clone())]).await?;
        let selected: Vec<&Mailbox> =
            self.folders.iter().filter(|folder| selection.includes(folder)).collect();
        self.selected = selected.iter().map(|folder| folder.raw.clone()).collect();
        let mut of_folder: HashMap<Vec<u8>, Wanted> =
            wanted.into_iter().map(|wanted| (wanted.mailbox.clone(), wanted)).collect();
        let mut progress = Progress { folder: Arc::default(), done: 0, total: 0 };
        for folder in selected {
            let wanted = of_folder.remove(&folder.raw).unwrap_or_default();
            let messages = folder.status.as_ref().and_then(|status| status.messages).map_or(0, u64::from);
            progress.folder = folder.raw.clone().into();
            if wanted.link.is_none() {
                progress.total += messages;
            }
            let folder = Reading {
                client: &client,
                id: String::from_utf8_lossy(&folder.raw).into_owned(),
                raw: Arc::clone(&progress.folder),
                outlet,
                small_octets_max: self.settings.options.small_octets_max,
                handed: HashSet::new(),
            };
            let mailbox = Arc::clone(&folder.raw);
            let error = match folder.read(wanted, &mut progress).await {
                Ok(()) => None,
                // It was removed meanwhile.
                Err(Trouble::Refused(refusal)) if refusal.is_missing() => None,
                Err(trouble) => return Err(trouble.into()),
            };
            outlet.send(vec![Event::Closed { mailbox, uid_next: None, error }]).await?;
        }
        Ok(())
    }

    /// The ids of all mails in a folder; `None` if there is no such folder any more.
    ///
    /// # Errors
    /// [`ImapError`].
    pub async fn inventory(&mut self, folder: &[u8]) -> Result<Option<Vec<String>>, ImapError> {
        let client = self.client()?;
        let mut url = client.ids(&String::from_utf8_lossy(folder));
        let mut ids = Vec::new();
        for _ in 0..PAGES_MAX {
            let page = match client.page(url, During::Mailbox).await {
                Ok(page) => page,
                Err(Trouble::Refused(refusal)) if refusal.is_missing() => return Ok(None),
                Err(trouble) => return Err(trouble.into()),
            };
            ids.extend(page.items.into_iter().map(|item| item.id));
            match page.link {
                Link::Next(next) => url = client.link(&next)?,
                Link::Delta(_) | Link::End => {
                    ids.sort_unstable();
                    ids.dedup();
                    return Ok(Some(ids));
                }
            }
        }
        Err(endless())
    }
}

fn endless() -> ImapError {
    ImapError::Protocol { what: "a list of mails without an end".to_owned() }
}

/// A folder being read.
struct Reading<'r> {
    client: &'r Arc<Client>,
    id: String,
    raw: Arc<[u8]>,
    outlet: &'r Outlet,
    small_octets_max: u64,
    /// Mails handed over in this run: a list may name one twice.
    handed: HashSet<String>,
}

impl Reading<'_> {
    async fn read(mut self, wanted: Wanted, progress: &mut Progress) -> Result<(), Trouble> {
        self.again(wanted.again, progress).await?;
        let start = self.client.delta(&self.id);
        // A link to another server was kept when the account had another: the folder is read anew.
        let kept = wanted.link.and_then(|link| self.client.link(&link).ok());
        let (mut all, mut restarts) = (kept.is_none().then(HashSet::new), 0);
        let mut url = kept.unwrap_or_else(|| start.clone());
        for _ in 0..PAGES_MAX {
            let page = match self.client.page(url.clone(), During::Mailbox).await {
                Err(Trouble::Refused(refusal))
                    if refusal.is_expired() && url != start && restarts < RESTARTS_MAX =>
                {
                    restarts += 1;
                    all = Some(HashSet::new());
                    url = start.clone();
                    continue;
                }
                page => page?,
            };
            let (link, next) = match page.link {
                Link::Next(link) => (self.client.link(&link)?, true),
                Link::Delta(link) => (self.client.link(&link)?, false),
                Link::End => return Err(super::client::unreadable(super::json::JsonError::Link).into()),
            };
            if let Some(all) = &mut all {
                for item in &page.items {
                    if item.is_removed {
                        all.remove(&item.id)
                    } else {
                        all.insert(item.id.clone())
                    };
                }
            }
            self.page(page.items, progress).await?;
            let mailbox = Arc::clone(&self.raw);
            self.outlet.send(vec![Event::PageEnd { mailbox, link: link.clone().into() }]).await?;
            if !next {
                if let Some(names) = all {
                    let mailbox = Arc::clone(&self.raw);
                    self.outlet.send(vec![Event::AllNames { mailbox, names }]).await?;
                }
                return Ok(());
            }
            url = link;
        }
        Err(endless().into())
    }

    fn facts(&self, item: &Item) -> Facts {
        Facts {
            mailbox: Arc::clone(&self.raw),
            position: Position::Unique { unique_id: item.id.clone() },
            internal_date: item.received,
            flags: item.flags,
            is_junk: false,
            size_octets: None,
        }
    }

    /// Mails that failed before, or that nobody told of.
    async fn again(&mut self, ids: Vec<String>, progress: &mut Progress) -> Result<(), Trouble> {
        let mut todo = Vec::new();
        for id in ids {
            let item = match self.client.item(&id).await {
                // Elsewhere by now: its new folder tells of it.
                Ok(item) if item.parent.as_ref().is_some_and(|parent| *parent != self.id) => None,
                Ok(item) => Some(item),
                Err(Trouble::Refused(refusal)) if refusal.is_missing() => None,
                // Its turn comes again; the others are not kept waiting.
                Err(Trouble::Refused(refusal)) if refusal.is_of_server() && !refusal.is_throttling() => {
                    continue;
                }
                Err(trouble) => return Err(trouble),
            };
            match item {
                Some(item) => {
                    let facts = self.facts(&Item { id: id.clone(), ..item });
                    todo.push(Todo { id, facts });
                }
                None => self.gone(Position::Unique { unique_id: id }).await?,
            }
        }
        progress.total += todo.len() as u64;
        self.fetch(todo, progress).await
    }

    async fn gone(&self, position: Position) -> Result<(), ImapError> {
        self.outlet.send(vec![Event::Gone { mailbox: Arc::clone(&self.raw), position }]).await
    }

    async fn fetch(&mut self, todo: Vec<Todo>, progress: &mut Progress) -> Result<(), Trouble> {
        self.handed.extend(todo.iter().map(|todo| todo.id.clone()));
        let done = || {
            progress.done += 1;
            progress.event()
        };
        let gone = download(self.client, &self.id, todo, self.small_octets_max, self.outlet, done).await?;
        for facts in gone {
            self.gone(facts.position).await?;
        }
        Ok(())
    }

    async fn page(&mut self, items: Vec<Item>, progress: &mut Progress) -> Result<(), Trouble> {
        // What is said last of a mail holds.
        let mut last: HashMap<String, usize> = HashMap::new();
        for (at, item) in items.iter().enumerate() {
            last.insert(item.id.clone(), at);
        }
        let (mut removed, mut there) = (Vec::new(), Vec::new());
        for (at, item) in items.into_iter().enumerate() {
            if last.get(&item.id) != Some(&at) {
                continue;
            }
            if item.is_removed {
                self.handed.remove(&item.id);
                removed.push(Position::Unique { unique_id: item.id });
            } else {
                there.push(item);
            }
        }
        if !removed.is_empty() {
            let mailbox = Arc::clone(&self.raw);
            self.outlet.send(vec![Event::Removed { mailbox, positions: removed }]).await?;
        }
        if there.is_empty() {
            return Ok(());
        }
        let (known, answer) = oneshot::channel();
        let names = there.iter().map(|item| item.id.clone()).collect();
        self.outlet.send(vec![Event::Ask { mailbox: Arc::clone(&self.raw), names, known }]).await?;
        let known = answer.await.map_err(|_| ImapError::Abandoned)?;
        let (mut marks, mut todo) = (Vec::new(), Vec::new());
        for item in there {
            if self.handed.contains(&item.id) {
                continue;
            }
            if known.contains(&item.id) {
                progress.done += 1;
                marks.push((item.id, item.told, item.flags));
            } else {
                todo.push(Todo { facts: self.facts(&item), id: item.id });
            }
        }
        if !marks.is_empty() {
            self.outlet.send(vec![Event::Marks { mailbox: Arc::clone(&self.raw), marks }]).await?;
        }
        self.fetch(todo, progress).await
    }
}
