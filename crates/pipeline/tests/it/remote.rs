//! Sealed segments in a store with Object Lock: sent, caught up with, compared, and fetched back.

use std::fs;
use std::path::{Path, PathBuf};

use connect::Trust;
use model::{EventId, SegmentId};
use pipeline::{Fault, RemoteLock, RemoteSettings, RemoteStep, RemoteStorage};
use store::Event;
use test_support::{Moto, Random};
use uuid::Uuid;

use crate::world::{World, import, now, wait, write};

pub(crate) fn settings(moto: &Moto, bucket: &str) -> RemoteSettings {
    RemoteSettings {
        endpoint: moto.url(),
        region: String::new(),
        bucket: bucket.to_owned(),
        prefix: "here/mails".to_owned(),
        path_style: true,
        access_key: "test".to_owned(),
        secret: Some("test".into()),
        trust: (Trust::System, "\"system\"".to_owned()),
        active: true,
    }
}

pub(crate) fn event() -> Event {
    Event {
        id: EventId::new(Uuid::now_v7()),
        at: now(),
        actor: "test".to_owned(),
        kind: "remote.changed".to_owned(),
        subject: String::new(),
        payload: "{}".to_owned(),
    }
}

fn set(world: &World, moto: &Moto, bucket: &str) {
    world.engine.set_remote(Some(&settings(moto, bucket)), event()).unwrap().unwrap();
}

/// Mails that fill some segments.
fn fill(world: &World, name: &str) {
    let folder = world.data().with_file_name(name);
    let mut random = Random(name.bytes().map(u64::from).sum());
    for n in 0..20 {
        let noise: String = (0..8_000).map(|_| char::from(b'!' + random.below(90) as u8)).collect();
        let mail = format!("From: a@example.org\nSubject: {name} {n}\nMessage-ID: <{n}@{name}>\n\n{noise}\n");
        write(&folder.join(format!("{n:02}.eml")), &mail);
    }
    import(world, "Info", &folder);
}

fn sent(world: &World) -> (u64, u64) {
    let state = world.engine.remote_state().unwrap();
    (state.there.0, state.waiting.0)
}

fn send(world: &World) -> bool {
    world.runtime.block_on(world.engine.send_segments()).unwrap()
}

/// What the comparison with the store finds.
fn faults(world: &World) -> Vec<(SegmentId, &'static str)> {
    let mut checked = world.runtime.block_on(world.engine.check_remote(&mut |_| ())).unwrap();
    let of = |fault| match fault {
        Fault::Remote { segment, kind, .. } => (segment, kind),
        other => panic!("{other:?}"),
    };
    checked.take_faults().into_iter().map(of).collect()
}

fn path_of(bucket: &str, segment: SegmentId) -> String {
    format!("/{bucket}/here/mails/segments/{segment}.seg")
}

fn file_of(data: &Path, segment: SegmentId) -> PathBuf {
    data.join(format!("archive/{segment}.seg"))
}

const PUT: &[&str] = &["x-amz-sdk-checksum-algorithm: SHA256"];

#[test]
fn what_is_sealed_goes_out_and_an_outage_is_caught_up_with() {
    let Some(mut moto) = Moto::start() else { return };
    moto.make_bucket("mails", true);
    let world = World::sealing();
    fill(&world, "first");
    let sealed = world.engine.archive().protection().unwrap().sealed;
    assert!(sealed >= 3, "{sealed}");
    assert_eq!(sent(&world), (0, sealed));
    assert!(send(&world), "none is set");

    let tested = world.runtime.block_on(world.engine.test_remote(settings(&moto, "mails"))).unwrap();
    let steps: Vec<_> = tested.steps.iter().map(|(step, error)| (*step, error.is_none())).collect();
    assert_eq!(
        steps,
        [(RemoteStep::Bucket, true), (RemoteStep::Write, true), (RemoteStep::Lock, true)],
        "{tested:?}"
    );
    assert_eq!(tested.lock, Some(RemoteLock::Held { mode: "COMPLIANCE".to_owned(), days: 1 }));
    let tested = world.runtime.block_on(world.engine.test_remote(settings(&moto, "nowhere"))).unwrap();
    assert!(
        matches!(tested.steps[..], [(RemoteStep::Bucket, Some(pipeline::RemoteError::NoBucket))]),
        "{tested:?}"
    );

    // What is sealed already, and then what is sealed while the task runs.
    set(&world, &moto, "mails");
    let task = RemoteStorage::start(world.engine.clone(), world.runtime());
    wait(|| (sent(&world) == (sealed, 0)).then_some(()));
    let segment = world.store().remote_segments().unwrap()[0].clone();
    assert!(segment.version.is_some());
    let there = moto.ask("GET", &path_of("mails", segment.segment), &[], b"").2;
    assert!(there == fs::read(file_of(&world.data(), segment.segment)).unwrap());
    task.stop();

    // While it is away nothing stops, the doctor says so, and later everything follows.
    moto.stop();
    fill(&world, "second");
    let more = world.engine.archive().protection().unwrap().sealed;
    assert!(more > sealed);
    assert!(!send(&world));
    assert_eq!(sent(&world), (sealed, more - sealed));
    assert_eq!(world.mails(), 40);
    let (why, since) = world.store().remote_storage().unwrap().unwrap().last_error.unwrap();
    assert!(!why.is_empty() && since <= now());
    // Begun anew it is empty: what was noted is missing there, and named; what follows goes out.
    moto.start_again();
    moto.make_bucket("mails", true);
    assert!(send(&world));
    assert_eq!(sent(&world), (more, 0));
    assert_eq!(world.store().remote_storage().unwrap().unwrap().last_error, None);
    let missing = faults(&world);
    assert_eq!(missing.len() as u64, sealed);
    assert!(missing.iter().all(|(_, kind)| *kind == "missing"), "{missing:?}");
}

