//! Retention classes, rules that give them, years whose assessment is open, and what falls due.

use std::collections::{BTreeMap, HashSet};

use jiff::tz::TimeZone;
use model::{Day, MailId, Scope, UnixMillis};
use retain::{Class, Conditions, Start, Suspension, Until};
use serde::{Deserialize, Serialize};

use crate::db::Tx;
use crate::error::{Result, StoreError};
use crate::events::{self, Event};
use crate::kept;
use crate::rows::{self, MessageRow};
use crate::settings;
use crate::sql::statements;
use crate::standing_events::from_list;
use crate::store::{Store, take};
use crate::value::{Arg, Row, args};

/// Longest name, characters.
pub const RETENTION_NAME_MAX: usize = 100;
const MS_A_DAY: i64 = 86_400_000;

/// What is set about retention as a whole.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct RetentionSettings {
    /// Zone in which days begin, as IANA names it.
    pub zone: String,
    /// The organisation is a bank, an insurer or an investment firm: longer periods hold where classes have them.
    pub bank: bool,
}

impl Default for RetentionSettings {
    fn default() -> Self {
        Self { zone: "Europe/Berlin".to_owned(), bank: false }
    }
}

impl RetentionSettings {
    /// Name of the setting that holds them.
    pub const NAME: &str = "retention";

    fn read(kept: Option<&str>) -> Self {
        kept.and_then(|kept| serde_json::from_str(kept).ok()).unwrap_or_default()
    }
}

/// A class with its name.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NamedClass {
    /// Number and period.
    pub class: Class,
    /// Word of a class every installation begins with; empty for others.
    pub word: String,
    /// Name; empty: the one language files give for the word.
    pub name: String,
}

impl NamedClass {
    /// Its name, or its word.
    pub fn shown(&self) -> &str {
        if self.name.is_empty() { &self.word } else { &self.name }
    }
}

/// A rule that gives a class.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Rule {
    /// Its number; 0 for a new one.
    pub key: i64,
    /// Name.
    pub name: String,
    /// Number of the class.
    pub class: i64,
    /// What it looks at.
    pub conditions: Conditions,
}

/// An open assessment.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OpenYears {
    /// Its number; 0 for a new one.
    pub key: i64,
    /// What it holds.
    pub what: Suspension,
    /// Why.
    pub reason: String,
    /// Since when.
    pub since: UnixMillis,
}

/// Everything that is set about retention.
#[derive(Clone, Debug, Default)]
pub struct Retention {
    /// As a whole.
    pub settings: RetentionSettings,
    /// Classes, those of every installation first.
    pub classes: Vec<NamedClass>,
    /// Rules, in the order they were made.
    pub rules: Vec<Rule>,
    /// Open assessments.
    pub open_years: Vec<OpenYears>,
    /// The same, as [`retain`] takes them.
    pub(crate) suspensions: Vec<Suspension>,
    zone: Option<TimeZone>,
}

impl Retention {
    pub(crate) const fn is_bank(&self) -> bool {
        self.settings.bank
    }

    pub(crate) fn class(&self, key: i64) -> Option<&NamedClass> {
        self.classes.iter().find(|class| class.class.key == key)
    }

    pub(crate) fn known_class(&self, key: i64) -> Result<&NamedClass> {
        self.class(key).ok_or_else(|| missing("retention class", key))
    }

    /// The zone of the organisation; UTC where it has none that is known.
    pub fn zone(&self) -> TimeZone {
        self.zone.clone().unwrap_or(TimeZone::UTC)
    }

    /// The day of a moment in the zone of the organisation.
    pub fn day(&self, at: UnixMillis) -> Day {
        let local = self.zone.as_ref().and_then(|zone| {
            let date = jiff::Timestamp::from_millisecond(at.0).ok()?.to_zoned(zone.clone()).date();
            Day::of_date(
                i32::from(date.year()),
                date.month().unsigned_abs().into(),
                date.day().unsigned_abs().into(),
            )
        });
        local.unwrap_or_else(|| kept::day(at.0.div_euclid(MS_A_DAY)))
    }
}

