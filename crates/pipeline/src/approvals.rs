//! What needs a second person: who may decide on what, and who carries it out.
//!
//! The asker is never the one who approves. Where there is only one administrator, the same person may after seven days, of which
//! everybody is told at once; only time during which the engine ran counts, so that no clock shortens it.

use std::sync::Arc;
use std::time::{Duration, Instant};

use model::{ApprovalId, Role, UnixMillis, UserId};
use store::{Approval, ApprovalFilter, ApprovalKind, ApprovalState, Decision, NewApproval, Store};
use uuid::Uuid;

use crate::core::Core;
use crate::engine::Engine;
use crate::erasure::ErasureRequest;
use crate::error::{Error, Result};
use crate::four_eyes::ExportWish;
use crate::notify;

/// So long the only administrator waits, milliseconds.
pub const APPROVAL_DELAY_MS: i64 = 7 * 24 * 60 * 60_000;
/// So long an approved export can be fetched, milliseconds.
pub const EXPORT_OPEN_MS: i64 = 24 * 60 * 60_000;
/// Looks at least this often.
const PATIENCE: Duration = Duration::from_secs(20);
/// Approved ones looked at together.
const BATCH: usize = 50;
/// Characters of a note or a reason.
const TEXT_MAX: usize = 2000;

/// Who asks or decides.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Person {
    /// `None`: the command line.
    pub user: Option<UserId>,
    /// Name to show.
    pub name: String,
}

impl Person {
    /// Name of the command line in the event log.
    const CLI: &str = "cli";

    /// Whoever works on the server itself.
    pub fn command_line() -> Self {
        Self { user: None, name: String::new() }
    }

    pub(crate) fn actor(&self) -> String {
        self.user.map_or_else(|| Self::CLI.to_owned(), |user| user.to_string())
    }
}

/// Why something is not asked for, approved or refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ApprovalFault {
    /// Nothing here can carry it out.
    NotAvailable,
    /// Who asked has to wait for another administrator.
    Own,
    /// There is only one administrator, and the delay is not over.
    TooEarly {
        /// What is still to pass with the server running, milliseconds.
        left_ms: i64,
    },
    /// It was decided or taken back already.
    Decided,
    /// Only administrators decide.
    NotAdministrator,
    /// Only who asked takes it back.
    NotAsker,
    /// It was approved too long ago, or not for this.
    Over,
}

/// What is asked for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Ask {
    /// What kind of thing.
    pub kind: ApprovalKind,
    /// For whoever carries it out: a JSON object. Texts and numbers in it are shown to the one who decides; `count` is how
    /// many mails.
    pub payload: String,
    /// Why.
    pub note: String,
    /// Who asks.
    pub by: Person,
}

/// Carries out what was approved. Gives what there is to say of it. To be repeatable: after a crash it is called again.
///
/// # Errors
/// `Approval` with `NotAvailable` where there is nothing yet that could.
fn carry_out(core: &Arc<Core>, approval: &Approval) -> Result<String> {
    match approval.what.kind {
        ApprovalKind::Erasure | ApprovalKind::Release => {
            let request = ErasureRequest::of_payload(&approval.what.payload);
            let request = request.ok_or(Error::Approval(ApprovalFault::NotAvailable))?;
            let done = crate::erasure::erase(core, approval.id.uuid(), request)?;
            Ok(format!("{} / {}", done.done, done.done + done.refused.len() as u64))
        }
        // The asker fetches it.
        ApprovalKind::Export => Ok(String::new()),
    }
}

/// Who may decide.
pub(crate) fn administrators(store: &Store) -> Result<Vec<UserId>> {
    let users = store.users()?.into_iter();
    let administrators = users.filter(|user| user.active && user.profile.role == Role::Administrator);
    Ok(administrators.map(|user| user.id).collect())
}

fn bounded(text: &str) -> String {
    text.trim().chars().take(TEXT_MAX).collect()
}

/// An entry of the event log about an approval.
fn entry(
    approval: ApprovalId,
    kind: ApprovalKind,
    what: &str,
    by: &Person,
    at: UnixMillis,
    more: &[(&str, &str)],
) -> store::Event {
    let mut details = vec![("user", by.name.as_str()), ("what", kind.as_str())];
    details.extend_from_slice(more);
    notify::entry(&by.actor(), at, what, &approval.to_string(), &details)
}

