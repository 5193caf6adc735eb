//! `poststelle account`.

use std::collections::HashMap;
use std::io::Write as _;
use std::time::Instant;

use ::doctor::Reason;
use intake::imap::TestStep;
use jiff::Timestamp;
use keys::account_field;
use model::{AccountId, UnixMillis};
use pipeline::Engine;
use serde_json::json;
use server::{AccountOptions, Background as _, PASSWORD_FIELD};
use store::{Account, AccountKind, AfterFetch, Handled, Handling, MailboxRole, NewAccount, StoreError, Tls};

use super::{Context, doctor, when};
use crate::cli;
use crate::cli::{AccountAction, AccountAdd, AccountHandle, AccountKeep, Days};
use crate::control::Streams;
use crate::failure::{FAILED, Failure};
use crate::lang::Lang;
use crate::mailbox_server;

/// Where Microsoft Graph is, unless a national cloud is meant.
const GRAPH_HOST: &str = "graph.microsoft.com";

/// Runs it.
pub fn run(context: &Context<'_>, args: &cli::Account, streams: &mut Streams<'_>) -> Result<i32, Failure> {
    let Context { engine, lang, .. } = *context;
    match &args.action {
        AccountAction::Add(add) => self::add(context, add, streams),
        AccountAction::Handle(args) => handle(context, args, streams),
        AccountAction::Keep(args) => keep(context, args, streams),
        AccountAction::Sort(args) => super::account_sort::run(context, args, streams),
        AccountAction::Exclude(args) => super::account_exclude::run(context, args, streams),
        AccountAction::Set(args) => super::account_set::run(context, args, streams),
        AccountAction::List { json } => list(engine, *json, lang, streams),
        AccountAction::Test { name } => test(engine, &find(engine, name)?, lang, streams),
        AccountAction::Oauth { action } => super::account_oauth::run(context, action, streams),
        AccountAction::Fetch { name, json } => fetch(engine, &find(engine, name)?, *json, lang, streams),
        AccountAction::Compare { name, anew, json } => {
            compare(context, &find(engine, name)?, *anew, *json, streams)
        }
        AccountAction::Remove { name, confirm } => {
            let account = find(engine, name)?;
            if confirm.as_deref() != Some(name) {
                return Err(Failure::usage("account-confirm").with("name", name));
            }
            if account.settings.oauth.is_some() {
                // Whether the service hears of it or not: the account goes.
                runtime()?.block_on(engine.unlink(&account, "command line")).ok();
            }
            engine.store().remove_account(account.id, now())?;
            changed(context, account.id);
            writeln!(streams.err, "{}", lang.text("account-removed", &[("name", name)]))?;
            Ok(0)
        }
    }
}

pub(super) fn now() -> UnixMillis {
    UnixMillis(Timestamp::now().as_millisecond())
}

/// The account of this name.
pub fn find(engine: &Engine, name: &str) -> Result<Account, Failure> {
    if let Some(account) = engine.store().account_by_name(name)? {
        return Ok(account);
    }
    let known = engine
        .store()
        .accounts(false)?
        .into_iter()
        .map(|account| account.settings.name)
        .collect::<Vec<_>>()
        .join(", ");
    Err(Failure::new("account-unknown").with("name", name).with("known", known))
}

/// Names of all accounts, removed ones too.
pub fn names(engine: &Engine) -> Result<HashMap<AccountId, String>, Failure> {
    Ok(engine
        .store()
        .accounts(true)?
        .into_iter()
        .map(|account| (account.id, account.settings.name))
        .collect())
}

const fn usual_port(kind: AccountKind, tls: Tls) -> u16 {
    match (kind, tls) {
        (AccountKind::Pop3, Tls::Implicit) => 995,
        (AccountKind::Pop3, _) => 110,
        (AccountKind::Graph, Tls::None) => 80,
        (AccountKind::Graph, _) => 443,
        (_, Tls::Implicit) => 993,
        _ => 143,
    }
}

/// Tells the server's task of the account, if there is one.
pub(super) fn changed(context: &Context<'_>, account: AccountId) {
    if let Some(tasks) = context.tasks {
        tasks.account_changed(account);
    }
}

