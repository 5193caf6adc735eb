//! Connections to servers on 127.0.0.1 that these tests start.

use std::net::{IpAddr, Ipv4Addr};
use std::path::Path;
use std::time::Duration;

use rcgen::{BasicConstraints, CertificateParams, CertifiedIssuer, IsCa, Issuer, KeyPair, date_time_ymd};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpListener;
use tokio::task::JoinHandle;
use tokio_rustls::TlsAcceptor;

use crate::*;

struct Made {
    certificate_pem: String,
    key_pem: String,
}

impl Made {
    fn facts(&self) -> CertificateFacts {
        use rustls::pki_types::{CertificateDer, pem::PemObject};
        CertificateFacts::read(&CertificateDer::from_pem_slice(self.certificate_pem.as_bytes()).unwrap())
    }

    fn write(&self, directory: &Path) -> ServerTls {
        let (certificate, key) = (directory.join("c.pem"), directory.join("k.pem"));
        std::fs::write(&certificate, &self.certificate_pem).unwrap();
        std::fs::write(&key, &self.key_pem).unwrap();
        ServerTls::load(&certificate, &key).unwrap()
    }
}

fn authority() -> CertifiedIssuer<'static, KeyPair> {
    let mut params = CertificateParams::new(Vec::new()).unwrap();
    params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    params.distinguished_name.push(rcgen::DnType::CommonName, "Test authority");
    CertifiedIssuer::self_signed(params, KeyPair::generate().unwrap()).unwrap()
}

fn params(name: &str, from_year: i32, until_year: i32) -> CertificateParams {
    let mut params = CertificateParams::new(vec![name.to_owned()]).unwrap();
    params.not_before = date_time_ymd(from_year, 1, 1);
    params.not_after = date_time_ymd(until_year, 1, 1);
    params
}

fn signed(params: &CertificateParams, by: &Issuer<'_, KeyPair>) -> Made {
    let key = KeyPair::generate().unwrap();
    Made { certificate_pem: params.signed_by(&key, by).unwrap().pem(), key_pem: key.serialize_pem() }
}

fn self_signed(params: &CertificateParams) -> Made {
    let key = KeyPair::generate().unwrap();
    Made { certificate_pem: params.self_signed(&key).unwrap().pem(), key_pem: key.serialize_pem() }
}

/// Answers every connection with one line, inside TLS; gives the port.
async fn serve(made: &Made) -> (u16, JoinHandle<()>) {
    let directory = tempfile::tempdir().unwrap();
    let acceptor = TlsAcceptor::from(made.write(directory.path()).config());
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    let task = tokio::spawn(async move {
        loop {
            let (tcp, _) = listener.accept().await.unwrap();
            if let Ok(mut stream) = acceptor.accept(tcp).await {
                drop(stream.write_all(b"* OK\r\n").await);
                drop(stream.shutdown().await);
            }
        }
    });
    (port, task)
}

async fn attempt(port: u16, host: &str, trust: &Trust) -> Result<Stream, ConnectError> {
    let tls = ClientTls::new(trust).unwrap();
    let stream = connect(host, &[(Ipv4Addr::LOCALHOST, port).into()], Duration::from_secs(5)).await?;
    stream.start_tls(&tls, host, Duration::from_secs(5)).await
}

fn tls_fault(result: Result<Stream, ConnectError>) -> TlsFault {
    match result {
        Err(ConnectError::Tls { fault, .. }) => fault,
        other => panic!("{other:?}"),
    }
}

