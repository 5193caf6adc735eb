//! The parts of multipart/report.
#![no_main]

libfuzzer_sys::fuzz_target!(|octets: &[u8]| {
    let text = String::from_utf8_lossy(octets);
    let _ = parse::report::dsn::delivery_status(&text);
    let _ = parse::report::mdn::disposition_notification(&text);
    let _ = parse::report::arf::feedback_report(&text);
    let _ = parse::report::status::find_enhanced_status(&text);
    let _ = parse::report::status::find_reply_code(&text);
});
