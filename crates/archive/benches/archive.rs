//! How fast mails go in and come out: `cargo bench -p archive -- FOLDER [MAILS]`, where FOLDER holds one mail a file.

use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};
use std::{env, fs};

use archive::{Archive, Keyring, Known, Lock, Options, Stored, sha256};
use model::{AccountId, Flags, Position, Provenance, UnixMillis};

const BATCH: usize = 500;

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let mut arguments = env::args().skip(1).filter(|argument| !argument.starts_with("--"));
    let Some(folder) = arguments.next() else {
        println!("which mails? cargo bench -p archive -- FOLDER [MAILS]");
        return Ok(());
    };
    let count = arguments.next().and_then(|number| number.parse().ok()).unwrap_or(10_000);
    let mails = mails(Path::new(&folder), count)?;
    let octets: usize = mails.iter().map(Vec::len).sum();
    println!("{} mails, {:.1} MB, {} octets each", mails.len(), octets as f64 / 1e6, octets / mails.len());

    report("sha256", &mails, || mails.iter().map(|mail| u64::from(sha256(mail).0[0])).sum());
    for level in [1, 2, 3, 4, 6, 9] {
        let dir = tempfile::tempdir()?;
        let archive = open(dir.path(), Options { level, ..Options::default() })?;
        let mut encoder = archive.encoder();
        let mut stored = 0;
        report(&format!("encode, level {level}"), &mails, || {
            stored = 0;
            for (number, mail) in mails.iter().enumerate() {
                stored +=
                    encoder.encode(&provenance(number), mail).map_or(0, |encoded| encoded.stored_octets());
            }
            stored
        });
        println!(
            "{:>24} ratio {:.3}, {} octets a mail",
            "",
            octets as f64 / stored as f64,
            stored / mails.len() as u64
        );
    }
    let dir = tempfile::tempdir()?;
    let archive = open(dir.path(), Options::default())?;
    let places = fill(&archive, &mails)?;
    read(&archive, &places)?;
    stream(&archive)?;
    survey("scan", &archive, Archive::scan);
    survey("check", &archive, |archive| archive.check([].into()));
    Ok(())
}

fn open(dir: &Path, options: Options) -> Result<Archive, archive::Error> {
    let lock = Lock::take(dir)?;
    let keyring = Keyring::open(&dir.join("keyring"), &keys::MasterKey::from_octets([1; 32]), true)?;
    Archive::open(lock, keyring, options)
}

/// Appends in batches with one sync each.
fn fill(archive: &Archive, mails: &[Vec<u8>]) -> Result<Vec<Stored>, archive::Error> {
    let mut encoder = archive.encoder();
    let mut encoded = Vec::new();
    for (number, mail) in mails.iter().enumerate() {
        encoded.push(encoder.encode(&provenance(number), mail)?);
    }
    let (wall, cpu) = (Instant::now(), cpu());
    let mut places = Vec::new();
    let mut syncing = Duration::ZERO;
    let mut known = Known::new();
    for batch in encoded.chunks_mut(BATCH) {
        let mut stored = Vec::new();
        for one in batch {
            let appended = archive.append_mail(one, &mut known)?;
            stored.extend(appended.records());
            places.push(appended.mail);
        }
        let start = Instant::now();
        archive.sync(&stored)?;
        syncing += start.elapsed();
        archive.confirm(&stored);
    }
    line(&format!("append, sync per {BATCH}"), mails, wall.elapsed(), since(cpu));
    println!("{:>24} of which in sync {:.3} s", "", syncing.as_secs_f64());
    Ok(places)
}

/// Reads mails in no order, one at a time.
fn read(archive: &Archive, places: &[Stored]) -> Result<(), archive::Error> {
    let mut times = Vec::new();
    let (mut at, start) = (1_usize, cpu());
    for _ in 0..20_000 {
        at = at.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        let stored = &places[(at >> 33) % places.len()];
        let one = Instant::now();
        std::hint::black_box(archive.read_all(stored.location, 1 << 30)?);
        times.push(one.elapsed());
    }
    let cpu = since(start);
    times.sort_unstable();
    let micros = |part: usize| times[times.len() * part / 1_000].as_secs_f64() * 1e6;
    let mean = cpu.as_secs_f64() * 1e6 / times.len() as f64;
    println!("{:>24} p50 {:.1} µs, p99 {:.1} µs, {mean:.1} µs CPU", "read_all", micros(500), micros(990));
    Ok(())
}

