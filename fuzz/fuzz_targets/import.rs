//! Files of every kind: sniffing, mbox, tar, ZIP and compression. Nothing but the process's own scratch file is touched.
#![no_main]

#[allow(dead_code, reason = "each target runs one of them")]
#[path = "../checks_intake.rs"]
mod checks;

libfuzzer_sys::fuzz_target!(|octets: &[u8]| checks::import(octets));
