//! What must hold for whatever a server says and whatever a file holds: the bodies of the fuzz targets, which
//! `crates/intake/tests/mutations.rs` runs too.

use std::ops::ControlFlow;

use intake::files::{Item, Limits, Octets, Options, Source, walk};

/// What a mailbox server may say: framing, responses, and the procedures over them.
pub(crate) fn imap(octets: &[u8]) {
    let (piece, said) =
        octets.split_first().map_or((1, octets), |(first, rest)| (usize::from(*first) + 1, rest));
    intake::imap::rehearse(said, piece);
}

/// Files of every kind: sniffing, mbox, tar, ZIP and compression. Nothing but the process's own scratch file is touched.
pub(crate) fn import(octets: &[u8]) {
    let path = std::env::temp_dir().join(format!("poststelle-fuzz-{}", std::process::id()));
    std::fs::write(&path, octets).expect("a scratch file can be written");
    let limits = Limits { ratio_free_octets: 1 << 20, entries_max: 1000, ..Limits::default() };
    let options = Options { limits, ..Options::default() };
    let sources = [Source { path: path.clone(), name: Some("x".to_owned()) }];
    let _ = walk(&sources, &mut std::io::empty(), &options, &mut |item| {
        if let Item::Mail(mail) = item
            && let Octets::Large(large) = mail.octets
        {
            let _ = std::io::copy(large, &mut std::io::sink());
        }
        ControlFlow::Continue(())
    });
    let _ = std::fs::remove_file(path);
}
