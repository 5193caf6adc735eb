//! What is blind or about to be, and completeness of mailboxes.

use std::collections::BTreeMap;

use api::{
    Condition, DoctorReport, FetchedAnew, Language, Ledger, LedgerList, LedgerPage, LedgerQuery,
    LedgerReason, LedgerRow, Severity,
};
use axum::extract::{Path, State as FromState};
use axum::http::StatusCode;
use doctor::{Kind, Reason};
use model::{AccountId, MailboxId, Role};
use store::KeptCondition;

use crate::accounts::{may_see, present};
use crate::events::{self, Subject};
use crate::extract::{Id, Params, limit};
use crate::problem::Failure;
use crate::rights::Caller;
use crate::{State, lang};

/// What is over, so many.
const ENDED_MAX: usize = 20;

/// What is wrong, and what to do about it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ConditionText {
    /// What.
    pub what: String,
    /// What to do.
    pub to_do: String,
}

/// The sentences about a condition. `details`: its values.
pub fn condition_text(language: Language, kind: Kind, details: &BTreeMap<String, String>) -> ConditionText {
    let word = kind.as_str().replace('.', "-");
    let class = details.get("class").map(|class| format!("doctor-{word}-{class}"));
    let to_do = class.and_then(|key| lang::sentence(language, &key));
    let to_do = to_do.or_else(|| lang::sentence(language, &format!("doctor-{word}")));
    ConditionText { what: lang::event(language, &word, details), to_do: to_do.unwrap_or_default() }
}

/// `GET /doctor`
pub(crate) async fn report(
    FromState(state): FromState<State>,
    caller: Caller,
) -> Result<axum::Json<DoctorReport>, Failure> {
    state.read(move |state| shown(state, &caller)).await.map(axum::Json)
}

fn shown(state: &State, caller: &Caller) -> Result<DoctorReport, Failure> {
    let of = |kept: Vec<KeptCondition>| -> Vec<Condition> {
        let visible = kept.into_iter().filter(|kept| match kept.what.account {
            Some(account) => may_see(caller, account),
            None => caller.role() == Role::Administrator,
        });
        visible.map(|kept| condition(caller.language(), kept)).collect()
    };
    let conditions = of(state.store().conditions()?);
    let ended = of(state.store().ended_conditions(ENDED_MAX)?);
    Ok(DoctorReport { ok: conditions.is_empty(), conditions, ended })
}

fn condition(language: Language, kept: KeptCondition) -> Condition {
    let KeptCondition { what, first_seen, last_seen, ended } = kept;
    let details: BTreeMap<String, String> = serde_json::from_str(&what.details).unwrap_or_default();
    let text = condition_text(language, what.kind, &details);
    Condition {
        id: what.id,
        kind: what.kind.as_str().to_owned(),
        severity: match what.severity {
            doctor::Severity::Critical => Severity::Critical,
            doctor::Severity::Warning => Severity::Warning,
        },
        what: text.what,
        to_do: text.to_do,
        account: what.account.map(|account| account.uuid()),
        since: what.since.into(),
        first_seen: first_seen.into(),
        last_seen: last_seen.into(),
        ended: ended.map(Into::into),
        details,
    }
}

/// `POST /accounts/{account_id}/compare`
pub(crate) async fn compare(
    FromState(state): FromState<State>,
    Id(id): Id<AccountId>,
    caller: Caller,
) -> Result<StatusCode, Failure> {
    state
        .read(move |state| {
            let account = present(state, &caller, id)?;
            state.background().compare(id)?;
            let details = [("name", account.settings.name)];
            events::record(state, &caller, "account.compared", Subject::Account(id), &details)
        })
        .await?;
    Ok(StatusCode::ACCEPTED)
}

/// `GET /accounts/{account_id}/ledgers`
pub(crate) async fn ledgers(
    FromState(state): FromState<State>,
    Id(id): Id<AccountId>,
    caller: Caller,
) -> Result<axum::Json<LedgerList>, Failure> {
    let list = state.read(move |state| {
        present(state, &caller, id)?;
        let items = state.store().ledgers(id)?.into_iter().map(ledger).collect();
        Ok(LedgerList { items })
    });
    list.await.map(axum::Json)
}

