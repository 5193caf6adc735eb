//! Mailing lists and who is on them.

use model::UnixMillis;

use crate::error::{Result, StoreError};
use crate::sql::statements;
use crate::standing_events;
use crate::store::{Store, take};
use crate::value::{Row, Rows, args};

/// A mailing list.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MailingList {
    /// Its number.
    pub key: i64,
    /// Its id.
    pub id: [u8; 16],
    /// Name, unique.
    pub name: String,
    /// Address it is sent from or to, lower case; mails with it belong to the list.
    pub address: Option<String>,
    /// When it was made.
    pub created: UnixMillis,
    /// Members on it.
    pub active: u64,
    /// Members taken off.
    pub off: u64,
}

/// A member.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ListMember {
    /// The address, lower case.
    pub address: String,
    /// Name; may be empty.
    pub name: String,
    /// Whether it is on the list.
    pub active: bool,
    /// Since when.
    pub since: UnixMillis,
    /// A user's id, or `rule`.
    pub actor: String,
}

macro_rules! select {
    ($rest:literal) => {
        concat!(
            "SELECT l.key, l.list_id, l.name, l.address, l.created, ",
            "(SELECT COUNT(*) FROM list_members m WHERE m.list = l.key AND m.active = 1), ",
            "(SELECT COUNT(*) FROM list_members m WHERE m.list = l.key AND m.active = 0) FROM mailing_lists l ",
            $rest
        )
    };
}

statements! {
    LISTS = select!("ORDER BY l.name");
    ONE = select!("WHERE l.list_id = $1");
    CREATE = "INSERT INTO mailing_lists (key, list_id, name, address, created) VALUES ($1, $2, $3, $4, $5)";
    UPDATE = "UPDATE mailing_lists SET name = $2, address = $3 WHERE key = $1";
    REMOVE = "DELETE FROM mailing_lists WHERE key = $1";
    REMOVE_MEMBERS = "DELETE FROM list_members WHERE list = $1";
    MEMBERS = "SELECT folded, name, active, since, actor FROM list_members WHERE list = $1 AND folded > $2 \
        ORDER BY folded LIMIT $3";
    ADD [Int, Text, Text, Int, Int, Text] = "WITH v(list, folded, name, active, since, actor) AS ({rows}) \
        INSERT INTO list_members (list, folded, name, active, since, actor) \
        SELECT list, folded, name, active, since, actor FROM v WHERE TRUE ON CONFLICT (list, folded) DO UPDATE SET \
        name = CASE WHEN excluded.name = '' THEN list_members.name ELSE excluded.name END, active = excluded.active, \
        since = CASE WHEN list_members.active = excluded.active THEN list_members.since ELSE excluded.since END, \
        actor = excluded.actor";
    DROP_MEMBER = "DELETE FROM list_members WHERE list = $1 AND folded = $2";
}

fn list(row: &Row<'_>) -> Result<MailingList> {
    Ok(MailingList {
        key: row.int(0)?,
        id: row.octets(1)?,
        name: row.text(2)?,
        address: row.opt_text(3)?,
        created: row.time(4)?,
        active: row.uint(5)?,
        off: row.uint(6)?,
    })
}

impl Store {
    /// All lists, by name.
    ///
    /// # Errors
    /// Those of the database.
    pub fn mailing_lists(&self) -> Result<Vec<MailingList>> {
        self.read(|tx| tx.query(&LISTS, &[], list))
    }

    /// One list.
    ///
    /// # Errors
    /// Those of the database.
    pub fn mailing_list(&self, id: [u8; 16]) -> Result<Option<MailingList>> {
        self.read(|tx| tx.first(&ONE, &[(&id).into()], list))
    }

    /// Makes a list.
    ///
    /// # Errors
    /// `Exists` if the name is taken.
    pub fn create_mailing_list(
        &self,
        id: [u8; 16],
        name: String,
        address: Option<String>,
        now: UnixMillis,
    ) -> Result<()> {
        self.write(move |tx| {
            let key = take(tx, "row", 1)?;
            let address = address.as_deref().map(standing_events::folded);
            let made = tx.exec(&CREATE, &args![key, &id, &name, address, now]);
            made.map(drop).map_err(|error| error.naming("mailing list"))
        })
    }

    /// Changes name and address of a list.
    ///
    /// # Errors
    /// `Exists` if the name is taken, `Missing`.
    pub fn update_mailing_list(&self, key: i64, name: String, address: Option<String>) -> Result<()> {
        self.write(move |tx| {
            let address = address.as_deref().map(standing_events::folded);
            let changed = tx.exec(&UPDATE, &args![key, &name, address]);
            match changed.map_err(|error| error.naming("mailing list"))? {
                0 => Err(StoreError::Missing { what: "mailing list", key: key.to_string() }),
                _ => Ok(()),
            }
        })
    }

    /// Removes a list with its members.
    ///
    /// # Errors
    /// Those of the database.
    pub fn remove_mailing_list(&self, key: i64) -> Result<()> {
        self.write(move |tx| {
            tx.exec(&REMOVE_MEMBERS, &[key.into()])?;
            tx.exec(&REMOVE, &[key.into()]).map(drop)
        })
    }

    /// Members behind the address `after`, by address.
    ///
    /// # Errors
    /// Those of the database.
    pub fn list_members(&self, key: i64, after: &str, limit: usize) -> Result<Vec<ListMember>> {
        self.read(|tx| {
            tx.query(&MEMBERS, &args![key, after, limit as i64], |row| {
                Ok(ListMember {
                    address: row.text(0)?,
                    name: row.text(1)?,
                    active: row.bool(2)?,
                    since: row.time(3)?,
                    actor: row.text(4)?,
                })
            })
        })
    }

    /// Puts members on a list, or off it, at most some thousand a call. A person's will: rules take them off again only
    /// for what happens later.
    ///
    /// # Errors
    /// Those of the database.
    pub fn put_list_members(&self, key: i64, members: Vec<ListMember>) -> Result<()> {
        self.write(move |tx| {
            let mut unique = std::collections::BTreeMap::new();
            for member in &members {
                unique.insert(standing_events::folded(&member.address), member);
            }
            let mut rows = Rows::new(6, unique.len());
            for (folded, member) in &unique {
                rows.push(args![key, folded, &member.name, member.active, member.since, &member.actor]);
            }
            tx.bulk(&ADD, &rows).map(drop)
        })
    }

    /// Forgets a member.
    ///
    /// # Errors
    /// `Missing`.
    pub fn drop_list_member(&self, key: i64, address: &str) -> Result<()> {
        let folded = standing_events::folded(address);
        self.write(move |tx| match tx.exec(&DROP_MEMBER, &args![key, &folded])? {
            0 => Err(StoreError::Missing { what: "member", key: "address".to_owned() }),
            _ => Ok(()),
        })
    }
}
