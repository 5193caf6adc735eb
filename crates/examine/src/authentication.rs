//! Who a mail is really from: SPF, DKIM, DMARC and ARC.
//!
//! Source: RFC 7208 (SPF), RFC 6376 and 8463 (DKIM), RFC 7489 (DMARC), RFC 8617 (ARC), RFC 8601 §2.7 (words for results).

use std::net::{IpAddr, SocketAddr};
use std::time::Duration;

use mail_auth::dmarc::verify::DmarcParameters;
use mail_auth::hickory_resolver::config::{ConnectionConfig, NameServerConfig, ResolverConfig, ResolverOpts};
use mail_auth::hickory_resolver::system_conf::read_system_conf;
use mail_auth::spf::verify::SpfParameters;
use mail_auth::{
    AuthenticatedMessage, DkimOutput, DkimResult, DmarcResult, Error, MessageAuthenticator, SpfOutput,
    SpfResult,
};
use serde::{Deserialize, Serialize};

use crate::spam::SpamMark;

/// For all questions about one mail together.
const MAIL_TIME: Duration = Duration::from_secs(20);
/// For one question to one server.
const QUESTION_TIME: Duration = Duration::from_secs(3);
/// Signatures kept of one mail.
const SIGNATURES_MAX: usize = 10;
/// Longest reason kept, octets.
const REASON_MAX: usize = 200;

/// Who is asked for names.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum NameServers {
    /// Those of the system.
    #[default]
    System,
    /// These.
    Given(Vec<SocketAddr>),
}

/// A result in the words of RFC 8601.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum AuthResult {
    /// There is nothing to check, or it is not known who handed the mail over.
    #[default]
    None,
    /// True.
    Pass,
    /// False.
    Fail,
    /// Probably false (SPF).
    SoftFail,
    /// The owner says nothing, or the signature cannot be judged.
    Neutral,
    /// Cannot be checked at present: names could not be resolved.
    TempError,
    /// Cannot be checked: record or signature are faulty.
    PermError,
}

impl AuthResult {
    /// The result of this word (RFC 8601 §2.7), lower case; `None` for words that say nothing.
    pub fn from_word(word: &str) -> Option<Self> {
        Some(match word {
            "none" => Self::None,
            "pass" => Self::Pass,
            "fail" | "hardfail" => Self::Fail,
            "softfail" => Self::SoftFail,
            "neutral" | "policy" => Self::Neutral,
            "temperror" => Self::TempError,
            "permerror" => Self::PermError,
            _ => return None,
        })
    }
}

/// What a host that is believed found out when it took the mail.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Stated {
    /// Its name (`authserv-id`), lower case.
    pub by: String,
    /// `spf`, `dkim`, `dmarc` or `arc`.
    pub method: String,
    /// Result.
    pub result: AuthResult,
    /// Domain it is about, lower case; empty if it was not said.
    pub domain: String,
}

/// A checked signature.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct DkimSignature {
    /// Result.
    pub result: AuthResult,
    /// Domain that signs (`d=`).
    pub domain: String,
    /// Name of the key (`s=`).
    pub selector: String,
    /// Why it did not pass; empty otherwise.
    pub reason: String,
}

/// What was found out about the origin of a mail.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Authentication {
    /// SPF.
    pub spf: AuthResult,
    /// Domain that SPF was asked of; empty if it was not.
    pub spf_domain: String,
    /// Address of the client SPF was asked about.
    pub client: Option<IpAddr>,
    /// Every signature, in the order of the mail, at most ten.
    pub dkim: Vec<DkimSignature>,
    /// DMARC.
    pub dmarc: AuthResult,
    /// Domain of the author, of which DMARC was asked; empty without a record.
    pub dmarc_domain: String,
    /// What the domain wants done with what fails: `none`, `quarantine`, `reject`; empty without a record.
    pub dmarc_policy: String,
    /// Whether the chain of ARC seals is whole.
    pub arc: AuthResult,
    /// What hosts that are believed found out.
    #[serde(default)]
    pub stated: Vec<Stated>,
    /// What a spam filter says of the mail, if one does.
    #[serde(default)]
    pub spam: Option<SpamMark>,
}

