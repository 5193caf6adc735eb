//! Addresses: states, histories, decisions by hand.

use std::collections::{BTreeSet, HashMap};

use api::{
    AddressDetail, AddressEvent, AddressPage, AddressQuery, AddressState, AddressStateChange, Contact,
    ContactName, HistoryQuery, MatchStep,
};
use axum::extract::State as FromState;
use model::{Role, Scope, UnixMillis, UserId};
use standing::EventKind;
use store::{AddressCursor, AddressRow, HistoryRow, MailingList};
use uuid::Uuid;

use crate::State;
use crate::events::{self, Subject};
use crate::extract::{Id, Json, Params, email, limit, text};
use crate::problem::Failure;
use crate::rights::Caller;

/// Longest text searched for, characters.
const SEARCH_MAX: usize = 320;

/// Ids of mailing lists by number.
pub(crate) struct Lists(Vec<MailingList>);

impl Lists {
    pub(crate) fn load(state: &State) -> Result<Self, Failure> {
        Ok(Self(state.store().mailing_lists()?))
    }

    pub(crate) fn id(&self, key: i64) -> Option<Uuid> {
        self.0.iter().find(|list| list.key == key).map(|list| Uuid::from_bytes(list.id))
    }

    /// The number of a list; 0 for none.
    pub(crate) fn key(&self, id: Option<Uuid>) -> Result<i64, Failure> {
        let Some(id) = id else { return Ok(0) };
        let found = self.0.iter().find(|list| list.id == *id.as_bytes());
        found.map(|list| list.key).ok_or_else(Failure::not_found)
    }
}

/// Administrators keep the list of addresses in order and see all of it; what stands in mails they see like everybody
/// else only where it is granted.
fn watched(caller: &Caller) -> Scope {
    match caller.role() {
        Role::Administrator => Scope::All,
        Role::Agent | Role::Auditor => caller.scope().clone(),
    }
}

/// Those of these states that the caller finds in the list of addresses.
pub(crate) fn visible(state: &State, caller: &Caller, standings: &[i64]) -> Result<BTreeSet<i64>, Failure> {
    Ok(state.store().visible_standings(&watched(caller), standings)?)
}

/// Who reads no mail at all sees nobody's data either.
pub(crate) fn sees_nobody(caller: &Caller) -> bool {
    *caller.scope() == Scope::Accounts(Vec::new()) && caller.role() != Role::Administrator
}

/// The contacts of these addresses, as far as they are for the caller.
pub(crate) fn contacts(
    state: &State,
    caller: &Caller,
    addresses: &[&str],
) -> Result<HashMap<String, ContactName>, Failure> {
    if sees_nobody(caller) {
        return Ok(HashMap::new());
    }
    let names = state.store().contact_names(addresses)?.into_iter();
    let named = names.map(|(of, contact)| (of, ContactName { number: contact.number, name: contact.name }));
    Ok(named.collect())
}

/// `<milliseconds>_<number>`.
fn cursor(text: Option<&str>) -> Result<Option<AddressCursor>, Failure> {
    let Some(text) = text else { return Ok(None) };
    let parts = text.rsplit_once('_').and_then(|(at, key)| Some((at.parse().ok()?, key.parse().ok()?)));
    parts.map(|(at, key)| Some((UnixMillis(at), key))).ok_or_else(|| Failure::field("cursor", "cursor"))
}

/// `GET /addresses`
pub(crate) async fn list(
    FromState(state): FromState<State>,
    caller: Caller,
    Params(query): Params<AddressQuery>,
) -> Result<axum::Json<AddressPage>, Failure> {
    let limit = limit(query.limit)? as usize;
    let wanted = query.state.map(Into::into);
    let search = query.search.filter(|text| !text.trim().is_empty());
    if search.as_ref().is_some_and(|text| text.chars().count() > SEARCH_MAX) {
        return Err(Failure::field("search", "field-too-long")
            .with("field", "search")
            .with("characters", SEARCH_MAX));
    }
    let cursor_text = query.cursor;
    let page = state
        .read(move |state| {
            let scope = watched(&caller);
            let (rows, next) = if let Some(text) = search {
                found(state, &scope, &text, wanted, cursor_text.as_deref(), limit)?
            } else {
                let before = cursor(cursor_text.as_deref())?;
                let mut rows = state.store().addresses(&scope, wanted, before, limit + 1)?;
                let more = rows.len() > limit;
                rows.truncate(limit);
                let next = rows.last().filter(|_| more).map(|row| format!("{}_{}", row.last.0, row.key));
                (rows, next)
            };
            let lists = Lists::load(state)?;
            let addresses: Vec<&str> = rows.iter().map(|row| row.address.as_str()).collect();
            let contacts = contacts(state, &caller, &addresses)?;
            let items = rows.iter().map(|row| shown(row, &lists, contacts.get(&row.address).cloned()));
            Ok(AddressPage { items: items.collect(), next })
        })
        .await?;
    Ok(axum::Json(page))
}

/// Cursors are `<number>_<part>`.
fn found(
    state: &State,
    scope: &Scope,
    text: &str,
    wanted: Option<standing::State>,
    cursor: Option<&str>,
    limit: usize,
) -> Result<(Vec<AddressRow>, Option<String>), Failure> {
    let after = cursor.map(|text| {
        let parts = text.split_once('_').and_then(|(key, part)| Some((part.to_owned(), key.parse().ok()?)));
        parts.ok_or_else(|| Failure::field("cursor", "cursor"))
    });
    let mut rows = state.store().find_addresses(scope, text, wanted, after.transpose()?, limit + 1)?;
    let more = rows.len() > limit;
    rows.truncate(limit);
    let next = rows.last().filter(|_| more).map(|(part, row)| format!("{}_{part}", row.key));
    Ok((rows.into_iter().map(|(_, row)| row).collect(), next))
}

