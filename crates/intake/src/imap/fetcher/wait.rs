//! Between two runs: until the server tells of news, or it is time.

use std::pin::{Pin, pin};
use std::time::Duration;

use tokio::time::{Instant, sleep_until};

use super::super::command::Command;
use super::super::idle::{Idled, Idling, Waiting};
use super::super::notify::Noticing;
use super::{Fetcher, Waited, is_loss};

/// News that turned out to be none, one after the other, before the server is asked at its time only.
const FALSE_ALARMS_MAX: u32 = 3;

/// How listening has ended.
enum Heard {
    Told(Waited),
    /// The connection is gone; a new one may be made at this time.
    Lost(Instant),
}

impl Fetcher {
    /// Waits for the next run: until there is news of the mailboxes watched, for `patience` at most, or until `ring`. The
    /// server is asked to tell of news where it can; one that cannot, or hangs up, is waited for in silence.
    ///
    /// Watched are all mailboxes of the last run (NOTIFY), or the inbox, or the mailbox most mails came from (IDLE).
    pub async fn wait(&mut self, patience: Duration, ring: impl Future<Output = ()>) -> Waited {
        let mut until = Instant::now() + patience;
        let mut ring = pin!(ring);
        let mut is_lost = false;
        match self.listen(until, ring.as_mut()).await {
            Some(Heard::Told(waited)) => {
                self.was_woken = waited == Waited::News;
                return waited;
            }
            // News may have come to a server that was restarted.
            Some(Heard::Lost(again)) => {
                is_lost = again < until;
                until = until.min(again);
            }
            None => {}
        }
        tokio::select! {
            () = sleep_until(until) => {}
            () = ring => return Waited::Rung,
        }
        self.was_woken = is_lost;
        if is_lost { Waited::News } else { Waited::Time }
    }

    /// `None` if the server does not tell of news, or not now.
    async fn listen(
        &mut self,
        until: Instant,
        mut ring: Pin<&mut impl Future<Output = ()>>,
    ) -> Option<Heard> {
        if self.false_alarms >= FALSE_ALARMS_MAX {
            // Once in a while it may try again.
            self.false_alarms = 0;
            return None;
        }
        let watched = self.watched.clone();
        let (first, others) = watched.split_first()?;
        let mut session = self.session.take()?;
        let has_idle = session.can("IDLE") && !self.is_deaf;
        let mut notices = !others.is_empty() && session.capabilities().has("NOTIFY") && !self.is_blind;
        if !notices && !has_idle {
            self.session = Some(session);
            return None;
        }
        let begun = Instant::now();
        let again = begun + self.settings.options.stood_min;
        let mut messages = match session.ask(Command::Examine { mailbox: &first.raw }).await {
            Ok(answer) if first.differs(answer.number("UIDVALIDITY"), answer.number("UIDNEXT")) => {
                self.session = Some(session);
                return Some(Heard::Told(Waited::News));
            }
            Ok(answer) => answer.messages?,
            Err(error) if is_loss(&error) => {
                self.lost(&error);
                return Some(Heard::Lost(again));
            }
            Err(_) => {
                self.session = Some(session);
                return None;
            }
        };
        loop {
            let mut is_rung = false;
            let renewal = until.min(Instant::now() + self.settings.options.idle_renewal);
            let end = async {
                tokio::select! {
                    () = sleep_until(renewal) => {}
                    () = ring.as_mut() => is_rung = true,
                }
            };
            let (mut idling, mut noticing) =
                (Idling::new(messages), Noticing::new(messages, others, has_idle));
            let waiting: &mut (dyn Waiting + Send) = if notices { &mut noticing } else { &mut idling };
            let idled = session.idle(waiting, end).await;
            messages = waiting.messages();
            let waited = match idled {
                Err(_) if is_rung => Waited::Rung,
                Err(error) => {
                    self.lost(&error);
                    return Some(Heard::Lost(again));
                }
                Ok(Idled::Refused) if notices && has_idle && !is_rung => {
                    self.is_blind = true;
                    notices = false;
                    continue;
                }
                Ok(Idled::Refused) => {
                    *(if notices { &mut self.is_blind } else { &mut self.is_deaf }) = true;
                    self.session = Some(session);
                    return is_rung.then_some(Heard::Told(Waited::Rung));
                }
                Ok(Idled::Over) if !is_rung && Instant::now() < until => continue,
                Ok(idled) => {
                    self.session = Some(session);
                    match idled {
                        _ if is_rung => Waited::Rung,
                        Idled::News => Waited::News,
                        Idled::Over | Idled::Refused => Waited::Time,
                    }
                }
            };
            return Some(Heard::Told(waited));
        }
    }
}
