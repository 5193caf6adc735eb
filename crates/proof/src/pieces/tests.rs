use std::convert::Infallible;

use proptest::prelude::*;

use super::*;

#[derive(Default, Debug, PartialEq)]
struct Kept {
    raw: Vec<u8>,
    objects: Vec<Vec<u8>>,
    pieces: Vec<Piece>,
    before: u64,
}

impl Sink for Kept {
    type Error = Infallible;

    fn raw(&mut self, octets: &[u8]) -> Result<(), Infallible> {
        self.raw.extend_from_slice(octets);
        self.before += octets.len() as u64;
        Ok(())
    }

    fn begin(&mut self) -> Result<(), Infallible> {
        self.objects.push(Vec::new());
        Ok(())
    }

    fn object(&mut self, octets: &[u8]) -> Result<(), Infallible> {
        self.objects.last_mut().unwrap().extend_from_slice(octets);
        Ok(())
    }

    fn end(&mut self, code: Code) -> Result<(), Infallible> {
        let part = self.objects.len() as u32 - 1;
        self.pieces.push(Piece { raw: std::mem::take(&mut self.before), part, code });
        Ok(())
    }
}

fn split(octets: &[u8], step: usize) -> Kept {
    let (mut splitter, mut kept) = (Splitter::default(), Kept::default());
    for piece in octets.chunks(step) {
        splitter.push(piece, &mut kept).unwrap();
    }
    splitter.finish(&mut kept).unwrap();
    kept
}

fn assemble(kept: &Kept) -> Vec<u8> {
    let (mut out, mut raw) = (Vec::new(), kept.raw.as_slice());
    for piece in &kept.pieces {
        let (now, later) = raw.split_at(piece.raw as usize);
        raw = later;
        out.extend_from_slice(now);
        let (object, before) = (&kept.objects[piece.part as usize], out.len());
        // In stretches of whole lines, as a reader does.
        let mut carry = Vec::new();
        for stretch in object.chunks(399) {
            carry.extend_from_slice(stretch);
            let whole = piece.code.whole(&carry);
            piece.code.encode(&carry[..whole], false, &mut out);
            carry.drain(..whole);
        }
        piece.code.encode(&carry, true, &mut out);
        assert_eq!((out.len() - before) as u64, piece.code.encoded_len(object.len() as u64));
    }
    out.extend_from_slice(raw);
    out
}

fn check(octets: &[u8]) -> Kept {
    let kept = split(octets, usize::MAX);
    assert_eq!(assemble(&kept), octets);
    kept
}

fn content(len: usize, seed: u64) -> Vec<u8> {
    let mut state = seed | 1;
    let next = |state: &mut u64| {
        *state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (*state >> 40) as u8
    };
    (0..len).map(|_| next(&mut state)).collect()
}

fn lines(octets: &[u8], line: u16, lf: bool, ended: bool) -> Vec<u8> {
    let mut out = Vec::new();
    Code::Base64 { line, lf, ended }.encode(octets, true, &mut out);
    out
}

#[test]
fn an_attachment_is_an_object_and_the_rest_is_raw() {
    for len in [OBJECT_MIN, OBJECT_MIN + 1, 57 * 100, 57 * 100 + 1, 57 * 100 + 2, 200_000] {
        for (line, lf, ended) in [(76, false, true), (76, true, true), (72, false, false), (996, true, true)]
        {
            let object = content(len, 7);
            let mail = [
                b"Subject: x\r\n\r\n--b\r\n\r\n".as_slice(),
                &lines(&object, line, lf, ended),
                if ended { b"--b--\r\n" } else { b"" },
            ]
            .concat();
            let kept = check(&mail);
            assert!(kept.objects == [object], "{len} {line} {lf} {ended}");
            assert_eq!(kept.pieces[0].code, Code::Base64 { line, lf, ended });
            for step in [1, 77, 1000] {
                assert_eq!(split(&mail, step), kept);
            }
        }
    }
}

#[test]
fn what_does_not_encode_to_the_same_again_is_raw() {
    let object = content(30_000, 3);
    let good = lines(&object, 76, false, true);
    assert_eq!(check(&good).objects.len(), 1);
    // A blank behind a line, a bare LF in between, a line too long, bits behind the padding, text without padding.
    let mut blank = good.clone();
    blank.insert(76 * 3, b' ');
    check(&blank);
    let mixed: Vec<u8> = [&good[..78 * 100], &lines(&object[57 * 100..], 76, true, true)].concat();
    assert_eq!(check(&mixed).objects.len(), 2);
    let short = lines(&content(1_000, 1), 76, false, true);
    assert_eq!(check(&short).objects.len(), 0);
    let mut bits = lines(&content(57 * 100 + 1, 1), 76, false, true);
    let at = bits.len() - 5;
    bits[at] = if bits[at] == b'Q' { b'R' } else { bits[at] + 1 };
    let kept = check(&bits);
    assert!(kept.objects[0].len().is_multiple_of(57), "the last line is raw");
    check(&vec![b'A'; 5_000_000]);
}

