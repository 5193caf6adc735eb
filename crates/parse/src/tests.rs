//! Every mail of `fixtures/mail` that parsing is about, and prefixes of the shared corpus.

use std::fmt::Write as _;

use model::{Address, Part, Place, Span, TextKind, TransferEncoding};
use test_support::fixtures;

use crate::{Limits, Parsed, parse, part_content, places, preview};

#[test]
fn fixtures_as_expected() {
    fixtures::check_mails(&["header", "mime", "text", "quote", "facts"], |octets| {
        let parsed = parse(octets, &Limits::default());
        same_places(octets, &parsed);
        rendered(octets, &parsed)
    });
}

/// What a mail is read as, the same for LF and CR LF: offsets as lines, digests only where the transfer
/// encoding fixes the octets.
fn rendered(octets: &[u8], parsed: &Parsed) -> String {
    let mut out = String::new();
    let message = &parsed.message;
    line(&mut out, "subject", message.subject.as_deref());
    let lists = [
        ("from", &message.from),
        ("reply-to", &message.reply_to),
        ("to", &message.to),
        ("cc", &message.cc),
        ("bcc", &message.bcc),
    ];
    for (name, list) in lists {
        for address in list {
            line(&mut out, name, Some(&shown(address)));
        }
    }
    line(&mut out, "sender", message.sender.as_ref().map(shown).as_deref());
    let date = message.date.map(|date| format!("{} {:+}", date.seconds(), message.date_offset_minutes));
    line(&mut out, "date", date.as_deref());
    line(&mut out, "received", message.received.map(|at| at.seconds().to_string()).as_deref());
    line(&mut out, "message-id", message.message_id.as_ref().map(model::MessageId::as_str));
    for id in &message.in_reply_to {
        line(&mut out, "in-reply-to", Some(id.as_str()));
    }
    for id in &message.references {
        line(&mut out, "references", Some(id.as_str()));
    }
    let index = message.thread_index.as_ref().map(|index| format!("{} octets", index.len()));
    line(&mut out, "thread-index", index.as_deref());
    line(&mut out, "return-path", message.reverse_path.as_ref().map(|path| format!("{path:?}")).as_deref());
    for field in message.header_section.iter().filter(|field| field.name == "Comments") {
        line(&mut out, "comments", Some(&field.body));
    }
    parts(&mut out, parsed);
    body(&mut out, parsed);
    for defect in &parsed.defects {
        let number = memchr::memchr_iter(b'\n', &octets[..octets.len().min(defect.at as usize)]).count() + 1;
        line(&mut out, "defect", Some(&format!("{} line {number}", defect.kind.as_str())));
    }
    out
}

fn parts(out: &mut String, parsed: &Parsed) {
    for part in &parsed.message.parts {
        let mut text = format!("{} {} {:?}", part.number, part.content_type, part.role);
        if part.message_depth > 0 {
            let _ = write!(text, " inside {}", part.message_depth);
        }
        for value in [&part.charset, &part.name, &part.content_id].into_iter().flatten() {
            let _ = write!(text, " [{value}]");
        }
        if let Some(sha256) = part.sha256.filter(|_| part.encoding == TransferEncoding::Base64) {
            let _ = write!(text, " {} octets {}", part.octets, &sha256.to_string()[..8]);
        }
        line(out, "part", Some(text.trim()));
    }
}

fn body(out: &mut String, parsed: &Parsed) {
    let body = &parsed.message.body;
    for (kind, Span { at, len }) in &body.stretches {
        let mark = match kind {
            TextKind::New => 'n',
            TextKind::Quoted => 'q',
            TextKind::Signature => 's',
        };
        for text in body.text[*at as usize..(at + len) as usize].lines() {
            let _ = writeln!(out, "{}", format!("{mark}| {text}").trim_end());
        }
    }
    line(out, "preview", Some(&preview(body, 60)));
    let place = |place: Place| format!("{place:?}").to_lowercase();
    for found in &parsed.facts.numbers {
        line(out, "number", Some(&format!("{} ({})", found.value.0, place(found.place))));
    }
    for found in &parsed.facts.addresses {
        line(out, "address", Some(&format!("{} ({})", found.value, place(found.place))));
    }
}

fn line(out: &mut String, name: &str, value: Option<&str>) {
    if let Some(value) = value {
        let _ = writeln!(out, "{name}: {value}");
    }
}

fn shown(address: &Address) -> String {
    match &address.display_name {
        Some(name) => format!("{name} <{}>", address.addr_spec),
        None => format!("<{}>", address.addr_spec),
    }
}

/// What must hold of every message.
fn sound(octets: &[u8], parsed: &Parsed) {
    let message = &parsed.message;
    assert!(!message.parts.is_empty());
    assert!(parsed.defects.iter().all(|defect| defect.at <= octets.len() as u64));
    let mut covered = 0;
    for (_, span) in &message.body.stretches {
        assert_eq!(span.at, covered);
        covered += span.len;
        assert!(message.body.text.is_char_boundary(covered as usize));
    }
    assert_eq!(covered, message.body.text.len() as u64);
    for found in &parsed.facts.numbers {
        let text = if found.place == Place::Subject {
            message.subject.as_deref().unwrap_or_default()
        } else {
            &message.body.text
        };
        let at = found.span.at as usize;
        assert_eq!(&text[at..at + found.span.len as usize], found.value.0);
    }
    for (index, part) in message.parts.iter().enumerate() {
        assert!(part.parent.is_none_or(|parent| (parent as usize) < index));
        let content =
            part_content(octets, &message.parts, index, usize::MAX).expect("the part lies in the mail");
        if part.sha256.is_some() {
            assert_eq!(content.len() as u64, part.octets, "part {} {}", part.number, part.content_type);
        }
    }
}