impl Engine {
    /// Who may decide.
    ///
    /// # Errors
    /// Those of the database.
    pub fn administrators(&self) -> Result<Vec<UserId>> {
        administrators(self.store())
    }

    /// Asks for something that needs a second person. Administrators are told; where the asker is the only one, everybody is.
    ///
    /// # Errors
    /// Those of the database.
    pub fn ask(&self, ask: &Ask) -> Result<ApprovalId> {
        let administrators = self.administrators()?;
        let alone = match ask.by.user {
            Some(user) => administrators == [user],
            None => administrators.len() <= 1,
        };
        let (id, now) = (ApprovalId::new(Uuid::now_v7()), self.core().now());
        let note = bounded(&ask.note);
        let delay_ms = if alone { APPROVAL_DELAY_MS } else { 0 };
        let days = (delay_ms / (24 * 60 * 60_000)).to_string();
        let count = payload_text(&ask.payload, "count");
        let more = [("note", note.as_str()), ("count", count.as_str()), ("days", days.as_str())];
        let more = if alone { &more[..] } else { &more[..2] };
        let event = entry(id, ask.kind, "approval.asked", &ask.by, now, more);
        let new = NewApproval {
            kind: ask.kind,
            payload: ask.payload.clone(),
            note,
            asked_by: ask.by.actor(),
            asked_name: ask.by.name.clone(),
            delay_ms,
        };
        self.store().add_approval(id, new, event, now)?;
        self.tell(crate::News::Counters);
        Ok(id)
    }

    /// Approves what is waiting; it is carried out at once, beside.
    ///
    /// # Errors
    /// `Missing`; `Approval` if this person may not, not yet, or it does not wait; those of the database.
    pub fn approve(&self, id: ApprovalId, by: &Person) -> Result<()> {
        let (approval, administrators) = self.decidable(id, by)?;
        if let Some(fault) = fault_of(&approval, by, administrators, self.core().now()) {
            return Err(Error::Approval(fault));
        }
        self.decide(&approval, by, ApprovalState::Approved, "approval.approved", "")?;
        self.core().approvals_bell.ring();
        Ok(())
    }

    /// Says no to what is waiting.
    ///
    /// # Errors
    /// `Missing`; `Approval` if this person may not, or it does not wait; those of the database.
    pub fn refuse(&self, id: ApprovalId, by: &Person, reason: &str) -> Result<()> {
        let (approval, _) = self.decidable(id, by)?;
        self.decide(&approval, by, ApprovalState::Refused, "approval.refused", &bounded(reason))
    }

    /// Takes back what one asked for oneself.
    ///
    /// # Errors
    /// `Missing`; `Approval` if somebody else asked, or it does not wait; those of the database.
    pub fn withdraw(&self, id: ApprovalId, by: &Person) -> Result<()> {
        let approval = self.present(id)?;
        if approval.what.asked_by != by.actor() {
            return Err(Error::Approval(ApprovalFault::NotAsker));
        }
        self.decide(&approval, by, ApprovalState::Withdrawn, "approval.withdrawn", "")
    }

    /// An export of this that was approved for this asker, not longer than a day ago.
    ///
    /// # Errors
    /// `Missing`; `Approval` with `Over`; those of the database.
    pub fn approved_export(&self, id: ApprovalId, by: &Person, what: &ExportWish) -> Result<()> {
        let approval = self.present(id)?;
        let now = self.core().now();
        let is_open = approval.state == ApprovalState::Approved
            && approval.what.kind == ApprovalKind::Export
            && approval.decided.as_ref().is_some_and(|decision| is_open(decision.at, now));
        let of = |name| payload_text(&approval.what.payload, name);
        let approved = ExportWish { query: of("query"), format: of("format"), days: of("days") };
        if is_open && approved == *what && approval.what.asked_by == by.actor() {
            return Ok(());
        }
        Err(Error::Approval(ApprovalFault::Over))
    }

