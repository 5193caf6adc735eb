//! `Content-Type` and its parameters.
#![no_main]

#[allow(dead_code, reason = "each target runs one of them")]
#[path = "../checks.rs"]
mod checks;

libfuzzer_sys::fuzz_target!(|octets: &[u8]| checks::content(octets));