fn ledger(of: store::Ledger) -> Ledger {
    let tally = of.tally;
    Ledger {
        mailbox: of.mailbox.uuid(),
        name: of.name,
        at: of.at.into(),
        source: tally.source,
        archived: tally.archived,
        missing: tally.count(Reason::Missing),
        failed: tally.count(Reason::Failed),
        quarantined: tally.count(Reason::Quarantined),
        excluded: tally.count(Reason::Excluded),
        pending: tally.count(Reason::Pending),
        gone: tally.gone,
    }
}

/// A ledger of an account the caller may see.
fn find(
    state: &State,
    caller: &Caller,
    account: &str,
    mailbox: &str,
) -> Result<(AccountId, store::Ledger), Failure> {
    let account: AccountId = account.parse().map_err(|_| Failure::not_found())?;
    let mailbox: MailboxId = mailbox.parse().map_err(|_| Failure::not_found())?;
    present(state, caller, account)?;
    let found = state.store().ledgers(account)?.into_iter().find(|ledger| ledger.mailbox == mailbox);
    found.map(|ledger| (account, ledger)).ok_or_else(Failure::not_found)
}

/// `GET /accounts/{account_id}/ledgers/{mailbox_id}`
pub(crate) async fn rows(
    FromState(state): FromState<State>,
    Path((account, mailbox)): Path<(String, String)>,
    caller: Caller,
    Params(query): Params<LedgerQuery>,
) -> Result<axum::Json<LedgerPage>, Failure> {
    let limit = limit(query.limit)? as usize;
    let after = match query.cursor.as_deref() {
        Some(cursor) => cursor.parse::<i64>().map_err(|_| Failure::field("cursor", "cursor"))?,
        None => 0,
    };
    let page = state.read(move |state| {
        let (_, ledger) = find(state, &caller, &account, &mailbox)?;
        let mut rows = state.store().ledger_rows(ledger.mailbox, after, limit + 1)?;
        let more = rows.len() > limit;
        rows.truncate(limit);
        let next = rows.last().filter(|_| more).map(|(number, _)| number.to_string());
        Ok(LedgerPage { items: rows.into_iter().map(|(_, of)| row(of)).collect(), next })
    });
    page.await.map(axum::Json)
}

fn row(of: doctor::LedgerRow) -> LedgerRow {
    let uid = |uid: u32| (uid > 0).then_some(uid);
    LedgerRow {
        reason: match of.reason {
            Reason::Missing => LedgerReason::Missing,
            Reason::Failed => LedgerReason::Failed,
            Reason::Quarantined => LedgerReason::Quarantined,
            Reason::Excluded => LedgerReason::Excluded,
            Reason::Pending => LedgerReason::Pending,
        },
        first: uid(of.first),
        last: uid(of.last),
        name: Some(of.name).filter(|name| !name.is_empty()),
    }
}

/// `POST /accounts/{account_id}/ledgers/{mailbox_id}/anew`
pub(crate) async fn anew(
    FromState(state): FromState<State>,
    Path((account, mailbox)): Path<(String, String)>,
    caller: Caller,
) -> Result<(StatusCode, axum::Json<FetchedAnew>), Failure> {
    let fetched = state.read(move |state| {
        let (account, ledger) = find(state, &caller, &account, &mailbox)?;
        let count =
            state.engine().fetch_anew(ledger.mailbox, ledger.uid_validity).map_err(Failure::internal)?;
        state.background().compare(account)?;
        let details = [("name", ledger.name), ("count", count.to_string())];
        events::record(state, &caller, "mailbox.refetched", Subject::Account(account), &details)?;
        Ok(FetchedAnew { count })
    });
    Ok((StatusCode::ACCEPTED, axum::Json(fetched.await?)))
}
