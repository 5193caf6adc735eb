//! Imports of uploaded files.

use std::io;
use std::path::Path;

use api::{ImportFailure, ImportList, ImportProgress, ImportRun, ImportState, Language};
use axum::extract::State as FromState;
use model::{AccountId, ImportRunId, Role};
use store::EntryOutcome;

use crate::background::{BackgroundError, ImportJob};
use crate::events::{self, Subject};
use crate::extract::Id;
use crate::problem::Failure;
use crate::rights::Caller;
use crate::upload::{Folder, unwritable};
use crate::{State, accounts, import_report, lang};

/// Runs listed.
const RUNS_MAX: usize = 200;
/// Failures of a run told.
const FAILURES_MAX: usize = 100;

/// `GET /imports`
pub(crate) async fn list(
    FromState(state): FromState<State>,
    caller: Caller,
) -> Result<axum::Json<ImportList>, Failure> {
    let items = state
        .read(move |state| {
            let runs = state.store().import_runs(RUNS_MAX)?;
            let visible = runs.into_iter().filter(|run| may_see(&caller, run.account));
            visible.map(|run| shown(state, caller.language(), run)).collect()
        })
        .await?;
    Ok(axum::Json(ImportList { items }))
}

/// `GET /imports/{import_id}`
pub(crate) async fn one(
    FromState(state): FromState<State>,
    Id(id): Id<ImportRunId>,
    caller: Caller,
) -> Result<axum::Json<ImportRun>, Failure> {
    state
        .read(move |state| shown(state, caller.language(), visible(state, &caller, id)?))
        .await
        .map(axum::Json)
}

/// `DELETE /imports/{import_id}`
pub(crate) async fn cancel(
    FromState(state): FromState<State>,
    Id(id): Id<ImportRunId>,
    caller: Caller,
) -> Result<axum::Json<ImportRun>, Failure> {
    let run = state.read(move |state| {
        let run = visible(state, &caller, id)?;
        if run.finished.is_none() {
            state.background().cancel_import(id).map_err(failed)?;
            events::record(
                state,
                &caller,
                "import.cancelled",
                Subject::Import(id),
                &[("source", run.source)],
            )?;
        }
        shown(state, caller.language(), visible(state, &caller, id)?)
    });
    run.await.map(axum::Json)
}

/// The sample mails, as an import into an account of their own that the caller may read.
pub(crate) async fn samples(state: &State, mut caller: Caller) -> Result<ImportRun, Failure> {
    let folder = Folder::new(state).await?;
    state
        .read(move |state| {
            let name = lang::word(caller.language(), "samples");
            let (account, source) = accounts::for_import(state, &mut caller, name)?;
            let octets = write_samples(folder.path()).map_err(unwritable)?;
            let actor = caller.user_id().to_string();
            let id = state
                .background()
                .import(ImportJob {
                    account,
                    folder: folder.path().to_owned(),
                    source: source.clone(),
                    actor,
                    octets,
                })
                .map_err(failed)?;
            folder.keep();
            events::record(state, &caller, "import.started", Subject::Import(id), &[("source", source)])?;
            shown(state, caller.language(), visible(state, &caller, id)?)
        })
        .await
}

pub(crate) fn failed(error: BackgroundError) -> Failure {
    match error {
        // To whoever imports, an account that takes no files is none.
        BackgroundError::NotFetched => Failure::not_found(),
        other => other.into(),
    }
}

fn write_samples(folder: &Path) -> io::Result<u64> {
    let mut octets = 0;
    for (name, mail) in pipeline::samples::MAILS {
        std::fs::write(folder.join(name), mail)?;
        octets += mail.len() as u64;
    }
    Ok(octets)
}

pub(crate) fn may_see(caller: &Caller, account: AccountId) -> bool {
    caller.role() == Role::Administrator || caller.scope().allows(account)
}

pub(crate) fn visible(state: &State, caller: &Caller, id: ImportRunId) -> Result<store::ImportRun, Failure> {
    let run = state.store().import_run(id)?.filter(|run| may_see(caller, run.account));
    run.ok_or_else(Failure::not_found)
}

const fn state_of(word: &str, finished: bool) -> ImportState {
    match (word.as_bytes(), finished) {
        (b"cancelled", _) => ImportState::Cancelled,
        (b"failed", _) => ImportState::Failed,
        (_, true) => ImportState::Finished,
        (_, false) => ImportState::Running,
    }
}

pub(crate) fn shown(state: &State, language: Language, run: store::ImportRun) -> Result<ImportRun, Failure> {
    let account = state.store().account(run.account)?;
    let failures = if run.counts.failed > 0 {
        state.store().import_entries(run.id, Some(EntryOutcome::Failed), 0, FAILURES_MAX)?
    } else {
        Vec::new()
    };
    let failures: Vec<ImportFailure> = failures
        .into_iter()
        .map(|entry| ImportFailure {
            reason: import_report::reason(language, &entry),
            locator: entry.locator,
        })
        .collect();
    Ok(ImportRun {
        id: run.id.uuid(),
        account: run.account.uuid(),
        account_name: account.map(|account| account.settings.name).unwrap_or_default(),
        name: run.source,
        state: state_of(&run.state, run.finished.is_some()),
        started: run.started.into(),
        ended: run.finished.map(Into::into),
        seen: run.counts.seen,
        archived: run.counts.archived,
        duplicates: run.counts.duplicates,
        excluded: run.counts.excluded,
        failed: run.counts.failed,
        octets: run.counts.octets,
        total_octets: run.total_octets.unwrap_or_default(),
        complete: run.entries == Some(run.counts.seen),
        failures,
    })
}

/// Reasons are stable keys, with a value behind a blank where there is one; other texts are shown as they are.
pub(crate) fn reason(language: Language, kept: &str) -> String {
    let (key, words) = kept.split_once(' ').unwrap_or((kept, ""));
    let told = lang::word_if_known(language, key, &[("reason", words.to_owned())]);
    told.unwrap_or_else(|| kept.to_owned())
}

/// How a run stands, for live updates; `None` if there is none.
pub(crate) fn progress(state: &State, id: ImportRunId) -> Result<Option<ImportProgress>, Failure> {
    Ok(state.store().import_run(id)?.map(|run| ImportProgress {
        id: id.uuid(),
        account: run.account.uuid(),
        state: state_of(&run.state, run.finished.is_some()),
        seen: run.counts.seen,
        archived: run.counts.archived,
        duplicates: run.counts.duplicates,
        excluded: run.counts.excluded,
        failed: run.counts.failed,
        octets: run.counts.octets,
        total_octets: run.total_octets.unwrap_or_default(),
    }))
}
