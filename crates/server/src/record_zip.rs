//! Mails and attachments of a record as one ZIP file, made while it is sent.

use std::io::{self, Write as _};

use api::{RecordMailQuery, Timestamp};
use axum::extract::{Path, State as FromState};
use axum::http::{HeaderValue, header};
use axum::response::{IntoResponse, Response};
use model::RecordKind;
use store::{MessageCursor, MessageRow, RecordFilter};
use tokio::runtime::Handle;
use zip::write::{SimpleFileOptions, StreamWriter};
use zip::{CompressionMethod, ZipWriter};

use crate::events::{self, Subject};
use crate::extract::Params;
use crate::piped::{self, Pipe};
use crate::problem::Failure;
use crate::reading::{self, Opened};
use crate::rights::{self, Caller};
use crate::{State, attachments, csv, disposition, links, record_mails};

/// Mails between two looks at the database, and at the rights of the caller.
const PIECE_ROWS: usize = 100;
/// Characters of a name inside the file.
const NAME_CHARACTERS_MAX: usize = 80;
/// From so many octets on an entry needs the large form (APPNOTE 4.4.9).
const LARGE_OCTETS: u64 = 2 << 30;

const HEADER: [&str; 10] =
    ["number", "what", "date", "from", "to", "subject", "message_id", "mail_id", "file", "name"];

/// A name that no program takes for a path, for a hidden file or for one of its own.
pub(crate) fn safe_name(name: &str) -> String {
    let plain = |c: char| if c.is_alphanumeric() || " .-_()".contains(c) { c } else { '_' };
    let name: String = name.trim().chars().take(NAME_CHARACTERS_MAX).map(plain).collect();
    let name = name.trim_matches([' ', '.']);
    if name.is_empty() { "_".to_owned() } else { name.to_owned() }
}

/// How a file of so many octets is packed.
pub(crate) fn options(octets: u64) -> SimpleFileOptions {
    let options = SimpleFileOptions::default().compression_method(CompressionMethod::Deflated);
    options.large_file(octets >= LARGE_OCTETS)
}

struct Export<'p> {
    state: State,
    zip: ZipWriter<StreamWriter<&'p mut Pipe>>,
    runtime: Handle,
    index: String,
    number: u64,
}

impl Export<'_> {
    fn line(&mut self, row: &MessageRow, what: &str, file: &str, name: &str) {
        let from = row.from.as_ref().map(|from| from.addr_spec.as_str()).unwrap_or_default();
        let to: Vec<&str> = row.to.iter().map(|to| to.addr_spec.as_str()).collect();
        let message_id = row.message_id.as_ref().map(model::MessageId::as_str).unwrap_or_default();
        self.index.push_str(&csv::line(&[
            &self.number.to_string(),
            what,
            &Timestamp::from(row.date).to_string(),
            from,
            &to.join("; "),
            &row.subject,
            message_id,
            &row.mail_id.to_string(),
            file,
            name,
        ]));
    }

    fn mail(&mut self, caller: &Caller, row: &MessageRow) -> Result<(), Failure> {
        self.number += 1;
        let store = self.state.store();
        let Some(mail) = store.mail_octets(caller.scope(), row.mail_id)? else { return Ok(()) };
        let stored = store.parts(mail.seq)?;
        let examined = self.state.engine().examine(mail.seq, true)?;
        let held = store::any_held(&stored, &examined);
        let date = Timestamp::from(row.date).to_string();
        let stem = format!("{:05}_{}_{}", self.number, &date[..date.len().min(10)], safe_name(&row.subject));
        if held {
            // The original holds the attachment that is held back.
            self.line(row, "mail held back", "", "");
        } else {
            let file = format!("mails/{stem}.eml");
            let mut reader = self.state.archive().get(mail.location).map_err(reading::unreadable)?;
            self.zip.start_file(&file, options(mail.octets)).map_err(Failure::internal)?;
            io::copy(&mut reader, &mut self.zip).map_err(Failure::internal)?;
            self.line(row, "mail", &file, "");
        }
        if row.attachments > 0 {
            self.attachments(&mail, &stored, &examined, row)?;
        }
        Ok(())
    }

    fn attachments(
        &mut self,
        mail: &store::MailOctets,
        stored: &[store::StoredPart],
        examined: &[store::ExaminedPart],
        row: &MessageRow,
    ) -> Result<(), Failure> {
        let _turn = self.runtime.block_on(self.state.large_turn(mail.octets))?;
        let opened = Opened::all(&self.state, mail)?;
        let policy = self.state.engine().examination().policy();
        for (n, (index, part)) in opened.attachments().enumerate() {
            let name = part.name.clone().unwrap_or_else(|| format!("part-{}", part.number));
            let hold = attachments::hold(&policy, part.role, &part.number, stored, examined);
            if hold.is_some_and(|hold| hold.released.is_none()) {
                self.line(row, "attachment held back", "", &name);
                continue;
            }
            let Some(content) = opened.content(index, usize::MAX) else { continue };
            let file = format!("attachments/{:05}/{:02}_{}", self.number, n + 1, safe_name(&name));
            self.zip.start_file(&file, options(content.len() as u64)).map_err(Failure::internal)?;
            self.zip.write_all(&content).map_err(Failure::internal)?;
            self.line(row, "attachment", &file, &name);
        }
        Ok(())
    }

    /// All mails that the filter lets through and the caller may read at the time.
    fn all(
        &mut self,
        mut caller: Caller,
        record: (RecordKind, &str),
        filter: &RecordFilter,
    ) -> Result<(), Failure> {
        let mut after: Option<MessageCursor> = None;
        loop {
            let renewed = self.runtime.block_on(rights::renew(&self.state, &caller));
            caller = renewed.ok_or_else(Failure::not_found)?;
            let found = self.state.store().record_mails(caller.scope(), record, filter, after, PIECE_ROWS)?;
            let found = found.unwrap_or_default();
            for row in &found.rows {
                self.mail(&caller, row)?;
            }
            match found.next {
                Some(next) => after = Some(next),
                None => break,
            }
        }
        let index = std::mem::take(&mut self.index);
        self.zip.start_file("index.csv", options(index.len() as u64)).map_err(Failure::internal)?;
        self.zip.write_all(index.as_bytes()).map_err(Failure::internal)
    }
}

