//! CSV files that are made while they are sent.

use axum::body::{Body, Bytes};
use axum::http::{HeaderValue, header};
use axum::response::{IntoResponse, Response};
use futures_util::StreamExt as _;

use crate::problem::Failure;
use crate::{State, disposition};

pub use export::csv_line as line;

/// A download whose pieces are made one after the other: `piece` gets what the last one left, from the beginning
/// nothing, and gives text and what it leaves; without that it was the last. A failure breaks the connection.
pub(crate) fn download<C, F>(state: State, name: &str, header: &[&str], piece: F) -> Response
where
    C: Clone + Send + 'static,
    F: Fn(&State, Option<C>) -> Result<(String, Option<C>), Failure> + Clone + Send + Sync + 'static,
{
    let begin = format!("\u{feff}{}", line(header));
    stream(state, (name, "text/csv; charset=utf-8"), begin, piece)
}

/// As [`download`], of any text: `name` with its media type, what stands before the first piece.
pub(crate) fn stream<C, F>(
    state: State,
    (name, media_type): (&str, &'static str),
    begin: String,
    piece: F,
) -> Response
where
    C: Clone + Send + 'static,
    F: Fn(&State, Option<C>) -> Result<(String, Option<C>), Failure> + Clone + Send + Sync + 'static,
{
    enum Next<C> {
        Header(String),
        Piece(Option<C>),
        End,
    }
    let begin = Next::Header(begin);
    let pieces = futures_util::stream::unfold((state, begin), move |(state, next)| {
        let piece = piece.clone();
        async move {
            match next {
                Next::End => None,
                Next::Header(text) => Some((Ok(Bytes::from(text)), (state, Next::Piece(None)))),
                Next::Piece(from) => match state.read(move |state| piece(state, from)).await {
                    Ok((text, Some(next))) => Some((Ok(Bytes::from(text)), (state, Next::Piece(Some(next))))),
                    Ok((text, None)) => Some((Ok(Bytes::from(text)), (state, Next::End))),
                    Err(failure) => {
                        let error = std::io::Error::other(failure.key());
                        Some((Err(error), (state, Next::End)))
                    }
                },
            }
        }
    });
    let headers = [
        (header::CONTENT_TYPE, HeaderValue::from_static(media_type)),
        (header::CONTENT_DISPOSITION, disposition::attachment(Some(name), "export.csv")),
    ];
    // Compression asks once more after the end.
    (headers, Body::from_stream(pieces.fuse())).into_response()
}
