//! COMPRESS=DEFLATE: what the server sends is unpacked in steps, what is sent to it goes as stored blocks.
//!
//! Source: RFC 4978; RFC 1951 §3.2.4 for stored blocks.

use std::io;

use connect::Stream;
use flate2::{Decompress, FlushDecompress, Status};
use tokio::io::AsyncReadExt;

use super::READ_OCTETS;

/// Octets unpacked in one step, so that a few that stand for very many fill no memory.
const STEP_OCTETS: usize = 32 << 10;

/// What the server sent packed cannot be unpacked.
#[derive(Debug, thiserror::Error)]
#[error("the octets are not deflated, or their stream has ended")]
pub(crate) struct Unpackable;

impl From<Unpackable> for io::Error {
    fn from(error: Unpackable) -> Self {
        Self::new(io::ErrorKind::InvalidData, error)
    }
}

/// Whether this is [`Unpackable`].
pub(crate) fn is_unpackable(error: &io::Error) -> bool {
    error.get_ref().and_then(|inner| inner.downcast_ref::<Unpackable>()).is_some()
}

/// Octets from the server that wait to be unpacked. About 40 KiB.
#[derive(Debug)]
pub(crate) struct Packed {
    inflate: Decompress,
    waiting: Vec<u8>,
    /// Octets of `waiting` that have been unpacked.
    at: usize,
    is_over: bool,
}

impl Packed {
    /// `waiting`: what came behind the server's consent.
    pub(crate) fn new(waiting: Vec<u8>) -> Self {
        Self { inflate: Decompress::new(false), waiting, at: 0, is_over: false }
    }

    /// Where octets from the server are to be appended.
    pub(crate) fn input(&mut self) -> &mut Vec<u8> {
        self.waiting.drain(..self.at);
        self.at = 0;
        self.waiting.reserve(READ_OCTETS);
        &mut self.waiting
    }

    /// Unpacks up to [`STEP_OCTETS`] to the end of `to`; how many there were. 0: more must be received first.
    pub(crate) fn unpack(&mut self, to: &mut Vec<u8>) -> Result<usize, Unpackable> {
        if self.is_over {
            return Err(Unpackable);
        }
        let from = to.len();
        to.resize(from + STEP_OCTETS, 0);
        let (read, written) = (self.inflate.total_in(), self.inflate.total_out());
        let done = self.inflate.decompress(&self.waiting[self.at..], &mut to[from..], FlushDecompress::None);
        let octets = (self.inflate.total_out() - written) as usize;
        self.at += (self.inflate.total_in() - read) as usize;
        to.truncate(from + octets);
        match done {
            Ok(Status::StreamEnd) => self.is_over = true,
            Ok(Status::Ok | Status::BufError) => {}
            Err(_) => return Err(Unpackable),
        }
        Ok(octets)
    }
}

/// Receives to the end of `input` what the server says next, unpacked if that was agreed; 0 octets: it hung up. May be
/// dropped at any time without a loss.
pub(crate) async fn receive(
    stream: &mut Stream,
    packed: &mut Option<Packed>,
    input: &mut Vec<u8>,
) -> io::Result<usize> {
    let Some(packed) = packed else { return stream.read_buf(input).await };
    loop {
        match packed.unpack(input)? {
            0 if stream.read_buf(packed.input()).await? == 0 => return Ok(0),
            0 => {}
            octets => return Ok(octets),
        }
    }
}

/// Octets as stored blocks: commands are short, and something that packs them would take 256 KiB a connection.
pub(crate) fn stored(octets: &[u8]) -> Vec<u8> {
    let mut blocks = Vec::with_capacity(octets.len() + 5);
    for block in octets.chunks(usize::from(u16::MAX)) {
        let length = block.len() as u16;
        blocks.push(0);
        blocks.extend_from_slice(&length.to_le_bytes());
        blocks.extend_from_slice(&(!length).to_le_bytes());
        blocks.extend_from_slice(block);
    }
    blocks
}

#[cfg(test)]
mod tests {
    use flate2::{Compress, Compression, FlushCompress};

    use super::*;

    /// As servers pack: each answer flushed.
    fn deflated(answers: &[&[u8]]) -> Vec<u8> {
        let mut deflate = Compress::new(Compression::default(), false);
        let mut packed = Vec::new();
        for answer in answers {
            packed.reserve(answer.len() + 100);
            deflate.compress_vec(answer, &mut packed, FlushCompress::Sync).expect("deflate takes everything");
        }
        packed
    }

    /// What comes of pieces; no step gives more than it may.
    fn unpacked<'a>(pieces: impl IntoIterator<Item = &'a [u8]>) -> Result<Vec<u8>, Unpackable> {
        let mut packed = Packed::new(Vec::new());
        let mut all = Vec::new();
        for piece in pieces {
            packed.input().extend_from_slice(piece);
            loop {
                let octets = packed.unpack(&mut all)?;
                assert!(octets <= STEP_OCTETS);
                if octets == 0 {
                    break;
                }
            }
        }
        Ok(all)
    }

    #[test]
    fn unpacks_at_every_split() {
        let answers: [&[u8]; 4] =
            [b"* 3 EXISTS\r\n", b"", b"* 1 FETCH (UID 1 BODY[] {5}\r\nab\r\nc)\r\n", b"p4 OK done\r\n"];
        let packed = deflated(&answers);
        for split in 0..=packed.len() {
            let pieces = [&packed[..split], &packed[split..]];
            assert_eq!(unpacked(pieces).expect("deflated"), answers.concat(), "split at {split}");
        }
        assert_eq!(unpacked(packed.chunks(1)).expect("deflated"), answers.concat());
    }

    #[test]
    fn few_octets_that_stand_for_many_come_in_steps() {
        let many = vec![b'a'; 50 << 20];
        let packed = deflated(&[&many]);
        assert!(packed.len() < 100_000);
        let mut bomb = Packed::new(packed);
        let (mut sum, mut step) = (0, Vec::new());
        loop {
            step.clear();
            match bomb.unpack(&mut step).expect("deflated") {
                0 => break,
                octets => sum += octets,
            }
            assert!(step.capacity() <= 2 * STEP_OCTETS);
        }
        assert_eq!(sum, many.len());
    }

    #[test]
    fn what_is_not_deflated_is_said() {
        assert!(unpacked([b"* OK not packed at all\r\n".as_slice()]).is_err());
        // A stream that has ended says nothing more.
        let mut ended = deflated(&[b"* BYE\r\n"]);
        ended.extend_from_slice(&[1, 0, 0, 0xff, 0xff]);
        assert!(unpacked([ended.as_slice()]).is_err());
    }

    #[test]
    fn stored_blocks_are_deflate() {
        for octets in [0, 1, 5, 65_535, 65_536, 200_000] {
            let command: Vec<u8> = (0..octets).map(|at| (at % 251) as u8).collect();
            assert_eq!(unpacked([stored(&command).as_slice()]).expect("deflated"), command);
        }
    }
}
