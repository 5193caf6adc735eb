//! The structures of RFC 3161 §2.4.

use cms::content_info::ContentInfo;
use der::asn1::{Any, BitString, Int, Null, ObjectIdentifier, OctetString};
use der::{Sequence, Tag, Tagged as _};
use model::UnixMillis;
use x509_cert::ext::Extensions;
use x509_cert::spki::AlgorithmIdentifierOwned;

pub(crate) const SHA256: ObjectIdentifier = ObjectIdentifier::new_unwrap("2.16.840.1.101.3.4.2.1");
pub(crate) const ID_SIGNED_DATA: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.113549.1.7.2");
pub(crate) const ID_TST_INFO: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.113549.1.9.16.1.4");

#[derive(Clone, Debug, PartialEq, Eq, Sequence)]
pub(crate) struct MessageImprint {
    pub(crate) hash_algorithm: AlgorithmIdentifierOwned,
    pub(crate) hashed_message: OctetString,
}

pub(crate) fn imprint(digest: &[u8; 32]) -> der::Result<MessageImprint> {
    let hash_algorithm = AlgorithmIdentifierOwned { oid: SHA256, parameters: Some(Any::from(Null)) };
    Ok(MessageImprint { hash_algorithm, hashed_message: OctetString::new(digest.as_slice())? })
}

#[derive(Clone, Debug, PartialEq, Eq, Sequence)]
pub(crate) struct Request {
    pub(crate) version: u8,
    pub(crate) message_imprint: MessageImprint,
    #[asn1(optional = "true")]
    pub(crate) nonce: Option<Int>,
    #[asn1(default = "Default::default")]
    pub(crate) cert_req: bool,
}

#[derive(Clone, Debug, PartialEq, Eq, Sequence)]
pub(crate) struct StatusInfo {
    pub(crate) status: u8,
    #[asn1(optional = "true")]
    pub(crate) strings: Option<Vec<Any>>,
    #[asn1(optional = "true")]
    pub(crate) failure: Option<BitString>,
}

#[derive(Clone, Debug, PartialEq, Eq, Sequence)]
pub(crate) struct Response {
    pub(crate) status: StatusInfo,
    #[asn1(optional = "true")]
    pub(crate) token: Option<ContentInfo>,
}

#[derive(Clone, Debug, PartialEq, Eq, Sequence)]
pub(crate) struct Accuracy {
    #[asn1(optional = "true")]
    seconds: Option<Int>,
    #[asn1(context_specific = "0", tag_mode = "IMPLICIT", optional = "true")]
    millis: Option<Int>,
    #[asn1(context_specific = "1", tag_mode = "IMPLICIT", optional = "true")]
    micros: Option<Int>,
}

#[derive(Clone, Debug, PartialEq, Eq, Sequence)]
pub(crate) struct TstInfo {
    version: u8,
    policy: ObjectIdentifier,
    pub(crate) message_imprint: MessageImprint,
    serial_number: Int,
    /// Read by hand: fractions of a second are allowed here, unlike elsewhere.
    gen_time: Any,
    #[asn1(optional = "true")]
    accuracy: Option<Accuracy>,
    #[asn1(default = "Default::default")]
    ordering: bool,
    #[asn1(optional = "true")]
    pub(crate) nonce: Option<Int>,
    #[asn1(context_specific = "0", tag_mode = "EXPLICIT", optional = "true")]
    tsa: Option<Any>,
    #[asn1(context_specific = "1", tag_mode = "IMPLICIT", optional = "true")]
    extensions: Option<Extensions>,
}

impl TstInfo {
    /// `YYYYMMDDhhmmss[.s…]Z`, milliseconds.
    pub(crate) fn time(&self) -> Option<UnixMillis> {
        if self.gen_time.tag() != Tag::GeneralizedTime {
            return None;
        }
        time(std::str::from_utf8(self.gen_time.value()).ok()?)
    }
}

pub(crate) fn time(text: &str) -> Option<UnixMillis> {
    let text = text.strip_suffix('Z')?;
    let (whole, fraction) = text.split_once('.').unwrap_or((text, ""));
    if whole.len() != 14 || !text.bytes().all(|octet| octet.is_ascii_digit() || octet == b'.') {
        return None;
    }
    let part = |from: usize, to: usize| whole[from..to].parse::<i8>().ok();
    let year = whole[..4].parse().ok()?;
    let date = jiff::civil::DateTime::new(
        year,
        part(4, 6)?,
        part(6, 8)?,
        part(8, 10)?,
        part(10, 12)?,
        part(12, 14)?,
        0,
    );
    let seconds = date.ok()?.to_zoned(jiff::tz::TimeZone::UTC).ok()?.timestamp().as_second();
    let millis = fraction
        .bytes()
        .take(3)
        .zip([100, 10, 1])
        .map(|(octet, by)| i64::from(octet - b'0') * by)
        .sum::<i64>();
    Some(UnixMillis(seconds * 1000 + millis))
}
