//! From the fetching task to whoever takes the mail: in order, bounded by number and by octets.

use std::collections::VecDeque;
use std::sync::Arc;

use tokio::sync::{OwnedSemaphorePermit, Semaphore, mpsc};

use super::error::ImapError;
use super::event::Event;

/// Bundles that may wait.
const BUNDLES_MAX: usize = 256;
/// What one permit stands for.
const PERMIT_OCTETS: usize = 1024;

/// Events handed over together: each waking of the other side costs more than taking an event.
type Bundle = (Vec<Event>, Option<OwnedSemaphorePermit>);

/// The end that sends. Clones feed the same [`Inlet`].
#[derive(Clone, Debug)]
pub struct Outlet {
    sender: mpsc::Sender<Bundle>,
    room: Arc<Semaphore>,
    permits: usize,
}

/// The end that receives.
#[derive(Debug)]
pub struct Inlet {
    receiver: mpsc::Receiver<Bundle>,
    /// Of the bundle at hand.
    events: VecDeque<Event>,
}

/// A channel in which at most about `octets_max` octets of mail wait (at least 1 MiB).
pub fn channel(octets_max: usize) -> (Outlet, Inlet) {
    let permits = octets_max.max(1 << 20) / PERMIT_OCTETS;
    let (sender, receiver) = mpsc::channel(BUNDLES_MAX);
    let outlet = Outlet { sender, room: Arc::new(Semaphore::new(permits)), permits };
    (outlet, Inlet { receiver, events: VecDeque::new() })
}

impl Outlet {
    /// Waits until there is room.
    pub(crate) async fn send(&self, events: Vec<Event>) -> Result<(), ImapError> {
        if events.is_empty() {
            return Ok(());
        }
        let permit = match events.iter().map(Event::octets).sum::<usize>() {
            0 => None,
            octets => {
                let permits = octets.div_ceil(PERMIT_OCTETS).min(self.permits) as u32;
                Arc::clone(&self.room).acquire_many_owned(permits).await.ok()
            }
        };
        self.sender.send((events, permit)).await.map_err(|_| ImapError::Abandoned)
    }
}

impl Inlet {
    /// The next event; `None` when all outlets are gone.
    pub async fn recv(&mut self) -> Option<Event> {
        while self.events.is_empty() {
            self.events = self.receiver.recv().await?.0.into();
        }
        self.events.pop_front()
    }

    /// The same for threads outside of the runtime.
    pub fn blocking_recv(&mut self) -> Option<Event> {
        while self.events.is_empty() {
            self.events = self.receiver.blocking_recv()?.0.into();
        }
        self.events.pop_front()
    }
}
