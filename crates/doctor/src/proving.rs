//! What makes that the archive can be opened and proven: the recovery key, the keyring, the log, its anchors outside.

use model::UnixMillis;

use crate::condition::{Condition, DAY, Kind, Limits, Severity, condition};

/// The recovery key on paper, where it opens nothing.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RecoveryFacts {
    /// Since when there is something to lose.
    pub begun: UnixMillis,
}

/// A copy of the keyring that is not what it should be.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct KeyringFacts {
    /// Which file.
    pub file: String,
    /// What is wrong with it.
    pub text: String,
}

/// The log, where entries are not signed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LogFacts {
    /// Entries that are not signed.
    pub waiting: u64,
    /// Since when nothing was signed though there was something.
    pub since: UnixMillis,
    /// Why; `None`: nobody knows.
    pub trouble: Option<String>,
    /// It cannot go on by itself.
    pub is_halted: bool,
}

/// An anchor of the log that nobody has stamped though somebody should.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StampFacts {
    /// When it could have been stamped first.
    pub since: UnixMillis,
    /// What authorities last said.
    pub text: String,
}

/// Checkpoints that do not go out by mail.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CheckpointMailFacts {
    /// Since when.
    pub since: UnixMillis,
    /// How often one is to go out, milliseconds.
    pub period_ms: i64,
    /// What was said.
    pub text: String,
}

/// A witness of the log.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct WitnessFacts {
    /// Which.
    pub id: String,
    /// Its name.
    pub name: String,
    /// Entries it confirmed of a log that ours contradicts.
    pub refused: Option<u64>,
    /// Since when it confirms nothing; `None`: it does.
    pub since: Option<UnixMillis>,
    /// What was said.
    pub text: String,
}

/// What proves.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ProofFacts {
    /// `None`: there is one, or nothing to lose.
    pub recovery: Option<RecoveryFacts>,
    /// Copies that are not in order.
    pub keyring: Vec<KeyringFacts>,
    /// `None`: everything is signed.
    pub log: Option<LogFacts>,
    /// `None`: nothing waits, or nobody is set.
    pub stamps: Option<StampFacts>,
    /// `None`: they go out, or none is wanted.
    pub mail: Option<CheckpointMailFacts>,
    /// All of them.
    pub witnesses: Vec<WitnessFacts>,
}

pub(crate) fn judge(facts: &ProofFacts, limits: &Limits, now: UnixMillis) -> Vec<Condition> {
    let mut found = Vec::new();
    found.extend(facts.recovery.as_ref().and_then(|of| recovery_missing(of, limits, now)));
    found.extend(facts.keyring.iter().map(|of| keyring_damaged(of, now)));
    found.extend(facts.log.as_ref().and_then(|of| log_stopped(of, limits, now)));
    found.extend(facts.stamps.as_ref().and_then(|of| stamps_missing(of, limits, now)));
    found.extend(facts.mail.as_ref().and_then(|of| checkpoint_unsent(of, now)));
    found.extend(facts.witnesses.iter().filter_map(|of| witness(of, limits, now)));
    found
}

fn recovery_missing(of: &RecoveryFacts, limits: &Limits, now: UnixMillis) -> Option<Condition> {
    let since = of.begun.plus_ms(limits.recovery_ms);
    (now >= since).then(|| condition(Kind::RecoveryMissing, "", Severity::Warning, None, since, &[]))
}

fn keyring_damaged(of: &KeyringFacts, now: UnixMillis) -> Condition {
    let details: [(&str, &dyn ToString); 2] = [("file", &of.file), ("text", &of.text)];
    condition(Kind::KeyringDamaged, &of.file, Severity::Critical, None, now, &details)
}

/// At once where it cannot go on: what is not signed can be changed.
fn log_stopped(of: &LogFacts, limits: &Limits, now: UnixMillis) -> Option<Condition> {
    (of.is_halted || now.0 - of.since.0 >= limits.unsigned_ms).then(|| {
        let severity = if of.is_halted { Severity::Critical } else { Severity::Warning };
        let text = of.trouble.as_deref().unwrap_or("–");
        let details: [(&str, &dyn ToString); 2] = [("waiting", &of.waiting), ("text", &text)];
        condition(Kind::LogStopped, "", severity, None, of.since, &details)
    })
}