/// Walked for the places alone, the parts lie where they lie.
fn same_places(octets: &[u8], parsed: &Parsed) {
    let place = |part: &Part| (part.number.clone(), part.parent, part.role, part.body_at, part.encoding);
    let all = |parts: &[Part]| parts.iter().map(place).collect::<Vec<_>>();
    assert_eq!(all(&places(octets, &Limits::default())), all(&parsed.message.parts));
}

#[test]
fn prefixes_of_the_corpus() {
    for path in fixtures::corpus("mail").into_iter().chain(fixtures::corpus("feedback/files")) {
        let octets = fixtures::read(&path);
        let steps = match (fixtures::slow_tests(), octets.len()) {
            (true, 0..4_096) => octets.len().max(1),
            (true, _) => 64,
            (false, 0..200_000) => 3,
            (false, _) => 1,
        };
        for step in 0..=steps {
            let prefix = &octets[..octets.len() * step / steps];
            // CR as only line end is read as LF: spans are those of the octets all the same.
            let parsed = std::panic::catch_unwind(|| {
                let parsed = parse(prefix, &Limits::default());
                sound(prefix, &parsed);
                same_places(prefix, &parsed);
            });
            assert!(parsed.is_ok(), "{} {}", path.display(), prefix.len());
        }
    }
}

#[test]
fn limits_are_kept() {
    let limits = Limits {
        parts_max: 3,
        depth_max: 2,
        fields_max: 4,
        found_max: 2,
        part_text_octets_max: 10,
        ..Limits::default()
    };
    let mail = b"Subject: 111 222 333\nA: 1\nB: 2\nContent-Type: multipart/mixed; boundary=x\nC: 3\n\n--x\n\n0123456789abc\n--x\n\n--x\n\n--x\n\n--x--\n";
    let parsed = parse(mail, &limits);
    sound(mail, &parsed);
    assert_eq!(parsed.message.parts.len(), 3);
    assert_eq!(parsed.message.header_section.len(), 4);
    assert_eq!(parsed.message.parts[1].text.as_deref(), Some("0123456789"));
    assert_eq!(parsed.facts.numbers.iter().filter(|n| n.place == Place::Subject).count(), 2);
}

#[test]
fn copies_have_one_digest() {
    let digest = |mail: &[u8]| parse(mail, &Limits::default()).body_digest;
    let sent = b"From: a@b.example\nContent-Type: text/plain; charset=utf-8\nContent-Transfer-Encoding: quoted-printable\n\nGr=C3=BC=C3=9Fe\n\nzwei\n";
    let received = "Received: by x\r\nFrom: a@b.example\r\nContent-Type: text/plain; charset=utf-8\r\n\r\nGrüße  \r\n\r\nzwei\r\n\r\n\r\n";
    let other = "From: a@b.example\r\n\r\nGrüße\r\nzwei\r\n";
    assert_eq!(digest(sent), digest(received.as_bytes()));
    assert_ne!(digest(sent), digest(other.as_bytes()));
}

/// Pieces that mean something to some scanner, to be put together at random.
const PIECES: [&str; 64] = [
    "From: ",
    "To: ",
    "Subject: ",
    "Date: ",
    "References: ",
    "Content-Type: ",
    "Content-Transfer-Encoding: ",
    "\n",
    "\r\n",
    "\n\n",
    "\r",
    " ",
    "\t",
    "multipart/mixed; boundary=x",
    "multipart/digest; boundary=\"y\"",
    "message/rfc822",
    "text/html",
    "text/plain",
    "; format=flowed",
    "; charset=utf-8",
    "; name*0*=utf-8''%",
    "; name=",
    "--x",
    "--y",
    "--x--",
    "base64",
    "quoted-printable",
    "x-uuencode",
    "begin 644 a\n",
    "=?utf-8?q?",
    "=?iso-2022-jp?b?",
    "?=",
    "=",
    "=C3",
    "=\n",
    "AAEC",
    "<",
    ">",
    "\"",
    "\\",
    "(",
    ")",
    ",",
    ";",
    ":",
    "@",
    "a.b",
    "a@b.example",
    "1234",
    "<div class=gmail_quote>",
    "</div>",
    "<blockquote>",
    "<style>",
    "<!--",
    "&amp;",
    "&#0;",
    "> ",
    "-- \n",
    "Am 1.1.2026 schrieb x:\n",
    "Von: a\nGesendet: b\nAn: c\n",
    "MfG\n",
    "ä",
    "\u{2028}",
    "\0",
];

proptest::proptest! {
    #[test]
    fn any_pieces_give_a_sound_message(pieces in proptest::collection::vec(0_usize..64, 0..120)) {
        let mail: String = pieces.iter().map(|&piece| PIECES[piece]).collect();
        sound(mail.as_bytes(), &parse(mail.as_bytes(), &Limits::default()));
        let tight = Limits { parts_max: 4, depth_max: 3, part_text_octets_max: 50, text_octets_max: 60, nested_octets_max: 40, addresses_max: 2, ids_max: 2, ..Limits::default() };
        let parsed = parse(mail.as_bytes(), &tight);
        proptest::prop_assert!(parsed.message.parts.len() <= 4);
    }

    #[test]
    fn any_octets_give_a_message(mail in proptest::collection::vec(proptest::prelude::any::<u8>(), 0..300)) {
        sound(&mail, &parse(&mail, &Limits::default()));
    }
}
