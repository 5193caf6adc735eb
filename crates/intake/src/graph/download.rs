//! Octets of mails as they come, a few mails at once. Small ones are handed over whole; a large one has the outlet for
//! itself while it comes, and is never held.

use std::sync::Arc;
use std::time::Duration;

use connect::Method;
use tokio::sync::Mutex;
use tokio::task::JoinSet;
use tokio::time::sleep;

use super::client::Client;
use super::refusal::{Trouble, broken};
use crate::imap::{During, Event, Facts, ImapError, Mail, MailFault, Outlet, is_loss};

/// Requests at once for one mailbox: more are refused by the service.
///
/// Source: Microsoft Graph, "Service-specific throttling limits", Outlook.
const TOGETHER: usize = 4;
/// A mail is asked for so often …
const TRIES: u32 = 3;
/// … with a pause after each time, longer each time.
const PAUSE: Duration = Duration::from_millis(500);
/// So many mails that failed one after the other are no longer the mails' fault.
const FAILED_MAX: u32 = 3;

/// A mail to be fetched.
#[derive(Clone, Debug)]
pub(super) struct Todo {
    pub(super) id: String,
    pub(super) facts: Facts,
}

/// What became of it.
enum Got {
    Taken,
    /// It is no longer there.
    Gone,
    Failed(MailFault, Trouble),
}

/// The way out: small mails between, large ones alone.
#[derive(Clone)]
struct Way {
    client: Arc<Client>,
    outlet: Outlet,
    turn: Arc<Mutex<()>>,
    small_octets_max: u64,
    folder: Arc<str>,
}

/// Fetches mails of one folder and hands them over, in any order; gives those that were gone already. `done` is told of each.
///
/// # Errors
/// [`ImapError`] where not a mail is the cause: what was handed over stays.
pub(super) async fn download(
    client: &Arc<Client>,
    folder: &str,
    todo: Vec<Todo>,
    small_octets_max: u64,
    outlet: &Outlet,
    mut done: impl FnMut() -> Event,
) -> Result<Vec<Facts>, ImapError> {
    let way = Way {
        client: Arc::clone(client),
        outlet: outlet.clone(),
        turn: Arc::default(),
        small_octets_max,
        folder: folder.into(),
    };
    let (mut todo, mut flying) = (todo.into_iter(), JoinSet::new());
    let (mut gone, mut failed) = (Vec::new(), 0);
    loop {
        while flying.len() < TOGETHER {
            let Some(next) = todo.next() else { break };
            let way = way.clone();
            flying.spawn(async move {
                let got = way.fetch(&next).await;
                (next.facts, got)
            });
        }
        let Some(ended) = flying.join_next().await else { return Ok(gone) };
        let (facts, got) = ended.map_err(|_| ImapError::Abandoned)?;
        match got? {
            Got::Taken => failed = 0,
            Got::Gone => gone.push(facts),
            Got::Failed(fault, trouble) => {
                failed += 1;
                let Facts { mailbox, position, .. } = facts;
                outlet.send(vec![Event::Failed { mailbox, position, fault }]).await?;
                if failed >= FAILED_MAX {
                    return Err(trouble.into());
                }
            }
        }
        outlet.send(vec![done()]).await?;
    }
}

impl Way {
    async fn fetch(&self, todo: &Todo) -> Result<Got, ImapError> {
        let mut tries = 0;
        loop {
            tries += 1;
            let trouble = match self.attempt(todo).await {
                Ok(()) => return Ok(Got::Taken),
                Err(trouble) => trouble,
            };
            let may_help = match &trouble {
                Trouble::Refused(refusal) if refusal.is_missing() => return Ok(Got::Gone),
                Trouble::Refused(refusal) if refusal.is_of_account() => return Err(trouble.into()),
                Trouble::Refused(refusal) if refusal.status == 403 => {
                    // Whether all mails are meant, or only this one.
                    self.client
                        .get(self.client.address(&["mailFolders", &self.folder]), During::Fetch)
                        .await?;
                    false
                }
                Trouble::Refused(refusal) => refusal.is_of_server(),
                Trouble::Error(ImapError::Timeout { during: During::Fetch, .. }) => true,
                Trouble::Error(error) if is_loss(error) => true,
                Trouble::Error(_) => return Err(trouble.into()),
            };
            if !may_help || tries >= TRIES {
                return Ok(Got::Failed(fault(&trouble), trouble));
            }
            sleep(PAUSE * tries).await;
        }
    }

    async fn attempt(&self, Todo { id, facts }: &Todo) -> Result<(), Trouble> {
        let url = self.client.address(&["messages", id, "$value"]);
        let mut answer = self.client.send(Method::GET, url, None, During::Fetch).await?;
        let mut octets = Vec::new();
        let lost = |error| broken(error, During::Fetch);
        loop {
            let Some(piece) = answer.chunk().await.map_err(lost)? else {
                let _turn = self.turn.lock().await;
                let mail = Mail { facts: facts.clone(), octets };
                return Ok(self.outlet.send(vec![Event::Mail(mail)]).await?);
            };
            octets.extend_from_slice(&piece);
            if octets.len() as u64 > self.small_octets_max {
                break;
            }
        }
        let _turn = self.turn.lock().await;
        self.outlet.send(vec![Event::Begin(facts.clone()), Event::Chunk(octets)]).await?;
        loop {
            match answer.chunk().await.map_err(lost) {
                Ok(Some(piece)) => self.outlet.send(vec![Event::Chunk(piece)]).await?,
                Ok(None) => return Ok(self.outlet.send(vec![Event::End]).await?),
                Err(error) => {
                    self.outlet.send(vec![Event::Cut]).await?;
                    return Err(error.into());
                }
            }
        }
    }
}

fn fault(trouble: &Trouble) -> MailFault {
    match trouble {
        Trouble::Refused(refusal) => {
            MailFault::Refused { words: format!("{} {}", refusal.status, refusal.said()) }
        }
        Trouble::Error(error) => MailFault::Breaks { words: error.to_string() },
    }
}
