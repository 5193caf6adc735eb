//! What witnesses say: cosignatures with Ed25519 over checkpoints (C2SP tlog-cosignature), and what a log asks them with (C2SP
//! tlog-witness).

use aws_lc_rs::signature::{ED25519, Ed25519KeyPair, KeyPair as _, UnparsedPublicKey};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

use crate::note::{DASH, NoteError, is_name, key_id, key_line, parts, read_key_line};
use crate::tree::Hash;

const ALGORITHM: u8 = 4;
/// Lines of a consistency proof at most.
const PROOF_MAX: usize = 63;

/// The key that checks a witness's cosignatures.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct WitnessKey {
    name: String,
    octets: [u8; 32],
}

impl WitnessKey {
    /// The name that stands in its cosignatures.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// `<name>+<id>+<key>`.
    pub fn line(&self) -> String {
        key_line(ALGORITHM, &self.name, &self.octets)
    }

    /// Reads such a line; white space around it does not matter.
    ///
    /// # Errors
    /// `Form`, also for the key of a log, and if the id is not that of the key.
    pub fn of_line(line: &str) -> Result<Self, NoteError> {
        let (name, octets) = read_key_line(ALGORITHM, line)?;
        Ok(Self { name, octets })
    }
}

/// The key that cosigns.
pub struct CosigningKey {
    pair: Ed25519KeyPair,
    public: WitnessKey,
}

impl std::fmt::Debug for CosigningKey {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_tuple("CosigningKey").field(&self.public).finish()
    }
}

impl CosigningKey {
    /// From its 32 secret octets.
    ///
    /// # Errors
    /// `Form` if the name has white space or a plus sign.
    pub fn of_seed(name: &str, seed: &[u8; 32]) -> Result<Self, NoteError> {
        let pair = Ed25519KeyPair::from_seed_unchecked(seed).map_err(|_| NoteError::Form)?;
        let octets = pair.public_key().as_ref().try_into().map_err(|_| NoteError::Form)?;
        if !is_name(name) {
            return Err(NoteError::Form);
        }
        Ok(Self { pair, public: WitnessKey { name: name.to_owned(), octets } })
    }

    /// What checks its cosignatures.
    pub const fn public(&self) -> &WitnessKey {
        &self.public
    }

    /// The signature line for a note with this text, at this time (seconds since 1970). Consistency is the caller's to check.
    pub fn cosign(&self, text: &str, seconds: u64) -> String {
        let signature = self.pair.sign(message(text, seconds).as_bytes());
        let id = key_id(ALGORITHM, &self.public.name, &self.public.octets);
        let octets = [id.as_slice(), &seconds.to_be_bytes(), signature.as_ref()].concat();
        format!("{DASH}{} {}\n", self.public.name, STANDARD.encode(octets))
    }
}

fn message(text: &str, seconds: u64) -> String {
    format!("cosignature/v1\ntime {seconds}\n{text}")
}

/// The signature line of this witness in a note, and its time (seconds since 1970), if the cosignature holds.
///
/// # Errors
/// `Form`; `OtherKey` if there is none by this key; `Signature` if it does not fit the text.
pub fn cosigned<'a>(note: &'a [u8], key: &WitnessKey) -> Result<(&'a str, u64), NoteError> {
    let (text, signatures) = parts(note)?;
    for line in signatures.split_inclusive('\n') {
        let (name, octets) =
            line.strip_prefix(DASH).and_then(|rest| rest.split_once(' ')).ok_or(NoteError::Form)?;
        let octets = STANDARD.decode(octets.trim_end()).map_err(|_| NoteError::Form)?;
        let Some((id, rest)) = octets.split_first_chunk::<4>() else { return Err(NoteError::Form) };
        if name != key.name || *id != key_id(ALGORITHM, &key.name, &key.octets) {
            continue;
        }
        let Some((seconds, signature)) = rest.split_first_chunk::<8>() else { return Err(NoteError::Form) };
        let seconds = u64::from_be_bytes(*seconds);
        let checked = UnparsedPublicKey::new(&ED25519, &key.octets);
        let checked = checked.verify(message(text, seconds).as_bytes(), signature);
        return checked.map(|()| (line, seconds)).map_err(|_| NoteError::Signature);
    }
    Err(NoteError::OtherKey)
}

