//! Enhanced status codes (RFC 3463) and reply codes (RFC 5321 §4.2).

use std::fmt;

/// First number of an enhanced status code.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum StatusClass {
    /// 2
    Success,
    /// 4
    Transient,
    /// 5
    Permanent,
}

impl StatusClass {
    /// The digit.
    pub const fn digit(self) -> u8 {
        match self {
            Self::Success => 2,
            Self::Transient => 4,
            Self::Permanent => 5,
        }
    }
}

/// `class.subject.detail`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct EnhancedStatus {
    /// Success or failure.
    pub class: StatusClass,
    /// 0 to 999.
    pub subject: u16,
    /// 0 to 999.
    pub detail: u16,
}

impl EnhancedStatus {
    /// How much it says beyond its class: 0 for `5.0.0`, 1 for `5.1.0`, 2 for `5.1.1`.
    pub fn specificity(self) -> u8 {
        match (self.subject, self.detail) {
            (0, 0) => 0,
            (_, 0) | (0, _) => 1,
            _ => 2,
        }
    }
}

impl fmt::Display for EnhancedStatus {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}.{}.{}", self.class.digit(), self.subject, self.detail)
    }
}

/// Why something is no status code.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum StatusError {
    /// The first octet is not `2`, `4` or `5`.
    Class,
    /// Octet offset of what does not belong there.
    Syntax {
        /// From the start of the field body.
        at: usize,
    },
}

/// Reads the status code at the start of a `Status` field body.
///
/// `body`: unfolded octets without the field name; a comment may follow the code. Gives the code and the
/// number of octets read (5 to 9). Never panics.
///
/// # Errors
/// `Class` if the first octet is not `2`, `4` or `5`; `Syntax { at }`, an octet offset, otherwise.
///
/// Source: RFC 3464 §2.3.4, RFC 3463 §2.
pub fn enhanced_status(body: &[u8]) -> Result<(EnhancedStatus, usize), StatusError> {
    let class = match body.first() {
        Some(b'2') => StatusClass::Success,
        Some(b'4') => StatusClass::Transient,
        Some(b'5') => StatusClass::Permanent,
        _ => return Err(StatusError::Class),
    };
    let (subject, at) = number(body, 1)?;
    let (detail, at) = number(body, at)?;
    match body.get(at) {
        Some(c) if c.is_ascii_alphanumeric() => Err(StatusError::Syntax { at }),
        Some(b'.') if body.get(at + 1).is_some_and(u8::is_ascii_digit) => Err(StatusError::Syntax { at }),
        _ => Ok((EnhancedStatus { class, subject, detail }, at)),
    }
}

/// A dot and one to three digits.
fn number(body: &[u8], at: usize) -> Result<(u16, usize), StatusError> {
    if body.get(at) != Some(&b'.') {
        return Err(StatusError::Syntax { at });
    }
    let digits = body[at + 1..].iter().take(3).take_while(|c| c.is_ascii_digit()).count();
    if digits == 0 {
        return Err(StatusError::Syntax { at: at + 1 });
    }
    let value = body[at + 1..=at + digits].iter().fold(0, |sum, c| sum * 10 + u16::from(c - b'0'));
    Ok((value, at + 1 + digits))
}

/// The first enhanced status code anywhere in a text, and its offset.
///
/// `550-5.1.1 <joe@a.example>: …` gives 5.1.1; parts of IP addresses and version numbers are none.
pub fn find_enhanced_status(text: &str) -> Option<(EnhancedStatus, usize)> {
    let octets = text.as_bytes();
    let mut from = 0;
    while let Some(at) = octets[from..].iter().position(|c| matches!(c, b'2' | b'4' | b'5')).map(|n| from + n)
    {
        if status_may_begin(octets, at)
            && let Ok((status, _)) = enhanced_status(&octets[at..])
        {
            return Some((status, at));
        }
        from = at + 1;
    }
    None
}

/// Not inside a word or a number; a hyphen may stand before it if it belongs to a reply code.
fn status_may_begin(octets: &[u8], at: usize) -> bool {
    match at.checked_sub(1).map(|before| octets[before]) {
        None => true,
        Some(b'-') => at >= 4 && octets[at - 4..at - 1].iter().all(u8::is_ascii_digit),
        Some(before) => !before.is_ascii_alphanumeric() && before != b'.',
    }
}

/// The first SMTP reply code in a text: three digits of their own, 200 to 559, that a blank, a hyphen or the
/// end follows.
pub fn find_reply_code(text: &str) -> Option<u16> {
    let octets = text.as_bytes();
    (0..octets.len().saturating_sub(2)).find_map(|at| {
        let [a @ (b'2' | b'4' | b'5'), b @ b'0'..=b'5', c @ b'0'..=b'9'] = octets[at..at + 3] else {
            return None;
        };
        let begins = at == 0 || b" \t:;(<\"'#[".contains(&octets[at - 1]);
        // A hyphen parts code and text; in a range or a telephone number it does not.
        let ends = match octets.get(at + 3) {
            None => true,
            Some(b'-') => {
                !octets.get(at + 4).is_some_and(u8::is_ascii_digit)
                    || enhanced_status(&octets[at + 4..]).is_ok()
            }
            Some(after) => b" \t)\":,]#".contains(after),
        };
        let digit = |octet: u8| u16::from(octet - b'0');
        (begins && ends).then(|| digit(a) * 100 + digit(b) * 10 + digit(c))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(body: &str, expected: Result<(StatusClass, u16, u16), StatusError>) {
        let read =
            enhanced_status(body.as_bytes()).map(|(status, _)| (status.class, status.subject, status.detail));
        assert_eq!(read, expected, "{body:?}");
    }

    #[test]
    fn status_field() {
        check("5.1.1", Ok((StatusClass::Permanent, 1, 1)));
        check("4.4.7 (delivery time expired)", Ok((StatusClass::Transient, 4, 7)));
        check("2.0.0", Ok((StatusClass::Success, 0, 0)));
        check("5.7.606", Ok((StatusClass::Permanent, 7, 606)));
        check("3.0.0", Err(StatusError::Class));
        check("", Err(StatusError::Class));
        check("5", Err(StatusError::Syntax { at: 1 }));
        check("5.1", Err(StatusError::Syntax { at: 3 }));
        check("5.1.x", Err(StatusError::Syntax { at: 4 }));
        check("5.1.1234", Err(StatusError::Syntax { at: 7 }));
        check("5.1.1.1", Err(StatusError::Syntax { at: 5 }));
    }

    #[test]
    fn in_text() {
        let check = |text: &str, code: Option<u16>, status: Option<&str>| {
            assert_eq!(find_reply_code(text), code, "{text:?}");
            assert_eq!(find_enhanced_status(text).map(|(s, _)| s.to_string()).as_deref(), status, "{text:?}");
        };
        check("550 5.1.1 <joe@a.example>: Recipient address rejected", Some(550), Some("5.1.1"));
        check("550-5.1.1 The email account", Some(550), Some("5.1.1"));
        check("host mx[192.0.2.55] said: 452 4.2.2 full (in reply to RCPT TO)", Some(452), Some("4.2.2"));
        check("connect to 192.0.2.1: timed out", None, None);
        check("550", Some(550), None);
        check("#5.1.1", None, Some("5.1.1"));
    }
}
