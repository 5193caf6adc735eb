use std::fs;
use std::io::Write;
use std::ops::ControlFlow;
use std::os::unix::fs::symlink;

use model::{Flags, UnixMillis};
use test_support::Scratch;

use super::{Item, Limits, Octets, Options, Reason, Source, each_file, measure, walk};

const MAIL: &[u8] = b"Subject: x\r\n\r\nbody\r\n";
const MBOX: &[u8] =
    b"From a Mon Mar  2 10:00:00 2026\nSubject: 1\n\na\n\nFrom b Mon Mar  2 10:00:00 2026\nSubject: 2\n\nb\n";

#[derive(Debug, PartialEq)]
enum Seen {
    Mail { locator: String, mailbox: String, octets: Vec<u8> },
    Failed(String, Reason),
    Excluded(String),
}

fn mail(locator: &str, mailbox: &str, octets: &[u8]) -> Seen {
    Seen::Mail { locator: locator.into(), mailbox: mailbox.into(), octets: octets.into() }
}

fn failed(locator: &str, reason: Reason) -> Seen {
    Seen::Failed(locator.into(), reason)
}

fn seen_with(sources: &[Source], options: &Options) -> Vec<Seen> {
    let mut seen = Vec::new();
    let flow = walk(sources, &mut &MAIL[..], options, &mut |item| {
        match item {
            Item::Mail(mail) => {
                let mut octets = Vec::new();
                match mail.octets {
                    Octets::Small(small) => octets = small,
                    Octets::Large(large) => {
                        if large.read_to_end(&mut octets).is_err() {
                            return ControlFlow::Continue(());
                        }
                    }
                }
                seen.push(Seen::Mail { locator: mail.locator, mailbox: mail.mailbox, octets });
            }
            Item::Failed(failed) => seen.push(Seen::Failed(failed.locator, failed.reason)),
            Item::Excluded(excluded) => seen.push(Seen::Excluded(excluded.locator)),
            Item::Progress(_) => {}
        }
        ControlFlow::Continue(())
    });
    assert_eq!(flow, ControlFlow::Continue(()));
    seen
}

fn seen(sources: &[Source]) -> Vec<Seen> {
    seen_with(sources, &Options::default())
}

fn gzip(octets: &[u8]) -> Vec<u8> {
    let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
    encoder.write_all(octets).expect("memory");
    encoder.finish().expect("memory")
}

fn zst(octets: &[u8]) -> Vec<u8> {
    zstd::encode_all(octets, 3).expect("memory")
}

fn tar_of(members: &[(&str, &[u8])]) -> Vec<u8> {
    let mut tar = Vec::new();
    for (name, octets) in members {
        let mut block = [0_u8; 512];
        block[..name.len()].copy_from_slice(name.as_bytes());
        block[124..135].copy_from_slice(format!("{:011o}", octets.len()).as_bytes());
        block[136..147].copy_from_slice(format!("{:011o}", 1_772_445_600).as_bytes());
        block[156] = b'0';
        block[257..263].copy_from_slice(b"ustar\0");
        block[148..156].fill(b' ');
        let sum: u32 = block.iter().map(|octet| u32::from(*octet)).sum();
        block[148..156].copy_from_slice(format!("{sum:06o}\0 ").as_bytes());
        tar.extend_from_slice(&block);
        tar.extend_from_slice(octets);
        tar.resize(tar.len().next_multiple_of(512), 0);
    }
    tar.resize(tar.len() + 1024, 0);
    tar
}

