//! Users and the accounts each may read.

use std::collections::HashMap;

use model::{AccountId, Period, Role, Scope, UnixMillis, UserId};

use crate::db::Tx;
use crate::error::{Result, StoreError};
use crate::sql::statements;
use crate::store::{Store, take};
use crate::value::{Row, args};

/// What is known of a person when the login is made.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NewUser {
    /// Name to show.
    pub name: String,
    /// Mail address; the login name, unique whatever its case.
    pub email: String,
    /// Hash in PHC form; opaque here.
    pub password_hash: String,
    /// What the user may do.
    pub role: Role,
    /// `de` or `en`; empty: the browser's.
    pub language: String,
    /// `light`, `dark`, or empty: the system's.
    pub theme: String,
    /// Name of the time zone; empty: the browser's.
    pub zone: String,
}

/// A person who logs in.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct User {
    /// Id.
    pub id: UserId,
    /// The rest.
    pub profile: NewUser,
    /// Whether the user may log in.
    pub active: bool,
    /// When the login was made.
    pub created: UnixMillis,
    /// Accounts whose mail the user may read, ascending.
    pub accounts: Vec<AccountId>,
    /// What an auditor sees, and how long.
    pub limits: UserLimits,
}

/// What an auditor sees of the mail of the accounts granted, and until when. For others it is empty.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct UserLimits {
    /// Only mails of this period.
    pub period: Period,
    /// From when on the login no longer holds; `None`: never.
    pub expires: Option<UnixMillis>,
}

impl User {
    /// What of the mail this user may see.
    pub fn scope(&self) -> Scope {
        Scope::accounts(self.accounts.clone()).within(self.limits.period)
    }

    /// Whether the login holds.
    pub fn may_log_in(&self, now: UnixMillis) -> bool {
        self.active && self.limits.expires.is_none_or(|expires| now < expires)
    }
}

/// What changes; `None` stays.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct UserPatch {
    /// Name to show.
    pub name: Option<String>,
    /// Mail address.
    pub email: Option<String>,
    /// Hash in PHC form; all sessions of the user but those the caller keeps are for the caller to end.
    pub password_hash: Option<String>,
    /// Role.
    pub role: Option<Role>,
    /// Language.
    pub language: Option<String>,
    /// Theme.
    pub theme: Option<String>,
    /// Time zone.
    pub zone: Option<String>,
    /// Whether the user may log in.
    pub active: Option<bool>,
    /// The accounts the user may read, replacing those before.
    pub accounts: Option<Vec<AccountId>>,
    /// What an auditor sees, and how long; no longer kept when the role is another.
    pub limits: Option<UserLimits>,
}

macro_rules! select {
    ($rest:literal) => {
        concat!(
            "SELECT key, user_id, email, name, password_hash, role, language, theme, zone, active, created, mails_from, ",
            "mails_until, expires ",
            "FROM users ",
            $rest
        )
    };
}

statements! {
    INSERT = "INSERT INTO users (key, user_id, email, folded, name, password_hash, role, language, theme, \
        zone, active, created) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, 1, $11)";
    UPDATE = "UPDATE users SET email = $2, folded = $3, name = $4, password_hash = $5, role = $6, \
        language = $7, theme = $8, zone = $9, active = $10, mails_from = $11, mails_until = $12, expires = $13 \
        WHERE key = $1";
    DELETE = "DELETE FROM users WHERE user_id = $1";
    BY_ID = select!("WHERE user_id = $1");
    BY_EMAIL = select!("WHERE folded = $1");
    LIST = select!("ORDER BY folded");
    COUNT = "SELECT COUNT(*) FROM users";
    GRANTS = "SELECT g.user_key, a.account_id FROM grants g JOIN accounts a ON a.key = g.account \
        ORDER BY g.user_key, a.account_id";
    GRANTS_OF = "SELECT g.user_key, a.account_id FROM grants g JOIN accounts a ON a.key = g.account \
        WHERE g.user_key = $1 ORDER BY a.account_id";
    GRANT = "INSERT INTO grants (user_key, account) VALUES ($1, $2) ON CONFLICT (user_key, account) DO NOTHING";
    REVOKE = "DELETE FROM grants WHERE user_key = $1";
}

const ROLES: [Role; 3] = [Role::Administrator, Role::Agent, Role::Auditor];

fn role_code(role: Role) -> i64 {
    ROLES.iter().position(|r| *r == role).unwrap_or_default() as i64
}

/// With its key.
pub(crate) fn user(row: &Row<'_>) -> Result<(i64, User)> {
    let role = usize::try_from(row.int(5)?).ok().and_then(|at| ROLES.get(at).copied());
    let user = User {
        id: UserId::from_octets(row.octets(1)?),
        profile: NewUser {
            email: row.text(2)?,
            name: row.text(3)?,
            password_hash: row.text(4)?,
            role: role.ok_or(StoreError::Unreadable { what: "role" })?,
            language: row.text(6)?,
            theme: row.text(7)?,
            zone: row.text(8)?,
        },
        active: row.bool(9)?,
        created: row.time(10)?,
        accounts: Vec::new(),
        limits: UserLimits {
            period: Period { from: row.opt_time(11)?, until: row.opt_time(12)? },
            expires: row.opt_time(13)?,
        },
    };
    Ok((row.int(0)?, user))
}

/// The same with the accounts.
pub(crate) fn with_accounts(tx: &Tx<'_>, found: Option<(i64, User)>) -> Result<Option<User>> {
    let Some((key, mut user)) = found else { return Ok(None) };
    user.accounts = tx.query(&GRANTS_OF, &[key.into()], |row| row.octets(1).map(AccountId::from_octets))?;
    Ok(Some(user))
}

