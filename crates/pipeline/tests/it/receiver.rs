//! A receiver of webhooks: a real HTTP server that keeps what it gets and answers what it is told.

use std::collections::{BTreeMap, VecDeque};
use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::{TcpListener, TcpStream};
use std::sync::{Arc, Mutex};

/// One request.
#[derive(Clone, Debug)]
pub(crate) struct Got {
    pub(crate) fields: BTreeMap<String, String>,
    pub(crate) body: String,
}

pub(crate) struct Receiver {
    pub(crate) url: String,
    got: Arc<Mutex<Vec<Got>>>,
    answers: Arc<Mutex<VecDeque<u16>>>,
}

impl Receiver {
    /// Answers with these statuses in turn, then with 204.
    pub(crate) fn start(answers: &[u16]) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let url = format!("http://{}/hook", listener.local_addr().unwrap());
        let got = Arc::<Mutex<Vec<Got>>>::default();
        let answers = Arc::new(Mutex::new(answers.iter().copied().collect::<VecDeque<u16>>()));
        let (keep, next) = (Arc::clone(&got), Arc::clone(&answers));
        std::thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                let Some(request) = read(&stream) else { continue };
                keep.lock().unwrap().push(request);
                let status = next.lock().unwrap().pop_front().unwrap_or(204);
                let location = if status == 302 { "Location: http://127.0.0.1:1/\r\n" } else { "" };
                let text = format!(
                    "HTTP/1.1 {status} X\r\n{location}Content-Length: 0\r\nConnection: close\r\n\r\n"
                );
                let _ = (&stream).write_all(text.as_bytes());
            }
        });
        Self { url, got, answers }
    }

    pub(crate) fn got(&self) -> Vec<Got> {
        self.got.lock().unwrap().clone()
    }

    pub(crate) fn answer(&self, status: u16) {
        self.answers.lock().unwrap().push_back(status);
    }
}

fn read(stream: &TcpStream) -> Option<Got> {
    let mut lines = BufReader::new(stream);
    let mut fields = BTreeMap::new();
    let mut line = String::new();
    lines.read_line(&mut line).ok()?;
    loop {
        line.clear();
        lines.read_line(&mut line).ok()?;
        let Some((name, value)) = line.trim_end().split_once(':') else { break };
        fields.insert(name.to_ascii_lowercase(), value.trim().to_owned());
    }
    let length = fields.get("content-length")?.parse().ok()?;
    let mut body = vec![0; length];
    lines.read_exact(&mut body).ok()?;
    Some(Got { fields, body: String::from_utf8(body).ok()? })
}