#[tokio::test]
async fn trusts_only_whom_it_is_told_to() {
    let ca = authority();
    let made = signed(&params("mail.example", 2020, 2090), &ca);
    let (port, server) = serve(&made).await;
    let by_ca = Trust::Pem(ca.pem());

    let mut stream = attempt(port, "mail.example", &by_ca).await.unwrap();
    let mut line = String::new();
    stream.read_to_string(&mut line).await.unwrap();
    assert_eq!(line, "* OK\r\n");
    assert!(stream.is_encrypted());
    assert_eq!(stream.peer_certificate().unwrap(), made.facts());

    for pin in [made.facts().sha256.unwrap(), made.facts().key_sha256.unwrap()] {
        attempt(port, "any.name", &Trust::pin(&format!("SHA256:{pin}")).unwrap()).await.unwrap();
    }
    attempt(port, "mail.example", &Trust::Pem(made.certificate_pem.clone())).await.unwrap();

    match tls_fault(attempt(port, "other.example", &by_ca).await) {
        TlsFault::WrongHost { presented, .. } => assert_eq!(presented, ["mail.example"]),
        other => panic!("{other:?}"),
    }
    match tls_fault(attempt(port, "mail.example", &Trust::Pem(authority().pem())).await) {
        TlsFault::UnknownIssuer { certificate } => {
            assert_eq!(certificate.issuer.as_deref(), Some("Test authority"));
            assert!(!certificate.self_issued);
        }
        other => panic!("{other:?}"),
    }
    let other = authority();
    let wrong = Trust::pin(&"ab:".repeat(32)).unwrap();
    match tls_fault(attempt(port, "mail.example", &wrong).await) {
        TlsFault::PinMismatch { certificate, .. } => assert_eq!(*certificate, made.facts()),
        other => panic!("{other:?}"),
    }
    match tls_fault(attempt(port, "x.example", &Trust::Pem(made.certificate_pem + &other.pem())).await) {
        TlsFault::WrongHost { .. } => {}
        other => panic!("{other:?}"),
    }
    server.abort();
}

#[tokio::test]
async fn dates_and_self_made_certificates_are_told_apart() {
    let ca = authority();
    let by_ca = Trust::Pem(ca.pem());
    for (from, until, key) in [(2001, 2002, "tls-expired"), (2088, 2090, "tls-not-yet-valid")] {
        let made = signed(&params("mail.example", from, until), &ca);
        let (port, server) = serve(&made).await;
        let fault = tls_fault(attempt(port, "mail.example", &by_ca).await);
        assert_eq!(fault.key(), key);
        assert_eq!(fault.certificate().unwrap().not_after, made.facts().not_after);
        // A certificate that is named itself does not become good by that.
        let own = Trust::Pem(made.certificate_pem.clone());
        assert_eq!(tls_fault(attempt(port, "mail.example", &own).await).key(), key);
        server.abort();
    }
    for is_ca in [IsCa::NoCa, IsCa::Ca(BasicConstraints::Unconstrained)] {
        let mut wanted = params("nas.example", 2020, 2090);
        wanted.is_ca = is_ca;
        let made = self_signed(&wanted);
        let (port, server) = serve(&made).await;
        match tls_fault(attempt(port, "nas.example", &by_ca).await) {
            TlsFault::UnknownIssuer { certificate } => assert!(certificate.self_issued),
            other => panic!("{other:?}"),
        }
        attempt(port, "nas.example", &Trust::Pem(made.certificate_pem.clone())).await.unwrap();
        server.abort();
    }
}

/// Answers every connection with these octets and closes.
async fn answer(octets: &'static [u8]) -> (u16, JoinHandle<()>) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    let task = tokio::spawn(async move {
        loop {
            let (mut tcp, _) = listener.accept().await.unwrap();
            let mut request = [0; 4096];
            drop(tcp.read(&mut request).await);
            drop(tcp.write_all(octets).await);
        }
    });
    (port, task)
}

