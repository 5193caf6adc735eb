//! Mails of a query as a file.

use std::io::{self, Seek as _};

use api::{ExportFormat, ExportQuery};
use axum::extract::State as FromState;
use axum::http::{HeaderValue, header};
use axum::response::{IntoResponse, Response};
use export::{Csv, Format, Mbox, Sql, Writer, Xlsx, Xml, Zip};
use jiff::Timestamp;
use model::Role;
use pipeline::{Engine, ExportOf};

use crate::events::{self, Subject};
use crate::extract::Params;
use crate::piped::{self, Pipe};
use crate::problem::Failure;
use crate::rights::Caller;
use crate::{State, disposition, search};

/// `GET /export`
pub(crate) async fn export(
    FromState(state): FromState<State>,
    caller: Caller,
    Params(query): Params<ExportQuery>,
) -> Result<Response, Failure> {
    let format = match query.format {
        ExportFormat::Mbox => Format::Mbox,
        ExportFormat::Zip => Format::Zip,
        ExportFormat::Csv => Format::Csv,
        ExportFormat::Xlsx => Format::Xlsx,
        ExportFormat::Xml => Format::Xml,
        ExportFormat::Sql => Format::Sql,
    };
    let turn = state.download_turn().await?;
    let (of, scope) = state
        .read(move |state| {
            let mut asked = search::asked(state, &caller, &query.q);
            // A query that is not understood is said before anything is sent.
            asked.limit = 1;
            state.engine().search(caller.scope(), &asked).map_err(search::unanswered)?;
            let details = [("query", query.q), ("format", format.as_str().to_owned())];
            events::record(state, &caller, "mails.exported", Subject::Nothing, &details)?;
            let held_too = caller.role() == Role::Administrator;
            Ok((ExportOf { asked, held_too }, caller.scope().clone()))
        })
        .await?;
    let now = Timestamp::from_millisecond(state.now().0).unwrap_or_default();
    let name = format!("mails-{}.{}", now.strftime("%Y%m%d-%H%M%S"), format.as_str());
    let headers = [
        (header::CONTENT_TYPE, HeaderValue::from_static(format.media_type())),
        (header::CONTENT_DISPOSITION, disposition::attachment(Some(&name), "mails")),
    ];
    let engine = state.engine().clone();
    let body = piped::body(move |pipe| {
        let _turn = turn;
        if format == Format::Xlsx {
            // A workbook is written at the end, and needs a place to go back to.
            let mut file = tempfile::tempfile()?;
            run(&engine, &scope, &of, format, Box::new(Xlsx::new(file.try_clone()?)))?;
            file.rewind()?;
            return io::copy(&mut file, pipe).map(|_| ());
        }
        let writer = writer(pipe, format)?;
        run(&engine, &scope, &of, format, writer)
    });
    Ok((headers, body).into_response())
}

fn run(
    engine: &Engine,
    scope: &model::Scope,
    of: &ExportOf,
    format: Format,
    writer: Box<dyn Writer + '_>,
) -> io::Result<()> {
    match engine.export(scope, of, format.has_octets(), writer, &mut |_| {}) {
        Ok(_) => Ok(()),
        Err(pipeline::Error::Write(error)) => Err(error),
        Err(error) => {
            tracing::warn!(error = %pipeline::chain(&error), "an export broke off");
            Err(io::Error::other(error))
        }
    }
}

fn writer(pipe: &mut Pipe, format: Format) -> io::Result<Box<dyn Writer + '_>> {
    Ok(match format {
        Format::Zip => Box::new(Zip::new(pipe)?),
        Format::Mbox => Box::new(Mbox::new(pipe)),
        Format::Xml => Box::new(Xml::new(pipe)?),
        Format::Sql => Box::new(Sql::new(pipe)?),
        Format::Csv | Format::Xlsx | Format::Eml => Box::new(Csv::new(pipe)?),
    })
}
