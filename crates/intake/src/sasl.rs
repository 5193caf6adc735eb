//! What is said while logging in, whatever protocol carries it.
//!
//! In: who logs in, with what, and the server's challenges as base64. Out: the answers as base64.
//!
//! Source: RFC 4422, RFC 4616 (PLAIN), RFC 5802 and 7677 (SCRAM-SHA-256), RFC 7628 (OAUTHBEARER); Google's and Microsoft's
//! documents for XOAUTH2.

mod scram;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use keys::Secret;

use scram::Scram;

/// What an account logs in with.
#[derive(Clone, Debug)]
pub enum Credential {
    /// A password.
    Password(Secret<String>),
    /// An access token of OAuth 2.
    Bearer(Secret<String>),
}

impl From<Secret<String>> for Credential {
    fn from(password: Secret<String>) -> Self {
        Self::Password(password)
    }
}

impl From<&str> for Credential {
    fn from(password: &str) -> Self {
        Self::Password(password.into())
    }
}

/// Who logs in where.
#[derive(Clone, Debug)]
pub(crate) struct Identity {
    pub(crate) login: String,
    pub(crate) credential: Credential,
    pub(crate) host: String,
    pub(crate) port: u16,
    /// Random, anew for each connection; printable, without a comma.
    pub(crate) nonce: Secret<String>,
}

/// Ways to say it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Mechanism {
    ScramSha256,
    Plain,
    OauthBearer,
    Xoauth2,
}

impl Mechanism {
    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::ScramSha256 => "SCRAM-SHA-256",
            Self::Plain => "PLAIN",
            Self::OauthBearer => "OAUTHBEARER",
            Self::Xoauth2 => "XOAUTH2",
        }
    }
}

impl Identity {
    /// The mechanisms that fit, of those the server offers; the best first.
    pub(crate) fn mechanisms(&self, is_offered: impl Fn(&str) -> bool) -> Vec<Mechanism> {
        let all: &[Mechanism] = match &self.credential {
            Credential::Password(password) => {
                // Others would have to be prepared by SASLprep, and PLAIN leaves that to the server.
                let can_scram = [self.login.as_str(), password.expose().as_str()]
                    .iter()
                    .all(|text| text.bytes().all(|octet| (b' '..=b'~').contains(&octet)));
                if can_scram { &[Mechanism::ScramSha256, Mechanism::Plain] } else { &[Mechanism::Plain] }
            }
            Credential::Bearer(_) => &[Mechanism::OauthBearer, Mechanism::Xoauth2],
        };
        all.iter().copied().filter(|mechanism| is_offered(mechanism.name())).collect()
    }

    /// Whether nothing in it would end a field or a line too early.
    pub(crate) fn is_plain_text(&self) -> bool {
        let (Credential::Password(secret) | Credential::Bearer(secret)) = &self.credential;
        let holds = |text: &str| text.bytes().any(|octet| matches!(octet, 0 | 1 | b'\r' | b'\n'));
        !holds(&self.login) && !holds(secret.expose())
    }
}

/// What to send in answer to a challenge.
#[derive(Debug)]
pub(crate) enum Answer {
    /// A line of base64; may be empty.
    Line(Secret<String>),
    /// `*`: it is given up.
    GiveUp,
}

/// One try of one mechanism.
#[derive(Debug)]
pub(crate) struct Exchange<'s> {
    identity: &'s Identity,
    pub(crate) mechanism: Mechanism,
    scram: Option<Scram>,
    /// The server has refused the token, or does not know the password itself.
    has_failed: bool,
    was_challenged: bool,
    /// What the client says first waits until it is asked for.
    is_held: bool,
}

impl<'s> Exchange<'s> {
    pub(crate) fn new(identity: &'s Identity, mechanism: Mechanism) -> Self {
        let scram = (mechanism == Mechanism::ScramSha256)
            .then(|| Scram::new(&identity.login, identity.nonce.expose()));
        Self { identity, mechanism, scram, has_failed: false, was_challenged: false, is_held: false }
    }