#[tokio::test]
async fn each_step_fails_with_its_own_words() {
    let timeouts = Timeouts::default();
    let tls = ClientTls::new(&Trust::Pem(authority().pem())).unwrap();
    let error = dial("nothing.invalid", 993, Some(&tls), &timeouts).await.unwrap_err();
    assert_eq!(error.step(), Step::Name, "{error:?}");
    assert!(matches!(error, ConnectError::NameNotFound { .. } | ConnectError::NameServer { .. }));
    let error = dial("not a name", 993, Some(&tls), &timeouts).await.unwrap_err();
    assert_eq!(error.key(), "connect-bad-name");

    let unused = TcpListener::bind("127.0.0.1:0").await.unwrap().local_addr().unwrap().port();
    let error = dial("127.0.0.1", unused, Some(&tls), &timeouts).await.unwrap_err();
    assert_eq!((error.key(), error.step()), ("connect-refused", Step::Connect));

    let (port, server) = answer(b"* OK IMAP4rev1 ready, in plain text\r\n").await;
    let error = dial("127.0.0.1", port, Some(&tls), &timeouts).await.unwrap_err();
    assert_eq!(error.key(), "tls-not-spoken", "{error:?}");
    server.abort();
    let (port, server) = answer(b"").await;
    let error = dial("127.0.0.1", port, Some(&tls), &timeouts).await.unwrap_err();
    assert_eq!(error.key(), "tls-broken", "{error:?}");
    server.abort();

    let silent = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let short = Timeouts { tls: Duration::from_millis(50), ..timeouts };
    let port = silent.local_addr().unwrap().port();
    let error = dial("localhost", port, Some(&tls), &short).await.unwrap_err();
    assert_eq!((error.key(), error.step()), ("connect-timeout", Step::Tls));
}

#[tokio::test]
async fn the_second_address_is_tried_when_the_first_is_dead() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let good = listener.local_addr().unwrap();
    let dead = (Ipv4Addr::new(127, 0, 0, 2), good.port()).into();
    let stream = connect("two.example", &[dead, good], Duration::from_secs(5)).await.unwrap();
    assert_eq!(stream.peer_addr().unwrap(), good);
    assert!(!stream.is_encrypted());
}

#[test]
fn trust_is_read_as_people_write_it() {
    assert_eq!("system".parse::<Trust>().unwrap(), Trust::System);
    assert!(matches!("-----BEGIN CERTIFICATE-----".parse::<Trust>().unwrap(), Trust::Pem(_)));
    let pin: Trust = format!("sha256 {}", "AB:".repeat(32)).parse().unwrap();
    assert_eq!(pin, Trust::Pin(model::Sha256([0xab; 32])));
    assert!(matches!("accept-all".parse::<Trust>(), Err(TrustError::BadPin { .. })));
    assert!(matches!(ClientTls::new(&Trust::Pem("none".into())), Err(TrustError::NoCertificate)));
}

#[test]
fn the_certificate_follows_its_file() {
    let directory = tempfile::tempdir().unwrap();
    let first = self_signed(&params("one.example", 2020, 2090));
    let second = self_signed(&params("two.example", 2020, 2090));
    let tls = first.write(directory.path());
    assert_eq!(tls.certificate(), first.facts());
    assert!(!tls.reload_if_changed().unwrap());
    // Certificate already new, key still old: the old pair stays.
    let replace = |name: &str, text: &str| {
        let new = directory.path().join("new");
        std::fs::write(&new, text).unwrap();
        std::fs::rename(new, directory.path().join(name)).unwrap();
    };
    replace("c.pem", &second.certificate_pem);
    assert!(matches!(tls.reload_if_changed(), Err(ServerTlsError::Mismatch { .. })));
    assert_eq!(tls.certificate(), first.facts());
    replace("k.pem", &second.key_pem);
    assert!(tls.reload_if_changed().unwrap());
    assert_eq!(tls.certificate(), second.facts());
    replace("k.pem", "nothing");
    assert!(matches!(tls.reload_if_changed(), Err(ServerTlsError::NoKey { .. })));
    assert!(!tls.reload_if_changed().unwrap());
    let missing = directory.path().join("missing");
    assert!(matches!(ServerTls::load(&missing, &missing), Err(ServerTlsError::Read { .. })));
}