    fn present(&self, id: ApprovalId) -> Result<Approval> {
        let found = self.store().approval(id)?;
        found.ok_or_else(|| Error::Missing { what: "approval", name: id.to_string() })
    }

    /// What waits, and how many administrators there are.
    fn decidable(&self, id: ApprovalId, by: &Person) -> Result<(Approval, usize)> {
        let approval = self.present(id)?;
        if approval.state != ApprovalState::Waiting {
            return Err(Error::Approval(ApprovalFault::Decided));
        }
        let administrators = self.administrators()?;
        match by.user.filter(|user| administrators.contains(user)) {
            Some(_) => Ok((approval, administrators.len())),
            None => Err(Error::Approval(ApprovalFault::NotAdministrator)),
        }
    }

    fn decide(
        &self,
        of: &Approval,
        by: &Person,
        state: ApprovalState,
        what: &str,
        reason: &str,
    ) -> Result<()> {
        let now = self.core().now();
        let decision = Decision { by: by.actor(), name: by.name.clone(), at: now };
        let event = entry(of.id, of.what.kind, what, by, now, &[("reason", reason)]);
        if !self.store().decide_approval(of.id, state, decision, reason.to_owned(), event)? {
            return Err(Error::Approval(ApprovalFault::Decided));
        }
        self.tell(crate::News::Counters);
        Ok(())
    }
}

/// Why an administrator may not approve what is waiting; `administrators`: how many there are.
pub fn fault_of(
    approval: &Approval,
    by: &Person,
    administrators: usize,
    now: UnixMillis,
) -> Option<ApprovalFault> {
    let delayed = approval.what.delay_ms > 0;
    // Who is alone is the one at the command line as well.
    let own = approval.what.asked_by == by.actor() || (delayed && approval.what.asked_by == Person::CLI);
    if !own {
        return None;
    }
    if !delayed || administrators != 1 {
        return Some(ApprovalFault::Own);
    }
    let due = due(approval, now)?;
    (!approval.is_due(now)).then(|| ApprovalFault::TooEarly { left_ms: due.0.saturating_sub(now.0) })
}

/// When the delay is over, if the engine goes on running; `None` without one.
pub fn due(approval: &Approval, now: UnixMillis) -> Option<UnixMillis> {
    let left = approval.what.delay_ms.saturating_sub(approval.waited_ms).max(0);
    Some(approval.due?.max(now.plus_ms(left)))
}

/// Whether what was approved then can still be fetched; not before it either, by a clock that was set.
fn is_open(approved: UnixMillis, now: UnixMillis) -> bool {
    (0..EXPORT_OPEN_MS).contains(&now.0.saturating_sub(approved.0))
}

/// A text or number of a payload; empty if there is none.
fn payload_text(payload: &str, name: &str) -> String {
    let payload: serde_json::Value = serde_json::from_str(payload).unwrap_or_default();
    match &payload[name] {
        serde_json::Value::String(text) => text.clone(),
        serde_json::Value::Number(number) => number.to_string(),
        _ => String::new(),
    }
}

/// Carries out what was approved, and counts the time that passes, until the engine closes.
pub(crate) fn run(core: &Arc<Core>) {
    let mut counted = Instant::now();
    while !core.approvals_bell.is_closed() {
        if let Err(error) = step(core, &mut counted) {
            tracing::warn!(error = %crate::chain(&error), "what was approved waits");
        }
        core.approvals_bell.wait(Some(PATIENCE));
    }
}

fn step(core: &Arc<Core>, counted: &mut Instant) -> Result<()> {
    let passed = i64::try_from(counted.elapsed().as_millis()).unwrap_or(i64::MAX);
    if core.store.approval_count(ApprovalState::Waiting)? > 0 {
        core.store.wait_approvals(passed)?;
    }
    *counted = Instant::now();
    let filter = ApprovalFilter { state: Some(ApprovalState::Approved), ..ApprovalFilter::default() };
    let mut before = None;
    loop {
        let approved = core.store.approvals(&filter, before, BATCH)?;
        let Some(last) = approved.last() else { return Ok(()) };
        before = Some(last.number);
        for approval in &approved {
            if core.approvals_bell.is_closed() {
                return Ok(());
            }
            end(core, approval)?;
        }
    }
}

