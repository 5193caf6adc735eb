//! What needs a second person: asked for, decided, carried out.

use model::{ApprovalId, UnixMillis};

use crate::db::Tx;
use crate::error::Result;
use crate::events::{self, Event};
use crate::sql::statements;
use crate::standing_events::from_list;
use crate::store::{Store, take};
use crate::value::{Row, args};

/// What is asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum ApprovalKind {
    /// Mails are to be erased.
    Erasure,
    /// Mails whose retention has ended are to be released.
    Release,
    /// Many mails are to be handed out.
    Export,
}

impl ApprovalKind {
    /// All of them, by their numbers in the database.
    pub const ALL: [Self; 3] = [Self::Erasure, Self::Release, Self::Export];

    /// The word in JSON, in the event log and in language files.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Erasure => "erasure",
            Self::Release => "release",
            Self::Export => "export",
        }
    }
}

/// How it stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum ApprovalState {
    /// For a decision.
    Waiting,
    /// Approved, not carried out yet; an export can be fetched.
    Approved,
    /// Somebody said no.
    Refused,
    /// Carried out.
    Done,
    /// Approved, and could not be carried out.
    Failed,
    /// Taken back by who asked.
    Withdrawn,
}

impl ApprovalState {
    /// All of them, by their numbers in the database.
    pub const ALL: [Self; 6] =
        [Self::Waiting, Self::Approved, Self::Refused, Self::Done, Self::Failed, Self::Withdrawn];

    /// The word in JSON.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Waiting => "waiting",
            Self::Approved => "approved",
            Self::Refused => "refused",
            Self::Done => "done",
            Self::Failed => "failed",
            Self::Withdrawn => "withdrawn",
        }
    }
}

/// What is known when it is asked for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NewApproval {
    /// What kind of thing.
    pub kind: ApprovalKind,
    /// JSON for whoever carries it out; opaque here.
    pub payload: String,
    /// Why, in the asker's words.
    pub note: String,
    /// Id of the user, or a part of the server.
    pub asked_by: String,
    /// Name of the asker.
    pub asked_name: String,
    /// So long it waits before the asker may approve it as well, milliseconds; 0: another person has to.
    pub delay_ms: i64,
}

/// Who decided, and when.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Decision {
    /// Id of the user, or a part of the server.
    pub by: String,
    /// Name.
    pub name: String,
    /// When.
    pub at: UnixMillis,
}

/// Something asked for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Approval {
    /// Place in the list, ascending.
    pub number: i64,
    /// Its id.
    pub id: ApprovalId,
    /// What.
    pub what: NewApproval,
    /// When.
    pub asked: UnixMillis,
    /// How much of the delay has passed while the server ran, milliseconds.
    pub waited_ms: i64,
    /// When the delay is over by the clock; `None` without one.
    pub due: Option<UnixMillis>,
    /// `None` while it waits.
    pub decided: Option<Decision>,
    /// How it stands.
    pub state: ApprovalState,
    /// Reason of a refusal, or what became of it.
    pub outcome: String,
}

impl Approval {
    /// Whether the delay is over: by the time that passed and by the clock.
    pub fn is_due(&self, now: UnixMillis) -> bool {
        self.waited_ms >= self.what.delay_ms && self.due.is_none_or(|due| due <= now)
    }
}

/// Which ones.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ApprovalFilter {
    /// In this state; wins over `asked_by`.
    pub state: Option<ApprovalState>,
    /// Asked for by this user.
    pub asked_by: Option<String>,
}

macro_rules! select {
    ($rest:literal) => {
        concat!(
            "SELECT key, approval_id, kind, payload, note, asked_by, asked_name, asked_at, delay_ms, waited_ms, ",
            "due_at, decided_by, decided_name, decided_at, state, outcome FROM approvals ",
            $rest
        )
    };
}

statements! {
    INSERT = "INSERT INTO approvals (key, approval_id, kind, payload, note, asked_by, asked_name, asked_at, delay_ms, \
        waited_ms, due_at, state, outcome) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, 0, $10, 0, '')";
    DECIDE = "UPDATE approvals SET state = $3, decided_by = $4, decided_name = $5, decided_at = $6, outcome = $7 \
        WHERE approval_id = $1 AND state = $2";
    END = "UPDATE approvals SET state = $3, outcome = $4 WHERE approval_id = $1 AND state = $2";
    WAIT = "UPDATE approvals SET waited_ms = waited_ms + $1 WHERE state = 0 AND waited_ms < delay_ms";
    BY_ID = select!("WHERE approval_id = $1");
    NEWEST = select!("WHERE key < $1 ORDER BY key DESC LIMIT $2");
    IN_STATE = select!("WHERE state = $3 AND key < $1 ORDER BY key DESC LIMIT $2");
    ASKED_BY = select!("WHERE asked_by = $3 AND key < $1 ORDER BY key DESC LIMIT $2");
    COUNT = "SELECT COUNT(*) FROM approvals WHERE state = $1";
}

