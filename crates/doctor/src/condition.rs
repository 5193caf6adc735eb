//! From facts to conditions.

use std::collections::{BTreeMap, BTreeSet};

use model::{AccountId, Activity, MailboxId, UnixMillis};

use crate::proving::{self, ProofFacts};
use crate::quiet::Quiet;

const MINUTE: i64 = 60_000;
const HOUR: i64 = 60 * MINUTE;
pub(crate) const DAY: i64 = 24 * HOUR;

/// What can be wrong.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Kind {
    /// An account cannot be fetched.
    AccountFailing,
    /// There was no successful fetch for too long.
    AccountSilent,
    /// Less mail than ever at this time.
    AccountQuiet,
    /// Mails of a mailbox are neither here nor left out for a reason.
    MailboxIncomplete,
    /// Little room in the mailbox at the server.
    MailboxFull,
    /// The certificate of a server ends soon.
    CertificateExpiring,
    /// A consent (OAuth2) ends soon.
    ConsentExpiring,
    /// A client secret (OAuth2) ends soon.
    SecretExpiring,
    /// Little room on the disk.
    DiskLow,
    /// The search does not follow.
    IndexBehind,
    /// What is to go out does not.
    QueueStuck,
    /// More and more mails cannot be read.
    QuarantineGrowing,
    /// The scanner for malware does not answer: attachments are held.
    ScannerDown,
    /// There is no backup that was checked, or the last one is old.
    BackupOld,
    /// Sealed segments wait for the store besides this machine.
    RemoteBehind,
    /// The master key cannot be brought back from paper.
    RecoveryMissing,
    /// One of the two copies of the keyring is missing, or is not what it should be.
    KeyringDamaged,
    /// The provable log is not signed any more.
    LogStopped,
    /// No time stamp authority has stamped the log for too long.
    StampsMissing,
    /// Checkpoints that are to go out by mail do not.
    CheckpointUnsent,
    /// A witness says that our log contradicts what it signed.
    WitnessRefused,
    /// A witness has confirmed nothing for too long.
    WitnessBehind,
    /// Attachments cannot be written as files, or files of erased mails not be removed.
    FilesFailing,
}

impl Kind {
    /// Every one.
    pub const ALL: [Self; 23] = [
        Self::AccountFailing,
        Self::AccountSilent,
        Self::AccountQuiet,
        Self::MailboxIncomplete,
        Self::MailboxFull,
        Self::CertificateExpiring,
        Self::ConsentExpiring,
        Self::SecretExpiring,
        Self::DiskLow,
        Self::IndexBehind,
        Self::QueueStuck,
        Self::QuarantineGrowing,
        Self::ScannerDown,
        Self::BackupOld,
        Self::RemoteBehind,
        Self::RecoveryMissing,
        Self::KeyringDamaged,
        Self::LogStopped,
        Self::StampsMissing,
        Self::CheckpointUnsent,
        Self::WitnessRefused,
        Self::WitnessBehind,
        Self::FilesFailing,
    ];

    /// The word of the event log, of webhooks and of the API.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::AccountFailing => "account.failing",
            Self::AccountSilent => "account.silent",
            Self::AccountQuiet => "account.quiet",
            Self::MailboxIncomplete => "mailbox.incomplete",
            Self::MailboxFull => "mailbox.full",
            Self::CertificateExpiring => "certificate.expiring",
            Self::ConsentExpiring => "consent.expiring",
            Self::SecretExpiring => "secret.expiring",
            Self::DiskLow => "disk.low",
            Self::IndexBehind => "index.behind",
            Self::QueueStuck => "queue.stuck",
            Self::QuarantineGrowing => "quarantine.growing",
            Self::ScannerDown => "scanner.down",
            Self::BackupOld => "backup.old",
            Self::RemoteBehind => "remote.behind",
            Self::RecoveryMissing => "recovery.missing",
            Self::KeyringDamaged => "keyring.damaged",
            Self::LogStopped => "log.stopped",
            Self::StampsMissing => "stamps.missing",
            Self::CheckpointUnsent => "checkpoint.unsent",
            Self::WitnessRefused => "witness.refused",
            Self::WitnessBehind => "witness.behind",
            Self::FilesFailing => "files.failing",
        }
    }

    /// Of a word.
    pub fn from_word(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.as_str() == word)
    }
}

