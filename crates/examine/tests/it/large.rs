//! Large mails, parsed in the child.

use std::io::{self, Read};

use examine::{Limits, MailError, Outcome, Reason};

use crate::{examiner, make, with_limits};

#[test]
fn the_child_finds_what_is_found_here() {
    let pdf = make::saved(make::pdf(&["Rechnung 4711"]));
    let noise: Vec<u8> = (0..12_000_000_u32).map(|n| (n.wrapping_mul(2_654_435_761) >> 24) as u8).collect();
    let mail = make::mail(&[("a.pdf", &pdf), ("b.bin", &noise), ("c.docx", &make::docx("<w:t>Brief</w:t>"))]);
    let limits = parse::Limits::default();
    let examiner = examiner();
    let found = examiner.mail(&mut &mail[..], mail.len() as u64, &limits).unwrap();
    assert_eq!(found.parsed, parse::parse(&mail, &limits));
    assert_eq!(found.parts, examiner.attachments(&mail, &found.parsed.message));
    let texts: Vec<_> = found.parts.iter().filter_map(|part| part.outcome.text()).collect();
    assert_eq!((texts, found.cut_short), (vec!["Rechnung 4711", "Brief"], None));
}

#[test]
fn an_attachment_that_ends_the_child_does_not_hide_the_mail() {
    let heavy = make::docx(&format!("<w:t>{}</w:t>", "x".repeat(60_000_000)));
    let mail = make::mail(&[("a.docx", &make::docx("<w:t>vorher</w:t>")), ("b.docx", &heavy)]);
    let examiner = with_limits(Limits { memory_octets: 32 << 20, ..Limits::default() });
    let found = examiner.mail(&mut &mail[..], mail.len() as u64, &parse::Limits::default()).unwrap();
    assert_eq!(found.parsed.message.subject.as_deref(), Some("Anlagen"));
    assert_eq!(found.parts.len(), 1);
    assert_eq!(found.cut_short, Some(Reason::Memory));
}

#[test]
fn a_mail_larger_than_the_memory_is_refused() {
    let examiner = with_limits(Limits { memory_octets: 32 << 20, ..Limits::default() });
    let mut endless = io::repeat(b'x').take(100 << 20);
    let refused = examiner.mail(&mut endless, 100 << 20, &parse::Limits::default());
    assert!(matches!(refused, Err(MailError::Failed(Reason::Memory))), "{refused:?}");
}

/// With `SLOW_TESTS=1`: 150 MB, most of it one attachment that nobody can read.
#[test]
fn a_very_large_mail_stays_within_its_memory() {
    if std::env::var_os("SLOW_TESTS").is_none() {
        return;
    }
    let pdf = make::saved(make::pdf(&["Rechnung 4711"]));
    let noise: Vec<u8> = (0..109_000_000_u32).map(|n| (n.wrapping_mul(2_654_435_761) >> 24) as u8).collect();
    let mail = make::mail(&[("a.bin", &noise), ("b.pdf", &pdf)]);
    assert!(mail.len() > 145_000_000);
    // The debug build is slow; its memory is what counts here.
    let examiner = with_limits(Limits { memory_octets: 450 << 20, cpu_seconds: 120, ..Limits::default() });
    let found = examiner.mail(&mut &mail[..], mail.len() as u64, &parse::Limits::default()).unwrap();
    assert_eq!(found.parsed.message.parts.len(), 4);
    assert_eq!(found.cut_short, None);
}

#[test]
fn a_source_that_fails_is_told_apart() {
    let short = examiner().mail(&mut &b"Subject: x\r\n"[..], 1000, &parse::Limits::default());
    assert!(matches!(short, Err(MailError::Source(_))), "{short:?}");
}

#[test]
fn the_time_of_a_mail_is_bounded() {
    let limits = Limits { mail: std::time::Duration::ZERO, ..Limits::default() };
    let mail = make::mail(&[("a.docx", &make::docx("<w:t>x</w:t>"))]);
    let message = parse::parse(&mail, &parse::Limits::default()).message;
    let found = with_limits(limits).attachments(&mail, &message);
    assert_eq!(found[0].outcome, Outcome::Failed(Reason::Timeout));
}