fn stamps_missing(of: &StampFacts, limits: &Limits, now: UnixMillis) -> Option<Condition> {
    let waits_ms = now.0 - of.since.0;
    (waits_ms >= limits.stamps_ms).then(|| {
        let details: [(&str, &dyn ToString); 2] = [("days", &(waits_ms / DAY)), ("text", &of.text)];
        condition(Kind::StampsMissing, "", Severity::Warning, None, of.since, &details)
    })
}

fn checkpoint_unsent(of: &CheckpointMailFacts, now: UnixMillis) -> Option<Condition> {
    let lasts_ms = now.0 - of.since.0;
    (lasts_ms > 3 * of.period_ms).then(|| {
        let details: [(&str, &dyn ToString); 2] = [("days", &(lasts_ms / DAY)), ("text", &of.text)];
        condition(Kind::CheckpointUnsent, "", Severity::Warning, None, of.since, &details)
    })
}

/// One that contradicts is an alarm at once.
fn witness(of: &WitnessFacts, limits: &Limits, now: UnixMillis) -> Option<Condition> {
    if let Some(size) = of.refused {
        let since = of.since.unwrap_or(now);
        let details: [(&str, &dyn ToString); 3] = [("name", &of.name), ("size", &size), ("text", &of.text)];
        return Some(condition(Kind::WitnessRefused, &of.id, Severity::Critical, None, since, &details));
    }
    let since = of.since.filter(|since| now.0 - since.0 >= limits.stamps_ms)?;
    let days = (now.0 - since.0) / DAY;
    let details: [(&str, &dyn ToString); 3] = [("name", &of.name), ("days", &days), ("text", &of.text)];
    Some(condition(Kind::WitnessBehind, &of.id, Severity::Warning, None, since, &details))
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: UnixMillis = UnixMillis(1_790_000_000_000);

    fn found(facts: &ProofFacts) -> Vec<(&'static str, &'static str)> {
        let found = judge(facts, &Limits::default(), NOW);
        found.iter().map(|of| (of.kind.as_str(), of.severity.as_str())).collect()
    }

    fn ago(hours: i64) -> UnixMillis {
        NOW.plus_ms(-hours * DAY / 24)
    }

    #[test]
    fn what_cannot_be_opened_or_proven_is_said() {
        assert_eq!(found(&ProofFacts::default()), []);
        let recovery = |hours| {
            found(&ProofFacts {
                recovery: Some(RecoveryFacts { begun: ago(hours) }),
                ..ProofFacts::default()
            })
        };
        assert_eq!((recovery(23), recovery(24)), (vec![], vec![("recovery.missing", "warning")]));
        let copy = KeyringFacts { file: "k".into(), text: "gone".into() };
        let keyring = found(&ProofFacts { keyring: vec![copy], ..ProofFacts::default() });
        assert_eq!(keyring, [("keyring.damaged", "critical")]);
        let log = |minutes: i64, is_halted| {
            let since = NOW.plus_ms(-minutes * 60_000);
            let log = Some(LogFacts { waiting: 3, since, trouble: None, is_halted });
            found(&ProofFacts { log, ..ProofFacts::default() })
        };
        assert_eq!((log(9, false), log(10, false)), (vec![], vec![("log.stopped", "warning")]));
        assert_eq!(log(0, true), [("log.stopped", "critical")]);
        let stamps = |hours| {
            let stamps = Some(StampFacts { since: ago(hours), text: "HTTP 401".into() });
            found(&ProofFacts { stamps, ..ProofFacts::default() })
        };
        assert_eq!((stamps(71), stamps(72)), (vec![], vec![("stamps.missing", "warning")]));
        let mail = |hours| {
            let (since, text) = (ago(hours), "refused".to_owned());
            let mail = Some(CheckpointMailFacts { since, period_ms: DAY, text });
            found(&ProofFacts { mail, ..ProofFacts::default() })
        };
        assert_eq!((mail(72), mail(73)), (vec![], vec![("checkpoint.unsent", "warning")]));
        let witness = |refused, hours: Option<i64>| {
            let since = hours.map(ago);
            let of =
                WitnessFacts { id: "w".into(), name: "W".into(), refused, since, text: "HTTP 404".into() };
            found(&ProofFacts { witnesses: vec![of], ..ProofFacts::default() })
        };
        assert_eq!((witness(None, None), witness(None, Some(71))), (vec![], vec![]));
        assert_eq!(witness(None, Some(72)), [("witness.behind", "warning")]);
        assert_eq!(witness(Some(9), Some(0)), [("witness.refused", "critical")]);
    }
}
