//! Checks behind filing who mails are from. Names that cannot be resolved hold nothing up: the result says so, and is
//! asked for again a few times.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::time::Duration;

use examine::{AuthResult, Authentication, Authenticator, NameServers, Origin, SpamFilter, SpamMark, Stated};
use model::{Envelope, Message, ReversePath, UnixMillis};
use store::{CheckedMail, ExaminationTask, UncheckedMail};
use tokio::task::JoinSet;

use crate::core::Core;
use crate::error::Result;
use crate::examination::ExaminationSettings;
use crate::news::News;
use crate::spam;

/// Mails checked at the same time, and written with one transaction.
const BATCH: usize = 16;
/// Larger mails are not checked, octets.
const MAIL_MAX: u64 = 64 << 20;
/// Older mails are not checked when they come: keys are changed, and records no longer say what they said then.
const AGE_MAX_MS: i64 = 14 * 86_400_000;
/// First pause before a second try; doubles.
const AGAIN_MS: i64 = 5 * 60_000;
/// So often in all: more than five hours.
const ATTEMPTS_MAX: u32 = 7;
const PATIENCE: Duration = Duration::from_mins(1);
/// Larger mails are not given to a spam filter: it would not read them, octets.
const FILTERED_MAX: u64 = 8 << 20;
/// For one mail.
const FILTER_TIME: Duration = Duration::from_secs(30);
/// Fields of hosts that are believed, and results in them.
const FIELDS_MAX: usize = 10;
const STATED_MAX: usize = 20;
/// Longest domain, characters.
const DOMAIN_MAX: usize = 253;
/// What is taken over, and the properties that name the domain (RFC 8601 §2.7).
const METHODS: [(&str, &[&str]); 4] = [
    ("spf", &["smtp.mailfrom", "smtp.helo"]),
    ("dkim", &["header.d", "header.i"]),
    ("dmarc", &["header.from"]),
    ("arc", &[]),
];
/// How soon the thread ends when the engine closes.
const CLOSING: Duration = Duration::from_millis(100);

/// Mails that came after this are checked.
pub(crate) const fn since(now: UnixMillis) -> UnixMillis {
    UnixMillis(now.0.saturating_sub(AGE_MAX_MS))
}

/// Runs until the engine closes.
pub(crate) fn run(core: &Arc<Core>) {
    let runtime = match tokio::runtime::Builder::new_current_thread().enable_all().build() {
        Ok(runtime) => runtime,
        Err(error) => {
            tracing::error!(%error, "nobody checks who mails are from");
            return;
        }
    };
    let mut asking: Option<(NameServers, Authenticator)> = None;
    loop {
        let settings = core.examination.settings();
        if settings.checks_mails() {
            let closing = async {
                while !core.authenticator_bell.is_closed() {
                    tokio::time::sleep(CLOSING).await;
                }
            };
            let checked = runtime.block_on(async {
                tokio::select! {
                    checked = drain(core, &settings, &mut asking) => checked,
                    () = closing => Ok(()),
                }
            });
            if let Err(error) = checked {
                tracing::warn!(error = %crate::chain(&error), "mails wait to be checked for who they are from");
            }
        }
        if core.authenticator_bell.is_closed() {
            runtime.shutdown_background();
            return;
        }
        core.authenticator_bell.wait(Some(patience(core)));
    }
}

/// Until the next mail is due.
fn patience(core: &Core) -> Duration {
    let due = core.store.next_examination(ExaminationTask::Authenticate).ok().flatten();
    let wait = due.map_or(i64::MAX, |due| due.0.saturating_sub(core.now().0).max(1000));
    PATIENCE.min(Duration::from_millis(wait.unsigned_abs()))
}

async fn drain(
    core: &Arc<Core>,
    settings: &Arc<ExaminationSettings>,
    asking: &mut Option<(NameServers, Authenticator)>,
) -> Result<()> {
    let mut changed = false;
    loop {
        let mails = core.store.unchecked_mails(core.now(), BATCH)?;
        if mails.is_empty() {
            break;
        }
        changed = true;
        let servers = settings.name_servers();
        if asking.as_ref().is_none_or(|(of, _)| *of != servers) {
            *asking = match Authenticator::new(&servers) {
                Ok(authenticator) => Some((servers, authenticator)),
                Err(error) => {
                    tracing::warn!(%error, "names cannot be resolved");
                    None
                }
            };
        }
        let authenticator = asking.as_ref().map(|(_, authenticator)| authenticator.clone());
        let mut tasks = JoinSet::new();
        let mut done: Vec<CheckedMail> = Vec::with_capacity(mails.len());
        let seqs: Vec<i64> = mails.iter().map(|mail| mail.octets.seq).collect();
        for mail in mails {
            let core = Arc::clone(core);
            let (settings, authenticator) = (Arc::clone(settings), authenticator.clone());
            tasks.spawn(async move { check(&core, &settings, authenticator.as_ref(), &mail).await });
        }
        while let Some(checked) = tasks.join_next().await {
            done.extend(checked.ok());
        }
        // A mail over which the check itself fell has no result, and is not tried again.
        let lost = seqs.into_iter().filter(|seq| !done.iter().any(|checked| checked.seq == *seq));
        let lost: Vec<CheckedMail> = lost
            .map(|seq| CheckedMail {
                seq,
                result: text(&Authentication::default()),
                forged: false,
                spam: None,
                again: None,
            })
            .collect();
        done.extend(lost);
        let forged = done.iter().any(|checked| checked.forged);
        core.store.put_checked(done, core.now())?;
        if forged {
            // What a report said is judged anew.
            core.feedback.ring();
        }
    }
    if changed {
        core.tell(News::Examined);
    }
    Ok(())
}

