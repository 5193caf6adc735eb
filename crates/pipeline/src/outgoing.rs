//! What goes out: one supervised task follows the event log, writes notices, and sends what is due.

use std::sync::Arc;
use std::time::{Duration, Instant};

use connect::{ClientTls, Guard, Poster};
use dispatch::{Answer, Letter, SendError, WebhookSecret};
use model::UnixMillis;
use store::{Attempt, Channel, Outgoing as Entry, OutgoingState, SmtpAccount, Webhook};
use tokio::sync::Notify;
use tokio::task::JoinSet;

use crate::blocking::blocking;
use crate::checkpoint_mail;
use crate::engine::Engine;
use crate::error::{Error, Result};
use crate::notify;
use crate::sending::SendingServer;

/// Sent at the same time.
const FLYING_MAX: usize = 8;
/// Whoever takes an entry has so long to send it; then it is due again.
const LEASE_MS: i64 = 5 * 60_000;
/// For one mail, everything together; less than the lease.
const MAIL_MAX: Duration = Duration::from_mins(4);
/// For one call of a webhook.
const CALL_MAX: Duration = Duration::from_secs(20);
/// Looks at least this often.
const PATIENCE: Duration = Duration::from_secs(20);
/// After the task has failed, or the database did not answer.
const PAUSE: Duration = Duration::from_secs(10);
/// What was finished is forgotten after so long.
const KEPT_MS: i64 = 30 * 24 * 60 * 60_000;

/// A webhook that took nothing for so long is switched off: a delivery is given up after as much.
const FAILING_MS: i64 = 3 * 24 * 60 * 60_000;

/// How to reach a server that sends.
pub type ResolveSmtp = dyn Fn(&Engine, &SmtpAccount) -> Result<SendingServer> + Send + Sync;

/// How things go out.
pub struct OutgoingOptions {
    /// How to reach a server that sends.
    pub resolve: Box<ResolveSmtp>,
    /// Whom to trust behind webhooks.
    pub tls: ClientTls,
    /// Address of the page without a slash at its end, for links; `None`: without links.
    pub base: Option<String>,
    /// How long one waits for more of the same before a notice is written, milliseconds.
    pub gather_ms: i64,
    /// So long no further notice of the same kind is written, milliseconds.
    pub quiet_ms: i64,
}

impl OutgoingOptions {
    /// Half a minute, and a quarter of an hour.
    pub const GATHER_MS: i64 = 30_000;
    /// A quarter of an hour.
    pub const QUIET_MS: i64 = 15 * 60_000;
}

/// The task. It ends with [`Outgoing::stop`].
#[derive(Clone)]
pub struct Outgoing(Arc<Inner>);

pub(crate) struct Inner {
    pub(crate) engine: Engine,
    pub(crate) options: OutgoingOptions,
    bell: Notify,
    /// Rings when a checkpoint is to go out by mail.
    pub(crate) checkpoint_bell: Notify,
    end: Notify,
}

impl Outgoing {
    /// Starts the task.
    pub fn start(engine: Engine, runtime: &tokio::runtime::Handle, options: OutgoingOptions) -> Self {
        let inner = Arc::new(Inner {
            engine,
            options,
            bell: Notify::new(),
            checkpoint_bell: Notify::new(),
            end: Notify::new(),
        });
        runtime.spawn(supervise(Arc::clone(&inner)));
        Self(inner)
    }

    /// Something was put into the queue, or settings are others now.
    pub fn wake(&self) {
        self.0.bell.notify_one();
        self.0.checkpoint_bell.notify_one();
    }

    /// Ends the task. What is being sent is sent again by the next process, unless it comes through.
    pub fn stop(&self) {
        self.0.end.notify_one();
    }
}

