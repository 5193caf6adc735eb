//! Reports that found no mail: a person says what they are about.

use std::collections::{BTreeSet, HashMap};

use model::{AccountId, MailId, Scope, UnixMillis};
use standing::{Matched, Reported, Strength};

use crate::accounts::{self, Handled};
use crate::bounce_rules;
use crate::db::Tx;
use crate::error::{Result, StoreError};
use crate::filing::message_id_hash;
use crate::source_actions::{self, SourceAction, Wish};
use crate::sql::statements;
use crate::standing_events::{self, AddressEvent, Measure};
use crate::store::Store;
use crate::value::{Arg, Rows, args};
use crate::work;

/// A report that waits for a person.
#[derive(Clone, Debug, PartialEq)]
pub struct QueueRow {
    /// What was understood; its key names the row.
    pub event: AddressEvent,
    /// The mail it was read from.
    pub mail: MailId,
    /// Its subject.
    pub subject: String,
    /// Accounts it lies in, as far as the scope allows.
    pub accounts: Vec<AccountId>,
    /// Why it waits: `unmatched`, `forged`, `no_recipient`, `overflow`.
    pub why: String,
    /// Something about it is wrong.
    pub suspicious: bool,
    /// The address it names.
    pub recipient: Option<String>,
}

/// How a person resolves a report.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Resolution {
    /// It is about this address: counts there as if it were signed.
    Address(String),
    /// It says nothing about an address.
    Ignore,
}

/// What of a report belongs to the queue alone.
pub(crate) struct Queued {
    why: &'static str,
    suspicious: bool,
    recipient: Option<String>,
    wanted: Option<i64>,
}

impl Queued {
    pub(crate) fn new(
        reported: &Reported,
        matched: &Matched,
        recipient: Option<String>,
        retried: bool,
    ) -> Self {
        let why = match matched.strength {
            _ if reported.overflow => "overflow",
            Strength::Forged => "forged",
            _ if recipient.is_none() => "no_recipient",
            _ => "unmatched",
        };
        // A mail that is here already does not come later.
        let here = matched.trace.iter().any(|line| line.found == standing::Found::OtherRecipient);
        let wanted = reported.report.message_id.as_deref().filter(|_| !here && !retried).map(message_id_hash);
        Self { why, suspicious: matched.is_suspicious(), recipient, wanted }
    }

    /// A mail that is no report, in a mailbox for reports.
    pub(crate) const fn stray() -> Self {
        Self { why: "no_report", suspicious: false, recipient: None, wanted: None }
    }
}

statements! {
    INSERT [Int, Text, Int, Text, Int] = "WITH v(event, why, suspicious, recipient, wanted) AS ({rows}) \
        INSERT INTO manual_queue (event, why, suspicious, recipient, wanted, actor, resolution) \
        SELECT event, why, suspicious, recipient, wanted, '', '' FROM v WHERE TRUE";
    WAITING = "SELECT DISTINCT e.mail FROM heads h JOIN manual_queue q ON q.wanted = h.message_id_hash \
        JOIN standing_events e ON e.key = q.event WHERE h.seq = ANY($1) AND q.resolved IS NULL \
        AND q.wanted IS NOT NULL AND e.mail IS NOT NULL LIMIT $2";
    OPEN = "SELECT q.event, q.why, q.suspicious, q.recipient, e.mail, m.mail_id, h.subject FROM manual_queue q \
        JOIN standing_events e ON e.key = q.event JOIN mails m ON m.seq = e.mail LEFT JOIN heads h ON h.seq = m.seq \
        WHERE q.resolved IS NULL AND q.event < $1 ORDER BY q.event DESC LIMIT $2";
    EVENTS = "SELECT key, at, kind, permanence, reason, status, smtp_code, diagnostic, strength, mail, n, original, \
        class, list, counts, state, expires, actor, note, trace, standing FROM standing_events WHERE key = ANY($1)";
    OPEN_COUNT = "SELECT COUNT(*) FROM manual_queue WHERE resolved IS NULL";
    ANY_WAITING = "SELECT COUNT(*) FROM (SELECT event FROM manual_queue WHERE resolved IS NULL \
        AND wanted IS NOT NULL LIMIT 1) c";
    RESOLVE = "UPDATE manual_queue SET resolved = $2, actor = $3, resolution = $4 \
        WHERE event = $1 AND resolved IS NULL";
    AT_SOURCE = "SELECT DISTINCT e.mail, b.account, h.handled, h.handled_folder FROM standing_events e \
        JOIN placements p ON p.seq = e.mail JOIN mailboxes b ON b.key = p.mailbox \
        JOIN account_handling h ON h.account = b.account WHERE e.key = $1 AND h.handled > 0 AND NOT EXISTS \
        (SELECT 1 FROM standing_events o JOIN manual_queue q ON q.event = o.key \
        WHERE o.mail = e.mail AND q.resolved IS NULL)";
    TEACH = "UPDATE standing_events SET standing = $2, strength = $3, actor = $4, counts = 1 WHERE key = $1";
}

pub(crate) fn insert(tx: &Tx<'_>, queued: Vec<(AddressEvent, Queued)>) -> Result<()> {
    if queued.is_empty() {
        return Ok(());
    }
    let (events, queued): (Vec<_>, Vec<_>) =
        queued.into_iter().map(|(event, queued)| ((None, event), queued)).unzip();
    let first = standing_events::insert(tx, &events)?;
    let mut rows = Rows::new(5, queued.len());
    for (queued, key) in queued.iter().zip(first..) {
        rows.push(args![key, queued.why, queued.suspicious, queued.recipient.as_ref(), queued.wanted]);
    }
    tx.bulk(&INSERT, &rows).map(drop)
}