    /// What the client says first.
    pub(crate) fn initial(&self) -> Secret<String> {
        let login = &self.identity.login;
        let (Credential::Password(secret) | Credential::Bearer(secret)) = &self.identity.credential;
        let secret = secret.expose();
        let said = match self.mechanism {
            Mechanism::ScramSha256 => self.scram.as_ref().map(Scram::first).unwrap_or_default(),
            Mechanism::Plain => format!("\0{login}\0{secret}"),
            Mechanism::OauthBearer => {
                let (name, host, port) = (scram::name(login), &self.identity.host, self.identity.port);
                format!("n,a={name},\x01host={host}\x01port={port}\x01auth=Bearer {secret}\x01\x01")
            }
            Mechanism::Xoauth2 => format!("user={login}\x01auth=Bearer {secret}\x01\x01"),
        };
        let said = Secret::new(said);
        Secret::new(base64(said.expose().as_bytes()))
    }

    /// The command goes without what the client says first: the next challenge asks for it.
    pub(crate) fn hold(&mut self) {
        self.is_held = true;
    }

    /// What to say to a challenge.
    pub(crate) fn answer(&mut self, challenge: &str) -> Answer {
        let is_prompt = challenge.is_empty() || self.mechanism == Mechanism::Plain;
        if std::mem::take(&mut self.is_held) || (is_prompt && !self.was_challenged) {
            // The server has not taken, or not heard, what was said first.
            self.was_challenged = true;
            return Answer::Line(self.initial());
        }
        self.was_challenged = true;
        match (self.mechanism, &mut self.scram) {
            // A refusal in detail, which has to be answered before the server says so: RFC 7628 §3.2.3.
            (Mechanism::OauthBearer, _) if !self.has_failed => {
                self.has_failed = true;
                Answer::Line(Secret::new(base64(b"\x01")))
            }
            (Mechanism::Xoauth2, _) if !self.has_failed => {
                self.has_failed = true;
                Answer::Line(Secret::new(String::new()))
            }
            (Mechanism::ScramSha256, Some(scram)) => {
                let Credential::Password(password) = &self.identity.credential else { return Answer::GiveUp };
                match scram.answer(&decoded(challenge), password.expose()) {
                    Some(said) => Answer::Line(Secret::new(base64(said.as_bytes()))),
                    None => Answer::GiveUp,
                }
            }
            _ => Answer::GiveUp,
        }
    }

    /// Whether an OK of the server counts: with SCRAM it has to have shown that it knows the password.
    pub(crate) fn is_proved(&self) -> bool {
        self.scram.as_ref().is_none_or(|scram| scram.is_proved)
    }

    /// Whether a refusal is of the mechanism: the server has not been shown anything that could be wrong.
    pub(crate) fn is_untried(&self) -> bool {
        self.scram.as_ref().is_some_and(|scram| !scram.has_answered)
    }
}

fn decoded(text: &str) -> String {
    String::from_utf8(decoded_octets(text)).unwrap_or_default()
}

/// RFC 4648 §4, with padding.
pub(crate) fn base64(octets: &[u8]) -> String {
    STANDARD.encode(octets)
}

