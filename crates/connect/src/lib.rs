//! TLS, its trust, and names: how the server reaches others, and proves itself to browsers.
//!
//! In: host, port, and whom to trust. Out: a stream (plain or TLS), or an error that says at which step it failed and
//! with what. Also: the guarded fetcher, which gets small things from public addresses only, requests to one server of the web over kept connections ([`Web`]), and the server's own
//! certificate, read anew when its file changes. It knows no mail protocol: who speaks STARTTLS does so over the plain
//! [`Stream`] and then calls [`Stream::start_tls`]. There is no way to switch the check of certificates off.

mod certificate;
mod dial;
mod error;
mod exchange;
mod fetch;
mod guard;
mod image;
mod network;
pub mod oauth;
mod post;
mod serve;
mod stream;
mod trust;
mod web;

pub use certificate::CertificateFacts;
pub use dial::{Timeouts, connect, dial, resolve};
pub use error::{ConnectError, FetchError, ServerTlsError, Step, TlsFault, TrustError};
pub use exchange::{HeldBody, exchange};
pub use fetch::{FetchLimits, Fetched, Fetcher};
pub use guard::{Guard, is_public, is_this_machine, may_log_in};
/// Methods of requests.
pub use hyper::Method;
pub use image::image_type;
pub use network::{Network, NetworkError};
pub use post::{PostAnswer, Poster, basic_login};
pub use serve::{Accepted, MailTls, ServerTls};
pub use stream::Stream;
pub use trust::{ClientTls, Trust};
pub use web::{Web, WebAnswer, WebRequest};

#[cfg(test)]
mod tests;