#[test]
fn a_locked_object_stays_and_what_differs_is_named() {
    let Some(moto) = Moto::start() else { return };
    moto.make_bucket("mails", true);
    moto.make_bucket("plain", false);
    let mut world = World::sealing();
    fill(&world, "first");
    set(&world, &moto, "mails");
    assert!(send(&world));
    assert_eq!(faults(&world), []);
    let segments = world.store().remote_segments().unwrap();
    let [replaced, removed] = [&segments[0], &segments[1]];

    // The version that was sent cannot be removed.
    let versioned = |of: &store::RemoteSegment| {
        format!("{}?versionId={}", path_of("mails", of.segment), of.version.clone().unwrap())
    };
    let (status, _, body) = moto.ask("DELETE", &versioned(removed), &[], b"");
    let words = String::from_utf8_lossy(&body);
    assert!(status >= 400 && words.contains("AccessDenied"), "{status} {words}");
    assert_eq!(moto.ask("GET", &versioned(removed), &[], b"").0, 200);
    // Something can lie over it, and a mark of deletion too.
    assert_eq!(moto.ask("PUT", &path_of("mails", replaced.segment), PUT, b"other").0, 200);
    assert_eq!(moto.ask("DELETE", &path_of("mails", removed.segment), &[], b"").0, 204);
    assert_eq!(faults(&world), [(replaced.segment, "replaced"), (removed.segment, "missing")]);

    // Both come back from the versions that were sent.
    let files = [replaced, removed].map(|of| file_of(&world.data(), of.segment));
    let before = files.clone().map(|file| fs::read(file).unwrap());
    world = world.close_and_open(|| files.iter().for_each(|file| fs::remove_file(file).unwrap()));
    let found = world.engine.verify(&mut |_| ()).unwrap().faults;
    assert!(found.iter().any(|fault| matches!(fault, Fault::Archive { kind: "missing", .. })), "{found:?}");
    assert_eq!(world.runtime.block_on(world.engine.fetch_segments()).unwrap(), 2);
    assert_eq!(world.engine.verify(&mut |_| ()).unwrap().faults, []);
    assert!(files.clone().map(|file| fs::read(file).unwrap()) == before);
    assert!(fs::metadata(&files[0]).unwrap().permissions().readonly());
    assert_eq!(world.runtime.block_on(world.engine.fetch_segments()).unwrap(), 0);

    // A bucket without versions: what was changed there is named, and does not come back.
    set(&world, &moto, "plain");
    assert!(send(&world));
    let path = path_of("plain", replaced.segment);
    let mut octets = moto.ask("GET", &path, &[], b"").2;
    octets[70] ^= 1;
    assert_eq!(moto.ask("PUT", &path, &[], &octets).0, 200);
    let kinds: Vec<_> =
        faults(&world).into_iter().map(|(segment, kind)| (segment == replaced.segment, kind)).collect();
    assert_eq!(kinds, [(true, "replaced"), (true, "changed")]);
    world = world.close_and_open(|| fs::remove_file(&files[0]).unwrap());
    assert_eq!(world.runtime.block_on(world.engine.fetch_segments()).unwrap(), 0);
    assert!(!files[0].exists());
    let tested = world.runtime.block_on(world.engine.test_remote(settings(&moto, "plain"))).unwrap();
    assert_eq!(tested.lock, Some(RemoteLock::Off));
}

#[test]
fn a_crash_before_the_note_sends_nothing_twice() {
    let Some(moto) = Moto::start() else { return };
    moto.make_bucket("mails", true);
    let world = World::sealing();
    fill(&world, "first");
    set(&world, &moto, "mails");
    assert!(send(&world));
    let before = world.store().remote_segments().unwrap();
    // The database as it was before, and the same place.
    world.engine.set_remote(None, event()).unwrap().unwrap();
    set(&world, &moto, "mails");
    assert_eq!(world.store().remote_segments().unwrap(), []);
    assert!(send(&world));
    let versions = |of: Vec<store::RemoteSegment>| of.into_iter().map(|of| of.version).collect::<Vec<_>>();
    assert_eq!(versions(world.store().remote_segments().unwrap()), versions(before));

    // The key is kept for the same address only.
    let again = RemoteSettings { secret: None, ..settings(&moto, "mails") };
    world.engine.set_remote(Some(&again), event()).unwrap().unwrap();
    let elsewhere = RemoteSettings { endpoint: "https://s3.example.org".to_owned(), ..again };
    assert!(world.engine.set_remote(Some(&elsewhere), event()).is_err());
    assert!(send(&world));
    world.engine.rotate_master_key().unwrap();
    let world = world.close_and_open(|| ());
    assert_eq!(faults(&world), [], "the key opens with the new master key");
}
