//! Who grants: presets, and whoever describes itself.

use serde_json::Value;
use url::{Host, Url};

use super::{Http, OauthError};

/// A service whose addresses are known, or another.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Service {
    /// Microsoft 365 and Outlook.com, for IMAP and POP3.
    Microsoft,
    /// Microsoft 365 and Outlook.com, for Microsoft Graph: a token is for one of the two only.
    MicrosoftGraph,
    /// Google Workspace and Gmail.
    Google,
    /// By settings.
    Other,
}

/// Addresses of an authorization server.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Endpoints {
    /// Page for people.
    pub authorize: String,
    /// Where tokens come from.
    pub token: String,
    /// Where device codes come from (RFC 8628).
    pub device: Option<String>,
    /// Where tokens are given back (RFC 7009).
    pub revoke: Option<String>,
    /// Who says whom a token is of.
    pub userinfo: Option<String>,
}

/// An authorization server, and what is asked of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Provider {
    /// Which.
    pub service: Service,
    /// Its addresses.
    pub endpoints: Endpoints,
    /// What is asked for when a person consents.
    pub scopes: Vec<String>,
    /// What is asked for by the application itself; empty: that is not offered.
    pub app_scopes: Vec<String>,
    /// Further fields of the address a person is sent to.
    pub asked_with: Vec<(String, String)>,
    /// The secret goes into the field `Authorization` instead of the body (RFC 6749 §2.3.1).
    pub basic: bool,
    /// Page where an administrator consents for everybody.
    pub admin_consent: Option<String>,
}

fn words(text: &[&str]) -> Vec<String> {
    text.iter().map(|word| (*word).to_owned()).collect()
}

impl Provider {
    /// Microsoft's identity platform. `tenant`: the directory's id or domain; `common` for any, `consumers` for
    /// Outlook.com.
    ///
    /// Microsoft has no revocation endpoint: a consent is taken back in the portal.
    ///
    /// Source: Microsoft, "Authenticate an IMAP, POP or SMTP connection using OAuth".
    pub fn microsoft(tenant: &str) -> Self {
        let tenant: String =
            tenant.trim().chars().filter(|c| c.is_ascii_alphanumeric() || matches!(c, '.' | '-')).collect();
        let tenant = if tenant.is_empty() { "common".to_owned() } else { tenant };
        let base = format!("https://login.microsoftonline.com/{tenant}");
        Self {
            service: Service::Microsoft,
            endpoints: Endpoints {
                authorize: format!("{base}/oauth2/v2.0/authorize"),
                token: format!("{base}/oauth2/v2.0/token"),
                device: Some(format!("{base}/oauth2/v2.0/devicecode")),
                revoke: None,
                userinfo: None,
            },
            scopes: words(&[
                "openid",
                "profile",
                "email",
                "offline_access",
                "https://outlook.office.com/IMAP.AccessAsUser.All",
                "https://outlook.office.com/POP.AccessAsUser.All",
            ]),
            app_scopes: words(&["https://outlook.office365.com/.default"]),
            asked_with: vec![("prompt".to_owned(), "select_account".to_owned())],
            basic: false,
            admin_consent: Some(format!("{base}/v2.0/adminconsent")),
        }
    }

    /// Microsoft's identity platform, for Microsoft Graph. `tenant` as for [`Provider::microsoft`].
    ///
    /// `Mail.ReadWrite.Shared` is for mailboxes that several share; `Mail.Send` comes with [`Provider::with_sending`];
    /// an application by itself gets what an administrator has granted it.
    ///
    /// Source: Microsoft, "Microsoft Graph permissions reference", "Get access without a user".
    pub fn microsoft_graph(tenant: &str) -> Self {
        Self {
            service: Service::MicrosoftGraph,
            scopes: words(&[
                "openid",
                "profile",
                "email",
                "offline_access",
                "https://graph.microsoft.com/Mail.ReadWrite",
                "https://graph.microsoft.com/Mail.ReadWrite.Shared",
            ]),
            app_scopes: words(&["https://graph.microsoft.com/.default"]),
            ..Self::microsoft(tenant)
        }
    }

