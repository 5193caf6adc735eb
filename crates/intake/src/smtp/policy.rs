//! Who may deliver, and for whom.

use std::net::IpAddr;

use connect::Network;

/// Which of the two protocols a listener speaks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Protocol {
    /// RFC 5321.
    Smtp,
    /// RFC 2033: `LHLO`, and an answer for each recipient.
    Lmtp,
}

/// What a session needs to know.
#[derive(Clone, Debug)]
pub struct Policy {
    /// SMTP or LMTP.
    pub protocol: Protocol,
    /// Our name in the greeting.
    pub host: String,
    /// Addresses, and domains written as `@example.org`, lower case. Nobody else gets mail here.
    pub addresses: Vec<String>,
    /// These may deliver without TLS.
    pub networks: Vec<Network>,
    /// STARTTLS is offered.
    pub offers_tls: bool,
    /// Beyond the networks a certificate is wanted.
    pub wants_certificate: bool,
    /// Largest mail, octets.
    pub octets_max: u64,
    /// Most recipients of a mail.
    pub recipients_max: usize,
}

/// Whether a client may deliver.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Access {
    Allowed,
    /// After STARTTLS, perhaps.
    NeedsTls,
    Refused,
}

impl Policy {
    /// The order: networks, certificate, TLS alone; on this machine itself, and where nothing is named, everybody.
    pub(super) fn access(&self, client: IpAddr, encrypted: bool, certified: bool) -> Access {
        let open = !self.wants_certificate && self.networks.is_empty();
        if certified
            || self.networks.iter().any(|network| network.contains(client))
            || open && (encrypted || client.to_canonical().is_loopback())
        {
            Access::Allowed
        } else if !encrypted && self.offers_tls && (open || self.wants_certificate) {
            Access::NeedsTls
        } else {
            Access::Refused
        }
    }

    /// Whether mail for this address is archived here.
    pub(super) fn takes(&self, address: &str) -> bool {
        let address = address.to_lowercase();
        let domain = address.rfind('@').map_or("", |at| &address[at..]);
        self.addresses.iter().any(|ours| *ours == address || !domain.is_empty() && *ours == domain)
    }
}

#[cfg(test)]
pub(super) fn policy() -> Policy {
    Policy {
        protocol: Protocol::Smtp,
        host: "archive.test".to_owned(),
        addresses: vec!["archive@here.test".to_owned(), "@journal.test".to_owned()],
        networks: Vec::new(),
        offers_tls: true,
        wants_certificate: false,
        octets_max: 1000,
        recipients_max: 3,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn who_may_deliver() {
        let check = |networks: &[&str], wants_certificate, client: &str, tls, certified, access| {
            let networks = networks.iter().map(|network| network.parse().unwrap()).collect();
            let policy = Policy { networks, wants_certificate, ..policy() };
            assert_eq!(policy.access(client.parse().unwrap(), tls, certified), access, "{client}");
        };
        check(&[], false, "127.0.0.1", false, false, Access::Allowed);
        check(&[], false, "192.0.2.1", false, false, Access::NeedsTls);
        check(&[], false, "192.0.2.1", true, false, Access::Allowed);
        check(&["192.0.2.0/24"], false, "192.0.2.1", false, false, Access::Allowed);
        check(&["192.0.2.0/24"], false, "::ffff:192.0.2.1", false, false, Access::Allowed);
        check(&["192.0.2.0/24"], false, "198.51.100.1", false, false, Access::Refused);
        check(&["192.0.2.0/24"], false, "198.51.100.1", true, false, Access::Refused);
        check(&["192.0.2.0/24"], true, "198.51.100.1", false, false, Access::NeedsTls);
        check(&["192.0.2.0/24"], true, "198.51.100.1", true, false, Access::Refused);
        check(&["192.0.2.0/24"], true, "198.51.100.1", true, true, Access::Allowed);
        check(&[], true, "127.0.0.1", false, false, Access::NeedsTls);
    }

    #[test]
    fn whose_mail_is_taken() {
        let policy = policy();
        for (address, taken) in [
            ("archive@here.test", true),
            ("Archive@HERE.test", true),
            ("other@here.test", false),
            ("anybody@journal.test", true),
            ("anybody@sub.journal.test", false),
            ("a@evil.test@journal.test", true),
            ("archive@here.test@evil.test", false),
            ("journal.test", false),
            ("", false),
        ] {
            assert_eq!(policy.takes(address), taken, "{address}");
        }
    }
}
