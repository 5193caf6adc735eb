//! Changes of links that can still be taken back, kept in memory: an undo is offered for seconds.

use std::collections::VecDeque;
use std::sync::{Mutex, PoisonError};

use model::{UnixMillis, UserId};
use store::LinkUndo;
use uuid::Uuid;

/// For so long.
const KEPT_MS: i64 = 60 * 60_000;
/// At most so many, of all users together.
const KEPT_MAX: usize = 500;

struct Kept {
    id: Uuid,
    user: UserId,
    at: UnixMillis,
    undo: LinkUndo,
}

/// What can be taken back, and by whom.
#[derive(Default)]
pub(crate) struct LinkUndos(Mutex<VecDeque<Kept>>);

impl LinkUndos {
    /// Gives the key to [`Self::take`] it with.
    pub(crate) fn keep(&self, user: UserId, undo: LinkUndo, at: UnixMillis) -> Uuid {
        let id = Uuid::now_v7();
        let mut kept = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        kept.push_back(Kept { id, user, at, undo });
        while kept.len() > KEPT_MAX {
            kept.pop_front();
        }
        id
    }

    /// Once, by the same user, within the hour.
    pub(crate) fn take(&self, user: UserId, id: Uuid, now: UnixMillis) -> Option<LinkUndo> {
        let mut kept = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        kept.retain(|one| now.0.saturating_sub(one.at.0) < KEPT_MS);
        let at = kept.iter().position(|one| one.id == id && one.user == user)?;
        kept.remove(at).map(|one| one.undo)
    }
}
