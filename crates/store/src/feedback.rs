//! Reports in mails become events of addresses. Follows the mails by change number, like the search index.

use std::collections::{BTreeSet, HashMap};
use std::fmt::Write as _;
use std::sync::Arc;
use std::sync::atomic::Ordering;

use model::{Address, Kind, MailId, Permanence, UnixMillis};
use standing::{Event, EventKind, MailClass, Matched, Reported, ReturnPath, Strength};

use crate::accounts::{self, Handled};
use crate::addresses::{self, AddressRole};
use crate::bounce_rules;
use crate::codec;
use crate::db::Tx;
use crate::error::Result;
use crate::events;
use crate::feedback_days;
use crate::manual_queue::{self, Queued};
use crate::originals::{self, Originals};
use crate::outgoing;
use crate::placements::hash64;
use crate::source_actions::{self, SourceAction, Wish};
use crate::sql::statements;
use crate::standing_events::{self, AddressEvent, Changed, Measure, WantedOfMail};
use crate::store::Store;
use crate::tags;
use crate::value::{Arg, Rows, args};

/// Reports in one transaction; a mail with more is alone in its.
const REPORTS_MAX: usize = 2000;
/// Changes without reports after which the place is written down.
const QUIET_MAX: i64 = 20_000;
/// Waiting reports taken up again in one transaction.
const WAITING_MAX: i64 = 200;

/// Who writes into the event log here.
pub(crate) const ACTOR: &str = "feedback";

/// The number in an address, an envelope id or a `Message-ID` that bears a reference of ours, if the signature is right.
pub type VerifyReference = Arc<dyn Fn(&str) -> Option<i64> + Send + Sync>;

/// By what a report is believed, or not.
#[derive(Clone)]
pub struct Evidence {
    /// Knows mails of our own by their reference.
    pub ours: VerifyReference,
    /// Whether what was found out about the origin of a mail ([`crate::CheckedMail::result`]) says that it is forged.
    pub is_forged: Arc<dyn Fn(&str) -> bool + Send + Sync>,
}

/// What a call of [`Store::handle_feedback`] did.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct FeedbackProgress {
    /// Mails whose reports were handled.
    pub mails: u64,
    /// Reports that found their mail.
    pub matched: u64,
    /// Reports that wait for a person.
    pub queued: u64,
    /// There is more to do.
    pub more: bool,
}

statements! {
    CURSOR = "SELECT change_seq FROM index_states WHERE name = 'feedback'";
    SET_CURSOR = "INSERT INTO index_states (name, version, change_seq) VALUES ('feedback', 1, $1) \
        ON CONFLICT (name) DO UPDATE SET change_seq = excluded.change_seq";
    CHANGED = "SELECT change_seq, seq, message_seq, kind, date, stage FROM mails WHERE change_seq > $1 \
        ORDER BY change_seq LIMIT $2";
    ONES = "SELECT change_seq, seq, message_seq, kind, date, stage FROM mails WHERE seq = ANY($1)";
    VERDICTS = "SELECT f.seq, f.version, f.verdict, m.mail_id FROM facts f JOIN mails m ON m.seq = f.seq \
        WHERE f.seq = ANY($1)";
    HANDLED = "SELECT mail, digest FROM feedback WHERE mail = ANY($1)";
    ORIGINS = "SELECT seq, result FROM authentications WHERE seq = ANY($1)";
    HANDLE [Int, Int] = "WITH v(mail, digest) AS ({rows}) INSERT INTO feedback (mail, digest) \
        SELECT mail, digest FROM v WHERE TRUE ON CONFLICT (mail) DO UPDATE SET digest = excluded.digest";
    SOURCES = "SELECT p.seq, b.account, p.position, p.received, p.fetched, a.created FROM placements p \
        JOIN mailboxes b ON b.key = p.mailbox JOIN accounts a ON a.key = b.account WHERE p.seq = ANY($1) \
        ORDER BY p.seq, b.account";
    DECIDED = "SELECT mail, n FROM standing_events WHERE mail = ANY($1) AND actor <> ''";
    UNQUEUE = "DELETE FROM manual_queue WHERE resolved IS NULL AND event IN \
        (SELECT key FROM standing_events WHERE mail = ANY($1) AND actor = '')";
    DROP_DERIVED = "DELETE FROM standing_events WHERE mail = ANY($1) AND actor = '' RETURNING standing";
    ANY_BOUNCE_ROLE = "SELECT COUNT(*) FROM (SELECT account FROM account_handling WHERE role = 1 LIMIT 1) c";
    IN_BOUNCE_ROLE = "SELECT DISTINCT p.seq FROM placements p JOIN mailboxes b ON b.key = p.mailbox \
        JOIN account_handling h ON h.account = b.account WHERE p.seq = ANY($1) AND h.role = 1 \
        AND (b.special_use IS NULL OR b.special_use = 'inbox' OR b.special_use = 'junk')";
    HANDLINGS = "SELECT account, handled, handled_folder, manual_folder FROM account_handling \
        WHERE handled > 0 OR manual_folder <> ''";
    ANY_BAD = "SELECT COUNT(*) FROM (SELECT key FROM standings WHERE state > 0 LIMIT 1) c";
    WRITERS = "SELECT DISTINCT s.key, l.seq FROM mail_addresses l JOIN addresses a ON a.key = l.address \
        JOIN standings s ON s.folded = a.folded AND s.list = 0 WHERE l.seq = ANY($1) AND l.role = 0 AND s.state > 0";
    FORGET_EVENTS = "DELETE FROM standing_events WHERE actor = ''";
    FORGET_QUEUE = "DELETE FROM manual_queue WHERE resolved IS NULL";
    FORGET_DAYS = "DELETE FROM feedback_days";
    FORGET_TOTALS = "UPDATE standings SET total = 0";
    FORGET_DIGESTS = "UPDATE feedback SET digest = 0";
}

