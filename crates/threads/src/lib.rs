//! Threads as connected components of message ids.
//!
//! In: the ids a batch of new mails names ([`nodes`]), and the threads that the ids among them already known
//! belong to. Out: the thread of each mail, the new ids and their threads, and which threads have become one
//! ([`assign`]). The same mails give the same partition in whatever order and batches they arrive. It never
//! looks at subjects, keeps nothing between calls, and does not know where its map is stored.

mod assign;
mod node;

pub use assign::{Assigned, Merge, assign};
pub use node::{MailNodes, Node, nodes};
