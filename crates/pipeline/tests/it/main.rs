//! What goes out, against real servers.

mod mails;
mod receiver;
mod webhooks;
mod world;