/// Everything derived is to be made anew; decisions of people, and the states until then, stay.
pub(crate) fn reset(tx: &Tx<'_>) -> Result<()> {
    for sql in [&FORGET_EVENTS, &FORGET_QUEUE, &FORGET_DAYS, &FORGET_TOTALS, &FORGET_DIGESTS] {
        tx.exec(sql, &[])?;
    }
    Ok(())
}

#[derive(Clone, Copy)]
struct MailRow {
    change: i64,
    seq: i64,
    message: Option<i64>,
    kind: Option<Kind>,
    date: UnixMillis,
    filed: bool,
}

impl MailRow {
    /// Filed, and shown for its twins: those count once.
    fn speaks(&self) -> bool {
        self.filed && self.message == Some(self.seq)
    }
}

fn mail_row(row: &crate::value::Row<'_>) -> Result<MailRow> {
    Ok(MailRow {
        change: row.int(0)?,
        seq: row.int(1)?,
        message: row.opt_int(2)?,
        kind: row.opt_int(3)?.map(codec::kind).transpose()?,
        date: row.opt_time(4)?.unwrap_or_default(),
        filed: row.int(5)? == 1,
    })
}

/// A mail that reports something.
pub(crate) struct Feedback {
    pub(crate) seq: i64,
    pub(crate) mail_id: MailId,
    kind: Kind,
    pub(crate) date: UnixMillis,
    pub(crate) account: i64,
    counts: bool,
    digest: i64,
    /// Not handled before: to be logged.
    fresh: bool,
    /// The mail it waited for has come: it waits for none any more.
    pub(crate) retried: bool,
    /// To be counted in the numbers of the day.
    anew: bool,
    to: Vec<Address>,
    pub(crate) reported: Vec<Reported>,
    /// Lies in a mailbox for reports, and is none.
    stray: bool,
}

/// What became of the reports of one mail.
struct Outcome {
    seq: i64,
    /// To be acted on at the source: handled for the first time, and neither imported nor backfilled.
    acts: bool,
    matched: u64,
    queued: u64,
    /// Each report names a mail of ours.
    sure: bool,
}

/// What the next changes ask for.
enum Look {
    Nothing,
    Quiet { last: i64 },
    Work,
}

fn look(tx: &Tx<'_>, seen: i64, limit: i64) -> Result<Look> {
    let written = tx.int(&CURSOR, &[])?;
    let changed = tx.query(&CHANGED, &args![written.max(seen), limit], mail_row)?;
    let Some(last) = changed.last().map(|row| row.change) else { return Ok(Look::Nothing) };
    let personal = |row: &MailRow| row.speaks() && row.kind == Some(Kind::Personal);
    let quiet = last - written < QUIET_MAX
        && !changed.iter().any(is_feedback)
        && strays(tx, &changed)?.is_empty()
        && (!changed.iter().any(personal) || tx.int(&ANY_BAD, &[])? == 0)
        && waiting(tx, &changed)?.is_empty();
    Ok(if quiet { Look::Quiet { last } } else { Look::Work })
}

