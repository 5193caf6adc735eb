//! One conversation, without sockets.

use std::borrow::Cow;
use std::net::IpAddr;
use std::sync::Arc;

use model::{Client, Envelope};
use smtp_proto::{Error, Request};

use super::content::Content;
use super::envelope::{forward_path, reverse_path};
use super::policy::{Access, Policy, Protocol};
use super::reply;

/// Longest command line, octets; DSN parameters of long addresses fit (RFC 3461 §4.1, RFC 6531 §3.4).
const LINE_MAX: usize = 4096;
/// Faults before the conversation is ended.
const FAULTS_MAX: u32 = 20;

/// What the driver is to do.
#[derive(Debug, PartialEq, Eq)]
pub enum Step {
    /// Send the output, then receive more.
    More,
    /// Content of the mail under way.
    Content(Vec<u8>),
    /// The mail is complete: make it durable, then call [`Session::answer`].
    Complete(Envelope),
    /// Forget the content so far.
    Abandon,
    /// Send the output, forget what was received behind it, begin TLS, then call [`Session::tls_began`].
    StartTls,
    /// Send the output and close.
    Close,
}

/// What became of a mail.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// Durable.
    Kept,
    /// There is no room; the sender keeps it.
    Full,
    /// Other trouble of ours; the sender keeps it.
    Trouble,
}

/// What the next octets are.
#[derive(Debug, Default)]
enum Reading {
    #[default]
    Commands,
    Content(Content),
    /// The rest of a chunk of `BDAT`.
    Chunk {
        left: u64,
        is_last: bool,
        /// Nobody wants it; answered already.
        void: bool,
    },
    /// Until [`Session::answer`].
    Waiting,
    Closed,
}

/// The server's side of a conversation.
#[derive(Debug)]
pub struct Session {
    policy: Arc<Policy>,
    client: IpAddr,
    is_encrypted: bool,
    is_certified: bool,
    greeted: bool,
    /// What the client calls itself.
    helo: String,
    input: Vec<u8>,
    output: Vec<u8>,
    reading: Reading,
    envelope: Option<Envelope>,
    /// Octets of content so far.
    octets: u64,
    /// The mail under way came in chunks so far.
    in_chunks: bool,
    /// Its content has been dropped.
    too_large: bool,
    faults: u32,
}

impl Session {
    /// A new connection from `client`. The greeting is in the output.
    pub fn new(policy: Arc<Policy>, client: IpAddr) -> Self {
        let mut session = Self {
            client,
            is_encrypted: false,
            is_certified: false,
            greeted: false,
            helo: String::new(),
            input: Vec::new(),
            output: Vec::new(),
            reading: Reading::Commands,
            envelope: None,
            octets: 0,
            in_chunks: false,
            too_large: false,
            faults: 0,
            policy,
        };
        if session.access() == Access::Refused {
            session.say(reply::REFUSED);
            session.reading = Reading::Closed;
        } else {
            let word = if session.policy.protocol == Protocol::Lmtp { "LMTP" } else { "ESMTP" };
            let greeting = format!("220 {} {word}\r\n", session.policy.host);
            session.say(&greeting);
        }
        session
    }

    /// Takes octets from the client.
    pub fn receive(&mut self, octets: &[u8]) {
        self.input.extend_from_slice(octets);
    }

    /// What is to be sent, taken out.
    pub fn output(&mut self) -> Vec<u8> {
        std::mem::take(&mut self.output)
    }

    /// Goes on as far as the input allows.
    pub fn advance(&mut self) -> Step {
        loop {
            let step = match &mut self.reading {
                Reading::Closed => return Step::Close,
                Reading::Waiting => return Step::More,
                Reading::Commands => self.command(),
                Reading::Content(_) => self.content(),
                Reading::Chunk { .. } => self.chunk(),
            };
            match step {
                Some(step) => return step,
                None if self.faults > FAULTS_MAX => {
                    self.say(reply::TOO_MANY_FAULTS);
                    self.reading = Reading::Closed;
                }
                None => {}
            }
        }
    }

    /// What became of the mail given by [`Step::Complete`]; LMTP tells each recipient (RFC 2033 §4.2).
    pub fn answer(&mut self, outcome: Outcome) {
        if !matches!(self.reading, Reading::Waiting) {
            return;
        }
        self.finish(match outcome {
            Outcome::Kept => reply::KEPT,
            Outcome::Full => reply::FULL,
            Outcome::Trouble => reply::TROUBLE,
        });
    }

    /// Encrypted from now on; everything said before is forgotten (RFC 3207 §4.2). `certified`: the client showed a
    /// certificate that is good.
    pub fn tls_began(&mut self, certified: bool) {
        self.input.clear();
        self.reset();
        self.greeted = false;
        self.is_encrypted = true;
        self.is_certified = certified;
    }

