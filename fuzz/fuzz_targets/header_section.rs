//! A header section alone.
#![no_main]

libfuzzer_sys::fuzz_target!(|octets: &[u8]| {
    let _ = parse::header_section(octets, &parse::Limits::default());
});
