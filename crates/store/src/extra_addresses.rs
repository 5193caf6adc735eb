//! Addresses of contacts that their source does not name: proposed by what they write, confirmed or rejected by people.

use link::AddressUse;
use model::{MailId, RecordKey, RecordKind, Scope, UnixMillis};

use crate::db::Tx;
use crate::error::{Result, StoreError};
use crate::message_links::{LinkedRecord, record};
use crate::record_mails::lists;
use crate::records::{self, COLUMNS};
use crate::sql::statements;
use crate::standing_events::{folded, from_list};
use crate::store::{Store, take};
use crate::value::{Arg, Row, Rows, args};

/// What a person has said of an address.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum ExtraAddressState {
    /// Nothing yet.
    #[default]
    Proposed,
    /// It is one.
    Confirmed,
    /// It is none, and is not to be proposed again.
    Rejected,
}

impl ExtraAddressState {
    /// Every state, in the order of the definition.
    pub const ALL: [Self; 3] = [Self::Proposed, Self::Confirmed, Self::Rejected];

    /// The word in JSON.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Proposed => "proposed",
            Self::Confirmed => "confirmed",
            Self::Rejected => "rejected",
        }
    }
}

/// Mail that taught an address.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TaughtBy {
    /// Its id.
    pub mail_id: MailId,
    /// Its subject.
    pub subject: String,
    /// Effective date.
    pub date: UnixMillis,
}

/// An address of a contact that its source does not name.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ExtraAddress {
    /// The contact.
    pub record: LinkedRecord,
    /// The address.
    pub address: String,
    /// What it is to the contact.
    pub used: AddressUse,
    /// What a person has said.
    pub state: ExtraAddressState,
    /// The mail that taught it, if the scope allows to know of it.
    pub taught: Option<TaughtBy>,
    /// When it was proposed or typed.
    pub at: UnixMillis,
    /// Who decided: a user's id; empty before.
    pub actor: String,
    /// When.
    pub decided: Option<UnixMillis>,
    cursor: ExtraAddressCursor,
}

/// Place in a list of such addresses, the latest first.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ExtraAddressCursor {
    at: i64,
    record: i64,
    used: i64,
    folded: String,
}

impl std::fmt::Display for ExtraAddressCursor {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}.{}.{}.{}", self.at, self.record, self.used, self.folded)
    }
}

impl std::str::FromStr for ExtraAddressCursor {
    type Err = ();

    fn from_str(text: &str) -> std::result::Result<Self, ()> {
        let mut parts = text.splitn(4, '.');
        let mut number = || parts.next().and_then(|part| part.parse().ok()).ok_or(());
        let (at, record, used) = (number()?, number()?, number()?);
        Ok(Self { at, record, used, folded: parts.next().ok_or(())?.to_owned() })
    }
}

/// A page of them.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ExtraAddresses {
    /// The latest first.
    pub items: Vec<ExtraAddress>,
    /// Where the next page begins.
    pub next: Option<ExtraAddressCursor>,
}

/// An address as a mail teaches it.
pub(crate) struct Taught {
    pub(crate) message: i64,
    pub(crate) proposal: link::Proposal,
}

/// Of extra addresses `x`: with their contact, and the mail if one of the lists `$1` has it.
macro_rules! select {
    () => {
        concat!(
            "SELECT ",
            records::columns!(),
            ", x.folded, x.used, x.state, x.at, x.actor, x.decided, f.mail_id, h.subject, f.date \
             FROM extra_addresses x JOIN records r ON r.key = x.record LEFT JOIN mails m ON m.seq = x.message \
             LEFT JOIN mails f ON f.seq = m.message_seq AND EXISTS (SELECT 1 FROM entries e WHERE e.list = ANY($1) \
             AND e.date = f.date AND e.message_seq = f.seq) LEFT JOIN heads h ON h.seq = f.seq WHERE "
        )
    };
}

statements! {
    KEY = "SELECT key FROM records WHERE kind = $1 AND number = $2";
    TEACH [Int, Text, Int, Int, Int] = "WITH v(record, folded, used, message, at) AS ({rows}) INSERT INTO extra_addresses \
        (record, folded, used, state, message, at, actor) SELECT record, folded, used, 0, message, at, '' FROM v WHERE TRUE \
        ON CONFLICT (record, folded, used) DO NOTHING";
    PAGE = concat!(select!(), "x.state = $2 AND (x.at, x.record, x.folded, x.used) < ($3, $4, $5, $6) \
        AND (x.message = 0 OR f.seq IS NOT NULL) ORDER BY x.at DESC, x.record DESC, x.folded DESC, x.used DESC LIMIT $7");
    OF_RECORD = concat!(select!(), "x.record = $2 AND (x.state > 0 OR f.seq IS NOT NULL) ORDER BY x.state, x.folded, x.used");
    DECIDE = "INSERT INTO extra_addresses (record, folded, used, state, message, at, actor, decided) \
        VALUES ($1, $2, $3, $4, 0, $5, $6, $5) ON CONFLICT (record, folded, used) DO UPDATE SET \
        state = excluded.state, actor = excluded.actor, decided = excluded.decided";
    REOPEN = "UPDATE extra_addresses SET state = 0, actor = '', decided = NULL \
        WHERE record = $1 AND folded = $2 AND used = $3 AND message > 0";
    FORGET = "DELETE FROM extra_addresses WHERE record = $1 AND folded = $2 AND used = $3 AND message = 0";
    UNCARRY = "DELETE FROM record_addresses WHERE record = ANY($1) AND n >= 1000000";
    CARRY = "INSERT INTO record_addresses (record, n, folded) SELECT x.record, \
        1000000 + ROW_NUMBER() OVER (PARTITION BY x.record ORDER BY x.folded), x.folded FROM extra_addresses x \
        WHERE x.record = ANY($1) AND x.state = 1 AND x.used = 0 AND NOT EXISTS \
        (SELECT 1 FROM record_addresses a WHERE a.record = x.record AND a.folded = x.folded)";
    TOUCH = "UPDATE records SET change_seq = $2 WHERE key = $1";
}

