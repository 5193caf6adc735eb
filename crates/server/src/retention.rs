//! Retention classes, rules, open assessments, and what is due.

use api::{
    DueKeptPage, DueQuery, DueYearList, RetentionChange, RetentionClassRequest, RetentionPreview,
    RetentionPreviewRule, RetentionRuleRequest, RetentionSettingsRequest, RetentionStart, RetentionState,
};
use axum::extract::State as FromState;
use axum::http::StatusCode;
use axum::response::IntoResponse;
use jiff::tz::TimeZone;
use model::{Day, Kind, MailId, RecordKind, Role, Scope};
use retain::{Class, Conditions, Start, Suspension, Until};
use store::{
    DueCursor, NamedClass, OpenYears, RETENTION_NAME_MAX, Retention, RetentionSettings, Rule, StoreError,
};

use crate::State;
use crate::approvals;
use crate::events::{self, Subject};
use crate::extract::{Id, Json, Params, email, limit, text};
use crate::problem::Failure;
use crate::rights::Caller;

const REASON_MAX: usize = 500;
const MAILS_MAX: usize = 500;
const MONTHS: std::ops::RangeInclusive<u32> = 1..=1200;
const YEARS: std::ops::RangeInclusive<i32> = 1900..=2200;
const CONDITIONS_MAX: usize = 200;
/// Mails a preview looks at.
const PREVIEW_MAX: u64 = 100_000;

pub(crate) fn start(start: Start) -> RetentionStart {
    match start {
        Start::Received => RetentionStart::Received,
        Start::YearReceived => RetentionStart::YearReceived,
        Start::Document => RetentionStart::Document,
        Start::YearOfDocument => RetentionStart::YearOfDocument,
    }
}

fn kept_start(start: RetentionStart) -> Start {
    match start {
        RetentionStart::Received => Start::Received,
        RetentionStart::YearReceived => Start::YearReceived,
        RetentionStart::Document => Start::Document,
        RetentionStart::YearOfDocument => Start::YearOfDocument,
    }
}

/// A class as it is shown.
pub(crate) fn class(class: &NamedClass) -> api::RetentionClass {
    api::RetentionClass {
        key: class.class.key,
        preset: Some(class.word.clone()).filter(|word| !word.is_empty()),
        name: class.name.clone(),
        months: class.class.months,
        bank_months: class.class.bank_months,
        start: start(class.class.start),
    }
}

/// The last day, where there is one, and whether an assessment is open.
pub(crate) fn until(until: Until) -> (Option<String>, bool) {
    match until {
        Until::Day(day) => (Some(day.to_string()), false),
        Until::Suspended => (None, true),
        Until::Unlimited => (None, false),
    }
}

fn rule(rule: &Rule) -> api::RetentionRule {
    let Conditions { kinds, tags, accounts, records, senders, invoice } = &rule.conditions;
    api::RetentionRule {
        key: rule.key,
        name: rule.name.clone(),
        class: rule.class,
        conditions: api::RetentionConditions {
            kinds: kinds.iter().map(|kind| kind.as_str().to_owned()).collect(),
            tags: tags.clone(),
            accounts: accounts.iter().filter_map(|account| account.parse().ok()).collect(),
            records: records.iter().map(|kind| kind.as_str().to_owned()).collect(),
            senders: senders.clone(),
            invoice: *invoice,
        },
    }
}

fn shown(retention: &Retention) -> RetentionState {
    let open = |open: &OpenYears| api::OpenYears {
        key: open.key,
        class: open.what.class,
        from: *open.what.years.start(),
        to: *open.what.years.end(),
        reason: open.reason.clone(),
        since: open.since.into(),
    };
    RetentionState {
        zone: retention.settings.zone.clone(),
        bank: retention.settings.bank,
        classes: retention.classes.iter().map(class).collect(),
        rules: retention.rules.iter().map(rule).collect(),
        open_years: retention.open_years.iter().map(open).collect(),
    }
}

fn current(state: &State) -> Result<RetentionState, Failure> {
    Ok(shown(&state.store().retention()?))
}

fn refused(error: StoreError) -> Failure {
    match error {
        StoreError::Exists { what: "retention class" } => {
            Failure::new(StatusCode::CONFLICT, "retention-name-taken").at_field("name")
        }
        StoreError::Exists { what: "retention start" } => {
            Failure::new(StatusCode::CONFLICT, "retention-start").at_field("start")
        }
        StoreError::Exists { what: "retention use" } => {
            Failure::new(StatusCode::CONFLICT, "retention-in-use")
        }
        StoreError::Exists { what: "retention shorter" } => {
            Failure::new(StatusCode::FORBIDDEN, "retention-shorter").at_field("class")
        }
        other => other.into(),
    }
}

