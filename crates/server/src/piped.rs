//! What a thread that may block writes, handed to a connection piece by piece.

use std::io::{self, Write};
use std::time::Duration;

use axum::body::{Body, Bytes};
use futures_util::StreamExt as _;
use tokio::runtime::Handle;
use tokio::sync::mpsc::{self, Sender};
use tokio::time::timeout;

/// Octets handed over together.
const PIECE_OCTETS: usize = 64 << 10;
/// Whoever takes nothing for so long is given up.
const PAUSE_MAX: Duration = Duration::from_mins(1);

/// A body that `write` writes. An error breaks the connection, so that nobody takes half of it for the whole. It is written as
/// fast as it is taken; whoever goes away ends it.
pub(crate) fn body(write: impl FnOnce(&mut Pipe) -> io::Result<()> + Send + 'static) -> Body {
    let (pieces, taken) = mpsc::channel(4);
    let runtime = Handle::current();
    tokio::task::spawn_blocking(move || {
        let mut pipe = Pipe { pieces, runtime, piece: Vec::new() };
        if let Err(error) = write(&mut pipe).and_then(|()| pipe.hand_over()) {
            // Nobody may be there to hear it.
            let _ = pipe.send(Err(error));
        }
    });
    let pieces = futures_util::stream::unfold(taken, |mut taken| async move {
        taken.recv().await.map(|piece| (piece, taken))
    });
    // Compression asks once more after the end.
    Body::from_stream(pieces.fuse())
}

/// Where the thread writes.
pub(crate) struct Pipe {
    pieces: Sender<io::Result<Bytes>>,
    runtime: Handle,
    piece: Vec<u8>,
}

impl Pipe {
    fn hand_over(&mut self) -> io::Result<()> {
        if self.piece.is_empty() {
            return Ok(());
        }
        let piece = std::mem::take(&mut self.piece);
        self.send(Ok(Bytes::from(piece)))
    }

    fn send(&self, piece: io::Result<Bytes>) -> io::Result<()> {
        match self.runtime.block_on(timeout(PAUSE_MAX, self.pieces.send(piece))) {
            Ok(Ok(())) => Ok(()),
            Ok(Err(_)) => Err(io::ErrorKind::BrokenPipe.into()),
            Err(_) => Err(io::ErrorKind::TimedOut.into()),
        }
    }
}

impl Write for Pipe {
    fn write(&mut self, octets: &[u8]) -> io::Result<usize> {
        let taken = octets.len().min(PIECE_OCTETS - self.piece.len());
        self.piece.extend_from_slice(&octets[..taken]);
        if self.piece.len() == PIECE_OCTETS {
            self.hand_over()?;
        }
        Ok(taken)
    }

    /// Small pieces wait for what follows: a ZIP file is flushed after each of its entries.
    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}