/// Entries are deflated where the third value says so.
fn zip_of(members: &[(&str, &[u8], bool)]) -> Vec<u8> {
    let (mut zip, mut directory) = (Vec::new(), Vec::new());
    for (name, octets, deflated) in members {
        let mut crc = flate2::Crc::new();
        crc.update(octets);
        let stored = if *deflated {
            let mut encoder = flate2::write::DeflateEncoder::new(Vec::new(), flate2::Compression::best());
            encoder.write_all(octets).expect("memory");
            encoder.finish().expect("memory")
        } else {
            octets.to_vec()
        };
        let mut common = vec![20, 0, 0, 0, if *deflated { 8 } else { 0 }, 0, 0, 0, 0, 0];
        common.extend_from_slice(&crc.sum().to_le_bytes());
        common.extend_from_slice(&(stored.len() as u32).to_le_bytes());
        common.extend_from_slice(&(octets.len() as u32).to_le_bytes());
        common.extend_from_slice(&(name.len() as u16).to_le_bytes());
        common.extend_from_slice(&[0, 0]);
        directory.extend_from_slice(b"PK\x01\x02\x14\x03");
        directory.extend_from_slice(&common);
        directory.extend_from_slice(&[0; 10]);
        directory.extend_from_slice(&(zip.len() as u32).to_le_bytes());
        directory.extend_from_slice(name.as_bytes());
        zip.extend_from_slice(b"PK\x03\x04");
        zip.extend_from_slice(&common);
        zip.extend_from_slice(name.as_bytes());
        zip.extend_from_slice(&stored);
    }
    let at = zip.len() as u32;
    let count = (members.len() as u16).to_le_bytes();
    zip.extend_from_slice(&directory);
    zip.extend_from_slice(b"PK\x05\x06\0\0\0\0");
    zip.extend_from_slice(&count);
    zip.extend_from_slice(&count);
    zip.extend_from_slice(&(directory.len() as u32).to_le_bytes());
    zip.extend_from_slice(&at.to_le_bytes());
    zip.extend_from_slice(&[0, 0]);
    zip
}

#[test]
fn folders_in_order_each_inode_once() {
    let scratch = Scratch::new("files");
    for name in ["b/2.eml", "b/10.eml", "b-c.eml", ".dot/x.eml", "a.EML"] {
        scratch.write(name, [MAIL, name.as_bytes()].concat());
    }
    let root = scratch.path();
    symlink("..", root.join("b/up")).expect("links can be made");
    symlink("b", root.join("c")).expect("links can be made");
    symlink("nowhere", root.join("d.eml")).expect("links can be made");
    symlink("e", root.join("e")).expect("links can be made");
    fs::hard_link(root.join("a.EML"), root.join("z.eml")).expect("links can be made");
    let body = |name: &str| [MAIL, name.as_bytes()].concat();
    let expected = [
        mail(".dot/x.eml", ".dot", &body(".dot/x.eml")),
        mail("a.EML", "", &body("a.EML")),
        mail("b-c.eml", "", &body("b-c.eml")),
        mail("b/10.eml", "b", &body("b/10.eml")),
        mail("b/2.eml", "b", &body("b/2.eml")),
        failed("d.eml", Reason::NotFound),
        failed("e", Reason::Loop),
    ];
    assert_eq!(seen(&[root.into()]), expected);
    // Once again by another way adds nothing; a file given by name is given.
    let sources = [root.into(), root.join("b").into(), root.join("b/2.eml").into()];
    let again = seen(&sources);
    assert_eq!(again.len(), expected.len() + 1);
    assert_eq!(again[7], mail("2.eml", "", &body("b/2.eml")));
    let progress = measure(&[root.into()], &Options::default());
    assert_eq!(progress.files, 5);
}

