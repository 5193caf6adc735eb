//! What a mailbox server may say: framing, responses, and the procedures over them.
#![no_main]

#[allow(dead_code, reason = "each target runs one of them")]
#[path = "../checks_intake.rs"]
mod checks;

libfuzzer_sys::fuzz_target!(|octets: &[u8]| checks::imap(octets));
