//! Which group a mail belongs to: rules of its account, an address, a domain, or whatever no other rule names. The first of envelope,
//! `Delivered-To`, `X-Original-To`, and `To` with `Cc` that a rule names decides.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use model::AccountId;

use crate::addresses::AddressRole;
use crate::db::Tx;
use crate::entries;
use crate::error::Result;
use crate::groups;
use crate::keys::ScopeKeys;
use crate::placements::envelope;
use crate::sql::statements;
use crate::store::Store;
use crate::value::{Arg, Row, Rows, args};

/// A rule of an account.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SortingRule {
    /// An address, `@domain`, or empty: what no other rule names.
    pub pattern: String,
    /// UUID of the group, octets.
    pub group: [u8; 16],
}

/// Where the address stood that decided.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum SortedBy {
    /// `RCPT TO` of whoever brought it.
    Envelope,
    /// `Delivered-To`.
    DeliveredTo,
    /// `X-Original-To`.
    OriginalTo,
    /// `To` or `Cc`.
    To,
    /// Nowhere: the rule is for what no other one names.
    Rest,
}

impl SortedBy {
    const ALL: [Self; 5] = [Self::Envelope, Self::DeliveredTo, Self::OriginalTo, Self::To, Self::Rest];

    /// The word in JSON.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Envelope => "envelope",
            Self::DeliveredTo => "delivered_to",
            Self::OriginalTo => "original_to",
            Self::To => "to",
            Self::Rest => "rest",
        }
    }

    fn of_role(role: AddressRole) -> Option<Self> {
        match role {
            AddressRole::DeliveredTo => Some(Self::DeliveredTo),
            AddressRole::OriginalTo => Some(Self::OriginalTo),
            AddressRole::To | AddressRole::Cc => Some(Self::To),
            _ => None,
        }
    }
}

/// A group a message belongs to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MessageGroup {
    /// UUID, octets.
    pub id: [u8; 16],
    /// Name.
    pub name: String,
    /// Account whose rule it was.
    pub account: AccountId,
    /// Where the address stood.
    pub by: SortedBy,
    /// The address that decided; empty for [`SortedBy::Rest`].
    pub value: String,
    /// The rule.
    pub pattern: String,
}

statements! {
    RULES = "SELECT s.account, s.pattern, s.group_key FROM sorting_rules s ORDER BY s.account, s.n";
    OF_ACCOUNT = "SELECT s.pattern, g.group_id FROM sorting_rules s JOIN mail_groups g ON g.key = s.group_key \
        WHERE s.account = $1 ORDER BY s.n";
    DROP_RULES = "DELETE FROM sorting_rules WHERE account = $1";
    ADD_RULE = "INSERT INTO sorting_rules (account, n, pattern, group_key) VALUES ($1, $2, $3, $4)";
    PLACES = "SELECT p.seq, b.account, p.envelope FROM placements p JOIN mailboxes b ON b.key = p.mailbox \
        WHERE p.seq = ANY($1) AND b.account = ANY($2) ORDER BY p.seq, b.account, p.fetched";
    ADDRESSES = "SELECT l.seq, l.role, a.folded FROM mail_addresses l JOIN addresses a ON a.key = l.address \
        WHERE l.seq = ANY($1) AND l.role IN (1, 2, 6, 7) ORDER BY l.seq, l.role, l.n";
    DROP_SORTED = "DELETE FROM message_groups WHERE seq = ANY($1)";
    ADD_SORTED [Int, Int, Int, Int, Text, Text] = "WITH v(seq, group_key, account, source, value, pattern) AS ({rows}) \
        INSERT INTO message_groups (seq, group_key, account, source, value, pattern) \
        SELECT seq, group_key, account, source, value, pattern FROM v WHERE TRUE \
        ON CONFLICT (seq, group_key, account) DO NOTHING";
    FILED = "SELECT seq FROM mails WHERE seq = ANY($1) AND stage = 1";
    OF_MAILS = "SELECT s.seq, s.account, g.group_id, g.name, s.source, s.value, s.pattern FROM message_groups s \
        JOIN mail_groups g ON g.key = s.group_key WHERE s.seq = ANY($1) ORDER BY g.folded, s.seq, s.account";
    KEYS_OF = "SELECT DISTINCT seq, group_key FROM message_groups WHERE seq = ANY($1)";
    OF_ACCOUNT_PAGE = "SELECT DISTINCT p.seq FROM mailboxes b JOIN placements p ON p.mailbox = b.key \
        WHERE b.account = $1 AND p.seq > $2 ORDER BY p.seq LIMIT $3";
}

