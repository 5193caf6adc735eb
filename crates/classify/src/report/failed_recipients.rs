//! `X-Failed-Recipients`, which Exim and Google write into their bounces.

use model::{Action, Kind, Message, RecipientReport, Source, Verdict};

use crate::{in_field, original};

const FIELD: &str = "X-Failed-Recipients";

/// Recipients read of the field.
const RECIPIENTS_MAX: usize = 10_000;

pub(crate) fn verdict(message: &Message) -> Option<Verdict> {
    let reports = reports(message);
    if reports.is_empty() {
        return None;
    }
    Some(Verdict {
        kind: Kind::Bounce,
        confidence: 0.95,
        source: Some(Source("failed_recipients")),
        reports,
        original: original::of(message),
        evidence: vec![in_field("failed_recipients", FIELD)],
        ..Verdict::default()
    })
}

/// One report for each address of the field.
pub(crate) fn reports(message: &Message) -> Vec<RecipientReport> {
    message
        .fields(FIELD)
        .flat_map(|body| body.split([',', ' ', '\t']))
        .map(|address| address.trim_matches(['<', '>', ';']).to_lowercase())
        .filter(|address| address.contains('@'))
        .take(RECIPIENTS_MAX)
        .map(|recipient| RecipientReport {
            recipient: Some(recipient),
            action: Some(Action::Failed),
            ..RecipientReport::default()
        })
        .collect()
}
