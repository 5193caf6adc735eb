use model::{AccountId, Client, Envelope, Flags, Position, Provenance, ReversePath, UnixMillis};
use proptest::prelude::*;

use super::{decode, encode};
use crate::Defect;

fn position() -> impl Strategy<Value = Position> {
    prop_oneof![
        any::<(u32, u32)>().prop_map(|(uid_validity, uid)| Position::Imap { uid_validity, uid }),
        any::<String>().prop_map(|unique_id| Position::Unique { unique_id }),
        any::<String>().prop_map(|locator| Position::File { locator }),
    ]
}

fn envelope() -> impl Strategy<Value = Envelope> {
    let reverse_path = proptest::option::of(prop_oneof![
        Just(ReversePath::Null),
        any::<String>().prop_map(ReversePath::Path),
    ]);
    let forward_paths = proptest::collection::vec(any::<String>(), 0..5);
    let client = proptest::option::of((any::<std::net::IpAddr>(), any::<String>()));
    let client = client.prop_map(|client| client.map(|(ip, helo)| Client { ip, helo }));
    (reverse_path, forward_paths, client).prop_map(|(reverse_path, forward_paths, client)| Envelope {
        reverse_path,
        forward_paths,
        client,
    })
}

prop_compose! {
    fn provenance()(
        account in any::<[u8; 16]>(),
        account_name in any::<String>(),
        mailbox in any::<Vec<u8>>(),
        position in position(),
        received in proptest::option::of(any::<i64>()),
        fetched in any::<i64>(),
        flags in any::<[bool; 5]>(),
        envelope in proptest::option::of(envelope()),
    ) -> Provenance {
        let [seen, answered, flagged, draft, deleted] = flags;
        Provenance {
            account: AccountId::from_octets(account),
            account_name,
            mailbox,
            position,
            received: received.map(UnixMillis),
            fetched: UnixMillis(fetched),
            flags: Flags { seen, answered, flagged, draft, deleted },
            envelope,
        }
    }
}

proptest! {
    #[test]
    fn comes_back(provenance in provenance(), later in any::<Vec<u8>>()) {
        let mut octets = Vec::new();
        encode(&provenance, &mut octets);
        prop_assert_eq!(decode(&octets), Ok(provenance.clone()));
        octets.extend_from_slice(&later);
        prop_assert_eq!(decode(&octets), Ok(provenance));
    }

    #[test]
    fn cut_short_is_a_defect(provenance in provenance(), cut in any::<prop::sample::Index>()) {
        let mut octets = Vec::new();
        encode(&provenance, &mut octets);
        let cut = cut.index(octets.len());
        // Records of earlier versions end before the client.
        let earlier = Provenance { envelope: provenance.envelope.map(|it| Envelope { client: None, ..it }), ..provenance };
        let mut octets_of_earlier = Vec::new();
        encode(&earlier, &mut octets_of_earlier);
        let is_earlier = earlier.envelope.is_some() && cut + 1 == octets_of_earlier.len();
        let expected = if is_earlier { Ok(earlier) } else { Err(Defect::Provenance) };
        prop_assert_eq!(decode(&octets[..cut]), expected);
    }

    #[test]
    fn any_octets_end(mut octets in any::<Vec<u8>>()) {
        let _ = decode(&octets);
        if let Some(first) = octets.first_mut() {
            *first = 1;
        }
        let _ = decode(&octets);
    }
}

#[test]
fn other_version_is_told_apart() {
    assert_eq!(decode(&[2, 0, 0]), Err(Defect::Unsupported));
    assert_eq!(decode(&[]), Err(Defect::Provenance));
}

#[test]
fn a_lying_count_reserves_nothing() {
    let provenance = Provenance {
        account: AccountId::from_octets([7; 16]),
        account_name: String::new(),
        mailbox: Vec::new(),
        position: Position::Imap { uid_validity: 1, uid: 2 },
        received: None,
        fetched: UnixMillis(0),
        flags: Flags::default(),
        envelope: Some(Envelope::default()),
    };
    let mut octets = Vec::new();
    encode(&provenance, &mut octets);
    // Who handed it over, and the count.
    octets.truncate(octets.len() - 2);
    octets.extend_from_slice(&[0xff; 9]);
    octets.push(1);
    assert_eq!(decode(&octets), Err(Defect::Provenance));
}
