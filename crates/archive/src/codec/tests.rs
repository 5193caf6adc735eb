use model::{AccountId, Flags, ObjectId, Position, UnixMillis};
use proptest::prelude::*;

use proof::Defect;

use super::{Decoder, Encoder, Hash, Opening, RecordKey, compression, sha256};
use crate::Options;

fn provenance() -> model::Provenance {
    model::Provenance {
        account: AccountId::from_octets([1; 16]),
        account_name: "test".to_owned(),
        mailbox: b"INBOX".to_vec(),
        position: Position::Imap { uid_validity: 1, uid: 1 },
        received: None,
        fetched: UnixMillis(0),
        flags: Flags::default(),
        envelope: None,
    }
}

fn id() -> ObjectId {
    ObjectId::from_octets([2; 16])
}

fn key() -> RecordKey {
    RecordKey::new([3; 32])
}

#[test]
fn digest_is_sha256() {
    let empty = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855";
    assert_eq!(sha256(b"").to_string(), empty);
    let mut hash = Hash::new();
    hash.update(b"a");
    hash.update(b"bc");
    assert_eq!(hash.finish(), sha256(b"abc"));
}

#[test]
fn dictionary_is_the_one_of_version_1() {
    let digest = sha256(super::DICTIONARY_V1);
    assert_eq!(digest.to_string(), include_str!("../../dictionary/v1.sha256").trim());
}

#[test]
fn every_level_is_read_by_the_same_decoder() {
    let mail = b"Received: from mx.example by mail.example; Mon, 2 Mar 2026 09:00:00 +0000\r\n".repeat(50);
    for level in [0, 1, 2, 3, 9, 19, 200] {
        let (mut encoder, mut out) = (Encoder::new(level), Vec::new());
        let frame = encoder.frame(id(), &key(), 7, &mail, &mut out);
        assert!(frame.compressed);
        let (mut decoder, key) = (Decoder::new(), key());
        let of = Opening { object_id: id(), compression: compression(), key: Some(&key) };
        assert_eq!(decoder.frame(&of, 7, &frame, &out[16..]).unwrap(), mail);
        // Elsewhere, as another frame, or changed it is none.
        assert_eq!(decoder.frame(&of, 8, &frame, &out[16..]), Err(Defect::Sealed));
        let other = Opening { object_id: ObjectId::from_octets([9; 16]), ..of };
        assert_eq!(decoder.frame(&other, 7, &frame, &out[16..]), Err(Defect::Sealed));
        out[20] ^= 1;
        assert_eq!(decoder.frame(&of, 7, &frame, &out[16..]), Err(Defect::Sealed));
    }
}

#[test]
fn what_does_not_shrink_is_stored_as_it_is() {
    let mut encoder = Encoder::new(Options::default().level);
    let encoded = encoder.encode(&provenance(), b"x").unwrap();
    assert!(!encoded.frames[0].compressed);
    let encoded = encoder.encode(&provenance(), b"").unwrap();
    assert!(encoded.frames.is_empty());
    assert_eq!(encoded.octets(), 0);
}

proptest! {
    #[test]
    fn any_octets_come_back(octets in prop::collection::vec(any::<u8>(), 1..5000)) {
        let (mut encoder, mut out) = (Encoder::new(3), Vec::new());
        let frame = encoder.frame(id(), &key(), 0, &octets, &mut out);
        let (mut decoder, key) = (Decoder::new(), key());
        let of = Opening { object_id: id(), compression: compression(), key: Some(&key) };
        prop_assert_eq!(decoder.frame(&of, 0, &frame, &out[16..]).unwrap(), &octets);
    }

    #[test]
    fn damaged_frames_end(mut octets in prop::collection::vec(any::<u8>(), 1..500), raw_len in 1_u32..1 << 20) {
        let frame = proof::record::FrameHeader { list: false, compressed: true, raw_len, stored_len: 0, crc: 0 };
        let mut decoder = Decoder::new();
        let of = Opening { object_id: id(), compression: compression(), key: None };
        let _ = decoder.frame(&of, 0, &frame, &octets);
        octets.splice(0..0, [0x28, 0xb5, 0x2f, 0xfd]);
        let _ = decoder.frame(&of, 0, &frame, &octets);
    }
}