/// A part with a name and an encoding, between others.
fn part(coding: &str, body: &[u8], end: &str) -> Vec<u8> {
    let head = format!(
        "Subject: x{end}{end}--b{end}{end}Text{end}--b{end}Content-Type: text/csv;{end} name=\"a.csv\"{end}\
         Content-Transfer-Encoding: {coding}{end}{end}"
    );
    [head.as_bytes(), body, format!("{end}--b--{end}Ende").as_bytes()].concat()
}

fn table(lines: usize, end: &str) -> Vec<u8> {
    let line = |n: usize| {
        let long = if n.is_multiple_of(7) { "Groß und klein, ".repeat(n % 30) } else { String::new() };
        format!(
            "{n};Schraube Größe {n};{long}=1,5 €; -b{}{end}",
            if n.is_multiple_of(5) { " \t" } else { "" }
        )
    };
    (1..=lines).map(line).collect::<Vec<_>>().concat().into_bytes()
}

fn quoted(octets: &[u8], line: u16, lf: bool, tight: bool, also: &[u8]) -> Vec<u8> {
    let also = also.iter().fold(0, |all, octet| all | 1 << octet);
    let mut out = Vec::new();
    Quoted { line, lf, tight, also, encoded: 0 }.encode(octets, &mut out);
    out
}

#[test]
fn a_named_text_is_the_same_object_however_it_is_encoded() {
    let object = table(200, "\r\n");
    let mails = [
        part("8bit", &object, "\r\n"),
        part("quoted-printable", &quoted(&object, 76, false, false, b""), "\r\n"),
        part("Quoted-Printable", &quoted(&object, 72, false, true, b"\t!@;"), "\r\n"),
        part("base64", &lines(&object, 76, false, false), "\r\n"),
    ];
    for mail in &mails {
        let kept = check(mail);
        let found: Vec<_> = kept.objects.iter().map(Vec::len).collect();
        assert!(kept.objects == [object.clone()], "{found:?} of {}, {:?}", object.len(), kept.pieces);
        for step in [1, 2, 77, 1000] {
            assert_eq!(split(mail, step), kept, "{step}");
        }
    }
    let object = table(200, "\n");
    for body in [object.clone(), quoted(&object, 76, true, false, b"")] {
        let coding = if body == object { "7bit" } else { "quoted-printable" };
        assert!(check(&part(coding, &body, "\n")).objects == [object.clone()], "{coding}");
    }
}

/// Text that Python 3.13 (`quopri`, `email`) and Perl (`MIME::QuotedPrint`) write, made with them.
#[test]
fn what_mailers_write_is_recognised() {
    let text = "Ein Satz, der länger ist als eine Zeile in einer Mail sein darf, und noch einer, der auch so lang ist; = und \t.";
    // Lines of 76 characters, the last of a text line may be full.
    let full = "Ein Satz, der l=C3=A4nger ist als eine Zeile in einer Mail sein darf, und n=\r\n\
                och einer, der auch so lang ist; =3D und \t.";
    let mail = |line: &str| part("quoted-printable", [line; 40].join("\r\n").as_bytes(), "\r\n");
    let kept = check(&mail(full));
    assert_eq!(kept.objects, [[text; 40].join("\r\n").into_bytes()]);
    // Broken between words: nobody's rule, and everything stays as it was.
    let words = full.replace("und n=\r\noch", "und =\r\nnoch");
    let mixed = [full; 30].join("\r\n") + "\r\n" + &[words.as_str(); 3].join("\r\n");
    let other = format!("{words}\r\n=C3=84 {words}");
    assert_eq!(check(&mail(&other)).objects.len(), 0);
    let kept = check(&part("quoted-printable", mixed.as_bytes(), "\r\n"));
    assert_eq!(kept.objects, [[text; 30].join("\r\n").into_bytes()], "up to where it is otherwise");
    for broken in ["=\r\n=", "=4", "=c3", "a\nb", "=0D=0A", &"x".repeat(2000)] {
        let mut at = mixed.clone();
        at.insert_str(2_500, broken);
        check(&part("quoted-printable", at.as_bytes(), "\r\n"));
        check(&part("7bit", at.as_bytes(), "\r\n"));
    }
}

#[test]
fn only_named_texts_are_objects() {
    let object = table(200, "\r\n");
    for (from, to) in [
        ("name=", "nam="),
        ("text/csv", "multipart/mixed"),
        ("text/csv", "message/rfc822"),
        ("8bit", "x-uuencode"),
        ("Content-Type", "Content Type"),
        ("--b\r\nContent", "-b\r\nContent"),
    ] {
        let mail = String::from_utf8(part("8bit", &object, "\r\n")).unwrap();
        let mail = mail.replace("Content Type", "Content-Type").replacen(from, to, 1);
        let mail = if to == "Content Type" { mail.replace(": text", " text") } else { mail };
        assert_eq!(check(mail.as_bytes()).objects.len(), 0, "{to}");
    }
    // Lines longer than anybody looks at, and ones that end with half an end.
    for line in ["y".repeat(5_000), format!("{}\r", "y".repeat(1_500)), "z".repeat(996) + "\r\r"] {
        let body = [object.as_slice(), line.as_bytes(), b"\r\n", line.as_bytes()].concat();
        let mail = part("binary", &body, "\r\n");
        let kept = check(&mail);
        assert!(kept.objects == [body]);
        for step in [1, 500, 997, 998, 999] {
            assert_eq!(split(&mail, step), kept, "{step}");
        }
    }
}

