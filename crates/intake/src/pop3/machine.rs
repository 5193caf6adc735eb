//! The form all procedures have: told what the server said, they say what to send and when they are done.

use super::talk::{Reply, Talk};
use crate::imap::{During, Event, ImapError};

/// Where a procedure stands after an answer.
#[derive(Debug)]
pub(crate) enum Step<T> {
    /// It waits for more.
    More,
    /// TLS is to begin now; [`Machine::tls_begun`] when it has.
    BeginTls,
    /// It is finished.
    Done(T),
}

/// A procedure without sockets and clock.
pub(crate) trait Machine {
    /// What it gives in the end.
    type Output;

    /// For errors of the connection.
    fn during(&self) -> During;

    /// Sends the first commands.
    fn begin(&mut self, talk: &mut Talk) -> Step<Self::Output>;

    /// Hears what the server said.
    fn hear(
        &mut self,
        talk: &mut Talk,
        reply: Reply,
        events: &mut Vec<Event>,
    ) -> Result<Step<Self::Output>, ImapError>;

    /// TLS is there.
    fn tls_begun(&mut self, _talk: &mut Talk) {}

    /// The connection is lost: the last events of this procedure.
    fn lost(&mut self, _events: &mut Vec<Event>) {}
}