/// Mails of a class whose period began in a year.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DueYear {
    /// Number of the class.
    pub class: i64,
    /// The year.
    pub year: i32,
    /// How many there are.
    pub mails: u64,
    /// How many of them are due; holds are not looked at.
    pub due: u64,
    /// Until when the last of them is kept.
    pub until: Until,
}

/// A mail that is due.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DueKeptMail {
    /// Its number.
    pub seq: i64,
    /// Its id.
    pub mail_id: MailId,
    /// When the period began to count.
    pub day: Day,
    /// The last day on which it had to be kept.
    pub until: Day,
    /// It is held for a case.
    pub held: bool,
    /// What a list shows of its message, if the reader may read it.
    pub row: Option<MessageRow>,
}

/// Place in the list of what is due.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct DueCursor {
    /// Start of the period.
    pub day: Day,
    /// Number of the mail.
    pub seq: i64,
}

statements! {
    CLASSES = "SELECT key, word, name, months, bank_months, start FROM retention_classes \
        ORDER BY CASE WHEN key < 0 THEN -key ELSE 1000000 END, folded";
    ADD_CLASS = "INSERT INTO retention_classes (key, word, name, folded, months, bank_months, start) \
        VALUES ($1, '', $2, $3, $4, $5, $6)";
    CHANGE_CLASS = "UPDATE retention_classes SET name = $2, folded = $3, months = $4, bank_months = $5, start = $6 \
        WHERE key = $1";
    REMOVE_CLASS = "DELETE FROM retention_classes WHERE key = $1";
    CLASS_USED = "SELECT (SELECT COUNT(*) FROM (SELECT seq FROM kept_mails WHERE class = $1 LIMIT 1) k) \
        + (SELECT COUNT(*) FROM retention_rules WHERE class = $1) \
        + (SELECT COUNT(*) FROM retention_suspensions WHERE class = $1)";
    CLASS_HAS_MAILS = "SELECT seq FROM kept_mails WHERE class = $1 LIMIT 1";
    RULES = "SELECT key, name, class, conditions FROM retention_rules ORDER BY key";
    HAS_RULES = "SELECT COUNT(*) FROM (SELECT key FROM retention_rules LIMIT 1) r";
    ADD_RULE = "INSERT INTO retention_rules (key, name, class, conditions) VALUES ($1, $2, $3, $4)";
    CHANGE_RULE = "UPDATE retention_rules SET name = $2, class = $3, conditions = $4 WHERE key = $1";
    REMOVE_RULE = "DELETE FROM retention_rules WHERE key = $1";
    SUSPENSIONS = "SELECT key, class, from_year, to_year, reason, since FROM retention_suspensions ORDER BY key";
    ADD_SUSPENSION = "INSERT INTO retention_suspensions (key, class, from_year, to_year, reason, since) \
        VALUES ($1, $2, $3, $4, $5, $6)";
    REMOVE_SUSPENSION = "DELETE FROM retention_suspensions WHERE key = $1";
    DAYS = "SELECT class, day, COUNT(*) FROM kept_mails WHERE class <> 0 GROUP BY class, day ORDER BY class, day";
    DUE = "SELECT k.seq, m.mail_id, k.day, COALESCE(m.message_seq, m.seq) FROM kept_mails k JOIN mails m ON m.seq = k.seq \
        WHERE k.class = $1 AND k.day >= $2 AND k.day <= $3 AND (k.day, k.seq) > ($4, $5) ORDER BY k.day, k.seq LIMIT $6";
}

fn class(row: &Row<'_>) -> Result<NamedClass> {
    let months = |at| Ok(row.opt_int(at)?.map(|months| u32::try_from(months).unwrap_or(u32::MAX)));
    Ok(NamedClass {
        class: Class {
            key: row.int(0)?,
            months: months(3)?,
            bank_months: months(4)?,
            start: from_list(&Start::ALL, row.int(5)?, "start of a retention class")?,
        },
        word: row.text(1)?,
        name: row.text(2)?,
    })
}

