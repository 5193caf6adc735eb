use std::io::Read;

use proptest::prelude::*;

use super::{Mails, Unquoted, index};

const SEPARATOR: &str = "From a@example.org Mon Mar  2 10:00:00 2026\n";

/// Gives its octets in pieces of this size.
struct Pieces<'a>(&'a [u8], usize);

impl Read for Pieces<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> std::io::Result<usize> {
        let length = self.1.min(buffer.len()).min(self.0.len());
        buffer[..length].copy_from_slice(&self.0[..length]);
        self.0 = &self.0[length..];
        Ok(length)
    }
}

fn mails(mbox: &[u8], piece: usize) -> Vec<String> {
    let (index, broken) = index(Pieces(mbox, piece), 1000).expect("within limits");
    assert_eq!(broken, None);
    let mut mails = Mails::new(Pieces(mbox, piece));
    index
        .mails
        .iter()
        .map(|extent| {
            let raw = mails.mail(extent).expect("the extent lies in the file");
            let mut octets = Vec::new();
            let mut mail = Unquoted::new(raw, index.quoting, extent.header_octets());
            mail.read_to_end(&mut octets).expect("the mail can be read");
            String::from_utf8_lossy(&octets).into_owned()
        })
        .collect()
}

/// `{}` in the mbox stands for a separator.
fn check(mbox: &str, expected: &[&str]) {
    for crlf in [false, true] {
        let ends = |text: &str| if crlf { text.replace('\n', "\r\n") } else { text.to_owned() };
        let mbox = ends(&mbox.replace("{}", SEPARATOR));
        let expected: Vec<String> = expected.iter().map(|mail| ends(mail)).collect();
        for piece in [1, 7, 1 << 20] {
            assert_eq!(mails(mbox.as_bytes(), piece), expected, "pieces of {piece}, CRLF {crlf}");
        }
    }
}

#[test]
fn plain() {
    check("{}S: 1\n\na\n\n{}S: 2\n\nb\n\n", &["S: 1\n\na\n", "S: 2\n\nb\n"]);
    check("{}S: 1\n\na\n{}S: 2\n\nb", &["S: 1\n\na\n", "S: 2\n\nb"]);
    check("\n{}S: 1\n\n\n{}\nno header\n", &["S: 1\n\n", "\nno header\n"]);
    check("{}S: 1\n\na\n\n\n\n{}S: 2\n\n", &["S: 1\n\na\n\n\n", "S: 2\n"]);
    check("{}{}S: 2\n\nb\n", &["", "S: 2\n\nb\n"]);
}

#[test]
fn lines_that_are_no_separator() {
    check(
        "{}S: 1\n\na\n\nFrom here on\nFrom there\n\n{}S: 2\n",
        &["S: 1\n\na\n\nFrom here on\nFrom there\n", "S: 2\n"],
    );
    // A date, but what follows is no header, and no empty line stands before.
    check(
        "{}S: 1\n\na\nFrom a Mon Mar  2 10:00:00 2026\n\nb\n",
        &["S: 1\n\na\nFrom a Mon Mar  2 10:00:00 2026\n\nb\n"],
    );
    check("{}S: 1\n\nFrom Bob\nTo: Alice\n\n{}S: 2\n", &["S: 1\n\nFrom Bob\nTo: Alice\n", "S: 2\n"]);
}

#[test]
fn without_dates() {
    check(
        "From - \nSubject: 1\n\na\n\nFrom - \nSubject: 2\n\nFrom me\n",
        &["Subject: 1\n\na\n", "Subject: 2\n\nFrom me\n"],
    );
}

#[test]
fn rd_and_o() {
    // Both dialects mean the same.
    check("{}S: 1\n\n>From a\n\n>From b\n", &["S: 1\n\nFrom a\n\nFrom b\n"]);
    // rd: replies show it.
    check(
        "{}S: 1\n\n>From a\n> x\n>>From b\n> y\n\n{}S: 2\n\n>>>From c\n",
        &["S: 1\n\nFrom a\n> x\n>From b\n> y\n", "S: 2\n\n>>From c\n"],
    );
    // o: a reply's own `>From ` stays, and so does what is deeper.
    check(
        "{}S: 1\n\n>From a\n\n> x\n>From b\n> y\n\n{}S: 2\n\n>>From c\n",
        &["S: 1\n\nFrom a\n\n> x\n>From b\n> y\n", "S: 2\n\n>>From c\n"],
    );
    // Header sections stay.
    check("{}S: 1\n>From x\n\n>From a\n", &["S: 1\n>From x\n\nFrom a\n"]);
    // Quoted only behind empty lines.
    check(
        "{}S: 1\n\nHello\n\n>From a\nFrom b\n\n{}S: 2\n\nx\n>From c\n",
        &["S: 1\n\nHello\n\nFrom a\nFrom b\n", "S: 2\n\nx\n>From c\n"],
    );
}

