//! Time stamps of a real authority: `openssl ts` behind a small server of HTTP.
#![expect(clippy::unwrap_used, reason = "tests stop at the first surprise")]

use std::fs;
use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::TcpListener;
use std::path::Path;
use std::process::Command;
use std::time::{Duration, Instant};

use connect::{ClientTls, Trust};
use pipeline::{Authority, Engine, Options, StampTrouble, Stamping};
use tempfile::TempDir;

const CONFIG: &str = "
[ca]
basicConstraints=critical,CA:TRUE
[tsa]
basicConstraints=CA:FALSE
extendedKeyUsage=critical,timeStamping
[tsa_config]
serial=serial
signer_digest=sha256
default_policy=1.2.3.4
digests=sha256
ess_cert_id_alg=sha256
";

#[track_caller]
fn openssl(dir: &Path, words: &str) {
    let done = Command::new("openssl").args(words.split(' ')).current_dir(dir).output().unwrap();
    assert!(done.status.success(), "{words}: {}", String::from_utf8_lossy(&done.stderr));
}

/// Certificates in a folder.
fn authority(dir: &Path) {
    fs::write(dir.join("conf"), CONFIG).unwrap();
    fs::write(dir.join("serial"), "01\n").unwrap();
    for who in ["ca", "tsa"] {
        openssl(dir, &format!("genpkey -out {who}.key -algorithm EC -pkeyopt ec_paramgen_curve:P-256"));
        openssl(dir, &format!("req -new -key {who}.key -subj /CN=Test-{who} -out {who}.csr"));
    }
    openssl(dir, "x509 -req -in ca.csr -key ca.key -days 30 -extfile conf -extensions ca -out ca.pem");
    openssl(
        dir,
        "x509 -req -in tsa.csr -CA ca.pem -CAkey ca.key -CAcreateserial -days 300 -extfile conf -extensions tsa -out tsa.pem",
    );
}

/// Answers requests with `openssl ts`, and with 401 whoever does not log in as it wants; gives its address.
fn serve(dir: &Path, login: Option<&'static str>) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = format!("http://{}/tsa", listener.local_addr().unwrap());
    let dir = dir.to_owned();
    std::thread::spawn(move || {
        for stream in listener.incoming() {
            let mut stream = BufReader::new(stream.unwrap());
            let (mut line, mut length, mut kind) = (String::new(), 0, false);
            let mut is_known = login.is_none();
            while stream.read_line(&mut line).unwrap() > 2 {
                is_known |= login.is_some_and(|login| line.trim_end().ends_with(login));
                let field = line.to_ascii_lowercase();
                if let Some(value) = field.strip_prefix("content-length:") {
                    length = value.trim().parse().unwrap();
                }
                kind |= field.contains("application/timestamp-query");
                line.clear();
            }
            let mut body = vec![0; length];
            stream.read_exact(&mut body).unwrap();
            assert!(kind);
            if !is_known {
                let refused =
                    "HTTP/1.1 401 X\r\nWWW-Authenticate: Basic realm=x\r\nContent-Length: 0\r\n\r\n";
                stream.get_mut().write_all(refused.as_bytes()).unwrap();
                continue;
            }
            fs::write(dir.join("request"), &body).unwrap();
            openssl(
                &dir,
                "ts -reply -config conf -section tsa_config -queryfile request -signer tsa.pem -inkey tsa.key -out answer",
            );
            let answer = fs::read(dir.join("answer")).unwrap();
            let head = format!(
                "HTTP/1.1 200 OK\r\nContent-Type: application/timestamp-reply\r\nContent-Length: {}\r\n\r\n",
                answer.len()
            );
            stream.get_mut().write_all(&[head.as_bytes(), &answer].concat()).unwrap();
        }
    });
    address
}

fn wait(mut there: impl FnMut() -> bool) {
    let begun = Instant::now();
    while !there() {
        assert!(begun.elapsed() < Duration::from_mins(2), "it did not happen");
        std::thread::sleep(Duration::from_millis(20));
    }
}

fn verify(data: &Path, key: &str, ca: &Path) -> (bool, String) {
    let mut command = Command::new(env!("CARGO_BIN_EXE_poststelle-verify"));
    let done = command.args(["--json", "--key", key, "--ca"]).arg(ca).arg(data).output().unwrap();
    (done.status.success(), String::from_utf8(done.stdout).unwrap())
}

/// An engine whose log has an anchor.
fn anchored(data: &Path) -> Engine {
    let options = Options { create: true, workers: 1, ..Options::default() };
    let engine = Engine::open(data, &options).unwrap();
    engine.account_or_import("a@b.example").unwrap();
    let now = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap();
    let now = model::UnixMillis(i64::try_from(now.as_millis()).unwrap());
    let event = store::NewLeaf { kind: ledger::Kind::Noted, at: now, subject: None, payload: "{}".into() };
    engine.store().append_leaves(vec![event]).unwrap();
    engine.sign_log().unwrap();
    engine
}