fn approval(row: &Row<'_>) -> Result<Approval> {
    let decided = match (row.opt_text(11)?, row.opt_text(12)?, row.opt_time(13)?) {
        (Some(by), Some(name), Some(at)) => Some(Decision { by, name, at }),
        _ => None,
    };
    Ok(Approval {
        number: row.int(0)?,
        id: ApprovalId::from_octets(row.octets(1)?),
        what: NewApproval {
            kind: from_list(&ApprovalKind::ALL, row.int(2)?, "kind of approval")?,
            payload: row.text(3)?,
            note: row.text(4)?,
            asked_by: row.text(5)?,
            asked_name: row.text(6)?,
            delay_ms: row.int(8)?,
        },
        asked: row.time(7)?,
        waited_ms: row.int(9)?,
        due: row.opt_time(10)?,
        decided,
        state: from_list(&ApprovalState::ALL, row.int(14)?, "state of approval")?,
        outcome: row.text(15)?,
    })
}

fn noted(tx: &Tx<'_>, changed: u64, event: &Event) -> Result<bool> {
    if changed == 0 {
        return Ok(false);
    }
    events::append(tx, event)?;
    Ok(true)
}

impl Store {
    /// Keeps something asked for, with its entry in the event log.
    ///
    /// # Errors
    /// Those of the database.
    pub fn add_approval(
        &self,
        id: ApprovalId,
        new: NewApproval,
        event: Event,
        now: UnixMillis,
    ) -> Result<()> {
        self.write(move |tx| {
            let key = take(tx, "row", 1)?;
            let due = (new.delay_ms > 0).then(|| now.plus_ms(new.delay_ms));
            let args = args![
                key,
                id.octets(),
                new.kind as i64,
                &new.payload,
                &new.note,
                &new.asked_by,
                &new.asked_name,
                now,
                new.delay_ms,
                due,
            ];
            tx.exec(&INSERT, &args)?;
            events::append(tx, &event)
        })
    }

    /// Decides on what is waiting; `false` if it waits no longer. `outcome`: the reason.
    ///
    /// # Errors
    /// Those of the database.
    pub fn decide_approval(
        &self,
        id: ApprovalId,
        state: ApprovalState,
        decision: Decision,
        outcome: String,
        event: Event,
    ) -> Result<bool> {
        self.write(move |tx| {
            let waiting = ApprovalState::Waiting as i64;
            let Decision { by, name, at } = &decision;
            let args = args![id.octets(), waiting, state as i64, by, name, *at, &outcome];
            noted(tx, tx.exec(&DECIDE, &args)?, &event)
        })
    }

    /// Notes what became of something that was approved; `false` if that is noted already.
    ///
    /// # Errors
    /// Those of the database.
    pub fn end_approval(
        &self,
        id: ApprovalId,
        state: ApprovalState,
        outcome: String,
        event: Event,
    ) -> Result<bool> {
        self.write(move |tx| {
            let args = args![id.octets(), ApprovalState::Approved as i64, state as i64, &outcome];
            noted(tx, tx.exec(&END, &args)?, &event)
        })
    }

    /// So many milliseconds more have passed for all that wait for the end of their delay. Gives how many there are.
    ///
    /// # Errors
    /// Those of the database.
    pub fn wait_approvals(&self, passed_ms: i64) -> Result<u64> {
        self.write(move |tx| tx.exec(&WAIT, &args![passed_ms]))
    }

    /// One of them.
    ///
    /// # Errors
    /// Those of the database.
    pub fn approval(&self, id: ApprovalId) -> Result<Option<Approval>> {
        self.read(|tx| tx.first(&BY_ID, &args![id.octets()], approval))
    }

    /// Those before number `before` (`None`: from the newest), newest first.
    ///
    /// # Errors
    /// Those of the database.
    pub fn approvals(
        &self,
        filter: &ApprovalFilter,
        before: Option<i64>,
        limit: usize,
    ) -> Result<Vec<Approval>> {
        let (before, limit) = (before.unwrap_or(i64::MAX), limit as i64);
        self.read(|tx| match (filter.state, &filter.asked_by) {
            (Some(state), _) => tx.query(&IN_STATE, &args![before, limit, state as i64], approval),
            (None, Some(by)) => tx.query(&ASKED_BY, &args![before, limit, by], approval),
            (None, None) => tx.query(&NEWEST, &args![before, limit], approval),
        })
    }

    /// How many are in this state.
    ///
    /// # Errors
    /// Those of the database.
    pub fn approval_count(&self, state: ApprovalState) -> Result<u64> {
        self.read(|tx| tx.int(&COUNT, &args![state as i64]).map(i64::unsigned_abs))
    }
}