/// `GET /records/{kind}/{number}/documents.zip`
pub(crate) async fn export(
    FromState(state): FromState<State>,
    Path((kind, number)): Path<(String, String)>,
    caller: Caller,
    Params(query): Params<RecordMailQuery>,
) -> Result<Response, Failure> {
    let (kind, number) = links::named(&kind, &number)?;
    let filter = record_mails::filter(&query)?;
    let name = format!("{}-{}.zip", kind.as_str(), safe_name(&number));
    let (asking, known) = (caller.clone(), number.clone());
    let asked = filter.clone();
    state
        .read(move |state| {
            let found = state.store().record_mails(asking.scope(), (kind, &known), &asked, None, 1)?;
            let total = found.ok_or_else(Failure::not_found)?.total;
            let details =
                [("kind", kind.as_str().to_owned()), ("number", known), ("mails", total.to_string())];
            events::record(state, &asking, "record.exported", Subject::Nothing, &details)
        })
        .await?;
    let turn = state.download_turn().await?;
    let runtime = Handle::current();
    let body = piped::body(move |pipe| {
        let _turn = turn;
        let index = format!("\u{feff}{}", csv::line(&HEADER));
        let mut export = Export { state, zip: ZipWriter::new_stream(pipe), runtime, index, number: 0 };
        export.all(caller, (kind, &number), &filter).map_err(|failure| io::Error::other(failure.key()))?;
        export.zip.finish().map(|_| ()).map_err(io::Error::other)
    });
    let headers = [
        (header::CONTENT_TYPE, HeaderValue::from_static("application/zip")),
        (header::CONTENT_DISPOSITION, disposition::attachment(Some(&name), "record.zip")),
    ];
    Ok((headers, body).into_response())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_no_paths() {
        for (name, expected) in [
            ("../../etc/passwd", "_.._etc_passwd"),
            ("Rechnung 4711.pdf", "Rechnung 4711.pdf"),
            ("..", "_"),
            ("", "_"),
            ("C:\\x\u{0}y", "C__x_y"),
            ("=1+1.csv", "_1_1.csv"),
        ] {
            assert_eq!(safe_name(name), expected, "{name}");
        }
        assert_eq!(safe_name(&"ä".repeat(300)).chars().count(), NAME_CHARACTERS_MAX);
    }
}
