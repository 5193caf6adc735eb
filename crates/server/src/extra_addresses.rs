//! Addresses of contacts that their source does not name: what is proposed, what people say of it.

use std::collections::HashMap;

use api::{
    AddressDecision, AddressDecisionRequest, AddressUse, ExtraAddress, ExtraAddressPage, ExtraAddressQuery,
    LearntMask, LearntMaskList, LearntMasks, TaughtBy,
};
use axum::extract::{Path, State as FromState};
use axum::http::StatusCode;
use store::ExtraAddressState;

use crate::events::{self, Subject};
use crate::extract::{Json, Params, email, limit};
use crate::problem::Failure;
use crate::rights::Caller;
use crate::{State, links};

const fn state_of(decision: AddressDecision) -> ExtraAddressState {
    match decision {
        AddressDecision::Proposed => ExtraAddressState::Proposed,
        AddressDecision::Confirmed => ExtraAddressState::Confirmed,
        AddressDecision::Rejected => ExtraAddressState::Rejected,
    }
}

pub(crate) fn shown(address: store::ExtraAddress, names: &HashMap<String, String>) -> ExtraAddress {
    ExtraAddress {
        record: links::shown_record(address.record),
        address: address.address,
        used: match address.used {
            link::AddressUse::Own => AddressUse::Own,
            link::AddressUse::Deputy => AddressUse::Deputy,
        },
        state: match address.state {
            ExtraAddressState::Proposed => AddressDecision::Proposed,
            ExtraAddressState::Confirmed => AddressDecision::Confirmed,
            ExtraAddressState::Rejected => AddressDecision::Rejected,
        },
        mail: address.taught.map(|mail| TaughtBy {
            mail_id: mail.mail_id.uuid(),
            subject: mail.subject,
            date: mail.date.into(),
        }),
        at: address.at.into(),
        user: names.get(&address.actor).cloned(),
        decided: address.decided.map(Into::into),
    }
}

/// `GET /links/addresses`
pub(crate) async fn list(
    FromState(state): FromState<State>,
    caller: Caller,
    Params(query): Params<ExtraAddressQuery>,
) -> Result<axum::Json<ExtraAddressPage>, Failure> {
    let limit = limit(query.limit)? as usize;
    let after = query.cursor.map(|text| text.parse().map_err(|()| Failure::field("cursor", "cursor")));
    let after = after.transpose()?;
    if crate::addresses::sees_nobody(&caller) {
        return Ok(axum::Json(ExtraAddressPage { items: Vec::new(), next: None }));
    }
    let page = state.read(move |state| {
        let found =
            state.store().extra_addresses(caller.scope(), state_of(query.state), after.as_ref(), limit)?;
        let names = links::user_names(state)?;
        Ok(ExtraAddressPage {
            items: found.items.into_iter().map(|address| shown(address, &names)).collect(),
            next: found.next.map(|cursor| cursor.to_string()),
        })
    });
    page.await.map(axum::Json)
}

/// `PUT /links/records/{kind}/{number}/addresses/{address}`
pub(crate) async fn decide(
    FromState(state): FromState<State>,
    Path((kind, number, address)): Path<(String, String, String)>,
    caller: Caller,
    Json(asked): Json<AddressDecisionRequest>,
) -> Result<StatusCode, Failure> {
    let record = links::named(&kind, &number)?;
    if record.0 != model::RecordKind::Contact || crate::addresses::sees_nobody(&caller) {
        return Err(Failure::not_found());
    }
    let address = email("address", &address)?;
    let used = match asked.used {
        AddressUse::Own => link::AddressUse::Own,
        AddressUse::Deputy => link::AddressUse::Deputy,
    };
    let decided = state.read(move |state| {
        let (actor, wanted) = (caller.user_id().to_string(), state_of(asked.state));
        state.store().decide_extra_address(record, &address, used, wanted, actor, state.now())?;
        let kind = match (asked.state, asked.used) {
            (AddressDecision::Confirmed, AddressUse::Own) => "contact_address.confirmed",
            (AddressDecision::Confirmed, AddressUse::Deputy) => "contact_address.deputy_confirmed",
            (AddressDecision::Rejected, _) => "contact_address.rejected",
            (AddressDecision::Proposed, _) => "contact_address.reopened",
        };
        let details = [("number", number), ("address", address)];
        events::record(state, &caller, kind, Subject::Nothing, &details)
    });
    decided.await.map(|()| StatusCode::NO_CONTENT)
}

/// `GET /links/masks`
pub(crate) async fn masks(
    FromState(state): FromState<State>,
    _caller: Caller,
) -> Result<axum::Json<LearntMaskList>, Failure> {
    let learnt = state.heavy(|state| {
        let items = state.engine().link_masks()?.into_iter().map(|(kind, learnt)| LearntMasks {
            kind: kind.as_str().to_owned(),
            of: learnt.of,
            masks: learnt
                .masks
                .into_iter()
                .map(|mask| LearntMask { mask: mask.mask, count: mask.count, examples: mask.examples })
                .collect(),
        });
        Ok(LearntMaskList { items: items.collect() })
    });
    learnt.await.map(axum::Json)
}
