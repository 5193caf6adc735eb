//! Search over text, header fields and attachments.

use api::{Facet, Facets, Piece, SearchAnswer, SearchHit, SearchQuery, SearchSort};
use axum::extract::State as FromState;
use axum::http::StatusCode;
use index::{QueryError, Sort};
use pipeline::{Asked, Hit};

use crate::State;
use crate::events::{self, Subject};
use crate::extract::{Params, limit};
use crate::problem::Failure;
use crate::rights::Caller;

/// `GET /search`
pub(crate) async fn search(
    FromState(state): FromState<State>,
    caller: Caller,
    Params(query): Params<SearchQuery>,
) -> Result<axum::Json<SearchAnswer>, Failure> {
    let limit = limit(query.limit)? as usize;
    state.read(move |state| answer(state, &caller, query, limit)).await.map(axum::Json)
}

fn answer(state: &State, caller: &Caller, query: SearchQuery, limit: usize) -> Result<SearchAnswer, Failure> {
    let first = query.cursor.is_none();
    let asked = Asked {
        limit,
        cursor: query.cursor,
        sort: match query.sort {
            SearchSort::Date => Sort::Date,
            SearchSort::Relevance => Sort::Relevance,
        },
        facets: first,
        ..asked(state, caller, &query.q)
    };
    let answer = state.engine().search(caller.scope(), &asked).map_err(unanswered)?;
    if first && !query.q.trim().is_empty() {
        events::record_reading(state, caller, "mail.searched", Subject::Nothing, &[("query", query.q)])?;
    }
    Ok(SearchAnswer {
        total: answer.total,
        seconds: answer.seconds,
        items: answer.hits.into_iter().map(hit).collect(),
        facets: answer.facets.map(|counted| facets(&counted, answer.total)),
        next: answer.next,
        unsupported: answer.unsupported.into_iter().map(str::to_owned).collect(),
    })
}

/// A query as people write it, in both forms, with dates as they count them.
pub(crate) fn asked(state: &State, caller: &Caller, query: &str) -> Asked {
    let query = older_form(query).unwrap_or_else(|| query.to_owned());
    Asked { query, zone: caller.zone(state), ..Asked::default() }
}

fn hit(hit: Hit) -> SearchHit {
    SearchHit {
        row: crate::messages::row(&hit.row),
        snippet: hit.snippet.into_iter().map(|piece| Piece { text: piece.text, hit: piece.hit }).collect(),
    }
}

pub(crate) fn unanswered(error: pipeline::Error) -> Failure {
    match error {
        pipeline::Error::Query(error) => misunderstood(&error),
        pipeline::Error::Index(index::Error::Cursor) => Failure::field("cursor", "cursor"),
        pipeline::Error::Store(error) => error.into(),
        other => Failure::new(StatusCode::SERVICE_UNAVAILABLE, "search-unavailable").because(other),
    }
}

fn misunderstood(error: &QueryError) -> Failure {
    let key = match error.key {
        index::key::VALUE_MISSING => "query-value-missing",
        index::key::VALUE_UNKNOWN => "query-value-unknown",
        index::key::ACCOUNT_UNKNOWN => "query-account-unknown",
        index::key::GROUP_UNKNOWN => "query-group-unknown",
        index::key::DATE_UNREADABLE => "query-date-unreadable",
        index::key::SIZE_UNREADABLE => "query-size-unreadable",
        index::key::TOO_LONG => "query-too-long",
        index::key::TOO_DEEP => "query-too-deep",
        index::key::TOO_MANY_WORDS => "query-too-many-words",
        _ => "query-unreadable",
    };
    Failure::field("q", key)
        .with("value", &error.value)
        .at_position(u32::try_from(error.at).unwrap_or(u32::MAX))
}

fn facets(counted: &index::Facets, total: u64) -> Facets {
    let facet = |value: String, count: u64| Facet { value, count };
    Facets {
        kind: counted.kinds.iter().map(|(kind, count)| facet(kind.as_str().to_owned(), *count)).collect(),
        account: counted.accounts.iter().map(|(account, count)| facet(account.to_string(), *count)).collect(),
        year: counted.years.iter().map(|(year, count)| facet(year.to_string(), *count)).collect(),
        has_attachment: vec![
            facet("true".to_owned(), counted.has_attachment),
            facet("false".to_owned(), total.saturating_sub(counted.has_attachment)),
        ],
    }
}

/// `(from_email~equals~test@test.de)`, the older form of links, as a query; `None` if it is not of that form.
fn older_form(text: &str) -> Option<String> {
    let inner = text.trim().strip_prefix('(')?.strip_suffix(')')?;
    let words: Option<Vec<String>> = inner
        .split(")(")
        .map(|condition| {
            let mut parts = condition.splitn(3, '~');
            let word = match parts.next()? {
                "from_email" => "from:",
                "to_email" => "to:",
                "subject" => "subject:",
                _ => return None,
            };
            let (how, value) = (parts.next()?, parts.next()?.replace('"', " "));
            let value = value.trim();
            match how {
                "starts" if !value.contains(char::is_whitespace) => Some(format!("{word}{value}*")),
                "equals" | "contains" | "starts" => Some(format!("{word}\"{value}\"")),
                _ => None,
            }
        })
        .collect();
    words.map(|words| words.join(" "))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn older_links_are_understood() {
        let check = |text: &str, expected: Option<&str>| assert_eq!(older_form(text).as_deref(), expected);
        check("(from_email~equals~test@test.de)", Some("from:\"test@test.de\""));
        check("(subject~contains~offer 7)(to_email~starts~info)", Some("subject:\"offer 7\" to:info*"));
        check("(subject~contains~a\"b)", Some("subject:\"a b\""));
        check("(a OR b)", None);
        check("(other~equals~x)", None);
        check("from:x", None);
    }
}
