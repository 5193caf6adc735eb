//! Requests to the service with a token.

use std::sync::Arc;

use connect::oauth::Needs;
use connect::{Method, Web, WebAnswer, WebRequest};
use keys::Secret;
use tokio::sync::Mutex;
use url::Url;

use super::json::{self, Item, JsonError, Page};
use super::refusal::{Refusal, Trouble, broken};
use crate::Connection;
use crate::imap::{During, Encryption, ImapError, Settings};
use crate::sasl::{Credential, Login, NoToken};

/// Longest answer that is no mail, octets.
const ANSWER_OCTETS_MAX: usize = 16 << 20;
/// Mails on a page of changes …
const PAGE_MAILS: &str = "odata.maxpagesize=200";
/// … and of ids only.
const IDS_PAGE: &str = "1000";
/// A mail is known by the same id wherever it is moved to.
const IMMUTABLE: &str = "IdType=\"ImmutableId\"";
/// What is asked of each mail.
const SELECTED: &str = "id,receivedDateTime,isRead,isDraft,flag,parentFolderId";

/// Asks for one account. Tasks share it.
#[derive(Debug)]
pub(super) struct Client {
    web: Web,
    base: Url,
    login: String,
    credential: Login,
    held: Mutex<Held>,
    pub(super) connection: Arc<Connection>,
}

/// The token at hand.
#[derive(Debug, Default)]
struct Held {
    /// Grows with each.
    number: u64,
    token: Option<Secret<String>>,
}

/// `https://graph.microsoft.com/v1.0` for these settings.
fn base(settings: &Settings) -> Option<Url> {
    let scheme = if settings.encryption == Encryption::None { "http" } else { "https" };
    let host = settings.host.trim();
    let host =
        if host.contains(':') && !host.starts_with('[') { format!("[{host}]") } else { host.to_owned() };
    Url::parse(&format!("{scheme}://{host}:{}/v1.0", settings.port)).ok()
}

impl Client {
    pub(super) fn new(settings: &Settings, connection: Arc<Connection>) -> Result<Self, ImapError> {
        let unusable = || ImapError::Protocol { what: "the server's name is no web address".to_owned() };
        let base = base(settings).ok_or_else(unusable)?;
        let web = Web::new(base.clone(), settings.tls.clone(), settings.options.answer_timeout)
            .map_err(|_| ImapError::Insecure { host: settings.host.clone() })?;
        Ok(Self {
            web,
            base,
            login: settings.login.clone(),
            credential: settings.credential.clone(),
            held: Mutex::default(),
            connection,
        })
    }

    /// An address below the mailbox; each part is one level, whatever is in it.
    pub(super) fn address(&self, parts: &[&str]) -> Url {
        let mut url = self.base.clone();
        if let Ok(mut path) = url.path_segments_mut() {
            path.extend(["users", self.login.as_str()]).extend(parts);
        }
        url
    }

    /// Where the changes of a folder begin: with all that is in it, the newest first.
    pub(super) fn delta(&self, folder: &str) -> Url {
        let mut url = self.address(&["mailFolders", folder, "messages", "delta"]);
        url.query_pairs_mut()
            .append_pair("$select", SELECTED)
            .append_pair("$orderby", "receivedDateTime desc");
        url
    }

    /// Where the ids of a folder's mails begin.
    pub(super) fn ids(&self, folder: &str) -> Url {
        let mut url = self.address(&["mailFolders", folder, "messages"]);
        url.query_pairs_mut().append_pair("$select", "id").append_pair("$top", IDS_PAGE);
        url
    }

    /// A link the service gave, or that was kept of it.
    ///
    /// # Errors
    /// `Foreign`: the token would go to another server.
    pub(super) fn link(&self, link: &str) -> Result<Url, ImapError> {
        let url =
            Url::parse(link).map_err(|_| ImapError::Protocol { what: "a link is no address".to_owned() })?;
        if self.web.is_of_server(&url) {
            return Ok(url);
        }
        Err(ImapError::Foreign { host: url.host_str().unwrap_or_default().chars().take(253).collect() })
    }

