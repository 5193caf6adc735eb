//! Settings of linking, and other ones tried on past mails and put into effect.

use std::time::Instant;

use api::{
    LinkBatchList, LinkStep, NumberMask, RecordName, WhatIfActivated, WhatIfActivation, WhatIfAnswer,
    WhatIfRequest, WhatIfRow,
};
use axum::extract::{Path, State as FromState};
use axum::http::StatusCode;
use model::{MailId, RecordKind};
use pipeline::{LinkSettings, TRIED_MAX, WhatIf};
use store::LinkState;

use crate::events::{self, Subject};
use crate::extract::{Json, text};
use crate::problem::Failure;
use crate::rights::Caller;
use crate::{State, link_blocklist, links};

const MONTHS_MAX: u32 = 1200;
const NUMBERS_MAX: usize = 1000;
const NUMBER_CHARACTERS_MAX: usize = 100;
const ENTRIES_MAX: usize = 1000;
const MASKS_MAX: usize = 50;
const BATCHES_MAX: usize = 50;

fn shown(settings: LinkSettings) -> api::LinkSettings {
    api::LinkSettings {
        first_address_wins: settings.first_address_wins,
        contacts_one_by_one: settings.contacts_one_by_one,
        months: settings.months,
        own_numbers: settings.own_numbers,
        deputies_count: settings.deputies_count,
        masks: settings.masks.into_iter().map(|(kind, mask)| NumberMask { kind, mask }).collect(),
        masks_restrict: settings.masks_restrict,
    }
}

fn checked(asked: &api::LinkSettings) -> Result<LinkSettings, Failure> {
    if asked.months.is_some_and(|months| !(1..=MONTHS_MAX).contains(&months)) {
        return Err(between("months", 1, MONTHS_MAX));
    }
    if asked.own_numbers.len() > NUMBERS_MAX {
        return Err(between("own_numbers", 0, NUMBERS_MAX));
    }
    let numbers = asked.own_numbers.iter().map(|number| text("own_numbers", number, NUMBER_CHARACTERS_MAX));
    Ok(LinkSettings {
        first_address_wins: asked.first_address_wins,
        contacts_one_by_one: asked.contacts_one_by_one,
        months: asked.months,
        own_numbers: numbers.collect::<Result<_, _>>()?,
        deputies_count: asked.deputies_count,
        masks: masks(&asked.masks)?,
        masks_restrict: asked.masks_restrict,
    })
}

fn masks(asked: &[NumberMask]) -> Result<Vec<(String, String)>, Failure> {
    if asked.len() > MASKS_MAX {
        return Err(between("masks", 0, MASKS_MAX));
    }
    let checked = asked.iter().map(|NumberMask { kind, mask }| {
        let unknown = || Failure::field("masks", "word-unknown").with("word", kind).with("field", "masks");
        RecordKind::from_word(kind).ok_or_else(unknown)?;
        let mask = text("masks", mask, link::MASK_CHARACTERS_MAX)?;
        // Without one, it is a single number.
        if !mask.contains(['d', 'l']) {
            return Err(Failure::field("masks", "mask").with("mask", mask));
        }
        Ok((kind.clone(), mask))
    });
    checked.collect()
}

fn between(field: &'static str, least: u32, most: impl std::fmt::Display) -> Failure {
    Failure::field(field, "number-between").with("field", field).with("least", least).with("most", most)
}

fn tried(asked: &WhatIfRequest) -> Result<WhatIf, Failure> {
    let last = asked.last as usize;
    if !(1..=TRIED_MAX).contains(&last) {
        return Err(between("last", 1, TRIED_MAX));
    }
    let entries = |field: &'static str, written: &[String]| {
        if written.len() > ENTRIES_MAX {
            return Err(between(field, 0, ENTRIES_MAX));
        }
        let entry = |written: &String| {
            link_blocklist::normal(written)
                .ok_or_else(|| Failure::field(field, "blocklist-entry").with("entry", written))
        };
        written.iter().map(entry).collect::<Result<Vec<_>, _>>()
    };
    Ok(WhatIf {
        block: entries("block", &asked.block)?,
        unblock: entries("unblock", &asked.unblock)?,
        settings: checked(&asked.settings)?,
        last,
        known_when_it_came: !asked.records_of_today,
    })
}

/// `GET /links/settings`
pub(crate) async fn settings(
    FromState(state): FromState<State>,
    _caller: Caller,
) -> Result<axum::Json<api::LinkSettings>, Failure> {
    let read = state.read(|state| Ok(shown(state.engine().link_settings()?)));
    read.await.map(axum::Json)
}

/// `PUT /links/settings`
pub(crate) async fn set(
    FromState(state): FromState<State>,
    caller: Caller,
    Json(asked): Json<api::LinkSettings>,
) -> Result<axum::Json<api::LinkSettings>, Failure> {
    let settings = checked(&asked)?;
    let written = state.read(move |state| {
        state.engine().set_link_settings(&settings)?;
        events::record(state, &caller, "linking.changed", Subject::Nothing, &[])?;
        Ok(shown(settings))
    });
    written.await.map(axum::Json)
}