#[test]
fn maildir() {
    let scratch = Scratch::new("files");
    scratch.write("cur/1.a:2,SR", b"From x y\n\nbody");
    scratch.write("cur/empty", b"");
    scratch.write("new/2.b", MAIL);
    scratch.write("tmp/3.c", MAIL);
    scratch.write(".Sent.Gel&APY-scht/cur/4.d:2,", MAIL);
    scratch.write("dovecot-uidlist", b"3 V1 N2");
    scratch.write("dovecot.index.log", b"\x01\x03");
    scratch.write("other/tmp/5.eml", MAIL);
    let found = seen(&[scratch.path().into()]);
    let expected = [
        mail(".Sent.Gel&APY-scht/cur/4.d:2,", "Sent/Gelöscht", MAIL),
        mail("cur/1.a:2,SR", "INBOX", b"From x y\n\nbody"),
        mail("cur/empty", "INBOX", b""),
        Seen::Excluded("dovecot-uidlist".into()),
        Seen::Excluded("dovecot.index.log".into()),
        mail("new/2.b", "INBOX", MAIL),
        mail("other/tmp/5.eml", "other/tmp", MAIL),
    ];
    assert_eq!(found, expected);
    let mut facts = Vec::new();
    let sources = [scratch.path().join("cur").into()];
    let _ = walk(&sources, &mut &b""[..], &Options::default(), &mut |item| {
        if let Item::Mail(mail) = item {
            facts.push((mail.mailbox, mail.flags, mail.received.is_some()));
        }
        ControlFlow::Continue(())
    });
    let flags = Flags { seen: true, answered: true, ..Flags::default() };
    let inbox = || "INBOX".to_owned();
    assert_eq!(facts, [(inbox(), flags, true), (inbox(), Flags::default(), true)]);
}

#[test]
fn by_content() {
    let scratch = Scratch::new("files");
    scratch.write("1", MAIL);
    scratch.write("2.txt", b"lorem ipsum\nFrom ");
    scratch.write("3.mbox", MBOX);
    scratch.write("4.mbox.gz", gzip(MBOX));
    scratch.write("5.eml.zst", zst(b"From x\nbody"));
    scratch.write("6.gz", &gzip(MBOX)[..30]);
    scratch.write("7.gz.zst", zst(&gzip(&gzip(MAIL))));
    scratch.write("8.pst", b"!BDN\0\0\0");
    scratch.write("9", b"");
    let found = seen(&[scratch.path().into()]);
    let (one, two) = (b"Subject: 1\n\na\n", b"Subject: 2\n\nb\n");
    assert_eq!(found[0], mail("1", "", MAIL));
    assert_eq!(found[1], failed("2.txt", Reason::NotMail));
    assert_eq!(found[2..4], [mail("3.mbox#1", "3", one), mail("3.mbox#2", "3", two)]);
    assert_eq!(found[4..6], [mail("4.mbox.gz#1", "4", one), mail("4.mbox.gz#2", "4", two)]);
    assert_eq!(found[6], mail("5.eml.zst", "", b"From x\nbody"));
    assert_eq!(found[7], failed("6.gz", Reason::Truncated));
    assert_eq!(found[8], failed("7.gz.zst", Reason::TooDeep));
    assert_eq!(found[9], failed("8.pst", Reason::Unsupported { format: "PST/OST" }));
    assert_eq!(found[10], failed("9", Reason::Empty));
}

#[test]
fn a_truncated_mbox_gives_what_is_whole() {
    let mut mbox = MBOX.repeat(2000);
    // Octets that do not compress, so that the cut lies in the middle.
    let mut state = 1_u32;
    mbox.extend((0..300_000).map(|_| {
        state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        (state >> 24) as u8
    }));
    let whole = gzip(&mbox);
    let scratch = Scratch::new("files");
    scratch.write("a.gz", &whole[..whole.len() - 1000]);
    let found = seen(&[scratch.path().into()]);
    assert_eq!(found.len(), 4000);
    assert_eq!(found[3999], failed("a.gz", Reason::Truncated));
}

