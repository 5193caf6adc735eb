//! OAuth 2: where access tokens for mailboxes come from.
//!
//! In: who grants (a [`Provider`], data), as whom we ask (a client id, perhaps a secret), and a person's consent or a
//! refresh token. Out: a [`Grant`], or an [`OauthError`] whose [`OauthError::needs`] says who can help. It keeps nothing:
//! who stores the rotated refresh token before the access token is used is `pipeline`.
//!
//! Source: RFC 6749, RFC 7636 (PKCE), RFC 8628 (device code), RFC 7009 (revocation), RFC 8414 and `OpenID` Connect Discovery.

mod error;
mod http;
mod identity;
mod provider;

use std::borrow::Cow;
use std::time::Duration;

use keys::Secret;
use oauth2::basic::{
    BasicErrorResponse, BasicRevocationErrorResponse, BasicTokenIntrospectionResponse, BasicTokenType,
};
use oauth2::{
    AuthType, AuthUrl, AuthorizationCode, ClientId, ClientSecret, CsrfToken, DeviceAuthorizationUrl,
    EndpointNotSet, EndpointSet, ExtraTokenFields, PkceCodeChallenge, PkceCodeVerifier, RedirectUrl,
    RefreshToken, Scope, StandardDeviceAuthorizationResponse, StandardRevocableToken, StandardTokenResponse,
    TokenResponse, TokenUrl,
};
use serde::{Deserialize, Serialize};

pub use error::{Needs, OauthError};
pub use http::Http;
pub use identity::Identity;
pub(crate) use provider::is_safe;
pub use provider::{Endpoints, Provider, Service};

/// Longest text that is taken as a token, octets.
const TOKEN_OCTETS_MAX: usize = 64 << 10;

/// Fields beside those of RFC 6749.
#[derive(Debug, Serialize, Deserialize)]
struct Extra {
    id_token: Option<String>,
    /// Google, for apps that are being tested; Microsoft for some kinds of apps.
    refresh_token_expires_in: Option<u64>,
    /// Keycloak.
    refresh_expires_in: Option<u64>,
}

impl ExtraTokenFields for Extra {}

type Answer = StandardTokenResponse<Extra, BasicTokenType>;
type Asking<Token> = oauth2::Client<
    BasicErrorResponse,
    Answer,
    BasicTokenIntrospectionResponse,
    StandardRevocableToken,
    BasicRevocationErrorResponse,
    EndpointNotSet,
    EndpointNotSet,
    EndpointNotSet,
    EndpointNotSet,
    Token,
>;

/// What was granted.
#[derive(Clone, Debug)]
pub struct Grant {
    /// For the mail server.
    pub access_token: Secret<String>,
    /// How long it is good.
    pub expires_in: Option<Duration>,
    /// For the next access token; `None`: the one there was stays good, or there is none (app-only).
    pub refresh_token: Option<Secret<String>>,
    /// How long the refresh token is good, where the provider says so.
    pub refresh_expires_in: Option<Duration>,
    /// What was granted, where the provider says so; otherwise what was asked for.
    pub scopes: Vec<String>,
    /// Who consented, where the provider says so.
    pub identity: Option<Identity>,
}

/// A person is to be sent to `url`, and comes back with `state`.
#[derive(Clone, Debug)]
pub struct Authorization {
    /// Address of the provider's page.
    pub url: String,
    /// Comes back with the code; nobody else knows it.
    pub state: Secret<String>,
    /// Proves that whoever redeems the code has asked for it (RFC 7636).
    pub verifier: Secret<String>,
}

/// A person types `user_code` in at `verification_uri` (RFC 8628 §3.2).
#[derive(Debug)]
pub struct Device {
    details: StandardDeviceAuthorizationResponse,
}

impl Device {
    /// What the person types in.
    pub fn user_code(&self) -> &str {
        self.details.user_code().secret()
    }

    /// Where.
    pub fn verification_uri(&self) -> &str {
        self.details.verification_uri().as_str()
    }

    /// The same with the code in it, if the provider gives one.
    pub fn verification_uri_complete(&self) -> Option<&str> {
        self.details.verification_uri_complete().map(|uri| uri.secret().as_str())
    }

    /// How long the code is good.
    pub fn expires_in(&self) -> Duration {
        self.details.expires_in()
    }
}

/// An application registered at a provider.
#[derive(Clone, Debug)]
pub struct Client {
    provider: Provider,
    id: String,
    secret: Option<Secret<String>>,
    http: Http,
}

impl Client {
    /// Asks people for what sending needs, too.
    #[must_use]
    pub fn with_sending(self) -> Self {
        Self { provider: self.provider.with_sending(), ..self }
    }