/// How bad it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Severity {
    /// Mail is not seen, or is about to be lost sight of: somebody has to act.
    Critical,
    /// It will come to that, or may have.
    Warning,
}

impl Severity {
    /// `critical` or `warning`.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Critical => "critical",
            Self::Warning => "warning",
        }
    }

    /// Of a word; critical for others.
    pub fn from_word(word: &str) -> Self {
        if word == "warning" { Self::Warning } else { Self::Critical }
    }
}

/// Something that is wrong.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Condition {
    /// The same as long as it lasts: the kind and what it is about.
    pub id: String,
    /// What.
    pub kind: Kind,
    /// How bad.
    pub severity: Severity,
    /// Where: an account.
    pub account: Option<AccountId>,
    /// Since when, as far as the facts tell.
    pub since: UnixMillis,
    /// Values for the sentences about it: numbers, names, the server's words; times in milliseconds UTC.
    pub details: BTreeMap<String, String>,
}

/// What went wrong with an account.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Trouble {
    /// Word of its class.
    pub class: String,
    /// The server's words.
    pub text: String,
    /// Since when.
    pub since: UnixMillis,
}

/// Room in a mailbox (RFC 9208), in octets.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Quota {
    /// Taken.
    pub used_octets: u64,
    /// In all.
    pub limit_octets: u64,
}

/// An account that is fetched.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AccountFacts {
    /// Which.
    pub id: AccountId,
    /// Its name.
    pub name: String,
    /// What it is doing.
    pub activity: Activity,
    /// Made, or switched on: nothing can have been fetched before.
    pub created: UnixMillis,
    /// Its task runs since then; `None`: nobody fetches it now.
    pub running_since: Option<UnixMillis>,
    /// Last complete fetch.
    pub last_success: Option<UnixMillis>,
    /// What is wrong.
    pub trouble: Option<Trouble>,
    /// How often it is asked, milliseconds.
    pub poll_ms: i64,
    /// Whether less mail comes than usual.
    pub quiet: Option<Quiet>,
    /// Room at the server, if it tells.
    pub quota: Option<Quota>,
}

/// A mailbox that was compared with its server.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MailboxFacts {
    /// Its account.
    pub account: AccountId,
    /// Name of the account.
    pub account_name: String,
    /// Which.
    pub mailbox: MailboxId,
    /// Its name.
    pub name: String,
    /// When it was compared.
    pub compared: UnixMillis,
    /// Mails nobody knows of.
    pub missing: u64,
    /// Mails that could not be fetched.
    pub failed: u64,
}

/// What can end by itself.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum ExpiryKind {
    /// The certificate of a server.
    Certificate,
    /// A consent.
    Consent,
    /// A client secret.
    Secret,
}

impl ExpiryKind {
    /// `certificate`, `consent` or `secret`.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Certificate => "certificate",
            Self::Consent => "consent",
            Self::Secret => "secret",
        }
    }

    /// Of a word.
    pub fn from_word(word: &str) -> Option<Self> {
        [Self::Certificate, Self::Consent, Self::Secret].into_iter().find(|kind| kind.as_str() == word)
    }
}

/// Something that ends at a known time.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Expiring {
    /// What.
    pub kind: ExpiryKind,
    /// Which: a server, an application.
    pub name: String,
    /// Whose.
    pub account: Option<AccountId>,
    /// When.
    pub ends: UnixMillis,
}

/// What waits to go out over a channel.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Queue {
    /// `mail`, or the name of a webhook.
    pub channel: String,
    /// How much.
    pub waiting: u64,
    /// Since when the oldest does.
    pub oldest: UnixMillis,
}

/// Backups.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct BackupFacts {
    /// The last one that was compared after writing.
    pub last: Option<UnixMillis>,
    /// Since when there is something to lose.
    pub begun: UnixMillis,
}