#[test]
fn archives() {
    let scratch = Scratch::new("files");
    let inner = zip_of(&[("deep/1.eml", MAIL, true), ("x.zip", &zip_of(&[("2.eml", MAIL, false)]), false)]);
    let nested_tar = tar_of(&[("in.eml", MAIL)]);
    let members: &[(&str, &[u8])] = &[
        ("./INBOX/cur/1.x:2,F", MAIL),
        ("./INBOX/tmp/1.y", MAIL),
        ("../../etc/2.eml", MAIL),
        ("a.mbox", MBOX),
        ("b.txt", b"no mail"),
        ("c.eml", b""),
        ("inner.zip", &inner),
        ("t.tar.gz", &gzip(&nested_tar)),
        ("dovecot-uidlist", b"3 V1"),
    ];
    let tar = tar_of(members);
    let check = |name: &str, octets: &[u8]| {
        let path = scratch.write(name, octets);
        let found = seen(&[path.into()]);
        let at = |member: &str| format!("{name}/{member}");
        let expected = [
            mail(&at("INBOX/cur/1.x:2,F"), "INBOX", MAIL),
            mail(&at("../../etc/2.eml"), "../../etc", MAIL),
            mail(&at("a.mbox#1"), "a", b"Subject: 1\n\na\n"),
            mail(&at("a.mbox#2"), "a", b"Subject: 2\n\nb\n"),
            failed(&at("b.txt"), Reason::NotMail),
            mail(&at("c.eml"), "", b""),
            mail(&at("inner.zip/deep/1.eml"), "inner/deep", MAIL),
            failed(&at("inner.zip/x.zip"), Reason::TooDeep),
            mail(&at("t.tar.gz/in.eml"), "t", MAIL),
            Seen::Excluded(at("dovecot-uidlist")),
        ];
        assert_eq!(found, expected, "{name}");
    };
    check("m.tar", &tar);
    check("m.tar.gz", &gzip(&tar));
    check("m.tzst", &zst(&tar));
    let zip: Vec<_> = members.iter().map(|(name, octets)| (*name, *octets, name.len() % 2 == 0)).collect();
    check("m.zip", &zip_of(&zip));
    check("m.zip.gz", &gzip(&zip_of(&zip)));
    // In a folder, the archive is a folder.
    let folder = Scratch::new("files");
    folder.write("f/m.zip", zip_of(&[("i/1.eml", MAIL, false)]));
    assert_eq!(seen(&[folder.path().into()]), [mail("f/m.zip/i/1.eml", "f/m/i", MAIL)]);
}

#[test]
fn broken_archives() {
    let scratch = Scratch::new("files");
    let check = |octets: &[u8], expected: &[Seen]| {
        let path = scratch.write("x", octets);
        assert_eq!(seen(&[path.into()]), expected);
    };
    let zip = zip_of(&[("1.eml", MAIL, false), ("2.eml", MAIL, true)]);
    check(&zip[..zip.len() - 30], &[failed("x", Reason::Truncated)]);
    check(&zip_of(&[]), &[failed("x", Reason::Empty)]);
    let mut wrong = zip.clone();
    wrong[40] ^= 1;
    let damaged = Reason::Damaged { what: "ZIP checksum".into() };
    check(&wrong, &[failed("x/1.eml", damaged), mail("x/2.eml", "", MAIL)]);
    let mut encrypted = zip;
    let second = memchr::memmem::rfind(&encrypted, b"PK\x01\x02").expect("an entry");
    encrypted[second + 8] |= 1;
    check(&encrypted, &[mail("x/1.eml", "", MAIL), failed("x/2.eml", Reason::Encrypted)]);
    check(&zip_of(&[("[Content_Types].xml", b"<x/>", true)]), &[failed("x", Reason::NotMail)]);
    let tar = tar_of(&[("1.eml", MAIL), ("2.eml", &MAIL.repeat(100))]);
    check(
        &tar[..1536 + 700],
        &[mail("x/1.eml", "", MAIL), failed("x/2.eml", Reason::Truncated), failed("x", Reason::Truncated)],
    );
}

