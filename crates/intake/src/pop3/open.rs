//! From the greeting to a login: CAPA, STLS, then AUTH with one of the mechanisms, USER and PASS, or APOP.
//!
//! Source: RFC 1939 §4, §7; RFC 2449; RFC 2595 §4; RFC 3206; RFC 5034.

use std::fmt::Write as _;

use md5::{Digest, Md5};

use super::talk::{Expected, Reply, Talk};
use crate::imap::{During, Event, ImapError};
use crate::line::{Machine, Step};
use crate::sasl::{Answer, Credential, Exchange, Identity, Mechanism};

/// With the first answer of the login a line may have this many octets (RFC 2449 §4).
const COMMAND_OCTETS_MAX: usize = 255;

/// What was said on the way, and what the server can do.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Opened {
    pub(crate) greeting: String,
    pub(crate) login: String,
    /// Lines of CAPA, as sent.
    pub(crate) capabilities: Vec<String>,
}

impl Opened {
    /// Whether CAPA names a capability.
    pub(crate) fn has(&self, capability: &str) -> bool {
        self.words(capability).is_some()
    }

    fn words(&self, capability: &str) -> Option<Vec<&str>> {
        self.capabilities.iter().find_map(|line| {
            let mut words = line.split_ascii_whitespace();
            words.next().filter(|word| word.eq_ignore_ascii_case(capability)).map(|_| words.collect())
        })
    }

    fn mechanisms(&self) -> Vec<&str> {
        self.words("SASL").unwrap_or_default()
    }

    /// The time stamp of a greeting that offers APOP.
    fn stamp(&self) -> Option<&str> {
        let (_, rest) = self.greeting.split_once('<')?;
        let (stamp, _) = rest.split_once('>')?;
        stamp.contains('@').then_some(stamp)
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum State {
    Greeting,
    Capabilities,
    CapabilityLines,
    Tls,
    Way(Way),
    /// PASS is sent.
    Password,
    /// Asked again what the server can do.
    CapabilitiesAfter,
    CapabilityLinesAfter,
}

/// Ways to log in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Way {
    Sasl(Mechanism),
    User,
    Apop,
}

/// See the module.
#[derive(Debug)]
pub(crate) struct Opening<'s> {
    identity: &'s Identity,
    exchange: Option<Exchange<'s>>,
    begins_tls: bool,
    is_encrypted: bool,
    state: State,
    /// Ways not tried yet, the best last.
    ways: Vec<Way>,
    refused: Option<String>,
    opened: Opened,
}

impl<'s> Opening<'s> {
    /// `begins_tls`: the connection is plain, and STLS comes before the login.
    pub(crate) fn new(identity: &'s Identity, is_encrypted: bool, begins_tls: bool) -> Self {
        Self {
            identity,
            exchange: None,
            begins_tls,
            is_encrypted,
            state: State::Greeting,
            ways: Vec::new(),
            refused: None,
            opened: Opened::default(),
        }
    }

    fn ask_capabilities(&mut self, talk: &mut Talk, state: State) -> Step<Opened> {
        self.opened.capabilities.clear();
        talk.send(&[b"CAPA"], Expected::Lines);
        self.state = state;
        Step::More
    }

    fn secure_or_login(&mut self, talk: &mut Talk) -> Result<Step<Opened>, ImapError> {
        if self.begins_tls {
            // Servers from before CAPA may know STLS all the same.
            if !self.opened.capabilities.is_empty() && !self.opened.has("STLS") {
                return Err(ImapError::NoStartTls { words: String::new() });
            }
            talk.send(&[b"STLS"], Expected::Status);
            self.state = State::Tls;
            return Ok(Step::More);
        }
        let opened = &self.opened;
        let is_offered =
            |name: &str| opened.mechanisms().iter().any(|offered| offered.eq_ignore_ascii_case(name));
        let mechanisms = self.identity.mechanisms(is_offered).into_iter().rev().map(Way::Sasl);
        let has_password = matches!(self.identity.credential, Credential::Password(_));
        // A server that lists what it can do and leaves USER out does not take it.
        let has_user = has_password && (opened.capabilities.is_empty() || opened.has("USER"));
        let user = has_user.then_some(Way::User);
        let apop = opened.stamp().filter(|_| has_password).map(|_| Way::Apop);
        // Many servers print a time stamp and cannot check APOP; inside TLS it gains nothing.
        self.ways = if self.is_encrypted {
            apop.into_iter().chain(user).chain(mechanisms).collect()
        } else {
            user.into_iter().chain(mechanisms).chain(apop).collect()
        };
        if self.ways.is_empty() {
            let mechanisms = self.opened.mechanisms().into_iter().map(str::to_owned).collect();
            return Err(ImapError::NoLogin { mechanisms });
        }
        self.next_way(talk)
    }

