//! What people want to know of a certificate, read from its DER.

use std::fmt;

use aws_lc_rs::digest;
use model::{Sha256, UnixMillis};
use rustls::pki_types::CertificateDer;
use rustls::server::ParsedCertificate;

/// A certificate, as far as a sentence about it needs it. Nothing here says that it is to be trusted.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct CertificateFacts {
    /// Common name of the subject, or its organisation.
    pub subject: Option<String>,
    /// Common name of the issuer, or its organisation.
    pub issuer: Option<String>,
    /// Subject and issuer are the same.
    pub self_issued: bool,
    /// Good from.
    pub not_before: Option<UnixMillis>,
    /// Good until.
    pub not_after: Option<UnixMillis>,
    /// SHA-256 of the certificate: one of the two values that can be pinned.
    pub sha256: Option<Sha256>,
    /// SHA-256 of its public key (SubjectPublicKeyInfo): the other one; it stays when a certificate is renewed with
    /// the same key.
    pub key_sha256: Option<Sha256>,
}

impl CertificateFacts {
    /// Reads a certificate; what is unreadable stays `None`.
    ///
    /// Source: RFC 5280 §4.1.
    pub fn read(certificate: &CertificateDer<'_>) -> Self {
        let mut facts = validity_and_names(certificate).unwrap_or_default();
        facts.sha256 = Some(sha256(certificate));
        facts.key_sha256 =
            ParsedCertificate::try_from(certificate).ok().map(|c| sha256(&c.subject_public_key_info()));
        facts
    }

    /// Whether `pin` names this certificate or its key.
    pub fn matches_pin(&self, pin: Sha256) -> bool {
        self.sha256 == Some(pin) || self.key_sha256 == Some(pin)
    }
}

impl fmt::Display for CertificateFacts {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let or_dash = |text: &Option<String>| text.clone().unwrap_or_else(|| "-".to_owned());
        write!(f, "{} issued by {}", or_dash(&self.subject), or_dash(&self.issuer))
    }
}

fn sha256(octets: &[u8]) -> Sha256 {
    let mut value = [0; 32];
    value.copy_from_slice(digest::digest(&digest::SHA256, octets).as_ref());
    Sha256(value)
}

const SEQUENCE: u8 = 0x30;
const SET: u8 = 0x31;
const OID: u8 = 0x06;
const UTC_TIME: u8 = 0x17;
const GENERALIZED_TIME: u8 = 0x18;
const BMP_STRING: u8 = 0x1e;
/// 2.5.4.3 and 2.5.4.10.
const NAMES: [&[u8]; 2] = [&[0x55, 0x04, 0x03], &[0x55, 0x04, 0x0a]];

fn validity_and_names(certificate: &[u8]) -> Option<CertificateFacts> {
    let (tbs, _) = expect(expect(certificate, SEQUENCE)?.0, SEQUENCE)?;
    // Version is optional, then serial number and signature algorithm.
    let mut rest = tbs;
    if rest.first() == Some(&0xa0) {
        rest = element(rest)?.2;
    }
    rest = element(rest)?.2;
    rest = element(rest)?.2;
    let (issuer, rest) = expect(rest, SEQUENCE)?;
    let (validity, rest) = expect(rest, SEQUENCE)?;
    let (subject, _) = expect(rest, SEQUENCE)?;
    let (not_before_tag, not_before, after) = element(validity)?;
    let (not_after_tag, not_after, _) = element(after)?;
    Some(CertificateFacts {
        subject: name(subject),
        issuer: name(issuer),
        self_issued: subject == issuer,
        not_before: time(not_before_tag, not_before),
        not_after: time(not_after_tag, not_after),
        sha256: None,
        key_sha256: None,
    })
}

/// Tag, content and rest of the first element.
fn element(der: &[u8]) -> Option<(u8, &[u8], &[u8])> {
    let (&tag, rest) = der.split_first()?;
    let (&first, rest) = rest.split_first()?;
    let (len, rest) = if first < 0x80 {
        (usize::from(first), rest)
    } else {
        let (octets, rest) =
            rest.split_at_checked(usize::from(first & 0x7f)).filter(|(o, _)| o.len() <= 4)?;
        (octets.iter().fold(0, |len, octet| len << 8 | usize::from(*octet)), rest)
    };
    let (content, rest) = rest.split_at_checked(len)?;
    Some((tag, content, rest))
}

/// Content and rest, if the first element has this tag.
fn expect(der: &[u8], tag: u8) -> Option<(&[u8], &[u8])> {
    element(der).filter(|found| found.0 == tag).map(|(_, content, rest)| (content, rest))
}

