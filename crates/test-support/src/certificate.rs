//! Certificates for servers that tests start.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use rcgen::{BasicConstraints, CertificateParams, CertifiedIssuer, DnType, IsCa, KeyPair, date_time_ymd};

/// A certificate that issued itself, and its key, both PEM.
#[derive(Clone, Debug)]
pub struct Certificate {
    /// To be trusted by clients.
    pub certificate: String,
    /// For the server.
    pub key: String,
}

impl Certificate {
    /// For these names and addresses, good until 2060.
    ///
    /// # Panics
    /// If a name is none.
    pub fn for_names(names: &[&str]) -> Self {
        Self::until(names, 2060)
    }

    /// For these names and addresses, expired at the end of 2020.
    ///
    /// # Panics
    /// If a name is none.
    pub fn expired(names: &[&str]) -> Self {
        Self::until(names, 2021)
    }

    /// For these names and addresses, good for so long from now.
    ///
    /// # Panics
    /// If a name is none.
    pub fn good_for(names: &[&str], from_now: Duration) -> Self {
        let now = SystemTime::now().duration_since(UNIX_EPOCH).expect("the clock is right");
        Self::made(names, |wanted| wanted.not_after = date_time_ymd(1970, 1, 1) + now + from_now)
    }

    /// For these names and addresses, by an authority of the test's own; gives its certificate too, PEM.
    ///
    /// # Panics
    /// If a name is none.
    pub fn by_own_authority(names: &[&str]) -> (String, Self) {
        let wanted = |names: &[&str]| {
            let names: Vec<String> = names.iter().map(|name| (*name).to_owned()).collect();
            let mut wanted = CertificateParams::new(names).expect("the names are names");
            (wanted.not_before, wanted.not_after) = (date_time_ymd(2020, 1, 1), date_time_ymd(2060, 1, 1));
            wanted
        };
        let mut above = wanted(&[]);
        above.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        above.distinguished_name.push(DnType::CommonName, "authority of a test");
        let made = || KeyPair::generate().expect("a key can be made");
        let authority = CertifiedIssuer::self_signed(above, made()).expect("a key can sign");
        let key = made();
        let certificate = wanted(names).signed_by(&key, &authority).expect("a key can sign");
        (authority.as_ref().pem(), Self { certificate: certificate.pem(), key: key.serialize_pem() })
    }

    fn until(names: &[&str], year: i32) -> Self {
        Self::made(names, |wanted| wanted.not_after = date_time_ymd(year, 1, 1))
    }

    fn made(names: &[&str], ending: impl FnOnce(&mut CertificateParams)) -> Self {
        let names: Vec<String> = names.iter().map(|name| (*name).to_owned()).collect();
        let key = KeyPair::generate().expect("a key can be made");
        let mut wanted = CertificateParams::new(names).expect("the names are names");
        wanted.not_before = date_time_ymd(2020, 1, 1);
        ending(&mut wanted);
        let certificate = wanted.self_signed(&key).expect("a key can sign");
        Self { certificate: certificate.pem(), key: key.serialize_pem() }
    }
}