/// `POST /links/what-if`
pub(crate) async fn try_out(
    FromState(state): FromState<State>,
    caller: Caller,
    Json(asked): Json<WhatIfRequest>,
) -> Result<axum::Json<WhatIfAnswer>, Failure> {
    let what_if = tried(&asked)?;
    let answer = state.heavy(move |state| {
        let started = Instant::now();
        let found = state.engine().what_if(&what_if)?;
        let [unchanged, newly_linked, changed, lost, newly_ambiguous] = found.changes;
        let named: Vec<MailId> = found.named.iter().map(|judged| judged.mail_id).collect();
        // Rules are for all mails; what stands in one is for those who may read it.
        let readable = state.store().message_links(caller.scope(), &named)?;
        let rows: Vec<WhatIfRow> = found
            .named
            .into_iter()
            .filter(|judged| readable.contains_key(&judged.mail_id))
            .map(row)
            .collect();
        Ok(WhatIfAnswer {
            seen: found.seen,
            unchanged,
            newly_linked,
            changed,
            lost,
            newly_ambiguous,
            people: found.people.of,
            people_agree_now: found.people.now,
            people_agree_then: found.people.tried,
            millis: u64::try_from(started.elapsed().as_millis()).unwrap_or(u64::MAX),
            hidden: (named.len() - rows.len()) as u64,
            rows,
        })
    });
    answer.await.map(axum::Json)
}

fn row(judged: store::Judged) -> WhatIfRow {
    WhatIfRow {
        mail_id: judged.mail_id.uuid(),
        date: judged.date.into(),
        subject: judged.subject,
        from: judged.from,
        change: judged.change.as_str().to_owned(),
        before: shown_state(judged.before),
        after: shown_state(judged.after),
    }
}

fn shown_state(state: LinkState) -> api::LinkState {
    let name = |link: store::LinkRow| RecordName { kind: link.kind.as_str().to_owned(), number: link.number };
    api::LinkState {
        outcome: state.outcome.map(|outcome| outcome.as_str().to_owned()),
        links: state.links.into_iter().map(name).collect(),
        steps: state.trace.into_iter().map(shown_step).collect(),
    }
}

/// A step of a trace, as it is shown.
pub(crate) fn shown_step(step: link::Step) -> LinkStep {
    LinkStep {
        step: step.step.as_str().to_owned(),
        looked_at: step.looked_at,
        found: step.found,
        outcome: step.outcome.as_str().to_owned(),
    }
}

/// `POST /links/what-if/activate`
pub(crate) async fn activate(
    FromState(state): FromState<State>,
    caller: Caller,
    Json(asked): Json<WhatIfActivation>,
) -> Result<axum::Json<WhatIfActivated>, Failure> {
    let what_if = tried(&asked.tried)?;
    let activated = state.heavy(move |state| {
        let actor = caller.user_id().to_string();
        let done = state.engine().activate_links(&what_if, asked.past, &actor)?;
        events::record(state, &caller, "linking.changed", Subject::Nothing, &[])?;
        if let Some(batch) = done.batch {
            let details = [("batch", batch.to_string()), ("mails", done.changed.to_string())];
            events::record(state, &caller, "linking.activated", Subject::Nothing, &details)?;
        }
        Ok(WhatIfActivated { batch: done.batch, changed: done.changed })
    });
    activated.await.map(axum::Json)
}

/// `GET /links/batches`
pub(crate) async fn batches(
    FromState(state): FromState<State>,
    _caller: Caller,
) -> Result<axum::Json<LinkBatchList>, Failure> {
    let read = state.read(|state| {
        let names = links::user_names(state)?;
        let items = state.store().link_batches(BATCHES_MAX)?.into_iter().map(|batch| api::LinkBatch {
            batch: batch.batch,
            at: batch.at.into(),
            user: names.get(&batch.actor).cloned(),
            mails: batch.messages,
            undone: batch.undone.map(Into::into),
        });
        Ok(LinkBatchList { items: items.collect() })
    });
    read.await.map(axum::Json)
}

/// `POST /links/batches/{batch}/undo`
pub(crate) async fn undo(
    FromState(state): FromState<State>,
    Path(batch): Path<i64>,
    caller: Caller,
) -> Result<StatusCode, Failure> {
    let undone = state.heavy(move |state| {
        let mails = state.engine().undo_link_batch(batch)?.ok_or_else(Failure::not_found)?;
        let details = [("batch", batch.to_string()), ("mails", mails.to_string())];
        events::record(state, &caller, "link.batch_undone", Subject::Nothing, &details)
    });
    undone.await.map(|()| StatusCode::NO_CONTENT)
}
