//! Receivers of webhooks and what went to them.

use api::{
    Outgoing, OutgoingError, OutgoingPage, OutgoingQuery, Webhook, WebhookList, WebhookRequest, WebhookSecret,
};
use axum::extract::State as FromState;
use axum::http::StatusCode;
use axum::response::IntoResponse;
use model::{OutgoingId, WebhookId};
use store::{Channel, NewOutgoing, NewWebhook, StoreError};
use uuid::Uuid;

use crate::State;
use crate::events::{self, Subject};
use crate::extract::{Id, Json, Params, text};
use crate::notifications;
use crate::problem::Failure;
use crate::rights::Caller;

/// So long the secret before signs too.
const OLD_SECRET_MS: i64 = 24 * 60 * 60_000;

fn seal(state: &State, id: WebhookId, secret: &dispatch::WebhookSecret) -> Result<Vec<u8>, Failure> {
    let place = pipeline::webhook_field(id, "secret");
    state.sealer().seal(&place, secret.text().expose().as_bytes()).map_err(Failure::internal)
}

/// An address webhooks may have: http or https, without a login in it.
pub(crate) fn address(given: &str) -> Result<String, Failure> {
    let given = text("url", given, 2000)?;
    let wrong = || Failure::field("url", "url").with("url", &given);
    let url = url::Url::parse(&given).map_err(|_| wrong())?;
    let plain = url.username().is_empty() && url.password().is_none();
    if !matches!(url.scheme(), "https" | "http") || url.host().is_none() || !plain {
        return Err(wrong());
    }
    Ok(url.to_string())
}

fn kinds(asked: Vec<String>) -> Result<Vec<String>, Failure> {
    let unknown = asked.iter().find(|kind| !dispatch::KINDS.contains(&kind.as_str()));
    match unknown {
        Some(word) => Err(Failure::field("kinds", "word-unknown").with("field", "kinds").with("word", word)),
        None => Ok(asked),
    }
}

fn shown(state: &State, webhook: store::Webhook) -> Webhook {
    let until = webhook.settings.old_secret.map(|(_, until)| until).filter(|until| *until > state.now());
    Webhook {
        id: webhook.id.uuid(),
        name: webhook.settings.name,
        url: webhook.settings.url,
        kinds: webhook.settings.kinds,
        private: webhook.settings.private,
        active: webhook.settings.active,
        off_reason: Some(webhook.off_reason).filter(|reason| !reason.is_empty()),
        old_secret_until: until.map(Into::into),
        last_success: webhook.last_success.map(Into::into),
        last_error: webhook.last_error.map(|(text, since)| OutgoingError { text, since: since.into() }),
    }
}

fn present(state: &State, id: WebhookId) -> Result<store::Webhook, Failure> {
    state.store().webhook(id)?.ok_or_else(Failure::not_found)
}

fn taken(error: StoreError, url: &str) -> Failure {
    match error {
        StoreError::Exists { .. } => {
            Failure::new(StatusCode::CONFLICT, "webhook-taken").at_field("url").with("url", url)
        }
        other => other.into(),
    }
}

/// `GET /webhooks`
pub(crate) async fn list(FromState(state): FromState<State>) -> Result<axum::Json<WebhookList>, Failure> {
    let items = state
        .read(|state| Ok(state.store().webhooks()?.into_iter().map(|one| shown(state, one)).collect()))
        .await?;
    let kinds = dispatch::KINDS.iter().map(|kind| (*kind).to_owned()).collect();
    Ok(axum::Json(WebhookList { items, kinds }))
}

/// `POST /webhooks`
pub(crate) async fn create(
    FromState(state): FromState<State>,
    caller: Caller,
    Json(asked): Json<WebhookRequest>,
) -> Result<impl IntoResponse, Failure> {
    let made = state
        .read(move |state| {
            let id = WebhookId::new(Uuid::now_v7());
            let secret = dispatch::WebhookSecret::random().map_err(Failure::internal)?;
            let new = NewWebhook {
                name: text("name", &asked.name, 200)?,
                url: address(&asked.url)?,
                kinds: kinds(asked.kinds)?,
                secret: seal(state, id, &secret)?,
                old_secret: None,
                private: asked.private,
                active: asked.active,
            };
            let (name, url) = (new.name.clone(), new.url.clone());
            state.store().create_webhook(id, new, state.now()).map_err(|error| taken(error, &url))?;
            let details = [("name", name), ("url", url)];
            events::record(state, &caller, "webhook.created", Subject::Nothing, &details)?;
            let webhook = shown(state, present(state, id)?);
            Ok(WebhookSecret { webhook, secret: secret.text().into_inner() })
        })
        .await?;
    Ok((StatusCode::CREATED, axum::Json(made)))
}

