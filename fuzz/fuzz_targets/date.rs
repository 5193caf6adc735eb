//! `Date` and `Received`.
#![no_main]

libfuzzer_sys::fuzz_target!(|octets: &[u8]| {
    let _ = parse::header::date::date(octets);
    let _ = parse::header::received::received_date(octets);
});
