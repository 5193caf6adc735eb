//! An address list.
#![no_main]

libfuzzer_sys::fuzz_target!(|octets: &[u8]| {
    let _ = parse::header::address::addresses(octets, 1_000);
});
