//! As much HTTP/1.1 as a benchmark on the same machine needs: one kept connection, bodies by length or in chunks.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpStream;

use anyhow::{Context, Result, bail};

/// A connection with its session.
pub(super) struct Client {
    stream: BufReader<TcpStream>,
    host: String,
    cookie: String,
}

/// Status and body.
pub(super) struct Answer {
    pub(super) status: u16,
    pub(super) body: Vec<u8>,
}

impl Client {
    pub(super) fn connect(host: &str) -> Result<Self> {
        let stream = TcpStream::connect(host)?;
        stream.set_nodelay(true)?;
        Ok(Self { stream: BufReader::new(stream), host: host.to_owned(), cookie: String::new() })
    }

    /// Logs in; the session's cookie goes with every later request.
    pub(super) fn login(&mut self, email: &str, password: &str) -> Result<()> {
        let body = serde_json::json!({ "email": email, "password": password }).to_string();
        let answer = self.request("POST", "/api/v1/session", &body)?;
        if answer.status >= 300 || self.cookie.is_empty() {
            bail!("login: {} {}", answer.status, String::from_utf8_lossy(&answer.body));
        }
        Ok(())
    }

    pub(super) fn get(&mut self, path: &str) -> Result<Answer> {
        self.request("GET", path, "")
    }

    fn request(&mut self, method: &str, path: &str, body: &str) -> Result<Answer> {
        let head = format!(
            "{method} {path} HTTP/1.1\r\nHost: {host}\r\nOrigin: http://{host}\r\nCookie: {cookie}\r\nContent-Type: application/json\r\nContent-Length: {len}\r\n\r\n{body}",
            host = self.host,
            cookie = self.cookie,
            len = body.len(),
        );
        self.stream.get_mut().write_all(head.as_bytes())?;
        let mut line = String::new();
        self.stream.read_line(&mut line)?;
        let status = line.split(' ').nth(1).and_then(|code| code.parse().ok()).context("status line")?;
        let (mut length, mut chunked) = (0, false);
        loop {
            line.clear();
            self.stream.read_line(&mut line)?;
            let field = line.trim_end().to_owned();
            let Some((name, value)) = field.split_once(':') else { break };
            match name.to_ascii_lowercase().as_str() {
                "content-length" => length = value.trim().parse()?,
                "transfer-encoding" => chunked = value.contains("chunked"),
                "set-cookie" => {
                    value.trim().split(';').next().unwrap_or_default().clone_into(&mut self.cookie);
                }
                _ => {}
            }
        }
        let body = if chunked { self.chunks()? } else { self.octets(length)? };
        Ok(Answer { status, body })
    }

    fn octets(&mut self, length: usize) -> Result<Vec<u8>> {
        let mut body = vec![0; length];
        self.stream.read_exact(&mut body)?;
        Ok(body)
    }

    fn chunks(&mut self) -> Result<Vec<u8>> {
        let mut body = Vec::new();
        loop {
            let mut line = String::new();
            self.stream.read_line(&mut line)?;
            let length = usize::from_str_radix(line.trim(), 16).context("chunk length")?;
            body.extend(self.octets(length)?);
            self.octets(2)?;
            if length == 0 {
                return Ok(body);
            }
        }
    }
}
