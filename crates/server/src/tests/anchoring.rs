//! Witnesses: two servers against each other over real sockets, and what each of them refuses.

use std::net::SocketAddr;
use std::path::Path;
use std::time::{Duration, Instant};

use axum::http::{Method, StatusCode};
use connect::{ClientTls, Trust};
use model::{EventId, Role, UnixMillis};
use pipeline::{Engine, WantedWitness, Witnesses};
use serde_json::{Value, json};
use tokio::sync::oneshot;

use super::world::{Caller, World};
use crate::{Options, bind};

const STATE: &str = "/api/v1/anchoring";
const ADD: &str = "/api/v1/witness/add-checkpoint";

fn event(kind: &str) -> store::Event {
    store::Event {
        id: EventId::new(uuid::Uuid::now_v7()),
        at: UnixMillis(super::world::NOW),
        actor: "test".to_owned(),
        kind: kind.to_owned(),
        subject: String::new(),
        payload: "{}".to_owned(),
    }
}

/// Another server's log, without its page.
struct Log {
    engine: Engine,
    asking: Witnesses,
}

impl Log {
    fn open(dir: &Path) -> Self {
        let options = pipeline::Options { create: true, workers: 1, ..pipeline::Options::default() };
        // Tasks of the one before may be at their end still.
        let begun = Instant::now();
        let engine = loop {
            match Engine::open(dir, &options) {
                Ok(engine) => break engine,
                Err(error) if begun.elapsed() > Duration::from_mins(1) => panic!("{error}"),
                Err(_) => std::thread::sleep(Duration::from_millis(20)),
            }
        };
        let tls = ClientTls::new(&Trust::System).unwrap();
        let pace = Duration::from_millis(20);
        let runtime = tokio::runtime::Handle::current();
        let asking = Witnesses::start_with(engine.clone(), &runtime, tls, (pace, pace));
        Self { engine, asking }
    }

    fn grow(&self, entries: usize) {
        self.engine.store().append_events((0..entries).map(|_| event("test.noted")).collect()).unwrap();
        self.engine.sign_log().unwrap();
    }

    fn key(&self) -> String {
        self.engine.log_state().unwrap().public_key
    }

    fn set(&self, url: &str, verifier: &str) {
        let wanted = WantedWitness {
            id: None,
            name: "W".to_owned(),
            url: url.to_owned(),
            verifier: verifier.to_owned(),
        };
        self.engine.set_log_witnesses(&[wanted], event("witnesses.changed")).unwrap().unwrap();
        self.engine.sign_log().unwrap();
    }

