//! Values computed elsewhere: hashes by a Python script from the definitions of RFC 9162 §2.1, the note by `openssl`.

use std::collections::HashMap;
use std::convert::Infallible;

use model::UnixMillis;
use proptest::prelude::*;

use crate::payload::{Content, Frame, Row};
use crate::*;

fn hex(hash: &Hash) -> String {
    model::Sha256(*hash).to_string()
}

fn leaves(count: u64) -> Vec<Hash> {
    (0..count).map(|n| leaf_hash(&[n as u8, (n >> 8) as u8])).collect()
}

/// A tree in memory, as its definition says.
fn plain(leaves: &[Hash]) -> impl FnMut(u8, u64) -> Result<Hash, Infallible> {
    fn over(leaves: &[Hash]) -> Hash {
        if let [one] = leaves {
            return *one;
        }
        let (left, right) = leaves.split_at(leaves.len() / 2);
        node_hash(&over(left), &over(right))
    }
    move |height, n| {
        let from = (n << height) as usize;
        Ok(over(&leaves[from..from + (1 << height)]))
    }
}

fn digest(path: &[Hash]) -> String {
    sha256(&path.concat()).to_string()
}

#[test]
fn roots_are_those_of_the_definition() {
    let check = |count: u64, expected: &str| {
        let all = leaves(count);
        assert_eq!(hex(&root(count, plain(&all)).unwrap()), expected, "{count}");
        let mut builder = Builder::default();
        for leaf in &all {
            builder.push(*leaf, &mut |_, _| ());
        }
        assert_eq!(hex(&builder.root()), expected, "{count}, built");
    };
    check(0, "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
    check(1, "709e80c88487a2411e1ee4dfb9f22a861492d20c4765150c0c794abd70f8147c");
    check(2, "33b019d83ad6aa45cfbb815e6106347f7dc75a0f64cd461f0c3150192ec416c0");
    check(3, "bf8740bcc6a49ec46544b94fcf891631e8dd339af77907fc0cbc4e9e65cf40cd");
    check(7, "ef63c6b77d3d819057b0725726f43e00c577f8dc22529e2f61ddde7173b57021");
    check(8, "9e313c898cc548d0001631fdb45199167a74893f909908a63af8dc21499e4db1");
    check(255, "4a676cb8a52a8a8777457da3c85d8ce899db744e10b93c308a97c0a30238fe2d");
    check(256, "a85234b7fb59d4c74e620c8fa4fcc7162655c3cea4a12717cbdab7154e5c6ac0");
    check(257, "bbcc5331a488859f46f9a4abcaa2a9dc0f3399693cb66c34eb2c742ccf16d056");
    check(600, "d13e1284d9cee7a30253fefd4e1f09129bf9583ea82d2d0c5cfc7d8aa4b66ab3");
}

#[test]
fn paths_are_those_of_the_definition() {
    let check = |index: u64, size: u64, expected: &str, len: usize| {
        let all = leaves(size);
        let path = inclusion(index, size, plain(&all)).unwrap();
        assert_eq!((digest(&path).as_str(), path.len()), (expected, len), "{index} of {size}");
    };
    check(0, 1, "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855", 0);
    check(0, 7, "7f3c54ad88abcdc9cfdd24af2a319a7667baddd3f439f6beea7b6d3e3fd3906a", 3);
    check(5, 7, "ee6d3949cde9e0acf401ecedf664a42d7f216977c229355d30c7c6a669e0e4f3", 3);
    check(256, 257, "64485283b9091e5dccc131f9bc22cde0ecbe75d16b7c5983330ac58f76c75f56", 1);
    check(300, 600, "9a0017db02250dd0935a363a90eaadd92a69b2c30c6e043166bbfdc6a073d303", 10);
    let check = |old: u64, size: u64, expected: &str, len: usize| {
        let all = leaves(size);
        let path = consistency(old, size, plain(&all)).unwrap();
        assert_eq!((digest(&path).as_str(), path.len()), (expected, len), "{old} to {size}");
    };
    check(1, 2, "e29dac7c9e000f687572c5a1b84805837d583c894fd9fbabf2114c1d86ab7567", 1);
    check(3, 7, "9aea2ca309bcad27f23b54e1129de06fa3b3d24e51a57a80b2c320813cac5fd3", 4);
    check(4, 7, "d3fc7fdd62ab21ca1d8de34cb25e0986529b019f4e44d731058c37f0d69f46a5", 1);
    check(6, 8, "fdb311f78e99b3c49031466cc21912a70aa563218ce1c52904531d8dfe67ffe2", 3);
    check(256, 257, "abfb0844a8b130d3774f190d203c2a91a82a88404c739c2cf234803d81f89f60", 1);
    check(255, 600, "a69a45ea50527927b9660f4ef34677f79a3bb398474de3003b3118e9c923fa26", 11);
    check(511, 600, "2eda7f4064b00eaeaae0b08e20481751d9a23bb93da5c3a12ed07a5b3d8b57a9", 11);
}

#[test]
fn tiles_lie_where_the_specification_says() {
    let tile = |level, index, width| Tile { level, index, width }.path();
    assert_eq!(tile(0, 0, 256), "tile/0/000");
    assert_eq!(tile(2, 67, 3), "tile/2/067.p/3");
    assert_eq!(tile(0, 1_234_067, 256), "tile/0/x001/x234/067");
    assert_eq!(tile(1, 1_234_067, 8), "tile/1/x001/x234/067.p/8");
    assert_eq!(entries_path(1000, 255), "tile/entries/x001/000.p/255");
    assert_eq!(Tile::holding(0, 70_000, 70_001), Tile { level: 0, index: 273, width: 113 });
    assert_eq!(Tile::holding(1, 273, 70_001), Tile { level: 1, index: 1, width: 17 });
}

/// A path for ten million leaves stays below a kilobyte.
#[test]
fn a_path_of_ten_million_is_short() {
    let even = |height: u8, _: u64| Ok::<_, Infallible>([height; 32]);
    let longest = (0..10_000_000).step_by(99_991).map(|n| inclusion(n, 10_000_000, even).unwrap().len());
    assert_eq!(longest.max(), Some(24));
}

const NOTE: &str = "log.example/a\n3\nLXEWQrcmsEQBYnyp+6wy9chTD7GQPMTbAiWHF5IaSIE=\n\n\
    — log.example/a 2HC6tpljr7RAyJ3FkFEH9Yepc5+4h5mXsrKCql3v1vO5zNeVgbf4kWcFPRWfNl6YDdCfOWKTtZjjwQ93+V8wly41sQ4=\n";

#[test]
fn a_note_is_what_openssl_signs() {
    let mut seed = [0; 32];
    (0..).zip(&mut seed).for_each(|(n, octet)| *octet = n);
    let key = SigningKey::of_seed("log.example/a", &seed).unwrap();
    let line = "log.example/a+d870bab6+AQOhB7/zzhC+HXDdGOdLwJln5NYwm6UNXx3chmQSVTG4";
    assert_eq!(key.public().line(), line);
    assert_eq!(PublicKey::of_line(&format!("{line}\n")).unwrap(), *key.public());
    let checkpoint = Checkpoint { origin: "log.example/a".into(), size: 3, root: sha256(b"x").0 };
    assert_eq!(checkpoint.sign(&key), NOTE);
    assert_eq!(Checkpoint::open(NOTE.as_bytes(), key.public()).unwrap(), checkpoint);
    assert_eq!(signers(NOTE.as_bytes()), ["log.example/a"]);
    let other = SigningKey::of_seed("log.example/a", &[9; 32]).unwrap();
    assert_eq!(Checkpoint::open(NOTE.as_bytes(), other.public()), Err(NoteError::OtherKey));
    let changed = NOTE.replacen("\n3\n", "\n4\n", 1);
    assert_eq!(Checkpoint::open(changed.as_bytes(), key.public()), Err(NoteError::Signature));
    for line in ["", "a", "a+b", "a+00000000+AQ==", &line.replace("d870bab6", "d870bab7")] {
        assert_eq!(PublicKey::of_line(line), Err(NoteError::Form), "{line}");
    }
}

/// Everything that hangs on a note's octets: none of them can be another one.
#[test]
fn no_octet_of_a_note_can_change() {
    let key =
        PublicKey::of_line("log.example/a+d870bab6+AQOhB7/zzhC+HXDdGOdLwJln5NYwm6UNXx3chmQSVTG4").unwrap();
    for at in 0..NOTE.len() {
        let mut changed = NOTE.as_bytes().to_vec();
        changed[at] ^= 1;
        assert!(Checkpoint::open(&changed, &key).is_err(), "octet {at}");
        assert!(Checkpoint::open(&NOTE.as_bytes()[..at], &key).is_err(), "cut at {at}");
    }
}

#[test]
fn evidence_holds_only_for_its_leaf() {
    let salt = [3; SALT_LEN];
    let payload = br#"{"sha256":"00"}"#;
    let leaf = Leaf { index: 2, at: UnixMillis(5), kind: 1, commitment: commitment(&salt, payload) };
    let mut all = leaves(7);
    all[2] = leaf_hash(&leaf.encode());
    let checkpoint = Checkpoint { origin: "o".into(), size: 7, root: root(7, plain(&all)).unwrap() };
    let path = inclusion(2, 7, plain(&all)).unwrap();
    let evidence = Evidence::of(&leaf, &salt, payload, &path, "checkpoint", Some("mail.eml")).unwrap();
    let evidence = Evidence::of_text(evidence.text().as_bytes()).unwrap();
    let proven = evidence.check(&checkpoint).unwrap();
    assert_eq!((proven.leaf, proven.payload["sha256"].as_str()), (leaf, Some("00")));
    let other = Evidence { payload: r#"{"sha256":"01"}"#.into(), ..evidence.clone() };
    assert_eq!(other.check(&checkpoint), Err(EvidenceError::Payload));
    let other = Evidence { path: evidence.path[1..].to_vec(), ..evidence.clone() };
    assert_eq!(other.check(&checkpoint), Err(EvidenceError::NotIncluded));
    let later = Checkpoint { size: 3, ..checkpoint };
    assert!(evidence.check(&later).is_err());
}

proptest! {
    /// Of any tree, built in any pieces: proofs out of tiles hold, and hold for nothing else.
    #[test]
    fn proofs_out_of_tiles_hold(size in 1_u64..1500, old in 0_u64..1500, index in 0_u64..1500, cut in 0_u64..1500) {
        let (old, index, cut) = (old % size + 1, index % size, cut % size);
        let all: Vec<Hash> = (0..size).map(|n| leaf_hash(&n.to_be_bytes())).collect();
        let mut tiles: HashMap<(u8, u64), Vec<Hash>> = HashMap::new();
        let mut builder = Builder::default();
        let put = |tiles: &mut HashMap<_, _>, tile: Tile, hashes: &[Hash]| { tiles.insert((tile.level, tile.index), hashes.to_vec()); };
        for leaf in &all[..cut as usize] {
            builder.push(*leaf, &mut |tile, hashes| put(&mut tiles, tile, hashes));
        }
        for (tile, hashes) in builder.partial() { put(&mut tiles, tile, hashes); }
        let loaded = Builder::load(cut, |tile| {
            let hashes = tiles[&(tile.level, tile.index)].clone();
            assert_eq!(hashes.len(), usize::from(tile.width));
            Ok::<_, Infallible>(hashes)
        }).unwrap();
        prop_assert_eq!(loaded.root(), builder.root());
        let mut builder = loaded;
        for leaf in &all[cut as usize..] {
            builder.push(*leaf, &mut |tile, hashes| put(&mut tiles, tile, hashes));
        }
        for (tile, hashes) in builder.partial() { put(&mut tiles, tile, hashes); }
        prop_assert_eq!(builder.size(), size);
        let mut read = |level, n| Ok(tiles.get(&(level, n)).cloned().unwrap_or_default());
        let mut at = |height, n| tile_node(height, n, &mut read);
        let top = root(size, &mut at).unwrap();
        prop_assert_eq!(top, builder.root());
        prop_assert_eq!(top, root(size, plain(&all)).unwrap());
        let path = inclusion(index, size, &mut at).unwrap();
        prop_assert!(is_included(index, size, all[index as usize], &path, &top));
        prop_assert!(!is_included(index, size, [0; 32], &path, &top));
        for other in 0..size.min(40) {
            prop_assert!(other == index || !is_included(other, size, all[index as usize], &path, &top));
        }
        let old_root = root(old, plain(&all[..old as usize])).unwrap();
        let path = consistency(old, size, &mut at).unwrap();
        prop_assert!(is_consistent(old, size, &old_root, &top, &path));
        prop_assert!(old == size || !is_consistent(old, size, &[0; 32], &top, &path));
        prop_assert!(old == size || !is_consistent(old, size, &old_root, &[0; 32], &path));
    }

    #[test]
    fn headers_of_payload_files_come_back(first: u64, key in proptest::option::of(any::<[u8; 32]>()), at in 0_usize..128) {
        let mut sealed = [1; payload::SEALED_KEY_LEN];
        let key = key.map(|octets| {
            sealed[..32].copy_from_slice(&octets);
            sealed
        });
        let header = payload::Header { first, key };
        let mut octets = header.encode();
        prop_assert_eq!(payload::Header::decode(&[octets.as_slice(), b"more"].concat()), Some(header));
        let at = at % octets.len();
        octets[at] ^= 1;
        prop_assert_eq!(payload::Header::decode(&octets), None);
    }

    #[test]
    fn places_of_erased_rows_come_back(places in proptest::collection::btree_set(any::<u32>(), 0..20), sealed: Vec<u8>) {
        let places: Vec<u32> = places.into_iter().collect();
        let octets = payload::stored(&places, &sealed);
        prop_assert_eq!(payload::erased_places(&octets), Some((places, sealed.as_slice())));
    }

    #[test]
    fn rows_come_back(at in any::<i64>(), kind in any::<u16>(), subject in any::<Option<[u8; 16]>>(), erased: bool, payload in ".{0,60}") {
        let content = if erased { Content::Erased([7; 32]) } else {
            Content::Kept { salt: [8; SALT_LEN], payload: payload.into_bytes() }
        };
        let rows: Vec<Row> = (5..8).map(|index| Row { index, at: UnixMillis(at), kind, subject, content: content.clone() }).collect();
        let mut octets = Vec::new();
        for row in &rows { row.encode(&mut octets); }
        prop_assert_eq!(payload::rows(5, 3, &octets), Some(rows.clone()));
        prop_assert_eq!(payload::rows(5, 2, &octets), None);
        prop_assert_eq!(payload::rows(5, 3, &octets[..octets.len() - 1]), None);
        let frame = Frame::of(5, 3, &octets);
        prop_assert_eq!(Frame::decode(&frame.encode()), Some(frame));
        prop_assert!(frame.fits(&octets));
        octets[4] ^= 1;
        prop_assert!(!frame.fits(&octets));
        let leaf = rows[0].leaf();
        prop_assert_eq!(Leaf::decode(&leaf.encode()), Some(leaf));
    }

    /// Any octets are read or refused.
    #[test]
    fn nothing_panics(octets in proptest::collection::vec(any::<u8>(), 0..300), first: u64, count: u32) {
        entries(&octets);
        Leaf::decode(&octets);
        payload::rows(first, count, &octets);
        payload::Header::decode(&octets);
        payload::erased_places(&octets);
        Frame::decode(&octets);
        Evidence::of_text(&octets);
        signers(&octets);
        let key = SigningKey::of_seed("x", &[1; 32]).unwrap();
        prop_assert!(Checkpoint::open(&octets, key.public()).is_err());
    }
}

fn tile_node(
    height: u8,
    n: u64,
    read: &mut impl FnMut(u8, u64) -> Result<Vec<Hash>, Missing>,
) -> Result<Hash, Missing> {
    node(height, n, read, |_, _| Missing)
}

#[derive(Debug)]
struct Missing;
