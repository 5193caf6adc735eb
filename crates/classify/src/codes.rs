//! Codes in what a server wrote.

use parse::report::status::{EnhancedStatus, StatusClass, enhanced_status};

/// Bytes of a text that are looked at.
const TEXT_BYTES_MAX: usize = 64 << 10;

/// The codes of one text.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Codes {
    /// The most specific enhanced code of a failure; the first of equals.
    pub(crate) status: Option<EnhancedStatus>,
    /// One that says more than "expired", where there is one besides it.
    pub(crate) cause: Option<EnhancedStatus>,
    /// The reply code that stands before `cause`.
    pub(crate) cause_code: Option<u16>,
    /// The first reply code of a failure.
    pub(crate) smtp_code: Option<u16>,
    /// The enhanced code stands right behind the reply code: it is the host's own.
    pub(crate) together: bool,
}

/// Reads the codes of a text. Linear.
pub(crate) fn codes(text: &str) -> Codes {
    let octets = text.as_bytes();
    let octets = octets.get(..TEXT_BYTES_MAX).unwrap_or(octets);
    let mut codes = Codes::default();
    let mut last = None;
    let mut at = 0;
    while let Some(&octet) = octets.get(at) {
        if !matches!(octet, b'4' | b'5') || !begins(octets, at) {
            at += 1;
            continue;
        }
        let rest = octets.get(at..).unwrap_or_default();
        if let Ok((status, len)) = enhanced_status(rest) {
            codes.add_status(status, last);
            at += len;
        } else if let Some(code) = reply_code(rest) {
            last = Some(code);
            if codes.smtp_code.is_none() && !is_counted(octets, at) {
                codes.smtp_code = Some(code);
                codes.together = enhanced_status(octets.get(at + 4..).unwrap_or_default()).is_ok();
            }
            at += 3;
        } else {
            at += 1;
        }
    }
    codes
}

impl Codes {
    fn add_status(&mut self, status: EnhancedStatus, after: Option<u16>) {
        if status.class == StatusClass::Success {
            return;
        }
        if self.status.is_none_or(|known| status.specificity() > known.specificity()) {
            self.status = Some(status);
        }
        if self.cause.is_none() && status.specificity() == 2 && (status.subject, status.detail) != (4, 7) {
            self.cause = Some(status);
            self.cause_code = after;
        }
    }
}

/// Not inside a word, a number or an address.
fn begins(octets: &[u8], at: usize) -> bool {
    match at.checked_sub(1).and_then(|before| octets.get(before)) {
        None => true,
        Some(b'-') => {
            at >= 4 && octets.get(at - 4..at - 1).is_some_and(|digits| digits.iter().all(u8::is_ascii_digit))
                || at >= 2 && octets.get(at - 2).is_some_and(u8::is_ascii_whitespace)
        }
        Some(before) => b" \t\n\r:;(<\"'#[/,>=".contains(before),
    }
}

/// `550 `, `550-`, `550:`, `550)`, not `550.00`, `550 KB`, `512-123`, `[550]` of a list of numbers.
fn reply_code(rest: &[u8]) -> Option<u16> {
    let [a @ (b'4' | b'5'), b @ b'0'..=b'7', c @ b'0'..=b'9'] = *rest.get(..3)? else { return None };
    let ends = match rest.get(3) {
        None => true,
        Some(b'-') => {
            !rest.get(4).is_some_and(u8::is_ascii_digit) || {
                let after = rest.get(4..).unwrap_or_default();
                enhanced_status(after).is_ok()
                    || after.iter().take_while(|c| c.is_ascii_digit()).count() < 3
                    || after
                        .iter()
                        .take_while(|c| c.is_ascii_digit() || **c == b'.')
                        .filter(|c| **c == b'.')
                        .count()
                        == 3
            }
        }
        Some(b'.') => rest.get(4).is_none_or(|c| !c.is_ascii_digit()),
        Some(after) => b" \t\n\r)\":,]#='_;<".contains(after),
    };
    if !ends {
        return None;
    }
    let number = |octet: u8| u16::from(octet - b'0');
    Some(number(a) * 100 + number(b) * 10 + number(c))
}

/// A number of something, not a code: `500 KB`, `(450 seconds)`.
fn is_counted(octets: &[u8], at: usize) -> bool {
    let rest = octets.get(at + 3..).unwrap_or_default();
    let word: Vec<u8> = rest
        .iter()
        .skip_while(|c| **c == b' ')
        .take_while(|c| c.is_ascii_alphabetic())
        .take(8)
        .map(u8::to_ascii_lowercase)
        .collect();
    matches!(
        word.as_slice(),
        b"kb"
            | b"mb"
            | b"k"
            | b"bytes"
            | b"octets"
            | b"seconds"
            | b"minutes"
            | b"hours"
            | b"days"
            | b"messages"
            | b"times"
            | b"eur"
            | b"euro"
            | b"usd"
            | b"lines"
            | b"mails"
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn codes_of_text() {
        let check = |text: &str, status: Option<&str>, code: Option<u16>| {
            let codes = codes(text);
            assert_eq!(
                (codes.status.map(|s| s.to_string()).as_deref(), codes.smtp_code),
                (status, code),
                "{text:?}"
            );
        };
        check("550 5.1.1 <a@b.example>: unknown", Some("5.1.1"), Some(550));
        check("550-5.7.26 not accepted", Some("5.7.26"), Some(550));
        check("554 5.0.0 Service unavailable 5.7.1", Some("5.7.1"), Some(554));
        check("sorry, no mailbox here by that name (#5.1.1)", Some("5.1.1"), None);
        check("220 mx ESMTP\n250 ok\n<<< 550 no", None, Some(550));
        check("over 500 KB, 192.0.5.1.1, mail 5500 and 4.2", None, None);
        check("call 550-123-4567", None, None);
        check("521-192.0.2.1 blocked by", None, Some(521));
        check("550: 5.1.1 <a@b.example>: no", Some("5.1.1"), Some(550));
    }
}
