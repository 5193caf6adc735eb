//! CSV files that are made while they are sent.

use axum::body::{Body, Bytes};
use axum::http::{HeaderValue, header};
use axum::response::{IntoResponse, Response};
use futures_util::StreamExt as _;

use crate::problem::Failure;
use crate::{State, disposition};

/// One line: cells in quotes, none of which a spreadsheet takes for a formula.
pub fn line(cells: &[&str]) -> String {
    let mut line = cells.iter().map(|cell| quoted(cell)).collect::<Vec<_>>().join(",");
    line.push_str("\r\n");
    line
}

/// A cell that begins like a formula begins with an apostrophe instead.
fn quoted(cell: &str) -> String {
    let harmless = !cell
        .starts_with(['=', '+', '-', '@', '\t', '\r', '\n', '\u{ff1d}', '\u{ff0b}', '\u{ff0d}', '\u{ff20}']);
    let mark = if harmless { "" } else { "'" };
    format!("\"{mark}{}\"", cell.replace('"', "\"\""))
}

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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_cell_is_a_formula() {
        let check = |cell: &str, expected: &str| assert_eq!(line(&[cell]), format!("{expected}\r\n"));
        check("a@b.example", "\"a@b.example\"");
        check("=cmd|' /C calc'!A0", "\"'=cmd|' /C calc'!A0\"");
        for begin in ["+", "-", "@", "\t", "\r"] {
            check(&format!("{begin}1"), &format!("\"'{begin}1\""));
        }
        check("a \"b\"", "\"a \"\"b\"\"\"");
        assert_eq!(line(&["", "b"]), "\"\",\"b\"\r\n");
    }
}