    /// Asks, with one more token if the first is refused.
    pub(super) async fn send(
        &self,
        method: Method,
        url: Url,
        body: Option<(&'static str, Vec<u8>)>,
        during: During,
    ) -> Result<WebAnswer, Trouble> {
        let mut request = WebRequest::new(method, url);
        if let Some((kind, octets)) = body {
            request.fields.push(("content-type", kind.to_owned()));
            request.body = octets;
        } else if request.method == Method::POST {
            request.fields.push(("content-length", "0".to_owned()));
        }
        for preference in [IMMUTABLE, PAGE_MAILS] {
            request.fields.push(("prefer", preference.to_owned()));
        }
        let fields = request.fields.len();
        let mut refused = None;
        loop {
            let (number, token) = self.token(refused.as_ref()).await?;
            request.fields.truncate(fields);
            request.fields.push(("authorization", format!("Bearer {}", token.expose())));
            let mut answer = self.web.send(&request).await.map_err(|error| broken(error, during))?;
            let status = answer.status();
            if (200..300).contains(&status) {
                self.connection.stands_until(self.web.certificate_ends());
                return Ok(answer);
            }
            let retry_after = answer.field("retry-after").map(str::to_owned);
            // What it says is of use only where it comes.
            let body = answer.octets(ANSWER_OCTETS_MAX).await.unwrap_or_default();
            let refusal = Refusal::read(status, retry_after.as_deref(), &body);
            if status == 401 && refused.is_none() {
                refused = Some((number, refusal.said()));
                continue;
            }
            return Err(Trouble::Refused(refusal));
        }
    }

    /// The token at hand; another, if the one of this number was refused with these words.
    async fn token(&self, refused: Option<&(u64, String)>) -> Result<(u64, Secret<String>), ImapError> {
        let mut held = self.held.lock().await;
        if let Some((number, words)) = refused
            && *number == held.number
        {
            if !self.credential.has_another() {
                return Err(ImapError::NoToken(NoToken { needs: Needs::Consent, words: words.clone() }));
            }
            held.token = None;
        }
        if let Some(token) = &held.token {
            return Ok((held.number, token.clone()));
        }
        let token = match self.credential.credential().await? {
            Credential::Bearer(token) => token,
            Credential::Password(_) => {
                return Err(ImapError::NoLogin { mechanisms: vec!["OAuth 2".to_owned()] });
            }
        };
        *held = Held { number: held.number + 1, token: Some(token.clone()) };
        Ok((held.number, token))
    }

    /// The whole answer to a question.
    pub(super) async fn get(&self, url: Url, during: During) -> Result<Vec<u8>, Trouble> {
        self.answer(Method::GET, url, None, during).await
    }

    /// The whole answer.
    pub(super) async fn answer(
        &self,
        method: Method,
        url: Url,
        body: Option<(&'static str, Vec<u8>)>,
        during: During,
    ) -> Result<Vec<u8>, Trouble> {
        let mut answer = self.send(method, url, body, during).await?;
        Ok(answer.octets(ANSWER_OCTETS_MAX).await.map_err(|error| broken(error, during))?)
    }

    /// A page of mails or changes.
    pub(super) async fn page(&self, url: Url, during: During) -> Result<Page<Item>, Trouble> {
        Ok(json::items(&self.get(url, during).await?).map_err(unreadable)?)
    }

    /// What is said of one mail.
    pub(super) async fn item(&self, id: &str) -> Result<Item, Trouble> {
        let mut url = self.address(&["messages", id]);
        url.query_pairs_mut().append_pair("$select", SELECTED);
        Ok(json::single(&self.get(url, During::Fetch).await?).map_err(unreadable)?)
    }
}

/// An answer that is none.
pub(super) fn unreadable(error: JsonError) -> ImapError {
    ImapError::Protocol { what: error.to_string() }
}

#[cfg(test)]
mod tests {
    use connect::{ClientTls, Trust};

    use super::*;

    fn client(host: &str, port: u16, encryption: Encryption) -> Result<Client, ImapError> {
        let settings = Settings {
            host: host.to_owned(),
            port,
            encryption,
            tls: ClientTls::new(&Trust::System).unwrap(),
            login: "info@example.org".to_owned(),
            credential: "secret".into(),
            options: crate::imap::Options::default(),
        };
        Client::new(&settings, Arc::default())
    }

    #[test]
    fn addresses_stay_below_the_mailbox() {
        let graph = client("graph.microsoft.com", 443, Encryption::Tls).unwrap();
        let check = |parts: &[&str], expected: &str| assert_eq!(graph.address(parts).as_str(), expected);
        let base = "https://graph.microsoft.com/v1.0/users/info@example.org";
        check(&["messages", "AA/B+C=", "$value"], &format!("{base}/messages/AA%2FB+C=/$value"));
        check(&["mailFolders", "a?b#c%2F"], &format!("{base}/mailFolders/a%3Fb%23c%252F"));
        assert!(
            graph.delta("inbox").as_str().starts_with(&format!("{base}/mailFolders/inbox/messages/delta?"))
        );
        let local = client("::1", 8080, Encryption::None).unwrap();
        assert!(local.address(&[]).as_str().starts_with("http://[::1]:8080/v1.0/users/"));
    }

    #[test]
    fn tokens_go_to_the_server_and_to_no_other() {
        let graph = client("graph.microsoft.com", 443, Encryption::Tls).unwrap();
        assert!(graph.link("https://graph.microsoft.com/v1.0/users/x/delta?$deltatoken=a").is_ok());
        assert!(graph.link("https://graph.microsoft.com:443/v1.0/x").is_ok());
        for foreign in [
            "https://graph.microsoft.com.example.org/v1.0/x",
            "https://graph.microsoft.com:8443/v1.0/x",
            "http://graph.microsoft.com/v1.0/x",
            "https://graph.microsoft.com@example.org/x",
            "https://eve@graph.microsoft.com/x",
            "file:///etc/passwd",
        ] {
            assert!(matches!(graph.link(foreign), Err(ImapError::Foreign { .. })), "{foreign}");
        }
        assert!(matches!(graph.link("/v1.0/x"), Err(ImapError::Protocol { .. })));
        let plain = client("graph.example.org", 80, Encryption::None);
        assert!(matches!(plain, Err(ImapError::Insecure { .. })));
    }
}