/// `PUT /webhooks/{webhook_id}`
pub(crate) async fn change(
    FromState(state): FromState<State>,
    Id(id): Id<WebhookId>,
    caller: Caller,
    Json(asked): Json<WebhookRequest>,
) -> Result<axum::Json<Webhook>, Failure> {
    let changed = state
        .read(move |state| {
            let before = present(state, id)?.settings;
            let new = NewWebhook {
                name: text("name", &asked.name, 200)?,
                url: address(&asked.url)?,
                kinds: kinds(asked.kinds)?,
                private: asked.private,
                active: asked.active,
                ..before
            };
            let (name, url) = (new.name.clone(), new.url.clone());
            state.store().update_webhook(id, new).map_err(|error| taken(error, &url))?;
            let details = [("name", name), ("url", url)];
            events::record(state, &caller, "webhook.changed", Subject::Nothing, &details)?;
            state.background().outgoing_changed();
            Ok(shown(state, present(state, id)?))
        })
        .await?;
    Ok(axum::Json(changed))
}

/// `DELETE /webhooks/{webhook_id}`
pub(crate) async fn remove(
    FromState(state): FromState<State>,
    Id(id): Id<WebhookId>,
    caller: Caller,
) -> Result<StatusCode, Failure> {
    state
        .read(move |state| {
            let name = present(state, id)?.settings.name;
            state.store().remove_webhook(id)?;
            events::record(state, &caller, "webhook.removed", Subject::Nothing, &[("name", name)])
        })
        .await?;
    Ok(StatusCode::NO_CONTENT)
}

/// `POST /webhooks/{webhook_id}/secret`
pub(crate) async fn rotate(
    FromState(state): FromState<State>,
    Id(id): Id<WebhookId>,
    caller: Caller,
) -> Result<axum::Json<WebhookSecret>, Failure> {
    let changed = state
        .read(move |state| {
            let before = present(state, id)?.settings;
            let secret = dispatch::WebhookSecret::random().map_err(Failure::internal)?;
            let name = before.name.clone();
            let new = NewWebhook {
                old_secret: Some((before.secret.clone(), state.now().plus_ms(OLD_SECRET_MS))),
                secret: seal(state, id, &secret)?,
                ..before
            };
            state.store().update_webhook(id, new)?;
            events::record(state, &caller, "webhook.secret", Subject::Nothing, &[("name", name)])?;
            let webhook = shown(state, present(state, id)?);
            Ok(WebhookSecret { webhook, secret: secret.text().into_inner() })
        })
        .await?;
    Ok(axum::Json(changed))
}

/// `POST /webhooks/{webhook_id}/test`
pub(crate) async fn test(
    FromState(state): FromState<State>,
    Id(id): Id<WebhookId>,
) -> Result<(StatusCode, axum::Json<Outgoing>), Failure> {
    let waiting = state
        .read(move |state| {
            let webhook = present(state, id)?;
            if !webhook.settings.active {
                return Err(Failure::new(StatusCode::CONFLICT, "webhook-off"));
            }
            let outgoing = OutgoingId::new(Uuid::now_v7());
            let new = NewOutgoing {
                key: state.store().reserve_outgoing(1)?,
                id: outgoing,
                channel: Channel::Webhook(webhook.key),
                recipient: webhook.settings.url,
                kind: "test".to_owned(),
                content: dispatch::test_body(state.now()),
            };
            state.store().add_outgoing(vec![new], state.now())?;
            state.background().outgoing_changed();
            let row = state.store().outgoing_by_id(outgoing)?.ok_or_else(Failure::not_found)?;
            Ok(notifications::shown(row))
        })
        .await?;
    Ok((StatusCode::ACCEPTED, axum::Json(waiting)))
}

/// `GET /webhooks/{webhook_id}/deliveries`
pub(crate) async fn deliveries(
    FromState(state): FromState<State>,
    Id(id): Id<WebhookId>,
    Params(query): Params<OutgoingQuery>,
) -> Result<axum::Json<OutgoingPage>, Failure> {
    let page = state.read(move |state| {
        let key = present(state, id)?.key;
        notifications::page(state, Channel::Webhook(key), &query)
    });
    page.await.map(axum::Json)
}
