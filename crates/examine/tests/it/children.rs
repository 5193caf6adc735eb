//! Children that die, fall silent, or are none.

use std::process::Command;
use std::time::Duration;

use examine::{Document, Examiner, Limits, Options, Outcome, Reason};

use crate::{make, options, read};

const PDF: Document<'_> =
    Document { name: Some("a.pdf"), content_type: "application/pdf", octets: b"%PDF-1.4" };

#[test]
fn a_killed_child_is_replaced() {
    let examiner = crate::examiner();
    let document = make::docx("<w:t>da</w:t>");
    for _ in 0..5 {
        assert_eq!(read(&examiner, "a.docx", &document).text(), Some("da"));
        let [child] = examiner.children()[..] else { panic!("one child") };
        assert!(Command::new("kill").args(["-KILL", &child.to_string()]).status().unwrap().success());
    }
    assert_eq!(read(&examiner, "a.docx", &document).text(), Some("da"));
}

#[test]
fn a_child_is_used_again_and_replaced_after_its_share() {
    let examiner = Examiner::new(Options { jobs_max: 3, ..options() });
    let document = make::docx("<w:t>da</w:t>");
    let mut seen = Vec::new();
    for _ in 0..6 {
        assert_eq!(read(&examiner, "a.docx", &document).text(), Some("da"));
        seen.extend(examiner.children());
    }
    assert_eq!(seen.len(), 4);
    assert!(seen[0] == seen[1] && seen[1] != seen[2] && seen[2] == seen[3], "{seen:?}");
}

#[test]
fn what_is_not_our_program_is_said() {
    for (program, arguments) in [
        ("/nowhere/poststelle", vec![]),
        ("/bin/true", vec![]),
        ("/bin/echo", vec!["a long enough line of text".to_owned()]),
        ("/bin/sh", vec!["-c".to_owned(), "cat >/dev/null; exit 7".to_owned()]),
    ] {
        let limits = Limits { silence: Duration::from_millis(300), ..Limits::default() };
        let examiner = Examiner::new(Options { program: program.into(), arguments, limits, ..options() });
        let outcome = examiner.texts(&[PDF, PDF]);
        assert!(
            matches!(outcome[0], Outcome::Failed(Reason::NoChild | Reason::Timeout)),
            "{program}: {outcome:?}"
        );
        assert!(examiner.mail(&mut &b"Subject: x\r\n\r\n"[..], 14, &parse::Limits::default()).is_err());
        assert!(examiner.children().is_empty());
    }
}

#[test]
fn a_silent_child_is_ended() {
    // Each greets as ours does (kind 0, length 1, version 2); then one says nothing more, the other hangs up and stays.
    for (rest, reason) in
        [("exec sleep 1000", Reason::Timeout), ("exec sleep 1000 >/dev/null", Reason::Crash)]
    {
        let script = format!("printf '\\000\\001\\000\\000\\000\\002'; {rest}");
        let limits = Limits { silence: Duration::from_millis(300), ..Limits::default() };
        let arguments = vec!["-c".to_owned(), script];
        let examiner = Examiner::new(Options { program: "/bin/sh".into(), arguments, limits, ..options() });
        assert_eq!(examiner.texts(&[PDF]), [Outcome::Failed(reason)]);
        assert!(examiner.children().is_empty());
    }
}

#[test]
fn threads_share_children() {
    let examiner = Examiner::new(Options { children: 2, ..options() });
    let documents: Vec<Vec<u8>> = (0..40).map(|n| make::docx(&format!("<w:t>Nummer {n}</w:t>"))).collect();
    std::thread::scope(|scope| {
        for part in 0..4 {
            let (examiner, documents) = (&examiner, &documents);
            scope.spawn(move || {
                for (n, document) in documents.iter().enumerate().filter(|(n, _)| n % 4 == part) {
                    assert_eq!(
                        read(examiner, "a.docx", document).text(),
                        Some(format!("Nummer {n}").as_str())
                    );
                }
            });
        }
    });
    assert!((1..=2).contains(&examiner.children().len()));
}
