//! What a mailbox server may say: framing, responses, and the procedures over them.
#![no_main]

libfuzzer_sys::fuzz_target!(|octets: &[u8]| {
    let (piece, said) = octets.split_first().map_or((1, octets), |(first, rest)| (usize::from(*first) + 1, rest));
    intake::imap::rehearse(said, piece);
});
