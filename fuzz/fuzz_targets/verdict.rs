//! What kind of mail it is.
#![no_main]

libfuzzer_sys::fuzz_target!(|octets: &[u8]| {
    let message = parse::parse(octets, &parse::Limits::default()).message;
    let _ = classify::verdict(&message, &classify::Options::default());
});
