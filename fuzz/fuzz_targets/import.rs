//! Files of every kind: sniffing, mbox, tar, ZIP and compression. Nothing but the process's own scratch file is touched.
#![no_main]

use std::ops::ControlFlow;

use intake::files::{Item, Limits, Octets, Options, Source, walk};

libfuzzer_sys::fuzz_target!(|octets: &[u8]| {
    let path = std::env::temp_dir().join(format!("poststelle-fuzz-{}", std::process::id()));
    std::fs::write(&path, octets).expect("a scratch file can be written");
    let limits = Limits { ratio_free_octets: 1 << 20, entries_max: 1000, ..Limits::default() };
    let options = Options { limits, ..Options::default() };
    let sources = [Source { path, name: Some("x".to_owned()) }];
    let _ = walk(&sources, &mut std::io::empty(), &options, &mut |item| {
        if let Item::Mail(mail) = item
            && let Octets::Large(large) = mail.octets
        {
            let _ = std::io::copy(large, &mut std::io::sink());
        }
        ControlFlow::Continue(())
    });
});
