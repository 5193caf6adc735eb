//! What comes in over bad lines and what goes out, against real servers.
#![expect(clippy::unwrap_used, reason = "tests stop at the first surprise")]

mod faults;
mod mails;
mod receiver;
mod webhooks;
mod world;
