//! Attachments over all mails: the list, and a ZIP of them, made while it is sent.

use std::collections::{BTreeMap, BTreeSet};
use std::io::{self, Write as _};

use api::{ExportCheck, Media, MediaExportQuery, MediaPage, MediaQuery, Timestamp};
use axum::extract::State as FromState;
use axum::http::{HeaderValue, header};
use axum::response::{IntoResponse, Response};
use jiff::Timestamp as Now;
use model::{Address, MailId, UnixMillis};
use store::{MailOctets, MediaCursor, MediaFilter, MediaKind, MediaRow};
use tokio::runtime::Handle;
use zip::ZipWriter;
use zip::write::StreamWriter;

use crate::events::{self, Subject};
use crate::extract::{Params, limit};
use crate::piped::{self, Pipe};
use crate::problem::Failure;
use crate::reading::Opened;
use crate::record_zip::{options, safe_name};
use crate::rights::{self, Caller};
use crate::{State, attachments, csv, disposition, exports, messages, record_mails};

/// Longest text searched for, characters.
const SEARCH_MAX: usize = 320;
/// Attachments between two looks at the database, and at the rights of the caller.
const PIECE_ROWS: usize = 100;
/// Attachments chosen by hand.
const CHOSEN_MAX: usize = 100;
/// Word of the export, in the log and in approvals.
const WORD: &str = "attachments";

const HEADER: [&str; 8] = ["file", "name", "octets", "date", "from", "subject", "mail_id", "held"];

pub(crate) const KINDS: [(api::MediaKind, MediaKind); 5] = [
    (api::MediaKind::Image, MediaKind::Image),
    (api::MediaKind::Pdf, MediaKind::Pdf),
    (api::MediaKind::Document, MediaKind::Document),
    (api::MediaKind::Archive, MediaKind::Archive),
    (api::MediaKind::Other, MediaKind::Other),
];

fn text(field: &'static str, text: &str) -> Result<Option<String>, Failure> {
    if text.chars().count() > SEARCH_MAX {
        return Err(Failure::field(field, "field-too-long")
            .with("field", field)
            .with("characters", SEARCH_MAX));
    }
    Ok(Some(text.trim().to_owned()).filter(|text| !text.is_empty()))
}

fn filter(query: &MediaExportQuery) -> Result<MediaFilter, Failure> {
    let kind = KINDS.into_iter().find(|(kind, _)| query.kind == Some(*kind));
    Ok(MediaFilter {
        kinds: kind.into_iter().map(|(_, kind)| kind).collect(),
        name: text("name", &query.name)?,
        sender: text("sender", &query.sender)?,
        octets_min: query.octets_min,
        from: record_mails::time("from", query.from.clone())?,
        until: record_mails::time("until", query.until.clone())?,
    })
}

pub(crate) fn kind(kind: MediaKind) -> api::MediaKind {
    KINDS.into_iter().find(|(_, known)| *known == kind).map_or(api::MediaKind::Other, |(kind, _)| kind)
}

fn shown(row: MediaRow) -> Media {
    Media {
        mail_id: row.mail_id.uuid(),
        part: row.part.number,
        kind: kind(row.kind),
        name: row.part.name,
        content_type: row.part.content_type,
        octets: row.part.octets,
        held: row.held,
        subject: row.subject,
        from: row.from.as_ref().map(Into::into),
        date: row.cursor.date.into(),
    }
}

/// `GET /media`
pub(crate) async fn list(
    FromState(state): FromState<State>,
    caller: Caller,
    Params(query): Params<MediaQuery>,
) -> Result<axum::Json<MediaPage>, Failure> {
    let limit = limit(query.limit)? as usize;
    let after: Option<MediaCursor> =
        query.cursor.map(|text| text.parse().map_err(|_| Failure::field("cursor", "cursor"))).transpose()?;
    let MediaQuery { kind, name, sender, octets_min, from, until, .. } = query;
    let filter =
        filter(&MediaExportQuery { kind, name, sender, octets_min, from, until, ..Default::default() })?;
    let page = state.read(move |state| {
        let page = state.store().media(caller.scope(), &filter, after.as_ref(), limit)?;
        Ok(MediaPage {
            items: page.rows.into_iter().map(shown).collect(),
            next: page.next.map(|next| next.to_string()),
        })
    });
    page.await.map(axum::Json)
}

/// What goes into the ZIP: what a filter lets through, or chosen ones by their mails.
enum What {
    Filter(MediaFilter),
    Chosen(BTreeMap<MailId, BTreeSet<String>>),
}

