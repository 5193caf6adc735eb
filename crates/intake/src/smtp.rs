//! Takes mail that others bring: SMTP (RFC 5321) and LMTP (RFC 2033) for archive addresses and journals.
//!
//! [`Session`] is one conversation without sockets: octets in, answers and content out. [`Listener`] owns the sockets,
//! the limits and the time. A mail is answered with 250 only after whoever takes [`Delivery`] says that it is durable;
//! own trouble is 4xx, so that the sender keeps it and comes again. Mail for others than the addresses of the
//! [`Policy`] is refused at `RCPT`: nothing is relayed, and no bounce is ever made here.

mod content;
mod drive;
mod envelope;
mod policy;
mod reply;
mod session;
mod spool;
#[cfg(test)]
mod tests;

pub use drive::{Delivery, Limits, Listener, Options};
pub use policy::{Policy, Protocol};
pub use session::{Outcome, Session, Step};
pub use spool::Spool;