    /// `id`, `secret`: as the provider gave them when the application was registered.
    ///
    /// # Errors
    /// [`OauthError::Address`] if an endpoint is no `https` address; `http` is for this machine only.
    pub fn new(
        provider: Provider,
        id: String,
        secret: Option<Secret<String>>,
        http: Http,
    ) -> Result<Self, OauthError> {
        provider.check()?;
        Ok(Self { provider, id, secret, http })
    }

    /// The provider.
    pub const fn provider(&self) -> &Provider {
        &self.provider
    }

    fn asking(&self) -> Result<Asking<EndpointSet>, OauthError> {
        let token = TokenUrl::new(self.provider.endpoints.token.clone()).map_err(|_| bad("token"))?;
        let client = Asking::<EndpointNotSet>::new(ClientId::new(self.id.clone()));
        let client = match &self.secret {
            Some(secret) => client.set_client_secret(ClientSecret::new(secret.expose().clone())),
            None => client,
        };
        let way = if self.provider.basic { AuthType::BasicAuth } else { AuthType::RequestBody };
        Ok(client.set_auth_type(way).set_token_uri(token))
    }

    /// Begins with a page of the provider (RFC 6749 §4.1.1, PKCE with S256). `redirect_uri`: where the person comes back.
    /// `login`: filled in there, if given.
    ///
    /// # Errors
    /// [`OauthError::Address`].
    pub fn authorize(&self, redirect_uri: &str, login: Option<&str>) -> Result<Authorization, OauthError> {
        let at = AuthUrl::new(self.provider.endpoints.authorize.clone()).map_err(|_| bad("authorize"))?;
        let redirect = RedirectUrl::new(redirect_uri.to_owned()).map_err(|_| bad("redirect"))?;
        let state = keys::random_token().map_err(|_| OauthError::Random)?;
        let verifier = keys::random_token().map_err(|_| OauthError::Random)?;
        let verifier_of = PkceCodeVerifier::new(verifier.expose().clone());
        let challenge = PkceCodeChallenge::from_code_verifier_sha256(&verifier_of);
        let client = self.asking()?.set_auth_uri(at);
        let mut request = client
            .authorize_url(|| CsrfToken::new(state.expose().clone()))
            .add_scopes(self.provider.scopes.iter().cloned().map(Scope::new))
            .set_pkce_challenge(challenge)
            .set_redirect_uri(Cow::Owned(redirect));
        for (name, value) in &self.provider.asked_with {
            request = request.add_extra_param(name.as_str(), value.as_str());
        }
        if let Some(login) = login.filter(|login| login.contains('@')) {
            request = request.add_extra_param("login_hint", login);
        }
        Ok(Authorization { url: request.url().0.into(), state, verifier })
    }

    /// The page where an administrator of a Microsoft organisation consents for everybody; `None` for other providers.
    pub fn admin_consent_url(&self, redirect_uri: &str, state: &str) -> Option<String> {
        let mut url = url::Url::parse(self.provider.admin_consent.as_deref()?).ok()?;
        url.query_pairs_mut()
            .append_pair("client_id", &self.id)
            .append_pair("redirect_uri", redirect_uri)
            .append_pair("state", state)
            .append_pair("scope", self.provider.admin_scope());
        Some(url.into())
    }

    /// Redeems a code (RFC 6749 §4.1.3).
    ///
    /// # Errors
    /// [`OauthError`].
    pub async fn redeem(&self, code: &str, verifier: &str, redirect_uri: &str) -> Result<Grant, OauthError> {
        let redirect = RedirectUrl::new(redirect_uri.to_owned()).map_err(|_| bad("redirect"))?;
        let client = self.asking()?;
        let answer = client
            .exchange_code(AuthorizationCode::new(code.to_owned()))
            .set_pkce_verifier(PkceCodeVerifier::new(verifier.to_owned()))
            .set_redirect_uri(Cow::Owned(redirect))
            .request_async(&self.http)
            .await?;
        self.granted(answer).await
    }

    /// Begins with a code that is typed in on any other machine (RFC 8628 §3.1).
    ///
    /// # Errors
    /// [`OauthError::NotOffered`] if the provider does not do that; [`OauthError`].
    pub async fn device(&self) -> Result<Device, OauthError> {
        let at = self.provider.endpoints.device.clone().ok_or(OauthError::NotOffered)?;
        let at = DeviceAuthorizationUrl::new(at).map_err(|_| bad("device"))?;
        let client = self.asking()?.set_device_authorization_url(at);
        let scopes = self.provider.scopes.iter().cloned().map(Scope::new);
        let details = client.exchange_device_code().add_scopes(scopes).request_async(&self.http).await?;
        Ok(Device { details })
    }