fn handle(
    tx: &Tx<'_>,
    now: UnixMillis,
    seen: i64,
    limit: i64,
    evidence: &Evidence,
) -> Result<FeedbackProgress> {
    let cursor = tx.int(&CURSOR, &[])?.max(seen);
    let changed = tx.query(&CHANGED, &args![cursor, limit], mail_row)?;
    let Some(last) = changed.last().map(|row| row.change) else { return Ok(FeedbackProgress::default()) };
    let waiting = waiting(tx, &changed)?;
    // First those that waited: what they wait for is passed with this call.
    let first: Vec<i64> = waiting.iter().copied().collect();
    let mut rows =
        if first.is_empty() { Vec::new() } else { tx.query(&ONES, &[Arg::Ints(&first)], mail_row)? };
    let strays = strays(tx, &changed)?;
    let is_meant = |row: &&MailRow| is_feedback(row) || strays.contains(&row.seq);
    rows.extend(changed.iter().filter(|row| is_meant(row) && !waiting.contains(&row.seq)));
    let bounce_rules = bounce_rules::load(tx)?;
    let (mut mails, reached) = load(tx, &rows, &waiting, bounce_rules.count_imported, evidence)?;
    of_our_own(tx, &mut mails, &evidence.ours)?;
    for mail in &mut mails {
        mail.stray = mail.reported.is_empty() && strays.contains(&mail.seq);
    }
    let cursor = if (waiting.len() as i64) == WAITING_MAX { cursor } else { reached.unwrap_or(last) };
    let fires = mails.iter().any(|mail| mail.fresh);
    let measure = Measure { rules: bounce_rules.rules, settings: bounce_rules.settings, now, fires };
    let mut progress =
        FeedbackProgress { mails: mails.len() as u64, more: true, ..FeedbackProgress::default() };
    let (mut touched, outcomes) = write(tx, &mails, now, &mut progress)?;
    touched.extend(people(tx, &changed, cursor)?);
    let touched: Vec<i64> = touched.into_iter().collect();
    let judged = standing_events::judge(tx, &touched, &measure)?;
    act(tx, &outcomes, &judged.wanted, now)?;
    log_states(tx, &mails, &judged.changed, now)?;
    tx.exec(&SET_CURSOR, &[cursor.into()])?;
    Ok(progress)
}

fn is_feedback(row: &MailRow) -> bool {
    row.speaks() && row.kind.is_some_and(standing::is_feedback)
}

/// Mails in mailboxes that are for reports only. Those that are none are for a person.
fn strays(tx: &Tx<'_>, changed: &[MailRow]) -> Result<BTreeSet<i64>> {
    let speaking: Vec<i64> = changed.iter().filter(|row| row.speaks()).map(|row| row.seq).collect();
    if speaking.is_empty() || tx.int(&ANY_BOUNCE_ROLE, &[])? == 0 {
        return Ok(BTreeSet::new());
    }
    Ok(tx.query(&IN_BOUNCE_ROLE, &[Arg::Ints(&speaking)], |row| row.int(0))?.into_iter().collect())
}

/// What is wanted at the sources: by rules first, then as the account says for what was handled or waits for a person.
fn act(tx: &Tx<'_>, outcomes: &[Outcome], wanted: &[WantedOfMail], now: UnixMillis) -> Result<()> {
    let acting: BTreeSet<i64> = outcomes.iter().filter(|mail| mail.acts).map(|mail| mail.seq).collect();
    let mut wishes = Vec::new();
    let mut moved = BTreeSet::new();
    for want in wanted {
        match &want.action {
            standing::Action::Move(target) if acting.contains(&want.mail) && moved.insert(want.mail) => {
                let action = SourceAction::Move(target.clone());
                wishes.push(Wish { seq: want.mail, account: 0, action, why: want.rule.clone() });
            }
            standing::Action::Tag(name) => tags::put(tx, &[want.mail], name, now)?,
            _ => {}
        }
    }
    if acting.is_empty() {
        return Ok(());
    }
    let handlings = tx.query(&HANDLINGS, &[], |row| {
        Ok((row.int(0)?, accounts::handled(row.int(1)?), row.text(2)?, row.text(3)?))
    })?;
    for mail in outcomes.iter().filter(|mail| mail.acts) {
        for (account, handled, folder, manual) in &handlings {
            let wish =
                |action, why: &str| Wish { seq: mail.seq, account: *account, action, why: why.to_owned() };
            let is_handled = mail.queued == 0 && mail.matched > 0;
            let free = !moved.contains(&mail.seq);
            match handled {
                _ if mail.queued > 0 && !manual.is_empty() && free => {
                    wishes.push(wish(SourceAction::Move(manual.clone()), "manual"));
                }
                Handled::MarkRead if is_handled => wishes.push(wish(SourceAction::MarkRead, "handled")),
                Handled::Move if is_handled && free && !folder.is_empty() => {
                    wishes.push(wish(SourceAction::Move(folder.clone()), "handled"));
                }
                Handled::Delete if is_handled && free && mail.sure => {
                    wishes.push(wish(SourceAction::Delete, "handled"));
                }
                _ => {}
            }
        }
    }
    source_actions::enqueue(tx, &wishes, now)
}

