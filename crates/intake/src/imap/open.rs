//! From the greeting to a login: CAPABILITY, STARTTLS, AUTHENTICATE or LOGIN, ID.
//!
//! Source: RFC 9051 §3, §6.2, §7.1; RFC 4422, RFC 4959; RFC 2971; RFC 8314 for STARTTLS.

use std::collections::VecDeque;

use super::capability::Capabilities;
use super::command::Command;
use super::error::{During, ImapError};
use super::event::Event;
use super::response::{Response, Status, Text};
use super::talk::{Reply, Tag, Talk};
use crate::line::{Machine, Step};
use crate::sasl::{Answer, Credential, Exchange, Identity, Mechanism};

/// Empty lines and odd responses before the greeting are passed over, up to this many.
const ODD_LINES_MAX: u32 = 3;

/// What was said on the way.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Opened {
    pub(crate) greeting: String,
    pub(crate) login: String,
}

#[derive(Debug)]
enum State {
    Greeting,
    /// Asked what the server can do, before the login; before TLS if that is still to come.
    Capability(Tag),
    StartTls(Tag),
    Authenticate(Tag),
    Login(Tag),
    CapabilityAfter(Tag),
    Id(Tag),
}

/// See the module.
#[derive(Debug)]
pub(crate) struct Opening<'s> {
    identity: &'s Identity,
    /// Mechanisms not tried yet, the best first.
    mechanisms: VecDeque<Mechanism>,
    exchange: Option<Exchange<'s>>,
    begins_tls: bool,
    state: State,
    odd_lines: u32,
    bye: Option<String>,
    opened: Opened,
}

impl<'s> Opening<'s> {
    /// `begins_tls`: the connection is plain, and STARTTLS comes before the login.
    pub(crate) fn new(identity: &'s Identity, begins_tls: bool) -> Self {
        Self {
            identity,
            mechanisms: VecDeque::new(),
            exchange: None,
            begins_tls,
            state: State::Greeting,
            odd_lines: 0,
            bye: None,
            opened: Opened::default(),
        }
    }

    fn greeting(&mut self, talk: &mut Talk, reply: Reply) -> Result<Step<Opened>, ImapError> {
        let (status, text) = match reply {
            Reply::Response(Response::Untagged { status, text }) => (status, text),
            Reply::Response(Response::Other)
                if self.odd_lines < ODD_LINES_MAX
                    && (talk.odd_line.trim().is_empty() || talk.odd_line.starts_with('*')) =>
            {
                self.odd_lines += 1;
                return Ok(Step::More);
            }
            Reply::Response(Response::Continue(words)) => {
                return Err(ImapError::Greeting { words, is_bye: false });
            }
            // Servers of other protocols greet too, in their way, and then wait.
            _ => return Err(ImapError::Greeting { words: talk.odd_line.clone(), is_bye: false }),
        };
        match status {
            Status::Ok => {
                self.opened.greeting = text.words;
                if talk.capabilities.is_empty() {
                    self.state = State::Capability(talk.send(&Command::Capability));
                    return Ok(Step::More);
                }
                self.secure_or_login(talk)
            }
            // Already logged in, but then TLS cannot begin any more.
            Status::Preauth if self.begins_tls => Err(ImapError::NoStartTls { words: text.words }),
            Status::Preauth => {
                self.opened.greeting = text.words;
                Ok(self.after_login(talk))
            }
            Status::Bye => Err(ImapError::Greeting { words: text.words, is_bye: true }),
            Status::No | Status::Bad => Err(ImapError::Greeting { words: text.words, is_bye: false }),
        }
    }

    fn secure_or_login(&mut self, talk: &mut Talk) -> Result<Step<Opened>, ImapError> {
        if self.begins_tls {
            if !talk.capabilities.has("STARTTLS") {
                return Err(ImapError::NoStartTls { words: String::new() });
            }
            self.state = State::StartTls(talk.send(&Command::StartTls));
            return Ok(Step::More);
        }
        if !self.identity.is_plain_text() {
            return Err(refused(Text::default()));
        }
        let offered = talk.capabilities.mechanisms();
        let is_offered = |name: &str| offered.contains(&name);
        self.mechanisms = self.identity.mechanisms(is_offered).into();
        self.next_way(talk)
    }

    fn next_way(&mut self, talk: &mut Talk) -> Result<Step<Opened>, ImapError> {
        self.exchange = None;
        if let Some(mechanism) = self.mechanisms.pop_front() {
            let exchange = Exchange::new(self.identity, mechanism);
            let initial = exchange.initial();
            self.state =
                State::Authenticate(talk.send(&Command::Authenticate { mechanism, initial: &initial }));
            self.exchange = Some(exchange);
            return Ok(Step::More);
        }
        let (login, capabilities) = (self.identity.login.as_str(), &talk.capabilities);
        match &self.identity.credential {
            Credential::Password(password) if !capabilities.has("LOGINDISABLED") => {
                self.state = State::Login(talk.send(&Command::Login { login, password }));
            }
            Credential::Password(password) if capabilities.has("AUTH=LOGIN") => {
                self.state = State::Login(talk.send(&Command::AuthenticateLogin { login, password }));
            }
            _ => {
                let mechanisms = capabilities.mechanisms().into_iter().map(str::to_owned).collect();
                return Err(ImapError::NoLogin { mechanisms });
            }
        }
        Ok(Step::More)
    }

