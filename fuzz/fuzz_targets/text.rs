//! Encoded words.
#![no_main]

libfuzzer_sys::fuzz_target!(|octets: &[u8]| {
    let _ = parse::header::text::decode(octets);
});