fn row(row: &Row<'_>) -> Result<ExtraAddress> {
    let at = COLUMNS;
    let (key, address, used, when) = (row.int(0)?, row.text(at)?, row.int(at + 1)?, row.time(at + 3)?);
    let taught = match row.opt_blob(at + 6)? {
        Some(octets) => {
            let octets = <[u8; 16]>::try_from(octets.as_slice());
            let mail_id =
                MailId::from_octets(octets.map_err(|_| StoreError::Unreadable { what: "mail id" })?);
            Some(TaughtBy {
                mail_id,
                subject: row.opt_text(at + 7)?.unwrap_or_default(),
                date: row.opt_time(at + 8)?.unwrap_or_default(),
            })
        }
        None => None,
    };
    Ok(ExtraAddress {
        record: record(row)?,
        used: from_list(&AddressUse::ALL, used, "use of an address")?,
        state: from_list(&ExtraAddressState::ALL, row.int(at + 2)?, "state of an address")?,
        taught,
        at: when,
        actor: row.text(at + 4)?,
        decided: row.opt_time(at + 5)?,
        cursor: ExtraAddressCursor { at: when.0, record: key, used, folded: address.clone() },
        address,
    })
}

/// Keeps what mails taught; what is known already, rejected too, stays as it is.
pub(crate) fn teach(tx: &Tx<'_>, taught: &[Taught], at: UnixMillis) -> Result<()> {
    let mut rows = Rows::new(5, taught.len());
    for Taught { message, proposal } in taught {
        rows.push(args![proposal.contact.0, folded(&proposal.address), proposal.used as i64, *message, at]);
    }
    tx.bulk(&TEACH, &rows).map(drop)
}

/// Puts confirmed addresses behind those that the source has written.
pub(crate) fn carry(tx: &Tx<'_>, records: &[i64]) -> Result<()> {
    tx.exec(&CARRY, &[Arg::Ints(records)]).map(drop)
}

impl Store {
    /// Addresses in this state behind `after`, at most `limit`; those taught by mails that the scope does not allow are
    /// left out.
    ///
    /// # Errors
    /// Those of the database.
    pub fn extra_addresses(
        &self,
        scope: &Scope,
        state: ExtraAddressState,
        after: Option<&ExtraAddressCursor>,
        limit: usize,
    ) -> Result<ExtraAddresses> {
        self.read(|tx| {
            let lists = lists(&self.keys().scope(tx, scope)?);
            let (at, record, used, folded) = match after {
                Some(cursor) => (cursor.at, cursor.record, cursor.used, cursor.folded.as_str()),
                None => (i64::MAX, 0, 0, ""),
            };
            let mut arguments = vec![Arg::Ints(&lists)];
            arguments.extend(args![state as i64, at, record, folded, used, limit as i64 + 1]);
            let mut items = tx.query(&PAGE, &arguments, row)?;
            let more = items.len() > limit;
            items.truncate(limit);
            let next = items.last().filter(|_| more).map(|last| last.cursor.clone());
            Ok(ExtraAddresses { items, next })
        })
    }

    /// All of one record; proposals taught by mails that the scope does not allow are left out.
    ///
    /// # Errors
    /// Those of the database.
    pub fn extra_addresses_of(&self, scope: &Scope, record: RecordKey) -> Result<Vec<ExtraAddress>> {
        self.read(|tx| {
            let lists = lists(&self.keys().scope(tx, scope)?);
            tx.query(&OF_RECORD, &[Arg::Ints(&lists), record.0.into()], row)
        })
    }

    /// Notes what a person says of an address of a record; one that nobody knew is added. [`ExtraAddressState::Proposed`] takes
    /// back what was said, and forgets what a person had typed.
    ///
    /// # Errors
    /// `Missing` record.
    pub fn decide_extra_address(
        &self,
        (kind, number): (RecordKind, String),
        address: &str,
        used: AddressUse,
        state: ExtraAddressState,
        actor: String,
        now: UnixMillis,
    ) -> Result<()> {
        let address = folded(address);
        self.write(move |tx| {
            let found = tx.first(&KEY, &args![kind as i64, &number], |row| row.int(0))?;
            let missing =
                || StoreError::Missing { what: "record", key: format!("{} {number}", kind.as_str()) };
            let record = found.ok_or_else(missing)?;
            if state == ExtraAddressState::Proposed {
                tx.exec(&REOPEN, &args![record, &address, used as i64])?;
                tx.exec(&FORGET, &args![record, &address, used as i64])?;
            } else {
                tx.exec(&DECIDE, &args![record, &address, used as i64, state as i64, now, &actor])?;
            }
            tx.exec(&UNCARRY, &[Arg::Ints(&[record])])?;
            carry(tx, &[record])?;
            let change = take(tx, "record", 1)?;
            tx.exec(&TOUCH, &args![record, change]).map(drop)
        })
    }
}