fn name(mut rdns: &[u8]) -> Option<String> {
    let mut found: [Option<String>; 2] = [None, None];
    while let Some((set, rest)) = expect(rdns, SET) {
        rdns = rest;
        let Some((oid, value)) = expect(set, SEQUENCE).and_then(|(pair, _)| expect(pair, OID)) else {
            continue;
        };
        if let (Some(slot), Some((tag, text, _))) = (NAMES.iter().position(|n| *n == oid), element(value)) {
            found[slot].get_or_insert_with(|| string(tag, text));
        }
    }
    let [common, organisation] = found;
    common.or(organisation)
}

fn string(tag: u8, octets: &[u8]) -> String {
    let text = if tag == BMP_STRING {
        let units: Vec<u16> = octets.chunks_exact(2).map(|u| u16::from_be_bytes([u[0], u[1]])).collect();
        String::from_utf16_lossy(&units)
    } else {
        String::from_utf8_lossy(octets).into_owned()
    };
    text.chars().filter(|c| !c.is_control()).take(200).collect()
}

/// `UTCTime` and `GeneralizedTime` as RFC 5280 §4.1.2.5 allows them: with seconds, in UTC.
fn time(tag: u8, text: &[u8]) -> Option<UnixMillis> {
    let number = |digits: &[u8]| -> Option<i64> {
        let text = std::str::from_utf8(digits).ok().filter(|t| t.bytes().all(|b| b.is_ascii_digit()))?;
        text.parse().ok()
    };
    let (year, rest) = match tag {
        UTC_TIME => {
            let (year, rest) = text.split_at_checked(2)?;
            let year = number(year)?;
            (if year < 50 { 2000 + year } else { 1900 + year }, rest)
        }
        GENERALIZED_TIME => {
            let (year, rest) = text.split_at_checked(4)?;
            (number(year)?, rest)
        }
        _ => return None,
    };
    let rest = rest.strip_suffix(b"Z").filter(|r| r.len() == 10)?;
    let field = |at: usize| number(&rest[at..at + 2]);
    let (month, day) = (field(0)?, field(2)?);
    if !(1..=12).contains(&month) || !(1..=31).contains(&day) {
        return None;
    }
    // Days since 1970-03-01 of the proleptic Gregorian calendar, counted in years that begin in March.
    let shifted = if month <= 2 { year - 1 } else { year };
    let day_of_year = (153 * ((month + 9) % 12) + 2) / 5 + day - 1;
    let days = 365 * shifted + shifted.div_euclid(4) - shifted.div_euclid(100)
        + shifted.div_euclid(400)
        + day_of_year
        - 719_468;
    Some(UnixMillis::from_seconds(days * 86_400 + field(4)? * 3600 + field(6)? * 60 + field(8)?))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn times_of_both_forms() {
        let check = |tag, text: &[u8], seconds: Option<i64>| {
            assert_eq!(
                time(tag, text),
                seconds.map(UnixMillis::from_seconds),
                "{}",
                String::from_utf8_lossy(text)
            );
        };
        check(UTC_TIME, b"700101000000Z", Some(0));
        check(UTC_TIME, b"240229120001Z", Some(1_709_208_001));
        check(UTC_TIME, b"491231235959Z", Some(2_524_607_999));
        check(GENERALIZED_TIME, b"20500101000000Z", Some(2_524_608_000));
        check(GENERALIZED_TIME, b"20501301000000Z", None);
        check(UTC_TIME, b"2402291200Z", None);
    }

    #[test]
    fn reads_a_certificate_made_by_another() {
        let key = rcgen::KeyPair::generate().unwrap();
        let mut wanted = rcgen::CertificateParams::new(vec!["mail.example.org".to_owned()]).unwrap();
        wanted.distinguished_name.push(rcgen::DnType::CommonName, "Prüfstand");
        wanted.not_before = rcgen::date_time_ymd(2020, 2, 29);
        wanted.not_after = rcgen::date_time_ymd(2055, 1, 1);
        let facts = CertificateFacts::read(wanted.self_signed(&key).unwrap().der());
        assert_eq!(facts.subject.as_deref(), Some("Prüfstand"));
        assert!(facts.self_issued);
        assert_eq!(facts.not_before, Some(UnixMillis::from_seconds(1_582_934_400)));
        assert_eq!(facts.not_after, Some(UnixMillis::from_seconds(2_682_374_400)));
        assert!(facts.matches_pin(facts.key_sha256.unwrap()) && facts.matches_pin(facts.sha256.unwrap()));
    }

    proptest! {
        #[test]
        fn never_panics(octets: Vec<u8>) {
            CertificateFacts::read(&CertificateDer::from(octets));
        }
    }
}