impl What {
    fn new(query: &MediaExportQuery) -> Result<Self, Failure> {
        if query.chosen.is_empty() {
            return Ok(Self::Filter(filter(query)?));
        }
        let mut chosen: BTreeMap<MailId, BTreeSet<String>> = BTreeMap::new();
        let wrong = || Failure::field("chosen", "request-unreadable").with("reason", "chosen");
        for one in query.chosen.split(',') {
            let (mail, part) = one.split_once(':').ok_or_else(wrong)?;
            let mail: MailId = mail.parse().map_err(|_| wrong())?;
            chosen.entry(mail).or_default().insert(part.to_owned());
        }
        if chosen.values().map(BTreeSet::len).sum::<usize>() > CHOSEN_MAX {
            return Err(wrong());
        }
        Ok(Self::Chosen(chosen))
    }

    /// Mails it hands something out of.
    fn mails(&self, state: &State, caller: &Caller) -> Result<u64, Failure> {
        let filter = match self {
            Self::Chosen(chosen) => return Ok(chosen.len() as u64),
            Self::Filter(filter) => filter,
        };
        let (mut mails, mut last, mut after) = (0, 0, None);
        loop {
            let page = state.store().media(caller.scope(), filter, after.as_ref(), 400)?;
            for row in &page.rows {
                // Attachments of a mail stand together within a kind only; counted too often is on the safe side.
                mails += u64::from(row.seq != last);
                last = row.seq;
            }
            match page.next {
                Some(next) => after = Some(next),
                None => return Ok(mails),
            }
        }
    }
}

/// What is asked for, as it stands in the log and in approvals.
fn words(query: &MediaExportQuery) -> String {
    let mut words = url::form_urlencoded::Serializer::new(String::new());
    let octets = query.octets_min.to_string();
    let kind = query.kind.map(|kind| match kind {
        api::MediaKind::Image => "image",
        api::MediaKind::Pdf => "pdf",
        api::MediaKind::Document => "document",
        api::MediaKind::Archive => "archive",
        api::MediaKind::Other => "other",
    });
    for (name, word) in [
        ("kind", kind.unwrap_or_default()),
        ("name", query.name.trim()),
        ("sender", query.sender.trim()),
        ("octets_min", if query.octets_min > 0 { &octets } else { "" }),
        ("from", query.from.as_deref().unwrap_or_default()),
        ("until", query.until.as_deref().unwrap_or_default()),
        ("chosen", &query.chosen),
    ] {
        if !word.is_empty() {
            words.append_pair(name, word);
        }
    }
    words.finish()
}

/// An export as it is asked for, and of how many mails it hands something out.
pub(crate) fn wish(
    state: &State,
    caller: &Caller,
    query: &MediaExportQuery,
) -> Result<(pipeline::ExportWish, ExportCheck), Failure> {
    let mails = What::new(query)?.mails(state, caller)?;
    Ok((exports::of_words(words(query), WORD), exports::checked(state, mails)?))
}

/// `GET /media/export/check`
pub(crate) async fn check(
    FromState(state): FromState<State>,
    caller: Caller,
    Params(query): Params<MediaExportQuery>,
) -> Result<axum::Json<ExportCheck>, Failure> {
    state.read(move |state| Ok(axum::Json(wish(state, &caller, &query)?.1))).await
}

/// `GET /media/export`
pub(crate) async fn export(
    FromState(state): FromState<State>,
    caller: Caller,
    Params(query): Params<MediaExportQuery>,
) -> Result<Response, Failure> {
    let what = What::new(&query)?;
    let asking = caller.clone();
    state
        .read(move |state| {
            let (wish, size) = wish(state, &asking, &query)?;
            exports::admit(state, &asking, &wish, size, query.approval)?;
            let details = [("query", wish.query), ("mails", size.mails.to_string())];
            events::record(state, &asking, "attachments.exported", Subject::Nothing, &details)
        })
        .await?;
    let turn = state.download_turn().await?;
    let now = Now::from_millisecond(state.now().0).unwrap_or_default();
    let name = format!("attachments-{}.zip", now.strftime("%Y%m%d-%H%M%S"));
    let runtime = Handle::current();
    let body = piped::body(move |pipe| {
        let _turn = turn;
        let index = format!("\u{feff}{}", csv::line(&HEADER));
        let zip = ZipWriter::new_stream(pipe);
        let mut writing = Writing { state, zip, runtime, index, held: String::new(), number: 0 };
        writing.all(caller, &what).map_err(|failure| io::Error::other(failure.key()))?;
        writing.zip.finish().map(|_| ()).map_err(io::Error::other)
    });
    let headers = [
        (header::CONTENT_TYPE, HeaderValue::from_static("application/zip")),
        (header::CONTENT_DISPOSITION, disposition::attachment(Some(&name), "attachments.zip")),
    ];
    Ok((headers, body).into_response())
}

struct Writing<'p> {
    state: State,
    zip: ZipWriter<StreamWriter<&'p mut Pipe>>,
    runtime: Handle,
    index: String,
    /// Names of those left out because they are held.
    held: String,
    number: u64,
}

