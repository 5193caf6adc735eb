//! Whom to trust: per account, never everybody.

use std::str::FromStr;
use std::sync::{Arc, Mutex, PoisonError, Weak};
use std::{error, fmt};

use model::{Sha256, UnixMillis};
use rustls::client::WebPkiServerVerifier;
use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::crypto::{CryptoProvider, verify_tls12_signature, verify_tls13_signature};
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, ServerName, UnixTime};
use rustls::server::ParsedCertificate;
use rustls::{
    CertificateError, ClientConfig, DigitallySignedStruct, OtherError, RootCertStore, SignatureScheme,
};

use crate::{CertificateFacts, TlsFault, TrustError};

/// Whom an account trusts.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Trust {
    /// The authorities of the system (`/etc/ssl/certs`, or what `SSL_CERT_FILE` and `SSL_CERT_DIR` name).
    System,
    /// Only these certificates, PEM: authorities, or the server's own.
    Pem(String),
    /// Only the server with this certificate or this public key (SHA-256 of its DER); names and dates do not count.
    Pin(Sha256),
}

impl Trust {
    /// A pin as people write it: 64 hexadecimal digits, colons and blanks between them, `sha256` before them.
    ///
    /// # Errors
    /// [`TrustError::BadPin`].
    pub fn pin(text: &str) -> Result<Self, TrustError> {
        let bad = || TrustError::BadPin { text: text.chars().take(100).collect() };
        let lower = text.trim().to_ascii_lowercase();
        let digits = lower.strip_prefix("sha256").unwrap_or(&lower).trim_start_matches([':', '/', '=', ' ']);
        let digits: String = digits.chars().filter(|c| *c != ':' && *c != ' ').collect();
        digits.parse().map(Self::Pin).map_err(|_| bad())
    }
}

impl FromStr for Trust {
    type Err = TrustError;

    /// `system`, a PEM text, or a pin.
    fn from_str(text: &str) -> Result<Self, TrustError> {
        match text.trim() {
            "system" => Ok(Self::System),
            pem if pem.contains("-----BEGIN") => Ok(Self::Pem(pem.to_owned())),
            pin => Self::pin(pin),
        }
    }
}

/// TLS as a client with one trust. Cheap to clone; make one per account and keep it, so that sessions are resumed.
#[derive(Clone)]
pub struct ClientTls(pub(crate) Arc<ClientConfig>);

impl fmt::Debug for ClientTls {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("ClientTls")
    }
}

impl ClientTls {
    /// Reads the certificates that `trust` names.
    ///
    /// # Errors
    /// [`TrustError`].
    pub fn new(trust: &Trust) -> Result<Self, TrustError> {
        let provider = provider();
        let (check, known) = match trust {
            Trust::System => (Check::Roots(webpki(system_roots()?, &provider)?), Vec::new()),
            Trust::Pem(pem) => {
                let known = certificates(pem)?;
                let mut roots = RootCertStore::empty();
                for (at, certificate) in known.iter().enumerate() {
                    roots
                        .add(certificate.clone())
                        .map_err(|_| TrustError::BadCertificate { number: at + 1 })?;
                }
                (Check::Roots(webpki(Arc::new(roots), &provider)?), known)
            }
            Trust::Pin(pin) => (Check::Pin(*pin), Vec::new()),
        };
        let verifier = Verifier { check, known, provider: Arc::clone(&provider) };
        let config = ClientConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()
            .expect("the provider has TLS 1.2 and 1.3")
            .dangerous()
            .with_custom_certificate_verifier(Arc::new(verifier))
            .with_no_client_auth();
        Ok(Self(Arc::new(config)))
    }

    /// For libraries that make their connections themselves.
    pub fn config(&self) -> Arc<ClientConfig> {
        Arc::clone(&self.0)
    }
}

pub(crate) fn provider() -> Arc<CryptoProvider> {
    Arc::new(rustls::crypto::aws_lc_rs::default_provider())
}

/// What the verifier found, carried inside the TLS library's error to where the connection is made.
#[derive(Debug)]
pub(crate) struct Refusal(pub(crate) TlsFault);

impl fmt::Display for Refusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl error::Error for Refusal {}

fn webpki(
    roots: Arc<RootCertStore>,
    provider: &Arc<CryptoProvider>,
) -> Result<Arc<WebPkiServerVerifier>, TrustError> {
    WebPkiServerVerifier::builder_with_provider(roots, Arc::clone(provider))
        .build()
        .map_err(|_| TrustError::NoCertificate)
}

fn certificates(pem: &str) -> Result<Vec<CertificateDer<'static>>, TrustError> {
    let mut found = Vec::new();
    for (at, certificate) in CertificateDer::pem_slice_iter(pem.as_bytes()).enumerate() {
        found.push(certificate.map_err(|_| TrustError::BadCertificate { number: at + 1 })?);
    }
    if found.is_empty() { Err(TrustError::NoCertificate) } else { Ok(found) }
}