fn rule(row: &Row<'_>) -> Result<Rule> {
    let conditions = Conditions::of_text(&row.text(3)?);
    Ok(Rule {
        key: row.int(0)?,
        name: row.text(1)?,
        class: row.int(2)?,
        conditions: conditions.map_err(|_| StoreError::Unreadable { what: "retention rule" })?,
    })
}

fn open_years(row: &Row<'_>) -> Result<OpenYears> {
    let year = |at| Ok(i32::try_from(row.int(at)?).unwrap_or_default());
    Ok(OpenYears {
        key: row.int(0)?,
        what: Suspension { class: Some(row.int(1)?).filter(|class| *class != 0), years: year(2)?..=year(3)? },
        reason: row.text(4)?,
        since: row.time(5)?,
    })
}

pub(crate) fn has_rules(tx: &Tx<'_>) -> Result<bool> {
    Ok(tx.int(&HAS_RULES, &[])? > 0)
}

/// What is set now.
pub(crate) fn load(tx: &Tx<'_>) -> Result<Retention> {
    let kept = settings::get(tx, RetentionSettings::NAME)?;
    let settings = RetentionSettings::read(kept.as_deref());
    let open_years = tx.query(&SUSPENSIONS, &[], open_years)?;
    Ok(Retention {
        zone: TimeZone::get(&settings.zone).ok(),
        settings,
        classes: tx.query(&CLASSES, &[], class)?,
        rules: tx.query(&RULES, &[], rule)?,
        suspensions: open_years.iter().map(|open| open.what.clone()).collect(),
        open_years,
    })
}

fn missing(what: &'static str, key: i64) -> StoreError {
    StoreError::Missing { what, key: key.to_string() }
}

fn folded(class: &NamedClass) -> String {
    if class.name.is_empty() { format!("-{}", class.word) } else { class.name.to_lowercase() }
}

fn start_code(start: Start) -> i64 {
    Start::ALL.iter().position(|known| *known == start).unwrap_or_default() as i64
}

/// A new class, whatever number it says; gives its own.
pub(crate) fn add_class(tx: &Tx<'_>, class: &NamedClass) -> Result<i64> {
    let key = take(tx, "row", 1)?;
    let Class { months, bank_months, start, .. } = class.class;
    let (name, folded) = (class.name.as_str(), folded(class));
    tx.exec(&ADD_CLASS, &args![key, name, &folded, months, bank_months, start_code(start)])?;
    Ok(key)
}

/// The first and the last day of a year.
fn of_year(year: i32) -> (Day, Day) {
    let day = |month, day| Day::of_date(year, month, day).unwrap_or_default();
    (day(1, 1), day(12, 31))
}

impl Store {
    /// Everything that is set about retention.
    ///
    /// # Errors
    /// Those of the database.
    pub fn retention(&self) -> Result<Retention> {
        self.read(load)
    }

    /// Sets zone and kind of organisation.
    ///
    /// # Errors
    /// Those of the database.
    pub fn set_retention(&self, settings: &RetentionSettings, event: Event) -> Result<()> {
        let text = serde_json::to_string(settings).unwrap_or_default();
        self.write(move |tx| {
            settings::set(tx, RetentionSettings::NAME, &text)?;
            events::append(tx, &event)
        })
    }

    /// Makes a class (number 0) or changes one; gives its number. Mails of it are kept by its period of now. Its start cannot be
    /// changed once there are mails of it.
    ///
    /// # Errors
    /// `Missing`; `Exists` if another one has the name, or (`retention start`) the start is not to be changed.
    pub fn put_retention_class(&self, class: NamedClass, event: Event) -> Result<i64> {
        self.write(move |tx| {
            let all = load(tx)?;
            let Class { key, months, bank_months, start } = class.class.clone();
            let others = all.classes.iter().filter(|known| known.class.key != key);
            if others.map(folded).any(|known| known == folded(&class)) {
                return Err(StoreError::Exists { what: "retention class" });
            }
            let key = if key == 0 {
                add_class(tx, &class)?
            } else {
                let before = all.known_class(key)?;
                let used = tx.first(&CLASS_HAS_MAILS, &[key.into()], |row| row.int(0))?.is_some();
                if used && before.class.start != start {
                    return Err(StoreError::Exists { what: "retention start" });
                }
                let (name, folded, start) = (class.name.as_str(), folded(&class), start_code(start));
                tx.exec(&CHANGE_CLASS, &args![key, name, &folded, months, bank_months, start])?;
                key
            };
            events::append(tx, &event)?;
            Ok(key)
        })
    }

