//! What comes in over bad lines, what goes out, what is dangerous, and who mails are from, against real servers.
#![expect(clippy::unwrap_used, reason = "tests stop at the first surprise")]

mod faults;
mod mails;
mod malware;
mod origin;
mod receiver;
mod webhooks;
mod world;
