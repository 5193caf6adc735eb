//! `poststelle show`.

use model::{MailId, MessageId, Scope};
use pipeline::Engine;
use serde_json::json;
use store::{AddressRole, MailOctets};

use super::when;
use crate::cli;
use crate::control::Streams;
use crate::failure::{FAILED, Failure};

/// Mails with the same Message-ID that are listed.
const SAME_MAX: usize = 1000;
/// Octets of text shown without `--raw`.
const TEXT_OCTETS_MAX: u64 = 8 << 20;

/// Shows one mail; several with the same Message-ID are listed, with exit status 1.
pub fn run(engine: &Engine, args: &cli::Show, streams: &mut Streams<'_>) -> Result<i32, Failure> {
    let found = find(engine, &args.mail)?;
    let [mail] = found.as_slice() else {
        for mail in &found {
            writeln!(streams.out, "{}  {}  {}", mail.mail_id, mail.sha256, mail.octets)?;
        }
        streams.out.flush()?;
        let key = if found.is_empty() { "mail-unknown" } else { "mail-several" };
        return Err(Failure::new(key).with("mail", &args.mail).with("count", found.len()));
    };
    if args.raw {
        return raw(engine, mail, streams);
    }
    let detail = engine.store().message(&Scope::All, mail.mail_id)?;
    if args.json {
        let value = json!({
            "mail_id": mail.mail_id.to_string(),
            "sha256": mail.sha256.to_string(),
            "octets": mail.octets,
            "object_id": mail.object.to_string(),
            "message_id": detail.as_ref().and_then(|d| d.row.message_id.as_ref()).map(model::MessageId::as_str),
            "subject": detail.as_ref().map(|d| d.row.subject.as_str()),
            "date": detail.as_ref().map(|d| when(d.row.date)),
            "kind": detail.as_ref().map(|d| d.row.kind.as_str()),
            "thread_id": detail.as_ref().map(|d| d.row.thread_id.to_string()),
            "from": people(detail.as_ref(), AddressRole::From),
            "to": people(detail.as_ref(), AddressRole::To),
            "cc": people(detail.as_ref(), AddressRole::Cc),
            "attachments": detail.as_ref().map(|d| d.parts.iter().filter(|part| part.role == model::PartRole::Attachment).map(|part| json!({"number": part.number, "name": part.name, "content_type": part.content_type, "octets": part.octets, "sha256": part.sha256.map(|sha256| sha256.to_string())})).collect::<Vec<_>>()),
            "defects": detail.as_ref().map(|d| d.defects.iter().map(|defect| json!({"kind": defect.kind.as_str(), "at": defect.at})).collect::<Vec<_>>()),
            "evidence": detail.as_ref().and_then(|d| d.verdict.as_ref()).map(|v| v.evidence.iter().map(|e| json!({"rule": e.rule, "where": e.place})).collect::<Vec<_>>()),
            "deleted": detail.as_ref().and_then(|d| d.row.deleted).map(when),
            "quarantined": detail.as_ref().and_then(|d| d.quarantine_reason.as_deref()),
        });
        writeln!(streams.out, "{value}")?;
        return Ok(0);
    }
    if let Some(detail) = detail {
        for (name, role) in [("From", AddressRole::From), ("To", AddressRole::To), ("Cc", AddressRole::Cc)] {
            let list = people(Some(&detail), role);
            if !list.is_empty() {
                writeln!(streams.out, "{name}: {}", list.join(", "))?;
            }
        }
        writeln!(streams.out, "Date: {}\nSubject: {}\n", when(detail.row.date), plain(&detail.row.subject))?;
    }
    if mail.octets <= TEXT_OCTETS_MAX {
        let octets = engine.archive().read_all(mail.location, TEXT_OCTETS_MAX)?;
        let (message, _) = ::parse::read(&octets, &::parse::Limits::default());
        writeln!(streams.out, "{}", plain(&message.body.text))?;
    }
    Ok(0)
}

/// A mail by its id, or those with this Message-ID.
pub(super) fn find(engine: &Engine, name: &str) -> Result<Vec<MailOctets>, Failure> {
    let store = engine.store();
    if let Ok(id) = name.parse::<MailId>() {
        return Ok(store.mail_octets(&Scope::All, id)?.into_iter().collect());
    }
    let id = name.trim().trim_start_matches('<').trim_end_matches('>');
    Ok(store.mails_by_message_id(&Scope::All, &MessageId(id.to_owned()), SAME_MAX)?)
}

/// The original octets; what is damaged is said instead.
fn raw(engine: &Engine, mail: &MailOctets, streams: &mut Streams<'_>) -> Result<i32, Failure> {
    let mut reader = engine.archive().get(mail.location)?;
    match std::io::copy(&mut reader, streams.out) {
        Ok(_) if reader.sha256() == Some(mail.sha256) => Ok(0),
        Ok(_) => Ok(FAILED),
        Err(error) => Err(error.into()),
    }
}

fn people(detail: Option<&store::MessageDetail>, wanted: AddressRole) -> Vec<String> {
    let addresses = detail.map(|detail| detail.addresses.as_slice()).unwrap_or_default();
    addresses.iter().filter(|(role, _)| *role == wanted).map(|(_, address)| address.folded()).collect()
}

/// Without control characters, which a terminal would act on.
fn plain(text: &str) -> String {
    text.chars().filter(|c| !c.is_control() || matches!(c, '\n' | '\t')).collect()
}
