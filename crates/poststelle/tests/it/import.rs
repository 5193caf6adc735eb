//! Files of all kinds come in once, exactly, and can be read again.

use std::fmt::Write as _;
use std::io::Write as _;
use std::path::Path;
use std::process::Command;

use crate::support::{Poststelle, finish, finish_with_input, folder, mail, program, sha256};

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

fn report(post: &Poststelle) -> Vec<serde_json::Value> {
    post.run(&["imports", "last", "--jsonl"]).expect(0).rows()
}

/// Outcome and mailbox-like end of the path of each row.
fn outcomes(rows: &[serde_json::Value]) -> Vec<(String, String)> {
    let word = |row: &serde_json::Value, name: &str| row[name].as_str().unwrap_or_default().to_owned();
    rows.iter().map(|row| (word(row, "outcome"), word(row, "reason"))).collect()
}

fn mailboxes(post: &Poststelle) -> Vec<String> {
    let mut all: Vec<String> = post
        .mails()
        .values()
        .flat_map(|row| row["placements"].as_array().unwrap().clone())
        .map(|placement| placement["mailbox"].as_str().unwrap().to_owned())
        .collect();
    all.sort();
    all
}

#[test]
fn files_of_outlook_come_in_once() {
    use test_support::outlook::{Crypt, Folder, Made, Value, msg, pst, tnef};
    let post = Poststelle::new();
    let from = post.dir.path().join("in");
    std::fs::create_dir(&from).unwrap();
    let class = |class: &str| Value::Text(class.to_owned());
    let letter = Made::mail("Brief", "Rindfleischetikettierung").file("liste.csv", b"Spargelzeit;1\n");
    std::fs::write(from.join("brief.msg"), msg(&letter)).unwrap();
    std::fs::write(from.join("kontakt.msg"), msg(&Made::mail("Eva", "").with(0x001a, class("IPM.Contact"))))
        .unwrap();
    std::fs::write(from.join("winmail.dat"), tnef(&Made::mail("Karte", "anders"))).unwrap();
    let items = (0..3).map(|n| Made::mail(&format!("Mail {n}"), "alt")).collect();
    let inbox = Folder { name: "Posteingang".to_owned(), items, folders: Vec::new() };
    let octets = pst(&[inbox], Crypt::None);
    std::fs::write(from.join("alt.pst"), &octets).unwrap();
    std::fs::write(from.join("cut.pst"), &octets[..20_000]).unwrap();

    assert_eq!(counts(&post.import(&from).expect(1).last()), [7, 5, 0, 1, 1]);
    assert_eq!(
        mailboxes(&post),
        ["Import", "Import", "alt/Posteingang", "alt/Posteingang", "alt/Posteingang"]
    );
    let rows = report(&post);
    let of = |end: &str| rows.iter().find(|row| row["file"].as_str().unwrap().ends_with(end)).unwrap();
    assert_eq!(
        (&of("brief.msg")["outcome"], &of("brief.msg")["reason"]),
        (&"archived".into(), &"import-converted".into())
    );
    assert_eq!(
        (&of("kontakt.msg")["outcome"], &of("kontakt.msg")["detail"]),
        (&"excluded".into(), &"IPM.Contact".into())
    );
    assert_eq!(
        (&of("cut.pst")["outcome"], &of("cut.pst")["reason"]),
        (&"failed".into(), &"import-damaged".into())
    );
    let found = post.run(&["search", "--json", "Spargelzeit"]).expect(0).last();
    assert_eq!(found["total"], 1, "the file inside is searched");
    let before = post.mails();
    assert_eq!(counts(&post.import(&from).expect(1).last()), [7, 0, 5, 1, 1]);
    assert_eq!(post.mails(), before, "the same octets each time");
    let locators: Vec<String> =
        before.values().map(|row| row["placements"][0]["locator"].as_str().unwrap().to_owned()).collect();
    assert!(locators.iter().all(|locator| locator.contains("#converted")), "{locators:?}");
    post.verify();
}

#[test]
fn winmail_dat_is_opened_for_search() {
    use test_support::outlook::{Made, tnef};
    let post = Poststelle::new();
    let stream = tnef(&Made::mail("Karte", "Text").file("notiz.txt", b"Kirschkernweitspucken"));
    let mail = post.dir.path().join("mail.eml");
    let mut hex = String::new();
    for octet in stream {
        writeln!(hex, "={octet:02X}=").unwrap();
    }
    let octets = format!(
        "From: a@example.org\nMessage-ID: <w@x>\nMIME-Version: 1.0\nContent-Type: application/ms-tnef; name=winmail.dat\nContent-Transfer-Encoding: quoted-printable\n\n{hex}"
    );
    std::fs::write(&mail, &octets).unwrap();
    post.import(&mail).expect(0);
    let found = post.run(&["search", "--json", "Kirschkernweitspucken"]).expect(0).last();
    assert_eq!(found["total"], 1);
    let row = finish(program().args(["parse", "--jsonl", mail.to_str().unwrap()])).expect(0).last();
    let names: Vec<_> = row["attachments"].as_array().unwrap().iter().map(|a| a["name"].clone()).collect();
    assert_eq!(names, ["winmail.dat"], "what was sent");
    assert!(post.mails().contains_key(&sha256(octets.as_bytes())), "its octets stay as they are");
}

