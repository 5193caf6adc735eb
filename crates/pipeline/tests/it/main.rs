//! What goes out, and who may come in, against real servers.
#![expect(clippy::unwrap_used, reason = "tests stop at the first surprise")]

mod mails;
mod oauth;
mod receiver;
mod rekey;
mod webhooks;
mod world;
