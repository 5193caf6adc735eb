//! What of the event log others may want to hear of, and what they are told.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use model::UnixMillis;
use serde_json::{Map, Value, json};

/// Everything that notices and webhooks can be about.
pub const KINDS: [&str; 39] = [
    "report.handled",
    "report.queued",
    "address.failing",
    "address.dead",
    "address.complained",
    "address.unsubscribed",
    "list.left",
    "rule.matched",
    "account.failing",
    "account.recovered",
    "account.consent_needed",
    "account.silent",
    "account.quiet",
    "mailbox.incomplete",
    "mailbox.full",
    "certificate.expiring",
    "consent.expiring",
    "secret.expiring",
    "disk.low",
    "index.behind",
    "queue.stuck",
    "quarantine.growing",
    "scanner.down",
    "backup.old",
    "remote.behind",
    "recovery.missing",
    "keyring.damaged",
    "log.stopped",
    "stamps.missing",
    "checkpoint.unsent",
    "witness.refused",
    "witness.behind",
    "files.failing",
    "trouble.over",
    "mail.quarantined",
    "webhook.disabled",
    "delivery.failed",
    "contact.proposed",
    "approval.asked",
];

/// Kinds of the event log that [`occurrence`] knows, without those that are only for programs: reports that were handled, and
/// what a rule tells a webhook.
pub fn logged() -> impl Iterator<Item = &'static str> {
    let is_named_otherwise =
        |kind: &str| kind.starts_with("report.") || kind.starts_with("address.") || kind == "rule.matched";
    let same = KINDS.into_iter().filter(move |kind| !is_named_otherwise(kind));
    ["feedback.queued", "address.changed", "rule.notify"].into_iter().chain(same)
}

/// Something worth telling.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Occurrence {
    /// One of [`KINDS`].
    pub kind: &'static str,
    /// Id of the entry of the event log.
    pub event: String,
    /// When.
    pub at: UnixMillis,
    /// Words and ids; never text of a mail.
    pub details: BTreeMap<String, String>,
    /// Path of the page that shows it, with a leading slash.
    pub path: String,
    /// Only for the webhook with this address: a rule calls it.
    pub only: Option<String>,
}

/// One of several, as a notice lists it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Example {
    /// Address, name of an account, or whatever it is about; may be empty.
    pub what: String,
    /// Path of the page that shows it.
    pub path: String,
}

impl Occurrence {
    /// Body of a webhook. `base`: address of the page without a slash at its end; `None`: without links.
    pub fn body(&self, base: Option<&str>) -> Vec<u8> {
        let mut data: Map<String, Value> =
            self.details.iter().map(|(name, value)| (name.clone(), json!(value))).collect();
        data.insert("event_id".to_owned(), json!(self.event));
        if let Some(base) = base {
            data.insert("url".to_owned(), json!(format!("{base}{}", self.path)));
        }
        json!({ "type": self.kind, "timestamp": timestamp(self.at), "data": data }).to_string().into_bytes()
    }

    /// How a notice names it.
    pub fn example(&self) -> Example {
        let named = ["address", "name", "channel", "recipient", "reason", "note"]
            .iter()
            .find_map(|name| self.details.get(*name));
        Example { what: named.cloned().unwrap_or_default(), path: self.path.clone() }
    }
}

/// ISO 8601 in UTC, seconds.
pub(crate) fn timestamp(at: UnixMillis) -> String {
    let at = jiff::Timestamp::from_millisecond(at.0).unwrap_or_default();
    format!("{at:.0}")
}