/// Mails of the manual queue that wait for one of these.
fn waiting(tx: &Tx<'_>, changed: &[MailRow]) -> Result<BTreeSet<i64>> {
    let seqs: Vec<i64> = changed.iter().filter(|row| row.filed).map(|row| row.seq).collect();
    manual_queue::waiting_for(tx, &seqs, WAITING_MAX)
}

/// Reads the reports. Gives them, and where to go on if not all of them were taken.
fn load(
    tx: &Tx<'_>,
    rows: &[MailRow],
    waiting: &BTreeSet<i64>,
    count_imported: bool,
    evidence: &Evidence,
) -> Result<(Vec<Feedback>, Option<i64>)> {
    let seqs: Vec<i64> = rows.iter().map(|row| row.seq).collect();
    if seqs.is_empty() {
        return Ok((Vec::new(), None));
    }
    let of_seqs = [Arg::Ints(&seqs)];
    let handled: HashMap<i64, i64> =
        tx.query(&HANDLED, &of_seqs, |row| Ok((row.int(0)?, row.int(1)?)))?.into_iter().collect();
    let verdicts = tx.query(&VERDICTS, &of_seqs, |row| {
        Ok((row.int(0)?, (row.int(1)?, row.blob(2)?, MailId::from_octets(row.octets(3)?))))
    })?;
    let verdicts: HashMap<i64, _> = verdicts.into_iter().collect();
    let sources = sources(tx, &seqs)?;
    let origins = tx.query(&ORIGINS, &of_seqs, |row| Ok((row.int(0)?, row.text(1)?)))?;
    let forged: BTreeSet<i64> =
        origins.iter().filter(|(_, found)| (evidence.is_forged)(found)).map(|(seq, _)| *seq).collect();
    let mut people = addresses::of_mails(tx, &seqs, Some(3))?;
    let mut out: Vec<Feedback> = Vec::new();
    let mut reports = 0;
    for row in rows {
        let Some((version, octets, mail_id)) = verdicts.get(&row.seq) else { continue };
        let forged = forged.contains(&row.seq);
        // One that turns out to be forged is judged anew.
        let of_verdict = i64::from_le_bytes((hash64(octets) >> 1).to_le_bytes()) | 2;
        let digest = of_verdict ^ i64::from(forged);
        let before = handled.get(&row.seq).copied();
        if before == Some(digest) && !waiting.contains(&row.seq) {
            continue;
        }
        let verdict = codec::verdict(*version, octets)?;
        let (from, to): (Vec<_>, Vec<_>) = people
            .remove(&row.seq)
            .unwrap_or_default()
            .into_iter()
            .partition(|(role, _)| *role == AddressRole::From);
        let bare = |list: Vec<(AddressRole, Address)>| list.into_iter().map(|(_, a)| a).collect::<Vec<_>>();
        let mut reported = standing::reported(&verdict, &bare(from), &ReturnPath::Plain, row.date);
        for one in &mut reported {
            one.report.forged = forged;
        }
        reports += reported.len();
        if reports > REPORTS_MAX && !out.is_empty() && !waiting.contains(&row.seq) {
            return Ok((out, Some(row.change - 1)));
        }
        let (account, live) = sources.get(&row.seq).copied().unwrap_or_default();
        out.push(Feedback {
            seq: row.seq,
            mail_id: *mail_id,
            kind: verdict.kind,
            date: row.date,
            account,
            counts: live || count_imported,
            digest,
            fresh: before.is_none(),
            retried: waiting.contains(&row.seq),
            anew: before.is_none_or(|digest| digest == 0),
            to: bare(to),
            reported,
            stray: false,
        });
    }
    Ok((out, None))
}

