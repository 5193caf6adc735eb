//! Effective code, reply code, reason and permanence of one report.

use memchr::memmem;
use model::{Action, Evidence, RecipientReport};
use parse::report::status::{EnhancedStatus, enhanced_status, find_enhanced_status, find_reply_code};

use crate::codes::{Codes, codes};
use crate::own_text::OwnText;
use crate::{evidence, reason};

/// What speaks about one recipient.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Sources<'a> {
    /// The `Status` field, and the comment behind it.
    pub(crate) field: Option<EnhancedStatus>,
    /// The `Status` field as written.
    pub(crate) literal: &'a str,
    /// The `Diagnostic-Code` field.
    pub(crate) diagnostic: &'a str,
    /// What the text of the report says of the recipient.
    pub(crate) prose: &'a str,
    /// Where that stands.
    pub(crate) places: Places<'a>,
}

/// Where in the mail the words about one recipient stand.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Places<'a> {
    /// Number of the part with the fields of RFC 3464, and their lines in it: the first one, that of `Status`, that of
    /// `Diagnostic-Code`.
    pub(crate) fields: Option<(&'a str, [usize; 3])>,
    /// The text of the report.
    pub(crate) own: Option<&'a OwnText<'a>>,
}

impl Places<'_> {
    /// Where `words` (lower case) stand, about `recipient` where the text names it. `in_text`: not in the fields;
    /// `line`: which of their lines it is.
    fn place(&self, words: &str, recipient: &str, in_text: bool, line: usize) -> String {
        if let Some((part, lines)) = self.fields
            && !in_text
        {
            return format!("part {part} line {}", lines.get(line).copied().unwrap_or(1));
        }
        let Some(own) = self.own else { return "body".to_owned() };
        let lower = own.lower();
        let find = |from: usize, words: &str| {
            let rest = lower.get(from..).filter(|_| !words.is_empty())?;
            memmem::find(rest.as_bytes(), words.as_bytes()).map(|at| from + at)
        };
        let named = find(0, recipient);
        let at = named.and_then(|named| find(named, words)).or_else(|| find(0, words)).or(named);
        at.map_or_else(|| "body".to_owned(), |at| format!("body line {}", own.line_of(at)))
    }
}

/// Judges a report that was read from text alone, or from fields in it.
pub(crate) fn judge(
    report: &mut RecipientReport,
    action: Action,
    prose: &str,
    own: &OwnText<'_>,
    found: &mut Vec<Evidence>,
) {
    let diagnostic = report.diagnostic.clone().unwrap_or_default();
    let literal = report.status_literal.clone().unwrap_or_default();
    let field = enhanced_status(literal.as_bytes()).ok().map(|(status, _)| status);
    report.action = Some(action);
    let places = Places { fields: None, own: Some(own) };
    judge_all(report, &Sources { field, literal: &literal, diagnostic: &diagnostic, prose, places }, found);
}

/// Judges a report by all that speaks about it.
pub(crate) fn judge_all(report: &mut RecipientReport, sources: &Sources<'_>, found: &mut Vec<Evidence>) {
    let failure = matches!(report.action, None | Some(Action::Failed | Action::Delayed));
    let of_diagnostic = codes(sources.diagnostic);
    let of_prose = if failure { codes(sources.prose) } else { Codes::default() };
    let status = effective(sources.field, &of_diagnostic, &of_prose);
    let comment = codes(sources.literal);
    report.smtp_code = cause_code(status, &of_diagnostic)
        .or(of_diagnostic.smtp_code)
        .or(comment.smtp_code)
        .or(of_prose.smtp_code);
    let status = status.or_else(|| {
        (!failure).then(|| find_enhanced_status(sources.diagnostic).map(|(status, _)| status)).flatten()
    });
    report.status = status.map(|status| status.to_string());
    if !failure {
        report.smtp_code = find_reply_code(sources.diagnostic);
        return;
    }
    let comment = sources.literal.split_once('(').map_or("", |(_, comment)| comment);
    let own = crate::lower(&format!("{} {comment}", sources.diagnostic));
    let prose = crate::lower(sources.prose);
    let after_data = answers_data(&own) || answers_data(&prose);
    let recipient = report.recipient.as_deref().unwrap_or_default().to_lowercase();
    let said = reason::Said {
        text: &own,
        recipient: &recipient,
        status,
        smtp_code: report.smtp_code,
        action: report.action,
        after_data,
    };
    let mut because = reason::because(&said);
    // What the report adds in words is weighed where the diagnostic names no reason in words.
    let mut in_prose = false;
    if because.phrase.is_none() && !prose.is_empty() {
        let of_prose = reason::because(&reason::Said { text: &prose, recipient: "", ..said });
        if of_prose.phrase.is_some() && (because.word.is_none() || of_prose.exact) {
            because = of_prose;
            in_prose = true;
        }
    }
    report.reason = because.word.map(ToOwned::to_owned);
    report.permanence = because.permanence;
    if let Some(rule) = because.rule
        && found.len() < EVIDENCE_MAX
    {
        let code = report.status.as_deref().unwrap_or_default();
        let recipient = report.recipient.as_deref().unwrap_or_default();
        let places = &sources.places;
        let place = match because.phrase {
            Some(phrase) if sources.diagnostic.is_empty() => places.place(phrase, recipient, in_prose, 1),
            Some(phrase) => places.place(phrase, recipient, in_prose, 2),
            None if status.is_some() && status == sources.field => places.place(code, recipient, false, 1),
            None => {
                let in_text = status.is_some() && status == of_prose.status && status != of_diagnostic.status;
                places.place(code, recipient, in_text, 2)
            }
        };
        found.push(evidence(rule, place));
    }
}

