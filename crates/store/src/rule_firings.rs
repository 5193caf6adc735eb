//! Rules that tell of an address: once for as many new mails as the rule counts, not with every look at the address.

use std::collections::{BTreeSet, HashMap};
use std::fmt::Write as _;

use model::UnixMillis;
use standing::{Action, Event, Planned, Rule};

use crate::db::Tx;
use crate::error::Result;
use crate::events;
use crate::sql::statements;
use crate::value::{Arg, Rows, args};

statements! {
    TOLD = "SELECT standing, rule, at FROM rule_firings WHERE standing = ANY($1)";
    TELL [Int, Text, Int] = "WITH v(standing, rule, at) AS ({rows}) INSERT INTO rule_firings (standing, rule, at) \
        SELECT standing, rule, at FROM v WHERE TRUE ON CONFLICT (standing, rule) DO UPDATE SET at = excluded.at";
}

/// What was told before, and what is to be told now.
#[derive(Default)]
pub(crate) struct Told {
    fires: bool,
    before: HashMap<(i64, String), UnixMillis>,
    now: HashMap<(i64, String), UnixMillis>,
    log: Vec<(&'static str, String)>,
}

/// What was told of these standings; without `fires` nothing is looked up, and nothing will be told.
pub(crate) fn load(tx: &Tx<'_>, standings: &[i64], fires: bool) -> Result<Told> {
    if !fires {
        return Ok(Told::default());
    }
    let rows =
        tx.query(&TOLD, &[Arg::Ints(standings)], |row| Ok(((row.int(0)?, row.text(1)?), row.time(2)?)))?;
    Ok(Told { fires, before: rows.into_iter().collect(), ..Told::default() })
}

impl Told {
    /// A rule wants to tell of an address: it does if as many mails as it counts were reported since the last time.
    pub(crate) fn look(
        &mut self,
        standing: i64,
        address: &str,
        rule: &Rule,
        planned: &Planned,
        history: &[Event],
    ) {
        let place = (standing, rule.name.clone());
        let told = self.before.get(&place);
        let new: Vec<&Event> = planned
            .because
            .iter()
            .filter_map(|at| history.get(*at))
            .filter(|event| told.is_none_or(|told| event.at > *told))
            .collect();
        let named: BTreeSet<i64> = new.iter().filter_map(|event| event.original).collect();
        let mails = named.len() + new.iter().filter(|event| event.original.is_none()).count();
        let Some(last) = new.iter().max_by_key(|event| event.at) else { return };
        if !self.fires || mails < rule.category.count.max(1) as usize {
            return;
        }
        let mut payload = format!(
            "{{\"address\":\"{}\",\"rule\":\"{}\",\"count\":\"{mails}\",\"reason\":\"{}\"",
            events::plain(address),
            events::plain(&rule.name),
            events::plain(last.reason.as_deref().unwrap_or_default())
        );
        if let standing::EventKind::Failed(permanence) = last.kind {
            let _ = write!(payload, ",\"permanence\":\"{}\"", permanence.as_str());
        }
        let kind = match &planned.action {
            Action::Webhook(url) => {
                let _ = write!(payload, ",\"url\":\"{}\"", events::plain(url));
                "rule.webhook"
            }
            _ => "rule.notify",
        };
        payload.push('}');
        self.log.push((kind, payload));
        self.now.insert(place, planned.at);
    }

    pub(crate) fn write(self, tx: &Tx<'_>, now: UnixMillis) -> Result<()> {
        let mut rows = Rows::new(3, self.now.len());
        for ((standing, rule), at) in &self.now {
            rows.push(args![*standing, rule, *at]);
        }
        tx.bulk(&TELL, &rows)?;
        let log = self
            .log
            .into_iter()
            .map(|(kind, payload)| events::entry(crate::feedback::ACTOR, kind, String::new(), payload, now));
        events::append_all(tx, &log.collect::<Vec<_>>())
    }
}
