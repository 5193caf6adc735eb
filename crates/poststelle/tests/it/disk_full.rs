//! No room: said clearly, nothing lost, goes on when there is room.

use std::path::Path;
use std::process::Command;

use crate::support::{Poststelle, finish, folder};

/// A limit on the size of files stands for the full disk: writing fails at the same places, without rights to mount.
#[test]
fn a_full_disk_is_said_and_survived() {
    let post = Poststelle::new();
    let from = post.dir.path().join("mails");
    let digests = folder(&from, 3000);
    // Too little for the tables; enough for them, and then too little for the mails.
    for kilobytes in [300, 1500] {
        let done = finish(&mut limited(&post, &from, kilobytes));
        assert_eq!(done.status, Some(1), "{}", done.err);
        assert!(done.err.contains("Platz"), "{}", done.err);
    }
    let report = post.import(&from).expect(0).last();
    assert_eq!(report["seen"], 3000);
    let mails = post.mails();
    assert_eq!(mails.len(), digests.len());
    post.verify();
}

/// An import whose files may grow to so much.
fn limited(post: &Poststelle, from: &Path, kilobytes: u32) -> Command {
    let mut limited = Command::new("bash");
    limited
        .args([
            "-c",
            &format!("ulimit -f {kilobytes}; exec \"$@\""),
            "bash",
            env!("CARGO_BIN_EXE_poststelle"),
            "import",
            "--lang",
            "de",
            "--json",
            "--account",
            "test",
            "--data",
        ])
        .arg(post.data())
        .arg(from);
    limited
}