/// What a log sends to a witness.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AddCheckpoint {
    /// Leaves of the checkpoint that the witness cosigned last; 0 for none.
    pub old: u64,
    /// That the new one continues it.
    pub proof: Vec<Hash>,
    /// The new checkpoint, a signed note.
    pub note: Vec<u8>,
}

impl AddCheckpoint {
    /// As it is sent.
    pub fn encode(&self) -> Vec<u8> {
        let mut out = format!("old {}\n", self.old);
        for hash in &self.proof {
            out.push_str(&STANDARD.encode(hash));
            out.push('\n');
        }
        out.push('\n');
        [out.as_bytes(), &self.note].concat()
    }

    /// Reads it; `None` if it is none.
    pub fn read(octets: &[u8]) -> Option<Self> {
        let at = octets.windows(2).position(|pair| pair == b"\n\n")?;
        let head = std::str::from_utf8(&octets[..at]).ok()?;
        let mut lines = head.split('\n');
        let digits = lines.next()?.strip_prefix("old ")?;
        let old: u64 = digits.parse().ok()?;
        let hash = |line: &str| STANDARD.decode(line).ok()?.try_into().ok();
        let proof: Vec<Hash> = lines.map(hash).collect::<Option<_>>()?;
        let is_plain = old.to_string() == digits && proof.len() <= PROOF_MAX;
        is_plain.then(|| Self { old, proof, note: octets[at + 2..].to_vec() })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const TEXT: &str = "example.com/log\n7\nCsUYapGGPo4dkMgIAUqom/Xajj7h2fB2MPA3j2jxq2I=\n";

    #[test]
    fn only_the_witness_and_only_this_text() {
        let key = CosigningKey::of_seed("witness.example/w1", &[7; 32]).unwrap();
        let line = key.cosign(TEXT, 1_679_315_147);
        let log = crate::SigningKey::of_seed("example.com/log", &[8; 32]).unwrap();
        let note = log.sign(TEXT) + &line;
        let public = WitnessKey::of_line(&key.public().line()).unwrap();
        assert_eq!(cosigned(note.as_bytes(), &public), Ok((line.as_str(), 1_679_315_147)));
        assert_eq!(crate::opened(note.as_bytes(), log.public()), Ok(TEXT));
        let other = CosigningKey::of_seed("witness.example/w1", &[9; 32]).unwrap();
        assert_eq!(cosigned(note.as_bytes(), other.public()), Err(NoteError::OtherKey));
        let changed = note.replacen("\n7\n", "\n8\n", 1);
        assert_eq!(cosigned(changed.as_bytes(), &public), Err(NoteError::Signature));
        assert_eq!(cosigned(log.sign(TEXT).as_bytes(), &public), Err(NoteError::OtherKey));
        // A key for checkpoints is none for cosignatures, nor the other way round.
        assert_eq!(WitnessKey::of_line(&log.public().line()), Err(NoteError::Form));
        assert_eq!(crate::PublicKey::of_line(&public.line()), Err(NoteError::Form));
    }

    #[test]
    fn requests_are_read_as_they_were_written() {
        let note = b"example.com/log\n1\n\n\xe2\x80\x94 x eA==\n".to_vec();
        for proof in [vec![], vec![[7; 32], [9; 32]]] {
            let request = AddCheckpoint { old: 12, proof, note: note.clone() };
            assert_eq!(AddCheckpoint::read(&request.encode()), Some(request));
        }
        for bad in
            ["", "old 1", "old 01\n\nx", "old -1\n\nx", "old 1\neA==\n\nx", "new 1\n\nx", "old 1\n?\n\nx"]
        {
            assert_eq!(AddCheckpoint::read(bad.as_bytes()), None, "{bad:?}");
        }
        let many = AddCheckpoint { old: 1, proof: vec![[0; 32]; 64], note };
        assert_eq!(AddCheckpoint::read(&many.encode()), None);
    }
}