/// `GET /retention`
pub(crate) async fn read(FromState(state): FromState<State>) -> Result<axum::Json<RetentionState>, Failure> {
    state.read(current).await.map(axum::Json)
}

/// `PUT /retention`
pub(crate) async fn set(
    FromState(state): FromState<State>,
    caller: Caller,
    Json(asked): Json<RetentionSettingsRequest>,
) -> Result<axum::Json<RetentionState>, Failure> {
    let zone = text("zone", &asked.zone, 100)?;
    if TimeZone::get(&zone).is_err() {
        return Err(Failure::field("zone", "word-unknown").with("word", &zone).with("field", "zone"));
    }
    let written = state.read(move |state| {
        let details = [("zone", zone.clone()), ("bank", asked.bank.to_string())];
        let event = events::of(state, &caller, "retention.changed", Subject::Nothing, &details);
        state.store().set_retention(&RetentionSettings { zone, bank: asked.bank }, event)?;
        current(state)
    });
    written.await.map(axum::Json)
}

fn months(field: &'static str, asked: Option<u32>) -> Result<Option<u32>, Failure> {
    match asked {
        Some(months) if !MONTHS.contains(&months) => Err(Failure::field(field, "number-between")
            .with("field", field)
            .with("least", MONTHS.start())
            .with("most", MONTHS.end())),
        months => Ok(months),
    }
}

/// Makes a class, or changes the one of this number.
fn put_class(
    state: &State,
    caller: &Caller,
    key: i64,
    asked: &RetentionClassRequest,
) -> Result<RetentionState, Failure> {
    let known = state.store().retention()?.classes.into_iter().find(|class| class.class.key == key);
    let word = known.map(|class| class.word).unwrap_or_default();
    let name = if asked.name.trim().is_empty() && !word.is_empty() {
        String::new()
    } else {
        text("name", &asked.name, RETENTION_NAME_MAX)?
    };
    let class = Class {
        key,
        months: months("months", asked.months)?,
        bank_months: months("bank_months", asked.bank_months)?,
        start: kept_start(asked.start),
    };
    let length = class.months.map_or_else(|| "∞".to_owned(), |months| months.to_string());
    let details = [("name", if name.is_empty() { word.clone() } else { name.clone() }), ("months", length)];
    let kind = if key == 0 { "retention-class.created" } else { "retention-class.changed" };
    let event = events::of(state, caller, kind, Subject::Nothing, &details);
    state.store().put_retention_class(NamedClass { class, word, name }, event).map_err(refused)?;
    state.engine().retention_changed();
    current(state)
}

/// `POST /retention/classes`
pub(crate) async fn create_class(
    FromState(state): FromState<State>,
    caller: Caller,
    Json(asked): Json<RetentionClassRequest>,
) -> Result<(StatusCode, axum::Json<RetentionState>), Failure> {
    let made = state.read(move |state| put_class(state, &caller, 0, &asked)).await?;
    Ok((StatusCode::CREATED, axum::Json(made)))
}

/// `PUT /retention/classes/{key}`
pub(crate) async fn change_class(
    FromState(state): FromState<State>,
    Id(key): Id<i64>,
    caller: Caller,
    Json(asked): Json<RetentionClassRequest>,
) -> Result<axum::Json<RetentionState>, Failure> {
    if key == 0 {
        return Err(Failure::not_found());
    }
    state.read(move |state| put_class(state, &caller, key, &asked)).await.map(axum::Json)
}

/// `DELETE /retention/classes/{key}`
pub(crate) async fn remove_class(
    FromState(state): FromState<State>,
    Id(key): Id<i64>,
    caller: Caller,
) -> Result<StatusCode, Failure> {
    let removed = state.read(move |state| {
        let retention = state.store().retention()?;
        let named =
            retention.classes.iter().find(|class| class.class.key == key).ok_or_else(Failure::not_found)?;
        let details = [("name", named.shown().to_owned())];
        let event = events::of(state, &caller, "retention-class.removed", Subject::Nothing, &details);
        state.store().remove_retention_class(key, event).map_err(refused)
    });
    removed.await.map(|()| StatusCode::NO_CONTENT)
}

