//! Applications registered at sign-in services.

use api::{OauthClient, OauthClientList, OauthClientRequest, OauthEndpoints, OauthService};
use axum::extract::State as FromState;
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::IntoResponse;
use connect::oauth::Endpoints;
use model::OauthClientId;
use pipeline::{OauthOptions, oauth_secret_field};
use store::{NewOauthClient, StoreError};
use uuid::Uuid;

use crate::State;
use crate::events::{self, Subject};
use crate::extract::{Id, Json, text};
use crate::oauth::failed;
use crate::problem::Failure;
use crate::rights::Caller;

/// Asked of another service that names nothing else.
const SCOPES: [&str; 3] = ["openid", "email", "offline_access"];
/// Path of the page people come back to.
const BACK: &str = "/oauth/callback";

pub(crate) const fn service(service: store::OauthService) -> OauthService {
    match service {
        store::OauthService::Microsoft => OauthService::Microsoft,
        store::OauthService::MicrosoftGraph => OauthService::MicrosoftGraph,
        store::OauthService::Google => OauthService::Google,
        store::OauthService::Other => OauthService::Other,
    }
}

const fn kept_service(service: OauthService) -> store::OauthService {
    match service {
        OauthService::Microsoft => store::OauthService::Microsoft,
        OauthService::MicrosoftGraph => store::OauthService::MicrosoftGraph,
        OauthService::Google => store::OauthService::Google,
        OauthService::Other => store::OauthService::Other,
    }
}

/// Where people come back to: below `public_url`, or below the name by which they reach the server.
pub(crate) fn redirect_url(state: &State, headers: &HeaderMap) -> String {
    let options = state.options();
    if let Some(url) = &options.public_url {
        return format!("{}{BACK}", url.as_str().trim_end_matches('/'));
    }
    let scheme = if options.tls.is_some() { "https" } else { "http" };
    let host = headers.get(header::HOST).and_then(|host| host.to_str().ok());
    format!("{scheme}://{}{BACK}", host.map_or_else(|| options.listen.to_string(), str::to_owned))
}

fn options_of(kept: &NewOauthClient) -> OauthOptions {
    serde_json::from_str(&kept.options).unwrap_or_default()
}

fn shown(kept: store::OauthClient, redirect: &str) -> OauthClient {
    let options = options_of(&kept.settings);
    let provider = options.provider(kept.settings.service);
    let application_login = kept.settings.secret.is_some() && !provider.app_scopes.is_empty();
    let device_codes = provider.endpoints.device.is_some();
    let scopes = provider.scopes.clone();
    // Without its secret: the address of a page holds none.
    let asking = options
        .http()
        .and_then(|http| connect::oauth::Client::new(provider, kept.settings.registered.clone(), None, http));
    let OauthOptions { authorize, token, device, revoke, userinfo, tenant, basic, ca_pem, .. } = options;
    let is_other = kept.settings.service == store::OauthService::Other;
    OauthClient {
        id: kept.id.uuid(),
        name: kept.settings.name,
        service: service(kept.settings.service),
        client_id: kept.settings.registered,
        secret_set: kept.settings.secret.is_some(),
        secret_expires: kept.settings.secret_expires.map(Into::into),
        tenant,
        endpoints: is_other.then_some(OauthEndpoints { authorize, token, device, revoke, userinfo }),
        scopes,
        basic,
        ca_pem,
        accounts: kept.accounts,
        device_codes,
        application_login,
        admin_consent_url: asking.ok().and_then(|asking| asking.admin_consent_url(redirect, "admin-consent")),
        created: kept.created.into(),
    }
}

/// Options as asked for; an issuer is asked for its addresses.
async fn options(asked: &OauthClientRequest) -> Result<OauthOptions, Failure> {
    let mut options = OauthOptions {
        tenant: asked.tenant.trim().to_owned(),
        ca_pem: asked.ca_pem.trim().to_owned(),
        ..OauthOptions::default()
    };
    if asked.service != OauthService::Other {
        return Ok(options);
    }
    let http = options.http().map_err(|error| failed(&error).at_field("ca_pem"))?;
    let scopes = asked.scopes.iter().map(|scope| scope.trim().to_owned());
    options.scopes = scopes.filter(|scope| !scope.is_empty()).take(50).collect();
    if options.scopes.is_empty() {
        options.scopes = SCOPES.map(str::to_owned).to_vec();
    }
    let issuer = asked.issuer.as_deref().map(str::trim).filter(|issuer| !issuer.is_empty());
    match (issuer, &asked.endpoints) {
        (Some(issuer), _) => {
            let found = Endpoints::discover(&http, issuer).await;
            let (found, basic) = found.map_err(|error| failed(&error).at_field("issuer"))?;
            options.authorize = found.authorize;
            options.token = found.token;
            options.device = found.device.unwrap_or_default();
            options.revoke = found.revoke.unwrap_or_default();
            options.userinfo = found.userinfo.unwrap_or_default();
            options.basic = basic;
        }
        (None, Some(endpoints)) => {
            let OauthEndpoints { authorize, token, device, revoke, userinfo } = endpoints.clone();
            options =
                OauthOptions { authorize, token, device, revoke, userinfo, basic: asked.basic, ..options };
        }
        (None, None) => return Err(Failure::field("issuer", "field-empty")),
    }
    let provider = options.provider(kept_service(asked.service));
    provider.check().map_err(|error| failed(&error).at_field("issuer"))?;
    Ok(options)
}

