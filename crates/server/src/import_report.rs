//! Reports of imports: what became of each entry, in pages and as files.

use api::{
    ImportDuplicateOf, ImportEntry, ImportEntryPage, ImportEntryQuery, ImportOutcome, ImportReason, Language,
};
use axum::extract::State as FromState;
use axum::response::Response;
use model::ImportRunId;
use store::{DuplicateOf, EntryOutcome};

use crate::extract::{Id, Params, limit};
use crate::imports::{may_see, visible};
use crate::problem::Failure;
use crate::rights::Caller;
use crate::{State, csv, imports, lang};

/// Rows of a piece of a file.
const PIECE_ROWS: usize = 1000;
/// Rules and reasons named.
const REASONS_MAX: usize = 50;

/// Columns of a report as CSV.
pub const REPORT_COLUMNS: [&str; 9] = [
    "n",
    "outcome",
    "file",
    "reason",
    "octets",
    "mail_id",
    "duplicate_of_account",
    "duplicate_of_mailbox",
    "duplicate_of_place",
];

/// A row of a report as CSV; `reason` in words.
pub fn report_line(entry: &store::ImportEntry, reason: &str) -> String {
    let mail = entry.mail.map(|mail| mail.to_string()).unwrap_or_default();
    let of = entry.duplicate_of.as_ref();
    csv::line(&[
        &entry.n.to_string(),
        entry.outcome.as_str(),
        &entry.locator,
        reason,
        &entry.octets.to_string(),
        &mail,
        of.map_or("", |of| &of.account_name),
        of.map_or("", |of| &of.mailbox),
        &of.map(place).unwrap_or_default(),
    ])
}

/// Account, mailbox and place of a mail in one line.
pub fn place_of(of: &DuplicateOf) -> String {
    format!("{}/{}/{}", of.account_name, of.mailbox, place(of))
}

fn place(of: &DuplicateOf) -> String {
    if of.locator.is_empty() && of.uid > 0 { of.uid.to_string() } else { of.locator.clone() }
}

const fn word(outcome: EntryOutcome) -> ImportOutcome {
    match outcome {
        EntryOutcome::Archived => ImportOutcome::Archived,
        EntryOutcome::Duplicate => ImportOutcome::Duplicate,
        EntryOutcome::Excluded => ImportOutcome::Excluded,
        EntryOutcome::Failed => ImportOutcome::Failed,
    }
}

const fn asked(outcome: ImportOutcome) -> EntryOutcome {
    match outcome {
        ImportOutcome::Archived => EntryOutcome::Archived,
        ImportOutcome::Duplicate => EntryOutcome::Duplicate,
        ImportOutcome::Excluded => EntryOutcome::Excluded,
        ImportOutcome::Failed => EntryOutcome::Failed,
    }
}

/// Rule, reason or note of an entry in words; nothing where it has none.
pub(crate) fn reason(language: Language, entry: &store::ImportEntry) -> String {
    let detail = if entry.detail.is_empty() { "–" } else { &entry.detail };
    let told = lang::word_if_known(language, &entry.reason, &[("reason", detail.to_owned())]);
    told.unwrap_or_else(|| imports::reason(language, &entry.reason))
}

/// Leaves out what the caller may not read.
fn for_caller(caller: &Caller, mut entry: store::ImportEntry, run: &store::ImportRun) -> store::ImportEntry {
    let of_run = entry.outcome == EntryOutcome::Archived && may_see(caller, run.account);
    let of_other = entry.duplicate_of.as_ref().is_some_and(|of| may_see(caller, of.account));
    if !of_other {
        entry.duplicate_of = None;
    }
    if !of_run && !of_other {
        entry.mail = None;
    }
    entry
}

fn shown(language: Language, entry: store::ImportEntry) -> ImportEntry {
    let reason = reason(language, &entry);
    let some = |text: String| (!text.is_empty()).then_some(text);
    ImportEntry {
        n: entry.n,
        outcome: word(entry.outcome),
        locator: entry.locator,
        reason: some(reason),
        octets: entry.octets,
        mail: entry.mail.map(|mail| mail.uuid()),
        duplicate_of: entry.duplicate_of.map(|of| ImportDuplicateOf {
            account_name: of.account_name,
            mailbox: of.mailbox,
            locator: some(of.locator),
            uid: (of.uid > 0).then_some(of.uid),
        }),
    }
}