/// Reports about mails of our own: a signed reference in the address they came to, in the envelope id, or in the
/// `X-Poststelle-Reference` or `Message-ID` that returned is the strongest evidence there is.
fn of_our_own(tx: &Tx<'_>, mails: &mut [Feedback], verify: &VerifyReference) -> Result<()> {
    let reference = |mail: &Feedback| {
        let report = &mail.reported.first()?.report;
        let addresses = mail.to.iter().map(|address| address.addr_spec.as_str());
        addresses
            .chain(report.envelope_id.as_deref())
            .chain(report.own_reference.as_deref())
            .chain(report.message_id.as_deref())
            .find_map(|text| verify(text))
    };
    let found: Vec<Option<i64>> = mails.iter().map(reference).collect();
    let keys: Vec<i64> = found.iter().copied().flatten().collect();
    let recipients = outgoing::recipients(tx, &keys)?;
    for (mail, key) in mails.iter_mut().zip(found) {
        let Some(recipient) = key.and_then(|key| recipients.get(&key)) else { continue };
        for reported in &mut mail.reported {
            let message_id = reported.report.message_id.clone();
            let recipient = standing_events::folded(recipient);
            reported.report.return_path = ReturnPath::Signed { recipient, message_id };
        }
    }
    Ok(())
}

/// Account of each mail, and whether it came there while the account was fetched: not from files, not backfilled.
fn sources(tx: &Tx<'_>, seqs: &[i64]) -> Result<HashMap<i64, (i64, bool)>> {
    let mut map: HashMap<i64, (i64, bool)> = HashMap::new();
    let rows = tx.query(&SOURCES, &[Arg::Ints(seqs)], |row| {
        let came = row.opt_time(3)?.unwrap_or(row.time(4)?);
        // Servers say when a mail came in whole seconds.
        let is_live = row.int(2)? != 2 && came.seconds() >= row.time(5)?.seconds();
        Ok((row.int(0)?, row.int(1)?, is_live))
    })?;
    for (seq, account, live) in rows {
        map.entry(seq).or_insert((account, false)).1 |= live;
    }
    Ok(map)
}

/// Matches and writes. Gives the standings to judge, and what became of each mail.
fn write(
    tx: &Tx<'_>,
    mails: &[Feedback],
    now: UnixMillis,
    progress: &mut FeedbackProgress,
) -> Result<(BTreeSet<i64>, Vec<Outcome>)> {
    if mails.is_empty() {
        return Ok((BTreeSet::new(), Vec::new()));
    }
    let seqs: Vec<i64> = mails.iter().map(|mail| mail.seq).collect();
    let of_seqs = [Arg::Ints(&seqs)];
    let decided: BTreeSet<(i64, i64)> =
        tx.query(&DECIDED, &of_seqs, |row| Ok((row.int(0)?, row.int(1)?)))?.into_iter().collect();
    tx.exec(&UNQUEUE, &of_seqs)?;
    let mut touched: BTreeSet<i64> =
        tx.query(&DROP_DERIVED, &of_seqs, |row| row.opt_int(0))?.into_iter().flatten().collect();
    let originals = originals::load(tx, mails)?;
    let mut found: Vec<(String, i64, AddressEvent)> = Vec::new();
    let mut queued: Vec<(AddressEvent, Queued)> = Vec::new();
    let mut days = feedback_days::Days::default();
    let (mut log, mut outcomes) = (Vec::new(), Vec::with_capacity(mails.len()));
    for mail in mails {
        let before = (found.len(), queued.len());
        for (reported, n) in mail.reported.iter().zip(0_i64..) {
            if mail.anew {
                days.add(mail, reported, now);
            }
            if !decided.contains(&(mail.seq, n)) {
                sort(mail, n, reported, &originals, now, &mut found, &mut queued);
            }
        }
        if mail.stray && mail.counts && !decided.contains(&(mail.seq, 0)) {
            queued.push(stray(mail, now));
        }
        let done = ((found.len() - before.0) as u64, (queued.len() - before.1) as u64);
        progress.matched += done.0;
        progress.queued += done.1;
        if mail.fresh {
            log.push(handled(mail, done, now));
        }
        let sure = found[before.0..]
            .iter()
            .all(|(.., event)| event.event.strength >= Strength::Named && event.event.original.is_some());
        outcomes.push(Outcome {
            seq: mail.seq,
            acts: mail.counts && (mail.fresh || mail.retried),
            matched: done.0,
            queued: done.1,
            sure: sure && done.0 == mail.reported.len() as u64,
        });
    }
    let wanted: Vec<(String, i64)> = found.iter().map(|(folded, list, _)| (folded.clone(), *list)).collect();
    let keys = standing_events::ensure(tx, &wanted)?;
    touched.extend(keys.values());
    let found: Vec<(Option<i64>, AddressEvent)> =
        found.into_iter().map(|(folded, list, event)| (keys.get(&(folded, list)).copied(), event)).collect();
    standing_events::insert(tx, &found)?;
    manual_queue::insert(tx, queued)?;
    days.write(tx)?;
    events::append_all(tx, &log)?;
    let mut rows = Rows::new(2, mails.len());
    for mail in mails {
        rows.push(args![mail.seq, mail.digest]);
    }
    tx.bulk(&HANDLE, &rows)?;
    Ok((touched, outcomes))
}

