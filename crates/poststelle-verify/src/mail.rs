//! The checkpoint in a mail.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

/// The note in a file: the file itself, or, of a mail, the first attachment in base64 that is a note with signatures. What is
/// neither comes back as it is: it is no checkpoint then, and that is said.
pub(crate) fn note(octets: Vec<u8>) -> Vec<u8> {
    if !ledger::signers(&octets).is_empty() {
        return octets;
    }
    let mut block = String::new();
    // The blank line ends the last block.
    for line in String::from_utf8_lossy(&octets).lines().chain([""]) {
        let line = line.trim_end();
        if !line.is_empty() && line.bytes().all(|c| c.is_ascii_alphanumeric() || b"+/=".contains(&c)) {
            block.push_str(line);
            continue;
        }
        let found = STANDARD.decode(std::mem::take(&mut block)).unwrap_or_default();
        if ledger::Checkpoint::origin_of(&found).is_some() {
            return found;
        }
    }
    octets
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_note_is_found_in_its_mail() {
        let text = "example.com/log\n7\nCsUYapGGPo4dkMgIAUqom/Xajj7h2fB2MPA3j2jxq2I=\n";
        let signed = ledger::SigningKey::of_seed("example.com/log", &[7; 32]).unwrap().sign(text);
        assert_eq!(note(signed.clone().into_bytes()), signed.as_bytes());
        let encoded = STANDARD.encode(&signed);
        let (one, other) = encoded.split_at(76);
        for end in ["\n", "\r\n"] {
            let mail =
                ["Subject: x", "", "--b", "", "aGVsbG8=", "", "--b", "A: b", "", one, other, "--b--", ""];
            assert_eq!(note(mail.join(end).into_bytes()), signed.as_bytes());
        }
        let last = format!("A: b\n\n{encoded}");
        assert_eq!(note(last.into_bytes()), signed.as_bytes());
        for none in ["", "hello", "aGVsbG8=\n", "Subject: x\n\n!!!!\n"] {
            assert_eq!(note(none.into()), none.as_bytes());
        }
    }
}
