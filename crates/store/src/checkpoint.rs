//! Moves SQLite's log into the file, beside the writer instead of in its way.
//!
//! In: how long the log is after each commit. A log that has grown is moved by a thread of its own while the
//! writer goes on; only when it has grown large in spite of that does the writer wait, for what is left.

use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicI32, Ordering};
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::thread::JoinHandle;

use rusqlite::Connection;

/// Pages of 4 KiB in the log from which on it is moved.
const START: i32 = 2_000;
/// Pages from which on the writer waits.
const WAIT: i32 = 16_000;

/// A caller that waits until it is done.
type Request = Option<SyncSender<()>>;

pub(crate) struct Checkpoints {
    pages: Arc<AtomicI32>,
    requests: SyncSender<Request>,
    thread: JoinHandle<()>,
}

impl Checkpoints {
    /// Takes over from SQLite's own checkpoints of `writer`.
    pub(crate) fn start(path: &Path, writer: &mut Connection) -> rusqlite::Result<Self> {
        let connection = Connection::open(path)?;
        let pages = Arc::new(AtomicI32::new(0));
        let noted = pages.clone();
        writer.wal_hook(Some(move |_: &mut rusqlite::hooks::Wal, pages| {
            noted.store(pages, Ordering::Relaxed);
            Ok(())
        }))?;
        let (requests, receiver) = sync_channel(1);
        let thread = std::thread::Builder::new()
            .name("store-checkpoint".to_owned())
            .spawn(move || work(&connection, &receiver))
            .map_err(|error| rusqlite::Error::ToSqlConversionFailure(Box::new(error)))?;
        Ok(Self { pages, requests, thread })
    }

    /// Ends the thread. A checkpoint that runs would keep the writer from its last one, which does not wait.
    pub(crate) fn finish(self) {
        drop(self.requests);
        if self.thread.join().is_err() {
            tracing::error!("the thread that moves the log of the database panicked");
        }
    }

    /// To be called by the writer between two transactions.
    pub(crate) fn after_commit(&self) {
        let pages = self.pages.load(Ordering::Relaxed);
        if pages >= WAIT {
            let (done, answer) = sync_channel(1);
            if self.requests.send(Some(done)).is_ok() {
                // No answer: the thread is gone, and the log grows on.
                let _ = answer.recv();
            }
        } else if pages >= START {
            // One that waits already is enough.
            let _ = self.requests.try_send(None);
        }
    }
}

fn work(connection: &Connection, requests: &Receiver<Request>) {
    let mut failing = false;
    while let Ok(request) = requests.recv() {
        // Answers (busy, pages in the log, pages moved).
        let moved = connection.query_row("PRAGMA wal_checkpoint(PASSIVE)", [], |row| row.get::<_, i64>(2));
        if let Err(error) = &moved
            && !failing
        {
            tracing::warn!(error = %error, "the log of the database cannot be moved into it");
        }
        failing = moved.is_err();
        if let Some(done) = request {
            let _ = done.send(());
        }
    }
}
