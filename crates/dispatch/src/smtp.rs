//! Hands mails to a server that sends them (RFC 5321, RFC 6409), and says what it answered for each recipient.

use std::fmt::Write as _;
use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use connect::oauth::Needs;
use connect::{ClientTls, ConnectError, Stream, Timeouts};
use keys::Secret;
use mail_send::smtp::AssertReply;
use mail_send::{Credentials, SmtpClient};
use smtp_proto::{
    AUTH_OAUTHBEARER, AUTH_XOAUTH2, EXT_DSN, EXT_SMTP_UTF8, EXT_START_TLS, EhloResponse, Response,
};

/// For each answer of the server (RFC 5321 §4.5.3.2 allows five minutes; a server that sends for us is near).
const ANSWER_MAX: Duration = Duration::from_mins(1);

/// How the connection is protected.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Encryption {
    /// From the first octet (RFC 8314 §3.3).
    Tls,
    /// After `STARTTLS` (RFC 3207); never without it.
    StartTls,
    /// Not at all; this machine only, which the caller checks.
    None,
}

/// How one logs in.
#[derive(Clone, Debug)]
pub enum Login {
    /// Name and password.
    Password(String, Secret<String>),
    /// Name and access token of OAuth 2.
    Token(String, Secret<String>),
}

/// A server that sends for us.
#[derive(Clone, Debug)]
pub struct SmtpServer {
    /// Name or address.
    pub host: String,
    /// Port.
    pub port: u16,
    /// Protection.
    pub encryption: Encryption,
    /// Whom to trust.
    pub tls: ClientTls,
    /// `None`: without login.
    pub login: Option<Login>,
    /// Our name in `EHLO`: the domain of the sender.
    pub our_name: String,
}

/// A mail and where it goes.
#[derive(Clone, Debug)]
pub struct Letter<'a> {
    /// Where bounces go; empty: nowhere (RFC 5321 §4.5.5).
    pub reverse_path: &'a str,
    /// Who gets it.
    pub recipients: &'a [String],
    /// Name of the sending for the servers on the way (RFC 3461 §4.4), if they know such.
    pub envelope_id: &'a str,
    /// The mail: lines end in CRLF.
    pub octets: &'a [u8],
}

/// What a server said.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Answer {
    /// Three digits of RFC 5321 §4.2.
    pub code: u16,
    /// Its words, with the enhanced code before them if there was one.
    pub text: String,
}

impl Answer {
    /// Taken.
    pub const fn is_taken(&self) -> bool {
        self.code / 100 == 2
    }

    /// Refused, but to be tried again.
    pub const fn is_transient(&self) -> bool {
        self.code / 100 == 4
    }
}

/// What the server said about one recipient.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RecipientAnswer {
    /// The recipient as given.
    pub recipient: String,
    /// The refusal of `RCPT`, or what the server said to the whole mail.
    pub answer: Answer,
}

/// Why a mail did not get as far as an answer for its recipients.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum SendError {
    /// No connection.
    #[error(transparent)]
    Connect(#[from] ConnectError),
    /// The server offers no `STARTTLS`.
    #[error("the server offers no STARTTLS")]
    NoStartTls,
    /// It takes no login with a password.
    #[error("the server offers no login with a password")]
    NoLogin,
    /// It takes no login with a token.
    #[error("the server offers no login with a token")]
    NoTokenLogin,
    /// Login refused.
    #[error("login refused: {} {}", .0.code, .0.text)]
    LoginRefused(Answer),
    /// The token does not allow to send.
    #[error("token refused: {} {}", .0.code, .0.text)]
    TokenRefused(Answer),
    /// There is no token to log in with.
    #[error("no token ({}): {words}", .needs.as_str())]
    NoToken {
        /// What would help.
        needs: Needs,
        /// The sign-in service's own words.
        words: String,
    },
    /// Greeting, `EHLO`, `STARTTLS` or `MAIL` refused.
    #[error("refused: {} {}", .0.code, .0.text)]
    Refused(Answer),
    /// An address that cannot be sent.
    #[error("the address has characters that cannot be sent here")]
    Address,
    /// No answer in time.
    #[error("no answer within {} seconds", ANSWER_MAX.as_secs())]
    Timeout,
    /// The connection broke.
    #[error("the connection broke: {0}")]
    Broken(String),
    /// Not an answer as SMTP has them.
    #[error("the server does not answer like a mail server")]
    Protocol,
}