/// Starts the task again when it fails.
async fn supervise(inner: Arc<Inner>) {
    let end = inner.end.notified();
    let work = async {
        loop {
            let task = tokio::spawn(run(Arc::clone(&inner)));
            let guard = Abort(task.abort_handle());
            match task.await {
                Ok(Err(Error::Stopped)) => return,
                Ok(Err(error)) => {
                    tracing::warn!(error = %crate::chain(&error), "what goes out waits");
                }
                Ok(Ok(())) => {}
                Err(error) => tracing::error!(%error, "the task that sends has failed and begins anew"),
            }
            drop(guard);
            tokio::time::sleep(PAUSE).await;
        }
    };
    tokio::select! {
        () = end => {}
        () = work => {}
        () = checkpoint_mail::run(Arc::clone(&inner)) => {}
    }
}

struct Abort(tokio::task::AbortHandle);

impl Drop for Abort {
    fn drop(&mut self) {
        self.0.abort();
    }
}

/// Does blocking work beside.
async fn with<T: Send + 'static>(
    inner: &Arc<Inner>,
    work: impl FnOnce(&Inner) -> Result<T> + Send + 'static,
) -> Result<T> {
    let inner = Arc::clone(inner);
    blocking(move || work(&inner)).await
}

async fn run(inner: Arc<Inner>) -> Result<()> {
    with(&inner, |inner| Ok(inner.engine.store().release_outgoing(inner.now())?)).await?;
    let mut flying = JoinSet::new();
    let mut news = inner.engine.news();
    let mut looked: Option<Instant> = None;
    loop {
        let look = looked.is_none_or(|at| at.elapsed() >= PATIENCE);
        if look {
            looked = Some(Instant::now());
        }
        let next = with(&inner, move |inner| {
            if look {
                inner.engine.check_up()?;
                inner.engine.store().prune_outgoing(inner.now().plus_ms(-KEPT_MS))?;
            }
            notify::follow(inner)?;
            notify::write(inner)
        })
        .await?;
        let free = FLYING_MAX - flying.len();
        let (claimed, due) = with(&inner, move |inner| {
            let (now, store) = (inner.now(), inner.engine.store());
            let due = store.outgoing_due()?;
            if free == 0 || due.is_none_or(|due| due > now) {
                return Ok((Vec::new(), due.filter(|_| free > 0)));
            }
            let claimed = store.claim_outgoing(now, now.plus_ms(LEASE_MS), free)?;
            Ok((claimed, store.outgoing_due()?))
        })
        .await?;
        for entry in claimed {
            flying.spawn(deliver(Arc::clone(&inner), entry));
        }
        let due = due.filter(|_| flying.len() < FLYING_MAX);
        let now = inner.now();
        let wait = [next, due].into_iter().flatten().map(|at| at.0.saturating_sub(now.0).max(50)).min();
        let wait = wait.and_then(|ms| u64::try_from(ms).ok()).map_or(PATIENCE, Duration::from_millis);
        tokio::select! {
            () = inner.bell.notified() => {}
            _ = news.recv() => {}
            Some(_) = flying.join_next() => {}
            () = tokio::time::sleep(wait.min(PATIENCE)) => {}
        }
    }
}

impl Inner {
    pub(crate) fn now(&self) -> UnixMillis {
        self.engine.core().now()
    }
}

/// One attempt, from the queue to its answer in the queue.
async fn deliver(inner: Arc<Inner>, entry: Entry) {
    let (key, channel) = (entry.what.key, entry.what.channel);
    let attempt = match channel {
        Channel::Mail => mail(&inner, &entry).await,
        Channel::Webhook(target) => call(&inner, &entry, target).await,
    };
    let noted = match attempt {
        Ok(attempt) => {
            with(&inner, move |inner| {
                Ok(inner.engine.store().finish_outgoing(key, channel, attempt, inner.now())?)
            })
            .await
        }
        Err(error) => Err(error),
    };
    // The lease ends by itself.
    if let Err(error) = noted {
        tracing::warn!(error = %crate::chain(&error), "an attempt to send could not be noted");
    }
}

