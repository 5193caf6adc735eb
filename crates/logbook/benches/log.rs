//! How fast leaves are derived and signed, what memory that takes, how long proofs are. `LEAVES=n` for others than a million.

use std::time::Instant;

use keys::{MasterKey, Sealer};
use ledger::payload::{Content, Row};
use ledger::{Kind, leaf_hash};
use logbook::{BATCH, LogKeys, Logbook, PURPOSE};
use model::UnixMillis;

/// Rows as intake writes them, of about 400 octets.
fn rows(from: u64, to: u64) -> Vec<Row> {
    let row = |index: u64| {
        let digest = ledger::sha256(&index.to_be_bytes());
        let payload = format!(
            "{{\"mail\":\"0197c8e2-0000-7000-8000-{index:012x}\",\"sha256\":\"{digest}\",\"octets\":{},\"object\":\"{}\",\"segment\":\"0197c8e2-1111-7000-8000-000000000001\",\"offset\":{},\"account\":\"0197c8e2-2222-7000-8000-000000000001\",\"mailbox\":\"0197c8e2-3333-7000-8000-000000000001\",\"position\":{{\"uid_validity\":1,\"uid\":{index}}},\"received\":1770000000000,\"fetched\":1770000000000}}",
            1000 + index % 9000,
            &digest.to_string()[..32],
            index * 4096,
        );
        let mut salt = [0; ledger::SALT_LEN];
        salt.copy_from_slice(&digest.0[16..]);
        let subject = Some(salt);
        let content = Content::Kept { salt, payload: payload.into_bytes() };
        Row { index, at: UnixMillis(1_770_000_000_000), kind: Kind::Archived.code(), subject, content }
    };
    (from..to).map(row).collect()
}

fn resident() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"));
    line.and_then(|line| line.split_whitespace().next()?.parse().ok()).unwrap_or(0)
}

fn octets(dir: &std::path::Path) -> u64 {
    std::fs::read_dir(dir).into_iter().flatten().flatten().fold(0, |sum, entry| {
        let path = entry.path();
        sum + if path.is_dir() { octets(&path) } else { entry.metadata().map_or(0, |about| about.len()) }
    })
}

fn main() {
    let leaves: u64 = std::env::var("LEAVES").ok().and_then(|count| count.parse().ok()).unwrap_or(1_000_000);
    let dir = tempfile::tempdir().expect("a temporary folder can be made");
    let sealer = Sealer::new(&MasterKey::from_octets([1; 32]), PURPOSE);
    let keys = LogKeys::open(dir.path(), &sealer).expect("the folder is empty");
    let mut book = Logbook::open(dir.path(), keys).expect("the folder is empty");
    let mut seconds = 0.0;
    while book.size() < leaves {
        let batch = rows(book.size(), leaves.min(book.size() + BATCH as u64));
        let begun = Instant::now();
        book.append(&batch).expect("rows follow each other");
        seconds += begun.elapsed().as_secs_f64();
        if book.size().is_multiple_of(BATCH as u64 * 16) {
            println!("{:>9} leaves, {} MB resident", book.size(), resident() / 1000);
        }
    }
    println!(
        "append: {:.0} leaves/s, {:.1} octets a leaf on the disk",
        leaves as f64 / seconds,
        octets(dir.path()) as f64 / leaves as f64
    );
    let begun = Instant::now();
    let (mut longest, mut count) = (0, 0);
    for index in (0..leaves).step_by(leaves as usize / 1000 + 1) {
        let path = book.inclusion(index, leaves).expect("the tiles are there");
        (longest, count) = (longest.max(path.len()), count + 1);
        assert_ne!(book.leaf_at(index).expect("the tiles are there"), leaf_hash(b""));
    }
    let micros = begun.elapsed().as_micros() / count;
    println!("inclusion proof: at most {} octets, {micros} µs each", longest * 32);
    let longest = (0..10_000_000).step_by(9973).map(|index| {
        ledger::inclusion(index, 10_000_000, |height, _| Ok::<_, ()>([height; 32]))
            .map_or(0, |path| path.len())
    });
    println!("inclusion proof at 10,000,000 leaves: at most {} octets", longest.max().unwrap_or(0) * 32);
}