/// A rule as it is kept.
struct Rule {
    pattern: String,
    group: i64,
}

/// What decided.
#[derive(Debug, PartialEq, Eq)]
struct Sorted<'a> {
    group: i64,
    by: SortedBy,
    value: String,
    pattern: &'a str,
}

/// The rule that names this address: itself before its domain.
fn rule_for<'a>(rules: &'a [Rule], address: &str) -> Option<&'a Rule> {
    let exact = rules.iter().find(|rule| rule.pattern == address && !address.is_empty());
    let domain = address.rfind('@').map_or("", |at| &address[at..]);
    exact.or_else(|| rules.iter().find(|rule| domain.len() > 1 && rule.pattern == domain))
}

/// Groups of a mail by the rules of an account. `recipients` by where they stand; several addresses of the place that decides may
/// give several groups.
fn decide<'a>(rules: &'a [Rule], recipients: &BTreeMap<SortedBy, Vec<String>>) -> Vec<Sorted<'a>> {
    for (by, addresses) in recipients {
        let mut sorted: Vec<Sorted<'a>> = Vec::new();
        for address in addresses {
            let address = address.to_lowercase();
            if let Some(rule) = rule_for(rules, &address)
                && sorted.iter().all(|known| known.group != rule.group)
            {
                sorted.push(Sorted { group: rule.group, by: *by, value: address, pattern: &rule.pattern });
            }
        }
        if !sorted.is_empty() {
            return sorted;
        }
    }
    let rest = rules.iter().find(|rule| rule.pattern.is_empty());
    rest.map(|rule| Sorted { group: rule.group, by: SortedBy::Rest, value: String::new(), pattern: "" })
        .into_iter()
        .collect()
}

/// An address out of an envelope: without brackets and parameters.
fn bare(path: &str) -> String {
    path.split(' ').next().unwrap_or_default().trim_matches(['<', '>']).to_lowercase()
}

fn rules(tx: &Tx<'_>) -> Result<BTreeMap<i64, Vec<Rule>>> {
    let mut of: BTreeMap<i64, Vec<Rule>> = BTreeMap::new();
    let row = |row: &Row<'_>| Ok((row.int(0)?, Rule { pattern: row.text(1)?, group: row.int(2)? }));
    for (account, rule) in tx.query(&RULES, &[], row)? {
        of.entry(account).or_default().push(rule);
    }
    Ok(of)
}