    fn access(&self) -> Access {
        self.policy.access(self.client, self.is_encrypted, self.is_certified)
    }

    fn say(&mut self, text: &str) {
        self.output.extend_from_slice(text.as_bytes());
    }

    fn fault(&mut self, text: &str) {
        self.faults += 1;
        self.say(text);
    }

    fn reset(&mut self) {
        self.envelope = None;
        self.octets = 0;
        self.in_chunks = false;
        self.too_large = false;
    }

    /// Answers a mail, ends it, and goes on with commands.
    fn finish(&mut self, text: &str) {
        let recipients = self.envelope.as_ref().map_or(0, |envelope| envelope.forward_paths.len());
        let times = if self.policy.protocol == Protocol::Lmtp { recipients } else { 1 };
        for _ in 0..times {
            self.say(text);
        }
        self.reset();
        self.reading = Reading::Commands;
    }

    /// `None`: go on.
    fn command(&mut self) -> Option<Step> {
        let Some(lf) = memchr::memchr(b'\n', &self.input) else {
            if self.input.len() > LINE_MAX {
                self.say(reply::LINE_LONG);
                self.reading = Reading::Closed;
                return None;
            }
            return Some(Step::More);
        };
        let line: Vec<u8> = self.input.drain(..=lf).collect();
        // Whoever ends lines otherwise may be in the middle of a mail by its own reckoning.
        if !line.ends_with(b"\r\n") || memchr::memchr(b'\r', &line[..line.len() - 2]).is_some() {
            self.say(reply::LINE_END);
            self.reading = Reading::Closed;
            return None;
        }
        if line.len() > LINE_MAX {
            self.fault(reply::LINE_LONG);
            return None;
        }
        match Request::parse(&mut line.iter()) {
            Ok(request) => self.request(&request),
            Err(error) => {
                self.fault(match error {
                    Error::InvalidSenderAddress => reply::ADDRESS,
                    Error::InvalidRecipientAddress => reply::RCPT_ADDRESS,
                    Error::UnsupportedParameter { .. } => reply::UNKNOWN_PARAMETER,
                    Error::SyntaxError { .. } | Error::InvalidParameter { .. } => reply::PARAMETERS,
                    _ => reply::SYNTAX,
                });
                None
            }
        }
    }

    fn request(&mut self, request: &Request<Cow<'_, str>>) -> Option<Step> {
        let is_lmtp = self.policy.protocol == Protocol::Lmtp;
        match request {
            Request::Ehlo { host } | Request::Lhlo { host }
                if is_lmtp == matches!(request, Request::Lhlo { .. }) =>
            {
                self.helo = host.to_string();
                self.greeted = true;
                self.offer();
                return self.abandon();
            }
            Request::Helo { host } if !is_lmtp => {
                self.helo = host.to_string();
                self.greeted = true;
                let text = format!("250 {}\r\n", self.policy.host);
                self.say(&text);
                return self.abandon();
            }
            Request::Ehlo { .. } | Request::Lhlo { .. } | Request::Helo { .. } => {
                self.fault(reply::WRONG_HELLO);
            }
            Request::Rset => {
                self.say(reply::OK);
                return self.abandon();
            }
            Request::Mail { from } => self.mail(from),
            Request::Rcpt { to } => self.recipient(to),
            Request::Data => self.begin_content(),
            Request::Bdat { chunk_size, is_last } => self.begin_chunk(*chunk_size as u64, *is_last),
            Request::StartTls if !self.policy.offers_tls => self.fault(reply::NOT_IMPLEMENTED),
            Request::StartTls if self.is_encrypted => self.fault(reply::TLS_ALREADY),
            Request::StartTls => {
                // What was sent behind it without TLS is void (RFC 3207 §5, CVE-2011-0411).
                self.input.clear();
                self.say(reply::TLS_GO);
                return Some(Step::StartTls);
            }
            Request::Noop { .. } => self.say(reply::OK),
            Request::Vrfy { .. } => self.say(reply::VRFY),
            Request::Quit => {
                self.say(reply::BYE);
                self.reading = Reading::Closed;
            }
            _ => self.fault(reply::NOT_IMPLEMENTED),
        }
        None
    }

    /// Ends the mail under way.
    fn abandon(&mut self) -> Option<Step> {
        let had_content = self.octets > 0;
        self.reset();
        had_content.then_some(Step::Abandon)
    }