/// Mails with reports that wait for one of these mails.
pub(crate) fn waiting_for(tx: &Tx<'_>, seqs: &[i64], limit: i64) -> Result<BTreeSet<i64>> {
    if tx.int(&ANY_WAITING, &[])? == 0 {
        return Ok(BTreeSet::new());
    }
    let found = tx.query(&WAITING, &[Arg::Ints(seqs), limit.into()], |row| row.int(0))?;
    Ok(found.into_iter().collect())
}

fn resolve(tx: &Tx<'_>, event: i64, resolution: &Resolution, actor: &str, now: UnixMillis) -> Result<()> {
    let text = match resolution {
        Resolution::Address(address) => format!("address {}", standing_events::folded(address)),
        Resolution::Ignore => "ignore".to_owned(),
    };
    if tx.exec(&RESOLVE, &args![event, now, actor, text])? == 0 {
        return Err(StoreError::Missing { what: "waiting report", key: event.to_string() });
    }
    match resolution {
        Resolution::Address(address) => {
            let wanted = [(standing_events::folded(address), 0)];
            let standing = standing_events::ensure(tx, &wanted)?.into_values().next();
            let signed = Strength::Signed as i64;
            tx.exec(&TEACH, &args![event, standing, signed, actor])?;
            let rules = bounce_rules::load(tx)?;
            let measure = Measure { settings: rules.settings, rules: rules.rules, now, fires: true };
            let standings: Vec<i64> = standing.into_iter().collect();
            standing_events::judge(tx, &standings, &measure)?;
            settle_at_source(tx, event, now)
        }
        // With an actor it stays, and is not made anew.
        Resolution::Ignore => {
            let unmatched = Strength::Unmatched as i64;
            tx.exec(&TEACH, &args![event, None::<i64>, unmatched, actor]).map(drop)
        }
    }
}

/// A report a person has placed counts as handled at its source; it is never deleted for that.
fn settle_at_source(tx: &Tx<'_>, event: i64, now: UnixMillis) -> Result<()> {
    let wanted = tx.query(&AT_SOURCE, &[event.into()], |row| {
        Ok((row.int(0)?, row.int(1)?, accounts::handled(row.int(2)?), row.text(3)?))
    })?;
    let wishes = wanted.into_iter().filter_map(|(seq, account, handled, folder)| {
        let action = match handled {
            Handled::MarkRead => SourceAction::MarkRead,
            Handled::Move if !folder.is_empty() => SourceAction::Move(folder),
            _ => return None,
        };
        Some(Wish { seq, account, action, why: "handled".to_owned() })
    });
    source_actions::enqueue(tx, &wishes.collect::<Vec<_>>(), now)
}

impl Store {
    /// Waiting reports with a number below `before` (`None`: from the newest) that the scope allows, newest first.
    ///
    /// # Errors
    /// Those of the database.
    pub fn manual_queue(&self, scope: &Scope, before: Option<i64>, limit: usize) -> Result<Vec<QueueRow>> {
        self.read(|tx| {
            let keys = self.keys().scope(tx, scope)?;
            let mut out = Vec::new();
            let mut before = before.unwrap_or(i64::MAX);
            while out.len() < limit {
                let page = tx.query(&OPEN, &args![before, limit as i64], |row| {
                    let rest = (row.text(1)?, row.bool(2)?, row.opt_text(3)?, row.int(4)?);
                    let mail = (MailId::from_octets(row.octets(5)?), row.opt_text(6)?);
                    Ok((row.int(0)?, rest, mail))
                })?;
                let Some((last, ..)) = page.last() else { break };
                before = *last;
                let numbers: Vec<i64> = page.iter().map(|(key, ..)| *key).collect();
                let events = tx.query(&EVENTS, &[Arg::Ints(&numbers)], standing_events::address_event)?;
                let mut events: HashMap<i64, AddressEvent> =
                    events.into_iter().map(|(_, event)| (event.key, event)).collect();
                let mails: Vec<i64> = page.iter().map(|(_, rest, _)| rest.3).collect();
                let accounts = work::accounts_of(tx, &mails)?;
                for (key, (why, suspicious, recipient, seq), (mail, subject)) in page {
                    let Some(event) = events.remove(&key) else { continue };
                    let mut of_mail = Vec::new();
                    for account in accounts.get(&seq).into_iter().flatten().filter(|key| keys.allows(**key)) {
                        of_mail.push(self.keys().account_id(tx, *account)?);
                    }
                    if !of_mail.is_empty() || *scope == Scope::All {
                        let subject = subject.unwrap_or_default();
                        let accounts = of_mail;
                        out.push(QueueRow { event, mail, subject, accounts, why, suspicious, recipient });
                    }
                }
            }
            out.truncate(limit);
            Ok(out)
        })
    }

    /// Resolves a waiting report; with an address it counts there from now on.
    ///
    /// # Errors
    /// `Missing` if it does not wait.
    pub fn resolve_report(
        &self,
        event: i64,
        resolution: Resolution,
        actor: String,
        now: UnixMillis,
    ) -> Result<()> {
        self.write(move |tx| resolve(tx, event, &resolution, &actor, now))
    }

    /// How many reports wait.
    ///
    /// # Errors
    /// Those of the database.
    pub fn manual_queue_len(&self) -> Result<u64> {
        self.read(|tx| tx.int(&OPEN_COUNT, &[]).map(i64::unsigned_abs))
    }
}
