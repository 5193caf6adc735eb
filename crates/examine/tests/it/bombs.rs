//! Documents that are made to do harm.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::{Duration, Instant};

use examine::{Limits, Outcome, Reason};

use crate::{examiner, make, read, with_limits};

#[test]
fn a_document_that_inflates_without_end_is_cut() {
    let bomb = make::zip(&[("word/document.xml", &b"<w:t>Wort </w:t>".repeat(20_000_000))]);
    assert!(bomb.len() < 3_000_000);
    let outcome = read(&examiner(), "a.docx", &bomb);
    // What was read before the bound is kept.
    assert!(
        outcome.text().is_some_and(|text| text.starts_with("Wort Wort")),
        "{:.100}",
        format!("{outcome:?}")
    );
    let blanks = make::zip(&[("word/document.xml", &vec![b' '; 300_000_000])]);
    assert_eq!(read(&examiner(), "a.docx", &blanks), Outcome::Failed(Reason::TooLarge));
}

#[test]
fn too_much_memory_ends_the_child_and_not_more() {
    let examiner = with_limits(Limits { memory_octets: 24 << 20, ..Limits::default() });
    let one_text = make::docx(&format!("<w:t>{}</w:t>", "x".repeat(60_000_000)));
    assert_eq!(read(&examiner, "a.docx", &one_text), Outcome::Failed(Reason::Memory));
    assert_eq!(read(&examiner, "b.docx", &make::docx("<w:t>geht</w:t>")).text(), Some("geht"));
}

#[test]
fn too_much_time_ends_the_child_and_not_more() {
    let examiner = with_limits(Limits { cpu_seconds: 0, ..Limits::default() });
    // Much to read, nothing of it text.
    let slow = make::zip(&[("word/document.xml", &b"<a b='c'/>".repeat(13_000_000))]);
    let start = Instant::now();
    assert_eq!(read(&examiner, "a.docx", &slow), Outcome::Failed(Reason::Timeout));
    assert!(start.elapsed() < Duration::from_secs(20));
    assert_eq!(read(&examiner, "b.docx", &make::docx("<w:t>geht</w:t>")).text(), Some("geht"));
}

#[test]
fn entities_are_not_expanded_and_depth_does_no_harm() {
    let laughs = "<!DOCTYPE l [<!ENTITY a \"haha\"><!ENTITY b \"&a;&a;&a;&a;\"><!ENTITY c SYSTEM \"file:///etc/passwd\">]>\
        <w:document><w:t>vor&b;&c;&amp;nach</w:t></w:document>";
    let octets = make::zip(&[("word/document.xml", laughs.as_bytes())]);
    assert_eq!(read(&examiner(), "a.docx", &octets).text(), Some("vor&nach"));
    let deep = make::docx(&format!("{}<w:t>tief</w:t>", "<w:p>".repeat(2_000_000)));
    assert_eq!(read(&examiner(), "a.docx", &deep).text(), Some("tief"));
}

#[test]
fn loops_in_a_pdf_end() {
    let mut document = make::pdf(&["eins"]);
    let root = document.trailer.get(b"Root").and_then(lopdf::Object::as_reference).unwrap();
    let pages =
        document.get_dictionary(root).unwrap().get(b"Pages").and_then(lopdf::Object::as_reference).unwrap();
    let tree = document.get_dictionary_mut(pages).unwrap();
    tree.set("Kids", vec![pages.into(), pages.into()]);
    tree.set("Parent", pages);
    let outcome = read(&examiner(), "a.pdf", &make::saved(document));
    assert!(matches!(outcome, Outcome::NoText | Outcome::Failed(_)), "{outcome:?}");
}

#[test]
fn many_entries_and_odd_names() {
    let names: Vec<String> = (0..20_000).map(|n| format!("../../{n}")).collect();
    let mut entries: Vec<(&str, &[u8])> = names.iter().map(|name| (name.as_str(), &b""[..])).collect();
    entries.push(("word/document.xml", b"<w:t>da</w:t>"));
    assert_eq!(read(&examiner(), "a.docx", &make::zip(&entries)).text(), Some("da"));
}

/// Every hostile mail of the generator, where it is beside the repository and there is a Python to run it.
#[test]
fn generated_mails_do_no_harm() {
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../shared/tools/gen_nasty.py");
    let directory = tempfile::tempdir().unwrap();
    let made = script.exists()
        && Command::new("python3")
            .arg(&script)
            .arg(directory.path())
            // At full size with `SLOW_TESTS=1`.
            .args(std::env::var_os("SLOW_TESTS").is_none().then_some("--small"))
            .status()
            .is_ok_and(|s| s.success());
    if !made {
        return;
    }
    let examiner = examiner();
    let mut files: Vec<PathBuf> =
        std::fs::read_dir(directory.path()).unwrap().map(|entry| entry.unwrap().path()).collect();
    files.sort();
    for file in files {
        let octets = std::fs::read(&file).unwrap();
        let limits = parse::Limits::default();
        let parsed = parse::parse(&octets, &limits);
        let here = examiner.attachments(&octets, &parsed.message);
        for part in &here {
            let harmed = [Reason::Crash, Reason::Memory, Reason::Timeout, Reason::NoChild];
            assert!(
                !harmed.iter().any(|r| part.outcome == Outcome::Failed(*r)),
                "{}: {part:?}",
                file.display()
            );
        }
        let there = examiner.mail(&mut &octets[..], octets.len() as u64, &limits).unwrap();
        assert_eq!(there.parsed, parsed, "{}", file.display());
        assert_eq!((there.parts, there.cut_short), (here, None), "{}", file.display());
    }
}