    fn next_way(&mut self, talk: &mut Talk) -> Result<Step<Opened>, ImapError> {
        let refusal = || ImapError::LoginRefused { code: None, words: String::new() };
        let Some(way) = self.ways.pop() else {
            return Err(self.refused.take().map_or_else(refusal, refused));
        };
        if !self.identity.is_plain_text() {
            return Err(refusal());
        }
        let login = self.identity.login.as_str();
        self.exchange = None;
        match way {
            Way::Sasl(mechanism) => {
                let mut exchange = Exchange::new(self.identity, mechanism);
                let initial = exchange.initial();
                let (name, answer) = (mechanism.name().as_bytes(), initial.expose().as_bytes());
                if answer.len() + name.len() + "AUTH  \r\n".len() <= COMMAND_OCTETS_MAX {
                    talk.send(&[b"AUTH", name, answer], Expected::Status);
                } else {
                    talk.send(&[b"AUTH", name], Expected::Status);
                    exchange.hold();
                }
                self.exchange = Some(exchange);
            }
            Way::User => talk.send(&[b"USER", login.as_bytes()], Expected::Status),
            Way::Apop => {
                let stamp = self.opened.stamp().unwrap_or_default();
                let digest = Md5::digest(format!("<{stamp}>{}", self.password()));
                let digest = digest.iter().fold(String::new(), |mut hex, octet| {
                    let _ = write!(hex, "{octet:02x}");
                    hex
                });
                talk.send(&[b"APOP", login.as_bytes(), digest.as_bytes()], Expected::Status);
            }
        }
        self.state = State::Way(way);
        Ok(Step::More)
    }

    fn password(&self) -> &str {
        match &self.identity.credential {
            Credential::Password(password) => password.expose(),
            Credential::Bearer(_) => "",
        }
    }

    fn status(&mut self, talk: &mut Talk, is_ok: bool, text: String) -> Result<Step<Opened>, ImapError> {
        match (self.state, is_ok) {
            (State::Greeting, true) => {
                self.opened.greeting = text;
                Ok(self.ask_capabilities(talk, State::Capabilities))
            }
            (State::Greeting, false) => Err(ImapError::Greeting { words: text, is_bye: true }),
            (State::Capabilities, true) => {
                self.state = State::CapabilityLines;
                Ok(Step::More)
            }
            (State::Capabilities, false) => self.secure_or_login(talk),
            (State::Tls, true) => Ok(Step::BeginTls),
            (State::Tls, false) => Err(ImapError::NoStartTls { words: text }),
            (State::Way(Way::User), true) => {
                talk.send(&[b"PASS", self.password().as_bytes()], Expected::Status);
                self.state = State::Password;
                Ok(Step::More)
            }
            (State::Way(_) | State::Password, true) => {
                if !self.exchange.as_ref().is_none_or(Exchange::is_proved) {
                    return Err(ImapError::Unproved);
                }
                self.opened.login = text;
                if self.opened.capabilities.is_empty() {
                    return Ok(Step::Done(self.opened.clone()));
                }
                // What a server can do may be more after the login.
                Ok(self.ask_capabilities(talk, State::CapabilitiesAfter))
            }
            (State::Way(_) | State::Password, false) => {
                // Only a refusal of the way itself is tried in another way: a wrong password stays wrong, and each try
                // counts with servers that lock accounts.
                let is_untried = self.exchange.as_ref().is_some_and(Exchange::is_untried);
                let is_about_login = (code(&text).is_some() && !is_untried) || self.state == State::Password;
                let is_last = self.ways.is_empty();
                if is_about_login || is_last {
                    return Err(refused(text));
                }
                self.refused = Some(text);
                self.next_way(talk)
            }
            (State::CapabilitiesAfter, true) => {
                self.state = State::CapabilityLinesAfter;
                Ok(Step::More)
            }
            (State::CapabilitiesAfter, false) => Ok(Step::Done(self.opened.clone())),
            (State::CapabilityLines | State::CapabilityLinesAfter, _) => Ok(Step::More),
        }
    }
}

/// The code of RFC 2449 §8 and RFC 3206 in front of the words, such as `AUTH` or `SYS/TEMP`.
pub(crate) fn code(words: &str) -> Option<String> {
    let (code, _) = words.strip_prefix('[')?.split_once(']')?;
    Some(code.to_ascii_uppercase())
}

fn refused(words: String) -> ImapError {
    // The words of RFC 5530 for what RFC 2449 and RFC 3206 say.
    let code = code(&words).map(|code| match code.as_str() {
        "IN-USE" => "INUSE".to_owned(),
        "SYS/TEMP" | "LOGIN-DELAY" => "UNAVAILABLE".to_owned(),
        _ => code,
    });
    ImapError::LoginRefused { code, words }
}

impl Machine for Opening<'_> {
    type Talk = Talk;
    type Output = Opened;

    fn during(&self) -> During {
        if self.state == State::Greeting { During::Greeting } else { During::Login }
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
        match (reply, self.state) {
            (Reply::Status { is_ok, text }, _) => self.status(talk, is_ok, text),
            (Reply::Continue(challenge), State::Way(Way::Sasl(_))) => {
                match self.exchange.as_mut().map(|exchange| exchange.answer(&challenge)) {
                    Some(Answer::Line(line)) => talk.send_more(line.expose().as_bytes()),
                    _ => talk.send_more(b"*"),
                }
                Ok(Step::More)
            }
            (Reply::Line(line), State::CapabilityLines | State::CapabilityLinesAfter) => {
                self.opened.capabilities.push(line);
                Ok(Step::More)
            }
            (Reply::End, State::CapabilityLines) => self.secure_or_login(talk),
            (Reply::End, State::CapabilityLinesAfter) => Ok(Step::Done(self.opened.clone())),
            _ => Ok(Step::More),
        }
    }

    fn tls_begun(&mut self, talk: &mut Talk) {
        (self.begins_tls, self.is_encrypted) = (false, true);
        self.ask_capabilities(talk, State::Capabilities);
    }
}
