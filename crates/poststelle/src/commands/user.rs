//! `poststelle user`.

use std::io::Write as _;

use jiff::Timestamp;
use model::{AccountId, Role, UnixMillis, UserId};
use pipeline::Engine;
use serde_json::json;
use server::{PASSWORD_CHARACTERS_MIN, PasswordError, hash_password};
use store::{NewUser, StoreError, User, UserPatch};

use crate::cli;
use crate::cli::UserAction;
use crate::control::Streams;
use crate::failure::Failure;
use crate::lang::Lang;

/// Runs it.
pub fn run(engine: &Engine, args: &cli::User, lang: Lang, streams: &mut Streams<'_>) -> Result<i32, Failure> {
    match &args.action {
        UserAction::Add { email, name, role, accounts } => {
            add(engine, email, name.as_deref(), role, accounts, lang, streams)
        }
        UserAction::List { json } => list(engine, *json, streams),
        UserAction::Password { email } => {
            let user = find(engine, email)?;
            let password_hash = hashed(streams)?;
            engine.store().update_user(
                user.id,
                UserPatch { password_hash: Some(password_hash), ..UserPatch::default() },
            )?;
            engine.store().end_sessions(user.id, None)?;
            changed(email, lang, streams)
        }
        UserAction::Grant { email, account } => {
            let user = find(engine, email)?;
            engine.store().grant(user.id, super::account::find(engine, account)?.id)?;
            changed(email, lang, streams)
        }
    }
}

fn changed(email: &str, lang: Lang, streams: &mut Streams<'_>) -> Result<i32, Failure> {
    writeln!(streams.err, "{}", lang.text("user-changed", &[("email", &email)]))?;
    Ok(0)
}

fn hashed(streams: &mut Streams<'_>) -> Result<String, Failure> {
    let password = super::password(streams)?;
    hash_password(password.expose()).map_err(|error| match error {
        PasswordError::TooShort => Failure::new("password-short").with("min", PASSWORD_CHARACTERS_MIN),
        other => Failure::new("storage").with("path", "–").with("reason", other),
    })
}

fn add(
    engine: &Engine,
    email: &str,
    name: Option<&str>,
    role: &str,
    accounts: &[String],
    lang: Lang,
    streams: &mut Streams<'_>,
) -> Result<i32, Failure> {
    if !email.split_once('@').is_some_and(|(left, right)| !left.is_empty() && !right.is_empty())
        || email.contains(char::is_whitespace)
    {
        return Err(Failure::usage("user-email").with("email", email));
    }
    let accounts: Vec<AccountId> = accounts
        .iter()
        .map(|name| super::account::find(engine, name).map(|account| account.id))
        .collect::<Result<_, _>>()?;
    let role = match role {
        "administrator" => Role::Administrator,
        "auditor" => Role::Auditor,
        _ => Role::Agent,
    };
    let new = NewUser {
        name: name.unwrap_or(email).to_owned(),
        email: email.to_owned(),
        password_hash: hashed(streams)?,
        role,
        language: String::new(),
        theme: String::new(),
        zone: String::new(),
    };
    let now = UnixMillis(Timestamp::now().as_millisecond());
    match engine.store().create_user(UserId::new(uuid::Uuid::now_v7()), new, accounts, false, now) {
        Err(StoreError::Exists { .. }) => Err(Failure::new("user-exists").with("email", email)),
        other => {
            other?;
            writeln!(streams.err, "{}", lang.text("user-added", &[("email", &email)]))?;
            Ok(0)
        }
    }
}

fn find(engine: &Engine, email: &str) -> Result<User, Failure> {
    engine.store().user_by_email(email)?.ok_or_else(|| Failure::new("user-unknown").with("email", email))
}

fn list(engine: &Engine, as_json: bool, streams: &mut Streams<'_>) -> Result<i32, Failure> {
    let names = super::account::names(engine)?;
    for user in engine.store().users()? {
        let accounts: Vec<&str> =
            user.accounts.iter().filter_map(|id| names.get(id)).map(String::as_str).collect();
        let role = match user.profile.role {
            Role::Administrator => "administrator",
            Role::Agent => "agent",
            Role::Auditor => "auditor",
        };
        if as_json {
            let row = json!({ "id": user.id.to_string(), "email": user.profile.email, "name": user.profile.name, "role": role, "active": user.active, "accounts": accounts });
            writeln!(streams.out, "{row}")?;
        } else {
            writeln!(
                streams.out,
                "{}  {}  {role}  {}",
                user.profile.email,
                user.profile.name,
                accounts.join(", ")
            )?;
        }
    }
    Ok(0)
}
