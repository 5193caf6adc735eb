//! Applications registered at sign-in services.

use model::{OauthClientId, UnixMillis};

use crate::accounts::AccountKind;
use crate::db::Tx;
use crate::error::{Result, StoreError};
use crate::sql::statements;
use crate::store::{Store, take};
use crate::value::{Arg, Row, args};

/// Which service.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum OauthService {
    /// Microsoft 365.
    #[default]
    Microsoft,
    /// Google.
    Google,
    /// Another.
    Other,
    /// Microsoft 365, for Microsoft Graph.
    MicrosoftGraph,
}

impl OauthService {
    /// Whether its tokens let an account of this kind in: one of Microsoft is for Microsoft Graph or for its mail servers, never
    /// for both.
    pub fn is_for(self, kind: AccountKind) -> bool {
        match self {
            Self::Other => true,
            Self::MicrosoftGraph => kind == AccountKind::Graph,
            Self::Microsoft | Self::Google => kind != AccountKind::Graph,
        }
    }
}

/// What a person sets.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct NewOauthClient {
    /// Unique.
    pub name: String,
    /// Where it is registered.
    pub service: OauthService,
    /// Its id there.
    pub registered: String,
    /// Sealed secret, opaque here.
    pub secret: Option<Vec<u8>>,
    /// Until when the service takes the secret.
    pub secret_expires: Option<UnixMillis>,
    /// Tenant, addresses, scopes: JSON, opaque here.
    pub options: String,
}

/// An application as kept.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OauthClient {
    /// Its id.
    pub id: OauthClientId,
    /// What a person set.
    pub settings: NewOauthClient,
    /// When it was made.
    pub created: UnixMillis,
    /// How many accounts log in with it.
    pub accounts: u64,
}

macro_rules! select {
    ($rest:literal) => {
        concat!(
            "SELECT c.client_id, c.name, c.service, c.registered, c.secret, c.secret_expires, c.options, c.created, ",
            "(SELECT COUNT(*) FROM account_oauth o WHERE o.client = c.key) FROM oauth_clients c ",
            $rest
        )
    };
}

statements! {
    INSERT = "INSERT INTO oauth_clients (client_id, name, service, registered, secret, secret_expires, options, key, \
        created) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)";
    UPDATE = "UPDATE oauth_clients SET name = $2, service = $3, registered = $4, secret = $5, secret_expires = $6, \
        options = $7 WHERE client_id = $1";
    // Whoever changed the settings wants to know whether they are right now.
    TRY_AGAIN = "UPDATE oauth_grants SET trouble = '', trouble_text = '', trouble_since = NULL \
        WHERE trouble = 'settings' AND client = (SELECT key FROM oauth_clients WHERE client_id = $1)";
    REMOVE = "DELETE FROM oauth_clients WHERE client_id = $1 \
        AND NOT EXISTS (SELECT 1 FROM account_oauth o WHERE o.client = oauth_clients.key)";
    LIST = select!("ORDER BY c.name");
    BY_ID = select!("WHERE c.client_id = $1");
}

fn client(row: &Row<'_>) -> Result<OauthClient> {
    Ok(OauthClient {
        id: OauthClientId::from_octets(row.octets(0)?),
        settings: NewOauthClient {
            name: row.text(1)?,
            service: match row.int(2)? {
                0 => OauthService::Microsoft,
                1 => OauthService::Google,
                3 => OauthService::MicrosoftGraph,
                _ => OauthService::Other,
            },
            registered: row.text(3)?,
            secret: row.opt_blob(4)?,
            secret_expires: row.opt_time(5)?,
            options: row.text(6)?,
        },
        created: row.time(7)?,
        accounts: row.uint(8)?,
    })
}

/// What INSERT and UPDATE begin with.
fn set<'a>(id: &'a OauthClientId, new: &'a NewOauthClient) -> [Arg<'a>; 7] {
    args![
        id.octets(),
        &new.name,
        new.service as i64,
        &new.registered,
        new.secret.as_deref(),
        new.secret_expires,
        &new.options,
    ]
}

fn missing(id: OauthClientId) -> StoreError {
    StoreError::Missing { what: "sign-in service", key: id.to_string() }
}

pub(crate) fn by_id(tx: &Tx<'_>, id: OauthClientId) -> Result<Option<OauthClient>> {
    tx.first(&BY_ID, &[id.octets().into()], client)
}

impl Store {
    /// Makes an application known.
    ///
    /// # Errors
    /// `Exists` if the name is taken.
    pub fn create_oauth_client(&self, id: OauthClientId, new: NewOauthClient, now: UnixMillis) -> Result<()> {
        self.write(move |tx| {
            let key = take(tx, "row", 1)?;
            let args = [&set(&id, &new)[..], &args![key, now]].concat();
            tx.exec(&INSERT, &args).map(drop).map_err(|error| error.naming("sign-in service name"))
        })
    }

    /// Replaces the settings; grants that the old ones were wrong for are tried again.
    ///
    /// # Errors
    /// `Missing`; `Exists` if the name is taken.
    pub fn update_oauth_client(&self, id: OauthClientId, new: NewOauthClient) -> Result<()> {
        self.write(move |tx| {
            match tx.exec(&UPDATE, &set(&id, &new)).map_err(|error| error.naming("sign-in service name"))? {
                0 => Err(missing(id)),
                _ => tx.exec(&TRY_AGAIN, &[id.octets().into()]).map(drop),
            }
        })
    }

    /// Forgets an application that no account uses.
    ///
    /// # Errors
    /// `Missing`, also while an account uses it.
    pub fn remove_oauth_client(&self, id: OauthClientId) -> Result<()> {
        self.write(move |tx| match tx.exec(&REMOVE, &[id.octets().into()])? {
            0 => Err(missing(id)),
            _ => Ok(()),
        })
    }

    /// All, by name.
    ///
    /// # Errors
    /// Those of the database.
    pub fn oauth_clients(&self) -> Result<Vec<OauthClient>> {
        self.read(|tx| tx.query(&LIST, &[], client))
    }

    /// One of them.
    ///
    /// # Errors
    /// Those of the database.
    pub fn oauth_client(&self, id: OauthClientId) -> Result<Option<OauthClient>> {
        self.read(|tx| by_id(tx, id))
    }
}

#[cfg(test)]
mod tests {
    use super::{AccountKind as Kind, OauthService as Service};

    #[test]
    fn tokens_of_microsoft_are_for_one_of_two() {
        for (kind, service, fits) in [
            (Kind::Graph, Service::MicrosoftGraph, true),
            (Kind::Graph, Service::Other, true),
            (Kind::Graph, Service::Microsoft, false),
            (Kind::Imap, Service::Microsoft, true),
            (Kind::Imap, Service::MicrosoftGraph, false),
            (Kind::Pop3, Service::Other, true),
        ] {
            assert_eq!(service.is_for(kind), fits, "{kind:?} {service:?}");
        }
    }
}
