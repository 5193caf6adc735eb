//! What comes in over bad lines, from servers that are restarted and with tokens, what goes out, what is dangerous, and who mails are from, against real
//! servers.
#![expect(clippy::unwrap_used, reason = "tests stop at the first surprise")]

mod allowance;
mod anchoring;
mod deletion;
mod faults;
mod files;
mod graph;
mod interrupted;
mod mails;
mod malware;
mod oauth;
mod origin;
mod put_back;
mod receiver;
mod rekey;
mod remote;
mod replay;
mod restarts;
mod sending;
mod spam;
mod webhooks;
mod world;
