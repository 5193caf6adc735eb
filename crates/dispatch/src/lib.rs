//! What goes out: mails of our own by SMTP, webhooks, and the notices people get.
//!
//! In: what happened (entries of the event log), settings of a server that sends, secrets of receivers. Out: composed
//! mails and bodies, and what the other side answered, word for word. It keeps nothing and knows no queue: what waits,
//! and when it is tried again, is `store`'s and `pipeline`'s. It reaches others through `connect` alone.

mod backoff;
mod compose;
mod lang;
mod notice;
mod occurrence;
mod reference;
mod settings;
mod smtp;
mod webhook;

pub use backoff::{Backoff, MAIL, WEBHOOK};
pub use compose::{Attached, Author, CheckpointLetter, compose_checkpoint, compose_test};
pub use lang::Language;
pub use notice::{Gathered, Occasion, compose_notice};
pub use occurrence::{Example, KINDS, Occurrence, logged, occurrence};
pub use reference::{Reference, return_path};
pub use settings::{NoticeSettings, Recipient, Way};
pub use smtp::{
    Answer, Encryption, Letter, Login, RecipientAnswer, SendError, SmtpServer, SmtpStep, StepOutcome, send,
    test_server,
};
pub use webhook::{SecretError, WebhookSecret, headers, test_body};