    /// What sending needs besides; asked for only where an account sends. `None`: what fetching needs is enough.
    pub const fn sending_scope(&self) -> Option<&'static str> {
        match self.service {
            Service::Microsoft => Some("https://outlook.office.com/SMTP.Send"),
            Service::MicrosoftGraph => Some("https://graph.microsoft.com/Mail.Send"),
            _ => None,
        }
    }

    /// The same when an account sends, too.
    #[must_use]
    pub fn with_sending(mut self) -> Self {
        self.scopes.extend(self.sending_scope().map(str::to_owned));
        self
    }

    /// What an administrator consents to for everybody.
    pub(super) const fn admin_scope(&self) -> &'static str {
        match self.service {
            Service::MicrosoftGraph => "https://graph.microsoft.com/.default",
            _ => "https://outlook.office.com/.default",
        }
    }

    /// Google. Its device codes do not reach mail, so none are offered.
    ///
    /// Source: Google, "Using OAuth 2.0 for Web Server Applications", "OAuth 2.0 Mechanism" (XOAUTH2).
    pub fn google() -> Self {
        Self {
            service: Service::Google,
            endpoints: Endpoints {
                authorize: "https://accounts.google.com/o/oauth2/v2/auth".to_owned(),
                token: "https://oauth2.googleapis.com/token".to_owned(),
                device: None,
                revoke: Some("https://oauth2.googleapis.com/revoke".to_owned()),
                userinfo: None,
            },
            scopes: words(&["openid", "email", "https://mail.google.com/"]),
            app_scopes: Vec::new(),
            // Without these there is no refresh token, or only at the first consent.
            asked_with: vec![
                ("access_type".to_owned(), "offline".to_owned()),
                ("prompt".to_owned(), "consent".to_owned()),
            ],
            basic: false,
            admin_consent: None,
        }
    }

    /// Any other, by its addresses.
    pub fn other(endpoints: Endpoints, scopes: Vec<String>, basic: bool) -> Self {
        let wants_offline = scopes.iter().any(|scope| scope == "offline_access");
        Self {
            service: Service::Other,
            endpoints,
            app_scopes: scopes.iter().filter(|scope| !is_of_people(scope)).cloned().collect(),
            scopes,
            // OpenID Connect Core §11: offline access is granted only where a person is asked.
            asked_with: if wants_offline {
                vec![("prompt".to_owned(), "consent".to_owned())]
            } else {
                Vec::new()
            },
            basic,
            admin_consent: None,
        }
    }

    /// Whether every address is one that may be asked.
    ///
    /// # Errors
    /// [`OauthError::Address`].
    pub fn check(&self) -> Result<(), OauthError> {
        let Endpoints { authorize, token, device, revoke, userinfo } = &self.endpoints;
        let all = [
            ("authorize", Some(authorize)),
            ("token", Some(token)),
            ("device", device.as_ref()),
            ("revoke", revoke.as_ref()),
            ("userinfo", userinfo.as_ref()),
        ];
        for (what, url) in all {
            if url.is_some_and(|url| !is_safe(url)) {
                return Err(OauthError::Address { what });
            }
        }
        Ok(())
    }
}

fn is_of_people(scope: &str) -> bool {
    matches!(scope, "openid" | "profile" | "email" | "offline_access" | "address" | "phone")
}

/// Whether an address is `https`, or on this machine.
pub(crate) fn is_safe(url: &str) -> bool {
    let Ok(url) = Url::parse(url) else { return false };
    let is_local = match url.host() {
        Some(Host::Ipv4(ip)) => ip.is_loopback(),
        Some(Host::Ipv6(ip)) => ip.is_loopback(),
        Some(Host::Domain(name)) => name == "localhost",
        None => return false,
    };
    url.scheme() == "https" || (url.scheme() == "http" && is_local)
}