const PNG: &[u8] =
    b"HTTP/1.1 200 OK\r\nContent-Type: text/html\r\nContent-Length: 12\r\n\r\n\x89PNG\r\n\x1a\nrest";

fn fetcher(allowed: &[IpAddr]) -> Fetcher {
    let tls = ClientTls::new(&Trust::Pem(authority().pem())).unwrap();
    let limits = FetchLimits { octets_max: 1000, redirects_max: 2, time: Duration::from_secs(5) };
    Fetcher::new(Guard { allowed: allowed.to_vec(), private: false }, limits, tls)
}

#[tokio::test]
async fn fetches_an_image_and_nothing_else() {
    let fetcher = fetcher(&[Ipv4Addr::LOCALHOST.into()]);
    let (port, server) = answer(PNG).await;
    let got = fetcher.image(&format!("http://127.0.0.1:{port}/a?b=c#d")).await.unwrap();
    assert_eq!((got.content_type, got.octets.len()), ("image/png", 12));
    server.abort();

    let check = async |octets: &'static [u8], wanted: fn(&FetchError) -> bool| {
        let (port, server) = answer(octets).await;
        let error = fetcher.image(&format!("http://127.0.0.1:{port}/")).await.unwrap_err();
        assert!(wanted(&error), "{error:?}");
        server.abort();
    };
    check(b"HTTP/1.1 404 No\r\n\r\n", |e| matches!(e, FetchError::Status { status: 404 })).await;
    check(b"garbage\r\n\r\n", |e| matches!(e, FetchError::Http(_))).await;
    check(b"HTTP/1.1 200 OK\r\n\r\n<svg onload=x>", |e| matches!(e, FetchError::NotAnImage)).await;
    check(b"HTTP/1.1 302 Go\r\nLocation: /again\r\n\r\n", |e| {
        matches!(e, FetchError::TooManyRedirects { max: 2 })
    })
    .await;
    check(b"HTTP/1.1 302 Go\r\nLocation: file:///etc/passwd\r\n\r\n", |e| matches!(e, FetchError::Scheme))
        .await;
    check(b"HTTP/1.1 302 Go\r\nLocation: http://[::1]/\r\n\r\n", |e| {
        matches!(e, FetchError::Connect(ConnectError::Forbidden { .. }))
    })
    .await;
    let big = [b"HTTP/1.1 200 OK\r\n\r\nGIF89a".as_slice(), &[0; 3000]].concat();
    check(big.leak(), |e| matches!(e, FetchError::TooLarge { max_octets: 1000 })).await;
}

#[tokio::test]
async fn private_addresses_are_never_asked() {
    let (port, server) = answer(PNG).await;
    let fetcher = fetcher(&[]);
    for host in
        ["127.0.0.1", "localhost", "0x7f.1", "2130706433", "[::1]", "[::ffff:127.0.0.1]", "[64:ff9b::7f00:1]"]
    {
        let error = fetcher.image(&format!("http://{host}:{port}/")).await.unwrap_err();
        assert!(matches!(error, FetchError::Connect(ConnectError::Forbidden { .. })), "{host}: {error:?}");
    }
    for url in ["ftp://127.0.0.1/", "http://user:secret@example.org/", "data:image/png;base64,xx", "/x", ""] {
        let error = fetcher.image(url).await.unwrap_err();
        assert!(matches!(error, FetchError::Scheme | FetchError::Url), "{url}: {error:?}");
    }
    server.abort();
}

#[tokio::test]
async fn https_is_checked_too() {
    let made = self_signed(&params("localhost", 2020, 2090));
    let (port, server) = serve(&made).await;
    let fetcher = fetcher(&[Ipv4Addr::LOCALHOST.into()]);
    let error = fetcher.image(&format!("https://localhost:{port}/")).await.unwrap_err();
    assert!(matches!(error, FetchError::Connect(ConnectError::Tls { .. })), "{error:?}");
    server.abort();
}
