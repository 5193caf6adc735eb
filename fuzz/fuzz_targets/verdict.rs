//! What kind of mail it is: never a panic, always the same, a reason for all that is no person's mail.
#![no_main]

libfuzzer_sys::fuzz_target!(|octets: &[u8]| {
    let message = parse::parse(octets, &parse::Limits::default()).message;
    let verdict = classify::verdict(&message, &classify::Options::default());
    assert!((0.0..=1.0).contains(&verdict.confidence));
    assert!(verdict.kind.as_str() == "personal" || !verdict.evidence.is_empty());
    assert_eq!(verdict, classify::verdict(&message, &classify::Options::default()));
});