/// `GET /imports/{import_id}/entries`
pub(crate) async fn entries(
    FromState(state): FromState<State>,
    Id(id): Id<ImportRunId>,
    caller: Caller,
    Params(query): Params<ImportEntryQuery>,
) -> Result<axum::Json<ImportEntryPage>, Failure> {
    let limit = limit(query.limit)? as usize;
    let cursor =
        query.cursor.map(|cursor| cursor.parse::<u64>().map_err(|_| Failure::field("cursor", "cursor")));
    let after = cursor.transpose()?.unwrap_or_default();
    let outcome = query.outcome.map(asked);
    let page = state.read(move |state| {
        let run = visible(state, &caller, id)?;
        let language = caller.language();
        let rows = state.store().import_entries(id, outcome, after, limit)?;
        let next = rows.last().filter(|_| rows.len() == limit).map(|row| row.n.to_string());
        let reasons = if after == 0 { state.store().import_reasons(id, REASONS_MAX)? } else { Vec::new() };
        let reasons = reasons
            .into_iter()
            .map(|count| ImportReason {
                outcome: word(count.outcome),
                reason: lang::word_if_known(language, &count.reason, &[("reason", "…".to_owned())])
                    .unwrap_or(count.reason),
                entries: count.entries,
            })
            .collect();
        let items = rows.into_iter().map(|row| shown(language, for_caller(&caller, row, &run))).collect();
        Ok(ImportEntryPage { items, reasons, next })
    });
    page.await.map(axum::Json)
}

/// `GET /imports/{import_id}/report.csv`
pub(crate) async fn csv(
    FromState(state): FromState<State>,
    Id(id): Id<ImportRunId>,
    caller: Caller,
) -> Result<Response, Failure> {
    let (run, caller) = state.read(move |state| visible(state, &caller, id).map(|run| (run, caller))).await?;
    let piece = move |state: &State, after: Option<u64>| {
        let rows = state.store().import_entries(id, None, after.unwrap_or_default(), PIECE_ROWS)?;
        let next = rows.last().filter(|_| rows.len() == PIECE_ROWS).map(|row| row.n);
        let mut text = String::new();
        for row in rows {
            let row = for_caller(&caller, row, &run);
            text.push_str(&report_line(&row, &reason(caller.language(), &row)));
        }
        Ok((text, next))
    };
    Ok(csv::download(state, "import-report.csv", &REPORT_COLUMNS, piece))
}

/// `GET /imports/{import_id}/report.json`
pub(crate) async fn json(
    FromState(state): FromState<State>,
    Id(id): Id<ImportRunId>,
    caller: Caller,
) -> Result<Response, Failure> {
    let (run, shown_run, caller) = state
        .read(move |state| {
            let run = visible(state, &caller, id)?;
            let shown = imports::shown(state, caller.language(), run.clone())?;
            Ok((run, shown, caller))
        })
        .await?;
    let begin = serde_json::to_string(&shown_run).map_err(Failure::internal)?;
    let begin = format!("{{\"import\":{begin},\n\"entries\":[");
    let piece = move |state: &State, after: Option<u64>| {
        let rows = state.store().import_entries(id, None, after.unwrap_or_default(), PIECE_ROWS)?;
        let next = rows.last().filter(|_| rows.len() == PIECE_ROWS).map(|row| row.n);
        let mut text = String::new();
        for (at, row) in rows.into_iter().enumerate() {
            text.push_str(if at == 0 && after.is_none() { "\n" } else { ",\n" });
            let entry = shown(caller.language(), for_caller(&caller, row, &run));
            text.push_str(&serde_json::to_string(&entry).map_err(Failure::internal)?);
        }
        if next.is_none() {
            text.push_str("\n]}\n");
        }
        Ok((text, next))
    };
    Ok(csv::stream(state, ("import-report.json", "application/json"), begin, piece))
}