fn missing(id: UserId) -> StoreError {
    StoreError::Missing { what: "user", key: id.to_string() }
}

fn patched(user: &User, patch: &UserPatch) -> User {
    let mut user = user.clone();
    let profile = &mut user.profile;
    for (field, new) in [
        (&mut profile.name, &patch.name),
        (&mut profile.email, &patch.email),
        (&mut profile.password_hash, &patch.password_hash),
        (&mut profile.language, &patch.language),
        (&mut profile.theme, &patch.theme),
        (&mut profile.zone, &patch.zone),
    ] {
        if let Some(new) = new {
            field.clone_from(new);
        }
    }
    profile.role = patch.role.unwrap_or(profile.role);
    user.active = patch.active.unwrap_or(user.active);
    let limits = patch.limits.unwrap_or(user.limits);
    user.limits = if user.profile.role == Role::Auditor { limits } else { UserLimits::default() };
    user
}

impl Store {
    /// Makes a user who may read these accounts. With `first`, only while there is no user at all.
    ///
    /// # Errors
    /// `Exists` if the address is taken, or `first` and there is a user; `Missing` account.
    pub fn create_user(
        &self,
        id: UserId,
        new: NewUser,
        accounts: Vec<AccountId>,
        first: bool,
        now: UnixMillis,
    ) -> Result<()> {
        let keys = self.keys().clone();
        self.write(move |tx| {
            let key = take(tx, "row", 1)?;
            if first && tx.int(&COUNT, &[])? > 0 {
                return Err(StoreError::Exists { what: "first user" });
            }
            let args = args![
                key,
                id.octets(),
                &new.email,
                new.email.to_lowercase(),
                &new.name,
                &new.password_hash,
                role_code(new.role),
                &new.language,
                &new.theme,
                &new.zone,
                now,
            ];
            tx.exec(&INSERT, &args).map_err(|error| error.naming("user address"))?;
            for account in &accounts {
                tx.exec(&GRANT, &args![key, keys.known_account(tx, *account)?])?;
            }
            Ok(())
        })
    }

    /// Changes a user.
    ///
    /// # Errors
    /// `Missing` user or account; `Exists` if the address is taken.
    pub fn update_user(&self, id: UserId, patch: UserPatch) -> Result<()> {
        let keys = self.keys().clone();
        self.write(move |tx| {
            let (key, found) = tx.first(&BY_ID, &[id.octets().into()], user)?.ok_or_else(|| missing(id))?;
            let User { profile, active, limits, .. } = patched(&found, &patch);
            let args = args![
                key,
                &profile.email,
                profile.email.to_lowercase(),
                &profile.name,
                &profile.password_hash,
                role_code(profile.role),
                &profile.language,
                &profile.theme,
                &profile.zone,
                active,
                limits.period.from,
                limits.period.until,
                limits.expires,
            ];
            tx.exec(&UPDATE, &args).map_err(|error| error.naming("user address"))?;
            if let Some(accounts) = &patch.accounts {
                tx.exec(&REVOKE, &[key.into()])?;
                for account in accounts {
                    tx.exec(&GRANT, &args![key, keys.known_account(tx, *account)?])?;
                }
            }
            Ok(())
        })
    }

    /// Lets a user read an account too.
    ///
    /// # Errors
    /// `Missing` user or account.
    pub fn grant(&self, id: UserId, account: AccountId) -> Result<()> {
        let keys = self.keys().clone();
        self.write(move |tx| {
            let (key, _) = tx.first(&BY_ID, &[id.octets().into()], user)?.ok_or_else(|| missing(id))?;
            tx.exec(&GRANT, &args![key, keys.known_account(tx, account)?]).map(drop)
        })
    }

    /// Removes a user, their grants and sessions.
    ///
    /// # Errors
    /// `Missing`.
    pub fn delete_user(&self, id: UserId) -> Result<()> {
        self.write(move |tx| match tx.exec(&DELETE, &[id.octets().into()])? {
            0 => Err(missing(id)),
            _ => Ok(()),
        })
    }

    /// One user.
    ///
    /// # Errors
    /// Those of the database.
    pub fn user(&self, id: UserId) -> Result<Option<User>> {
        self.read(|tx| with_accounts(tx, tx.first(&BY_ID, &[id.octets().into()], user)?))
    }

    /// The user with this address, in any case.
    ///
    /// # Errors
    /// Those of the database.
    pub fn user_by_email(&self, email: &str) -> Result<Option<User>> {
        self.read(|tx| with_accounts(tx, tx.first(&BY_EMAIL, &[email.to_lowercase().into()], user)?))
    }

    /// All users, by address.
    ///
    /// # Errors
    /// Those of the database.
    pub fn users(&self) -> Result<Vec<User>> {
        self.read(|tx| {
            let mut grants: HashMap<i64, Vec<AccountId>> = HashMap::new();
            for (key, id) in tx.query(&GRANTS, &[], |row| Ok((row.int(0)?, row.octets(1)?)))? {
                grants.entry(key).or_default().push(AccountId::from_octets(id));
            }
            let users = tx.query(&LIST, &[], user)?.into_iter();
            Ok(users
                .map(|(key, user)| User { accounts: grants.remove(&key).unwrap_or_default(), ..user })
                .collect())
        })
    }

    /// How many users there are; none: the server is to be set up.
    ///
    /// # Errors
    /// Those of the database.
    pub fn user_count(&self) -> Result<u64> {
        self.read(|tx| tx.int(&COUNT, &[]).map(|count| count as u64))
    }
}