/// What lies in a mailbox for reports and is none: most likely a report in a form nobody knows yet.
fn stray(mail: &Feedback, now: UnixMillis) -> (AddressEvent, Queued) {
    let event = Event {
        at: mail.date.min(now),
        kind: EventKind::Failed(Permanence::Unknown),
        reason: None,
        strength: Strength::Unmatched,
        original: None,
        class: None,
        list: None,
        counts: true,
    };
    (AddressEvent::derived(event, Some((mail.seq, 0))), Queued::stray())
}

/// One report: to its address, or to the manual queue.
fn sort(
    mail: &Feedback,
    n: i64,
    reported: &Reported,
    originals: &Originals,
    now: UnixMillis,
    found: &mut Vec<(String, i64, AddressEvent)>,
    queued: &mut Vec<(AddressEvent, Queued)>,
) {
    let unsubscribe = reported.kind == EventKind::Unsubscribed;
    let matched = if unsubscribe {
        // It is the person's own mail; there is nothing to find.
        let strength = match reported.report.recipient {
            _ if reported.report.forged => Strength::Forged,
            Some(_) => Strength::Named,
            None => Strength::Unmatched,
        };
        Matched { strength, recipient: reported.report.recipient.clone(), ..Matched::default() }
    } else {
        standing::find(&reported.report, &originals.of(mail.seq, &reported.report))
    };
    let about = matched.message.and_then(|message| originals.about(message));
    let list = match about {
        Some(about) => about.list,
        None => mail.to.iter().find_map(|address| originals.list(&address.folded())),
    };
    let event = Event {
        at: mail.date.min(now),
        kind: reported.kind,
        reason: reported.reason.clone(),
        strength: matched.strength,
        original: matched.message,
        class: about.map(|about| if about.bulk { MailClass::Bulk } else { MailClass::Transactional }),
        list,
        counts: mail.counts,
    };
    let event = AddressEvent {
        key: 0,
        event,
        status: reported.status.clone(),
        smtp_code: reported.smtp_code,
        diagnostic: reported.diagnostic.clone(),
        mail: Some((mail.seq, n)),
        actor: String::new(),
        note: String::new(),
        trace: trace(&matched),
    };
    match &matched.recipient {
        Some(recipient) if matched.strength > Strength::Unmatched => {
            // Whoever leaves one list may stay on the others.
            let of = if unsubscribe { list.unwrap_or_default() } else { 0 };
            found.push((standing_events::folded(recipient), of, event));
        }
        recipient if mail.counts && is_for_people(reported.kind) => {
            let recipient = recipient.as_deref().map(standing_events::folded);
            queued.push((event, Queued::new(reported, &matched, recipient, mail.retried)));
        }
        _ => {}
    }
}

/// Late or confirmed mails that nobody can match need nobody's work.
const fn is_for_people(kind: EventKind) -> bool {
    !matches!(kind, EventKind::Delayed | EventKind::Delivered)
}

fn trace(matched: &Matched) -> String {
    let lines = matched.trace.iter().map(|line| {
        let looked_at: String = line.looked_at.chars().filter(|c| !c.is_control()).take(200).collect();
        format!("{} {} {looked_at}", line.step.as_str(), line.found.as_str())
    });
    lines.collect::<Vec<_>>().join("\n")
}