fn shown(row: &AddressRow, lists: &Lists, contact: Option<ContactName>) -> AddressState {
    let standing = row.standing;
    AddressState {
        address: row.address.clone(),
        contact,
        list: lists.id(row.list),
        state: standing.state.into(),
        reason: standing.reason.as_str().to_owned(),
        since: standing.since.map(Into::into),
        expires: standing.expires.map(Into::into),
        failures: standing.counters.failures,
        soft_recent: standing.counters.soft_recent,
        hard: standing.counters.hard,
        weight: standing.counters.weight,
        total: row.total,
        last: row.last.into(),
    }
}

/// An event as pages show it.
pub(crate) fn event(row: &store::AddressEvent, mail: Option<Uuid>) -> AddressEvent {
    let event = &row.event;
    let (set, expires) = match event.kind {
        EventKind::Set { state, expires } => (Some(state.into()), expires.map(Into::into)),
        _ => (None, None),
    };
    AddressEvent {
        at: event.at.into(),
        kind: event.kind.as_str().to_owned(),
        permanence: match event.kind {
            EventKind::Failed(permanence) => Some(permanence.into()),
            _ => None,
        },
        state: set,
        expires,
        reason: event.reason.clone(),
        status: row.status.clone(),
        smtp_code: row.smtp_code,
        diagnostic: row.diagnostic.clone(),
        strength: event.strength.into(),
        class: event.class.map(Into::into),
        counts: event.counts,
        mail_id: mail,
        user: row.actor.parse::<UserId>().ok().map(|user| user.uuid()),
        note: row.note.clone(),
        trace: row.trace.lines().map(step).collect(),
    }
}

fn step(line: &str) -> MatchStep {
    let mut words = line.splitn(3, ' ').map(str::to_owned);
    let mut next = || words.next().unwrap_or_default();
    MatchStep { step: next(), found: next(), looked_at: next() }
}

fn detail(
    state: &State,
    caller: &Caller,
    address: &str,
    before: Option<AddressCursor>,
    limit: usize,
) -> Result<AddressDetail, Failure> {
    let lists = Lists::load(state)?;
    let states = state.store().address(&watched(caller), address)?;
    let keys: Vec<i64> = states.iter().map(|row| row.key).collect();
    let mut rows: Vec<HistoryRow> =
        state.store().address_history(caller.scope(), &keys, before, limit + 1)?;
    let more = rows.len() > limit;
    rows.truncate(limit);
    let last = rows.last().filter(|_| more).map(|row| &row.event);
    let nobody = sees_nobody(caller);
    let contacts = if nobody { Vec::new() } else { state.store().contacts_of(address)? };
    let named = contacts
        .first()
        .map(|known| &known.record)
        .map(|contact| ContactName { number: contact.number.clone(), name: contact.name.clone() });
    let contacts = contacts.into_iter().map(|known| known.record).map(|contact| Contact {
        number: contact.number,
        name: contact.name,
        active: contact.active,
        addresses: contact.addresses,
    });
    let suppressions =
        if nobody { Vec::new() } else { state.store().suppressions_of(address, state.now())? };
    Ok(AddressDetail {
        address: address.to_lowercase(),
        states: states.iter().map(|row| shown(row, &lists, named.clone())).collect(),
        history: rows.iter().map(|row| event(&row.event, row.mail.map(|mail| mail.uuid()))).collect(),
        next: last.map(|event| format!("{}_{}", event.event.at.0, event.key)),
        contacts: contacts.collect(),
        suppressions: suppressions.into_iter().map(|s| crate::suppression::shown(s, &lists)).collect(),
    })
}

/// `GET /addresses/{address}`
pub(crate) async fn one(
    FromState(state): FromState<State>,
    Id(address): Id<String>,
    caller: Caller,
    Params(query): Params<HistoryQuery>,
) -> Result<axum::Json<AddressDetail>, Failure> {
    let limit = limit(query.limit)? as usize;
    let before = cursor(query.cursor.as_deref())?;
    let detail = state.read(move |state| detail(state, &caller, &address, before, limit)).await?;
    Ok(axum::Json(detail))
}

/// `PUT /addresses/{address}/state`
pub(crate) async fn set_state(
    FromState(state): FromState<State>,
    Id(address): Id<String>,
    caller: Caller,
    Json(change): Json<AddressStateChange>,
) -> Result<axum::Json<AddressDetail>, Failure> {
    let address = email("address", &address)?;
    let note = if change.note.trim().is_empty() { String::new() } else { text("note", &change.note, 500)? };
    let detail = state
        .read(move |state| {
            let list = Lists::load(state)?.key(change.list)?;
            let now = state.now();
            if change.expires.is_some_and(|expires| expires.0 <= now) {
                return Err(Failure::field("expires", "expires-past"));
            }
            let word = change.state.map_or("cleared", |word| standing::State::from(word).as_str());
            let actor = caller.user_id().to_string();
            let expires = change.expires.map(|expires| expires.0);
            let wanted = change.state.map(Into::into);
            state.store().decide_address(address.clone(), list, wanted, expires, actor, note, now)?;
            let details = [("address", address.clone()), ("state", word.to_owned())];
            events::record(state, &caller, "address.set", Subject::Nothing, &details)?;
            detail(state, &caller, &address, None, 50)
        })
        .await?;
    Ok(axum::Json(detail))
}

/// Numbers of these lists.
pub(crate) fn list_keys(lists: &Lists, ids: &[Uuid]) -> Result<Vec<i64>, Failure> {
    let mut keys = ids.iter().map(|id| lists.key(Some(*id))).collect::<Result<Vec<_>, _>>()?;
    keys.sort_unstable();
    keys.dedup();
    Ok(keys)
}
