//! Runs of address books (`CardDAV`): what changed since the last run is fetched, what is gone vanishes.

use std::collections::{BTreeMap, BTreeSet};

use erp::{Book, Dav, KnownBook};
use model::RecordKind;
use serde::{Deserialize, Serialize};
use store::ErpSource;

use super::run::{ErpTrial, QueryTrial, SHOWN, erp};
use super::source::{DavOptions, SourceState, dav_server};
use super::{ErpNote, ErpOutcome, ErpTake, Vanishing};
use crate::engine::Engine;
use crate::error::{Error, Result};

/// Cards fetched and written together.
const BATCH: usize = 200;

/// What a run leaves of an address book for the next one.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct BookState {
    /// Names the state at the server.
    token: Option<String>,
    /// `ETag` and number of each card, by path.
    cards: BTreeMap<String, (String, String)>,
}

/// Address books of a source, asked from a thread that may wait.
struct Asked {
    runtime: tokio::runtime::Runtime,
    dav: Dav,
}

impl Asked {
    fn new(engine: &Engine, source: &ErpSource, options: &DavOptions) -> Result<Self> {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
        let runtime = runtime.map_err(|error| Error::Erp(error.to_string()))?;
        let dav = Dav::new(&dav_server(engine, source, options)?).map_err(erp)?;
        Ok(Self { runtime, dav })
    }

    fn wait<T>(&self, work: impl Future<Output = Result<T, erp::DavError>>) -> Result<T> {
        self.runtime.block_on(work).map_err(erp)
    }

    /// Paths of the address books to read: those chosen, or all.
    fn books(&self, options: &DavOptions) -> Result<Vec<String>> {
        if options.books.is_empty() {
            let all = self.wait(self.dav.books())?;
            return Ok(all.into_iter().map(|book| book.path).collect());
        }
        Ok(options.books.iter().map(|book| book.path.clone()).collect())
    }
}

/// Takes what changed. The state is another one afterwards only if everything was read.
pub(super) fn run_dav(
    engine: &Engine,
    source: &ErpSource,
    options: &DavOptions,
    state: &mut SourceState,
    actor: &str,
    vanishing: Vanishing,
) -> Result<ErpOutcome> {
    let now = || engine.core().now();
    let kinds = [RecordKind::Contact];
    let mut take = ErpTake::begin(engine.store(), source.key, &source.settings.name, actor, &kinds, now())?;
    let read = (|| {
        let asked = Asked::new(engine, source, options)?;
        let mut books = BTreeMap::new();
        let mut row = 0;
        for path in asked.books(options)? {
            let before = state.books.get(&path).cloned().unwrap_or_default();
            let after = read_book(&asked, &path, before, &mut take, &mut row)?;
            books.insert(path, after);
        }
        Ok(books)
    })();
    let books = match read {
        Ok(books) => books,
        Err(error) => {
            take.fail(&crate::chain(&error), now())?;
            return Err(error);
        }
    };
    let is_first = state.books.is_empty();
    let before = numbers(&state.books);
    state.books = books;
    if is_first {
        // Whatever an earlier state knew: what is not named any more goes by the marks of the run.
        let outcome = take.finish(vanishing, now())?;
        if outcome.sums.held.0 > 0 {
            state.books.clear();
        }
        return Ok(outcome);
    }
    let after = numbers(&state.books);
    let of = before.union(&state.gone).count() as u64;
    let mut gone: BTreeSet<String> = before.difference(&after).map(|number| (*number).clone()).collect();
    gone.extend(std::mem::take(&mut state.gone).into_iter().filter(|number| !after.contains(number)));
    let outcome = take.finish_with(&gone, of, vanishing, now())?;
    if outcome.sums.held.0 > 0 {
        // They are asked about again with the next run.
        state.gone = gone;
    }
    Ok(outcome)
}

fn numbers(books: &BTreeMap<String, BookState>) -> BTreeSet<String> {
    books.values().flat_map(|book| book.cards.values()).map(|(_, number)| number.clone()).collect()
}

fn read_book(
    asked: &Asked,
    path: &str,
    mut book: BookState,
    take: &mut ErpTake<'_>,
    row: &mut u64,
) -> Result<BookState> {
    let known = KnownBook {
        token: book.token.as_deref(),
        cards: book.cards.iter().map(|(path, (etag, _))| (path.as_str(), etag.as_str())).collect(),
    };
    let changes = asked.wait(asked.dav.changes(path, &known))?;
    for gone in &changes.gone {
        book.cards.remove(gone);
    }
    let changed: Vec<String> = changes.changed.into_iter().collect();
    let mut is_whole = true;
    for batch in changed.chunks(BATCH) {
        for card in asked.wait(asked.dav.cards(path, batch))? {
            *row += 1;
            let read = match &card.text {
                Some(text) => erp::cards_of(text).into_iter().next(),
                None => Some(Err(erp::RowError::TooLong { column: "card" })),
            };
            // Nothing in it: no card.
            let Some(read) = read else { continue };
            match &read {
                Ok(record) => {
                    book.cards.insert(card.path, (card.etag, record.number.clone()));
                }
                // It is asked for again, and so is what the server would not name again.
                Err(_) => is_whole = false,
            }
            take.take(*row, read)?;
        }
    }
    book.token = changes.token.filter(|_| is_whole);
    Ok(book)
}

/// Reaches the server; finds address books and, of each to be read, the first contacts.
pub(super) fn try_dav(engine: &Engine, source: &ErpSource, options: &DavOptions) -> ErpTrial {
    let mut trial = ErpTrial::default();
    let tried = (|| {
        let asked = Asked::new(engine, source, options)?;
        trial.books = asked.wait(asked.dav.books())?;
        for path in asked.books(options)? {
            let name = trial.books.iter().find(|book| book.path == path).map(|book| book.name.clone());
            let columns = vec![name.unwrap_or_else(|| path.clone())];
            let kind = RecordKind::Contact.as_str().to_owned();
            let mut found = QueryTrial { kind, columns, ..QueryTrial::default() };
            match first_cards(&asked, &path) {
                Ok(rows) => found.rows = rows,
                Err(error) => found.error = Some(crate::chain(&error)),
            }
            trial.queries.push(found);
        }
        Ok::<_, Error>(())
    })();
    trial.error = tried.err().map(|error| crate::chain(&error));
    trial
}

fn first_cards(asked: &Asked, path: &str) -> Result<Vec<Vec<String>>> {
    let changes = asked.wait(asked.dav.changes(path, &KnownBook::default()))?;
    let first: Vec<String> = changes.changed.into_iter().take(SHOWN).collect();
    let cards = asked.wait(asked.dav.cards(path, &first))?;
    let records = cards.iter().filter_map(|card| erp::cards_of(card.text.as_deref()?).into_iter().next());
    let row = |(at, record): (usize, Result<erp::Record, erp::RowError>)| match record {
        Ok(record) => vec![record.number, record.name, record.addresses.join("; ")],
        Err(error) => {
            let note = ErpNote::of(at as u64 + 1, &error);
            vec![note.what, note.value]
        }
    };
    Ok(records.enumerate().map(row).collect())
}

/// An address book as it is set.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct DavBook {
    /// Its path on the server.
    pub path: String,
    /// Its name for people, as it was when it was chosen.
    pub name: String,
}

impl From<Book> for DavBook {
    fn from(book: Book) -> Self {
        Self { path: book.path, name: book.name }
    }
}