/// Mails by people whose address is not fine. Only what the cursor passes.
fn people(tx: &Tx<'_>, changed: &[MailRow], cursor: i64) -> Result<BTreeSet<i64>> {
    let personal = |row: &&MailRow| row.speaks() && row.kind == Some(Kind::Personal) && row.change <= cursor;
    let dates: HashMap<i64, UnixMillis> =
        changed.iter().filter(personal).map(|row| (row.seq, row.date)).collect();
    if dates.is_empty() || tx.int(&ANY_BAD, &[])? == 0 {
        return Ok(BTreeSet::new());
    }
    let mut seqs: Vec<i64> = dates.keys().copied().collect();
    seqs.sort_unstable();
    let writers = tx.query(&WRITERS, &[Arg::Ints(&seqs)], |row| Ok((row.int(0)?, row.int(1)?)))?;
    let mut events = Vec::with_capacity(writers.len());
    for (standing, seq) in &writers {
        let event = Event {
            at: dates.get(seq).copied().unwrap_or_default(),
            kind: EventKind::HumanMail,
            reason: None,
            strength: Strength::Named,
            original: None,
            class: None,
            list: None,
            counts: true,
        };
        events.push((Some(*standing), AddressEvent::derived(event, Some((*seq, 0)))));
    }
    standing_events::insert(tx, &events)?;
    Ok(writers.into_iter().map(|(standing, _)| standing).collect())
}

fn entry(kind: &str, subject: String, payload: String, at: UnixMillis) -> events::Event {
    events::entry(ACTOR, kind, subject, payload, at)
}

fn handled(mail: &Feedback, (matched, queued): (u64, u64), now: UnixMillis) -> events::Event {
    let kind = if queued > 0 { "feedback.queued" } else { "feedback.handled" };
    let mut payload =
        format!("{{\"kind\":\"{}\",\"matched\":\"{matched}\",\"queued\":\"{queued}\"", mail.kind.as_str());
    // What the first recipient is told of stands for all: a report may have a thousand.
    if let Some(first) = mail.reported.first() {
        let permanence = match first.kind {
            EventKind::Failed(permanence) => Some(permanence.as_str()),
            _ => None,
        };
        let recipient = first.report.recipient.as_deref().map(standing_events::folded);
        let values = [
            ("address", recipient.as_deref()),
            ("reason", first.reason.as_deref()),
            ("status", first.status.as_deref()),
            ("permanence", permanence),
        ];
        for (name, value) in values {
            if let Some(value) = value {
                let _ = write!(payload, ",\"{name}\":\"{}\"", events::plain(value));
            }
        }
    }
    let _ = write!(payload, ",\"counts\":\"{}\"}}", mail.counts);
    entry(kind, mail.mail_id.to_string(), payload, now)
}

/// States that mails handled for the first time have changed.
fn log_states(tx: &Tx<'_>, mails: &[Feedback], changed: &[Changed], now: UnixMillis) -> Result<()> {
    if !mails.iter().any(|mail| mail.fresh) {
        return Ok(());
    }
    let log = changed.iter().map(|change| {
        let address = events::plain(&change.folded);
        let payload = format!(
            "{{\"address\":\"{address}\",\"state\":\"{}\",\"reason\":\"{}\"}}",
            change.after.state.as_str(),
            change.after.reason.as_str()
        );
        entry("address.changed", String::new(), payload, now)
    });
    events::append_all(tx, &log.collect::<Vec<_>>())
}

impl Store {
    /// Handles the reports in mails filed since the last call, `limit` mails looked at: matches them, writes events,
    /// judges addresses; all of it in one transaction, to be called until there is no more. The same mail again changes
    /// nothing.
    ///
    /// # Errors
    /// Those of the database.
    pub fn handle_feedback(
        &self,
        now: UnixMillis,
        limit: usize,
        evidence: &Evidence,
    ) -> Result<FeedbackProgress> {
        let seen = self.feedback_seen().load(Ordering::Relaxed);
        match self.read(|tx| look(tx, seen, limit as i64))? {
            Look::Nothing => Ok(FeedbackProgress::default()),
            Look::Quiet { last } => {
                self.feedback_seen().fetch_max(last, Ordering::Relaxed);
                Ok(FeedbackProgress { more: true, ..FeedbackProgress::default() })
            }
            Look::Work => {
                let evidence = evidence.clone();
                self.write_batch(move |tx| handle(tx, now, seen, limit as i64, &evidence))
            }
        }
    }
}
