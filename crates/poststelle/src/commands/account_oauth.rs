//! `poststelle account oauth`.

use std::io::Write as _;

use connect::oauth::{Endpoints, OauthError};
use model::{OauthClientId, UnixMillis};
use pipeline::{Engine, Linked, OauthOptions, oauth_secret_field};
use serde_json::json;
use store::{Account, GrantKind, NewOauthClient, OauthClient, OauthService, StoreError};

use super::account::{changed, find, now, runtime};
use super::{Context, when};
use crate::cli;
use crate::cli::OauthAction;
use crate::control::Streams;
use crate::failure::{Failure, chain};

/// Who did it, in the event log.
const ACTOR: &str = "command line";

/// Runs it.
pub fn run(context: &Context<'_>, action: &OauthAction, streams: &mut Streams<'_>) -> Result<i32, Failure> {
    match action {
        OauthAction::Service(args) => service(context, args, streams),
        OauthAction::Link { name, application } => link(context, name, *application, streams),
        OauthAction::Confirm { name } => {
            let account = find(context.engine, name)?;
            context.engine.confirm_link(&account, ACTOR).map_err(|error| match error {
                pipeline::Error::Store(StoreError::Missing { .. }) => {
                    Failure::new("oauth-nothing-waits").with("name", name)
                }
                other => other.into(),
            })?;
            changed(context, account.id);
            writeln!(streams.err, "{}", context.lang.text("oauth-linked", &[("name", name)]))?;
            Ok(0)
        }
        OauthAction::Status { json } => status(context, *json, streams),
        OauthAction::Unlink { name } => {
            let account = find(context.engine, name)?;
            let revoked = runtime()?.block_on(context.engine.unlink(&account, ACTOR)).map_err(no_link)?;
            changed(context, account.id);
            let key = if revoked { "oauth-unlinked" } else { "oauth-unlinked-here" };
            writeln!(streams.err, "{}", context.lang.text(key, &[("name", name)]))?;
            Ok(0)
        }
    }
}

/// What the sign-in service said, or that the account has none.
fn no_link(error: pipeline::Error) -> Failure {
    match error {
        pipeline::Error::NoOauth { name } => Failure::new("oauth-none").with("name", name),
        pipeline::Error::Oauth(error) => refused(&error),
        other => other.into(),
    }
}

fn refused(error: &OauthError) -> Failure {
    Failure::new("oauth-refused").with("reason", error.words().map_or_else(|| chain(error), str::to_owned))
}

/// The sign-in service of this name.
pub fn find_service(engine: &Engine, name: &str) -> Result<OauthClient, Failure> {
    let mut known = Vec::new();
    for client in engine.store().oauth_clients()? {
        if client.settings.name == name {
            return Ok(client);
        }
        known.push(client.settings.name);
    }
    Err(Failure::new("oauth-unknown").with("name", name).with("known", known.join(", ")))
}

fn service(
    context: &Context<'_>,
    args: &cli::OauthService,
    streams: &mut Streams<'_>,
) -> Result<i32, Failure> {
    let Context { engine, lang, .. } = *context;
    let store = engine.store();
    let before = store.oauth_clients()?.into_iter().find(|client| client.settings.name == args.name);
    let service = match args.service.as_str() {
        "microsoft" => OauthService::Microsoft,
        "microsoft-graph" => OauthService::MicrosoftGraph,
        "google" => OauthService::Google,
        _ => OauthService::Other,
    };
    let mut options =
        OauthOptions { tenant: args.tenant.clone().unwrap_or_default(), ..OauthOptions::default() };
    if service == OauthService::Other {
        let issuer = args.issuer.as_deref().ok_or_else(|| Failure::usage("oauth-issuer"))?;
        let http = options.http().map_err(|error| refused(&error))?;
        let found = runtime()?.block_on(Endpoints::discover(&http, issuer));
        let (Endpoints { authorize, token, device, revoke, userinfo }, basic) =
            found.map_err(|error| refused(&error))?;
        let scopes = if args.scopes.is_empty() {
            ["openid", "email", "offline_access"].map(str::to_owned).to_vec()
        } else {
            args.scopes.clone()
        };
        options = OauthOptions {
            authorize,
            token,
            device: device.unwrap_or_default(),
            revoke: revoke.unwrap_or_default(),
            userinfo: userinfo.unwrap_or_default(),
            scopes,
            basic,
            ..options
        };
        options.provider(service).check().map_err(|error| refused(&error))?;
    }
    let id = before.as_ref().map_or_else(|| OauthClientId::new(uuid::Uuid::now_v7()), |before| before.id);
    // Tokens go to the service they came from and to no other.
    if let Some(before) = before.as_ref().filter(|before| before.accounts > 0) {
        let was: OauthOptions = serde_json::from_str(&before.settings.options).unwrap_or_default();
        let token = |service, options: &OauthOptions| options.provider(service).endpoints.token;
        let is_other = before.settings.service != service;
        if is_other || token(before.settings.service, &was) != token(service, &options) {
            return Err(Failure::new("oauth-in-use").with("name", &args.name));
        }
    }
    let secret = if args.no_secret {
        None
    } else {
        let secret = super::password(streams)?;
        let sealed = engine.sealer().seal(&oauth_secret_field(id), secret.expose().as_bytes());
        Some(sealed.map_err(|error| Failure::new("key-file").with("path", "").with("reason", error))?)
    };
    let new = NewOauthClient {
        name: args.name.clone(),
        service,
        registered: args.client_id.clone(),
        secret,
        secret_expires: args.secret_expires.as_deref().map(day).transpose()?,
        options: serde_json::to_string(&options).map_err(std::io::Error::from)?,
    };
    if before.is_none() {
        store.create_oauth_client(id, new, now())?;
    } else {
        store.update_oauth_client(id, new)?;
        for link in store.account_grants()?.iter().filter(|link| link.client == id) {
            changed(context, link.account);
        }
    }
    writeln!(streams.err, "{}", lang.text("oauth-service-kept", &[("name", &args.name)]))?;
    Ok(0)
}