/// The store that keeps segments besides this machine.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RemoteFacts {
    /// Sealed segments that are not there.
    pub waiting: u64,
    /// Since when the oldest of them could be.
    pub since: UnixMillis,
    /// What it last said when it took none; may be empty.
    pub text: String,
    /// Since when it takes none; `None`: it does.
    pub failing: Option<UnixMillis>,
}

/// The folder attachments are written into as files.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FilesFacts {
    /// Mails whose attachments wait.
    pub waiting: u64,
    /// Files of erased mails that could not be removed.
    pub to_remove: u64,
    /// What the system said when it last took none; may be empty.
    pub text: String,
    /// Since when it takes none; `None`: it does.
    pub failing: Option<UnixMillis>,
}

/// A scanner that does not answer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ScannerFacts {
    /// Why.
    pub text: String,
    /// Since when.
    pub since: UnixMillis,
    /// Mails whose attachments wait for it.
    pub waiting: u64,
}

/// All that is judged.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Facts {
    /// Accounts that are fetched.
    pub accounts: Vec<AccountFacts>,
    /// Mailboxes that were compared.
    pub mailboxes: Vec<MailboxFacts>,
    /// What ends.
    pub expiring: Vec<Expiring>,
    /// What waits to go out.
    pub queues: Vec<Queue>,
    /// Room for this program, octets; `None`: unknown.
    pub free_octets: Option<u64>,
    /// Changes the search does not know.
    pub index_behind: u64,
    /// Since when the search has stood still though there was something to do.
    pub index_stands_since: Option<UnixMillis>,
    /// Mails put into quarantine within the last day.
    pub quarantined_lately: u64,
    /// The first of these.
    pub quarantined_since: Option<UnixMillis>,
    /// The scanner for malware, if one is set and does not answer.
    pub scanner: Option<ScannerFacts>,
    /// `None`: there is nothing to back up.
    pub backup: Option<BackupFacts>,
    /// `None`: none is set.
    pub remote: Option<RemoteFacts>,
    /// Keys and the log.
    pub proof: ProofFacts,
    /// `None`: attachments never were written as files.
    pub files: Option<FilesFacts>,
}

/// From when on something is a condition.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// An account fails for so long first, milliseconds: servers are restarted.
    pub failing_ms: i64,
    /// Without a successful fetch for so long an account is silent, milliseconds; `None`: five times as long as it is asked
    /// after, half an hour at least.
    pub silent_ms: Option<i64>,
    /// Before a certificate or a consent ends, milliseconds.
    pub expiring_ms: i64,
    /// Before a client secret ends, milliseconds: somebody else has to make another.
    pub secret_ms: i64,
    /// Less room than this, octets; twice as much ends it.
    pub room_octets: u64,
    /// Parts of a hundred of the mailbox taken.
    pub quota_percent: u64,
    /// The search may stand still for so long, milliseconds.
    pub index_ms: i64,
    /// The oldest may wait for so long, milliseconds.
    pub queue_ms: i64,
    /// Mails in quarantine within a day.
    pub quarantined: u64,
    /// The scanner may be down for so long, milliseconds: it is started anew when its signatures are.
    pub scanner_ms: i64,
    /// The last backup may be so old, milliseconds; 0: it is not looked at.
    pub backup_ms: i64,
    /// The store besides this machine may take nothing for so long, milliseconds.
    pub remote_ms: i64,
    /// Segments may be on their way to it for so long, milliseconds: the first ones of a large archive take their time.
    pub remote_sending_ms: i64,
    /// There may be no recovery key for so long, milliseconds.
    pub recovery_ms: i64,
    /// Entries of the log may wait for so long to be signed, milliseconds.
    pub unsigned_ms: i64,
    /// An anchor of the log may wait for so long to be stamped, milliseconds.
    pub stamps_ms: i64,
    /// The folder for attachments may take nothing for so long, milliseconds.
    pub files_ms: i64,
}