impl Endpoints {
    /// Asks an issuer for its addresses, and whether it wants the secret in the field `Authorization`.
    ///
    /// Source: `OpenID` Connect Discovery §4, RFC 8414 §2.
    ///
    /// # Errors
    /// [`OauthError::Address`], [`OauthError::Answer`] if another issuer answers; [`OauthError::Fetch`].
    pub async fn discover(http: &Http, issuer: &str) -> Result<(Self, bool), OauthError> {
        if !is_safe(issuer) {
            return Err(OauthError::Address { what: "issuer" });
        }
        let issuer = issuer.trim_end_matches('/');
        let text = http.get(&format!("{issuer}/.well-known/openid-configuration"), None).await?;
        Self::described(issuer, &text)
    }

    fn described(issuer: &str, text: &str) -> Result<(Self, bool), OauthError> {
        let answer = |what: &str| OauthError::Answer { what: what.to_owned() };
        let described: Value = serde_json::from_str(text).map_err(|_| answer("no JSON"))?;
        let field = |name: &str| described[name].as_str().map(str::to_owned);
        if field("issuer").is_none_or(|named| named.trim_end_matches('/') != issuer) {
            return Err(answer("another issuer"));
        }
        let methods = described["token_endpoint_auth_methods_supported"].as_array();
        // Without the field it is client_secret_basic.
        let basic =
            methods.is_none_or(|methods| !methods.iter().any(|method| method == "client_secret_post"));
        let endpoints = Self {
            authorize: field("authorization_endpoint").ok_or_else(|| answer("no authorization_endpoint"))?,
            token: field("token_endpoint").ok_or_else(|| answer("no token_endpoint"))?,
            device: field("device_authorization_endpoint"),
            revoke: field("revocation_endpoint"),
            userinfo: field("userinfo_endpoint"),
        };
        Ok((endpoints, basic))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn presets_can_be_asked_and_others_only_safely() {
        assert!(Provider::microsoft("example.org").check().is_ok());
        assert!(Provider::google().check().is_ok());
        let graph = Provider::microsoft_graph("example.org");
        assert!(graph.check().is_ok() && graph.endpoints.device.is_some());
        assert_eq!(graph.endpoints, Provider::microsoft("example.org").endpoints);
        let of_people = graph.scopes.iter().filter(|scope| is_of_people(scope)).count();
        let others =
            graph.scopes.iter().filter(|scope| scope.starts_with("https://graph.microsoft.com/")).count();
        assert_eq!((of_people, others), (4, graph.scopes.len() - 4), "a token is for one service");
        assert_eq!(
            Provider::microsoft("a/../b?c").endpoints.token,
            "https://login.microsoftonline.com/a..bc/oauth2/v2.0/token"
        );
        let check = |url: &str, safe: bool| assert_eq!(is_safe(url), safe, "{url}");
        check("https://id.example.org/token", true);
        check("http://127.0.0.1:14080/token", true);
        check("http://[::1]/token", true);
        check("http://localhost/token", true);
        check("http://id.example.org/token", false);
        check("http://localhost.example.org/token", false);
        check("file:///etc/passwd", false);
        check("", false);
    }

    #[test]
    fn an_issuer_describes_itself_and_nobody_else() {
        let text = r#"{"issuer":"https://id.example.org/","authorization_endpoint":"https://id.example.org/a","token_endpoint":"https://id.example.org/t"}"#;
        let (endpoints, basic) = Endpoints::described("https://id.example.org", text).unwrap();
        assert_eq!((endpoints.token.as_str(), basic), ("https://id.example.org/t", true));
        assert!(Endpoints::described("https://evil.example.org", text).is_err());
        assert!(Endpoints::described("https://id.example.org", "<html>").is_err());
        let other = Provider::other(endpoints, words(&["openid", "offline_access", "mail"]), basic);
        assert_eq!((other.app_scopes.len(), other.asked_with.len()), (1, 1));
    }
}