fn conditions(asked: &api::RetentionConditions) -> Result<Conditions, Failure> {
    let api::RetentionConditions { kinds, tags, accounts, records, senders, invoice } = asked;
    for (field, count) in [
        ("kinds", kinds.len()),
        ("tags", tags.len()),
        ("accounts", accounts.len()),
        ("records", records.len()),
        ("senders", senders.len()),
    ] {
        if count > CONDITIONS_MAX {
            return Err(Failure::field(field, "too-many-items").with("items", CONDITIONS_MAX));
        }
    }
    let unknown = |field: &'static str, word: &str| {
        Failure::field(field, "word-unknown").with("word", word).with("field", field)
    };
    let conditions = Conditions {
        kinds: kinds
            .iter()
            .map(|word| Kind::from_word(word).ok_or_else(|| unknown("kinds", word)))
            .collect::<Result<_, _>>()?,
        tags: tags.clone(),
        accounts: accounts.iter().map(|account| model::AccountId::new(*account).to_string()).collect(),
        records: records
            .iter()
            .map(|word| RecordKind::from_word(word).ok_or_else(|| unknown("records", word)))
            .collect::<Result<_, _>>()?,
        senders: senders.iter().map(|sender| pattern(sender)).collect::<Result<_, _>>()?,
        invoice: *invoice,
    };
    if conditions.is_empty() {
        return Err(Failure::field("conditions", "retention-no-condition"));
    }
    Ok(conditions)
}

/// An address or `@domain` in lower case.
fn pattern(asked: &str) -> Result<String, Failure> {
    let asked = asked.trim().to_lowercase();
    let whole = if asked.starts_with('@') { format!("x{asked}") } else { asked.clone() };
    email("senders", &whole)?;
    Ok(asked)
}

fn put_rule(
    state: &State,
    caller: &Caller,
    key: i64,
    asked: &RetentionRuleRequest,
) -> Result<RetentionState, Failure> {
    let name = text("name", &asked.name, RETENTION_NAME_MAX)?;
    let rule =
        Rule { key, name: name.clone(), class: asked.class, conditions: conditions(&asked.conditions)? };
    let kind = if key == 0 { "retention-rule.created" } else { "retention-rule.changed" };
    let event = events::of(state, caller, kind, Subject::Nothing, &[("name", name)]);
    state.store().put_retention_rule(rule, event).map_err(refused)?;
    state.engine().retention_changed();
    current(state)
}

/// `POST /retention/rules`
pub(crate) async fn create_rule(
    FromState(state): FromState<State>,
    caller: Caller,
    Json(asked): Json<RetentionRuleRequest>,
) -> Result<(StatusCode, axum::Json<RetentionState>), Failure> {
    let made = state.read(move |state| put_rule(state, &caller, 0, &asked)).await?;
    Ok((StatusCode::CREATED, axum::Json(made)))
}

/// `PUT /retention/rules/{key}`
pub(crate) async fn change_rule(
    FromState(state): FromState<State>,
    Id(key): Id<i64>,
    caller: Caller,
    Json(asked): Json<RetentionRuleRequest>,
) -> Result<axum::Json<RetentionState>, Failure> {
    if key == 0 {
        return Err(Failure::not_found());
    }
    state.read(move |state| put_rule(state, &caller, key, &asked)).await.map(axum::Json)
}

/// `DELETE /retention/rules/{key}`
pub(crate) async fn remove_rule(
    FromState(state): FromState<State>,
    Id(key): Id<i64>,
    caller: Caller,
) -> Result<StatusCode, Failure> {
    let removed = state.read(move |state| {
        let rules = state.store().retention()?.rules;
        let rule = rules.into_iter().find(|rule| rule.key == key).ok_or_else(Failure::not_found)?;
        let event =
            events::of(state, &caller, "retention-rule.removed", Subject::Nothing, &[("name", rule.name)]);
        Ok(state.store().remove_retention_rule(key, event)?)
    });
    removed.await.map(|()| StatusCode::NO_CONTENT)
}

/// `POST /retention/rules/preview`
pub(crate) async fn preview(
    FromState(state): FromState<State>,
) -> Result<axum::Json<RetentionPreview>, Failure> {
    let found = state.read(|state| Ok(state.store().preview_retention(PREVIEW_MAX)?)).await?;
    let rules = found.rules.iter().map(|(rule, mails)| RetentionPreviewRule { rule: *rule, mails: *mails });
    Ok(axum::Json(RetentionPreview { looked: found.looked, more: found.more, rules: rules.collect() }))
}

