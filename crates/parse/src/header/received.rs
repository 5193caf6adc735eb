//! `Received` (RFC 5321 §4.4): only the time it was stamped.

use model::UnixMillis;

use super::date;

/// The time behind the last `;`, or, in fields of old mailers that write none, a time at the end.
pub fn received_date(body: &[u8]) -> Option<UnixMillis> {
    let semicolon = memchr::memrchr(b';', body)?;
    date::date(&body[semicolon + 1..]).map(|date| date.at)
}
