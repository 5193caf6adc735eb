//! The server's own certificate, read anew when its file changes.

use std::fs;
use std::io;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::sync::{Arc, PoisonError, RwLock};
use std::time::Duration;

use rustls::RootCertStore;
use rustls::ServerConfig;
use rustls::crypto::CryptoProvider;
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::server::{ClientHello, ResolvesServerCert, WebPkiClientVerifier};
use rustls::sign::CertifiedKey;
use tokio::net::TcpStream;
use tokio::time::{MissedTickBehavior, interval};
use tokio_rustls::TlsAcceptor;

use crate::trust::provider;
use crate::{CertificateFacts, ServerTlsError};

/// TLS as a server: HTTP/2 and HTTP/1.1 over TLS 1.2 and 1.3, with one certificate.
#[derive(Debug)]
pub struct ServerTls {
    certificate_file: PathBuf,
    key_file: PathBuf,
    shown: Arc<Shown>,
    provider: Arc<CryptoProvider>,
}

impl ServerTls {
    /// Reads certificate chain (own first) and private key, both PEM; they may be the same file.
    ///
    /// # Errors
    /// [`ServerTlsError`].
    pub fn load(certificate_file: &Path, key_file: &Path) -> Result<Self, ServerTlsError> {
        let provider = provider();
        let state = State(state_of(certificate_file), state_of(key_file));
        let key = read(certificate_file, key_file, &provider)?;
        Ok(Self {
            certificate_file: certificate_file.to_owned(),
            key_file: key_file.to_owned(),
            shown: Arc::new(Shown(RwLock::new((key, state)))),
            provider,
        })
    }

    /// Configuration for `tokio_rustls::TlsAcceptor`; it follows the files as they are read anew.
    pub fn config(&self) -> Arc<ServerConfig> {
        let mut config = ServerConfig::builder_with_provider(Arc::clone(&self.provider))
            .with_safe_default_protocol_versions()
            .expect("the provider has TLS 1.2 and 1.3")
            .with_no_client_auth()
            .with_cert_resolver(Arc::clone(&self.shown) as Arc<dyn ResolvesServerCert>);
        config.alpn_protocols = vec![b"h2".to_vec(), b"http/1.1".to_vec()];
        Arc::new(config)
    }

    /// TLS for a listener that speaks a mail protocol: the same certificate, no ALPN. With `client_ca` (PEM) a client
    /// may show a certificate; one that these authorities did not sign ends the handshake.
    ///
    /// # Errors
    /// `Read` or `NoCertificate` for `client_ca`.
    pub fn for_mail(&self, client_ca: Option<&Path>) -> Result<MailTls, ServerTlsError> {
        let config = ServerConfig::builder_with_provider(Arc::clone(&self.provider))
            .with_safe_default_protocol_versions()
            .expect("the provider has TLS 1.2 and 1.3");
        let resolver = Arc::clone(&self.shown) as Arc<dyn ResolvesServerCert>;
        let config = match client_ca {
            None => config.with_no_client_auth().with_cert_resolver(resolver),
            Some(at) => {
                let bad = || ServerTlsError::NoCertificate { at: at.to_owned() };
                let octets =
                    fs::read(at).map_err(|source| ServerTlsError::Read { at: at.to_owned(), source })?;
                let mut roots = RootCertStore::empty();
                for certificate in CertificateDer::pem_slice_iter(&octets) {
                    roots.add(certificate.map_err(|_| bad())?).map_err(|_| bad())?;
                }
                let verifier =
                    WebPkiClientVerifier::builder_with_provider(Arc::new(roots), Arc::clone(&self.provider))
                        .allow_unauthenticated()
                        .build()
                        .map_err(|_| bad())?;
                config.with_client_cert_verifier(verifier).with_cert_resolver(resolver)
            }
        };
        Ok(MailTls(TlsAcceptor::from(Arc::new(config))))
    }

    /// The certificate shown now.
    pub fn certificate(&self) -> CertificateFacts {
        let shown = self.shown.0.read().unwrap_or_else(PoisonError::into_inner);
        shown.0.cert.first().map(CertificateFacts::read).unwrap_or_default()
    }