/// Ends an attempt: tried again, or given up and logged.
fn again(inner: &Inner, entry: &Entry, code: Option<u16>, answer: String) -> Attempt {
    let backoff = match entry.what.channel {
        Channel::Mail => dispatch::MAIL,
        Channel::Webhook(_) => dispatch::WEBHOOK,
    };
    let jitter = u64::from(entry.what.id.octets()[15]) + u64::from(entry.attempts) * 37;
    match backoff.pause_ms(entry.attempts, jitter) {
        Some(pause) => Attempt {
            state: OutgoingState::Waiting,
            due: Some(inner.now().plus_ms(pause)),
            code,
            answer,
            switch_off: None,
            events: Vec::new(),
        },
        None => ended(inner, entry, OutgoingState::GivenUp, code, answer),
    }
}

/// Ends an entry for good. What tells of a failure is not told of when it fails itself.
fn ended(inner: &Inner, entry: &Entry, state: OutgoingState, code: Option<u16>, answer: String) -> Attempt {
    let failed = matches!(state, OutgoingState::Refused | OutgoingState::GivenUp);
    let events = if failed && entry.what.kind != "delivery.failed" {
        let details = [("recipient", entry.what.recipient.as_str()), ("answer", &answer)];
        vec![notify::log_entry(inner, "delivery.failed", "", &details)]
    } else {
        Vec::new()
    };
    Attempt { state, due: None, code, answer, switch_off: None, events }
}

async fn mail(inner: &Arc<Inner>, entry: &Entry) -> Result<Attempt> {
    let resolved = with(inner, |inner| {
        let Some(account) = inner.engine.store().smtp_account_for_notices()? else { return Ok(None) };
        let server = (inner.options.resolve)(&inner.engine, &account);
        Ok(Some((account, server)))
    })
    .await?;
    let Some((account, server)) = resolved else {
        return Ok(again(inner, entry, None, "no server is set for notices".to_owned()));
    };
    let outcome = match server {
        Ok(server) => send(inner, &server, &account, entry).await,
        Err(error) => Err(crate::chain(&error)),
    };
    let (attempt, trouble) = match outcome {
        Ok(Ok(answer)) if answer.is_taken() => {
            (ended(inner, entry, OutgoingState::Sent, Some(answer.code), answer.text), None)
        }
        Ok(Ok(answer)) if answer.is_transient() => {
            (again(inner, entry, Some(answer.code), answer.text), None)
        }
        Ok(Ok(answer)) => (ended(inner, entry, OutgoingState::Refused, Some(answer.code), answer.text), None),
        Ok(Err(error)) => {
            let (code, words) = (error.answer().map(|answer| answer.code), error.to_string());
            let attempt = match &error {
                SendError::Address => ended(inner, entry, OutgoingState::Refused, code, words.clone()),
                // What is wrong with the server or its settings is mended; the mail waits for that.
                _ => again(inner, entry, code, words.clone()),
            };
            (attempt, Some(words))
        }
        Err(words) => (again(inner, entry, None, words.clone()), Some(words)),
    };
    let id = account.id;
    with(inner, move |inner| Ok(inner.engine.store().set_smtp_state(id, trouble, inner.now())?)).await?;
    Ok(attempt)
}

/// Hands one mail over. The outer error is one without an answer in time.
async fn send(
    inner: &Arc<Inner>,
    server: &SendingServer,
    account: &SmtpAccount,
    entry: &Entry,
) -> std::result::Result<std::result::Result<Answer, SendError>, String> {
    hand_over(inner, server, account, entry.what.key, &entry.what.recipient, &entry.what.content).await
}

/// Hands these octets over. The outer error is one without an answer in time.
pub(crate) async fn hand_over(
    inner: &Inner,
    server: &SendingServer,
    account: &SmtpAccount,
    key: i64,
    recipient: &str,
    octets: &[u8],
) -> std::result::Result<std::result::Result<Answer, SendError>, String> {
    let reference = inner.engine.reference().sign(key);
    let bounces = account.settings.bounce_address.as_deref();
    let reverse_path = bounces.and_then(|address| dispatch::return_path(address, &reference));
    let recipients = [recipient.to_owned()];
    let letter = Letter {
        reverse_path: reverse_path.as_deref().unwrap_or_default(),
        recipients: &recipients,
        envelope_id: &reference,
        octets,
    };
    match tokio::time::timeout(MAIL_MAX, server.send(&letter)).await {
        Err(_) => Err(format!("not finished within {} seconds", MAIL_MAX.as_secs())),
        Ok(Err(error)) => Ok(Err(error)),
        Ok(Ok(answers)) => Ok(answers.into_iter().next().map(|of| of.answer).ok_or(SendError::Protocol)),
    }
}

