//! The form all procedures have: told what the server said, they say what to send, what to report and when they are done.

use tokio::sync::oneshot;

use crate::imap::{During, Event, ImapError, KnownMail};

/// What was said and is to be said on a connection; no socket.
pub(crate) trait Conversation {
    /// Something the server said.
    type Reply;

    /// The next thing the server said, if it is here.
    fn reply(&mut self) -> Result<Option<Self::Reply>, ImapError>;

    /// Octets to be sent now, if any.
    fn output(&mut self) -> Option<Vec<u8>>;

    /// Where octets from the server are appended.
    fn input(&mut self, room: usize) -> &mut Vec<u8>;

    /// Begins anew inside TLS: what was received before counts as never received, nor what was learned from it.
    /// Whether there was anything left, which nobody may have sent.
    fn begin_tls(&mut self) -> bool;

    /// What was received and not read yet; it counts as never received. Nothing where nothing is ever packed.
    fn take_rest(&mut self) -> Vec<u8> {
        Vec::new()
    }
}

/// Where a procedure stands after an answer.
#[derive(Debug)]
pub(crate) enum Step<T> {
    /// It waits for more.
    More,
    /// TLS is to begin now; [`Machine::tls_begun`] when it has.
    BeginTls,
    /// Whoever takes the mail has been asked; [`Machine::answered`] with what they say.
    Ask(oneshot::Receiver<Vec<KnownMail>>),
    /// It is finished.
    Done(T),
}

/// A procedure without sockets and clock. One file each; a new one is a new file.
pub(crate) trait Machine {
    /// What it takes part in.
    type Talk: Conversation;
    /// What it gives in the end.
    type Output;

    /// For errors of the connection.
    fn during(&self) -> During;

    /// Sends the first commands.
    fn begin(
        &mut self,
        talk: &mut Self::Talk,
        events: &mut Vec<Event>,
    ) -> Result<Step<Self::Output>, ImapError>;

    /// Hears what the server said. `events` are delivered, in order, before the next reply is handed in.
    fn hear(
        &mut self,
        talk: &mut Self::Talk,
        reply: <Self::Talk as Conversation>::Reply,
        events: &mut Vec<Event>,
    ) -> Result<Step<Self::Output>, ImapError>;

    /// TLS is there.
    fn tls_begun(&mut self, _talk: &mut Self::Talk) {}

    /// What was asked for is there.
    fn answered(
        &mut self,
        _talk: &mut Self::Talk,
        _known: Vec<KnownMail>,
        _events: &mut Vec<Event>,
    ) -> Step<Self::Output> {
        Step::More
    }

    /// The connection is lost: the last events of this procedure.
    fn lost(&mut self, _events: &mut Vec<Event>) {}
}