/// The system's authorities; read once for all accounts that use them at the same time.
fn system_roots() -> Result<Arc<RootCertStore>, TrustError> {
    static SHARED: Mutex<Weak<RootCertStore>> = Mutex::new(Weak::new());
    let mut shared = SHARED.lock().unwrap_or_else(PoisonError::into_inner);
    if let Some(roots) = shared.upgrade() {
        return Ok(roots);
    }
    let found = rustls_native_certs::load_native_certs();
    let mut roots = RootCertStore::empty();
    let (added, _) = roots.add_parsable_certificates(found.certs);
    if added == 0 {
        let reason = found.errors.first().map_or_else(|| "none found".to_owned(), ToString::to_string);
        return Err(TrustError::NoSystemStore { reason });
    }
    let roots = Arc::new(roots);
    *shared = Arc::downgrade(&roots);
    Ok(roots)
}

#[derive(Debug)]
enum Check {
    Roots(Arc<WebPkiServerVerifier>),
    Pin(Sha256),
}

#[derive(Debug)]
struct Verifier {
    check: Check,
    /// Certificates named one by one: such a one is trusted as the server's own, although no authority signed it.
    known: Vec<CertificateDer<'static>>,
    provider: Arc<CryptoProvider>,
}

impl Verifier {
    fn verify(
        &self,
        end_entity: &CertificateDer<'_>,
        intermediates: &[CertificateDer<'_>],
        server_name: &ServerName<'_>,
        ocsp: &[u8],
        now: UnixTime,
    ) -> Result<(), TlsFault> {
        let facts = || Box::new(CertificateFacts::read(end_entity));
        let here = UnixMillis::from_seconds(i64::try_from(now.as_secs()).unwrap_or(i64::MAX));
        match &self.check {
            Check::Pin(pin) => {
                let certificate = facts();
                if certificate.matches_pin(*pin) {
                    Ok(())
                } else {
                    Err(TlsFault::PinMismatch { certificate, pin: *pin })
                }
            }
            Check::Roots(_) if self.known.contains(end_entity) => {
                let certificate = facts();
                if certificate.not_after.is_none_or(|until| until < here) {
                    return Err(TlsFault::Expired { certificate });
                }
                if certificate.not_before.is_none_or(|from| here < from) {
                    return Err(TlsFault::NotYetValid { certificate, now: here });
                }
                ParsedCertificate::try_from(end_entity)
                    .and_then(|parsed| rustls::client::verify_server_name(&parsed, server_name))
                    .map_err(|error| fault(&error, certificate, here))
            }
            Check::Roots(verifier) => verifier
                .verify_server_cert(end_entity, intermediates, server_name, ocsp, now)
                .map(|_| ())
                .map_err(|error| fault(&error, facts(), here)),
        }
    }
}

impl ServerCertVerifier for Verifier {
    fn verify_server_cert(
        &self,
        end_entity: &CertificateDer<'_>,
        intermediates: &[CertificateDer<'_>],
        server_name: &ServerName<'_>,
        ocsp: &[u8],
        now: UnixTime,
    ) -> Result<ServerCertVerified, rustls::Error> {
        match self.verify(end_entity, intermediates, server_name, ocsp, now) {
            Ok(()) => Ok(ServerCertVerified::assertion()),
            Err(fault) => Err(CertificateError::Other(OtherError(Arc::new(Refusal(fault)))).into()),
        }
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signed: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        verify_tls12_signature(message, certificate, signed, &self.provider.signature_verification_algorithms)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signed: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        verify_tls13_signature(message, certificate, signed, &self.provider.signature_verification_algorithms)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.provider.signature_verification_algorithms.supported_schemes()
    }
}

fn fault(error: &rustls::Error, certificate: Box<CertificateFacts>, now: UnixMillis) -> TlsFault {
    let rustls::Error::InvalidCertificate(reason) = error else {
        return TlsFault::BadCertificate { certificate, reason: error.to_string() };
    };
    match reason {
        CertificateError::Expired | CertificateError::ExpiredContext { .. } => {
            TlsFault::Expired { certificate }
        }
        CertificateError::NotValidYet | CertificateError::NotValidYetContext { .. } => {
            TlsFault::NotYetValid { certificate, now }
        }
        CertificateError::NotValidForName => TlsFault::WrongHost { presented: Vec::new(), certificate },
        CertificateError::NotValidForNameContext { presented, .. } => {
            let presented = presented.iter().map(|name| bare_name(name)).take(20).collect();
            TlsFault::WrongHost { presented, certificate }
        }
        // A bad signature: an authority of the same name, but not the trusted one.
        CertificateError::UnknownIssuer | CertificateError::BadSignature => {
            TlsFault::UnknownIssuer { certificate }
        }
        // An authority's certificate used by a server: what `openssl req -x509` makes, signed by nobody else.
        CertificateError::Other(_) if certificate.self_issued => TlsFault::UnknownIssuer { certificate },
        _ => TlsFault::BadCertificate { certificate, reason: reason.to_string() },
    }
}

/// `DnsName("a.example")`, as the TLS library prints names, without the wrapping.
fn bare_name(printed: &str) -> String {
    let mut quoted = printed.splitn(3, '"');
    match (quoted.next(), quoted.next()) {
        (Some(_), Some(name)) => name.to_owned(),
        _ => printed.to_owned(),
    }
}
