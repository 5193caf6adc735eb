//! Time stamps (RFC 3161): what is sent to an authority, and whether what it answers is a stamp of just that.
//!
//! In: a digest, a random number, the octets of an answer, certificates that are trusted. Out: octets of a request; a [`Stamp`]
//! with its time, or why it is none. Pure: whoever calls sends and receives, and says what time it is.
//!
//! Checked are: status, digest, nonce, content type, digest of the content, the signature over the attributes, that they name
//! the certificate (RFC 5035), and, where certificates are trusted, the chain at the time of the stamp with the usage
//! `id-kp-timeStamping`. Revocation is not asked for: a stamp is older than the revocation, or worth nothing to whoever holds
//! the list.

mod attributes;
mod messages;

use cms::cert::CertificateChoices;
use cms::content_info::ContentInfo;
use cms::signed_data::{SignedData, SignerIdentifier, SignerInfo};
use der::asn1::{Int, OctetString};
use der::{Decode as _, Encode as _};
use model::UnixMillis;
use rustls_pki_types::pem::PemObject as _;
use rustls_pki_types::{CertificateDer, SignatureVerificationAlgorithm, TrustAnchor, UnixTime};
use webpki::{ALL_VERIFICATION_ALGS, EndEntityCert, KeyUsage};
use x509_cert::Certificate;

use messages::{ID_SIGNED_DATA, ID_TST_INFO, Request, Response, SHA256, TstInfo, imprint};

/// Octets of an answer at most.
pub const ANSWER_MAX: usize = 1 << 20;
/// OID of `id-kp-timeStamping`, as DER has it without tag and length.
const TIME_STAMPING: &[u8] = &[0x2b, 0x06, 0x01, 0x05, 0x05, 0x07, 0x03, 0x08];

/// Why an answer is no stamp.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum StampError {
    /// It is not what RFC 3161 describes.
    #[error("not a time stamp")]
    Form,
    /// The authority refuses; the number is its status.
    #[error("the authority refuses with status {0}")]
    Refused(u32),
    /// It is a stamp of something else.
    #[error("a stamp of something else")]
    Imprint,
    /// It is not the answer to this request.
    #[error("not the answer to this request")]
    Nonce,
    /// The signature does not fit, or not the certificate that comes with it.
    #[error("the signature is wrong")]
    Signature,
    /// The certificate does not lead to one that is trusted, or is not for time stamps.
    #[error("the certificate is not trusted: {0}")]
    Chain(String),
    /// A certificate to be trusted cannot be read.
    #[error("the certificate of the authority cannot be read")]
    Trust,
}

/// A stamp that holds.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Stamp {
    /// The time it states.
    pub at: UnixMillis,
    /// Who states it: the subject of the certificate.
    pub authority: String,
    /// Until when that certificate is valid.
    pub until: UnixMillis,
    /// Whether the certificate leads to one that is trusted; false if none was given.
    pub is_trusted: bool,
}

/// The request for a stamp of a SHA-256 digest.
///
/// # Errors
/// `Form` if it cannot be encoded, which does not happen.
pub fn request(digest: &[u8; 32], nonce: [u8; 8]) -> Result<Vec<u8>, StampError> {
    let form = |_| StampError::Form;
    let request = Request {
        version: 1,
        message_imprint: imprint(digest).map_err(form)?,
        nonce: Some(number(nonce)?),
        cert_req: true,
    };
    request.to_der().map_err(form)
}

/// A positive number of these octets.
fn number(nonce: [u8; 8]) -> Result<Int, StampError> {
    // DER wants the shortest form, without a sign.
    let value = u64::from_be_bytes(nonce) >> 1 | 1 << 62;
    Int::new(&value.to_be_bytes()).map_err(|_| StampError::Form)
}

/// Checks an answer about `digest`; `nonce` as it was given to [`request`], `None` where nobody knows it any more.
/// `trusted`: certificates in PEM, empty if there are none.
///
/// # Errors
/// Why it is no stamp.
pub fn read(
    answer: &[u8],
    digest: &[u8; 32],
    nonce: Option<[u8; 8]>,
    trusted: &str,
) -> Result<Stamp, StampError> {
    let form = |_| StampError::Form;
    if answer.len() > ANSWER_MAX {
        return Err(StampError::Form);
    }
    let response = Response::from_der(answer).map_err(form)?;
    // 0 granted, 1 granted with changes.
    let token = match (response.status.status, response.token) {
        (0 | 1, Some(token)) => token,
        (status, _) => return Err(StampError::Refused(u32::from(status))),
    };
    let signed = signed_data(&token)?;
    let content = signed.encap_content_info.econtent.as_ref().ok_or(StampError::Form)?;
    let content: OctetString = content.decode_as().map_err(form)?;
    let info = TstInfo::from_der(content.as_bytes()).map_err(form)?;
    if info.message_imprint.hash_algorithm.oid != SHA256
        || info.message_imprint.hashed_message.as_bytes() != digest
    {
        return Err(StampError::Imprint);
    }
    if let Some(nonce) = nonce
        && info.nonce.as_ref() != Some(&number(nonce)?)
    {
        return Err(StampError::Nonce);
    }
    let at = info.time().ok_or(StampError::Form)?;
    let [signer] = signed.signer_infos.0.as_slice() else { return Err(StampError::Form) };
    let certificates = certificates(&signed);
    let certificate =
        certificates.iter().find(|found| is_of(found, &signer.sid)).ok_or(StampError::Signature)?;
    let of_signer = certificate.to_der().map_err(form)?;
    let der = CertificateDer::from(of_signer.as_slice());
    signature(signer, content.as_bytes(), &of_signer, &der)?;
    let is_trusted = !trusted.is_empty();
    if is_trusted {
        chain(&der, &certificates, trusted, at)?;
    }
    let tbs = &certificate.tbs_certificate;
    let until = tbs.validity.not_after.to_unix_duration().as_millis();
    Ok(Stamp {
        at,
        authority: tbs.subject.to_string(),
        until: UnixMillis(i64::try_from(until).unwrap_or(i64::MAX)),
        is_trusted,
    })
}