    async fn until(&self, is_so: impl Fn(&store::Witness) -> bool) -> store::Witness {
        let begun = Instant::now();
        loop {
            let witness = self.engine.log_witnesses().unwrap().remove(0);
            if is_so(&witness) {
                return witness;
            }
            assert!(begun.elapsed() < Duration::from_mins(1), "it did not happen: {witness:?}");
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    }

    async fn confirmed(&self) -> store::Witness {
        let size = self.engine.log_state().unwrap().signed;
        self.until(|witness| witness.size >= size).await
    }

    fn close(self) {
        self.asking.stop();
        self.engine.close();
    }
}

/// A witness that listens; gives where it is asked.
fn listening(world: &World) -> (SocketAddr, oneshot::Sender<()>) {
    let options = Options {
        listen: "127.0.0.1:0".parse().unwrap(),
        uploads: world.dir.path().join("uploads"),
        ..Options::default()
    };
    let bound = bind(&options).unwrap();
    let address = bound.address();
    let (end, ended) = oneshot::channel::<()>();
    tokio::spawn(bound.serve(world.state.clone(), async move { drop(ended.await) }));
    (address, end)
}

async fn witness(world: &World, admin: &Caller, key: &str) -> Value {
    let body = json!({"active": true, "logs": [{"name": "A", "verifier": key}]});
    let path = "/api/v1/anchoring/witness";
    world.ask(Method::PUT, path).by(admin).json(&body).expect(StatusCode::OK).await
}

fn copy(from: &Path, to: &Path) {
    let done = std::process::Command::new("cp").arg("-a").arg(from).arg(to).status().unwrap();
    assert!(done.success());
}

#[tokio::test(flavor = "multi_thread")]
async fn two_servers_and_a_log_that_is_put_back() {
    let world = World::new();
    let admin = world.administrator();
    let (address, _end) = listening(&world);
    let url = format!("http://{address}/api/v1/witness");
    let dir = tempfile::tempdir().unwrap();
    let (data, old) = (dir.path().join("a"), dir.path().join("old"));
    let log = Log::open(&data);
    log.grow(3);
    // Nobody is a witness unasked.
    assert_eq!(
        world.ask(Method::POST, ADD).body("old 0\n\nx").problem(StatusCode::NOT_FOUND).await,
        "not-found"
    );
    let state = witness(&world, &admin, &log.key()).await;
    let verifier = state["witness"]["verifier"].as_str().unwrap().to_owned();
    assert!(verifier.starts_with("poststelle-witness/"), "{verifier}");
    log.set(&url, &verifier);
    let first = log.confirmed().await;
    let kept = std::fs::read_to_string(data.join(format!("log/witnessed/{:016}.note", first.size))).unwrap();
    assert!(kept.contains("— poststelle-witness/") && kept.contains("— poststelle/"), "{kept}");
    log.grow(300);
    let second = log.confirmed().await;
    assert!(second.size >= first.size + 300 && second.error.is_none());
    // One file stands for what the only witness said last.
    assert_eq!(std::fs::read_dir(data.join("log/witnessed")).unwrap().count(), 1);
    let shown = world.get(STATE).by(&admin).expect(StatusCode::OK).await;
    assert_eq!(shown["witness"]["logs"][0]["size"], json!(second.size));
    log.close();
    copy(&data, &old);
    // A restart goes on where it was.
    let log = Log::open(&data);
    log.grow(20);
    let third = log.confirmed().await;
    assert!(third.size > second.size);
    log.close();

    // The old state in its place: smaller than what was confirmed, then larger and another one.
    let log = Log::open(&old);
    log.grow(2);
    let refused = log.until(|witness| witness.refused.is_some()).await;
    assert_eq!(refused.refused, Some(third.size));
    assert!(refused.error.unwrap().0.contains("entries were confirmed"));
    let conditions = log.engine.check_up().unwrap();
    let said = conditions.iter().find(|kept| kept.what.kind == doctor::Kind::WitnessRefused).unwrap();
    assert_eq!(said.what.severity, doctor::Severity::Critical);
    log.grow(40);
    let text = "no continuation";
    log.until(|witness| witness.error.as_ref().is_some_and(|(said, _)| said.contains(text))).await;
    let shown = world.get(STATE).by(&admin).expect(StatusCode::OK).await;
    assert_eq!(shown["witness"]["logs"][0]["size"], json!(third.size), "nothing of it was confirmed");
    log.close();
    // The true one goes on.
    let log = Log::open(&data);
    log.grow(1);
    assert!(log.confirmed().await.error.is_none());
    // Another key for the same witness is a witness that says nothing.
    let other = World::new();
    let boss = other.administrator();
    let state = witness(&other, &boss, &log.key()).await;
    log.set(&url, state["witness"]["verifier"].as_str().unwrap());
    let wrong = log.until(|witness| witness.error.is_some()).await;
    assert!(wrong.size == 0 && wrong.error.unwrap().0.contains("no cosignature"));
    log.close();
}

#[tokio::test]
async fn a_witness_answers_as_the_protocol_says() {
    let world = World::new();
    let admin = world.administrator();
    let key = |name: &str, octet| ledger::SigningKey::of_seed(name, &[octet; 32]).unwrap();
    let (log, forged) = (key("example.org/log", 1), key("example.org/log", 2));
    let state = witness(&world, &admin, &log.public().line()).await;
    let verifier = ledger::WitnessKey::of_line(state["witness"]["verifier"].as_str().unwrap()).unwrap();
    let leaves: Vec<ledger::Hash> = (0_u8..9).map(|n| ledger::leaf_hash(&[n])).collect();
    let node = |leaves: Vec<ledger::Hash>| {
        move |height: u8, n: u64| -> Result<ledger::Hash, ()> {
            let width = 1 << height;
            let part = &leaves[(n as usize) * width..(n as usize + 1) * width];
            let mut all = part.to_vec();
            while all.len() > 1 {
                all = all.chunks(2).map(|two| ledger::node_hash(&two[0], &two[1])).collect();
            }
            Ok(all[0])
        }
    };
    let note = |key: &ledger::SigningKey, size: u64, leaves: &[ledger::Hash]| {
        let root = ledger::root(size, node(leaves.to_vec())).unwrap();
        ledger::Checkpoint { origin: key.public().name().to_owned(), size, root }.sign(key).into_bytes()
    };
    let add = async |old: u64, proof: Vec<ledger::Hash>, note: &[u8]| {
        let body = ledger::AddCheckpoint { old, proof, note: note.to_vec() }.encode();
        world.ask(Method::POST, ADD).body(body).send().await
    };
    let proof = |old, size| ledger::consistency(old, size, node(leaves.clone())).unwrap();
    let (four, nine) = (note(&log, 4, &leaves), note(&log, 9, &leaves));
    let answer = add(0, vec![], &four).await;
    assert_eq!(answer.status, StatusCode::OK);
    let all = [four.as_slice(), answer.text().as_bytes()].concat();
    assert!(ledger::cosigned(&all, &verifier).is_ok());
    // The same head again is confirmed again.
    assert_eq!(add(4, vec![], &four).await.status, StatusCode::OK);
    let conflict = add(0, vec![], &nine).await;
    assert_eq!((conflict.status, conflict.text()), (StatusCode::CONFLICT, "4\n"));
    assert_eq!(conflict.header("content-type"), "text/x.tlog.size");
    let mut others = leaves.clone();
    others[2] = [9; 32];
    let (forked, same_size) = (note(&log, 9, &others), note(&log, 4, &others));
    let status = async |old, proof, note: &[u8]| add(old, proof, note).await.status;
    assert_eq!(status(4, proof(4, 9), &forked).await, StatusCode::UNPROCESSABLE_ENTITY);
    assert_eq!(status(4, vec![], &nine).await, StatusCode::UNPROCESSABLE_ENTITY);
    assert_eq!(status(4, vec![], &same_size).await, StatusCode::CONFLICT);
    assert_eq!(status(9, vec![], &four).await, StatusCode::BAD_REQUEST);
    assert_eq!(status(4, proof(4, 9), &note(&forged, 9, &leaves)).await, StatusCode::FORBIDDEN);
    assert_eq!(status(0, vec![], &note(&key("example.org/x", 3), 9, &leaves)).await, StatusCode::NOT_FOUND);
    assert_eq!(world.ask(Method::POST, ADD).body("old 4\n").send().await.status, StatusCode::BAD_REQUEST);
    let long = vec![b'x'; 20_000];
    assert_eq!(world.ask(Method::POST, ADD).body(long).send().await.status, StatusCode::PAYLOAD_TOO_LARGE);
    assert_eq!(status(4, proof(4, 9), &nine).await, StatusCode::OK);
    // Who takes the log out and in again has not forgotten.
    let off = json!({"active": true, "logs": []});
    world.ask(Method::PUT, "/api/v1/anchoring/witness").by(&admin).json(&off).expect(StatusCode::OK).await;
    assert_eq!(status(9, vec![], &nine).await, StatusCode::NOT_FOUND);
    witness(&world, &admin, &log.public().line()).await;
    let conflict = add(0, vec![], &four).await;
    assert_eq!((conflict.status, conflict.text()), (StatusCode::CONFLICT, "9\n"));
    // Guessing is slowed down.
    let mut last = StatusCode::OK;
    for _ in 0..40 {
        last = world.ask(Method::POST, ADD).body("old 4\n").send().await.status;
    }
    assert_eq!(last, StatusCode::TOO_MANY_REQUESTS);
}

#[tokio::test]
async fn what_cannot_anchor_is_refused() {
    let world = World::new();
    let admin = world.administrator();
    let agent = world.user("agent@example.org", Role::Agent, &[]);
    assert_eq!(world.get(STATE).by(&agent).problem(StatusCode::FORBIDDEN).await, "role");
    let put =
        |path: &str, body: &Value| world.ask(Method::PUT, &format!("{STATE}/{path}")).by(&admin).json(body);
    let key = ledger::SigningKey::of_seed("example.org/log", &[1; 32]).unwrap().public().line();
    let own = world.engine.log_state().unwrap().public_key;
    for (verifier, problem) in [("x", "witness-log"), (own.as_str(), "witness-twice")] {
        let body = json!({"active": true, "logs": [{"name": "A", "verifier": verifier}]});
        assert_eq!(put("witness", &body).problem(StatusCode::BAD_REQUEST).await, problem);
    }
    let witness = ledger::CosigningKey::of_seed("w", &[1; 32]).unwrap().public().line();
    let of = |url: &str, verifier: &str| json!({"items": [{"name": "W", "url": url, "verifier": verifier}]});
    for (body, problem) in
        [(of("ftp://x", &witness), "stamps-url"), (of("https://x", &key), "witness-verifier")]
    {
        assert_eq!(put("witnesses", &body).problem(StatusCode::BAD_REQUEST).await, problem);
    }
    let kept = put("witnesses", &of("https://x/", &witness)).expect(StatusCode::OK).await;
    assert_eq!(kept["witnesses"][0]["url"], "https://x");
    let mail = |addresses: &[&str], hour: u8| json!({"addresses": addresses, "every": "weekly", "hour": hour, "zone": "Europe/Berlin", "language": "de"});
    assert_eq!(put("mail", &mail(&[], 7)).problem(StatusCode::BAD_REQUEST).await, "checkpoint-addresses");
    assert_eq!(
        put("mail", &mail(&["a@b.example"], 24)).problem(StatusCode::BAD_REQUEST).await,
        "number-between"
    );
    let kept = put("mail", &mail(&["a@b.example"], 7)).expect(StatusCode::OK).await;
    assert_eq!((&kept["mail"]["every"], &kept["can_send"]), (&json!("weekly"), &json!(false)));
    let send = world.ask(Method::POST, "/api/v1/anchoring/mail/send").by(&admin);
    assert_eq!(send.problem(StatusCode::CONFLICT).await, "checkpoint-no-server");
}

#[tokio::test]
async fn a_login_at_an_authority_is_kept_and_never_shown() {
    let world = World::new();
    let admin = world.administrator();
    let made = rcgen::generate_simple_self_signed(vec!["tsa".to_owned()]).unwrap();
    let set = |url: &str, user: &str, password: Option<&str>, number: u32| {
        let item = json!({"number": number, "name": "T", "url": url, "ca": made.cert.pem(), "user": user, "password": password});
        world.ask(Method::PUT, "/api/v1/proof/authorities").by(&admin).json(&json!({"items": [item]}))
    };
    for (url, user, password, problem) in [
        ("http://tsa.example/", "u", Some("p"), "stamps-plain"),
        ("https://tsa.example/", "u", None, "stamps-password"),
        ("https://tsa.example/", "a:b", Some("p"), "stamps-password"),
        ("https://tsa.example/", "u", Some(""), "stamps-password"),
    ] {
        assert_eq!(set(url, user, password, 0).problem(StatusCode::BAD_REQUEST).await, problem);
    }
    let kept = set("https://tsa.example/", "u", Some("very secret"), 0).expect(StatusCode::OK).await;
    assert_eq!(
        (&kept["authorities"][0]["user"], &kept["authorities"][0]["password_set"]),
        (&json!("u"), &json!(true))
    );
    assert!(!kept.to_string().contains("secret"), "{kept}");
    // The kept one is good for the same address only.
    set("https://tsa.example/", "u", None, 1).expect(StatusCode::OK).await;
    assert_eq!(
        set("https://other.example/", "u", None, 1).problem(StatusCode::BAD_REQUEST).await,
        "stamps-password"
    );
    set("http://127.0.0.1:1/", "u", Some("p"), 1).expect(StatusCode::OK).await;
}