/// `POST /retention/rules/apply`
pub(crate) async fn apply(FromState(state): FromState<State>, caller: Caller) -> Result<StatusCode, Failure> {
    let begun = state.read(move |state| {
        let event = events::of(state, &caller, "retention.applied", Subject::Nothing, &[]);
        state.store().apply_retention_anew(event)?;
        state.engine().retention_changed();
        Ok(())
    });
    begun.await.map(|()| StatusCode::ACCEPTED)
}

/// `POST /retention/open-years`
pub(crate) async fn open_years(
    FromState(state): FromState<State>,
    caller: Caller,
    Json(asked): Json<api::OpenYearsRequest>,
) -> Result<(StatusCode, axum::Json<RetentionState>), Failure> {
    let reason = text("reason", &asked.reason, REASON_MAX)?;
    for (field, year) in [("from", asked.from), ("to", asked.to)] {
        if !YEARS.contains(&year) || asked.to < asked.from {
            return Err(Failure::field(field, "number-between")
                .with("field", field)
                .with("least", YEARS.start().max(&asked.from))
                .with("most", YEARS.end()));
        }
    }
    let made = state.read(move |state| {
        let years = format!("{}–{}", asked.from, asked.to);
        let details = [("years", years), ("reason", reason.clone())];
        let event = events::of(state, &caller, "open-years.created", Subject::Nothing, &details);
        let what = Suspension { class: asked.class, years: asked.from..=asked.to };
        state.store().add_open_years(OpenYears { key: 0, what, reason, since: state.now() }, event)?;
        current(state)
    });
    Ok((StatusCode::CREATED, axum::Json(made.await?)))
}

/// `DELETE /retention/open-years/{key}`
pub(crate) async fn end_open_years(
    FromState(state): FromState<State>,
    Id(key): Id<i64>,
    caller: Caller,
) -> Result<StatusCode, Failure> {
    let ended = state.read(move |state| {
        let open = state.store().retention()?.open_years;
        let open = open.into_iter().find(|open| open.key == key).ok_or_else(Failure::not_found)?;
        let years = format!("{}–{}", open.what.years.start(), open.what.years.end());
        let details = [("years", years), ("reason", open.reason)];
        let event = events::of(state, &caller, "open-years.removed", Subject::Nothing, &details);
        Ok(state.store().end_open_years(key, event)?)
    });
    ended.await.map(|()| StatusCode::NO_CONTENT)
}

/// `GET /retention/due`
pub(crate) async fn due(FromState(state): FromState<State>) -> Result<axum::Json<DueYearList>, Failure> {
    let years = state.read(|state| Ok(state.store().due_years(state.now())?)).await?;
    let items = years.into_iter().map(|year| {
        let (until, suspended) = until(year.until);
        api::DueYear {
            class: year.class,
            year: year.year,
            mails: year.mails,
            due: year.due,
            until,
            suspended,
        }
    });
    Ok(axum::Json(DueYearList { items: items.collect() }))
}

fn cursor(asked: &str) -> Option<DueCursor> {
    let (day, seq) = asked.split_once('.')?;
    Some(DueCursor { day: Day::of_text(day)?, seq: seq.parse().ok()? })
}

/// `GET /retention/due/mails`
pub(crate) async fn due_mails(
    FromState(state): FromState<State>,
    caller: Caller,
    Params(query): Params<DueQuery>,
) -> Result<axum::Json<DueKeptPage>, Failure> {
    let limit = limit(query.limit)? as usize;
    let after = query.cursor.as_deref();
    let after =
        after.map(|text| cursor(text).ok_or_else(|| Failure::field("cursor", "cursor"))).transpose()?;
    let page = state.read(move |state| {
        let of = (query.class, query.year);
        let mut found = state.store().due_mails(caller.scope(), of, after, limit + 1, state.now())?;
        let more = found.len() > limit;
        found.truncate(limit);
        let next = found.last().filter(|_| more).map(|last| format!("{}.{}", last.day, last.seq));
        let items = found.into_iter().map(|mail| api::DueKeptMail {
            mail: mail.mail_id.uuid(),
            until: mail.until.to_string(),
            held: mail.held,
            date: mail.row.as_ref().map(|row| row.date.into()),
            from: mail.row.as_ref().and_then(|row| row.from.as_ref().map(|from| from.addr_spec.clone())),
            subject: mail.row.map(|row| row.subject),
        });
        Ok(DueKeptPage { items: items.collect(), next })
    });
    page.await.map(axum::Json)
}