fn add(context: &Context<'_>, args: &AccountAdd, streams: &mut Streams<'_>) -> Result<i32, Failure> {
    let Context { engine, lang, .. } = *context;
    let tls = match args.tls.as_str() {
        "starttls" => Tls::StartTls,
        "none" => Tls::None,
        _ => Tls::Implicit,
    };
    let kind = match args.protocol.as_str() {
        "pop3" => AccountKind::Pop3,
        "graph" => AccountKind::Graph,
        _ => AccountKind::Imap,
    };
    let host = match (&args.host, kind) {
        (Some(host), _) => host.clone(),
        (None, AccountKind::Graph) => GRAPH_HOST.to_owned(),
        (None, _) => return Err(Failure::usage("account-host")),
    };
    if kind == AccountKind::Graph && (args.oauth.is_none() || tls == Tls::StartTls) {
        return Err(Failure::usage("account-graph"));
    }
    if tls == Tls::None && !connect::is_this_machine(&host) {
        return Err(Failure::usage("account-plain").with("host", host));
    }
    let trust = match &args.ca_file {
        None => api::Trust::default(),
        Some(path) => {
            let path = streams.directory.join(path);
            let pem = std::fs::read_to_string(&path).map_err(|error| {
                Failure::new("file-unreadable").with("path", path.display()).with("reason", error)
            })?;
            api::Trust::CaPem(pem)
        }
    };
    let id = AccountId::new(uuid::Uuid::now_v7());
    let service =
        args.oauth.as_deref().map(|name| super::account_oauth::find_service(engine, name)).transpose()?;
    if service.as_ref().is_some_and(|service| !service.settings.service.is_for(kind)) {
        return Err(Failure::usage("account-graph-service"));
    }
    let credential = if service.is_some() {
        None
    } else {
        let password = super::password(streams)?;
        let sealed = engine.sealer().seal(&account_field(id, PASSWORD_FIELD), password.expose().as_bytes());
        Some(sealed.map_err(|error| Failure::new("key-file").with("path", "").with("reason", error))?)
    };
    let new = NewAccount {
        name: args.name.clone(),
        address: args.address.clone().or_else(|| args.login.contains('@').then(|| args.login.to_lowercase())),
        kind,
        host,
        port: args.port.unwrap_or(usual_port(kind, tls)),
        tls,
        login: args.login.clone(),
        options: serde_json::to_string(&AccountOptions { trust, ..AccountOptions::default() })
            .map_err(std::io::Error::from)?,
        credential,
        poll_seconds: args.poll_seconds,
        active: true,
        handling: Handling::default(),
        oauth: service.map(|service| service.id),
    };
    match engine.store().create_account(id, new, now()) {
        Err(StoreError::Exists { .. }) => Err(Failure::new("account-exists").with("name", &args.name)),
        other => {
            other?;
            changed(context, id);
            writeln!(streams.err, "{}", lang.text("account-added", &[("name", &args.name)]))?;
            Ok(0)
        }
    }
}

/// Changes what is named, and leaves the rest.
fn handle(context: &Context<'_>, args: &AccountHandle, streams: &mut Streams<'_>) -> Result<i32, Failure> {
    let Context { engine, lang, .. } = *context;
    let account = find(engine, &args.name)?;
    fetched_only(&account)?;
    let mut settings = account.settings;
    let handling = &mut settings.handling;
    match args.role.as_deref() {
        Some("normal") => handling.role = MailboxRole::Normal,
        Some("bounce") => handling.role = MailboxRole::Bounce,
        Some("archive") => handling.role = MailboxRole::Archive,
        _ => {}
    }
    match args.handled.as_deref() {
        Some("leave") => handling.handled = Handled::Leave,
        Some("mark-read") => handling.handled = Handled::MarkRead,
        Some("move") => handling.handled = Handled::Move,
        Some("delete") => handling.handled = Handled::Delete,
        _ => {}
    }
    if let Some(folder) = &args.handled_folder {
        folder.trim().clone_into(&mut handling.handled_folder);
    }
    if let Some(folder) = &args.manual_folder {
        handling.manual_folder = Some(folder.trim().to_owned()).filter(|name| !name.is_empty());
    }
    if handling.handled == Handled::Move && handling.handled_folder.is_empty() {
        return Err(Failure::usage("account-folder"));
    }
    if settings.kind == AccountKind::Pop3 && handling.acts() {
        return Err(Failure::usage("account-pop3-handled"));
    }
    engine.store().update_account(account.id, settings)?;
    changed(context, account.id);
    writeln!(streams.err, "{}", lang.text("account-handled", &[("name", &args.name)]))?;
    Ok(0)
}