impl Authentication {
    /// Keeps what hosts that are believed found out. Where a check of our own was not possible it counts: SPF if it is not known
    /// who handed the mail over, with it DMARC, and whatever names could not be resolved for.
    #[must_use]
    pub fn with_stated(mut self, stated: Vec<Stated>) -> Self {
        let of = |method: &str| stated.iter().find(|stated| stated.method == method);
        let blind = self.client.is_none();
        if let Some(spf) = of("spf").filter(|_| blind || self.spf == AuthResult::TempError) {
            (self.spf, self.spf_domain) = (spf.result, spf.domain.clone());
        }
        let is_open = (blind && self.dmarc != AuthResult::Pass) || self.dmarc == AuthResult::TempError;
        if let Some(dmarc) = of("dmarc").filter(|_| is_open) {
            self.dmarc = dmarc.result;
            if self.dmarc_domain.is_empty() {
                self.dmarc_domain.clone_from(&dmarc.domain);
            }
        }
        if let Some(arc) = of("arc").filter(|_| self.arc == AuthResult::TempError) {
            self.arc = arc.result;
        }
        self.stated = stated;
        self
    }

    /// Whether the mail is from somebody else than it says: the author's domain wants such mail refused (DMARC, RFC 7489 §6.3), or
    /// the domain of the envelope names all hosts it sends from and this is none (SPF `fail`) and nobody signed. Nothing that
    /// could not be asked counts.
    pub fn is_forged(&self) -> bool {
        let stated = self.stated.iter().any(|stated| stated.method == "dmarc");
        let is_known = stated || !matches!(self.spf, AuthResult::None | AuthResult::TempError);
        let is_refused = self.dmarc == AuthResult::Fail && is_known && self.dmarc_policy != "none";
        let is_signed = self.dkim.iter().any(|signature| signature.result == AuthResult::Pass);
        is_refused || (self.spf == AuthResult::Fail && self.dmarc != AuthResult::Pass && !is_signed)
    }

    /// Something could not be asked: it is worth trying again.
    pub fn is_temporary(&self) -> bool {
        let all = [self.spf, self.dmarc, self.arc]
            .into_iter()
            .chain(self.dkim.iter().map(|signature| signature.result));
        all.into_iter().any(|result| result == AuthResult::TempError)
    }

    /// Nothing could be asked.
    pub fn unreachable(origin: &Origin) -> Self {
        Self {
            spf: AuthResult::TempError,
            client: origin.client,
            dmarc: AuthResult::TempError,
            ..Self::default()
        }
    }
}

/// Who handed a mail over, as far as that can be trusted.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Origin {
    /// Address of the client; without it SPF says `none`.
    pub client: Option<IpAddr>,
    /// What the client called itself.
    pub helo: String,
    /// Reverse path without brackets; empty for bounces.
    pub mail_from: String,
}

/// Name servers that cannot be used.
#[derive(Debug, thiserror::Error)]
#[error("the name servers cannot be used: {0}")]
pub struct NameServerError(String);

/// Checks mails.
#[derive(Clone)]
pub struct Authenticator {
    inner: MessageAuthenticator,
}

impl std::fmt::Debug for Authenticator {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Authenticator").finish_non_exhaustive()
    }
}

impl Authenticator {
    /// Asks these name servers. Inside a runtime of tokio.
    ///
    /// # Errors
    /// If the system names none that can be used.
    pub fn new(servers: &NameServers) -> Result<Self, NameServerError> {
        let failed = |error: &dyn std::fmt::Display| NameServerError(error.to_string());
        let (config, mut options) = match servers {
            NameServers::System => read_system_conf().map_err(|error| failed(&error))?,
            NameServers::Given(addresses) => {
                let servers = addresses.iter().map(|address| {
                    let ways = [ConnectionConfig::udp(), ConnectionConfig::tcp()].map(|mut way| {
                        way.port = address.port();
                        way
                    });
                    NameServerConfig::new(address.ip(), true, ways.into())
                });
                (ResolverConfig::from_parts(None, Vec::new(), servers.collect()), ResolverOpts::default())
            }
        };
        options.timeout = QUESTION_TIME;
        options.attempts = 1;
        options.cache_size = 4096;
        let inner = MessageAuthenticator::new(config, options).map_err(|error| failed(&error))?;
        Ok(Self { inner })
    }