impl Default for Limits {
    /// 10 minutes; by how often it is asked; 14 days; 30 days; 1 GiB; 90 %; 10 minutes; 2 hours; 5 mails; 10 minutes; 7 days; 15 minutes; 2 days;
    /// a day; 10 minutes; 3 days; 15 minutes.
    fn default() -> Self {
        Self {
            failing_ms: 10 * MINUTE,
            silent_ms: None,
            expiring_ms: 14 * DAY,
            secret_ms: 30 * DAY,
            room_octets: 1 << 30,
            quota_percent: 90,
            index_ms: 10 * MINUTE,
            queue_ms: 2 * HOUR,
            quarantined: 5,
            scanner_ms: 10 * MINUTE,
            backup_ms: 7 * DAY,
            remote_ms: 15 * MINUTE,
            remote_sending_ms: 2 * DAY,
            recovery_ms: DAY,
            unsigned_ms: 10 * MINUTE,
            stamps_ms: 3 * DAY,
            files_ms: 15 * MINUTE,
        }
    }
}

/// What is wrong, worst first. `open`: ids of the conditions that were found last time: what is at its limit does not come
/// and go.
pub fn judge(facts: &Facts, limits: &Limits, open: &BTreeSet<String>, now: UnixMillis) -> Vec<Condition> {
    let mut found: Vec<Condition> = Vec::new();
    for account in &facts.accounts {
        found.extend(failing(account, limits, open, now));
        found.extend(silent(account, limits, open, now));
        found.extend(quiet(account));
        found.extend(full(account, limits, now));
    }
    found.extend(facts.mailboxes.iter().filter_map(incomplete));
    found.extend(facts.expiring.iter().filter_map(|of| expiring(of, facts, limits, now)));
    found.extend(disk(facts, limits, open, now));
    found.extend(index(facts, limits, now));
    found.extend(facts.queues.iter().filter_map(|queue| stuck(queue, limits, now)));
    found.extend(quarantine(facts, limits, now));
    found.extend(facts.scanner.as_ref().and_then(|scanner| scanner_down(scanner, limits, now)));
    found.extend(facts.backup.and_then(|backup| backup_old(backup, limits, now)));
    found.extend(facts.remote.as_ref().and_then(|remote| remote_behind(remote, limits, now)));
    found.extend(proving::judge(&facts.proof, limits, now));
    found.extend(facts.files.as_ref().and_then(|files| files_failing(files, limits, now)));
    found.sort_by(|a, b| (a.severity, a.kind, &a.id).cmp(&(b.severity, b.kind, &b.id)));
    found
}

fn id(kind: Kind, of: &str) -> String {
    if of.is_empty() { kind.as_str().to_owned() } else { format!("{}:{of}", kind.as_str()) }
}

pub(crate) fn condition(
    kind: Kind,
    of: &str,
    severity: Severity,
    account: Option<AccountId>,
    since: UnixMillis,
    details: &[(&str, &dyn ToString)],
) -> Condition {
    let details = details.iter().map(|(name, value)| ((*name).to_owned(), value.to_string())).collect();
    Condition { id: id(kind, of), kind, severity, account, since, details }
}

/// Critical if a person is needed, or after an hour.
fn failing(
    of: &AccountFacts,
    limits: &Limits,
    open: &BTreeSet<String>,
    now: UnixMillis,
) -> Option<Condition> {
    let trouble = of.trouble.as_ref()?;
    let account = of.id.to_string();
    let needs_person = matches!(of.activity, Activity::NeedsConsent | Activity::NeedsSettings);
    let lasts_ms = now.0 - trouble.since.0;
    if lasts_ms < limits.failing_ms && !open.contains(&id(Kind::AccountFailing, &account)) {
        return None;
    }
    let severity = if needs_person || lasts_ms >= HOUR { Severity::Critical } else { Severity::Warning };
    let details: [(&str, &dyn ToString); 3] =
        [("name", &of.name), ("class", &trouble.class), ("answer", &trouble.text)];
    Some(condition(Kind::AccountFailing, &account, severity, Some(of.id), trouble.since, &details))
}

