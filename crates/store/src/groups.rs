//! Groups: who deals with which mail together. A name, addresses, members, a description.

use model::{UnixMillis, UserId};

use crate::db::Tx;
use crate::error::{Result, StoreError};
use crate::sql::statements;
use crate::store::{Store, take};
use crate::value::{Arg, Row, Rows, args};

/// A group to make, or what one is to be.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct NewGroup {
    /// Name; unique without regard to case.
    pub name: String,
    /// What it is for; may be empty.
    pub description: String,
    /// Its addresses.
    pub addresses: Vec<String>,
    /// Who belongs to it.
    pub members: Vec<UserId>,
}

/// A group.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Group {
    /// Its number.
    pub key: i64,
    /// UUID, octets.
    pub id: [u8; 16],
    /// What it is; addresses in lower case, in order.
    pub what: NewGroup,
    /// When it was made.
    pub created: UnixMillis,
}

statements! {
    LIST = "SELECT key, group_id, name, description, created FROM mail_groups ORDER BY folded";
    FIND = "SELECT key FROM mail_groups WHERE group_id = $1";
    TAKEN = "SELECT key FROM mail_groups WHERE folded = $1";
    ADDRESSES = "SELECT group_key, folded FROM group_addresses ORDER BY group_key, folded";
    MEMBERS = "SELECT m.group_key, u.user_id FROM group_members m JOIN users u ON u.key = m.user_key \
        ORDER BY m.group_key, u.folded";
    INSERT = "INSERT INTO mail_groups (key, group_id, name, folded, description, created) \
        VALUES ($1, $2, $3, $4, $5, $6)";
    UPDATE = "UPDATE mail_groups SET name = $2, folded = $3, description = $4 WHERE key = $1";
    DROP_ADDRESSES = "DELETE FROM group_addresses WHERE group_key = $1";
    DROP_MEMBERS = "DELETE FROM group_members WHERE group_key = $1";
    ADD_ADDRESS [Int, Text] = "WITH v(group_key, folded) AS ({rows}) INSERT INTO group_addresses (group_key, folded) \
        SELECT group_key, folded FROM v WHERE TRUE ON CONFLICT (group_key, folded) DO NOTHING";
    ADD_MEMBER [Int, Blob] = "WITH v(group_key, user_id) AS ({rows}) INSERT INTO group_members (group_key, user_key) \
        SELECT v.group_key, u.key FROM v JOIN users u ON u.user_id = v.user_id WHERE TRUE \
        ON CONFLICT (group_key, user_key) DO NOTHING";
    REMOVE = "DELETE FROM mail_groups WHERE key = $1";
    DROP_RULES = "DELETE FROM sorting_rules WHERE group_key = $1";
    DROP_SORTED = "DELETE FROM message_groups WHERE group_key = $1";
}

/// Key of a group.
pub(crate) fn key(tx: &Tx<'_>, id: [u8; 16]) -> Result<i64> {
    let found = tx.first(&FIND, &[(&id).into()], |row| row.int(0))?;
    found.ok_or_else(|| StoreError::Missing { what: "group", key: uuid::Uuid::from_bytes(id).to_string() })
}

fn free(tx: &Tx<'_>, name: &str, own: Option<i64>) -> Result<String> {
    let folded = name.to_lowercase();
    match tx.first(&TAKEN, &[(&folded).into()], |row| row.int(0))? {
        Some(other) if Some(other) != own => Err(StoreError::Exists { what: "group name" }),
        _ => Ok(folded),
    }
}

fn fill(tx: &Tx<'_>, key: i64, what: &NewGroup) -> Result<()> {
    let mut rows = Rows::new(2, what.addresses.len());
    let mut addresses: Vec<String> = what.addresses.iter().map(|address| address.to_lowercase()).collect();
    addresses.sort_unstable();
    addresses.dedup();
    for address in &addresses {
        rows.push(args![key, address]);
    }
    tx.bulk(&ADD_ADDRESS, &rows)?;
    let mut members = what.members.clone();
    members.sort_unstable();
    members.dedup();
    let mut rows = Rows::new(2, members.len());
    for member in &members {
        rows.push(args![key, member.octets()]);
    }
    tx.bulk(&ADD_MEMBER, &rows).map(drop)
}

/// Makes one, in the transaction of whoever makes something else with it; gives its key.
pub(crate) fn insert(tx: &Tx<'_>, id: [u8; 16], new: &NewGroup, now: UnixMillis) -> Result<i64> {
    let folded = free(tx, &new.name, None)?;
    let key = take(tx, "row", 1)?;
    tx.exec(&INSERT, &args![key, &id, &new.name, &folded, &new.description, now])?;
    fill(tx, key, new)?;
    Ok(key)
}

/// Removes one; mails sorted to it are sorted to none.
pub(crate) fn remove(tx: &Tx<'_>, id: [u8; 16]) -> Result<()> {
    let key = key(tx, id)?;
    for statement in [&DROP_ADDRESSES, &DROP_MEMBERS, &DROP_RULES, &DROP_SORTED, &REMOVE] {
        tx.exec(statement, &[key.into()])?;
    }
    Ok(())
}

fn read(row: &Row<'_>) -> Result<Group> {
    let what = NewGroup { name: row.text(2)?, description: row.text(3)?, ..NewGroup::default() };
    Ok(Group { key: row.int(0)?, id: row.octets(1)?, what, created: row.time(4)? })
}

impl Store {
    /// All groups, by name.
    ///
    /// # Errors
    /// Those of the database.
    pub fn groups(&self) -> Result<Vec<Group>> {
        self.read(|tx| {
            let mut groups = tx.query(&LIST, &[], read)?;
            let addresses = tx.query(&ADDRESSES, &[], |row| Ok((row.int(0)?, row.text(1)?)))?;
            let member = |row: &Row<'_>| Ok((row.int(0)?, UserId::from_octets(row.octets(1)?)));
            let members = tx.query(&MEMBERS, &[], member)?;
            for group in &mut groups {
                let of = |key: i64| key == group.key;
                group.what.addresses = addresses
                    .iter()
                    .filter(|(key, _)| of(*key))
                    .map(|(_, address)| address.clone())
                    .collect();
                group.what.members =
                    members.iter().filter(|(key, _)| of(*key)).map(|(_, member)| *member).collect();
            }
            Ok(groups)
        })
    }

    /// Makes a group; users that do not exist are left out.
    ///
    /// # Errors
    /// `Exists` with `group name` if there is one of that name, whatever its case.
    pub fn create_group(&self, id: [u8; 16], new: NewGroup, now: UnixMillis) -> Result<()> {
        self.write(move |tx| insert(tx, id, &new, now).map(drop))
    }

    /// Changes a group.
    ///
    /// # Errors
    /// `Missing`; `Exists` with `group name` if another one has that name.
    pub fn change_group(&self, id: [u8; 16], what: NewGroup) -> Result<()> {
        self.write(move |tx| {
            let key = key(tx, id)?;
            let folded = free(tx, &what.name, Some(key))?;
            tx.exec(&UPDATE, &args![key, &what.name, &folded, &what.description])?;
            tx.exec(&DROP_ADDRESSES, &[Arg::Int(key)])?;
            tx.exec(&DROP_MEMBERS, &[Arg::Int(key)])?;
            fill(tx, key, &what)
        })
    }

    /// Removes a group with the rules that sort to it; the mails stay.
    ///
    /// # Errors
    /// `Missing`.
    pub fn remove_group(&self, id: [u8; 16]) -> Result<()> {
        self.write_batch(move |tx| remove(tx, id))
    }
}