    /// Checks a mail. `octets`: all of it, as it was handed over. Never takes longer than 20 seconds; what is not answered
    /// by then is `temperror`.
    pub async fn check(&self, octets: &[u8], origin: &Origin) -> Authentication {
        let Some(message) = AuthenticatedMessage::parse(octets) else { return Authentication::default() };
        let checked = tokio::time::timeout(MAIL_TIME, self.ask(&message, origin)).await;
        checked.unwrap_or_else(|_| Authentication::unreachable(origin))
    }

    async fn ask(&self, message: &AuthenticatedMessage<'_>, origin: &Origin) -> Authentication {
        let dkim = self.inner.verify_dkim(message).await;
        let arc = self.inner.verify_arc(message).await;
        let spf = self.spf(origin).await;
        let asked = spf.is_some();
        let spf = spf.unwrap_or_default();
        let domain = origin.mail_from.rsplit_once('@').map_or(origin.helo.as_str(), |(_, domain)| domain);
        let dmarc = self.inner.verify_dmarc(DmarcParameters::new(message, &dkim, domain, &spf)).await;
        let has_record = dmarc.dmarc_record().is_some();
        Authentication {
            spf: of_spf(spf.result()),
            spf_domain: if asked { domain.to_ascii_lowercase() } else { String::new() },
            client: origin.client,
            dkim: dkim.iter().filter_map(signature).take(SIGNATURES_MAX).collect(),
            dmarc: of_dmarc(dmarc.dkim_result(), dmarc.spf_result(), has_record),
            dmarc_domain: if has_record { dmarc.domain().to_owned() } else { String::new() },
            dmarc_policy: if has_record { dmarc.policy().to_string() } else { String::new() },
            arc: of_dkim(arc.result()),
            stated: Vec::new(),
            spam: None,
        }
    }

    async fn spf(&self, origin: &Origin) -> Option<SpfOutput> {
        let client = origin.client?;
        let helo = Some(origin.helo.as_str()).filter(|helo| helo.contains('.')).unwrap_or("unknown.invalid");
        let asked = if origin.mail_from.contains('@') {
            SpfParameters::verify_mail_from(client, helo, helo, &origin.mail_from)
        } else {
            SpfParameters::verify_ehlo(client, helo, helo)
        };
        Some(self.inner.verify_spf(asked).await)
    }
}

const fn of_spf(result: SpfResult) -> AuthResult {
    match result {
        SpfResult::Pass => AuthResult::Pass,
        SpfResult::Fail => AuthResult::Fail,
        SpfResult::SoftFail => AuthResult::SoftFail,
        SpfResult::Neutral => AuthResult::Neutral,
        SpfResult::TempError => AuthResult::TempError,
        SpfResult::PermError => AuthResult::PermError,
        SpfResult::None => AuthResult::None,
    }
}

const fn of_dkim(result: &DkimResult) -> AuthResult {
    match result {
        DkimResult::Pass => AuthResult::Pass,
        DkimResult::Neutral(_) => AuthResult::Neutral,
        DkimResult::Fail(_) => AuthResult::Fail,
        DkimResult::PermError(_) => AuthResult::PermError,
        DkimResult::TempError(_) => AuthResult::TempError,
        DkimResult::None => AuthResult::None,
    }
}