/// What the list says of a mail beside its attachments.
struct About {
    date: UnixMillis,
    from: Option<Address>,
    subject: String,
}

impl Writing<'_> {
    fn all(&mut self, mut caller: Caller, what: &What) -> Result<(), Failure> {
        match what {
            What::Chosen(chosen) => {
                for (mail, parts) in chosen {
                    caller = self.renewed(&caller)?;
                    let Some(detail) = self.state.store().message(caller.scope(), *mail)? else { continue };
                    let octets = self.state.store().mail_octets(caller.scope(), *mail)?;
                    let Some(octets) = octets else { continue };
                    let about =
                        About { date: detail.row.date, from: detail.row.from, subject: detail.row.subject };
                    self.mail(octets, &about, parts)?;
                }
            }
            What::Filter(filter) => {
                let mut after = None;
                loop {
                    caller = self.renewed(&caller)?;
                    let page =
                        self.state.store().media(caller.scope(), filter, after.as_ref(), PIECE_ROWS)?;
                    self.rows(&caller, page.rows)?;
                    match page.next {
                        Some(next) => after = Some(next),
                        None => break,
                    }
                }
            }
        }
        let index = std::mem::take(&mut self.index);
        self.file("index.csv", index.as_bytes())?;
        if !self.held.is_empty() {
            let held = std::mem::take(&mut self.held);
            self.file("held-back.txt", held.as_bytes())?;
        }
        Ok(())
    }

    fn renewed(&self, caller: &Caller) -> Result<Caller, Failure> {
        self.runtime.block_on(rights::renew(&self.state, caller)).ok_or_else(Failure::not_found)
    }

    /// Attachments of one mail are read together.
    fn rows(&mut self, caller: &Caller, rows: Vec<MediaRow>) -> Result<(), Failure> {
        let mut mails: Vec<(MailId, About, BTreeSet<String>)> = Vec::new();
        for row in rows {
            let part = row.part.number;
            if let Some((.., parts)) = mails.iter_mut().find(|(mail, ..)| *mail == row.mail_id) {
                parts.insert(part);
            } else {
                let about = About { date: row.cursor.date, from: row.from, subject: row.subject };
                mails.push((row.mail_id, about, [part].into()));
            }
        }
        for (mail, about, parts) in mails {
            if let Some(octets) = self.state.store().mail_octets(caller.scope(), mail)? {
                self.mail(octets, &about, &parts)?;
            }
        }
        Ok(())
    }

    fn mail(&mut self, mail: MailOctets, about: &About, wanted: &BTreeSet<String>) -> Result<(), Failure> {
        let _turn = self.runtime.block_on(self.state.large_turn(mail.octets))?;
        let stored = self.state.store().parts(mail.seq)?;
        let examined = self.state.engine().examine(mail.seq, true)?;
        let policy = self.state.engine().examination().policy();
        let opened = Opened::all(&self.state, &mail)?;
        let parts = opened.message.parts.iter().enumerate().filter(|(_, part)| wanted.contains(&part.number));
        for (index, part) in parts {
            let hold = attachments::hold(&policy, part.role, &part.number, &stored, &examined);
            let held = hold.is_some_and(|hold| hold.released.is_none());
            let content = if held { None } else { opened.content(index, usize::MAX) };
            let media_type = opened.content_type(index, part);
            let name = part
                .name
                .clone()
                .unwrap_or_else(|| format!("part-{}{}", part.number, messages::ending(&media_type)));
            let date = Timestamp::from(about.date).to_string();
            let from = about.from.as_ref().map(|from| from.addr_spec.as_str()).unwrap_or_default();
            let mut file = String::new();
            let octets = content.as_ref().map(|content| content.len().to_string()).unwrap_or_default();
            if let Some(content) = &content {
                self.number += 1;
                file = format!("{:05}_{}_{}", self.number, &date[..date.len().min(10)], safe_name(&name));
                self.file(&file, content)?;
            } else {
                let line = format!("{name} – {date}, {from}, {}, {}\r\n", about.subject, mail.mail_id);
                self.held.push_str(&line);
            }
            let id = mail.mail_id.to_string();
            let held = if held { "1" } else { "0" };
            self.index.push_str(&csv::line(&[&file, &name, &octets, &date, from, &about.subject, &id, held]));
        }
        Ok(())
    }

    fn file(&mut self, name: &str, content: &[u8]) -> Result<(), Failure> {
        self.zip.start_file(name, options(content.len() as u64)).map_err(Failure::internal)?;
        self.zip.write_all(content).map_err(Failure::internal)
    }
}

/// `POST /approvals/exports` for attachments: the words are those of the query.
pub(crate) fn asked(words: &str) -> Result<MediaExportQuery, Failure> {
    exports::from_words(words)
}