impl SendError {
    /// Whether trying again may help.
    pub const fn is_transient(&self) -> bool {
        match self {
            Self::Connect(error) => error.is_transient(),
            Self::LoginRefused(answer) | Self::TokenRefused(answer) | Self::Refused(answer) => {
                answer.is_transient()
            }
            Self::NoToken { needs, .. } => matches!(needs, Needs::Retry),
            Self::Timeout | Self::Broken(_) | Self::Protocol => true,
            Self::NoStartTls | Self::NoLogin | Self::NoTokenLogin | Self::Address => false,
        }
    }

    /// Key of the sentence that mends it.
    pub const fn key(&self) -> &'static str {
        match self {
            Self::Connect(error) => error.key(),
            Self::NoStartTls => "smtp-starttls-refused",
            Self::NoLogin => "smtp-login-method",
            Self::NoTokenLogin => "login-method",
            Self::TokenRefused(_) => "smtp-token-refused",
            Self::NoToken { needs, .. } => match needs {
                Needs::Retry => "token-later",
                Needs::Consent => "token-consent",
                Needs::AdminConsent => "token-admin-consent",
                Needs::Settings => "token-settings",
            },
            Self::LoginRefused(_) => "smtp-login-refused",
            Self::Refused(_) | Self::Address => "smtp-refused",
            Self::Timeout => "connect-timeout",
            Self::Broken(_) => "closed",
            Self::Protocol => "smtp-protocol",
        }
    }

    /// The server's answer, if there was one.
    pub const fn answer(&self) -> Option<&Answer> {
        match self {
            Self::LoginRefused(answer) | Self::TokenRefused(answer) | Self::Refused(answer) => Some(answer),
            _ => None,
        }
    }

    fn of(error: mail_send::Error) -> Self {
        use mail_send::Error;
        match error {
            Error::UnexpectedReply(reply) => Self::Refused(answer(&reply)),
            Error::AuthenticationFailed(reply) => Self::LoginRefused(answer(&reply)),
            Error::UnsupportedAuthMechanism | Error::MissingCredentials => Self::NoLogin,
            Error::MissingStartTls => Self::NoStartTls,
            Error::Timeout => Self::Timeout,
            Error::Io(error) => Self::Broken(error.to_string()),
            _ => Self::Protocol,
        }
    }
}

fn answer(reply: &Response<String>) -> Answer {
    let [class, subject, detail] = reply.esc;
    let words = reply.message.split_whitespace().collect::<Vec<_>>().join(" ");
    let words: String = words.chars().filter(|c| !c.is_control()).take(500).collect();
    let text = if class == 0 { words } else { format!("{class}.{subject}.{detail} {words}") };
    Answer { code: reply.code, text }
}

/// A step of a test.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SmtpStep {
    /// The server's name is known.
    Name,
    /// It takes connections.
    Connect,
    /// Encryption is agreed on.
    Tls,
    /// Login.
    Login,
    /// A mail was taken.
    Mail,
}

/// How a step went.
#[derive(Debug)]
pub struct StepOutcome {
    /// Which.
    pub step: SmtpStep,
    /// The server's own words, or the system's.
    pub detail: String,
    /// Why it failed.
    pub error: Option<SendError>,
}

/// A connection that is logged in.
struct Session {
    client: SmtpClient<Stream>,
    offers: EhloResponse<String>,
}

/// Hands a mail over. Gives what the server said for each recipient, in their order; one that is refused keeps the others
/// from nothing.
///
/// A connection that breaks after the last octet was sent and before the answer came leaves open whether the mail was
/// taken (RFC 1047): trying again may then send it twice, with the same `Message-ID`.
///
/// # Errors
/// [`SendError`] if nobody got it.
pub async fn send(server: &SmtpServer, letter: &Letter<'_>) -> Result<Vec<RecipientAnswer>, SendError> {
    let mut session = open(server, &mut |_, _| ()).await?;
    let answers = session.hand_over(letter).await;
    // It has answered; how it takes its leave does not matter.
    drop(session.client.quit().await);
    answers
}