    /// Reads the files again if they have changed. True if another certificate is shown from now on.
    ///
    /// # Errors
    /// [`ServerTlsError`]; the old certificate stays, and the same files are not complained of again.
    pub fn reload_if_changed(&self) -> Result<bool, ServerTlsError> {
        let state = State(state_of(&self.certificate_file), state_of(&self.key_file));
        {
            let mut shown = self.shown.0.write().unwrap_or_else(PoisonError::into_inner);
            if shown.1 == state {
                return Ok(false);
            }
            shown.1 = state;
        }
        let key = read(&self.certificate_file, &self.key_file, &self.provider)?;
        let mut shown = self.shown.0.write().unwrap_or_else(PoisonError::into_inner);
        let differs = shown.0.cert != key.cert;
        shown.0 = key;
        Ok(differs)
    }

    /// Calls [`ServerTls::reload_if_changed`] every `period` for ever and tells `report` of each change or failure. To
    /// be spawned as a task.
    pub async fn follow_files<F>(self: Arc<Self>, period: Duration, report: F)
    where
        F: Fn(Result<CertificateFacts, ServerTlsError>) + Send,
    {
        let mut ticks = interval(period);
        ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
        loop {
            ticks.tick().await;
            match self.reload_if_changed() {
                Ok(false) => {}
                Ok(true) => report(Ok(self.certificate())),
                Err(error) => report(Err(error)),
            }
        }
    }
}

/// TLS of a listener for mail; see [`ServerTls::for_mail`].
#[derive(Clone)]
pub struct MailTls(TlsAcceptor);

impl std::fmt::Debug for MailTls {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("MailTls")
    }
}

impl MailTls {
    /// The handshake of a server. The bool: the client showed a certificate and it was found good.
    ///
    /// # Errors
    /// If the client breaks off, or shows a certificate that is not good.
    pub async fn accept(&self, tcp: TcpStream) -> io::Result<(Accepted, bool)> {
        let stream = self.0.accept(tcp).await?;
        let has_certificate = stream.get_ref().1.peer_certificates().is_some_and(|chain| !chain.is_empty());
        Ok((stream, has_certificate))
    }
}

/// The encrypted end of a listener.
pub type Accepted = tokio_rustls::server::TlsStream<TcpStream>;

/// What tells a changed file: size, times, inode.
type FileState = Option<(u64, i64, i64, u64)>;

#[derive(Debug, PartialEq, Eq)]
struct State(FileState, FileState);

#[derive(Debug)]
struct Shown(RwLock<(Arc<CertifiedKey>, State)>);

impl ResolvesServerCert for Shown {
    fn resolve(&self, _: ClientHello<'_>) -> Option<Arc<CertifiedKey>> {
        Some(Arc::clone(&self.0.read().unwrap_or_else(PoisonError::into_inner).0))
    }
}

fn state_of(at: &Path) -> FileState {
    fs::metadata(at).ok().map(|m| (m.len(), m.mtime(), m.mtime_nsec(), m.ino()))
}

fn read(
    certificate_file: &Path,
    key_file: &Path,
    provider: &CryptoProvider,
) -> Result<Arc<CertifiedKey>, ServerTlsError> {
    let octets =
        |at: &Path| fs::read(at).map_err(|source| ServerTlsError::Read { at: at.to_owned(), source });
    let chain: Vec<CertificateDer<'static>> = CertificateDer::pem_slice_iter(&octets(certificate_file)?)
        .collect::<Result<_, _>>()
        .ok()
        .filter(|chain: &Vec<_>| !chain.is_empty())
        .ok_or_else(|| ServerTlsError::NoCertificate { at: certificate_file.to_owned() })?;
    let key = PrivateKeyDer::from_pem_slice(&octets(key_file)?)
        .map_err(|_| ServerTlsError::NoKey { at: key_file.to_owned() })?;
    let key = provider
        .key_provider
        .load_private_key(key)
        .map_err(|error| ServerTlsError::BadKey { at: key_file.to_owned(), reason: error.to_string() })?;
    let certified = CertifiedKey::new(chain, key);
    match certified.keys_match() {
        // A key that cannot tell its public half cannot be compared; the handshake will show.
        Ok(()) | Err(rustls::Error::InconsistentKeys(rustls::InconsistentKeys::Unknown)) => {
            Ok(Arc::new(certified))
        }
        Err(rustls::Error::InconsistentKeys(_)) => Err(ServerTlsError::Mismatch {
            certificate: certificate_file.to_owned(),
            key: key_file.to_owned(),
        }),
        Err(_) => Err(ServerTlsError::NoCertificate { at: certificate_file.to_owned() }),
    }
}
