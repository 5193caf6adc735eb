//! What is signed besides the content: its type, its digest, and which certificate signs (RFC 5652 §11, RFC 5035).

use aws_lc_rs::digest::{Algorithm, SHA1_FOR_LEGACY_USE_ONLY, SHA256, SHA384, SHA512, digest};
use der::asn1::{Any, ObjectIdentifier, OctetString};
use der::{Decode as _, Encode as _, Sequence};
use x509_cert::attr::{Attribute, Attributes};
use x509_cert::spki::AlgorithmIdentifierOwned;

use crate::messages::ID_TST_INFO;

const CONTENT_TYPE: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.113549.1.9.3");
const MESSAGE_DIGEST: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.113549.1.9.4");
const SIGNING_CERTIFICATE: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.113549.1.9.16.2.12");
const SIGNING_CERTIFICATE_V2: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.113549.1.9.16.2.47");

/// `SigningCertificate` and its second version: a list of ids, the first of which counts, and policies.
#[derive(Clone, Debug, PartialEq, Eq, Sequence)]
struct SigningCertificate {
    certs: Vec<Any>,
    #[asn1(optional = "true")]
    policies: Option<Vec<Any>>,
}

#[derive(Clone, Debug, PartialEq, Eq, Sequence)]
struct CertId {
    #[asn1(optional = "true")]
    algorithm: Option<AlgorithmIdentifierOwned>,
    hash: OctetString,
    #[asn1(optional = "true")]
    issuer_serial: Option<IssuerSerial>,
}

#[derive(Clone, Debug, PartialEq, Eq, Sequence)]
struct IssuerSerial {
    issuer: Vec<Any>,
    serial: der::asn1::Int,
}

fn algorithm(oid: ObjectIdentifier) -> Option<&'static Algorithm> {
    match oid.to_string().as_str() {
        "2.16.840.1.101.3.4.2.1" => Some(&SHA256),
        "2.16.840.1.101.3.4.2.2" => Some(&SHA384),
        "2.16.840.1.101.3.4.2.3" => Some(&SHA512),
        _ => None,
    }
}

fn only(attributes: &Attributes, oid: ObjectIdentifier) -> Option<&Any> {
    let mut found = attributes.iter().filter(|attribute: &&Attribute| attribute.oid == oid);
    let (attribute, None) = (found.next()?, found.next()) else { return None };
    match attribute.values.as_slice() {
        [value] => Some(value),
        _ => None,
    }
}

/// Whether the attributes say that this content, a time stamp, is signed with this certificate.
pub(crate) fn is_about(
    attributes: &Attributes,
    digest_oid: ObjectIdentifier,
    content: &[u8],
    certificate: &[u8],
) -> bool {
    let about = || {
        let content_type: ObjectIdentifier = only(attributes, CONTENT_TYPE)?.decode_as().ok()?;
        let stated: OctetString = only(attributes, MESSAGE_DIGEST)?.decode_as().ok()?;
        let counted = digest(algorithm(digest_oid)?, content);
        let fits = content_type == ID_TST_INFO && stated.as_bytes() == counted.as_ref();
        Some(fits && names(attributes, certificate)?)
    };
    about().unwrap_or(false)
}

fn names(attributes: &Attributes, certificate: &[u8]) -> Option<bool> {
    let (value, by_default) = match only(attributes, SIGNING_CERTIFICATE_V2) {
        Some(value) => (value, &SHA256),
        None => (only(attributes, SIGNING_CERTIFICATE)?, &SHA1_FOR_LEGACY_USE_ONLY),
    };
    let value = SigningCertificate::from_der(&value.to_der().ok()?).ok()?;
    let id = CertId::from_der(&value.certs.first()?.to_der().ok()?).ok()?;
    let algorithm = match &id.algorithm {
        Some(stated) => algorithm(stated.oid)?,
        None => by_default,
    };
    Some(id.hash.as_bytes() == digest(algorithm, certificate).as_ref())
}
