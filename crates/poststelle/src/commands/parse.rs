//! `poststelle parse`: the decoded facts of mail files, one row a file.

use std::io::Write;
use std::path::PathBuf;

use model::{Address, Disposition, Message, MessageId, Part, PartRole, UnixMillis};
use parse::Limits;
use serde::Serialize;

use super::mail_files;
use crate::failure::FAILED;
use crate::lang::Lang;

/// Characters of `text` in a row.
const TEXT_CHARS: usize = 190;

/// Writes the rows; what cannot be read is said on `err`. Gives the exit status.
pub fn run(paths: &[PathBuf], lang: Lang, out: &mut dyn Write, err: &mut dyn Write) -> i32 {
    let limits = Limits::default();
    finish(mail_files::write_rows(None, paths, out, |file, octets| row(file, octets, &limits)), lang, err)
}

/// Says what could not be read; the exit status.
pub(super) fn finish(
    written: std::io::Result<Vec<mail_files::Unreadable>>,
    lang: Lang,
    err: &mut dyn Write,
) -> i32 {
    match written {
        Ok(unreadable) => {
            for mail_files::Unreadable { path, reason } in &unreadable {
                let reason = super::reason_text(reason, lang);
                let text = lang.text("file-unreadable", &[("path", path), ("reason", &reason)]);
                writeln!(err, "poststelle: {text}").ok();
            }
            if unreadable.is_empty() { 0 } else { FAILED }
        }
        // The reader went away.
        Err(error) if error.kind() == std::io::ErrorKind::BrokenPipe => FAILED,
        Err(error) => {
            writeln!(err, "poststelle: {}", lang.text("output", &[("reason", &error)])).ok();
            FAILED
        }
    }
}

#[derive(Serialize)]
struct Row<'a> {
    file: &'a str,
    subject: Option<&'a str>,
    from: Vec<String>,
    to: Vec<String>,
    cc: Vec<String>,
    date: Option<String>,
    message_id: Option<&'a str>,
    in_reply_to: Vec<&'a str>,
    references: Vec<&'a str>,
    text: Option<String>,
    attachments: Vec<Attachment<'a>>,
    defects: Vec<Defect>,
}

#[derive(Serialize)]
struct Attachment<'a> {
    name: Option<&'a str>,
    octets: u64,
    sha256: Option<String>,
    content_type: &'a str,
}

#[derive(Serialize)]
struct Defect {
    kind: &'static str,
    at: u64,
}

/// The row of one file as JSON.
pub fn row(file: &str, octets: &[u8], limits: &Limits) -> String {
    let (message, defects) = parse::read(octets, limits);
    let row = Row {
        file,
        subject: message.subject.as_deref(),
        from: folded(&message.from),
        to: folded(&message.to),
        cc: folded(&message.cc),
        date: message.date.and_then(rfc3339),
        message_id: message.message_id.as_ref().map(MessageId::as_str),
        in_reply_to: message.in_reply_to.iter().map(MessageId::as_str).collect(),
        references: message.references.iter().map(MessageId::as_str).collect(),
        text: as_sent(&message).find(|part| is_text(part)).map(beginning),
        attachments: as_sent(&message).filter(|part| is_listed(part)).map(attachment).collect(),
        defects: defects.iter().map(|d| Defect { kind: d.kind.as_str(), at: d.at }).collect(),
    };
    serde_json::to_string(&row).expect("strings and numbers always serialise")
}

/// Lower case, sorted, unique.
fn folded(addresses: &[Address]) -> Vec<String> {
    let mut folded: Vec<String> = addresses.iter().map(Address::folded).collect();
    folded.sort_unstable();
    folded.dedup();
    folded
}

/// `2026-03-02T09:00:00Z`.
pub(super) fn rfc3339(time: UnixMillis) -> Option<String> {
    Some(jiff::Timestamp::from_second(time.seconds()).ok()?.to_string())
}

/// The parts of the mail as it was sent: what a `winmail.dat` holds is shown and searched, but is no part of MIME.
fn as_sent(message: &Message) -> impl Iterator<Item = &Part> {
    let is_packed = |part: &Part| {
        let around = part.parent.and_then(|parent| message.parts.get(parent as usize));
        around.is_some_and(|around| around.role == PartRole::Attachment)
    };
    message.parts.iter().filter(move |part| !is_packed(part))
}

fn is_text(part: &Part) -> bool {
    part.role == PartRole::Body && part.message_depth == 0 && part.content_type == "text/plain"
}

fn beginning(part: &Part) -> String {
    let mut folded = String::new();
    for word in part.text.as_deref().unwrap_or_default().split_whitespace() {
        if !folded.is_empty() {
            folded.push(' ');
        }
        folded.extend(word.chars().take(TEXT_CHARS));
        if folded.len() > TEXT_CHARS * 4 {
            break;
        }
    }
    let mut text: String = folded.chars().take(TEXT_CHARS).collect();
    text.truncate(text.trim_end().len());
    text
}

/// Every leaf that is no text, or has a file name, or says `attachment`; message/* neither listed nor entered.
fn is_listed(part: &Part) -> bool {
    let is_leaf = !matches!(part.role, PartRole::Container | PartRole::Message);
    is_leaf
        && part.message_depth == 0
        && !part.content_type.starts_with("message/")
        && !part.content_type.starts_with("multipart/")
        && (!part.content_type.starts_with("text/")
            || part.name.is_some()
            || part.disposition == Disposition::Attachment)
}

fn attachment(part: &Part) -> Attachment<'_> {
    Attachment {
        name: part.name.as_deref(),
        octets: part.octets,
        sha256: part.sha256.map(|digest| digest.to_string()),
        content_type: &part.content_type,
    }
}