/// A task that has just begun is given as long, unless it was said already.
fn silent(of: &AccountFacts, limits: &Limits, open: &BTreeSet<String>, now: UnixMillis) -> Option<Condition> {
    let patience = limits.silent_ms.unwrap_or_else(|| of.poll_ms.saturating_mul(5).max(30 * MINUTE));
    let since = of.last_success.map_or(of.created, |at| at.max(of.created));
    // The first fetch of a large mailbox takes as long as it takes.
    let goes_on = matches!(of.activity, Activity::Syncing { done, .. } if done > 0);
    let minutes = (now.0 - since.0) / MINUTE;
    let was = open.contains(&id(Kind::AccountSilent, &of.id.to_string()));
    let waited_since = of.running_since.filter(|_| !was).map_or(since, |at| at.max(since));
    (now.0 - waited_since.0 > patience && !goes_on).then(|| {
        let details: [(&str, &dyn ToString); 2] = [("name", &of.name), ("minutes", &minutes)];
        condition(Kind::AccountSilent, &of.id.to_string(), Severity::Critical, Some(of.id), since, &details)
    })
}

fn quiet(of: &AccountFacts) -> Option<Condition> {
    let Quiet { hours, found, usual, least, weeks, since } = of.quiet?;
    let details: [(&str, &dyn ToString); 6] = [
        ("name", &of.name),
        ("hours", &hours),
        ("found", &found),
        ("usual", &usual),
        ("least", &least),
        ("weeks", &weeks),
    ];
    Some(condition(Kind::AccountQuiet, &of.id.to_string(), Severity::Warning, Some(of.id), since, &details))
}

fn full(of: &AccountFacts, limits: &Limits, now: UnixMillis) -> Option<Condition> {
    let Quota { used_octets, limit_octets } = of.quota?;
    let percent = u128::from(used_octets) * 100 / u128::from(limit_octets.max(1));
    (limit_octets > 0 && percent >= u128::from(limits.quota_percent)).then(|| {
        let severity = if percent >= 98 { Severity::Critical } else { Severity::Warning };
        let details: [(&str, &dyn ToString); 2] = [("name", &of.name), ("percent", &percent)];
        condition(Kind::MailboxFull, &of.id.to_string(), severity, Some(of.id), now, &details)
    })
}

fn incomplete(of: &MailboxFacts) -> Option<Condition> {
    (of.missing > 0 || of.failed > 0).then(|| {
        let severity = if of.missing > 0 { Severity::Critical } else { Severity::Warning };
        let details: [(&str, &dyn ToString); 4] = [
            ("name", &of.account_name),
            ("mailbox", &of.name),
            ("missing", &of.missing),
            ("failed", &of.failed),
        ];
        let mailbox = of.mailbox.to_string();
        condition(Kind::MailboxIncomplete, &mailbox, severity, Some(of.account), of.compared, &details)
    })
}

/// Critical three days before.
fn expiring(of: &Expiring, facts: &Facts, limits: &Limits, now: UnixMillis) -> Option<Condition> {
    let (kind, before) = match of.kind {
        ExpiryKind::Certificate => (Kind::CertificateExpiring, limits.expiring_ms),
        ExpiryKind::Consent => (Kind::ConsentExpiring, limits.expiring_ms),
        ExpiryKind::Secret => (Kind::SecretExpiring, limits.secret_ms),
    };
    let left = of.ends.0.saturating_sub(now.0);
    (left < before).then(|| {
        let severity = if left < 3 * DAY { Severity::Critical } else { Severity::Warning };
        let named = facts.accounts.iter().find(|account| Some(account.id) == of.account);
        let name = named.map_or(of.name.as_str(), |account| account.name.as_str()).to_owned();
        let details: [(&str, &dyn ToString); 3] = [("name", &name), ("of", &of.name), ("ends", &of.ends.0)];
        let about = match of.account {
            Some(account) => format!("{account}:{}", of.name),
            None => of.name.clone(),
        };
        condition(kind, &about, severity, of.account, of.ends.plus_ms(-before), &details)
    })
}