/// Streams one large mail whose attachment does not compress.
fn stream(archive: &Archive) -> Result<(), archive::Error> {
    const LINE: usize = 76;
    let mut state = 88_172_645_463_325_252_u64;
    let mut piece = Vec::with_capacity(1 << 20);
    while piece.len() < 1 << 20 {
        for _ in 0..LINE {
            state ^= state << 13;
            state ^= state >> 7;
            state ^= state << 17;
            piece.push(
                b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/"
                    [(state >> 40) as usize % 64],
            );
        }
        piece.extend_from_slice(b"\r\n");
    }
    let (wall, start) = (Instant::now(), cpu());
    let mut put = archive.put(&provenance(0), std::sync::Arc::new(|_| Known::new()))?;
    for _ in 0..150 {
        put.push(&piece)?;
    }
    let stored = put.finish()?.mail;
    let mb = stored.octets as f64 / 1e6;
    let (wall, cpu) = (wall.elapsed().as_secs_f64(), since(start).as_secs_f64());
    println!("{:>24} {:.0} MB/s with sync, {:.0} MB/s CPU", "put, 157 MB of base64", mb / wall, mb / cpu);
    let (start, mut reader) = (self::cpu(), archive.get(stored.location)?);
    let read = std::io::copy(&mut reader, &mut std::io::sink())
        .map_err(|error| archive::Error::of_stream(error, Path::new("")))?;
    println!("{:>24} {:.0} MB/s CPU", "get, the same", read as f64 / 1e6 / since(start).as_secs_f64());
    Ok(())
}

fn survey(name: &str, archive: &Archive, walk: fn(&Archive) -> archive::Survey) {
    let start = cpu();
    let found = walk(archive).count();
    let mb = archive.usage().octets as f64 / 1e6;
    println!("{name:>24} {found} records, {:.0} stored MB/s CPU", mb / since(start).as_secs_f64());
}

/// The best of three.
fn report(name: &str, mails: &[Vec<u8>], mut work: impl FnMut() -> u64) {
    let mut best = Duration::MAX;
    for _ in 0..3 {
        let start = cpu();
        std::hint::black_box(work());
        best = best.min(since(start));
    }
    line(name, mails, best, best);
}

fn line(name: &str, mails: &[Vec<u8>], wall: Duration, cpu: Duration) {
    let octets: usize = mails.iter().map(Vec::len).sum();
    let (count, seconds) = (mails.len() as f64, wall.as_secs_f64());
    let each = cpu.as_secs_f64() * 1e6 / count;
    println!(
        "{name:>24} {:.0} MB/s, {:.0} mails/s, {each:.1} µs CPU a mail",
        octets as f64 / 1e6 / seconds,
        count / seconds
    );
}

/// CPU time of this thread: other work on the machine does not count.
fn cpu() -> Duration {
    let schedstat = fs::read_to_string("/proc/thread-self/schedstat").unwrap_or_default();
    Duration::from_nanos(schedstat.split(' ').next().and_then(|word| word.parse().ok()).unwrap_or(0))
}

fn since(start: Duration) -> Duration {
    cpu().saturating_sub(start)
}

fn mails(folder: &Path, count: usize) -> std::io::Result<Vec<Vec<u8>>> {
    let mut paths: Vec<PathBuf> =
        fs::read_dir(folder)?.map(|entry| entry.map(|entry| entry.path())).collect::<Result<_, _>>()?;
    paths.sort();
    // Spread over the whole folder.
    let step = (paths.len() / count.max(1)).max(1);
    paths.iter().step_by(step).filter(|path| path.is_file()).map(fs::read).collect()
}

fn provenance(number: usize) -> Provenance {
    Provenance {
        account: AccountId::from_octets([1; 16]),
        account_name: "office@example.org".to_owned(),
        mailbox: b"INBOX".to_vec(),
        position: Position::Imap { uid_validity: 1_700_000_000, uid: number as u32 },
        received: Some(UnixMillis(1_772_442_000_000)),
        fetched: UnixMillis(1_772_442_060_000),
        flags: Flags::default(),
        envelope: None,
    }
}
