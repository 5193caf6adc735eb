//! `poststelle group`.

use std::io::Write as _;

use model::UserId;
use pipeline::Engine;
use serde_json::json;
use store::{Group, NewGroup};

use super::Context;
use super::account::now;
use crate::cli::{self, GroupAction};
use crate::control::Streams;
use crate::failure::Failure;

/// Runs it.
pub fn run(context: &Context<'_>, args: &cli::Group, streams: &mut Streams<'_>) -> Result<i32, Failure> {
    let Context { engine, lang, .. } = *context;
    let (key, name) = match &args.action {
        GroupAction::List { json } => return list(engine, *json, streams),
        GroupAction::Set { name, addresses, members, description } => {
            set(engine, name, addresses, members, description.as_deref())?;
            ("group-saved", name)
        }
        GroupAction::Remove { name } => {
            engine.store().remove_group(find(engine, name)?.id)?;
            ("group-removed", name)
        }
    };
    writeln!(streams.err, "{}", lang.text(key, &[("name", name)]))?;
    Ok(0)
}

/// The group of this name, whatever its case.
pub(super) fn find(engine: &Engine, name: &str) -> Result<Group, Failure> {
    known(engine, name)?.ok_or_else(|| Failure::new("group-unknown").with("name", name))
}

fn known(engine: &Engine, name: &str) -> Result<Option<Group>, Failure> {
    let wanted = name.trim().to_lowercase();
    Ok(engine.store().groups()?.into_iter().find(|group| group.what.name.to_lowercase() == wanted))
}

/// Makes it, or changes what is given.
fn set(
    engine: &Engine,
    name: &str,
    addresses: &[String],
    members: &[String],
    description: Option<&str>,
) -> Result<(), Failure> {
    let before = known(engine, name)?;
    let mut what = before.as_ref().map_or_else(
        || NewGroup { name: name.trim().to_owned(), ..NewGroup::default() },
        |group| group.what.clone(),
    );
    if !addresses.is_empty() {
        what.addresses = addresses.to_vec();
    }
    if let Some(wrong) = what.addresses.iter().find(|address| !address.contains('@')) {
        return Err(Failure::usage("user-email").with("email", wrong));
    }
    if !members.is_empty() {
        let member = |email: &String| match engine.store().user_by_email(email)? {
            Some(user) => Ok(user.id),
            None => Err(Failure::new("user-unknown").with("email", email)),
        };
        what.members = members.iter().map(member).collect::<Result<Vec<UserId>, Failure>>()?;
    }
    if let Some(description) = description {
        description.trim().clone_into(&mut what.description);
    }
    match before {
        Some(group) => engine.store().change_group(group.id, what)?,
        None => engine.store().create_group(*uuid::Uuid::now_v7().as_bytes(), what, now())?,
    }
    Ok(())
}

fn list(engine: &Engine, as_json: bool, streams: &mut Streams<'_>) -> Result<i32, Failure> {
    let users = engine.store().users()?;
    for Group { what, .. } in engine.store().groups()? {
        let of =
            |id: &UserId| users.iter().find(|user| user.id == *id).map(|user| user.profile.email.as_str());
        let members: Vec<&str> = what.members.iter().filter_map(of).collect();
        if as_json {
            let row = json!({ "name": what.name, "description": what.description, "addresses": what.addresses, "members": members });
            writeln!(streams.out, "{row}")?;
        } else {
            writeln!(streams.out, "{}  {}  {}", what.name, what.addresses.join(", "), members.join(", "))?;
        }
    }
    Ok(0)
}
