use model::SegmentId;
use proptest::prelude::*;

use super::*;
use crate::Crc;
use crate::record::Block;

fn mark() -> Mark {
    Mark::of(SegmentId::from_octets([5; 16]))
}

fn header(kind: Kind, slot: u64) -> Header {
    let compression = Compression::Zstd { dictionary: 1 };
    Header { object_id: ObjectId::from_octets([3; 16]), kind, compression, slot, salt: [9; 8] }
}

/// Octets that stay what they are for ever.
#[test]
fn the_layout_is_fixed() {
    let mut out = Vec::new();
    let crc = header(Kind::Pieces, 0x0102_0304).encode(mark(), b"sealed", &mut out).unwrap();
    assert_eq!(out.len(), HEADER_MIN + 12);
    assert_eq!(out[16..24], [2, 2, 1, 1, 1, 0, 0, 0]);
    assert_eq!(out[24..40], [3; 16]);
    assert_eq!(out[40..56], [4, 3, 2, 1, 0, 0, 0, 0, 9, 9, 9, 9, 9, 9, 9, 9]);
    assert_eq!(&out[56..68], b"\x01\0\x06\0\0\0sealed");
    assert_eq!(out[68..], crc.to_le_bytes());
    assert_eq!(frame_nonce(7), [0, 0, 0, 0, 7, 0, 0, 0, 0, 0, 0, 0]);
    assert_eq!(header(Kind::Whole, 0).provenance_nonce(), [1, 0, 0xfe, 0xff, 9, 9, 9, 9, 9, 9, 9, 9]);
    assert_eq!(header(Kind::Whole, 0).list_nonce()[..4], [0xfe, 0xff, 0xff, 0xff]);
    assert_eq!(header(Kind::Whole, 0).trailer_nonce()[..4], [0xff; 4]);
}

#[test]
fn headers_of_both_versions_are_read() {
    let mut out = Vec::new();
    let open = RecordHeader {
        object_id: ObjectId::from_octets([4; 16]),
        compression: Compression::None,
        provenance: b"here",
    };
    let crc = open.encode(mark(), &mut out).unwrap();
    assert_eq!(AnyHeader::decode(&out, mark()), Ok((AnyHeader::Open(open), out.len(), crc)));
    for kind in [Kind::Whole, Kind::Pieces, Kind::Object] {
        let (header, mut out) = (header(kind, u64::MAX), Vec::new());
        let crc = header.encode(mark(), b"x", &mut out).unwrap();
        let sealed = AnyHeader::Sealed(header, b"x");
        assert_eq!(AnyHeader::decode(&out, mark()), Ok((sealed, out.len(), crc)));
        // What must be known and is not.
        for (at, octet) in [(17, 4), (18, 2), (19, 2), (22, 1), (16, 3)] {
            let mut later = out.clone();
            later[at] = octet;
            let end = later.len() - 4;
            let crc = Crc::of(&later[..end]).to_le_bytes();
            later[end..].copy_from_slice(&crc);
            assert_eq!(AnyHeader::decode(&later, mark()), Err(Defect::Unsupported), "{at}");
        }
    }
    let mut out = Vec::new();
    let long = vec![0; RECORD_HEADER_MAX];
    assert_eq!(header(Kind::Whole, 0).encode(mark(), &long, &mut out), Err(Defect::Value));
    assert!(out.is_empty());
}

#[test]
fn lists_are_blocks() {
    let stored = [1; 40];
    let list = FrameHeader::before(24, 40, false, true).with_checksum(&stored);
    assert_eq!(Block::decode(&list.encode()), Ok(Block::List(list)));
    assert_eq!(list.verify(&stored), Ok(()));
    let frame = FrameHeader { list: false, ..list };
    assert_eq!(frame.verify(&stored), Err(Defect::Checksum));
    assert_ne!(
        frame_data(ObjectId::from_octets([1; 16]), &frame),
        frame_data(ObjectId::from_octets([1; 16]), &list)
    );
}

proptest! {
    #[test]
    fn trailers_come_back(
        frames: u32, octets: u64, raw: u64, record_len: u64, sha in any::<[u8; 16]>(), list_len: u32,
        crcs in proptest::collection::vec(any::<u32>(), 0..4), at in 0_usize..TRAILER_LEN,
    ) {
        let mut sha256 = [7; 48];
        sha256[..16].copy_from_slice(&sha);
        let trailer = Trailer { frames, octets, raw, record_len, sha256, list_len };
        let mut chain = Chain::new(1);
        for crc in crcs {
            chain.frame(&FrameHeader { crc, ..FrameHeader::before(1, 1, false, false) });
        }
        let mut octets = trailer.encode(&chain);
        prop_assert_eq!(Block::decode(&octets[..16]), Ok(Block::SealedTrailer));
        prop_assert_eq!(Trailer::decode(&octets, &chain), Ok(trailer));
        octets[at] ^= 1;
        prop_assert!(Trailer::decode(&octets, &chain).is_err());
    }

    #[test]
    fn any_octets_are_a_header_or_none(octets in proptest::collection::vec(any::<u8>(), 0..300)) {
        let mut whole = mark().behind(MAGIC).to_vec();
        whole.extend_from_slice(&(octets.len() as u32 + 17).to_le_bytes());
        whole.push(2);
        whole.extend_from_slice(&octets);
        let end = whole.len();
        let _ = AnyHeader::decode(&whole, mark());
        if let Some(body) = end.checked_sub(4).filter(|body| *body > 20) {
            let crc = Crc::of(&whole[..body]).to_le_bytes();
            whole[body..].copy_from_slice(&crc);
            let _ = AnyHeader::decode(&whole, mark());
        }
    }
}