fn disk(facts: &Facts, limits: &Limits, open: &BTreeSet<String>, now: UnixMillis) -> Option<Condition> {
    let free = facts.free_octets?;
    let was = open.contains(&id(Kind::DiskLow, ""));
    let least = if was { limits.room_octets.saturating_mul(2) } else { limits.room_octets };
    (free < least).then(|| {
        let megabytes = free >> 20;
        condition(Kind::DiskLow, "", Severity::Critical, None, now, &[("megabytes", &megabytes)])
    })
}

fn index(facts: &Facts, limits: &Limits, now: UnixMillis) -> Option<Condition> {
    let since = facts.index_stands_since.filter(|since| now.0 - since.0 >= limits.index_ms)?;
    let details: [(&str, &dyn ToString); 1] = [("behind", &facts.index_behind)];
    Some(condition(Kind::IndexBehind, "", Severity::Warning, None, since, &details))
}

fn stuck(of: &Queue, limits: &Limits, now: UnixMillis) -> Option<Condition> {
    (of.waiting > 0 && now.0 - of.oldest.0 >= limits.queue_ms).then(|| {
        let details: [(&str, &dyn ToString); 2] = [("channel", &of.channel), ("waiting", &of.waiting)];
        condition(Kind::QueueStuck, &of.channel, Severity::Warning, None, of.oldest, &details)
    })
}

fn quarantine(facts: &Facts, limits: &Limits, now: UnixMillis) -> Option<Condition> {
    (facts.quarantined_lately >= limits.quarantined.max(1)).then(|| {
        let since = facts.quarantined_since.unwrap_or(now);
        let details: [(&str, &dyn ToString); 1] = [("count", &facts.quarantined_lately)];
        condition(Kind::QuarantineGrowing, "", Severity::Warning, None, since, &details)
    })
}

fn scanner_down(of: &ScannerFacts, limits: &Limits, now: UnixMillis) -> Option<Condition> {
    (now.0 - of.since.0 >= limits.scanner_ms).then(|| {
        let details: [(&str, &dyn ToString); 2] = [("waiting", &of.waiting), ("text", &of.text)];
        condition(Kind::ScannerDown, "", Severity::Warning, None, of.since, &details)
    })
}

fn backup_old(of: BackupFacts, limits: &Limits, now: UnixMillis) -> Option<Condition> {
    let since = of.last.unwrap_or(of.begun);
    let age_ms = now.0.saturating_sub(since.0);
    (limits.backup_ms > 0 && age_ms >= limits.backup_ms).then(|| {
        let details: [(&str, &dyn ToString); 1] = [("days", &(age_ms / DAY))];
        condition(Kind::BackupOld, "", Severity::Warning, None, since.plus_ms(limits.backup_ms), &details)
    })
}

fn remote_behind(of: &RemoteFacts, limits: &Limits, now: UnixMillis) -> Option<Condition> {
    let fails = of.failing.is_some_and(|since| now.0 - since.0 >= limits.remote_ms);
    let is_late = now.0 - of.since.0 >= limits.remote_sending_ms;
    (of.waiting > 0 && (fails || is_late)).then(|| {
        let details: [(&str, &dyn ToString); 2] = [("waiting", &of.waiting), ("text", &of.text)];
        condition(Kind::RemoteBehind, "", Severity::Warning, None, of.since, &details)
    })
}

