//! Search with rows and snippets.

use std::time::Instant;

use index::{Context, Facets, Page, Piece, Query, Sort};
use jiff::tz::TimeZone;
use model::{MailId, Scope};
use store::MessageRow;

use crate::core::Core;
use crate::engine::Engine;
use crate::error::Result;

/// At most so many threads read snippets of one search.
const SNIPPET_THREADS: usize = 4;

/// What is asked.
#[derive(Clone, Debug)]
pub struct Asked {
    /// As typed.
    pub query: String,
    /// At most so many hits.
    pub limit: usize,
    /// Where the page before ended.
    pub cursor: Option<String>,
    /// Order.
    pub sort: Sort,
    /// Whether to count facets.
    pub facets: bool,
    /// Zone of dates in the query.
    pub zone: TimeZone,
}

impl Default for Asked {
    fn default() -> Self {
        Self {
            query: String::new(),
            limit: 20,
            cursor: None,
            sort: Sort::Date,
            facets: false,
            zone: TimeZone::UTC,
        }
    }
}

/// A hit as it is shown.
#[derive(Clone, Debug)]
pub struct Hit {
    /// Row of the message.
    pub row: MessageRow,
    /// The best place of its text, what was found marked.
    pub snippet: Vec<Piece>,
}

/// The answer.
#[derive(Clone, Debug)]
pub struct Answer {
    /// How many messages match; exact.
    pub total: u64,
    /// How long it took.
    pub seconds: f64,
    /// This page.
    pub hits: Vec<Hit>,
    /// Counts of all that match, if asked for.
    pub facets: Option<Facets>,
    /// Cursor of the next page.
    pub next: Option<String>,
    /// Words of the query whose data does not exist yet: they match nothing.
    pub unsupported: Vec<&'static str>,
}

impl Engine {
    /// Finds messages; sees what the scope allows and nothing else.
    ///
    /// # Errors
    /// `Query` if it is not understood; those of index and database.
    pub fn search(&self, scope: &Scope, asked: &Asked) -> Result<Answer> {
        let start = Instant::now();
        let core = self.core();
        let query = query(core, scope, asked)?;
        let page =
            Page { limit: asked.limit, cursor: asked.cursor.clone(), sort: asked.sort, facets: asked.facets };
        let found = core.index.search(&query, scope, &page)?;
        let seqs: Vec<i64> = found.hits.iter().map(|hit| hit.seq as i64).collect();
        let rows = core.store.message_rows(scope, &seqs)?;
        let hits = with_snippets(core, &query, scope, rows);
        let unsupported = query.unsupported().iter().map(|unsupported| unsupported.word).collect();
        Ok(Answer {
            total: found.total,
            seconds: start.elapsed().as_secs_f64(),
            hits,
            facets: found.facets,
            next: found.next,
            unsupported,
        })
    }

    /// Numbers of the messages of a query, all of them, newest first, in pages.
    ///
    /// # Errors
    /// As [`Engine::search`].
    pub fn messages_of(
        &self,
        scope: &Scope,
        asked: &Asked,
        on_page: &mut dyn FnMut(&[i64]) -> Result<()>,
    ) -> Result<()> {
        let query = query(self.core(), scope, asked)?;
        let mut page = Page { limit: 1000, ..Page::default() };
        loop {
            let found = self.core().index.search(&query, scope, &page)?;
            let seqs: Vec<i64> = found.hits.iter().map(|hit| hit.seq as i64).collect();
            on_page(&seqs)?;
            match found.next {
                Some(next) => page.cursor = Some(next),
                None => return Ok(()),
            }
        }
    }
}

/// What was asked, understood.
///
/// # Errors
/// `Query` if it is not; those of the database.
pub(crate) fn query(core: &Core, scope: &Scope, asked: &Asked) -> Result<Query> {
    let accounts = core.store.accounts(true)?;
    let named = |name: &str| {
        let is_meant = |account: &&store::Account| {
            let settings = &account.settings;
            settings.name.to_lowercase() == name.to_lowercase()
                || settings.address.as_deref().is_some_and(|address| address.eq_ignore_ascii_case(name))
        };
        accounts.iter().filter(is_meant).map(|account| account.id).filter(|id| scope.allows(*id)).collect()
    };
    let groups = core.store.groups()?;
    let of_group = |name: &str| {
        let name = name.to_lowercase();
        let is_meant = |group: &&store::Group| {
            group.what.name.to_lowercase() == name || group.what.addresses.contains(&name)
        };
        groups.iter().filter(is_meant).map(|group| group.key).collect()
    };
    let context = Context { zone: &asked.zone, now: core.now(), accounts: &named, groups: &of_group };
    Ok(Query::parse(&asked.query, &context)?)
}

/// Snippets come from the originals, which the index keeps no text of; read on as many threads as there are cores,
/// since that is most of a search's time.
fn with_snippets(core: &Core, query: &Query, scope: &Scope, rows: Vec<MessageRow>) -> Vec<Hit> {
    let threads = std::thread::available_parallelism().map_or(1, usize::from).min(SNIPPET_THREADS);
    let share = rows.len().div_ceil(threads).max(1);
    let mut hits = rows.into_iter().map(|row| Hit { row, snippet: Vec::new() }).collect::<Vec<_>>();
    let of = |hits: &mut [Hit]| {
        for hit in hits {
            hit.snippet = snippet(core, query, scope, &hit.row);
        }
    };
    std::thread::scope(|spawner| {
        let mut shares = hits.chunks_mut(share);
        let own = shares.next();
        for others in shares {
            spawner.spawn(|| of(others));
        }
        own.map(of)
    });
    hits
}

fn snippet(core: &Core, query: &Query, scope: &Scope, row: &MessageRow) -> Vec<Piece> {
    let text = if query.is_empty() { None } else { text_of(core, scope, row.mail_id) };
    index::snippet(query, text.as_ref().unwrap_or(&row.preview))
}

fn text_of(core: &Core, scope: &Scope, mail: MailId) -> Option<String> {
    let octets = core.store.mail_octets(scope, mail).ok()??;
    crate::read::body(core, octets.location, octets.octets)
}