/// Tries a server step by step, up to the first step that fails. `letter`: a mail to be sent at the end.
pub async fn test_server(server: &SmtpServer, letter: Option<&Letter<'_>>) -> Vec<StepOutcome> {
    let mut steps: Vec<StepOutcome> = Vec::new();
    let mut done = Vec::new();
    let opened = open(server, &mut |step, detail| done.push((step, detail))).await;
    steps.extend(done.into_iter().map(|(step, detail)| StepOutcome { step, detail, error: None }));
    let mut session = match opened {
        Ok(session) => session,
        Err(error) => {
            let step = match (&error, steps.last().map(|step| step.step)) {
                (SendError::Connect(error), _) => match error.step() {
                    connect::Step::Name => SmtpStep::Name,
                    connect::Step::Connect => SmtpStep::Connect,
                    connect::Step::Tls => SmtpStep::Tls,
                },
                (SendError::NoStartTls, _) => SmtpStep::Tls,
                (_, Some(SmtpStep::Tls)) => SmtpStep::Login,
                (_, Some(SmtpStep::Connect)) if server.encryption == Encryption::None => SmtpStep::Login,
                (_, Some(SmtpStep::Connect)) => SmtpStep::Tls,
                _ => SmtpStep::Connect,
            };
            let detail = error.answer().map(|a| format!("{} {}", a.code, a.text));
            let detail = detail.unwrap_or_else(|| error.to_string());
            steps.push(StepOutcome { step, detail, error: Some(error) });
            return steps;
        }
    };
    if let Some(letter) = letter {
        let answers = session.hand_over(letter).await;
        let (detail, error) = match answers {
            Ok(answers) => match answers.into_iter().next() {
                Some(RecipientAnswer { answer, .. }) => {
                    let detail = format!("{} {}", answer.code, answer.text);
                    (detail, (!answer.is_taken()).then_some(SendError::Refused(answer)))
                }
                None => (String::new(), Some(SendError::Protocol)),
            },
            Err(error) => (error.to_string(), Some(error)),
        };
        steps.push(StepOutcome { step: SmtpStep::Mail, detail, error });
    }
    drop(session.client.quit().await);
    steps
}

/// Connects, encrypts and logs in; `done` hears of each step that went well.
async fn open(
    server: &SmtpServer,
    done: &mut (dyn FnMut(SmtpStep, String) + Send),
) -> Result<Session, SendError> {
    let timeouts = Timeouts::default();
    let addresses = connect::resolve(&server.host, server.port, timeouts.name).await?;
    done(SmtpStep::Name, addresses.iter().map(|a| a.ip().to_string()).collect::<Vec<_>>().join(", "));
    let mut stream = connect::connect(&server.host, &addresses, timeouts.connect).await?;
    if server.encryption == Encryption::Tls {
        done(SmtpStep::Connect, String::new());
        stream = stream.start_tls(&server.tls, &server.host, timeouts.tls).await?;
        done(SmtpStep::Tls, certificate(&stream));
    }
    let mut client = SmtpClient { stream, timeout: ANSWER_MAX };
    let greeting = tokio::time::timeout(ANSWER_MAX, client.read()).await.map_err(|_| SendError::Timeout)?;
    let greeting = greeting.and_then(|reply| {
        let words = answer(&reply);
        reply.assert_positive_completion().map(|()| words)
    });
    let greeting = greeting.map_err(SendError::of)?;
    if server.encryption != Encryption::Tls {
        done(SmtpStep::Connect, format!("{} {}", greeting.code, greeting.text));
    }
    let mut offers = client.ehlo(&server.our_name).await.map_err(SendError::of)?;
    if server.encryption == Encryption::StartTls {
        if !offers.has_capability(EXT_START_TLS) {
            return Err(SendError::NoStartTls);
        }
        client
            .cmd("STARTTLS\r\n")
            .await
            .and_then(AssertReply::assert_positive_completion)
            .map_err(SendError::of)?;
        // What the other side sent after its answer and before TLS was thrown away with the buffer (CVE-2011-0411).
        let stream = client.stream.start_tls(&server.tls, &server.host, timeouts.tls).await?;
        done(SmtpStep::Tls, certificate(&stream));
        client = SmtpClient { stream, timeout: ANSWER_MAX };
        offers = client.ehlo(&server.our_name).await.map_err(SendError::of)?;
    }
    match &server.login {
        Some(Login::Password(name, password)) => {
            let credentials =
                Credentials::Plain { username: name.as_str(), secret: password.expose().as_str() };
            client.authenticate(&Wrapped(credentials), &Offers(&offers)).await.map_err(SendError::of)?;
            done(SmtpStep::Login, name.clone());
        }
        Some(Login::Token(name, token)) => {
            log_in_with_token(&mut client, &offers, name, token).await?;
            done(SmtpStep::Login, name.clone());
        }
        None => {}
    }
    Ok(Session { client, offers })
}

