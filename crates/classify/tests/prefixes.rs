//! Every prefix of every fixture and corpus mail: no panic; and long mails cost no more a octet than short ones.
//!
//! Prefixes go in steps, so that a mail costs about a dozen times its size; `SLOW_TESTS=1` takes them all.

use parse::Limits;
use test_support::fixtures;

const STEPS: usize = 24;

#[test]
fn no_prefix_panics() {
    let mut mails = fixtures::mails("");
    mails.extend(fixtures::corpus("feedback/files"));
    for path in mails {
        let octets = fixtures::read(&path);
        let step = if fixtures::slow_tests() { 1 } else { octets.len().div_ceil(STEPS).max(1) };
        for end in (0..octets.len()).step_by(step) {
            classified(&octets[..end]);
        }
        classified(&octets);
    }
}

/// Parts of mails put together anew: what stands where no program would write it.
#[test]
fn no_mixture_panics() {
    let mails: Vec<Vec<u8>> = fixtures::mails("").iter().map(|path| fixtures::read(path)).collect();
    let mut seed = 0x9e37_79b9_7f4a_7c15_u64;
    let mut below = |bound: usize| {
        // xorshift64: the same mixtures every time.
        seed ^= seed << 13;
        seed ^= seed >> 7;
        seed ^= seed << 17;
        (seed % bound.max(1) as u64) as usize
    };
    let rounds = if fixtures::slow_tests() { 200_000 } else { 2_000 };
    for _ in 0..rounds {
        let (one, other) = (&mails[below(mails.len())], &mails[below(mails.len())]);
        let mut mixture = one[..below(one.len())].to_vec();
        mixture.extend_from_slice(&other[below(other.len())..]);
        for _ in 0..below(4) {
            let at = below(mixture.len());
            let octet = [b'\n', b' ', b'<', b':', b'@', b'-', 0, 0xc3, b'5', b'='][below(10)];
            mixture.insert(at, octet);
        }
        classified(&mixture);
    }
}

/// Mails whose parts are repeated: what one of them costs must grow as its size does.
#[test]
fn time_is_linear() {
    for (name, unit) in REPEATED {
        let (short, long) = (repeated(unit, 40_000), repeated(unit, 320_000));
        let (short_ns, long_ns) = (cost(&short), cost(&long));
        let per_octet = |ns: u64, mail: &[u8]| ns as f64 / mail.len() as f64;
        let growth = per_octet(long_ns, &long) / per_octet(short_ns, &short);
        // Eight times the size: a quadratic rule would give 8; caches and the machine's other work give up to 2.
        assert!(growth < 4.0, "{name}: an octet costs {growth:.1} times as much in a mail 8 times as long");
    }
}

/// Head, what is repeated, end.
type Repeated = (&'static str, &'static str, &'static str);

const REPEATED: [(&str, Repeated); 12] = [
    ("text", ("Subject: Frage\n\n", "Guten Tag, anbei die Liste.\n", "")),
    ("codes", ("Subject: Undeliverable: x\n\n", "550 5.1.1 <a@b.example>: user unknown\n", "")),
    (
        "bare addresses",
        ("From: MAILER-DAEMON@mx.example\nSubject: failure notice\n\nHi.\n\n", "<a@b.example>:\n", ""),
    ),
    (
        "one line",
        ("From: MAILER-DAEMON@mx.example\nSubject: Mail delivery failed\n\n", "a@b.example 550 ", "\n"),
    ),
    ("brackets", ("From: MAILER-DAEMON@mx.example\nSubject: Returned mail\n\n", "<(<[", "\n")),
    (
        "recipients",
        (DSN, "\nFinal-Recipient: rfc822; a@b.example\nAction: failed\nStatus: 5.1.1\n", "\n--b--\n"),
    ),
    ("folded diagnostic", (DSN, "\nDiagnostic-Code: smtp; 550\n 5.1.1 no such user\n", "\n--b--\n")),
    ("empty groups", (DSN, "\n\n", "--b--\n")),
    ("failed recipients", ("X-Failed-Recipients: a@b.example", ",\n c@d.example", "\n\nx\n")),
    ("quotes", ("Subject: Re: x\n\n", "> > > Am 1.1. schrieb a@b.example: 550 user unknown\n", "")),
    (
        "exim",
        (
            "From: Mail Delivery System <Mailer-Daemon@mx.example>\n\nA message that you sent could not be delivered:\n\n",
            "  a@b.example\n    host mx.b.example: 550 no\n",
            "",
        ),
    ),
    (
        "absence",
        (
            "Subject: Automatische Antwort: x\nAuto-Submitted: auto-replied\n\n",
            "Ich bin bis 3.4.2026 nicht da, Vertretung a@b.example. ",
            "\n",
        ),
    ),
];

const DSN: &str = "From: MAILER-DAEMON@mx.example\nContent-Type: multipart/report; report-type=delivery-status; boundary=b\n\n--b\nContent-Type: message/delivery-status\n\nReporting-MTA: dns; mx.example\n";

fn repeated((head, unit, end): Repeated, octets: usize) -> Vec<u8> {
    let mut mail = head.to_owned();
    while mail.len() < octets {
        mail.push_str(unit);
    }
    mail.push_str(end);
    mail.into_bytes()
}

/// Processor time of the verdict alone, the least of some runs; waiting for other programs is not in it.
fn cost(mail: &[u8]) -> u64 {
    let message = parse::parse(mail, &Limits::default()).message;
    let once = || {
        let start = fixtures::thread_nanoseconds();
        std::hint::black_box(classify::verdict(&message, &classify::Options::default()));
        // What takes less is not worth comparing.
        (fixtures::thread_nanoseconds() - start).max(20_000)
    };
    (0..7).map(|_| once()).min().unwrap_or(1)
}

fn classified(octets: &[u8]) {
    let message = parse::parse(octets, &Limits::default()).message;
    let verdict = classify::verdict(&message, &classify::Options::default());
    assert!((0.0..=1.0).contains(&verdict.confidence));
}