/// Sorts these mails anew, in the transaction of what files or places them; those not filed yet are sorted when they are.
pub(crate) fn sort(tx: &Tx<'_>, mails: &[i64], again: bool) -> Result<()> {
    let rules = rules(tx)?;
    if rules.is_empty() && !again {
        return Ok(());
    }
    tx.exec(&DROP_SORTED, &[Arg::Ints(mails)])?;
    let accounts: Vec<i64> = rules.keys().copied().collect();
    let mut places: BTreeMap<(i64, i64), Vec<String>> = BTreeMap::new();
    for (seq, account, text) in tx.query(&PLACES, &[Arg::Ints(mails), Arg::Ints(&accounts)], |row| {
        Ok((row.int(0)?, row.int(1)?, row.opt_text(2)?))
    })? {
        let paths = text.map(|text| envelope(&text).forward_paths).unwrap_or_default();
        places.entry((seq, account)).or_default().extend(paths.iter().map(|path| bare(path)));
    }
    if places.is_empty() {
        return Ok(());
    }
    let mut of: HashMap<i64, BTreeMap<SortedBy, Vec<String>>> = HashMap::new();
    for (seq, role, address) in tx.query(&ADDRESSES, &[Arg::Ints(mails)], |row| {
        Ok((row.int(0)?, AddressRole::from_code(row.int(1)?)?, row.text(2)?))
    })? {
        if let Some(by) = SortedBy::of_role(role) {
            of.entry(seq).or_default().entry(by).or_default().push(address);
        }
    }
    let mut rows = Rows::new(6, places.len());
    let mut found = Vec::new();
    for ((seq, account), paths) in places {
        let mut recipients = of.get(&seq).cloned().unwrap_or_default();
        recipients.insert(SortedBy::Envelope, paths);
        let Some(rules) = rules.get(&account) else { continue };
        found.extend(decide(rules, &recipients).into_iter().map(|sorted| (seq, account, sorted)));
    }
    for (seq, account, sorted) in &found {
        let by = SortedBy::ALL.iter().position(|by| *by == sorted.by).unwrap_or_default() as i64;
        let [seq, group, account] = args![*seq, sorted.group, *account];
        let [by, value, pattern] = args![by, sorted.value.as_str(), sorted.pattern];
        rows.push([seq, group, account, by, value, pattern]);
    }
    tx.bulk(&ADD_SORTED, &rows).map(drop)
}

/// The same for mails that get a further place: those that are filed.
pub(crate) fn sort_placed(tx: &Tx<'_>, mails: &[i64]) -> Result<()> {
    let filed = tx.query(&FILED, &[Arg::Ints(mails)], |row| row.int(0))?;
    if filed.is_empty() { Ok(()) } else { sort(tx, &filed, false) }
}

/// Groups of mails as they are kept: by mail, each with the key of its account.
pub(crate) fn of_mails(tx: &Tx<'_>, mails: &[i64]) -> Result<HashMap<i64, Vec<(i64, MessageGroup)>>> {
    let mut of: HashMap<i64, Vec<(i64, MessageGroup)>> = HashMap::new();
    for (seq, account, group) in tx.query(&OF_MAILS, &[Arg::Ints(mails)], |row| {
        let by = usize::try_from(row.int(4)?).ok().and_then(|at| SortedBy::ALL.get(at).copied());
        let group = MessageGroup {
            id: row.octets(2)?,
            name: row.text(3)?,
            account: AccountId::from_octets([0; 16]),
            by: by.unwrap_or(SortedBy::Rest),
            value: row.text(5)?,
            pattern: row.text(6)?,
        };
        Ok((row.int(0)?, row.int(1)?, group))
    })? {
        of.entry(seq).or_default().push((account, group));
    }
    Ok(of)
}

/// Keys of the groups of mails, for the index.
pub(crate) fn keys_of(tx: &Tx<'_>, mails: &[i64]) -> Result<HashMap<i64, BTreeSet<i64>>> {
    let mut of: HashMap<i64, BTreeSet<i64>> = HashMap::new();
    for (seq, group) in tx.query(&KEYS_OF, &[Arg::Ints(mails)], |row| Ok((row.int(0)?, row.int(1)?)))? {
        of.entry(seq).or_default().insert(group);
    }
    Ok(of)
}

/// Replaces the rules of an account, in the transaction of whoever changes something else as well.
pub(crate) fn set(tx: &Tx<'_>, account: i64, rules: &[SortingRule]) -> Result<()> {
    tx.exec(&DROP_RULES, &[account.into()])?;
    for (rule, n) in rules.iter().zip(0_i64..) {
        let group = groups::key(tx, rule.group)?;
        tx.exec(&ADD_RULE, &args![account, n, rule.pattern.to_lowercase(), group])?;
    }
    Ok(())
}

impl Store {
    /// Rules of an account, in order.
    ///
    /// # Errors
    /// `Missing` account.
    pub fn sorting(&self, account: AccountId) -> Result<Vec<SortingRule>> {
        self.read(|tx| {
            let key = self.keys().known_account(tx, account)?;
            tx.query(&OF_ACCOUNT, &[key.into()], |row| {
                Ok(SortingRule { pattern: row.text(0)?, group: row.octets(1)? })
            })
        })
    }

