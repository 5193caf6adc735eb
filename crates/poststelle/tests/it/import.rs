//! Files of all kinds come in once, exactly, and can be read again.

use std::io::Write as _;
use std::path::Path;
use std::process::Command;

use crate::support::{Poststelle, finish_with_input, folder, mail, sha256};

fn counts(report: &serde_json::Value) -> [u64; 5] {
    ["seen", "archived", "duplicates", "excluded", "failed"].map(|name| report[name].as_u64().unwrap())
}

#[test]
fn a_folder_comes_in_once() {
    let post = Poststelle::new();
    let from = post.dir.path().join("mails");
    let digests = folder(&from, 300);
    assert_eq!(counts(&post.import(&from).expect(0).last()), [300, 300, 0, 0, 0]);
    let before = post.mails();
    assert_eq!(before.len(), 300);
    for digest in &digests {
        let row = &before[digest];
        assert_eq!(row["placements"].as_array().unwrap().len(), 1, "{row}");
        assert_eq!(row["placements"][0]["account"], "test");
    }
    assert_eq!(counts(&post.import(&from).expect(0).last()), [300, 0, 300, 0, 0]);
    assert_eq!(post.mails(), before);
    post.verify();
}

#[test]
fn originals_are_exact() {
    let post = Poststelle::new();
    let from = post.dir.path().join("mails");
    std::fs::create_dir(&from).unwrap();
    let odd: [&[u8]; 5] = [
        b"",
        b"\0\xff\xfe",
        b"From: a@b\nSubject: bare LF\n\nx",
        b"no header at all",
        b"From x@y Mon Mar  2 10:00:00 2026\nSubject: mbox line\n\nbody\n",
    ];
    for (n, octets) in odd.iter().enumerate() {
        std::fs::write(from.join(format!("{n}.eml")), octets).unwrap();
    }
    post.import(&from);
    let large: Vec<u8> = [mail(1), b"0123456789abcdef\r\n".repeat(200_000)].concat();
    std::fs::write(from.join("large.eml"), &large).unwrap();
    post.import(&from);
    let mails = post.mails();
    for octets in odd.iter().skip(1).copied().chain([large.as_slice()]) {
        let row = mails
            .get(&sha256(octets))
            .unwrap_or_else(|| panic!("not there: {:?}", &octets[..octets.len().min(40)]));
        let shown = post.run(&["show", row["mail_id"].as_str().unwrap(), "--raw"]).expect(0);
        assert!(shown.out == octets);
    }
    post.verify();
}

#[test]
fn containers_are_opened() {
    let post = Poststelle::new();
    let dir = post.dir.path().join("in");
    std::fs::create_dir(&dir).unwrap();
    // mbox with a quoted "From " line
    let mbox = b"From a@example.org Mon Mar  2 10:00:00 2026\nFrom: a@example.org\nSubject: one\nMessage-ID: <m1@x>\n\n>From here on\n\nFrom b@example.org Mon Mar  2 11:00:00 2026\nFrom: b@example.org\nSubject: two\nMessage-ID: <m2@x>\n\nbody\n";
    std::fs::write(dir.join("box.mbox"), mbox).unwrap();
    // Maildir++ with flags; tmp is not read
    for folder in ["md/cur", "md/new", "md/tmp", "md/.Gesendet/cur"] {
        std::fs::create_dir_all(dir.join(folder)).unwrap();
    }
    std::fs::write(dir.join("md/cur/1:2,S"), mail(11)).unwrap();
    std::fs::write(dir.join("md/new/2"), mail(12)).unwrap();
    std::fs::write(dir.join("md/tmp/3"), mail(13)).unwrap();
    std::fs::write(dir.join("md/.Gesendet/cur/4:2,"), mail(14)).unwrap();
    // the same mail compressed, in an archive, and in an archive that is compressed
    for (n, name) in [(21, "a.eml"), (22, "b.eml"), (23, "c.eml")] {
        std::fs::write(post.dir.path().join(name), mail(n)).unwrap();
    }
    for shell in [
        "gzip -c a.eml > in/a.eml.gz",
        "tar czf in/b.tar.gz b.eml",
        "python3 -c \"import zipfile; zipfile.ZipFile('in/c.zip','w',8).write('c.eml')\"",
    ] {
        assert!(
            Command::new("bash").args(["-c", shell]).current_dir(post.dir.path()).status().unwrap().success(),
            "{shell}"
        );
    }
    let done = post.import(&dir);
    assert_eq!(counts(&done.last()), [8, 8, 0, 0, 0], "{}", done.err);
    let mails = post.mails();
    for n in [11, 12, 14, 21, 22, 23] {
        assert!(mails.contains_key(&sha256(&mail(n))), "mail {n}");
    }
    let sent = &mails[&sha256(&mail(14))]["placements"][0]["mailbox"];
    assert!(sent.as_str().unwrap().contains("Gesendet"), "{sent}");
    post.verify();
}

