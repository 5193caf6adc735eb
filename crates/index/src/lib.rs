//! Full text search over messages.
//!
//! In: [`Document`]s, one per message, and the number of the last change they bring ([`Index::commit`]); queries as people
//! type them ([`Query::parse`]) and the accounts the asking user may read. Out: the keys of the messages found, their
//! number, facets, and highlighted snippets of texts the caller provides. The index keeps no text, follows the database
//! by the change number, and can be deleted and made anew at any time. It does not read mails, accounts or rights by
//! itself, and knows neither HTTP nor the database.

mod analyze;
mod batch;
mod compile;
mod document;
mod error;
mod facet;
mod fold;
mod parts;
mod prefix;
mod query;
mod replaced;
mod schema;
mod search;
mod segment;
mod snippet;
mod stem;
mod store;
#[cfg(test)]
mod tests;
mod vocabulary;
mod window;

pub use document::{Attached, Document};
pub use error::{Error, Rebuild};
pub use facet::Facets;
pub use query::{Context, Query, QueryError, Unsupported, key};
pub use search::{Found, Hit, Page, Sort};
pub use snippet::{Piece, snippet};
pub use store::{Index, Options};

/// Format of the index on disk: schema, analysis chain and tantivy's own format together.
pub const FORMAT: &str = "1";
