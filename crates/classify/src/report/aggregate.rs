//! DMARC aggregate reports (RFC 7489 §7.2) and TLS reports (RFC 8460 §5.3).

use model::{Kind, Message, Source, Verdict};

use super::place;
use crate::{evidence, in_field};

pub(crate) fn verdict(message: &Message) -> Option<Verdict> {
    let (source, evidence) =
        tls(message).map(|e| ("rfc8460", e)).or_else(|| dmarc(message).map(|e| ("rfc7489", e)))?;
    Some(Verdict {
        kind: Kind::Report,
        confidence: 1.0,
        source: Some(Source(source)),
        evidence: vec![evidence],
        ..Verdict::default()
    })
}

fn tls(message: &Message) -> Option<model::Evidence> {
    if message.field("TLS-Report-Domain").is_some() {
        return Some(in_field("report.tls", "TLS-Report-Domain"));
    }
    message
        .attachments()
        .find(|part| {
            matches!(part.content_type.as_str(), "application/tlsrpt+gzip" | "application/tlsrpt+json")
        })
        .map(|part| evidence("report.tls", place(part)))
}

/// `Report Domain: … Submitter: … Report-ID: …` and an attachment `receiver!domain!begin!end.xml.gz`.
fn dmarc(message: &Message) -> Option<model::Evidence> {
    let subject = message.subject.as_deref().unwrap_or_default().to_ascii_lowercase();
    let announced = subject.contains("report domain:") && subject.contains("submitter:");
    message
        .attachments()
        .find(|part| {
            part.name.as_deref().is_some_and(is_report_name) || announced && is_packed_xml(&part.content_type)
        })
        .map(|part| evidence("report.dmarc", place(part)))
}

fn is_packed_xml(content_type: &str) -> bool {
    matches!(
        content_type,
        "application/zip"
            | "application/gzip"
            | "application/x-gzip"
            | "application/x-zip-compressed"
            | "application/xml"
            | "text/xml"
    )
}

fn is_report_name(name: &str) -> bool {
    let name = name.to_ascii_lowercase();
    let Some(base) =
        [".xml.gz", ".xml.zip", ".zip", ".xml", ".gz"].iter().find_map(|end| name.strip_suffix(end))
    else {
        return false;
    };
    let fields: Vec<&str> = base.split('!').collect();
    let is_time = |text: &str| text.len() >= 9 && text.bytes().all(|c| c.is_ascii_digit());
    fields.len() >= 4
        && fields[0].contains('.')
        && fields[1].contains('.')
        && is_time(fields[2])
        && is_time(fields[3])
}
