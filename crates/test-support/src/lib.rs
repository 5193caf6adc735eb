//! Fixtures and helpers for tests: folders that vanish, servers of others started for a test.
//!
//! A dev-dependency only; it knows no crate of ours and panics where a test cannot go on.

mod certificate;
mod clamd;
mod courier;
pub mod dovecot;
pub mod fixtures;
mod graph;
mod mariadb;
mod moto;
pub mod mutations;
mod names;
mod oidc;
pub mod outlook;
mod postfix;
mod postgres;
mod proxy;
mod radicale;
mod random;
mod scratch;
mod spam;

pub use certificate::Certificate;
pub use clamd::{Clamd, EICAR};
pub use courier::Courier;
pub use dovecot::Dovecot;
pub use graph::Graph;
pub use mariadb::Mariadb;
pub use moto::Moto;
pub use names::NameServer;
pub use oidc::{Oidc, OidcSetup};
pub use postfix::Postfix;
pub use postgres::Postgres;
pub use proxy::{Fault, Proxy};
pub use radicale::Radicale;
pub use random::Random;
pub use scratch::Scratch;
pub use spam::{GTUBE, SpamFilter};