/// What an entry of the event log means to others; `None` if it concerns nobody. Reports that do not count, because they
/// were imported, concern nobody.
///
/// `kind`, `subject`, `payload`: as the log has them.
pub fn occurrence(
    event: &str,
    at: UnixMillis,
    kind: &str,
    subject: &str,
    payload: &str,
) -> Option<Occurrence> {
    let payload: BTreeMap<String, Value> = serde_json::from_str(payload).unwrap_or_default();
    let mut details: BTreeMap<String, String> = payload
        .into_iter()
        .map(|(name, value)| match value {
            Value::String(text) => (name, text),
            other => (name, other.to_string()),
        })
        .filter(|(_, value)| !value.is_empty())
        .collect();
    details.remove("user");
    let address = details.get("address").map(|address| format!("/address/{}", escaped(address)));
    let mut only = None;
    let (kind, path) = match kind {
        "feedback.handled" | "feedback.queued" => {
            if details.remove("counts").as_deref() != Some("true") {
                return None;
            }
            details.insert("mail_id".to_owned(), subject.to_owned());
            match kind {
                "feedback.handled" => ("report.handled", format!("/m/{subject}")),
                _ => ("report.queued", "/bounces/manual".to_owned()),
            }
        }
        "address.changed" => {
            let state = details.get("state").map(|state| format!("address.{state}"))?;
            (*KINDS.iter().find(|known| **known == state)?, address?)
        }
        "list.left" => ("list.left", address?),
        "rule.notify" => ("rule.matched", address?),
        "rule.webhook" => {
            only = Some(details.remove("url")?);
            ("rule.matched", address?)
        }
        "account.failing" | "account.recovered" | "account.consent_needed" => {
            details.insert("account_id".to_owned(), subject.to_owned());
            (*KINDS.iter().find(|known| **known == kind)?, format!("/settings/accounts/{subject}"))
        }
        "account.silent"
        | "account.quiet"
        | "mailbox.incomplete"
        | "mailbox.full"
        | "certificate.expiring"
        | "consent.expiring"
        | "secret.expiring"
        | "index.behind"
        | "queue.stuck"
        | "quarantine.growing"
        | "scanner.down"
        | "backup.old"
        | "remote.behind"
        | "recovery.missing"
        | "keyring.damaged"
        | "log.stopped"
        | "stamps.missing"
        | "checkpoint.unsent"
        | "witness.refused"
        | "witness.behind"
        | "files.failing"
        | "trouble.over" => {
            if !subject.is_empty() {
                details.insert("subject".to_owned(), subject.to_owned());
            }
            (*KINDS.iter().find(|known| **known == kind)?, "/doctor".to_owned())
        }
        "disk.low" => ("disk.low", "/doctor".to_owned()),
        "mail.quarantined" => {
            details.insert("mail_id".to_owned(), subject.to_owned());
            ("mail.quarantined", "/quarantine".to_owned())
        }
        "contact.proposed" => {
            details.insert("mail_id".to_owned(), subject.to_owned());
            ("contact.proposed", format!("/m/{subject}"))
        }
        "approval.asked" => {
            details.insert("approval_id".to_owned(), subject.to_owned());
            ("approval.asked", "/approvals".to_owned())
        }
        "webhook.disabled" => ("webhook.disabled", "/settings/webhooks".to_owned()),
        "delivery.failed" => ("delivery.failed", "/settings/notifications".to_owned()),
        _ => return None,
    };
    Some(Occurrence { kind, event: event.to_owned(), at, details, path, only })
}

/// One segment of a path (RFC 3986 §3.3).
fn escaped(segment: &str) -> String {
    let mut out = String::with_capacity(segment.len());
    for octet in segment.bytes() {
        if octet.is_ascii_alphanumeric() || b"-._~@".contains(&octet) {
            out.push(char::from(octet));
        } else {
            let _ = write!(out, "%{octet:02X}");
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_kind_is_logged_and_understood() {
        let payload = r#"{"counts":"true","address":"a@example.org","state":"dead","name":"n"}"#;
        let mut known: Vec<&str> = logged()
            .map(|kind| occurrence("e", UnixMillis(0), kind, "s", payload).expect(kind).kind)
            .collect();
        known.sort_unstable();
        // The log has one kind for all states of an address.
        let otherwise = ["report.handled", "address.failing", "address.complained", "address.unsubscribed"];
        let mut expected: Vec<&str> = KINDS.into_iter().filter(|kind| !otherwise.contains(kind)).collect();
        expected.sort_unstable();
        assert_eq!(known, expected);
    }
}
