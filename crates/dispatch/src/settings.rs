//! Who hears of what, and how.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::KINDS;

/// How people hear of something, besides the page, which always shows it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Way {
    /// In the page only.
    Page,
    /// By mail, soon.
    AtOnce,
    /// In the daily summary.
    Digest,
}

/// Who gets mails.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Recipient {
    /// Address.
    pub address: String,
    /// `de` or `en`.
    pub language: String,
}

/// What `store` keeps as setting [`NoticeSettings::NAME`]: JSON.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct NoticeSettings {
    /// Who gets mails.
    pub recipients: Vec<Recipient>,
    /// How each of [`KINDS`] is told; kinds that are missing as delivered.
    pub ways: BTreeMap<String, Way>,
    /// Hour of the daily summary, 0 to 23.
    pub digest_hour: i8,
    /// Zone of that hour and of the times in mails, IANA name.
    pub zone: String,
}

impl NoticeSettings {
    /// Name of the setting.
    pub const NAME: &str = "notifications";

    /// How this kind is told.
    pub fn way(&self, kind: &str) -> Way {
        self.ways.get(kind).copied().unwrap_or_else(|| delivered(kind))
    }

    /// Reads what is kept; as delivered where nothing is, or what cannot be read.
    pub fn read(kept: Option<&str>) -> Self {
        kept.and_then(|text| serde_json::from_str(text).ok()).unwrap_or_default()
    }
}

impl Default for NoticeSettings {
    /// To nobody; what cannot wait at once, what people should look at daily.
    fn default() -> Self {
        let ways = KINDS.into_iter().map(|kind| (kind.to_owned(), delivered(kind))).collect();
        Self { recipients: Vec::new(), ways, digest_hour: 7, zone: "Europe/Berlin".to_owned() }
    }
}

fn delivered(kind: &str) -> Way {
    match kind {
        "address.complained"
        | "rule.matched"
        | "account.failing"
        | "account.silent"
        | "account.quiet"
        | "mailbox.incomplete"
        | "mailbox.full"
        | "certificate.expiring"
        | "consent.expiring"
        | "secret.expiring"
        | "disk.low"
        | "queue.stuck"
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
        | "approval.asked"
        | "webhook.disabled" => Way::AtOnce,
        "index.behind" | "quarantine.growing" | "report.queued" | "address.dead" | "list.left"
        | "mail.quarantined" => Way::Digest,
        _ => Way::Page,
    }
}