#[test]
fn standard_input_and_lists() {
    let post = Poststelle::new();
    let done = finish_with_input(&mut post.command(&["import", "--json", "-"]), &mail(7)).expect(0);
    assert_eq!(counts(&done.last()), [1, 1, 0, 0, 0]);
    for n in 30..33 {
        std::fs::write(post.dir.path().join(format!("{n}.eml")), mail(n)).unwrap();
    }
    let mut list = std::fs::File::create(post.dir.path().join("list")).unwrap();
    list.write_all(b"30.eml\n31.eml\n").unwrap();
    assert_eq!(counts(&post.run(&["import", "--json", "@list"]).expect(0).last()), [2, 2, 0, 0, 0]);
    assert_eq!(post.mails().len(), 3);
}

#[test]
fn what_is_no_mail_fails_and_the_rest_goes_on() {
    let post = Poststelle::new();
    let dir = post.dir.path().join("in");
    std::fs::create_dir(&dir).unwrap();
    std::fs::write(dir.join("a.eml"), mail(1)).unwrap();
    std::fs::write(dir.join("picture.png"), b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR").unwrap();
    std::fs::write(dir.join("z.eml"), mail(2)).unwrap();
    std::os::unix::fs::symlink(&dir, dir.join("loop")).unwrap();
    let done = post.import(&dir).expect(1);
    assert_eq!(counts(&done.last()), [3, 2, 0, 0, 1], "{}", done.err);
    assert!(done.err.contains("picture.png"), "{}", done.err);
    let gone = post.run(&["import", "--lang", "de", "no-such-file"]).expect(1);
    assert!(gone.err.contains("no-such-file") && gone.err.contains("gibt es nicht"), "{}", gone.err);
}

#[test]
fn same_octets_in_two_places_are_one_mail() {
    let post = Poststelle::new();
    let dir = post.dir.path().join("in");
    for sub in ["one", "two"] {
        std::fs::create_dir_all(dir.join(sub)).unwrap();
        std::fs::write(dir.join(sub).join("a.eml"), mail(1)).unwrap();
    }
    assert_eq!(counts(&post.import(&dir).expect(0).last()), [2, 1, 1, 0, 0]);
    let mails = post.mails();
    assert_eq!(mails.len(), 1);
    assert_eq!(mails[&sha256(&mail(1))]["placements"].as_array().unwrap().len(), 2);
}

#[test]
fn truncated_containers_keep_what_is_whole() {
    let post = Poststelle::new();
    let dir = post.dir.path();
    for n in 0..20 {
        std::fs::write(dir.join(format!("{n:02}.eml")), mail(n * 5)).unwrap();
    }
    assert!(Command::new("bash").args(["-c", "tar cf all.tar *.eml && mkdir in && head -c $(($(stat -c %s all.tar) / 2)) all.tar > in/cut.tar"]).current_dir(dir).status().unwrap().success());
    let done = post.import(Path::new("in")).expect(1);
    let [seen, archived, _, _, failed] = counts(&done.last());
    assert!(archived >= 5 && failed >= 1 && seen == archived + failed, "{}", done.text());
    post.verify();
}