/// One aligned way that passes is enough (RFC 7489 §6.6.2); what could not be asked may still pass.
fn of_dmarc(dkim: &DmarcResult, spf: &DmarcResult, has_record: bool) -> AuthResult {
    let any = |wanted: fn(&DmarcResult) -> bool| wanted(dkim) || wanted(spf);
    match () {
        () if any(|result| matches!(result, DmarcResult::Pass)) => AuthResult::Pass,
        () if any(|result| matches!(result, DmarcResult::TempError(_))) => AuthResult::TempError,
        () if any(|result| matches!(result, DmarcResult::PermError(_))) => AuthResult::PermError,
        // Where the owner says that there is one, no way at all is a failure too.
        () if has_record => AuthResult::Fail,
        () => AuthResult::None,
    }
}

fn signature(output: &DkimOutput<'_>) -> Option<DkimSignature> {
    let result = of_dkim(output.result());
    if result == AuthResult::None {
        return None;
    }
    let reason = match output.result() {
        DkimResult::Neutral(error)
        | DkimResult::Fail(error)
        | DkimResult::PermError(error)
        | DkimResult::TempError(error) => shortened(error),
        DkimResult::Pass | DkimResult::None => String::new(),
    };
    let of = output.signature();
    Some(DkimSignature {
        result,
        domain: of.map(|signature| signature.d.to_ascii_lowercase()).unwrap_or_default(),
        selector: of.map(|signature| signature.s.clone()).unwrap_or_default(),
        reason,
    })
}

fn shortened(error: &Error) -> String {
    let text = error.to_string();
    text[..text.floor_char_boundary(REASON_MAX)].to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn stated(method: &str, result: AuthResult) -> Stated {
        Stated {
            by: "mx.example".to_owned(),
            method: method.to_owned(),
            result,
            domain: "a.example".to_owned(),
        }
    }

    #[test]
    fn what_is_stated_counts_where_we_are_blind() {
        use AuthResult::{Fail, None, Pass, TempError};
        let check =
            |own: Authentication, method: &str, result: AuthResult, expected: (AuthResult, AuthResult)| {
                let found = own.with_stated(vec![stated(method, result)]);
                assert_eq!((found.spf, found.dmarc), expected, "{found:?}");
                assert_eq!(found.stated.len(), 1);
            };
        let seen = |spf, dmarc| Authentication {
            spf,
            dmarc,
            client: Some([192, 0, 2, 1].into()),
            ..Authentication::default()
        };
        let blind = |dmarc| Authentication { dmarc, ..Authentication::default() };
        check(blind(Fail), "spf", Pass, (Pass, Fail));
        check(blind(Fail), "dmarc", Pass, (None, Pass));
        check(blind(Pass), "dmarc", Fail, (None, Pass));
        check(blind(None), "dmarc", Fail, (None, Fail));
        check(seen(Fail, Fail), "spf", Pass, (Fail, Fail));
        check(seen(Fail, Fail), "dmarc", Pass, (Fail, Fail));
        check(seen(TempError, TempError), "spf", Pass, (Pass, TempError));
        check(seen(TempError, TempError), "dmarc", Pass, (TempError, Pass));
    }

    #[test]
    fn only_what_was_asked_is_forged() {
        use AuthResult::{Fail, None, Pass, TempError};
        let check = |spf, dmarc, policy: &str, signed, expected| {
            let dkim = DkimSignature { result: if signed { Pass } else { Fail }, ..DkimSignature::default() };
            let found = Authentication {
                spf,
                dmarc,
                dmarc_policy: policy.to_owned(),
                dkim: vec![dkim],
                ..Authentication::default()
            };
            assert_eq!(found.is_forged(), expected, "{found:?}");
        };
        check(Pass, Fail, "reject", true, true);
        check(Pass, Fail, "none", false, false);
        check(None, Fail, "reject", false, false);
        check(TempError, Fail, "reject", false, false);
        check(Fail, None, "", false, true);
        check(Fail, None, "", true, false);
        check(Fail, Pass, "reject", false, false);
        check(Pass, Pass, "reject", false, false);
        let blind = Authentication { dmarc: Fail, ..Authentication::default() };
        assert!(!blind.is_forged());
        assert!(blind.with_stated(vec![stated("dmarc", Fail)]).is_forged());
    }
}
