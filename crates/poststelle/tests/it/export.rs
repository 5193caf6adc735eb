//! Mails written as files, and read again.

use std::fs;
use std::path::{Path, PathBuf};

use crate::support::{Poststelle, mail, sha256};

fn files(folder: &Path, found: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() { files(&path, found) } else { found.push(path) }
    }
}

#[test]
fn mails_come_out_as_they_went_in() {
    let post = Poststelle::new();
    let folder = post.dir.path().join("mails");
    fs::create_dir(&folder).unwrap();
    for n in 0..40 {
        fs::write(folder.join(format!("{n}.eml")), mail(n)).unwrap();
    }
    post.import(&folder).expect(0);
    let known = post.mails();

    let done = post.run(&["export", "--format", "eml", "--out", "out", "--json"]).expect(0).last();
    assert_eq!(done["mails"], 40);
    let mut found = Vec::new();
    files(&post.dir.path().join("out"), &mut found);
    let mails: Vec<&PathBuf> = found.iter().filter(|path| path.extension().unwrap() == "eml").collect();
    assert_eq!((mails.len(), found.len()), (40, 41));
    for path in &mails {
        let digest = sha256(&fs::read(path).unwrap());
        let id = known[&digest]["mail_id"].as_str().unwrap();
        assert!(path.to_str().unwrap().ends_with(&format!("_{id}.eml")), "{}", path.display());
    }

    // A ZIP file is imported again: nothing new, so every octet came out and in.
    post.run(&["export", "--format", "zip", "--out", "out.zip"]).expect(0);
    let again = post.run(&["import", "--json", "--account", "again", "out.zip"]).last();
    assert_eq!((&again["archived"], &again["duplicates"]), (&0.into(), &40.into()), "{again}");

    // A mail of mbox has other line ends, and the same text: known by its Message-ID.
    post.run(&["export", "--format", "mbox", "--query", "subject:7", "--out", "seven.mbox"]).expect(0);
    let text = fs::read_to_string(post.dir.path().join("seven.mbox")).unwrap();
    assert_eq!(text.matches("\nFrom ").count() + 1, text.matches("Message-ID: <test-").count());

    // Nothing is replaced, and a query that is not understood leaves nothing.
    let taken = post.run(&["export", "--format", "csv", "--out", "out.zip"]).expect(1);
    assert!(taken.err.contains("is there already"), "{}", taken.err);
    post.run(&["export", "--format", "csv", "--query", "before:never", "--out", "none.csv"]).expect(2);
    let left: Vec<String> = fs::read_dir(post.dir.path())
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .filter(|name| name.contains("none"))
        .collect();
    assert!(left.is_empty(), "{left:?}");
    post.run(&["export", "--format", "csv", "--out", "no/such/folder.csv"]).expect(1);
    post.verify();
}

#[test]
fn a_running_server_writes_where_the_caller_stands() {
    let post = Poststelle::new();
    let folder = post.dir.path().join("mails");
    fs::create_dir(&folder).unwrap();
    fs::write(folder.join("1.eml"), mail(1)).unwrap();
    post.import(&folder).expect(0);
    let _server = post.serve();
    for format in ["csv", "xlsx", "xml", "sql"] {
        let name = format!("list.{format}");
        post.run(&["export", "--format", format, "--out", &name]).expect(0);
        assert!(fs::metadata(post.dir.path().join(name)).unwrap().len() > 100);
    }
}