/// What is no base64 is empty.
fn decoded_octets(text: &str) -> Vec<u8> {
    STANDARD.decode(text.trim()).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn identity(credential: Credential) -> Identity {
        Identity {
            login: "user".to_owned(),
            credential,
            host: "imap.example.org".to_owned(),
            port: 993,
            nonce: "rOprNGfwEbeRWgbNEkqO".into(),
        }
    }

    fn said(answer: Answer) -> String {
        match answer {
            Answer::Line(line) => decoded(line.expose()),
            Answer::GiveUp => "*".to_owned(),
        }
    }

    /// The example of RFC 7677 §3.
    #[test]
    fn scram() {
        let server_first =
            "r=rOprNGfwEbeRWgbNEkqO%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0,s=W22ZaJ0SNY7soEsUEjb6gQ==,i=4096";
        let client_final = "c=biws,r=rOprNGfwEbeRWgbNEkqO%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0,\
            p=dHzbZapWIk4jUhN+Ute9ytag9zjfMHgsqmmiz7AndVQ=";
        let server_final = "v=6rriTRBi23WpRR/wtup+mMhUZUn/dB5nLTJRsjl95G4=";
        let identity = identity("pencil".into());
        let check = |challenges: &[&str], answers: &[&str], is_proved: bool, is_untried: bool| {
            let mut exchange = Exchange::new(&identity, Mechanism::ScramSha256);
            assert_eq!(decoded(exchange.initial().expose()), "n,,n=user,r=rOprNGfwEbeRWgbNEkqO");
            for (challenge, answer) in challenges.iter().zip(answers) {
                assert_eq!(said(exchange.answer(&base64(challenge.as_bytes()))), *answer, "{challenge}");
            }
            assert_eq!(
                (exchange.is_proved(), exchange.is_untried()),
                (is_proved, is_untried),
                "{challenges:?}"
            );
        };
        check(&[server_first, server_final], &[client_final, ""], true, false);
        check(
            &["", server_first, server_final],
            &["n,,n=user,r=rOprNGfwEbeRWgbNEkqO", client_final, ""],
            true,
            false,
        );
        check(&[server_first, server_final, "more"], &[client_final, "", "*"], true, false);
        check(&[server_first], &[client_final], false, false);
        check(&[], &[], false, true);
        // A server that does not know the password itself, or says that it is wrong.
        check(
            &[server_first, "v=7rriTRBi23WpRR/wtup+mMhUZUn/dB5nLTJRsjl95G4="],
            &[client_final, "*"],
            false,
            false,
        );
        check(&[server_first, "e=invalid-proof"], &[client_final, "*"], false, false);
        check(&[server_first, "v="], &[client_final, "*"], false, false);
        // Somebody else's nonce, none of the server's own, no salt, too little work or far too much, what nobody knows.
        for odd in [
            "r=other,s=W22ZaJ0SNY7soEsUEjb6gQ==,i=4096",
            "r=rOprNGfwEbeRWgbNEkqO,s=W22ZaJ0SNY7soEsUEjb6gQ==,i=4096",
            "r=rOprNGfwEbeRWgbNEkqOx,s=,i=4096",
            "r=rOprNGfwEbeRWgbNEkqOx,s=W22ZaJ0SNY7soEsUEjb6gQ==,i=1",
            "r=rOprNGfwEbeRWgbNEkqOx,s=W22ZaJ0SNY7soEsUEjb6gQ==,i=4000000000",
            "m=new,r=rOprNGfwEbeRWgbNEkqOx,s=W22ZaJ0SNY7soEsUEjb6gQ==,i=4096",
            "garbage",
        ] {
            check(&[odd], &["*"], false, true);
        }
    }

    #[test]
    fn tokens() {
        let identity = identity(Credential::Bearer("ya29".into()));
        let mut exchange = Exchange::new(&identity, Mechanism::Xoauth2);
        assert_eq!(decoded(exchange.initial().expose()), "user=user\x01auth=Bearer ya29\x01\x01");
        let refusal = base64(b"{\"status\":\"401\"}");
        assert_eq!(said(exchange.answer(&refusal)), "");
        assert_eq!(said(exchange.answer(&refusal)), "*");
        let mut exchange = Exchange::new(&identity, Mechanism::OauthBearer);
        let first = "n,a=user,\x01host=imap.example.org\x01port=993\x01auth=Bearer ya29\x01\x01";
        assert_eq!(decoded(exchange.initial().expose()), first);
        assert_eq!(said(exchange.answer("")), first);
        assert_eq!(said(exchange.answer(&refusal)), "\x01");
        assert_eq!(said(exchange.answer(&refusal)), "*");
    }

    #[test]
    fn the_best_mechanism_is_taken() {
        let check = |credential: Credential, offered: &str, expected: &[Mechanism]| {
            let offers = |name: &str| offered.split(' ').any(|word| word == name);
            assert_eq!(identity(credential).mechanisms(offers), expected, "{offered}");
        };
        let all = "LOGIN PLAIN SCRAM-SHA-256 XOAUTH2 OAUTHBEARER";
        check("secret".into(), all, &[Mechanism::ScramSha256, Mechanism::Plain]);
        check("geheimnisvoll-ä".into(), all, &[Mechanism::Plain]);
        check("secret".into(), "XOAUTH2 SCRAM-SHA-1", &[]);
        check(Credential::Bearer("t".into()), all, &[Mechanism::OauthBearer, Mechanism::Xoauth2]);
        check(Credential::Bearer("t".into()), "PLAIN XOAUTH2", &[Mechanism::Xoauth2]);
        assert!(!identity(Credential::Bearer("t\x01auth=".into())).is_plain_text());
        assert!(!format!("{:?}", identity("hunter2".into())).contains("hunter2"));
    }

    #[test]
    fn base64_of_rfc_4648() {
        let check = |octets: &str, expected: &str| assert_eq!(base64(octets.as_bytes()), expected);
        check("", "");
        check("f", "Zg==");
        check("fo", "Zm8=");
        check("foo", "Zm9v");
        check("foobar", "Zm9vYmFy");
    }
}