#[test]
fn lengths() {
    // cl2: right lengths, a separator look-alike inside, `>From ` is real.
    let body = format!("{SEPARATOR}S: inner\n\n>From x\n");
    let mbox =
        format!("{SEPARATOR}Content-Length: {}\n\n{body}\n{SEPARATOR}content-length: 2\n\nb\n", body.len());
    let first = format!("Content-Length: {}\n\n{body}", body.len());
    assert_eq!(mails(mbox.as_bytes(), 5), [first, "content-length: 2\n\nb\n".to_owned()]);
    // cl: right lengths, quoted.
    check("{}Content-Length: 8\n\n>From x\n\n{}S: 2\n\n", &["Content-Length: 8\n\nFrom x\n", "S: 2\n"]);
    // Wrong ones are not believed.
    for length in ["999999", "1", "18446744073709551615", "x"] {
        check(
            &format!("{{}}Content-Length: {length}\n\nab\n\n{{}}S: 2\n\nb\n"),
            &[&format!("Content-Length: {length}\n\nab\n"), "S: 2\n\nb\n"],
        );
    }
}

#[test]
fn long_lines() {
    let line = "x".repeat(400_000);
    let marks = ">".repeat(300_000);
    let body = format!("S: 1\n\n{line}From \n>From a\n{line}\n{marks}From b\n");
    let expected = format!("S: 1\n\n{line}From \nFrom a\n{line}\n{marks}From b\n");
    assert_eq!(mails(format!("{SEPARATOR}{body}").as_bytes(), 1 << 20), [expected]);
}

#[test]
fn flags_and_dates() {
    let mbox = format!("{SEPARATOR}Status: RO\nX-Status: AF\n\na\n\n{SEPARATOR}X-Mozilla-Status: 0009\n\n");
    let (index, _) = index(mbox.as_bytes(), 10).expect("within limits");
    let flags = index.mails[0].flags();
    assert!(flags.seen && flags.answered && flags.flagged && !flags.deleted && !flags.draft);
    assert!(index.mails[1].flags().seen && index.mails[1].is_expunged());
    assert_eq!(index.mails[0].received().map(model::UnixMillis::seconds), Some(1_772_445_600));
    assert!(super::index(mbox.as_bytes(), 1).is_err());
}

/// Writes an mbox the way mboxrd says.
fn written(mails: &[String]) -> String {
    let mut mbox = String::new();
    for mail in mails {
        mbox.push_str(SEPARATOR);
        for line in mail.split_inclusive('\n') {
            if line.trim_start_matches('>').starts_with("From ") {
                mbox.push('>');
            }
            mbox.push_str(line);
        }
        mbox.push('\n');
    }
    mbox
}

proptest! {
    #[test]
    fn what_rd_wrote_comes_back(
        bodies in prop::collection::vec("(a\n|\n|From x\n|>>From y\n|From a@b Mon Mar  2 10:00:00 2026\n|To: x\n){0,8}", 1..5),
        piece in 1..50_usize,
    ) {
        // `>From ` among lines of a reply is what tells mboxo: an mboxrd file has it there only by chance.
        let wrote: Vec<String> = bodies.iter().map(|body| format!("S: x\n\n{body}")).collect();
        prop_assert_eq!(mails(written(&wrote).as_bytes(), piece), wrote);
    }

    #[test]
    fn nothing_is_lost_and_nothing_panics(octets in prop::collection::vec(prop::sample::select(
        vec![&b"From "[..], b">", b"\n", b"\r\n", b"a", b"From a@b Mon Mar  2 10:00:00 2026\n", b"S: x\n", b"Content-Length: 3\n", b"\n\n"]), 0..60),
        piece in 1..50_usize,
    ) {
        let mbox = [SEPARATOR.as_bytes(), &octets.concat()].concat();
        let whole: usize = mails(&mbox, piece).iter().map(String::len).sum();
        // Separators, empty lines and quoting marks are all that goes.
        let marks = mbox.split(|octet| *octet == b'\n').filter(|line| line.starts_with(b">")).count();
        let separators = mbox.split(|octet| *octet == b'\n').filter(|line| line.starts_with(b"From ")).map(|line| line.len() + 3).sum::<usize>();
        prop_assert!(whole + marks + separators >= mbox.len(), "{} of {}", whole, mbox.len());
        prop_assert_eq!(mails(&mbox, piece), mails(&mbox, 1 << 20));
    }
}