/// Name of the place of a webhook's secret.
pub fn webhook_field(webhook: model::WebhookId, field: &str) -> String {
    format!("webhook:{webhook}:{field}")
}

fn secrets(inner: &Inner, webhook: &Webhook) -> Result<Vec<WebhookSecret>> {
    let open = |sealed: &[u8]| -> Result<WebhookSecret> {
        let text = inner.engine.sealer().open_text(&webhook_field(webhook.id, "secret"), sealed)?;
        let bad = |error: dispatch::SecretError| Error::Settings {
            name: webhook.settings.name.clone(),
            reason: error.to_string(),
        };
        WebhookSecret::read(text.expose()).map_err(bad)
    };
    let mut secrets = vec![open(&webhook.settings.secret)?];
    if let Some((old, until)) = &webhook.settings.old_secret
        && *until > inner.now()
    {
        secrets.push(open(old)?);
    }
    Ok(secrets)
}

async fn call(inner: &Arc<Inner>, entry: &Entry, target: i64) -> Result<Attempt> {
    let found = with(inner, move |inner| {
        let Some(webhook) = inner.engine.store().webhook_by_key(target)? else { return Ok(None) };
        let secrets = secrets(inner, &webhook);
        Ok(Some((webhook, secrets)))
    })
    .await?;
    let Some((webhook, secrets)) = found.filter(|(webhook, _)| webhook.settings.active) else {
        return Ok(ended(inner, entry, OutgoingState::Cancelled, None, String::new()));
    };
    let secrets = match secrets {
        Ok(secrets) => secrets,
        Err(error) => return Ok(again(inner, entry, None, crate::chain(&error))),
    };
    let fields = dispatch::headers(&entry.what.id.to_string(), inner.now(), &entry.what.content, &secrets);
    let guard = Guard { private: webhook.settings.private, ..Guard::default() };
    let poster = Poster::new(guard, CALL_MAX, inner.options.tls.clone());
    let answer = poster.json(&webhook.settings.url, &fields, entry.what.content.clone()).await;
    Ok(match answer {
        Err(error) => failed(inner, entry, &webhook, None, crate::chain(&error)),
        Ok(answer) => match answer.status {
            200..=299 => ended(inner, entry, OutgoingState::Sent, Some(answer.status), answer.text),
            // Gone: the receiver wants no more.
            410 => {
                let attempt = ended(inner, entry, OutgoingState::Refused, Some(410), answer.text);
                switched_off(inner, &webhook, "gone", attempt)
            }
            status => failed(inner, entry, &webhook, Some(status), answer.text),
        },
    })
}

/// Ends a call that was not taken: tried again, unless none was for days.
fn failed(inner: &Inner, entry: &Entry, webhook: &Webhook, code: Option<u16>, answer: String) -> Attempt {
    let attempt = again(inner, entry, code, answer);
    match webhook.last_error {
        Some((_, since)) if since.plus_ms(FAILING_MS) <= inner.now() => {
            switched_off(inner, webhook, "failing", attempt)
        }
        _ => attempt,
    }
}

/// The same, and the webhook is called no more until a person switches it on.
fn switched_off(inner: &Inner, webhook: &Webhook, why: &str, attempt: Attempt) -> Attempt {
    let answer = match attempt.code {
        Some(code) => format!("{code} {}", attempt.answer),
        None => attempt.answer.clone(),
    };
    let details = [("name", webhook.settings.name.as_str()), ("reason", answer.trim())];
    let event = notify::log_entry(inner, "webhook.disabled", &webhook.id.to_string(), &details);
    // It says enough of the failure.
    Attempt { switch_off: Some(why.to_owned()), events: vec![event], ..attempt }
}
