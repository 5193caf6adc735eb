//! `DIR/control.sock`: while `serve` runs, the other commands reach it here.
//!
//! The client sends one JSON line [`Request`], then its standard input in frames if the command reads it; the server
//! runs the same command on its own engine and answers with frames: one octet of type (`o` standard output, `e`
//! standard error, `x` exit status), a length of four octets (big endian), the octets. The socket belongs to the
//! user who runs the server, mode 0600.

use std::io::{self, BufRead, BufReader, Read, Write};
use std::os::unix::net::{UnixListener, UnixStream};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex};

use serde::{Deserialize, Serialize};

/// Name of the socket in the data directory.
pub const NAME: &str = "control.sock";
const FRAME_OCTETS_MAX: usize = 64 * 1024;
const REQUEST_OCTETS_MAX: u64 = 4 * 1024 * 1024;

/// A command for the running server.
#[derive(Serialize, Deserialize)]
pub struct Request {
    /// Arguments without the program's name.
    pub arguments: Vec<String>,
    /// The client's working directory: paths are relative to it.
    pub directory: PathBuf,
    /// `de` or `en`.
    pub lang: String,
    /// Whether standard error is a terminal: then progress is drawn.
    pub terminal: bool,
    /// `POSTSTELLE_PASSWORD` of the client's environment.
    pub password: Option<String>,
}

/// Where a command writes, wherever it runs.
pub struct Streams<'a> {
    /// Results.
    pub out: &'a mut dyn Write,
    /// Messages to people.
    pub err: Box<dyn Write + Send>,
    /// Standard input.
    pub input: Box<dyn Read + Send + 'a>,
    /// Progress may be drawn.
    pub terminal: bool,
    /// Working directory of whoever called.
    pub directory: PathBuf,
    /// `POSTSTELLE_PASSWORD` of whoever called.
    pub password: Option<String>,
}

/// Connects to a running server; `None` if there is none.
pub fn connect(dir: &Path) -> Option<UnixStream> {
    UnixStream::connect(dir.join(NAME)).ok()
}

/// Runs a command in the server and copies its output. Gives the exit status.
///
/// # Errors
/// If the server goes away before it has given a status.
pub fn call(stream: UnixStream, request: &Request, with_input: bool) -> io::Result<i32> {
    let mut sender = stream.try_clone()?;
    let mut line = serde_json::to_vec(request)?;
    line.push(b'\n');
    sender.write_all(&line)?;
    if with_input {
        std::thread::spawn(move || {
            let copied = io::copy(&mut io::stdin().lock(), &mut sender);
            let closed = sender.shutdown(std::net::Shutdown::Write);
            copied.map(|_| closed)
        });
    } else {
        sender.shutdown(std::net::Shutdown::Write)?;
    }
    let mut reader = BufReader::new(stream);
    let mut body = vec![0; FRAME_OCTETS_MAX];
    loop {
        let mut head = [0; 5];
        reader.read_exact(&mut head)?;
        let len = u32::from_be_bytes([head[1], head[2], head[3], head[4]]) as usize;
        let Some(part) = body.get_mut(..len) else { return Err(io::ErrorKind::InvalidData.into()) };
        reader.read_exact(part)?;
        match head[0] {
            b'o' => {
                let mut out = io::stdout().lock();
                out.write_all(part)?;
                out.flush()?;
            }
            b'e' => io::stderr().lock().write_all(part)?,
            b'x' => return Ok(part.first().map_or(1, |status| i32::from(*status))),
            _ => return Err(io::ErrorKind::InvalidData.into()),
        }
    }
}