#[test]
fn there_are_bounds() {
    let one = lines(&content(OBJECT_MIN, 9), 76, false, true);
    let many = [one.as_slice(), b"\r\n"].concat().repeat(PIECES_MAX + 10);
    let kept = check(&many);
    assert_eq!(kept.pieces.len(), PIECES_MAX);
    let part = |n: u8| Part {
        object_id: ObjectId::from_octets([n; 16]),
        location: Location { segment: SegmentId::from_octets([n; 16]), at: u64::MAX / 2, len: u64::MAX / 4 },
        octets: u64::MAX / 8,
    };
    let parts = vec![part(1); PIECES_MAX];
    assert!(encode_list(&parts, &kept.pieces).len() < crate::record::FRAME_RAW_MAX);
}

fn code() -> impl Strategy<Value = Code> {
    prop_oneof![
        Just(Code::AsIs),
        (1_u16..=249, any::<bool>(), any::<bool>()).prop_map(|(fours, lf, ended)| Code::Base64 {
            line: fours * 4,
            lf,
            ended
        }),
        (20_u16..=996, any::<bool>(), any::<bool>(), any::<u128>(), any::<u64>()).prop_map(
            |(line, lf, tight, also, encoded)| Code::Quoted(Quoted { line, lf, tight, also, encoded })
        )
    ]
}

/// Quoted-printable, right or nearly, or text.
fn named_body() -> impl Strategy<Value = Vec<u8>> {
    let text = prop_oneof!["[a-zA-Zäß=; \t.\r\n-]{0,200}", "[a-z =\r\n]{0,2000}", "[a-z]{0,1200}"];
    let texts = proptest::collection::vec(text, 0..30).prop_map(|texts| texts.join("\r\n"));
    (texts, 60_u16..80, any::<bool>(), any::<bool>(), any::<bool>(), 0_usize..9_000).prop_map(
        |(text, line, lf, tight, plain, cut)| {
            let text = if lf { text.replace("\r\n", "\n") } else { text };
            let mut out =
                if plain { text.into_bytes() } else { quoted(text.as_bytes(), line, lf, tight, b"") };
            if cut < out.len() {
                out.remove(cut);
            }
            out
        },
    )
}

fn stretch() -> impl Strategy<Value = Vec<u8>> {
    prop_oneof![
        proptest::collection::vec(any::<u8>(), 0..300),
        "[A-Za-z0-9+/=\r\n ]{0,400}".prop_map(String::into_bytes),
        (0_usize..9_000, 8_u16..249, any::<bool>(), any::<bool>(), any::<u64>())
            .prop_map(|(len, fours, lf, ended, seed)| lines(&content(len, seed), fours * 4, lf, ended)),
        (named_body(), any::<bool>(), any::<bool>()).prop_map(|(body, lf, is_quoted)| {
            part(if is_quoted { "quoted-printable" } else { "8bit" }, &body, if lf { "\n" } else { "\r\n" })
        }),
    ]
}

proptest! {
    #[test]
    fn any_octets_come_back(stretches in proptest::collection::vec(stretch(), 0..6), step in 1_usize..5_000) {
        let octets = stretches.concat();
        let kept = check(&octets);
        prop_assert_eq!(split(&octets, step), kept);
    }

    #[test]
    fn lists_come_back(
        ids in proptest::collection::vec((any::<[u8; 16]>(), any::<[u8; 16]>(), any::<u64>(), any::<u64>(), any::<u64>()), 1..9),
        places in proptest::collection::vec((any::<u64>(), any::<u32>(), code()), 0..9),
    ) {
        let parts: Vec<_> = ids.into_iter().map(|(object, segment, at, len, octets)| Part {
            object_id: ObjectId::from_octets(object),
            location: Location { segment: SegmentId::from_octets(segment), at, len },
            octets,
        }).collect();
        let pieces: Vec<_> = places.into_iter()
            .map(|(raw, part, code)| Piece { raw, part: part % parts.len() as u32, code }).collect();
        let octets = encode_list(&parts, &pieces);
        prop_assert_eq!(decode_list(&octets), Ok((parts, pieces)));
        for len in 0..octets.len() {
            prop_assert!(decode_list(&octets[..len]).is_err());
        }
    }

    #[test]
    fn any_octets_are_a_list_or_none(octets in proptest::collection::vec(any::<u8>(), 0..200)) {
        let _ = decode_list(&octets);
    }
}
