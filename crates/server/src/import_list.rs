//! The import list: mails linking could not decide about, by reason.

use api::{ImportGroup, ImportItem, ImportListPage, ImportListQuery, OpenReason};
use axum::extract::State as FromState;
use store::OpenFilter;

use crate::extract::{Params, limit};
use crate::problem::Failure;
use crate::rights::Caller;
use crate::{State, links, messages};

/// Quarantined mails that are counted.
const QUARANTINED_MAX: usize = 10_000;

const fn reason(reason: store::OpenReason) -> OpenReason {
    match reason {
        store::OpenReason::Order => OpenReason::Order,
        store::OpenReason::Quote => OpenReason::Quote,
        store::OpenReason::Contact => OpenReason::Contact,
        store::OpenReason::Suggested => OpenReason::Suggested,
        store::OpenReason::None => OpenReason::None,
    }
}

/// `GET /import-list`
pub(crate) async fn list(
    FromState(state): FromState<State>,
    caller: Caller,
    Params(query): Params<ImportListQuery>,
) -> Result<axum::Json<ImportListPage>, Failure> {
    let limit = limit(query.limit)? as usize;
    let before = query
        .cursor
        .map(|cursor| cursor.parse::<i64>().map_err(|_| Failure::field("cursor", "cursor")))
        .transpose()?;
    let filter = OpenFilter { kind: query.kind.map(Into::into), own: query.own };
    let page = state.read(move |state| {
        let counts = state.store().open_counts(caller.scope(), filter)?;
        let mut groups: Vec<ImportGroup> = counts
            .into_iter()
            .map(|(open, count, more)| ImportGroup { reason: reason(open), count, more })
            .collect();
        let count = state.store().quarantined_count(caller.scope(), QUARANTINED_MAX)?;
        let more = count == QUARANTINED_MAX as u64;
        groups.push(ImportGroup { reason: OpenReason::Quarantined, count, more });
        let asked = store::OpenReason::ALL.into_iter().find(|open| query.reason == Some(reason(*open)));
        let found = match asked {
            Some(open) => state.store().open_mails(caller.scope(), open, filter, before, limit)?,
            None => store::OpenPage::default(),
        };
        let items = found.mails.into_iter().map(|mail| ImportItem {
            message: messages::row(&mail.row),
            suggestions: links::shown_suggestions(mail.links.suggestions),
            stranger: mail.links.stranger,
            since: mail.since.into(),
        });
        Ok(ImportListPage { groups, items: items.collect(), next: found.next.map(|next| next.to_string()) })
    });
    page.await.map(axum::Json)
}
