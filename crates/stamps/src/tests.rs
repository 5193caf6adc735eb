//! Answers of `openssl ts`, made anew for each run.

use std::path::Path;
use std::process::Command;

use crate::messages::time;
use crate::*;

const DIGEST: [u8; 32] = [0x5a; 32];

#[track_caller]
fn run(dir: &Path, words: &[&str]) {
    let done = Command::new("openssl").args(words).current_dir(dir).output().unwrap();
    assert!(done.status.success(), "{words:?}: {}", String::from_utf8_lossy(&done.stderr));
}

fn read_file(dir: &Path, name: &str) -> Vec<u8> {
    std::process::Command::new("cat").arg(dir.join(name)).output().unwrap().stdout
}

fn put(dir: &Path, name: &str, octets: &[u8]) {
    use std::io::Write as _;
    let mut child = Command::new("tee")
        .arg(dir.join(name))
        .stdin(std::process::Stdio::piped())
        .stdout(std::process::Stdio::null())
        .spawn()
        .unwrap();
    child.stdin.take().unwrap().write_all(octets).unwrap();
    assert!(child.wait().unwrap().success());
}

const CONFIG: &str = "
[ca]
basicConstraints=critical,CA:TRUE
keyUsage=critical,keyCertSign
[tsa]
basicConstraints=CA:FALSE
keyUsage=critical,digitalSignature
extendedKeyUsage=critical,timeStamping
[web]
basicConstraints=CA:FALSE
extendedKeyUsage=serverAuth
[tsa_config]
serial=serial
signer_digest=sha256
default_policy=1.2.3.4
digests=sha256,sha512
accuracy=secs:1,millisecs:500
ordering=yes
tsa_name=yes
ess_cert_id_chain=no
";

/// An authority in a folder: `key` as `openssl genpkey` names it, `ess` how the certificate is named.
struct Authority(std::path::PathBuf);

impl Drop for Authority {
    fn drop(&mut self) {
        Command::new("rm").arg("-rf").arg(&self.0).status().ok();
    }
}

impl Authority {
    fn new(name: &str, key: &[&str], ess: &str) -> Self {
        let dir = std::path::PathBuf::from(format!("/tmp/stamps-{name}-{}", std::process::id()));
        assert!(Command::new("mkdir").arg("-p").arg(&dir).status().unwrap().success());
        put(&dir, "conf", format!("{CONFIG}ess_cert_id_alg={ess}\n").as_bytes());
        put(&dir, "serial", b"01\n");
        for (who, subject) in [("ca", "/CN=Test CA"), ("tsa", "/CN=Test Stamps/O=Verein")] {
            run(&dir, &[&["genpkey", "-out", &format!("{who}.key")], key].concat());
            run(
                &dir,
                &[
                    "req",
                    "-new",
                    "-key",
                    &format!("{who}.key"),
                    "-subj",
                    subject,
                    "-out",
                    &format!("{who}.csr"),
                ],
            );
        }
        run(
            &dir,
            &[
                "x509",
                "-req",
                "-in",
                "ca.csr",
                "-key",
                "ca.key",
                "-days",
                "30",
                "-extfile",
                "conf",
                "-extensions",
                "ca",
                "-out",
                "ca.pem",
            ],
        );
        let this = Self(dir);
        this.certify("tsa");
        this
    }

    fn certify(&self, section: &str) {
        run(
            &self.0,
            &[
                "x509",
                "-req",
                "-in",
                "tsa.csr",
                "-CA",
                "ca.pem",
                "-CAkey",
                "ca.key",
                "-CAcreateserial",
                "-days",
                "20",
                "-extfile",
                "conf",
                "-extensions",
                section,
                "-out",
                "tsa.pem",
            ],
        );
    }

    fn answer(&self, request: &[u8]) -> Vec<u8> {
        put(&self.0, "request", request);
        run(
            &self.0,
            &[
                "ts",
                "-reply",
                "-config",
                "conf",
                "-section",
                "tsa_config",
                "-queryfile",
                "request",
                "-signer",
                "tsa.pem",
                "-inkey",
                "tsa.key",
                "-chain",
                "ca.pem",
                "-out",
                "answer",
            ],
        );
        read_file(&self.0, "answer")
    }