async fn check(
    core: &Core,
    settings: &ExaminationSettings,
    authenticator: Option<&Authenticator>,
    mail: &UncheckedMail,
) -> CheckedMail {
    let seq = mail.octets.seq;
    let octets = Some(mail.octets.octets).filter(|octets| *octets <= MAIL_MAX);
    let octets = octets.and_then(|_| core.archive.read_all(mail.octets.location, MAIL_MAX).ok());
    let mut is_open = false;
    let found = match octets {
        Some(octets) => {
            let read = || parse::read(&octets, &core.limits).0;
            let message = catch_unwind(AssertUnwindSafe(read)).unwrap_or_default();
            let origin = origin(settings, mail.envelope.as_ref(), &message);
            let found = match authenticator {
                _ if !settings.authenticate => Authentication::default(),
                Some(authenticator) => authenticator.check(&octets, &origin).await,
                None => Authentication::unreachable(&origin),
            };
            let asked = ask_filter(settings, octets, origin).await;
            is_open = asked.is_err();
            let spam = asked.ok().flatten().or_else(|| spam::marked(&message));
            Authentication { spam, ..found.with_stated(stated(settings, &message)) }
        }
        None => Authentication::default(),
    };
    let attempts = mail.attempts + 1;
    let again = (is_open || found.is_temporary()) && attempts < ATTEMPTS_MAX;
    let due = core.now().plus_ms(AGAIN_MS << mail.attempts.min(10));
    CheckedMail {
        seq,
        result: text(&found),
        forged: found.is_forged(),
        spam: found.spam.as_ref().filter(|mark| mark.is_spam).map(|mark| mark.by.clone()),
        again: again.then_some((due, attempts)),
    }
}

/// What the spam filter says, if one is set.
///
/// # Errors
/// If it gives no answer: it is asked again.
async fn ask_filter(
    settings: &ExaminationSettings,
    octets: Vec<u8>,
    origin: Origin,
) -> std::result::Result<Option<SpamMark>, ()> {
    let Some(address) = settings.spam_filter().filter(|_| octets.len() as u64 <= FILTERED_MAX) else {
        return Ok(None);
    };
    let filter = SpamFilter::new(address, FILTER_TIME);
    let asked = tokio::task::spawn_blocking(move || filter.check(&octets, &origin)).await;
    match asked {
        Ok(Ok(mark)) => Ok(Some(mark)),
        Ok(Err(error)) => {
            tracing::warn!(error = %crate::chain(&error), "a mail waits for the spam filter");
            Err(())
        }
        // The engine closes.
        Err(_) => Err(()),
    }
}

fn text(found: &Authentication) -> String {
    serde_json::to_string(found).unwrap_or_default()
}

/// Who handed the mail over: over SMTP the client, unless it is one of our own network that passes on what others brought; for
/// everything else the first client outside that a trusted host names, from the top, as long as the hosts are trusted.
fn origin(settings: &ExaminationSettings, envelope: Option<&Envelope>, message: &Message) -> Origin {
    let path = envelope.and_then(|envelope| envelope.reverse_path.as_ref()).or(message.reverse_path.as_ref());
    let mail_from = match path {
        Some(ReversePath::Path(path)) => path.trim_matches(['<', '>']).to_owned(),
        Some(ReversePath::Null) | None => String::new(),
    };
    if let Some(client) = envelope.and_then(|envelope| envelope.client.as_ref())
        && connect::is_public(client.ip)
    {
        return Origin { client: Some(client.ip), helo: client.helo.clone(), mail_from };
    }
    let hops = message.fields("received").map(parse::header::received::hop);
    let mut believed = hops.take_while(|hop| hop.by.as_deref().is_some_and(|by| settings.trusts(by)));
    let outside = believed.find(|hop| hop.client.is_some_and(connect::is_public));
    match outside {
        Some(hop) => Origin { client: hop.client, helo: hop.helo.unwrap_or_default(), mail_from },
        None => Origin { client: None, helo: String::new(), mail_from },
    }
}