/// Changes what is named, and leaves the rest.
fn keep(context: &Context<'_>, args: &AccountKeep, streams: &mut Streams<'_>) -> Result<i32, Failure> {
    let Context { engine, lang, .. } = *context;
    let account = find(engine, &args.name)?;
    fetched_only(&account)?;
    let mut keeping = engine.store().keeping(account.id)?;
    match args.fetched.as_deref() {
        Some("leave") => keeping.fetched = AfterFetch::Leave,
        Some("mark-read") => keeping.fetched = AfterFetch::MarkRead,
        Some("move") => keeping.fetched = AfterFetch::Move,
        _ => {}
    }
    if let Some(folder) = &args.fetched_folder {
        folder.trim().clone_into(&mut keeping.fetched_folder);
    }
    if let Some(folder) = &args.failed_folder {
        keeping.failed_folder = Some(folder.trim().to_owned()).filter(|name| !name.is_empty());
    }
    if let Some(Days(days)) = args.delete_after {
        keeping.delete_after_days = days;
    }
    if let Some(there) = &args.delete_there {
        keeping.mirrored = there == "yes";
    }
    if keeping.fetched == AfterFetch::Move && keeping.fetched_folder.is_empty() {
        return Err(Failure::usage("account-fetched-folder"));
    }
    if account.settings.kind == AccountKind::Pop3 && keeping.needs_folders() {
        return Err(Failure::usage("account-pop3-fetched"));
    }
    let days = keeping.delete_after_days;
    engine.store().set_keeping(account.id, keeping, now())?;
    let name = &args.name;
    match days {
        None => writeln!(streams.err, "{}", lang.text("account-handled", &[("name", name)]))?,
        Some(days) => {
            let count = engine.store().count_deletable(account.id, days, now())?;
            let values: [(&str, &dyn std::fmt::Display); 3] =
                [("name", name), ("days", &days), ("mails", &count)];
            writeln!(streams.err, "{}", lang.text("account-kept", &values))?;
        }
    }
    Ok(0)
}

const fn role(role: MailboxRole) -> &'static str {
    match role {
        MailboxRole::Normal => "normal",
        MailboxRole::Bounce => "bounce",
        MailboxRole::Archive => "archive",
    }
}

const fn handled(handled: Handled) -> &'static str {
    match handled {
        Handled::Leave => "leave",
        Handled::MarkRead => "mark-read",
        Handled::Move => "move",
        Handled::Delete => "delete",
    }
}

