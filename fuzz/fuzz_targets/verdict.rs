//! What kind of mail it is: never a panic, always the same, a reason for all that is no person's mail.
#![no_main]

#[allow(dead_code, reason = "each target runs one of them")]
#[path = "../checks.rs"]
mod checks;

libfuzzer_sys::fuzz_target!(|octets: &[u8]| checks::verdict(octets));
