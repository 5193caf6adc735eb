//! The socket.

use std::net::{SocketAddr, TcpListener};

use axum::http::StatusCode;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::sync::oneshot;

use super::world::World;
use crate::{ListenError, Options, bind};

fn options(listen: &str) -> (tempfile::TempDir, Options) {
    let dir = tempfile::tempdir().unwrap();
    let uploads = dir.path().join("uploads");
    (dir, Options { listen: listen.parse().unwrap(), uploads, ..Options::default() })
}

#[test]
fn off_loopback_only_with_protection() {
    let (_dir, mut options) = options("0.0.0.0:0");
    let error = bind(&options).unwrap_err();
    assert!(matches!(error, ListenError::Unprotected { .. }));
    assert_eq!(
        (error.key(), error.values()[0].clone()),
        ("listen-unprotected", ("listen", "0.0.0.0:0".to_owned()))
    );
    options.trusted_proxies = vec!["10.0.0.1".parse().unwrap()];
    assert!(bind(&options).is_ok());
}

#[test]
fn a_port_in_use_is_told() {
    let taken = TcpListener::bind("127.0.0.1:0").unwrap();
    let (_dir, options) = options(&taken.local_addr().unwrap().to_string());
    assert!(matches!(bind(&options), Err(ListenError::InUse { .. })));
}

#[test]
fn a_certificate_that_is_none_is_told() {
    let (dir, mut options) = options("127.0.0.1:0");
    let file = dir.path().join("cert.pem");
    options.tls = Some(crate::TlsFiles { certificate: file.clone(), key: file });
    let error = bind(&options).unwrap_err();
    assert_eq!(error.key(), "listen-tls");
    assert!(error.values()[0].1.contains("cert.pem"));
}

async fn ask(address: SocketAddr, path: &str) -> String {
    let mut stream = TcpStream::connect(address).await.unwrap();
    let request = format!("GET {path} HTTP/1.1\r\nHost: {address}\r\nConnection: close\r\n\r\n");
    stream.write_all(request.as_bytes()).await.unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).await.unwrap();
    answer
}

#[tokio::test(flavor = "multi_thread")]
async fn serves_until_it_is_told_to_end() {
    let (_dir, options) = options("127.0.0.1:0");
    let bound = bind(&options).unwrap();
    let address = bound.address();
    assert_eq!(bound.url(), format!("http://{address}"));
    let world = World::new();
    let caller = world.administrator();
    let (end, ended) = oneshot::channel::<()>();
    let server = tokio::spawn(bound.serve(world.state.clone(), async move { drop(ended.await) }));
    assert!(ask(address, "/health/live").await.starts_with("HTTP/1.1 200"));
    // A page that is left open does not keep the server from ending.
    let mut page = TcpStream::connect(address).await.unwrap();
    let request =
        format!("GET /api/v1/live HTTP/1.1\r\nHost: {address}\r\nCookie: {}\r\n\r\n", caller.cookie);
    page.write_all(request.as_bytes()).await.unwrap();
    let mut head = [0; 12];
    page.read_exact(&mut head).await.unwrap();
    assert_eq!(&head, b"HTTP/1.1 200");
    end.send(()).unwrap();
    server.await.unwrap().unwrap();
    assert!(TcpStream::connect(address).await.is_err());
    assert_eq!(StatusCode::OK, world.get("/health/live").send().await.status);
}

#[tokio::test(flavor = "multi_thread")]
async fn speaks_tls_with_the_certificate_given() {
    let (dir, mut options) = options("127.0.0.1:0");
    let made = rcgen::generate_simple_self_signed(vec!["localhost".to_owned()]).unwrap();
    let (certificate, key) = (dir.path().join("cert.pem"), dir.path().join("key.pem"));
    std::fs::write(&certificate, made.cert.pem()).unwrap();
    std::fs::write(&key, made.signing_key.serialize_pem()).unwrap();
    options.tls = Some(crate::TlsFiles { certificate, key });
    let bound = bind(&options).unwrap();
    let address = bound.address();
    assert_eq!(bound.url(), format!("https://{address}"));
    let world = World::with(|own| own.tls = options.tls.clone());
    let (end, ended) = oneshot::channel::<()>();
    let server = tokio::spawn(bound.serve(world.state.clone(), async move { drop(ended.await) }));
    let trust = connect::ClientTls::new(&connect::Trust::Pem(made.cert.pem())).unwrap();
    let timeouts = connect::Timeouts::default();
    let mut stream = connect::dial("localhost", address.port(), Some(&trust), &timeouts).await.unwrap();
    stream
        .write_all(b"GET /api/v1/setup HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n")
        .await
        .unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).await.unwrap();
    assert!(answer.starts_with("HTTP/1.1 200"), "{answer}");
    end.send(()).unwrap();
    server.await.unwrap().unwrap();
}