fn list(engine: &Engine, as_json: bool, lang: Lang, streams: &mut Streams<'_>) -> Result<i32, Failure> {
    let counters: HashMap<_, _> = engine.store().counters()?.accounts.into_iter().collect();
    for account in engine.store().accounts(false)? {
        let settings = &account.settings;
        let mails = counters.get(&account.id).map_or(0, |counters| counters.messages);
        let kind = match settings.kind {
            AccountKind::Imap => "imap",
            AccountKind::Pop3 => "pop3",
            AccountKind::Graph => "graph",
            AccountKind::Import => "import",
        };
        let error = account.state.as_ref().and_then(|state| state.last_error.as_ref());
        let activity = account.state.as_ref().map(|_| engine.activity(&account));
        let handling = &settings.handling;
        let (waiting, given_up) = engine.store().source_action_counts(account.id)?;
        if as_json {
            let state = account.state.as_ref();
            let row = json!({
                "id": account.id.to_string(), "name": settings.name, "address": settings.address, "kind": kind, "host": settings.host, "port": settings.port,
                "active": settings.active, "messages": mails, "state": activity.map(model::Activity::as_str),
                "role": role(handling.role), "handled": handled(handling.handled),
                "handled_folder": Some(&handling.handled_folder).filter(|name| !name.is_empty()),
                "manual_folder": handling.manual_folder, "source_waiting": waiting, "source_given_up": given_up,
                "last_success": state.and_then(|state| state.last_success).map(when),
                "last_error": error.map(|error| json!({ "class": error.class, "text": error.text, "since": when(error.since) })),
            });
            writeln!(streams.out, "{row}")?;
            continue;
        }
        let state = match (error, account.state.as_ref()) {
            (Some(error), _) => format!("{}: {}", error.class, error.text),
            (None, Some(_)) => activity.map_or_else(String::new, |activity| activity.as_str().to_owned()),
            (None, None) if settings.kind == AccountKind::Import => kind.to_owned(),
            (None, None) => lang.text("account-never", &[]),
        };
        let address = settings.address.as_deref().unwrap_or("–");
        let line = lang.text(
            "account-row",
            &[("name", &settings.name), ("address", &address), ("state", &state), ("mails", &mails)],
        );
        writeln!(streams.out, "{line}")?;
        if *handling != Handling::default() || waiting + given_up > 0 {
            let folder = Some(&handling.handled_folder).filter(|name| !name.is_empty());
            let folder = folder.map_or_else(String::new, |name| format!(" {name}"));
            let manual = handling.manual_folder.as_deref().unwrap_or("–");
            let line = lang.text(
                "account-row-handling",
                &[
                    ("role", &role(handling.role)),
                    ("handled", &format!("{}{folder}", handled(handling.handled))),
                    ("manual", &manual),
                    ("waiting", &waiting),
                    ("given_up", &given_up),
                ],
            );
            writeln!(streams.out, "  {line}")?;
        }
    }
    Ok(0)
}

/// Compares, fetches anew if asked, and says what is not here; exit status 1 if mails are missing.
fn compare(
    context: &Context<'_>,
    account: &Account,
    anew: bool,
    as_json: bool,
    streams: &mut Streams<'_>,
) -> Result<i32, Failure> {
    let Context { engine, lang, .. } = *context;
    fetched_only(account)?;
    compare_now(context, account)?;
    if anew {
        for ledger in engine.store().ledgers(account.id)? {
            engine.fetch_anew(ledger.mailbox, ledger.uid_validity)?;
        }
        compare_now(context, account)?;
    }
    let name = &account.settings.name;
    let mut missing = 0;
    for ledger in engine.store().ledgers(account.id)? {
        let tally = &ledger.tally;
        missing += tally.count(Reason::Missing);
        if as_json {
            writeln!(streams.out, "{}", doctor::mailbox(name, &ledger))?;
            continue;
        }
        let values: [(&str, &dyn std::fmt::Display); 9] = [
            ("mailbox", &ledger.name),
            ("source", &tally.source),
            ("archived", &tally.archived),
            ("missing", &tally.count(Reason::Missing)),
            ("failed", &tally.count(Reason::Failed)),
            ("quarantined", &tally.count(Reason::Quarantined)),
            ("excluded", &tally.count(Reason::Excluded)),
            ("pending", &tally.count(Reason::Pending)),
            ("gone", &tally.gone),
        ];
        writeln!(streams.out, "{}", lang.text("account-ledger", &values))?;
    }
    Ok(if missing == 0 { 0 } else { FAILED })
}

/// In the account's own task if the server runs.
fn compare_now(context: &Context<'_>, account: &Account) -> Result<(), Failure> {
    let failed = |reason: &dyn std::fmt::Display| {
        Failure::new("account-fetch-failed").with("name", &account.settings.name).with("reason", reason)
    };
    if let Some(waiting) = context.tasks.and_then(|tasks| tasks.compare_waiting(account.id)) {
        return match waiting.recv() {
            Ok(outcome) => outcome.map_err(|reason| failed(&reason)),
            Err(gone) => Err(failed(&gone)),
        };
    }
    let (settings, selection) = mailbox_server::resolve(context.engine, account)?;
    let compared = context.engine.compare_once(runtime()?.handle(), account, settings, &selection);
    compared.map_err(|error| failed(&pipeline::chain(&error)))
}