    /// Answers the server in the middle of a login.
    fn challenged(&mut self, talk: &mut Talk, challenge: &str) {
        let (Some(exchange), State::Authenticate(_)) = (&mut self.exchange, &self.state) else { return };
        match exchange.answer(challenge) {
            Answer::Line(line) => talk.send_line(line.expose()),
            Answer::GiveUp => talk.send_line("*"),
        }
    }

    /// The server has said what it thinks of a mechanism and what was said in it.
    fn authenticated(
        &mut self,
        talk: &mut Talk,
        status: Status,
        text: Text,
    ) -> Result<Step<Opened>, ImapError> {
        let exchange = self.exchange.take();
        let is_proved = exchange.as_ref().is_none_or(Exchange::is_proved);
        let is_untried = exchange.as_ref().is_some_and(Exchange::is_untried);
        match status {
            Status::Ok if is_proved => {
                self.opened.login.clone_from(&text.words);
                Ok(self.logged_in(talk, &text))
            }
            Status::Ok => Err(ImapError::Unproved),
            // The account has no password in the form SCRAM needs, or the server says no more than that.
            _ if is_untried && !self.mechanisms.is_empty() => self.next_way(talk),
            // Offered, but not understood as we said it.
            Status::Bad if self.has_another_way(talk) => self.next_way(talk),
            _ => Err(refused(text)),
        }
    }

    fn has_another_way(&self, talk: &Talk) -> bool {
        let has_password = matches!(self.identity.credential, Credential::Password(_));
        !self.mechanisms.is_empty() || (has_password && !talk.capabilities.has("LOGINDISABLED"))
    }

    fn done(
        &mut self,
        talk: &mut Talk,
        tag: Tag,
        status: Status,
        text: Text,
    ) -> Result<Step<Opened>, ImapError> {
        match self.state {
            State::Capability(expected) if tag == expected => self.secure_or_login(talk),
            State::StartTls(expected) if tag == expected => {
                if status == Status::Ok {
                    Ok(Step::BeginTls)
                } else {
                    Err(ImapError::NoStartTls { words: text.words })
                }
            }
            State::Authenticate(expected) if tag == expected => self.authenticated(talk, status, text),
            State::Login(expected) if tag == expected => {
                if status != Status::Ok {
                    return Err(refused(text));
                }
                self.opened.login.clone_from(&text.words);
                Ok(self.logged_in(talk, &text))
            }
            State::CapabilityAfter(expected) if tag == expected => Ok(self.after_login(talk)),
            State::Id(expected) if tag == expected => Ok(Step::Done(self.opened.clone())),
            _ => Ok(Step::More),
        }
    }

    fn logged_in(&mut self, talk: &mut Talk, text: &Text) -> Step<Opened> {
        // What a server can do may be more after the login.
        if text.capabilities().is_none() {
            self.state = State::CapabilityAfter(talk.send(&Command::Capability));
            return Step::More;
        }
        self.after_login(talk)
    }

    fn after_login(&mut self, talk: &mut Talk) -> Step<Opened> {
        // Some providers let nobody in who does not say who they are.
        if talk.capabilities.has("ID") {
            self.state = State::Id(talk.send(&Command::Id));
            return Step::More;
        }
        Step::Done(self.opened.clone())
    }
}

fn refused(text: Text) -> ImapError {
    ImapError::LoginRefused { code: text.code, words: text.words }
}

impl Machine for Opening<'_> {
    type Talk = Talk;
    type Output = Opened;

    fn during(&self) -> During {
        if matches!(self.state, State::Greeting) { During::Greeting } else { During::Login }
    }

    fn begin(&mut self, _talk: &mut Talk, _events: &mut Vec<Event>) -> Result<Step<Opened>, ImapError> {
        Ok(Step::More)
    }

    fn hear(
        &mut self,
        talk: &mut Talk,
        reply: Reply,
        _events: &mut Vec<Event>,
    ) -> Result<Step<Opened>, ImapError> {
        if matches!(self.state, State::Greeting) {
            return self.greeting(talk, reply);
        }
        match reply {
            Reply::Response(Response::Continue(challenge)) => {
                self.challenged(talk, &challenge);
                Ok(Step::More)
            }
            Reply::Done(tag, status, text) => self.done(talk, tag, status, text),
            Reply::Response(Response::Untagged { status: Status::Bye, text }) => {
                // With a refused login some servers say goodbye first and answer the command after that.
                self.bye = Some(text.words);
                Ok(Step::More)
            }
            _ => Ok(Step::More),
        }
    }

    fn tls_begun(&mut self, talk: &mut Talk) {
        self.begins_tls = false;
        talk.capabilities = Capabilities::default();
        self.state = State::Capability(talk.send(&Command::Capability));
    }
}