    /// Waits until the person has typed the code in (RFC 8628 §3.4), as often as the provider allows.
    ///
    /// # Errors
    /// [`OauthError::Expired`], [`OauthError::Declined`]; [`OauthError`].
    pub async fn device_grant(&self, device: &Device) -> Result<Grant, OauthError> {
        let client = self.asking()?;
        let answer = client
            .exchange_device_access_token(&device.details)
            .set_max_backoff_interval(Duration::from_mins(1))
            .request_async(&self.http, tokio::time::sleep, None)
            .await?;
        self.granted(answer).await
    }

    /// The next access token (RFC 6749 §6). Store the refresh token in the answer before the access token is used: the old
    /// one may be good no more.
    ///
    /// # Errors
    /// [`OauthError`].
    pub async fn refresh(&self, refresh_token: &str) -> Result<Grant, OauthError> {
        let client = self.asking()?;
        let token = RefreshToken::new(refresh_token.to_owned());
        let answer = client.exchange_refresh_token(&token).request_async(&self.http).await?;
        Ok(self.taken(&answer)?.0)
    }

    /// A token for the application itself, without a person (RFC 6749 §4.4).
    ///
    /// # Errors
    /// [`OauthError::NotOffered`] if the provider does not do that for mail; [`OauthError`].
    pub async fn app_only(&self) -> Result<Grant, OauthError> {
        if self.provider.app_scopes.is_empty() || self.secret.is_none() {
            return Err(OauthError::NotOffered);
        }
        let client = self.asking()?;
        let scopes = self.provider.app_scopes.iter().cloned().map(Scope::new);
        let answer =
            client.exchange_client_credentials().add_scopes(scopes).request_async(&self.http).await?;
        Ok(self.taken(&answer)?.0)
    }

    /// Makes a refresh token, and with it the grant, worthless (RFC 7009). Gives whether the provider does that at all.
    ///
    /// # Errors
    /// [`OauthError`].
    pub async fn revoke(&self, refresh_token: &str) -> Result<bool, OauthError> {
        let Some(at) = &self.provider.endpoints.revoke else { return Ok(false) };
        let secret = self.secret.as_ref().map(|secret| secret.expose().as_str());
        let fields = [("token", refresh_token), ("token_type_hint", "refresh_token")];
        let answer = self.http.form(at, &fields, (&self.id, secret), self.provider.basic).await?;
        match answer {
            Ok(()) => Ok(true),
            Err((code, words)) => Err(OauthError::answered(&code, &words)),
        }
    }

    fn taken(&self, answer: &Answer) -> Result<(Grant, Option<Identity>), OauthError> {
        let secret = |text: &str| match text.len() {
            1..=TOKEN_OCTETS_MAX => Ok(Secret::from(text)),
            _ => Err(OauthError::Answer { what: "a token of no usable length".to_owned() }),
        };
        let extra = answer.extra_fields();
        let seconds = extra.refresh_token_expires_in.or(extra.refresh_expires_in);
        let asked = || self.provider.scopes.clone();
        let grant = Grant {
            access_token: secret(answer.access_token().secret())?,
            expires_in: answer.expires_in(),
            refresh_token: answer.refresh_token().map(|token| secret(token.secret())).transpose()?,
            refresh_expires_in: seconds.filter(|seconds| *seconds > 0).map(Duration::from_secs),
            scopes: answer
                .scopes()
                .map_or_else(asked, |scopes| scopes.iter().map(|scope| scope.to_string()).collect()),
            identity: None,
        };
        let identity = extra.id_token.as_deref().and_then(|token| Identity::of_id_token(token, &self.id));
        Ok((grant, identity))
    }

    /// Finds out who consented: from the id token, or by asking the provider.
    async fn granted(&self, answer: Answer) -> Result<Grant, OauthError> {
        let (mut grant, mut identity) = self.taken(&answer)?;
        let is_named = identity.as_ref().is_some_and(|identity| !identity.names.is_empty());
        if let (Some(at), false) = (&self.provider.endpoints.userinfo, is_named) {
            // Without it the person is asked; the grant is good all the same.
            if let Ok(text) = self.http.get(at, Some(&grant.access_token)).await {
                identity = Identity::of_userinfo(&text).or(identity);
            }
        }
        grant.identity = identity;
        Ok(grant)
    }
}

fn bad(what: &'static str) -> OauthError {
    OauthError::Address { what }
}
