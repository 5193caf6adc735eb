//! The mails of `fixtures/mail/feedback` against the truth beside them.
//!
//! An `.expected` says only what matters, one `name: value` a line; what it leaves out is not compared:
//!
//! - `kind:` the kind, or several with `|` where the mail itself leaves it open; `not:` kinds it is not.
//! - `may_reply:` yes or no. `original_message_id:` of the mail reported on.
//! - `report:` a recipient, one for each and no more; `no_reports:` yes if there are none. Below a report, indented:
//!   `action`, `status`, `smtp_code`, `permanence`, `reason`, `original_recipient`, `remote_mta`, `diagnostic` (a
//!   part of it); several with `|` where the mail contradicts itself.
//! - `language:`, `until:` (a day, or the first and last day that are right with `..`), `deputy:` an address; `-` for
//!   none.

use std::collections::BTreeMap;
use std::path::Path;

use model::{RecipientReport, Verdict};
use parse::Limits;
use test_support::fixtures;

const DAY_MS: i64 = 86_400_000;

#[test]
fn feedback_as_it_is() {
    let mails = fixtures::mails("feedback");
    assert!(!mails.is_empty(), "no mail in fixtures/mail/feedback");
    let (mut wrong, mut differences) = (BTreeMap::<String, usize>::new(), Vec::new());
    for path in &mails {
        let found = check(path);
        if !found.is_empty() {
            let topic = path.parent().and_then(Path::file_name).unwrap_or_default();
            *wrong.entry(topic.to_string_lossy().into_owned()).or_default() += 1;
            let name = path.with_extension("");
            let name = name.file_name().unwrap_or_default().to_string_lossy();
            differences
                .extend(found.into_iter().map(|line| format!("{}/{name}: {line}", topic.to_string_lossy())));
        }
    }
    assert!(
        differences.is_empty(),
        "{} differences in {} of {} mails {wrong:?}\n{}",
        differences.len(),
        wrong.values().sum::<usize>(),
        mails.len(),
        differences.join("\n")
    );
}

/// Every difference between a mail's verdict and its `.expected`, with LF and with CR LF.
fn check(path: &Path) -> Vec<String> {
    let octets = fixtures::read(path);
    let expected = String::from_utf8(fixtures::read(&path.with_extension("expected"))).expect("UTF-8");
    let lf = verdict(&octets);
    let mut found = differences(&expected, &lf);
    if !octets.contains(&b'\r') && verdict(&fixtures::with_crlf(&octets)) != lf {
        found.push("CR LF gives something else".to_owned());
    }
    found
}

fn verdict(octets: &[u8]) -> Verdict {
    classify::verdict(&parse::parse(octets, &Limits::default()).message, &classify::Options::default())
}

fn differences(expected: &str, verdict: &Verdict) -> Vec<String> {
    let mut found = Vec::new();
    let mut recipients: Vec<&str> = Vec::new();
    let mut report: Option<&RecipientReport> = None;
    for line in expected.lines().filter(|line| !line.trim().is_empty()) {
        let (name, value) = line.split_once(": ").unwrap_or_else(|| panic!("`{line}` has no name"));
        if name == "report" {
            recipients.push(value);
            report = verdict.reports.iter().find(|r| r.recipient.as_deref().unwrap_or("-") == value);
            continue;
        }
        let (name, got, equal) = if let Some(name) = name.strip_prefix("  ") {
            // A report that is missing is told once, below.
            let Some(report) = report else { continue };
            let got = of_report(report, name);
            let equal = if name == "diagnostic" {
                got.contains(value)
            } else {
                value.split('|').any(|value| value == got)
            };
            (format!("{} {name}", recipients.last().unwrap_or(&"-")), got, equal)
        } else {
            let (got, equal) = of_verdict(verdict, name, value);
            (name.to_owned(), got, equal)
        };
        if !equal {
            found.push(format!("{name} is {got}, not {value}"));
        }
    }
    let mut got: Vec<&str> =
        verdict.reports.iter().map(|report| report.recipient.as_deref().unwrap_or("-")).collect();
    got.sort_unstable();
    recipients.sort_unstable();
    if !recipients.is_empty() && got != recipients {
        found.push(format!("reports are about {got:?}, not {recipients:?}"));
    }
    found
}

fn of_report(report: &RecipientReport, name: &str) -> String {
    let text = |value: &Option<String>| value.clone().unwrap_or_else(|| "-".to_owned());
    match name {
        "action" => report.action.map_or("-", |action| action.as_str()).to_owned(),
        "status" => text(&report.status),
        "smtp_code" => report.smtp_code.map_or_else(|| "-".to_owned(), |code| code.to_string()),
        "permanence" => report.permanence.as_str().to_owned(),
        "reason" => text(&report.reason),
        "original_recipient" => text(&report.original_recipient),
        "remote_mta" => text(&report.remote_mta),
        "diagnostic" => text(&report.diagnostic),
        other => panic!("nothing of a report is called `{other}`"),
    }
}

fn of_verdict(verdict: &Verdict, name: &str, value: &str) -> (String, bool) {
    let kind = verdict.kind.as_str();
    let reply = verdict.auto_reply.as_ref();
    let text = |got: Option<&str>| {
        let got = got.unwrap_or("-");
        (got.to_owned(), got == value)
    };
    match name {
        "kind" => (kind.to_owned(), value.split('|').any(|word| word == kind)),
        "not" => (kind.to_owned(), value.split('|').all(|word| word != kind)),
        "may_reply" => text(Some(if verdict.may_reply { "yes" } else { "no" })),
        "no_reports" => (format!("{} reports", verdict.reports.len()), verdict.reports.is_empty()),
        "original_message_id" => {
            text(verdict.original.as_ref().and_then(|o| o.message_id.as_ref()).map(model::MessageId::as_str))
        }
        "language" => text(reply.and_then(|reply| reply.language.as_deref())),
        "deputy" => {
            let deputy = reply.and_then(|reply| reply.deputy.as_ref());
            text(deputy.map(|deputy| deputy.addr_spec.to_lowercase()).as_deref())
        }
        "until" => until(reply.and_then(|reply| reply.until).map(|time| time.0), value),
        other => panic!("nothing of a verdict is called `{other}`"),
    }
}

/// Any moment of the day is right, in any zone of the earth.
fn until(got: Option<i64>, value: &str) -> (String, bool) {
    let Some(ms) = got else { return ("-".to_owned(), value == "-") };
    let (first, last) = value.split_once("..").unwrap_or((value, value));
    let (Some(first), Some(last)) = (midnight(first), midnight(last)) else {
        return (format!("{ms} ms"), false);
    };
    (format!("{ms} ms"), (first - DAY_MS / 2..=last + DAY_MS * 3 / 2).contains(&ms))
}

/// Milliseconds of `2026-03-15`, midnight UTC.
fn midnight(day: &str) -> Option<i64> {
    let mut numbers = day.split('-').map(|number| number.parse::<i64>().ok());
    let (year, month, day) = (numbers.next()??, numbers.next()??, numbers.next()??);
    let (year, month) = if month > 2 { (year, month - 3) } else { (year - 1, month + 9) };
    let days = year * 365 + year / 4 - year / 100 + year / 400 + (month * 153 + 2) / 5 + day - 1 - 719_468;
    Some(days * DAY_MS)
}
