//! What goes out, against real servers.
#![expect(clippy::unwrap_used, reason = "tests stop at the first surprise")]

mod mails;
mod receiver;
mod webhooks;
mod world;