/// Logs in with a token: OAUTHBEARER (RFC 7628 §3.1) where it is offered, otherwise XOAUTH2, as Microsoft and Google describe
/// it. What the server says of a token it does not take comes after one more empty line of ours (RFC 7628 §3.2.3).
async fn log_in_with_token(
    client: &mut SmtpClient<Stream>,
    offers: &EhloResponse<String>,
    name: &str,
    token: &Secret<String>,
) -> Result<(), SendError> {
    let (word, text, end) = if offers.auth_mechanisms & AUTH_OAUTHBEARER != 0 {
        let name = name.replace('=', "=3D").replace(',', "=2C");
        let text = Secret::new(format!("n,a={name},\x01auth=Bearer {}\x01\x01", token.expose()));
        ("OAUTHBEARER", text, "AQ==\r\n")
    } else if offers.auth_mechanisms & AUTH_XOAUTH2 != 0 {
        let text = Secret::new(format!("user={name}\x01auth=Bearer {}\x01\x01", token.expose()));
        ("XOAUTH2", text, "\r\n")
    } else {
        return Err(SendError::NoTokenLogin);
    };
    let command = format!("AUTH {word} {}\r\n", STANDARD.encode(text.expose()));
    let mut reply = client.cmd(command).await.map_err(SendError::of)?;
    if reply.code == 334 {
        reply = client.cmd(end).await.map_err(SendError::of)?;
    }
    if reply.code / 100 == 2 { Ok(()) } else { Err(SendError::TokenRefused(answer(&reply))) }
}

/// `mail-send` asks for references to these.
struct Wrapped<'a>(Credentials<&'a str>);
struct Offers<'a>(&'a EhloResponse<String>);

impl<'a> AsRef<Credentials<&'a str>> for Wrapped<'a> {
    fn as_ref(&self) -> &Credentials<&'a str> {
        &self.0
    }
}

impl AsRef<EhloResponse<String>> for Offers<'_> {
    fn as_ref(&self) -> &EhloResponse<String> {
        self.0
    }
}

fn certificate(stream: &Stream) -> String {
    stream.peer_certificate().map(|facts| facts.to_string()).unwrap_or_default()
}

impl Session {
    async fn hand_over(&mut self, letter: &Letter<'_>) -> Result<Vec<RecipientAnswer>, SendError> {
        let wide = std::iter::once(letter.reverse_path)
            .chain(letter.recipients.iter().map(String::as_str))
            .any(|address| !address.is_ascii());
        let sendable = |address: &str| {
            !address.contains(|c: char| c.is_control() || c.is_whitespace() || matches!(c, '<' | '>'))
        };
        if (wide && !self.offers.has_capability(EXT_SMTP_UTF8))
            || !sendable(letter.reverse_path)
            || !letter.recipients.iter().all(|recipient| sendable(recipient))
        {
            return Err(SendError::Address);
        }
        let reports = self.offers.has_capability(EXT_DSN);
        let mut from = format!("MAIL FROM:<{}>", letter.reverse_path);
        if wide {
            from.push_str(" SMTPUTF8");
        }
        if reports {
            let _ = write!(from, " RET=HDRS ENVID={}", xtext(letter.envelope_id));
        }
        from.push_str("\r\n");
        self.client
            .cmd(from)
            .await
            .and_then(AssertReply::assert_positive_completion)
            .map_err(SendError::of)?;
        let mut answers = Vec::with_capacity(letter.recipients.len());
        for recipient in letter.recipients {
            let mut to = format!("RCPT TO:<{recipient}>");
            if reports && !letter.reverse_path.is_empty() {
                let _ = write!(to, " NOTIFY=FAILURE,DELAY ORCPT=rfc822;{}", xtext(recipient));
            }
            to.push_str("\r\n");
            let reply = self.client.cmd(to).await.map_err(SendError::of)?;
            answers.push(RecipientAnswer { recipient: recipient.clone(), answer: answer(&reply) });
        }
        if !answers.iter().any(|of| of.answer.is_taken()) {
            return Ok(answers);
        }
        let whole = match self.client.data(letter.octets).await.map_err(SendError::of) {
            Ok(reply) => answer(&reply),
            Err(SendError::Refused(answer)) => answer,
            Err(error) => return Err(error),
        };
        for of in answers.iter_mut().filter(|of| of.answer.is_taken()) {
            of.answer = whole.clone();
        }
        Ok(answers)
    }
}

/// Text for a parameter (RFC 3461 §4).
fn xtext(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for octet in text.bytes() {
        if (b'!'..=b'~').contains(&octet) && octet != b'+' && octet != b'=' {
            out.push(char::from(octet));
        } else {
            let _ = write!(out, "+{octet:02X}");
        }
    }
    out
}