    /// Replaces them; they hold for mails that come from now on, until earlier ones are sorted too.
    ///
    /// # Errors
    /// `Missing` account or group.
    pub fn set_sorting(&self, account: AccountId, rules: Vec<SortingRule>) -> Result<()> {
        let keys = self.keys().clone();
        self.write(move |tx| set(tx, keys.known_account(tx, account)?, &rules))
    }

    /// Sorts earlier mails of an account by the rules of now, at most `limit` with a number above `after`. Gives the number to go on
    /// after; `None` at the end.
    ///
    /// # Errors
    /// `Missing` account.
    pub fn sort_earlier(&self, account: AccountId, after: i64, limit: usize) -> Result<Option<i64>> {
        let keys = self.keys().clone();
        self.write_batch(move |tx| {
            let key = keys.known_account(tx, account)?;
            let mails = tx.query(&OF_ACCOUNT_PAGE, &args![key, after, limit as i64], |row| row.int(0))?;
            let filed = tx.query(&FILED, &[Arg::Ints(&mails)], |row| row.int(0))?;
            sort(tx, &filed, true)?;
            entries::touch(tx, &filed)?;
            Ok(mails.last().filter(|_| mails.len() == limit).copied())
        })
    }

    /// Groups of a message: of the mails of it and the accounts that may be seen, each once with the first reason.
    pub(crate) fn groups_of(
        &self,
        tx: &Tx<'_>,
        scope: &ScopeKeys,
        of: &HashMap<i64, Vec<(i64, MessageGroup)>>,
        mails: &[(i64, Vec<i64>)],
    ) -> Result<Vec<MessageGroup>> {
        let mut groups: Vec<MessageGroup> = Vec::new();
        for (mail, _) in mails {
            for (account, group) in of.get(mail).into_iter().flatten() {
                if scope.allows(*account) && groups.iter().all(|known| known.id != group.id) {
                    groups.push(MessageGroup {
                        account: self.keys().account_id(tx, *account)?,
                        ..group.clone()
                    });
                }
            }
        }
        groups.sort_by(|a, b| a.name.cmp(&b.name));
        Ok(groups)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(envelope: &[&str], delivered: &[&str], to: &[&str], expected: &[(i64, SortedBy, &str)]) {
        let rules: Vec<Rule> = [("sales@a.example", 1), ("@a.example", 2), ("help@a.example", 3), ("", 9)]
            .map(|(pattern, group)| Rule { pattern: pattern.to_owned(), group })
            .into();
        let list = |of: &[&str]| of.iter().map(|address| (*address).to_owned()).collect::<Vec<_>>();
        let recipients = BTreeMap::from([
            (SortedBy::Envelope, list(envelope)),
            (SortedBy::DeliveredTo, list(delivered)),
            (SortedBy::To, list(to)),
        ]);
        let found = decide(&rules, &recipients);
        let found: Vec<_> = found.iter().map(|s| (s.group, s.by, s.value.as_str())).collect();
        assert_eq!(found, expected);
    }

    #[test]
    fn the_first_place_that_a_rule_names_decides() {
        let sales = "sales@a.example";
        check(&[sales], &["help@a.example"], &["x@a.example"], &[(1, SortedBy::Envelope, sales)]);
        check(
            &["x@b.example"],
            &["Help@A.example"],
            &[sales],
            &[(3, SortedBy::DeliveredTo, "help@a.example")],
        );
        check(&[], &[], &["any@a.example", "y@b.example"], &[(2, SortedBy::To, "any@a.example")]);
        check(
            &[],
            &[],
            &["help@a.example", sales, "help@a.example"],
            &[(3, SortedBy::To, "help@a.example"), (1, SortedBy::To, sales)],
        );
        check(&["@"], &["a.example"], &[""], &[(9, SortedBy::Rest, "")]);
        assert!(decide(&[], &BTreeMap::new()).is_empty());
        assert_eq!(bare("<Sales@A.example> ORCPT=rfc822;x"), sales);
    }
}
