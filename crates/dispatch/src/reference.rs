//! How a mail of our own is known again when it comes back.

use keys::{MasterKey, Purpose, Signer};

/// Makes and checks the signed references of mails of our own: a number of the queue that only we can sign.
#[derive(Debug)]
pub struct Reference {
    signer: Signer,
    /// Of the master key before: what was sent with it may still come back.
    old: Option<Signer>,
}

/// Separates the reference from the address that bounces go to (RFC 5233).
const DETAIL: char = '+';

impl Reference {
    /// With the key of this installation.
    pub fn new(master: &MasterKey) -> Self {
        Self { signer: Signer::new(master, Purpose::OWN_MAIL), old: None }
    }

    /// Knows what was signed with the key before, too.
    #[must_use]
    pub fn and_old(mut self, master: Option<&MasterKey>) -> Self {
        self.old = master.map(|master| Signer::new(master, Purpose::OWN_MAIL));
        self
    }

    /// The reference of entry `number` of the queue: 34 letters and digits.
    pub fn sign(&self, number: i64) -> String {
        self.signer.sign_number(number.unsigned_abs())
    }

    /// The number in a reference, if we signed it.
    pub fn verify(&self, reference: &str) -> Option<i64> {
        let number = self.signer.verify_number(reference).ok();
        let number = number.or_else(|| self.old.as_ref()?.verify_number(reference).ok());
        number.and_then(|number| i64::try_from(number).ok())
    }

    /// The number in an address or message id that bears a reference: `bounces+<reference>@example.org` or
    /// `<reference>@example.org`.
    pub fn in_address(&self, address: &str) -> Option<i64> {
        let local = address.trim_matches(['<', '>']).split_once('@').map_or(address, |(local, _)| local);
        let reference = local.rsplit_once(DETAIL).map_or(local, |(_, detail)| detail);
        self.verify(reference)
    }
}

/// The address bounces of a mail go to: `bounces@example.org` becomes `bounces+<reference>@example.org`. `None` if there
/// is no address, or it would be longer than RFC 5321 §4.5.3.1.1 allows; then the mail goes out with the null return path
/// or that of its author, as the caller decides.
pub fn return_path(bounces: &str, reference: &str) -> Option<String> {
    let (local, domain) = bounces.rsplit_once('@')?;
    let local = format!("{local}{DETAIL}{reference}");
    (local.len() <= 64).then(|| format!("{local}@{domain}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn known_again_in_any_case_and_only_ours() {
        let ours = Reference::new(&MasterKey::from_octets([1; 32]));
        let others = Reference::new(&MasterKey::from_octets([2; 32]));
        let reference = ours.sign(4711);
        let address = return_path("bounces@example.org", &reference).unwrap();
        assert_eq!(address, format!("bounces+{reference}@example.org"));
        assert_eq!(ours.in_address(&address.to_uppercase()), Some(4711));
        assert_eq!(ours.in_address(&format!("<{reference}@example.org>")), Some(4711));
        assert_eq!(others.in_address(&address), None);
        let later =
            Reference::new(&MasterKey::from_octets([3; 32])).and_old(Some(&MasterKey::from_octets([1; 32])));
        assert_eq!(later.in_address(&address), Some(4711));
        assert_eq!(ours.in_address("bounces@example.org"), None);
        assert_eq!(ours.in_address(""), None);
        assert_eq!(return_path(&format!("{}@example.org", "b".repeat(40)), &reference), None);
        assert_eq!(return_path("nonsense", &reference), None);
    }
}
