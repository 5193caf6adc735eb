//! A name server (RFC 1035) for one test, over UDP.

use std::collections::HashMap;
use std::net::{Ipv4Addr, UdpSocket};
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread;

const TXT: u16 = 16;
const NXDOMAIN: u8 = 3;
const SERVFAIL: u8 = 2;

/// Texts by name; every other name does not exist. It ends with the test's process.
#[derive(Clone, Debug)]
pub struct NameServer {
    inner: Arc<Inner>,
    port: u16,
}

#[derive(Debug, Default)]
struct Inner {
    texts: Mutex<HashMap<String, String>>,
    asked: AtomicU64,
    failing: AtomicBool,
}

impl NameServer {
    /// Starts one without names.
    ///
    /// # Panics
    /// If there is no port.
    pub fn start() -> Self {
        let socket = UdpSocket::bind((Ipv4Addr::LOCALHOST, 0)).expect("a port is free");
        let port = socket.local_addr().expect("it has an address").port();
        let inner = Arc::new(Inner::default());
        let serving = Arc::clone(&inner);
        thread::spawn(move || {
            let mut question = [0; 1500];
            while let Ok((len, client)) = socket.recv_from(&mut question) {
                if let Some(answer) = serving.answer(&question[..len]) {
                    socket.send_to(&answer, client).ok();
                }
            }
        });
        Self { inner, port }
    }

    /// `address:port`.
    pub fn address(&self) -> String {
        format!("127.0.0.1:{}", self.port)
    }

    /// From now on this name has this TXT record.
    pub fn set(&self, name: &str, text: impl Into<String>) {
        self.inner.texts.lock().unwrap_or_else(PoisonError::into_inner).insert(name.to_owned(), text.into());
    }

    /// Whether it answers every question with SERVFAIL.
    pub fn fail(&self, failing: bool) {
        self.inner.failing.store(failing, Ordering::Relaxed);
    }

    /// Questions so far.
    pub fn asked(&self) -> u64 {
        self.inner.asked.load(Ordering::Relaxed)
    }
}

impl Inner {
    fn answer(&self, question: &[u8]) -> Option<Vec<u8>> {
        self.asked.fetch_add(1, Ordering::Relaxed);
        let mut at = 12;
        let mut labels = Vec::new();
        loop {
            let len = usize::from(*question.get(at)?);
            at += 1;
            if len == 0 {
                break;
            }
            labels.push(String::from_utf8_lossy(question.get(at..at + len)?).to_ascii_lowercase());
            at += len;
        }
        let kind = u16::from_be_bytes([*question.get(at)?, *question.get(at + 1)?]);
        let asked = question.get(12..at + 4)?;
        let texts = self.texts.lock().unwrap_or_else(PoisonError::into_inner);
        let found = texts.get(&labels.join("."));
        let code = match found {
            _ if self.failing.load(Ordering::Relaxed) => SERVFAIL,
            Some(_) => 0,
            None => NXDOMAIN,
        };
        let record = found.filter(|_| code == 0 && kind == TXT);
        let mut out = question[..2].to_vec();
        out.extend([0x85, 0x80 | code, 0, 1, 0, u8::from(record.is_some()), 0, 0, 0, 0]);
        out.extend_from_slice(asked);
        if let Some(text) = record {
            let mut content = Vec::new();
            for piece in text.as_bytes().chunks(255) {
                content.push(u8::try_from(piece.len()).ok()?);
                content.extend_from_slice(piece);
            }
            // A pointer to the name; TXT, IN, a TTL of a minute.
            out.extend([0xc0, 12, 0, 16, 0, 1, 0, 0, 0, 60]);
            out.extend(u16::try_from(content.len()).ok()?.to_be_bytes());
            out.extend(content);
        }
        Some(out)
    }
}
