//! What spam filters wrote into the header section of a mail, and the test of one.

use std::time::Duration;

use examine::{FilterAddress, Origin, SpamFilter, SpamMark, milli};
use model::Message;

/// What rspamd wants done with what it takes for spam.
const ACTIONS: [&str; 3] = ["reject", "add header", "rewrite subject"];

/// For the answer about the test mail.
const TRIED_MAX: Duration = Duration::from_secs(20);
/// What every spam filter takes for spam (Generic Test for Unsolicited Bulk Email), in two halves: whole, this program would be
/// taken for it.
const GTUBE: [&str; 2] = ["XJS*C4JDBQADN1.NSBN3*2IDNEN*", "GTUBE-STANDARD-ANTI-UBE-TEST-EMAIL*C.34X"];

/// See [`crate::Engine::try_spam_filter`].
pub(crate) fn try_out(address: &str) -> Result<SpamMark, Option<String>> {
    let address: FilterAddress = address.trim().parse().map_err(|_| None)?;
    let mail = format!(
        "From: <test@poststelle.invalid>\r\nTo: <test@poststelle.invalid>\r\nSubject: Test\r\n\
         Date: Mon, 1 Jan 2024 00:00:00 +0000\r\nMessage-ID: <test@poststelle.invalid>\r\n\r\n{}\r\n",
        GTUBE.concat()
    );
    let origin =
        Origin { client: None, helo: String::new(), mail_from: "test@poststelle.invalid".to_owned() };
    SpamFilter::new(address, TRIED_MAX).check(mail.as_bytes(), &origin).map_err(|error| Some(error.said))
}

/// What the fields say that `SpamAssassin`, rspamd and those after them leave; `None` without one. One that says yes is enough.
pub(crate) fn marked(message: &Message) -> Option<SpamMark> {
    let mut marks = Vec::new();
    for name in ["X-Spam-Status", "X-Spamd-Result", "X-Rspamd-Action", "X-Spam-Flag", "X-Spam"] {
        let read = |body: &str| {
            let (is_spam, points) = match name {
                "X-Spam-Status" => (says_yes(body), of_status(body)),
                "X-Spamd-Result" => of_result(body)?,
                "X-Rspamd-Action" => (ACTIONS.iter().any(|action| begins(body, action)), None),
                _ => (says_yes(body), None),
            };
            let (score, required) = points.unzip();
            let [score_milli, required_milli] = [score, required].map(|points| points.and_then(milli));
            Some(SpamMark { by: name.to_owned(), is_spam, score_milli, required_milli })
        };
        marks.extend(message.fields(name).filter_map(read));
    }
    let is_spam = marks.iter().any(|mark| mark.is_spam);
    let score =
        ["X-Spam-Score", "X-Rspamd-Score"].iter().find_map(|name| message.fields(name).find_map(number));
    let best = marks
        .into_iter()
        .filter(|mark| mark.is_spam == is_spam)
        .max_by_key(|mark| mark.score_milli.is_some());
    best.map(|mark| SpamMark { score_milli: mark.score_milli.or(score.and_then(milli)), ..mark })
}

fn begins(body: &str, word: &str) -> bool {
    body.trim_start().get(..word.len()).is_some_and(|begin| begin.eq_ignore_ascii_case(word))
}

fn says_yes(body: &str) -> bool {
    begins(body, "yes")
}

/// `Yes, score=9.1 required=5.0 tests=…`; older ones say `hits`.
fn of_status(body: &str) -> Option<(f64, f64)> {
    let value = |name: &str| {
        let mut words = body.split([' ', ',', '\t']);
        words.find_map(|word| word.strip_prefix(name)?.strip_prefix('=')).and_then(number)
    };
    value("score").or_else(|| value("hits")).zip(value("required"))
}

/// `default: True [17.20 / 15.00]; …`
fn of_result(body: &str) -> Option<(bool, Option<(f64, f64)>)> {
    let (_, rest) = body.split_once(':')?;
    let (said, rest) = rest.split_once('[')?;
    let points = rest.split_once(']').and_then(|(points, _)| points.split_once('/'));
    Some((begins(said, "true"), points.and_then(|(score, most)| number(score).zip(number(most)))))
}

fn number(text: &str) -> Option<f64> {
    let text = text.trim();
    let end = text.find(|c: char| !(c.is_ascii_digit() || "+-.".contains(c))).unwrap_or(text.len());
    text[..end].parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fields_of_filters() {
        let check = |fields: &str, expected: Option<(&str, bool, Option<i64>, Option<i64>)>| {
            let mail = format!("From: a@example.org\r\n{fields}\r\nX-Spam-Flag: YES\r\n");
            let message = parse::parse(mail.as_bytes(), &parse::Limits::default()).message;
            let found = marked(&message);
            let found = found
                .as_ref()
                .map(|mark| (mark.by.as_str(), mark.is_spam, mark.score_milli, mark.required_milli));
            assert_eq!(found, expected, "{fields}");
        };
        check("", None);
        check("X-Spam-Flag: YES\r\n", Some(("X-Spam-Flag", true, None, None)));
        check("X-Spam: Yes\r\nX-Rspamd-Score: 8.5\r\n", Some(("X-Spam", true, Some(8500), None)));
        check(
            "X-Spam-Status: Yes, score=9.1 required=5.0 tests=A,\r\n\tB autolearn=no\r\n",
            Some(("X-Spam-Status", true, Some(9100), Some(5000))),
        );
        check(
            "X-Spam-Status: No, hits=-1.2 required=5.0\r\nX-Spam-Flag: NO\r\n",
            Some(("X-Spam-Status", false, Some(-1200), Some(5000))),
        );
        check(
            "X-Spamd-Result: default: False [-2.90 / 15.00]; DKIM_ALLOW(-0.20)[]\r\n",
            Some(("X-Spamd-Result", false, Some(-2900), Some(15_000))),
        );
        check(
            "X-Spamd-Result: default: True [17.20 / 15.00];\r\n\tA(1.00)[]\r\nX-Spam-Flag: NO\r\n",
            Some(("X-Spamd-Result", true, Some(17_200), Some(15_000))),
        );
        check("X-Rspamd-Action: add header\r\n", Some(("X-Rspamd-Action", true, None, None)));
        check("X-Rspamd-Action: no action\r\n", Some(("X-Rspamd-Action", false, None, None)));
        check("X-Spam-Score: 3.0\r\n", None);
        check("X-Spamd-Result: nonsense\r\n", None);
    }
}
