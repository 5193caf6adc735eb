//! From the fetching task to whoever takes the mail: in order, bounded by number and by octets.

use std::sync::Arc;

use tokio::sync::{OwnedSemaphorePermit, Semaphore, mpsc};

use super::error::ImapError;
use super::event::Event;

/// Events that may wait.
const EVENTS_MAX: usize = 256;
/// What one permit stands for.
const PERMIT_OCTETS: usize = 1024;

/// The end that sends. Clones feed the same [`Inlet`].
#[derive(Clone, Debug)]
pub struct Outlet {
    sender: mpsc::Sender<(Event, Option<OwnedSemaphorePermit>)>,
    room: Arc<Semaphore>,
    permits: usize,
}

/// The end that receives.
#[derive(Debug)]
pub struct Inlet(mpsc::Receiver<(Event, Option<OwnedSemaphorePermit>)>);

/// A channel in which at most about `octets_max` octets of mail wait (at least 1 MiB).
pub fn channel(octets_max: usize) -> (Outlet, Inlet) {
    let permits = octets_max.max(1 << 20) / PERMIT_OCTETS;
    let (sender, receiver) = mpsc::channel(EVENTS_MAX);
    (Outlet { sender, room: Arc::new(Semaphore::new(permits)), permits }, Inlet(receiver))
}

impl Outlet {
    /// Waits until there is room.
    pub(crate) async fn send(&self, event: Event) -> Result<(), ImapError> {
        let octets = match &event {
            Event::Mail(mail) => mail.octets.len(),
            Event::Chunk(octets) => octets.len(),
            _ => 0,
        };
        let permit = if octets == 0 {
            None
        } else {
            let permits = octets.div_ceil(PERMIT_OCTETS).min(self.permits) as u32;
            Arc::clone(&self.room).acquire_many_owned(permits).await.ok()
        };
        self.sender.send((event, permit)).await.map_err(|_| ImapError::Abandoned)
    }
}

impl Inlet {
    /// The next event; `None` when all outlets are gone.
    pub async fn recv(&mut self) -> Option<Event> {
        self.0.recv().await.map(|(event, _)| event)
    }

    /// The same for threads outside of the runtime.
    pub fn blocking_recv(&mut self) -> Option<Event> {
        self.0.blocking_recv().map(|(event, _)| event)
    }
}