/// Listens for commands; each runs in a thread of its own through `run`, which gives the exit status.
///
/// # Errors
/// If the socket cannot be made.
pub fn listen(
    dir: &Path,
    run: impl Fn(Request, Streams<'_>) -> i32 + Send + Sync + 'static,
) -> io::Result<()> {
    use std::os::unix::fs::PermissionsExt as _;
    let path = dir.join(NAME);
    match std::fs::remove_file(&path) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
        _ => {}
    }
    let listener = UnixListener::bind(&path)?;
    std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o600))?;
    let run = Arc::new(run);
    std::thread::Builder::new().name("control".into()).spawn(move || {
        for stream in listener.incoming().flatten() {
            let run = Arc::clone(&run);
            let spawned = std::thread::Builder::new().name("command".into()).spawn(move || {
                if let Err(error) = answer(stream, &*run) {
                    tracing::debug!(%error, "a command's client went away");
                }
            });
            if let Err(error) = spawned {
                tracing::warn!(%error, "cannot start a thread for a command");
            }
        }
    })?;
    Ok(())
}

fn answer(stream: UnixStream, run: &(dyn Fn(Request, Streams<'_>) -> i32 + Sync)) -> io::Result<()> {
    let mut reader = BufReader::new(stream.try_clone()?);
    let mut line = Vec::new();
    (&mut reader).take(REQUEST_OCTETS_MAX).read_until(b'\n', &mut line)?;
    let request: Request = serde_json::from_slice(&line)?;
    let sender = Arc::new(Mutex::new(stream));
    let mut out =
        io::BufWriter::with_capacity(FRAME_OCTETS_MAX, Frames { kind: b'o', sender: Arc::clone(&sender) });
    let err = Box::new(Frames { kind: b'e', sender: Arc::clone(&sender) });
    let (directory, terminal, password) =
        (request.directory.clone(), request.terminal, request.password.clone());
    let status =
        run(request, Streams { out: &mut out, err, input: Box::new(reader), terminal, directory, password });
    out.flush()?;
    frame(&sender, b'x', &[u8::try_from(status).unwrap_or(1)])
}

/// Writes frames of one type.
struct Frames {
    kind: u8,
    sender: Arc<Mutex<UnixStream>>,
}

impl Write for Frames {
    fn write(&mut self, octets: &[u8]) -> io::Result<usize> {
        let part = &octets[..octets.len().min(FRAME_OCTETS_MAX)];
        frame(&self.sender, self.kind, part)?;
        Ok(part.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

fn frame(sender: &Mutex<UnixStream>, kind: u8, octets: &[u8]) -> io::Result<()> {
    let mut sender = sender.lock().map_err(|_| io::Error::from(io::ErrorKind::BrokenPipe))?;
    let mut head = [kind, 0, 0, 0, 0];
    head[1..].copy_from_slice(
        &u32::try_from(octets.len()).map_err(|_| io::ErrorKind::InvalidInput)?.to_be_bytes(),
    );
    sender.write_all(&head)?;
    sender.write_all(octets)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn output_and_status_arrive() {
        let dir = tempfile::tempdir().unwrap();
        listen(dir.path(), |request, mut streams| {
            streams.out.write_all(&vec![b'a'; 200_000]).unwrap();
            streams.err.write_all(request.arguments[0].as_bytes()).unwrap();
            3
        })
        .unwrap();
        let mut stream = connect(dir.path()).unwrap();
        let request = Request {
            arguments: vec!["x".into()],
            directory: "/".into(),
            lang: "en".into(),
            terminal: false,
            password: None,
        };
        let mut line = serde_json::to_vec(&request).unwrap();
        line.push(b'\n');
        stream.write_all(&line).unwrap();
        let (mut out, mut err, mut status) = (0, Vec::new(), None);
        while status.is_none() {
            let mut head = [0; 5];
            stream.read_exact(&mut head).unwrap();
            let mut body = vec![0; u32::from_be_bytes(head[1..].try_into().unwrap()) as usize];
            stream.read_exact(&mut body).unwrap();
            match head[0] {
                b'o' => out += body.len(),
                b'e' => err.extend(body),
                _ => status = Some(body[0]),
            }
        }
        assert_eq!((out, err.as_slice(), status), (200_000, b"x".as_slice(), Some(3)));
    }
}