    fn ca(&self) -> String {
        String::from_utf8(read_file(&self.0, "ca.pem")).unwrap()
    }
}

const RSA: &[&str] = &["-algorithm", "RSA", "-pkeyopt", "rsa_keygen_bits:2048"];
const EC: &[&str] = &["-algorithm", "EC", "-pkeyopt", "ec_paramgen_curve:P-256"];

#[test]
fn stamps_of_an_authority_are_believed() {
    for (name, key, ess) in [("rsa", RSA, "sha256"), ("ec", EC, "sha512"), ("old", RSA, "sha1")] {
        let authority = Authority::new(name, key, ess);
        let nonce = [0xff, 2, 3, 4, 5, 6, 7, 8];
        let answer = authority.answer(&request(&DIGEST, nonce).unwrap());
        let stamp = read(&answer, &DIGEST, Some(nonce), &authority.ca()).unwrap();
        assert!(stamp.is_trusted && stamp.authority.contains("Test Stamps"), "{stamp:?}");
        assert!(stamp.until.0 - stamp.at.0 > 19 * 86_400_000, "{stamp:?}");
        assert!(!read(&answer, &DIGEST, None, "").unwrap().is_trusted);
        assert_eq!(read(&answer, &[1; 32], Some(nonce), ""), Err(StampError::Imprint));
        assert_eq!(read(&answer, &DIGEST, Some([9; 8]), ""), Err(StampError::Nonce));
    }
}

#[test]
fn what_is_no_stamp_is_refused() {
    let authority = Authority::new("bad", EC, "sha256");
    let nonce = [7; 8];
    let asked = request(&DIGEST, nonce).unwrap();
    let answer = authority.answer(&asked);
    let ca = authority.ca();
    let other = Authority::new("other", EC, "sha256");
    assert!(matches!(read(&answer, &DIGEST, Some(nonce), &other.ca()), Err(StampError::Chain(_))));
    assert_eq!(read(&answer, &DIGEST, Some(nonce), "nothing"), Err(StampError::Trust));
    for at in 0..answer.len() {
        let mut changed = answer.clone();
        changed[at] ^= 1;
        // Names of whoever asks and what is not signed may be others; digest, nonce and time may not.
        if let Ok(stamp) = read(&changed, &DIGEST, Some(nonce), &ca) {
            assert_eq!(stamp, read(&answer, &DIGEST, Some(nonce), &ca).unwrap(), "octet {at}");
        }
        assert!(read(&answer[..at], &DIGEST, Some(nonce), &ca).is_err(), "cut at {at}");
    }
    // An authority that refuses: it does not take this digest.
    let refused = Request {
        message_imprint: messages::MessageImprint {
            hash_algorithm: x509_cert::spki::AlgorithmIdentifierOwned {
                oid: der::asn1::ObjectIdentifier::new_unwrap("2.16.840.1.101.3.4.2.4"),
                parameters: None,
            },
            hashed_message: OctetString::new([1; 28].as_slice()).unwrap(),
        },
        ..Request::from_der(&asked).unwrap()
    };
    assert_eq!(
        read(&authority.answer(&refused.to_der().unwrap()), &DIGEST, None, &ca),
        Err(StampError::Refused(2))
    );
    assert!(
        can_trust(&ca)
            && !can_trust("")
            && !can_trust("-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n")
    );
}

#[test]
fn times_with_and_without_fractions() {
    let check = |text: &str, expected: Option<i64>| assert_eq!(time(text).map(|at| at.0), expected, "{text}");
    check("19700101000001Z", Some(1000));
    check("20260302090000Z", Some(1_772_442_000_000));
    check("20260302090000.5Z", Some(1_772_442_000_500));
    check("20260302090000.12345Z", Some(1_772_442_000_123));
    for text in
        ["", "Z", "20260302090000", "20261302090000Z", "2026030209000Z", "2026-3-209000Z", "20260302090000.x"]
    {
        check(text, None);
    }
}