#[test]
fn an_authority_may_ask_for_a_login() {
    let dir = TempDir::new().unwrap();
    let (data, tsa) = (dir.path().join("data"), dir.path().join("tsa"));
    fs::create_dir(&tsa).unwrap();
    authority(&tsa);
    let engine = anchored(&data);
    let ca = fs::read_to_string(tsa.join("ca.pem")).unwrap();
    // anna:geheim
    let url = serve(&tsa, Some("Basic YW5uYTpnZWhlaW0="));
    let with = |password: &str| {
        let mut authority = Authority::new(1, "locked".to_owned(), url.clone(), ca.clone());
        authority.user = "anna".to_owned();
        authority.password = Some(password.into());
        authority
    };
    engine.set_stamp_authorities(vec![with("falsch")]).unwrap().unwrap();
    let kept = engine.store().setting("stamp_authorities").unwrap().unwrap();
    assert!(!kept.contains("falsch"), "{kept}");
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build().unwrap();
    let stamping = Stamping::start(engine.clone(), runtime.handle(), ClientTls::new(&Trust::System).unwrap());
    let trouble = || engine.log_state().unwrap().authorities.pop().map(|(_, why)| why);
    wait(|| trouble() == Some(StampTrouble::Login(401)));
    // Another password, and it is asked at once.
    engine.set_stamp_authorities(vec![with("geheim")]).unwrap().unwrap();
    wait(|| engine.log_state().unwrap().stamped.is_some());
    assert_eq!(trouble(), None);
    stamping.stop();
    engine.close();
}

#[test]
fn anchors_are_stamped_and_checked() {
    let dir = TempDir::new().unwrap();
    let (data, tsa) = (dir.path().join("data"), dir.path().join("tsa"));
    fs::create_dir(&tsa).unwrap();
    authority(&tsa);
    let engine = anchored(&data);
    assert_eq!(engine.log_state().unwrap().anchors, 1);
    let ca = fs::read_to_string(tsa.join("ca.pem")).unwrap();
    let dead = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let named = |name: &str, url: String| Authority::new(0, name.to_owned(), url, ca.clone());
    let wanted = vec![named("good", serve(&tsa, None)), named("dead", format!("http://{dead}/"))];
    let set = engine.set_stamp_authorities(wanted).unwrap().unwrap();
    assert_eq!(set.iter().map(|one| one.number).collect::<Vec<_>>(), [1, 2]);
    for (n, bad) in [
        Authority { name: " ".into(), ..set[0].clone() },
        Authority { url: "ftp://x".into(), ..set[0].clone() },
        Authority { ca: "x".into(), ..set[0].clone() },
    ]
    .into_iter()
    .enumerate()
    {
        assert!(engine.set_stamp_authorities(vec![bad]).unwrap().is_err(), "{n}");
    }
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build().unwrap();
    let stamping = Stamping::start(engine.clone(), runtime.handle(), ClientTls::new(&Trust::System).unwrap());
    wait(|| {
        let state = engine.log_state().unwrap();
        state.stamped.is_some() && state.authorities.iter().any(|(number, _)| *number == 2)
    });
    stamping.stop();
    let state = engine.log_state().unwrap();
    assert!(state.stamped.unwrap().0 > 0 && state.trouble.is_none());
    engine.sign_log().unwrap();
    let key = engine.log_state().unwrap().public_key;
    engine.close();

    let (good, said) = verify(&data, &key, &tsa.join("ca.pem"));
    assert!(good && said.contains("\"code\":\"stamp\"") && said.contains("\"code\":\"stamped\""), "{said}");
    let script = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/check.py");
    let done =
        Command::new("python3").arg(script).arg(&data).arg(&key).arg(tsa.join("ca.pem")).output().unwrap();
    assert!(done.status.success(), "{}", String::from_utf8_lossy(&done.stderr));
    // Another authority's certificate, an answer about something else, and one that is gone.
    let other = dir.path().join("other");
    fs::create_dir(&other).unwrap();
    authority(&other);
    let (good, said) = verify(&data, &key, &other.join("ca.pem"));
    assert!(!good && said.contains("\"code\":\"stamp_chain\""), "{said}");
    let mut answer = fs::read_dir(data.join("log/timestamps")).unwrap().map(|entry| entry.unwrap().path());
    let answer = answer.find(|path| path.extension().is_some_and(|kind| kind == "tsr")).unwrap();
    let octets = fs::read(&answer).unwrap();
    openssl(
        &tsa,
        "ts -query -digest 0000000000000000000000000000000000000000000000000000000000000000 -sha256 -cert -out request",
    );
    openssl(
        &tsa,
        "ts -reply -config conf -section tsa_config -queryfile request -signer tsa.pem -inkey tsa.key -out answer",
    );
    fs::copy(tsa.join("answer"), &answer).unwrap();
    let (good, said) = verify(&data, &key, &tsa.join("ca.pem"));
    assert!(
        !good && said.contains("\"code\":\"stamp_forged\"") && said.contains("\"code\":\"stamp_lost\""),
        "{said}"
    );
    fs::write(&answer, octets).unwrap();
    assert!(verify(&data, &key, &tsa.join("ca.pem")).0);
    fs::remove_file(&answer).unwrap();
    assert!(verify(&data, &key, &tsa.join("ca.pem")).1.contains("\"code\":\"stamp_lost\""));
}
