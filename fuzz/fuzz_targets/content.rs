//! `Content-Type` and its parameters.
#![no_main]

libfuzzer_sys::fuzz_target!(|octets: &[u8]| {
    let _ = parse::header::content::content(octets);
});