    /// Removes a class nothing uses.
    ///
    /// # Errors
    /// `Missing`; `Exists` (`retention use`) if mails, rules or open years are of it.
    pub fn remove_retention_class(&self, key: i64, event: Event) -> Result<()> {
        self.write(move |tx| {
            if tx.int(&CLASS_USED, &[key.into()])? > 0 {
                return Err(StoreError::Exists { what: "retention use" });
            }
            match tx.exec(&REMOVE_CLASS, &[key.into()])? {
                0 => Err(missing("retention class", key)),
                _ => events::append(tx, &event),
            }
        })
    }

    /// Makes a rule (number 0) or changes one; gives its number. It is for mails that come or change from now on.
    ///
    /// # Errors
    /// `Missing` rule or class.
    pub fn put_retention_rule(&self, rule: Rule, event: Event) -> Result<i64> {
        self.write(move |tx| {
            load(tx)?.known_class(rule.class)?;
            let conditions = rule.conditions.to_text();
            let key = if rule.key == 0 {
                if !has_rules(tx)? {
                    kept::begin(tx)?;
                }
                let key = take(tx, "row", 1)?;
                tx.exec(&ADD_RULE, &args![key, &rule.name, rule.class, &conditions])?;
                key
            } else {
                if tx.exec(&CHANGE_RULE, &args![rule.key, &rule.name, rule.class, &conditions])? == 0 {
                    return Err(missing("retention rule", rule.key));
                }
                rule.key
            };
            events::append(tx, &event)?;
            Ok(key)
        })
    }

    /// Removes a rule. Mails keep the class it gave them.
    ///
    /// # Errors
    /// `Missing`.
    pub fn remove_retention_rule(&self, key: i64, event: Event) -> Result<()> {
        self.write(move |tx| match tx.exec(&REMOVE_RULE, &[key.into()])? {
            0 => Err(missing("retention rule", key)),
            _ => events::append(tx, &event),
        })
    }

    /// Rules are asked about every mail again, behind everything else.
    ///
    /// # Errors
    /// Those of the database.
    pub fn apply_retention_anew(&self, event: Event) -> Result<()> {
        self.write(move |tx| {
            kept::begin_anew(tx)?;
            events::append(tx, &event)
        })
    }

    /// Notes an open assessment: what is of these years does not fall due. Gives its number.
    ///
    /// # Errors
    /// `Missing` class.
    pub fn add_open_years(&self, open: OpenYears, event: Event) -> Result<i64> {
        self.write(move |tx| {
            let OpenYears { what: Suspension { class, years }, reason, since, .. } = &open;
            if let Some(class) = class {
                load(tx)?.known_class(*class)?;
            }
            let key = take(tx, "row", 1)?;
            let (from, to) = (i64::from(*years.start()), i64::from(*years.end()));
            tx.exec(&ADD_SUSPENSION, &args![key, class.unwrap_or(0), from, to, reason, *since])?;
            events::append(tx, &event)?;
            Ok(key)
        })
    }

    /// The assessment is over.
    ///
    /// # Errors
    /// `Missing`.
    pub fn end_open_years(&self, key: i64, event: Event) -> Result<()> {
        self.write(move |tx| match tx.exec(&REMOVE_SUSPENSION, &[key.into()])? {
            0 => Err(missing("open years", key)),
            _ => events::append(tx, &event),
        })
    }

