//! `Message-ID`, `References`, `Thread-Index`.
#![no_main]

libfuzzer_sys::fuzz_target!(|octets: &[u8]| {
    let _ = parse::header::msg_id::message_id(octets);
    let _ = parse::header::msg_id::message_ids(octets, 100);
    let _ = parse::header::thread_index::thread_index(octets);
});