/// Pieces of evidence up to which reasons are listed.
const EVIDENCE_MAX: usize = 200;

/// The reply code that stands before the effective code, where an expiry stands before its cause.
fn cause_code(status: Option<EnhancedStatus>, codes: &Codes) -> Option<u16> {
    (status.is_some() && status == codes.cause && codes.status != codes.cause)
        .then_some(codes.cause_code)
        .flatten()
}

/// `text` in lower case. The host took the address and answered the mail with a refusal. `Sendmail` sends commands ahead: what it
/// writes below `DATA` may answer `RCPT` unless the whole service is called unavailable. KDDI (au) names the address in what
/// it says of one, `550 <a@b>: User unknown`, and nobody where it filters the mail.
fn answers_data(text: &str) -> bool {
    const SIGNS: [&str; 5] = [
        "end of data",
        "failed after i sent the message",
        "smtp command data",
        "after data",
        "550 : user unknown",
    ];
    let has = |sign: &str| memchr::memmem::find(text.as_bytes(), sign.as_bytes()).is_some();
    SIGNS.iter().any(|sign| has(sign)) || has(">>> data <<< 5") && has("service unavailable")
}

/// The most specific of field, diagnostic and prose. The host's own code, right behind its reply code, counts
/// before a field that says as much; the cause of an expiry before the expiry.
fn effective(
    field: Option<EnhancedStatus>,
    of_diagnostic: &Codes,
    of_prose: &Codes,
) -> Option<EnhancedStatus> {
    let more =
        |a: EnhancedStatus, b: Option<EnhancedStatus>| b.is_none_or(|b| a.specificity() > b.specificity());
    let mut status = field;
    if let Some(own) = of_diagnostic.status
        && (more(own, status)
            || of_diagnostic.together && status.is_some_and(|s| s.specificity() == own.specificity()))
    {
        status = Some(own);
    }
    if let Some(told) = of_prose.status
        && more(told, status)
        && !(of_diagnostic.together && of_diagnostic.status.is_some_and(|own| own.specificity() > 0))
    {
        status = Some(told);
    }
    if status.is_some_and(|s| (s.subject, s.detail) == (4, 7)) {
        status = of_diagnostic.cause.or(of_prose.cause).or(status);
    }
    status
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn effective_status() {
        let check = |field: &str, diagnostic: &str, prose: &str, expected: Option<&str>| {
            let field = enhanced_status(field.as_bytes()).ok().map(|(status, _)| status);
            let got = effective(field, &codes(diagnostic), &codes(prose)).map(|s| s.to_string());
            assert_eq!(got.as_deref(), expected, "{field:?} {diagnostic:?} {prose:?}");
        };
        check("5.0.0", "smtp; 550 5.1.1 unknown", "", Some("5.1.1"));
        check("5.1.1", "550 5.7.1 blocked", "", Some("5.7.1"));
        check("5.7.1", "sorry (#5.1.1)", "", Some("5.7.1"));
        check("4.4.7", "554 4.4.7 expired <421 4.4.2 timed out>", "", Some("4.4.2"));
        check("5.0.0", "", "said: 550 5.2.2 full", Some("5.2.2"));
        check("", "550 no", "", None);
    }
}