    /// How many mails there are of each class and year, and how many of them are due.
    ///
    /// # Errors
    /// Those of the database.
    pub fn due_years(&self, now: UnixMillis) -> Result<Vec<DueYear>> {
        let (retention, days) = self.read(|tx| {
            let days = tx.query(&DAYS, &[], |row| Ok((row.int(0)?, kept::day(row.int(1)?), row.uint(2)?)))?;
            Ok((load(tx)?, days))
        })?;
        let (bank, today) = (retention.is_bank(), retention.day(now));
        let mut years: BTreeMap<(i64, i32), DueYear> = BTreeMap::new();
        for (key, day, count) in days {
            let Some(NamedClass { class, .. }) = retention.class(key) else { continue };
            let until = class.until(bank, day, &retention.suspensions);
            let year = years.entry((key, day.year())).or_insert(DueYear {
                class: key,
                year: day.year(),
                mails: 0,
                due: 0,
                until,
            });
            year.mails += count;
            // Days ascend, and with them their ends.
            year.until = until;
            if class.is_due(bank, day, &retention.suspensions, today) {
                year.due += count;
            }
        }
        Ok(years.into_values().collect())
    }

    /// Mails of a class that are due and whose period began in a year, behind `after`, at most `limit`. Rows are given of those
    /// the scope allows.
    ///
    /// # Errors
    /// `Missing` class.
    pub fn due_mails(
        &self,
        scope: &Scope,
        (class, year): (i64, i32),
        after: Option<DueCursor>,
        limit: usize,
        now: UnixMillis,
    ) -> Result<Vec<DueKeptMail>> {
        self.read(|tx| {
            let retention = load(tx)?;
            let bank = retention.is_bank();
            let class = &retention.known_class(class)?.class;
            let (first, last) = of_year(year);
            let last = class.due_up_to(bank, retention.day(now)).map(|day| day.min(last));
            let Some(last) =
                last.filter(|_| !retention.suspensions.iter().any(|s| s.holds(class.key, first)))
            else {
                return Ok(Vec::new());
            };
            let after = after.map_or((i64::MIN, 0), |after| (i64::from(after.day.0), after.seq));
            let (from, to) = (i64::from(first.0), i64::from(last.0));
            let args = args![class.key, from, to, after.0, after.1, limit as i64];
            let found = tx.query(&DUE, &args, |row| {
                let day = kept::day(row.int(2)?);
                Ok((row.int(0)?, MailId::from_octets(row.octets(1)?), day, row.int(3)?))
            })?;
            let seqs: Vec<i64> = found.iter().map(|(seq, ..)| *seq).collect();
            let held: HashSet<i64> = kept::held(tx, &seqs)?.into_iter().map(|(seq, ..)| seq).collect();
            let mut messages: Vec<i64> = found.iter().map(|(.., message)| *message).collect();
            messages.sort_unstable();
            messages.dedup();
            let keys = self.keys().scope(tx, scope)?;
            let rows = self.rows(tx, &keys, &messages)?;
            let of = |message: i64| rows.iter().find(|row| row.seq == message).cloned();
            let due = found.into_iter().map(|(seq, mail_id, day, message)| DueKeptMail {
                seq,
                mail_id,
                day,
                until: class.last_day(bank, day).unwrap_or(day),
                held: held.contains(&seq),
                row: of(message),
            });
            Ok(due.collect())
        })
    }

    /// The classes of the mails of a message the scope allows, and the cases they are held for.
    ///
    /// # Errors
    /// Those of the database.
    pub fn kept_message(
        &self,
        scope: &Scope,
        mail: MailId,
    ) -> Result<Option<(Vec<kept::KeptMail>, Vec<crate::holds::Hold>)>> {
        self.read(|tx| {
            let keys = self.keys().scope(tx, scope)?;
            let ids = [mail.octets().as_slice()];
            let messages = tx.query(&kept::MESSAGES_OF, &[Arg::Blobs(&ids)], |row| row.int(0))?;
            let Some(visible) = rows::visible(tx, &keys, &messages)?.into_values().next() else {
                return Ok(None);
            };
            let mails: Vec<i64> = visible.mails.iter().map(|(seq, _)| *seq).collect();
            Ok(Some((kept::shown(tx, &mails)?, crate::holds::of_mails(tx, &mails)?)))
        })
    }
}