fn signed_data(token: &ContentInfo) -> Result<SignedData, StampError> {
    if token.content_type != ID_SIGNED_DATA {
        return Err(StampError::Form);
    }
    let signed: SignedData = token.content.decode_as().map_err(|_| StampError::Form)?;
    if signed.encap_content_info.econtent_type == ID_TST_INFO { Ok(signed) } else { Err(StampError::Form) }
}

fn certificates(signed: &SignedData) -> Vec<Certificate> {
    let all = signed.certificates.as_ref().map_or(&[][..], |set| set.0.as_slice());
    let plain = all.iter().filter_map(|choice| match choice {
        CertificateChoices::Certificate(certificate) => Some(certificate.clone()),
        CertificateChoices::Other(_) => None,
    });
    plain.collect()
}

fn is_of(certificate: &Certificate, sid: &SignerIdentifier) -> bool {
    let tbs = &certificate.tbs_certificate;
    match sid {
        SignerIdentifier::IssuerAndSerialNumber(named) => {
            named.issuer == tbs.issuer && named.serial_number == tbs.serial_number
        }
        SignerIdentifier::SubjectKeyIdentifier(named) => {
            matches!(tbs.get::<x509_cert::ext::pkix::SubjectKeyIdentifier>(), Ok(Some((_, id))) if id == *named)
        }
    }
}

/// That the attributes are about this content and certificate, and signed with its key.
fn signature(
    signer: &SignerInfo,
    content: &[u8],
    certificate: &[u8],
    der: &CertificateDer<'_>,
) -> Result<(), StampError> {
    let attributes = signer.signed_attrs.as_ref().ok_or(StampError::Form)?;
    if !attributes::is_about(attributes, signer.digest_alg.oid, content, certificate) {
        return Err(StampError::Signature);
    }
    let octets = attributes.to_der().map_err(|_| StampError::Form)?;
    let key = EndEntityCert::try_from(der).map_err(|_| StampError::Signature)?;
    let fits = |algorithm: &&dyn SignatureVerificationAlgorithm| {
        key.verify_signature(*algorithm, &octets, signer.signature.as_bytes()).is_ok()
    };
    if ALL_VERIFICATION_ALGS.iter().any(fits) { Ok(()) } else { Err(StampError::Signature) }
}

fn chain(
    der: &CertificateDer<'_>,
    certificates: &[Certificate],
    trusted: &str,
    at: UnixMillis,
) -> Result<(), StampError> {
    let roots: Result<Vec<CertificateDer<'_>>, _> =
        CertificateDer::pem_slice_iter(trusted.as_bytes()).collect();
    let roots = roots.map_err(|_| StampError::Trust)?;
    let anchors: Result<Vec<TrustAnchor<'_>>, _> =
        roots.iter().map(|root| webpki::anchor_from_trusted_cert(root)).collect();
    let anchors = anchors.ok().filter(|anchors| !anchors.is_empty()).ok_or(StampError::Trust)?;
    let between: Vec<CertificateDer<'_>> =
        certificates.iter().filter_map(|one| one.to_der().ok()).map(CertificateDer::from).collect();
    let seconds = u64::try_from(at.0 / 1000).map_err(|_| StampError::Form)?;
    let time = UnixTime::since_unix_epoch(std::time::Duration::from_secs(seconds));
    let key = EndEntityCert::try_from(der).map_err(|error| StampError::Chain(error.to_string()))?;
    key.verify_for_usage(
        ALL_VERIFICATION_ALGS,
        &anchors,
        &between,
        time,
        KeyUsage::required(TIME_STAMPING),
        None,
        None,
    )
    .map(drop)
    .map_err(|error| StampError::Chain(error.to_string()))
}

/// Whether these are certificates in PEM that can be trusted.
pub fn can_trust(pem: &str) -> bool {
    let roots: Result<Vec<CertificateDer<'_>>, _> = CertificateDer::pem_slice_iter(pem.as_bytes()).collect();
    roots.is_ok_and(|all| {
        !all.is_empty() && all.iter().all(|one| webpki::anchor_from_trusted_cert(one).is_ok())
    })
}

#[cfg(test)]
mod tests;
