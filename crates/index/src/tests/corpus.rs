//! Numbers of hits in a large generated corpus; slow.

use std::collections::BTreeMap;
use std::path::Path;

use mail_parser::MessageParser;
use model::{Scope, TextKind};

use super::{Dir, account, query};
use crate::{Document, Page};

/// `INDEX_CORPUS` names a folder with `maildir/cur` and marker words of the form `xqmarkerNN` in the bodies.
#[test]
fn every_mail_with_a_marker_is_found_and_no_other() {
    let Some(corpus) = std::env::var_os("INDEX_CORPUS") else { return };
    let mut files: Vec<_> = std::fs::read_dir(Path::new(&corpus).join("maildir/cur"))
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .collect();
    files.sort();
    let dir = Dir::new();
    let index = dir.open();
    let accounts = [account(1)];
    let mut expected: BTreeMap<String, u64> = BTreeMap::new();
    for (number, chunk) in files.chunks(500).enumerate() {
        let mails: Vec<(String, String)> = chunk
            .iter()
            .map(|file| {
                let octets = std::fs::read(file).unwrap();
                let Some(message) = MessageParser::default().parse(&octets) else {
                    return Default::default();
                };
                let body = message.body_text(0).unwrap_or_default().into_owned();
                (message.subject().unwrap_or_default().to_owned(), body)
            })
            .collect();
        for (_, body) in &mails {
            for marker in 0..100 {
                let marker = format!("xqmarker{marker:02}");
                *expected.entry(marker.clone()).or_default() += u64::from(body.contains(&marker));
            }
        }
        let documents: Vec<Document<'_>> = mails
            .iter()
            .zip(number as u64 * 500 + 1..)
            .map(|((subject, body), seq)| Document {
                seq,
                accounts: &accounts,
                subject,
                text: vec![(TextKind::New, body)],
                ..Document::default()
            })
            .collect();
        index.write(&documents, &[]).unwrap();
    }
    index.commit(1).unwrap();
    assert_eq!(index.len(), files.len() as u64);
    for _ in 0..2 {
        for (marker, count) in &expected {
            let found = index.search(&query(marker), &Scope::All, &Page::default()).unwrap();
            assert_eq!(found.total, *count, "{marker}");
        }
        // Merging changes nothing.
        index.settle().unwrap();
    }
}