fn end(core: &Arc<Core>, approval: &Approval) -> Result<()> {
    let now = core.now();
    let at = approval.decided.as_ref().map_or(now, |decision| decision.at);
    if approval.what.kind == ApprovalKind::Export && is_open(at, now) {
        return Ok(());
    }
    let (state, outcome) = match carry_out(core, approval) {
        Ok(outcome) => (ApprovalState::Done, outcome),
        Err(error) if error.is_transient() => return Err(error),
        Err(error) => (ApprovalState::Failed, crate::chain(&error)),
    };
    let what = if state == ApprovalState::Done { "approval.done" } else { "approval.failed" };
    let system = [("user", ""), ("what", approval.what.kind.as_str()), ("reason", outcome.as_str())];
    let event = notify::entry("pipeline", now, what, &approval.id.to_string(), &system);
    core.store.end_approval(approval.id, state, outcome, event)?;
    core.tell(crate::News::Counters);
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_export_is_open_for_a_day() {
        let check = |now, open| assert_eq!(is_open(UnixMillis(0), UnixMillis(now)), open, "{now}");
        check(0, true);
        check(EXPORT_OPEN_MS - 1, true);
        check(EXPORT_OPEN_MS, false);
        check(-1, false);
    }

    fn asked(by: &str, delay_ms: i64, waited_ms: i64) -> Approval {
        let (payload, note, asked_name) = Default::default();
        let kind = ApprovalKind::Export;
        Approval {
            number: 1,
            id: ApprovalId::from_octets([1; 16]),
            what: NewApproval { kind, payload, note, asked_by: by.to_owned(), asked_name, delay_ms },
            asked: UnixMillis(0),
            waited_ms,
            due: (delay_ms > 0).then_some(UnixMillis(delay_ms)),
            decided: None,
            state: ApprovalState::Waiting,
            outcome: String::new(),
        }
    }

    #[test]
    fn nobody_approves_their_own_but_who_is_alone_after_the_delay() {
        const LONG: i64 = APPROVAL_DELAY_MS;
        let eva = Person { user: Some(UserId::from_octets([7; 16])), name: "Eva".to_owned() };
        let (hers, others) = (eva.actor(), "somebody".to_owned());
        let check = |approval: &Approval, administrators, now, expected: Option<ApprovalFault>| {
            let found = fault_of(approval, &eva, administrators, UnixMillis(now));
            assert_eq!(found, expected, "{approval:?} {administrators} {now}");
        };
        check(&asked(&others, 0, 0), 2, 0, None);
        check(&asked(&hers, 0, 0), 2, i64::MAX, Some(ApprovalFault::Own));
        // The other administrator has gone since: it is to be asked for anew.
        check(&asked(&hers, 0, 0), 1, i64::MAX, Some(ApprovalFault::Own));
        // A second one has come since: that one decides.
        check(&asked(&hers, LONG, LONG), 2, LONG, Some(ApprovalFault::Own));
        check(&asked(&others, LONG, 0), 2, 0, None);
        let early = |left_ms| Some(ApprovalFault::TooEarly { left_ms });
        check(&asked(&hers, LONG, 0), 1, 0, early(LONG));
        // The clock was set ahead, or the server did not run.
        check(&asked(&hers, LONG, 5), 1, LONG * 3, early(LONG - 5));
        // The clock was set back.
        check(&asked(&hers, LONG, LONG), 1, LONG - 9, early(9));
        check(&asked(&hers, LONG, LONG), 1, LONG, None);
        check(&asked(Person::CLI, LONG, 0), 1, 0, early(LONG));
        check(&asked(Person::CLI, 0, 0), 2, 0, None);
    }

    #[test]
    fn what_is_shown_of_a_payload() {
        let check = |payload: &str, text: &str| assert_eq!(payload_text(payload, "count"), text, "{payload}");
        check("{\"count\":7}", "7");
        check("{\"count\":\"seven\"}", "seven");
        check("{\"count\":[7]}", "");
        check("nonsense", "");
    }
}
