use model::{ObjectId, SegmentId, UnixMillis};
use proptest::prelude::*;

use super::{
    FOOTER_TAIL_LEN, FooterTail, IndexEntry, SEGMENT_HEADER_LEN, SegmentHeader, footer_entries, footer_head,
};
use crate::record::Mark;
use crate::{Crc, Defect};

proptest! {
    #[test]
    fn header_comes_back(id in any::<[u8; 16]>(), created in any::<i64>()) {
        let header = SegmentHeader { id: SegmentId::from_octets(id), created: UnixMillis(created) };
        prop_assert_eq!(SegmentHeader::decode(&header.encode()), Ok(header));
    }

    #[test]
    fn header_damage_is_found(at in 0..SEGMENT_HEADER_LEN, change in 1_u8..) {
        let header = SegmentHeader { id: SegmentId::from_octets([5; 16]), created: UnixMillis(1) };
        let mut octets = header.encode();
        octets[at] ^= change;
        prop_assert!(SegmentHeader::decode(&octets).is_err());
    }

    #[test]
    fn tail_comes_back(footer_at in 128..u64::MAX >> 1, octets: u64, sealed: i64, entries: u32, entries_crc: u32) {
        let tail = FooterTail { footer_at, octets, sealed: UnixMillis(sealed), entries, entries_crc };
        let file_len = footer_at + tail.footer_len();
        prop_assert_eq!(FooterTail::decode(&tail.encode(), file_len), Ok(tail));
        prop_assert_eq!(FooterTail::decode(&tail.encode(), file_len - 1), Err(Defect::Value));
    }

    #[test]
    fn tail_damage_is_found(at in 0..FOOTER_TAIL_LEN, change in 1_u8..) {
        let tail =
            FooterTail { footer_at: 128, octets: 1, sealed: UnixMillis(2), entries: 3, entries_crc: 4 };
        let mut octets = tail.encode();
        octets[at] ^= change;
        prop_assert!(FooterTail::decode(&octets, 128 + tail.footer_len()).is_err());
    }

    #[test]
    fn entry_comes_back(id in any::<[u8; 16]>(), at: u64, len: u64) {
        let entry = IndexEntry { object_id: ObjectId::from_octets(id), at, len };
        prop_assert_eq!(IndexEntry::decode(&entry.encode()), Ok(entry));
    }

    #[test]
    fn any_octets_end(octets in any::<Vec<u8>>(), file_len: u64) {
        let _ = SegmentHeader::decode(&octets);
        let _ = FooterTail::decode(&octets, file_len);
        let _ = IndexEntry::decode(&octets);
        let _ = footer_entries(&octets, Mark::of(SegmentId::from_octets([1; 16])));
    }
}

#[test]
fn footer_begins_with_the_mark() {
    let (own, other) = ([1; 16], [2; 16]);
    let head = footer_head(Mark::of(SegmentId::from_octets(own)), 77);
    assert_eq!(footer_entries(&head, Mark::of(SegmentId::from_octets(own))), Ok(77));
    assert_eq!(footer_entries(&head, Mark::of(SegmentId::from_octets(other))), Err(Defect::Magic));
}

#[test]
fn another_format_version_is_told_apart_from_damage() {
    let mut octets = SegmentHeader { id: SegmentId::from_octets([5; 16]), created: UnixMillis(1) }.encode();
    octets[8] = 2;
    assert_eq!(SegmentHeader::decode(&octets), Err(Defect::Checksum));
    let crc = Crc::of(&octets[..124]);
    octets[124..].copy_from_slice(&crc.to_le_bytes());
    assert_eq!(SegmentHeader::decode(&octets), Err(Defect::Unsupported));
}