#[test]
fn folders_of_apple_mail_and_thunderbird() {
    let post = Poststelle::new();
    let from = post.dir.path().join("in");
    let put = |path: &str, octets: &[u8]| {
        let path = from.join(path);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, octets).unwrap();
    };
    let emlx = |n: usize| {
        let mail = mail(n);
        let plist =
            b"<?xml version=\"1.0\"?><plist><dict><key>flags</key><integer>1</integer></dict></plist>\n";
        [format!("{}\n", mail.len()).as_bytes(), &mail, plist].concat()
    };
    let store =
        "V10/7F3A2B10-0000-4000-8000-0123456789AB/Kunden.mbox/7F3A2B10-0000-4000-8000-0123456789AC/Data/1";
    put(&format!("{store}/Messages/1.emlx"), &emlx(1));
    put(&format!("{store}/Messages/2.partial.emlx"), &emlx(2));
    put(&format!("{store}/Attachments/2/2/bild.png"), b"\x89PNG");
    put("V10/7F3A2B10-0000-4000-8000-0123456789AB/Kunden.mbox/Info.plist", b"<plist/>");
    put(&format!("{store}/Messages/3.emlx"), b"900\nFrom: a@b\n\ncut off");
    let mozilla = |status: &str, n: usize| {
        let header = format!(
            "From - Mon Mar  2 10:00:00 2026\nX-Mozilla-Status: {status}\nX-Mozilla-Status2: 00000000\n"
        );
        [header.as_bytes(), &mail(n), b"\n"].concat()
    };
    put("ImapMail/imap.example.org/Entw&APw-rfe", &[mozilla("0001", 4), mozilla("0009", 5)].concat());
    put("ImapMail/imap.example.org/Entw&APw-rfe.msf", b"// <!-- <mdb:mork:z v=\"1.4\"/> -->");
    put("ImapMail/imap.example.org/Archiv.sbd/2024", &mozilla("0001", 6));
    put("Mail/Local Folders/Lite/cur/1700000000.eml", &mail(7));

    assert_eq!(counts(&post.import(&from).expect(1).last()), [10, 5, 0, 4, 1]);
    let mut found = mailboxes(&post);
    found.dedup();
    let account = "V10/7F3A2B10-0000-4000-8000-0123456789AB/Kunden";
    assert_eq!(
        found,
        [
            "ImapMail/imap.example.org/Archiv/2024",
            "ImapMail/imap.example.org/Entwürfe",
            "Mail/Local Folders/Lite",
            account
        ]
    );
    let mut reasons = outcomes(&report(&post));
    reasons.retain(|(_, reason)| !reason.is_empty());
    reasons.sort();
    let expected = [
        ("archived", "import-incomplete"),
        ("excluded", "import-apple-mail-attachment"),
        ("excluded", "import-apple-mail-index"),
        ("excluded", "import-thunderbird-expunged"),
        ("excluded", "import-thunderbird-index"),
        ("failed", "import-truncated"),
    ];
    assert_eq!(reasons, expected.map(|(outcome, reason)| (outcome.to_owned(), reason.to_owned())));
}

/// Every entry once, what a duplicate is the same as, and the sums.
#[test]
fn the_report_names_every_entry() {
    let post = Poststelle::new();
    let from = post.dir.path().join("mails");
    folder(&from, 250);
    std::fs::create_dir(from.join("again")).unwrap();
    std::fs::write(from.join("again/first.eml"), mail(0)).unwrap();
    std::fs::write(from.join("again/none.bin"), b"\0\0").unwrap();
    let file = post.dir.path().join("report.csv");
    let words =
        ["import", "--json", "--account", "test", "--report", file.to_str().unwrap(), from.to_str().unwrap()];
    let done = post.run(&words).expect(1).last();
    assert_eq!(counts(&done), [252, 250, 1, 0, 1]);
    let rows = report(&post);
    assert_eq!(rows.len(), 252);
    assert!(rows.iter().enumerate().all(|(at, row)| row["n"] == at as u64 + 1));
    let duplicate: Vec<_> = rows.iter().filter(|row| row["outcome"] == "duplicate").collect();
    let [duplicate] = duplicate[..] else { panic!("{duplicate:?}") };
    let mails = post.mails();
    let of = &mails[&sha256(&mail(0))];
    assert_eq!(duplicate["mail_id"], of["mail_id"]);
    assert_eq!(duplicate["duplicate_of"]["account"], "test");
    assert!(duplicate["duplicate_of"]["locator"].as_str().is_some_and(|locator| !locator.is_empty()));
    let csv = std::fs::read_to_string(&file).unwrap();
    assert_eq!(csv.lines().count(), 253);
    assert_eq!(post.run(&["imports", "last", "--csv"]).expect(0).text(), csv);
    let failed = post.run(&["imports", "last", "--outcome", "failed", "--jsonl"]).expect(0).rows();
    assert_eq!((failed.len(), &failed[0]["reason"]), (1, &"import-not-mail".into()));
    let runs = post.run(&["imports", "--jsonl"]).expect(0).rows();
    assert_eq!((runs.len(), &runs[0]["complete"], &runs[0]["state"]), (1, &true.into(), &"finished".into()));
}