fn row(
    state: &State,
    id: OauthClientId,
    asked: &OauthClientRequest,
    options: &OauthOptions,
    before: Option<&NewOauthClient>,
) -> Result<NewOauthClient, Failure> {
    let secret = match asked.secret.as_deref().map(str::trim) {
        None => before.and_then(|before| before.secret.clone()),
        Some("") => None,
        Some(secret) => {
            Some(state.sealer().seal(&oauth_secret_field(id), secret.as_bytes()).map_err(Failure::internal)?)
        }
    };
    Ok(NewOauthClient {
        name: text("name", &asked.name, 200)?,
        service: kept_service(asked.service),
        registered: text("client_id", &asked.client_id, 500)?,
        secret,
        secret_expires: asked.secret_expires.map(|at| at.0),
        options: serde_json::to_string(options).map_err(Failure::internal)?,
    })
}

fn name_taken(error: StoreError, name: &str) -> Failure {
    match error {
        StoreError::Exists { .. } => {
            Failure::new(StatusCode::CONFLICT, "oauth-name-taken").at_field("name").with("name", name)
        }
        other => other.into(),
    }
}

fn present(state: &State, id: OauthClientId) -> Result<store::OauthClient, Failure> {
    state.store().oauth_client(id)?.ok_or_else(Failure::not_found)
}

/// `GET /oauth/clients`
pub(crate) async fn list(
    FromState(state): FromState<State>,
    headers: HeaderMap,
) -> Result<axum::Json<OauthClientList>, Failure> {
    let redirect_url = redirect_url(&state, &headers);
    let clients = state.read(|state| Ok(state.store().oauth_clients()?)).await?;
    let items = clients.into_iter().map(|client| shown(client, &redirect_url)).collect();
    Ok(axum::Json(OauthClientList { items, redirect_url }))
}

/// `POST /oauth/clients`
pub(crate) async fn create(
    FromState(state): FromState<State>,
    headers: HeaderMap,
    caller: Caller,
    Json(asked): Json<OauthClientRequest>,
) -> Result<impl IntoResponse, Failure> {
    let redirect = redirect_url(&state, &headers);
    let options = options(&asked).await?;
    let made = state.read(move |state| {
        let id = OauthClientId::new(Uuid::now_v7());
        let new = row(state, id, &asked, &options, None)?;
        let name = new.name.clone();
        state.store().create_oauth_client(id, new, state.now()).map_err(|error| name_taken(error, &name))?;
        events::record(state, &caller, "sign_in.created", Subject::Nothing, &[("name", name)])?;
        present(state, id)
    });
    Ok((StatusCode::CREATED, axum::Json(shown(made.await?, &redirect))))
}

/// `PUT /oauth/clients/{oauth_client_id}`
pub(crate) async fn change(
    FromState(state): FromState<State>,
    Id(id): Id<OauthClientId>,
    headers: HeaderMap,
    caller: Caller,
    Json(asked): Json<OauthClientRequest>,
) -> Result<axum::Json<OauthClient>, Failure> {
    let redirect = redirect_url(&state, &headers);
    let options = options(&asked).await?;
    let changed = state.read(move |state| {
        let before = present(state, id)?;
        // Tokens and secrets go to the service they came from and to no other.
        let token = |service, options: &OauthOptions| options.provider(service).endpoints.token;
        let was = token(before.settings.service, &options_of(&before.settings));
        let is = token(kept_service(asked.service), &options);
        let is_other = kept_service(asked.service) != before.settings.service;
        if (was != is || is_other) && before.accounts > 0 {
            return Err(Failure::new(StatusCode::CONFLICT, "oauth-in-use").with("count", before.accounts));
        }
        if was != is && before.settings.secret.is_some() && asked.secret.is_none() {
            return Err(Failure::field("secret", "oauth-secret-again"));
        }
        let new = row(state, id, &asked, &options, Some(&before.settings))?;
        let name = new.name.clone();
        state.store().update_oauth_client(id, new).map_err(|error| name_taken(error, &name))?;
        events::record(state, &caller, "sign_in.changed", Subject::Nothing, &[("name", name)])?;
        for link in state.store().account_grants()?.iter().filter(|link| link.client == id) {
            state.background().account_changed(link.account);
        }
        present(state, id)
    });
    Ok(axum::Json(shown(changed.await?, &redirect)))
}

/// `DELETE /oauth/clients/{oauth_client_id}`
pub(crate) async fn remove(
    FromState(state): FromState<State>,
    Id(id): Id<OauthClientId>,
    caller: Caller,
) -> Result<StatusCode, Failure> {
    let removed = state.read(move |state| {
        let before = present(state, id)?;
        match state.store().remove_oauth_client(id) {
            Err(StoreError::Missing { .. }) => {
                let failure = Failure::new(StatusCode::CONFLICT, "oauth-in-use");
                return Err(failure.with("count", before.accounts));
            }
            other => other?,
        }
        let name = before.settings.name;
        events::record(state, &caller, "sign_in.removed", Subject::Nothing, &[("name", name)])
    });
    removed.await?;
    Ok(StatusCode::NO_CONTENT)
}