/// What hosts that are believed found out: of each method what stands first, for who wrote it last stands above. It is on them to
/// take out what others wrote in their name (RFC 8601 §5).
fn stated(settings: &ExaminationSettings, message: &Message) -> Vec<Stated> {
    let mut found: Vec<Stated> = Vec::new();
    let fields =
        message.fields("authentication-results").filter_map(parse::header::auth_results::auth_results);
    for field in fields.filter(|field| settings.believes(&field.authserv_id)).take(FIELDS_MAX) {
        let from = found.len();
        for one in field.results {
            let Some(properties) = METHODS.iter().find(|(method, _)| *method == one.method).map(|(_, p)| p)
            else {
                continue;
            };
            // Several signatures are several results of one field.
            let is_said = found[..from].iter().any(|known| known.method == one.method);
            let Some(result) = AuthResult::from_word(&one.result).filter(|_| !is_said) else { continue };
            let domain = properties.iter().find_map(|name| one.property(name)).unwrap_or_default();
            let domain = domain.rsplit('@').next().unwrap_or_default();
            let domain = domain.trim_end_matches('>').chars().take(DOMAIN_MAX).collect::<String>();
            let domain = domain.to_ascii_lowercase();
            found.push(Stated { by: field.authserv_id.clone(), method: one.method, result, domain });
        }
    }
    found.truncate(STATED_MAX);
    found
}

#[cfg(test)]
mod tests {
    use model::Client;

    use super::*;

    fn message(received: &[&str]) -> Message {
        let mut text = String::from("Return-Path: <eva@example.org>\r\n");
        for field in received {
            text.extend(["Received: ", field, "\r\n"]);
        }
        parse::parse(format!("{text}\r\nx").as_bytes(), &parse::Limits::default()).message
    }

    #[test]
    fn only_trusted_hosts_name_the_client() {
        let settings = ExaminationSettings {
            trusted_hosts: vec!["mx.here.example".to_owned(), "store.here.example".to_owned()],
            ..ExaminationSettings::default()
        };
        let client =
            |received: &[&str]| origin(&settings, None, &message(received)).client.map(|ip| ip.to_string());
        let inner = "from mx.here.example (mx [10.0.0.5]) by store.here.example with LMTP; x";
        let outer = "from out.example (out.example [203.0.114.7]) by mx.here.example with ESMTP; x";
        let forged = "from y (y [198.52.100.1]) by mx.here.example with ESMTP; x";
        assert_eq!(client(&[inner, outer, forged]).as_deref(), Some("203.0.114.7"));
        assert_eq!(client(&[outer]).as_deref(), Some("203.0.114.7"));
        // A host nobody knows stands above: whatever is below it may be forged.
        assert_eq!(client(&["from a by other.example; x", outer]), None);
        assert_eq!(client(&[inner]), None);
        assert_eq!(client(&[]), None);
        assert_eq!(origin(&ExaminationSettings::default(), None, &message(&[outer])).client, None);
        let found = origin(&settings, None, &message(&[outer]));
        assert_eq!((found.helo.as_str(), found.mail_from.as_str()), ("out.example", "eva@example.org"));
    }

    #[test]
    fn the_session_names_its_client() {
        let settings = ExaminationSettings::default();
        let envelope = |ip: [u8; 4]| Envelope {
            reverse_path: Some(ReversePath::Path("tom@example.net".to_owned())),
            forward_paths: Vec::new(),
            client: Some(Client { ip: ip.into(), helo: "out.example".to_owned() }),
        };
        let found = origin(&settings, Some(&envelope([203, 0, 114, 9])), &message(&[]));
        let expected = Origin {
            client: Some([203, 0, 114, 9].into()),
            helo: "out.example".to_owned(),
            mail_from: "tom@example.net".to_owned(),
        };
        assert_eq!(found, expected);
        assert_eq!(origin(&settings, Some(&envelope([10, 0, 0, 1])), &message(&[])).client, None);
    }

    #[test]
    fn only_hosts_that_are_believed_state_something() {
        let settings = ExaminationSettings {
            authserv_ids: vec!["mx.here.example".to_owned()],
            ..ExaminationSettings::default()
        };
        let mail = "Authentication-Results: MX.here.example; dkim=fail header.d=A.example; dkim=pass header.i=@b.example\r\n\
            Authentication-Results: other.example; dmarc=pass header.from=bank.example\r\n\
            Authentication-Results: mx.here.example; spf=softfail smtp.mailfrom=<eva@c.example>; dmarc=bestguesspass\r\n\
            Authentication-Results: mx.here.example; spf=pass smtp.mailfrom=bank.example; auth=pass\r\n\r\nx";
        let message = parse::parse(mail.as_bytes(), &parse::Limits::default()).message;
        let found = stated(&settings, &message);
        let found: Vec<_> =
            found.iter().map(|one| (one.method.as_str(), one.result, one.domain.as_str())).collect();
        let expected = [
            ("dkim", AuthResult::Fail, "a.example"),
            ("dkim", AuthResult::Pass, "b.example"),
            ("spf", AuthResult::SoftFail, "c.example"),
        ];
        assert_eq!(found, expected);
        assert_eq!(stated(&ExaminationSettings::default(), &message), []);
    }

    #[test]
    fn results_kept_before_are_read() {
        let before = r#"{"spf":"pass","spf_domain":"a","client":null,"dkim":[],"dmarc":"none","dmarc_domain":"","dmarc_policy":"","arc":"none"}"#;
        assert_eq!(serde_json::from_str::<Authentication>(before).unwrap().spf, AuthResult::Pass);
    }
}
