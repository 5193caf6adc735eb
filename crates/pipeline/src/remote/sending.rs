//! The task that sends. What it has done is a row; killed anywhere, the next start goes on.

use std::sync::Arc;
use std::time::Duration;

use ::remote::{Kept, Remote};
use model::Sha256;
use store::RemoteSegment;
use tokio::sync::Notify;

use super::settings::Fault;
use super::{Waiting, name_of, opened, waiting};
use crate::blocking::blocking;
use crate::engine::Engine;
use crate::error::{Error, Result};

/// Looks for sealed segments this often.
const PATIENCE: Duration = Duration::from_secs(10);
/// A store that did not take anything is asked again after so long, longer each time.
const PAUSE_MIN: Duration = Duration::from_secs(10);
const PAUSE_MAX: Duration = Duration::from_mins(10);

/// The task. It ends with [`RemoteStorage::stop`].
pub struct RemoteStorage {
    end: Arc<Notify>,
}

impl RemoteStorage {
    /// Starts it.
    pub fn start(engine: Engine, runtime: &tokio::runtime::Handle) -> Self {
        let end = Arc::new(Notify::new());
        let this = Self { end: Arc::clone(&end) };
        runtime.spawn(async move {
            tokio::select! {
                () = end.notified() => {}
                () = run(&engine) => {}
            }
        });
        this
    }

    /// Ends it.
    pub fn stop(&self) {
        self.end.notify_one();
    }
}

async fn run(engine: &Engine) {
    let mut pause = PAUSE_MIN;
    loop {
        let wait = match engine.send_segments().await {
            Ok(true) => {
                pause = PAUSE_MIN;
                PATIENCE
            }
            outcome => {
                if let Err(error) = outcome {
                    tracing::warn!(error = %crate::chain(&error), "segments wait for the remote storage");
                }
                let now = pause;
                pause = (pause * 2).min(PAUSE_MAX);
                now
            }
        };
        tokio::select! {
            () = tokio::time::sleep(wait) => {}
            () = engine.core().remote_bell.notified() => pause = PAUSE_MIN,
        }
    }
}

impl Engine {
    /// Sends what waits, once; false if the store did not take all of it.
    ///
    /// # Errors
    /// Those of database and archive.
    pub async fn send_segments(&self) -> Result<bool> {
        let engine = self.clone();
        let opened = blocking(move || match opened(engine.core()) {
            Err(Fault::Other(error)) => Err(error),
            opened => Ok(opened),
        });
        let (kept, remote) = match opened.await? {
            Ok(Some(opened)) => opened,
            Ok(None) => return Ok(true),
            Err(fault) => {
                tracing::warn!(error = %crate::chain(&fault), "the remote storage cannot be used");
                return Ok(false);
            }
        };
        let engine = self.clone();
        let waiting = blocking(move || waiting(engine.core())).await?;
        for waiting in waiting {
            let outcome = self.send(&remote, &waiting).await;
            let (engine, id) = (self.clone(), kept.id);
            let told = outcome.as_ref().err().map(|error| crate::chain(error));
            blocking(move || {
                let (store, now) = (engine.store(), engine.core().now());
                match outcome {
                    Ok((kept, sha256)) => {
                        let there = RemoteSegment {
                            segment: waiting.segment,
                            octets: waiting.octets,
                            sha256,
                            version: kept.version,
                            e_tag: kept.e_tag,
                            at: now,
                        };
                        store.note_remote_segment(id, there)?;
                    }
                    Err(Fault::Other(error)) => return Err(error),
                    Err(Fault::Remote(error)) => {
                        store.note_remote_error(id, crate::chain(&error), now)?;
                    }
                }
                Ok(())
            })
            .await?;
            if let Some(why) = told {
                tracing::warn!(error = %why, "the remote storage does not take a segment");
                return Ok(false);
            }
        }
        Ok(true)
    }

    /// One segment; what lies there already, as a crash before the note leaves it, is not sent again.
    async fn send(&self, remote: &Remote, waiting: &Waiting) -> Result<(Kept, Sha256), Fault> {
        let (engine, segment, octets) = (self.clone(), waiting.segment, waiting.octets);
        let digest =
            blocking(move || engine.archive().stored_digest(segment, 0, octets).map_err(Error::from));
        let sha256 = digest.await?;
        let name = name_of(waiting.segment);
        let there = remote.head(&name).await?;
        let there = there.filter(|kept| (kept.octets, kept.sha256) == (waiting.octets, Some(sha256)));
        let kept = match there {
            Some(kept) => kept,
            None => remote.upload(&name, &waiting.path, waiting.octets, sha256).await?,
        };
        Ok((kept, sha256))
    }
}
