//! Which addresses may be asked on behalf of a mail.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};

/// What a guarded fetch may reach. The default: public addresses, ports 80, 443, 8080 and 8443.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Guard {
    /// Addresses that may be asked although they are not public, on any port: what the administrator allows.
    pub allowed: Vec<IpAddr>,
    /// Any address on any port, private ones too: what the administrator allows for one receiver.
    pub private: bool,
}

impl Guard {
    /// Whether this address may be asked.
    pub fn allows(&self, address: SocketAddr) -> bool {
        let ip = address.ip();
        let usual = matches!(address.port(), 80 | 443 | 8080 | 8443);
        self.private || self.allowed.contains(&ip) || (usual && is_public(ip))
    }
}

/// Whether an address belongs to the public internet: not private, loopback, link-local, multicast, reserved or for
/// documentation, and not one that hides an IPv4 address (mapped, NAT64, 6to4, Teredo).
///
/// Source: IANA special-purpose address registries, RFC 6890.
pub const fn is_public(ip: IpAddr) -> bool {
    match ip {
        IpAddr::V4(ip) => is_public_v4(ip),
        IpAddr::V6(ip) => is_public_v6(ip),
    }
}

const fn is_public_v4(ip: Ipv4Addr) -> bool {
    let [a, b, c, _] = ip.octets();
    !matches!(
        (a, b, c),
        (0 | 10 | 127 | 224..=255, _, _)
            | (100, 64..=127, _)
            | (169, 254, _)
            | (172, 16..=31, _)
            | (192, 0, 0 | 2)
            | (192, 31, 196)
            | (192, 52, 193)
            | (192, 88, 99)
            | (192, 168, _)
            | (192, 175, 48)
            | (198, 18 | 19, _)
            | (198, 51, 100)
            | (203, 0, 113)
    )
}

const fn is_public_v6(ip: Ipv6Addr) -> bool {
    let [a, b, ..] = ip.segments();
    // Global unicast is 2000::/3; in it 2001::/23 is special, 2001:db8::/32 and 3fff::/20 are documentation, 2002::/16
    // is 6to4, 2620:4f:8000::/48 is AS112. NAT64 (64:ff9b::/96, 64:ff9b:1::/48) lies outside.
    a & 0xe000 == 0x2000
        && !(a == 0x2001 && b < 0x0200)
        && !(a == 0x2001 && b == 0x0db8)
        && a != 0x2002
        && !(a == 0x2620 && b == 0x004f)
        && !(a == 0x3fff && b < 0x1000)
}

/// Whether a host is this machine for certain: a literal loopback address or `localhost`. Only there may a password go
/// without TLS.
pub fn is_this_machine(host: &str) -> bool {
    let bare = host.trim_start_matches('[').trim_end_matches(']');
    bare.eq_ignore_ascii_case("localhost")
        || bare.parse::<IpAddr>().is_ok_and(|address| address.is_loopback())
}

/// Whether a password may be sent to this address of the web: over TLS, or to this machine.
pub fn may_log_in(url: &str) -> bool {
    let Ok(url) = url::Url::parse(url) else { return false };
    url.scheme() == "https" || url.host_str().is_some_and(is_this_machine)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(address: &str, public: bool) {
        assert_eq!(is_public(address.parse().unwrap()), public, "{address}");
    }

    #[test]
    fn only_the_public_internet() {
        for address in
            ["1.1.1.1", "9.9.9.9", "172.15.0.1", "172.32.0.1", "100.63.0.1", "100.128.0.1", "223.1.2.3"]
        {
            check(address, true);
        }
        for address in
            ["2606:4700:4700::1111", "2001:4860:4860::8888", "2a00:1450:4001:82a::200e", "2001:200::1"]
        {
            check(address, true);
        }
        for address in [
            "0.0.0.0",
            "0.1.2.3",
            "10.0.0.1",
            "100.64.0.1",
            "127.0.0.1",
            "127.255.1.1",
            "169.254.169.254",
            "172.16.0.1",
            "172.31.255.255",
            "192.0.0.8",
            "192.0.2.1",
            "192.88.99.1",
            "192.168.1.1",
            "198.18.0.1",
            "198.51.100.7",
            "203.0.113.9",
            "224.0.0.1",
            "239.1.1.1",
            "240.0.0.1",
            "255.255.255.255",
        ] {
            check(address, false);
        }
        for address in [
            "::",
            "::1",
            "::ffff:1.1.1.1",
            "::ffff:127.0.0.1",
            "::127.0.0.1",
            "64:ff9b::7f00:1",
            "64:ff9b:1::1",
            "100::1",
            "2001::1",
            "2001:db8::1",
            "2002:7f00:1::",
            "3fff::1",
            "5f00::1",
            "fc00::1",
            "fd12::1",
            "fe80::1",
            "fec0::1",
            "ff02::1",
        ] {
            check(address, false);
        }
    }

    #[test]
    fn ports_are_those_of_the_web_unless_allowed() {
        let guard = Guard { allowed: vec!["127.0.0.1".parse().unwrap()], private: false };
        assert!(guard.allows("1.1.1.1:443".parse().unwrap()));
        assert!(!guard.allows("1.1.1.1:22".parse().unwrap()));
        assert!(guard.allows("127.0.0.1:22".parse().unwrap()));
        assert!(!guard.allows("127.0.0.2:80".parse().unwrap()));
    }
}