pub(super) fn runtime() -> Result<tokio::runtime::Runtime, Failure> {
    Ok(tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build()?)
}

fn fetched_only(account: &Account) -> Result<(), Failure> {
    if account.settings.kind.is_fetched() {
        Ok(())
    } else {
        Err(Failure::new("account-not-fetched").with("name", &account.settings.name))
    }
}

/// Goes the way step by step; exit status 1 where it ends early.
fn test(engine: &Engine, account: &Account, lang: Lang, streams: &mut Streams<'_>) -> Result<i32, Failure> {
    fetched_only(account)?;
    let report = runtime()?.block_on(mailbox_server::test_stored(engine, account))?;
    for result in &report.steps {
        let mark = if result.error.is_none() { '✓' } else { '✗' };
        let step = lang.text(step_key(result.step), &[]);
        writeln!(streams.out, "{mark} {step}  {}", result.detail)?;
        if let Some(error) = &result.error {
            writeln!(streams.out, "  {}", crate::failure::chain(error))?;
            if let Some(advice) = advice(result.step, error, lang) {
                writeln!(streams.out, "  {advice}")?;
            }
        }
    }
    for mailbox in report.mailboxes.iter().filter(|mailbox| mailbox.is_selectable) {
        writeln!(streams.out, "    {}", mailbox.name)?;
    }
    Ok(if report.is_ok() { 0 } else { FAILED })
}

/// How to mend it, where a sentence is known.
fn advice(step: TestStep, error: &intake::imap::ImapError, lang: Lang) -> Option<String> {
    let language = match lang {
        Lang::De => api::Language::De,
        Lang::En => api::Language::En,
    };
    server::sentence(language, mailbox_server::advice(step, error))
}

const fn step_key(step: TestStep) -> &'static str {
    match step {
        TestStep::Name => "step-name",
        TestStep::Connect => "step-connect",
        TestStep::Tls => "step-tls",
        TestStep::Login => "step-login",
        TestStep::Mailbox => "step-mailbox",
        TestStep::Folders => "step-folders",
    }
}

/// Fetches once and waits until everything is filed.
fn fetch(
    engine: &Engine,
    account: &Account,
    as_json: bool,
    lang: Lang,
    streams: &mut Streams<'_>,
) -> Result<i32, Failure> {
    fetched_only(account)?;
    let began = Instant::now();
    let (settings, selection) = mailbox_server::resolve(engine, account)?;
    let runtime = runtime()?;
    let name = &account.settings.name;
    let (counts, durable) = match engine.fetch_once(runtime.handle(), account, settings, &selection) {
        Ok(fetched) => fetched,
        Err(error) if error.is_disk_full() => return Err(error.into()),
        Err(error) => {
            let mut reason = crate::failure::chain(error.root());
            if let pipeline::Error::Fetch(error) = error.root()
                && let Some(advice) = advice(TestStep::Folders, error, lang)
            {
                reason = format!("{reason}. {advice}");
            }
            return Err(Failure::new("account-fetch-failed").with("name", name).with("reason", reason));
        }
    };
    let archived_seconds = durable.duration_since(began).as_secs_f64();
    engine.catch_up()?;
    if as_json {
        let row = json!({
            "archived": counts.archived, "duplicates": counts.duplicates, "excluded": counts.excluded, "failed": counts.failed,
            "octets": counts.octets,
            "archived_seconds": archived_seconds, "seconds": began.elapsed().as_secs_f64(),
        });
        writeln!(streams.out, "{row}")?;
        return Ok(if counts.failed > 0 { FAILED } else { 0 });
    }
    let values: [(&str, &dyn std::fmt::Display); 4] = [
        ("name", name),
        ("archived", &counts.archived),
        ("duplicates", &counts.duplicates),
        ("failed", &counts.failed),
    ];
    writeln!(streams.err, "{}", lang.text("account-fetched", &values))?;
    Ok(if counts.failed > 0 { FAILED } else { 0 })
}
