//! Files of Outlook, taken apart by a real child; what is in them, beside what other programs find.

use std::collections::BTreeSet;
use std::fs::File;
use std::ops::ControlFlow;
use std::path::Path;
use std::process::Command;

use examine::{ContainerEntry, ContainerError, ContainerWhat};
use test_support::Scratch;
use test_support::outlook::{Crypt, Folder, Made, Value, msg, pst, tnef};

fn taken_apart(path: &Path) -> Result<Vec<ContainerEntry>, ContainerError> {
    let mut entries = Vec::new();
    let flow = super::examiner().container(&File::open(path).expect("it was written"), &mut |entry| {
        entries.push(entry);
        ControlFlow::Continue(())
    })?;
    assert_eq!(flow, ControlFlow::Continue(()));
    Ok(entries)
}

fn subject(octets: &[u8]) -> String {
    let mail = mail_parser::MessageParser::new().parse(octets).expect("a mail");
    mail.subject().unwrap_or_default().to_owned()
}

fn folders() -> Vec<Folder> {
    let items = |range: std::ops::Range<u32>| {
        let named = |n| Made::mail(&format!("Mail {n}"), &format!("Text {n}")).file("a.txt", b"content");
        range.map(named).collect::<Vec<Made>>()
    };
    let contact = Made::mail("Eva", "").with(0x001a, Value::Text("IPM.Contact".to_owned()));
    let sub = Folder { name: "Sub".to_owned(), items: items(20..25), folders: Vec::new() };
    let inbox = Folder {
        name: "Inbox".to_owned(),
        items: items(0..20).into_iter().chain([contact]).collect(),
        folders: vec![sub],
    };
    vec![inbox]
}

#[test]
fn a_pst_file_as_readpst_reads_it() {
    let scratch = Scratch::new("pst");
    let path = scratch.write("made.pst", pst(&folders(), Crypt::None));
    let entries = taken_apart(&path).unwrap();
    let of_mail = |entry: &ContainerEntry| match &entry.what {
        ContainerWhat::Mail { octets, .. } => Some((entry.folder.clone(), subject(octets))),
        _ => None,
    };
    let ours: BTreeSet<(String, String)> = entries.iter().filter_map(of_mail).collect();
    assert_eq!((entries.len(), ours.len()), (26, 25));
    assert!(entries.iter().any(|entry| entry.what == ContainerWhat::Other("IPM.Contact".to_owned())));
    assert_eq!(taken_apart(&path).unwrap(), entries, "the same octets each time");

    let out = scratch.path().join("readpst");
    std::fs::create_dir(&out).unwrap();
    let Ok(status) = Command::new("readpst").args(["-e", "-q", "-o"]).arg(&out).arg(&path).status() else {
        eprintln!("skipped: readpst (pst-utils) is not installed");
        return;
    };
    assert!(status.success());
    let mut theirs = BTreeSet::new();
    let mut waiting = vec![out];
    while let Some(folder) = waiting.pop() {
        for entry in std::fs::read_dir(&folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                waiting.push(path);
            } else if path.extension().is_some_and(|extension| extension == "eml") {
                let name = folder.file_name().unwrap().to_str().unwrap();
                let name = if name == "Sub" { "Inbox/Sub" } else { name };
                theirs.insert((name.to_owned(), subject(&std::fs::read(&path).unwrap())));
            }
        }
    }
    assert_eq!(ours, theirs);
}

#[test]
fn files_that_are_one_message() {
    let scratch = Scratch::new("msg");
    let made = Made::mail("One", "text").file("a.txt", b"content");
    for (name, octets) in [("a.msg", msg(&made)), ("winmail.dat", tnef(&made))] {
        let entries = taken_apart(&scratch.write(name, &octets)).unwrap();
        let [ContainerEntry { key, what: ContainerWhat::Mail { octets, flags, .. }, .. }] = &entries[..]
        else {
            panic!("{entries:?}")
        };
        assert_eq!((key.as_str(), subject(octets).as_str(), flags.seen), ("", "One", true));
    }
    let contact = made.with(0x001a, Value::Text("IPM.Contact".to_owned()));
    let entries = taken_apart(&scratch.write("contact.msg", msg(&contact))).unwrap();
    assert_eq!(entries[0].what, ContainerWhat::Other("IPM.Contact".to_owned()));
}

#[test]
fn files_that_cannot_be_read() {
    let scratch = Scratch::new("broken");
    let whole = pst(&folders(), Crypt::None);
    let mut encrypted = whole.clone();
    encrypted[513] = 0x10;
    let check = |name: &str, octets: &[u8], expected: ContainerError| {
        assert_eq!(taken_apart(&scratch.write(name, octets)).unwrap_err(), expected, "{name}");
    };
    check("encrypted.pst", &encrypted, ContainerError::Encrypted);
    check("short.pst", &whole[..100], ContainerError::Damaged("header".to_owned()));
    check("cut.pst", &whole[..20_000], ContainerError::Damaged("page beyond the end".to_owned()));
    check(
        "none.msg",
        b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1",
        ContainerError::Damaged("compound file".to_owned()),
    );
    check("text.msg", b"nothing", ContainerError::Damaged("compound file".to_owned()));
}