/// `POST /retention/due/release`
pub(crate) async fn release(
    FromState(state): FromState<State>,
    caller: Caller,
    Json(asked): Json<api::DueReleaseRequest>,
) -> Result<impl IntoResponse, Failure> {
    let note = asked.note.trim();
    let note = if note.is_empty() { String::new() } else { text("note", note, 1000)? };
    let found = state.read(move |state| {
        let of = (asked.class, asked.year);
        let due = state.store().due_mails(&Scope::All, of, None, pipeline::ERASE_MAX, state.now())?;
        let mails: Vec<MailId> = due.iter().filter(|mail| !mail.held).map(|mail| mail.mail_id).collect();
        if mails.is_empty() {
            return Err(Failure::not_found());
        }
        let actor = caller.user_id().to_string();
        let request =
            pipeline::ErasureRequest { mails, basis: pipeline::Basis::Released, note: note.clone(), actor };
        let kind = store::ApprovalKind::Release;
        let ask = pipeline::Ask { kind, payload: request.payload(), note, by: approvals::person(&caller) };
        let id = state.engine().ask(&ask)?;
        approvals::found(state, &caller, id)
    });
    found.await.map(|approval| (StatusCode::CREATED, axum::Json(approval)))
}

/// `POST /messages/retention`
pub(crate) async fn set_messages(
    FromState(state): FromState<State>,
    caller: Caller,
    Json(asked): Json<RetentionChange>,
) -> Result<StatusCode, Failure> {
    let reason = text("reason", &asked.reason, REASON_MAX)?;
    if asked.mails.len() > MAILS_MAX {
        return Err(Failure::field("mails", "too-many-items").with("items", MAILS_MAX));
    }
    let set = state.read(move |state| {
        let mails: Vec<MailId> = asked.mails.iter().map(|id| MailId::new(*id)).collect();
        let actor = caller.actor();
        let may_shorten = caller.role() == Role::Administrator;
        let wish = (asked.class, may_shorten);
        let store = state.store();
        let done = store
            .set_retention_class(caller.scope(), &mails, wish, reason.clone(), actor, state.now())
            .map_err(refused)?;
        if done == 0 {
            return Err(Failure::not_found());
        }
        let retention = store.retention()?;
        let class = retention.classes.iter().find(|class| Some(class.class.key) == asked.class);
        let name = class.map_or("–", NamedClass::shown).to_owned();
        let details = [("name", name), ("count", done.to_string()), ("reason", reason)];
        events::record(state, &caller, "mail.retention", Subject::Nothing, &details)
    });
    set.await.map(|()| StatusCode::NO_CONTENT)
}

/// `GET /messages/{mail_id}/keeping`
pub(crate) async fn of_message(
    FromState(state): FromState<State>,
    Id(mail): Id<MailId>,
    caller: Caller,
) -> Result<axum::Json<api::MessageKeeping>, Failure> {
    let read = state.read(move |state| {
        let (kept, holds) =
            state.store().kept_message(caller.scope(), mail)?.ok_or_else(Failure::not_found)?;
        let mut classes: Vec<api::KeptClass> = Vec::new();
        for mail in &kept {
            let (until, suspended) = mail.until.map_or((None, false), until);
            let one = api::KeptClass {
                class: mail.class.as_ref().map(class),
                until,
                suspended,
                rule: mail.rule.clone(),
                reason: mail.reason.clone(),
                at: mail.at.into(),
            };
            if classes.iter().all(|known| (&known.class, &known.until) != (&one.class, &one.until)) {
                classes.push(one);
            }
        }
        let invoices = state.store().invoices(caller.scope(), mail)?;
        let invoices = invoices.into_iter().map(|(part, invoice)| api::MailInvoice {
            part,
            form: invoice.form.as_str().to_owned(),
            number: invoice.number,
            date: invoice.date.map(|day| day.to_string()),
            total: invoice.total,
            currency: invoice.currency,
            seller: invoice.seller,
        });
        let holds = holds.into_iter().map(|hold| api::HoldName { key: hold.key, name: hold.name });
        Ok(api::MessageKeeping { classes, holds: holds.collect(), invoices: invoices.collect() })
    });
    read.await.map(axum::Json)
}
