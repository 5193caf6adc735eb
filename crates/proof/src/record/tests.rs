use model::{ObjectId, SegmentId, Sha256};
use proptest::prelude::*;

use super::{
    Block, Chain, Compression, FRAME_HEADER_LEN, FRAME_RAW_MAX, FRAME_STORED_MAX, FrameHeader, Mark,
    RECORD_HEADER_MAX, RecordHeader, TRAILER_LEN, Trailer, next_record,
};
use crate::Defect;

fn mark(octet: u8) -> Mark {
    Mark::of(SegmentId::from_octets([octet; 16]))
}

fn compression() -> impl Strategy<Value = Compression> {
    prop_oneof![Just(Compression::None), any::<u16>().prop_map(|dictionary| Compression::Zstd { dictionary })]
}

/// A whole record: header, the frames, trailer.
fn record(mark: Mark, header: &RecordHeader<'_>, frames: &[Vec<u8>], sha256: [u8; 32]) -> Vec<u8> {
    let mut octets = Vec::new();
    let mut chain = Chain::new(header.encode(mark, &mut octets).unwrap());
    for stored in frames {
        let frame = FrameHeader::of(stored, stored.len(), false).unwrap();
        chain.frame(&frame);
        octets.extend_from_slice(&frame.encode());
        octets.extend_from_slice(stored);
    }
    let trailer = Trailer {
        frames: frames.len() as u32,
        octets: frames.iter().map(|stored| stored.len() as u64).sum(),
        record_len: (octets.len() + TRAILER_LEN) as u64,
        sha256: Sha256(sha256),
    };
    octets.extend_from_slice(&trailer.encode(&chain));
    octets
}

/// Reads a whole record as a reader would; every octet is checked.
fn read(octets: &[u8], mark: Mark) -> Result<(ObjectId, Vec<Vec<u8>>, Trailer), Defect> {
    let (header, mut at, crc) = RecordHeader::decode(octets, mark)?;
    let (mut chain, mut frames) = (Chain::new(crc), Vec::new());
    loop {
        match Block::decode(&octets[at..])? {
            Block::Frame(frame) => {
                let start = at + FRAME_HEADER_LEN;
                let end = start + frame.stored_len as usize;
                let stored = octets.get(start..end).ok_or(Defect::Short)?;
                frame.verify(stored)?;
                chain.frame(&frame);
                frames.push(stored.to_vec());
                at = end;
            }
            Block::List(_) | Block::SealedTrailer => return Err(Defect::Magic),
            Block::Trailer => {
                return Ok((header.object_id, frames, Trailer::decode(&octets[at..], &chain)?));
            }
        }
    }
}

proptest! {
    #[test]
    fn comes_back(
        id in any::<[u8; 16]>(),
        compression in compression(),
        provenance in any::<Vec<u8>>(),
        frames in prop::collection::vec(prop::collection::vec(any::<u8>(), 1..300), 0..4),
        sha256 in any::<[u8; 32]>(),
    ) {
        let header = RecordHeader {
            object_id: ObjectId::from_octets(id),
            compression,
            provenance: &provenance,
        };
        let octets = record(mark(1), &header, &frames, sha256);
        let (decoded, _, _) = RecordHeader::decode(&octets, mark(1)).unwrap();
        prop_assert_eq!(decoded, header);
        let (object_id, found, trailer) = read(&octets, mark(1)).unwrap();
        prop_assert_eq!(object_id, header.object_id);
        prop_assert_eq!(found, frames);
        prop_assert_eq!(trailer.record_len, octets.len() as u64);
        prop_assert_eq!(trailer.sha256, Sha256(sha256));
    }

    #[test]
    fn one_changed_octet_is_found(
        frames in prop::collection::vec(prop::collection::vec(any::<u8>(), 1..100), 0..3),
        at in any::<prop::sample::Index>(),
        change in 1_u8..,
    ) {
        let header = RecordHeader {
            object_id: ObjectId::from_octets([9; 16]),
            compression: Compression::Zstd { dictionary: 1 },
            provenance: b"somewhere",
        };
        let mut octets = record(mark(1), &header, &frames, [3; 32]);
        let at = at.index(octets.len());
        octets[at] ^= change;
        prop_assert!(read(&octets, mark(1)).is_err());
    }

    #[test]
    fn any_octets_end(octets in any::<Vec<u8>>()) {
        let _ = read(&octets, mark(1));
        let _ = Block::decode(&octets);
        let _ = Trailer::decode(&octets, &Chain::new(0));
        let _ = next_record(&octets, mark(1));
        let mut framed = mark(1).behind(super::MAGIC).to_vec();
        framed.extend_from_slice(&octets);
        let _ = read(&framed, mark(1));
    }

    #[test]
    fn the_next_record_is_found(before in any::<Vec<u8>>()) {
        let header = RecordHeader {
            object_id: ObjectId::from_octets([9; 16]),
            compression: Compression::None,
            provenance: &[],
        };
        let mut octets = before.clone();
        octets.extend_from_slice(&record(mark(1), &header, &[], [0; 32]));
        prop_assert_eq!(next_record(&octets, mark(1)), Some(before.len()));
        prop_assert_eq!(next_record(&octets, mark(2)), None);
    }
}

#[test]
fn lengths_are_bounded() {
    assert_eq!(FrameHeader::of(&[], 1, false), Err(Defect::Value));
    assert_eq!(FrameHeader::of(&[0], 0, false), Err(Defect::Value));
    assert_eq!(FrameHeader::of(&[0], FRAME_RAW_MAX + 1, true), Err(Defect::Value));
    assert_eq!(FrameHeader::of(&vec![0; FRAME_STORED_MAX + 1], 1, true), Err(Defect::Value));
    let provenance = vec![0; RECORD_HEADER_MAX];
    let header = RecordHeader {
        object_id: ObjectId::from_octets([0; 16]),
        compression: Compression::None,
        provenance: &provenance,
    };
    let mut out = Vec::new();
    assert_eq!(header.encode(mark(1), &mut out), Err(Defect::Value));
    assert!(out.is_empty());
}

#[test]
fn a_record_of_another_segment_is_none() {
    let header = RecordHeader {
        object_id: ObjectId::from_octets([0; 16]),
        compression: Compression::None,
        provenance: &[],
    };
    let octets = record(mark(1), &header, &[], [0; 32]);
    assert_eq!(RecordHeader::decode(&octets, mark(2)).map(|_| ()), Err(Defect::Magic));
}