    fn offer(&mut self) {
        let mut text = format!(
            "250-{}\r\n250-PIPELINING\r\n250-SIZE {}\r\n250-8BITMIME\r\n250-SMTPUTF8\r\n250-DSN\r\n250-CHUNKING\r\n",
            self.policy.host, self.policy.octets_max
        );
        if self.policy.offers_tls && !self.is_encrypted {
            text.push_str("250-STARTTLS\r\n");
        }
        text.push_str("250 ENHANCEDSTATUSCODES\r\n");
        self.say(&text);
    }

    fn mail(&mut self, from: &smtp_proto::MailFrom<Cow<'_, str>>) {
        if !self.greeted {
            return self.fault(reply::HELLO_FIRST);
        }
        match self.access() {
            Access::Allowed => {}
            Access::NeedsTls => return self.fault(reply::TLS_FIRST),
            Access::Refused => return self.fault(reply::REFUSED),
        }
        if self.envelope.is_some() {
            return self.fault(reply::MAIL_OPEN);
        }
        if from.flags & smtp_proto::MAIL_BODY_BINARYMIME != 0 {
            return self.fault(reply::UNKNOWN_PARAMETER);
        }
        if from.size as u64 > self.policy.octets_max {
            return self.say(reply::TOO_LARGE);
        }
        self.envelope = Some(Envelope {
            reverse_path: Some(reverse_path(from)),
            forward_paths: Vec::new(),
            client: Some(Client { ip: self.client.to_canonical(), helo: self.helo.clone() }),
        });
        self.say(reply::SENDER_OK);
    }

    fn recipient(&mut self, to: &smtp_proto::RcptTo<Cow<'_, str>>) {
        let is_taken = self.policy.takes(&to.address);
        let Some(envelope) = &mut self.envelope else { return self.fault(reply::MAIL_FIRST) };
        if self.in_chunks {
            self.fault(reply::MIXED);
        } else if !is_taken {
            self.fault(reply::RELAY);
        } else if envelope.forward_paths.len() >= self.policy.recipients_max {
            self.say(reply::TOO_MANY_RECIPIENTS);
        } else {
            envelope.forward_paths.push(forward_path(to));
            self.say(reply::RECIPIENT_OK);
        }
    }

    /// Whether content may come now; says why not otherwise.
    fn may_begin(&mut self) -> bool {
        match &self.envelope {
            None => self.fault(reply::MAIL_FIRST),
            Some(envelope) if envelope.forward_paths.is_empty() => self.fault(reply::NO_RECIPIENT),
            Some(_) => return true,
        }
        false
    }

    fn begin_content(&mut self) {
        if !self.may_begin() {
        } else if self.in_chunks {
            self.fault(reply::MIXED);
        } else {
            self.say(reply::GO_AHEAD);
            self.reading = Reading::Content(Content::default());
        }
    }

    /// The octets of a chunk come whatever the answer is (RFC 3030 §2).
    fn begin_chunk(&mut self, left: u64, is_last: bool) {
        let void = !self.may_begin();
        self.in_chunks |= !void;
        self.reading = Reading::Chunk { left, is_last, void };
    }

    fn content(&mut self) -> Option<Step> {
        let Reading::Content(content) = &mut self.reading else { return None };
        if self.input.is_empty() {
            return Some(Step::More);
        }
        let mut out = Vec::with_capacity(self.input.len());
        let (read, ended) = content.read(&self.input, &mut out);
        self.input.drain(..read);
        if ended {
            // The last piece first; the empty end is read again.
            self.reading = Reading::Chunk { left: 0, is_last: true, void: false };
        }
        self.counted(out)
    }

    fn chunk(&mut self) -> Option<Step> {
        let Reading::Chunk { left, is_last, void } = &mut self.reading else { return None };
        if *left > 0 {
            if self.input.is_empty() {
                return Some(Step::More);
            }
            let len = self.input.len().min(usize::try_from(*left).unwrap_or(usize::MAX));
            *left -= len as u64;
            let is_void = *void;
            let octets: Vec<u8> = self.input.drain(..len).collect();
            return if is_void { None } else { self.counted(octets) };
        }
        let (is_last, void) = (*is_last, *void);
        self.reading = Reading::Commands;
        if void {
            return None;
        }
        if !is_last {
            self.say(if self.too_large { reply::TOO_LARGE } else { reply::CHUNK_OK });
            return None;
        }
        if self.too_large {
            self.finish(reply::TOO_LARGE);
            return None;
        }
        self.reading = Reading::Waiting;
        Some(Step::Complete(self.envelope.clone().unwrap_or_default()))
    }

    /// Hands content on unless there is too much of it.
    fn counted(&mut self, octets: Vec<u8>) -> Option<Step> {
        self.octets += octets.len() as u64;
        if self.too_large || octets.is_empty() {
            return None;
        }
        if self.octets > self.policy.octets_max {
            self.too_large = true;
            return Some(Step::Abandon);
        }
        Some(Step::Content(octets))
    }
}