fn files_failing(of: &FilesFacts, limits: &Limits, now: UnixMillis) -> Option<Condition> {
    let fails = of.failing.filter(|since| now.0 - since.0 >= limits.files_ms);
    (fails.is_some() || of.to_remove > 0).then(|| {
        let details: [(&str, &dyn ToString); 3] =
            [("waiting", &of.waiting), ("to_remove", &of.to_remove), ("text", &of.text)];
        condition(Kind::FilesFailing, "", Severity::Warning, None, fails.unwrap_or(now), &details)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: UnixMillis = UnixMillis(1_790_000_000_000);

    fn account() -> AccountFacts {
        AccountFacts {
            id: AccountId::from_octets([7; 16]),
            name: "Sales".into(),
            activity: Activity::Watching,
            created: NOW.plus_ms(-100 * DAY),
            running_since: None,
            last_success: Some(NOW),
            trouble: None,
            poll_ms: MINUTE,
            quiet: None,
            quota: None,
        }
    }

    fn found(facts: &Facts) -> Vec<(&'static str, &'static str)> {
        let found = judge(facts, &Limits::default(), &BTreeSet::new(), NOW);
        found.iter().map(|of| (of.kind.as_str(), of.severity.as_str())).collect()
    }

    fn of_account(account: AccountFacts) -> Vec<(&'static str, &'static str)> {
        found(&Facts { accounts: vec![account], ..Facts::default() })
    }

    #[test]
    fn all_is_well() {
        assert_eq!(of_account(account()), []);
        assert_eq!(found(&Facts { free_octets: Some(1 << 40), ..Facts::default() }), []);
    }

    #[test]
    fn an_account_fails() {
        let fails = |minutes: i64, activity| {
            let since = NOW.plus_ms(-minutes * MINUTE);
            let trouble = Trouble { class: "login".into(), text: "no".into(), since };
            AccountFacts { activity, trouble: Some(trouble), ..account() }
        };
        assert_eq!(of_account(fails(9, Activity::BackingOff)), []);
        assert_eq!(of_account(fails(11, Activity::BackingOff)), [("account.failing", "warning")]);
        assert_eq!(of_account(fails(11, Activity::NeedsSettings)), [("account.failing", "critical")]);
        assert_eq!(of_account(fails(61, Activity::BackingOff)), [("account.failing", "critical")]);
    }

    #[test]
    fn an_account_is_silent() {
        let silent = |minutes: i64, poll_ms| {
            let last_success = Some(NOW.plus_ms(-minutes * MINUTE));
            AccountFacts { last_success, poll_ms, ..account() }
        };
        assert_eq!(of_account(silent(29, MINUTE)), []);
        assert_eq!(of_account(silent(31, MINUTE)), [("account.silent", "critical")]);
        assert_eq!(of_account(silent(31, HOUR)), []);
        assert_eq!(of_account(silent(301, HOUR)), [("account.silent", "critical")]);
        let begun = AccountFacts { running_since: Some(NOW.plus_ms(-29 * MINUTE)), ..silent(300, MINUTE) };
        assert_eq!(of_account(begun.clone()), []);
        let open = BTreeSet::from([format!("account.silent:{}", begun.id)]);
        let facts = Facts { accounts: vec![begun], ..Facts::default() };
        assert_eq!(judge(&facts, &Limits::default(), &open, NOW).len(), 1);
        let first = AccountFacts { created: NOW.plus_ms(-HOUR), last_success: None, ..account() };
        assert_eq!(of_account(first.clone()), [("account.silent", "critical")]);
        let goes_on = AccountFacts { activity: Activity::Syncing { done: 4, total: 9 }, ..first };
        assert_eq!(of_account(goes_on), []);
    }

    #[test]
    fn what_ends() {
        let ends = |kind, days: i64| {
            let expiring =
                Expiring { kind, name: "imap.example".into(), account: None, ends: NOW.plus_ms(days * DAY) };
            found(&Facts { expiring: vec![expiring], ..Facts::default() })
        };
        assert_eq!(ends(ExpiryKind::Certificate, 14), []);
        assert_eq!(ends(ExpiryKind::Certificate, 13), [("certificate.expiring", "warning")]);
        assert_eq!(ends(ExpiryKind::Consent, 2), [("consent.expiring", "critical")]);
        assert_eq!(ends(ExpiryKind::Secret, 29), [("secret.expiring", "warning")]);
        assert_eq!(ends(ExpiryKind::Certificate, -900), [("certificate.expiring", "critical")]);
    }

    #[test]
    fn a_disk_at_its_limit_does_not_come_and_go() {
        let facts = Facts { free_octets: Some(3 << 29), ..Facts::default() };
        let judged = |open: BTreeSet<String>| judge(&facts, &Limits::default(), &open, NOW).len();
        assert_eq!((judged(BTreeSet::new()), judged(BTreeSet::from(["disk.low".to_owned()]))), (0, 1));
    }

    #[test]
    fn the_rest() {
        let quota = |used_octets| {
            let quota = Some(Quota { used_octets, limit_octets: 1000 });
            of_account(AccountFacts { quota, ..account() })
        };
        assert_eq!((quota(899), quota(900)), (vec![], vec![("mailbox.full", "warning")]));
        assert_eq!(quota(980), [("mailbox.full", "critical")]);
        let gap = |missing, failed| {
            let (account, mailbox) = (AccountId::from_octets([7; 16]), MailboxId::from_octets([8; 16]));
            let (account_name, name) = ("Sales".to_owned(), "INBOX".to_owned());
            let of = MailboxFacts { account, account_name, mailbox, name, compared: NOW, missing, failed };
            found(&Facts { mailboxes: vec![of], ..Facts::default() })
        };
        assert_eq!((gap(0, 0), gap(0, 1)), (vec![], vec![("mailbox.incomplete", "warning")]));
        assert_eq!(gap(1, 0), [("mailbox.incomplete", "critical")]);
        let queue = |minutes: i64| {
            let queue = Queue { channel: "mail".into(), waiting: 1, oldest: NOW.plus_ms(-minutes * MINUTE) };
            found(&Facts { queues: vec![queue], ..Facts::default() })
        };
        assert_eq!((queue(119), queue(120)), (vec![], vec![("queue.stuck", "warning")]));
        let index = |minutes: i64| {
            let index_stands_since = Some(NOW.plus_ms(-minutes * MINUTE));
            found(&Facts { index_behind: 1, index_stands_since, ..Facts::default() })
        };
        assert_eq!((index(9), index(10)), (vec![], vec![("index.behind", "warning")]));
        let quarantined = |n| found(&Facts { quarantined_lately: n, ..Facts::default() });
        assert_eq!((quarantined(4), quarantined(5)), (vec![], vec![("quarantine.growing", "warning")]));
        let scanner = |minutes: i64| {
            let since = NOW.plus_ms(-minutes * MINUTE);
            let scanner = Some(ScannerFacts { text: "refused".into(), since, waiting: 3 });
            found(&Facts { scanner, ..Facts::default() })
        };
        assert_eq!((scanner(9), scanner(10)), (vec![], vec![("scanner.down", "warning")]));
        let backup = |last: Option<i64>| {
            let ago = |days: i64| NOW.plus_ms(-days * DAY);
            let backup = Some(BackupFacts { last: last.map(ago), begun: ago(100) });
            found(&Facts { backup, ..Facts::default() })
        };
        let remote = |waiting, since: i64, failing: Option<i64>| {
            let ago = |minutes: i64| NOW.plus_ms(-minutes * MINUTE);
            let (since, failing, text) = (ago(since), failing.map(ago), "refused".to_owned());
            found(&Facts { remote: Some(RemoteFacts { waiting, since, text, failing }), ..Facts::default() })
        };
        let behind = [("remote.behind", "warning")];
        assert_eq!(
            (remote(1, 14, Some(14)), remote(0, 60, Some(60)), remote(9, 60, None)),
            (vec![], vec![], vec![])
        );
        assert_eq!(
            (&remote(1, 15, Some(15))[..], &remote(1, 2 * 1440, None)[..]),
            (&behind[..], &behind[..])
        );
        let files = |to_remove, failing: Option<i64>| {
            let failing = failing.map(|minutes| NOW.plus_ms(-minutes * MINUTE));
            let files = FilesFacts { waiting: 3, to_remove, text: "full".to_owned(), failing };
            found(&Facts { files: Some(files), ..Facts::default() })
        };
        let bad = vec![("files.failing", "warning")];
        assert_eq!((files(0, None), files(0, Some(14))), (vec![], vec![]));
        assert_eq!((files(0, Some(15)), files(1, None)), (bad.clone(), bad));
        let old = vec![("backup.old", "warning")];
        assert_eq!((backup(Some(6)), backup(Some(7)), backup(None)), (vec![], old.clone(), old));
    }
}
