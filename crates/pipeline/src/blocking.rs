//! Work that blocks, beside the asynchronous tasks.

use crate::error::{Error, Result};

/// Runs `work` where it may wait for the disk or the database.
///
/// # Errors
/// What `work` gives; `Stopped` if the program ends.
pub(crate) async fn blocking<T: Send + 'static>(
    work: impl FnOnce() -> Result<T> + Send + 'static,
) -> Result<T> {
    tokio::task::spawn_blocking(work).await.map_err(|_| Error::Stopped)?
}
