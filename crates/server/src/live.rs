//! Server-sent events, filtered by what the caller may read.

use std::collections::VecDeque;
use std::convert::Infallible;
use std::time::Duration;

use api::{AccountStateChanged, MailsExamined, MessageNew, StatusChanged};
use axum::extract::State as FromState;
use axum::http::{HeaderName, HeaderValue};
use axum::response::sse::{Event, KeepAlive, Sse};
use axum::response::{IntoResponse, Response};
use futures_util::stream;
use model::Role;
use pipeline::News;
use serde::Serialize;
use tokio::sync::broadcast::error::RecvError;
use tokio::time::{Instant, timeout_at};

use crate::account_state::{self, Counts};
use crate::problem::Failure;
use crate::rights::{self, Caller};
use crate::{State, imports};

/// A line without meaning this often, so that proxies and browsers keep the connection.
const HEARTBEAT: Duration = Duration::from_secs(20);
/// The session and what it may read are looked up again this often: a page left open must not outlive a right.
const LOOK_AGAIN: Duration = Duration::from_secs(30);
/// News within this time are told together.
const BUNDLE: Duration = Duration::from_millis(150);
/// News told together at most.
const WAITING_MAX: usize = 200;

/// `GET /live`
pub(crate) async fn live(FromState(state): FromState<State>, caller: Caller) -> Response {
    let follower = Follower {
        news: state.engine().news(),
        look_again: Instant::now() + LOOK_AGAIN,
        greeted: false,
        waiting: VecDeque::new(),
        state,
        caller,
    };
    let events = stream::unfold(follower, |mut follower| async move {
        let event = follower.next().await?;
        Some((Ok::<_, Infallible>(event), follower))
    });
    let mut response = Sse::new(events).keep_alive(KeepAlive::new().interval(HEARTBEAT)).into_response();
    // Proxies would collect the events otherwise.
    response
        .headers_mut()
        .insert(HeaderName::from_static("x-accel-buffering"), HeaderValue::from_static("no"));
    response
}

struct Follower {
    news: tokio::sync::broadcast::Receiver<News>,
    look_again: Instant,
    greeted: bool,
    /// News not told yet.
    waiting: VecDeque<News>,
    state: State,
    caller: Caller,
}

impl Follower {
    /// The next event the caller may see; `None` when the session or the server has ended.
    async fn next(&mut self) -> Option<Event> {
        if !self.greeted {
            self.greeted = true;
            return event("status", &StatusChanged { missed: false });
        }
        let ended = self.state.ended();
        loop {
            while let Some(news) = self.waiting.pop_front() {
                if let Ok(Some(event)) = self.told(news).await {
                    return Some(event);
                }
            }
            let news = tokio::select! {
                () = ended.cancelled() => return None,
                news = timeout_at(self.look_again, self.news.recv()) => news,
            };
            let sent = match news {
                Err(_) => {
                    self.look_again = Instant::now() + LOOK_AGAIN;
                    self.caller = rights::renew(&self.state, &self.caller).await?;
                    None
                }
                Ok(Err(RecvError::Closed)) => return None,
                Ok(Err(RecvError::Lagged(_))) => event("status", &StatusChanged { missed: true }),
                Ok(Ok(news)) => {
                    tokio::time::sleep(BUNDLE).await;
                    self.bundle(news);
                    None
                }
            };
            if sent.is_some() {
                return sent;
            }
        }
    }

    /// Puts the news with what came meanwhile into the queue, the same only once.
    fn bundle(&mut self, first: News) {
        let mut next = Some(first);
        while let Some(news) = next {
            match (&news, self.waiting.iter_mut().find(|waiting| is_same(waiting, &news))) {
                (News::Filed { count, newest, .. }, Some(News::Filed { count: sum, newest: last, .. })) => {
                    *sum += count;
                    *last = newest.or(*last);
                }
                (_, Some(_)) => {}
                (_, None) => self.waiting.push_back(news),
            }
            next = if self.waiting.len() < WAITING_MAX { self.news.try_recv().ok() } else { None };
        }
    }

    async fn told(&self, news: News) -> Result<Option<Event>, Failure> {
        let administrator = self.caller.role() == Role::Administrator;
        Ok(match news {
            News::Filed { account, count, newest } if self.caller.scope().allows(account) => event(
                "message.new",
                &MessageNew { account: account.uuid(), count, mail_id: newest.map(|id| id.uuid()) },
            ),
            News::Account(id) if administrator || self.caller.scope().allows(id) => {
                let read = self.state.read(move |state| {
                    let account = state.store().account(id)?;
                    let counts = Counts::read(state)?;
                    Ok(account.map(|account| account_state::shown(state, &account, &counts)))
                });
                let state = read.await?;
                state.and_then(|state| {
                    event("account.state", &AccountStateChanged { account: id.uuid(), state })
                })
            }
            News::Import { run, account } if administrator || self.caller.scope().allows(account) => {
                let progress = self.state.read(move |state| imports::progress(state, run)).await?;
                progress.and_then(|progress| event("import.progress", &progress))
            }
            News::Examined => event("mail.examined", &MailsExamined { missed: false }),
            News::Counters => event("status", &StatusChanged { missed: false }),
            _ => None,
        })
    }
}

/// Whether one event can stand for both.
fn is_same(a: &News, b: &News) -> bool {
    match (a, b) {
        (News::Filed { account: a, .. }, News::Filed { account: b, .. }) => a == b,
        _ => a == b,
    }
}

fn event(name: &str, data: &impl Serialize) -> Option<Event> {
    Event::default().event(name).json_data(data).ok()
}