#[test]
fn bombs() {
    let scratch = Scratch::new("files");
    let big = [MAIL, &vec![b'a'; 40 << 20]].concat();
    let limits = Limits { ratio_free_octets: 1 << 20, ratio_max: 20, ..Limits::default() };
    let options = Options { limits, ..Options::default() };
    let too_large = |seen: &[Seen]| matches!(seen, [Seen::Failed(_, Reason::TooLarge { .. })]);
    for (name, octets) in [
        ("a.eml.gz", gzip(&big)),
        ("b.zst", zst(&big)),
        ("c.zip", zip_of(&[("1.eml", &big, true)])),
        ("d.tar.gz", gzip(&tar_of(&[("1.eml", &big)]))),
        ("e.zip", zip_of(&[("1.zip", &zip_of(&[("1.eml", &big, true)]), true)])),
        ("f.mbox.gz", gzip(&[MBOX, &big].concat())),
    ] {
        let found = seen_with(&[scratch.write(name, octets).into()], &options);
        assert!(too_large(&found), "{name}: {}", found.len());
    }
    let limits = Limits { entries_max: 1, ..Limits::default() };
    let options = Options { limits, ..Options::default() };
    let path = scratch.write("n.zip", zip_of(&[("1.eml", MAIL, false), ("2.eml", MAIL, false)]));
    let found = seen_with(&[path.into()], &options);
    assert_eq!(found, [mail("n.zip/1.eml", "", MAIL), failed("n.zip", Reason::TooMany { limit: 1 })]);
}

#[test]
fn large_mails_are_streamed() {
    let scratch = Scratch::new("files");
    let big = [MAIL, &b"0123456789abcde\n".repeat(200_000)].concat();
    let mbox = [&MBOX[..32], &big, b"\n", MBOX].concat();
    for (name, octets) in [
        ("1.eml", big.clone()),
        ("2", big.clone()),
        ("3.eml.gz", gzip(&big)),
        ("4.zip", zip_of(&[("x.eml", &big, true)])),
        ("5.tar", tar_of(&[("x", &big)])),
        ("6.mbox", mbox),
    ] {
        let found = seen(&[scratch.write(name, octets).into()]);
        assert!(matches!(&found[0], Seen::Mail { octets, .. } if *octets == big), "{name}");
    }
}

#[test]
fn lists_stdin_names_and_faults() {
    let scratch = Scratch::new("files");
    scratch.write("a/1.eml", MAIL);
    scratch.write("list", b"a\r\n\nmissing\na/1.eml");
    let options = Options { directory: Some(scratch.path().into()), ..Options::default() };
    let sources = ["@list".into(), "-".into(), "@nolist".into(), "/dev/null".into()];
    let expected = [
        mail("1.eml", "", MAIL),
        failed("missing", Reason::NotFound),
        mail("1.eml", "", MAIL),
        mail("-", "", MAIL),
        failed("nolist", Reason::NotFound),
        failed("/dev/null", Reason::NotAFile),
    ];
    assert_eq!(seen_with(&sources, &options), expected);
    // An upload lies under another name than it was given.
    let path = scratch.write("upload-1", b"From x\nbody");
    let named = Source { path, name: Some("brief.eml".to_owned()) };
    assert_eq!(seen(&[named]), [mail("brief.eml", "", b"From x\nbody")]);
    let mut paths = Vec::new();
    let _ = each_file(&["@list".into()], &options, &mut |found| {
        paths.push(found.map_or_else(|failed| failed.path, |found| found.path));
        ControlFlow::Continue(())
    });
    assert_eq!(paths, ["a/1.eml", "missing", "a/1.eml"]);
}

#[test]
fn a_caller_can_stop() {
    let scratch = Scratch::new("files");
    scratch.write("a.mbox", MBOX);
    scratch.write("b.eml", MAIL);
    let mut count = 0;
    let flow = walk(&[scratch.path().into()], &mut &b""[..], &Options::default(), &mut |_| {
        count += 1;
        ControlFlow::Break(())
    });
    assert_eq!((flow, count), (ControlFlow::Break(()), 1));
}

#[test]
fn times_of_members() {
    let scratch = Scratch::new("files");
    let path = scratch.write("m.tar", tar_of(&[("cur/1:2,S", MAIL)]));
    let mut received = None;
    let _ = walk(&[path.into()], &mut &b""[..], &Options::default(), &mut |item| {
        if let Item::Mail(mail) = item {
            received = mail.received;
        }
        ControlFlow::Continue(())
    });
    assert_eq!(received, Some(UnixMillis::from_seconds(1_772_445_600)));
}
