//! What comes in over bad lines and with tokens, and what goes out, against real servers.
#![expect(clippy::unwrap_used, reason = "tests stop at the first surprise")]

mod faults;
mod mails;
mod oauth;
mod receiver;
mod rekey;
mod webhooks;
mod world;
