//! What must hold for any octets: the bodies of the fuzz targets, which `crates/classify/tests/mutations.rs` runs too.

use classify::Options;
use parse::Limits;
use parse::header::{address, content, date, msg_id, received, text, thread_index};
use parse::report::{arf, dsn, mdn, status};

/// A whole mail, its parts again, its preview; and the same without facts.
pub(crate) fn parse(octets: &[u8]) {
    let limits = Limits::default();
    let parsed = parse::parse(octets, &limits);
    for index in 0..parsed.message.parts.len().min(20) {
        let _ = parse::part_content(octets, &parsed.message.parts, index, 1 << 20);
    }
    let _ = parse::preview(&parsed.message.body, 200);
    assert_eq!(parse::read(octets, &limits), (parsed.message, parsed.defects));
}

/// What kind of mail it is: always the same, a reason for all that is no person's mail.
pub(crate) fn verdict(octets: &[u8]) {
    let (message, _) = parse::read(octets, &Limits::default());
    let verdict = classify::verdict(&message, &Options::default());
    assert!((0.0..=1.0).contains(&verdict.confidence));
    assert!(verdict.kind.as_str() == "personal" || !verdict.evidence.is_empty());
    assert_eq!(verdict, classify::verdict(&message, &Options::default()));
}

/// A header section alone.
pub(crate) fn header_section(octets: &[u8]) {
    let _ = parse::header_section(octets, &Limits::default());
}

/// An address list.
pub(crate) fn addresses(octets: &[u8]) {
    let _ = address::addresses(octets, 1_000);
}

/// `Content-Type` and its parameters.
pub(crate) fn content(octets: &[u8]) {
    let _ = content::content(octets);
}

/// `Date` and `Received`.
pub(crate) fn date(octets: &[u8]) {
    let _ = date::date(octets);
    let _ = received::received_date(octets);
}

/// `Message-ID`, `References`, `Thread-Index`.
pub(crate) fn message_ids(octets: &[u8]) {
    let _ = msg_id::message_id(octets);
    let _ = msg_id::message_ids(octets, 100);
    let _ = thread_index::thread_index(octets);
}

/// Encoded words.
pub(crate) fn text(octets: &[u8]) {
    let _ = text::decode(octets);
}

/// The parts of multipart/report.
pub(crate) fn report(octets: &[u8]) {
    let text = String::from_utf8_lossy(octets);
    let _ = dsn::delivery_status(&text);
    let _ = mdn::disposition_notification(&text);
    let _ = arf::feedback_report(&text);
    let _ = status::find_enhanced_status(&text);
    let _ = status::find_reply_code(&text);
}