/// A day as `2027-03-01`, its beginning in UTC.
fn day(text: &str) -> Result<UnixMillis, Failure> {
    let date: jiff::civil::Date =
        text.parse().map_err(|_| Failure::usage("oauth-date").with("value", text))?;
    let at = date.to_zoned(jiff::tz::TimeZone::UTC);
    at.map(|at| UnixMillis(at.timestamp().as_millisecond()))
        .map_err(|_| Failure::usage("oauth-date").with("value", text))
}

fn link(
    context: &Context<'_>,
    name: &str,
    application: bool,
    streams: &mut Streams<'_>,
) -> Result<i32, Failure> {
    let Context { engine, lang, .. } = *context;
    let account = find(engine, name)?;
    let runtime = runtime()?;
    let linked = if application {
        runtime.block_on(engine.link_application(&account, ACTOR)).map_err(no_link)?
    } else {
        let (asking, device, code) = runtime.block_on(engine.device_code(&account)).map_err(no_link)?;
        let values: [(&str, &dyn std::fmt::Display); 2] =
            [("at", &code.verification_uri), ("code", &code.user_code)];
        writeln!(streams.err, "{}", lang.text("oauth-code", &values))?;
        streams.err.flush()?;
        runtime.block_on(engine.wait_for_device(&account, &asking, &device, ACTOR)).map_err(no_link)?
    };
    told(context, &account, &linked, streams)
}

fn told(
    context: &Context<'_>,
    account: &Account,
    linked: &Linked,
    streams: &mut Streams<'_>,
) -> Result<i32, Failure> {
    let name = &account.settings.name;
    let text = if linked.is_used {
        changed(context, account.id);
        context.lang.text("oauth-linked", &[("name", name)])
    } else {
        let login = &account.settings.login;
        context.lang.text("oauth-waits", &[("name", name), ("person", &linked.person), ("login", login)])
    };
    writeln!(streams.err, "{text}")?;
    Ok(0)
}

fn status(context: &Context<'_>, as_json: bool, streams: &mut Streams<'_>) -> Result<i32, Failure> {
    let Context { engine, lang, .. } = *context;
    let store = engine.store();
    let (clients, grants) = (store.oauth_clients()?, store.oauth_grants()?);
    let links = store.account_grants()?;
    for account in store.accounts(false)? {
        let Some(link) = links.iter().find(|link| link.account == account.id) else { continue };
        let client = clients.iter().find(|client| client.id == link.client).map(|client| &client.settings);
        let grant = grants.iter().find(|grant| Some(grant.id) == link.granted);
        let trouble = grant.and_then(|grant| grant.trouble.as_ref());
        let state = match (grant, trouble) {
            (None, _) => "unlinked",
            (Some(_), Some(trouble)) if trouble.needs != "retry" => trouble.needs.as_str(),
            _ => "linked",
        };
        let waiting = grants.iter().find(|grant| Some(grant.id) == link.pending);
        let name = client.map(|client| client.name.as_str()).unwrap_or_default();
        let person = grant.map(|grant| grant.granted.person.as_str()).unwrap_or_default();
        if as_json {
            let row = json!({
                "account": account.settings.name, "service": name, "state": state,
                "person": Some(person).filter(|person| !person.is_empty()),
                "application": grant.is_some_and(|grant| grant.granted.kind == GrantKind::Application),
                "waiting": waiting.map(|grant| &grant.granted.person), "since": grant.map(|grant| when(grant.linked)),
                "consent_until": grant.and_then(|grant| grant.granted.refresh_expires).map(when),
                "secret_expires": client.and_then(|client| client.secret_expires).map(when),
                "answer": trouble.map(|trouble| &trouble.text),
            });
            writeln!(streams.out, "{row}")?;
        } else {
            let state = lang.text(&format!("oauth-state-{state}"), &[]);
            let values: [(&str, &dyn std::fmt::Display); 4] = [
                ("name", &account.settings.name),
                ("service", &name),
                ("state", &state),
                ("person", &person),
            ];
            writeln!(streams.out, "{}", lang.text("oauth-row", &values))?;
        }
    }
    Ok(0)
}
