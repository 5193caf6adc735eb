//! A whole mail, its parts again, its preview.
#![no_main]

libfuzzer_sys::fuzz_target!(|octets: &[u8]| {
    let limits = parse::Limits::default();
    let parsed = parse::parse(octets, &limits);
    for index in 0..parsed.message.parts.len().min(20) {
        let _ = parse::part_content(octets, &parsed.message.parts, index, 1 << 20);
    }
    let _ = parse::preview(&parsed.message.body, 200);
});
